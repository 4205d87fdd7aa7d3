/**
 * Bit patterns biased towards the edges where implementations differ.
 */
import { isFloat, TYPE_BITS, type Type } from '../../src/dmir/types.ts';

/** A source of random numbers; every `Prng` is one. */
export interface RandomSource {
  /** A whole number from 0 to 2^32 - 1. */
  u32(): number;
  /** A whole number below the bound. */
  below(bound: number): number;
  /** A number of so many random bits. */
  bigint(bits: number): bigint;
}

const FLOAT_EDGES = {
  f32: [
    0n,
    0x80000000n, // -0
    0x3f800000n, // 1
    0xbf800000n, // -1
    0x3f000000n, // 0.5
    0x40200000n, // 2.5
    0x7f800000n, // infinity
    0xff800000n,
    0x7fc00000n, // the canonical NaN
    0xffc00001n, // a NaN with a payload
    0x7fa00000n, // a signalling NaN
    0x00000001n, // the least subnormal
    0x7f7fffffn, // the greatest finite
    0x4f000000n, // 2^31
    0xcf000000n,
    0x5f800000n, // 2^64
  ],
  f64: [
    0n,
    0x8000000000000000n,
    0x3ff0000000000000n,
    0xbff0000000000000n,
    0x3fe0000000000000n,
    0x4004000000000000n,
    0x7ff0000000000000n,
    0xfff0000000000000n,
    0x7ff8000000000000n,
    0xfff8000000000001n,
    0x7ff4000000000000n,
    0x0000000000000001n,
    0x7fefffffffffffffn,
    0x41e0000000000000n,
    0xc1e0000000000000n,
    0x43f0000000000000n,
  ],
} as const;

export function pick<T>(random: RandomSource, choices: readonly T[]): T {
  const choice = choices[random.below(choices.length)];
  if (choice === undefined) throw new Error('BUG: a choice among nothing');
  return choice;
}

/** True once in `n` times. */
export function oneIn(random: RandomSource, n: number): boolean {
  return random.below(n) === 0;
}

export function randomValue(random: RandomSource, type: Type): bigint {
  const bits = TYPE_BITS[type];
  if (isFloat(type)) {
    if (oneIn(random, 3)) return random.bigint(bits);
    return pick(random, FLOAT_EDGES[type as 'f32' | 'f64']);
  }
  const top = 1n << BigInt(bits);
  switch (random.below(8)) {
    case 0:
      return BigInt(random.below(3)) % top;
    case 1:
      return top - 1n - (BigInt(random.below(3)) % top);
    case 2:
      return top >> 1n;
    case 3:
      return (top >> 1n) - 1n;
    case 4:
      return 1n << BigInt(random.below(bits));
    case 5:
      return BigInt(random.below(256)) % top;
    case 6:
      return random.bigint(1 + random.below(bits));
    default:
      return random.bigint(bits);
  }
}
