/**
 * One block of an open function as columns of numbers: what a frontend writes and the encoder reads
 * when a run first reaches the block. It is written over by the next block, so that lowering makes
 * no objects; `toBlock` makes those of `ir.ts` for whoever keeps or changes a block.
 *
 * An operand is a register (`>= 0`) or a constant of the block (`~index < 0`).
 */
import { type Block, createFunc, type Func, type Inst, type Operand, type RegId } from './ir.ts';
import { OP_NAMES, type OpName } from './ops.ts';
import { TYPES, type Type } from './types.ts';

/** Numbers of operations, by their order in the table. */
export const OP_NUMBER = Object.fromEntries(OP_NAMES.map((op, i) => [op, i])) as Readonly<
  Record<OpName, number>
>;

/** Numbers of types, by their order in the table. */
export const TYPE_NUMBER = Object.fromEntries(TYPES.map((type, i) => [type, i])) as Readonly<
  Record<Type, number>
>;

/** Stands for the register where an operation has no result. */
export const NO_RESULT = -1;

/** Constants below this are kept as numbers. */
const SMALL_LIMIT = 2 ** 31;
const SMALL_MAX = BigInt(SMALL_LIMIT - 1);
/** Stands for the number of a constant that is kept as a bigint. */
const NOT_SMALL = -1;

const ROWS = 256;

export class FlatBlock {
  id = 0;
  /** Instructions of the source that the block does. */
  sourceCount = 0;
  /** As in `Block`. */
  grow = 0;
  /** Whether it reads the bytes of the source as data. */
  readsCode = false;

  // Operations; the last is the terminator.
  count = 0;
  ops = new Uint8Array(ROWS);
  types = new Uint8Array(ROWS);
  imms = new Float64Array(ROWS);
  /** Program counters in the source. */
  pcs = new Int32Array(ROWS);
  /** Registers, or `NO_RESULT`. */
  results = new Int32Array(ROWS);
  /** Operation `i` has the operands from `argsAt[i]` on and before `argsAt[i + 1]`. */
  argsAt = new Int32Array(ROWS + 1);
  args = new Int32Array(ROWS);
  #argCount = 0;

  registerCount = 0;
  registerTypes = new Uint8Array(ROWS);
  /** For the frontend: the condition that a register widens, or `NO_RESULT`. */
  conditions = new Int32Array(ROWS);

  paramCount = 0;
  /** Registers of the parameters, the top of the window first. */
  params = new Int32Array(ROWS);

  // What the terminator hands to each of its targets, bottom first.
  targetCount = 0;
  readonly targets: [number, number] = [0, 0];
  windowCount = 0;
  window = new Int32Array(ROWS);

  #constCount = 0;
  #numbers = new Int32Array(ROWS);
  readonly #consts: (bigint | undefined)[] = new Array(ROWS).fill(undefined);

  begin(id: number): void {
    this.id = id;
    this.sourceCount = 0;
    this.grow = 0;
    this.readsCode = false;
    this.count = 0;
    this.#argCount = 0;
    this.registerCount = 0;
    this.paramCount = 0;
    this.targetCount = 0;
    this.windowCount = 0;
    this.#constCount = 0;
  }

  /** Begins an operation, to which `arg` adds operands; gives its index. */
  add(op: number, type: number, imm: number, pc: number): number {
    const at = this.count;
    if (at === this.ops.length) this.#enlarge();
    this.count = at + 1;
    this.ops[at] = op;
    this.types[at] = type;
    this.imms[at] = imm;
    this.pcs[at] = pc;
    this.results[at] = NO_RESULT;
    this.argsAt[at + 1] = this.#argCount;
    return at;
  }

  /** Adds an operand to the operation that was begun last. */
  arg(operand: Operand): void {
    const at = this.#argCount;
    if (at === this.args.length) this.args = enlarge(this.args);
    this.args[at] = operand;
    this.#argCount = at + 1;
    this.argsAt[this.count] = at + 1;
  }

  register(type: number): RegId {
    const register = this.registerCount;
    if (register === this.registerTypes.length) {
      const larger = new Uint8Array(register * 2);
      larger.set(this.registerTypes);
      this.registerTypes = larger;
      this.conditions = enlarge(this.conditions);
    }
    this.registerTypes[register] = type;
    this.conditions[register] = NO_RESULT;
    this.registerCount = register + 1;
    return register;
  }

  /** Makes a parameter of the item below those that are parameters already. */
  param(type: number): RegId {
    const register = this.register(type);
    if (this.paramCount === this.params.length) this.params = enlarge(this.params);
    this.params[this.paramCount++] = register;
    return register;
  }

  /** Adds a block to go on at, of two at most. */
  target(block: number): void {
    this.targets[this.targetCount++] = block;
  }

  /** Adds the next higher value that the targets find in the window. */
  hand(value: Operand): void {
    if (this.windowCount === this.window.length) this.window = enlarge(this.window);
    this.window[this.windowCount++] = value;
  }

  /** A constant that is an integer and not negative, below 2^53. */
  addNumber(value: number): Operand {
    return value < SMALL_LIMIT
      ? this.#addConst(value, undefined)
      : this.#addConst(NOT_SMALL, BigInt(value));
  }

  addConst(value: bigint): Operand {
    return this.#addConst(value <= SMALL_MAX ? Number(value) : NOT_SMALL, value);
  }

  #addConst(number: number, value: bigint | undefined): Operand {
    const at = this.#constCount;
    if (at === this.#numbers.length) this.#numbers = enlarge(this.#numbers);
    this.#numbers[at] = number;
    this.#consts[at] = value;
    this.#constCount = at + 1;
    return ~at;
  }

  /** The constant as a number if it is below 2^31, else -1; also for a register. */
  numberOf(operand: Operand): number {
    return operand < 0 ? (this.#numbers[~operand] as number) : NOT_SMALL;
  }

  constOf(operand: Operand): bigint {
    const at = ~operand;
    const known = this.#consts[at];
    if (known !== undefined) return known;
    const made = BigInt(this.#numbers[at] as number);
    this.#consts[at] = made;
    return made;
  }

  #enlarge(): void {
    const rows = this.ops.length * 2;
    const [ops, types, imms] = [this.ops, this.types, this.imms];
    this.ops = new Uint8Array(rows);
    this.ops.set(ops);
    this.types = new Uint8Array(rows);
    this.types.set(types);
    this.imms = new Float64Array(rows);
    this.imms.set(imms);
    this.pcs = enlarge(this.pcs);
    this.results = enlarge(this.results);
    const { argsAt } = this;
    this.argsAt = new Int32Array(rows + 1);
    this.argsAt.set(argsAt);
  }

  /** The block as objects of its own, in a function of the name. */
  toBlock(name: string): { func: Func; block: Block } {
    const func = createFunc(name, true);
    for (let i = 0; i < this.registerCount; i++) {
      func.types.push(TYPES[this.registerTypes[i] as number] as Type);
    }
    for (let i = 0; i < this.#constCount; i++) func.consts.push(this.constOf(~i));
    const params = [...this.params.subarray(0, this.paramCount)].reverse();
    const insts = Array.from({ length: this.count }, (_, i) => this.#inst(i));
    const args = [...this.window.subarray(0, this.windowCount)];
    const last = insts[this.count - 1];
    for (let i = 0; i < this.targetCount; i++) {
      last?.targets.push({ block: this.targets[i] as number, args });
    }
    return { func, block: { id: this.id, params, insts, grow: this.grow } };
  }

  #inst(index: number): Inst {
    const result = this.results[index] as number;
    return {
      op: OP_NAMES[this.ops[index] as number] as OpName,
      type: TYPES[this.types[index] as number] as Type,
      args: [...this.args.subarray(this.argsAt[index], this.argsAt[index + 1])],
      results: result === NO_RESULT ? [] : [result],
      imm: this.imms[index] as number,
      targets: [],
      pc: this.pcs[index] as number,
    };
  }
}

function enlarge(numbers: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(numbers.length * 2);
  larger.set(numbers);
  return larger;
}
