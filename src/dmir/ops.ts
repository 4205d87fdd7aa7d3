/**
 * The table of dMIR operations: the one place where an operation is declared.
 *
 * A row lists, in this order: operand types, result types, the controlling types that are allowed,
 * what the immediate means, the effect, the traps, the cost class and the WebAssembly pattern. From
 * it come the parser, printer, verifier, bytecode, kernel handlers, generated reference and
 * fuzzers. Prose stands in `ops-docs.ts`, expansions into the core in `expand/`: both are records
 * over `OpName`, so that a row without them does not compile.
 *
 * In operand and result columns `T` is the controlling type, `A` any integer type (an address, a
 * size or a count), `*` any number of values of any type.
 */
import type { Type } from './types.ts';

/** What an operation does besides computing its results. There is no default. */
export type Effect =
  | 'pure' // results depend on operands alone
  | 'read-memory'
  | 'write-memory'
  | 'read-state'
  | 'write-state'
  | 'gas' // reads or changes the gas counter
  | 'log'
  | 'control' // ends a block or enters a function
  | 'host'; // leaves the machine

/** Why a frame ends abnormally. Stable codes: never reordered. */
export const TRAP_KINDS = [
  'none',
  'out-of-gas',
  'stack-underflow',
  'stack-overflow',
  'bad-jump',
  'invalid-opcode',
  'out-of-bounds',
  'static-violation',
  'division-by-zero',
  'integer-overflow',
  'memory-limit',
  'call-depth',
  'bad-conversion',
  'unreachable',
  'cell-exists',
  'cell-missing',
  'bad-function',
  'user',
] as const;

export type TrapKind = (typeof TRAP_KINDS)[number];

/** How an operation's cost grows; a schedule maps the class to gas. */
export type CostClass =
  | 'zero'
  | 'alu'
  | 'mul'
  | 'div'
  | 'modmul'
  | 'exp'
  | 'float'
  | 'memory'
  | 'copy'
  | 'hash'
  | 'state'
  | 'log'
  | 'branch'
  | 'call'
  | 'host';

/** Named sets of controlling types. */
export const TYPE_SETS = {
  none: [],
  int: ['i8', 'i16', 'i32', 'i64', 'i128', 'i256'],
  bits: ['i1', 'i8', 'i16', 'i32', 'i64', 'i128', 'i256'],
  wide: ['i128', 'i256'],
  scalar: ['i32', 'i64'],
  word: ['i64', 'i256'],
  float: ['f32', 'f64'],
  any: ['i1', 'i8', 'i16', 'i32', 'i64', 'i128', 'i256', 'f32', 'f64'],
  stored: ['i8', 'i16', 'i32', 'i64', 'i128', 'i256', 'f32', 'f64'],
  i256: ['i256'],
  i64: ['i64'],
  f32: ['f32'],
  f64: ['f64'],
} as const satisfies Record<string, readonly Type[]>;

export type TypeSet = keyof typeof TYPE_SETS;

/** What the number in `Inst.imm` names. */
export type ImmKind =
  | 'none'
  | 'region' // index in Module.regions
  | 'regions' // destination * 256 + source
  | 'space' // index in Module.spaces
  | 'func' // index in Module.funcs
  | 'host' // index in Module.hosts
  | 'trap' // index in TRAP_KINDS
  | 'gas' // an amount of gas
  | 'count'; // a number of operands

export interface OpRow {
  readonly operands: string;
  readonly results: string;
  readonly types: TypeSet;
  readonly imm: ImmKind;
  readonly effect: Effect;
  readonly traps: readonly TrapKind[];
  readonly cost: CostClass;
  /** The Wasm instruction without its type, `limbs` (a sequence of them) or `runtime` (a call). */
  readonly wasm: string;
}

type Row = readonly [
  operands: string,
  results: string,
  types: TypeSet,
  imm: ImmKind,
  effect: Effect,
  traps: readonly TrapKind[],
  cost: CostClass,
  wasm: string,
];

const NO = [] as const;
const DIV = ['division-by-zero'] as const;
const SDIV = ['division-by-zero', 'integer-overflow'] as const;
const OVF = ['integer-overflow'] as const;
const CONV = ['bad-conversion'] as const;
const MEM = ['out-of-bounds', 'out-of-gas', 'memory-limit'] as const;
const GAS = ['out-of-gas'] as const;
const STATE = ['out-of-gas', 'static-violation'] as const;
const LOG = ['out-of-gas', 'static-violation', 'memory-limit'] as const;

const ROWS = {
  // Values
  copy: ['T', 'T', 'any', 'none', 'pure', NO, 'zero', 'local.get'],
  select: ['i1 T T', 'T', 'any', 'none', 'pure', NO, 'alu', 'select'],
  // Wrapping arithmetic
  add: ['T T', 'T', 'int', 'none', 'pure', NO, 'alu', 'add'],
  sub: ['T T', 'T', 'int', 'none', 'pure', NO, 'alu', 'sub'],
  mul: ['T T', 'T', 'int', 'none', 'pure', NO, 'mul', 'mul'],
  umulhi: ['T T', 'T', 'int', 'none', 'pure', NO, 'mul', 'limbs'],
  smulhi: ['T T', 'T', 'int', 'none', 'pure', NO, 'mul', 'limbs'],
  addmod: ['T T T', 'T', 'word', 'none', 'pure', NO, 'modmul', 'runtime'],
  mulmod: ['T T T', 'T', 'word', 'none', 'pure', NO, 'modmul', 'runtime'],
  pow: ['T T', 'T', 'word', 'none', 'pure', NO, 'exp', 'runtime'],
  // Trapping arithmetic
  uadd_trap: ['T T', 'T', 'int', 'none', 'pure', OVF, 'alu', 'limbs'],
  sadd_trap: ['T T', 'T', 'int', 'none', 'pure', OVF, 'alu', 'limbs'],
  usub_trap: ['T T', 'T', 'int', 'none', 'pure', OVF, 'alu', 'limbs'],
  ssub_trap: ['T T', 'T', 'int', 'none', 'pure', OVF, 'alu', 'limbs'],
  umul_trap: ['T T', 'T', 'int', 'none', 'pure', OVF, 'mul', 'limbs'],
  smul_trap: ['T T', 'T', 'int', 'none', 'pure', OVF, 'mul', 'limbs'],
  // Arithmetic with an overflow flag
  uadd_overflow: ['T T', 'T i1', 'int', 'none', 'pure', NO, 'alu', 'limbs'],
  sadd_overflow: ['T T', 'T i1', 'int', 'none', 'pure', NO, 'alu', 'limbs'],
  usub_overflow: ['T T', 'T i1', 'int', 'none', 'pure', NO, 'alu', 'limbs'],
  ssub_overflow: ['T T', 'T i1', 'int', 'none', 'pure', NO, 'alu', 'limbs'],
  umul_overflow: ['T T', 'T i1', 'int', 'none', 'pure', NO, 'mul', 'limbs'],
  smul_overflow: ['T T', 'T i1', 'int', 'none', 'pure', NO, 'mul', 'limbs'],
  // Division: by zero it traps, gives zero (EVM), or gives all ones and the dividend (RISC-V)
  udiv: ['T T', 'T', 'int', 'none', 'pure', DIV, 'div', 'div_u'],
  sdiv: ['T T', 'T', 'int', 'none', 'pure', SDIV, 'div', 'div_s'],
  urem: ['T T', 'T', 'int', 'none', 'pure', DIV, 'div', 'rem_u'],
  srem: ['T T', 'T', 'int', 'none', 'pure', DIV, 'div', 'rem_s'],
  udiv_zero: ['T T', 'T', 'int', 'none', 'pure', NO, 'div', 'limbs'],
  sdiv_zero: ['T T', 'T', 'int', 'none', 'pure', NO, 'div', 'limbs'],
  urem_zero: ['T T', 'T', 'int', 'none', 'pure', NO, 'div', 'limbs'],
  srem_zero: ['T T', 'T', 'int', 'none', 'pure', NO, 'div', 'limbs'],
  udiv_ones: ['T T', 'T', 'int', 'none', 'pure', NO, 'div', 'limbs'],
  sdiv_ones: ['T T', 'T', 'int', 'none', 'pure', NO, 'div', 'limbs'],
  urem_ones: ['T T', 'T', 'int', 'none', 'pure', NO, 'div', 'limbs'],
  srem_ones: ['T T', 'T', 'int', 'none', 'pure', NO, 'div', 'limbs'],
  // Bits; shift counts are masked to the width, or (_sat) saturate to zeros or sign bits
  and: ['T T', 'T', 'bits', 'none', 'pure', NO, 'alu', 'and'],
  or: ['T T', 'T', 'bits', 'none', 'pure', NO, 'alu', 'or'],
  xor: ['T T', 'T', 'bits', 'none', 'pure', NO, 'alu', 'xor'],
  not: ['T', 'T', 'bits', 'none', 'pure', NO, 'alu', 'limbs'],
  shl: ['T T', 'T', 'int', 'none', 'pure', NO, 'alu', 'shl'],
  ushr: ['T T', 'T', 'int', 'none', 'pure', NO, 'alu', 'shr_u'],
  sshr: ['T T', 'T', 'int', 'none', 'pure', NO, 'alu', 'shr_s'],
  shl_sat: ['T T', 'T', 'int', 'none', 'pure', NO, 'alu', 'limbs'],
  ushr_sat: ['T T', 'T', 'int', 'none', 'pure', NO, 'alu', 'limbs'],
  sshr_sat: ['T T', 'T', 'int', 'none', 'pure', NO, 'alu', 'limbs'],
  rotl: ['T T', 'T', 'int', 'none', 'pure', NO, 'alu', 'rotl'],
  rotr: ['T T', 'T', 'int', 'none', 'pure', NO, 'alu', 'rotr'],
  clz: ['T', 'T', 'int', 'none', 'pure', NO, 'alu', 'clz'],
  ctz: ['T', 'T', 'int', 'none', 'pure', NO, 'alu', 'ctz'],
  popcnt: ['T', 'T', 'int', 'none', 'pure', NO, 'alu', 'popcnt'],
  bswap: ['T', 'T', 'int', 'none', 'pure', NO, 'alu', 'limbs'],
  byte_be: ['T T', 'T', 'word', 'none', 'pure', NO, 'alu', 'limbs'],
  sext_byte: ['T T', 'T', 'word', 'none', 'pure', NO, 'alu', 'limbs'],
  // Comparison
  eq: ['T T', 'i1', 'bits', 'none', 'pure', NO, 'alu', 'eq'],
  ne: ['T T', 'i1', 'bits', 'none', 'pure', NO, 'alu', 'ne'],
  ult: ['T T', 'i1', 'int', 'none', 'pure', NO, 'alu', 'lt_u'],
  ule: ['T T', 'i1', 'int', 'none', 'pure', NO, 'alu', 'le_u'],
  ugt: ['T T', 'i1', 'int', 'none', 'pure', NO, 'alu', 'gt_u'],
  uge: ['T T', 'i1', 'int', 'none', 'pure', NO, 'alu', 'ge_u'],
  slt: ['T T', 'i1', 'int', 'none', 'pure', NO, 'alu', 'lt_s'],
  sle: ['T T', 'i1', 'int', 'none', 'pure', NO, 'alu', 'le_s'],
  sgt: ['T T', 'i1', 'int', 'none', 'pure', NO, 'alu', 'gt_s'],
  sge: ['T T', 'i1', 'int', 'none', 'pure', NO, 'alu', 'ge_s'],
  iszero: ['T', 'i1', 'bits', 'none', 'pure', NO, 'alu', 'eqz'],
  // Conversion between integers: the controlling type is the result's
  zext: ['A', 'T', 'int', 'none', 'pure', NO, 'alu', 'limbs'],
  sext: ['A', 'T', 'int', 'none', 'pure', NO, 'alu', 'limbs'],
  trunc: ['A', 'T', 'bits', 'none', 'pure', NO, 'alu', 'limbs'],
  // Floats; every NaN that an operation makes is the canonical quiet one
  fadd: ['T T', 'T', 'float', 'none', 'pure', NO, 'float', 'add'],
  fsub: ['T T', 'T', 'float', 'none', 'pure', NO, 'float', 'sub'],
  fmul: ['T T', 'T', 'float', 'none', 'pure', NO, 'float', 'mul'],
  fdiv: ['T T', 'T', 'float', 'none', 'pure', NO, 'float', 'div'],
  fmin: ['T T', 'T', 'float', 'none', 'pure', NO, 'float', 'min'],
  fmax: ['T T', 'T', 'float', 'none', 'pure', NO, 'float', 'max'],
  fcopysign: ['T T', 'T', 'float', 'none', 'pure', NO, 'float', 'copysign'],
  fabs: ['T', 'T', 'float', 'none', 'pure', NO, 'float', 'abs'],
  fneg: ['T', 'T', 'float', 'none', 'pure', NO, 'float', 'neg'],
  fsqrt: ['T', 'T', 'float', 'none', 'pure', NO, 'float', 'sqrt'],
  fceil: ['T', 'T', 'float', 'none', 'pure', NO, 'float', 'ceil'],
  ffloor: ['T', 'T', 'float', 'none', 'pure', NO, 'float', 'floor'],
  ftrunc: ['T', 'T', 'float', 'none', 'pure', NO, 'float', 'trunc'],
  fnearest: ['T', 'T', 'float', 'none', 'pure', NO, 'float', 'nearest'],
  feq: ['T T', 'i1', 'float', 'none', 'pure', NO, 'float', 'eq'],
  fne: ['T T', 'i1', 'float', 'none', 'pure', NO, 'float', 'ne'],
  flt: ['T T', 'i1', 'float', 'none', 'pure', NO, 'float', 'lt'],
  fle: ['T T', 'i1', 'float', 'none', 'pure', NO, 'float', 'le'],
  fgt: ['T T', 'i1', 'float', 'none', 'pure', NO, 'float', 'gt'],
  fge: ['T T', 'i1', 'float', 'none', 'pure', NO, 'float', 'ge'],
  fpromote: ['f32', 'f64', 'f64', 'none', 'pure', NO, 'float', 'promote_f32'],
  fdemote: ['f64', 'f32', 'f32', 'none', 'pure', NO, 'float', 'demote_f64'],
  // Conversions named by their float; the controlling type is the integer's
  f32_to_uint: ['f32', 'T', 'scalar', 'none', 'pure', CONV, 'float', 'trunc_f32_u'],
  f32_to_sint: ['f32', 'T', 'scalar', 'none', 'pure', CONV, 'float', 'trunc_f32_s'],
  f64_to_uint: ['f64', 'T', 'scalar', 'none', 'pure', CONV, 'float', 'trunc_f64_u'],
  f64_to_sint: ['f64', 'T', 'scalar', 'none', 'pure', CONV, 'float', 'trunc_f64_s'],
  f32_to_uint_sat: ['f32', 'T', 'scalar', 'none', 'pure', NO, 'float', 'trunc_sat_f32_u'],
  f32_to_sint_sat: ['f32', 'T', 'scalar', 'none', 'pure', NO, 'float', 'trunc_sat_f32_s'],
  f64_to_uint_sat: ['f64', 'T', 'scalar', 'none', 'pure', NO, 'float', 'trunc_sat_f64_u'],
  f64_to_sint_sat: ['f64', 'T', 'scalar', 'none', 'pure', NO, 'float', 'trunc_sat_f64_s'],
  uint_to_f32: ['T', 'f32', 'scalar', 'none', 'pure', NO, 'float', 'f32.convert_u'],
  sint_to_f32: ['T', 'f32', 'scalar', 'none', 'pure', NO, 'float', 'f32.convert_s'],
  uint_to_f64: ['T', 'f64', 'scalar', 'none', 'pure', NO, 'float', 'f64.convert_u'],
  sint_to_f64: ['T', 'f64', 'scalar', 'none', 'pure', NO, 'float', 'f64.convert_s'],
  f32_bits: ['f32', 'i32', 'none', 'none', 'pure', NO, 'zero', 'i32.reinterpret_f32'],
  f64_bits: ['f64', 'i64', 'none', 'none', 'pure', NO, 'zero', 'i64.reinterpret_f64'],
  bits_f32: ['i32', 'f32', 'none', 'none', 'pure', NO, 'zero', 'f32.reinterpret_i32'],
  bits_f64: ['i64', 'f64', 'none', 'none', 'pure', NO, 'zero', 'f64.reinterpret_i64'],
  // Memory: address, then value; little-endian, or big-endian (_be)
  load: ['A', 'T', 'stored', 'region', 'read-memory', MEM, 'memory', 'load'],
  load_be: ['A', 'T', 'stored', 'region', 'read-memory', MEM, 'memory', 'limbs'],
  load8_u: ['A', 'T', 'word', 'region', 'read-memory', MEM, 'memory', 'load8_u'],
  store: ['A T', '', 'stored', 'region', 'write-memory', MEM, 'memory', 'store'],
  store_be: ['A T', '', 'stored', 'region', 'write-memory', MEM, 'memory', 'limbs'],
  store8: ['A T', '', 'word', 'region', 'write-memory', MEM, 'memory', 'store8'],
  mem_size: ['', 'T', 'word', 'region', 'read-memory', NO, 'alu', 'memory.size'],
  mem_grow: ['T', 'T', 'i64', 'region', 'write-memory', NO, 'memory', 'memory.grow'],
  // Destination, source, length
  mem_copy: ['T T T', '', 'word', 'regions', 'write-memory', MEM, 'copy', 'memory.copy'],
  // Address, byte, length
  mem_fill: ['T T T', '', 'word', 'region', 'write-memory', MEM, 'copy', 'memory.fill'],
  // Address, address, length in one region: -1, 0 or 1 as a wrapped integer
  mem_compare: ['T T T', 'i64', 'word', 'region', 'read-memory', MEM, 'copy', 'runtime'],
  keccak256: ['T T', 'i256', 'word', 'region', 'read-memory', MEM, 'hash', 'runtime'],
  // Gas
  charge: ['', '', 'none', 'gas', 'gas', GAS, 'zero', 'limbs'],
  charge_dyn: ['T', '', 'word', 'none', 'gas', GAS, 'alu', 'limbs'],
  gas_left: ['', 'T', 'word', 'none', 'gas', NO, 'alu', 'global.get'],
  // Cells of the state: key, then value; the owner is the frame's account
  cell_load: ['T', 'T', 'i256', 'space', 'read-state', GAS, 'state', 'runtime'],
  cell_store: ['T T', '', 'i256', 'space', 'write-state', STATE, 'state', 'runtime'],
  cell_original: ['T', 'T', 'i256', 'space', 'read-state', NO, 'state', 'runtime'],
  cell_is_warm: ['T', 'i1', 'i256', 'space', 'read-state', NO, 'state', 'runtime'],
  cell_delete: ['T', '', 'i256', 'space', 'write-state', STATE, 'state', 'runtime'],
  // Adds a two's complement delta; the flag tells that the sum left 0..2^256-1 and nothing changed
  cell_add: ['T T', 'i1', 'i256', 'space', 'write-state', STATE, 'state', 'runtime'],
  cell_insert_once: [
    'T T',
    '',
    'i256',
    'space',
    'write-state',
    ['out-of-gas', 'static-violation', 'cell-exists'],
    'state',
    'runtime',
  ],
  cell_consume: [
    'T',
    'T',
    'i256',
    'space',
    'write-state',
    ['out-of-gas', 'static-violation', 'cell-missing'],
    'state',
    'runtime',
  ],
  refund_add: ['T', '', 'i64', 'none', 'gas', NO, 'state', 'runtime'],
  // Address, length, then 0 to 4 topics
  log: ['T T *', '', 'word', 'region', 'log', LOG, 'log', 'runtime'],
  // Functions
  call: ['*', '*', 'none', 'func', 'control', ['call-depth'], 'call', 'call'],
  call_indirect: [
    'i64 *',
    '*',
    'none',
    'func', // a function whose signature the callee must have
    'control',
    ['call-depth', 'bad-function'],
    'call',
    'call_indirect',
  ],
  // Terminators
  br: ['', '', 'none', 'none', 'control', NO, 'branch', 'br'],
  br_if: ['i1', '', 'none', 'none', 'control', NO, 'branch', 'br_if'],
  // The last target is the default
  br_table: ['T', '', 'word', 'none', 'control', NO, 'branch', 'br_table'],
  // To the block whose id is the operand's value; the only target holds the arguments
  dispatch: ['T', '', 'word', 'none', 'control', ['bad-jump'], 'branch', 'br_table'],
  return: ['*', '', 'none', 'none', 'control', NO, 'branch', 'return'],
  tail_call: ['*', '', 'none', 'func', 'control', NO, 'call', 'return_call'],
  trap: ['', '', 'none', 'trap', 'control', ['user'], 'branch', 'unreachable'],
  stop: ['', '', 'none', 'none', 'control', NO, 'branch', 'return'],
  // Address and length of the output in a region
  finish: ['T T', '', 'word', 'region', 'control', MEM, 'branch', 'return'],
  revert: ['T T', '', 'word', 'region', 'control', MEM, 'branch', 'return'],
  // Operands are the host's arguments; its results follow the target's arguments
  suspend: ['*', '', 'none', 'host', 'host', ['out-of-gas'], 'host', 'return'],
  tail_call_indirect: [
    'i64 *',
    '',
    'none',
    'func', // a function whose signature the callee must have
    'control',
    ['bad-function'],
    'call',
    'return_call_indirect',
  ],
} as const satisfies Record<string, Row>;

export type OpName = keyof typeof ROWS;

/** The operations whose effect is `pure`: `eval.ts` holds the meaning of each. */
export type PureOpName = {
  [Name in OpName]: (typeof ROWS)[Name][4] extends 'pure' ? Name : never;
}[OpName];

/** The operations of some sets of controlling types that have one of some WebAssembly patterns. */
export type OpOf<Set extends TypeSet, Pattern extends string> = {
  [Name in OpName]: (typeof ROWS)[Name][2] extends Set
    ? (typeof ROWS)[Name][7] extends Pattern
      ? Name
      : never
    : never;
}[OpName];

function toRow(row: Row): OpRow {
  const [operands, results, types, imm, effect, traps, cost, wasm] = row;
  return { operands, results, types, imm, effect, traps, cost, wasm };
}

/** The rows by mnemonic. */
export const OPS: Readonly<Record<OpName, OpRow>> = Object.fromEntries(
  Object.entries(ROWS).map(([name, row]) => [name, toRow(row)]),
) as Record<OpName, OpRow>;

/** Mnemonics in table order. */
export const OP_NAMES = Object.keys(ROWS) as OpName[];

/** Operations that end a block. */
export const TERMINATORS: ReadonlySet<OpName> = new Set<OpName>([
  'br',
  'br_if',
  'br_table',
  'dispatch',
  'return',
  'tail_call',
  'tail_call_indirect',
  'trap',
  'stop',
  'finish',
  'revert',
  'suspend',
]);

export function isOpName(name: string): name is OpName {
  return Object.hasOwn(OPS, name);
}
