/**
 * Reads the primitives of the binary format: bytes, LEB128 integers, floats and names. Whatever is
 * malformed is an error with the byte offset; integers past 32 bits never go through a float.
 *
 * Source: WebAssembly core specification, section 5.2 "Values".
 */
import { malformed } from './errors.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export class Reader {
  readonly bytes: Uint8Array;
  offset: number;
  /** First byte that does not belong to what is read. */
  end: number;

  constructor(bytes: Uint8Array, offset = 0, end: number = bytes.length) {
    this.bytes = bytes;
    this.offset = offset;
    this.end = end;
  }

  get isAtEnd(): boolean {
    return this.offset >= this.end;
  }

  byte(): number {
    if (this.offset >= this.end) throw malformed(this.offset, 'unexpected end');
    return this.bytes[this.offset++] as number;
  }

  /** The next byte, which is read again; -1 at the end. */
  peek(): number {
    return this.offset < this.end ? (this.bytes[this.offset] as number) : -1;
  }

  /** Moves past as many bytes and returns where they begin. */
  skip(count: number): number {
    const start = this.offset;
    if (count > this.end - start) {
      throw malformed(start, 'unexpected end: a length is out of bounds');
    }
    this.offset += count;
    return start;
  }

  /** An unsigned number of 32 bits. */
  u32(): number {
    const first = this.byte();
    if (first < 0x80) return first;
    let value = first & 0x7f;
    for (let shift = 7; shift < 28; shift += 7) {
      const byte = this.byte();
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
    const last = this.byte();
    this.#checkLast(last, last >> 4 === 0);
    return (value | (last << 28)) >>> 0;
  }

  /**
   * An unsigned number of 64 bits, which is a size or an offset; one of 2^53 and more is rounded,
   * and past every limit.
   */
  size(): number {
    let value = 0;
    for (let i = 0; i < 10; i++) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** (7 * i);
      if (i === 9) this.#checkLast(byte, byte <= 1);
      if (byte < 0x80) return value;
    }
    throw new Error('BUG: a number without an end');
  }

  /** A signed number of 32 bits. */
  s32(): number {
    let value = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.byte();
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return (value << (25 - shift)) >> (25 - shift);
    }
    const last = this.byte();
    const sign = last & 0x78;
    this.#checkLast(last, sign === 0 || sign === 0x78);
    return value | (last << 28);
  }

  /** A signed number of 33 bits: a type index, or a negative one that stands for a type. */
  s33(): number {
    const start = this.offset;
    const first = this.byte();
    if (first < 0x80) return (first << 25) >> 25;
    this.offset = start;
    return Number(this.#signed(33));
  }

  /** A signed number of 64 bits as its bit pattern. */
  s64(): bigint {
    return BigInt.asUintN(64, this.#signed(64));
  }

  #signed(bits: number): bigint {
    const short = this.#short();
    if (short !== undefined) return BigInt(short);
    let value = 0n;
    const lengthMax = Math.ceil(bits / 7);
    for (let i = 0; i < lengthMax; i++) {
      const byte = this.byte();
      value |= BigInt(byte & 0x7f) << BigInt(7 * i);
      if (byte >= 0x80 && i < lengthMax - 1) continue;
      if (i === lengthMax - 1) {
        // Bits above the width are copies of the sign.
        const used = bits - 7 * i;
        const rest = (byte & 0x7f) >> (used - 1);
        this.#checkLast(byte, rest === 0 || rest === 0x7f >> (used - 1));
      }
      return BigInt.asIntN(bits, BigInt.asIntN(7 * (i + 1), value));
    }
    throw new Error('BUG: a number without an end');
  }

  /** A signed number of at most four bytes; undefined, and nothing is read, for a longer one. */
  #short(): number | undefined {
    const { bytes, offset } = this;
    const end = Math.min(this.end, offset + 4);
    let value = 0;
    for (let at = offset; at < end; at++) {
      const byte = bytes[at] as number;
      const unused = 25 - 7 * (at - offset);
      value |= (byte & 0x7f) << (25 - unused);
      if (byte >= 0x80) continue;
      this.offset = at + 1;
      return (value << unused) >> unused;
    }
    return undefined;
  }

  #checkLast(byte: number, isFitting: boolean): void {
    const at = this.offset - 1;
    if (byte >= 0x80) throw malformed(at, 'integer representation too long');
    if (!isFitting) throw malformed(at, 'integer too large');
  }

  #view(size: number): DataView {
    const at = this.skip(size);
    return new DataView(this.bytes.buffer, this.bytes.byteOffset + at, size);
  }

  f32(): bigint {
    return BigInt(this.#view(4).getUint32(0, true));
  }

  f64(): bigint {
    return this.#view(8).getBigUint64(0, true);
  }

  name(): string {
    const length = this.u32();
    const start = this.skip(length);
    try {
      return utf8.decode(this.bytes.subarray(start, start + length));
    } catch {
      throw malformed(start, 'malformed UTF-8 encoding');
    }
  }
}
