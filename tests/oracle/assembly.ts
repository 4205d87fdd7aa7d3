/**
 * Bytecode as a list of instructions: written by generators, read by the reducer and by people.
 *
 * A `Piece` is one instruction with its immediate; bytes of a truncated push at the end stay in
 * its piece, so that `joinPieces(splitCode(code))` is `code` for any bytes.
 */
import { immediateSize, OPCODE_OF_BYTE, opcodeByte } from './opcodes.ts';

export type Piece = Uint8Array;

export function splitCode(code: Uint8Array): Piece[] {
  const pieces: Piece[] = [];
  for (let pc = 0; pc < code.length; ) {
    const size = 1 + immediateSize(code[pc]!);
    pieces.push(code.slice(pc, pc + size));
    pc += size;
  }
  return pieces;
}

export function joinPieces(pieces: readonly Piece[]): Uint8Array {
  const code = new Uint8Array(pieces.reduce((size, piece) => size + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    code.set(piece, at);
    at += piece.length;
  }
  return code;
}

/** One line an instruction: program counter, mnemonic, immediate. */
export function disassemble(code: Uint8Array): string[] {
  let pc = 0;
  return splitCode(code).map((piece) => {
    const byte = piece[0]!;
    const name = OPCODE_OF_BYTE.get(byte)?.name ?? `0x${byte.toString(16).padStart(2, '0')}`;
    const immediate =
      piece.length > 1 ? ` 0x${Buffer.from(piece.subarray(1)).toString('hex')}` : '';
    const line = `${String(pc).padStart(5)}  ${name}${immediate}`;
    pc += piece.length;
    return line;
  });
}

/** A label's reference is a PUSH2, patched when the code is finished. */
interface Patch {
  at: number;
  label: number;
}

/** Appends instructions to a growing code. */
export class Assembler {
  readonly #bytes: number[] = [];
  readonly #labels: number[] = [];
  readonly #patches: Patch[] = [];

  get size(): number {
    return this.#bytes.length;
  }

  op(...names: string[]): this {
    for (const name of names) this.#bytes.push(opcodeByte(name));
    return this;
  }

  byte(...bytes: number[]): this {
    this.#bytes.push(...bytes);
    return this;
  }

  raw(bytes: Uint8Array): this {
    for (const byte of bytes) this.#bytes.push(byte);
    return this;
  }

  /** Pushes a value in the fewest bytes, or in `size` of them. */
  push(value: bigint | number, size?: number): this {
    const hex = BigInt(value).toString(16);
    const bytes = size ?? (value === 0 || value === 0n ? 0 : (hex.length + 1) >> 1);
    this.#bytes.push(0x5f + bytes);
    const padded = hex.padStart(bytes * 2, '0');
    for (let i = 0; i < bytes; i++)
      this.#bytes.push(Number.parseInt(padded.slice(2 * i, 2 * i + 2), 16));
    return this;
  }

  newLabel(): number {
    this.#labels.push(-1);
    return this.#labels.length - 1;
  }

  /** A JUMPDEST that `label` names. */
  place(label: number): this {
    this.#labels[label] = this.size;
    return this.op('JUMPDEST');
  }

  pushLabel(label: number): this {
    this.#bytes.push(0x61);
    this.#patches.push({ at: this.size, label });
    this.#bytes.push(0, 0);
    return this;
  }

  /** The code; a label that was never placed is the end of the code. */
  finish(): Uint8Array {
    const code = Uint8Array.from(this.#bytes);
    for (const { at, label } of this.#patches) {
      const target = this.#labels[label]! < 0 ? code.length : this.#labels[label]!;
      code[at] = target >> 8;
      code[at + 1] = target & 0xff;
    }
    return code;
  }
}
