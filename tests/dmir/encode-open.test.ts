/** What the encoder of open blocks makes of code that compilers write: forms, not only results. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { disassemblePiece } from '../../src/dmir/bytecode/disassemble.ts';
import { OpenEncoder } from '../../src/dmir/bytecode/encode-open.ts';
import { assemble } from '../../src/vms/evm/assemble.ts';
import { Lowerer } from '../../src/vms/evm/lower.ts';
import { createEvmSource } from '../../src/vms/evm/source.ts';

/** The forms of the first block of EVM code, header left out. */
function forms(text: string): string[] {
  const lowerer = new Lowerer(assemble(text), { fork: 'osaka' });
  const source = createEvmSource(lowerer);
  const encoder = new OpenEncoder();
  encoder.encode(source.flatten(0), source);
  const lines = disassemblePiece(encoder.writer.take(encoder.header), (key) => `@${key}`);
  return lines.slice(1).map((line) => line.trim().split(' ')[0] as string);
}

const TARGET = 'PUSH @end JUMPI STOP end: JUMPDEST';

test('a comparison and its branch are one word, through negations', () => {
  assert.deepEqual(forms(`PUSH 4 CALLDATASIZE LT ${TARGET}`), ['WORD_FRAME', 'BR_ULT_K']);
  assert.deepEqual(forms(`PUSH 4 CALLDATASIZE LT ISZERO ${TARGET}`), ['WORD_FRAME', 'BR_ULT_K']);
  assert.deepEqual(forms(`CALLVALUE ISZERO ${TARGET}`), ['WORD_FRAME', 'BR_NZ']);
  assert.deepEqual(forms(`CALLVALUE ISZERO ISZERO ${TARGET}`), ['WORD_FRAME', 'BR_NZ']);
  assert.deepEqual(forms(`CALLER ADDRESS EQ ${TARGET}`), ['WORD_FRAME', 'WORD_FRAME', 'BR_EQ']);
});

test('a condition that is used again is computed', () => {
  assert.deepEqual(forms(`PUSH 4 CALLDATASIZE LT DUP1 ${TARGET}`), [
    'WORD_FRAME',
    'ULT_K',
    'BR_NZ64',
  ]);
});

test('constants and moves of the stack leave no words behind', () => {
  assert.deepEqual(forms('PUSH 1 PUSH 1 PUSH 160 SHL SUB CALLER AND PUSH0 SSTORE STOP'), [
    'WORD_FRAME',
    'AND_K',
    'SET_I',
    'CELL_STORE',
    'STOP',
  ]);
  assert.deepEqual(forms('PUSH 5 PUSH 6 DUP2 SWAP1 POP POP POP STOP'), ['STOP']);
});
