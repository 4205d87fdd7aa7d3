/**
 * The chain that ends at the head, by number and by transaction.
 *
 * Entries stand in order of their numbers. A range of empty blocks is one entry, that of its last
 * block, so that numbers have gaps and are found by halving.
 */
import { assert } from '../../base/assert.ts';
import { bytesToHex } from '../../base/bytes.ts';
import type { ChainEntry } from './chain.ts';

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

export class CanonicalIndex {
  readonly #entries: ChainEntry[];
  readonly #places = new Map<string, TransactionPlace>();

  constructor(genesis: ChainEntry) {
    this.#entries = [genesis];
  }

  get head(): ChainEntry {
    const head = this.#entries.at(-1);
    assert(head !== undefined, 'a chain has no genesis');
    return head;
  }

  /** The first entry whose number is at least this: a block, or the range that it is in. */
  find(number: bigint): ChainEntry | undefined {
    return this.#entries[this.#indexOf(number)];
  }

  #indexOf(number: bigint): number {
    // Above the last range every number has an entry, as far from the head's as the two differ.
    const near = this.#entries.length - 1 - Number(this.head.block.header.number - number);
    if (near >= this.#entries.length) return this.#entries.length;
    if (this.#entries[near]?.block.header.number === number) return near;
    let low = 0;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#entries[middle] as ChainEntry).block.header.number < number) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  has(entry: ChainEntry): boolean {
    return this.find(entry.block.header.number) === entry;
  }

  place(hash: Uint8Array): TransactionPlace | undefined {
    return this.#places.get(bytesToHex(hash));
  }

  /** Entries from one number to another, both included; a range that overlaps is one of them. */
  *between(first: bigint, last: bigint): Generator<ChainEntry> {
    for (let at = this.#indexOf(first); at < this.#entries.length; at++) {
      const entry = this.#entries[at] as ChainEntry;
      yield entry;
      if (entry.block.header.number >= last) return;
    }
  }

  /** Makes the chain end at an entry. */
  moveTo(head: ChainEntry): HeadChange {
    const added: ChainEntry[] = [];
    let fork: ChainEntry | undefined = head;
    while (fork !== undefined && !this.has(fork)) {
      added.push(fork);
      fork = fork.parent;
    }
    assert(fork !== undefined, 'a head does not descend from the genesis');
    const removed = this.#entries.splice(this.#indexOf(fork.block.header.number) + 1);
    for (const entry of removed) {
      for (const hash of entry.hashes) this.#places.delete(bytesToHex(hash));
    }
    added.reverse();
    for (const entry of added) {
      this.#entries.push(entry);
      for (const [index, hash] of entry.hashes.entries()) {
        this.#places.set(bytesToHex(hash), { entry, index });
      }
    }
    return { removed, added };
  }
}
