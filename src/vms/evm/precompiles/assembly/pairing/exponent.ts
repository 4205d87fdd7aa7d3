/**
 * The final exponentiation, up to a factor of the exponent that is prime to the order: enough to
 * tell whether a product of pairings is one.
 */
import { IS_BLS, X, X_LENGTH } from './constants';
import { FP } from './fp';
import {
  FP12,
  fp12Conjugate,
  fp12CyclotomicSqr,
  fp12Frobenius,
  fp12Invert,
  fp12IsOne,
  fp12Mul,
} from './tower';

const T0: u32 = u32(memory.data(FP * 12, 16));
const T1: u32 = u32(memory.data(FP * 12, 16));
const T2: u32 = u32(memory.data(FP * 12, 16));
const T3: u32 = u32(memory.data(FP * 12, 16));
const INVERSE: u32 = u32(memory.data(FP * 12, 16));

/** r := a^x, for a in the cyclotomic subgroup; r is not a. */
function powerX(r: u32, a: u32): void {
  fp12Conjugate(INVERSE, a);
  memory.copy(r, a, FP12);
  for (let i = X_LENGTH - 2; i >= 0; i--) {
    fp12CyclotomicSqr(r, r);
    const digit = load<i8>(X + u32(i));
    if (digit > 0) fp12Mul(r, r, a);
    else if (digit < 0) fp12Mul(r, r, INVERSE);
  }
  if (IS_BLS) fp12Conjugate(r, r);
}

/** Whether the final exponentiation of f gives one; f is overwritten. */
export function isOneAfterExponent(f: u32): bool {
  // (p^6 - 1) (p^2 + 1)
  fp12Conjugate(T0, f);
  fp12Invert(f, f);
  fp12Mul(f, T0, f);
  fp12Frobenius(T0, f);
  fp12Frobenius(T0, T0);
  fp12Mul(f, T0, f);
  if (IS_BLS) exponentBls(f);
  else exponentBn(f);
  return fp12IsOne(f);
}

/**
 * (x - 1)^2 (x + p) (x^2 + p^2 - 1) + 3 (Hayashida, Hayasaka and Teruya, Efficient final
 * exponentiation via cyclotomic structure for pairings over families of elliptic curves, 2020).
 */
function exponentBls(f: u32): void {
  fp12Conjugate(T3, f);
  powerX(T0, f);
  fp12Mul(T0, T0, T3); // x - 1
  fp12Conjugate(T3, T0);
  powerX(T1, T0);
  fp12Mul(T1, T1, T3); // (x - 1)^2
  powerX(T0, T1);
  fp12Frobenius(T1, T1);
  fp12Mul(T0, T0, T1); // times x + p
  powerX(T1, T0);
  powerX(T2, T1);
  fp12Frobenius(T1, T0);
  fp12Frobenius(T1, T1);
  fp12Mul(T2, T2, T1);
  fp12Conjugate(T0, T0);
  fp12Mul(T2, T2, T0); // times x^2 + p^2 - 1
  fp12CyclotomicSqr(T0, f);
  fp12Mul(f, f, T0);
  fp12Mul(f, f, T2);
}

/**
 * (1 + 6 x + 12 x^2 + 12 x^3) + (4 x + 6 x^2 + 12 x^3) p + (6 x + 6 x^2 + 12 x^3) p^2
 * + (-1 + 4 x + 6 x^2 + 12 x^3) p^3 (Fuentes-Castaneda, Knapp and Rodriguez-Henriquez, Faster
 * hashing to G2, 2011).
 */
function exponentBn(f: u32): void {
  powerX(T0, f);
  fp12CyclotomicSqr(T0, T0); // 2 x
  fp12CyclotomicSqr(T1, T0);
  fp12Mul(T1, T1, T0); // 6 x
  powerX(T2, T1); // 6 x^2
  fp12Mul(T1, T1, T2); // 6 x + 6 x^2
  fp12CyclotomicSqr(T3, T2); // 12 x^2
  fp12Mul(T2, T2, f); // 1 + 6 x^2
  fp12Conjugate(T0, T0);
  fp12Conjugate(f, f);
  powerX(FOURTH, T3);
  fp12Mul(T1, T1, FOURTH); // 6 x + 6 x^2 + 12 x^3
  fp12Mul(T2, T2, T1); // 1 + 6 x + 12 x^2 + 12 x^3
  fp12Mul(T0, T0, T1); // 4 x + 6 x^2 + 12 x^3
  fp12Mul(f, f, T0); // -1 + 4 x + 6 x^2 + 12 x^3
  fp12Frobenius(f, f);
  fp12Mul(f, f, T1);
  fp12Frobenius(f, f);
  fp12Mul(f, f, T0);
  fp12Frobenius(f, f);
  fp12Mul(f, f, T2);
}

const FOURTH: u32 = u32(memory.data(FP * 12, 16));
