/**
 * Numbers modulo n, the order of secp256k1, and their forms for multiplication of points.
 *
 * A scalar is eight 32-bit words, the lowest first, with eight readable bytes behind them.
 */
import { invert } from '../inverse';

/** n in 32-bit words. */
export const N_WORDS: u32 = u32(
  memory.data<u32>([
    0xd0364141, 0xbfd25e8c, 0xaf48a03b, 0xbaaedce6, 0xfffffffe, 0xffffffff, 0xffffffff, 0xffffffff,
  ]),
);
/** n in limbs of 30 bits. */
const N_30: u32 = u32(
  memory.data<i32>([
    0x10364141, 0x3f497a33, 0x348a03bb, 0x2bb739ab, 0x3ffffeba, 0x3fffffff, 0x3fffffff, 0x3fffffff,
    0xffff,
  ]),
);
/** The inverse of n modulo 2^30. */
const N_INVERSE_30: u32 = 0x2a774ec1;
/** 2^256 - n. */
const N_COMPLEMENT: u32 = u32(
  memory.data<u32>([0x2fc9bebf, 0x402da173, 0x50b75fc4, 0x45512319, 0x1]),
);

// The lattice of (j, k) with j + k LAMBDA = 0 modulo n has the basis (A, -B), (C, A), where LAMBDA
// is the cube root of one that multiplies a point by BETA in x (Gallant, Lambert and Vanstone,
// Faster point multiplication on elliptic curves with efficient endomorphisms, 2001).
const A: u32 = u32(memory.data<u32>([0x9284eb15, 0xe86c90e4, 0xa7d46bcd, 0x3086d221, 0]));
const B: u32 = u32(memory.data<u32>([0x0abfe4c3, 0x6f547fa9, 0x010e8828, 0xe4437ed6, 0]));
const C: u32 = u32(memory.data<u32>([0x9d44cfd8, 0x57c1108d, 0xa8e2f3f6, 0x14ca50f7, 1]));
/** 2^384 A / n and 2^384 B / n, rounded. */
const A_OF_N: u32 = u32(
  memory.data<u32>([
    0x45dbb031, 0xe893209a, 0x71e8ca7f, 0x3daa8a14, 0x9284eb15, 0xe86c90e4, 0xa7d46bcd, 0x3086d221,
  ]),
);
const B_OF_N: u32 = u32(
  memory.data<u32>([
    0x8ac47f71, 0x1571b4ae, 0x9df506c6, 0x221208ac, 0x0abfe4c4, 0x6f547fa9, 0x010e8828, 0xe4437ed6,
  ]),
);

const PRODUCT: u32 = u32(memory.data(80, 16));
const FOLDED: u32 = u32(memory.data(80, 16));
const FIRST: u32 = u32(memory.data(24, 16));
const SECOND: u32 = u32(memory.data(24, 16));
const PART: u32 = u32(memory.data(48, 16));

/** r := a b, of `aCount` and `bCount` words; r is neither. */
function multiply(r: u32, a: u32, aCount: u32, b: u32, bCount: u32): void {
  memory.fill(r, 0, (aCount + bCount) << 2);
  for (let i: u32 = 0; i < aCount; i++) {
    const factor: u64 = load<u32>(a + (i << 2));
    let carry: u64 = 0;
    for (let j: u32 = 0; j < bCount; j++) {
      const at = r + ((i + j) << 2);
      carry += factor * u64(load<u32>(b + (j << 2))) + u64(load<u32>(at));
      store<u32>(at, u32(carry));
      carry >>= 32;
    }
    store<u32>(r + ((i + bCount) << 2), u32(carry));
  }
}

/** r := r + a over as many words; the carry. */
function addWords(r: u32, a: u32, count: u32): u32 {
  let carry: u64 = 0;
  for (let i: u32 = 0; i < count << 2; i += 4) {
    carry += u64(load<u32>(r + i)) + u64(load<u32>(a + i));
    store<u32>(r + i, u32(carry));
    carry >>= 32;
  }
  return u32(carry);
}

/** r := r - a over as many words; whether it fell below zero. */
function subtractWords(r: u32, a: u32, count: u32): bool {
  let carry: i64 = 0;
  for (let i: u32 = 0; i < count << 2; i += 4) {
    carry += i64(load<u32>(r + i)) - i64(load<u32>(a + i));
    store<u32>(r + i, u32(carry));
    carry >>= 32;
  }
  return carry != 0;
}

/** Whether a is below b, of eight words each. */
export function isBelow(a: u32, b: u32): bool {
  for (let i: i32 = 28; i >= 0; i -= 4) {
    const x = load<u32>(a + i);
    const y = load<u32>(b + i);
    if (x != y) return x < y;
  }
  return false;
}

export function isZeroWords(a: u32): bool {
  return (load<u64>(a) | load<u64>(a, 8) | load<u64>(a, 16) | load<u64>(a, 24)) == 0;
}

/** Takes n off a number below 2^256 if it is not below n. */
export function scalarReduce(r: u32): void {
  if (!isBelow(r, N_WORDS)) subtractWords(r, N_WORDS, 8);
}

/** r := a b modulo n. */
export function scalarMul(r: u32, a: u32, b: u32): void {
  multiply(PRODUCT, a, 8, b, 8);
  // 2^256 is N_COMPLEMENT, so what passes it comes back: 512 bits, then 386, 259 and 257 at most.
  fold(8);
  fold(5);
  fold(2);
  let passed = load<u32>(PRODUCT, 32);
  while (passed != 0) passed = passed - 1 + addComplement();
  memory.copy(r, PRODUCT, 32);
  scalarReduce(r);
}

/** PRODUCT := its low eight words + N_COMPLEMENT times the `count` words above them. */
function fold(count: u32): void {
  multiply(FOLDED, PRODUCT + 32, count, N_COMPLEMENT, 5);
  memory.fill(FOLDED + ((count + 5) << 2), 0, 80 - ((count + 5) << 2));
  memory.fill(PRODUCT + 32, 0, 48);
  addWords(PRODUCT, FOLDED, 14);
}

function addComplement(): u32 {
  let carry = addWords(PRODUCT, N_COMPLEMENT, 5);
  for (let i: u32 = 20; i < 32 && carry != 0; i += 4) {
    const word = load<u32>(PRODUCT + i) + carry;
    store<u32>(PRODUCT + i, word);
    carry = u32(word == 0);
  }
  return carry;
}

/** r := -a modulo n. */
export function scalarNegate(r: u32, a: u32): void {
  if (isZeroWords(a)) return memory.copy(r, a, 32);
  memory.copy(PRODUCT, N_WORDS, 32);
  subtractWords(PRODUCT, a, 8);
  memory.copy(r, PRODUCT, 32);
}

/** r := 1 / a modulo n. */
export function scalarInvert(r: u32, a: u32): void {
  invert(r, a, N_30, 9, N_INVERSE_30);
}

/**
 * Splits a scalar k into j1 + j2 LAMBDA modulo n, both below 2^128 in magnitude: the scalar minus
 * the nearest point of the lattice.
 *
 * @param j1, j2 five words, in two's complement
 */
export function splitScalar(j1: u32, j2: u32, k: u32): void {
  roundedHigh(FIRST, k, A_OF_N);
  roundedHigh(SECOND, k, B_OF_N);
  // Nothing above the sign is needed, so all products may be cut to five words.
  memory.copy(j1, k, 20);
  multiply(PART, FIRST, 5, A, 5);
  subtractWords(j1, PART, 5);
  multiply(PART, SECOND, 5, C, 5);
  subtractWords(j1, PART, 5);
  multiply(j2, FIRST, 5, B, 5);
  multiply(PART, SECOND, 5, A, 5);
  subtractWords(j2, PART, 5);
}

/** r := a b / 2^384, rounded, in five words. */
function roundedHigh(r: u32, a: u32, b: u32): void {
  multiply(PRODUCT, a, 8, b, 8);
  let carry: u64 = load<u32>(PRODUCT, 44) >> 31;
  for (let i: u32 = 0; i < 16; i += 4) {
    carry += load<u32>(PRODUCT + 48 + i);
    store<u32>(r + i, u32(carry));
    carry >>= 32;
  }
  store<u32>(r, u32(carry), 16);
}

/** Positions that `toDigits` writes: the number's 129 bits, and a carry. */
export const DIGITS: i32 = 130;

/**
 * Writes a number as a sum of digit_i 2^i, with odd digits below 2^(width - 1) in magnitude, of
 * which at least `width` positions lie apart; 16 bits each.
 *
 * @param words five words, in two's complement, with eight readable bytes behind them; it is made
 *   positive in place
 */
export function toDigits(digits: u32, words: u32, width: u32): void {
  memory.fill(digits, 0, u32(DIGITS) << 1);
  let sign = 1;
  if (load<i32>(words, 16) < 0) {
    sign = -1;
    memory.fill(PART, 0, 20);
    subtractWords(PART, words, 5);
    memory.copy(words, PART, 20);
  }
  let carry: u32 = 0;
  for (let at: u32 = 0; at < u32(DIGITS); ) {
    const bits = u32(load<u64>(words + (at >> 3)) >> (at & 7));
    if ((bits & 1) == carry) {
      at++;
      continue;
    }
    const window = (bits & ((1 << width) - 1)) + carry;
    carry = window >> (width - 1);
    store<i16>(digits + (at << 1), i16(sign * (i32(window) - i32(carry << width))));
    at += width;
  }
}
