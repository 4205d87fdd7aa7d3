/**
 * Products and powers of 256-bit words. The conventions of `u256-word.ts` hold.
 *
 * WebAssembly has no 64 x 64 -> 128 product, so its high half is put together from four 32-bit
 * products. Partial products are summed by columns; a sum's carry is `sum < addend`.
 */
import {
  copy256,
  ctzCount256,
  fits64,
  popcntCount256,
  set64,
  setLimbs,
  shl256i,
  zero256,
} from './u256-word';

/** High 64 bits of a 128-bit product. */
// @ts-ignore: decorator
@inline
export function mulHi64(a: u64, b: u64): u64 {
  const al = a & 0xffffffff;
  const ah = a >> 32;
  const bl = b & 0xffffffff;
  const bh = b >> 32;
  // Neither sum passes 64 bits: (2^32 - 1)^2 + 2^32 - 1 < 2^64.
  const m1 = ah * bl + ((al * bl) >> 32);
  const m2 = al * bh + (m1 & 0xffffffff);
  return ah * bh + (m1 >> 32) + (m2 >> 32);
}

/** dst := a * b, for 64-bit factors. */
// @ts-ignore: decorator
@inline
export function mul64(dst: u32, a: u64, b: u64): void {
  store<u64>(dst, a * b);
  store<u64>(dst, mulHi64(a, b), 8);
  v128.store(dst, i64x2.splat(0), 16);
}

/** dst := a * b. */
export function mul256(dst: u32, a: u32, b: u32): void {
  const a0 = load<u64>(a);
  const a1 = load<u64>(a, 8);
  const a2 = load<u64>(a, 16);
  const a3 = load<u64>(a, 24);
  const b0 = load<u64>(b);
  const b1 = load<u64>(b, 8);
  const b2 = load<u64>(b, 16);
  const b3 = load<u64>(b, 24);
  const upper = a2 | a3 | b2 | b3;
  if ((a1 | b1 | upper) == 0) {
    mul64(dst, a0, b0);
    return;
  }
  let lo = a0 * b1;
  const x1 = mulHi64(a0, b0) + lo;
  let r2 = mulHi64(a0, b1) + u64(x1 < lo);
  lo = a1 * b0;
  const r1 = x1 + lo;
  let hi = mulHi64(a1, b0) + u64(r1 < lo);
  r2 += hi;
  let r3 = u64(r2 < hi);
  lo = a1 * b1;
  r2 += lo;
  r3 += mulHi64(a1, b1) + u64(r2 < lo);
  if (upper != 0) {
    lo = a0 * b2;
    r2 += lo;
    r3 += mulHi64(a0, b2) + u64(r2 < lo);
    lo = a2 * b0;
    r2 += lo;
    r3 += mulHi64(a2, b0) + u64(r2 < lo);
    r3 += a0 * b3 + a1 * b2 + a2 * b1 + a3 * b0;
  }
  setLimbs(dst, a0 * b0, r1, r2, r3);
}

/** dst := a * a. */
export function sqr256(dst: u32, a: u32): void {
  const a0 = load<u64>(a);
  const a1 = load<u64>(a, 8);
  const a2 = load<u64>(a, 16);
  const a3 = load<u64>(a, 24);
  const lo01 = a0 * a1;
  const hi01 = mulHi64(a0, a1);
  const lo02 = a0 * a2;
  // Twice the mixed products, then the squares.
  const d1 = lo01 << 1;
  const r1 = mulHi64(a0, a0) + d1;
  const d2 = (hi01 << 1) | (lo01 >> 63);
  const s2 = d2 + u64(r1 < d1);
  const carry2 = u64(s2 < d2);
  const e2 = lo02 << 1;
  const t2 = s2 + e2;
  const q2 = a1 * a1;
  const r2 = t2 + q2;
  let r3 = (hi01 >> 63) + carry2 + u64(t2 < e2) + u64(r2 < q2);
  r3 += (mulHi64(a0, a2) << 1) | (lo02 >> 63);
  r3 += mulHi64(a1, a1) + ((a0 * a3 + a1 * a2) << 1);
  setLimbs(dst, a0 * a0, r1, r2, r3);
}

/**
 * Adds `factor` times the word at `b` to the five limbs at `row`, of which the fifth is written
 * and not read.
 */
// @ts-ignore: decorator
@inline
function addRow(row: u32, factor: u64, b0: u64, b1: u64, b2: u64, b3: u64): void {
  // A product, a limb and a carry fit 128 bits: (2^64 - 1)^2 + 2 * (2^64 - 1) = 2^128 - 1.
  let lo = factor * b0;
  let sum = load<u64>(row) + lo;
  store<u64>(row, sum);
  let carry = mulHi64(factor, b0) + u64(sum < lo);

  lo = factor * b1;
  let part = lo + carry;
  sum = load<u64>(row, 8) + part;
  store<u64>(row, sum, 8);
  carry = mulHi64(factor, b1) + u64(part < lo) + u64(sum < part);

  lo = factor * b2;
  part = lo + carry;
  sum = load<u64>(row, 16) + part;
  store<u64>(row, sum, 16);
  carry = mulHi64(factor, b2) + u64(part < lo) + u64(sum < part);

  lo = factor * b3;
  part = lo + carry;
  sum = load<u64>(row, 24) + part;
  store<u64>(row, sum, 24);
  carry = mulHi64(factor, b3) + u64(part < lo) + u64(sum < part);
  store<u64>(row, carry, 32);
}

/** 64 bytes at `dst` := a * b in full, eight limbs. `dst` must not overlap the factors. */
export function mul512(dst: u32, a: u32, b: u32): void {
  const b0 = load<u64>(b);
  const b1 = load<u64>(b, 8);
  const b2 = load<u64>(b, 16);
  const b3 = load<u64>(b, 24);
  zero256(dst);
  addRow(dst, load<u64>(a), b0, b1, b2, b3);
  addRow(dst + 8, load<u64>(a, 8), b0, b1, b2, b3);
  addRow(dst + 16, load<u64>(a, 16), b0, b1, b2, b3);
  addRow(dst + 24, load<u64>(a, 24), b0, b1, b2, b3);
}

/** Full product for `umulhi256` and `smulhi256`. */
const PRODUCT: u32 = u32(memory.data(64, 16));

/** dst := a * b / 2^256, unsigned. */
export function umulhi256(dst: u32, a: u32, b: u32): void {
  mul512(PRODUCT, a, b);
  copy256(dst, PRODUCT + 32);
}

/** dst := floor(a * b / 2^256), two's complement. */
export function smulhi256(dst: u32, a: u32, b: u32): void {
  mul512(PRODUCT, a, b);
  // A negative factor was read as itself plus 2^256, which adds the other factor to the high half.
  const signA: u64 = load<i64>(a, 24) >> 63;
  const signB: u64 = load<i64>(b, 24) >> 63;
  subtractMasked(PRODUCT + 32, b, signA);
  subtractMasked(PRODUCT + 32, a, signB);
  copy256(dst, PRODUCT + 32);
}

/** Word at `dst` := itself minus (a & mask) in every limb. */
function subtractMasked(dst: u32, a: u32, mask: u64): void {
  let borrow: u64 = 0;
  for (let at: u32 = 0; at < 32; at += 8) {
    const left = load<u64>(dst + at);
    const right = load<u64>(a + at) & mask;
    const difference = left - right;
    store<u64>(dst + at, difference - borrow);
    borrow = u64(left < right) | u64(difference < borrow);
  }
}

/** The running square of `exp256`, then its result. */
const POWER: u32 = u32(memory.data(32, 16));
const RESULT: u32 = u32(memory.data(32, 16));

/** dst := base ^ exponent, with 0 ^ 0 = 1 (EVM EXP). */
export function exp256(dst: u32, base: u32, exponent: u32): void {
  const twos = ctzCount256(base);
  const small = fits64(exponent);
  const count = load<u64>(exponent);
  if (small && count == 0) {
    set64(dst, 1);
    return;
  }
  if (twos != 0) {
    // Each factor brings `twos` zero bits, so 256 of them leave nothing.
    if (!small || count >= 256 || u32(count) * twos >= 256) {
      zero256(dst);
      return;
    }
    if (popcntCount256(base) == 1) {
      set64(RESULT, 1);
      shl256i(dst, RESULT, u32(count) * twos);
      return;
    }
  }
  copy256(POWER, base);
  raise(exponent);
  copy256(dst, RESULT);
}

/** RESULT := POWER ^ exponent for an exponent above 0, from its lowest bit up. */
function raise(exponent: u32): void {
  let limb: u32 = 3;
  while (load<u64>(exponent + limb * 8) == 0) limb--;
  const top = limb * 64 + 63 - u32(clz<u64>(load<u64>(exponent + limb * 8)));
  set64(RESULT, 1);
  for (let bit: u32 = 0; bit <= top; bit++) {
    const word = load<u64>(exponent + (bit >> 6) * 8);
    if ((word >> (bit & 63)) & 1) mul256(RESULT, RESULT, POWER);
    if (bit != top) sqr256(POWER, POWER);
  }
}
