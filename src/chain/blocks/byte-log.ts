/**
 * Pieces of bytes in order, each kept as what it has other than the piece before it.
 *
 * Blocks of a chain are alike: what stands at the same place in two of them is mostly the same, so
 * that a third of the bytes is left. A piece is its length, and then by turns how many bytes are
 * those of the piece before, and how many others follow with these bytes; numbers are LEB128. The
 * first piece of a buffer and every sixteenth after it is whole, and large ones are.
 */
import { firstIndex } from '../../base/search.ts';

const BUFFER_BYTES = 1 << 18;
/** How many pieces follow a whole one, with itself. */
const GROUP_COUNT = 16;
/** Pieces of more bytes are whole: they have little in common. */
const DIFFERENCE_MAX = 4096;
/** Equal bytes that are worth to be told apart from others. */
const SAME_MIN = 4;
/** The longest number. */
const NUMBER_BYTES = 5;

interface LogBuffer {
  bytes: Uint8Array;
  used: number;
  /** Index of its first piece. */
  readonly first: number;
}

const NO_BYTES: Uint8Array = new Uint8Array(0);

export class ByteLog {
  /** The last of them has room. */
  readonly #buffers: LogBuffer[] = [];
  /** Where each piece begins in its buffer. */
  readonly #starts: number[] = [];
  /** The piece that was added last, or the beginning of a large one. */
  readonly #latest: Uint8Array = new Uint8Array(DIFFERENCE_MAX);
  #latestLength = 0;
  /** Where differences are applied: the piece lent last, or the beginning of a large one. */
  readonly #applied: Uint8Array = new Uint8Array(DIFFERENCE_MAX);
  #lentIndex = -1;
  #lent: Uint8Array = NO_BYTES;

  get count(): number {
    return this.#starts.length;
  }

  /** Bytes that the pieces take. */
  get size(): number {
    return this.#buffers.reduce((sum, { used }) => sum + used, 0);
  }

  push(piece: Uint8Array): void {
    let last = this.#buffers.at(-1);
    const { count } = this;
    const isWhole = last === undefined || (count - last.first) % GROUP_COUNT === 0;
    let size = this.#encode(piece, isWhole);
    if (last === undefined || last.bytes.length - last.used < size) {
      if (!isWhole) size = this.#encode(piece, true);
      last = { bytes: new Uint8Array(Math.max(BUFFER_BYTES, size)), used: 0, first: count };
      this.#buffers.push(last);
    }
    last.bytes.set(scratch.subarray(0, size), last.used);
    this.#starts.push(last.used);
    last.used += size;
    this.#keepLatest(piece);
  }

  #keepLatest(piece: Uint8Array): void {
    this.#latestLength = Math.min(piece.length, DIFFERENCE_MAX);
    this.#latest.set(piece.subarray(0, this.#latestLength));
  }

  /** Writes a piece to the scratch; gives how many bytes that are. */
  #encode(piece: Uint8Array, isWhole: boolean): number {
    const { length } = piece;
    // Each run has two numbers, and all but the first one follow some equal bytes.
    reserve(4 * NUMBER_BYTES + 4 * length);
    let at = writeNumber(0, length);
    if (isWhole || length > DIFFERENCE_MAX) return writeRun(at, 0, piece, 0, length);
    const before = this.#latest;
    const common = Math.min(length, this.#latestLength);
    for (let from = 0; from < length; ) {
      let start = from;
      while (start < common && piece[start] === before[start]) start++;
      let end = start;
      let same = 0;
      for (; end < length && same < SAME_MIN; end++) {
        same = end < common && piece[end] === before[end] ? same + 1 : 0;
      }
      if (same === SAME_MIN) end -= SAME_MIN;
      at = writeRun(at, start - from, piece, start, end);
      from = end;
    }
    return at;
  }

  /** A piece, which stays as it is; undefined where it was dropped. */
  get(index: number): Uint8Array | undefined {
    const piece = this.lend(index);
    return piece !== undefined && piece.length <= DIFFERENCE_MAX ? piece.slice() : piece;
  }

  /** The same, which is there until another one is asked for; quick where they are in order. */
  lend(index: number): Uint8Array | undefined {
    const buffer = this.#bufferOf(index);
    if (buffer === undefined || index >= this.count) return undefined;
    const lent = this.#lentIndex;
    if (lent === index) return this.#lent;
    const whole = index - ((index - buffer.first) % GROUP_COUNT);
    for (let at = lent >= whole && lent < index ? lent + 1 : whole; at <= index; at++) {
      this.#lent = apply(buffer.bytes, this.#starts[at] as number, this.#applied);
    }
    this.#lentIndex = index;
    return this.#lent;
  }

  /** Pieces from one up to another, that one not included, the last one first. */
  *backwards(first: number, end: number): Generator<Uint8Array | undefined> {
    for (let left = end; left > first; ) {
      const buffer = this.#bufferOf(left - 1);
      const distance = buffer === undefined ? 0 : (left - 1 - buffer.first) % GROUP_COUNT;
      const from = Math.max(first, left - 1 - distance);
      const pieces: (Uint8Array | undefined)[] = [];
      for (let at = from; at < left; at++) pieces.push(this.get(at));
      yield* pieces.reverse();
      left = from;
    }
  }

  /** The buffer of a piece; undefined where that was dropped. */
  #bufferOf(index: number): LogBuffer | undefined {
    const last = this.#buffers.at(-1);
    return last !== undefined && last.first <= index ? last : this.#buffers[this.#indexOf(index)];
  }

  /** Of the last buffer that begins at or before a piece; -1 where that was dropped. */
  #indexOf(index: number): number {
    const buffers = this.#buffers;
    return firstIndex(buffers.length, (at) => (buffers[at]?.first ?? 0) > index) - 1;
  }

  truncate(count: number): void {
    if (count >= this.count) return;
    const at = this.#indexOf(count);
    const buffer = this.#buffers[at];
    if (buffer !== undefined) {
      buffer.used = this.#starts[count] as number;
      // Somebody may look at what was behind.
      buffer.bytes = buffer.bytes.slice();
    }
    this.#buffers.length = at + 1;
    this.#starts.length = count;
    this.#lentIndex = -1;
    this.#keepLatest(this.lend(count - 1) ?? NO_BYTES);
  }

  /** Drops buffers that hold nothing but pieces before one. */
  drop(before: number): void {
    const at = this.#indexOf(before);
    if (at > 0) this.#buffers.splice(0, at);
  }
}

// ---- the form of a piece

let scratch: Uint8Array = new Uint8Array(4 * DIFFERENCE_MAX);

function reserve(size: number): void {
  if (scratch.length < size) scratch = new Uint8Array(2 * size);
}

function writeNumber(start: number, value: number): number {
  let at = start;
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) scratch[at++] = (rest % 128) + 128;
  scratch[at++] = rest;
  return at;
}

/** Writes how many bytes are the same, and those from one offset of a piece to another. */
function writeRun(
  start: number,
  same: number,
  piece: Uint8Array,
  from: number,
  to: number,
): number {
  const at = writeNumber(writeNumber(start, same), to - from);
  if (to - from > DIFFERENCE_MAX) scratch.set(piece.subarray(from, to), at);
  else for (let i = from; i < to; i++) scratch[at + i - from] = piece[i] as number;
  return at + to - from;
}

/**
 * Makes the piece at an offset of the one before it, in its place.
 *
 * @returns the piece there, or where it stands if it is a large one
 */
function apply(bytes: Uint8Array, start: number, target: Uint8Array): Uint8Array {
  let at = start;
  const readNumber = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[at++] as number;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  const length = readNumber();
  for (let to = 0; to < length; ) {
    to += readNumber();
    const others = readNumber();
    if (others > DIFFERENCE_MAX) {
      target.set(bytes.subarray(at, at + DIFFERENCE_MAX));
      return bytes.subarray(at, at + others);
    }
    for (let i = 0; i < others; i++) target[to++] = bytes[at++] as number;
  }
  return target.subarray(0, length);
}
