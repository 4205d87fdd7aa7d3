/**
 * A chain in memory, as bytes: a block is one piece of a large buffer and not a thousand objects,
 * so that a long chain costs little more than its encoding.
 */
import { firstIndex } from '../../base/search.ts';
import type { CellChange } from '../../state/backends/backend.ts';
import { ByteLog } from './byte-log.ts';
import { BLOOM_BYTES } from './receipts.ts';
import { bloomOfRecord, readChanges, writeChanges } from './record.ts';
import {
  type BloomTest,
  type ChainStore,
  type HashPlace,
  keyOf,
  type NewBlock,
  type StoredBlock,
} from './store.ts';

/** Blocks whose blooms are one, by which most of them need no look. */
const BLOOM_COUNT = 16;
/** Transactions of a block that have a place of their own: index and block are one number. */
const INDEX_COUNT = 2 ** 20;

/** Changes in their order, and the position of the block that each is of; -1 for the genesis. */
interface ChangeLog {
  readonly pieces: ByteLog;
  readonly positions: number[];
}

export class MemoryStore implements ChainStore {
  readonly #numbers: bigint[] = [];
  readonly #records = new ByteLog();
  /** One for each so many blocks; those of blocks that were taken off may be left in it. */
  #blooms = new Uint8Array(64 * BLOOM_BYTES);
  readonly #changes: ChangeLog = { pieces: new ByteLog(), positions: [] };
  /** Positions and indices by the first bytes of a hash; a list where several begin alike. */
  readonly #places = new Map<number, number | number[]>();
  /** The first position whose changes are there. */
  #kept = 0;

  last(): StoredBlock | undefined {
    return this.#at(this.#numbers.length - 1);
  }

  find(number: bigint): StoredBlock | undefined {
    return this.#at(this.#positionOf(number));
  }

  #at(position: number): StoredBlock | undefined {
    const record = this.#records.get(position);
    return record && { number: this.#numbers[position] as bigint, record };
  }

  seek(number: bigint, upTo: bigint, takes: BloomTest): StoredBlock | undefined {
    const end = Math.min(this.#positionOf(upTo) + 1, this.#numbers.length);
    for (let position = this.#positionOf(number); position < end; ) {
      const group = Math.floor(position / BLOOM_COUNT);
      const isGroup = takes(this.#blooms.subarray(group * BLOOM_BYTES, (group + 1) * BLOOM_BYTES));
      const next = Math.min((group + 1) * BLOOM_COUNT, end);
      for (; isGroup && position < next; position++) {
        const record = this.#records.lend(position);
        if (record !== undefined && takes(bloomOfRecord(record))) return this.#at(position);
      }
      position = next;
    }
    return undefined;
  }

  /** Adds the bloom of a block to those of its group. */
  #addBloom(position: number, bloom: Uint8Array): void {
    const at = Math.floor(position / BLOOM_COUNT) * BLOOM_BYTES;
    if (at >= this.#blooms.length) {
      const larger = new Uint8Array(2 * this.#blooms.length);
      larger.set(this.#blooms);
      this.#blooms = larger;
    }
    const blooms = this.#blooms;
    for (let i = 0; i < BLOOM_BYTES; i++) {
      blooms[at + i] = (blooms[at + i] as number) | (bloom[i] as number);
    }
  }

  /** Of the first block whose number is at least this. */
  #positionOf(number: bigint): number {
    const numbers = this.#numbers;
    // Without ranges in between a block is as far from the first as their numbers are.
    const near = Number(number - (numbers[0] ?? 0n));
    if (numbers[near] === number) return near;
    return firstIndex(numbers.length, (at) => (numbers[at] as bigint) >= number);
  }

  places(hash: Uint8Array): readonly HashPlace[] {
    const found = this.#places.get(keyOf(hash));
    const list = found === undefined ? [] : typeof found === 'number' ? [found] : found;
    return list.map((place) => ({
      number: this.#numbers[Math.floor(place / INDEX_COUNT)] as bigint,
      index: place % INDEX_COUNT,
    }));
  }

  append({ number, record, hashes, changes }: NewBlock): void {
    const position = this.#numbers.push(number) - 1;
    this.#records.push(record);
    this.#addBloom(position, bloomOfRecord(record));
    this.#pushChanges(position, changes);
    for (const [at, hash] of hashes.entries()) {
      const index = Math.min(Math.max(at - 1, 0), INDEX_COUNT - 1);
      const place = position * INDEX_COUNT + index;
      const known = this.#places.get(keyOf(hash));
      this.#places.set(keyOf(hash), known === undefined ? place : [known, place].flat());
    }
  }

  amend(_number: bigint, changes: readonly CellChange[]): void {
    this.#pushChanges(this.#numbers.length - 1, changes);
  }

  /** The state itself is elsewhere. */
  putCells(): void {}

  #pushChanges(position: number, changes: readonly CellChange[]): void {
    this.#changes.positions.push(position);
    this.#changes.pieces.push(writeChanges(changes));
  }

  truncate(number: bigint, hashes: Iterable<Uint8Array>): void {
    const count = this.#positionOf(number + 1n);
    const first = count * INDEX_COUNT;
    for (const hash of hashes) {
      const key = keyOf(hash);
      const left = [this.#places.get(key) ?? []].flat().filter((place) => place < first);
      if (left.length === 0) this.#places.delete(key);
      else this.#places.set(key, left.length === 1 ? (left[0] as number) : left);
    }
    this.#numbers.length = count;
    this.#records.truncate(count);
    const { positions, pieces } = this.#changes;
    const left = this.#changesFrom(count);
    positions.length = left;
    pieces.truncate(left);
    // Blocks that come in their place have changes that nobody forgot.
    this.#kept = Math.min(this.#kept, count);
  }

  /** Index of the first changes of a position or a later one. */
  #changesFrom(position: number): number {
    const { positions } = this.#changes;
    return firstIndex(positions.length, (at) => (positions[at] as number) >= position);
  }

  *changes(above: bigint, upTo: bigint): Generator<readonly CellChange[] | undefined> {
    const { positions, pieces } = this.#changes;
    const first = this.#changesFrom(this.#positionOf(above + 1n));
    const end = this.#changesFrom(this.#positionOf(upTo + 1n));
    let at = end;
    for (const piece of pieces.backwards(first, end)) {
      const isKept = (positions[--at] as number) >= this.#kept;
      yield piece && isKept ? readChanges(piece) : undefined;
    }
  }

  prune(upTo: bigint): void {
    this.#kept = Math.max(this.#kept, this.#positionOf(upTo + 1n));
    this.#changes.pieces.drop(this.#changesFrom(this.#kept));
  }

  isPruned(number: bigint): boolean {
    return this.#positionOf(number + 1n) < this.#kept;
  }
}
