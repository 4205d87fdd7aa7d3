/**
 * The curve bn254 (alt_bn128): addition and multiplication on G1 (EIP-196) and the pairing check
 * (EIP-197), with the prices of EIP-1108.
 *
 * Numbers have 32 bytes; parts of the extension field come imaginary first.
 */
import type { CurveSource } from './curves.ts';
import type { Layout } from './points.ts';
import { checkPairing, readG1, writeG1 } from './points.ts';
import type { Precompile } from './types.ts';
import { readNumber, wordOfBool } from './words.ts';

const PAIR_BYTES = 192;

/** Addition, multiplication, pairing. */
export function createBn254(curves: CurveSource): readonly Precompile[] {
  const layout = (): Layout => ({
    curve: curves('bn254'),
    fieldBytes: 32,
    isImaginaryFirst: true,
  });
  return [createAdd(layout), createMul(layout), createPairing(layout)];
}

function createAdd(layout: () => Layout): Precompile {
  return {
    address: 0x06,
    name: 'bn254_add',
    since: 'eip196',
    gas: (_input, rules) => (rules.eip1108 ? 150n : 500n),
    run(input) {
      const form = layout();
      const a = readG1(form, input, 0);
      const b = readG1(form, input, 64);
      return a === null || b === null ? null : writeG1(form, a.add(b));
    },
  };
}

function createMul(layout: () => Layout): Precompile {
  return {
    address: 0x07,
    name: 'bn254_mul',
    since: 'eip196',
    gas: (_input, rules) => (rules.eip1108 ? 6000n : 40000n),
    run(input) {
      const form = layout();
      const point = readG1(form, input, 0);
      if (point === null) return null;
      // The order of the curve is that of the scalars, so the scalar may be reduced.
      const scalar = readNumber(input, 64, 32) % form.curve.fields.Fr.ORDER;
      return writeG1(form, point.multiplyUnsafe(scalar));
    },
  };
}

function createPairing(layout: () => Layout): Precompile {
  return {
    address: 0x08,
    name: 'bn254_pairing',
    since: 'eip197',
    gas(input, rules) {
      const pairs = BigInt(Math.floor(input.length / PAIR_BYTES));
      return rules.eip1108 ? 45000n + 34000n * pairs : 100000n + 80000n * pairs;
    },
    run(input) {
      if (input.length % PAIR_BYTES !== 0) return null;
      const isOne = checkPairing(layout(), input);
      return isOne === null ? null : wordOfBool(isOne);
    },
  };
}
