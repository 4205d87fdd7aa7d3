/**
 * Powers modulo a number of 64 bits, for `modexp.ts`: big integers take ten times as long for them,
 * and older prices are lowest there.
 */

/** Address for an exponent of that size. */
export function reserve(size: u32): u32 {
  const start = (u32(__heap_base) + 15) & ~15;
  const pages = i32((start + size + 0xffff) >> 16) - memory.size();
  if (pages > 0 && memory.grow(pages) < 0) unreachable();
  return start;
}

let modulus: u64 = 1;
/** The inverse of the modulus modulo 2^64. */
let inverse: u64 = 1;

/** High 64 bits of a product. */
// @ts-ignore: decorator
@inline
function mulHigh(a: u64, b: u64): u64 {
  const al = a & 0xffffffff;
  const ah = a >> 32;
  const bl = b & 0xffffffff;
  const bh = b >> 32;
  // Neither sum passes 64 bits: (2^32 - 1)^2 + 2^32 - 1 < 2^64.
  const m1 = ah * bl + ((al * bl) >> 32);
  const m2 = al * bh + (m1 & 0xffffffff);
  return ah * bh + (m1 >> 32) + (m2 >> 32);
}

/** a b / 2^64 modulo the modulus (Montgomery). */
// @ts-ignore: decorator
@inline
function mul(a: u64, b: u64): u64 {
  const high = mulHigh(a, b);
  const less = mulHigh(a * b * inverse, modulus);
  return high >= less ? high - less : high - less + modulus;
}

/**
 * base^exponent modulo an odd number, by windows of four bits.
 *
 * @param base below the modulus
 * @param exponent address of `size` big-endian bytes
 */
export function power(base: u64, odd: u64, exponent: u32, size: u32): u64 {
  modulus = odd;
  // Each step doubles the bits that are right.
  inverse = odd;
  for (let i = 0; i < 5; i++) inverse *= 2 - odd * inverse;
  const one = (0 - odd) % odd;
  let square = one;
  for (let i = 0; i < 64; i++) {
    square = square >= odd - square ? square - (odd - square) : square + square;
  }
  const scaled = mul(base, square);
  store<u64>(POWERS, one);
  for (let i: u32 = 8; i < 128; i += 8) {
    store<u64>(POWERS + i, mul(load<u64>(POWERS + i - 8), scaled));
  }
  let result = one;
  for (let i: u32 = 0; i < size; i++) {
    const byte: u32 = load<u8>(exponent + i);
    for (let k = 0; k < 4; k++) result = mul(result, result);
    result = mul(result, load<u64>(POWERS + ((byte >> 4) << 3)));
    for (let k = 0; k < 4; k++) result = mul(result, result);
    result = mul(result, load<u64>(POWERS + ((byte & 15) << 3)));
  }
  return mul(result, 1);
}

const POWERS: u32 = u32(memory.data(128, 16));

/** base^exponent modulo 2^64. */
export function powerWrapped(base: u64, exponent: u32, size: u32): u64 {
  let result: u64 = 1;
  for (let i: u32 = 0; i < size; i++) {
    const byte: u32 = load<u8>(exponent + i);
    for (let mask: u32 = 128; mask > 0; mask >>= 1) {
      result *= result;
      if (byte & mask) result *= base;
    }
  }
  return result;
}
