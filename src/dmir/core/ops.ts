/**
 * The table of core operations: all that a prover or a one-step verifier has to implement.
 *
 * The core is a 64-bit register machine. Each dMIR operation has an expansion into it (`expand/`),
 * and that expansion is its meaning in a proof. Invariants, held by the tests and by the stepper:
 * - at most 64 operations;
 * - a step reads at most two registers, writes at most one and makes at most one aligned access;
 * - an integer or float operation is total: only `trap`, `charge`, calls and chips end a run early.
 *
 * A *chip* row is the exception that the profile allows: a bounded operation on its own memory
 * space (the permutation on 25 slots, a cell or the topics of a log in the port), which a prover
 * gives its own circuit.
 *
 * Rows: format, register reads, register writes, aligned accesses, kind, meaning. `imm` is the
 * immediate, `[space: address]` an aligned slot of a memory space.
 */

/** Which fields of the 8-byte instruction an operation uses; see `encoding.ts`. */
export type CoreFormat =
  | 'none'
  | 'd' // destination
  | 'a' // source a
  | 'xa' // source a, a number in aux
  | 'ab' // sources a and b, a number in aux
  | 'da' // destination, source a
  | 'dab' // destination, sources a and b
  | 'dai' // destination, source a, 16-bit immediate
  | 'di' // destination, 32-bit immediate
  | 'load' // destination, [aux: a + 16-bit immediate]
  | 'store' // [aux: a + 16-bit immediate], source b
  | 'jump' // 32-bit target
  | 'branch' // source a, 32-bit target
  | 'call' // window shift, 32-bit target
  | 'number'; // aux and a 32-bit number

/** What a step does besides computing a register. There is no default. */
export type CoreKind = 'compute' | 'memory' | 'control' | 'gas' | 'host' | 'chip';

export interface CoreOpRow {
  readonly format: CoreFormat;
  /** Registers read and written by one step. */
  readonly reads: number;
  readonly writes: number;
  /** Aligned 8-byte accesses by one step; a chip's accesses to its own space are not counted. */
  readonly accesses: number;
  readonly kind: CoreKind;
  readonly meaning: string;
}

type Row = readonly [
  format: CoreFormat,
  reads: number,
  writes: number,
  accesses: number,
  kind: CoreKind,
  meaning: string,
];

const ROWS = {
  // Integers
  add: ['dab', 2, 1, 0, 'compute', 'd = a + b'],
  sub: ['dab', 2, 1, 0, 'compute', 'd = a - b'],
  mul: ['dab', 2, 1, 0, 'compute', 'd = low 64 bits of a * b'],
  mulhu: ['dab', 2, 1, 0, 'compute', 'd = high 64 bits of a * b, unsigned'],
  divu: ['dab', 2, 1, 0, 'compute', 'd = a / b, unsigned; all ones where b is 0'],
  remu: ['dab', 2, 1, 0, 'compute', 'd = a % b, unsigned; a where b is 0'],
  and: ['dab', 2, 1, 0, 'compute', 'd = a & b'],
  or: ['dab', 2, 1, 0, 'compute', 'd = a | b'],
  xor: ['dab', 2, 1, 0, 'compute', 'd = a ^ b'],
  shl: ['dab', 2, 1, 0, 'compute', 'd = a << (b mod 64)'],
  shru: ['dab', 2, 1, 0, 'compute', 'd = a >> (b mod 64), zeros enter'],
  shrs: ['dab', 2, 1, 0, 'compute', 'd = a >> (b mod 64), sign bits enter'],
  ltu: ['dab', 2, 1, 0, 'compute', 'd = 1 if a < b, unsigned, else 0'],
  lts: ['dab', 2, 1, 0, 'compute', 'd = 1 if a < b, signed, else 0'],
  eq: ['dab', 2, 1, 0, 'compute', 'd = 1 if a equals b, else 0'],
  // Integers with an immediate
  addi: ['dai', 1, 1, 0, 'compute', 'd = a + imm, imm signed'],
  andi: ['dai', 1, 1, 0, 'compute', 'd = a & imm, imm unsigned'],
  xori: ['dai', 1, 1, 0, 'compute', 'd = a ^ imm, imm unsigned'],
  eqi: ['dai', 1, 1, 0, 'compute', 'd = 1 if a equals imm, imm unsigned, else 0'],
  ltui: ['dai', 1, 1, 0, 'compute', 'd = 1 if a < imm, both unsigned, else 0'],
  shli: ['dai', 1, 1, 0, 'compute', 'd = a << (imm mod 64)'],
  shrui: ['dai', 1, 1, 0, 'compute', 'd = a >> (imm mod 64), zeros enter'],
  shrsi: ['dai', 1, 1, 0, 'compute', 'd = a >> (imm mod 64), sign bits enter'],
  // Moves and constants: a 64-bit constant is `li`, then `lih`
  mov: ['da', 1, 1, 0, 'compute', 'd = a'],
  li: ['di', 0, 1, 0, 'compute', 'd = imm'],
  lih: ['di', 1, 1, 0, 'compute', 'd = (low 32 bits of d) + imm * 2^32'],
  // Floats by their bits; a NaN that is made is the canonical quiet one. An f32 operation is done
  // in f64 and rounded once by fdem, which gives the correctly rounded f32
  fadd: ['dab', 2, 1, 0, 'compute', 'd = a + b in f64'],
  fsub: ['dab', 2, 1, 0, 'compute', 'd = a - b in f64'],
  fmul: ['dab', 2, 1, 0, 'compute', 'd = a * b in f64'],
  fdiv: ['dab', 2, 1, 0, 'compute', 'd = a / b in f64'],
  fsqrt: ['da', 1, 1, 0, 'compute', 'd = square root of a in f64'],
  fmin: ['dab', 2, 1, 0, 'compute', 'd = lesser of a and b in f64; -0 < +0, NaN if either is'],
  fmax: ['dab', 2, 1, 0, 'compute', 'd = greater of a and b in f64; -0 < +0, NaN if either is'],
  feq: ['dab', 2, 1, 0, 'compute', 'd = 1 if a equals b in f64, else 0'],
  flt: ['dab', 2, 1, 0, 'compute', 'd = 1 if a < b in f64, else 0'],
  fle: ['dab', 2, 1, 0, 'compute', 'd = 1 if a <= b in f64, else 0'],
  fdem: ['da', 1, 1, 0, 'compute', 'd = f32 nearest to the f64 a'],
  fpro: ['da', 1, 1, 0, 'compute', 'd = f64 of the f32 a'],
  fcvt: ['da', 1, 1, 0, 'compute', 'd = f64 nearest to the unsigned integer a'],
  // Memory
  ld: ['load', 1, 1, 1, 'memory', 'd = [aux: a + imm]'],
  st: ['store', 2, 0, 1, 'memory', '[aux: a + imm] = b'],
  // Control; a call moves the register window up, so that d of the caller is 0 of the callee
  jmp: ['jump', 0, 0, 0, 'control', 'pc = imm'],
  jmpa: ['a', 1, 0, 0, 'control', 'pc = a'],
  brz: ['branch', 1, 0, 0, 'control', 'pc = imm if a is 0'],
  brnz: ['branch', 1, 0, 0, 'control', 'pc = imm if a is not 0'],
  call: [
    'call',
    0,
    0,
    1,
    'control',
    'push pc + 1 and d, window += d, pc = imm; traps at the depth limit',
  ],
  ret: ['none', 0, 0, 1, 'control', 'pop what call pushed; halts in the outermost frame'],
  trap: ['number', 0, 0, 0, 'control', 'ends the run with trap kind aux and code imm'],
  halt: ['ab', 2, 0, 0, 'control', 'ends the run as aux says, with an output of b bytes at a'],
  // Gas
  charge: ['a', 1, 0, 0, 'gas', 'gas -= a; traps if gas < a'],
  gas: ['d', 0, 1, 0, 'gas', 'd = gas left'],
  refund: ['a', 1, 0, 0, 'gas', 'refund counter += a, signed'],
  // The world outside
  host: ['number', 0, 0, 0, 'host', 'stops for host function imm, whose arguments are in the port'],
  tape: ['d', 0, 1, 0, 'host', 'd = next word of the host tape; stops while there is none'],
  // Chips
  cell: ['number', 0, 0, 0, 'chip', 'cell operation aux in space imm on the slots of the port'],
  emit: ['a', 1, 0, 0, 'chip', 'appends the word a to the data of the log being written'],
  log: ['xa', 1, 0, 0, 'chip', 'ends the log: a bytes of data, aux topics in the port'],
  keccakf: ['none', 0, 0, 0, 'chip', 'Keccak-f[1600] on the 25 slots of the hash space'],
} as const satisfies Record<string, Row>;

export type CoreOpName = keyof typeof ROWS;

function toRow(row: Row): CoreOpRow {
  const [format, reads, writes, accesses, kind, meaning] = row;
  return { format, reads, writes, accesses, kind, meaning };
}

/** The rows by mnemonic. */
export const CORE_OPS: Readonly<Record<CoreOpName, CoreOpRow>> = Object.fromEntries(
  Object.entries(ROWS).map(([name, row]) => [name, toRow(row)]),
) as Record<CoreOpName, CoreOpRow>;

/** Mnemonics in table order; an operation's code in the encoding is its place here. */
export const CORE_OP_NAMES = Object.keys(ROWS) as CoreOpName[];

/** Most operations that the core may have. */
export const CORE_OP_COUNT_MAX = 64;

/** Bounds of one step. */
export const STEP_READS_MAX = 2;
export const STEP_WRITES_MAX = 1;
export const STEP_ACCESSES_MAX = 1;
