/**
 * Modular exponentiation (EIP-198), with the prices of EIP-2565 and EIP-7883 and the size limit of
 * EIP-7823.
 *
 * Input: the sizes of base, exponent and modulus as three 32-byte words, then the three numbers.
 * Output: the result in as many bytes as the modulus has.
 */
import type { ForkRules } from '../forks.ts';
import type { Precompile } from './types.ts';
import { clampGas, maxOf, readNumber, writeNumber } from './words.ts';

const HEAD_BYTES = 96;
/** Highest size of an operand, in bytes (EIP-7823). */
const OPERAND_BYTES_MAX = 1024n;

interface Sizes {
  readonly base: bigint;
  readonly exponent: bigint;
  readonly modulus: bigint;
}

/** How a fork prices an exponentiation. */
interface Pricing {
  complexity(operandBytesMax: bigint): bigint;
  /** Iterations for each exponent byte past the first 32. */
  readonly tailFactor: bigint;
  readonly divisor: bigint;
  readonly minimum: bigint;
}

const EIP198: Pricing = {
  complexity(size) {
    if (size <= 64n) return size * size;
    if (size <= 1024n) return (size * size) / 4n + 96n * size - 3072n;
    return (size * size) / 16n + 480n * size - 199680n;
  },
  tailFactor: 8n,
  divisor: 20n,
  minimum: 0n,
};

const EIP2565: Pricing = {
  complexity: (size) => wordsOf8(size) ** 2n,
  tailFactor: 8n,
  divisor: 3n,
  minimum: 200n,
};

const EIP7883: Pricing = {
  complexity: (size) => (size <= 32n ? 16n : 2n * wordsOf8(size) ** 2n),
  tailFactor: 16n,
  divisor: 1n,
  minimum: 500n,
};

export const MODEXP: Precompile = {
  address: 0x05,
  name: 'modexp',
  since: 'eip198',
  gas(input, rules) {
    const sizes = readSizes(input);
    const pricing = pricingOf(rules);
    const operand = maxOf(sizes.base, sizes.modulus);
    const iterations = countIterations(input, sizes, pricing.tailFactor);
    const gas = (pricing.complexity(operand) * iterations) / pricing.divisor;
    return clampGas(maxOf(gas, pricing.minimum));
  },
  run(input, rules) {
    const sizes = readSizes(input);
    const isLarge = Object.values(sizes).some((size) => size > OPERAND_BYTES_MAX);
    if (rules.eip7823 && isLarge) return null;
    // Then the exponent may be of any size for little gas, and the result is empty anyway.
    if (sizes.modulus === 0n) return new Uint8Array(0);
    const baseSize = Number(sizes.base);
    const exponentSize = Number(sizes.exponent);
    const modulusSize = Number(sizes.modulus);
    const base = readNumber(input, HEAD_BYTES, baseSize);
    const exponent = readNumber(input, HEAD_BYTES + baseSize, exponentSize);
    const modulus = readNumber(input, HEAD_BYTES + baseSize + exponentSize, modulusSize);
    const out = new Uint8Array(modulusSize);
    if (modulus > 1n) writeNumber(out, 0, modulusSize, powMod(base, exponent, modulus));
    return out;
  },
};

function readSizes(input: Uint8Array): Sizes {
  return {
    base: readNumber(input, 0, 32),
    exponent: readNumber(input, 32, 32),
    modulus: readNumber(input, 64, 32),
  };
}

function pricingOf(rules: ForkRules): Pricing {
  if (rules.eip7883) return EIP7883;
  return rules.eip2565 ? EIP2565 : EIP198;
}

/** Squarings that the exponent asks for, by its size and its first 32 bytes; at least 1. */
function countIterations(input: Uint8Array, sizes: Sizes, tailFactor: bigint): bigint {
  const headSize = sizes.exponent < 32n ? Number(sizes.exponent) : 32;
  // A base that reaches past the input leaves an exponent of zeros.
  const isThere = sizes.base < BigInt(input.length);
  const head = isThere ? readNumber(input, HEAD_BYTES + Number(sizes.base), headSize) : 0n;
  const headBits = head === 0n ? 0n : BigInt(head.toString(2).length - 1);
  const tail = sizes.exponent > 32n ? tailFactor * (sizes.exponent - 32n) : 0n;
  return maxOf(tail + headBits, 1n);
}

function wordsOf8(size: bigint): bigint {
  return (size + 7n) / 8n;
}

/** `base ** exponent % modulus` for a modulus above 1, by windows of four exponent bits. */
function powMod(base: bigint, exponent: bigint, modulus: bigint): bigint {
  const powers = [1n];
  const reduced = base % modulus;
  for (let i = 1; i < 16; i++) powers.push((powers[i - 1]! * reduced) % modulus);
  let result = 1n;
  for (const digit of exponent.toString(16)) {
    for (let i = 0; i < 4; i++) result = (result * result) % modulus;
    const window = Number.parseInt(digit, 16);
    if (window !== 0) result = (result * powers[window]!) % modulus;
  }
  return result;
}
