/**
 * Affine points of a pairing curve, read from and written to the numbers of precompiles.
 *
 * Both families use two groups: G1 over the prime field, G2 over its quadratic extension. A point
 * is its coordinates in a row; all zeros is the point at infinity.
 */
import type { BlsCurvePair } from '@noble/curves/abstract/bls.js';
import { readNumber, writeNumber } from './words.ts';

export type G1 = BlsCurvePair['G1']['Point']['BASE'];
export type G2 = BlsCurvePair['G2']['Point']['BASE'];
export type Fp2 = ReturnType<G2['toAffine']>['x'];

/** How a family of precompiles lays out a point. */
export interface Layout {
  readonly curve: BlsCurvePair;
  /** Bytes of a coordinate of G1: a base field element. */
  readonly fieldBytes: number;
  /** Whether the imaginary part of an extension field element comes first. */
  readonly isImaginaryFirst: boolean;
}

/** A base field element; `null` if it is not below the prime. */
export function readFp(layout: Layout, input: Uint8Array, offset: number): bigint | null {
  const value = readNumber(input, offset, layout.fieldBytes);
  return value < layout.curve.fields.Fp.ORDER ? value : null;
}

/** An extension field element; `null` if a part is not below the prime. */
export function readFp2(layout: Layout, input: Uint8Array, offset: number): Fp2 | null {
  const first = readFp(layout, input, offset);
  const second = readFp(layout, input, offset + layout.fieldBytes);
  if (first === null || second === null) return null;
  return layout.isImaginaryFirst ? { c0: second, c1: first } : { c0: first, c1: second };
}

/** A point on the curve, maybe outside the subgroup; `null` if it is none. */
export function readG1(layout: Layout, input: Uint8Array, offset: number): G1 | null {
  const x = readFp(layout, input, offset);
  const y = readFp(layout, input, offset + layout.fieldBytes);
  if (x === null || y === null) return null;
  const { Point } = layout.curve.G1;
  if (x === 0n && y === 0n) return Point.ZERO;
  const { Fp } = layout.curve.fields;
  const right = Fp.add(Fp.mul(Fp.sqr(x), x), Point.CURVE().b);
  return Fp.eql(Fp.sqr(y), right) ? Point.fromAffine({ x, y }) : null;
}

/** A point on the twist, maybe outside the subgroup; `null` if it is none. */
export function readG2(layout: Layout, input: Uint8Array, offset: number): G2 | null {
  const x = readFp2(layout, input, offset);
  const y = readFp2(layout, input, offset + 2 * layout.fieldBytes);
  if (x === null || y === null) return null;
  const { Point } = layout.curve.G2;
  const { Fp2 } = layout.curve.fields;
  if (Fp2.is0(x) && Fp2.is0(y)) return Point.ZERO;
  const right = Fp2.add(Fp2.mul(Fp2.sqr(x), x), Point.CURVE().b);
  return Fp2.eql(Fp2.sqr(y), right) ? Point.fromAffine({ x, y }) : null;
}

/** The bytes of a point of G1. */
export function writeG1(layout: Layout, point: G1): Uint8Array {
  const { x, y } = point.toAffine();
  return writeNumbers(layout, [x, y]);
}

/** The bytes of a point of G2. */
export function writeG2(layout: Layout, point: G2): Uint8Array {
  const { x, y } = point.toAffine();
  const parts = layout.isImaginaryFirst ? [x.c1, x.c0, y.c1, y.c0] : [x.c0, x.c1, y.c0, y.c1];
  return writeNumbers(layout, parts);
}

function writeNumbers(layout: Layout, values: readonly bigint[]): Uint8Array {
  const out = new Uint8Array(layout.fieldBytes * values.length);
  for (const [index, value] of values.entries()) {
    writeNumber(out, index * layout.fieldBytes, layout.fieldBytes, value);
  }
  return out;
}

/**
 * Whether the product of the pairings of all pairs in the input is one; `null` if a point is none
 * or is outside its subgroup. The input has whole pairs: G1, then G2.
 */
export function checkPairing(layout: Layout, input: Uint8Array): boolean | null {
  const g1Bytes = 2 * layout.fieldBytes;
  const pairs: { g1: G1; g2: G2 }[] = [];
  for (let offset = 0; offset < input.length; offset += 3 * g1Bytes) {
    const g1 = readG1(layout, input, offset);
    const g2 = readG2(layout, input, offset + g1Bytes);
    if (g1 === null || g2 === null) return null;
    if (!isInSubgroup(g1) || !isInSubgroup(g2)) return null;
    // A pairing with infinity is one.
    if (!g1.is0() && !g2.is0()) pairs.push({ g1, g2 });
  }
  if (pairs.length === 0) return true;
  const { Fp12 } = layout.curve.fields;
  return Fp12.eql(layout.curve.pairingBatch(pairs), Fp12.ONE);
}

/** Whether the point, known to be on its curve, is in the subgroup of prime order. */
export function isInSubgroup(point: { is0(): boolean; isTorsionFree(): boolean }): boolean {
  return point.is0() || point.isTorsionFree();
}
