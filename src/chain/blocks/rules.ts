/**
 * Rules of blocks as data, beside those of the machine (`src/vms/evm/forks.ts`): forks that changed
 * blocks alone, the delay of the difficulty bomb, the reward of a block.
 */
import {
  FORKS,
  type Fork,
  type ForkRules,
  forkRules,
  type Overrides,
  parseFork,
} from '../../vms/evm/forks.ts';
import { costsOf, type HostCosts, runsAsFork } from '../../vms/evm/gas.ts';

/** Forks that changed blocks and not the machine, and the machine's fork that each came after. */
const BLOCK_ONLY_FORKS = [
  ['dao', 'homestead'],
  ['muirGlacier', 'istanbul'],
  ['arrowGlacier', 'london'],
  ['grayGlacier', 'london'],
] as const satisfies readonly (readonly [name: string, after: Fork])[];

export type BlockFork = Fork | (typeof BLOCK_ONLY_FORKS)[number][0];

/** All forks in order of time. */
export const BLOCK_FORKS: readonly BlockFork[] = FORKS.flatMap((fork): BlockFork[] => [
  fork,
  ...BLOCK_ONLY_FORKS.filter(([, after]) => after === fork).map(([name]) => name),
]);

/** The fork of the machine that runs a fork's blocks. */
export function machineFork(fork: BlockFork): Fork {
  const row = BLOCK_ONLY_FORKS.find(([name]) => name === fork);
  return row === undefined ? (fork as Fork) : row[1];
}

/** The fork of a name, as test suites and clients spell it; undefined if there is none. */
export function parseBlockFork(name: string): BlockFork | undefined {
  const key = name.toLowerCase();
  return BLOCK_FORKS.find((fork) => fork.toLowerCase() === key) ?? parseFork(name);
}

type Since<T> = readonly (readonly [since: BlockFork, value: T])[];

/** Blocks by which the difficulty bomb is set back. */
const BOMB_DELAYS: Since<bigint> = [
  ['frontier', 0n],
  ['byzantium', 3_000_000n], // EIP-649
  ['constantinople', 5_000_000n], // EIP-1234
  ['muirGlacier', 9_000_000n], // EIP-2384
  ['london', 9_700_000n], // EIP-3554
  ['arrowGlacier', 10_700_000n], // EIP-4345
  ['grayGlacier', 11_400_000n], // EIP-5133
];

const ETHER = 10n ** 18n;

/** Wei that a block makes for its coinbase. */
const REWARDS: Since<bigint> = [
  ['frontier', 5n * ETHER],
  ['byzantium', 3n * ETHER], // EIP-649
  ['constantinople', 2n * ETHER], // EIP-1234
  ['paris', 0n], // EIP-3675
];

/** How the difficulty follows from the parent; `frontier` has steps of one, the others grow. */
export type DifficultyRule = 'frontier' | 'homestead' | 'byzantium';

const DIFFICULTY_RULES: Since<DifficultyRule> = [
  ['frontier', 'frontier'],
  ['homestead', 'homestead'], // EIP-2
  ['byzantium', 'byzantium'], // EIP-100
];

function valueAt<T>(table: Since<T>, fork: BlockFork): T {
  const now = BLOCK_FORKS.indexOf(fork);
  const row = table.findLast(([since]) => BLOCK_FORKS.indexOf(since) <= now);
  if (row === undefined) throw new Error(`BUG: a table of block rules does not reach ${fork}`);
  return row[1];
}

/** Everything that holds for the blocks of a fork. */
export interface BlockRules {
  readonly fork: BlockFork;
  /** Switches of the machine, and exceptions from its fork. */
  readonly rules: ForkRules;
  readonly overrides: Overrides | undefined;
  /** Whether the system contracts run as at the fork itself. */
  readonly runsAsFork: boolean;
  readonly costs: HostCosts;
  readonly difficulty: DifficultyRule;
  readonly bombDelay: bigint;
  /** Wei. */
  readonly reward: bigint;
}

/** The rules of a fork, with exceptions where they are given. */
export function blockRules(fork: BlockFork, overrides?: Overrides): BlockRules {
  const machine = machineFork(fork);
  return Object.freeze({
    fork,
    rules: forkRules(machine, overrides),
    overrides,
    runsAsFork: runsAsFork(overrides),
    costs: costsOf(machine, overrides),
    difficulty: valueAt(DIFFICULTY_RULES, fork),
    bombDelay: valueAt(BOMB_DELAYS, fork),
    reward: valueAt(REWARDS, fork),
  });
}
