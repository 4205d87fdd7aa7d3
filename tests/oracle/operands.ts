/** Values that generated programs work on, biased to the edges where 256-bit code goes wrong. */

import type { Prng } from '../support/prng.ts';
import { COINBASE, SENDER, SIBLINGS, TARGET } from './case.ts';

const WORD = 1n << 256n;
const LIMB_PATTERNS = [0n, 1n, 0x7fffffffffffffffn, 1n << 63n, (1n << 64n) - 1n, 0xffffffffn];
const SMALL = [0n, 1n, 2n, 3n, 7n, 8n, 15n, 16n, 30n, 31n, 32n, 33n, 63n, 64n, 65n, 127n, 128n];
const MIDDLE = [129n, 254n, 255n, 256n, 257n, 511n, 1024n, 0x7fffn, 0xffffn, 0x10000n];

/** One of a list. */
export function pick<T>(prng: Prng, items: readonly T[]): T {
  const item = items[prng.below(items.length)];
  if (item === undefined) throw new Error('BUG: pick from an empty list');
  return item;
}

/** True once in `n` draws. */
export function oneIn(prng: Prng, n: number): boolean {
  return prng.below(n) === 0;
}

function powerEdge(prng: Prng): bigint {
  const power = 1n << BigInt(prng.below(257));
  return power + BigInt(prng.below(3)) - 1n;
}

function limbs(prng: Prng): bigint {
  let value = 0n;
  for (let i = 0; i < 4; i++) {
    const limb = oneIn(prng, 3) ? prng.bigint(64) : pick(prng, LIMB_PATTERNS);
    value = (value << 64n) | limb;
  }
  return value;
}

/** A 256-bit value, most often one near an edge. */
export function edgeValue(prng: Prng): bigint {
  const kind = prng.below(8);
  let value: bigint;
  if (kind <= 1) value = pick(prng, SMALL);
  else if (kind === 2) value = pick(prng, MIDDLE);
  else if (kind <= 4) value = powerEdge(prng);
  else if (kind === 5) value = limbs(prng);
  else if (kind === 6) value = prng.bigint(1 + prng.below(256));
  else value = prng.bigint(256);
  if (oneIn(prng, 6)) value = -value;
  return ((value % WORD) + WORD) % WORD;
}

/** Operands that are likely to be related: equal, one apart, negated, or each on its own. */
export function edgeValues(prng: Prng, count: number): bigint[] {
  const values = Array.from({ length: count }, () => edgeValue(prng));
  if (count >= 2 && oneIn(prng, 5)) {
    const relation = prng.below(4);
    const first = values[0]!;
    const related = [first, first + 1n, WORD - first, first - 1n][relation]!;
    values[1] = ((related % WORD) + WORD) % WORD;
  }
  return values;
}

/** An offset in memory or data that mostly costs little. */
export function smallOffset(prng: Prng): bigint {
  if (oneIn(prng, 400)) return edgeValue(prng);
  return oneIn(prng, 2) ? BigInt(prng.below(6) * 32) : BigInt(prng.below(200));
}

export function smallSize(prng: Prng): bigint {
  if (oneIn(prng, 400)) return edgeValue(prng);
  return oneIn(prng, 2) ? pick(prng, [0n, 1n, 4n, 31n, 32n, 33n, 64n]) : BigInt(prng.below(150));
}

export function smallSlot(prng: Prng): bigint {
  return oneIn(prng, 20) ? edgeValue(prng) : BigInt(prng.below(4));
}

/** The precompiles that programs call; the rest are slow on the oracle and have vectors. */
export const PRECOMPILES: readonly number[] = [1, 2, 3, 4, 5, 6, 7, 9, 0x100];

/** An address a program may look at or call, sometimes with dirty upper bytes. */
export function addressValue(prng: Prng): bigint {
  const kind = prng.below(12);
  let address: bigint;
  if (kind <= 5) address = BigInt(pick(prng, SIBLINGS));
  else if (kind <= 7) address = BigInt(pick(prng, PRECOMPILES));
  else if (kind === 8) address = BigInt(TARGET);
  else if (kind === 9) address = BigInt(SENDER);
  else if (kind === 10) address = BigInt(COINBASE);
  else address = 0xdead_0000n + BigInt(prng.below(3));
  return oneIn(prng, 25) ? address | (prng.bigint(96) << 160n) : address;
}
