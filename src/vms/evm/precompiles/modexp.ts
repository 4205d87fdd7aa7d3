/**
 * Modular exponentiation (EIP-198), with the prices of EIP-2565 and EIP-7883 and the size limit of
 * EIP-7823.
 *
 * Input: the sizes of base, exponent and modulus as three 32-byte words, then the three numbers.
 * Output: the result in as many bytes as the modulus has.
 */
import { U64_MAX } from '../../../base/u256.ts';
import type { PrecompileCosts } from './costs.ts';
import { powMod64 } from './power64.ts';
import type { PrecompileRow } from './types.ts';
import { clampGas, maxOf, readBytes, readNumber, writeNumber } from './words.ts';

const HEAD_BYTES = 96;

interface Sizes {
  readonly base: bigint;
  readonly exponent: bigint;
  readonly modulus: bigint;
}

/** Prices of a size, the greater of base's and modulus's, by `modexpRule`. */
const COMPLEXITIES: readonly ((operandBytes: bigint) => bigint)[] = [
  // EIP-198
  (size) => {
    if (size <= 64n) return size * size;
    if (size <= 1024n) return (size * size) / 4n + 96n * size - 3072n;
    return (size * size) / 16n + 480n * size - 199680n;
  },
  // EIP-2565
  (size) => wordsOf8(size) ** 2n,
  // EIP-7883
  (size) => (size <= 32n ? 16n : 2n * wordsOf8(size) ** 2n),
];

export const MODEXP: PrecompileRow = {
  address: 0x05,
  name: 'modexp',
  since: 'eip198',
  gas(input, costs) {
    const sizes = readSizes(input);
    const complexity = complexityOf(costs, maxOf(sizes.base, sizes.modulus));
    const iterations = countIterations(input, sizes, costs.modexpTailByte);
    const gas = (complexity * iterations) / costs.modexpDivisor;
    return clampGas(maxOf(gas, costs.modexpMinimum));
  },
  run(input, costs) {
    const sizes = readSizes(input);
    if (Object.values(sizes).some((size) => size > costs.modexpBytesMax)) return null;
    // Then the exponent may be of any size for little gas, and the result is empty anyway.
    if (sizes.modulus === 0n) return new Uint8Array(0);
    const baseSize = Number(sizes.base);
    const exponentSize = Number(sizes.exponent);
    const modulusSize = Number(sizes.modulus);
    const base = readNumber(input, HEAD_BYTES, baseSize);
    const exponent = readBytes(input, HEAD_BYTES + baseSize, exponentSize);
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

function complexityOf(costs: PrecompileCosts, operandBytes: bigint): bigint {
  const complexity = COMPLEXITIES[Number(costs.modexpRule)];
  if (complexity === undefined) throw new Error(`BUG: no modexpRule ${costs.modexpRule}`);
  return complexity(operandBytes);
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
function powMod(base: bigint, exponent: Uint8Array, modulus: bigint): bigint {
  if (modulus <= U64_MAX) return powMod64(base, exponent, modulus);
  const powers = [1n];
  const reduced = base % modulus;
  for (let i = 1; i < 16; i++) powers.push((powers[i - 1]! * reduced) % modulus);
  let result = 1n;
  for (const byte of exponent) {
    for (const window of [byte >> 4, byte & 15]) {
      // Nothing to square at the exponent's leading zeros.
      if (result !== 1n) for (let i = 0; i < 4; i++) result = (result * result) % modulus;
      if (window !== 0) result = (result * powers[window]!) % modulus;
    }
  }
  return result;
}
