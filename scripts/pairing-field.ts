/**
 * The prime field of a pairing curve as AssemblyScript, with sums and products of limbs written
 * out: only locals of one function keep limbs in registers.
 *
 * Sums and differences come carried: limbs from 0 to 2^28, the last with the sign. A product also
 * takes elements whose limbs are below 2^29 in magnitude, uncarried sums of two: its columns are
 * then sums of 14 products of 2^58, in the extension of twice as many, and of what the reduction
 * adds, 14 of 2^56; all below 2^63.
 *
 * Products are reduced by Montgomery's method, with the factors of the prime found column by
 * column. A product of values below v primes in magnitude gives one from -2 v^2 p / R to
 * p (1 + 2 v^2 p / R), also for the two products of an element of the quadratic extension.
 */
import type { PrimeField } from './pairing-curves.ts';

const BITS = 28;
const MASK = (1n << 28n) - 1n;

const range = (count: number) => Array.from({ length: count }, (_, i) => i);

function loads(name: string, pointer: string, limbs: number, from = 0): string[] {
  return range(limbs).map(
    (i) => `  const ${name}${i}: i64 = load<i32>(${pointer}, ${4 * (from + i)});`,
  );
}

/** Column k of a product: the sum of a_i b_(k-i). */
function column(k: number, limbs: number, a: string, b: string): string {
  const terms = range(limbs).filter((i) => k - i >= 0 && k - i < limbs);
  return terms.map((i) => `${a}${i} * ${b}${k - i}`).join(' + ');
}

/** Statements that reduce columns, given as expressions, into `r`. */
function reduction(curve: PrimeField, columnAt: (k: number) => string): string[] {
  const { limbs, prime } = curve;
  const primeLimb = (i: number) => (prime >> BigInt(BITS * i)) & MASK;
  const inverse = mod28(-inverse28(prime));
  const lines = ['  let c: i64 = 0;'];
  for (let k = 0; k < 2 * limbs - 1; k++) {
    const factors = range(limbs).filter((i) => i < k && k - i < limbs);
    const multiples = factors.map((i) => ` + q${i} * ${primeLimb(k - i)}`).join('');
    lines.push(`  c += ${columnAt(k)}${multiples};`);
    if (k < limbs) {
      lines.push(`  const q${k} = (c * ${inverse}) & ${MASK};`);
      lines.push(`  c = (c + q${k} * ${primeLimb(0)}) >> ${BITS};`);
    } else {
      lines.push(`  store<i32>(r, i32(c & ${MASK}), ${4 * (k - limbs)});`);
      lines.push(`  c >>= ${BITS};`);
    }
  }
  lines.push(`  store<i32>(r, i32(c), ${4 * (limbs - 1)});`);
  return lines;
}

function inverse28(prime: bigint): bigint {
  let inverse = 1n;
  for (let i = 0; i < 5; i++) inverse = mod28(inverse * (2n - prime * inverse));
  return inverse;
}

const mod28 = (value: bigint) => value & MASK;

/** Statements that carry limbs, given as expressions, into `r`. */
function carried(limbs: number, limbAt: (i: number) => string): string[] {
  const lines = [`  let c: i64 = ${limbAt(0)};`, `  store<i32>(r, i32(c & ${MASK}));`];
  for (let i = 1; i < limbs; i++) {
    lines.push(`  c = (c >> ${BITS}) + ${limbAt(i)};`);
    const limb = i < limbs - 1 ? `c & ${MASK}` : 'c';
    lines.push(`  store<i32>(r, i32(${limb}), ${4 * i});`);
  }
  return lines;
}

/**
 * Statements that carry limbs, given as expressions, into `r`, and take off as many primes as the
 * the highest bits hold: the result is above -p / 2^10 and below p (1 + 2^-10).
 */
function shrunk(curve: PrimeField, limbAt: (i: number) => string): string[] {
  const { limbs, prime } = curve;
  // The highest 20 bits of the prime, and the value from the same place on.
  const place = prime.toString(2).length - 20;
  const reciprocal = (1n << 40n) / ((prime >> BigInt(place)) + 1n);
  const top = `(l${limbs - 1} << ${BITS * (limbs - 1) - place})`;
  const rest = `(l${limbs - 2} >> ${place - BITS * (limbs - 2)})`;
  const lines = [`  let c: i64 = ${limbAt(0)};`, `  const l0 = c & ${MASK};`];
  for (let i = 1; i < limbs; i++) {
    lines.push(`  c = (c >> ${BITS}) + ${limbAt(i)};`);
    lines.push(`  const l${i} = ${i < limbs - 1 ? `c & ${MASK}` : 'c'};`);
  }
  lines.push(`  const q = ((${top} + ${rest}) * ${reciprocal}) >> 40;`);
  for (const i of range(limbs)) {
    const part = `l${i} - q * ${(prime >> BigInt(BITS * i)) & (i < limbs - 1 ? MASK : -1n)}`;
    lines.push(i === 0 ? `  c = ${part};` : `  c = (c >> ${BITS}) + ${part};`);
    lines.push(`  store<i32>(r, i32(${i < limbs - 1 ? `c & ${MASK}` : 'c'}), ${4 * i});`);
  }
  return lines;
}

function definition(signature: string, ...body: (readonly string[])[]): string {
  return `export function ${signature}: void {\n${body.flat().join('\n')}\n}\n`;
}

/** The field's module. */
export function fieldSource(curve: PrimeField): string {
  const { limbs } = curve;
  const at = (pointer: string, i: number, from = 0) =>
    `i64(load<i32>(${pointer}, ${4 * (from + i)}))`;
  const stored = (pointer: string, k: number) => `load<i64>(${pointer}, ${8 * k})`;
  const columns = range(2 * limbs - 1);
  const wide = columns.map((k) => `  store<i64>(t, ${column(k, limbs, 'a', 'b')}, ${8 * k});`);
  const difference = (name: string, pointer: string, from: number, less: number) =>
    range(limbs).map(
      (i) => `  const ${name}${i} = ${at(pointer, i, from)} - ${at(pointer, i, less)};`,
    );
  const xi = curve.xiReal;
  return [
    `/** The prime field of ${curve.name}. */`,
    `export const FP: u32 = ${4 * limbs};`,
    `export const WIDE: u32 = ${8 * (2 * limbs - 1)};`,
    definition(
      'fpMul(r: u32, a: u32, b: u32)',
      loads('a', 'a', limbs),
      loads('b', 'b', limbs),
      reduction(curve, (k) => column(k, limbs, 'a', 'b')),
    ),
    definition(
      'fpWide(t: u32, a: u32, b: u32)',
      loads('a', 'a', limbs),
      loads('b', 'b', limbs),
      wide,
    ),
    '/** The product of a0 - a1 and b1 - b0, for elements of the extension. */',
    definition(
      'fpWideCross(t: u32, a: u32, b: u32)',
      difference('a', 'a', 0, limbs),
      difference('b', 'b', limbs, 0),
      wide,
    ),
    definition(
      'fpReduce(r: u32, t: u32)',
      reduction(curve, (k) => stored('t', k)),
    ),
    definition(
      'fpReduceDifference(r: u32, t: u32, s: u32)',
      reduction(curve, (k) => `${stored('t', k)} - ${stored('s', k)}`),
    ),
    definition(
      'fpReduceSum(r: u32, t: u32, s: u32, u: u32)',
      reduction(curve, (k) => `${stored('t', k)} + ${stored('s', k)} + ${stored('u', k)}`),
    ),
    '/** Out of Montgomery form: r := a / R, from 0 to p. */',
    definition(
      'fpOut(r: u32, a: u32)',
      reduction(curve, (k) => (k < limbs ? at('a', k) : '0')),
    ),
    definition(
      'fpAdd(r: u32, a: u32, b: u32)',
      carried(limbs, (i) => `${at('a', i)} + ${at('b', i)}`),
    ),
    definition(
      'fpSub(r: u32, a: u32, b: u32)',
      carried(limbs, (i) => `${at('a', i)} - ${at('b', i)}`),
    ),
    definition(
      'fpNeg(r: u32, a: u32)',
      carried(limbs, (i) => `-${at('a', i)}`),
    ),
    '/** r := k a, close to the range from 0 to p; for k and a that are small together. */',
    definition(
      'fpScale(r: u32, k: i64, a: u32)',
      shrunk(curve, (i) => `k * ${at('a', i)}`),
    ),
    '/** r := j a + k b, close to the range from 0 to p; for j, a, k and b that are small together. */',
    definition(
      'fpCombine(r: u32, j: i64, a: u32, k: i64, b: u32)',
      shrunk(curve, (i) => `j * ${at('a', i)} + k * ${at('b', i)}`),
    ),
    '/** The parts of xi a + b, for elements of the extension, close to the range from 0 to p. */',
    definition(
      'fpXiReal(r: u32, a: u32, b: u32)',
      shrunk(curve, (i) => `${xi} * ${at('a', i)} - ${at('a', i, limbs)} + ${at('b', i)}`),
    ),
    definition(
      'fpXiImaginary(r: u32, a: u32, b: u32)',
      shrunk(curve, (i) => `${xi} * ${at('a', i, limbs)} + ${at('a', i)} + ${at('b', i, limbs)}`),
    ),
  ].join('\n');
}
