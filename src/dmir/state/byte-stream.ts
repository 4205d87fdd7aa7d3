/** Writing and reading of a state's bytes. Integers are little-endian, words have 32 bytes. */
import { LockstepError } from '../../base/errors.ts';

const U64 = 0xffff_ffff_ffff_ffffn;
const WORD_BITS = 256n;

/** The 32 bytes of a word. @throws RangeError for a value outside 0..2^256-1 */
export function wordToBytes(value: bigint): Uint8Array {
  const bytes = new Uint8Array(32);
  storeWord(new DataView(bytes.buffer), 0, value);
  return bytes;
}

function storeWord(view: DataView, at: number, value: bigint): void {
  if (value < 0n || value >> WORD_BITS !== 0n) throw new RangeError(`${value} is no 256-bit word.`);
  for (let i = 0; i < 4; i++) view.setBigUint64(at + i * 8, (value >> BigInt(i * 64)) & U64, true);
}

export class ByteWriter {
  #bytes: Uint8Array<ArrayBuffer>;
  #view: DataView<ArrayBuffer>;
  #length = 0;

  /** `room` is what it can take before it has to grow. */
  constructor(room = 256) {
    this.#bytes = new Uint8Array(room);
    this.#view = new DataView(this.#bytes.buffer);
  }

  get length(): number {
    return this.#length;
  }

  #reserve(count: number): number {
    const at = this.#length;
    const end = at + count;
    if (end > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(end, this.#bytes.length * 2));
      grown.set(this.#bytes.subarray(0, at));
      this.#bytes = grown;
      this.#view = new DataView(grown.buffer);
    }
    this.#length = end;
    return at;
  }

  u8(value: number): this {
    const at = this.#reserve(1);
    this.#view.setUint8(at, value);
    return this;
  }

  u32(value: number): this {
    const at = this.#reserve(4);
    this.#view.setUint32(at, value, true);
    return this;
  }

  u64(value: bigint): this {
    const at = this.#reserve(8);
    this.#view.setBigUint64(at, value, true);
    return this;
  }

  /** 32 bytes. @throws RangeError for a value outside 0..2^256-1 */
  word(value: bigint): this {
    const at = this.#reserve(32);
    storeWord(this.#view, at, value);
    return this;
  }

  raw(bytes: Uint8Array): this {
    const at = this.#reserve(bytes.length);
    this.#bytes.set(bytes, at);
    return this;
  }

  /** Length, then the bytes. */
  blob(bytes: Uint8Array): this {
    return this.u32(bytes.length).raw(bytes);
  }

  bytes(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }
}

/** Reads what `ByteWriter` wrote; every error names the offset in the whole. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #end: number;
  #at: number;

  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#at = start;
    this.#end = end;
  }

  get offset(): number {
    return this.#at;
  }

  get left(): number {
    return this.#end - this.#at;
  }

  fail(problem: string, offset = this.#at): never {
    throw new LockstepError('L1101', { offset, problem });
  }

  #take(count: number, what: string): number {
    if (count > this.left) this.fail(`the bytes end inside ${what}`);
    const at = this.#at;
    this.#at += count;
    return at;
  }

  u8(what: string): number {
    return this.#view.getUint8(this.#take(1, what));
  }

  u32(what: string): number {
    return this.#view.getUint32(this.#take(4, what), true);
  }

  u64(what: string): bigint {
    return this.#view.getBigUint64(this.#take(8, what), true);
  }

  word(what: string): bigint {
    const at = this.#take(32, what);
    let value = 0n;
    for (let i = 24; i >= 0; i -= 8) value = (value << 64n) | this.#view.getBigUint64(at + i, true);
    return value;
  }

  /** A byte below a bound. */
  choice(bound: number, what: string): number {
    const value = this.u8(what);
    if (value >= bound) this.fail(`${what} is ${value}, which has no meaning`, this.#at - 1);
    return value;
  }

  flag(what: string): boolean {
    return this.choice(2, what) === 1;
  }

  raw(count: number, what: string): Uint8Array {
    const at = this.#take(count, what);
    return this.#bytes.slice(at, at + count);
  }

  blob(what: string): Uint8Array {
    return this.raw(this.u32(`the length of ${what}`), what);
  }

  /** A number of items of at least so many bytes each, followed by the items. */
  list<T>(what: string, bytesMin: number, read: (index: number) => T): T[] {
    const at = this.#at;
    const count = this.u32(`the count of ${what}`);
    if (count * bytesMin > this.left) this.fail(`there is no room for ${count} ${what}`, at);
    const items: T[] = [];
    for (let i = 0; i < count; i++) items.push(read(i));
    return items;
  }

  /** A reader of the next bytes, which this one skips. */
  part(count: number, what: string): ByteReader {
    const at = this.#take(count, what);
    return new ByteReader(this.#bytes, at, at + count);
  }

  /** @throws LockstepError L1101 unless all bytes are read */
  finish(what: string): void {
    if (this.left > 0) this.fail(`${what} has ${this.left} bytes too many`);
  }
}
