/**
 * Verification of ECDSA on P-256 (EIP-7951), compiled with the sources of points, for `p256.ts`.
 */
import {
  B,
  GENERATOR,
  ORDER,
  ORDER_30,
  ORDER_INVERSE_30,
  ORDER_R_SQUARED,
  ORDER_WORDS,
} from './constants';
import { FP } from './fp';
import { addBatch, ROOM_END, startBatch, takeMultiple } from './multiply';
import { fpMul as orderMul } from './order';
import { isAffineInfinity, isInfinity, isOnCurve, setInfinity, toAffine } from './point';
import { fpRead, fpWords, limbsOfWords } from './prime';
import { invert } from '../inverse';

/** Where the hash, r, s, x and y go: 32 bytes each, big-endian. */
export const INPUT: u32 = u32(memory.data(160, 16));

const HASH: u32 = INPUT;
const R: u32 = INPUT + 32;
const S: u32 = INPUT + 64;
const KEY: u32 = INPUT + 96;

const WORDS: u32 = u32(memory.data(48, 16));
const INVERSE: u32 = u32(memory.data(FP, 16));
const FACTOR: u32 = u32(memory.data(FP, 16));
const SCALAR: u32 = u32(memory.data(32, 16));
const POINT: u32 = u32(memory.data(FP * 2, 16));
const SUM: u32 = u32(memory.data(FP * 3, 16));

const BITS: u32 = 28;
const LIMBS: u32 = FP >> 2;

function readWords(bytes: u32): void {
  for (let i: u32 = 0; i < 32; i += 8) {
    store<u64>(WORDS + i, bswap<u64>(load<u64>(bytes + 24 - i)));
  }
}

/** Whether WORDS is below the order. */
function isBelowOrder(): bool {
  for (let i: i32 = 28; i >= 0; i -= 4) {
    const word = load<u32>(WORDS + u32(i));
    const limit = load<u32>(ORDER_WORDS + u32(i));
    if (word != limit) return word < limit;
  }
  return false;
}

/** Takes the order off WORDS if that is not below it. */
function reduceWords(): void {
  if (isBelowOrder()) return;
  let carry: i64 = 0;
  for (let i: u32 = 0; i < 32; i += 4) {
    carry += i64(load<u32>(WORDS + i)) - i64(load<u32>(ORDER_WORDS + i));
    store<u32>(WORDS + i, u32(carry));
    carry >>= 32;
  }
}

/** Reads a number into WORDS; false if it is zero or not below the order. */
function readScalar(bytes: u32): bool {
  readWords(bytes);
  let bits: u64 = 0;
  for (let i: u32 = 0; i < 32; i += 8) bits |= load<u64>(WORDS + i);
  return bits != 0 && isBelowOrder();
}

/** SCALAR := the number in WORDS divided by s modulo the order, big-endian. */
function divide(): void {
  limbsOfWords(FACTOR, WORDS);
  orderMul(FACTOR, FACTOR, INVERSE);
  // The product is below the order and 2^-24 of it: take it off, and add it if that was too much.
  let sign: i64 = 0;
  for (let i: u32 = 0; i < LIMBS; i++) {
    sign = (sign >> BITS) + i64(load<i32>(FACTOR + (i << 2))) - i64(load<i32>(ORDER + (i << 2)));
  }
  const less: i64 = sign < 0 ? 0 : 1;
  let carry: i64 = 0;
  let pending: u64 = 0;
  let bits: u32 = 0;
  let at: u32 = 28;
  for (let i: u32 = 0; i < LIMBS; i++) {
    carry += i64(load<i32>(FACTOR + (i << 2))) - less * i64(load<i32>(ORDER + (i << 2)));
    pending |= u64(carry & ((1 << BITS) - 1)) << bits;
    carry >>= BITS;
    bits += BITS;
    if (bits < 32) continue;
    store<u32>(SCALAR + at, bswap<u32>(u32(pending)));
    at -= 4;
    pending >>= 32;
    bits -= 32;
  }
}

/** INVERSE := 1 / s for s in WORDS, in the form that `divide` takes. */
function invertScalar(): void {
  invert(WORDS, WORDS, ORDER_30, 9, ORDER_INVERSE_30);
  limbsOfWords(INVERSE, WORDS);
  orderMul(INVERSE, INVERSE, ORDER_R_SQUARED);
}

/** Whether the signature in INPUT holds: h / s G + r / s key has r for x modulo the order. */
export function verify(): i32 {
  const pages = i32((ROOM_END + 0xffff) >> 16) - memory.size();
  if (pages > 0 && memory.grow(pages) < 0) unreachable();
  if (!readScalar(R) || !readScalar(S)) return 0;
  invertScalar();
  if (!fpRead(POINT, KEY) || !fpRead(POINT + FP, KEY + 32)) return 0;
  if (isAffineInfinity(POINT) || !isOnCurve(POINT, B)) return 0;
  startBatch();
  readWords(R);
  divide();
  takeMultiple(POINT, SCALAR);
  readWords(HASH);
  divide();
  takeMultiple(GENERATOR, SCALAR);
  setInfinity(SUM);
  addBatch(SUM);
  if (isInfinity(SUM)) return 0;
  toAffine(POINT, SUM);
  fpWords(WORDS, POINT);
  reduceWords();
  for (let i: u32 = 0; i < 32; i += 8) {
    if (load<u64>(WORDS + i) != bswap<u64>(load<u64>(R + 24 - i))) return 0;
  }
  return 1;
}
