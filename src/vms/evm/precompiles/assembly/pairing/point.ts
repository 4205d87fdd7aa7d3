/**
 * Points of the group in hand (`element.ts`), on y^2 = x^3 + b, or on y^2 = x^3 - 3 x + b.
 *
 * An affine point is x, then y; all zeros is infinity, which no curve here has as a point. A
 * Jacobian point (X, Y, Z) has x = X / Z^2 and y = Y / Z^3; zeros for Z are infinity. No curve here
 * has a point of order two, so only infinity doubles to infinity.
 */
import { IS_A_MINUS_3, R } from './constants';
import {
  add,
  affine,
  coordinate,
  copy,
  invertElement,
  isZero,
  jacobian,
  mul,
  neg,
  scale,
  sqr,
  sub,
} from './element';
import { FP } from './fp';

const T0: u32 = u32(memory.data(FP * 2, 16));
const T1: u32 = u32(memory.data(FP * 2, 16));
const T2: u32 = u32(memory.data(FP * 2, 16));
const T3: u32 = u32(memory.data(FP * 2, 16));
const T4: u32 = u32(memory.data(FP * 2, 16));
const T5: u32 = u32(memory.data(FP * 2, 16));
const OPPOSITE: u32 = u32(memory.data(FP * 4, 16));

function isBlank(at: u32, length: u32): bool {
  let bits: u32 = 0;
  for (let i: u32 = 0; i < length; i += 4) bits |= load<u32>(at + i);
  return bits == 0;
}

export function isInfinity(p: u32): bool {
  return isBlank(p + 2 * coordinate, coordinate);
}

export function isAffineInfinity(q: u32): bool {
  return isBlank(q, affine);
}

export function setInfinity(p: u32): void {
  memory.fill(p, 0, jacobian);
}

/** p := q. */
export function ofAffine(p: u32, q: u32): void {
  memory.copy(p, q, affine);
  memory.fill(p + affine, 0, coordinate);
  if (!isAffineInfinity(q)) memory.copy(p + affine, R, FP);
}

/** p := 2 p. */
export function doublePoint(p: u32): void {
  const y = p + coordinate;
  const z = p + 2 * coordinate;
  if (isInfinity(p)) return;
  sqr(T0, y); // B = Y^2
  mul(T1, p, T0); // S = X B
  if (IS_A_MINUS_3) {
    sqr(T3, z);
    sub(T2, p, T3);
    add(T3, p, T3);
    mul(T2, T2, T3);
  } else sqr(T2, p);
  scale(T2, 3, T2); // E = 3 X^2 + a Z^4
  mul(z, y, z);
  add(z, z, z); // Z' = 2 Y Z
  sqr(T0, T0);
  scale(T0, 8, T0); // 8 B^2
  scale(T1, 4, T1); // 4 S
  sqr(p, T2);
  sub(p, p, T1);
  sub(p, p, T1); // X' = E^2 - 8 S
  sub(T1, T1, p);
  mul(T1, T2, T1);
  sub(y, T1, T0); // Y' = E (4 S - X') - 8 B^2
}

/** p := p + q, for an affine q. */
export function addAffine(p: u32, q: u32): void {
  if (isAffineInfinity(q)) return;
  if (isInfinity(p)) return ofAffine(p, q);
  const y = p + coordinate;
  const z = p + 2 * coordinate;
  sqr(T0, z);
  mul(T1, q, T0);
  mul(T2, z, T0);
  mul(T2, q + coordinate, T2);
  finishSum(p, y, z, z);
}

/** p := p + q, for a Jacobian q. */
export function addPoint(p: u32, q: u32): void {
  if (isInfinity(q)) return;
  if (isInfinity(p)) return memory.copy(p, q, jacobian);
  const y = p + coordinate;
  const z = p + 2 * coordinate;
  const qz = q + 2 * coordinate;
  sqr(T0, z);
  mul(T1, q, T0);
  mul(T2, z, T0);
  mul(T2, q + coordinate, T2);
  sqr(T0, qz);
  mul(p, p, T0);
  mul(T0, T0, qz);
  mul(y, y, T0);
  mul(T5, z, qz);
  finishSum(p, y, z, T5);
}

/**
 * The sum of (X, Y) and (T1, T2), which have the same Z behind them, `zBoth`.
 *
 * `zBoth` is `z` if that is still p's own.
 */
function finishSum(p: u32, y: u32, z: u32, zBoth: u32): void {
  sub(T1, T1, p); // H
  sub(T2, T2, y); // r
  if (isZero(T1)) {
    if (!isZero(T2)) return setInfinity(p);
    if (zBoth != z) copy(z, zBoth);
    return doublePoint(p);
  }
  sqr(T0, T1); // H^2
  mul(T3, T1, T0); // H^3
  mul(T4, p, T0); // V = X H^2
  mul(z, zBoth, T1); // Z' = Z H
  sqr(p, T2);
  sub(p, p, T3);
  sub(p, p, T4);
  sub(p, p, T4); // X' = r^2 - H^3 - 2 V
  sub(T4, T4, p);
  mul(T4, T2, T4);
  mul(T3, y, T3);
  sub(y, T4, T3); // Y' = r (V - X') - Y H^3
}

/** p := p - q, for an affine q. */
export function subtractAffine(p: u32, q: u32): void {
  if (isAffineInfinity(q)) return;
  copy(OPPOSITE, q);
  neg(OPPOSITE + coordinate, q + coordinate);
  addAffine(p, OPPOSITE);
}

/** p := -p. */
export function negatePoint(p: u32): void {
  neg(p + coordinate, p + coordinate);
}

/** q := p as an affine point. */
export function toAffine(q: u32, p: u32): void {
  if (isInfinity(p)) return memory.fill(q, 0, affine);
  invertElement(T1, p + 2 * coordinate);
  toAffineBy(q, p, T1);
}

function toAffineBy(q: u32, p: u32, zInverse: u32): void {
  sqr(T0, zInverse);
  mul(T2, p, T0);
  mul(T0, T0, zInverse);
  mul(q + coordinate, p + coordinate, T0);
  copy(q, T2);
}

/**
 * q := the points as affine points, with one inversion for all.
 *
 * @param products room for `count` coordinates
 */
export function allToAffine(q: u32, points: u32, count: u32, products: u32): void {
  // Infinity takes no part: its Z counts as one.
  memory.fill(T1, 0, coordinate);
  memory.copy(T1, R, FP);
  for (let i: u32 = 0; i < count; i++) {
    const point = points + i * jacobian;
    if (!isInfinity(point)) mul(T1, T1, point + affine);
    copy(products + i * coordinate, T1);
  }
  invertElement(T1, T1);
  for (let i = i32(count) - 1; i >= 0; i--) {
    const point = points + u32(i) * jacobian;
    const target = q + u32(i) * affine;
    if (isInfinity(point)) {
      memory.fill(target, 0, affine);
      continue;
    }
    if (i > 0) mul(T3, T1, products + (u32(i) - 1) * coordinate);
    else copy(T3, T1);
    mul(T1, T1, point + affine);
    toAffineBy(target, point, T3);
  }
}

/** Whether p is q, both Jacobian. */
export function isSamePoint(p: u32, q: u32): bool {
  if (isInfinity(p) || isInfinity(q)) return isInfinity(p) && isInfinity(q);
  sqr(T0, p + affine);
  sqr(T1, q + affine);
  mul(T2, p, T1);
  mul(T3, q, T0);
  sub(T2, T2, T3);
  if (!isZero(T2)) return false;
  mul(T0, T0, p + affine);
  mul(T1, T1, q + affine);
  mul(T2, p + coordinate, T1);
  mul(T3, q + coordinate, T0);
  sub(T2, T2, T3);
  return isZero(T2);
}

/** Whether the affine point is on its curve. */
export function isOnCurve(q: u32, b: u32): bool {
  sqr(T0, q);
  mul(T0, T0, q);
  add(T0, T0, b);
  if (IS_A_MINUS_3) for (let i = 0; i < 3; i++) sub(T0, T0, q);
  sqr(T1, q + coordinate);
  sub(T0, T0, T1);
  return isZero(T0);
}
