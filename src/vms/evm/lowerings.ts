/**
 * How each opcode becomes dMIR. A forgotten opcode does not compile.
 *
 * PUSH1…PUSH32, DUP and SWAP move no data: the lowerer keeps track of items and takes them by byte.
 */
import { TRAP_KINDS } from '../../dmir/ops.ts';
import {
  BLOCK_BAD_JUMP,
  BLOCK_DROP,
  BLOCK_DYNAMIC,
  ENV_WORD,
  type EnvWord,
  FRAME_WORD,
  type FrameWord,
  HOST,
  HOST_OPERANDS,
  type HostName,
  REGION,
} from './abi.ts';
import type { Lowerer } from './lower.ts';
import type { OpName } from './opcodes.ts';

export type Lowering = (l: Lowerer) => void;

const SPACE_SLOT = 0;
const SPACE_TRANSIENT = 1;
const WORD_BYTES = 32;
const TRAP_INVALID = TRAP_KINDS.indexOf('invalid-opcode');

const nothing: Lowering = () => {};

function frameWord(name: FrameWord): Lowering {
  const offset = BigInt(FRAME_WORD[name] * WORD_BYTES);
  return (l) => l.push(l.emit('load', 'i256', [l.constant(offset)], REGION.frame, 'i256'));
}

function envWord(name: EnvWord): Lowering {
  const offset = BigInt(ENV_WORD[name] * WORD_BYTES);
  return (l) => l.push(l.emit('load', 'i256', [l.constant(offset)], REGION.env, 'i256'));
}

/** Leaves the machine; the first operand is the top item. */
function host(name: HostName): Lowering {
  const number = HOST[name];
  const count = HOST_OPERANDS[number] as number;
  return (l) => {
    const args = [];
    for (let i = 0; i < count; i++) args.push(l.pop());
    l.suspend(number, args);
  };
}

/** Copies into memory from a region: destination, source, length. */
function copyFrom(region: number): Lowering {
  return (l) => {
    const target = l.pop();
    const source = l.pop();
    const size = l.pop();
    l.emitVoid('mem_copy', 'i256', [target, source, size], (REGION.memory << 8) | region);
  };
}

function modular(op: 'addmod' | 'mulmod'): Lowering {
  return (l) => {
    const a = l.pop();
    const b = l.pop();
    const modulus = l.pop();
    l.push(l.emit(op, 'i256', [a, b, modulus], 0, 'i256'));
  };
}

function log(topics: number): Lowering {
  return (l) => {
    const args = [];
    for (let i = 0; i < topics + 2; i++) args.push(l.pop());
    l.emitVoid('log', 'i256', args, REGION.memory);
  };
}

function cellLoad(space: number): Lowering {
  return (l) => l.push(l.emit('cell_load', 'i256', [l.pop()], space, 'i256'));
}

function cellStore(space: number): Lowering {
  return (l) => {
    const key = l.pop();
    const value = l.pop();
    l.splitCharge();
    l.emitVoid('cell_store', 'i256', [key, value], space);
  };
}

function finish(op: 'finish' | 'revert'): Lowering {
  return (l) => {
    const offset = l.pop();
    const size = l.pop();
    l.end(op, [offset, size], REGION.memory);
  };
}

const iszero: Lowering = (l) => {
  const a = l.pop();
  const known = l.constantOf(a);
  const condition = l.conditionOf(a);
  if (known !== undefined) l.push(l.constant(known === 0n ? 1n : 0n));
  else if (condition !== undefined) l.push(l.widen(l.emit('iszero', 'i1', [condition], 0, 'i1')));
  else l.push(l.widen(l.emit('iszero', 'i256', [a], 0, 'i1')));
};

/** EIP-160: a cost for each byte of the exponent. */
const exp: Lowering = (l) => {
  const base = l.pop();
  const exponent = l.pop();
  const known = l.constantOf(exponent);
  if (known !== undefined) {
    const bytes = known === 0n ? 0 : Math.ceil(known.toString(16).length / 2);
    l.charge(bytes * l.expByte);
  } else {
    const zeros = l.emit('clz', 'i256', [exponent], 0, 'i256');
    const bits = l.emit('sub', 'i256', [l.constant(263n), zeros], 0, 'i256');
    const bytes = l.emit('ushr_sat', 'i256', [bits, l.constant(3n)], 0, 'i256');
    const cost = l.emit('mul', 'i256', [bytes, l.constant(BigInt(l.expByte))], 0, 'i256');
    l.emitVoid('charge_dyn', 'i256', [cost], 0);
  }
  l.push(l.emit('pow', 'i256', [base, exponent], 0, 'i256'));
};

/** Block id of a known destination, or that of the block which traps. */
function knownTarget(l: Lowerer, destination: bigint): number {
  if (destination >= BigInt(l.code.length)) return BLOCK_BAD_JUMP;
  const pc = Number(destination);
  return l.destinations.has(pc) ? pc : BLOCK_BAD_JUMP;
}

const jump: Lowering = (l) => {
  const destination = l.pop();
  const known = l.constantOf(destination);
  if (known === undefined) {
    l.dispatch(destination);
    return;
  }
  const target = knownTarget(l, known);
  if (target === BLOCK_BAD_JUMP) l.jumpTo(target);
  else l.followTo(target);
};

const jumpIf: Lowering = (l) => {
  const destination = l.pop();
  const item = l.pop();
  const next = l.nextPc;
  const known = l.constantOf(item);
  const target = l.constantOf(destination);
  if (known !== undefined) {
    if (known === 0n) return;
    l.push(destination);
    jump(l);
    return;
  }
  const condition = l.conditionOf(item);
  const test = condition ?? l.emit('iszero', 'i256', [item], 0, 'i1');
  if (target !== undefined) {
    const taken = knownTarget(l, target);
    if (condition === undefined) l.branch(test, next, taken);
    else l.branch(test, taken, next);
    return;
  }
  l.push(destination);
  if (condition === undefined) l.branch(test, BLOCK_DROP + next, BLOCK_DYNAMIC);
  else l.branch(test, BLOCK_DYNAMIC, BLOCK_DROP + next);
};

const push0: Lowering = (l) => l.push(l.constant(0n));

const BASE = {
  STOP: (l) => l.end('stop', [], 0),
  ADD: (l) => l.binary('add'),
  MUL: (l) => l.binary('mul'),
  SUB: (l) => l.binary('sub'),
  DIV: (l) => l.binary('udiv_zero'),
  SDIV: (l) => l.binary('sdiv_zero'),
  MOD: (l) => l.binary('urem_zero'),
  SMOD: (l) => l.binary('srem_zero'),
  ADDMOD: modular('addmod'),
  MULMOD: modular('mulmod'),
  EXP: exp,
  SIGNEXTEND: (l) => l.binary('sext_byte'),
  LT: (l) => l.compare('ult'),
  GT: (l) => l.compare('ugt'),
  SLT: (l) => l.compare('slt'),
  SGT: (l) => l.compare('sgt'),
  EQ: (l) => l.compare('eq'),
  ISZERO: iszero,
  AND: (l) => l.binary('and'),
  OR: (l) => l.binary('or'),
  XOR: (l) => l.binary('xor'),
  NOT: (l) => l.unary('not'),
  BYTE: (l) => l.binary('byte_be'),
  SHL: (l) => l.binary('shl_sat', true),
  SHR: (l) => l.binary('ushr_sat', true),
  SAR: (l) => l.binary('sshr_sat', true),
  CLZ: (l) => l.unary('clz'),
  KECCAK256: (l) => {
    const offset = l.pop();
    const size = l.pop();
    l.push(l.emit('keccak256', 'i256', [offset, size], REGION.memory, 'i256'));
  },
  ADDRESS: frameWord('ADDRESS'),
  BALANCE: host('BALANCE'),
  ORIGIN: envWord('ORIGIN'),
  CALLER: frameWord('CALLER'),
  CALLVALUE: frameWord('CALLVALUE'),
  CALLDATALOAD: (l) => l.push(l.emit('load_be', 'i256', [l.pop()], REGION.calldata, 'i256')),
  CALLDATASIZE: frameWord('CALLDATASIZE'),
  CALLDATACOPY: copyFrom(REGION.calldata),
  CODESIZE: frameWord('CODESIZE'),
  CODECOPY: copyFrom(REGION.code),
  GASPRICE: envWord('GASPRICE'),
  EXTCODESIZE: host('EXTCODESIZE'),
  EXTCODECOPY: host('EXTCODECOPY'),
  RETURNDATASIZE: frameWord('RETURNDATASIZE'),
  RETURNDATACOPY: copyFrom(REGION.returndata),
  EXTCODEHASH: host('EXTCODEHASH'),
  BLOCKHASH: host('BLOCKHASH'),
  COINBASE: envWord('COINBASE'),
  TIMESTAMP: envWord('TIMESTAMP'),
  NUMBER: envWord('NUMBER'),
  PREVRANDAO: envWord('PREVRANDAO'),
  GASLIMIT: envWord('GASLIMIT'),
  CHAINID: envWord('CHAINID'),
  SELFBALANCE: host('SELFBALANCE'),
  BASEFEE: envWord('BASEFEE'),
  BLOBHASH: host('BLOBHASH'),
  BLOBBASEFEE: envWord('BLOBBASEFEE'),
  POP: (l) => {
    l.pop();
  },
  MLOAD: (l) => l.push(l.emit('load_be', 'i256', [l.pop()], REGION.memory, 'i256')),
  MSTORE: (l) => {
    const offset = l.pop();
    l.emitVoid('store_be', 'i256', [offset, l.pop()], REGION.memory);
  },
  MSTORE8: (l) => {
    const offset = l.pop();
    l.emitVoid('store8', 'i256', [offset, l.pop()], REGION.memory);
  },
  SLOAD: cellLoad(SPACE_SLOT),
  SSTORE: cellStore(SPACE_SLOT),
  JUMP: jump,
  JUMPI: jumpIf,
  PC: (l) => l.push(l.constant(BigInt(l.pc))),
  MSIZE: (l) => l.push(l.emit('mem_size', 'i256', [], REGION.memory, 'i256')),
  GAS: (l) => {
    l.splitCharge();
    l.push(l.emit('gas_left', 'i256', [], 0, 'i256'));
  },
  JUMPDEST: nothing,
  TLOAD: cellLoad(SPACE_TRANSIENT),
  TSTORE: cellStore(SPACE_TRANSIENT),
  MCOPY: copyFrom(REGION.memory),
  PUSH0: push0,
  LOG0: log(0),
  LOG1: log(1),
  LOG2: log(2),
  LOG3: log(3),
  LOG4: log(4),
  CREATE: host('CREATE'),
  CALL: host('CALL'),
  CALLCODE: host('CALLCODE'),
  RETURN: finish('finish'),
  DELEGATECALL: host('DELEGATECALL'),
  CREATE2: host('CREATE2'),
  STATICCALL: host('STATICCALL'),
  REVERT: finish('revert'),
  INVALID: (l) => l.end('trap', [], TRAP_INVALID),
  SELFDESTRUCT: host('SELFDESTRUCT'),
} as const satisfies Partial<Record<OpName, Lowering>>;

/** Opcodes that the lowerer takes by byte. */
type ByByte = Extract<OpName, `PUSH${number}` | `DUP${number}` | `SWAP${number}`>;

export const LOWERINGS: Readonly<Record<Exclude<OpName, Exclude<ByByte, 'PUSH0'>>, Lowering>> &
  Partial<Record<OpName, Lowering>> = BASE;
