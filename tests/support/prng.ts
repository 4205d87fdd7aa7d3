/**
 * A small seeded generator for tests: xoshiro128** 1.1 (Blackman and Vigna, public domain), its
 * state filled by splitmix32. The same seed gives the same sequence on every platform.
 */

export interface Prng {
  /** The next 32 bits. */
  u32(): number;
  /** A number from 0 to `bound` - 1; `bound` is 1 to 2^32. */
  below(bound: number): number;
  /** A number of up to `bits` bits, each bit random. */
  bigint(bits: number): bigint;
  bytes(count: number): Uint8Array;
  /** An element of a list that is not empty. */
  pick<T>(items: readonly T[]): T;
}

function rotateLeft(value: number, count: number): number {
  return (value << count) | (value >>> (32 - count));
}

function fillState(seed: number): Uint32Array {
  let counter = seed >>> 0;
  return Uint32Array.from({ length: 4 }, () => {
    counter = (counter + 0x9e3779b9) >>> 0;
    let mixed = counter;
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return mixed ^ (mixed >>> 15);
  });
}

/** A generator that starts at `seed`, of which the low 32 bits count. */
export function createPrng(seed: number): Prng {
  const state = fillState(seed);
  let [s0, s1, s2, s3] = state as unknown as [number, number, number, number];

  function u32(): number {
    const result = Math.imul(rotateLeft(Math.imul(s1, 5), 7), 9);
    const shifted = s1 << 9;
    s2 ^= s0;
    s3 ^= s1;
    s1 ^= s2;
    s0 ^= s3;
    s2 ^= shifted;
    s3 = rotateLeft(s3, 11);
    return result >>> 0;
  }

  function below(bound: number): number {
    return Math.floor((u32() * bound) / 0x1_0000_0000);
  }

  function bigint(bits: number): bigint {
    let value = 0n;
    for (let have = 0; have < bits; have += 32) value = (value << 32n) | BigInt(u32());
    return BigInt.asUintN(bits, value);
  }

  return {
    u32,
    below,
    bigint,
    bytes: (count) => Uint8Array.from({ length: count }, () => u32() >>> 24),
    pick: (items) => items[below(items.length)]!,
  };
}
