/**
 * Modules that our encoders wrote as WebAssembly text (core specification 3.0, chapter 6): one
 * instruction on a line, indented by the blocks around it. Every assembler of the text format reads
 * it, and what it makes does the same.
 */
import { assert } from '../../base/assert.ts';
import {
  type FunctionType,
  type Immediate,
  readInstructions,
  type WasmFunction,
  type WasmImport,
  type WasmInst,
  type WasmModule,
  type WasmSegment,
} from './decode.ts';
import { F32, F64, I32, I64, V128, VOID } from './encoder.ts';
import { accessBytes } from './opcodes.ts';

/** What a tool knows of a function that the module does not say. */
export interface FunctionNote {
  /** Letters, digits and `_ . -`; unique in the module. */
  readonly name?: string;
  /** Names of the first locals, which are the parameters; unique. */
  readonly locals?: readonly string[];
  /** A line above the function. */
  readonly about?: string;
}

/** By index among all functions; undefined where nothing more is known. */
export type NoteOf = (index: number) => FunctionNote | undefined;

const TYPE_NAMES: Readonly<Record<number, string>> = {
  [I32]: 'i32',
  [I64]: 'i64',
  [F32]: 'f32',
  [F64]: 'f64',
  [V128]: 'v128',
};

const LOCALS_OF_LINE = 4;

const typeName = (type: number): string => TYPE_NAMES[type] ?? `unknown-${type}`;

/** The text of a module; it ends in a line end. */
export function printWasm(module: WasmModule, noteOf: NoteOf = () => undefined): string {
  const names = nameFunctions(module, noteOf);
  const lines = [
    '(module',
    ...module.types.map((type, i) => `  (type $t${i} (func${signature(type)}))`),
    ...module.imports.map((each) => `  ${printImport(each)}`),
    ...module.functions.flatMap((each) => [
      '',
      ...printFunction(module, each, names, noteOf(each.index)).map((line) => `  ${line}`),
    ]),
    ...(module.exports.size === 0 ? [] : ['']),
    ...[...module.exports].map(
      ([name, index]) => `  (export ${JSON.stringify(name)} (func $${names[index]}))`,
    ),
    ...module.segments.map((each) => `  ${printSegment(each, names)}`),
    ')',
    '',
  ];
  return lines.join('\n');
}

function nameFunctions({ imports, functions }: WasmModule, noteOf: NoteOf): readonly string[] {
  const imported = imports.filter(({ kind }) => kind === 'function').map(({ name }) => name);
  return [...imported, ...functions.map(({ index }) => noteOf(index)?.name ?? `f${index}`)];
}

function signature({ params, results }: FunctionType): string {
  const list = (word: string, types: readonly number[]): string =>
    types.length === 0 ? '' : ` (${word} ${types.map(typeName).join(' ')})`;
  return list('param', params) + list('result', results);
}

function printImport({ module, name, kind, value }: WasmImport): string {
  const what = {
    function: `(func $${name} (type $t${value}))`,
    memory: `(memory ${value})`,
    table: `(table ${value} funcref)`,
    global: `(global ${typeName(value)})`,
  };
  return `(import ${JSON.stringify(module)} ${JSON.stringify(name)} ${what[kind]})`;
}

function printSegment({ global, indices }: WasmSegment, names: readonly string[]): string {
  const functions = indices.map((index) => `$${names[index]}`).join(' ');
  return `(elem (global.get ${global}) func ${functions})`;
}

function printFunction(
  module: WasmModule,
  { index, type, locals, code, bytes }: WasmFunction,
  names: readonly string[],
  note: FunctionNote = {},
): string[] {
  const declared = module.types[type] as FunctionType;
  const localName = (local: number): string => note.locals?.[local] ?? `l${local}`;
  const params = declared.params.map((each, i) => ` (param $${localName(i)} ${typeName(each)})`);
  const results = declared.results.map((each) => ` (result ${typeName(each)})`);
  const lines = [
    `;; ${bytes} bytes${note.about === undefined ? '' : `: ${note.about}`}`,
    `(func $${names[index]} (type $t${type})${params.join('')}${results.join('')}`,
  ];
  const types = locals.flatMap(({ count, type: each }) => new Array<number>(count).fill(each));
  const declarations = types.map((each, i) => {
    return `(local $${localName(declared.params.length + i)} ${typeName(each)})`;
  });
  for (let i = 0; i < declarations.length; i += LOCALS_OF_LINE) {
    lines.push(`  ${declarations.slice(i, i + LOCALS_OF_LINE).join(' ')}`);
  }
  let depth = 1;
  for (const inst of readInstructions(code)) {
    if (inst.name === 'end' || inst.name === 'else') depth--;
    if (depth === 0) break;
    const words = inst.values.map((value, i) =>
      printImmediate(inst, inst.immediates[i] as string, value, { names, localName, depth }),
    );
    const line = [inst.name, ...words.filter((word) => word !== '')].join(' ');
    lines.push('  '.repeat(depth) + line);
    if (/^(block|loop|if|else)$/.test(inst.name)) depth++;
  }
  return [...lines, ')'];
}

interface Names {
  readonly names: readonly string[];
  readonly localName: (local: number) => string;
  readonly depth: number;
}

function printImmediate(inst: WasmInst, letter: string, value: Immediate, context: Names): string {
  switch (letter) {
    case 'b':
      return printBlockType(Number(value));
    case 'f':
      return `$${context.names[Number(value)]}`;
    case 'x':
      return `$${context.localName(Number(value))}`;
    case 'L':
      return (value as readonly number[]).join(' ');
    case 't':
      return `(type $t${(value as readonly number[])[0]})`;
    case 'm':
      return printAccess(inst.name, value as readonly number[]);
    case 'M':
      return '';
    case 'd':
    case 'D':
      return printFloat(value as readonly number[]);
    case 'v':
      return `i8x16 ${(value as readonly number[]).join(' ')}`;
    case 's':
      return (value as readonly number[]).join(' ');
    default:
      return String(value);
  }
}

/** A type is a negative number of seven bits here; an index of a type is not. */
function printBlockType(type: number): string {
  if (type >= 0) return `(type $t${type})`;
  const byte = type & 0x7f;
  return byte === VOID ? '' : `(result ${typeName(byte)})`;
}

function printAccess(name: string, [align = 0, offset = 0]: readonly number[]): string {
  const at = offset === 0 ? '' : `offset=${offset}`;
  const by = 2 ** align === accessBytes(name) ? '' : `align=${2 ** align}`;
  return [at, by].filter((part) => part !== '').join(' ');
}

/** Bits of a float, exactly: a NaN keeps its payload. */
function printFloat(bytes: readonly number[]): string {
  const view = new DataView(Uint8Array.from(bytes).buffer);
  const isWide = bytes.length === 8;
  assert(isWide || bytes.length === 4, 'a float has 4 or 8 bytes');
  const value = isWide ? view.getFloat64(0, true) : view.getFloat32(0, true);
  if (Number.isFinite(value)) return Object.is(value, -0) ? '-0' : String(value);
  const bits = isWide ? view.getBigUint64(0, true) : BigInt(view.getUint32(0, true));
  const [width, fraction] = isWide ? [64n, 52n] : [32n, 23n];
  const sign = bits >> (width - 1n) === 1n ? '-' : '';
  if (!Number.isNaN(value)) return `${sign}inf`;
  return `${sign}nan:0x${(bits & ((1n << fraction) - 1n)).toString(16)}`;
}
