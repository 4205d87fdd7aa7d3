/**
 * Folding of 256-bit operations whose operands are known, and of those that a known operand makes
 * trivial. Not every operation: those that compilers leave over constants.
 */
import { type FlatBlock, OP_NUMBER } from '../../dmir/flat.ts';
import type { Operand } from '../../dmir/ir.ts';
import type { OpName } from '../../dmir/ops.ts';

const MASK = (1n << 256n) - 1n;

/** A constant, or which operand the result equals. */
export type Folded = bigint | 'first' | 'second' | undefined;

/** Rules by the number of their operation. */
function byNumber<T>(rules: Partial<Record<OpName, T>>): readonly (T | undefined)[] {
  const list: (T | undefined)[] = new Array(Object.keys(OP_NUMBER).length).fill(undefined);
  for (const [op, rule] of Object.entries(rules)) list[OP_NUMBER[op as OpName]] = rule;
  return list;
}

const UNARY = byNumber<(a: bigint) => bigint>({
  not: (a) => a ^ MASK,
  iszero: (a) => (a === 0n ? 1n : 0n),
});

const BINARY = byNumber<(a: bigint, b: bigint) => bigint>({
  add: (a, b) => BigInt.asUintN(256, a + b),
  sub: (a, b) => BigInt.asUintN(256, a - b),
  mul: (a, b) => BigInt.asUintN(256, a * b),
  udiv_zero: (a, b) => (b === 0n ? 0n : a / b),
  urem_zero: (a, b) => (b === 0n ? 0n : a % b),
  and: (a, b) => a & b,
  or: (a, b) => a | b,
  xor: (a, b) => a ^ b,
  shl_sat: (a, b) => (b > 255n ? 0n : BigInt.asUintN(256, a << b)),
  ushr_sat: (a, b) => (b > 255n ? 0n : a >> b),
  eq: (a, b) => (a === b ? 1n : 0n),
  ult: (a, b) => (a < b ? 1n : 0n),
  ugt: (a, b) => (a > b ? 1n : 0n),
});

/** What stands for a known operand of 2^31 or more, and for the greatest. */
const LARGE = -1;
const ALL_ONES = -2;

/** A known operand as the rules take it: a number below 2^31, or what stands for it. */
function sizeOf(operand: Operand, block: FlatBlock): number {
  const number = block.numberOf(operand);
  return number < 0 && block.constOf(operand) === MASK ? ALL_ONES : number;
}

function exceeds(size: number, max: number): boolean {
  return size === LARGE || size === ALL_ONES || size > max;
}

/** Results where only the first operand is known. */
const FIRST = byNumber<(a: number) => Folded>({
  add: (a) => (a === 0 ? 'second' : undefined),
  mul: (a) => (a === 1 ? 'second' : a === 0 ? 0n : undefined),
  and: (a) => (a === ALL_ONES ? 'second' : a === 0 ? 0n : undefined),
  or: (a) => (a === 0 ? 'second' : undefined),
  xor: (a) => (a === 0 ? 'second' : undefined),
  byte_be: (a) => (exceeds(a, 31) ? 0n : undefined),
  sext_byte: (a) => (exceeds(a, 30) ? 'second' : undefined),
});

/** Results where only the second operand is known. */
const SECOND = byNumber<(b: number) => Folded>({
  add: (b) => (b === 0 ? 'first' : undefined),
  sub: (b) => (b === 0 ? 'first' : undefined),
  mul: (b) => (b === 1 ? 'first' : b === 0 ? 0n : undefined),
  udiv_zero: (b) => (b === 1 ? 'first' : b === 0 ? 0n : undefined),
  and: (b) => (b === ALL_ONES ? 'first' : b === 0 ? 0n : undefined),
  or: (b) => (b === 0 ? 'first' : undefined),
  xor: (b) => (b === 0 ? 'first' : undefined),
  shl_sat: (b) => (b === 0 ? 'first' : exceeds(b, 255) ? 0n : undefined),
  ushr_sat: (b) => (b === 0 ? 'first' : exceeds(b, 255) ? 0n : undefined),
  sshr_sat: (b) => (b === 0 ? 'first' : undefined),
});

/** The result of the operation with the number over a constant. */
export function foldUnary(op: number, a: bigint): bigint | undefined {
  return UNARY[op]?.(a);
}

/** The result of the operation with the number over operands of the block. */
export function foldBinary(op: number, a: Operand, b: Operand, block: FlatBlock): Folded {
  if (a >= 0) return b >= 0 ? undefined : SECOND[op]?.(sizeOf(b, block));
  if (b >= 0) return FIRST[op]?.(sizeOf(a, block));
  return BINARY[op]?.(block.constOf(a), block.constOf(b));
}
