/**
 * Writes one bytecode block: header, constants, words. The buffers are reused, so a block has to be
 * taken over (`copyTo`) before the next one begins. Words are little-endian, like the machine.
 */
import { FORM, type FormName } from './forms.ts';

/**
 * Sizes of the header and offsets of its fields; the kernel's layout repeats them, a test compares.
 */
export const HEADER_BYTES = 16;

const WORD_BYTES = 8;
const CONST_BYTES = 32;
const MASK_64 = 0xffff_ffff_ffff_ffffn;

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

export class BlockWriter {
  #code = new Uint32Array(1024);
  #constants = new Uint32Array(1024);
  #limbs = new BigUint64Array(this.#constants.buffer);
  #codeBytes = 0;
  #constantBytes = 0;
  #offsets = new Map<bigint, number>();
  #relocationOffsets: number[] = [];
  #relocationBlocks: number[] = [];
  #marks: number[] = [];
  /** Words written, each of which is one dispatch unless it extends the word before. */
  dispatches = 0;

  begin(): void {
    this.#codeBytes = 0;
    this.#constantBytes = 0;
    // Emptying what is empty is not free.
    if (this.#offsets.size > 0) this.#offsets.clear();
    if (this.#relocationOffsets.length > 0) {
      this.#relocationOffsets = [];
      this.#relocationBlocks = [];
    }
    if (this.#marks.length > 0) this.#marks = [];
    this.dispatches = 0;
  }

  /** Notes that the words from here on belong to the instruction of the index. */
  mark(index: number): void {
    this.#marks.push(this.#codeBytes, index);
  }

  /** Pairs of byte offset in the finished block and instruction, ascending. */
  marks(): number[] {
    const code = HEADER_BYTES + this.#constantBytes;
    return this.#marks.map((value, i) => (i % 2 === 0 ? value + code : value));
  }

  /** Bytes of constants, of which `H_CODE` bounds the number. */
  get constantBytes(): number {
    return this.#constantBytes;
  }

  /** Byte size of the block so far, header included. */
  get byteLength(): number {
    return HEADER_BYTES + this.#constantBytes + this.#codeBytes;
  }

  get relocationCount(): number {
    return this.#relocationOffsets.length;
  }

  relocation(index: number): Relocation {
    return {
      offset: HEADER_BYTES + this.#constantBytes + (this.#relocationOffsets[index] as number),
      block: this.#relocationBlocks[index] as number,
    };
  }

  /** Offset of a 256-bit constant behind the header, for a `k` field. */
  constant(value: bigint): number {
    const known = this.#offsets.get(value);
    if (known !== undefined) return known;
    const at = this.#constantBytes;
    if (at + CONST_BYTES > this.#constants.byteLength) {
      this.#constants = enlarge(this.#constants);
      this.#limbs = new BigUint64Array(this.#constants.buffer);
    }
    // Storing a bigint takes its low 64 bits.
    const limbs = this.#limbs;
    const limb = at / 8;
    const isNarrow = value <= MASK_64;
    limbs[limb] = value;
    limbs[limb + 1] = isNarrow ? 0n : value >> 64n;
    limbs[limb + 2] = isNarrow ? 0n : value >> 128n;
    limbs[limb + 3] = isNarrow ? 0n : value >> 192n;
    this.#offsets.set(value, at);
    this.#constantBytes = at + CONST_BYTES;
    return at;
  }

  /** A word that begins an operation, by the number of its form. */
  put(form: number, x: number, y: number, z: number): void {
    this.dispatches++;
    this.#fields(form, x, y, z);
  }

  /** A word that begins an operation. */
  word(form: FormName, x: number, y: number, z: number): void {
    this.dispatches++;
    this.#fields(FORM[form], x, y, z);
  }

  /** A word of four fields that extends the operation before. */
  extension(w: number, x: number, y: number, z: number): void {
    this.#fields(w, x, y, z);
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
    this.#code[at / 4] = FORM[form] | (delta << 16);
    this.#relocate(at + 4, block);
  }

  /** The last word of a SUSPEND or a call: the block to go on with, and a number. */
  continuation(block: number, pc: number): void {
    const at = this.#room();
    this.#relocate(at, block);
    this.#code[at / 4 + 1] = pc;
  }

  /** The finished block as a piece of its own. */
  take(header: BlockHeader): { bytes: Uint8Array; relocations: Relocation[]; marks: number[] } {
    const bytes = new Uint8Array(this.byteLength);
    this.copyTo(new Uint32Array(bytes.buffer), 0, header);
    const relocations = this.#relocationOffsets.map((_, index) => this.relocation(index));
    return { bytes, relocations, marks: this.marks() };
  }

  /** Copies the finished block to the byte offset of a memory, which is a multiple of 4. */
  copyTo(target: Uint32Array, offset: number, header: BlockHeader): void {
    let at = offset / 4;
    target[at++] = header.gas;
    target[at++] = header.steps;
    target[at++] = header.need | (header.grow << 16);
    target[at++] = HEADER_BYTES + this.#constantBytes;
    const constants = this.#constants;
    for (let i = 0; i < this.#constantBytes / 4; i++) target[at++] = constants[i] as number;
    const code = this.#code;
    for (let i = 0; i < this.#codeBytes / 4; i++) target[at++] = code[i] as number;
  }

  #relocate(offset: number, block: number): void {
    this.#code[offset / 4] = 0;
    this.#relocationOffsets.push(offset);
    this.#relocationBlocks.push(block);
  }

  #fields(w: number, x: number, y: number, z: number): void {
    const at = this.#room() / 4;
    this.#code[at] = (w & 0xffff) | (x << 16);
    this.#code[at + 1] = (y & 0xffff) | (z << 16);
  }

  #room(): number {
    const at = this.#codeBytes;
    if (at + WORD_BYTES > this.#code.byteLength) this.#code = enlarge(this.#code);
    this.#codeBytes = at + WORD_BYTES;
    return at;
  }
}

function enlarge(words: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(words.length * 2);
  larger.set(words);
  return larger;
}
