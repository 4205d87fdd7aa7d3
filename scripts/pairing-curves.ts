/**
 * The pairing curves and P-256 as AssemblyScript constants, computed from their definitions: what
 * `scripts/build-precompiles.ts` compiles `src/vms/evm/precompiles/assembly/pairing` with, once for
 * each curve.
 *
 * An element of the prime field is `limbs` limbs of 32 signed bits, 28 bits apart, in Montgomery
 * form with R = 2^(28 limbs).
 */

import {
  G1_GENERATOR,
  G2_GENERATOR,
  ISOGENY_G1,
  ISOGENY_G2,
  MAP_G1,
  MAP_G2,
  TAU_G2,
} from './bls-constants.ts';

const BITS = 28;

export interface PrimeField {
  readonly name: string;
  readonly prime: bigint;
  readonly limbs: number;
  /** Real part of the non-residue xi = real + u, u^2 = -1, over which the towers stand. */
  readonly xiReal: bigint;
}

export interface Curve extends PrimeField {
  readonly isBls: boolean;
  readonly order: bigint;
  /** The curve is y^2 = x^3 + b. */
  readonly b: bigint;
  /** Magnitude of the parameter x of the family; it is negative on BLS12-381. */
  readonly x: bigint;
  /** The number whose digits drive the Miller loop. */
  readonly loop: bigint;
  /** Bytes of a coordinate in inputs, and of a prime field element in them. */
  readonly fieldBytes: number;
  readonly primeBytes: number;
}

const BN_X = 4965661367192848881n;
const BLS_X = 0xd201000000010000n;

export const CURVES: readonly Curve[] = [
  {
    name: 'bn254',
    isBls: false,
    prime: 36n * BN_X ** 4n + 36n * BN_X ** 3n + 24n * BN_X ** 2n + 6n * BN_X + 1n,
    order: 36n * BN_X ** 4n + 36n * BN_X ** 3n + 18n * BN_X ** 2n + 6n * BN_X + 1n,
    b: 3n,
    xiReal: 9n,
    x: BN_X,
    loop: 6n * BN_X + 2n,
    limbs: 10,
    fieldBytes: 32,
    primeBytes: 32,
  },
  {
    name: 'bls12-381',
    isBls: true,
    prime: ((BLS_X + 1n) ** 2n * (BLS_X ** 4n - BLS_X ** 2n + 1n)) / 3n - BLS_X,
    order: BLS_X ** 4n - BLS_X ** 2n + 1n,
    b: 4n,
    xiReal: 1n,
    x: BLS_X,
    loop: BLS_X,
    limbs: 14,
    fieldBytes: 64,
    primeBytes: 48,
  },
];

type Fp2 = readonly [real: bigint, imaginary: bigint];

const mod = (value: bigint, modulus: bigint) => ((value % modulus) + modulus) % modulus;

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n;
  let square = mod(base, modulus);
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % modulus;
    square = (square * square) % modulus;
  }
  return result;
}

const invert = (value: bigint, prime: bigint) => power(value, prime - 2n, prime);

function multiply2(a: Fp2, b: Fp2, prime: bigint): Fp2 {
  return [mod(a[0] * b[0] - a[1] * b[1], prime), mod(a[0] * b[1] + a[1] * b[0], prime)];
}

function power2(base: Fp2, exponent: bigint, prime: bigint): Fp2 {
  let result: Fp2 = [1n, 0n];
  let square = base;
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = multiply2(result, square, prime);
    square = multiply2(square, square, prime);
  }
  return result;
}

function invert2([real, imaginary]: Fp2, prime: bigint): Fp2 {
  const norm = invert(real * real + imaginary * imaginary, prime);
  return [mod(real * norm, prime), mod(-imaginary * norm, prime)];
}

/** Digits -1, 0 and 1 that sum up to the number, no two beside each other set; lowest first. */
function signedDigits(value: bigint): number[] {
  const digits: number[] = [];
  for (let rest = value; rest > 0n; rest >>= 1n) {
    const digit = rest & 1n ? 2n - (rest & 3n) : 0n;
    digits.push(Number(digit));
    rest -= digit;
  }
  return digits;
}

function limbsOf(value: bigint, count: number, bits: number): bigint[] {
  const mask = (1n << BigInt(bits)) - 1n;
  return Array.from({ length: count }, (_, i) => (value >> BigInt(bits * i)) & mask);
}

function montgomeryOf(value: bigint, prime: bigint, limbs: number): bigint[] {
  return limbsOf(mod(value << BigInt(BITS * limbs), prime), limbs, BITS);
}

function data(name: string, type: string, values: readonly (bigint | number)[]): string {
  return `export const ${name}: u32 = u32(memory.data<${type}>([${values.join(', ')}]));`;
}

/** The constants of a curve, as the source of a module. */
export function constantsSource(curve: Curve): string {
  const { prime, limbs, isBls, order } = curve;
  const montgomery = (value: bigint) => montgomeryOf(value, prime, limbs);
  const fp = (name: string, value: bigint) => data(name, 'i32', montgomery(value));
  const fp2 = (name: string, values: readonly Fp2[]) =>
    data(name, 'i32', values.flat().flatMap(montgomery));
  const xi: Fp2 = [curve.xiReal, 1n];
  const ratio = (divisor: bigint) => power2(xi, (prime - 1n) / divisor, prime);
  const twist = (value: Fp2) => (isBls ? invert2(value, prime) : value);
  const b: Fp2 = [curve.b, 0n];
  // A cube root of one: g^((p - 1) / 3) for the first g that gives another than one.
  const roots = [2n, 3n, 5n, 7n].map((g) => power(g, (prime - 1n) / 3n, prime));
  const beta = roots.find((root) => root !== 1n) ?? 1n;
  return [
    `/** Constants of ${curve.name}. */`,
    'export const HAS_TWIST: bool = true;',
    'export const IS_A_MINUS_3: bool = false;',
    `export const IS_BLS: bool = ${isBls};`,
    ...primeRows(curve, curve.fieldBytes, curve.primeBytes),
    data('ORDER_WORDS', 'u32', limbsOf(order, 8, 32)),
    fp('HALF', invert(2n, prime)),
    fp('B', curve.b),
    fp2('TWIST_B', [isBls ? multiply2(b, xi, prime) : multiply2(b, invert2(xi, prime), prime)]),
    fp('BETA', beta),
    fp2(
      'FROBENIUS',
      [1n, 2n, 3n, 4n, 5n].map((i) => power2(ratio(6n), i, prime)),
    ),
    fp2('PSI', [twist(ratio(3n)), twist(ratio(2n))]),
    data('LOOP', 'i8', signedDigits(curve.loop)),
    `export const LOOP_LENGTH: i32 = ${signedDigits(curve.loop).length};`,
    data('X', 'i8', signedDigits(curve.x)),
    `export const X_LENGTH: i32 = ${signedDigits(curve.x).length};`,
    ...(isBls ? blsRows((name, parts) => data(name, 'i32', parts.flatMap(montgomery)), prime) : []),
    '',
  ].join('\n');
}

/** What the prime field needs, whatever stands over it. */
function primeRows({ prime, limbs }: PrimeField, fieldBytes: number, primeBytes: number): string[] {
  const limbs30 = Math.ceil((primeBytes * 8 + 1) / 30);
  const fp = (name: string, value: bigint) => data(name, 'i32', montgomeryOf(value, prime, limbs));
  return [
    `export const FIELD_BYTES: u32 = ${fieldBytes};`,
    `export const PRIME_BYTES: u32 = ${primeBytes};`,
    `export const PRIME_LIMBS_30: u32 = ${limbs30};`,
    `export const PRIME_INVERSE_30: u32 = ${inverseModulo2(prime, 30)};`,
    data('PRIME_30', 'i32', limbsOf(prime, limbs30, 30)),
    data('PRIME', 'i32', limbsOf(prime, limbs, BITS)),
    data('PRIME_WORDS', 'u32', limbsOf(prime, primeBytes / 4, 32)),
    data('SQRT_EXPONENT', 'u32', limbsOf((prime + 1n) / 4n, primeBytes / 4, 32)),
    fp('R', 1n),
    fp('R_SQUARED', 1n << BigInt(BITS * limbs)),
  ];
}

/** What only BLS12-381 has. */
function blsRows(
  elements: (name: string, parts: readonly bigint[]) => string,
  prime: bigint,
): string[] {
  const [gx = [], gy = []] = G2_GENERATOR;
  const maps = [
    ['G1', MAP_G1, ISOGENY_G1],
    ['G2', MAP_G2, ISOGENY_G2],
  ] as const;
  return [
    elements('G1_GENERATOR', G1_GENERATOR.flat()),
    elements('G2_GENERATOR_OPPOSITE', [...gx, ...gy.map((part) => -part)]),
    elements('TAU_G2', TAU_G2.flat()),
    data('HALF_PRIME_WORDS', 'u32', limbsOf((prime - 1n) / 2n, 12, 32)),
    ...maps.flatMap(([name, map, isogeny]) => [
      elements(`MAP_${name}`, map.flat()),
      elements(`ISOGENY_${name}`, isogeny.flat(2)),
      data(
        `DEGREES_${name}`,
        'i32',
        isogeny.map((poly) => poly.length - 1),
      ),
    ]),
  ];
}

/** The inverse of an odd number modulo 2^bits. */
function inverseModulo2(value: bigint, bits: number): bigint {
  const modulus = 1n << BigInt(bits);
  return power(mod(value, modulus), modulus / 2n - 1n, modulus);
}

/** The prime field of P-256 (FIPS 186-5), and the field of its scalars. */
export const P256_FIELD: PrimeField = {
  name: 'P-256',
  prime: 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n,
  limbs: 10,
  xiReal: 0n,
};
export const P256_ORDER: PrimeField = {
  name: "P-256's scalars",
  prime: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
  limbs: 10,
  xiReal: 0n,
};
const P256_B = 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn;
const P256_GENERATOR = [
  0x6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296n,
  0x4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5n,
];

/** The constants of P-256, as the source of a module. */
export function p256Source(): string {
  const { prime, limbs } = P256_FIELD;
  const order = P256_ORDER.prime;
  const montgomery = (value: bigint) => montgomeryOf(value, prime, limbs);
  return [
    '/** Constants of P-256. */',
    'export const HAS_TWIST: bool = false;',
    'export const IS_A_MINUS_3: bool = true;',
    'export const FROBENIUS: u32 = 0;',
    ...primeRows(P256_FIELD, 32, 32),
    data('B', 'i32', montgomery(P256_B)),
    data('GENERATOR', 'i32', P256_GENERATOR.flatMap(montgomery)),
    data('ORDER', 'i32', limbsOf(order, limbs, BITS)),
    data('ORDER_30', 'i32', limbsOf(order, 9, 30)),
    data('ORDER_WORDS', 'u32', limbsOf(order, 8, 32)),
    data('ORDER_R_SQUARED', 'i32', montgomeryOf(1n << BigInt(BITS * limbs), order, limbs)),
    `export const ORDER_INVERSE_30: u32 = ${inverseModulo2(order, 30)};`,
    '',
  ].join('\n');
}
