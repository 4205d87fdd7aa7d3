/**
 * Operations on 256-bit words that the EVM does not have: rotations, division that traps or gives
 * ones, arithmetic that tells of overflow. The conventions of `u256-word.ts` hold.
 */
import { TRAP_DIVISION_BY_ZERO, TRAP_INTEGER_OVERFLOW } from '../layout';
import {
  add256,
  copy256,
  iszero256,
  mul256,
  not256,
  or256,
  sdiv256,
  set64,
  shl256i,
  smulhi256,
  srem256,
  sshr256i,
  sub256,
  udiv256,
  ult256,
  umulhi256,
  urem256,
  ushr256i,
  zero256,
} from './u256';

const FIRST: u32 = u32(memory.data(32, 16));
const SECOND: u32 = u32(memory.data(32, 16));

/** dst := value rotated left; the count is taken modulo 256. */
export function rotl256(dst: u32, value: u32, count: u32): void {
  const amount = load<u32>(count) & 255;
  ushr256i(SECOND, value, (256 - amount) & 255);
  shl256i(FIRST, value, amount);
  if (amount == 0) copy256(dst, FIRST);
  else or256(dst, FIRST, SECOND);
}

/** dst := value rotated right. */
export function rotr256(dst: u32, value: u32, count: u32): void {
  const amount = load<u32>(count) & 255;
  shl256i(SECOND, value, (256 - amount) & 255);
  ushr256i(FIRST, value, amount);
  if (amount == 0) copy256(dst, FIRST);
  else or256(dst, FIRST, SECOND);
}

// @ts-ignore: decorator
@inline
function isNegative(a: u32): bool {
  return load<i64>(a, 24) < 0;
}

/** Whether the word is -1. */
function isOnes(a: u32): bool {
  return (load<u64>(a) & load<u64>(a, 8) & load<u64>(a, 16) & load<u64>(a, 24)) == u64.MAX_VALUE;
}

/** Whether the word is -2^255. */
function isLeast(a: u32): bool {
  return (
    (load<u64>(a) | load<u64>(a, 8) | load<u64>(a, 16)) == 0 && load<i64>(a, 24) == i64.MIN_VALUE
  );
}

/**
 * FIRST := the wrapped result; returns whether it wrapped. The operation is 0 add, 1 subtract,
 * 2 multiply; plus 4 where the operands are signed.
 */
function wraps(operation: u32, a: u32, b: u32): bool {
  switch (operation) {
    case 0: {
      add256(FIRST, a, b);
      return ult256(FIRST, a);
    }
    case 1: {
      sub256(FIRST, a, b);
      return ult256(a, b);
    }
    case 2: {
      umulhi256(SECOND, a, b);
      mul256(FIRST, a, b);
      return !iszero256(SECOND);
    }
    case 4: {
      add256(FIRST, a, b);
      return isNegative(a) == isNegative(b) && isNegative(FIRST) != isNegative(a);
    }
    case 5: {
      sub256(FIRST, a, b);
      return isNegative(a) != isNegative(b) && isNegative(FIRST) != isNegative(a);
    }
    default: {
      smulhi256(SECOND, a, b);
      mul256(FIRST, a, b);
      const high = isNegative(FIRST) ? isOnes(SECOND) : iszero256(SECOND);
      return !high;
    }
  }
}

/** d := the wrapped result, e := whether it wrapped, as a word. */
export function overflow256(operation: u32, d: u32, e: u32, a: u32, b: u32): void {
  const flag = wraps(operation, a, b);
  copy256(d, FIRST);
  set64(e, <u64>flag);
}

/** d := the result; a trap kind where it wraps, else 0. */
export function checked256(operation: u32, d: u32, a: u32, b: u32): u32 {
  if (wraps(operation, a, b)) return TRAP_INTEGER_OVERFLOW;
  copy256(d, FIRST);
  return 0;
}

/**
 * Division by another rule than the EVM's: bit 0 remainder, bit 1 signed, bit 2 all ones and the
 * dividend where the divisor is 0 (else a trap). Returns a trap kind or 0.
 */
export function divide256(rule: u32, d: u32, a: u32, b: u32): u32 {
  const isRemainder = (rule & 1) != 0;
  if (iszero256(b)) {
    if ((rule & 4) == 0) return TRAP_DIVISION_BY_ZERO;
    if (isRemainder) {
      copy256(d, a);
    } else {
      zero256(FIRST);
      not256(d, FIRST);
    }
    return 0;
  }
  if ((rule & 2) == 0) {
    if (isRemainder) urem256(d, a, b);
    else udiv256(d, a, b);
    return 0;
  }
  if (rule == 2 && isOnes(b) && isLeast(a)) return TRAP_INTEGER_OVERFLOW;
  if (isRemainder) srem256(d, a, b);
  else sdiv256(d, a, b);
  return 0;
}
