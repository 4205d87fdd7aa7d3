/**
 * Writes one bytecode block: header, words, constants. The buffers are reused, so a block has to be
 * taken over (`copyTo`) before the next one begins. Words are little-endian, like the machine.
 */
import { FORM_NAMES, type FormName } from './forms.ts';

/**
 * Sizes of the header and offsets of its fields; the kernel's layout repeats them, a test compares.
 */
export const HEADER_BYTES = 16;

const WORD_BYTES = 8;
const CONST_BYTES = 32;
const CONST_WORDS = CONST_BYTES / 4;
const BUCKETS = 64;
const MASK_64 = 0xffff_ffff_ffff_ffffn;
/** Numbers of forms by name: of a few hundred names, a map finds one sooner than an object. */
const NUMBERS: ReadonlyMap<FormName, number> = new Map(FORM_NAMES.map((name, i) => [name, i]));

/** What the header of an encoded block says; window sizes in bytes. */
export interface BlockHeader {
  gas: number;
  steps: number;
  need: number;
  grow: number;
}

/** A place in the block that holds the address of another block. */
export interface Relocation {
  /** Byte offset in the finished block. */
  readonly offset: number;
  /** Id of a block, or a key that the encoder gave to a piece or a function. */
  readonly block: number;
}

const NO_MARKS: readonly number[] = [];

export class BlockWriter {
  #code = new Int32Array(1024);
  #constants = new Int32Array(1024);
  #limbs = new BigUint64Array(this.#constants.buffer);
  #codeBytes = 0;
  #constantBytes = 0;
  /** A hash table of the constants: the last in each bucket, and the one before it, or -1. */
  readonly #buckets = new Int32Array(BUCKETS).fill(-1);
  #before = new Int32Array(this.#constants.length / CONST_WORDS);
  /** Offsets in the code, and what stands there. */
  #relocations = new Int32Array(64);
  #targets = new Float64Array(64);
  #relocationCount = 0;
  readonly #marks: number[] = [];
  #markCount = 0;
  /** Words written, each of which is one dispatch unless it extends the word before. */
  dispatches = 0;

  begin(): void {
    if (this.#constantBytes > 0) this.#buckets.fill(-1);
    this.#codeBytes = 0;
    this.#constantBytes = 0;
    this.#relocationCount = 0;
    this.#markCount = 0;
    this.dispatches = 0;
  }

  /** Notes that the words from here on belong to the instruction of the index. */
  mark(index: number): void {
    this.#marks[this.#markCount++] = this.#codeBytes;
    this.#marks[this.#markCount++] = index;
  }

  /** Pairs of byte offset in the finished block and instruction, ascending. */
  marks(): readonly number[] {
    if (this.#markCount === 0) return NO_MARKS;
    const marks: number[] = [];
    this.copyMarks(marks, 0);
    return marks;
  }

  /** Writes the same to a place of a list; gives the place behind them. */
  copyMarks(target: number[], at: number): number {
    const marks = this.#marks;
    const count = this.#markCount;
    for (let i = 0; i < count; i += 2) {
      target[at + i] = (marks[i] as number) + HEADER_BYTES;
      target[at + i + 1] = marks[i + 1] as number;
    }
    return at + count;
  }

  /** Bytes of constants, of which the field of a word bounds the number. */
  get constantBytes(): number {
    return this.#constantBytes;
  }

  /** Byte size of the block so far, header included. */
  get byteLength(): number {
    return HEADER_BYTES + this.#codeBytes + this.#constantBytes;
  }

  get relocationCount(): number {
    return this.#relocationCount;
  }

  /** Byte offset in the finished block of a relocation, as in `Relocation`. */
  relocationOffset(index: number): number {
    return HEADER_BYTES + (this.#relocations[index] as number);
  }

  /** Its block, as in `Relocation`. */
  relocationBlock(index: number): number {
    return this.#targets[index] as number;
  }

  /** Offset of a 256-bit constant from the first one, for a `k` field. */
  constant(value: bigint): number {
    const limb = this.#constantRoom() / 2;
    // Storing a bigint takes its low 64 bits.
    const limbs = this.#limbs;
    const isNarrow = value <= MASK_64;
    limbs[limb] = value;
    limbs[limb + 1] = isNarrow ? 0n : value >> 64n;
    limbs[limb + 2] = isNarrow ? 0n : value >> 128n;
    limbs[limb + 3] = isNarrow ? 0n : value >> 192n;
    return this.#intern();
  }

  /** The same for a number below 2^31. */
  smallConstant(value: number): number {
    const word = this.#constantRoom();
    this.#constants.fill(0, word, word + CONST_WORDS);
    this.#constants[word] = value;
    return this.#intern();
  }

  /** Index of the first word of the next constant. */
  #constantRoom(): number {
    if (this.#constantBytes + CONST_BYTES > this.#constants.byteLength) {
      this.#constants = enlarge(this.#constants);
      this.#limbs = new BigUint64Array(this.#constants.buffer);
      this.#before = enlarge(this.#before);
    }
    return this.#constantBytes / 4;
  }

  /** Keeps the constant that was written to the room, unless it stands there already. */
  #intern(): number {
    const at = this.#constantBytes;
    const words = this.#constants;
    const word = at / 4;
    let hash = 0;
    for (let i = 0; i < CONST_WORDS; i++) hash ^= words[word + i] as number;
    const bucket = (hash ^ (hash >>> 8)) & (BUCKETS - 1);
    const last = this.#buckets[bucket] as number;
    for (let known = last; known >= 0; known = this.#before[known] as number) {
      let i = 0;
      while (i < CONST_WORDS && words[known * CONST_WORDS + i] === words[word + i]) i++;
      if (i === CONST_WORDS) return known * CONST_BYTES;
    }
    this.#before[at / CONST_BYTES] = last;
    this.#buckets[bucket] = at / CONST_BYTES;
    this.#constantBytes = at + CONST_BYTES;
    return at;
  }

  /** A word that begins an operation, by the number of its form. */
  put(form: number, x: number, y: number, z: number): void {
    this.dispatches++;
    this.extension(form, x, y, z);
  }

  /** A word that begins an operation. */
  word(form: FormName, x: number, y: number, z: number): void {
    this.dispatches++;
    this.extension(NUMBERS.get(form) as number, x, y, z);
  }

  /** A word of four fields that extends the operation before. */
  extension(w: number, x: number, y: number, z: number): void {
    const bytes = this.#codeBytes;
    if (bytes + WORD_BYTES > this.#code.byteLength) this.#code = enlarge(this.#code);
    const code = this.#code;
    code[bytes >> 2] = (w & 0xffff) | (x << 16);
    code[(bytes >> 2) + 1] = (y & 0xffff) | (z << 16);
    this.#codeBytes = bytes + WORD_BYTES;
  }

  /** A word that holds two 32-bit numbers. */
  pair(low: number, high: number): void {
    const at = this.#room() / 4;
    this.#code[at] = low;
    this.#code[at + 1] = high;
  }

  /** A word that holds the addresses of two blocks. */
  targets(first: number, second: number): void {
    const at = this.#room();
    this.#relocate(at, first);
    this.#relocate(at + 4, second);
  }

  /** Words that hold the addresses of as many blocks. */
  table(blocks: readonly number[]): void {
    for (let i = 0; i < blocks.length; i += 2) {
      const at = this.#room();
      this.#relocate(at, blocks[i] as number);
      if (i + 1 < blocks.length) this.#relocate(at + 4, blocks[i + 1] as number);
      else this.#code[at / 4 + 1] = 0;
    }
  }

  /** A CALL word: the callee's window pointer, its first block, the block to go on with. */
  call(delta: number, callee: number, next: number): void {
    this.jump(delta, callee, 'CALL');
    this.continuation(next, 0);
  }

  /** A JUMP word. */
  jump(delta: number, block: number, form: FormName = 'JUMP'): void {
    this.dispatches++;
    const at = this.#room();
    this.#code[at / 4] = (NUMBERS.get(form) as number) | (delta << 16);
    this.#relocate(at + 4, block);
  }

  /** The last word of a SUSPEND or a call: the block to go on with, and a number. */
  continuation(block: number, pc: number): void {
    const at = this.#room();
    this.#relocate(at, block);
    this.#code[at / 4 + 1] = pc;
  }

  /** The finished block as a piece of its own. */
  take(header: BlockHeader): {
    bytes: Uint8Array;
    relocations: Relocation[];
    marks: readonly number[];
  } {
    const bytes = new Uint8Array(this.byteLength);
    this.copyTo(new Uint32Array(bytes.buffer), 0, header);
    const relocations: Relocation[] = [];
    for (let index = 0; index < this.#relocationCount; index++) {
      const offset = this.relocationOffset(index);
      relocations.push({ offset, block: this.relocationBlock(index) });
    }
    return { bytes, relocations, marks: this.marks() };
  }

  /** Copies the finished block to the byte offset of a memory, which is a multiple of 4. */
  copyTo(target: Uint32Array, offset: number, header: BlockHeader): void {
    let at = offset / 4;
    target[at++] = header.gas;
    target[at++] = header.steps;
    target[at++] = header.need | (header.grow << 16);
    target[at++] = HEADER_BYTES + this.#codeBytes;
    // A view for `set` would take longer than most blocks.
    const code = this.#code;
    const codeWords = this.#codeBytes >> 2;
    for (let i = 0; i < codeWords; i++) target[at + i] = code[i] as number;
    at += codeWords;
    const constants = this.#constants;
    const constantWords = this.#constantBytes >> 2;
    for (let i = 0; i < constantWords; i++) target[at + i] = constants[i] as number;
  }

  #relocate(offset: number, block: number): void {
    this.#code[offset / 4] = 0;
    const at = this.#relocationCount;
    if (at === this.#relocations.length) {
      this.#relocations = enlarge(this.#relocations);
      const targets = this.#targets;
      this.#targets = new Float64Array(at * 2);
      this.#targets.set(targets);
    }
    this.#relocations[at] = offset;
    this.#targets[at] = block;
    this.#relocationCount++;
  }

  #room(): number {
    const at = this.#codeBytes;
    if (at + WORD_BYTES > this.#code.byteLength) this.#code = enlarge(this.#code);
    this.#codeBytes = at + WORD_BYTES;
    return at;
  }
}

function enlarge(words: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(words.length * 2);
  larger.set(words);
  return larger;
}
