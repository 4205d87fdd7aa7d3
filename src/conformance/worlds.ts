/** The states and worlds in which cases run: kept from case to case, empty when each begins. */

import { type BlockFork, parseBlockFork } from '../chain/blocks/rules.ts';
import { type BlobSchedule, rulesOfStep, withBlobs } from '../chain/blocks/schedule.ts';
import { ChainState } from '../chain/blocks/state.ts';
import type { EvmWorld, WorldOptions } from '../chain/world.ts';
import type { Snapshot } from '../state/backends/backend.ts';
import { type Json, readNumber, readNumberOr, readObject } from './fixture.ts';

/** A world with the root of what it holds. */
export interface CaseWorld {
  readonly world: EvmWorld;
  /** State root, 32 bytes; flushes the world. */
  root(): Uint8Array;
}

/** What a test says of its chain. */
export interface ChainConfig {
  readonly chainId: bigint;
  /** By fork, where the test has its own. */
  readonly blobs: ReadonlyMap<BlockFork, BlobSchedule>;
}

/** By chain id and engine: a state has worlds, and a world has a kernel, which is worth keeping. */
const STATES = new Map<string, { readonly state: ChainState; readonly empty: Snapshot }>();

/**
 * The world of a fork's name, empty; undefined where the fork is not known.
 *
 * @param config of the test
 * @param engine one that compiles does so with all code before it runs
 */
export function worldFor(name: string, config: unknown, engine: string): CaseWorld | undefined {
  const fork = parseBlockFork(name);
  if (fork === undefined) return undefined;
  const { chainId, blobs } = readChainConfig(config);
  const state = emptyState(chainId, engine);
  const world = state.world(rulesOfStep(withBlobs({ fork }, blobs.get(fork))));
  const root = (): Uint8Array => {
    world.flush();
    return state.root();
  };
  return { world, root };
}

/** A state without accounts; its worlds are reset by whoever uses them. */
export function emptyState(chainId: bigint, engine: string): ChainState {
  const key = `${chainId} ${engine}`;
  const known = STATES.get(key);
  if (known !== undefined) {
    known.state.restore(known.empty);
    return known.state;
  }
  const state = new ChainState({ chainId, engine: engineOptions(engine) });
  STATES.set(key, { state, empty: state.snapshot() });
  return state;
}

/** What a world is made with to run on an engine; a test runs its code once. */
function engineOptions(engine: string): Pick<WorldOptions, 'engine' | 'tier'> {
  const isCompiler = engine === 'singlepass' || engine === 'multipass';
  return isCompiler ? { engine, tier: { entriesMin: 0 } } : {};
}

/** Reads the `config` of a test; without one, chain 1 with the schedules of its forks. */
export function readChainConfig(value: unknown): ChainConfig {
  const config: Json = value === undefined ? {} : readObject(value, 'config');
  const chainId = readNumberOr(config.chainid, 'config.chainid', 1n);
  return { chainId, blobs: readBlobSchedules(config.blobSchedule) };
}

function readBlobSchedules(value: unknown): ReadonlyMap<BlockFork, BlobSchedule> {
  const schedules = new Map<BlockFork, BlobSchedule>();
  if (value === undefined || value === null) return schedules;
  for (const [name, entry] of Object.entries(readObject(value, 'config.blobSchedule'))) {
    const fork = parseBlockFork(name);
    if (fork === undefined) continue;
    const { target, max, baseFeeUpdateFraction } = readObject(entry, 'a blob schedule');
    schedules.set(fork, {
      target: readNumber(target, 'target'),
      max: readNumber(max, 'max'),
      feeFraction: readNumber(baseFeeUpdateFraction, 'baseFeeUpdateFraction'),
    });
  }
  return schedules;
}
