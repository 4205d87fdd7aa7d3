/**
 * The field of secp256k1: numbers modulo p = 2^256 - 2^32 - 977.
 *
 * An element is nine limbs of 32 signed bits, 29 bits apart, the lowest first: 36 bytes. Elements
 * are redundant: a result of a product has limbs from 0 to 2^29 and is below 2^261, sums and
 * differences of such are not reduced at all. What a product takes is bounded by its columns, which
 * are sums of nine products of limbs in 64 signed bits: with limbs below x and y in magnitude,
 * 9xy < 2^63. `feNormalize` makes the one representation below p.
 *
 * Results may stand where an operand stands.
 */
import { invert } from '../inverse';

export const FE_BYTES: u32 = 36;

const BITS: i64 = 29;
const MASK: i64 = (1 << 29) - 1;
// 2^261 = 2^5 (2^32 + 977) modulo p, which is 977 * 2^5 at limb 0 and 2^8 at limb 1.
const FOLD_0: i64 = 977 << 5;
const FOLD_1: i64 = 8;

/** p in limbs of 30 bits, as `invert` takes it. */
const P_30: u32 = u32(
  memory.data<i32>([
    0x3ffffc2f, 0x3ffffffb, 0x3fffffff, 0x3fffffff, 0x3fffffff, 0x3fffffff, 0x3fffffff, 0x3fffffff,
    0xffff,
  ]),
);
/** The inverse of p modulo 2^30. */
const P_INVERSE_30: u32 = 0x2ddacacf;

const WORDS: u32 = u32(memory.data(40, 16));
const SUM: u32 = u32(memory.data(36, 16));
const SCRATCH: u32 = u32(memory.data(36, 16));
const RUN: u32 = u32(memory.data(36, 16));
const POWER_2: u32 = u32(memory.data(36, 16));
const POWER_3: u32 = u32(memory.data(36, 16));
const POWER_22: u32 = u32(memory.data(36, 16));
const POWER_44: u32 = u32(memory.data(36, 16));
const POWER_88: u32 = u32(memory.data(36, 16));

/**
 * Carries the columns of a product, folded at 2^261, into limbs: r := scale * sum of d_i 2^29i.
 *
 * The upper columns pass what is above 29 bits to the next one all at once, with no chain from the
 * first to the last: they may be a little longer, as they are only factors of the fold.
 */
// @ts-ignore: decorator
@inline
function reduce(
  r: u32, scale: i64,
  d0: i64, d1: i64, d2: i64, d3: i64, d4: i64, d5: i64, d6: i64, d7: i64, d8: i64, d9: i64,
  d10: i64, d11: i64, d12: i64, d13: i64, d14: i64, d15: i64, d16: i64,
): void {
  const h0 = d9 & MASK;
  const h1 = (d10 & MASK) + (d9 >> BITS);
  const h2 = (d11 & MASK) + (d10 >> BITS);
  const h3 = (d12 & MASK) + (d11 >> BITS);
  const h4 = (d13 & MASK) + (d12 >> BITS);
  const h5 = (d14 & MASK) + (d13 >> BITS);
  const h6 = (d15 & MASK) + (d14 >> BITS);
  const h7 = (d16 & MASK) + (d15 >> BITS);
  const h8 = d16 >> BITS;
  let c = (d0 + h0 * FOLD_0) * scale;
  const l0 = c & MASK;
  c = (c >> BITS) + (d1 + h1 * FOLD_0 + (h0 << FOLD_1)) * scale;
  const l1 = c & MASK;
  c = (c >> BITS) + (d2 + h2 * FOLD_0 + (h1 << FOLD_1)) * scale;
  const l2 = c & MASK;
  c = (c >> BITS) + (d3 + h3 * FOLD_0 + (h2 << FOLD_1)) * scale;
  store<i32>(r, i32(c & MASK), 12);
  c = (c >> BITS) + (d4 + h4 * FOLD_0 + (h3 << FOLD_1)) * scale;
  store<i32>(r, i32(c & MASK), 16);
  c = (c >> BITS) + (d5 + h5 * FOLD_0 + (h4 << FOLD_1)) * scale;
  store<i32>(r, i32(c & MASK), 20);
  c = (c >> BITS) + (d6 + h6 * FOLD_0 + (h5 << FOLD_1)) * scale;
  store<i32>(r, i32(c & MASK), 24);
  c = (c >> BITS) + (d7 + h7 * FOLD_0 + (h6 << FOLD_1)) * scale;
  store<i32>(r, i32(c & MASK), 28);
  c = (c >> BITS) + (d8 + h8 * FOLD_0 + (h7 << FOLD_1)) * scale;
  store<i32>(r, i32(c & MASK), 32);
  const top = (c >> BITS) + (h8 << FOLD_1) * scale;
  c = l0 + top * FOLD_0;
  store<i32>(r, i32(c & MASK));
  c = (c >> BITS) + l1 + (top << FOLD_1);
  store<i32>(r, i32(c & MASK), 4);
  store<i32>(r, i32((c >> BITS) + l2), 8);
}

/**
 * r := scale (a b + c), for the limbs of b and c. The upper columns come first, for the others wait
 * for them.
 */
// @ts-ignore: decorator
@inline
function multiply(
  r: u32, scale: i64, a: u32,
  b0: i64, b1: i64, b2: i64, b3: i64, b4: i64, b5: i64, b6: i64, b7: i64, b8: i64,
  c0: i64, c1: i64, c2: i64, c3: i64, c4: i64, c5: i64, c6: i64, c7: i64, c8: i64,
): void {
  const a0: i64 = load<i32>(a), a1: i64 = load<i32>(a, 4), a2: i64 = load<i32>(a, 8),
    a3: i64 = load<i32>(a, 12), a4: i64 = load<i32>(a, 16), a5: i64 = load<i32>(a, 20),
    a6: i64 = load<i32>(a, 24), a7: i64 = load<i32>(a, 28), a8: i64 = load<i32>(a, 32);
  const d9 = a1 * b8 + a2 * b7 + a3 * b6 + a4 * b5 + a5 * b4 + a6 * b3 + a7 * b2 + a8 * b1;
  const d10 = a2 * b8 + a3 * b7 + a4 * b6 + a5 * b5 + a6 * b4 + a7 * b3 + a8 * b2;
  const d11 = a3 * b8 + a4 * b7 + a5 * b6 + a6 * b5 + a7 * b4 + a8 * b3;
  const d12 = a4 * b8 + a5 * b7 + a6 * b6 + a7 * b5 + a8 * b4;
  const d13 = a5 * b8 + a6 * b7 + a7 * b6 + a8 * b5;
  const d14 = a6 * b8 + a7 * b7 + a8 * b6;
  const d15 = a7 * b8 + a8 * b7;
  const d16 = a8 * b8;
  const d0 = a0 * b0 + c0;
  const d1 = a0 * b1 + a1 * b0 + c1;
  const d2 = a0 * b2 + a1 * b1 + a2 * b0 + c2;
  const d3 = a0 * b3 + a1 * b2 + a2 * b1 + a3 * b0 + c3;
  const d4 = a0 * b4 + a1 * b3 + a2 * b2 + a3 * b1 + a4 * b0 + c4;
  const d5 = a0 * b5 + a1 * b4 + a2 * b3 + a3 * b2 + a4 * b1 + a5 * b0 + c5;
  const d6 = a0 * b6 + a1 * b5 + a2 * b4 + a3 * b3 + a4 * b2 + a5 * b1 + a6 * b0 + c6;
  const d7 = a0 * b7 + a1 * b6 + a2 * b5 + a3 * b4 + a4 * b3 + a5 * b2 + a6 * b1 + a7 * b0 + c7;
  const d8 = a0 * b8 + a1 * b7 + a2 * b6 + a3 * b5 + a4 * b4 + a5 * b3 + a6 * b2 + a7 * b1
    + a8 * b0 + c8;
  reduce(
    r, scale, d0, d1, d2, d3, d4, d5, d6, d7, d8,
    d9, d10, d11, d12, d13, d14, d15, d16,
  );
}

/** r := scale (a^2 + c), for the limbs of c. */
// @ts-ignore: decorator
@inline
function square(
  r: u32, scale: i64, a: u32,
  c0: i64, c1: i64, c2: i64, c3: i64, c4: i64, c5: i64, c6: i64, c7: i64, c8: i64,
): void {
  const a0: i64 = load<i32>(a), a1: i64 = load<i32>(a, 4), a2: i64 = load<i32>(a, 8),
    a3: i64 = load<i32>(a, 12), a4: i64 = load<i32>(a, 16), a5: i64 = load<i32>(a, 20),
    a6: i64 = load<i32>(a, 24), a7: i64 = load<i32>(a, 28), a8: i64 = load<i32>(a, 32);
  const d9 = ((a1 * a8 + a2 * a7 + a3 * a6 + a4 * a5) << 1);
  const d10 = ((a2 * a8 + a3 * a7 + a4 * a6) << 1) + a5 * a5;
  const d11 = ((a3 * a8 + a4 * a7 + a5 * a6) << 1);
  const d12 = ((a4 * a8 + a5 * a7) << 1) + a6 * a6;
  const d13 = ((a5 * a8 + a6 * a7) << 1);
  const d14 = ((a6 * a8) << 1) + a7 * a7;
  const d15 = ((a7 * a8) << 1);
  const d16 = a8 * a8;
  const d0 = a0 * a0 + c0;
  const d1 = ((a0 * a1) << 1) + c1;
  const d2 = ((a0 * a2) << 1) + a1 * a1 + c2;
  const d3 = ((a0 * a3 + a1 * a2) << 1) + c3;
  const d4 = ((a0 * a4 + a1 * a3) << 1) + a2 * a2 + c4;
  const d5 = ((a0 * a5 + a1 * a4 + a2 * a3) << 1) + c5;
  const d6 = ((a0 * a6 + a1 * a5 + a2 * a4) << 1) + a3 * a3 + c6;
  const d7 = ((a0 * a7 + a1 * a6 + a2 * a5 + a3 * a4) << 1) + c7;
  const d8 = ((a0 * a8 + a1 * a7 + a2 * a6 + a3 * a5) << 1) + a4 * a4 + c8;
  reduce(
    r, scale, d0, d1, d2, d3, d4, d5, d6, d7, d8,
    d9, d10, d11, d12, d13, d14, d15, d16,
  );
}

// @ts-ignore: decorator
@inline
function limb(a: u32, index: u32): i64 {
  return load<i32>(a + 4 * index);
}

/** r := scale (a b + c), for the limbs of c. */
// @ts-ignore: decorator
@inline
function multiplyBy(
  r: u32, scale: i64, a: u32, b: u32,
  c0: i64, c1: i64, c2: i64, c3: i64, c4: i64, c5: i64, c6: i64, c7: i64, c8: i64,
): void {
  multiply(
    r, scale, a,
    limb(b, 0), limb(b, 1), limb(b, 2),
    limb(b, 3), limb(b, 4), limb(b, 5),
    limb(b, 6), limb(b, 7), limb(b, 8),
    c0, c1, c2, c3, c4, c5, c6, c7, c8,
  );
}

/** r := a b. */
export function feMul(r: u32, a: u32, b: u32): void {
  multiplyBy(r, 1, a, b, 0, 0, 0, 0, 0, 0, 0, 0, 0);
}

/** r := 2 a b, for a and b with limbs to 2^29. */
export function feMulTwice(r: u32, a: u32, b: u32): void {
  multiplyBy(r, 2, a, b, 0, 0, 0, 0, 0, 0, 0, 0, 0);
}

/** r := a b - c. */
export function feMulLess(r: u32, a: u32, b: u32, c: u32): void {
  multiplyBy(
    r, 1, a, b,
    -limb(c, 0), -limb(c, 1), -limb(c, 2),
    -limb(c, 3), -limb(c, 4), -limb(c, 5),
    -limb(c, 6), -limb(c, 7), -limb(c, 8),
  );
}

/** Limb `index` of 2 b - c. */
// @ts-ignore: decorator
@inline
function twiceLess(b: u32, c: u32, index: u32): i64 {
  return 2 * limb(b, index) - limb(c, index);
}

/** r := a (2 b - c) - 8 d. */
export function feMulTwiceLess(r: u32, a: u32, b: u32, c: u32, d: u32): void {
  multiply(
    r, 1, a,
    twiceLess(b, c, 0), twiceLess(b, c, 1), twiceLess(b, c, 2),
    twiceLess(b, c, 3), twiceLess(b, c, 4), twiceLess(b, c, 5),
    twiceLess(b, c, 6), twiceLess(b, c, 7), twiceLess(b, c, 8),
    -8 * limb(d, 0), -8 * limb(d, 1), -8 * limb(d, 2),
    -8 * limb(d, 3), -8 * limb(d, 4), -8 * limb(d, 5),
    -8 * limb(d, 6), -8 * limb(d, 7), -8 * limb(d, 8),
  );
}

/** r := a (b - x) - c d. */
export function feMulLessMul(r: u32, a: u32, b: u32, x: u32, c: u32, d: u32): void {
  const a0: i64 = load<i32>(a), a1: i64 = load<i32>(a, 4), a2: i64 = load<i32>(a, 8),
    a3: i64 = load<i32>(a, 12), a4: i64 = load<i32>(a, 16), a5: i64 = load<i32>(a, 20),
    a6: i64 = load<i32>(a, 24), a7: i64 = load<i32>(a, 28), a8: i64 = load<i32>(a, 32);
  const b0 = limb(b, 0) - limb(x, 0), b1 = limb(b, 1) - limb(x, 1), b2 = limb(b, 2) - limb(x, 2),
    b3 = limb(b, 3) - limb(x, 3), b4 = limb(b, 4) - limb(x, 4), b5 = limb(b, 5) - limb(x, 5),
    b6 = limb(b, 6) - limb(x, 6), b7 = limb(b, 7) - limb(x, 7), b8 = limb(b, 8) - limb(x, 8);
  const c0: i64 = load<i32>(c), c1: i64 = load<i32>(c, 4), c2: i64 = load<i32>(c, 8),
    c3: i64 = load<i32>(c, 12), c4: i64 = load<i32>(c, 16), c5: i64 = load<i32>(c, 20),
    c6: i64 = load<i32>(c, 24), c7: i64 = load<i32>(c, 28), c8: i64 = load<i32>(c, 32);
  const e0: i64 = load<i32>(d), e1: i64 = load<i32>(d, 4), e2: i64 = load<i32>(d, 8),
    e3: i64 = load<i32>(d, 12), e4: i64 = load<i32>(d, 16), e5: i64 = load<i32>(d, 20),
    e6: i64 = load<i32>(d, 24), e7: i64 = load<i32>(d, 28), e8: i64 = load<i32>(d, 32);
  const d9 = a1 * b8 + a2 * b7 + a3 * b6 + a4 * b5 + a5 * b4 + a6 * b3 + a7 * b2 + a8 * b1
    - (c1 * e8 + c2 * e7 + c3 * e6 + c4 * e5 + c5 * e4 + c6 * e3 + c7 * e2 + c8 * e1);
  const d10 = a2 * b8 + a3 * b7 + a4 * b6 + a5 * b5 + a6 * b4 + a7 * b3 + a8 * b2
    - (c2 * e8 + c3 * e7 + c4 * e6 + c5 * e5 + c6 * e4 + c7 * e3 + c8 * e2);
  const d11 = a3 * b8 + a4 * b7 + a5 * b6 + a6 * b5 + a7 * b4 + a8 * b3
    - (c3 * e8 + c4 * e7 + c5 * e6 + c6 * e5 + c7 * e4 + c8 * e3);
  const d12 = a4 * b8 + a5 * b7 + a6 * b6 + a7 * b5 + a8 * b4
    - (c4 * e8 + c5 * e7 + c6 * e6 + c7 * e5 + c8 * e4);
  const d13 = a5 * b8 + a6 * b7 + a7 * b6 + a8 * b5
    - (c5 * e8 + c6 * e7 + c7 * e6 + c8 * e5);
  const d14 = a6 * b8 + a7 * b7 + a8 * b6
    - (c6 * e8 + c7 * e7 + c8 * e6);
  const d15 = a7 * b8 + a8 * b7
    - (c7 * e8 + c8 * e7);
  const d16 = a8 * b8
    - c8 * e8;
  const d0 = a0 * b0
    - c0 * e0;
  const d1 = a0 * b1 + a1 * b0
    - (c0 * e1 + c1 * e0);
  const d2 = a0 * b2 + a1 * b1 + a2 * b0
    - (c0 * e2 + c1 * e1 + c2 * e0);
  const d3 = a0 * b3 + a1 * b2 + a2 * b1 + a3 * b0
    - (c0 * e3 + c1 * e2 + c2 * e1 + c3 * e0);
  const d4 = a0 * b4 + a1 * b3 + a2 * b2 + a3 * b1 + a4 * b0
    - (c0 * e4 + c1 * e3 + c2 * e2 + c3 * e1 + c4 * e0);
  const d5 = a0 * b5 + a1 * b4 + a2 * b3 + a3 * b2 + a4 * b1 + a5 * b0
    - (c0 * e5 + c1 * e4 + c2 * e3 + c3 * e2 + c4 * e1 + c5 * e0);
  const d6 = a0 * b6 + a1 * b5 + a2 * b4 + a3 * b3 + a4 * b2 + a5 * b1 + a6 * b0
    - (c0 * e6 + c1 * e5 + c2 * e4 + c3 * e3 + c4 * e2 + c5 * e1 + c6 * e0);
  const d7 = a0 * b7 + a1 * b6 + a2 * b5 + a3 * b4 + a4 * b3 + a5 * b2 + a6 * b1 + a7 * b0
    - (c0 * e7 + c1 * e6 + c2 * e5 + c3 * e4 + c4 * e3 + c5 * e2 + c6 * e1 + c7 * e0);
  const d8 = a0 * b8 + a1 * b7 + a2 * b6 + a3 * b5 + a4 * b4 + a5 * b3 + a6 * b2 + a7 * b1
    + a8 * b0
    - (c0 * e8 + c1 * e7 + c2 * e6 + c3 * e5 + c4 * e4 + c5 * e3 + c6 * e2 + c7 * e1 + c8 * e0);
  reduce(
    r, 1, d0, d1, d2, d3, d4, d5, d6, d7, d8,
    d9, d10, d11, d12, d13, d14, d15, d16,
  );
}

/** r := a^2. */
export function feSqr(r: u32, a: u32): void {
  square(r, 1, a, 0, 0, 0, 0, 0, 0, 0, 0, 0);
}

/** r := 3 a^2, for a with limbs to 2^29. */
export function feSqrTriple(r: u32, a: u32): void {
  square(r, 3, a, 0, 0, 0, 0, 0, 0, 0, 0, 0);
}

/** r := a^2 - 4 b. */
export function feSqrLess4(r: u32, a: u32, b: u32): void {
  square(
    r, 1, a,
    -4 * limb(b, 0), -4 * limb(b, 1), -4 * limb(b, 2),
    -4 * limb(b, 3), -4 * limb(b, 4), -4 * limb(b, 5),
    -4 * limb(b, 6), -4 * limb(b, 7), -4 * limb(b, 8),
  );
}

/** r := a^2 - b - 2 c. */
export function feSqrLess(r: u32, a: u32, b: u32, c: u32): void {
  square(
    r, 1, a,
    -limb(b, 0) - 2 * limb(c, 0), -limb(b, 1) - 2 * limb(c, 1), -limb(b, 2) - 2 * limb(c, 2),
    -limb(b, 3) - 2 * limb(c, 3), -limb(b, 4) - 2 * limb(c, 4), -limb(b, 5) - 2 * limb(c, 5),
    -limb(b, 6) - 2 * limb(c, 6), -limb(b, 7) - 2 * limb(c, 7), -limb(b, 8) - 2 * limb(c, 8),
  );
}

/** r := a^(2^count), for a count above 0. */
export function feSqrTimes(r: u32, a: u32, count: i32): void {
  feSqr(r, a);
  for (let i = 1; i < count; i++) feSqr(r, r);
}

/** r := a. */
// @ts-ignore: decorator
@inline
export function feCopy(r: u32, a: u32): void {
  // So few bytes are copied sooner than a call of the platform is made.
  for (let i: u32 = 0; i < 32; i += 8) store<u64>(r + i, load<u64>(a + i));
  store<u32>(r, load<u32>(a, 32), 32);
}

/** r := value, which is below 2^29. */
export function feSet(r: u32, value: i32): void {
  memory.fill(r, 0, FE_BYTES);
  store<i32>(r, value);
}

/** r := a - b, limb by limb. */
// @ts-ignore: decorator
@inline
export function feSub(r: u32, a: u32, b: u32): void {
  for (let i: u32 = 0; i < FE_BYTES; i += 4) store<i32>(r + i, load<i32>(a + i) - load<i32>(b + i));
}

/** r := -a, limb by limb. */
// @ts-ignore: decorator
@inline
export function feNegate(r: u32, a: u32): void {
  for (let i: u32 = 0; i < FE_BYTES; i += 4) store<i32>(r + i, -load<i32>(a + i));
}

/** Makes the element the one representation with limbs from 0 to 2^29 that is below p. */
export function feNormalize(r: u32): void {
  // What passes bit 256 comes back at the bottom; the third round only carries.
  for (let round = 0; round < 3; round++) {
    let c: i64 = 0;
    for (let i: u32 = 0; i < 32; i += 4) {
      c += load<i32>(r + i);
      store<i32>(r + i, i32(c & MASK));
      c >>= BITS;
    }
    c += load<i32>(r, 32);
    store<i32>(r, i32(c & 0xffffff), 32);
    // Small enough for limbs: the element is below 2^266 in magnitude.
    const passed = i32(c >> 24);
    store<i32>(r, load<i32>(r) + passed * 977);
    store<i32>(r, load<i32>(r, 4) + (passed << 3), 4);
  }
  subtractP(r);
}

/** Takes p off once if the element, with limbs in range, is not below it. */
function subtractP(r: u32): void {
  let c: i64 = 977;
  for (let i: u32 = 0; i < 32; i += 4) {
    c += load<i32>(r + i);
    if (i == 4) c += 8;
    store<i32>(SUM + i, i32(c & MASK));
    c >>= BITS;
  }
  c += load<i32>(r, 32);
  store<i32>(SUM, i32(c & 0xffffff), 32);
  if (c >> 24) feCopy(r, SUM);
}

/**
 * Whether the element is zero modulo p. It may be any difference of two results of products, so it
 * is a multiple of p by no more than 40, which its lowest limb nearly always shows not to be.
 */
// @ts-ignore: decorator
@inline
export function feIsZero(a: u32): bool {
  if (((load<u32>(a) + 40 * 977) & u32(MASK)) > 80 * 977) return false;
  return isZeroAtLength(a);
}

function isZeroAtLength(a: u32): bool {
  feCopy(SCRATCH, a);
  feNormalize(SCRATCH);
  let bits: u32 = 0;
  for (let i: u32 = 0; i < FE_BYTES; i += 4) bits |= load<u32>(SCRATCH + i);
  return bits == 0;
}

/** r := the number in eight 32-bit words, with eight readable bytes behind them. */
export function feOfWords(r: u32, words: u32): void {
  for (let i: u32 = 0; i < 9; i++) {
    const bit = 29 * i;
    store<i32>(r + 4 * i, i32((load<u64>(words + (bit >> 3)) >> (bit & 7)) & u64(MASK)));
  }
  store<u32>(r, load<u32>(r, 32) & 0xffffff, 32);
}

/** Writes an element, which it normalizes, as eight 32-bit words. */
export function feToWords(words: u32, a: u32): void {
  feNormalize(a);
  let pending: u64 = 0;
  let bits: u32 = 0;
  for (let i: u32 = 0; i < FE_BYTES; i += 4) {
    pending |= u64(load<u32>(a + i)) << bits;
    bits += 29;
    if (bits < 32) continue;
    store<u32>(words, u32(pending));
    words += 4;
    pending >>= 32;
    bits -= 32;
  }
}

/** r := 1 / a; zero for zero. Normalizes a. */
export function feInvert(r: u32, a: u32): void {
  feToWords(WORDS, a);
  invert(WORDS, WORDS, P_30, 9, P_INVERSE_30);
  feOfWords(r, WORDS);
}

/**
 * r := a^((p + 1) / 4), a square root of a if there is one.
 *
 * The exponent is 223 ones, a zero, 22 ones, four zeros, and 11 at the end with two zeros behind;
 * each power below is of as many ones as its name says.
 */
export function feSqrt(r: u32, a: u32): void {
  feSqr(POWER_2, a);
  feMul(POWER_2, POWER_2, a);
  feSqr(POWER_3, POWER_2);
  feMul(POWER_3, POWER_3, a);
  append(r, POWER_3, 3, POWER_3); // 6
  append(r, r, 3, POWER_3); // 9
  append(r, r, 2, POWER_2); // 11
  append(POWER_22, r, 11, r);
  append(POWER_44, POWER_22, 22, POWER_22);
  append(POWER_88, POWER_44, 44, POWER_44);
  append(r, POWER_88, 88, POWER_88); // 176
  append(r, r, 44, POWER_44); // 220
  append(r, r, 3, POWER_3); // 223
  append(r, r, 23, POWER_22);
  append(r, r, 6, POWER_2);
  feSqrTimes(r, r, 2);
}

/** r := a^(2^count) b: the exponent of a, with that of b in count bits behind it. */
function append(r: u32, a: u32, count: i32, b: u32): void {
  feSqrTimes(RUN, a, count);
  feMul(r, RUN, b);
}
