/** A growing array of bytes with the number formats of WebAssembly (LEB128). */

const SIZE_MIN = 256;
const encoder = new TextEncoder();

export class ByteSink {
  #bytes = new Uint8Array(SIZE_MIN);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** A copy of what was written. */
  bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#length);
  }

  /** What was written, until more is. */
  view(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Forgets what was written. */
  clear(): this {
    this.#length = 0;
    return this;
  }

  #reserve(count: number): void {
    const needed = this.#length + count;
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    grown.set(this.#bytes);
    this.#bytes = grown;
  }

  byte(value: number): this {
    if (this.#length === this.#bytes.length) this.#reserve(1);
    this.#bytes[this.#length++] = value;
    return this;
  }

  raw(values: readonly number[]): this {
    this.#reserve(values.length);
    for (const value of values) this.#bytes[this.#length++] = value;
    return this;
  }

  append(bytes: Uint8Array): this {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
    return this;
  }

  /** Unsigned, below 2^32. */
  u32(value: number): this {
    if (value < 0x80) return this.byte(value);
    this.#reserve(5);
    let rest = value >>> 0;
    while (rest >= 0x80) {
      this.#bytes[this.#length++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.#bytes[this.#length++] = rest;
    return this;
  }

  /** Signed, 32 bits. */
  s32(value: number): this {
    if (value >= -0x40 && value < 0x40) return this.byte(value & 0x7f);
    this.#reserve(5);
    let rest = value | 0;
    for (;;) {
      const low = rest & 0x7f;
      rest >>= 7;
      const isDone = (rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0);
      this.#bytes[this.#length++] = isDone ? low : low | 0x80;
      if (isDone) return this;
    }
  }

  /** Signed, 64 bits; taken modulo 2^64. */
  s64(value: bigint): this {
    const signed = BigInt.asIntN(64, value);
    if (signed >= -0x8000_0000n && signed < 0x8000_0000n) return this.s32(Number(signed));
    this.#reserve(10);
    let rest = signed;
    for (;;) {
      const low = Number(rest & 0x7fn);
      rest >>= 7n;
      const isDone = (rest === 0n && (low & 0x40) === 0) || (rest === -1n && (low & 0x40) !== 0);
      this.#bytes[this.#length++] = isDone ? low : low | 0x80;
      if (isDone) return this;
    }
  }

  /** Bytes of a name, behind their count. */
  text(value: string): this {
    const bytes = encoder.encode(value);
    return this.u32(bytes.length).append(bytes);
  }

  /** Content behind its size. */
  sized(content: ByteSink): this {
    return this.u32(content.length).append(content.view());
  }
}
