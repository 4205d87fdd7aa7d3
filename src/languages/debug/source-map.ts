/**
 * Source maps of solc: for each instruction a range of a source and what a jump does
 * (Solidity documentation, "Source Mappings"). Offsets are bytes of the source.
 */

/** Columns by instruction. */
export interface SourceMap {
  readonly starts: Int32Array;
  readonly lengths: Int32Array;
  /** Index of the source; -1 for code of no source. */
  readonly files: Int32Array;
  /** `i` into a function, `o` out of one, `-` within. */
  readonly jumps: string;
}

/** Entries end with `;`, their fields with `:`; an empty field is that of the entry before. */
export function parseSourceMap(text: string): SourceMap {
  const entries = text === '' ? [] : text.split(';');
  const starts = new Int32Array(entries.length);
  const lengths = new Int32Array(entries.length);
  const files = new Int32Array(entries.length);
  let jumps = '';
  let last = ['0', '0', '-1', '-'];
  for (const [index, entry] of entries.entries()) {
    const fields = entry.split(':');
    last = last.map((before, at) => fields[at] || before);
    const [start, length, file, jump = '-'] = last;
    starts[index] = Number(start);
    lengths[index] = Number(length);
    files[index] = Number(file);
    jumps += jump;
  }
  return { starts, lengths, files, jumps };
}

const PUSH1 = 0x60;
const PUSH32 = 0x7f;

/** The index of the instruction at each byte of code; bytes behind a PUSH have that of the PUSH. */
export function instructionIndexes(code: Uint8Array): Int32Array {
  const indexes = new Int32Array(code.length);
  let index = 0;
  for (let pc = 0; pc < code.length; index++) {
    const op = code[pc] as number;
    const end = pc + 1 + (op >= PUSH1 && op <= PUSH32 ? op - PUSH1 + 1 : 0);
    indexes.fill(index, pc, end);
    pc = end;
  }
  return indexes;
}
