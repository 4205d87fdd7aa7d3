/**
 * Prunes closed functions. It removes
 *
 *  - blocks that no path reaches,
 *  - parameters of blocks that are redundant: every edge hands over the same value, or the
 *    parameter itself,
 *  - parameters that are unused: nothing but other such parameters reads them,
 *  - operations without a trap and an effect whose results nothing reads.
 *
 * Frontends may then pass whatever might differ, and the engines move what does.
 *
 * Source of the second rule: Braun et al., "Simple and Efficient Construction of Static Single
 * Assignment Form", 2013, section 3.1.
 */
import { evalPure } from '../eval.ts';
import { OP_NUMBER } from '../flat.ts';
import { BlockOrder, type FlatFunc, IS_REMOVABLE, roomFor } from '../flat-func.ts';
import type { Operand, RegId } from '../ir.ts';
import { OP_NAMES, type OpName } from '../ops.ts';
import { TYPES, type Type } from '../types.ts';
import { isConversion } from '../typing.ts';

const { copy: COPY, suspend: SUSPEND } = OP_NUMBER;
const IS_CONVERSION = OP_NAMES.map(isConversion);
const NONE = -1;
const NO_VALUE = 0x7fff_ffff;

/** Prunes a closed function in place; an open one stays as it is. */
export function prune(func: FlatFunc): void {
  if (!func.open) PRUNER.run(func);
}

class Pruner {
  #func!: FlatFunc;
  readonly #order = new BlockOrder();

  // By register
  /** What it stands for: itself, or the one value that a redundant parameter has. */
  #values = new Int32Array(0);
  /** 1 for parameters that are not the function's own, nor results of a host. */
  #isParam = new Int32Array(0);
  #isUsed = new Int32Array(0);
  #definitions = new Int32Array(0);
  /** What the edges to its block hand over in the place of a parameter: a list. */
  #sourcesAt = new Int32Array(0);
  /** Parameters that are handed the register: a list, and its end. */
  #usersAt = new Int32Array(0);
  #usersEnd = new Int32Array(0);

  // Cells of the lists: what each holds, and the next one.
  #cells = new Int32Array(64);
  #nexts = new Int32Array(64);
  #cellCount = 0;
  /** Registers whose turn will come. */
  readonly #work: RegId[] = [];

  run(func: FlatFunc): void {
    this.#func = func;
    this.#order.find(func);
    for (let b = 0; b < func.blockCount; b++) {
      if (!this.#order.isReached(b)) func.removed[b] = 1;
    }
    this.#begin(func.registerCount);
    this.#collectParams();
    this.#findRedundant();
    this.#findUsed();
    this.#rewrite();
  }

  #begin(count: number): void {
    this.#values = roomFor(this.#values, count);
    this.#isParam = roomFor(this.#isParam, count).fill(0, 0, count);
    this.#isUsed = roomFor(this.#isUsed, count).fill(0, 0, count);
    this.#definitions = roomFor(this.#definitions, count).fill(NONE, 0, count);
    this.#sourcesAt = roomFor(this.#sourcesAt, count).fill(NONE, 0, count);
    this.#usersAt = roomFor(this.#usersAt, count).fill(NONE, 0, count);
    this.#usersEnd = roomFor(this.#usersEnd, count);
    for (let r = 0; r < count; r++) this.#values[r] = r;
    this.#cellCount = 0;
    this.#work.length = 0;
  }

  #cell(value: number, next: number): number {
    const at = this.#cellCount++;
    if (at === this.#cells.length) {
      const [cells, nexts] = [this.#cells, this.#nexts];
      this.#cells = new Int32Array(2 * at);
      this.#nexts = new Int32Array(2 * at);
      this.#cells.set(cells);
      this.#nexts.set(nexts);
    }
    this.#cells[at] = value;
    this.#nexts[at] = next;
    return at;
  }

  /** Notes that the parameter is handed the register. */
  #addUser(register: RegId, param: RegId): void {
    const cell = this.#cell(param, NONE);
    if (this.#usersAt[register] === NONE) this.#usersAt[register] = cell;
    else this.#nexts[this.#usersEnd[register] as number] = cell;
    this.#usersEnd[register] = cell;
  }

  /** What an operand stands for; the way there is made short for the next time. */
  #resolve(operand: Operand): Operand {
    const values = this.#values;
    let value = operand;
    while (value >= 0 && values[value] !== value) value = values[value] as Operand;
    for (let at = operand; at >= 0 && at !== value; ) {
      const next = values[at] as Operand;
      values[at] = value;
      at = next;
    }
    return value;
  }

  #collectParams(): void {
    const { blocks, count } = this.#order;
    const { paramsAt, paramCounts, pool, ops, edgesAt, edgeCounts, edgeBlocks } = this.#func;
    const { edgeArgsAt, edgeArgCounts } = this.#func;
    for (let i = 1; i < count; i++) this.#markParams(blocks[i] as number, 1);
    for (let i = 0; i < count; i++) {
      const block = blocks[i] as number;
      if (ops[this.#func.last(block)] !== SUSPEND) continue;
      this.#markParams(edgeBlocks[edgesAt[block] as number] as number, 0);
    }
    for (let i = 0; i < count; i++) {
      const block = blocks[i] as number;
      const end = (edgesAt[block] as number) + (edgeCounts[block] as number);
      for (let edge = edgesAt[block] as number; edge < end; edge++) {
        const target = edgeBlocks[edge] as number;
        const params = paramsAt[target] as number;
        const args = edgeArgsAt[edge] as number;
        const size = Math.min(edgeArgCounts[edge] as number, paramCounts[target] as number);
        for (let k = 0; k < size; k++) {
          const param = pool[params + k] as RegId;
          if (this.#isParam[param] !== 1) continue;
          const source = pool[args + k] as Operand;
          this.#sourcesAt[param] = this.#cell(source, this.#sourcesAt[param] as number);
        }
      }
    }
  }

  #markParams(block: number, mark: number): void {
    const { paramsAt, paramCounts, pool } = this.#func;
    const at = paramsAt[block] as number;
    const end = at + (paramCounts[block] as number);
    for (let i = at; i < end; i++) this.#isParam[pool[i] as RegId] = mark;
  }

  #findRedundant(): void {
    const work = this.#work;
    const { blockCount, removed, paramsAt, paramCounts, pool } = this.#func;
    for (let b = 0; b < blockCount; b++) {
      if (removed[b] === 1) continue;
      const end = (paramsAt[b] as number) + (paramCounts[b] as number);
      for (let i = paramsAt[b] as number; i < end; i++) {
        const param = pool[i] as RegId;
        if (this.#isParam[param] !== 1) continue;
        work.push(param);
        for (let cell = this.#sourcesAt[param] as number; cell !== NONE; ) {
          const source = this.#cells[cell] as Operand;
          cell = this.#nexts[cell] as number;
          if (source >= 0 && this.#isParam[source] === 1) this.#addUser(source, param);
        }
      }
    }
    for (let param = work.pop(); param !== undefined; param = work.pop()) {
      if (this.#values[param] !== param) continue;
      const only = this.#onlySource(param);
      if (only === NO_VALUE) continue;
      this.#values[param] = only;
      const isHanded = only >= 0 && this.#isParam[only] === 1;
      for (let cell = this.#usersAt[param] as number; cell !== NONE; ) {
        const user = this.#cells[cell] as RegId;
        cell = this.#nexts[cell] as number;
        work.push(user);
        // Who reads the register reads its value from now on.
        if (isHanded) this.#addUser(only, user);
      }
    }
  }

  /** The one value that the edges hand over besides the parameter, if there are no more. */
  #onlySource(param: RegId): Operand {
    let only: Operand = NO_VALUE;
    for (let cell = this.#sourcesAt[param] as number; cell !== NONE; ) {
      const value = this.#resolve(this.#cells[cell] as Operand);
      cell = this.#nexts[cell] as number;
      if (value === param || value === only) continue;
      if (only === NO_VALUE) only = value;
      else if (!this.#isSameConstant(value, only)) return NO_VALUE;
    }
    return only;
  }

  #isSameConstant(a: Operand, b: Operand): boolean {
    return a < 0 && b < 0 && this.#func.constOf(a) === this.#func.constOf(b);
  }

  #use(operand: Operand): void {
    const value = this.#resolve(operand);
    if (value < 0 || this.#isUsed[value] === 1) return;
    this.#isUsed[value] = 1;
    this.#work.push(value);
  }

  #useAll(at: number, count: number): void {
    const { pool } = this.#func;
    for (let i = at; i < at + count; i++) this.#use(pool[i] as Operand);
  }

  /** Marks registers that an operation reads, directly or by way of parameters. */
  #findUsed(): void {
    const { ops, argsAt, argCounts, resultsAt, resultCounts, pool } = this.#func;
    const { blocks, count } = this.#order;
    for (let i = 0; i < count; i++) {
      const block = blocks[i] as number;
      const last = this.#func.last(block);
      for (let at = this.#func.firsts[block] as number; at <= last; at++) {
        const end = (resultsAt[at] as number) + (resultCounts[at] as number);
        for (let r = resultsAt[at] as number; r < end; r++) {
          this.#definitions[pool[r] as RegId] = at;
        }
        if (IS_REMOVABLE[ops[at] as number] === 1) continue;
        this.#useAll(argsAt[at] as number, argCounts[at] as number);
      }
      this.#useEdges(block);
    }
    const work = this.#work;
    for (let register = work.pop(); register !== undefined; register = work.pop()) {
      for (let cell = this.#sourcesAt[register] as number; cell !== NONE; ) {
        this.#use(this.#cells[cell] as Operand);
        cell = this.#nexts[cell] as number;
      }
      const at = this.#definitions[register] as number;
      if (at !== NONE) this.#useAll(argsAt[at] as number, argCounts[at] as number);
    }
  }

  /** What edges hand to parameters that stay whatever happens. */
  #useEdges(block: number): void {
    const { edgesAt, edgeCounts, edgeBlocks, edgeArgsAt, edgeArgCounts } = this.#func;
    const { paramsAt, pool } = this.#func;
    const end = (edgesAt[block] as number) + (edgeCounts[block] as number);
    for (let edge = edgesAt[block] as number; edge < end; edge++) {
      const params = paramsAt[edgeBlocks[edge] as number] as number;
      const args = edgeArgsAt[edge] as number;
      for (let k = 0; k < (edgeArgCounts[edge] as number); k++) {
        if (this.#isParam[pool[params + k] as RegId] !== 1) this.#use(pool[args + k] as Operand);
      }
    }
  }

  #isKept(register: RegId): boolean {
    if (this.#isParam[register] !== 1) return true;
    return this.#values[register] === register && this.#isUsed[register] === 1;
  }

  #isRead(at: number): boolean {
    const { resultsAt, resultCounts, pool } = this.#func;
    const end = (resultsAt[at] as number) + (resultCounts[at] as number);
    for (let r = resultsAt[at] as number; r < end; r++) {
      if (this.#isUsed[pool[r] as RegId] === 1) return true;
    }
    return false;
  }

  #rewrite(): void {
    const func = this.#func;
    const { blocks, count } = this.#order;
    for (let i = 0; i < count; i++) {
      const block = blocks[i] as number;
      const first = func.firsts[block] as number;
      const last = func.last(block);
      let to = first;
      for (let at = first; at <= last; at++) {
        if (IS_REMOVABLE[func.ops[at] as number] === 1 && !this.#isRead(at)) continue;
        if (to !== at) func.moveOp(at, to);
        this.#resolveArgs(to++);
      }
      func.counts[block] = to - first;
      this.#rewriteEdges(block);
    }
    const { paramsAt, paramCounts, pool } = func;
    for (let i = 0; i < count; i++) {
      const block = blocks[i] as number;
      const at = paramsAt[block] as number;
      let kept = at;
      for (let p = at; p < at + (paramCounts[block] as number); p++) {
        const register = pool[p] as RegId;
        if (this.#isKept(register)) pool[kept++] = register;
      }
      paramCounts[block] = kept - at;
    }
  }

  /** A conversion takes no constant: one of a redundant parameter becomes what it gives. */
  #resolveArgs(at: number): void {
    const { pool, ops, types, registerTypes, argsAt, argCounts } = this.#func;
    const from = argsAt[at] as number;
    const before = pool[from] as Operand;
    const count = argCounts[at] as number;
    for (let i = from; i < from + count; i++) pool[i] = this.#resolve(pool[i] as Operand);
    const after = pool[from] as Operand;
    if (count === 0 || after >= 0 || IS_CONVERSION[ops[at] as number] !== true) return;
    const source = TYPES[registerTypes[before] as number] as Type;
    const type = TYPES[types[at] as number] as Type;
    const op = OP_NAMES[ops[at] as number] as OpName;
    const outcome = evalPure(op, type, [source], [this.#func.constOf(after)]);
    if (!('results' in outcome)) throw new Error(`BUG: ${op} of a constant trapped`);
    ops[at] = COPY;
    pool[from] = this.#func.constant(outcome.results[0] as bigint);
  }

  #rewriteEdges(block: number): void {
    const { edgesAt, edgeCounts, edgeBlocks, edgeArgsAt, edgeArgCounts } = this.#func;
    const { paramsAt, pool } = this.#func;
    const end = (edgesAt[block] as number) + (edgeCounts[block] as number);
    for (let edge = edgesAt[block] as number; edge < end; edge++) {
      const params = paramsAt[edgeBlocks[edge] as number] as number;
      const args = edgeArgsAt[edge] as number;
      let kept = args;
      for (let k = 0; k < (edgeArgCounts[edge] as number); k++) {
        // What comes from a host has no argument here.
        if (!this.#isKept(pool[params + k] as RegId)) continue;
        pool[kept++] = this.#resolve(pool[args + k] as Operand);
      }
      edgeArgCounts[edge] = kept - args;
    }
  }
}

/** Its columns serve one function after the other. */
const PRUNER = new Pruner();
