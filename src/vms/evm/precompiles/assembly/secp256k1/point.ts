/**
 * Points of secp256k1, y^2 = x^3 + 7.
 *
 * An affine point is x, then y. A Jacobian point (X, Y, Z), with x = X / Z^2 and y = Y / Z^3, is
 * never the point at infinity: who may meet that has a flag beside it.
 */
import {
  FE_BYTES,
  feCombine,
  feCopy,
  feInvert,
  feIsZero,
  feMul,
  feMulLess,
  feMulLess8,
  feMulSub,
  feMulTwice,
  feNormalize,
  feSet,
  feSqr,
  feSqrLess,
  feSqrLess4,
  feSqrTriple,
} from './field';

export const AFFINE_BYTES: u32 = 2 * FE_BYTES;
export const JACOBIAN_BYTES: u32 = 3 * FE_BYTES;
/** Offsets of coordinates. */
const Y: u32 = FE_BYTES;
const Z: u32 = 2 * FE_BYTES;

const T0: u32 = u32(memory.data(36, 16));
const T1: u32 = u32(memory.data(36, 16));
const T2: u32 = u32(memory.data(36, 16));
const T3: u32 = u32(memory.data(36, 16));
const T4: u32 = u32(memory.data(36, 16));
const DOUBLE: u32 = u32(memory.data(108, 16));

/** p := 2 p. No point doubles to infinity, as the order is odd. */
export function pointDouble(p: u32): void {
  feSqr(T0, p + Y); // B = Y^2
  feMulTwice(T1, p, T0); // S = 2 X B
  feSqrTriple(T2, p); // E = 3 X^2
  feMulTwice(p + Z, p + Y, p + Z); // Z' = 2 Y Z
  feSqr(T0, T0);
  feSqrLess4(p, T2, T1); // X' = E^2 - 4 S
  feCombine(T1, 2, T1, -1, p);
  feMulLess8(p + Y, T2, T1, T0); // Y' = E (2 S - X') - 8 B^2
}

/** What `pointAdd` gives. */
export const SUM: i32 = 0;
export const SAME: i32 = 1;
export const OPPOSITE: i32 = 2;

/**
 * p := p + q for an affine q; p is left as it was if q is the same point or its opposite.
 */
export function pointAdd(p: u32, q: u32): i32 {
  feSqr(T0, p + Z);
  feMulLess(T1, q, T0, p); // H = x Z^2 - X
  feMul(T2, p + Z, T0);
  feMulLess(T2, q + Y, T2, p + Y); // R = y Z^3 - Y
  if (feIsZero(T1)) return feIsZero(T2) ? SAME : OPPOSITE;
  feSqr(T0, T1); // H^2
  feMul(T3, T1, T0); // H^3
  feMul(T4, p, T0); // V = X H^2
  feMul(p + Z, p + Z, T1); // Z' = Z H
  feSqrLess(p, T2, T3, T4); // X' = R^2 - H^3 - 2 V
  feCombine(T4, 1, T4, -1, p);
  feMulSub(p + Y, T2, T4, p + Y, T3); // Y' = R (V - X') - Y H^3
  return SUM;
}

/** p := q. */
export function pointOfAffine(p: u32, q: u32): void {
  memory.copy(p, q, AFFINE_BYTES);
  feSet(p + Z, 1);
}

/** The affine point of a Jacobian one, for 1 / Z. */
function toAffineBy(q: u32, p: u32, zInverse: u32): void {
  feSqr(T0, zInverse);
  feMul(q, p, T0);
  feMul(T0, T0, zInverse);
  feMul(q + Y, p + Y, T0);
}

/** q := p as an affine point, normalized. */
export function pointToAffine(q: u32, p: u32): void {
  feInvert(T1, p + Z);
  toAffineBy(q, p, T1);
  feNormalize(q);
  feNormalize(q + Y);
}

/** Bytes of room that `oddMultiples` needs for each multiple. */
export const ROOM_BYTES: u32 = JACOBIAN_BYTES + FE_BYTES;

/**
 * Writes the odd multiples of an affine point, 1, 3, 5 and so on, as affine points.
 *
 * @param table room for `count` affine points
 * @param room `count` times `ROOM_BYTES`
 */
export function oddMultiples(table: u32, point: u32, count: u32, room: u32): void {
  pointOfAffine(DOUBLE, point);
  pointDouble(DOUBLE);
  // With x Z^2 and y Z^3 for x and y this is the same group on another curve, where twice the
  // point is (X, Y): so it can be added as an affine point, which is cheaper. All Z grow by Z.
  feSqr(T0, DOUBLE + Z);
  feMul(room, point, T0);
  feMul(T0, T0, DOUBLE + Z);
  feMul(room + Y, point + Y, T0);
  feSet(room + Z, 1);
  for (let i: u32 = 1; i < count; i++) {
    const next = room + i * JACOBIAN_BYTES;
    memory.copy(next, next - JACOBIAN_BYTES, JACOBIAN_BYTES);
    pointAdd(next, DOUBLE);
  }
  for (let i: u32 = 0; i < count; i++) {
    const z = room + i * JACOBIAN_BYTES + Z;
    feMul(z, z, DOUBLE + Z);
  }
  allToAffine(table, room, count, room + count * JACOBIAN_BYTES);
}

/** table := the points as affine points, with one inversion for all. */
function allToAffine(table: u32, points: u32, count: u32, products: u32): void {
  feCopy(products, points + Z);
  for (let i: u32 = 1; i < count; i++) {
    const product = products + i * FE_BYTES;
    feMul(product, product - FE_BYTES, points + i * JACOBIAN_BYTES + Z);
  }
  // 1 / (Z_0 ... Z_i), from the last i down.
  feInvert(T1, products + (count - 1) * FE_BYTES);
  for (let i = count - 1; i > 0; i--) {
    const point = points + i * JACOBIAN_BYTES;
    feMul(T2, T1, products + (i - 1) * FE_BYTES);
    feMul(T1, T1, point + Z);
    toAffineBy(table + i * AFFINE_BYTES, point, T2);
  }
  toAffineBy(table, points, T1);
}
