/**
 * Where the chain that ends at the head is kept, as bytes: its blocks with what came of their runs,
 * where their transactions stand, and how each changed the state.
 *
 * A block's changes are what the state after it has in place of the state after its parent, changes
 * from outside included. So the state after an old block is found from a later one by undoing what
 * came between, whatever made it.
 */
import type { CellChange } from '../../state/backends/backend.ts';

/**
 * Whether a block is looked for, by the bloom of its logs. Who takes a bloom takes those with more
 * bits: several blocks may be asked for at once.
 */
export type BloomTest = (bloom: Uint8Array) => boolean;

export interface StoredBlock {
  /** Of a range of empty blocks the last one. */
  readonly number: bigint;
  /** As `writeRecord` makes it; a store copies it. */
  readonly record: Uint8Array;
}

export interface NewBlock extends StoredBlock {
  /** The block's own and those of its transactions, in order. */
  readonly hashes: readonly Uint8Array[];
  readonly changes: readonly CellChange[];
}

/** Where a hash may be found. */
export interface HashPlace {
  readonly number: bigint;
  /** Of the transaction in the block; 0 for the block itself. */
  readonly index: number;
}

/** Blocks by their numbers, which have gaps where ranges are. */
export interface ChainStore {
  /** The block that is above all others, if there is any. */
  last(): StoredBlock | undefined;
  /** The first block whose number is at least this. */
  find(number: bigint): StoredBlock | undefined;
  /**
   * The first block from one number on whose logs' bloom is taken; undefined where none up to
   * another number is.
   */
  seek(number: bigint, upTo: bigint, takes: BloomTest): StoredBlock | undefined;
  /** Places of hashes that begin like this one: they have to be looked at. */
  places(hash: Uint8Array): readonly HashPlace[];
  /** Adds a block above all others. */
  append(block: NewBlock): void;
  /** Adds changes to those of the highest block, or of the genesis below it. */
  amend(number: bigint, changes: readonly CellChange[]): void;
  /** What the state of the head has in place of what it had, whichever block that is now. */
  putCells(changes: readonly CellChange[]): void;
  /** Forgets the blocks above a number; the hashes are theirs and those of their transactions. */
  truncate(number: bigint, hashes: Iterable<Uint8Array>): void;
  /**
   * Changes of the blocks from above one number up to another, the last one first; undefined for
   * those that were forgotten.
   */
  changes(above: bigint, upTo: bigint): Iterable<readonly CellChange[] | undefined>;
  /** Forgets the changes of blocks up to a number. */
  prune(upTo: bigint): void;
  /** Whether changes above a number were forgotten, so that the state after it is not found. */
  isPruned(number: bigint): boolean;
}

/** What stores find hashes by: their first six bytes, which a number holds exactly. */
export function keyOf(hash: Uint8Array): number {
  let key = 0;
  for (let i = 0; i < 6; i++) key = key * 256 + (hash[i] as number);
  return key;
}
