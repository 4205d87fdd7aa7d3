/**
 * Code of a function before it has an address: its pieces side by side, each aligned like a block,
 * and where in them addresses of pieces and functions are to stand. The next function overwrites
 * all of it, and so that little is left behind, pieces are numbers until somebody asks for them.
 */
import { PIECE_KEYS, type Piece } from './piece.ts';
import type { BlockHeader, BlockWriter } from './writer.ts';

const ALIGN = 16;

/** What a piece counts. */
type Counted = Pick<Piece, 'block' | 'first' | 'count'>;

/** Numbers of a piece: its fields, and in place of the marks where they begin. */
const ROW = 7;

export class FunctionCode {
  words = new Uint32Array(1024);
  byteLength = 0;
  relocationCount = 0;
  /** Byte offsets of the places that hold an address. */
  relocations = new Int32Array(64);
  /** What stands there: an index of a block, or a key of a piece or a function. */
  targets = new Float64Array(64);
  /** Byte offsets of the first pieces of blocks by their index, and of others by their key. */
  readonly #blocks: number[] = [];
  readonly #others: number[] = [];
  readonly #rows: number[] = [];
  #rowsEnd = 0;
  readonly #marks: number[] = [];
  #marksEnd = 0;

  begin(): void {
    this.byteLength = 0;
    this.#rowsEnd = 0;
    this.#marksEnd = 0;
    this.relocationCount = 0;
  }

  /**
   * Adds what was written as a piece.
   *
   * @param target - What relocations call it: the index of a block, or the key of the piece.
   */
  add(
    writer: BlockWriter,
    header: BlockHeader,
    target: number,
    { block, first, count }: Counted,
  ): void {
    const offset = this.byteLength;
    const size = writer.byteLength;
    this.byteLength = (offset + size + ALIGN - 1) & -ALIGN;
    if (this.byteLength > this.words.byteLength) this.#enlarge();
    writer.copyTo(this.words, offset, header);
    this.#relocate(writer, offset);
    const isBlock = target < PIECE_KEYS;
    if (isBlock) this.#blocks[target] = offset;
    else this.#others[target - PIECE_KEYS] = offset;
    const key = isBlock ? block : target;
    const rows = this.#rows;
    const row = this.#rowsEnd;
    rows[row] = key;
    rows[row + 1] = block;
    rows[row + 2] = first;
    rows[row + 3] = count;
    rows[row + 4] = offset;
    rows[row + 5] = size;
    rows[row + 6] = this.#marksEnd;
    this.#rowsEnd = row + ROW;
    this.#marksEnd = writer.copyMarks(this.#marks, this.#marksEnd);
  }

  /** The pieces in their order, which the next function leaves as they are. */
  get pieces(): Piece[] {
    const pieces: Piece[] = [];
    for (let end = this.#rowsEnd, row = 0; row < end; row += ROW) {
      const [key, block, first, count, offset, byteLength, from] = this.#rows.slice(
        row,
        row + ROW,
      ) as [number, number, number, number, number, number, number];
      const to = row + ROW < end ? this.#rows[row + 2 * ROW - 1] : this.#marksEnd;
      const marks = this.#marks.slice(from, to);
      pieces.push({ key, block, first, count, offset, byteLength, marks });
    }
    return pieces;
  }

  /** Byte offset of the piece that relocations call so. */
  offsetOf(target: number): number {
    const isBlock = target < PIECE_KEYS;
    return (isBlock ? this.#blocks[target] : this.#others[target - PIECE_KEYS]) as number;
  }

  #relocate(writer: BlockWriter, offset: number): void {
    const count = writer.relocationCount;
    while (this.relocationCount + count > this.relocations.length) {
      const [relocations, targets] = [this.relocations, this.targets];
      this.relocations = new Int32Array(relocations.length * 2);
      this.relocations.set(relocations);
      this.targets = new Float64Array(targets.length * 2);
      this.targets.set(targets);
    }
    for (let i = 0; i < count; i++) {
      const at = this.relocationCount++;
      this.relocations[at] = offset + writer.relocationOffset(i);
      this.targets[at] = writer.relocationBlock(i);
    }
  }

  #enlarge(): void {
    const { words } = this;
    this.words = new Uint32Array(Math.max(words.length * 2, this.byteLength / 4));
    this.words.set(words);
  }
}
