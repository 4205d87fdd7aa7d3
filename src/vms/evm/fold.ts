/**
 * Folding of 256-bit operations whose operands are known, and of those that a known operand makes
 * trivial. Not every operation: those that compilers leave over constants.
 */
import { OP_NUMBER } from '../../dmir/flat.ts';
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

/** Results where only the first operand is known. */
const FIRST = byNumber<(a: bigint) => Folded>({
  add: (a) => (a === 0n ? 'second' : undefined),
  mul: (a) => (a === 1n ? 'second' : a === 0n ? 0n : undefined),
  and: (a) => (a === MASK ? 'second' : a === 0n ? 0n : undefined),
  or: (a) => (a === 0n ? 'second' : undefined),
  xor: (a) => (a === 0n ? 'second' : undefined),
  byte_be: (a) => (a > 31n ? 0n : undefined),
  sext_byte: (a) => (a > 30n ? 'second' : undefined),
});

/** Results where only the second operand is known. */
const SECOND = byNumber<(b: bigint) => Folded>({
  add: (b) => (b === 0n ? 'first' : undefined),
  sub: (b) => (b === 0n ? 'first' : undefined),
  mul: (b) => (b === 1n ? 'first' : b === 0n ? 0n : undefined),
  udiv_zero: (b) => (b === 1n ? 'first' : b === 0n ? 0n : undefined),
  and: (b) => (b === MASK ? 'first' : b === 0n ? 0n : undefined),
  or: (b) => (b === 0n ? 'first' : undefined),
  xor: (b) => (b === 0n ? 'first' : undefined),
  shl_sat: (b) => (b === 0n ? 'first' : b > 255n ? 0n : undefined),
  ushr_sat: (b) => (b === 0n ? 'first' : b > 255n ? 0n : undefined),
  sshr_sat: (b) => (b === 0n ? 'first' : undefined),
});

/** The result of the operation with the number over a constant. */
export function foldUnary(op: number, a: bigint): bigint | undefined {
  return UNARY[op]?.(a);
}

/** The result of the operation with the number over operands of which one at least is known. */
export function foldBinary(op: number, a: bigint | undefined, b: bigint | undefined): Folded {
  if (a !== undefined) {
    return b === undefined ? FIRST[op]?.(a) : BINARY[op]?.(a, b);
  }
  return b === undefined ? undefined : SECOND[op]?.(b);
}
