/**
 * Programs of jumps: loops with counters, branches, subroutines, computed and bad destinations,
 * stacks that grow around a loop, underflow and overflow, and unstructured bytes.
 */

import type { Prng } from '../support/prng.ts';
import { Assembler } from './assembly.ts';
import { dropTo, emitEnd, emitSteps, type Line } from './generate-lines.ts';
import { OPCODES } from './opcodes.ts';
import { edgeValue, oneIn, pick } from './operands.ts';

type Shape = (prng: Prng, line: Line, depth: number) => void;

/** A value that is 0 or 1 and that a lowering can only sometimes know. */
function emitCondition(prng: Prng, line: Line): void {
  const kind = prng.below(6);
  const { code } = line;
  if (kind === 0) code.push(prng.below(2));
  else if (kind === 1) code.push(prng.below(96)).op('CALLDATALOAD').push(1).op('AND');
  else if (kind === 2) code.push(prng.below(96)).op('CALLDATALOAD').push(edgeValue(prng)).op('LT');
  else if (kind === 3) code.op('GAS').push(1).op('AND');
  else if (kind === 4 && line.height > 0) code.op('DUP1').push(edgeValue(prng)).op('SGT');
  else code.push(edgeValue(prng)).push(prng.below(64)).op('CALLDATALOAD', 'EQ', 'ISZERO');
  line.height++;
}

function emitBody(prng: Prng, line: Line, depth: number): void {
  const before = line.height;
  if (depth > 0 && oneIn(prng, 2)) pick(prng, SHAPES)(prng, line, depth - 1);
  else emitSteps(prng, line, prng.below(8));
  dropTo(line, before);
}

/** Counts down to zero; the stack is level around the loop. */
function emitLoop(prng: Prng, line: Line, depth: number): void {
  const { code } = line;
  code.push(1 + prng.below(depth > 0 ? 12 : 5));
  line.height++;
  const head = code.newLabel();
  code.place(head);
  const body = { code, height: 0 };
  emitBody(prng, body, depth);
  code.push(1).op('SWAP1', 'SUB', 'DUP1').pushLabel(head).op('JUMPI', 'POP');
  line.height--;
}

/** Every turn leaves values behind, so that the same block is entered at many heights. */
function emitGrowingLoop(prng: Prng, line: Line): void {
  const { code } = line;
  const turns = oneIn(prng, 30) ? 600 : 1 + prng.below(10);
  const head = code.newLabel();
  code.push(turns).place(head);
  const left = 1 + prng.below(2);
  for (let i = 0; i < left; i++) code.op('DUP1').push(edgeValue(prng)).op('XOR', 'SWAP1');
  code.push(1).op('SWAP1', 'SUB', 'DUP1').pushLabel(head).op('JUMPI');
  line.height += 1 + left * turns;
}

function emitBranch(prng: Prng, line: Line, depth: number): void {
  const { code } = line;
  const yes = code.newLabel();
  const end = code.newLabel();
  emitCondition(prng, line);
  code.pushLabel(yes).op('JUMPI');
  line.height--;
  const before = line.height;
  emitBody(prng, line, depth);
  if (oneIn(prng, 4)) emitEnd(prng, line);
  else code.pushLabel(end).op('JUMP');
  line.height = before;
  code.place(yes);
  emitBody(prng, line, depth);
  code.place(end);
  for (let i = prng.below(3); i > 0; i--) code.op('JUMPDEST');
}

/** Both destinations are computed, and one of them is taken. */
function emitComputed(prng: Prng, line: Line, depth: number): void {
  const { code } = line;
  const [first, second, end] = [code.newLabel(), code.newLabel(), code.newLabel()];
  code.pushLabel(first).pushLabel(second);
  line.height += 2;
  emitCondition(prng, line);
  // second ^ ((first ^ second) * condition)
  code.op('SWAP2', 'DUP2', 'XOR', 'SWAP1', 'SWAP2', 'MUL', 'XOR', 'JUMP');
  line.height -= 3;
  code.place(first);
  emitBody(prng, line, depth);
  code.pushLabel(end).op('JUMP').place(second);
  emitBody(prng, line, depth);
  code.place(end);
}

/** A function in the manner of Solidity: return address below the arguments. */
function emitSubroutine(prng: Prng, line: Line, depth: number): void {
  const { code } = line;
  const [entry, over] = [code.newLabel(), code.newLabel()];
  const calls = 1 + prng.below(3);
  code.pushLabel(over).op('JUMP').place(entry);
  const inner = { code, height: 1 };
  emitBody(prng, inner, depth);
  dropTo(inner, 1);
  code.push(edgeValue(prng)).op('XOR', 'SWAP1', 'JUMP').place(over);
  for (let i = 0; i < calls; i++) {
    const back = code.newLabel();
    code.pushLabel(back).push(edgeValue(prng)).pushLabel(entry).op('JUMP').place(back);
    line.height++;
  }
}

/** A destination that is no JUMPDEST, behind a condition or not. */
function emitBadJump(prng: Prng, line: Line): void {
  const { code } = line;
  const over = code.newLabel();
  const kind = prng.below(4);
  if (!oneIn(prng, 4)) {
    emitCondition(prng, line);
    line.height--;
    code.pushLabel(over).op('JUMPI');
  }
  // The byte after the next PUSH2's opcode is a JUMPDEST, but as its immediate.
  if (kind === 0)
    code
      .push(code.size + 5, 2)
      .op('JUMP')
      .byte(0x61, 0x5b, 0x5b, 0x50);
  else if (kind === 1) code.push(edgeValue(prng)).op('JUMP');
  else if (kind === 2) code.push(prng.below(code.size + 1)).op('JUMP');
  else code.push(1).push(edgeValue(prng)).op('JUMPI');
  code.place(over);
}

function emitUnderflow(prng: Prng, line: Line): void {
  const { code } = line;
  const over = code.newLabel();
  emitCondition(prng, line);
  code.pushLabel(over).op('JUMPI');
  line.height--;
  for (let i = 0; i < line.height; i++) code.op('POP');
  code.op(pick(prng, ['POP', 'ADD', 'DUP1', 'SWAP1', 'MSTORE', 'JUMP', 'LOG2', 'CALL', 'RETURN']));
  code.place(over);
}

/** Pushes until the stack of 1024 overflows, or exactly fills. */
function emitOverflow(prng: Prng, line: Line): void {
  const { code } = line;
  const head = code.newLabel();
  const spare = prng.below(3);
  const room = 1024 - line.height - 1;
  code.push(room - 3 - spare + prng.below(4)).place(head);
  code.push(prng.below(256)).op('SWAP1').push(1).op('SWAP1', 'SUB', 'DUP1');
  code.pushLabel(head).op('JUMPI');
  for (let i = 0; i < spare; i++) code.op('PUSH0');
  line.height = 600;
}

const SHAPES: readonly Shape[] = [
  emitLoop,
  emitLoop,
  emitLoop,
  emitGrowingLoop,
  emitBranch,
  emitBranch,
  emitBranch,
  emitComputed,
  emitSubroutine,
  emitSubroutine,
];

/** A program of one to five nested shapes. */
export function generateFlow(prng: Prng): Uint8Array {
  const line: Line = { code: new Assembler(), height: 0 };
  const shapes = 1 + prng.below(4);
  for (let i = 0; i < shapes; i++) {
    emitSteps(prng, line, prng.below(6));
    pick(prng, SHAPES)(prng, line, 2);
    if (oneIn(prng, 8)) emitBadJump(prng, line);
    if (oneIn(prng, 12)) emitUnderflow(prng, line);
  }
  if (oneIn(prng, 40)) emitOverflow(prng, line);
  emitEnd(prng, line);
  if (oneIn(prng, 12)) line.code.byte(0x60 + prng.below(32));
  return line.code.finish();
}

/** Bytes without a plan: opcodes, raw bytes and destinations that may be there. */
export function generateSoup(prng: Prng): Uint8Array {
  const code = new Assembler();
  const size = 4 + prng.below(120);
  while (code.size < size) {
    const kind = prng.below(10);
    if (kind <= 3) code.push(oneIn(prng, 2) ? prng.below(size) : edgeValue(prng));
    else if (kind === 4) code.op('JUMPDEST');
    else if (kind === 5) code.push(prng.below(size)).op(pick(prng, ['JUMP', 'JUMPI']));
    else if (kind === 6) code.byte(prng.below(256));
    else code.byte(pick(prng, SOUP_BYTES));
  }
  return code.finish();
}

/** Instructions that take an address are left out: any small number would be a precompile. */
const SOUP_BYTES = OPCODES.filter(
  ({ name }) => !/^(CALL|CALLCODE|DELEGATECALL|STATICCALL|SELFDESTRUCT)$/.test(name),
).map(({ byte }) => byte);
