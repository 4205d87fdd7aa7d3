/** 256-bit operands for tests, biased to the values at which arithmetic goes wrong. */
import type { Prng } from './prng.ts';

export const WORD_MASK = (1n << 256n) - 1n;

/** Powers of two and their neighbours at the limb boundaries and at the ends of the range. */
const EDGES: readonly bigint[] = [0n, 8n, 31n, 32n, 63n, 64n, 127n, 128n, 191n, 192n, 255n, 256n]
  .flatMap((bits) => [(1n << bits) - 1n, 1n << bits, (1n << bits) + 1n])
  .map((value) => value & WORD_MASK);

const LIMB_EDGES: readonly bigint[] = [0n, 1n, 2n, 1n << 32n, 1n << 63n, (1n << 63n) - 1n]
  .concat([1n, 2n].map((less) => (1n << 64n) - less))
  .concat([(1n << 63n) + 1n, (1n << 32n) - 1n, ((1n << 32n) - 1n) << 32n]);

/** One to four limbs, each an edge or random. */
function limbWord(prng: Prng): bigint {
  let value = 0n;
  for (let count = prng.below(4); count >= 0; count--) {
    const limb = prng.below(4) === 0 ? prng.bigint(64) : prng.pick(LIMB_EDGES);
    value = (value << 64n) | limb;
  }
  return value;
}

/** A word: an edge, a row of edge limbs, a number of random length or such a number negated. */
export function randomWord(prng: Prng): bigint {
  const kind = prng.below(8);
  if (kind === 0) return prng.pick(EDGES);
  if (kind <= 3) return limbWord(prng);
  const value = prng.bigint(prng.below(256) + 1);
  return kind === 4 ? -value & WORD_MASK : value;
}

export function toSigned(word: bigint): bigint {
  return BigInt.asIntN(256, word);
}

export function wrap(value: bigint): bigint {
  return BigInt.asUintN(256, value);
}
