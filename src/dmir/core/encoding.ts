/**
 * The fixed 8-byte encoding of core instructions, little-endian:
 *
 *   byte 0   operation: its place in the table
 *   byte 1   aux: a memory space, a kind, a region
 *   2, 3     d: destination register, or the offset of a store, or the source of a branch
 *   4, 5     a: source register, or the low half of a 32-bit immediate
 *   6, 7     b: source register or 16-bit immediate, or the high half
 *
 * Fields that a format does not use are zero, so equal programs have equal bytes.
 */
import { CORE_OP_NAMES, CORE_OPS, type CoreFormat, type CoreOpName } from './ops.ts';

/** An instruction by its fields; formats with a 32-bit number hold it as `b * 65536 + a`. */
export interface CoreInst {
  readonly op: CoreOpName;
  readonly aux: number;
  readonly d: number;
  readonly a: number;
  readonly b: number;
}

const FIELD_MAX = 0xffff;

/** Fields in use by format. */
const FIELDS: Readonly<Record<CoreFormat, string>> = {
  none: '',
  d: 'd',
  a: 'a',
  xa: 'xa',
  ab: 'xab',
  da: 'da',
  dab: 'dab',
  dai: 'dab',
  di: 'dab',
  load: 'xdab',
  store: 'xdab',
  jump: 'ab',
  branch: 'dab',
  call: 'dab',
  number: 'xab',
};

const CODES: ReadonlyMap<CoreOpName, number> = new Map(
  CORE_OP_NAMES.map((name, code) => [name, code]),
);

/** Splits a 32-bit number into the fields a and b. */
export function splitNumber(value: number): { a: number; b: number } {
  if (!Number.isInteger(value) || value < 0 || value > 0xffff_ffff) {
    throw new Error(`BUG: ${value} does not fit 32 bits`);
  }
  return { a: value & FIELD_MAX, b: value >>> 16 };
}

export function joinNumber(inst: CoreInst): number {
  return inst.b * 65536 + inst.a;
}

function assertField(inst: CoreInst, letter: string, value: number, max: number): void {
  if (!Number.isInteger(value) || value < 0 || value > max) {
    throw new Error(`BUG: field ${letter} of ${inst.op} holds ${value}, more than ${max}`);
  }
  if (value !== 0 && !FIELDS[CORE_OPS[inst.op].format].includes(letter)) {
    throw new Error(`BUG: ${inst.op} has no field ${letter}`);
  }
}

/** The 8-byte word of an instruction; a field out of range or unused but set is a `BUG:` error. */
export function encodeCore(inst: CoreInst): bigint {
  assertField(inst, 'x', inst.aux, 0xff);
  assertField(inst, 'd', inst.d, FIELD_MAX);
  assertField(inst, 'a', inst.a, FIELD_MAX);
  assertField(inst, 'b', inst.b, FIELD_MAX);
  const code = CODES.get(inst.op) ?? 0;
  const low = code | (inst.aux << 8) | (inst.d << 16);
  return BigInt(low >>> 0) | (BigInt(inst.b * 65536 + inst.a) << 32n);
}

/** The instruction of a word, or null where the word encodes none. */
export function decodeCore(word: bigint): CoreInst | null {
  const low = Number(word & 0xffff_ffffn);
  const high = Number(word >> 32n);
  const op = CORE_OP_NAMES[low & 0xff];
  if (op === undefined) return null;
  const inst: CoreInst = {
    op,
    aux: (low >>> 8) & 0xff,
    d: low >>> 16,
    a: high & FIELD_MAX,
    b: high >>> 16,
  };
  const fields = FIELDS[CORE_OPS[op].format];
  const unused =
    (inst.aux !== 0 && !fields.includes('x')) ||
    (inst.d !== 0 && !fields.includes('d')) ||
    (inst.a !== 0 && !fields.includes('a')) ||
    (inst.b !== 0 && !fields.includes('b'));
  return unused ? null : inst;
}

/** One line of a listing. */
export function printCore(inst: CoreInst): string {
  const { op, aux, d, a, b } = inst;
  const number = joinNumber(inst);
  const text: Readonly<Record<CoreFormat, string>> = {
    none: '',
    d: `r${d}`,
    a: `r${a}`,
    xa: `${aux}, r${a}`,
    ab: `${aux}, r${a}, r${b}`,
    da: `r${d}, r${a}`,
    dab: `r${d}, r${a}, r${b}`,
    dai: `r${d}, r${a}, ${b}`,
    di: `r${d}, ${number}`,
    load: `r${d}, [${aux}: r${a} + ${b}]`,
    store: `[${aux}: r${a} + ${d}], r${b}`,
    jump: `@${number}`,
    branch: `r${d}, @${number}`,
    call: `+${d}, @${number}`,
    number: `${aux}, ${number}`,
  };
  return `${op} ${text[CORE_OPS[op].format]}`.trimEnd();
}
