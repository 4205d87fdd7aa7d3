/**
 * Coordinates of points of the group in hand: elements of the prime field for G1, of the quadratic
 * extension for G2, which P-256 does not have. The code of points is written once, over these.
 */
import { HAS_TWIST } from './constants';
import { FP, fpAdd, fpMul, fpNeg, fpScale, fpSub } from './fp';
import { fpInvert, fpIsZero } from './prime';
import {
  FP2,
  fp2Add,
  fp2Invert,
  fp2IsZero,
  fp2Mul,
  fp2Neg,
  fp2Scale,
  fp2Sqr,
  fp2Sub,
} from './tower';

/** Whether G2 is in hand. */
export let isTwist = false;
/** Bytes of a coordinate, of an affine point, and of a Jacobian one. */
export let coordinate: u32 = FP;
export let affine: u32 = 2 * FP;
export let jacobian: u32 = 3 * FP;

/** Takes G1 or G2 in hand. */
export function takeGroup(wantsTwist: bool): void {
  isTwist = wantsTwist;
  coordinate = wantsTwist ? FP2 : FP;
  affine = 2 * coordinate;
  jacobian = 3 * coordinate;
}

export function mul(r: u32, a: u32, b: u32): void {
  if (HAS_TWIST && isTwist) fp2Mul(r, a, b);
  else fpMul(r, a, b);
}

export function sqr(r: u32, a: u32): void {
  if (HAS_TWIST && isTwist) fp2Sqr(r, a);
  else fpMul(r, a, a);
}

export function add(r: u32, a: u32, b: u32): void {
  if (HAS_TWIST && isTwist) fp2Add(r, a, b);
  else fpAdd(r, a, b);
}

export function sub(r: u32, a: u32, b: u32): void {
  if (HAS_TWIST && isTwist) fp2Sub(r, a, b);
  else fpSub(r, a, b);
}

export function neg(r: u32, a: u32): void {
  if (HAS_TWIST && isTwist) fp2Neg(r, a);
  else fpNeg(r, a);
}

/** r := k a, close to the range from 0 to p. */
export function scale(r: u32, k: i64, a: u32): void {
  if (HAS_TWIST && isTwist) fp2Scale(r, k, a);
  else fpScale(r, k, a);
}

export function invertElement(r: u32, a: u32): void {
  if (HAS_TWIST && isTwist) fp2Invert(r, a);
  else fpInvert(r, a);
}

export function isZero(a: u32): bool {
  return HAS_TWIST && isTwist ? fp2IsZero(a) : fpIsZero(a);
}

export function copy(r: u32, a: u32): void {
  memory.copy(r, a, coordinate);
}
