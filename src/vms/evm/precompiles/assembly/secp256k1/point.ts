/**
 * Points of secp256k1, y^2 = x^3 + 7.
 *
 * An affine point is x, then y. A Jacobian point (X, Y, Z), with x = X / Z^2 and y = Y / Z^3, is
 * never the point at infinity: who may meet that has a flag beside it. Products stand in an order
 * in which neighbours need little of each other, so that a processor overlaps them.
 */
import {
  FE_BYTES,
  feCopy,
  feInvert,
  feIsZero,
  feMul,
  feMulLess,
  feMulLessMul,
  feMulTwice,
  feMulTwiceLess,
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
export const Z: u32 = 2 * FE_BYTES;

const T0: u32 = u32(memory.data(36, 16));
const T1: u32 = u32(memory.data(36, 16));
const T2: u32 = u32(memory.data(36, 16));
const T3: u32 = u32(memory.data(36, 16));
const T4: u32 = u32(memory.data(36, 16));
const DOUBLE: u32 = u32(memory.data(108, 16));

/** p := 2 p. No point doubles to infinity, as the order is odd. */
export function pointDouble(p: u32): void {
  feSqr(T0, p + Y); // B = Y^2
  feSqrTriple(T2, p); // E = 3 X^2
  feMulTwice(T1, p, T0); // S = 2 X B
  feMulTwice(p + Z, p + Y, p + Z); // Z' = 2 Y Z
  feSqr(T0, T0); // B^2
  feSqrLess4(p, T2, T1); // X' = E^2 - 4 S
  feMulTwiceLess(p + Y, T2, T1, p, T0); // Y' = E (2 S - X') - 8 B^2
}

/** What `pointAdd` gives. */
export const SUM: i32 = 0;
export const SAME: i32 = 1;
export const OPPOSITE: i32 = 2;

/**
 * p := p + q for an affine q, (x, y); p is left as it was if q is the same point or its opposite.
 *
 * @param z the Z of p, times that of q if q stands on another curve than p (`oddMultiples`)
 */
export function pointAdd(p: u32, x: u32, y: u32, z: u32): i32 {
  feSqr(T0, z);
  feMulLess(T1, x, T0, p); // H = x Z^2 - X
  feMul(T2, z, T0);
  feSqr(T0, T1); // H^2
  feMulLess(T2, y, T2, p + Y); // R = y Z^3 - Y
  if (feIsZero(T1)) return feIsZero(T2) ? SAME : OPPOSITE;
  feMul(T4, p, T0); // V = X H^2
  feMul(T3, T1, T0); // H^3
  feMul(p + Z, p + Z, T1); // Z' = Z H
  feSqrLess(p, T2, T3, T4); // X' = R^2 - H^3 - 2 V
  feMulLessMul(p + Y, T2, T4, p, p + Y, T3); // Y' = R (V - X') - Y H^3
  return SUM;
}

/** p := (x, y). */
export function pointOfAffine(p: u32, x: u32, y: u32): void {
  feCopy(p, x);
  feCopy(p + Y, y);
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
 * With x Z^2 and y Z^3 for x and y the points are the same group on another curve. On one of these
 * twice the point is affine, and on another all multiples are, without an inversion.
 *
 * @param table room for `count` affine points
 * @param room `count` times `ROOM_BYTES`
 * @param scale where the Z of the curve goes on which the multiples stand; 0: they are to stand on
 *   the curve of the point
 */
export function oddMultiples(table: u32, point: u32, count: u32, room: u32, scale: u32): void {
  const ratios = room + count * JACOBIAN_BYTES;
  pointOfAffine(DOUBLE, point, point + Y);
  pointDouble(DOUBLE);
  feSqr(T0, DOUBLE + Z);
  feMul(room, point, T0);
  feMul(T0, T0, DOUBLE + Z);
  feMul(room + Y, point + Y, T0);
  feSet(room + Z, 1);
  let next = room;
  for (let i: u32 = 1; i < count; i++) {
    memory.copy(next + JACOBIAN_BYTES, next, JACOBIAN_BYTES);
    next += JACOBIAN_BYTES;
    pointAdd(next, DOUBLE, DOUBLE + Y, next + Z);
    feCopy(ratios + i * FE_BYTES, T1); // Z' / Z = H
  }
  feMul(T1, next + Z, DOUBLE + Z);
  if (scale == 0) feInvert(T1, T1);
  else {
    feCopy(scale, T1);
    feSet(T1, 1);
  }
  for (let i: u32 = count - 1; ; i--) {
    toAffineBy(table + i * AFFINE_BYTES, room + i * JACOBIAN_BYTES, T1);
    if (i == 0) return;
    feMul(T1, T1, ratios + i * FE_BYTES);
  }
}
