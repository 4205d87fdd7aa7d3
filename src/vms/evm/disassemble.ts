/**
 * Text of EVM code, one instruction a line: `0000: PUSH1 0x80`.
 *
 * Positions are hexadecimal and four digits or more. A byte that is no opcode of the fork reads
 * `INVALID(0x0c)`. A PUSH that the end of code cuts off reads `PUSH3 0x01...` with the bytes that
 * are there. A jump whose target was pushed just before it has a comment that names the target.
 * `assemble` reads this text back to the same bytes.
 */
import { findJumpDestinations, type Instruction, iterateInstructions, readPush } from './decode.ts';
import type { Fork } from './forks.ts';
import { LATEST_FORK } from './forks.ts';
import { OP, opcodesOf } from './opcodes.ts';

/** Options of `disassemble`. */
export interface DisassembleOptions {
  /** Opcodes of later forks are shown as invalid. The latest fork by default. */
  readonly fork?: Fork;
}

/** The lines of the code's text; none for empty code. */
export function disassemble(code: Uint8Array, options: DisassembleOptions = {}): string[] {
  const { valid } = opcodesOf(options.fork ?? LATEST_FORK);
  const destinations = findJumpDestinations(code);
  const lines: string[] = [];
  let before: Instruction | undefined;
  for (const instruction of iterateInstructions(code)) {
    const isValid = valid[instruction.byte] === 1;
    const note = isValid ? describeJump(code, destinations, before, instruction) : '';
    lines.push(`${toPosition(instruction.pc)}: ${formatInstruction(instruction, isValid)}${note}`);
    before = instruction;
  }
  return lines;
}

function formatInstruction(instruction: Instruction, isValid: boolean): string {
  const { row, byte, immediate } = instruction;
  if (row === undefined || !isValid) return `INVALID(0x${toHex(byte)})`;
  if (row.immediate === 0) return row.name;
  const bytes = Array.from(immediate, toHex).join('');
  return `${row.name} 0x${bytes}${immediate.length < row.immediate ? '...' : ''}`;
}

/** Comment of a jump to a constant: the usual form, PUSH and then JUMP or JUMPI. */
function describeJump(
  code: Uint8Array,
  destinations: Uint8Array,
  before: Instruction | undefined,
  instruction: Instruction,
): string {
  const isJump = instruction.byte === OP.JUMP || instruction.byte === OP.JUMPI;
  if (!isJump || before?.row === undefined || before.row.immediate === 0) return '';
  const target = readPush(code, before.pc);
  const isGood = target < BigInt(code.length) && destinations[Number(target)] === 1;
  return ` ; to 0x${target.toString(16)}${isGood ? '' : ', which is no jump destination'}`;
}

function toPosition(pc: number): string {
  return pc.toString(16).padStart(4, '0');
}

function toHex(byte: number): string {
  return byte.toString(16).padStart(2, '0');
}
