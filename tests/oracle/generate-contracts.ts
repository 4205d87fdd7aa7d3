/**
 * Programs of actions on accounts: stores, looks, calls, creations and ends. Each action leaves the
 * stack as it was and may keep what it learnt in a slot, so that a difference shows in the state.
 */
import type { Fork } from '../../src/vms/evm/forks.ts';
import type { Prng } from '../support/prng.ts';
import { edgeValue, oneIn, pick, smallOffset, smallSize } from './operands.ts';
import { drawPrecompile } from './precompile-inputs.ts';
import { deployer, Program } from './program.ts';
import { drawAddress, pushAddress, type Scene } from './scene.ts';

type Action = (program: Program, scene: Scene, depth: number) => void;

const ACTIONS_MAX = 7;
/** Memory in which an address is kept, beyond what inputs and outputs take. */
const KEEP_OFFSET = 0x600;

/** Uses up the top of the stack. */
function keep(program: Program): void {
  const { prng } = program;
  const kind = prng.below(5);
  if (kind <= 1) program.op('POP');
  else if (kind === 2 && !program.isQuiet) program.push(8 + prng.below(4)).op('SSTORE');
  else program.push(0x200 + prng.below(8) * 32).op('MSTORE');
}

function storeValue(prng: Prng): bigint {
  return oneIn(prng, 8) ? edgeValue(prng) : BigInt(prng.below(4));
}

/** Several stores to few slots: all transitions between original, current and new values. */
const store: Action = (program) => {
  const { prng } = program;
  const slot = prng.below(3);
  for (let times = 1 + prng.below(4); times > 0; times--) {
    program
      .push(storeValue(prng))
      .push(oneIn(prng, 4) ? prng.below(4) : slot)
      .op('SSTORE');
  }
};

const load: Action = (program) => {
  program.push(program.prng.below(5)).op('SLOAD');
  keep(program);
};

const transient: Action = (program) => {
  const { prng } = program;
  if (oneIn(prng, 2)) {
    program
      .push(storeValue(prng))
      .push(prng.below(2))
      .op(program.pickOp(['TSTORE']));
  }
  program.push(prng.below(2)).op(program.pickOp(['TLOAD']));
  keep(program);
};

const look: Action = (program, scene) => {
  const { prng } = program;
  const name = program.pickOp(['BALANCE', 'BALANCE', 'EXTCODESIZE', 'EXTCODEHASH', 'EXTCODECOPY']);
  if (name === 'EXTCODECOPY') {
    const target = prng.below(4) * 32;
    program.pushAll(target, smallOffset(prng), smallSize(prng));
    pushAddress(program, scene);
    program.op(name).push(target).op('MLOAD');
  } else {
    pushAddress(program, scene);
    program.op(name);
  }
  keep(program);
};

const ENVIRONMENT = [
  'ADDRESS',
  'CALLER',
  'ORIGIN',
  'CALLVALUE',
  'CALLDATASIZE',
  'CODESIZE',
  'GASPRICE',
  'RETURNDATASIZE',
  'SELFBALANCE',
  'COINBASE',
  'TIMESTAMP',
  'NUMBER',
  'PREVRANDAO',
  'GASLIMIT',
  'CHAINID',
  'CHAINID',
  'BASEFEE',
  'BLOBBASEFEE',
  'PC',
  'MSIZE',
  'GAS',
  'GAS',
];

const environment: Action = (program) => {
  const { prng } = program;
  if (oneIn(prng, 4)) {
    program.push(prng.below(5)).op(program.pickOp(['BLOBHASH', 'CALLDATALOAD']));
  } else program.op(program.pickOp(ENVIRONMENT));
  keep(program);
};

const log: Action = (program) => {
  const { prng } = program;
  const topics = prng.below(5);
  for (let i = 0; i < topics; i++) program.push(edgeValue(prng));
  program.pushAll(smallOffset(prng), smallSize(prng)).op(`LOG${topics}`);
};

/** Gas for a call: all, half, nothing, or around what a callee needs for its first steps. */
function pushGas(program: Program): void {
  const { prng } = program;
  const kind = prng.below(10);
  if (kind <= 3) program.push(prng.below(200)).op('GAS', 'SUB');
  else if (kind === 4) program.push(2).op('GAS', 'DIV');
  else if (kind === 5) program.op('GAS');
  else if (kind === 6) program.push(prng.below(3000));
  else if (kind === 7) program.push(edgeValue(prng));
  else program.push(prng.below(60_000));
}

function callValue(prng: Prng): bigint {
  if (oneIn(prng, 2)) return 0n;
  return oneIn(prng, 8) ? edgeValue(prng) : BigInt(prng.below(40));
}

/**
 * What becomes of the result of a call: kept, revert where it failed, the data or the callee looked
 * at.
 */
function afterCall(program: Program, pushTo: () => void): void {
  const { prng } = program;
  const kind = prng.below(8);
  if (kind === 0) {
    const fine = program.code.newLabel();
    program.code.pushLabel(fine).op('JUMPI');
    fail(program);
    program.code.place(fine);
    return;
  }
  keep(program);
  if (kind === 1 && program.has('RETURNDATACOPY')) {
    // Now and then one byte more than there is.
    program.push(prng.below(8) === 0 ? 1 : 0).op('RETURNDATASIZE', 'ADD');
    program.pushAll(0x100, 0).op('RETURNDATACOPY');
  } else if (kind === 2) {
    program.op(program.pickOp(['RETURNDATASIZE']));
    keep(program);
  } else if (kind === 3) {
    program.op('GAS');
    keep(program);
  } else if (kind === 4) {
    pushTo();
    program.op(program.pickOp(['BALANCE', 'BALANCE', 'EXTCODESIZE', 'EXTCODEHASH']));
    keep(program);
  }
}

const CALLS = ['CALL', 'CALL', 'CALL', 'CALLCODE', 'DELEGATECALL', 'STATICCALL'];

/** Pushes what a call takes below its gas; the callee's address is pushed by the function. */
function emitCall(program: Program, name: string, input: number, pushTo: () => void): void {
  const { prng } = program;
  program.pushAll(0, input, smallOffset(prng), smallSize(prng));
  if (name === 'CALL' || name === 'CALLCODE') program.push(callValue(prng));
  pushTo();
  pushGas(program);
  program.op(name);
  afterCall(program, pushTo);
}

const CALL_NAMES = new Set(['CALL', 'CALLCODE', 'DELEGATECALL', 'STATICCALL']);

function pickCall(program: Program): string {
  const name = program.pickOp(CALLS);
  return CALL_NAMES.has(name) ? name : 'CALL';
}

const call: Action = (program, scene) => {
  const input = pick(program.prng, [0, 0, 1, 2, 31, 32, 33, 64]);
  emitCall(program, pickCall(program), input, drawAddress(program, scene));
};

const callPrecompile: Action = (program) => {
  const { prng } = program;
  const { address, input } = drawPrecompile(prng);
  program.copy(input, 0);
  emitCall(program, pickCall(program), input.length, () => program.push(address));
};

/** Ends the frame without success. */
function fail(program: Program): void {
  const { prng } = program;
  if (oneIn(prng, 5) || !program.has('REVERT')) program.op('INVALID');
  else program.pushAll(smallOffset(prng), smallSize(prng)).op('REVERT');
}

/** Init code: deploys, stores, destroys itself, fails, or leaves what may not be deployed. */
export function generateInit(prng: Prng, scene: Scene, depth: number): Uint8Array {
  const { fork } = scene;
  const kind = prng.below(14);
  const program = new Program(prng, fork);
  if (kind === 0) return new Uint8Array(0);
  if (kind === 1) {
    store(program, scene, depth);
    return program.op('STOP').finish();
  }
  if (kind === 2) {
    if (oneIn(prng, 2)) store(program, scene, depth);
    pushAddress(program, scene);
    return program.op('SELFDESTRUCT').finish();
  }
  if (kind === 3) {
    program.pushAll(0, 0xef).op('MSTORE8');
    return program
      .pushAll(0, 1 + prng.below(3))
      .op('RETURN')
      .finish();
  }
  if (kind === 4) {
    store(program, scene, depth);
    fail(program);
    return program.finish();
  }
  if (kind === 5) {
    const size = pick(prng, [100, 1000, 3000, 24_576, 24_577, 30_000]);
    return program.pushAll(0, size).op('RETURN').finish();
  }
  if (kind === 6 && depth > 0) return generateProgram(prng, scene, depth - 1);
  return deployer(prng, fork, generateChild(prng, scene, depth));
}

/** The code of a creation: ends itself when it is called with data, or does an action. */
export function generateChild(prng: Prng, scene: Scene, depth: number): Uint8Array {
  const program = new Program(prng, scene.fork);
  const kind = prng.below(6);
  if (kind <= 2) {
    const stay = program.code.newLabel();
    program.op('CALLDATASIZE', 'ISZERO').code.pushLabel(stay).op('JUMPI');
    if (oneIn(prng, 3)) program.op('ADDRESS');
    else pushAddress(program, scene);
    program.op('SELFDESTRUCT').code.place(stay);
    store(program, scene, depth);
    return program.op('STOP').finish();
  }
  if (kind === 3) {
    pushAddress(program, scene);
    return program.op('SELFDESTRUCT').finish();
  }
  if (kind === 4 && depth > 0) return generateProgram(prng, scene, depth - 1);
  store(program, scene, depth);
  if (oneIn(prng, 3)) fail(program);
  return program.op('STOP').finish();
}

/** Creates once or twice, and calls what came of it. */
const create: Action = (program, scene, depth) => {
  const { prng } = program;
  const init = generateInit(prng, scene, depth).slice(0, 500);
  const times = oneIn(prng, 4) ? 2 : 1;
  const name = program.pickOp(['CREATE', 'CREATE2']);
  // Data that the creation has to take away, from the precompile that returns its input.
  if (oneIn(prng, 4)) emitCall(program, 'CALL', 32, () => program.push(4));
  for (let i = 0; i < times; i++) {
    program.copy(init, 0);
    if (name === 'CREATE2') program.push(prng.below(2));
    program.push(init.length).push(0);
    program.push(oneIn(prng, 2) ? 0 : callValue(prng)).op(name);
    program.op('DUP1').push(KEEP_OFFSET).op('MSTORE');
    keep(program);
    if (oneIn(prng, 2)) {
      program.op(program.pickOp(['RETURNDATASIZE']));
      keep(program);
    }
    for (let calls = prng.below(3); calls > 0; calls--) {
      const pushTo = () => program.push(KEEP_OFFSET).op('MLOAD');
      emitCall(program, pickCall(program), prng.below(2), pushTo);
    }
  }
};

/** Jumps over an action, by something that differs between calls. */
const branch: Action = (program, scene, depth) => {
  const { prng } = program;
  const label = program.code.newLabel();
  const kind = prng.below(4);
  if (kind === 0) program.push(1).op('CALLDATASIZE', 'AND');
  else if (kind === 1) program.op('CALLVALUE');
  else if (kind === 2) program.push(prng.below(4)).op('SLOAD');
  else program.op('CALLER', 'ORIGIN', 'EQ');
  program.code.pushLabel(label).op('JUMPI');
  const before = program.code.size;
  if (oneIn(prng, 5)) end(program, scene);
  else pick(prng, BAG)(program, scene, depth);
  if (program.code.size === before) program.op('JUMPDEST');
  program.code.place(label);
};

const burn: Action = (program) => {
  const { prng } = program;
  program.pushAll(0, prng.below(3000)).op('KECCAK256');
  keep(program);
};

const ACTIONS: readonly (readonly [weight: number, action: Action])[] = [
  [6, store],
  [3, load],
  [2, transient],
  [6, look],
  [5, environment],
  [3, log],
  [8, call],
  [3, callPrecompile],
  [5, create],
  [3, branch],
  [1, burn],
];

/** What a frame may do that may change nothing (EIP-214); calls with value are among it. */
const QUIET_BAG: readonly Action[] = [load, look, look, environment, call, call, callPrecompile];

const BAG: readonly Action[] = ACTIONS.flatMap(([weight, action]) =>
  Array.from({ length: weight }, () => action),
);

/** The last instruction of a program. */
function end(program: Program, scene: Scene): void {
  const { prng } = program;
  const kind = prng.below(16);
  if (kind <= 2 && !program.isQuiet) {
    if (oneIn(prng, 4)) program.op('ADDRESS');
    else pushAddress(program, scene);
    program.op('SELFDESTRUCT');
  } else if (kind <= 4) fail(program);
  else if (kind <= 7) program.op('STOP');
  else program.pushAll(smallOffset(prng), smallSize(prng)).op('RETURN');
}

/** A program of some actions; those that hold others go no deeper than `depth`. */
export function generateProgram(prng: Prng, scene: Scene, depth: number): Uint8Array {
  const program = new Program(prng, scene.fork, oneIn(prng, 4));
  const count = 1 + prng.below(ACTIONS_MAX);
  const bag = program.isQuiet ? QUIET_BAG : BAG;
  for (let i = 0; i < count; i++) pick(prng, bag)(program, scene, depth);
  end(program, scene);
  return program.finish();
}

/** Init code of the child that a factory creates again and again. */
export function generateFactoryChild(prng: Prng, fork: Fork, coinbase: string): Uint8Array {
  const runtime = new Program(prng, fork);
  const stay = runtime.code.newLabel();
  runtime.op('CALLDATASIZE', 'ISZERO').code.pushLabel(stay).op('JUMPI');
  const kind = prng.below(5);
  if (kind <= 1) runtime.op(kind === 0 ? 'CALLER' : 'ADDRESS');
  else runtime.push(BigInt(kind === 2 ? coinbase : `0xdead000${kind - 2}`));
  runtime.op('SELFDESTRUCT').code.place(stay);
  runtime.push(prng.below(3)).push(prng.below(2)).op('SSTORE', 'STOP');
  return deployer(prng, fork, runtime.finish());
}

/** Creates the child with a salt from the size of its data, then calls it or not. */
export function generateFactory(prng: Prng, fork: Fork, child: Uint8Array): Uint8Array {
  const program = new Program(prng, fork);
  const name = program.pickOp(['CREATE2']);
  for (let times = 1 + prng.below(2); times > 0; times--) {
    program.copy(child, 0);
    if (name === 'CREATE2') program.push(1).op('CALLDATASIZE', 'AND');
    program.push(child.length).push(0).op('CALLVALUE', name);
    program.op('DUP1').push(prng.below(3)).op('SSTORE');
    if (oneIn(prng, 2)) program.op('POP');
    else {
      program.push(KEEP_OFFSET).op('MSTORE');
      const pushTo = () => program.push(KEEP_OFFSET).op('MLOAD');
      emitCall(program, 'CALL', prng.below(2), pushTo);
    }
  }
  if (oneIn(prng, 6)) fail(program);
  return program.op('STOP').finish();
}
