/**
 * Quotients, remainders and sums modulo a word, of 256-bit words. The conventions of
 * `u256-word.ts` hold. A division by zero gives zero, for the quotient and for the remainder (EVM).
 *
 * Division proceeds limb by limb from the top (Knuth, The Art of Computer Programming, volume 2,
 * 4.3.1, algorithm D) with a reciprocal of the divisor in place of a machine division (Möller and
 * Granlund, "Improved division by invariant integers", 2011; their algorithms are named where they
 * stand). The divisor is shifted left until its top bit is one, and further by whole limbs until
 * it has four, so that divisors of two to four limbs share one loop; the dividend follows.
 *
 * The dividend stands at NUMERATOR. A table keeps the reciprocals of recent divisors: contracts
 * divide by few values, and a reciprocal costs as much as two steps of a division.
 */
import { mulHi64 } from './u256-mul';
import {
  ctzCount256,
  neg256,
  setLimbs,
  ult256,
  ushr256i,
  zero256,
} from './u256-word';

/** Nine limbs of dividend, after three that stay zero. */
export const NUMERATOR: u32 = u32(memory.data(96, 8)) + 24;
/** Where unwanted results go; a quotient has up to eight limbs. */
export const UNUSED_QUOTIENT: u32 = u32(memory.data(64, 16));
export const UNUSED_REMAINDER: u32 = u32(memory.data(32, 16));
/** Absolute values of signed operands. */
const ABS_LEFT: u32 = u32(memory.data(32, 16));
const ABS_RIGHT: u32 = u32(memory.data(32, 16));

/** Entries of 32 bytes: high limb and low limb of a normalised divisor, its reciprocal. */
const RECIPROCALS: u32 = u32(memory.data(512, 16));
/** 2^64 divided by the golden ratio: spreads divisors over the 16 entries by the top four bits. */
export const SPREAD: u64 = 0x9e3779b97f4a7c15;

/** floor((2^128 - 1) / d) - 2^64, for d >= 2^63 (algorithm 2). */
function reciprocalOfLimb(d: u64): u64 {
  const odd = d & 1;
  const d40 = (d >> 24) + 1;
  const d63 = (d >> 1) + odd;
  const v0 = u64(0x7fd00 / u32(d >> 55));
  const v1 = (v0 << 11) - ((v0 * v0 * d40) >> 40) - 1;
  const v2 = (v1 << 13) + ((v1 * (0x1000000000000000 - v1 * d40)) >> 47);
  const error = (v2 >> 1) * odd - v2 * d63;
  const v3 = (v2 << 31) + (mulHi64(v2, error) >> 1);
  const low = v3 * d;
  return v3 - (mulHi64(v3, d) + u64(low + d < d) + d);
}

/** floor((2^192 - 1) / (d1 * 2^64 + d0)) - 2^64, for d1 >= 2^63 (algorithm 6). */
function reciprocalOfPair(d1: u64, d0: u64): u64 {
  let v = reciprocalOfLimb(d1);
  if (d0 == 0) return v;
  let p = d1 * v + d0;
  if (p < d0) {
    v--;
    if (p >= d1) {
      v--;
      p -= d1;
    }
    p -= d1;
  }
  const high = mulHi64(v, d0);
  p += high;
  if (p < high) {
    v--;
    if (p > d1 || (p == d1 && v * d0 + d0 >= d0)) v--;
  }
  return v;
}

/** The reciprocal of a normalised divisor's two top limbs, from the table where it holds it. */
function reciprocal(d1: u64, d0: u64): u64 {
  const entry = RECIPROCALS + (u32(((d1 + d0) * SPREAD) >> 60) << 5);
  if (load<u64>(entry) == d1 && load<u64>(entry, 8) == d0) return load<u64>(entry, 16);
  const v = reciprocalOfPair(d1, d0);
  store<u64>(entry, d1);
  store<u64>(entry, d0, 8);
  store<u64>(entry, v, 16);
  return v;
}

/** The limb at `at` of the dividend shifted left by `shift` bits, `rest` being 63 - shift. */
// @ts-ignore: decorator
@inline
function shiftedLimb(at: u32, shift: u64, rest: u64): u64 {
  return (load<u64>(at) << shift) | ((load<u64>(at - 8) >> 1) >> rest);
}

/** Divides the `count` limbs of the dividend by one limb (algorithm 4 at each step). */
function divideShort(count: u32, divisor: u64, quotient: u32, remainder: u32): void {
  const shift = clz<u64>(divisor);
  const rest = shift ^ 63;
  const d = divisor << shift;
  const v = reciprocal(d, 0);
  let r = (load<u64>(NUMERATOR + count * 8 - 8) >> 1) >> rest;
  for (let at = count * 8; at != 0; ) {
    at -= 8;
    const u = shiftedLimb(NUMERATOR + at, shift, rest);
    const low = v * r + u;
    let q = mulHi64(v, r) + r + u64(low < u) + 1;
    r = u - q * d;
    if (r > low) {
      q--;
      r += d;
    }
    if (r >= d) {
      q++;
      r -= d;
    }
    store<u64>(quotient + at, q);
  }
  setLimbs(remainder, r >> shift, 0, 0, 0);
}

/** What `estimate` leaves of its dividend, below 2 * 2^128: a carry and two limbs. */
let restCarry: u64 = 0;
let restHigh: u64 = 0;
let restLow: u64 = 0;

/**
 * (r3, r2, r1) / (d3, d2), at most 2^64 - 1, for (r3, r2) <= (d3, d2) and v the divisor's
 * reciprocal (algorithm 5). It is the next limb of the quotient or one more.
 */
// @ts-ignore: decorator
@inline
function estimate(r3: u64, r2: u64, r1: u64, d3: u64, d2: u64, v: u64): u64 {
  if (r3 == d3 && r2 == d2) {
    restLow = d2 + r1;
    restHigh = d3 + u64(restLow < r1);
    restCarry = u64(restHigh < d3);
    return -1;
  }
  const low = v * r3 + r2;
  let q = mulHi64(v, r3) + r3 + u64(low < r2);
  const product = d2 * q;
  const difference = r1 - product;
  let t1 = r2 - q * d3 - mulHi64(d2, q) - u64(r1 < product) - d3 - u64(difference < d2);
  let t0 = difference - d2;
  q++;
  if (t1 >= low) {
    q--;
    t0 += d2;
    t1 += d3 + u64(t0 < d2);
  }
  if (t1 > d3 || (t1 == d3 && t0 >= d2)) {
    q++;
    t1 -= d3 + u64(t0 < d2);
    t0 -= d2;
  }
  restCarry = 0;
  restHigh = t1;
  restLow = t0;
  return q;
}

/** Undoes the shifts of `divideLong` on its remainder. */
// @ts-ignore: decorator
@inline
function storeRemainder(
  dst: u32,
  r0: u64,
  r1: u64,
  r2: u64,
  r3: u64,
  shift: u64,
  pad: u32,
): void {
  const rest = shift ^ 63;
  const l0 = (r0 >> shift) | ((r1 << 1) << rest);
  const l1 = (r1 >> shift) | ((r2 << 1) << rest);
  const l2 = (r2 >> shift) | ((r3 << 1) << rest);
  const l3 = r3 >> shift;
  if (pad == 0) setLimbs(dst, l0, l1, l2, l3);
  else if (pad == 1) setLimbs(dst, l1, l2, l3, 0);
  else setLimbs(dst, l2, l3, 0, 0);
}

/**
 * Divides the `count` limbs of the dividend by a normalised divisor of four limbs, of which the
 * `pad` lowest, 0 to 2, are zeros that were put under it. `count` is at least 4 - pad.
 */
function divideLong(
  count: u32,
  d3: u64,
  d2: u64,
  d1: u64,
  d0: u64,
  shift: u64,
  pad: u32,
  quotient: u32,
  remainder: u32,
): void {
  const v = reciprocal(d3, d2);
  const rest = shift ^ 63;
  const end = NUMERATOR - pad * 8;
  let at = NUMERATOR + count * 8;
  // The running remainder is below the divisor, since its top limb is below 2^63.
  let r3 = (load<u64>(at - 8) >> 1) >> rest;
  let r2 = shiftedLimb(at - 8, shift, rest);
  let r1 = shiftedLimb(at - 16, shift, rest);
  let r0 = shiftedLimb(at - 24, shift, rest);
  for (at -= 32; at >= end; at -= 8) {
    const u = shiftedLimb(at, shift, rest);
    let q = estimate(r3, r2, r1, d3, d2, v);
    const t1 = restHigh;
    const t0 = restLow;
    if (pad == 2) {
      r3 = t1;
      r2 = t0;
      r1 = r0;
      r0 = u;
    } else {
      // Takes q * (d1, d0) off (restCarry, t1, t0, r0, u).
      const s0 = q * d0;
      const p1 = q * d1;
      const s1 = mulHi64(q, d0) + p1;
      const s2 = mulHi64(q, d1) + u64(s1 < p1);
      const k0 = u64(u < s0);
      const x1 = r0 - s1;
      const k1 = u64(r0 < s1) | u64(x1 < k0);
      const x2 = t0 - s2;
      const k2 = u64(t0 < s2) | u64(x2 < k1);
      r3 = t1 - k2;
      r2 = x2 - k1;
      r1 = x1 - k0;
      r0 = u - s0;
      if (u64(t1 < k2) > restCarry) {
        q--;
        const y0 = r0 + d0;
        const c0 = u64(y0 < d0);
        const y1 = r1 + d1;
        const z1 = y1 + c0;
        const c1 = u64(y1 < d1) | u64(z1 < c0);
        const y2 = r2 + d2;
        const z2 = y2 + c1;
        r3 += d3 + (u64(y2 < d2) | u64(z2 < c1));
        r2 = z2;
        r1 = z1;
        r0 = y0;
      }
    }
    store<u64>(quotient + (at - end), q);
  }
  storeRemainder(remainder, r0, r1, r2, r3, shift, pad);
}

/**
 * Divides the `count` limbs of the dividend by a divisor other than zero. The quotient's limbs
 * above the last one that is found are left as they are.
 */
export function divide(
  count: u32,
  b0: u64,
  b1: u64,
  b2: u64,
  b3: u64,
  quotient: u32,
  remainder: u32,
): void {
  while (count != 0 && load<u64>(NUMERATOR + count * 8 - 8) == 0) count--;
  if ((b1 | b2 | b3) == 0) {
    if (count != 0) divideShort(count, b0, quotient, remainder);
    else zero256(remainder);
    return;
  }
  const pad: u32 = b3 != 0 ? 0 : b2 != 0 ? 1 : 2;
  if (count < 4 - pad) {
    setLimbs(remainder, load<u64>(NUMERATOR), load<u64>(NUMERATOR, 8), load<u64>(NUMERATOR, 16), 0);
    return;
  }
  if (pad != 0) {
    const two = pad == 2;
    b3 = two ? b1 : b2;
    b2 = two ? b0 : b1;
    b1 = two ? 0 : b0;
    b0 = 0;
  }
  const shift = clz<u64>(b3);
  const rest = shift ^ 63;
  const d3 = (b3 << shift) | ((b2 >> 1) >> rest);
  const d2 = (b2 << shift) | ((b1 >> 1) >> rest);
  const d1 = (b1 << shift) | ((b0 >> 1) >> rest);
  divideLong(count, d3, d2, d1, b0 << shift, shift, pad, quotient, remainder);
}

/**
 * q := a / b and r := a mod b, unsigned. An address of 0 tells that a result is not wanted; two
 * results must not overlap.
 */
export function udivrem256(q: u32, r: u32, a: u32, b: u32): void {
  const a0 = load<u64>(a);
  const a1 = load<u64>(a, 8);
  const a2 = load<u64>(a, 16);
  const a3 = load<u64>(a, 24);
  const b0 = load<u64>(b);
  const b1 = load<u64>(b, 8);
  const b2 = load<u64>(b, 16);
  const b3 = load<u64>(b, 24);
  const quotient = q != 0 ? q : UNUSED_QUOTIENT;
  const remainder = r != 0 ? r : UNUSED_REMAINDER;
  const upper = b1 | b2 | b3;
  if (upper == 0 && b0 == 0) {
    zero256(quotient);
    zero256(remainder);
    return;
  }
  if ((a1 | a2 | a3 | upper) == 0) {
    const q0 = a0 / b0;
    setLimbs(quotient, q0, 0, 0, 0);
    setLimbs(remainder, a0 - q0 * b0, 0, 0, 0);
    return;
  }
  if (popcnt<u64>(b0) + popcnt<u64>(b1) + popcnt<u64>(b2) + popcnt<u64>(b3) == 1) {
    const m1 = b1 - u64(b0 == 0);
    const m2 = b2 - u64((b0 | b1) == 0);
    const m3 = b3 - u64((b0 | b1 | b2) == 0);
    ushr256i(quotient, a, ctzCount256(b));
    setLimbs(remainder, a0 & (b0 - 1), a1 & m1, a2 & m2, a3 & m3);
    return;
  }
  const isLess = ult256(a, b);
  zero256(quotient);
  if (isLess) {
    setLimbs(remainder, a0, a1, a2, a3);
    return;
  }
  setLimbs(NUMERATOR, a0, a1, a2, a3);
  divide(4, b0, b1, b2, b3, quotient, remainder);
}

/** dst := a / b, unsigned (EVM DIV). */
export function udiv256(dst: u32, a: u32, b: u32): void {
  udivrem256(dst, 0, a, b);
}

/** dst := a mod b, unsigned (EVM MOD). */
export function urem256(dst: u32, a: u32, b: u32): void {
  udivrem256(0, dst, a, b);
}

// @ts-ignore: decorator
@inline
function isNegative(a: u32): bool {
  return load<i64>(a, 24) < 0;
}

/** The address of |a|: `scratch`, or `a` itself. */
// @ts-ignore: decorator
@inline
function absolute(scratch: u32, a: u32): u32 {
  if (!isNegative(a)) return a;
  neg256(scratch, a);
  return scratch;
}

/** dst := a / b, two's complement, rounded to zero; -2^255 / -1 = -2^255 (EVM SDIV). */
export function sdiv256(dst: u32, a: u32, b: u32): void {
  const negate = isNegative(a) != isNegative(b);
  udivrem256(dst, 0, absolute(ABS_LEFT, a), absolute(ABS_RIGHT, b));
  if (negate) neg256(dst, dst);
}

/** dst := a mod b, two's complement, with the sign of a (EVM SMOD). */
export function srem256(dst: u32, a: u32, b: u32): void {
  const negate = isNegative(a);
  udivrem256(0, dst, absolute(ABS_LEFT, a), absolute(ABS_RIGHT, b));
  if (negate) neg256(dst, dst);
}

/** dst := (a + b) mod m, of the whole sum; 0 for m = 0 (EVM ADDMOD). */
export function addmod256(dst: u32, a: u32, b: u32, m: u32): void {
  const m0 = load<u64>(m);
  const m1 = load<u64>(m, 8);
  const m2 = load<u64>(m, 16);
  const m3 = load<u64>(m, 24);
  if ((m0 | m1 | m2 | m3) == 0) {
    zero256(dst);
    return;
  }
  const a0 = load<u64>(a);
  const a1 = load<u64>(a, 8);
  const a2 = load<u64>(a, 16);
  const a3 = load<u64>(a, 24);
  const s0 = a0 + load<u64>(b);
  const c0 = u64(s0 < a0);
  const t1 = a1 + load<u64>(b, 8);
  const s1 = t1 + c0;
  const c1 = u64(t1 < a1) | u64(s1 < t1);
  const t2 = a2 + load<u64>(b, 16);
  const s2 = t2 + c1;
  const c2 = u64(t2 < a2) | u64(s2 < t2);
  const t3 = a3 + load<u64>(b, 24);
  const s3 = t3 + c2;
  const c3 = u64(t3 < a3) | u64(s3 < t3);
  if (ult256(a, m) && ult256(b, m)) {
    // The sum is below 2m: subtract m unless that borrows from below the carry.
    const x1 = s1 - m1;
    const x2 = s2 - m2;
    const x3 = s3 - m3;
    const k0 = u64(s0 < m0);
    const k1 = u64(s1 < m1) | u64(x1 < k0);
    const k2 = u64(s2 < m2) | u64(x2 < k1);
    const k3 = u64(s3 < m3) | u64(x3 < k2);
    if (k3 > c3) setLimbs(dst, s0, s1, s2, s3);
    else setLimbs(dst, s0 - m0, x1 - k0, x2 - k1, x3 - k2);
    return;
  }
  setLimbs(NUMERATOR, s0, s1, s2, s3);
  store<u64>(NUMERATOR, c3, 32);
  divide(5, m0, m1, m2, m3, UNUSED_QUOTIENT, dst);
}
