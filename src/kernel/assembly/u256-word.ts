/**
 * 256-bit words in linear memory: copies, sums, bitwise operations, comparison, shifts, bytes.
 *
 * A word is four little-endian u64 limbs (32 bytes, any alignment). Arguments are addresses. Every
 * function reads all of its operands before it writes, so a destination may be any operand; a
 * partial overlap is allowed too. Arithmetic wraps modulo 2^256. No function reads or writes
 * outside the words it is given, none allocates.
 *
 * Words are read and written limb by limb, and not as vectors, because a 16-byte load of what two
 * 8-byte stores wrote just before cannot be forwarded from the store buffer: add then copy costs
 * 8.4 ns with vectors and 2.1 ns with limbs. Vectors serve where bytes are reversed and where a
 * constant is stored (an 8-byte load of a 16-byte store is forwarded).
 *
 * `u256-mul.ts` holds products and powers, `u256-div.ts` quotients and remainders,
 * `u256-mulmod.ts` products modulo a word.
 */

/** Word := 0. */
// @ts-ignore: decorator
@inline
export function zero256(dst: u32): void {
  v128.store(dst, i64x2.splat(0));
  v128.store(dst, i64x2.splat(0), 16);
}

/** Word := a 64-bit value. */
// @ts-ignore: decorator
@inline
export function set64(dst: u32, lo: u64): void {
  store<u64>(dst, lo);
  store<u64>(dst, 0, 8);
  v128.store(dst, i64x2.splat(0), 16);
}

/** Word := four limbs, lowest first. */
// @ts-ignore: decorator
@inline
export function setLimbs(dst: u32, l0: u64, l1: u64, l2: u64, l3: u64): void {
  store<u64>(dst, l0);
  store<u64>(dst, l1, 8);
  store<u64>(dst, l2, 16);
  store<u64>(dst, l3, 24);
}

// @ts-ignore: decorator
@inline
export function copy256(dst: u32, src: u32): void {
  setLimbs(dst, load<u64>(src), load<u64>(src, 8), load<u64>(src, 16), load<u64>(src, 24));
}

// @ts-ignore: decorator
@inline
export function add256(dst: u32, a: u32, b: u32): void {
  const a0 = load<u64>(a);
  const a1 = load<u64>(a, 8);
  const a2 = load<u64>(a, 16);
  const s0 = a0 + load<u64>(b);
  const t1 = a1 + load<u64>(b, 8);
  const t2 = a2 + load<u64>(b, 16);
  const t3 = load<u64>(a, 24) + load<u64>(b, 24);
  const s1 = t1 + u64(s0 < a0);
  const s2 = t2 + (u64(t1 < a1) | u64(s1 < t1));
  const s3 = t3 + (u64(t2 < a2) | u64(s2 < t2));
  setLimbs(dst, s0, s1, s2, s3);
}

// @ts-ignore: decorator
@inline
export function sub256(dst: u32, a: u32, b: u32): void {
  const a0 = load<u64>(a);
  const a1 = load<u64>(a, 8);
  const a2 = load<u64>(a, 16);
  const b0 = load<u64>(b);
  const b1 = load<u64>(b, 8);
  const b2 = load<u64>(b, 16);
  const t1 = a1 - b1;
  const t2 = a2 - b2;
  const t3 = load<u64>(a, 24) - load<u64>(b, 24);
  const c0 = u64(a0 < b0);
  const c1 = u64(a1 < b1) | u64(t1 < c0);
  const c2 = u64(a2 < b2) | u64(t2 < c1);
  setLimbs(dst, a0 - b0, t1 - c0, t2 - c1, t3 - c2);
}

// @ts-ignore: decorator
@inline
export function and256(dst: u32, a: u32, b: u32): void {
  const l0 = load<u64>(a) & load<u64>(b);
  const l1 = load<u64>(a, 8) & load<u64>(b, 8);
  const l2 = load<u64>(a, 16) & load<u64>(b, 16);
  const l3 = load<u64>(a, 24) & load<u64>(b, 24);
  setLimbs(dst, l0, l1, l2, l3);
}

// @ts-ignore: decorator
@inline
export function or256(dst: u32, a: u32, b: u32): void {
  const l0 = load<u64>(a) | load<u64>(b);
  const l1 = load<u64>(a, 8) | load<u64>(b, 8);
  const l2 = load<u64>(a, 16) | load<u64>(b, 16);
  const l3 = load<u64>(a, 24) | load<u64>(b, 24);
  setLimbs(dst, l0, l1, l2, l3);
}

// @ts-ignore: decorator
@inline
export function xor256(dst: u32, a: u32, b: u32): void {
  const l0 = load<u64>(a) ^ load<u64>(b);
  const l1 = load<u64>(a, 8) ^ load<u64>(b, 8);
  const l2 = load<u64>(a, 16) ^ load<u64>(b, 16);
  const l3 = load<u64>(a, 24) ^ load<u64>(b, 24);
  setLimbs(dst, l0, l1, l2, l3);
}

// @ts-ignore: decorator
@inline
export function not256(dst: u32, a: u32): void {
  setLimbs(dst, ~load<u64>(a), ~load<u64>(a, 8), ~load<u64>(a, 16), ~load<u64>(a, 24));
}

/** dst := -a. */
// @ts-ignore: decorator
@inline
export function neg256(dst: u32, a: u32): void {
  const l0 = load<u64>(a);
  const l1 = load<u64>(a, 8);
  const l2 = load<u64>(a, 16);
  const l3 = load<u64>(a, 24);
  const k1 = u64(l0 == 0);
  const k2 = u64((l0 | l1) == 0);
  const k3 = u64((l0 | l1 | l2) == 0);
  setLimbs(dst, -l0, ~l1 + k1, ~l2 + k2, ~l3 + k3);
}

// @ts-ignore: decorator
@inline
export function iszero256(a: u32): bool {
  return (load<u64>(a) | load<u64>(a, 8) | load<u64>(a, 16) | load<u64>(a, 24)) == 0;
}

/** Whether the word is below 2^64. */
// @ts-ignore: decorator
@inline
export function fits64(a: u32): bool {
  return (load<u64>(a, 8) | load<u64>(a, 16) | load<u64>(a, 24)) == 0;
}

// @ts-ignore: decorator
@inline
export function eq256(a: u32, b: u32): bool {
  const low = (load<u64>(a) ^ load<u64>(b)) | (load<u64>(a, 8) ^ load<u64>(b, 8));
  const high = (load<u64>(a, 16) ^ load<u64>(b, 16)) | (load<u64>(a, 24) ^ load<u64>(b, 24));
  return (low | high) == 0;
}

/** a < b below the highest limb. */
// @ts-ignore: decorator
@inline
function lowerLimbsLess(a: u32, b: u32): bool {
  const a2 = load<u64>(a, 16);
  const b2 = load<u64>(b, 16);
  if (a2 != b2) return a2 < b2;
  const a1 = load<u64>(a, 8);
  const b1 = load<u64>(b, 8);
  if (a1 != b1) return a1 < b1;
  return load<u64>(a) < load<u64>(b);
}

/** a < b, unsigned. */
// @ts-ignore: decorator
@inline
export function ult256(a: u32, b: u32): bool {
  const a3 = load<u64>(a, 24);
  const b3 = load<u64>(b, 24);
  if (a3 != b3) return a3 < b3;
  return lowerLimbsLess(a, b);
}

/** a < b, two's complement. */
// @ts-ignore: decorator
@inline
export function slt256(a: u32, b: u32): bool {
  const a3 = load<i64>(a, 24);
  const b3 = load<i64>(b, 24);
  if (a3 != b3) return a3 < b3;
  return lowerLimbsLess(a, b);
}

/** dst := value * 2^amount, for an amount of 0 to 255. */
export function shl256i(dst: u32, value: u32, amount: u32): void {
  let v0 = load<u64>(value);
  let v1 = load<u64>(value, 8);
  let v2 = load<u64>(value, 16);
  let v3 = load<u64>(value, 24);
  if (amount & 64) {
    v3 = v2;
    v2 = v1;
    v1 = v0;
    v0 = 0;
  }
  if (amount & 128) {
    v3 = v1;
    v2 = v0;
    v1 = 0;
    v0 = 0;
  }
  const s = u64(amount & 63);
  // Two steps, because a shift by 64 - 0 would be masked to a shift by 0.
  const z = s ^ 63;
  const l1 = (v1 << s) | ((v0 >> 1) >> z);
  const l2 = (v2 << s) | ((v1 >> 1) >> z);
  const l3 = (v3 << s) | ((v2 >> 1) >> z);
  setLimbs(dst, v0 << s, l1, l2, l3);
}

/** Shifts right by 0 to 255 bits; `fill` is 0 or all ones. */
// @ts-ignore: decorator
@inline
function shiftRight(dst: u32, value: u32, amount: u32, fill: u64): void {
  let v0 = load<u64>(value);
  let v1 = load<u64>(value, 8);
  let v2 = load<u64>(value, 16);
  let v3 = load<u64>(value, 24);
  if (amount & 64) {
    v0 = v1;
    v1 = v2;
    v2 = v3;
    v3 = fill;
  }
  if (amount & 128) {
    v0 = v2;
    v1 = v3;
    v2 = fill;
    v3 = fill;
  }
  const s = u64(amount & 63);
  const z = s ^ 63;
  const l0 = (v0 >> s) | ((v1 << 1) << z);
  const l1 = (v1 >> s) | ((v2 << 1) << z);
  const l2 = (v2 >> s) | ((v3 << 1) << z);
  const l3 = (v3 >> s) | ((fill << 1) << z);
  setLimbs(dst, l0, l1, l2, l3);
}

/** dst := value / 2^amount, unsigned, for an amount of 0 to 255. */
export function ushr256i(dst: u32, value: u32, amount: u32): void {
  shiftRight(dst, value, amount, 0);
}

/** dst := floor(value / 2^amount), two's complement, for an amount of 0 to 255. */
export function sshr256i(dst: u32, value: u32, amount: u32): void {
  shiftRight(dst, value, amount, load<i64>(value, 24) >> 63);
}

/** Whether the word at `amount` is at least 256. */
// @ts-ignore: decorator
@inline
function isWide(amount: u32): bool {
  const high = load<u64>(amount, 8) | load<u64>(amount, 16) | load<u64>(amount, 24);
  return ((load<u64>(amount) >> 8) | high) != 0;
}

/** dst := value * 2^amount, 0 from 256 bits on (EIP-145). */
export function shl256(dst: u32, value: u32, amount: u32): void {
  if (isWide(amount)) zero256(dst);
  else shl256i(dst, value, load<u32>(amount));
}

/** dst := value / 2^amount, unsigned, 0 from 256 bits on (EIP-145). */
export function ushr256(dst: u32, value: u32, amount: u32): void {
  if (isWide(amount)) zero256(dst);
  else ushr256i(dst, value, load<u32>(amount));
}

/** dst := floor(value / 2^amount), two's complement, 0 or -1 from 256 bits on (EIP-145). */
export function sshr256(dst: u32, value: u32, amount: u32): void {
  if (isWide(amount)) {
    const sign: u64 = load<i64>(value, 24) >> 63;
    setLimbs(dst, sign, sign, sign, sign);
  } else {
    sshr256i(dst, value, load<u32>(amount));
  }
}

/** dst := the byte at `index`, counted from the most significant, 0 from 32 on (EVM BYTE). */
// @ts-ignore: decorator
@inline
export function byte256(dst: u32, index: u32, value: u32): void {
  const at = load<u64>(index);
  const high = load<u64>(index, 8) | load<u64>(index, 16) | load<u64>(index, 24);
  set64(dst, at < 32 && high == 0 ? load<u8>(value + 31 - u32(at)) : 0);
}

/**
 * dst := value sign-extended from its byte `index`, counted from the least (EVM SIGNEXTEND).
 * Without branches: which byte it is differs from call to call.
 */
// @ts-ignore: decorator
@inline
export function sext256(dst: u32, index: u32, value: u32): void {
  const low = load<u64>(index);
  const high = load<u64>(index, 8) | load<u64>(index, 16) | load<u64>(index, 24);
  // From byte 31 on nothing changes, as for byte 31.
  const at = select<u64>(31, low, u32(low > 31) | u32(high != 0));
  const limb = u32(at) >> 3;
  const shift = i64(56 - (at & 7) * 8);
  const extended: i64 = (load<i64>(value + limb * 8) << shift) >> shift;
  const sign: u64 = extended >> 63;
  const l0 = select<u64>(extended, load<u64>(value), limb == 0);
  const l1 = select<u64>(extended, select<u64>(sign, load<u64>(value, 8), limb < 1), limb == 1);
  const l2 = select<u64>(extended, select<u64>(sign, load<u64>(value, 16), limb < 2), limb == 2);
  const l3 = select<u64>(extended, sign, limb == 3);
  setLimbs(dst, l0, l1, l2, l3);
}

/** Leading zero bits, 0 to 256. */
export function clzCount256(a: u32): u32 {
  const l3 = load<u64>(a, 24);
  if (l3 != 0) return u32(clz<u64>(l3));
  const l2 = load<u64>(a, 16);
  if (l2 != 0) return 64 + u32(clz<u64>(l2));
  const l1 = load<u64>(a, 8);
  if (l1 != 0) return 128 + u32(clz<u64>(l1));
  return 192 + u32(clz<u64>(load<u64>(a)));
}

/** Trailing zero bits, 0 to 256. */
export function ctzCount256(a: u32): u32 {
  const l0 = load<u64>(a);
  if (l0 != 0) return u32(ctz<u64>(l0));
  const l1 = load<u64>(a, 8);
  if (l1 != 0) return 64 + u32(ctz<u64>(l1));
  const l2 = load<u64>(a, 16);
  if (l2 != 0) return 128 + u32(ctz<u64>(l2));
  return 192 + u32(ctz<u64>(load<u64>(a, 24)));
}

/** One bits, 0 to 256. */
// @ts-ignore: decorator
@inline
export function popcntCount256(a: u32): u32 {
  const low = popcnt<u64>(load<u64>(a)) + popcnt<u64>(load<u64>(a, 8));
  return u32(low + popcnt<u64>(load<u64>(a, 16)) + popcnt<u64>(load<u64>(a, 24)));
}

/** dst := leading zero bits of a (EIP-7939). */
// @ts-ignore: decorator
@inline
export function clz256(dst: u32, a: u32): void {
  set64(dst, clzCount256(a));
}

/** dst := trailing zero bits of a. */
// @ts-ignore: decorator
@inline
export function ctz256(dst: u32, a: u32): void {
  set64(dst, ctzCount256(a));
}

/** dst := one bits of a. */
// @ts-ignore: decorator
@inline
export function popcnt256(dst: u32, a: u32): void {
  set64(dst, popcntCount256(a));
}

/** Reverses the 16 bytes of a vector. */
// @ts-ignore: decorator
@inline
function reverse16(v: v128): v128 {
  return v128.shuffle<u8>(v, v, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
}

/** dst := the big-endian integer in the 32 bytes at `src`. */
// @ts-ignore: decorator
@inline
export function loadBe256(dst: u32, src: u32): void {
  const low = reverse16(v128.load(src, 16));
  const high = reverse16(v128.load(src));
  v128.store(dst, low);
  v128.store(dst, high, 16);
}

/** 32 bytes at `dst` := the word at `src`, big-endian. */
// @ts-ignore: decorator
@inline
export function storeBe256(dst: u32, src: u32): void {
  // The word was most often written limb by limb just before, so it is read so.
  const low = v128.load_lane<u64>(src, v128.load_zero<u64>(src), 1, 8);
  const high = v128.load_lane<u64>(src, v128.load_zero<u64>(src, 16), 1, 24);
  v128.store(dst, reverse16(high));
  v128.store(dst, reverse16(low), 16);
}

/** dst := src with its 32 bytes reversed. */
// @ts-ignore: decorator
@inline
export function bswap256(dst: u32, src: u32): void {
  storeBe256(dst, src);
}
