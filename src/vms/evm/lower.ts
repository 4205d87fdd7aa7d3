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
import {
  addConst,
  addReg,
  type Block,
  createFunc,
  type Func,
  type Inst,
  type Operand,
  type RegId,
} from '../../dmir/ir.ts';
import { type OpName as DmirOp, TRAP_KINDS } from '../../dmir/ops.ts';
import type { Type } from '../../dmir/types.ts';
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

export interface LowerOptions {
  fork: Fork;
  overrides?: Overrides;
  /** EVM instructions of a block at most; 1 gives a block for each. */
  lengthMax?: number;
}

const LENGTH_MAX = 128;

/** Shared by all instructions without results or targets; nobody changes them. */
const NO_ITEMS: RegId[] = [];
const NO_TARGETS: Inst['targets'] = [];

/** Lowers the blocks of a contract. The `Func` it fills is reused: take a block before the next. */
export class Lowerer {
  readonly code: Uint8Array;
  readonly destinations: JumpDestinations;
  readonly opcodes: ForkOpcodes;
  readonly expByte: number;
  readonly #lengthMax: number;

  readonly func: Func = createFunc('evm', true);
  readonly block: { -readonly [K in keyof Block]: Block[K] } = {
    id: 0,
    params: [],
    insts: [],
    grow: 0,
  };
  /** EVM instructions of the block lowered last. */
  instructionCount = 0;
  /** Program counter of the instruction being lowered. */
  pc = 0;
  /** Set when the block has its terminator. */
  ended = false;

  #insts: Inst[] = [];
  /** Items by height relative to entry, at `STACK_MAX + height`. */
  readonly #stack: Operand[] = new Array(STACK_MAX * 2 + 64).fill(0);
  #top = STACK_MAX;
  #bottom = STACK_MAX;
  #highest = STACK_MAX;
  #params: RegId[] = [];
  /** The condition behind a widened one, by register. */
  readonly #conditions = new Map<RegId, RegId>();
  #charge: Inst | undefined;
  #next = -1;

  constructor(code: Uint8Array, options: LowerOptions) {
    this.code = code;
    this.destinations = new JumpDestinations(code);
    this.opcodes = opcodesOf(options.fork, options.overrides);
    this.expByte = Number(costsOf(options.fork, options.overrides).expByte);
    this.#lengthMax = options.lengthMax ?? LENGTH_MAX;
  }

  /**
   * The block at a program counter or with a synthetic id, in `func`, whose registers start at 0.
   * Both objects are filled anew by the next call.
   */
  lower(id: number): Block {
    const { func, block } = this;
    func.types = [];
    func.consts = [];
    this.#insts = block.insts = [];
    this.#params = block.params = [];
    this.#conditions.clear();
    this.#top = this.#bottom = this.#highest = STACK_MAX;
    this.#charge = undefined;
    this.ended = false;
    this.instructionCount = 0;
    this.pc = id;
    block.id = id;
    if (id >= BLOCK_DYNAMIC) this.#lowerSynthetic(id);
    else this.#lowerCode(id);
    block.params.reverse();
    block.grow = this.#highest - STACK_MAX;
    return block;
  }

  #lowerSynthetic(id: number): void {
    this.pc = -1;
    if (id === BLOCK_BAD_JUMP) this.end('trap', [], TRAP_BAD_JUMP);
    else if (id === BLOCK_DYNAMIC) {
      const destination = this.pop();
      this.#finish('dispatch', [destination], 0, [0]);
    } else {
      this.pop();
      this.jumpTo(id - BLOCK_DROP);
    }
  }

  #lowerCode(start: number): void {
    const { code, opcodes } = this;
    let pc = start;
    while (!this.ended) {
      this.pc = pc;
      if (this.instructionCount >= this.#lengthMax) {
        this.jumpTo(pc);
        return;
      }
      this.instructionCount++;
      const byte = pc < code.length ? (code[pc] as number) : 0;
      if (opcodes.valid[byte] === 0) {
        this.end('trap', [], TRAP_INVALID);
        return;
      }
      this.charge(opcodes.gas[byte] as number);
      const length = opcodes.immediate[byte] as number;
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

  get nextPc(): number {
    return this.#next;
  }

  // ---- the stack

  pop(): Operand {
    const at = --this.#top;
    if (at < this.#bottom) this.#materialize(at);
    return this.#stack[at] as Operand;
  }

  push(operand: Operand): void {
    this.#stack[this.#top++] = operand;
    if (this.#top > this.#highest) this.#highest = this.#top;
  }

  dup(depth: number): void {
    const at = this.#top - depth;
    if (at < this.#bottom) this.#materialize(at);
    this.push(this.#stack[at] as Operand);
  }

  swap(depth: number): void {
    const at = this.#top - 1 - depth;
    if (at < this.#bottom) this.#materialize(at);
    const top = this.#stack[this.#top - 1] as Operand;
    this.#stack[this.#top - 1] = this.#stack[at] as Operand;
    this.#stack[at] = top;
  }

  /** Makes parameters of the items down to a height that the block finds on the stack. */
  #materialize(at: number): void {
    while (this.#bottom > at) {
      const register = addReg(this.func, 'i256');
      this.#params.push(register);
      this.#stack[--this.#bottom] = register;
    }
  }

  #push(at: number, length: number): void {
    const { code } = this;
    const available = Math.min(length, Math.max(0, code.length - at));
    let low = 0;
    if (length <= 4) {
      for (let i = 0; i < length; i++)
        low = low * 256 + (i < available ? (code[at + i] as number) : 0);
      this.push(addConst(this.func, BigInt(low)));
      return;
    }
    let text = '0x';
    for (let i = 0; i < length; i++) {
      text += HEX[i < available ? (code[at + i] as number) : 0];
    }
    this.push(addConst(this.func, BigInt(text)));
  }

  // ---- instructions

  constant(value: bigint): Operand {
    return addConst(this.func, value);
  }

  constantOf(operand: Operand): bigint | undefined {
    return operand < 0 ? this.func.consts[~operand] : undefined;
  }

  emit(op: DmirOp, type: Type, args: Operand[], imm: number, result: Type): RegId {
    const register = addReg(this.func, result);
    this.#insts.push({
      op,
      type,
      args,
      results: [register],
      imm,
      targets: NO_TARGETS,
      pc: this.pc,
    });
    return register;
  }

  emitVoid(op: DmirOp, type: Type, args: Operand[], imm: number): void {
    this.#insts.push({ op, type, args, results: NO_ITEMS, imm, targets: NO_TARGETS, pc: this.pc });
  }

  /** Adds to the charge of the current segment. */
  charge(gas: number): void {
    if (gas === 0) return;
    if (this.#charge === undefined) {
      this.emitVoid('charge', 'i64', [], gas);
      this.#charge = this.#insts[this.#insts.length - 1];
    } else this.#charge.imm += gas;
  }

  /** What follows is charged apart: an operation here can observe the counter. */
  splitCharge(): void {
    this.#charge = undefined;
  }

  unary(op: DmirOp): void {
    const a = this.pop();
    const known = this.constantOf(a);
    const folded = known === undefined ? undefined : foldUnary(op, known);
    if (folded !== undefined) this.push(this.constant(folded));
    else this.push(this.emit(op, 'i256', [a], 0, 'i256'));
  }

  /** The EVM's operand order, the top item first, is that of the operation; `swap` exchanges it. */
  binary(op: DmirOp, swap = false): void {
    const top = this.pop();
    const second = this.pop();
    const [a, b] = swap ? [second, top] : [top, second];
    const folded = this.#fold(op, a, b);
    this.push(folded ?? this.emit(op, 'i256', [a, b], 0, 'i256'));
  }

  compare(op: DmirOp): void {
    const a = this.pop();
    const b = this.pop();
    const folded = this.#fold(op, a, b);
    this.push(folded ?? this.widen(this.emit(op, 'i256', [a, b], 0, 'i1')));
  }

  #fold(op: DmirOp, a: Operand, b: Operand): Operand | undefined {
    const x = this.constantOf(a);
    const y = this.constantOf(b);
    const folded = foldBinary(op, x, y);
    if (folded === undefined) return undefined;
    if (folded === 'first') return a;
    if (folded === 'second') return b;
    return this.constant(folded);
  }

  /** Widens a condition and remembers it for branches and negations. */
  widen(condition: RegId): RegId {
    const wide = this.emit('zext', 'i256', [condition], 0, 'i256');
    this.#conditions.set(wide, condition);
    return wide;
  }

  conditionOf(operand: Operand): RegId | undefined {
    return operand < 0 ? undefined : this.#conditions.get(operand);
  }

  // ---- ends

  /** The items between the bottom that the block has seen and the top. */
  #window(): Operand[] {
    return this.#stack.slice(this.#bottom, this.#top);
  }

  end(op: DmirOp, args: Operand[], imm: number, type: Type = 'i256'): void {
    this.#insts.push({ op, type, args, results: NO_ITEMS, imm, targets: NO_TARGETS, pc: this.pc });
    this.ended = true;
  }

  #finish(op: DmirOp, args: Operand[], imm: number, blocks: number[]): void {
    const window = this.#window();
    const targets = blocks.map((block) => ({ block, args: window }));
    this.#insts.push({ op, type: 'i256', args, results: [], imm, targets, pc: this.pc });
    this.ended = true;
  }

  jumpTo(block: number): void {
    this.#finish('br', [], 0, [block]);
  }

  dispatch(destination: Operand): void {
    this.#finish('dispatch', [destination], 0, [0]);
  }

  branch(condition: Operand, taken: number, other: number): void {
    this.#finish('br_if', [condition], 0, [taken, other]);
  }

  suspend(host: number, args: Operand[]): void {
    this.#finish('suspend', args, host, [this.#next]);
  }
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

const LOWERINGS_BY_BYTE = OPCODES.map((row) =>
  row === undefined ? undefined : LOWERINGS[row.name],
);
