/**
 * The prime field beyond sums and products: bytes, inverses, roots, and what is zero.
 */
import { invert } from '../inverse';
import {
  FIELD_BYTES,
  PRIME,
  PRIME_30,
  PRIME_BYTES,
  PRIME_INVERSE_30,
  PRIME_LIMBS_30,
  PRIME_WORDS,
  R,
  R_SQUARED,
  SQRT_EXPONENT,
} from './constants';
import { FP, fpMul, fpOut, fpScale, fpSub } from './fp';

const BITS: u32 = 28;
const MASK: u32 = (1 << 28) - 1;

const WORDS: u32 = u32(memory.data(64, 16));
const OUT: u32 = u32(memory.data(FP, 16));

/** Whether a, a few primes in magnitude, is zero modulo p. */
export function fpIsZero(a: u32): bool {
  fpOut(OUT, a);
  return isAllZero(OUT) || isPrime(OUT);
}

/** Whether all limbs are zero: who writes zeros for a mark may ask for it in this way. */
export function isAllZero(a: u32): bool {
  let bits: u32 = 0;
  for (let i: u32 = 0; i < FP; i += 4) bits |= load<u32>(a + i);
  return bits == 0;
}

function isPrime(a: u32): bool {
  let bits: u32 = 0;
  for (let i: u32 = 0; i < FP; i += 4) bits |= load<u32>(a + i) ^ load<u32>(PRIME + i);
  return bits == 0;
}

export function fpEqual(a: u32, b: u32): bool {
  fpSub(DIFFERENCE, a, b);
  return fpIsZero(DIFFERENCE);
}

const DIFFERENCE: u32 = u32(memory.data(FP, 16));

/** Writes limbs, carried and from 0 to p, as 32-bit words below p. */
function toWords(words: u32, limbs: u32): void {
  if (isPrime(limbs)) return memory.fill(words, 0, PRIME_BYTES);
  let pending: u64 = 0;
  let bits: u32 = 0;
  let left = PRIME_BYTES;
  for (let i: u32 = 0; i < FP && left > 0; i += 4) {
    pending |= u64(load<u32>(limbs + i)) << bits;
    bits += BITS;
    if (bits < 32) continue;
    store<u32>(words, u32(pending));
    words += 4;
    left -= 4;
    pending >>= 32;
    bits -= 32;
  }
  if (left > 0) store<u32>(words, u32(pending));
}

/** r := the limbs of a number in words, with eight readable zero bytes behind them. */
export function limbsOfWords(r: u32, words: u32): void {
  for (let i: u32 = 0; i < FP >> 2; i++) {
    const bit = BITS * i;
    const at = bit >> 3;
    const value = at < PRIME_BYTES ? u32(load<u64>(words + at) >> (bit & 7)) & MASK : 0;
    store<u32>(r + (i << 2), value);
  }
}

/** Words of a prime field element from big-endian bytes; false if it is not below p. */
function readWords(bytes: u32): bool {
  for (let i: u32 = 0; i < PRIME_BYTES; i += 4) {
    store<u32>(WORDS + i, bswap<u32>(load<u32>(bytes + PRIME_BYTES - 4 - i)));
  }
  for (let i = i32(PRIME_BYTES) - 4; i >= 0; i -= 4) {
    const word = load<u32>(WORDS + i);
    const limit = load<u32>(PRIME_WORDS + i);
    if (word != limit) return word < limit;
  }
  return false;
}

/** r := the number in `FIELD_BYTES` big-endian bytes; false if it is not below p. */
export function fpRead(r: u32, bytes: u32): bool {
  for (let i: u32 = 0; i < FIELD_BYTES - PRIME_BYTES; i++) if (load<u8>(bytes + i)) return false;
  return fpReadShort(r, bytes + FIELD_BYTES - PRIME_BYTES);
}

/** r := the number in `PRIME_BYTES` big-endian bytes; false if it is not below p. */
export function fpReadShort(r: u32, bytes: u32): bool {
  if (!readWords(bytes)) return false;
  limbsOfWords(r, WORDS);
  fpMul(r, r, R_SQUARED);
  return true;
}

/** Writes a as `FIELD_BYTES` big-endian bytes. */
export function fpWrite(bytes: u32, a: u32): void {
  fpWords(WORDS, a);
  memory.fill(bytes, 0, FIELD_BYTES - PRIME_BYTES);
  const end = bytes + FIELD_BYTES - 4;
  for (let i: u32 = 0; i < PRIME_BYTES; i += 4) {
    store<u32>(end - i, bswap<u32>(load<u32>(WORDS + i)));
  }
}

/** The number as 32-bit words below p. */
export function fpWords(words: u32, a: u32): void {
  fpScale(OUT, 1, a);
  fpOut(OUT, OUT);
  toWords(words, OUT);
}

/** r := 1 / a; zero for zero. */
export function fpInvert(r: u32, a: u32): void {
  fpWords(WORDS, a);
  invert(WORDS, WORDS, PRIME_30, PRIME_LIMBS_30, PRIME_INVERSE_30);
  limbsOfWords(r, WORDS);
  fpMul(r, r, R_SQUARED);
}

const POWERS: u32 = u32(memory.data(FP * 16, 16));
const RESULT: u32 = u32(memory.data(FP, 16));

/** r := a^exponent, of `PRIME_BYTES`, by windows of four bits. */
export function fpPower(r: u32, a: u32, exponent: u32): void {
  memory.copy(POWERS, R, FP);
  for (let i: u32 = 1; i < 16; i++) fpMul(POWERS + i * FP, POWERS + (i - 1) * FP, a);
  memory.copy(RESULT, R, FP);
  let isStarted = false;
  for (let at = i32(PRIME_BYTES) * 2 - 1; at >= 0; at--) {
    const digit = (u32(load<u8>(exponent + (u32(at) >> 1))) >> ((at & 1) << 2)) & 15;
    if (isStarted) for (let i = 0; i < 4; i++) fpMul(RESULT, RESULT, RESULT);
    if (digit == 0) continue;
    fpMul(RESULT, RESULT, POWERS + digit * FP);
    isStarted = true;
  }
  memory.copy(r, RESULT, FP);
}

const ROOT: u32 = u32(memory.data(FP, 16));
const SQUARE: u32 = u32(memory.data(FP, 16));

/** r := a square root of a; false if there is none. */
export function fpSqrt(r: u32, a: u32): bool {
  fpPower(ROOT, a, SQRT_EXPONENT);
  fpMul(SQUARE, ROOT, ROOT);
  if (!fpEqual(SQUARE, a)) return false;
  memory.copy(r, ROOT, FP);
  return true;
}

/** Whether a is odd as a number below p. */
export function fpIsOdd(a: u32): bool {
  fpWords(WORDS, a);
  return (load<u32>(WORDS) & 1) != 0;
}
