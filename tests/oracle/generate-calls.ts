/**
 * Programs that call: siblings, precompiles, themselves, delegated and missing accounts; that
 * create and destroy; and the small contracts they meet.
 */

import { Secp256k1 } from 'ox';
import type { Prng } from '../support/prng.ts';
import { Assembler } from './assembly.ts';
import { type CaseAccount, hexTextToBytes, SIBLINGS, TARGET } from './case.ts';
import { emitEnd, emitSteps, generateStraight, type Line } from './generate-lines.ts';
import {
  addressValue,
  edgeValue,
  oneIn,
  PRECOMPILES,
  pick,
  smallOffset,
  smallSize,
  smallSlot,
} from './operands.ts';

const CALLS = ['CALL', 'CALL', 'CALL', 'DELEGATECALL', 'STATICCALL', 'CALLCODE'];

/** Gas that a program hands to a call. */
function emitCallGas(prng: Prng, line: Line): void {
  const kind = prng.below(8);
  if (kind <= 1) line.code.op('GAS');
  else if (kind === 2) line.code.push(prng.below(3000));
  else if (kind === 3) line.code.push(edgeValue(prng));
  else if (kind === 4) line.code.push(2).op('GAS', 'DIV');
  else line.code.push(prng.below(60_000));
}

/** Uses the result of a call: keeps it, stores it, or copies the returned data. */
function emitAfterCall(prng: Prng, line: Line): void {
  const { code } = line;
  line.height++;
  const kind = prng.below(8);
  if (kind === 0) {
    code.push(smallSlot(prng)).op('SSTORE');
    line.height--;
  } else if (kind === 1) {
    code.op('RETURNDATASIZE', 'PUSH0').push(smallOffset(prng)).op('RETURNDATACOPY');
  } else if (kind === 2) {
    // One byte more or less than there is
    const delta = prng.below(3);
    code.push(1).op('RETURNDATASIZE').push(delta).op('ADD', 'SUB', 'PUSH0');
    code.push(smallOffset(prng)).op('RETURNDATACOPY');
  } else if (kind === 3) {
    code.op('RETURNDATASIZE');
    line.height++;
  } else if (kind === 4) {
    code.op('GAS');
    line.height++;
  }
}

const SIGNED_HASH = `0x${'5e'.repeat(32)}` as const;
const SIGNATURE = Secp256k1.sign({ payload: SIGNED_HASH, privateKey: `0x${'11'.repeat(32)}` });

/** Words of input that a precompile accepts, sometimes with one of them spoiled. */
function precompileWords(prng: Prng, precompile: number): bigint[] {
  let words: bigint[];
  if (precompile === 1) {
    const { r, s, yParity } = SIGNATURE;
    words = [BigInt(SIGNED_HASH), BigInt(27 + (yParity ?? 0)), BigInt(r), BigInt(s)];
  } else if (precompile === 5) {
    const sizes = Array.from({ length: 3 }, () => BigInt(prng.below(40)));
    words = [...sizes, edgeValue(prng), edgeValue(prng), edgeValue(prng)];
  } else if (precompile === 6) words = [1n, 2n, 1n, 2n];
  else if (precompile === 7) words = [1n, 2n, edgeValue(prng)];
  else words = [edgeValue(prng), edgeValue(prng)];
  if (oneIn(prng, 3)) words[prng.below(words.length)] = edgeValue(prng);
  return words;
}

/** Calls a precompile over input that is mostly good. */
function emitPrecompile(prng: Prng, line: Line): void {
  const { code } = line;
  const precompile = pick(prng, PRECOMPILES);
  const words = precompileWords(prng, precompile);
  const offset = prng.below(8) * 32;
  for (const [index, word] of words.entries())
    code
      .push(word)
      .push(offset + 32 * index)
      .op('MSTORE');
  const name = pick(prng, ['CALL', 'STATICCALL', 'STATICCALL', 'DELEGATECALL', 'CALLCODE']);
  code.push(smallSize(prng)).push(smallOffset(prng));
  code.push(oneIn(prng, 4) ? prng.below(200) : words.length * 32).push(offset);
  if (name === 'CALL' || name === 'CALLCODE') code.push(oneIn(prng, 3) ? prng.below(20) : 0);
  code.push(precompile);
  if (oneIn(prng, 4)) code.push(prng.below(7000));
  else code.op('GAS');
  code.op(name);
  emitAfterCall(prng, line);
}

function emitCall(prng: Prng, line: Line, address?: () => void): void {
  const { code } = line;
  if (address === undefined && oneIn(prng, 5)) {
    emitPrecompile(prng, line);
    return;
  }
  const name = pick(prng, CALLS);
  code.push(smallSize(prng)).push(smallOffset(prng));
  code.push(smallSize(prng)).push(smallOffset(prng));
  if (name === 'CALL' || name === 'CALLCODE') {
    if (oneIn(prng, 2)) code.op('PUSH0');
    else if (oneIn(prng, 8)) code.push(edgeValue(prng));
    else code.push(prng.below(50));
  }
  if (address !== undefined) address();
  else code.push(addressValue(prng));
  emitCallGas(prng, line);
  code.op(name);
  emitAfterCall(prng, line);
}

function returner(runtime: Uint8Array): Uint8Array {
  const code = new Assembler();
  const start = runtime.length > 255 ? 12 : 9;
  code.push(runtime.length).op('DUP1').push(start).op('PUSH0', 'CODECOPY', 'PUSH0', 'RETURN');
  if (code.size !== start) return new Assembler().push(0).push(0).op('RETURN').finish();
  return code.raw(runtime).finish();
}

/** Init code that succeeds, fails, stores, destroys itself, or deploys what may not be deployed. */
function generateInit(prng: Prng): Uint8Array {
  const kind = prng.below(12);
  const code = new Assembler();
  if (kind === 0) return new Uint8Array(0);
  if (kind === 1) return code.push(edgeValue(prng)).op('PUSH0', 'SSTORE', 'STOP').finish();
  if (kind === 2) return code.push(addressValue(prng)).op('SELFDESTRUCT').finish();
  if (kind === 3) {
    return code
      .push(0xef)
      .op('PUSH0', 'MSTORE8')
      .push(1 + prng.below(3))
      .op('PUSH0', 'RETURN')
      .finish();
  }
  if (kind === 4) {
    code.push(edgeValue(prng)).op('PUSH0', 'MSTORE').push(smallSize(prng)).op('PUSH0', 'REVERT');
    return code.finish();
  }
  if (kind === 5)
    return code
      .push(pick(prng, [24_576, 24_577, 400]))
      .op('PUSH0', 'RETURN')
      .finish();
  if (kind === 6) return generateStraight(prng);
  return returner(generateSmall(prng));
}

/** Copies init code from the end of the program, creates, and sometimes calls the result. */
function emitCreate(prng: Prng, line: Line, data: Uint8Array[]): void {
  const { code } = line;
  const init = generateInit(prng).slice(0, 400);
  const offset = oneIn(prng, 2) ? 0n : smallOffset(prng) % 4096n;
  // The data part begins where the code ends; its address is filled in as a distance from the end.
  const tail = data.reduce((size, part) => size + part.length, 0) + init.length;
  data.unshift(init);
  code.push(init.length).push(tail).op('CODESIZE', 'SUB').push(offset).op('CODECOPY');
  const second = oneIn(prng, 3);
  if (second) code.push(oneIn(prng, 8) ? edgeValue(prng) : prng.below(3));
  code
    .push(init.length)
    .push(offset)
    .push(oneIn(prng, 2) ? 0 : prng.below(20));
  code.op(second ? 'CREATE2' : 'CREATE');
  line.height++;
  if (oneIn(prng, 2)) {
    code.push(32 * 9).op('MSTORE');
    line.height--;
    emitCall(prng, line, () => code.push(32 * 9).op('MLOAD'));
  }
}

/** A contract small enough to be met inside another. */
export function generateSmall(prng: Prng): Uint8Array {
  const code = new Assembler();
  const kind = prng.below(14);
  if (kind === 0) return code.push(addressValue(prng)).op('SELFDESTRUCT').finish();
  if (kind === 1) return code.op('CALLER', 'SELFDESTRUCT').finish();
  if (kind === 2) {
    code.op('CALLER', 'PUSH0', 'MSTORE', 'ADDRESS').push(32).op('MSTORE', 'CALLVALUE');
    code.push(64).op('MSTORE', 'ORIGIN').push(96).op('MSTORE', 'SELFBALANCE').push(128);
    return code
      .op('MSTORE')
      .push(160)
      .op('PUSH0', oneIn(prng, 3) ? 'REVERT' : 'RETURN')
      .finish();
  }
  if (kind === 3) {
    code.push(smallSlot(prng)).op('SLOAD').push(1).op('ADD', 'DUP1').push(smallSlot(prng));
    return code.op('SSTORE', 'PUSH0', 'MSTORE').push(32).op('PUSH0', 'RETURN').finish();
  }
  if (kind === 4) {
    code.op('PUSH0', 'TLOAD').push(1).op('ADD', 'DUP1', 'PUSH0', 'TSTORE', 'PUSH0', 'MSTORE');
    return code.push(32).op('PUSH0', 'RETURN').finish();
  }
  if (kind === 5) return code.op('INVALID').finish();
  if (kind === 6) {
    code.op('CALLDATASIZE', 'PUSH0', 'PUSH0', 'CALLDATACOPY', 'CALLDATASIZE', 'PUSH0');
    return code.op(oneIn(prng, 2) ? 'REVERT' : 'RETURN').finish();
  }
  if (kind === 7) return code.push(7).op('PUSH0', 'SSTORE', 'PUSH0', 'PUSH0', 'REVERT').finish();
  if (kind === 8) {
    // Calls its caller back, or the target of the message.
    code.op('PUSH0', 'PUSH0', 'PUSH0', 'PUSH0', 'PUSH0');
    if (oneIn(prng, 2)) code.op('CALLER');
    else code.push(BigInt(TARGET));
    code.op('GAS', 'CALL', 'PUSH0', 'MSTORE').push(32).op('PUSH0', 'RETURN');
    return code.finish();
  }
  if (kind === 9) return code.op('JUMPDEST', 'PUSH0', 'JUMP').finish();
  const line: Line = { code, height: 0 };
  emitSteps(prng, line, prng.below(12));
  if (oneIn(prng, 3)) emitCall(prng, line);
  emitEnd(prng, line);
  return code.finish();
}

/** A program of calls and creations among ordinary steps. */
export function generateCalls(prng: Prng): Uint8Array {
  const line: Line = { code: new Assembler(), height: 0 };
  const data: Uint8Array[] = [];
  const count = 1 + prng.below(5);
  for (let i = 0; i < count; i++) {
    emitSteps(prng, line, prng.below(7));
    if (oneIn(prng, 3)) emitCreate(prng, line, data);
    else emitCall(prng, line);
  }
  emitSteps(prng, line, prng.below(4));
  emitEnd(prng, line);
  line.code.op('INVALID');
  for (const part of data) line.code.raw(part);
  return line.code.finish();
}

/** Calls itself until gas or the depth of 1024 ends it, and counts the frames in its storage. */
export function generateRecursion(prng: Prng): Uint8Array {
  const line: Line = { code: new Assembler(), height: 0 };
  const { code } = line;
  code.op('PUSH0', 'SLOAD').push(1).op('ADD', 'PUSH0', 'SSTORE');
  emitSteps(prng, line, prng.below(4));
  const name = pick(prng, ['CALL', 'DELEGATECALL', 'CALLCODE', 'STATICCALL', 'CREATE']);
  if (name === 'CREATE') {
    code.op('CODESIZE', 'PUSH0', 'PUSH0', 'CODECOPY', 'CODESIZE', 'PUSH0', 'PUSH0', 'CREATE');
  } else {
    code.push(32).op('PUSH0', 'PUSH0', 'PUSH0');
    if (name === 'CALL' || name === 'CALLCODE') code.op('PUSH0');
    code.op('ADDRESS', 'GAS', name);
  }
  code.op('PUSH0', 'MLOAD', 'ADD', 'PUSH0', 'MSTORE').push(32).op('PUSH0');
  return code.op(oneIn(prng, 6) ? 'REVERT' : 'RETURN').finish();
}

/** The siblings of a program: code, balances and slots; one may be a delegated account. */
export function generateSiblings(prng: Prng, plain: boolean): CaseAccount[] {
  return SIBLINGS.map((address, index) => {
    let code = plain ? new Uint8Array(0) : generateSmall(prng);
    if (index === 3 && (plain || oneIn(prng, 2))) {
      const targets = [...SIBLINGS, TARGET, `0x${'00'.repeat(19)}0${1 + prng.below(5)}`];
      code = hexTextToBytes(`ef0100${pick(prng, targets).slice(2)}`);
    }
    const slots =
      plain || oneIn(prng, 2)
        ? []
        : ([
            [0n, 5n],
            [1n, edgeValue(prng) | 1n],
          ] as const);
    return { address, balance: BigInt(prng.below(3) * 1000), nonce: 1n, code, storage: slots };
  });
}
