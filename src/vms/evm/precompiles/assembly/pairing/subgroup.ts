/**
 * Which points of a curve are in the subgroup of prime order, by endomorphisms (Scott, A note on
 * group membership tests for G1, G2 and GT on BLS pairing-friendly curves, 2021; El Housni,
 * Guillevic and Piellard, Co-factor clearing and subgroup membership testing on pairing-friendly
 * curves, 2022). G1 of bn254 is the whole curve.
 */
import { BETA, IS_BLS, PSI, X, X_LENGTH } from './constants';
import { jacobian } from './element';
import { FP, fpMul } from './fp';
import {
  addAffine,
  addPoint,
  doublePoint,
  isAffineInfinity,
  isSamePoint,
  negatePoint,
  ofAffine,
  setInfinity,
  subtractAffine,
  toAffine,
} from './point';
import { FP2, fp2Conjugate, fp2Mul } from './tower';

const A: u32 = u32(memory.data(FP * 6, 16));
const B: u32 = u32(memory.data(FP * 6, 16));
const C: u32 = u32(memory.data(FP * 6, 16));
const AFFINE: u32 = u32(memory.data(FP * 4, 16));

/** p := |x| q for the parameter x of the family and an affine q. */
export function timesX(p: u32, q: u32): void {
  setInfinity(p);
  for (let i = X_LENGTH - 1; i >= 0; i--) {
    doublePoint(p);
    const digit = load<i8>(X + u32(i));
    if (digit > 0) addAffine(p, q);
    else if (digit < 0) subtractAffine(p, q);
  }
}

/** p := psi(p), the Frobenius endomorphism carried over to the twist; p is Jacobian. */
export function psi(p: u32): void {
  fp2Conjugate(p, p);
  fp2Mul(p, p, PSI);
  fp2Conjugate(p + FP2, p + FP2);
  fp2Mul(p + FP2, p + FP2, PSI + FP2);
  fp2Conjugate(p + 2 * FP2, p + 2 * FP2);
}

/** Whether the affine point of G1's curve is in G1. */
export function isInG1(q: u32): bool {
  if (!IS_BLS || isAffineInfinity(q)) return true;
  // The endomorphism that multiplies x by BETA is that by -x^2 or its square in the subgroup.
  timesX(A, q);
  toAffine(AFFINE, A);
  timesX(A, AFFINE);
  negatePoint(A);
  ofAffine(B, q);
  fpMul(B, B, BETA);
  return isSamePoint(A, B);
}

/** Whether the affine point of the twist is in G2. */
export function isInG2(q: u32): bool {
  if (isAffineInfinity(q)) return true;
  timesX(A, q);
  if (IS_BLS) {
    // psi(Q) = x Q, and x is negative.
    negatePoint(A);
    ofAffine(B, q);
    psi(B);
    return isSamePoint(A, B);
  }
  // (x + 1) Q + psi(x Q) + psi^2(x Q) = psi^3(2 x Q)
  memory.copy(B, A, jacobian);
  memory.copy(C, A, jacobian);
  addAffine(B, q);
  psi(C);
  addPoint(B, C);
  psi(C);
  addPoint(B, C);
  psi(C);
  doublePoint(C);
  return isSamePoint(B, C);
}
