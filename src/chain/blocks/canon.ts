/**
 * The chain that ends at the head, by number and by hash.
 *
 * All of it but the genesis is in a store, as bytes; the last entries are here as well, with their
 * states. A range of empty blocks is one entry, that of its last block, so that numbers have gaps
 * and are found by halving. Two entries are the same block where their hashes are equal.
 */
import { assert } from '../../base/assert.ts';
import { equalBytes } from '../../base/bytes.ts';
import { firstIndex } from '../../base/search.ts';
import type { CellChange } from '../../state/backends/backend.ts';
import type { ChainEntry } from './chain.ts';
import { type RecordContext, StoredEntry, writeRecord } from './record.ts';
import type { BloomTest, ChainStore, StoredBlock } from './store.ts';

/** Where a transaction stands. */
export interface TransactionPlace {
  readonly entry: ChainEntry;
  readonly index: number;
}

/** What a change of the head took off and put on, each in order of numbers. */
export interface HeadChange {
  readonly removed: readonly ChainEntry[];
  readonly added: readonly ChainEntry[];
}

/** An entry that becomes part of the chain, and what it changes of its parent's state. */
export interface Added {
  readonly entry: ChainEntry;
  readonly changes: readonly CellChange[];
}

/** Entries that are kept as objects at least, and at most. */
const LIVE_MIN = 32;
const LIVE_MAX = 64;
/** Entries of the store that were asked for last. */
const READ_MAX = 64;

export class CanonicalIndex {
  readonly store: ChainStore;
  readonly #genesis: ChainEntry;
  readonly #context: RecordContext;
  /** The last entries, in order. */
  #live: ChainEntry[];
  readonly #read = new Map<bigint, ChainEntry>();
  /** Told of entries that are from now on in the store alone. */
  readonly #leave: (entries: readonly ChainEntry[]) => void;

  constructor(
    genesis: ChainEntry,
    store: ChainStore,
    context: RecordContext,
    leave: (entries: readonly ChainEntry[]) => void,
  ) {
    this.store = store;
    this.#genesis = genesis;
    this.#context = context;
    this.#leave = leave;
    const last = store.last();
    this.#live = [last === undefined ? genesis : new StoredEntry(last, context)];
  }

  get head(): ChainEntry {
    const head = this.#live.at(-1);
    assert(head !== undefined, 'a chain has no genesis');
    return head;
  }

  /** The last entries, in order. */
  get live(): readonly ChainEntry[] {
    return this.#live;
  }

  /** The first entry whose number is at least this: a block, or the range that it is in. */
  find(number: bigint): ChainEntry | undefined {
    if (number <= this.#genesis.block.header.number) return this.#genesis;
    if (this.#isLive(number)) return this.#live[this.#indexOf(number)];
    const stored = this.store.find(number);
    const known = stored && this.#read.get(stored.number);
    return known ?? this.#keepRead(this.#open(stored));
  }

  /** Whether the entry of a number is no matter of the store. */
  #isLive(number: bigint): boolean {
    const isGenesis = number <= this.#genesis.block.header.number;
    return isGenesis || number >= firstOf(this.#live[0] as ChainEntry);
  }

  #open(stored: StoredBlock | undefined): StoredEntry | undefined {
    return stored && new StoredEntry(stored, this.#context);
  }

  #keepRead(entry: StoredEntry | undefined): StoredEntry | undefined {
    if (entry === undefined) return undefined;
    const [oldest] = this.#read.keys();
    if (oldest !== undefined && this.#read.size >= READ_MAX) this.#read.delete(oldest);
    this.#read.set(entry.number, entry);
    return entry;
  }

  /** Of the first live entry whose number is at least this. */
  #indexOf(number: bigint): number {
    const live = this.#live;
    // Above the last range every number has an entry, as far from the head's as the two differ.
    const near = live.length - 1 - Number(this.head.block.header.number - number);
    if (near >= live.length) return live.length;
    if (live[near]?.block.header.number === number) return near;
    return firstIndex(live.length, (at) => (live[at] as ChainEntry).block.header.number >= number);
  }

  has({ hash, block }: ChainEntry): boolean {
    const found = this.find(block.header.number);
    return found !== undefined && equalBytes(found.hash, hash);
  }

  /** The entry of a hash, which is no block within a range. */
  entry(hash: Uint8Array): ChainEntry | undefined {
    if (equalBytes(hash, this.#genesis.hash)) return this.#genesis;
    for (const { number } of this.store.places(hash)) {
      const entry = this.find(number);
      if (entry !== undefined && equalBytes(entry.hash, hash)) return entry;
    }
    return undefined;
  }

  place(hash: Uint8Array): TransactionPlace | undefined {
    for (const { number, index } of this.store.places(hash)) {
      const entry = this.find(number);
      // Places of very long blocks are only near.
      for (let at = index; entry !== undefined && at < entry.hashes.length; at++) {
        if (equalBytes(entry.hashes[at] as Uint8Array, hash)) return { entry, index: at };
        if (at < INDEX_MAX) break;
      }
    }
    return undefined;
  }

  /** As `BlockChain.between`. */
  *between(first: bigint, last: bigint, takes: BloomTest): Generator<ChainEntry> {
    for (let number = first; number <= last; ) {
      const isLive = this.#isLive(number);
      const entry = isLive ? this.find(number) : this.#open(this.store.seek(number, last, takes));
      if (entry !== undefined) {
        number = numberOf(entry) + 1n;
        if (!isLive || takes(entry.block.header.logsBloom)) yield entry;
      } else if (isLive) return;
      // The store has no more of them.
      else number = firstOf(this.#live[0] as ChainEntry);
    }
  }

  /** Entries above the chain's, up to one, in order. */
  above(head: ChainEntry): ChainEntry[] {
    const added: ChainEntry[] = [];
    let fork: ChainEntry | undefined = head;
    while (fork !== undefined && !this.has(fork)) {
      added.push(fork);
      fork = fork.parent;
    }
    assert(fork !== undefined, 'a head does not descend from the genesis');
    return added.reverse();
  }

  /** Makes the chain end at an entry that is in it, or after some that are added to it. */
  moveTo(head: ChainEntry, added: readonly Added[]): HeadChange {
    const fork = added.length === 0 ? head : (added[0]?.entry.parent as ChainEntry);
    const removed = this.#removeAbove(fork.block.header.number);
    if (this.#live.length === 0) this.#live.push(fork);
    else if (added.length === 0) this.#live[this.#live.length - 1] = head;
    for (const { entry, changes } of added) {
      const { number } = entry.block.header;
      const hashes = [entry.hash, ...entry.hashes];
      this.store.append({ number, record: writeRecord(entry), hashes, changes });
      this.#live.push(entry);
    }
    if (this.#live.length > LIVE_MAX) {
      this.#leave(this.#live.splice(0, this.#live.length - LIVE_MIN));
    }
    return { removed, added: added.map(({ entry }) => entry) };
  }

  /** Takes entries off. Those whose state is not there have their changes from then on. */
  #removeAbove(number: bigint): ChainEntry[] {
    const last = this.head.block.header.number;
    if (last <= number) return [];
    const removed = [...this.between(number + 1n, last, () => true)];
    for (const entry of removed) {
      if (entry.mark !== undefined) continue;
      const end = entry.block.header.number;
      const parts = [...this.store.changes(firstOf(entry) - 1n, end)].reverse();
      if (!parts.includes(undefined)) entry.changes = parts.flat() as CellChange[];
    }
    const hashes = removed.flatMap((entry) => [entry.hash, ...entry.hashes]);
    this.store.truncate(number, hashes);
    for (const entry of removed) this.#read.delete(entry.block.header.number);
    this.#live.length = this.#indexOf(number + 1n);
    return removed;
  }
}

/** Highest index of a transaction that a store tells exactly. */
const INDEX_MAX = 2 ** 20 - 1;

/** The number of an entry, of which nothing is decoded for it. */
function numberOf(entry: ChainEntry): bigint {
  return entry instanceof StoredEntry ? entry.number : entry.block.header.number;
}

/** The first number that an entry stands for. */
function firstOf(entry: ChainEntry): bigint {
  // The range itself would ask for its parent, which is found by this number.
  if (entry instanceof StoredEntry) return entry.first;
  return entry.range?.first ?? entry.block.header.number;
}
