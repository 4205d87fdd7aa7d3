/**
 * The extensions of the prime field: F_p2 = F_p[u] / (u^2 + 1), F_p6 = F_p2[v] / (v^3 - xi) and
 * F_p12 = F_p6[w] / (w^2 - v).
 *
 * An element is its coefficients in a row, the lowest first. Results may stand where an operand
 * stands. Products take values that are a few primes in magnitude, and sums of two elements that
 * are not carried (`fp.ts`); elements of F_p12 between operations are from about 0 to 2 p.
 */
import { FROBENIUS, R } from './constants';
import {
  FP,
  fpAdd,
  fpCombine,
  fpMul,
  fpNeg,
  fpReduceDifference,
  fpReduceSum,
  fpScale,
  fpSub,
  fpWide,
  fpWideCross,
  fpXiImaginary,
  fpXiReal,
  WIDE,
} from './fp';
import { fpInvert, fpIsZero } from './prime';

export const FP2: u32 = 2 * FP;
export const FP6: u32 = 6 * FP;
export const FP12: u32 = 12 * FP;

const W0: u32 = u32(memory.data(WIDE, 16));
const W1: u32 = u32(memory.data(WIDE, 16));
const W2: u32 = u32(memory.data(WIDE, 16));
const P0: u32 = u32(memory.data(FP, 16));
const P1: u32 = u32(memory.data(FP, 16));
const ZERO: u32 = u32(memory.data(FP * 2, 16));

export function fp2Add(r: u32, a: u32, b: u32): void {
  fpAdd(r, a, b);
  fpAdd(r + FP, a + FP, b + FP);
}

export function fp2Sub(r: u32, a: u32, b: u32): void {
  fpSub(r, a, b);
  fpSub(r + FP, a + FP, b + FP);
}

export function fp2Neg(r: u32, a: u32): void {
  fpNeg(r, a);
  fpNeg(r + FP, a + FP);
}

/** r := k a, close to the range from 0 to p. */
export function fp2Scale(r: u32, k: i64, a: u32): void {
  fpScale(r, k, a);
  fpScale(r + FP, k, a + FP);
}

/** The conjugate, which is the power p. */
export function fp2Conjugate(r: u32, a: u32): void {
  memory.copy(r, a, FP);
  fpNeg(r + FP, a + FP);
}

export function fp2Mul(r: u32, a: u32, b: u32): void {
  fpWide(W0, a, b);
  fpWide(W1, a + FP, b + FP);
  // (a0 - a1) (b1 - b0) + a0 b0 + a1 b1 = a0 b1 + a1 b0
  fpWideCross(W2, a, b);
  fpReduceDifference(r, W0, W1);
  fpReduceSum(r + FP, W0, W1, W2);
}

export function fp2Sqr(r: u32, a: u32): void {
  fpAdd(P0, a, a + FP);
  fpSub(P1, a, a + FP);
  fpMul(r + FP, a, a + FP);
  fpMul(r, P0, P1);
  fpAdd(r + FP, r + FP, r + FP);
}

/** r := s a, for s in the prime field. */
export function fp2MulFp(r: u32, a: u32, s: u32): void {
  fpMul(r, a, s);
  fpMul(r + FP, a + FP, s);
}

/** r := xi a + b, close to the range from 0 to p. */
export function fp2MulXiAdd(r: u32, a: u32, b: u32): void {
  fpXiReal(P0, a, b);
  fpXiImaginary(r + FP, a, b);
  memory.copy(r, P0, FP);
}

/** r := xi a, close to the range from 0 to p. */
export function fp2MulXi(r: u32, a: u32): void {
  fp2MulXiAdd(r, a, ZERO);
}

/** r := j a + k b, close to the range from 0 to p. */
function fp2Combine(r: u32, j: i64, a: u32, k: i64, b: u32): void {
  fpCombine(r, j, a, k, b);
  fpCombine(r + FP, j, a + FP, k, b + FP);
}

/** r := a + b, not carried. */
// @ts-ignore: decorator
@inline
function fp2AddRaw(r: u32, a: u32, b: u32): void {
  for (let i: u32 = 0; i < FP2; i += 16) {
    v128.store(r + i, i32x4.add(v128.load(a + i), v128.load(b + i)));
  }
}

/** r := a - b - c, not carried. */
// @ts-ignore: decorator
@inline
function fp2SubTwoRaw(r: u32, a: u32, b: u32, c: u32): void {
  for (let i: u32 = 0; i < FP2; i += 16) {
    const less = i32x4.add(v128.load(b + i), v128.load(c + i));
    v128.store(r + i, i32x4.sub(v128.load(a + i), less));
  }
}

export function fp2IsZero(a: u32): bool {
  return fpIsZero(a) && fpIsZero(a + FP);
}

/** r := 1 / a = conjugate / (a0^2 + a1^2); zero for zero. */
export function fp2Invert(r: u32, a: u32): void {
  fpMul(P0, a, a);
  fpMul(P1, a + FP, a + FP);
  fpAdd(P0, P0, P1);
  fpInvert(P0, P0);
  fpMul(r, a, P0);
  fpMul(r + FP, a + FP, P0);
  fpNeg(r + FP, r + FP);
}

const S0: u32 = u32(memory.data(FP * 2, 16));
const S1: u32 = u32(memory.data(FP * 2, 16));
const S2: u32 = u32(memory.data(FP * 2, 16));
const S3: u32 = u32(memory.data(FP * 2, 16));
const S4: u32 = u32(memory.data(FP * 2, 16));
const S5: u32 = u32(memory.data(FP * 2, 16));
const S6: u32 = u32(memory.data(FP * 2, 16));

function fp6Add(r: u32, a: u32, b: u32): void {
  for (let i: u32 = 0; i < FP6; i += FP) fpAdd(r + i, a + i, b + i);
}

/** r := a - b - c, close to the range from 0 to p. */
function fp6SubTwo(r: u32, a: u32, b: u32, c: u32): void {
  for (let i: u32 = 0; i < FP6; i += FP2) {
    fp2SubTwoRaw(r + i, a + i, b + i, c + i);
    fp2Scale(r + i, 1, r + i);
  }
}

/** r := a + v b, for an r that is not b. */
function fp6AddV(r: u32, a: u32, b: u32): void {
  fp2Add(r + 2 * FP2, a + 2 * FP2, b + FP2);
  fp2Add(r + FP2, a + FP2, b);
  fp2MulXiAdd(r, b + 2 * FP2, a);
}

/** r := (x + y) (z + t) - p - q, not carried. */
function crossTerm(r: u32, x: u32, y: u32, z: u32, t: u32, p: u32, q: u32): void {
  fp2AddRaw(S5, x, y);
  fp2AddRaw(S6, z, t);
  fp2Mul(r, S5, S6);
  fp2SubTwoRaw(r, r, p, q);
}

export function fp6Mul(r: u32, a: u32, b: u32): void {
  const a1 = a + FP2;
  const a2 = a1 + FP2;
  const b1 = b + FP2;
  const b2 = b1 + FP2;
  fp2Mul(S0, a, b);
  fp2Mul(S1, a1, b1);
  fp2Mul(S2, a2, b2);
  crossTerm(S3, a, a1, b, b1, S0, S1);
  crossTerm(S4, a1, a2, b1, b2, S1, S2);
  crossTerm(r + 2 * FP2, a, a2, b, b2, S0, S2);
  fp2Add(r + 2 * FP2, r + 2 * FP2, S1);
  fp2MulXiAdd(r + FP2, S2, S3);
  fp2MulXiAdd(r, S4, S0);
}

/** r := a (b0 + b1 v). */
function fp6MulBy01(r: u32, a: u32, b0: u32, b1: u32): void {
  const a1 = a + FP2;
  const a2 = a1 + FP2;
  fp2Mul(S0, a, b0);
  fp2Mul(S1, a1, b1);
  crossTerm(S3, a, a1, b0, b1, S0, S1);
  fp2Mul(S4, a2, b1);
  fp2Mul(S2, a2, b0);
  fp2Add(r + 2 * FP2, S1, S2);
  fp2Scale(r + FP2, 1, S3);
  fp2MulXiAdd(r, S4, S0);
}

const T0: u32 = u32(memory.data(FP * 6, 16));
const T1: u32 = u32(memory.data(FP * 6, 16));
const T2: u32 = u32(memory.data(FP * 6, 16));
const T3: u32 = u32(memory.data(FP * 6, 16));
const ZERO_6: u32 = u32(memory.data(FP * 6, 16));

export function fp12One(r: u32): void {
  memory.fill(r, 0, FP12);
  memory.copy(r, R, FP);
}

export function fp12Mul(r: u32, a: u32, b: u32): void {
  fp6Mul(T0, a, b);
  fp6Mul(T1, a + FP6, b + FP6);
  fp6Add(T2, a, a + FP6);
  fp6Add(T3, b, b + FP6);
  fp6Mul(T2, T2, T3);
  fp6SubTwo(r + FP6, T2, T0, T1);
  fp6AddV(r, T0, T1);
}

/** r := a^2: with t = a0 a1, the parts are (a0 + a1) (a0 + v a1) - t - v t and 2 t. */
export function fp12Sqr(r: u32, a: u32): void {
  fp6Mul(T0, a, a + FP6);
  fp6AddV(T1, a, a + FP6);
  fp6Add(T2, a, a + FP6);
  fp6Mul(T1, T1, T2);
  fp6Add(r + FP6, T0, T0);
  fp6AddV(T2, T0, T0);
  for (let i: u32 = 0; i < FP6; i += FP2) fp2Combine(r + i, 1, T1 + i, -1, T2 + i);
}

/** r := r (b0 + b3 w + b4 v w), as lines are on bn254. */
export function fp12MulBy034(r: u32, b0: u32, b3: u32, b4: u32): void {
  for (let i: u32 = 0; i < FP6; i += FP2) fp2Mul(T0 + i, r + i, b0);
  fp6MulBy01(T1, r + FP6, b3, b4);
  fp6Add(T2, r, r + FP6);
  fp2Add(T3, b0, b3);
  fp6MulBy01(T2, T2, T3, b4);
  fp6SubTwo(r + FP6, T2, T0, T1);
  fp6AddV(r, T0, T1);
}

/** r := r (b0 + b1 v + b4 v w), as lines are on BLS12-381. */
export function fp12MulBy014(r: u32, b0: u32, b1: u32, b4: u32): void {
  fp6MulBy01(T0, r, b0, b1);
  // b4 v times the upper part.
  fp2Mul(T1 + FP2, r + FP6, b4);
  fp2Mul(T1 + 2 * FP2, r + FP6 + FP2, b4);
  fp2Mul(T1, r + FP6 + 2 * FP2, b4);
  fp2MulXi(T1, T1);
  fp6Add(T2, r, r + FP6);
  fp2Add(T3, b1, b4);
  fp6MulBy01(T2, T2, b0, T3);
  fp6SubTwo(r + FP6, T2, T0, T1);
  fp6AddV(r, T0, T1);
}

/** The power p^6; the inverse of elements of the cyclotomic subgroup. */
export function fp12Conjugate(r: u32, a: u32): void {
  memory.copy(r, a, FP6);
  for (let i: u32 = FP6; i < FP12; i += FP) fpNeg(r + i, a + i);
}

/** r := a^p; coefficient i of w^i is conjugated and multiplied by xi^(i (p - 1) / 6). */
export function fp12Frobenius(r: u32, a: u32): void {
  for (let i: u32 = 0; i < 6; i++) {
    const at = coefficient(i);
    fp2Conjugate(r + at, a + at);
    if (i > 0) fp2Mul(r + at, r + at, FROBENIUS + (i - 1) * FP2);
  }
}

/** Offset of the coefficient of w^i: v is w^2. */
// @ts-ignore: decorator
@inline
function coefficient(i: u32): u32 {
  return (i & 1) * FP6 + (i >> 1) * FP2;
}

function fp6Invert(r: u32, a: u32): void {
  const a1 = a + FP2;
  const a2 = a1 + FP2;
  // c0 = a0^2 - xi a1 a2, c1 = xi a2^2 - a0 a1, c2 = a1^2 - a0 a2
  fp2Mul(S0, a1, a2);
  fp2MulXi(S0, S0);
  fp2Sqr(S1, a);
  fp2Sub(S0, S1, S0);
  fp2Sqr(S1, a2);
  fp2MulXi(S1, S1);
  fp2Mul(S2, a, a1);
  fp2Sub(S1, S1, S2);
  fp2Sqr(S2, a1);
  fp2Mul(S3, a, a2);
  fp2Sub(S2, S2, S3);
  // The norm is a0 c0 + xi (a2 c1 + a1 c2).
  fp2Mul(S3, a2, S1);
  fp2Mul(S4, a1, S2);
  fp2Add(S3, S3, S4);
  fp2MulXi(S3, S3);
  fp2Mul(S4, a, S0);
  fp2Add(S3, S3, S4);
  fp2Invert(S3, S3);
  fp2Mul(r, S0, S3);
  fp2Mul(r + FP2, S1, S3);
  fp2Mul(r + 2 * FP2, S2, S3);
}

/** r := 1 / a = (a0 - a1 w) / (a0^2 - v a1^2). */
export function fp12Invert(r: u32, a: u32): void {
  fp6Mul(T0, a, a);
  fp6Mul(T1, a + FP6, a + FP6);
  fp6AddV(T2, ZERO_6, T1);
  fp6SubTwo(T0, T0, T2, ZERO_6);
  fp6Invert(T0, T0);
  fp6Mul(r, a, T0);
  fp6Mul(r + FP6, a + FP6, T0);
  for (let i: u32 = FP6; i < FP12; i += FP) fpScale(r + i, -1, r + i);
}

/** (r, s) := the square of x + y t in F_p4 = F_p2[t] / (t^2 - xi); s is not carried. */
function fp4Sqr(r: u32, s: u32, x: u32, y: u32): void {
  fp2Sqr(S0, x);
  fp2Sqr(S1, y);
  fp2AddRaw(S2, x, y);
  fp2Sqr(S2, S2);
  fp2SubTwoRaw(s, S2, S0, S1);
  fp2MulXiAdd(r, S1, S0);
}

/**
 * r := a^2 in the cyclotomic subgroup (Granger and Scott, Faster squaring in the cyclotomic
 * subgroup of sixth degree extensions, 2010).
 */
export function fp12CyclotomicSqr(r: u32, a: u32): void {
  const b = a + FP6;
  const s = r + FP6;
  fp4Sqr(T0, T0 + FP2, a, b + FP2);
  fp4Sqr(T1, T1 + FP2, b, a + 2 * FP2);
  fp4Sqr(T2, T2 + FP2, a + FP2, b + 2 * FP2);
  fp2Combine(r, 3, T0, -2, a);
  fp2Combine(r + FP2, 3, T1, -2, a + FP2);
  fp2Combine(r + 2 * FP2, 3, T2, -2, a + 2 * FP2);
  fp2MulXi(T2 + FP2, T2 + FP2);
  fp2Combine(s, 3, T2 + FP2, 2, b);
  fp2Combine(s + FP2, 3, T0 + FP2, 2, b + FP2);
  fp2Combine(s + 2 * FP2, 3, T1 + FP2, 2, b + 2 * FP2);
}

/** Whether a is one. */
export function fp12IsOne(a: u32): bool {
  fpSub(P0, a, R);
  if (!fpIsZero(P0)) return false;
  for (let i: u32 = FP; i < FP12; i += FP) if (!fpIsZero(a + i)) return false;
  return true;
}
