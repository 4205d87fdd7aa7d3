/**
 * Prints modules in the text format: one field or instruction a line, indices as numbers. What is
 * printed assembles to a module that prints alike; names and the form of segments are not kept.
 */
import {
  constantBits,
  createInstruction,
  type Instruction,
  NO_BLOCK_TYPE,
  readInstruction,
} from '../instructions.ts';
import type { ImmKind } from '../opcodes.ts';
import { Reader } from '../reader.ts';
import {
  type Body,
  type ConstExpr,
  type ConstStep,
  type ExternType,
  type FuncType,
  type GlobalType,
  type Limits,
  VAL_TYPE_NAMES,
  type ValType,
  type WasmModule,
} from '../types.ts';
import { readLocals } from '../validate.ts';

const INDENT = '  ';

export function printWasmModule(module: WasmModule): string {
  const { imported } = module;
  const own = <T>(all: readonly T[], kind: keyof typeof imported): readonly T[] =>
    all.slice(imported[kind]);
  const fields = [
    ...module.types.map((type) => `(type (func${signature(type)}))`),
    ...module.imports.map(({ module: from, name, extern }) => {
      return `(import ${quote(from)} ${quote(name)} ${externType(extern)})`;
    }),
    ...own(module.tables, 'table').map((type) => `(table ${limits(type)} ${typeName(type.type)})`),
    ...own(module.memories, 'memory').map((type) => `(memory ${limits(type)})`),
    ...own(module.globals, 'global').map((type, i) => {
      return `(global ${globalType(type)} ${expression(module.globalInits[i] as ConstExpr)})`;
    }),
    ...module.exports.map(({ name, kind, index }) => `(export ${quote(name)} (${kind} ${index}))`),
    ...(module.start === undefined ? [] : [`(start ${module.start})`]),
    ...module.elems.map(({ mode, table, offset, type, items }) => {
      const head = { passive: '', declarative: ' declare', active: ` (table ${table})` }[mode];
      const where = mode === 'active' ? ` (offset ${expression(offset)})` : '';
      const list = items.map((item) => ` (item ${expression(item)})`).join('');
      return `(elem${head}${where} ${typeName(type)}${list})`;
    }),
    ...module.datas.map(({ mode, offset, bytes }) => {
      const where = mode === 'active' ? ` (offset ${expression(offset)})` : '';
      return `(data${where} ${quoteBytes(bytes)})`;
    }),
    ...module.bodies.map((body) => printBody(module, body)),
  ];
  return `(module\n${fields.map((field) => `${INDENT}${field}\n`).join('')})\n`;
}

function typeName(type: ValType): string {
  return VAL_TYPE_NAMES.get(type) as string;
}

function list(word: string, types: readonly ValType[]): string {
  return types.length === 0 ? '' : ` (${word} ${types.map(typeName).join(' ')})`;
}

function signature({ params, results }: FuncType): string {
  return list('param', params) + list('result', results);
}

function limits({ min, max }: Limits): string {
  return max === undefined ? `${min}` : `${min} ${max}`;
}

function globalType({ type, isMutable }: GlobalType): string {
  return isMutable ? `(mut ${typeName(type)})` : typeName(type);
}

function externType(extern: ExternType): string {
  switch (extern.kind) {
    case 'func':
      return `(func${signature(extern.type)})`;
    case 'table':
      return `(table ${limits(extern.type)} ${typeName(extern.type.type)})`;
    case 'memory':
      return `(memory ${limits(extern.type)})`;
    case 'global':
      return `(global ${globalType(extern.type)})`;
  }
}

function quote(text: string): string {
  return quoteBytes(new TextEncoder().encode(text));
}

/** Letters, digits and signs as they are, all others by their number. */
function quoteBytes(bytes: Uint8Array): string {
  const parts = Array.from(bytes, (byte) => {
    const isPlain = byte >= 0x20 && byte < 0x7f && byte !== 0x22 && byte !== 0x5c;
    return isPlain ? String.fromCharCode(byte) : `\\${byte.toString(16).padStart(2, '0')}`;
  });
  return `"${parts.join('')}"`;
}

function expression(steps: ConstExpr): string {
  return steps.map((step) => constStep(step)).join(' ');
}

function constStep(step: ConstStep): string {
  switch (step.op) {
    case 'const':
      return `${typeName(step.type)}.const ${constant(typeName(step.type), step.bits)}`;
    case 'global':
      return `global.get ${step.index}`;
    case 'func':
      return `ref.func ${step.index}`;
    case 'null':
      return `ref.null ${heapName(step.type)}`;
    default:
      return `${typeName(step.type)}.${step.op}`;
  }
}

function heapName(type: number): string {
  return typeName(type as ValType).replace('ref', '');
}

/** A number that is read as the same bits. */
function constant(type: string, bits: bigint): string {
  switch (type) {
    case 'i32':
      return String(BigInt.asIntN(32, bits));
    case 'i64':
      return String(BigInt.asIntN(64, bits));
    case 'v128': {
      const lanes = [0n, 32n, 64n, 96n].map((shift) => BigInt.asUintN(32, bits >> shift));
      return `i32x4 ${lanes.join(' ')}`;
    }
    default:
      return float(bits, type === 'f32' ? 32 : 64);
  }
}

function float(bits: bigint, width: 32 | 64): string {
  const view = new DataView(new ArrayBuffer(8));
  if (width === 32) view.setUint32(0, Number(bits));
  else view.setBigUint64(0, bits);
  const value = width === 32 ? view.getFloat32(0) : view.getFloat64(0);
  const sign = bits >> BigInt(width - 1) === 1n ? '-' : '';
  const mantissa = width === 32 ? 23n : 52n;
  if (Number.isNaN(value))
    return `${sign}nan:0x${BigInt.asUintN(Number(mantissa), bits).toString(16)}`;
  const magnitude = Math.abs(value);
  return `${sign}${magnitude === Number.POSITIVE_INFINITY ? 'inf' : magnitude}`;
}

// ---- code

type PrintImm = (instruction: Instruction) => string;

const first: PrintImm = ({ a }) => ` ${a}`;
const both: PrintImm = ({ a, b }) => ` ${a} ${b}`;
const turned: PrintImm = ({ a, b }) => ` ${b} ${a}`;
const number: PrintImm = (instruction) =>
  ` ${constant(instruction.op.imm, constantBits(instruction))}`;
const lanes: PrintImm = (instruction) => instruction.lanes.map((lane) => ` ${lane}`).join('');

const memarg: PrintImm = ({ op, a, b }) => {
  const offset = b === 0 ? '' : ` offset=${b}`;
  return 2 ** a === op.accessBytes ? offset : `${offset} align=${2 ** a}`;
};

const IMMEDIATES: Readonly<Record<ImmKind, PrintImm>> = {
  '': () => '',
  block: ({ a }) => {
    if (a >= 0) return ` (type ${a})`;
    return a === NO_BLOCK_TYPE ? '' : ` (result ${typeName((a & 0x7f) as ValType)})`;
  },
  label: first,
  labels: ({ labels }) => labels.map((label) => ` ${label}`).join(''),
  func: first,
  'type table': ({ a, b }) => ` ${b} (type ${a})`,
  local: first,
  global: first,
  table: first,
  'table table': both,
  'elem table': turned,
  elem: first,
  'data memory': turned,
  data: first,
  memory: () => '',
  'memory memory': () => '',
  memarg,
  'memarg lane': (instruction) => memarg(instruction) + lanes(instruction),
  i32: number,
  i64: number,
  f32: number,
  f64: number,
  v128: number,
  lane: lanes,
  lanes,
  heap: ({ a }) => ` ${heapName(a)}`,
  types: ({ types }) => ` (result ${types.map(typeName).join(' ')})`,
};

function printBody(module: WasmModule, body: Body): string {
  const { params } = module.types[body.type] as FuncType;
  const reader = new Reader(module.bytes, body.start, body.end);
  const locals = readLocals(reader, params).slice(params.length);
  const lines = [`(func (type ${body.type})${list('local', locals)}`];
  const instruction = createInstruction();
  let depth = 2;
  for (;;) {
    readInstruction(reader, instruction);
    const { name, imm } = instruction.op;
    const closes = name === 'end' || name === 'else';
    if (closes) depth--;
    if (reader.isAtEnd) break;
    const text = name === 'select_t' ? 'select' : name;
    lines.push(`${INDENT.repeat(depth)}${text}${IMMEDIATES[imm](instruction)}`);
    if (imm === 'block' || name === 'else') depth++;
  }
  return `${lines.join('\n')})`;
}
