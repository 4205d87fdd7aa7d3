/**
 * A whole function as columns of numbers: what a frontend writes, what passes change in place, and
 * what the encoder reads when a run first enters the function. It is written over by the next one,
 * so that none of them makes objects; `toFunc` makes those of `ir.ts` for whoever keeps a function.
 * (`flat.ts` is the same for one block of an open function.)
 *
 * Operands, results, parameters and arguments of edges are ranges of one pool. Blocks are named by
 * their index, the first is the entry; a frontend may use their ids until it calls `settle`.
 */
import { NO_RESULT, OP_NUMBER, TYPE_NUMBER } from './flat.ts';
import { createFunc, type Func, type Inst, type Module, type Operand, type RegId } from './ir.ts';
import { OP_NAMES, OPS, type OpName } from './ops.ts';
import { TYPES, type Type } from './types.ts';
import { NO_BLOCK, RESULT_CLASSES } from './typing.ts';

const ROWS = 64;

/** Operations without a trap and without an effect, by number. */
export const IS_REMOVABLE = Uint8Array.from(OP_NAMES, (op) => {
  return OPS[op].effect === 'pure' && OPS[op].traps.length === 0 ? 1 : 0;
});

// Results that the table says: numbers of types, or one of these.
const CONTROLLING = -1;
const CALLEES = -2;
const RESULTS: readonly (readonly number[])[] = OP_NAMES.map((op) => {
  return RESULT_CLASSES[op].map((entry) => {
    if (entry === 'T') return CONTROLLING;
    return entry === '*' ? CALLEES : TYPE_NUMBER[entry as Type];
  });
});

type Column = Int32Array<ArrayBuffer>;

export class FlatFunc {
  name = '';
  open = false;
  params: readonly Type[] = [];
  results: readonly Type[] = [];

  registerCount = 0;
  registerTypes = new Uint8Array(ROWS);
  /** For the frontend: the condition that a register widens, or `NO_RESULT`. */
  conditions = new Int32Array(ROWS);
  constCount = 0;
  readonly consts: bigint[] = [];

  blockCount = 0;
  blockIds = new Float64Array(ROWS);
  /** As in `Block`. */
  grows = new Int32Array(ROWS);
  /** 1 for blocks that a pass took out. */
  removed = new Uint8Array(ROWS);
  /** Operations of a block; the last is the terminator. */
  firsts = new Int32Array(ROWS);
  counts = new Int32Array(ROWS);
  paramsAt = new Int32Array(ROWS);
  paramCounts = new Int32Array(ROWS);
  edgesAt = new Int32Array(ROWS);
  edgeCounts = new Int32Array(ROWS);

  opCount = 0;
  ops = new Uint8Array(ROWS);
  types = new Uint8Array(ROWS);
  imms = new Float64Array(ROWS);
  /** Program counters in the source. */
  pcs = new Int32Array(ROWS);
  argsAt = new Int32Array(ROWS);
  argCounts = new Int32Array(ROWS);
  resultsAt = new Int32Array(ROWS);
  resultCounts = new Int32Array(ROWS);

  edgeCount = 0;
  /** Indices of blocks, `NO_BLOCK` where a dispatch chooses; or ids, see `settle`. */
  edgeBlocks = new Int32Array(ROWS);
  edgeArgsAt = new Int32Array(ROWS);
  edgeArgCounts = new Int32Array(ROWS);

  pool = new Int32Array(4 * ROWS);
  poolCount = 0;
  #indices = new Int32Array(ROWS);

  begin(name: string, open: boolean, params: readonly Type[], results: readonly Type[]): void {
    this.name = name;
    this.open = open;
    this.params = params;
    this.results = results;
    this.registerCount = 0;
    this.constCount = 0;
    this.blockCount = 0;
    this.opCount = 0;
    this.edgeCount = 0;
    this.poolCount = 0;
  }

  register(type: number): RegId {
    const register = this.registerCount;
    if (register === this.registerTypes.length) {
      this.registerTypes = doubled(this.registerTypes);
      this.conditions = doubled(this.conditions);
    }
    this.registerTypes[register] = type;
    this.conditions[register] = NO_RESULT;
    this.registerCount = register + 1;
    return register;
  }

  constant(value: bigint): Operand {
    const at = this.constCount++;
    this.consts[at] = value;
    return ~at;
  }

  /** Begins a block, to which `param` adds parameters and `add` operations; gives its index. */
  block(id: number, grow = 0): number {
    const index = this.blockCount;
    if (index === this.firsts.length) this.#enlargeBlocks();
    this.blockCount = index + 1;
    this.blockIds[index] = id;
    this.grows[index] = grow;
    this.removed[index] = 0;
    this.firsts[index] = this.opCount;
    this.counts[index] = 0;
    this.paramsAt[index] = this.poolCount;
    this.paramCounts[index] = 0;
    this.edgesAt[index] = this.edgeCount;
    this.edgeCounts[index] = 0;
    return index;
  }

  /** Makes the register a parameter of the block that was begun last. */
  param(register: RegId): void {
    const block = this.blockCount - 1;
    this.put(register);
    this.paramCounts[block] = (this.paramCounts[block] as number) + 1;
  }

  /** Begins an operation of the block, to which `arg` adds operands; gives its index. */
  add(op: number, type: number, imm: number, pc: number): number {
    const at = this.opCount;
    if (at === this.ops.length) this.#enlargeOps();
    this.opCount = at + 1;
    this.ops[at] = op;
    this.types[at] = type;
    this.imms[at] = imm;
    this.pcs[at] = pc;
    this.argsAt[at] = this.poolCount;
    this.argCounts[at] = 0;
    this.resultCounts[at] = 0;
    const block = this.blockCount - 1;
    this.counts[block] = (this.counts[block] as number) + 1;
    return at;
  }

  /** Adds an operand to the operation that was begun last; all come before its results. */
  arg(operand: Operand): void {
    const at = this.opCount - 1;
    this.put(operand);
    this.argCounts[at] = (this.argCounts[at] as number) + 1;
  }

  /** Adds a result to it. */
  result(register: RegId): void {
    const at = this.opCount - 1;
    const count = this.resultCounts[at] as number;
    if (count === 0) this.resultsAt[at] = this.poolCount;
    this.put(register);
    this.resultCounts[at] = count + 1;
  }

  /** Adds the results that the table says, as new registers; the first, or -1 without one. */
  giveResults({ funcs }: Module): RegId {
    const at = this.opCount - 1;
    const first = this.registerCount;
    const classes = RESULTS[this.ops[at] as number] as readonly number[];
    for (let i = 0; i < classes.length; i++) {
      const entry = classes[i] as number;
      if (entry !== CALLEES) {
        this.result(this.register(entry === CONTROLLING ? (this.types[at] as number) : entry));
        continue;
      }
      const { results } = funcs[this.imms[at] as number] as Func;
      for (const type of results) this.result(this.register(TYPE_NUMBER[type]));
    }
    return this.registerCount > first ? first : -1;
  }

  /** Begins an edge of the terminator, to which `edgeArg` adds arguments. */
  edge(block: number): void {
    const at = this.edgeCount;
    if (at === this.edgeBlocks.length) {
      this.edgeBlocks = doubled(this.edgeBlocks);
      this.edgeArgsAt = doubled(this.edgeArgsAt);
      this.edgeArgCounts = doubled(this.edgeArgCounts);
    }
    this.edgeCount = at + 1;
    this.edgeBlocks[at] = block;
    this.edgeArgsAt[at] = this.poolCount;
    this.edgeArgCounts[at] = 0;
    const last = this.blockCount - 1;
    this.edgeCounts[last] = (this.edgeCounts[last] as number) + 1;
  }

  edgeArg(operand: Operand): void {
    const at = this.edgeCount - 1;
    this.put(operand);
    this.edgeArgCounts[at] = (this.edgeArgCounts[at] as number) + 1;
  }

  /** Has the edges name blocks by their index; all ids are below the count. */
  settle(idCount: number): void {
    this.#indices = roomFor(this.#indices, idCount);
    const indices = this.#indices;
    for (let b = 0; b < this.blockCount; b++) indices[this.blockIds[b] as number] = b;
    const { edgeBlocks } = this;
    for (let e = 0; e < this.edgeCount; e++) {
      edgeBlocks[e] = indices[edgeBlocks[e] as number] as number;
    }
  }

  /** Adds to the pool. */
  put(value: Operand): void {
    const at = this.poolCount;
    if (at === this.pool.length) this.pool = doubled(this.pool);
    this.pool[at] = value;
    this.poolCount = at + 1;
  }

  constOf(operand: Operand): bigint {
    return this.consts[~operand] as bigint;
  }

  /** Index of the terminator of a block. */
  last(block: number): number {
    return (this.firsts[block] as number) + (this.counts[block] as number) - 1;
  }

  #enlargeBlocks(): void {
    this.blockIds = doubled(this.blockIds);
    this.grows = doubled(this.grows);
    this.removed = doubled(this.removed);
    this.firsts = doubled(this.firsts);
    this.counts = doubled(this.counts);
    this.paramsAt = doubled(this.paramsAt);
    this.paramCounts = doubled(this.paramCounts);
    this.edgesAt = doubled(this.edgesAt);
    this.edgeCounts = doubled(this.edgeCounts);
  }

  #enlargeOps(): void {
    this.ops = doubled(this.ops);
    this.types = doubled(this.types);
    this.imms = doubled(this.imms);
    this.pcs = doubled(this.pcs);
    this.argsAt = doubled(this.argsAt);
    this.argCounts = doubled(this.argCounts);
    this.resultsAt = doubled(this.resultsAt);
    this.resultCounts = doubled(this.resultCounts);
  }

  /** Copies the row of an operation to another index. */
  moveOp(from: number, to: number): void {
    this.ops[to] = this.ops[from] as number;
    this.types[to] = this.types[from] as number;
    this.imms[to] = this.imms[from] as number;
    this.pcs[to] = this.pcs[from] as number;
    this.argsAt[to] = this.argsAt[from] as number;
    this.argCounts[to] = this.argCounts[from] as number;
    this.resultsAt[to] = this.resultsAt[from] as number;
    this.resultCounts[to] = this.resultCounts[from] as number;
  }

  /** The function as objects of its own. */
  toFunc(): Func {
    const func = createFunc(this.name, this.open);
    func.params = [...this.params];
    func.results = [...this.results];
    for (let r = 0; r < this.registerCount; r++) func.types.push(typeAt(this.registerTypes, r));
    func.consts = this.consts.slice(0, this.constCount);
    for (let b = 0; b < this.blockCount; b++) {
      if (this.removed[b] === 1) continue;
      const id = this.blockIds[b] as number;
      const params = this.#list(this.paramsAt, this.paramCounts, b);
      const first = this.firsts[b] as number;
      const insts = Array.from({ length: this.counts[b] as number }, (_, i) => {
        return this.#inst(first + i);
      });
      const { targets } = insts[insts.length - 1] as Inst;
      for (let e = 0; e < (this.edgeCounts[b] as number); e++) {
        const edge = (this.edgesAt[b] as number) + e;
        const block = this.edgeBlocks[edge] as number;
        const args = this.#list(this.edgeArgsAt, this.edgeArgCounts, edge);
        targets.push({ block: block < 0 ? block : (this.blockIds[block] as number), args });
      }
      func.blocks.set(id, { id, params, insts, grow: this.grows[b] as number });
    }
    return func;
  }

  #list(ats: Column, counts: Column, index: number): number[] {
    const at = ats[index] as number;
    return [...this.pool.subarray(at, at + (counts[index] as number))];
  }

  #inst(index: number): Inst {
    return {
      op: OP_NAMES[this.ops[index] as number] as OpName,
      type: typeAt(this.types, index),
      args: this.#list(this.argsAt, this.argCounts, index),
      results: this.#list(this.resultsAt, this.resultCounts, index),
      imm: this.imms[index] as number,
      targets: [],
      pc: this.pcs[index] as number,
    };
  }
}

/** Writes a function as columns. */
export function flattenFunc(func: Func, into = new FlatFunc()): FlatFunc {
  into.begin(func.name, func.open, func.params, func.results);
  for (const type of func.types) into.register(TYPE_NUMBER[type]);
  for (const value of func.consts) into.constant(value);
  const indices = new Map([...func.blocks.keys()].map((id, index) => [id, index]));
  for (const { id, grow, params, insts } of func.blocks.values()) {
    into.block(id, grow);
    for (const param of params) into.param(param);
    for (const { op, type, imm, pc, args, results, targets } of insts) {
      into.add(OP_NUMBER[op], TYPE_NUMBER[type], imm, pc);
      for (const operand of args) into.arg(operand);
      for (const register of results) into.result(register);
      for (const target of targets) {
        into.edge(indices.get(target.block) ?? NO_BLOCK);
        for (const operand of target.args) into.edgeArg(operand);
      }
    }
  }
  return into;
}

/** Blocks in the order in which runs from the entry may first reach them. */
export class BlockOrder {
  count = 0;
  /** Indices of the blocks that the entry reaches, in reverse postorder. */
  blocks = new Int32Array(ROWS);
  #stack = new Int32Array(ROWS);
  #next = new Int32Array(ROWS);
  #seen = new Uint8Array(ROWS);

  find({ blockCount, edgesAt, edgeCounts, edgeBlocks }: FlatFunc): void {
    this.#enlarge(blockCount);
    const [blocks, stack, next, seen] = [this.blocks, this.#stack, this.#next, this.#seen];
    seen.fill(0, 0, blockCount);
    let top = 0;
    let free = blockCount;
    stack[0] = 0;
    next[0] = 0;
    seen[0] = 1;
    while (top >= 0) {
      const block = stack[top] as number;
      const edge = next[top] as number;
      if (edge === edgeCounts[block]) {
        blocks[--free] = block;
        top--;
        continue;
      }
      next[top] = edge + 1;
      const target = edgeBlocks[(edgesAt[block] as number) + edge] as number;
      if (target < 0 || seen[target] === 1) continue;
      seen[target] = 1;
      stack[++top] = target;
      next[top] = 0;
    }
    this.count = blockCount - free;
    blocks.copyWithin(0, free, blockCount);
  }

  isReached(block: number): boolean {
    return this.#seen[block] === 1;
  }

  #enlarge(size: number): void {
    if (size <= this.blocks.length) return;
    this.blocks = new Int32Array(2 * size);
    this.#stack = new Int32Array(2 * size);
    this.#next = new Int32Array(2 * size);
    this.#seen = new Uint8Array(2 * size);
  }
}

function typeAt(types: Uint8Array, index: number): Type {
  return TYPES[types[index] as number] as Type;
}

type Numbers = Uint8Array<ArrayBuffer> | Int32Array<ArrayBuffer> | Float64Array<ArrayBuffer>;

function doubled<T extends Numbers>(numbers: T): T {
  const larger = new (numbers.constructor as new (length: number) => T)(numbers.length * 2);
  larger.set(numbers);
  return larger;
}

/** The column, or a larger one, for as many numbers; what it holds is arbitrary. */
export function roomFor(column: Column, size: number): Column {
  return size <= column.length ? column : new Int32Array(2 * size);
}
