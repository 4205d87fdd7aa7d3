/**
 * The table of WebAssembly instructions: the one place where an instruction is declared.
 *
 * A row lists the opcode (with its prefix byte above it), the immediates, the operands and results,
 * and the cost class. The decoder, the validator, the printer, the generator of test modules and,
 * through `OpcodeName`, the record of lowerings derive from it. `*` stands for types that depend on
 * the immediates or the stack; `validate.ts` has a rule for each such row.
 *
 * Opcodes of features that are not there stand in `UNSUPPORTED`, so that a module is told which.
 */
import type { UnsupportedFeature } from './errors.ts';
import { VAL_TYPES, type ValType, type ValTypeName } from './types.ts';
import { VECTOR_ROWS } from './vector-opcodes.ts';

/** Immediates in the order of the binary format. */
export type ImmKind =
  | '' // none
  | 'block' // type of a block
  | 'label' // relative depth
  | 'labels' // vector of relative depths, and the default
  | 'func'
  | 'type table'
  | 'local'
  | 'global'
  | 'table'
  | 'table table' // destination, source
  | 'elem table'
  | 'elem'
  | 'data memory'
  | 'data'
  | 'memory'
  | 'memory memory'
  | 'memarg' // alignment as a power of two, offset
  | 'i32'
  | 'i64'
  | 'f32'
  | 'f64'
  | 'v128' // 16 bytes
  | 'lane'
  | 'lanes' // 16 of them
  | 'memarg lane'
  | 'heap' // type of a reference
  | 'types'; // vector of one value type

/** How the cost of an instruction grows; a schedule maps the class to gas. */
export type CostClass =
  | 'free' // writes nothing down: the end of a block
  | 'value' // constants, locals, globals
  | 'alu'
  | 'mul'
  | 'div'
  | 'float'
  | 'float_div'
  | 'memory'
  | 'vector'
  | 'branch'
  | 'call'
  | 'indirect'
  | 'bulk'
  | 'grow';

type Row = readonly [code: number, imm: ImmKind, signature: string, cost: CostClass];

// Code, immediates, operands -> results, cost class
// biome-ignore format: one aligned row for each instruction
const ROWS = {
  // Control
  'unreachable':         [0x00, '',              '*',                   'branch'],
  'nop':                 [0x01, '',              '->',                  'free'],
  'block':               [0x02, 'block',         '*',                   'free'],
  'loop':                [0x03, 'block',         '*',                   'branch'],
  'if':                  [0x04, 'block',         '*',                   'branch'],
  'else':                [0x05, '',              '*',                   'free'],
  'end':                 [0x0b, '',              '*',                   'free'],
  'br':                  [0x0c, 'label',         '*',                   'branch'],
  'br_if':               [0x0d, 'label',         '*',                   'branch'],
  'br_table':            [0x0e, 'labels',        '*',                   'branch'],
  'return':              [0x0f, '',              '*',                   'branch'],
  'call':                [0x10, 'func',          '*',                   'call'],
  'call_indirect':       [0x11, 'type table',    '*',                   'indirect'],
  'return_call':         [0x12, 'func',          '*',                   'call'],
  'return_call_indirect':[0x13, 'type table',    '*',                   'indirect'],
  // Values of any type
  'drop':                [0x1a, '',              '*',                   'free'],
  'select':              [0x1b, '',              '*',                   'alu'],
  'select_t':            [0x1c, 'types',         '*',                   'alu'],
  'local.get':           [0x20, 'local',         '*',                   'value'],
  'local.set':           [0x21, 'local',         '*',                   'value'],
  'local.tee':           [0x22, 'local',         '*',                   'value'],
  'global.get':          [0x23, 'global',        '*',                   'value'],
  'global.set':          [0x24, 'global',        '*',                   'value'],
  'table.get':           [0x25, 'table',         '*',                   'memory'],
  'table.set':           [0x26, 'table',         '*',                   'memory'],
  // Memory
  'i32.load':            [0x28, 'memarg',        'i32 -> i32',          'memory'],
  'i64.load':            [0x29, 'memarg',        'i32 -> i64',          'memory'],
  'f32.load':            [0x2a, 'memarg',        'i32 -> f32',          'memory'],
  'f64.load':            [0x2b, 'memarg',        'i32 -> f64',          'memory'],
  'i32.load8_s':         [0x2c, 'memarg',        'i32 -> i32',          'memory'],
  'i32.load8_u':         [0x2d, 'memarg',        'i32 -> i32',          'memory'],
  'i32.load16_s':        [0x2e, 'memarg',        'i32 -> i32',          'memory'],
  'i32.load16_u':        [0x2f, 'memarg',        'i32 -> i32',          'memory'],
  'i64.load8_s':         [0x30, 'memarg',        'i32 -> i64',          'memory'],
  'i64.load8_u':         [0x31, 'memarg',        'i32 -> i64',          'memory'],
  'i64.load16_s':        [0x32, 'memarg',        'i32 -> i64',          'memory'],
  'i64.load16_u':        [0x33, 'memarg',        'i32 -> i64',          'memory'],
  'i64.load32_s':        [0x34, 'memarg',        'i32 -> i64',          'memory'],
  'i64.load32_u':        [0x35, 'memarg',        'i32 -> i64',          'memory'],
  'i32.store':           [0x36, 'memarg',        'i32 i32 ->',          'memory'],
  'i64.store':           [0x37, 'memarg',        'i32 i64 ->',          'memory'],
  'f32.store':           [0x38, 'memarg',        'i32 f32 ->',          'memory'],
  'f64.store':           [0x39, 'memarg',        'i32 f64 ->',          'memory'],
  'i32.store8':          [0x3a, 'memarg',        'i32 i32 ->',          'memory'],
  'i32.store16':         [0x3b, 'memarg',        'i32 i32 ->',          'memory'],
  'i64.store8':          [0x3c, 'memarg',        'i32 i64 ->',          'memory'],
  'i64.store16':         [0x3d, 'memarg',        'i32 i64 ->',          'memory'],
  'i64.store32':         [0x3e, 'memarg',        'i32 i64 ->',          'memory'],
  'memory.size':         [0x3f, 'memory',        '-> i32',              'value'],
  'memory.grow':         [0x40, 'memory',        'i32 -> i32',          'grow'],
  // Constants
  'i32.const':           [0x41, 'i32',           '-> i32',              'value'],
  'i64.const':           [0x42, 'i64',           '-> i64',              'value'],
  'f32.const':           [0x43, 'f32',           '-> f32',              'value'],
  'f64.const':           [0x44, 'f64',           '-> f64',              'value'],
  // Comparison
  'i32.eqz':             [0x45, '',              'i32 -> i32',          'alu'],
  'i32.eq':              [0x46, '',              'i32 i32 -> i32',      'alu'],
  'i32.ne':              [0x47, '',              'i32 i32 -> i32',      'alu'],
  'i32.lt_s':            [0x48, '',              'i32 i32 -> i32',      'alu'],
  'i32.lt_u':            [0x49, '',              'i32 i32 -> i32',      'alu'],
  'i32.gt_s':            [0x4a, '',              'i32 i32 -> i32',      'alu'],
  'i32.gt_u':            [0x4b, '',              'i32 i32 -> i32',      'alu'],
  'i32.le_s':            [0x4c, '',              'i32 i32 -> i32',      'alu'],
  'i32.le_u':            [0x4d, '',              'i32 i32 -> i32',      'alu'],
  'i32.ge_s':            [0x4e, '',              'i32 i32 -> i32',      'alu'],
  'i32.ge_u':            [0x4f, '',              'i32 i32 -> i32',      'alu'],
  'i64.eqz':             [0x50, '',              'i64 -> i32',          'alu'],
  'i64.eq':              [0x51, '',              'i64 i64 -> i32',      'alu'],
  'i64.ne':              [0x52, '',              'i64 i64 -> i32',      'alu'],
  'i64.lt_s':            [0x53, '',              'i64 i64 -> i32',      'alu'],
  'i64.lt_u':            [0x54, '',              'i64 i64 -> i32',      'alu'],
  'i64.gt_s':            [0x55, '',              'i64 i64 -> i32',      'alu'],
  'i64.gt_u':            [0x56, '',              'i64 i64 -> i32',      'alu'],
  'i64.le_s':            [0x57, '',              'i64 i64 -> i32',      'alu'],
  'i64.le_u':            [0x58, '',              'i64 i64 -> i32',      'alu'],
  'i64.ge_s':            [0x59, '',              'i64 i64 -> i32',      'alu'],
  'i64.ge_u':            [0x5a, '',              'i64 i64 -> i32',      'alu'],
  'f32.eq':              [0x5b, '',              'f32 f32 -> i32',      'float'],
  'f32.ne':              [0x5c, '',              'f32 f32 -> i32',      'float'],
  'f32.lt':              [0x5d, '',              'f32 f32 -> i32',      'float'],
  'f32.gt':              [0x5e, '',              'f32 f32 -> i32',      'float'],
  'f32.le':              [0x5f, '',              'f32 f32 -> i32',      'float'],
  'f32.ge':              [0x60, '',              'f32 f32 -> i32',      'float'],
  'f64.eq':              [0x61, '',              'f64 f64 -> i32',      'float'],
  'f64.ne':              [0x62, '',              'f64 f64 -> i32',      'float'],
  'f64.lt':              [0x63, '',              'f64 f64 -> i32',      'float'],
  'f64.gt':              [0x64, '',              'f64 f64 -> i32',      'float'],
  'f64.le':              [0x65, '',              'f64 f64 -> i32',      'float'],
  'f64.ge':              [0x66, '',              'f64 f64 -> i32',      'float'],
  // Arithmetic
  'i32.clz':             [0x67, '',              'i32 -> i32',          'alu'],
  'i32.ctz':             [0x68, '',              'i32 -> i32',          'alu'],
  'i32.popcnt':          [0x69, '',              'i32 -> i32',          'alu'],
  'i32.add':             [0x6a, '',              'i32 i32 -> i32',      'alu'],
  'i32.sub':             [0x6b, '',              'i32 i32 -> i32',      'alu'],
  'i32.mul':             [0x6c, '',              'i32 i32 -> i32',      'mul'],
  'i32.div_s':           [0x6d, '',              'i32 i32 -> i32',      'div'],
  'i32.div_u':           [0x6e, '',              'i32 i32 -> i32',      'div'],
  'i32.rem_s':           [0x6f, '',              'i32 i32 -> i32',      'div'],
  'i32.rem_u':           [0x70, '',              'i32 i32 -> i32',      'div'],
  'i32.and':             [0x71, '',              'i32 i32 -> i32',      'alu'],
  'i32.or':              [0x72, '',              'i32 i32 -> i32',      'alu'],
  'i32.xor':             [0x73, '',              'i32 i32 -> i32',      'alu'],
  'i32.shl':             [0x74, '',              'i32 i32 -> i32',      'alu'],
  'i32.shr_s':           [0x75, '',              'i32 i32 -> i32',      'alu'],
  'i32.shr_u':           [0x76, '',              'i32 i32 -> i32',      'alu'],
  'i32.rotl':            [0x77, '',              'i32 i32 -> i32',      'alu'],
  'i32.rotr':            [0x78, '',              'i32 i32 -> i32',      'alu'],
  'i64.clz':             [0x79, '',              'i64 -> i64',          'alu'],
  'i64.ctz':             [0x7a, '',              'i64 -> i64',          'alu'],
  'i64.popcnt':          [0x7b, '',              'i64 -> i64',          'alu'],
  'i64.add':             [0x7c, '',              'i64 i64 -> i64',      'alu'],
  'i64.sub':             [0x7d, '',              'i64 i64 -> i64',      'alu'],
  'i64.mul':             [0x7e, '',              'i64 i64 -> i64',      'mul'],
  'i64.div_s':           [0x7f, '',              'i64 i64 -> i64',      'div'],
  'i64.div_u':           [0x80, '',              'i64 i64 -> i64',      'div'],
  'i64.rem_s':           [0x81, '',              'i64 i64 -> i64',      'div'],
  'i64.rem_u':           [0x82, '',              'i64 i64 -> i64',      'div'],
  'i64.and':             [0x83, '',              'i64 i64 -> i64',      'alu'],
  'i64.or':              [0x84, '',              'i64 i64 -> i64',      'alu'],
  'i64.xor':             [0x85, '',              'i64 i64 -> i64',      'alu'],
  'i64.shl':             [0x86, '',              'i64 i64 -> i64',      'alu'],
  'i64.shr_s':           [0x87, '',              'i64 i64 -> i64',      'alu'],
  'i64.shr_u':           [0x88, '',              'i64 i64 -> i64',      'alu'],
  'i64.rotl':            [0x89, '',              'i64 i64 -> i64',      'alu'],
  'i64.rotr':            [0x8a, '',              'i64 i64 -> i64',      'alu'],
  'f32.abs':             [0x8b, '',              'f32 -> f32',          'float'],
  'f32.neg':             [0x8c, '',              'f32 -> f32',          'float'],
  'f32.ceil':            [0x8d, '',              'f32 -> f32',          'float'],
  'f32.floor':           [0x8e, '',              'f32 -> f32',          'float'],
  'f32.trunc':           [0x8f, '',              'f32 -> f32',          'float'],
  'f32.nearest':         [0x90, '',              'f32 -> f32',          'float'],
  'f32.sqrt':            [0x91, '',              'f32 -> f32',          'float_div'],
  'f32.add':             [0x92, '',              'f32 f32 -> f32',      'float'],
  'f32.sub':             [0x93, '',              'f32 f32 -> f32',      'float'],
  'f32.mul':             [0x94, '',              'f32 f32 -> f32',      'float'],
  'f32.div':             [0x95, '',              'f32 f32 -> f32',      'float_div'],
  'f32.min':             [0x96, '',              'f32 f32 -> f32',      'float'],
  'f32.max':             [0x97, '',              'f32 f32 -> f32',      'float'],
  'f32.copysign':        [0x98, '',              'f32 f32 -> f32',      'float'],
  'f64.abs':             [0x99, '',              'f64 -> f64',          'float'],
  'f64.neg':             [0x9a, '',              'f64 -> f64',          'float'],
  'f64.ceil':            [0x9b, '',              'f64 -> f64',          'float'],
  'f64.floor':           [0x9c, '',              'f64 -> f64',          'float'],
  'f64.trunc':           [0x9d, '',              'f64 -> f64',          'float'],
  'f64.nearest':         [0x9e, '',              'f64 -> f64',          'float'],
  'f64.sqrt':            [0x9f, '',              'f64 -> f64',          'float_div'],
  'f64.add':             [0xa0, '',              'f64 f64 -> f64',      'float'],
  'f64.sub':             [0xa1, '',              'f64 f64 -> f64',      'float'],
  'f64.mul':             [0xa2, '',              'f64 f64 -> f64',      'float'],
  'f64.div':             [0xa3, '',              'f64 f64 -> f64',      'float_div'],
  'f64.min':             [0xa4, '',              'f64 f64 -> f64',      'float'],
  'f64.max':             [0xa5, '',              'f64 f64 -> f64',      'float'],
  'f64.copysign':        [0xa6, '',              'f64 f64 -> f64',      'float'],
  // Conversion
  'i32.wrap_i64':        [0xa7, '',              'i64 -> i32',          'alu'],
  'i32.trunc_f32_s':     [0xa8, '',              'f32 -> i32',          'float'],
  'i32.trunc_f32_u':     [0xa9, '',              'f32 -> i32',          'float'],
  'i32.trunc_f64_s':     [0xaa, '',              'f64 -> i32',          'float'],
  'i32.trunc_f64_u':     [0xab, '',              'f64 -> i32',          'float'],
  'i64.extend_i32_s':    [0xac, '',              'i32 -> i64',          'alu'],
  'i64.extend_i32_u':    [0xad, '',              'i32 -> i64',          'alu'],
  'i64.trunc_f32_s':     [0xae, '',              'f32 -> i64',          'float'],
  'i64.trunc_f32_u':     [0xaf, '',              'f32 -> i64',          'float'],
  'i64.trunc_f64_s':     [0xb0, '',              'f64 -> i64',          'float'],
  'i64.trunc_f64_u':     [0xb1, '',              'f64 -> i64',          'float'],
  'f32.convert_i32_s':   [0xb2, '',              'i32 -> f32',          'float'],
  'f32.convert_i32_u':   [0xb3, '',              'i32 -> f32',          'float'],
  'f32.convert_i64_s':   [0xb4, '',              'i64 -> f32',          'float'],
  'f32.convert_i64_u':   [0xb5, '',              'i64 -> f32',          'float'],
  'f32.demote_f64':      [0xb6, '',              'f64 -> f32',          'float'],
  'f64.convert_i32_s':   [0xb7, '',              'i32 -> f64',          'float'],
  'f64.convert_i32_u':   [0xb8, '',              'i32 -> f64',          'float'],
  'f64.convert_i64_s':   [0xb9, '',              'i64 -> f64',          'float'],
  'f64.convert_i64_u':   [0xba, '',              'i64 -> f64',          'float'],
  'f64.promote_f32':     [0xbb, '',              'f32 -> f64',          'float'],
  'i32.reinterpret_f32': [0xbc, '',              'f32 -> i32',          'value'],
  'i64.reinterpret_f64': [0xbd, '',              'f64 -> i64',          'value'],
  'f32.reinterpret_i32': [0xbe, '',              'i32 -> f32',          'value'],
  'f64.reinterpret_i64': [0xbf, '',              'i64 -> f64',          'value'],
  'i32.extend8_s':       [0xc0, '',              'i32 -> i32',          'alu'],
  'i32.extend16_s':      [0xc1, '',              'i32 -> i32',          'alu'],
  'i64.extend8_s':       [0xc2, '',              'i64 -> i64',          'alu'],
  'i64.extend16_s':      [0xc3, '',              'i64 -> i64',          'alu'],
  'i64.extend32_s':      [0xc4, '',              'i64 -> i64',          'alu'],
  // References
  'ref.null':            [0xd0, 'heap',          '*',                   'value'],
  'ref.is_null':         [0xd1, '',              '*',                   'alu'],
  'ref.func':            [0xd2, 'func',          '*',                   'value'],
  // Saturating conversion
  'i32.trunc_sat_f32_s': [0xfc00, '',            'f32 -> i32',          'float'],
  'i32.trunc_sat_f32_u': [0xfc01, '',            'f32 -> i32',          'float'],
  'i32.trunc_sat_f64_s': [0xfc02, '',            'f64 -> i32',          'float'],
  'i32.trunc_sat_f64_u': [0xfc03, '',            'f64 -> i32',          'float'],
  'i64.trunc_sat_f32_s': [0xfc04, '',            'f32 -> i64',          'float'],
  'i64.trunc_sat_f32_u': [0xfc05, '',            'f32 -> i64',          'float'],
  'i64.trunc_sat_f64_s': [0xfc06, '',            'f64 -> i64',          'float'],
  'i64.trunc_sat_f64_u': [0xfc07, '',            'f64 -> i64',          'float'],
  // Bulk memory and tables
  'memory.init':         [0xfc08, 'data memory', 'i32 i32 i32 ->',      'bulk'],
  'data.drop':           [0xfc09, 'data',        '->',                  'value'],
  'memory.copy':         [0xfc0a, 'memory memory', 'i32 i32 i32 ->',    'bulk'],
  'memory.fill':         [0xfc0b, 'memory',      'i32 i32 i32 ->',      'bulk'],
  'table.init':          [0xfc0c, 'elem table',  'i32 i32 i32 ->',      'bulk'],
  'elem.drop':           [0xfc0d, 'elem',        '->',                  'value'],
  'table.copy':          [0xfc0e, 'table table', 'i32 i32 i32 ->',      'bulk'],
  'table.grow':          [0xfc0f, 'table',       '*',                   'grow'],
  'table.size':          [0xfc10, 'table',       '-> i32',              'value'],
  'table.fill':          [0xfc11, 'table',       '*',                   'bulk'],
  // Vectors
  ...VECTOR_ROWS,
} as const satisfies Record<string, Row>;

export type OpcodeName = keyof typeof ROWS;

export interface Opcode {
  readonly name: OpcodeName;
  /** Its place in the table. */
  readonly index: number;
  /** The byte, or the prefix byte with the second number behind it. */
  readonly code: number;
  readonly imm: ImmKind;
  /** Types in the order of the stack, bottom first; undefined where a rule decides. */
  readonly operands: readonly ValType[] | undefined;
  readonly results: readonly ValType[];
  readonly cost: CostClass;
  /** Bytes that a memory access moves; 0 for all others. */
  readonly accessBytes: number;
}

function typesOf(text: string): ValType[] {
  const names = text
    .trim()
    .split(' ')
    .filter((name) => name !== '');
  return names.map((name) => VAL_TYPES[name as ValTypeName]);
}

/** `i32.load16_s` moves 2 bytes, `f64.store` 8. */
function accessBytesOf(name: string, imm: ImmKind): number {
  if (imm !== 'memarg' && imm !== 'memarg lane') return 0;
  const [, type, narrow, count = '1'] =
    /^[ifv](32|64|128)\.(?:load|store)(8|16|32|64)?(?:x(\d))?/.exec(name) as RegExpExecArray;
  return (Number(narrow ?? type) * Number(count)) / 8;
}

function toOpcode(name: OpcodeName, index: number): Opcode {
  const [code, imm, signature, cost] = ROWS[name];
  const accessBytes = accessBytesOf(name, imm);
  if (signature === '*') {
    return { name, index, code, imm, operands: undefined, results: [], cost, accessBytes };
  }
  const [operands = '', results = ''] = signature.split('->');
  const types = { operands: typesOf(operands), results: typesOf(results) };
  return { name, index, code, imm, ...types, cost, accessBytes };
}

/** All instructions in the order of the table. */
export const OPCODES: readonly Opcode[] = (Object.keys(ROWS) as OpcodeName[]).map(toOpcode);

/** Rows by name. */
export const OPCODE: Readonly<Record<OpcodeName, Opcode>> = Object.fromEntries(
  OPCODES.map((row) => [row.name, row]),
) as Record<OpcodeName, Opcode>;

/** Codes by name. */
export const CODE: Readonly<Record<OpcodeName, number>> = Object.fromEntries(
  OPCODES.map(({ name, code }) => [name, code]),
) as Record<OpcodeName, number>;

/** Bytes in front of instructions whose second number is the code. */
export const PREFIXES: readonly number[] = [0xfc, 0xfd];

function byCode(first: number): readonly (Opcode | undefined)[] {
  const found = new Map(OPCODES.map((row) => [row.code, row]));
  return Array.from({ length: 256 }, (_, code) => found.get(first + code));
}

/** Instructions by their byte, and by what follows each prefix. */
export const BY_BYTE = byCode(0);
export const BY_PREFIXED: ReadonlyMap<number, readonly (Opcode | undefined)[]> = new Map(
  PREFIXES.map((prefix) => [prefix, byCode(prefix * 256)]),
);

/** Ranges of codes that belong to a feature that is not there. */
const UNSUPPORTED: readonly (readonly [first: number, last: number, UnsupportedFeature])[] = [
  [0x06, 0x0a, 'exceptions'],
  [0x14, 0x15, 'function-references'],
  [0x18, 0x19, 'exceptions'],
  [0x1f, 0x1f, 'exceptions'],
  [0xd3, 0xd3, 'gc'],
  [0xd4, 0xd6, 'function-references'],
  [0xfb, 0xfb, 'gc'],
  [0xfe, 0xfe, 'threads'],
  [0xfc13, 0xfc16, 'wide-arithmetic'],
];

/** The feature that a code without a row belongs to; undefined where it belongs to none. */
export function featureOf(code: number): UnsupportedFeature | undefined {
  return UNSUPPORTED.find(([first, last]) => first <= code && code <= last)?.[2];
}
