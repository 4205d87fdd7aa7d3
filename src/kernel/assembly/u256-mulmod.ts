/**
 * Products of 256-bit words modulo a third. The conventions of `u256-word.ts` hold.
 *
 * Contracts multiply by few moduli, again and again. A table keeps the reciprocals of those that
 * were met twice, and a product modulo one of them takes a multiplication by the reciprocal in
 * place of a division (Barrett, "Implementing the Rivest Shamir and Adleman public key encryption
 * algorithm on a standard digital signal processor", 1986).
 *
 * There a number is nine limbs of 29 bits, so that a column of a product, the sum of up to nine
 * products of two limbs, fits 64 bits and carries wait until it is whole: a full 64 x 64 product
 * costs five multiplications and a dozen other operations in WebAssembly. Two products of a column
 * share one multiplication (Karatsuba): a_i b_j + a_j b_i is a_i b_i + a_j b_j less
 * (a_i - a_j)(b_i - b_j), and the former sums over a column are running sums of a_i b_i. Signs need
 * no care, since a sum that fits 64 bits is right modulo 2^64.
 */
import { divide, NUMERATOR, SPREAD, UNUSED_QUOTIENT, UNUSED_REMAINDER } from './u256-div';
import { mul512, mul64 } from './u256-mul';
import { copy256, eq256, fits64, setLimbs, zero256 } from './u256-word';

const LIMB: u64 = 0x1fffffff;
/** Top limb from which on a modulus needs no factor below it: contracts reduce sums lazily. */
const ANY_FACTOR: u64 = 0x1000000000000000;

// An entry of the table, for a modulus m of four 64-bit limbs. M is m shifted left to 260 bits.
/** m, or zero. */
const KEY: u32 = 0;
/** The modulus that last asked for the entry in vain. */
const MISSED: u32 = 32;
/** u64: by how much m is shifted left to 256 bits. */
const SHIFT: u32 = 64;
/** m shifted left to 256 bits. */
const NORMALISED: u32 = 72;
/** floor(2^551 / M), at most 2^292: ten limbs, the top one at most 2^31. */
const RECIPROCAL_BELOW: u32 = 104;
const RECIPROCAL: u32 = 112;
/** M in nine limbs. */
const MODULUS: u32 = 184;

/** 16 entries of 256 bytes. */
const MODULI: u32 = u32(memory.data(4096, 16));

/** The 29 bits or more from `bit` on of a number of 64-bit limbs. */
function bitsAt(words: u32, bit: u32): u64 {
  const word = words + ((bit >> 6) << 3);
  const offset = u64(bit & 63);
  return (load<u64>(word) >> offset) | ((load<u64>(word, 8) << 1) << (offset ^ 63));
}

/** Makes an entry of the table that of the modulus at `m`. */
function fillEntry(entry: u32, m: u32): void {
  const m0 = load<u64>(m);
  const m1 = load<u64>(m, 8);
  const m2 = load<u64>(m, 16);
  const m3 = load<u64>(m, 24);
  const shift = clz<u64>(m3);
  const rest = shift ^ 63;
  const d0 = m0 << shift;
  const d1 = (m1 << shift) | ((m0 >> 1) >> rest);
  const d2 = (m2 << shift) | ((m1 >> 1) >> rest);
  const d3 = (m3 << shift) | ((m2 >> 1) >> rest);
  setLimbs(entry + KEY, m0, m1, m2, m3);
  store<u64>(entry, shift, SHIFT);
  setLimbs(entry + NORMALISED, d0, d1, d2, d3);

  store<u64>(NUMERATOR, d0 << 4);
  store<u64>(NUMERATOR, (d1 << 4) | (d0 >> 60), 8);
  store<u64>(NUMERATOR, (d2 << 4) | (d1 >> 60), 16);
  store<u64>(NUMERATOR, (d3 << 4) | (d2 >> 60), 24);
  store<u64>(NUMERATOR, d3 >> 60, 32);
  for (let i: u32 = 0; i < 9; i++) {
    store<u64>(entry + 8 * i, bitsAt(NUMERATOR, 29 * i) & LIMB, MODULUS);
  }

  // 2^551 / M = 2^547 / (M / 16); the division of nine limbs by four writes six.
  zero256(NUMERATOR);
  zero256(NUMERATOR + 32);
  store<u64>(NUMERATOR, 1 << 35, 64);
  divide(9, d0, d1, d2, d3, UNUSED_QUOTIENT, UNUSED_REMAINDER);
  for (let i: u32 = 0; i < 9; i++) {
    store<u64>(entry + 8 * i, bitsAt(UNUSED_QUOTIENT, 29 * i) & LIMB, RECIPROCAL_BELOW);
  }
  store<u64>(entry, bitsAt(UNUSED_QUOTIENT, 261), RECIPROCAL + 64);
}

/**
 * The entry of a modulus of four limbs, or 0 if the modulus is not in the table. It enters when it
 * comes a second time, so that moduli met once do not pay for a reciprocal.
 */
function entryOf(m: u32): u32 {
  const mixed = load<u64>(m) ^ load<u64>(m, 24);
  const entry = MODULI + (u32((mixed * SPREAD) >> 60) << 8);
  if (eq256(entry + KEY, m)) return entry;
  if (eq256(entry + MISSED, m)) {
    fillEntry(entry, m);
    return entry;
  }
  copy256(entry + MISSED, m);
  return 0;
}

/** Part of a_i b_j + a_j b_i that a_i b_i + a_j b_j lacks. */
// @ts-ignore: decorator
@inline
function cross(ai: u64, aj: u64, bi: u64, bj: u64): u64 {
  return (ai - aj) * (bj - bi);
}

/** What a column that is a difference carries into the next. */
// @ts-ignore: decorator
@inline
function carryOf(column: u64): u64 {
  return u64(i64(column) >> 29);
}

/** dst := a remainder by the normalised modulus, shifted back. */
// @ts-ignore: decorator
@inline
function storeShifted(dst: u32, l0: u64, l1: u64, l2: u64, l3: u64, entry: u32): void {
  const shift = load<u64>(entry, SHIFT);
  const rest = shift ^ 63;
  const r0 = (l0 >> shift) | ((l1 << 1) << rest);
  const r1 = (l1 >> shift) | ((l2 << 1) << rest);
  const r2 = (l2 >> shift) | ((l3 << 1) << rest);
  setLimbs(dst, r0, r1, r2, l3 >> shift);
}

/** dst := the number of four limbs and the bit `over`, less the normalised modulus if it fits. */
function subtractOnce(
  dst: u32,
  l0: u64,
  l1: u64,
  l2: u64,
  l3: u64,
  over: u64,
  entry: u32,
): void {
  const m0 = load<u64>(entry, NORMALISED);
  const m1 = load<u64>(entry, NORMALISED + 8);
  const m2 = load<u64>(entry, NORMALISED + 16);
  const m3 = load<u64>(entry, NORMALISED + 24);
  const x1 = l1 - m1;
  const x2 = l2 - m2;
  const x3 = l3 - m3;
  const k0 = u64(l0 < m0);
  const k1 = u64(l1 < m1) | u64(x1 < k0);
  const k2 = u64(l2 < m2) | u64(x2 < k1);
  const k3 = u64(l3 < m3) | u64(x3 < k2);
  if (k3 > over) storeShifted(dst, l0, l1, l2, l3, entry);
  else storeShifted(dst, l0 - m0, x1 - k0, x2 - k1, x3 - k2, entry);
}

/** dst := the product less quotient times modulus, of which the lower columns, c and p, suffice. */
// @ts-ignore: decorator
@inline
function subtractMultiple(
  dst: u32, entry: u32,
  q0: u64, q1: u64, q2: u64, q3: u64, q4: u64, q5: u64, q6: u64, q7: u64, q8: u64,
  c0: u64, c1: u64, c2: u64, c3: u64, c4: u64, c5: u64, c6: u64, c7: u64, c8: u64,
): void {
  const m0 = load<u64>(entry, MODULUS + 0);
  const m1 = load<u64>(entry, MODULUS + 8);
  const m2 = load<u64>(entry, MODULUS + 16);
  const m3 = load<u64>(entry, MODULUS + 24);
  const m4 = load<u64>(entry, MODULUS + 32);
  const m5 = load<u64>(entry, MODULUS + 40);
  const m6 = load<u64>(entry, MODULUS + 48);
  const m7 = load<u64>(entry, MODULUS + 56);
  const m8 = load<u64>(entry, MODULUS + 64);
  const s0 = q0 * m0;
  const s1 = s0 + q1 * m1;
  const s2 = s1 + q2 * m2;
  const s3 = s2 + q3 * m3;
  const s4 = s3 + q4 * m4;
  const s5 = s4 + q5 * m5;
  const s6 = s5 + q6 * m6;
  const s7 = s6 + q7 * m7;
  const s8 = s7 + q8 * m8;
  const p1 = s1 + cross(q0, q1, m0, m1);
  const p2 = s2 + cross(q0, q2, m0, m2);
  const p3 = s3 + cross(q0, q3, m0, m3) + cross(q1, q2, m1, m2);
  const p4 = s4 + cross(q0, q4, m0, m4) + cross(q1, q3, m1, m3);
  const p5 = s5 + cross(q0, q5, m0, m5) + cross(q1, q4, m1, m4) + cross(q2, q3, m2, m3);
  const p6 = s6 + cross(q0, q6, m0, m6) + cross(q1, q5, m1, m5) + cross(q2, q4, m2, m4);
  const p7 =
    s7 + cross(q0, q7, m0, m7) + cross(q1, q6, m1, m6) + cross(q2, q5, m2, m5) +
    cross(q3, q4, m3, m4);
  const p8 =
    s8 + cross(q0, q8, m0, m8) + cross(q1, q7, m1, m7) + cross(q2, q6, m2, m6) +
    cross(q3, q5, m3, m5);
  const z0 = c0 - s0;
  const z1 = c1 - p1 + carryOf(z0);
  const z2 = c2 - p2 + carryOf(z1);
  const z3 = c3 - p3 + carryOf(z2);
  const z4 = c4 - p4 + carryOf(z3);
  const z5 = c5 - p5 + carryOf(z4);
  const z6 = c6 - p6 + carryOf(z5);
  const z7 = c7 - p7 + carryOf(z6);
  const z8 = c8 - p8 + carryOf(z7);
  const r0 = z0 & LIMB;
  const r1 = z1 & LIMB;
  const r2 = z2 & LIMB;
  const r3 = z3 & LIMB;
  const r4 = z4 & LIMB;
  const r5 = z5 & LIMB;
  const r6 = z6 & LIMB;
  const r7 = z7 & LIMB;
  const r8 = z8 & LIMB;
  const l0 = (r0 >> 4) | (r1 << 25) | (r2 << 54);
  const l1 = (r2 >> 10) | (r3 << 19) | (r4 << 48);
  const l2 = (r4 >> 16) | (r5 << 13) | (r6 << 42);
  const l3 = (r6 >> 22) | (r7 << 7) | (r8 << 36);
  const over = r8 >> 28;
  if (l3 >= load<u64>(entry, NORMALISED + 24) || over != 0) {
    subtractOnce(dst, l0, l1, l2, l3, over, entry);
  } else {
    storeShifted(dst, l0, l1, l2, l3, entry);
  }
}

/**
 * The quotient, from the upper columns of x, the product's limbs from the ninth up, times the
 * reciprocal, where `below` is the limb under x; then the remainder.
 */
// @ts-ignore: decorator
@inline
function multiplyByReciprocal(
  dst: u32, entry: u32, below: u64,
  x0: u64, x1: u64, x2: u64, x3: u64, x4: u64, x5: u64, x6: u64, x7: u64, x8: u64,
  c0: u64, c1: u64, c2: u64, c3: u64, c4: u64, c5: u64, c6: u64, c7: u64, c8: u64,
): void {
  const f0 = load<u64>(entry, RECIPROCAL + 0);
  const f1 = load<u64>(entry, RECIPROCAL + 8);
  const f2 = load<u64>(entry, RECIPROCAL + 16);
  const f3 = load<u64>(entry, RECIPROCAL + 24);
  const f4 = load<u64>(entry, RECIPROCAL + 32);
  const f5 = load<u64>(entry, RECIPROCAL + 40);
  const f6 = load<u64>(entry, RECIPROCAL + 48);
  const f7 = load<u64>(entry, RECIPROCAL + 56);
  const f8 = load<u64>(entry, RECIPROCAL + 64);
  const g0 = x0 * f0;
  const g1 = g0 + x1 * f1;
  const g2 = g1 + x2 * f2;
  const g3 = g2 + x3 * f3;
  const g4 = g3 + x4 * f4;
  const g5 = g4 + x5 * f5;
  const g6 = g5 + x6 * f6;
  const g7 = g6 + x7 * f7;
  const g8 = g7 + x8 * f8;
  const h7 =
    g7 + cross(x0, x7, f0, f7) + cross(x1, x6, f1, f6) + cross(x2, x5, f2, f5) +
    cross(x3, x4, f3, f4) + below * f8 + x8 * load<u64>(entry, RECIPROCAL_BELOW);
  const h8 =
    g8 + cross(x0, x8, f0, f8) + cross(x1, x7, f1, f7) + cross(x2, x6, f2, f6) +
    cross(x3, x5, f3, f5);
  const h9 =
    g8 - g0 + cross(x1, x8, f1, f8) + cross(x2, x7, f2, f7) + cross(x3, x6, f3, f6) +
    cross(x4, x5, f4, f5);
  const h10 = g8 - g1 + cross(x2, x8, f2, f8) + cross(x3, x7, f3, f7) + cross(x4, x6, f4, f6);
  const h11 = g8 - g2 + cross(x3, x8, f3, f8) + cross(x4, x7, f4, f7) + cross(x5, x6, f5, f6);
  const h12 = g8 - g3 + cross(x4, x8, f4, f8) + cross(x5, x7, f5, f7);
  const h13 = g8 - g4 + cross(x5, x8, f5, f8) + cross(x6, x7, f6, f7);
  const h14 = g8 - g5 + cross(x6, x8, f6, f8);
  const h15 = g8 - g6 + cross(x7, x8, f7, f8);
  const h16 = g8 - g7;
  let t = h9 + ((h8 + (h7 >> 29)) >> 29);
  const q0 = t & LIMB;
  t = h10 + (t >> 29);
  const q1 = t & LIMB;
  t = h11 + (t >> 29);
  const q2 = t & LIMB;
  t = h12 + (t >> 29);
  const q3 = t & LIMB;
  t = h13 + (t >> 29);
  const q4 = t & LIMB;
  t = h14 + (t >> 29);
  const q5 = t & LIMB;
  t = h15 + (t >> 29);
  const q6 = t & LIMB;
  t = h16 + (t >> 29);
  const q7 = t & LIMB;
  const q8 = t >> 29;
  subtractMultiple(
    dst, entry,
    q0, q1, q2, q3, q4, q5, q6, q7, q8,
    c0, c1, c2, c3, c4, c5, c6, c7, c8,
  );
}

/** The product in 17 columns, and its limbs from the ninth up; then its remainder. */
// @ts-ignore: decorator
@inline
function multiply(
  dst: u32, entry: u32,
  a0: u64, a1: u64, a2: u64, a3: u64, a4: u64, a5: u64, a6: u64, a7: u64, a8: u64,
  b0: u64, b1: u64, b2: u64, b3: u64, b4: u64, b5: u64, b6: u64, b7: u64, b8: u64,
): void {
  const d0 = a0 * b0;
  const d1 = d0 + a1 * b1;
  const d2 = d1 + a2 * b2;
  const d3 = d2 + a3 * b3;
  const d4 = d3 + a4 * b4;
  const d5 = d4 + a5 * b5;
  const d6 = d5 + a6 * b6;
  const d7 = d6 + a7 * b7;
  const d8 = d7 + a8 * b8;
  const c0 = d0;
  const c1 = d1 + cross(a0, a1, b0, b1);
  const c2 = d2 + cross(a0, a2, b0, b2);
  const c3 = d3 + cross(a0, a3, b0, b3) + cross(a1, a2, b1, b2);
  const c4 = d4 + cross(a0, a4, b0, b4) + cross(a1, a3, b1, b3);
  const c5 = d5 + cross(a0, a5, b0, b5) + cross(a1, a4, b1, b4) + cross(a2, a3, b2, b3);
  const c6 = d6 + cross(a0, a6, b0, b6) + cross(a1, a5, b1, b5) + cross(a2, a4, b2, b4);
  const c7 =
    d7 + cross(a0, a7, b0, b7) + cross(a1, a6, b1, b6) + cross(a2, a5, b2, b5) +
    cross(a3, a4, b3, b4);
  const c8 =
    d8 + cross(a0, a8, b0, b8) + cross(a1, a7, b1, b7) + cross(a2, a6, b2, b6) +
    cross(a3, a5, b3, b5);
  const c9 =
    d8 - d0 + cross(a1, a8, b1, b8) + cross(a2, a7, b2, b7) + cross(a3, a6, b3, b6) +
    cross(a4, a5, b4, b5);
  const c10 = d8 - d1 + cross(a2, a8, b2, b8) + cross(a3, a7, b3, b7) + cross(a4, a6, b4, b6);
  const c11 = d8 - d2 + cross(a3, a8, b3, b8) + cross(a4, a7, b4, b7) + cross(a5, a6, b5, b6);
  const c12 = d8 - d3 + cross(a4, a8, b4, b8) + cross(a5, a7, b5, b7);
  const c13 = d8 - d4 + cross(a5, a8, b5, b8) + cross(a6, a7, b6, b7);
  const c14 = d8 - d5 + cross(a6, a8, b6, b8);
  const c15 = d8 - d6 + cross(a7, a8, b7, b8);
  const c16 = d8 - d7;
  // These limbs may lack a carry from below, which the quotient allows for.
  let t = c8 + (c7 >> 29);
  const below = t & LIMB;
  t = c9 + (t >> 29);
  const x0 = t & LIMB;
  t = c10 + (t >> 29);
  const x1 = t & LIMB;
  t = c11 + (t >> 29);
  const x2 = t & LIMB;
  t = c12 + (t >> 29);
  const x3 = t & LIMB;
  t = c13 + (t >> 29);
  const x4 = t & LIMB;
  t = c14 + (t >> 29);
  const x5 = t & LIMB;
  t = c15 + (t >> 29);
  const x6 = t & LIMB;
  t = c16 + (t >> 29);
  const x7 = t & LIMB;
  const x8 = t >> 29;
  multiplyByReciprocal(
    dst, entry, below,
    x0, x1, x2, x3, x4, x5, x6, x7, x8,
    c0, c1, c2, c3, c4, c5, c6, c7, c8,
  );
}

/**
 * dst := (a * b) mod m for an entry of m, and a < m or m >= 2^252.
 *
 * Let M be m shifted left to 260 bits, A be a shifted alike, below 2^263, x = A * b < 2^519, and F
 * the reciprocal. X is x / 2^232 or up to 16 less, since it may lack carries. Over 2^319, X * F
 * without the columns that are not computed is below x / M by less than
 *     16 F / 2^319 + X / 2^319 + 9 * 2^58 * 2^232 / 2^319 < 2^-22,
 * so that the quotient is right or, with a remainder that is next to nothing, one too small. The
 * remainder is below (1 + 2^-22) M < 2^261: nine limbs hold it.
 *
 * Each of the three multiplications ends with a call of what comes next, inlined, with limbs and
 * columns as parameters: so they stay locals, and a product takes 48 ns. Handed over in memory they
 * would make it 57 ns.
 */
function mulmodByEntry(dst: u32, a: u32, b: u32, entry: u32): void {
  const shift = load<u64>(entry, SHIFT);
  const rest = shift ^ 63;
  const v0 = load<u64>(a);
  const v1 = load<u64>(a, 8);
  const v2 = load<u64>(a, 16);
  const v3 = load<u64>(a, 24);
  const u0 = v0 << shift;
  const u1 = (v1 << shift) | ((v0 >> 1) >> rest);
  const u2 = (v2 << shift) | ((v1 >> 1) >> rest);
  const u3 = (v3 << shift) | ((v2 >> 1) >> rest);
  const u4 = (v3 >> 1) >> rest;
  const w0 = load<u64>(b);
  const w1 = load<u64>(b, 8);
  const w2 = load<u64>(b, 16);
  const w3 = load<u64>(b, 24);

  // The factors in limbs, the first one shifted by four bits more.
  const a0 = (u0 << 4) & LIMB;
  const a1 = (u0 >> 25) & LIMB;
  const a2 = ((u0 >> 54) | (u1 << 10)) & LIMB;
  const a3 = (u1 >> 19) & LIMB;
  const a4 = ((u1 >> 48) | (u2 << 16)) & LIMB;
  const a5 = (u2 >> 13) & LIMB;
  const a6 = ((u2 >> 42) | (u3 << 22)) & LIMB;
  const a7 = (u3 >> 7) & LIMB;
  const a8 = (u3 >> 36) | (u4 << 28);
  const b0 = w0 & LIMB;
  const b1 = (w0 >> 29) & LIMB;
  const b2 = ((w0 >> 58) | (w1 << 6)) & LIMB;
  const b3 = (w1 >> 23) & LIMB;
  const b4 = ((w1 >> 52) | (w2 << 12)) & LIMB;
  const b5 = (w2 >> 17) & LIMB;
  const b6 = ((w2 >> 46) | (w3 << 18)) & LIMB;
  const b7 = (w3 >> 11) & LIMB;
  const b8 = w3 >> 40;
  multiply(
    dst, entry,
    a0, a1, a2, a3, a4, a5, a6, a7, a8,
    b0, b1, b2, b3, b4, b5, b6, b7, b8,
  );
}

/** dst := (a * b) mod m by a division of the whole product, for m other than zero. */
function mulmodByDivision(dst: u32, a: u32, b: u32, m: u32): void {
  let count: u32 = 8;
  if (fits64(a) && fits64(b)) {
    mul64(NUMERATOR, load<u64>(a), load<u64>(b));
    count = 2;
  } else {
    mul512(NUMERATOR, a, b);
  }
  const m0 = load<u64>(m);
  const m1 = load<u64>(m, 8);
  const m2 = load<u64>(m, 16);
  divide(count, m0, m1, m2, load<u64>(m, 24), UNUSED_QUOTIENT, dst);
}

/** dst := (a * b) mod m, of the whole product; 0 for m = 0 (EVM MULMOD). */
export function mulmod256(dst: u32, a: u32, b: u32, m: u32): void {
  const m3 = load<u64>(m, 24);
  const a3 = load<u64>(a, 24);
  const b3 = load<u64>(b, 24);
  // A product of factors of two limbs has four, and its division one step at most.
  const isLong = (a3 | b3 | load<u64>(a, 16) | load<u64>(b, 16)) != 0;
  const isReduced = a3 < m3;
  if ((isReduced || b3 < m3 || m3 >= ANY_FACTOR) && isLong) {
    const entry = entryOf(m);
    if (entry != 0) {
      mulmodByEntry(dst, isReduced ? a : b, isReduced ? b : a, entry);
      return;
    }
  }
  if ((load<u64>(m) | load<u64>(m, 8) | load<u64>(m, 16) | m3) == 0) zero256(dst);
  else mulmodByDivision(dst, a, b, m);
}
