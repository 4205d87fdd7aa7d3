/**
 * Which fork a block belongs to: a schedule of forks by block number, time, or total difficulty,
 * and the schedules that have names: the main net, and the networks of the official tests.
 */
import { LockstepError } from '../../base/errors.ts';
import type { Overrides } from '../../vms/evm/forks.ts';
import { costsOf } from '../../vms/evm/gas.ts';
import {
  BLOCK_FORKS,
  type BlockFork,
  type BlockRules,
  blockRules,
  machineFork,
  parseBlockFork,
} from './rules.ts';

/** A fork and what turns it on; without a condition it is on from the genesis. */
export interface ForkStep {
  readonly fork: BlockFork;
  /** First block. */
  readonly block?: bigint;
  /** Seconds: blocks from this time on. */
  readonly time?: bigint;
  /** Blocks whose parent's total difficulty is at least this (EIP-3675). */
  readonly totalDifficulty?: bigint;
  readonly overrides?: Overrides;
}

/** Counts of blobs and the speed of their base fee, where a chain has its own (EIP-7840). */
export interface BlobSchedule {
  /** Blobs of a block. */
  readonly target: bigint;
  readonly max: bigint;
  /** Update fraction of the base fee. */
  readonly feeFraction: bigint;
}

/** The step of a fork with a blob schedule; nothing is changed where the fork has the same. */
export function withBlobs(step: ForkStep, blobs: BlobSchedule | undefined): ForkStep {
  if (blobs === undefined) return step;
  const { target, max, feeFraction } = blobs;
  const costs = { blobsTarget: target, blobsMax: max, blobFeeFraction: feeFraction };
  const own = costsOf(machineFork(step.fork));
  const isOwn = own.blobsTarget === target && own.blobsMax === max;
  if (isOwn && own.blobFeeFraction === feeFraction) return step;
  return withCosts(step, costs);
}

/** The step with other amounts. */
export function withCosts(step: ForkStep, costs: NonNullable<Overrides['costs']>): ForkStep {
  if (Object.keys(costs).length === 0) return step;
  const { overrides } = step;
  return { ...step, overrides: { ...overrides, costs: { ...overrides?.costs, ...costs } } };
}

export interface ForkSchedule {
  readonly chainId: bigint;
  /** In order of time; the last one that is on holds. The first has no condition. */
  readonly steps: readonly ForkStep[];
  /** Block of the irregular state change and of the extra-data rule; undefined without them. */
  readonly daoBlock?: bigint;
  /** 20 bytes: the contract whose logs are deposits; that of the main net unless told. */
  readonly depositContract?: Uint8Array;
}

/** What decides a block's fork. */
export interface BlockPosition {
  readonly number: bigint;
  /** Seconds. */
  readonly timestamp: bigint;
  /** Undefined where it is not known; then it decides nothing, and other conditions do. */
  readonly parentTotalDifficulty?: bigint | undefined;
}

function isOn(step: ForkStep, at: BlockPosition): boolean {
  const { block, time, totalDifficulty: needed } = step;
  if (block !== undefined && at.number < block) return false;
  if (time !== undefined && at.timestamp < time) return false;
  return needed === undefined || (at.parentTotalDifficulty ?? 0n) >= needed;
}

/** The step that a block belongs to. */
export function stepAt(schedule: ForkSchedule, at: BlockPosition): ForkStep {
  const step = schedule.steps.findLast((candidate) => isOn(candidate, at));
  if (step === undefined) throw new Error('BUG: a fork schedule does not begin at the genesis');
  return step;
}

const RULES = new WeakMap<ForkStep, BlockRules>();

/** The rules of a step; the same object each time. */
export function rulesOfStep(step: ForkStep): BlockRules {
  const known = RULES.get(step);
  if (known !== undefined) return known;
  const rules = blockRules(step.fork, step.overrides);
  RULES.set(step, rules);
  return rules;
}

/** The rules of a block. */
export function rulesAt(schedule: ForkSchedule, at: BlockPosition): BlockRules {
  return rulesOfStep(stepAt(schedule, at));
}

/** One fork from the genesis on. */
export function fixedSchedule(fork: BlockFork, chainId = 1n): ForkSchedule {
  return { chainId, steps: [{ fork }] };
}

/** Ethereum's main net. */
export const MAIN_NET: ForkSchedule = {
  chainId: 1n,
  daoBlock: 1_920_000n,
  steps: [
    { fork: 'frontier' },
    { fork: 'homestead', block: 1_150_000n },
    { fork: 'dao', block: 1_920_000n },
    { fork: 'tangerineWhistle', block: 2_463_000n },
    { fork: 'spuriousDragon', block: 2_675_000n },
    { fork: 'byzantium', block: 4_370_000n },
    { fork: 'petersburg', block: 7_280_000n },
    { fork: 'istanbul', block: 9_069_000n },
    { fork: 'muirGlacier', block: 9_200_000n },
    { fork: 'berlin', block: 12_244_000n },
    { fork: 'london', block: 12_965_000n },
    { fork: 'arrowGlacier', block: 13_773_000n },
    { fork: 'grayGlacier', block: 15_050_000n },
    { fork: 'paris', block: 15_537_394n },
    { fork: 'shanghai', block: 15_537_394n, time: 1_681_338_455n },
    { fork: 'cancun', block: 15_537_394n, time: 1_710_338_135n },
    { fork: 'prague', block: 15_537_394n, time: 1_746_612_311n },
    { fork: 'osaka', block: 15_537_394n, time: 1_764_798_551n },
    { fork: 'bpo1', block: 15_537_394n, time: 1_765_290_071n },
    { fork: 'bpo2', block: 15_537_394n, time: 1_767_747_671n },
  ],
};

/** A test net of proof of work, whose difficulties the official tests have. */
const ROPSTEN: ForkSchedule = {
  chainId: 3n,
  steps: [
    { fork: 'tangerineWhistle' },
    { fork: 'spuriousDragon', block: 10n },
    { fork: 'byzantium', block: 1_700_000n },
    { fork: 'constantinople', block: 4_230_000n },
    { fork: 'petersburg', block: 4_939_394n },
  ],
};

/** Schedules that have a name of their own, in small letters. */
const NAMED: Readonly<Record<string, ForkSchedule>> = {
  mainnet: MAIN_NET,
  mainnetwork: MAIN_NET,
  ropsten: ROPSTEN,
};

/** `ATo`, `B`, `At`, and a block, a time in thousands of seconds, or a total difficulty in hex. */
const TRANSITION = /^(\w+?)To(\w+?)At(?:(\d+)|Time(\d+)(k?)|Diff([0-9A-Fa-f]+))$/;

/**
 * The schedule of a network of the official tests: a fork's name, `BerlinToLondonAt5`,
 * `ParisToShanghaiAtTime15k`, `ArrowGlacierToParisAtDiffC0000`, or `MainNetwork`.
 *
 * @param blobs gives the blob schedule of a fork where the test has its own
 * @throws LockstepError L1402 for another name
 */
export function networkSchedule(
  network: string,
  chainId = 1n,
  blobs: (fork: BlockFork) => BlobSchedule | undefined = () => undefined,
): ForkSchedule {
  const key = network.toLowerCase();
  const named = Object.hasOwn(NAMED, key) ? NAMED[key] : undefined;
  if (named !== undefined) return { ...named, chainId };
  const stepOf = (name: string, condition: Omit<ForkStep, 'fork'> = {}): ForkStep => {
    const fork = parseBlockFork(name);
    if (fork === undefined) throw unknownNetwork(network, name);
    return withBlobs({ fork, ...condition }, blobs(fork));
  };
  const parts = TRANSITION.exec(network);
  if (parts === null) return { chainId, steps: [stepOf(network)] };
  const [, from = '', to = '', block, time, thousand, difficulty] = parts;
  const before = stepOf(from);
  if (block !== undefined) {
    const after = stepOf(to, { block: BigInt(block) });
    const dao = after.fork === 'dao' ? { daoBlock: BigInt(block) } : {};
    return { chainId, steps: [before, after], ...dao };
  }
  const condition =
    time === undefined
      ? { totalDifficulty: BigInt(`0x${difficulty}`) }
      : { time: BigInt(time) * (thousand === 'k' ? 1000n : 1n) };
  return { chainId, steps: [before, stepOf(to, condition)] };
}

function unknownNetwork(network: string, fork: string): LockstepError {
  return new LockstepError('L1402', { network, fork, known: BLOCK_FORKS.join(', ') });
}
