/**
 * How each opcode becomes dMIR. A forgotten opcode does not compile.
 *
 * PUSH1…PUSH32, DUP and SWAP move no data: the lowerer keeps track of items and takes them by byte.
 */
import { OP_NUMBER, TYPE_NUMBER } from '../../dmir/flat.ts';
import type { Operand } from '../../dmir/ir.ts';
import { type OpName as DmirOp, TRAP_KINDS } from '../../dmir/ops.ts';
import {
  BLOCK_BAD_JUMP,
  BLOCK_DROP,
  BLOCK_DYNAMIC,
  ENV_WORD,
  type EnvWord,
  type EvmHostName,
  FRAME_WORD,
  type FrameWord,
  HOST,
  HOST_OPERANDS,
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

const I1 = TYPE_NUMBER.i1;
const I256 = TYPE_NUMBER.i256;

function unary(op: DmirOp): Lowering {
  const number = OP_NUMBER[op];
  return (l) => l.unary(number);
}

/** The EVM's operand order, the top item first, is that of the operation; `swap` exchanges it. */
function binary(op: DmirOp, swap = false): Lowering {
  const number = OP_NUMBER[op];
  return (l) => l.binary(number, swap);
}

function compare(op: DmirOp): Lowering {
  const number = OP_NUMBER[op];
  return (l) => l.compare(number);
}

/** Pushes a word that lies at a fixed place of a region. */
function word(region: number, index: number): Lowering {
  const offset = index * WORD_BYTES;
  return (l) => l.push(l.emit1(OP_NUMBER.load, l.number(offset), region));
}

const frameWord = (name: FrameWord): Lowering => word(REGION.frame, FRAME_WORD[name]);
const envWord = (name: EnvWord): Lowering => word(REGION.env, ENV_WORD[name]);

/** Puts in the place of the top item what the operation gives for it. */
function emitOne(op: DmirOp, imm: number): Lowering {
  const number = OP_NUMBER[op];
  return (l) => l.push(l.emit1(number, l.pop(), imm));
}

/** An operation without result over the items on top, the top one first. */
function emitVoid(op: DmirOp, count: number, imm: number): Lowering {
  const number = OP_NUMBER[op];
  return (l) => l.emitVoid(number, count, imm);
}

/** Leaves the machine; the first operand is the top item. */
function host(name: EvmHostName): Lowering {
  const number = HOST[name];
  const count = HOST_OPERANDS[number] as number;
  return (l) => l.suspend(number, count);
}

/** Copies into memory from a region: destination, source, length. */
function copyFrom(region: number): Lowering {
  return emitVoid('mem_copy', 3, (REGION.memory << 8) | region);
}

const copyCode = copyFrom(REGION.code);

function modular(op: 'addmod' | 'mulmod'): Lowering {
  const number = OP_NUMBER[op];
  return (l) => {
    const a = l.pop();
    const b = l.pop();
    l.push(l.emit3(number, a, b, l.pop()));
  };
}

const log = (topics: number): Lowering => emitVoid('log', topics + 2, REGION.memory);

function cellStore(space: number): Lowering {
  return (l) => {
    l.splitCharge();
    l.emitVoid(OP_NUMBER.cell_store, 2, space);
  };
}

/** Ends the frame with a range of its memory. */
function finish(op: 'finish' | 'revert'): Lowering {
  const number = OP_NUMBER[op];
  return (l) => l.end(number, 2, REGION.memory);
}

const ISZERO = OP_NUMBER.iszero;

const iszero: Lowering = (l) => {
  const a = l.pop();
  const condition = l.conditionOf(a);
  if (a < 0) l.push(l.number(l.numberOf(a) === 0 ? 1 : 0));
  else if (condition >= 0) l.push(l.widen(l.emit1(ISZERO, condition, 0, I1, I1)));
  else l.push(l.widen(l.emit1(ISZERO, a, 0, I256, I1)));
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
    const zeros = l.emit1(OP_NUMBER.clz, exponent);
    const bits = l.emit2(OP_NUMBER.sub, l.number(263), zeros);
    const bytes = l.emit2(OP_NUMBER.ushr_sat, bits, l.number(3));
    l.push(l.emit2(OP_NUMBER.mul, bytes, l.number(l.expByte)));
    l.emitVoid(OP_NUMBER.charge_dyn, 1, 0);
  }
  l.push(l.emit2(OP_NUMBER.pow, base, exponent));
};

/** Block id of a known destination, or that of the block which traps. */
function knownTarget(l: Lowerer, destination: Operand): number {
  const pc = l.numberOf(destination);
  return l.destinations.has(pc) ? pc : BLOCK_BAD_JUMP;
}

const jump: Lowering = (l) => {
  const destination = l.pop();
  if (destination >= 0) {
    l.dispatch(destination);
    return;
  }
  const target = knownTarget(l, destination);
  if (target === BLOCK_BAD_JUMP) l.jumpTo(target);
  else l.followTo(target);
};

const jumpIf: Lowering = (l) => {
  const destination = l.pop();
  const item = l.pop();
  const next = l.nextPc;
  if (item < 0) {
    if (l.numberOf(item) === 0) return;
    l.push(destination);
    jump(l);
    return;
  }
  const condition = l.conditionOf(item);
  const test = condition >= 0 ? condition : l.emit1(ISZERO, item, 0, I256, I1);
  let taken = BLOCK_DYNAMIC;
  let other = BLOCK_DROP + next;
  if (destination < 0) {
    taken = knownTarget(l, destination);
    other = next;
  } else {
    l.push(destination);
  }
  if (condition >= 0) l.branch(test, taken, other);
  else l.branch(test, other, taken);
};

const BASE = {
  STOP: (l) => l.end(OP_NUMBER.stop, 0, 0),
  ADD: binary('add'),
  MUL: binary('mul'),
  SUB: binary('sub'),
  DIV: binary('udiv_zero'),
  SDIV: binary('sdiv_zero'),
  MOD: binary('urem_zero'),
  SMOD: binary('srem_zero'),
  ADDMOD: modular('addmod'),
  MULMOD: modular('mulmod'),
  EXP: exp,
  SIGNEXTEND: binary('sext_byte'),
  LT: compare('ult'),
  GT: compare('ugt'),
  SLT: compare('slt'),
  SGT: compare('sgt'),
  EQ: compare('eq'),
  ISZERO: iszero,
  AND: binary('and'),
  OR: binary('or'),
  XOR: binary('xor'),
  NOT: unary('not'),
  BYTE: binary('byte_be'),
  SHL: binary('shl_sat', true),
  SHR: binary('ushr_sat', true),
  SAR: binary('sshr_sat', true),
  CLZ: unary('clz'),
  KECCAK256: (l) => {
    const offset = l.pop();
    l.push(l.emit2(OP_NUMBER.keccak256, offset, l.pop(), REGION.memory));
  },
  ADDRESS: frameWord('ADDRESS'),
  BALANCE: host('BALANCE'),
  ORIGIN: envWord('ORIGIN'),
  CALLER: frameWord('CALLER'),
  CALLVALUE: frameWord('CALLVALUE'),
  CALLDATALOAD: emitOne('load_be', REGION.calldata),
  CALLDATASIZE: frameWord('CALLDATASIZE'),
  CALLDATACOPY: copyFrom(REGION.calldata),
  CODESIZE: frameWord('CODESIZE'),
  CODECOPY: (l) => {
    l.readCode();
    copyCode(l);
  },
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
  MLOAD: emitOne('load_be', REGION.memory),
  MSTORE: emitVoid('store_be', 2, REGION.memory),
  MSTORE8: emitVoid('store8', 2, REGION.memory),
  SLOAD: emitOne('cell_load', SPACE_SLOT),
  SSTORE: cellStore(SPACE_SLOT),
  JUMP: jump,
  JUMPI: jumpIf,
  PC: (l) => l.push(l.number(l.pc)),
  MSIZE: (l) => l.push(l.emit0(OP_NUMBER.mem_size, REGION.memory)),
  GAS: (l) => {
    l.splitCharge();
    l.push(l.emit0(OP_NUMBER.gas_left, 0));
  },
  JUMPDEST: nothing,
  TLOAD: emitOne('cell_load', SPACE_TRANSIENT),
  TSTORE: cellStore(SPACE_TRANSIENT),
  MCOPY: copyFrom(REGION.memory),
  PUSH0: (l) => l.push(l.number(0)),
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
  INVALID: (l) => l.end(OP_NUMBER.trap, 0, TRAP_INVALID),
  SELFDESTRUCT: host('SELFDESTRUCT'),
} as const satisfies Partial<Record<OpName, Lowering>>;

/** Opcodes that the lowerer takes by byte. */
type ByByte = Extract<OpName, `PUSH${number}` | `DUP${number}` | `SWAP${number}`>;

export const LOWERINGS: Readonly<Record<Exclude<OpName, Exclude<ByByte, 'PUSH0'>>, Lowering>> &
  Partial<Record<OpName, Lowering>> = BASE;
