/** The forks in which generated cases run: the newest most often, every one now and then. */
import type { Fork } from '../../src/vms/evm/forks.ts';
import { createPrng, type Prng } from '../support/prng.ts';
import { pick } from './operands.ts';

const SHARES: readonly (readonly [fork: Fork, share: number])[] = [
  ['frontier', 3],
  ['homestead', 3],
  ['tangerineWhistle', 3],
  ['spuriousDragon', 4],
  ['byzantium', 4],
  ['constantinople', 4],
  ['petersburg', 3],
  ['istanbul', 4],
  ['berlin', 5],
  ['london', 6],
  ['paris', 4],
  ['shanghai', 6],
  ['cancun', 9],
  ['prague', 14],
  ['osaka', 16],
  ['bpo1', 1],
  ['bpo2', 1],
];

const BAG: readonly Fork[] = SHARES.flatMap(([fork, share]) =>
  Array.from({ length: share }, () => fork),
);

/** Forks in which cases run. */
export const FUZZED_FORKS: readonly Fork[] = SHARES.map(([fork]) => fork);

export function drawFork(prng: Prng): Fork {
  return pick(prng, BAG);
}

/** Keeps the draws of a seed's fork apart from those of its case. */
const FORK_SEED = 0x0f0_6cba;

/** The fork of a seed whose case is drawn without one. */
export function forkOfSeed(seed: number): Fork {
  return drawFork(createPrng(seed ^ FORK_SEED));
}
