/**
 * What a development chain needs of a database that outlives the process: the chain, the state of
 * the head, the pool and the settings. Who implements it also says when all of that is safe.
 */
import type { CellChange } from '../../state/backends/backend.ts';
import type { CellPath } from '../../state/cells.ts';
import type { ChainStore } from '../blocks/store.ts';

/** Which chain a database holds. */
export interface ChainIdentity {
  /** In hexadecimal. */
  readonly genesisHash: string;
  readonly genesisTime: string;
  readonly chainId: string;
}

/** A transaction that waits. */
export interface SavedTransaction {
  /** 32 bytes. */
  readonly hash: Uint8Array;
  /** 20 bytes. */
  readonly sender: Uint8Array;
  readonly encoded: Uint8Array;
  /** Counts arrivals. */
  readonly order: number;
}

/**
 * Changes are collected until a commit, which takes all of them or none. It comes by itself soon
 * after the first; whoever tells somebody of a change waits until it is settled.
 */
export interface ChainDatabase extends ChainStore {
  /** Undefined where the database is new. */
  readonly identity: ChainIdentity | undefined;
  /** Makes a new database one of a chain. */
  create(identity: ChainIdentity, genesis: readonly CellChange[]): void;
  /** The state of the head. */
  cells(): Iterable<{ readonly path: CellPath; readonly value: Uint8Array }>;
  /** Transactions that wait, in their order. */
  pool(): readonly SavedTransaction[];
  addPooled(transaction: SavedTransaction): void;
  removePooled(hash: Uint8Array): void;
  /** What `saveSettings` was last given. */
  readonly settings: string | undefined;
  saveSettings(text: string): void;
  /** Called before a commit, for what is to be in it as well. */
  onCommit: (() => void) | undefined;
  /** Has a commit come soon. */
  touch(): void;
  /**
   * Resolves when all changes so far are safe; undefined where they are. Rejects with a
   * `LockstepError` where they cannot be.
   */
  settled(): Promise<void> | undefined;
  /** Commits, and ends. */
  close(): void;
}
