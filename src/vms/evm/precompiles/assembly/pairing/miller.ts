/**
 * The product of Miller loops of pairs: optimal ate on both curves (Costello, Lange and Naehrig,
 * Faster pairing computations on curves with high-degree twists, 2010, for the formulas).
 *
 * A line is known up to factors in proper subfields of F_p12, which the final exponentiation sends
 * to one. On bn254 the untwisted point is (w^2 x, w^3 y), on BLS12-381 it is (x / w^2, y / w^3) and
 * lines are multiplied by w^3; so the same three coefficients stand at other powers of w. That x is
 * negative on BLS12-381 only inverts the product, which is one or not all the same.
 */
import { IS_BLS, LOOP, LOOP_LENGTH, PSI, R, TWIST_B } from './constants';
import { FP } from './fp';
import {
  FP2,
  fp2Add,
  fp2Conjugate,
  fp2Mul,
  fp2MulFp,
  fp2Neg,
  fp2Scale,
  fp2Sqr,
  fp2Sub,
  fp12MulBy014,
  fp12MulBy034,
  fp12One,
  fp12Sqr,
} from './tower';

// A pair: P of G1 and Q of G2, affine and not infinity, and the running multiple T of Q, with
// x = X / Z and y = Y / Z.
export const PAIR_Q: u32 = 2 * FP;
const PAIR_T: u32 = 6 * FP;
export const PAIR_BYTES: u32 = 12 * FP;

const T0: u32 = u32(memory.data(FP * 2, 16));
const T1: u32 = u32(memory.data(FP * 2, 16));
const T2: u32 = u32(memory.data(FP * 2, 16));
const T3: u32 = u32(memory.data(FP * 2, 16));
const T4: u32 = u32(memory.data(FP * 2, 16));
const T5: u32 = u32(memory.data(FP * 2, 16));
const T6: u32 = u32(memory.data(FP * 2, 16));
const Q: u32 = u32(memory.data(FP * 4, 16));

/** r := r times the line of slope -b / a through the point that c belongs to, at P. */
function mulByLine(r: u32, pair: u32, a: u32, b: u32, c: u32): void {
  fp2MulFp(a, a, pair + FP);
  fp2MulFp(b, b, pair);
  if (IS_BLS) fp12MulBy014(r, c, b, a);
  else fp12MulBy034(r, a, b, c);
}

/** T := 2 T, and r := r times the tangent. */
function doubleStep(r: u32, pair: u32): void {
  const x = pair + PAIR_T;
  const y = x + FP2;
  const z = y + FP2;
  fp2Sqr(T0, y); // B = Y^2
  fp2Sqr(T1, z);
  fp2Mul(T1, T1, TWIST_B);
  fp2Scale(T1, 3, T1); // E = 3 b Z^2
  fp2Mul(T2, y, z);
  fp2Add(T2, T2, T2); // H = 2 Y Z
  fp2Sqr(T3, x);
  fp2Scale(T3, 3, T3); // J = 3 X^2
  fp2Sub(T4, T1, T0); // I = E - B
  fp2Mul(x, x, y);
  fp2Add(x, x, x);
  fp2Mul(z, T0, T2);
  fp2Scale(z, 4, z); // Z' = 4 B H
  fp2Scale(T5, 3, T1); // F = 3 E
  fp2Sub(T6, T0, T5);
  fp2Mul(x, x, T6); // X' = 2 X Y (B - F)
  fp2Add(T6, T0, T5);
  fp2Sqr(y, T6);
  fp2Sqr(T1, T1);
  fp2Scale(T1, 12, T1);
  fp2Sub(y, y, T1); // Y' = (B + F)^2 - 12 E^2
  fp2Neg(T2, T2);
  mulByLine(r, pair, T2, T3, T4);
}

/** T := T + q, and r := r times the line through both. */
function addStep(r: u32, pair: u32, q: u32): void {
  const x = pair + PAIR_T;
  const y = x + FP2;
  const z = y + FP2;
  fp2Mul(T0, q + FP2, z);
  fp2Sub(T0, y, T0); // theta = Y - y Z
  fp2Mul(T1, q, z);
  fp2Sub(T1, x, T1); // lambda = X - x Z
  fp2Sqr(T2, T0);
  fp2Mul(T2, z, T2); // F = Z theta^2
  fp2Sqr(T3, T1); // D = lambda^2
  fp2Mul(T4, T1, T3); // E = lambda^3
  fp2Mul(T3, x, T3); // G = X D
  fp2Add(T2, T4, T2);
  fp2Sub(T2, T2, T3);
  fp2Sub(T2, T2, T3); // H = E + F - 2 G
  fp2Mul(x, T1, T2); // X' = lambda H
  fp2Sub(T3, T3, T2);
  fp2Mul(T3, T0, T3);
  fp2Mul(y, T4, y);
  fp2Sub(y, T3, y); // Y' = theta (G - H) - E Y
  fp2Mul(z, z, T4); // Z' = Z E
  fp2Mul(T2, T0, q);
  fp2Mul(T3, T1, q + FP2);
  fp2Sub(T2, T2, T3); // theta x - lambda y
  fp2Neg(T0, T0);
  mulByLine(r, pair, T1, T0, T2);
}

/** Q := psi(Q), affine. */
function applyPsi(): void {
  fp2Conjugate(Q, Q);
  fp2Mul(Q, Q, PSI);
  fp2Conjugate(Q + FP2, Q + FP2);
  fp2Mul(Q + FP2, Q + FP2, PSI + FP2);
}

/** r := the product of the Miller loops of `count` pairs. */
export function millerLoop(r: u32, pairs: u32, count: u32): void {
  const end = pairs + count * PAIR_BYTES;
  fp12One(r);
  for (let pair = pairs; pair < end; pair += PAIR_BYTES) {
    memory.copy(pair + PAIR_T, pair + PAIR_Q, 2 * FP2);
    memory.fill(pair + PAIR_T + 2 * FP2, 0, FP2);
    memory.copy(pair + PAIR_T + 2 * FP2, R, FP);
  }
  for (let i = LOOP_LENGTH - 2; i >= 0; i--) {
    fp12Sqr(r, r);
    const digit = load<i8>(LOOP + u32(i));
    for (let pair = pairs; pair < end; pair += PAIR_BYTES) {
      doubleStep(r, pair);
      if (digit == 0) continue;
      memory.copy(Q, pair + PAIR_Q, 2 * FP2);
      if (digit < 0) fp2Neg(Q + FP2, Q + FP2);
      addStep(r, pair, Q);
    }
  }
  if (IS_BLS) return;
  for (let pair = pairs; pair < end; pair += PAIR_BYTES) {
    memory.copy(Q, pair + PAIR_Q, 2 * FP2);
    applyPsi();
    addStep(r, pair, Q);
    applyPsi();
    fp2Neg(Q + FP2, Q + FP2);
    addStep(r, pair, Q);
  }
}
