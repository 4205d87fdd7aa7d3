/** The worlds in which cases run: one for each set of rules, which begins each case empty. */

import { keccak_256 } from '@noble/hashes/sha3.js';
import { EvmWorld, type WorldOptions } from '../chain/world.ts';
import { isPending, type Snapshot, type SnapshotBackend } from '../state/backends/backend.ts';
import { createMemoryBackend } from '../state/backends/memory.ts';
import { withCommitment } from '../state/commitments/commitment.ts';
import { createEvmCommitment } from '../state/commitments/evm.ts';
import { type Fork, type Overrides, parseFork } from '../vms/evm/forks.ts';
import { costsOf } from '../vms/evm/gas.ts';
import { readNumber, readObject } from './fixture.ts';

/** A world with the root of what it holds. */
export interface CaseWorld {
  readonly world: EvmWorld;
  /** State root, 32 bytes; flushes the world. */
  root(): Uint8Array;
}

interface Entry extends CaseWorld {
  readonly backend: SnapshotBackend;
  readonly empty: Snapshot;
}

/** By fork and overrides. A world has a kernel, which is worth keeping. */
const WORLDS = new Map<string, Entry>();

/**
 * The world of a network's name, empty; undefined where the fork is not known.
 *
 * @param config of the test, whose chain id and blob schedule it has
 * @param engine `multipass` compiles all code before it runs
 */
export function worldFor(network: string, config: unknown, engine: string): CaseWorld | undefined {
  const fork = parseFork(network);
  if (fork === undefined) return undefined;
  const overrides = readOverrides(fork, network, config);
  const chainId = readChainId(config);
  const key = `${engine} ${fork} ${chainId} ${Object.values(overrides?.costs ?? {}).join()}`;
  const entry = WORLDS.get(key) ?? createEntry(fork, chainId, overrides, engine);
  WORLDS.set(key, entry);
  entry.backend.restore(entry.empty);
  return entry;
}

function createEntry(
  fork: Fork,
  chainId: bigint,
  overrides: Overrides | undefined,
  engine: string,
): Entry {
  let hash = keccak_256 as (bytes: Uint8Array) => Uint8Array;
  const commitment = createEvmCommitment({ keccak256: (bytes) => hash(bytes) });
  const backend = withCommitment(createMemoryBackend(), commitment);
  const world = new EvmWorld({
    fork,
    backend,
    chainId,
    ...engineOptions(engine),
    ...(overrides === undefined ? {} : { overrides }),
  });
  hash = world.executor.keccak256;
  const root = (): Uint8Array => {
    world.flush();
    const answer = commitment.root(backend);
    if (isPending(answer)) throw new Error('BUG: a memory backend answers later');
    return answer;
  };
  return { world, backend, root, empty: backend.snapshot() };
}

/** What a world is made with to run on an engine; a test runs its code once. */
export function engineOptions(engine: string): Pick<WorldOptions, 'engine' | 'tier'> {
  return engine === 'multipass' ? { engine, tier: { entriesMin: 0 } } : {};
}

function readChainId(config: unknown): bigint {
  const chainId = config === undefined ? undefined : readObject(config, 'config').chainid;
  return chainId === undefined ? 1n : readNumber(chainId, 'config.chainid');
}

/** The blob schedule of a test, where it is not the fork's own. */
function readOverrides(fork: Fork, network: string, config: unknown): Overrides | undefined {
  if (config === undefined) return undefined;
  const { blobSchedule } = readObject(config, 'config');
  if (blobSchedule === undefined) return undefined;
  const schedule = readObject(blobSchedule, 'config.blobSchedule')[network];
  if (schedule === undefined) return undefined;
  const { target, max, baseFeeUpdateFraction } = readObject(schedule, 'a blob schedule');
  const costs = {
    blobsTarget: readNumber(target, 'target'),
    blobsMax: readNumber(max, 'max'),
    blobFeeFraction: readNumber(baseFeeUpdateFraction, 'baseFeeUpdateFraction'),
  };
  const own = costsOf(fork);
  const isOwn = Object.entries(costs).every(([name, value]) => own[name as 'blobsMax'] === value);
  return isOwn ? undefined : { costs };
}
