/**
 * RLP, the encoding of trees of byte strings (Yellow Paper, appendix B).
 *
 * Every item has one encoding, the canonical one: the shortest form of each length, and no header
 * on a single byte below 128. The decoder accepts nothing else.
 */
import { LockstepError } from './errors.ts';
import { bigintToBytes32, bytesToBigint } from './u256.ts';

/** A byte string, or a list of items. */
export type RlpItem = Uint8Array | readonly RlpItem[];

/** First byte of the empty string and of the empty list; lengths up to 55 are added to it. */
export const RLP_STRING = 0x80;
export const RLP_LIST = 0xc0;
/** The longest payload whose length stands in the first byte. */
const SHORT_MAX = 55;
/** Lists within lists; no structure of the chain comes near, and recursion stays bounded. */
const DEPTH_MAX = 1024;
/** Up to here a loop copies faster than a call of `set`. */
const LOOP_COPY_MAX = 32;

const EMPTY = new Uint8Array(0);

/** An item to encode; a number stands for its bytes, big-endian and without zeros in front. */
export type RlpSource = Uint8Array | bigint | readonly RlpSource[];

/**
 * The canonical encoding of an item.
 *
 * @throws LockstepError L1004 for a number that is not in 0..2^256-1
 */
export function encodeRlp(item: RlpSource): Uint8Array {
  shared.clear();
  shared.add(item);
  return shared.take();
}

/** Bytes in front of a payload, unless it is a single byte below 128 and stands for itself. */
export function rlpHeaderSize(length: number): number {
  return length <= SHORT_MAX ? 1 : 1 + bytesOfLength(length);
}

function bytesOfLength(length: number): number {
  let count = 1;
  for (let rest = Math.floor(length / 256); rest > 0; rest = Math.floor(rest / 256)) count++;
  return count;
}

/** Bytes that a writer begins with, and that it does not hold on to when it needed more. */
const WRITER_BYTES = 1 << 16;

/**
 * Writes items from the last one to the first, so that the size of a list is known when its header
 * is written.
 */
export class RlpWriter {
  #bytes = new Uint8Array(WRITER_BYTES);
  #at = WRITER_BYTES;

  /** Bytes that are written. */
  get size(): number {
    return this.#bytes.length - this.#at;
  }

  /** Forgets what was written: what was viewed, or could not be written as a whole. */
  clear(): void {
    if (this.#bytes.length > WRITER_BYTES) this.#bytes = new Uint8Array(WRITER_BYTES);
    this.#at = this.#bytes.length;
  }

  /** The bytes as they stand in the writer, which holds them until it is cleared. */
  view(): Uint8Array {
    return this.#bytes.subarray(this.#at);
  }

  /** The bytes, of their own; the writer is empty afterwards. */
  take(): Uint8Array {
    const taken = this.#bytes.slice(this.#at);
    this.clear();
    return taken;
  }

  /** Writes an item in front. */
  add(item: RlpSource): void {
    if (item instanceof Uint8Array) this.addBytes(item, 0);
    else if (typeof item === 'bigint') this.#addNumber(item);
    else {
      const { size } = this;
      for (let index = item.length - 1; index >= 0; index--) this.add(item[index] as RlpSource);
      this.addHeader(RLP_LIST, size);
    }
  }

  /** The bytes of an array from an index on as one string. */
  addBytes(bytes: Uint8Array, from: number): void {
    const length = bytes.length - from;
    this.addRaw(bytes, from);
    if (length === 1 && (bytes[from] as number) < RLP_STRING) return;
    this.addHeader(RLP_STRING, this.size - length);
  }

  /** The characters of a text from an index to another, each below 256, as one string. */
  addChars(text: string, from: number, to: number): void {
    const length = to - from;
    const start = this.#reserve(length);
    for (let i = 0; i < length; i++) this.#bytes[start + i] = text.charCodeAt(from + i);
    if (length === 1 && text.charCodeAt(from) < RLP_STRING) return;
    this.addHeader(RLP_STRING, this.size - length);
  }

  #addNumber(value: bigint): void {
    if (value >= 0n && value < SMALL_MAX) {
      this.#addSmall(Number(value));
    } else {
      const bytes = bigintToBytes32(value);
      this.addBytes(bytes, zerosOf(bytes));
    }
  }

  #addSmall(small: number): void {
    const { size } = this;
    for (let rest = small; rest >= 1; rest = Math.floor(rest / 256)) {
      const at = this.#reserve(1);
      this.#bytes[at] = rest % 256;
    }
    if (small === 0 || small >= RLP_STRING) this.addHeader(RLP_STRING, size);
  }

  /** Bytes without a header of their own. */
  addRaw(bytes: Uint8Array, from = 0): void {
    const length = bytes.length - from;
    const start = this.#reserve(length);
    if (length > LOOP_COPY_MAX) this.#bytes.set(from === 0 ? bytes : bytes.subarray(from), start);
    else for (let i = 0; i < length; i++) this.#bytes[start + i] = bytes[from + i] as number;
  }

  /**
   * The header of what was written since.
   *
   * @param kind RLP_STRING, for more than one byte, or RLP_LIST
   * @param size bytes that were written before it
   */
  addHeader(kind: number, size: number): void {
    const payload = this.size - size;
    const at = this.#reserve(rlpHeaderSize(payload));
    writeRlpHeader(this.#bytes, at, kind, payload);
  }

  /** The offset of so many bytes in front. */
  #reserve(count: number): number {
    if (count > this.#at) {
      const { size } = this;
      const larger = new Uint8Array(Math.max(2 * this.#bytes.length, size + count));
      larger.set(this.#bytes.subarray(this.#at), larger.length - size);
      this.#bytes = larger;
      this.#at = larger.length - size;
    }
    this.#at -= count;
    return this.#at;
  }
}

const shared = new RlpWriter();

/**
 * Writes the header of a payload.
 *
 * @param kind RLP_STRING or RLP_LIST
 * @returns the offset after the header
 */
export function writeRlpHeader(
  bytes: Uint8Array,
  offset: number,
  kind: number,
  length: number,
): number {
  if (length <= SHORT_MAX) {
    bytes[offset] = kind + length;
    return offset + 1;
  }
  const count = bytesOfLength(length);
  bytes[offset] = kind + SHORT_MAX + count;
  let rest = length;
  for (let at = offset + count; at > offset; at--) {
    bytes[at] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  return offset + 1 + count;
}

/**
 * The one item that the bytes encode. Its byte strings are views of the input, not copies.
 *
 * @throws LockstepError L1201 for no item, more than one, a cut or non-canonical one, or lists
 *   nested deeper than 1024
 */
export function decodeRlp(bytes: Uint8Array): RlpItem {
  const items = readItems(bytes, 0, bytes.length, 0);
  const [item] = items;
  if (item === undefined) throw malformed(0, 'there are no bytes');
  if (items.length > 1) throw malformed(itemEnd(bytes, 0), 'bytes follow the item');
  return item;
}

/**
 * The encodings that stand one after the other, such as the blocks of an exported chain; views.
 *
 * @throws LockstepError L1201 where one is cut or its length is not canonical
 */
export function splitRlp(bytes: Uint8Array): Uint8Array[] {
  const parts: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    const first = bytes[at] ?? 0;
    const start = at + 1 + lengthBytesOf(first);
    const end = first < RLP_STRING ? at + 1 : start + payloadLength(bytes, at, bytes.length);
    if (end > bytes.length) {
      throw malformed(at, `the item is longer than the ${bytes.length - at} bytes left`);
    }
    parts.push(bytes.subarray(at, end));
    at = end;
  }
  return parts;
}

/**
 * The encoding of the first item of a list that has one, in well-formed bytes; a view.
 *
 * @throws LockstepError L1201 where the length of one of the two is not canonical
 */
export function firstOfList(bytes: Uint8Array): Uint8Array {
  const start = payloadStart(bytes, 0);
  return bytes.subarray(start, itemEnd(bytes, start));
}

/** The items that fill the bytes from one offset to another. */
function readItems(bytes: Uint8Array, from: number, to: number, depth: number): RlpItem[] {
  if (depth > DEPTH_MAX) throw malformed(from, `lists are nested deeper than ${DEPTH_MAX}`);
  const items: RlpItem[] = [];
  for (let at = from; at < to; ) {
    const first = bytes[at] ?? 0;
    if (first < RLP_STRING) {
      items.push(bytes.subarray(at, at + 1));
      at++;
      continue;
    }
    const start = at + 1 + lengthBytesOf(first);
    const end = start + payloadLength(bytes, at, to);
    if (end > to) throw malformed(at, `the item is longer than the ${to - at} bytes left`);
    if (first >= RLP_LIST) {
      items.push(readItems(bytes, start, end, depth + 1));
    } else {
      if (end - start === 1 && (bytes[start] ?? 0) < RLP_STRING) {
        throw malformed(at, 'a single byte below 128 has a header');
      }
      items.push(bytes.subarray(start, end));
    }
    at = end;
  }
  return items;
}

/** How many bytes of length follow a first byte of at least 0x80. */
function lengthBytesOf(first: number): number {
  const short = first - (first >= RLP_LIST ? RLP_LIST : RLP_STRING);
  return short <= SHORT_MAX ? 0 : short - SHORT_MAX;
}

/** Length of the payload whose header, not a single byte, is at the offset. */
function payloadLength(bytes: Uint8Array, offset: number, to: number): number {
  const first = bytes[offset] ?? 0;
  const count = lengthBytesOf(first);
  if (count === 0) return first - (first >= RLP_LIST ? RLP_LIST : RLP_STRING);
  if (offset + 1 + count > to) throw malformed(offset, 'the length of an item is cut short');
  if (bytes[offset + 1] === 0) throw malformed(offset, 'the length of an item begins with a zero');
  let length = 0;
  for (let i = 1; i <= count; i++) {
    // A longer item than the input is refused by its caller, so that more digits change nothing.
    if (length <= bytes.length) length = length * 256 + (bytes[offset + i] ?? 0);
  }
  if (length <= SHORT_MAX) throw malformed(offset, `a length of ${length} has the long form`);
  return length;
}

/** Where the payload of the item at an offset begins, in well-formed bytes. */
export function payloadStart(bytes: Uint8Array, at: number): number {
  const first = bytes[at] ?? 0;
  return first < RLP_STRING ? at : at + 1 + lengthBytesOf(first);
}

/** Where the item at an offset ends, in well-formed bytes. */
export function itemEnd(bytes: Uint8Array, at: number): number {
  const isByte = (bytes[at] ?? 0) < RLP_STRING;
  return payloadStart(bytes, at) + (isByte ? 1 : payloadLength(bytes, at, bytes.length));
}

function malformed(offset: number, problem: string): LockstepError {
  return new LockstepError('L1201', { offset, problem });
}

/** Below it a number is exact as a double, and most numbers of a block are. */
const SMALL_MAX = 1n << 48n;

/**
 * A number as RLP has it: big-endian, without zeros in front; 0 has no bytes.
 *
 * @throws LockstepError L1004 unless the value is in 0..2^256-1
 */
export function rlpOfBigint(value: bigint): Uint8Array {
  if (value === 0n) return EMPTY;
  const bytes = bigintToBytes32(value);
  return bytes.slice(zerosOf(bytes));
}

/** Zeros in front. */
function zerosOf(bytes: Uint8Array): number {
  let zeros = 0;
  while (zeros < bytes.length && bytes[zeros] === 0) zeros++;
  return zeros;
}

/**
 * The number that a decoded item holds.
 *
 * @param what names the item in an error, for example `the nonce`
 * @param bits how large the number may be, at most 256
 * @throws LockstepError L1202 for a list, L1203 for a zero byte in front, L1004 for too many bits
 */
export function bigintOfRlp(item: RlpItem, what: string, bits = 256): bigint {
  if (!(item instanceof Uint8Array)) throw new LockstepError('L1202', { what });
  if (item[0] === 0) throw new LockstepError('L1203', { what });
  if (item.length > 32) {
    throw new LockstepError('L1004', { what, value: `${item.length} bytes long`, bits });
  }
  const value = bytesToBigint(item);
  if (bits < 256 && value >= 1n << BigInt(bits)) {
    throw new LockstepError('L1004', { what, value, bits });
  }
  return value;
}
