/**
 * Many words of up to 256 bits one after the other, each as the number of its limbs and the limbs,
 * 32 bits each, the lowest first: most words of a stack have one.
 */
import { bytesToHex } from '../../base/bytes.ts';
import type { Hex } from '../../chain/types.ts';

const WORD_LIMBS = 8;
const BLOCK_LIMBS = 1 << 16;
/** One word, the highest limb first. */
const WORD_BYTES = new Uint8Array(4 * WORD_LIMBS);
const WORD = new DataView(WORD_BYTES.buffer);
/** In place of the number of limbs: the next word is in the next block. */
const NEXT_BLOCK = 0;

/** The words, which are only ever added. */
export class Limbs {
  readonly blocks: Uint32Array[] = [];
  #block: Uint32Array = new Uint32Array(0);
  #at = 0;

  /** Adds the word whose eight limbs are at an index of an array. */
  add(source: Uint32Array, from: number): void {
    if (this.#at + WORD_LIMBS + 2 > this.#block.length) {
      // What is behind the last word is zero, which is `NEXT_BLOCK`.
      this.#block = new Uint32Array(BLOCK_LIMBS);
      this.blocks.push(this.#block);
      this.#at = 0;
    }
    const block = this.#block;
    let count = WORD_LIMBS;
    while (count > 1 && source[from + count - 1] === 0) count--;
    let at = this.#at;
    block[at++] = count;
    for (let i = 0; i < count; i++) block[at++] = source[from + i] as number;
    this.#at = at;
  }
}

/** Reads the words in order. */
export class LimbReader {
  /** The limbs of the word that was read last: where they are, and how many. */
  limbs: Uint32Array = new Uint32Array(1);
  at = 0;
  count = 0;
  readonly #source: Limbs;
  #next = 0;

  constructor(source: Limbs) {
    this.#source = source;
  }

  next(): void {
    let at = this.at + this.count;
    if (this.limbs[at] === NEXT_BLOCK) {
      this.limbs = this.#source.blocks[this.#next++] as Uint32Array;
      at = 0;
    }
    this.count = this.limbs[at] as number;
    this.at = at + 1;
  }

  /** Whether the word that was read last is one that was read before. */
  isSame(limbs: Uint32Array | undefined, at: number): boolean {
    if (limbs === undefined || limbs[at - 1] !== this.count) return false;
    for (let i = 0; i < this.count; i++) {
      if (limbs[at + i] !== this.limbs[this.at + i]) return false;
    }
    return true;
  }

  /** The word that was read last, without zeros in front. */
  toText(): Hex {
    const { limbs, at, count } = this;
    const top = limbs[at + count - 1] as number;
    if (count === 1) return `0x${top.toString(16)}`;
    for (let i = 0; i < count; i++) WORD.setUint32(4 * (count - 1 - i), limbs[at + i] as number);
    const text = bytesToHex(WORD_BYTES.subarray(0, 4 * count));
    const zeros = Math.clz32(top) >> 2;
    return zeros === 0 ? text : `0x${text.slice(2 + zeros)}`;
  }
}
