/**
 * Reference semantics of the integer operations, one rule a row. See `eval.ts` for the invariants.
 */
import { flag, type PureInput, type PureRule, signed, wrap } from './eval-rule.ts';

type Arithmetic = (x: bigint, y: bigint) => bigint;

const sum: Arithmetic = (x, y) => x + y;
const difference: Arithmetic = (x, y) => x - y;
const product: Arithmetic = (x, y) => x * y;

type Form = (exact: Arithmetic) => PureRule;

const wrapping: Form = (exact) => (i) => wrap(i.bits, exact(i.a, i.b));

const unsignedTrap: Form = (exact) => (i) => {
  const value = exact(i.a, i.b);
  return value === wrap(i.bits, value) ? value : 'integer-overflow';
};

const signedTrap: Form = (exact) => (i) => {
  const value = exact(signed(i.bits, i.a), signed(i.bits, i.b));
  return value === signed(i.bits, value) ? wrap(i.bits, value) : 'integer-overflow';
};

const unsignedFlag: Form = (exact) => (i) => {
  const value = exact(i.a, i.b);
  const wrapped = wrap(i.bits, value);
  return [wrapped, flag(value !== wrapped)];
};

const signedFlag: Form = (exact) => (i) => {
  const value = exact(signed(i.bits, i.a), signed(i.bits, i.b));
  return [wrap(i.bits, value), flag(value !== signed(i.bits, value))];
};

/** What a division by zero gives. */
type ByZero = 'trap' | 'zero' | 'ones';

function quotientByZero(rule: ByZero, bits: number): bigint | 'division-by-zero' {
  if (rule === 'trap') return 'division-by-zero';
  return rule === 'zero' ? 0n : wrap(bits, -1n);
}

function remainderByZero(rule: ByZero, dividend: bigint): bigint | 'division-by-zero' {
  if (rule === 'trap') return 'division-by-zero';
  return rule === 'zero' ? 0n : dividend;
}

const unsignedQuotient =
  (rule: ByZero): PureRule =>
  ({ bits, a, b }) =>
    b === 0n ? quotientByZero(rule, bits) : a / b;

const unsignedRemainder =
  (rule: ByZero): PureRule =>
  ({ a, b }) =>
    b === 0n ? remainderByZero(rule, a) : a % b;

/** The least number over -1 has no quotient: it traps in the trapping form and else wraps. */
const signedQuotient =
  (rule: ByZero): PureRule =>
  ({ bits, a, b }) => {
    if (b === 0n) return quotientByZero(rule, bits);
    const quotient = signed(bits, a) / signed(bits, b);
    if (rule === 'trap' && quotient !== signed(bits, quotient)) return 'integer-overflow';
    return wrap(bits, quotient);
  };

/** The remainder takes the dividend's sign. */
const signedRemainder =
  (rule: ByZero): PureRule =>
  ({ bits, a, b }) =>
    b === 0n ? remainderByZero(rule, a) : wrap(bits, signed(bits, a) % signed(bits, b));

function power({ bits, a, b }: PureInput): bigint {
  let result = 1n;
  let square = a;
  for (let exponent = b; exponent > 0n; exponent >>= 1n) {
    if ((exponent & 1n) === 1n) result = wrap(bits, result * square);
    square = wrap(bits, square * square);
  }
  return result;
}

/** Shift count modulo the width; every width that has shifts is a power of two. */
function maskedCount({ bits, b }: PureInput): bigint {
  return b & BigInt(bits - 1);
}

function rotateLeft(bits: number, value: bigint, count: bigint): bigint {
  return wrap(bits, (value << count) | (value >> (BigInt(bits) - count)));
}

function countOnes(value: bigint): bigint {
  let count = 0n;
  for (let rest = value; rest > 0n; rest >>= 1n) count += rest & 1n;
  return count;
}

function leadingZeros(bits: number, value: bigint): bigint {
  return BigInt(value === 0n ? bits : bits - value.toString(2).length);
}

function trailingZeros(bits: number, value: bigint): bigint {
  return value === 0n ? BigInt(bits) : countOnes((value & -value) - 1n);
}

function swapBytes(bits: number, value: bigint): bigint {
  let result = 0n;
  for (let shift = 0n; shift < BigInt(bits); shift += 8n) {
    result = (result << 8n) | ((value >> shift) & 0xffn);
  }
  return result;
}

/** The byte at an index from the most significant, 0 past the end: EVM BYTE (Yellow Paper 0x1a). */
function byteFromTop({ bits, a, b }: PureInput): bigint {
  const count = BigInt(bits / 8);
  return a >= count ? 0n : (b >> (8n * (count - 1n - a))) & 0xffn;
}

/** Extends the sign of byte `a`, counted from the least significant: EVM SIGNEXTEND (0x0b). */
function extendFromByte({ bits, a, b }: PureInput): bigint {
  const count = BigInt(bits / 8);
  return a >= count ? b : wrap(bits, signed(8 * (Number(a) + 1), b));
}

type Relation = (x: bigint, y: bigint) => boolean;

const unsignedTest =
  (holds: Relation): PureRule =>
  ({ a, b }) =>
    flag(holds(a, b));

const signedTest =
  (holds: Relation): PureRule =>
  ({ bits, a, b }) =>
    flag(holds(signed(bits, a), signed(bits, b)));

export const INT_RULES = {
  copy: ({ a }) => a,
  select: ({ a, b, c }) => (a === 1n ? b : c),
  add: wrapping(sum),
  sub: wrapping(difference),
  mul: wrapping(product),
  umulhi: ({ bits, a, b }) => (a * b) >> BigInt(bits),
  smulhi: ({ bits, a, b }) => wrap(bits, (signed(bits, a) * signed(bits, b)) >> BigInt(bits)),
  addmod: ({ a, b, c }) => (c === 0n ? 0n : (a + b) % c),
  mulmod: ({ a, b, c }) => (c === 0n ? 0n : (a * b) % c),
  pow: power,
  uadd_trap: unsignedTrap(sum),
  sadd_trap: signedTrap(sum),
  usub_trap: unsignedTrap(difference),
  ssub_trap: signedTrap(difference),
  umul_trap: unsignedTrap(product),
  smul_trap: signedTrap(product),
  uadd_overflow: unsignedFlag(sum),
  sadd_overflow: signedFlag(sum),
  usub_overflow: unsignedFlag(difference),
  ssub_overflow: signedFlag(difference),
  umul_overflow: unsignedFlag(product),
  smul_overflow: signedFlag(product),
  udiv: unsignedQuotient('trap'),
  sdiv: signedQuotient('trap'),
  urem: unsignedRemainder('trap'),
  srem: signedRemainder('trap'),
  udiv_zero: unsignedQuotient('zero'),
  sdiv_zero: signedQuotient('zero'),
  urem_zero: unsignedRemainder('zero'),
  srem_zero: signedRemainder('zero'),
  udiv_ones: unsignedQuotient('ones'),
  sdiv_ones: signedQuotient('ones'),
  urem_ones: unsignedRemainder('ones'),
  srem_ones: signedRemainder('ones'),
  and: ({ a, b }) => a & b,
  or: ({ a, b }) => a | b,
  xor: ({ a, b }) => a ^ b,
  not: ({ bits, a }) => wrap(bits, ~a),
  shl: (i) => wrap(i.bits, i.a << maskedCount(i)),
  ushr: (i) => i.a >> maskedCount(i),
  sshr: (i) => wrap(i.bits, signed(i.bits, i.a) >> maskedCount(i)),
  shl_sat: ({ bits, a, b }) => (b >= BigInt(bits) ? 0n : wrap(bits, a << b)),
  ushr_sat: ({ bits, a, b }) => (b >= BigInt(bits) ? 0n : a >> b),
  sshr_sat: ({ bits, a, b }) => {
    const count = b >= BigInt(bits) ? BigInt(bits - 1) : b;
    return wrap(bits, signed(bits, a) >> count);
  },
  rotl: (i) => rotateLeft(i.bits, i.a, maskedCount(i)),
  rotr: (i) => rotateLeft(i.bits, i.a, BigInt(i.bits) - maskedCount(i)),
  clz: ({ bits, a }) => leadingZeros(bits, a),
  ctz: ({ bits, a }) => trailingZeros(bits, a),
  popcnt: ({ a }) => countOnes(a),
  bswap: ({ bits, a }) => swapBytes(bits, a),
  byte_be: byteFromTop,
  sext_byte: extendFromByte,
  eq: unsignedTest((x, y) => x === y),
  ne: unsignedTest((x, y) => x !== y),
  ult: unsignedTest((x, y) => x < y),
  ule: unsignedTest((x, y) => x <= y),
  ugt: unsignedTest((x, y) => x > y),
  uge: unsignedTest((x, y) => x >= y),
  slt: signedTest((x, y) => x < y),
  sle: signedTest((x, y) => x <= y),
  sgt: signedTest((x, y) => x > y),
  sge: signedTest((x, y) => x >= y),
  iszero: ({ a }) => flag(a === 0n),
  zext: ({ a }) => a,
  sext: ({ bits, sourceBits, a }) => wrap(bits, signed(sourceBits, a)),
  trunc: ({ bits, a }) => wrap(bits, a),
} as const satisfies Record<string, PureRule>;
