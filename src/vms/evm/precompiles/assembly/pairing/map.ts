/**
 * The maps of field elements to points of BLS12-381 (RFC 9380): the simplified SWU map to an
 * isogenous curve (section 6.6.3), the isogeny, and the multiplication into the subgroup.
 */
import {
  DEGREES_G1,
  DEGREES_G2,
  HALF,
  ISOGENY_G1,
  ISOGENY_G2,
  MAP_G1,
  MAP_G2,
  R,
} from './constants';
import {
  add,
  coordinate,
  copy,
  invertElement,
  isTwist,
  isZero,
  jacobian,
  mul,
  neg,
  sqr,
  takeGroup,
} from './element';
import { FP, fpAdd, fpMul, fpSub } from './fp';
import { readCoordinate, writePoint } from './operations';
import {
  addAffine,
  addPoint,
  doublePoint,
  negatePoint,
  ofAffine,
  setInfinity,
  toAffine,
} from './point';
import { fpInvert, fpIsOdd, fpIsZero, fpSqrt } from './prime';
import { psi, timesX } from './subgroup';

const U: u32 = u32(memory.data(FP * 2, 16));
const X: u32 = u32(memory.data(FP * 2, 16));
const Y: u32 = u32(memory.data(FP * 2, 16));
const RIGHT: u32 = u32(memory.data(FP * 2, 16));
const SCALED: u32 = u32(memory.data(FP * 2, 16));
const T0: u32 = u32(memory.data(FP * 2, 16));
const T1: u32 = u32(memory.data(FP * 2, 16));
const VALUES: u32 = u32(memory.data(FP * 8, 16));
const POINT: u32 = u32(memory.data(FP * 6, 16));
const AFFINE: u32 = u32(memory.data(FP * 4, 16));
const A: u32 = u32(memory.data(FP * 6, 16));
const C: u32 = u32(memory.data(FP * 6, 16));

const NORM: u32 = u32(memory.data(FP, 16));
const PART: u32 = u32(memory.data(FP, 16));

/**
 * r := a square root of a; false if there is none. In the extension, with the norm's root n, it is
 * x + (a1 / 2 x) u for x^2 = (a0 + n) / 2, or for (a0 - n) / 2 if that is no square.
 */
function sqrtElement(r: u32, a: u32): bool {
  if (!isTwist) return fpSqrt(r, a);
  fpMul(NORM, a, a);
  fpMul(PART, a + FP, a + FP);
  fpAdd(NORM, NORM, PART);
  if (!fpSqrt(NORM, NORM)) return false;
  fpAdd(PART, a, NORM);
  fpMul(PART, PART, HALF);
  if (!fpSqrt(PART, PART)) {
    fpSub(PART, a, NORM);
    fpMul(PART, PART, HALF);
    if (!fpSqrt(PART, PART)) unreachable();
  }
  if (fpIsZero(PART)) {
    // a0 = -n, so a1 is zero, and the root is imaginary.
    fpSub(NORM, PART, a);
    if (!fpSqrt(r + FP, NORM)) unreachable();
    memory.fill(r, 0, FP);
    return true;
  }
  fpAdd(NORM, PART, PART);
  fpInvert(NORM, NORM);
  fpMul(r + FP, a + FP, NORM);
  memory.copy(r, PART, FP);
  return true;
}

/** Parity of a, or of its imaginary part if the real one is zero (section 4.1). */
function isNegative(a: u32): bool {
  if (isTwist && fpIsZero(a)) return fpIsOdd(a + FP);
  return fpIsOdd(a);
}

/** RIGHT := x^3 + A x + B. */
function rightSide(map: u32): void {
  sqr(RIGHT, X);
  add(RIGHT, RIGHT, map);
  mul(RIGHT, RIGHT, X);
  add(RIGHT, RIGHT, map + coordinate);
}

/** (X, Y) := the point of the isogenous curve for U. */
function simplifiedSwu(map: u32): void {
  const z = map + 2 * coordinate;
  sqr(SCALED, U);
  mul(SCALED, SCALED, z); // Z u^2
  sqr(T0, SCALED);
  add(T0, T0, SCALED);
  // -B / A (1 + 1 / (Z^2 u^4 + Z u^2)), or B / (Z A) where there is no inverse.
  if (isZero(T0)) {
    mul(T0, z, map);
    invertElement(T0, T0);
    mul(X, T0, map + coordinate);
  } else {
    invertElement(T0, T0);
    fpAdd(T0, T0, R);
    invertElement(T1, map);
    mul(T1, T1, map + coordinate);
    neg(T1, T1);
    mul(X, T0, T1);
  }
  rightSide(map);
  if (!sqrtElement(Y, RIGHT)) {
    mul(X, X, SCALED);
    rightSide(map);
    if (!sqrtElement(Y, RIGHT)) unreachable();
  }
  if (isNegative(U) != isNegative(Y)) neg(Y, Y);
}

/** POINT := the isogeny's value at (X, Y). */
function applyIsogeny(polynomials: u32, degrees: u32): void {
  let from = polynomials;
  for (let i: u32 = 0; i < 4; i++) {
    const value = VALUES + i * coordinate;
    const degree = load<u32>(degrees + (i << 2));
    copy(value, from + degree * coordinate);
    for (let k = i32(degree) - 1; k >= 0; k--) {
      mul(value, value, X);
      add(value, value, from + u32(k) * coordinate);
    }
    from += (degree + 1) * coordinate;
  }
  const xDenominator = VALUES + coordinate;
  const yDenominator = VALUES + 3 * coordinate;
  const z = POINT + 2 * coordinate;
  mul(z, xDenominator, yDenominator);
  if (isZero(z)) return setInfinity(POINT);
  // x = X / Z^2 and y = Y / Z^3 for Z the product of the denominators.
  mul(T0, z, yDenominator);
  mul(POINT, VALUES, T0);
  mul(T1, T0, xDenominator);
  mul(T1, T1, xDenominator);
  mul(T1, T1, VALUES + 2 * coordinate);
  mul(POINT + coordinate, T1, Y);
}

/** POINT := its multiple by 1 - x, which is in G1. */
function clearG1(): void {
  toAffine(AFFINE, POINT);
  timesX(POINT, AFFINE);
  addAffine(POINT, AFFINE);
}

/** POINT := (x^2 - x - 1) P + (x - 1) psi(P) + psi^2(2 P), which is in G2 (Budroni and Pintore). */
function clearG2(): void {
  toAffine(AFFINE, POINT);
  timesX(A, AFFINE);
  negatePoint(A); // x P
  // x (x P + psi(P)) = x^2 P + x psi(P)
  ofAffine(C, AFFINE);
  psi(C);
  memory.copy(POINT, A, jacobian);
  addPoint(POINT, C);
  negatePoint(A);
  negatePoint(C);
  addPoint(A, C); // -x P - psi(P)
  ofAffine(C, AFFINE);
  negatePoint(C);
  addPoint(A, C); // -x P - psi(P) - P
  ofAffine(C, AFFINE);
  doublePoint(C);
  psi(C);
  psi(C);
  addPoint(A, C);
  toAffine(AFFINE, POINT);
  timesX(POINT, AFFINE);
  negatePoint(POINT);
  addPoint(POINT, A);
}

/** The point that a field element maps to. */
export function mapToPoint(input: u32, wantsTwist: bool): i32 {
  takeGroup(wantsTwist);
  if (!readCoordinate(U, input)) return -1;
  simplifiedSwu(wantsTwist ? MAP_G2 : MAP_G1);
  applyIsogeny(wantsTwist ? ISOGENY_G2 : ISOGENY_G1, wantsTwist ? DEGREES_G2 : DEGREES_G1);
  if (wantsTwist) clearG2();
  else clearG1();
  writePoint(POINT);
  return 1;
}
