/**
 * Proofs that blobs are those of their commitments: one for a blob (EIP-4844), or one for each of
 * the 128 cells of the blob that is extended to twice its size (EIP-7594).
 *
 * A blob is a polynomial of degree below 4096 by its values at roots of unity, in bit-reversed
 * order. The cells of all blobs are checked in one equation, with powers of a challenge that is the
 * hash of everything, as `verify_cell_kzg_proof_batch` of the consensus specifications does. What a
 * cell's values interpolate is the remainder of the blob's polynomial by x^64 - h, so that no value
 * of a cell is needed.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { base64ToBytes, concatBytes } from '../../base/bytes.ts';
import { bigintToBytes32, bytesToBigint } from '../../base/u256.ts';
import { lazyCurves } from '../../vms/evm/precompiles/curves.ts';
import { BLS_MODULUS as R } from '../../vms/evm/precompiles/kzg.ts';
import { G1_POWERS, G2_GENERATOR, G2_POWER_64 } from './kzg-setup.ts';

/** Modulus of the coordinates. */
const P = BigInt(
  '0x1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf' +
    '6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaab',
);
const GENERATOR = 7n;
const VALUES = 4096;
const WORD = 32;
const POINT = 48;
/** Cells of a blob that is extended, each with a proof (EIP-7594). */
export const CELLS = 128;
const CELL_VALUES = 64;
const CURVE_B = 4n;

const mod = (value: bigint): bigint => {
  const rest = value % R;
  return rest < 0n ? rest + R : rest;
};

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n;
  let square = base % modulus;
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % modulus;
    square = (square * square) % modulus;
  }
  return result;
}

/** The powers of a root of unity of some order, from 0 on. */
function rootsOf(order: number): readonly bigint[] {
  const root = power(GENERATOR, (R - 1n) / BigInt(order), R);
  const roots = [1n];
  for (let index = 1; index < order; index++) roots.push(((roots[index - 1] as bigint) * root) % R);
  return roots;
}

function reverseBits(value: number, bits: number): number {
  let result = 0;
  for (let bit = 0; bit < bits; bit++) result = (result << 1) | ((value >> bit) & 1);
  return result;
}

const VALUES_BITS = Math.log2(VALUES);
const CELLS_BITS = Math.log2(CELLS);
let domain: readonly bigint[] | undefined;

/** Roots of unity in their order. */
function valueRoots(): readonly bigint[] {
  domain ??= rootsOf(VALUES);
  return domain;
}

/** The values of a blob; undefined where one is not below the modulus. */
function valuesOf(blob: Uint8Array): bigint[] | undefined {
  if (blob.length !== VALUES * WORD) return undefined;
  const values: bigint[] = [];
  for (let at = 0; at < blob.length; at += WORD) {
    const value = bytesToBigint(blob.subarray(at, at + WORD));
    if (value >= R) return undefined;
    values.push(value);
  }
  return values;
}

// ---- a blob's own proof

const DOMAIN = new TextEncoder().encode('FSBLOBVERIFY_V1_');

/**
 * Whether a proof holds for a blob and its commitment (`verify_blob_kzg_proof`).
 *
 * @param commitment 48 bytes
 * @param proof 48 bytes
 */
export function verifyBlobProof(
  blob: Uint8Array,
  commitment: Uint8Array,
  proof: Uint8Array,
): boolean {
  const values = valuesOf(blob);
  if (values === undefined || commitment.length !== POINT || proof.length !== POINT) return false;
  const degree = bigintToBytes32(BigInt(VALUES), 'a degree').subarray(16);
  const z = bytesToBigint(sha256(concatBytes(DOMAIN, degree, blob, commitment))) % R;
  const y = evaluate(values, z);
  const words = [z, y].map((each) => bigintToBytes32(each, 'a value'));
  return lazyCurves('bls12_381').verifyProof(concatBytes(...words, commitment, proof));
}

/** The polynomial at a point, by the barycentric formula. */
function evaluate(values: readonly bigint[], z: bigint): bigint {
  const roots = valueRoots();
  const at = (index: number) => roots[reverseBits(index, VALUES_BITS)] as bigint;
  // Inverses of all differences by one: products up to each, and back.
  const products: bigint[] = [1n];
  for (let index = 0; index < VALUES; index++) {
    const difference = mod(z - at(index));
    if (difference === 0n) return values[index] as bigint;
    products.push(((products[index] as bigint) * difference) % R);
  }
  let inverse = power(products[VALUES] as bigint, R - 2n, R);
  let sum = 0n;
  for (let index = VALUES - 1; index >= 0; index--) {
    const own = (inverse * (products[index] as bigint)) % R;
    inverse = (inverse * mod(z - at(index))) % R;
    sum = (sum + (((((values[index] as bigint) * at(index)) % R) * own) % R)) % R;
  }
  const size = BigInt(VALUES);
  const factor = (mod(power(z, size, R) - 1n) * power(size, R - 2n, R)) % R;
  return (sum * factor) % R;
}

// ---- proofs of cells

/**
 * Whether the proofs of all cells hold for some blobs and their commitments.
 *
 * @param proofs 128 for each blob, in the order of its cells; 48 bytes each
 */
export function verifyCellProofs(
  blobs: readonly Uint8Array[],
  commitments: readonly Uint8Array[],
  proofs: readonly Uint8Array[],
): boolean {
  if (commitments.length !== blobs.length || proofs.length !== blobs.length * CELLS) return false;
  const polynomials = blobs.map((blob) => valuesOf(blob)).map((each) => each && coefficients(each));
  const points = proofs.map(readPoint);
  const own = commitments.map(readPoint);
  const parts = concatBytes(...commitments, ...blobs, ...proofs);
  const challenge = bytesToBigint(sha256(parts)) % R;
  const shifts = rootsOf(CELLS);
  const left: Term[] = [];
  const right: Term[] = [];
  const remainder: bigint[] = new Array(CELL_VALUES).fill(0n);
  let weight = 1n;
  for (const [index, polynomial] of polynomials.entries()) {
    if (polynomial === undefined) return false;
    const sums: bigint[] = new Array(VALUES / CELL_VALUES).fill(0n);
    let total = 0n;
    for (let cell = 0; cell < CELLS; cell++) {
      const point = points[index * CELLS + cell];
      const shift = shifts[reverseBits(cell, CELLS_BITS)] as bigint;
      let term = weight;
      left.push([point, weight]);
      right.push([point, mod(-weight * shift)]);
      for (let power = 0; power < sums.length; power++) {
        sums[power] = ((sums[power] as bigint) + term) % R;
        term = (term * shift) % R;
      }
      total = (total + weight) % R;
      weight = (weight * challenge) % R;
    }
    right.push([own[index], mod(-total)]);
    for (const [at, coefficient] of polynomial.entries()) {
      const place = at % CELL_VALUES;
      const sum = sums[Math.floor(at / CELL_VALUES)] as bigint;
      remainder[place] = ((remainder[place] as bigint) + coefficient * sum) % R;
    }
  }
  for (const [place, point] of g1Powers().entries()) {
    right.push([point, remainder[place] as bigint]);
  }
  return holds(left, right);
}

/** A point as EIP-2537 writes it, undefined for what is none, and how many times it counts. */
type Term = readonly [point: Uint8Array | undefined, factor: bigint];

/** Whether e(left, s^64) e(right, 1) is one. */
function holds(left: readonly Term[], right: readonly Term[]): boolean {
  const curve = lazyCurves('bls12_381');
  const sum = (terms: readonly Term[]): Uint8Array | null => {
    const parts: Uint8Array[] = [];
    for (const [point, factor] of terms) {
      if (point === undefined) return null;
      parts.push(point, bigintToBytes32(factor, 'a factor'));
    }
    return curve.multiply(1, concatBytes(...parts));
  };
  const [a, b] = [sum(left), sum(right)];
  if (a === null || b === null) return false;
  return (
    curve.pair(concatBytes(a, base64ToBytes(G2_POWER_64), b, base64ToBytes(G2_GENERATOR))) === true
  );
}

/** The coefficients of the polynomial that has the values. */
function coefficients(values: readonly bigint[]): bigint[] {
  const roots = valueRoots();
  // Values in bit-reversed order are where a transform of halves wants them.
  const result = values.slice();
  for (let half = 1; half < VALUES; half *= 2) {
    const stride = VALUES / (2 * half);
    for (let start = 0; start < VALUES; start += 2 * half) {
      for (let at = 0; at < half; at++) {
        const root = roots[(VALUES - at * stride) % VALUES] as bigint;
        const low = result[start + at] as bigint;
        const high = ((result[start + at + half] as bigint) * root) % R;
        result[start + at] = (low + high) % R;
        result[start + at + half] = mod(low - high);
      }
    }
  }
  const inverse = power(BigInt(VALUES), R - 2n, R);
  return result.map((each) => (each * inverse) % R);
}

// ---- points

const COORDINATE = 64;
let powers: readonly (Uint8Array | undefined)[] | undefined;

function g1Powers(): readonly (Uint8Array | undefined)[] {
  if (powers === undefined) {
    const bytes = base64ToBytes(G1_POWERS);
    const place = (_: unknown, index: number) => bytes.subarray(index * POINT, (index + 1) * POINT);
    powers = Array.from({ length: CELL_VALUES }, place).map(readPoint);
  }
  return powers;
}

/** A compressed point as EIP-2537 writes it; undefined where it is none of the curve. */
function readPoint(bytes: Uint8Array): Uint8Array | undefined {
  const [flags = 0] = bytes;
  const isCompressed = (flags & 0x80) !== 0;
  const isInfinity = (flags & 0x40) !== 0;
  const isLarger = (flags & 0x20) !== 0;
  if (bytes.length !== POINT || !isCompressed) return undefined;
  const own = bytes.slice();
  own[0] = flags & 0x1f;
  const point = new Uint8Array(2 * COORDINATE);
  if (isInfinity) return !isLarger && own.every((byte) => byte === 0) ? point : undefined;
  const x =
    (bytesToBigint(own.subarray(0, POINT - WORD)) << 256n) |
    bytesToBigint(own.subarray(POINT - WORD));
  if (x >= P) return undefined;
  const square = (((x * x) % P) * x + CURVE_B) % P;
  const root = power(square, (P + 1n) / 4n, P);
  if ((root * root) % P !== square) return undefined;
  const y = root > (P - 1n) / 2n === isLarger ? root : P - root;
  point.set(own, COORDINATE - POINT);
  point.set(toCoordinate(y), 2 * COORDINATE - POINT);
  return point;
}

function toCoordinate(value: bigint): Uint8Array {
  const low = bigintToBytes32(BigInt.asUintN(256, value), 'a coordinate');
  const high = bigintToBytes32(value >> 256n, 'a coordinate');
  return concatBytes(high.subarray(2 * WORD - POINT), low);
}
