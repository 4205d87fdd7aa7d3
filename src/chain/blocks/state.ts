/**
 * The state below a chain: cells in a backend with their commitment, and one world over them for
 * each set of rules. A world has a kernel, which is worth keeping; only one works at a time.
 */
import { keccak_256 } from '@noble/hashes/sha3.js';
import type { Keccak256 } from '../../base/bytes.ts';
import { dataToText } from '../../base/data-text.ts';
import { PendingError } from '../../dmir/host.ts';
import {
  type CellChange,
  isPending,
  type Pending,
  type Snapshot,
  type SnapshotBackend,
} from '../../state/backends/backend.ts';
import { createMemoryBackend } from '../../state/backends/memory.ts';
import { withCommitment } from '../../state/commitments/commitment.ts';
import { createEvmCommitment, type EvmCommitment } from '../../state/commitments/evm.ts';
import { EvmWorld, type WorldOptions } from '../world.ts';
import type { BlockRules } from './rules.ts';

export interface ChainStateOptions {
  readonly chainId: bigint;
  /** What holds the cells; memory unless told. What it already holds is taken in. */
  readonly backend?: SnapshotBackend;
  /** How worlds are made to run on another engine than the interpreter. */
  readonly engine?: Pick<WorldOptions, 'engine' | 'tier'>;
  /** As in `WorldOptions`. */
  readonly contractSenders?: boolean;
  /** As in `ExecutorOptions`. */
  readonly ownPrecompiles?: WorldOptions['ownPrecompiles'] | undefined;
}

/** Each block ends with a flush, which looks at every cell of the journal. */
const CELLS_MAX = 8192;

export class ChainState {
  #chainId: bigint;
  /** Changes that are made here reach the commitment. */
  readonly backend: SnapshotBackend;
  readonly commitment: EvmCommitment;
  readonly #options: Pick<WorldOptions, 'engine' | 'tier' | 'contractSenders' | 'ownPrecompiles'>;
  readonly #worlds = new Map<string, EvmWorld>();
  /** The same worlds by the rules that they were asked for with. */
  #byRules = new WeakMap<BlockRules, EvmWorld>();
  /** The fastest hash at hand. */
  #hash: Keccak256 = keccak_256;

  constructor(options: ChainStateOptions) {
    const { chainId, backend, engine = {}, contractSenders = false, ownPrecompiles } = options;
    this.#chainId = chainId;
    this.#options = { ...engine, contractSenders, ...(ownPrecompiles ? { ownPrecompiles } : {}) };
    this.commitment = createEvmCommitment({ keccak256: this.keccak256 });
    this.backend = withCommitment(backend ?? createMemoryBackend(), this.commitment);
    if (backend !== undefined) requireNow(this.commitment.rebuild(backend));
  }

  /** Worlds that are asked for from now on are of another chain. */
  setChainId(chainId: bigint): void {
    this.#chainId = chainId;
    this.#worlds.clear();
    this.#byRules = new WeakMap();
  }

  /** Keccak-256: by a kernel as soon as there is a world. */
  readonly keccak256: Keccak256 = Object.assign((bytes: Uint8Array) => this.#hash(bytes), {
    room: () => this.#hash.room?.(),
  });

  /** The world of some rules: the same one for the same fork and overrides. */
  world(rules: BlockRules): EvmWorld {
    const same = this.#byRules.get(rules);
    if (same !== undefined) return same;
    const key = worldKey(rules);
    const world = this.#worlds.get(key) ?? new EvmWorld(this.worldOptions(rules));
    this.#worlds.set(key, world);
    this.#byRules.set(rules, world);
    this.#hash = world.executor.keccak256;
    return world;
  }

  /** What a world of some rules over this state is made of, for those who need one of their own. */
  worldOptions({ overrides, rules: switches }: BlockRules): WorldOptions {
    return {
      fork: switches.fork,
      backend: this.backend,
      chainId: this.#chainId,
      cellsMax: CELLS_MAX,
      ...this.#options,
      ...(overrides === undefined ? {} : { overrides }),
    };
  }

  /** Root of what the backend holds, 32 bytes; worlds are flushed by whoever asks. */
  root(): Uint8Array {
    return requireNow(this.commitment.root(this.backend));
  }

  snapshot(): Snapshot {
    return this.backend.snapshot();
  }

  /** The cells in which two snapshots differ, in order. */
  changes(from: Snapshot, to: Snapshot): readonly CellChange[] {
    return this.backend.changes(from, to);
  }

  /** Goes back to a snapshot, which stays valid; worlds are reset by whoever uses them. */
  restore(snapshot: Snapshot): void {
    this.backend.restore(snapshot);
  }
}

function requireNow<T>(answer: T | Pending): T {
  if (isPending(answer)) throw new PendingError(answer.ready);
  return answer;
}

function worldKey({ rules, overrides }: BlockRules): string {
  if (overrides === undefined) return rules.fork;
  return `${rules.fork} ${dataToText(overrides)}`;
}
