/**
 * Decoding of EVM code: where instructions start, where jumps may arrive, what a PUSH holds.
 *
 * EVM code is a flat run of instructions from byte 0. Only PUSH1 to PUSH32 have bytes of their own,
 * and they have had them at every fork, so decoding depends on the code alone. Code may end inside
 * a PUSH: the missing bytes read as zeros. A byte that is no opcode is an instruction of one byte.
 */
import type { OpcodeRow } from './opcodes.ts';
import { OP, OPCODES } from './opcodes.ts';

const JUMPDEST = OP.JUMPDEST;
const PUSH1 = OP.PUSH1;
const PUSH32 = OP.PUSH32;
/** Bytes that an instruction can have behind its first. */
const PUSH_BYTES_MAX = 32;

/** Bytes of the instruction that starts with a byte. */
const SIZES = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte >= PUSH1 && byte <= PUSH32 ? byte - PUSH1 + 2 : 1,
);

/**
 * Marks jump destinations: entry `pc` is 1 where `code[pc]` is a JUMPDEST that starts an
 * instruction, else 0. Takes linear time (Yellow Paper, section 9.4.3).
 */
export function findJumpDestinations(code: Uint8Array): Uint8Array {
  const marks = new Uint8Array(code.length);
  const end = code.length;
  for (let pc = 0; pc < end; ) {
    const byte = code[pc]!;
    // Written at every instruction: a branch here would be mispredicted often.
    marks[pc] = byte === JUMPDEST ? 1 : 0;
    pc += SIZES[byte]!;
  }
  return marks;
}

/**
 * Which program counters of one code are jump destinations, found where somebody asks: a run of a
 * large contract asks for few of them.
 *
 * An instruction starts wherever no PUSH among the 32 bytes before could reach, so that looking
 * back decides. What that costs is bounded by the size of the code: then all are marked at once.
 */
export class JumpDestinations {
  readonly #code: Uint8Array;
  #marks: Uint8Array | undefined;
  /** Bytes that looking back has read. */
  #work = 0;

  constructor(code: Uint8Array) {
    this.#code = code;
  }

  /** 1 for each destination: `findJumpDestinations`. */
  get marks(): Uint8Array {
    this.#marks ??= findJumpDestinations(this.#code);
    return this.#marks;
  }

  has(pc: number): boolean {
    const code = this.#code;
    if (code[pc] !== JUMPDEST) return false;
    const low = Math.max(pc - PUSH_BYTES_MAX, 0);
    for (let at = pc - 1; at >= low; at--) {
      if (SIZES[code[at]!]! > pc - at) return this.#startsAt(pc, at);
    }
    return true;
  }

  /** Whether an instruction starts at `pc`, which a byte could reach that may be a PUSH or data. */
  #startsAt(pc: number, from: number): boolean {
    const code = this.#code;
    if (this.#work > code.length) return this.marks[pc] === 1;
    let start = from;
    let at = from - 1;
    for (; at >= 0 && start - at <= PUSH_BYTES_MAX; at--) {
      if (at + SIZES[code[at]!]! > start) start = at;
    }
    this.#work += pc - at;
    while (start < pc) start += SIZES[code[start]!]!;
    return start === pc;
  }
}

/** Bytes of the instruction that starts with `byte`: the opcode and its immediate. */
export function instructionSize(byte: number): number {
  return SIZES[byte]!;
}

/** Value that the PUSH at `pc` pushes; bytes past the end of code are zeros. */
export function readPush(code: Uint8Array, pc: number): bigint {
  const count = instructionSize(code[pc] ?? 0) - 1;
  let value = 0n;
  let index = 0;
  // Six bytes at a time stay exact in a number and make few BigInts.
  while (index < count) {
    const width = Math.min(6, count - index);
    let chunk = 0;
    for (let i = 0; i < width; i++) chunk = chunk * 256 + (code[pc + 1 + index + i] ?? 0);
    value = (value << BigInt(8 * width)) | BigInt(chunk);
    index += width;
  }
  return value;
}

/** One decoded instruction. */
export interface Instruction {
  readonly pc: number;
  readonly byte: number;
  /** The row of the table; `undefined` for a byte that is no opcode of any fork. */
  readonly row: OpcodeRow | undefined;
  /** The immediate bytes that the code has: a view, shorter than `row.immediate` at its end. */
  readonly immediate: Uint8Array;
}

/** The instructions of the code in order. For tools; hot paths step by `instructionSize`. */
export function* iterateInstructions(code: Uint8Array): Generator<Instruction, void> {
  let pc = 0;
  while (pc < code.length) {
    const byte = code[pc]!;
    const size = instructionSize(byte);
    yield { pc, byte, row: OPCODES[byte], immediate: code.subarray(pc + 1, pc + size) };
    pc += size;
  }
}
