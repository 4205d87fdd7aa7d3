/**
 * Remembers the hashes of addresses and slots, which come again block after block.
 *
 * Every input has one place in a table, by a mix of its bytes, and takes it from the input before:
 * so the table is bounded, and inputs chosen to collide cost a hash each and nothing more.
 */
import { assert } from '../../base/assert.ts';
import { WORD_BYTES } from '../../base/u256.ts';

const PLACES_MIN = 256;
const PLACES_MAX = 65_536;
const GROWTH = 8;

/** @template Hash How a hash is kept: an array takes five times the memory of a text. */
export class HashMemo<Hash> {
  readonly #hash: (input: Uint8Array) => Hash;
  /** A power of two. */
  #places = PLACES_MIN;
  #misses = 0;
  #inputs = new Uint8Array(PLACES_MIN * WORD_BYTES);
  #lengths = new Uint8Array(PLACES_MIN);
  #hashes: (Hash | undefined)[] = new Array(PLACES_MIN).fill(undefined);

  constructor(hash: (input: Uint8Array) => Hash) {
    this.#hash = hash;
  }

  /**
   * The hash of at most 32 bytes. Equal inputs may share the result, which nobody changes.
   */
  hash(input: Uint8Array): Hash {
    const { length } = input;
    assert(length <= WORD_BYTES, 'an input of the hash memo has over 32 bytes');
    let mix = length;
    for (let i = 0; i < length; i++) mix = Math.imul(mix ^ (input[i] as number), 0x01000193);
    const place = (mix ^ (mix >>> 15)) & (this.#places - 1);
    const known = this.#hashes[place];
    if (known !== undefined && this.#isAt(place, input)) return known;
    const hash = this.#hash(input);
    this.#hashes[place] = hash;
    this.#lengths[place] = length;
    this.#inputs.set(input, place * WORD_BYTES);
    if (++this.#misses > this.#places && this.#places < PLACES_MAX) this.#grow();
    return hash;
  }

  #isAt(place: number, input: Uint8Array): boolean {
    const { length } = input;
    if (this.#lengths[place] !== length) return false;
    const inputs = this.#inputs;
    const start = place * WORD_BYTES;
    for (let i = 0; i < length; i++) if (inputs[start + i] !== input[i]) return false;
    return true;
  }

  /** A larger table; what the smaller one knew is forgotten. */
  #grow(): void {
    this.#places = Math.min(this.#places * GROWTH, PLACES_MAX);
    this.#misses = 0;
    this.#inputs = new Uint8Array(this.#places * WORD_BYTES);
    this.#lengths = new Uint8Array(this.#places);
    this.#hashes = new Array(this.#places).fill(undefined);
  }
}
