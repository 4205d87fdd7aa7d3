/**
 * Values as the contract ABI specification writes them: words of 32 bytes, and for values of any
 * length an offset to a length and the content. Reading is as strict as Solidity's: what is no
 * encoding of the type reverts without data.
 */
import { revert } from './env';
import { Bytes32 } from './words';

/** Bytes in a word. */
export const WORD: usize = 32;

/** Ends the frame without data, as Solidity does for calls that it cannot read. */
export function reject(): void {
  revert(0, 0);
  unreachable();
}

/** The value of a word; rejects one that does not fit the type. */
export function readWord<T>(p: usize): T {
  if (isInteger<T>()) {
    const value = bswap(load<u64>(p, 24));
    const fill: u64 = isSigned<T>() && <i64>value < 0 ? u64.MAX_VALUE : 0;
    if (load<u64>(p) != fill || load<u64>(p, 8) != fill || load<u64>(p, 16) != fill) reject();
    if (isBoolean<T>()) {
      if (value > 1) reject();
      return <T>(value != 0);
    }
    if (<u64>(<T>value) != value) reject();
    return <T>value;
  }
  if (offsetof<T>() == 20 && (load<u64>(p) | load<u32>(p, 8)) != 0) reject();
  const value = instantiate<T>();
  // @ts-ignore: every class of one word has it
  value.read(p);
  return value;
}

/** Writes a value as a word. */
export function writeWord<T>(p: usize, value: T): void {
  if (isInteger<T>()) {
    const fill: u64 = isSigned<T>() && <i64>value < 0 ? u64.MAX_VALUE : 0;
    store<u64>(p, fill);
    store<u64>(p, fill, 8);
    store<u64>(p, fill, 16);
    store<u64>(p, bswap(<u64>value), 24);
  } else {
    // @ts-ignore: every class of one word has it
    value.write(p);
  }
}

/** Words that a value takes among others, without what an offset leads to. */
function wordsOf<T>(): i32 {
  if (isInteger<T>() || isString<T>() || isArray<T>()) return 1;
  // @ts-ignore: the compiler adds it to structures
  if (isDefined(changetype<T>(0).__words)) {
    // @ts-ignore: as above
    return changetype<T>(0).__isDynamic() ? 1 : changetype<T>(0).__words();
  } else return 1;
}

/** Reads the values of a list of parameters, one after the other. */
export class Reader {
  private at: usize;

  /** @param base - Where offsets count from, and the first value stands. */
  constructor(
    private readonly base: usize,
    private readonly end: usize,
  ) {
    this.at = base;
  }

  private take(): usize {
    const at = this.at;
    if (this.end - at < WORD || at > this.end) reject();
    this.at = at + WORD;
    return at;
  }

  /** Where a value of any length stands, whose offset is next. */
  private follow(): usize {
    const offset = readWord<u64>(this.take());
    const size = <u64>(this.end - this.base);
    if (offset > size || size - offset < WORD) reject();
    return this.base + <usize>offset;
  }

  private length(at: usize, unit: u64): i32 {
    const length = readWord<u64>(at);
    if (length > <u64>(this.end - at - WORD) / unit) reject();
    return <i32>length;
  }

  next<T>(): T {
    if (isString<T>()) {
      const at = this.follow();
      // @ts-ignore: T is string
      return String.UTF8.decodeUnsafe(at + WORD, this.length(at, 1));
    }
    if (isArray<T>()) {
      const at = this.follow();
      const length = this.length(at, WORD * wordsOf<valueof<T>>());
      const values = instantiate<T>(length);
      const items = new Reader(at + WORD, this.end);
      for (let i = 0; i < length; i++) values[i] = items.next<valueof<T>>();
      return values;
    }
    // @ts-ignore: classes of one word have it, and arrays of bytes have not
    if (isInteger<T>() || isDefined(changetype<T>(0).read)) return readWord<T>(this.take());
    // @ts-ignore: the compiler adds it to structures
    else if (isDefined(changetype<T>(0).__take)) {
      // @ts-ignore: as above
      const isApart = changetype<T>(0).__isDynamic();
      const from = isApart ? new Reader(this.follow(), this.end) : this;
      return from.fields<T>();
    } else {
      const at = this.follow();
      const length = this.length(at, 1);
      const bytes = instantiate<T>(length);
      // @ts-ignore: T is Uint8Array
      memory.copy(bytes.dataStart, at + WORD, length);
      return bytes;
    }
  }

  /** The fields of a structure, or several results, one after the other. */
  fields<T>(): T {
    // Its constructor may want values, which are not there yet.
    const value = changetype<T>(__new(offsetof<T>(), idof<T>()));
    // @ts-ignore: the compiler adds it
    value.__take(this);
    return value;
  }
}

/** Writes the values of a list of parameters, one after the other. */
export class Writer {
  private buffer: usize;
  private capacity: i32;
  private head: i32;
  private size: i32;

  /**
   * @param prefix - Bytes before the first value: those of a selector.
   * @param count - How many words the values take, without what offsets lead to.
   */
  constructor(
    private readonly prefix: i32,
    count: i32,
  ) {
    this.head = prefix;
    this.size = prefix + (count << 5);
    this.capacity = this.size + 256;
    this.buffer = heap.alloc(<usize>this.capacity);
  }

  /** A call or an error: its selector as it lies in memory, then the values. */
  static withSelector(selector: u32, count: i32): Writer {
    const writer = new Writer(4, count);
    store<u32>(writer.buffer, selector);
    return writer;
  }

  get start(): usize {
    return this.buffer;
  }

  get length(): i32 {
    return this.size;
  }

  private take(): usize {
    const at = this.buffer + <usize>this.head;
    this.head += 32;
    return at;
  }

  /** Room at the end, filled with zeros up to a whole word. */
  private append(length: i32): usize {
    const padded = (length + 31) & -32;
    const needed = this.size + padded;
    if (needed > this.capacity) {
      this.capacity = needed * 2;
      const larger = heap.alloc(<usize>this.capacity);
      memory.copy(larger, this.buffer, this.size);
      this.buffer = larger;
    }
    const at = this.buffer + <usize>this.size;
    memory.fill(at, 0, padded);
    this.size = needed;
    return at;
  }

  private bytes(data: usize, length: i32): void {
    writeWord<u64>(this.take(), <u64>(this.size - this.prefix));
    writeWord<i32>(this.append(32), length);
    memory.copy(this.append(length), data, length);
  }

  put<T>(value: T): void {
    if (isString<T>()) {
      // @ts-ignore: T is string
      const text = String.UTF8.encode(value);
      this.bytes(changetype<usize>(text), text.byteLength);
    } else if (isArray<T>()) {
      // @ts-ignore: T is an array
      const length = value.length;
      const items = new Writer(0, length * wordsOf<valueof<T>>());
      for (let i = 0; i < length; i++) items.put<valueof<T>>(value[i]);
      writeWord<u64>(this.take(), <u64>(this.size - this.prefix));
      writeWord<i32>(this.append(32), length);
      memory.copy(this.append(items.size), items.buffer, items.size);
      // @ts-ignore: classes of one word have it
    } else if (isInteger<T>() || isDefined(value.read)) {
      writeWord<T>(this.take(), value);
      // @ts-ignore: the compiler adds it to structures
    } else if (isDefined(value.__put)) {
      // @ts-ignore: as above
      if (value.__isDynamic()) {
        // @ts-ignore: as above
        const part = new Writer(0, value.__words());
        // @ts-ignore: as above
        value.__put(part);
        writeWord<u64>(this.take(), <u64>(this.size - this.prefix));
        memory.copy(this.append(part.size), part.buffer, part.size);
        // @ts-ignore: as above
      } else value.__put(this);
    } else {
      // @ts-ignore: T is Uint8Array
      this.bytes(value.dataStart, value.byteLength);
    }
  }
}

/** An indexed value of an event: itself, or for a value of any length its hash. */
export function topicOf<T>(value: T): Bytes32 {
  if (isString<T>()) {
    // @ts-ignore: T is string
    const text = String.UTF8.encode(value);
    return Bytes32.hash(changetype<usize>(text), text.byteLength);
  }
  // @ts-ignore: classes of one word have it
  if (isInteger<T>() || isDefined(value.read)) {
    const topic = new Bytes32();
    writeWord<T>(changetype<usize>(topic), value);
    return topic;
  } else {
    // @ts-ignore: T is Uint8Array
    return Bytes32.hash(value.dataStart, value.byteLength);
  }
}
