/**
 * Lowers EVM bytecode to dMIR, one block at a time, when the block is first reached.
 *
 * A block begins at any program counter and follows the code through jumps whose destination is
 * known: what a run executes in one go is one block, within a limit on its length. Stack items
 * become registers, so PUSH, DUP, SWAP and POP leave nothing behind; items that the block finds on
 * the stack are its parameters. Constants are folded, because compilers leave masks such as
 * `(1 << 160) - 1` as arithmetic.
 *
 * Gas that is known here is charged in segments that end before each operation which can observe
 * the counter.
 */
import { FlatBlock, NO_RESULT, OP_NUMBER, TYPE_NUMBER } from '../../dmir/flat.ts';
import { type Block, createFunc, type Func, type Operand, type RegId } from '../../dmir/ir.ts';
import { TRAP_KINDS } from '../../dmir/ops.ts';
import { BLOCK_BAD_JUMP, BLOCK_DROP, BLOCK_DYNAMIC } from './abi.ts';
import { JumpDestinations } from './decode.ts';
import { foldBinary, foldUnary } from './fold.ts';
import type { Fork, Overrides } from './forks.ts';
import { costsOf } from './gas.ts';
import { LOWERINGS } from './lowerings.ts';
import { type ForkOpcodes, OPCODES, opcodesOf } from './opcodes.ts';

const STACK_MAX = 1024;
const TRAP_BAD_JUMP = TRAP_KINDS.indexOf('bad-jump');
const TRAP_INVALID = TRAP_KINDS.indexOf('invalid-opcode');
const { charge: CHARGE, zext: ZEXT } = OP_NUMBER;
const { i1: I1, i64: I64, i256: I256 } = TYPE_NUMBER;

export interface LowerOptions {
  fork: Fork;
  overrides?: Overrides;
  /** EVM instructions of a block at most, 128 unless less; 1 gives a block for each. */
  lengthMax?: number;
  /** Told where each instruction begins that a block runs through, for tools. */
  onInstruction?: (pc: number) => void;
}

const LENGTH_MAX = 128;
/** Name of the function that a block is in. */
const NAME = 'evm';

/**
 * What the block that is being lowered is made of; one of each for all lowerers, since no two
 * blocks are lowered at once. Items stand by height relative to entry, at `STACK_MAX + height`.
 */
const FLAT = new FlatBlock();
const STACK = new Int32Array(STACK_MAX * 2 + 64);

/** Bytes of a constant, right-aligned; the rest of its words is zeros. */
const IMMEDIATE = new DataView(new ArrayBuffer(32));

/** Lowers the blocks of a contract. */
export class Lowerer {
  readonly code: Uint8Array;
  readonly destinations: JumpDestinations;
  readonly options: LowerOptions;
  readonly opcodes: ForkOpcodes;
  readonly expByte: number;
  readonly #lengthMax: number;
  readonly #onInstruction: LowerOptions['onInstruction'];

  /** Function of the block that `lower` gave last, whose registers start at 0. */
  func: Func = createFunc(NAME, true);
  /** EVM instructions of the block lowered last. */
  instructionCount = 0;
  /** Program counter of the instruction being lowered. */
  pc = 0;
  /** Set when the block has its terminator. */
  ended = false;

  #top = STACK_MAX;
  #bottom = STACK_MAX;
  #highest = STACK_MAX;
  /** Index of the charge of the current segment, or -1, and what it has to charge. */
  #charge = -1;
  #gas = 0;
  #next = -1;

  constructor(code: Uint8Array, options: LowerOptions) {
    this.code = code;
    this.options = options;
    this.destinations = new JumpDestinations(code);
    this.opcodes = opcodesOf(options.fork, options.overrides);
    this.expByte = Number(costsOf(options.fork, options.overrides).expByte);
    this.#lengthMax = Math.min(options.lengthMax ?? LENGTH_MAX, LENGTH_MAX);
    this.#onInstruction = options.onInstruction;
  }

  /** The block at a program counter or with a synthetic id; `func` is its function. */
  lower(id: number): Block {
    const { func, block } = this.flatten(id).toBlock(NAME);
    this.func = func;
    return block;
  }

  /** The same in columns, which the next block of any lowerer overwrites. */
  flatten(id: number): FlatBlock {
    FLAT.begin(id);
    this.#top = this.#bottom = this.#highest = STACK_MAX;
    this.#charge = -1;
    this.ended = false;
    this.instructionCount = 0;
    this.pc = id;
    if (id >= BLOCK_DYNAMIC) this.#lowerSynthetic(id);
    else this.#lowerCode(id);
    this.splitCharge();
    FLAT.grow = this.#highest - STACK_MAX;
    FLAT.sourceCount = this.instructionCount;
    return FLAT;
  }

  #lowerSynthetic(id: number): void {
    this.pc = -1;
    if (id === BLOCK_BAD_JUMP) this.end(OP_NUMBER.trap, 0, TRAP_BAD_JUMP);
    else if (id === BLOCK_DYNAMIC) this.dispatch(this.pop());
    else {
      this.pop();
      this.jumpTo(id - BLOCK_DROP);
    }
  }

  #lowerCode(start: number): void {
    const { code, opcodes } = this;
    const { valid, gas, immediate } = opcodes;
    let pc = start;
    while (!this.ended) {
      this.pc = pc;
      if (this.instructionCount >= this.#lengthMax) {
        this.jumpTo(pc);
        return;
      }
      this.instructionCount++;
      this.#onInstruction?.(pc);
      const byte = pc < code.length ? (code[pc] as number) : 0;
      if (valid[byte] === 0) {
        this.end(OP_NUMBER.trap, 0, TRAP_INVALID);
        return;
      }
      this.charge(gas[byte] as number);
      const length = immediate[byte] as number;
      this.#next = pc + 1 + length;
      if (length > 0) this.#push(pc + 1, length);
      else if (byte >= 0x80 && byte < 0x90) this.dup(byte - 0x7f);
      else if (byte >= 0x90 && byte < 0xa0) this.swap(byte - 0x8f);
      else LOWERINGS_BY_BYTE[byte]?.(this);
      pc = this.#next;
    }
  }

  /** Goes on lowering at the destination instead of ending the block. */
  followTo(pc: number): void {
    this.#next = pc;
  }

  /** Says that the block reads the code as data. */
  readCode(): void {
    FLAT.readsCode = true;
  }

  /** Whether the block that was lowered last does. */
  get readsCode(): boolean {
    return FLAT.readsCode;
  }

  get nextPc(): number {
    return this.#next;
  }

  // ---- the stack

  pop(): Operand {
    const at = --this.#top;
    if (at < this.#bottom) this.#materialize(at);
    return STACK[at] as Operand;
  }

  push(operand: Operand): void {
    STACK[this.#top++] = operand;
    if (this.#top > this.#highest) this.#highest = this.#top;
  }

  dup(depth: number): void {
    const at = this.#top - depth;
    if (at < this.#bottom) this.#materialize(at);
    this.push(STACK[at] as Operand);
  }

  swap(depth: number): void {
    const at = this.#top - 1 - depth;
    if (at < this.#bottom) this.#materialize(at);
    const top = STACK[this.#top - 1] as Operand;
    STACK[this.#top - 1] = STACK[at] as Operand;
    STACK[at] = top;
  }

  /** Makes parameters of the items down to a height that the block finds on the stack. */
  #materialize(at: number): void {
    while (this.#bottom > at) {
      STACK[--this.#bottom] = FLAT.param(I256);
    }
  }

  #push(at: number, length: number): void {
    const { code } = this;
    const end = Math.min(at + length, code.length);
    if (length <= 6) {
      let value = 0;
      for (let i = at; i < end; i++) value = value * 256 + (code[i] as number);
      for (let i = Math.max(at, end); i < at + length; i++) value *= 256;
      this.push(FLAT.addNumber(value));
      return;
    }
    const first = (32 - length) & -8;
    IMMEDIATE.setBigUint64(first, 0n);
    let to = 32 - length;
    for (let i = at; i < end; i++) IMMEDIATE.setUint8(to++, code[i] as number);
    while (to < 32) IMMEDIATE.setUint8(to++, 0);
    let value = IMMEDIATE.getBigUint64(first);
    for (let i = first + 8; i < 32; i += 8) value = (value << 64n) | IMMEDIATE.getBigUint64(i);
    this.push(FLAT.addConst(value));
  }

  // ---- constants and conditions

  constant(value: bigint): Operand {
    return FLAT.addConst(value);
  }

  number(value: number): Operand {
    return FLAT.addNumber(value);
  }

  constantOf(operand: Operand): bigint | undefined {
    return operand < 0 ? FLAT.constOf(operand) : undefined;
  }

  /** A constant below 2^31 as a number; -1 for any other operand. */
  numberOf(operand: Operand): number {
    return FLAT.numberOf(operand);
  }

  /** Widens a condition and remembers it for branches and negations. */
  widen(condition: RegId): RegId {
    const wide = this.emit1(ZEXT, condition);
    FLAT.conditions[wide] = condition;
    return wide;
  }

  /** The condition that the operand widens; negative if it widens none. */
  conditionOf(operand: Operand): number {
    return operand < 0 ? NO_RESULT : (FLAT.conditions[operand] as number);
  }

  // ---- operations, by number

  #result(at: number, type: number): RegId {
    const register = FLAT.register(type);
    FLAT.results[at] = register;
    return register;
  }

  emit0(op: number, imm: number): RegId {
    return this.#result(FLAT.add(op, I256, imm, this.pc), I256);
  }

  emit1(op: number, a: Operand, imm = 0, type = I256, result = I256): RegId {
    const at = FLAT.add(op, type, imm, this.pc);
    FLAT.arg(a);
    return this.#result(at, result);
  }

  emit2(op: number, a: Operand, b: Operand, imm = 0, result = I256): RegId {
    const at = FLAT.add(op, I256, imm, this.pc);
    FLAT.arg(a);
    FLAT.arg(b);
    return this.#result(at, result);
  }

  emit3(op: number, a: Operand, b: Operand, c: Operand): RegId {
    const at = FLAT.add(op, I256, 0, this.pc);
    FLAT.arg(a);
    FLAT.arg(b);
    FLAT.arg(c);
    return this.#result(at, I256);
  }

  /** An operation without result over the items on top, the top one first. */
  emitVoid(op: number, count: number, imm: number): void {
    FLAT.add(op, I256, imm, this.pc);
    for (let i = 0; i < count; i++) FLAT.arg(this.pop());
  }

  /** Adds to the charge of the current segment. */
  charge(gas: number): void {
    if (gas === 0) return;
    if (this.#charge < 0) {
      this.#charge = FLAT.add(CHARGE, I64, 0, this.pc);
      this.#gas = gas;
    } else {
      this.#gas += gas;
    }
  }

  /** What follows is charged apart: an operation here can observe the counter. */
  splitCharge(): void {
    if (this.#charge >= 0) FLAT.imms[this.#charge] = this.#gas;
    this.#charge = -1;
  }

  unary(op: number): void {
    const a = this.pop();
    const folded = a < 0 ? foldUnary(op, FLAT.constOf(a)) : undefined;
    this.push(folded === undefined ? this.emit1(op, a) : FLAT.addConst(folded));
  }

  /** `swap`: the first operand is not the top item but the one below. */
  binary(op: number, swap: boolean): void {
    const top = this.pop();
    const second = this.pop();
    const a = swap ? second : top;
    const b = swap ? top : second;
    this.push(this.#fold(op, a, b) ?? this.emit2(op, a, b));
  }

  compare(op: number): void {
    const a = this.pop();
    const b = this.pop();
    this.push(this.#fold(op, a, b) ?? this.widen(this.emit2(op, a, b, 0, I1)));
  }

  #fold(op: number, a: Operand, b: Operand): Operand | undefined {
    if (a >= 0 && b >= 0) return undefined;
    const folded = foldBinary(op, a, b, FLAT);
    if (folded === undefined) return undefined;
    if (folded === 'first') return a;
    if (folded === 'second') return b;
    return FLAT.addConst(folded);
  }

  // ---- ends

  /** Ends the frame over the items on top, the top one first. */
  end(op: number, count: number, imm: number): void {
    this.emitVoid(op, count, imm);
    this.ended = true;
  }

  /** Hands on what stands between the bottom that the block has seen and the top. */
  #finish(): void {
    for (let at = this.#bottom; at < this.#top; at++) FLAT.hand(STACK[at] as Operand);
    this.ended = true;
  }

  jumpTo(block: number): void {
    FLAT.add(OP_NUMBER.br, I256, 0, this.pc);
    FLAT.target(block);
    this.#finish();
  }

  dispatch(destination: Operand): void {
    FLAT.add(OP_NUMBER.dispatch, I256, 0, this.pc);
    FLAT.arg(destination);
    FLAT.target(0);
    this.#finish();
  }

  branch(condition: RegId, taken: number, other: number): void {
    FLAT.add(OP_NUMBER.br_if, I256, 0, this.pc);
    FLAT.arg(condition);
    FLAT.target(taken);
    FLAT.target(other);
    this.#finish();
  }

  /** Leaves for a host function over the items on top, the top one first. */
  suspend(host: number, count: number): void {
    this.emitVoid(OP_NUMBER.suspend, count, host);
    FLAT.target(this.#next);
    this.#finish();
  }
}

const LOWERINGS_BY_BYTE = OPCODES.map((row) =>
  row === undefined ? undefined : LOWERINGS[row.name],
);
