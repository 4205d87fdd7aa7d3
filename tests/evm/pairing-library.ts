/** The operations of `PairingCurve` over the curve library: what the own code is compared with. */
import type { BlsCurvePair } from '@noble/curves/abstract/bls.js';
import { bls12_381 } from '@noble/curves/bls12-381.js';
import { bytesToHex, concatBytes } from '../../src/base/bytes.ts';
import type { Group } from '../../src/vms/evm/precompiles/pairing.ts';

type G1 = BlsCurvePair['G1']['Point']['BASE'];
type G2 = BlsCurvePair['G2']['Point']['BASE'];
type Point = G1 | G2;
type Fp2 = ReturnType<G2['toAffine']>['x'];

/** A curve of the library, and how precompiles lay out its points. */
export interface Library {
  readonly curve: BlsCurvePair;
  readonly fieldBytes: number;
  readonly isImaginaryFirst: boolean;
}

export const numberOf = (bytes: Uint8Array): bigint => BigInt(bytesToHex(bytes));

export function bytesOf(value: bigint, size: number): Uint8Array {
  return Uint8Array.from(Buffer.from(value.toString(16).padStart(2 * size, '0'), 'hex'));
}

function readField(library: Library, bytes: Uint8Array): bigint | undefined {
  const value = numberOf(bytes);
  return value < library.curve.fields.Fp.ORDER ? value : undefined;
}

function readFp2(library: Library, bytes: Uint8Array): Fp2 | undefined {
  const first = readField(library, bytes.subarray(0, library.fieldBytes));
  const second = readField(library, bytes.subarray(library.fieldBytes));
  if (first === undefined || second === undefined) return undefined;
  return library.isImaginaryFirst ? { c0: second, c1: first } : { c0: first, c1: second };
}

/** A point of the curve, in the subgroup or not; undefined if the bytes are none. */
export function readPoint(library: Library, group: Group, bytes: Uint8Array): Point | undefined {
  const half = bytes.length / 2;
  const { G1, G2, fields } = library.curve;
  const Point = group === 1 ? G1.Point : G2.Point;
  if (bytes.every((byte) => byte === 0)) return Point.ZERO;
  const read = group === 1 ? readField : readFp2;
  const x = read(library, bytes.subarray(0, half));
  const y = read(library, bytes.subarray(half));
  if (x === undefined || y === undefined) return undefined;
  const field = (group === 1 ? fields.Fp : fields.Fp2) as typeof fields.Fp2;
  const right = field.add(field.mul(field.sqr(x as Fp2), x as Fp2), Point.CURVE().b as Fp2);
  if (!field.eql(field.sqr(y as Fp2), right)) return undefined;
  return (Point as typeof G2.Point).fromAffine({ x: x as Fp2, y: y as Fp2 });
}

export function writePoint(library: Library, point: Point): Uint8Array {
  const { x, y } = point.toAffine();
  const parts = [x, y].flatMap((value) => {
    if (typeof value === 'bigint') return [value];
    const { c0, c1 } = value as Fp2;
    return library.isImaginaryFirst ? [c1, c0] : [c0, c1];
  });
  return concatBytes(...parts.map((part) => bytesOf(part, library.fieldBytes)));
}

const isInSubgroup = (point: Point) => point.is0() || point.isTorsionFree();

export function add(library: Library, group: Group, input: Uint8Array): Uint8Array | null {
  const a = readPoint(library, group, input.subarray(0, input.length / 2));
  const b = readPoint(library, group, input.subarray(input.length / 2));
  if (a === undefined || b === undefined) return null;
  return writePoint(library, (a as G1).add(b as G1));
}

export function multiply(library: Library, group: Group, input: Uint8Array): Uint8Array | null {
  const pointBytes = 2 * library.fieldBytes * group;
  const { G1, G2, fields } = library.curve;
  let sum = (group === 1 ? G1.Point.ZERO : G2.Point.ZERO) as G1;
  for (let at = 0; at < input.length; at += pointBytes + 32) {
    const point = readPoint(library, group, input.subarray(at, at + pointBytes));
    if (point === undefined || !isInSubgroup(point)) return null;
    const scalar = numberOf(input.subarray(at + pointBytes, at + pointBytes + 32));
    sum = sum.add((point as G1).multiplyUnsafe(scalar % fields.Fr.ORDER));
  }
  return writePoint(library, sum);
}

export function pair(library: Library, input: Uint8Array): boolean | null {
  const g1Bytes = 2 * library.fieldBytes;
  const pairs: { g1: G1; g2: G2 }[] = [];
  for (let at = 0; at < input.length; at += 3 * g1Bytes) {
    const g1 = readPoint(library, 1, input.subarray(at, at + g1Bytes));
    const g2 = readPoint(library, 2, input.subarray(at + g1Bytes, at + 3 * g1Bytes));
    if (g1 === undefined || g2 === undefined) return null;
    if (!isInSubgroup(g1) || !isInSubgroup(g2)) return null;
    if (!g1.is0() && !g2.is0()) pairs.push({ g1: g1 as G1, g2: g2 as G2 });
  }
  if (pairs.length === 0) return true;
  const { Fp12 } = library.curve.fields;
  return Fp12.eql(library.curve.pairingBatch(pairs), Fp12.ONE);
}

/** On BLS12-381, which alone has maps. */
export function map(library: Library, group: Group, input: Uint8Array): Uint8Array | null {
  const { G1, G2 } = bls12_381;
  if (group === 1) {
    const element = readField(library, input);
    if (element === undefined) return null;
    const mapToCurve = G1.mapToCurve as unknown as (element: bigint) => G1;
    return writePoint(library, mapToCurve(element));
  }
  const element = readFp2(library, input);
  if (element === undefined) return null;
  const mapToCurve = G2.mapToCurve as unknown as (parts: bigint[]) => G2;
  return writePoint(library, mapToCurve([element.c0, element.c1]));
}
