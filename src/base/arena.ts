/** Bytes that are kept, side by side. */

const CHUNK_BYTES = 1 << 16;
/** Above it bytes are by themselves, so that little of a chunk is left empty. */
const SHARED_MAX = 1 << 12;

/**
 * Copies of bytes that live about as long as each other: a buffer of their own would cost the
 * platform more than most of them have. A chunk is given up with the last of those in it.
 */
export class ByteArena {
  #chunk = new Uint8Array(0);
  #used = 0;

  /** A copy of the bytes, which nobody may change. */
  keep(bytes: Uint8Array): Uint8Array {
    const { length } = bytes;
    if (length > SHARED_MAX) return bytes.slice();
    const kept = this.zeros(length);
    kept.set(bytes);
    return kept;
  }

  /** So many zeros, for whoever asks to write over them. */
  zeros(length: number): Uint8Array {
    if (length > SHARED_MAX) return new Uint8Array(length);
    if (this.#chunk.length - this.#used < length) {
      this.#chunk = new Uint8Array(CHUNK_BYTES);
      this.#used = 0;
    }
    const start = this.#used;
    this.#used += length;
    return this.#chunk.subarray(start, this.#used);
  }
}
