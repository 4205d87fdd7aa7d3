/** Entries of blocks that ran. */
import type { CellChange, Snapshot } from '../../state/backends/backend.ts';
import type { Block } from './block.ts';
import type { ChainEntry } from './chain.ts';
import type { Receipt } from './receipts.ts';

/** The entry of a block's parent. */
export type ParentOf = (entry: ChainEntry) => ChainEntry | undefined;

/** An entry that does not hold its parent, through which it would hold all blocks before it. */
export class RunEntry implements ChainEntry {
  readonly hash: Uint8Array;
  readonly block: Block;
  readonly encoded: Uint8Array;
  readonly totalDifficulty: bigint;
  readonly chainId: bigint;
  readonly receipts: readonly Receipt[];
  readonly senders: readonly Uint8Array[];
  readonly hashes: readonly Uint8Array[];
  readonly ommerHashes: readonly Uint8Array[];
  mark: Snapshot | undefined;
  changes: readonly CellChange[] | undefined;
  readonly #parentOf: ParentOf;

  constructor(fields: Omit<ChainEntry, 'parent'>, parentOf: ParentOf) {
    this.hash = fields.hash;
    this.block = fields.block;
    this.encoded = fields.encoded;
    this.totalDifficulty = fields.totalDifficulty;
    this.chainId = fields.chainId;
    this.receipts = fields.receipts;
    this.senders = fields.senders;
    this.hashes = fields.hashes;
    this.ommerHashes = fields.ommerHashes;
    this.mark = fields.mark;
    this.#parentOf = parentOf;
  }

  get parent(): ChainEntry | undefined {
    return this.#parentOf(this);
  }
}
