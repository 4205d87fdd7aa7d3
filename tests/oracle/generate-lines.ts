/**
 * Straight-line programs: single instructions over edge operands, and longer lines that keep track
 * of the height of the stack so that they mostly succeed.
 */

import type { Prng } from '../support/prng.ts';
import { Assembler } from './assembly.ts';
import { OPCODES, type OracleOpcode } from './opcodes.ts';
import {
  addressValue,
  edgeValue,
  edgeValues,
  oneIn,
  pick,
  smallOffset,
  smallSize,
  smallSlot,
} from './operands.ts';

/** Code in the making with the number of values known to be on the stack. */
export interface Line {
  code: Assembler;
  height: number;
}

const ADDRESS_OPERAND: Readonly<Record<string, number>> = {
  BALANCE: 0,
  EXTCODESIZE: 0,
  EXTCODECOPY: 0,
  EXTCODEHASH: 0,
  SELFDESTRUCT: 0,
  CALL: 1,
  CALLCODE: 1,
  DELEGATECALL: 1,
  STATICCALL: 1,
};

/** Operands counted from the top that are offsets or sizes of memory. */
const MEMORY_OPERANDS: Readonly<Record<string, readonly number[]>> = {
  KECCAK256: [0, 1],
  CALLDATACOPY: [0, 2],
  CODECOPY: [0, 2],
  EXTCODECOPY: [1, 3],
  RETURNDATACOPY: [0, 1, 2],
  MLOAD: [0],
  MSTORE: [0],
  MSTORE8: [0],
  MCOPY: [0, 1, 2],
  LOG0: [0, 1],
  LOG1: [0, 1],
  LOG2: [0, 1],
  LOG3: [0, 1],
  LOG4: [0, 1],
  CREATE: [1, 2],
  CREATE2: [1, 2],
  CALL: [3, 4, 5, 6],
  CALLCODE: [3, 4, 5, 6],
  DELEGATECALL: [2, 3, 4, 5],
  STATICCALL: [2, 3, 4, 5],
  RETURN: [0, 1],
  REVERT: [0, 1],
};

function operandsFor(prng: Prng, opcode: OracleOpcode): bigint[] {
  const values = edgeValues(prng, opcode.pops);
  const address = ADDRESS_OPERAND[opcode.name];
  if (address !== undefined) values[address] = addressValue(prng);
  for (const index of MEMORY_OPERANDS[opcode.name] ?? []) {
    if (!oneIn(prng, 12)) values[index] = smallOffset(prng);
  }
  if (opcode.name.endsWith('CALL') && oneIn(prng, 2)) values[0] = prng.bigint(17);
  if (/^(TLOAD|TSTORE|SLOAD|SSTORE)$/.test(opcode.name)) values[0] = smallSlot(prng);
  if (opcode.name === 'BLOCKHASH') values[0] = BigInt(740 + prng.below(265));
  if (opcode.name === 'BLOBHASH') values[0] = BigInt(prng.below(4));
  return values;
}

/** Every instruction alone: operands pushed, result and memory returned. */
export function generateSingle(prng: Prng): Uint8Array {
  const code = new Assembler();
  const opcode = pick(prng, OPCODES);
  if (oneIn(prng, 40))
    return code
      .byte(...prng.bytes(4))
      .byte(prng.below(256))
      .finish();
  const memory = prng.below(3);
  for (let i = 0; i < memory; i++)
    code
      .push(edgeValue(prng))
      .push(i * 32)
      .op('MSTORE');
  const values = operandsFor(prng, opcode);
  for (let i = values.length - 1; i >= 0; i--) {
    // Every other operand comes from call data, where a lowering cannot know its value.
    if (oneIn(prng, 2)) code.push(values[i]!);
    else code.push(values[i]!).push(512).op('MSTORE').push(512).op('MLOAD');
  }
  if (opcode.name.startsWith('PUSH')) {
    const size = opcode.byte - 0x5f;
    code.byte(opcode.byte).raw(prng.bytes(size));
  } else code.op(opcode.name);
  const results = Math.min(opcode.pushes, 17);
  for (let i = 0; i < results; i++) code.push(i * 32).op('MSTORE');
  if (oneIn(prng, 4)) code.op('GAS').push(544).op('MSTORE');
  code.push(576).op('PUSH0', 'RETURN');
  return code.finish();
}

const ALU = OPCODES.filter(
  ({ byte }) => (byte >= 0x01 && byte <= 0x0b) || (byte >= 0x10 && byte <= 0x1e),
);
const ENVIRONMENT = [
  'ADDRESS',
  'ORIGIN',
  'CALLER',
  'CALLVALUE',
  'CALLDATASIZE',
  'CODESIZE',
  'GASPRICE',
  'RETURNDATASIZE',
  'COINBASE',
  'TIMESTAMP',
  'NUMBER',
  'PREVRANDAO',
  'GASLIMIT',
  'CHAINID',
  'SELFBALANCE',
  'BASEFEE',
  'BLOBBASEFEE',
  'PC',
  'MSIZE',
  'GAS',
  'GAS',
];

type Emit = (prng: Prng, line: Line) => void;

/** A constant, or a word of the call data: an edge value that no lowering can fold. */
function emitPush(prng: Prng, line: Line): void {
  if (oneIn(prng, 2)) line.code.push(edgeValue(prng));
  else line.code.push(prng.below(5) * 32).op('CALLDATALOAD');
  line.height++;
}

/** Makes the top of the stack a value that is known to be narrow. */
function emitNarrow(prng: Prng, line: Line): void {
  need(prng, line, 1);
  const bytes = 1 + prng.below(oneIn(prng, 3) ? 20 : 8);
  const kind = prng.below(4);
  if (kind <= 1) line.code.push((1n << BigInt(bytes * 8)) - 1n).op('AND');
  else if (kind === 2) line.code.push(256 - bytes * 8).op('SHR');
  else line.code.push(bytes - 1).op('SIGNEXTEND');
}

function need(prng: Prng, line: Line, count: number): void {
  while (line.height < count) emitPush(prng, line);
}

function emitAlu(prng: Prng, line: Line): void {
  const { name, pops } = pick(prng, ALU);
  need(prng, line, pops);
  line.code.op(name);
  line.height += 1 - pops;
}

function emitDup(prng: Prng, line: Line): void {
  need(prng, line, 1);
  line.code.op(`DUP${1 + prng.below(Math.min(16, line.height))}`);
  line.height++;
}

function emitSwap(prng: Prng, line: Line): void {
  need(prng, line, 2);
  line.code.op(`SWAP${1 + prng.below(Math.min(16, line.height - 1))}`);
}

function emitLog(prng: Prng, line: Line): void {
  const topics = prng.below(5);
  need(prng, line, topics);
  line.code.push(smallSize(prng)).push(smallOffset(prng)).op(`LOG${topics}`);
  line.height -= topics;
}

/** Instructions whose operands are all pushed just before them. */
function emitKnown(name: string, operands: (prng: Prng) => bigint[], pushes: number): Emit {
  return (prng, line) => {
    for (const value of operands(prng).reverse()) line.code.push(value);
    line.code.op(name);
    line.height += pushes;
  };
}

/** Instructions that take a pushed key and the value on top of the stack. */
function emitStore(name: string, key: (prng: Prng) => bigint): Emit {
  return (prng, line) => {
    need(prng, line, 1);
    if (oneIn(prng, 4)) {
      line.code.push(BigInt(prng.below(2)));
      line.height++;
    }
    line.code.push(key(prng)).op(name);
    line.height--;
  };
}

const copyOperands = (prng: Prng) => [smallOffset(prng), smallOffset(prng), smallSize(prng)];

const EMITTERS: readonly (readonly [weight: number, emit: Emit])[] = [
  [6, emitPush],
  [14, emitAlu],
  [4, emitNarrow],
  [6, emitDup],
  [6, emitSwap],
  [
    2,
    (_, line) => {
      if (line.height === 0) return;
      line.code.op('POP');
      line.height--;
    },
  ],
  [4, emitStore('MSTORE', smallOffset)],
  [2, emitStore('MSTORE8', smallOffset)],
  [3, emitKnown('MLOAD', (prng) => [smallOffset(prng)], 1)],
  [2, emitKnown('SLOAD', (prng) => [smallSlot(prng)], 1)],
  [3, emitStore('SSTORE', smallSlot)],
  [1, emitKnown('TLOAD', (prng) => [smallSlot(prng)], 1)],
  [1, emitStore('TSTORE', smallSlot)],
  [2, emitKnown('KECCAK256', (prng) => [smallOffset(prng), smallSize(prng)], 1)],
  [2, emitKnown('CALLDATALOAD', (prng) => [smallOffset(prng)], 1)],
  [1, emitKnown('CALLDATACOPY', copyOperands, 0)],
  [1, emitKnown('CODECOPY', copyOperands, 0)],
  [1, emitKnown('MCOPY', copyOperands, 0)],
  [1, emitKnown('RETURNDATACOPY', (prng) => [smallOffset(prng), 0n, BigInt(prng.below(2))], 0)],
  [1, emitKnown('EXTCODECOPY', (prng) => [addressValue(prng), ...copyOperands(prng)], 0)],
  [1, emitKnown('BALANCE', (prng) => [addressValue(prng)], 1)],
  [1, emitKnown('EXTCODESIZE', (prng) => [addressValue(prng)], 1)],
  [1, emitKnown('EXTCODEHASH', (prng) => [addressValue(prng)], 1)],
  [1, emitKnown('BLOCKHASH', (prng) => [BigInt(740 + prng.below(265))], 1)],
  [1, emitKnown('BLOBHASH', (prng) => [BigInt(prng.below(4))], 1)],
  [2, emitLog],
  [
    4,
    (prng, line) => {
      line.code.op(pick(prng, ENVIRONMENT));
      line.height++;
    },
  ],
];

const EMIT_BAG: readonly Emit[] = EMITTERS.flatMap(([weight, emit]) =>
  Array.from({ length: weight }, () => emit),
);

/** Appends `count` steps that succeed with enough gas, nearly always. */
export function emitSteps(prng: Prng, line: Line, count: number): void {
  for (let i = 0; i < count; i++) {
    pick(prng, EMIT_BAG)(prng, line);
    if (line.height > 900) dropTo(line, 20);
  }
}

/** Appends POPs, or pushes, until the stack is `height` high. */
export function dropTo(line: Line, height: number): void {
  for (; line.height > height; line.height--) line.code.op('POP');
  for (; line.height < height; line.height++) line.code.op('PUSH0');
}

/** Ends a program: most often it returns the top of its stack and some memory. */
export function emitEnd(prng: Prng, line: Line): void {
  const results = Math.min(line.height, 1 + prng.below(6));
  for (let i = 0; i < results; i++) line.code.push(i * 32).op('MSTORE');
  line.height -= results;
  const kind = prng.below(24);
  if (kind === 0) line.code.op('STOP');
  else if (kind === 1) line.code.op('INVALID');
  else if (kind === 2) line.code.push(addressValue(prng)).op('SELFDESTRUCT');
  else if (kind === 3) return;
  else {
    const size = oneIn(prng, 6) ? smallSize(prng) : BigInt(results * 32 + 64);
    line.code.push(size).push(oneIn(prng, 8) ? smallOffset(prng) : 0n);
    line.code.op(kind <= 6 ? 'REVERT' : 'RETURN');
  }
}

/** A program of some 5 to 60 steps without jumps. */
export function generateStraight(prng: Prng): Uint8Array {
  const line: Line = { code: new Assembler(), height: 0 };
  // Some programs start with a deep stack, for the far DUPs and SWAPs.
  if (oneIn(prng, 4)) need(prng, line, 4 + prng.below(16));
  emitSteps(prng, line, 5 + prng.below(55));
  emitEnd(prng, line);
  return line.code.finish();
}
