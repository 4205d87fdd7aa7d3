/**
 * A chain in memory, as bytes: a block is one piece of a large buffer and not a thousand objects,
 * so that a long chain costs little more than its encoding.
 */
import { firstIndex } from '../../base/search.ts';
import type { CellChange } from '../../state/backends/backend.ts';
import { readChanges, writeChanges } from './record.ts';
import type { ChainStore, HashPlace, NewBlock, StoredBlock } from './store.ts';

/** Pieces of bytes in order. */
class ByteLog {
  /** The last of them has room. */
  #buffers: { bytes: Uint8Array; used: number; first: number }[] = [];
  /** Where each piece begins in its buffer. */
  readonly #starts: number[] = [];

  get count(): number {
    return this.#starts.length;
  }

  push(piece: Uint8Array): void {
    let last = this.#buffers.at(-1);
    if (last === undefined || last.bytes.length - last.used < piece.length) {
      const bytes = new Uint8Array(Math.max(BUFFER_BYTES, piece.length));
      last = { bytes, used: 0, first: this.count };
      this.#buffers.push(last);
    }
    last.bytes.set(piece, last.used);
    this.#starts.push(last.used);
    last.used += piece.length;
  }

  /** A view of a piece, which stays as it is; undefined where it was dropped. */
  get(index: number): Uint8Array | undefined {
    const at = this.#bufferOf(index);
    const buffer = this.#buffers[at];
    if (buffer === undefined) return undefined;
    const next = this.#buffers[at + 1]?.first ?? this.count;
    const end = index + 1 < next ? this.#starts[index + 1] : buffer.used;
    return buffer.bytes.subarray(this.#starts[index], end);
  }

  /** The last buffer that begins at or before a piece; -1 where that was dropped. */
  #bufferOf(index: number): number {
    const buffers = this.#buffers;
    return firstIndex(buffers.length, (at) => (buffers[at]?.first ?? 0) > index) - 1;
  }

  truncate(count: number): void {
    if (count >= this.count) return;
    const at = this.#bufferOf(count);
    const buffer = this.#buffers[at];
    if (buffer !== undefined) {
      buffer.used = this.#starts[count] as number;
      // Somebody may look at what was behind.
      buffer.bytes = buffer.bytes.slice();
    }
    this.#buffers.length = at + 1;
    this.#starts.length = count;
  }

  /** Drops buffers that hold nothing but pieces before one. */
  drop(before: number): void {
    const at = this.#bufferOf(before);
    if (at > 0) this.#buffers.splice(0, at);
  }
}

const BUFFER_BYTES = 1 << 18;
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
    const number = this.#numbers[position];
    const record = this.#records.get(position);
    return number === undefined || record === undefined ? undefined : { number, record };
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
    for (let at = end - 1; at >= first; at--) {
      const piece = (positions[at] as number) < this.#kept ? undefined : pieces.get(at);
      yield piece && readChanges(piece);
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

/** The first six bytes of a hash, which a number holds exactly. */
export function keyOf(hash: Uint8Array): number {
  let key = 0;
  for (let i = 0; i < 6; i++) key = key * 256 + (hash[i] as number);
  return key;
}
