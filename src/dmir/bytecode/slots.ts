/**
 * Gives every register of a function its slot in the window: a linear scan over the lives that
 * `flat-analysis.ts` found, in order of their starts. A slot has 8 or 32 bytes and is used again
 * when its register has died. An argument of a branch takes the slot of the parameter that it is
 * handed to, where that is free, so that loops move nothing.
 */
import { OP_NUMBER, TYPE_NUMBER } from '../flat.ts';
import { type FlatFunc, roomFor } from '../flat-func.ts';
import type { HostDecl, Module, Operand, RegId } from '../ir.ts';
import { TYPES, type Type } from '../types.ts';
import type { FlatAnalysis } from './flat-analysis.ts';
import { bytesOf } from './frame-layout.ts';
import { OutgoingFinder } from './outgoing.ts';
import { IS_WIDE } from './site.ts';

const { suspend: SUSPEND } = OP_NUMBER;
const { i1: I1 } = TYPE_NUMBER;
const WIDE = 32;
const NONE = -1;
/** Most slots that a window has. */
export const WINDOW_SLOTS = 1024;

const BYTES = Uint8Array.from(TYPES, bytesOf);

export interface Slots {
  /** Byte offset of each register from the window pointer. */
  readonly offsets: Int32Array;
  /** Bytes of the slot of each register. */
  readonly sizes: Uint8Array;
  /** First byte behind all registers; calls hand over from here on. */
  readonly top: number;
  /** First byte behind the values that live where calls hand over. */
  readonly temps: number;
}

/**
 * Slots above the window's height at entry that a block of an open function leaves there, as
 * `blockGrowth` says.
 */
function growthOf({ hosts }: Module, func: FlatFunc, block: number): number {
  const last = func.last(block);
  const isHost = func.ops[last] === SUSPEND;
  const host = isHost ? (hosts[func.imms[last] as number] as HostDecl) : undefined;
  const added = Math.max(host?.params.length ?? 0, host?.results.length ?? 0);
  const first = func.edgesAt[block] as number;
  let growth = 0;
  for (let edge = first; edge < first + (func.edgeCounts[block] as number); edge++) {
    const count = (func.edgeArgCounts[edge] as number) + added;
    growth = Math.max(growth, count - (func.paramCounts[block] as number));
  }
  return growth;
}

/** Assigns slots to one function after the other: its columns are those of the last. */
export class SlotAssigner implements Slots {
  offsets = new Int32Array(0);
  sizes = new Uint8Array(0);
  top = 0;
  temps = 0;
  readonly #outgoing = new OutgoingFinder();
  #func!: FlatFunc;
  #analysis!: FlatAnalysis;

  // By register
  #isPlaced = new Int32Array(0);
  /** 1 where the slot serves nothing else. */
  #isFixed = new Int32Array(0);
  /** Registers that one is handed to, and the reverse: a list, and its end. */
  #hintsAt = new Int32Array(0);
  #hintsEnd = new Int32Array(0);
  #byStart = new Int32Array(0);
  #byEnd = new Int32Array(0);

  /** Cells of the lists: a register and the next cell. */
  readonly #cells: number[] = [];
  #cellsEnd = 0;
  /** How many registers begin or end at a position or before it. */
  #counts = new Int32Array(0);
  readonly #free8: number[] = [];
  readonly #free32: number[] = [];

  run(module: Module, func: FlatFunc, analysis: FlatAnalysis): void {
    this.#func = func;
    this.#analysis = analysis;
    const count = func.registerCount;
    this.#isPlaced = roomFor(this.#isPlaced, count).fill(0, 0, count);
    this.#isFixed = roomFor(this.#isFixed, count).fill(0, 0, count);
    this.offsets = roomFor(this.offsets, count).fill(0, 0, count);
    this.#findSizes();
    this.top = 0;
    if (func.open) this.#fixWindow(module);
    else this.#fixParams();
    this.#outgoing.run(module, func, analysis, this.sizes);
    const { values, count: outgoing } = this.#outgoing;
    for (let i = 0; i < outgoing; i++) this.#fix(values[i] as RegId, 0, 1);
    this.#findHints();
    this.#scan();
    for (let i = 0; i < outgoing; i++) {
      const value = values[i] as RegId;
      this.offsets[value] = this.top + (this.#outgoing.offsets[value] as number);
    }
    this.temps = this.top + this.#outgoing.bytes;
  }

  /** An `i1` that a wide operation gives is written like a word. */
  #findSizes(): void {
    const { registerCount, registerTypes, firsts, types, pool } = this.#func;
    const { resultsAt, resultCounts } = this.#func;
    if (this.sizes.length < registerCount) this.sizes = new Uint8Array(2 * registerCount);
    const { sizes } = this;
    for (let r = 0; r < registerCount; r++) sizes[r] = BYTES[registerTypes[r] as number] as number;
    const { blocks, count } = this.#analysis.order;
    for (let i = 0; i < count; i++) {
      const block = blocks[i] as number;
      const last = this.#func.last(block);
      for (let at = firsts[block] as number; at <= last; at++) {
        if (IS_WIDE[types[at] as number] !== 1) continue;
        const end = (resultsAt[at] as number) + (resultCounts[at] as number);
        for (let r = resultsAt[at] as number; r < end; r++) {
          const result = pool[r] as RegId;
          if (registerTypes[result] === I1) sizes[result] = WIDE;
        }
      }
    }
  }

  #fix(register: RegId, offset: number, isFixed: number): void {
    this.offsets[register] = offset;
    this.#isPlaced[register] = 1;
    this.#isFixed[register] = isFixed;
  }

  /** The entry block's parameters are the function's, where the caller put them. */
  #fixParams(): void {
    const { params, paramsAt, pool } = this.#func;
    let top = 0;
    for (let i = 0; i < params.length; i++) {
      this.#fix(pool[(paramsAt[0] as number) + i] as RegId, top, 0);
      top += bytesOf(params[i] as Type);
    }
    this.top = top;
  }

  /**
   * Parameters of open blocks are the top of the window; registers lie above all that blocks leave.
   */
  #fixWindow(module: Module): void {
    const { paramsAt, paramCounts, pool } = this.#func;
    const { blocks, count } = this.#analysis.order;
    for (let i = 0; i < count; i++) {
      const block = blocks[i] as number;
      const depth = paramCounts[block] as number;
      for (let p = 0; p < depth; p++) {
        this.#fix(pool[(paramsAt[block] as number) + p] as RegId, (p - depth) * WIDE, 1);
      }
      const growth = growthOf(module, this.#func, block);
      // A block that leaves more traps at its entry.
      if (growth <= WINDOW_SLOTS) this.top = Math.max(this.top, growth * WIDE);
    }
  }

  // ---- hints

  #addHint(register: RegId, other: RegId): void {
    const cell = this.#cellsEnd;
    this.#cells[cell] = other;
    this.#cells[cell + 1] = NONE;
    this.#cellsEnd = cell + 2;
    if (this.#hintsAt[register] === NONE) this.#hintsAt[register] = cell;
    else this.#cells[(this.#hintsEnd[register] as number) + 1] = cell;
    this.#hintsEnd[register] = cell;
  }

  #findHints(): void {
    const { registerCount, edgesAt, edgeCounts, edgeBlocks, pool } = this.#func;
    const { edgeArgsAt, edgeArgCounts, paramsAt, paramCounts } = this.#func;
    this.#hintsAt = roomFor(this.#hintsAt, registerCount).fill(NONE, 0, registerCount);
    this.#hintsEnd = roomFor(this.#hintsEnd, registerCount);
    this.#cellsEnd = 0;
    if (this.#func.open) return;
    const { blocks, count } = this.#analysis.order;
    for (let i = 0; i < count; i++) {
      const block = blocks[i] as number;
      const end = (edgesAt[block] as number) + (edgeCounts[block] as number);
      for (let edge = edgesAt[block] as number; edge < end; edge++) {
        const target = edgeBlocks[edge] as number;
        const size = Math.min(edgeArgCounts[edge] as number, paramCounts[target] as number);
        for (let k = 0; k < size; k++) {
          const operand = pool[(edgeArgsAt[edge] as number) + k] as Operand;
          const value = this.#analysis.resolve(operand);
          if (value < 0) continue;
          const param = pool[(paramsAt[target] as number) + k] as RegId;
          this.#addHint(value, param);
          this.#addHint(param, value);
        }
      }
    }
  }

  // ---- scan

  /** Registers that live, in the order of the positions. */
  #sort(positions: Int32Array, into: Int32Array): number {
    const { registerCount } = this.#func;
    const { starts, positionEnd } = this.#analysis;
    this.#counts = roomFor(this.#counts, positionEnd + 2).fill(0, 0, positionEnd + 2);
    const counts = this.#counts;
    let living = 0;
    for (let r = 0; r < registerCount; r++) {
      if (starts[r] === NONE) continue;
      living++;
      const at = (positions[r] as number) + 1;
      counts[at] = (counts[at] as number) + 1;
    }
    for (let at = 1; at <= positionEnd; at++) {
      counts[at] = (counts[at] as number) + (counts[at - 1] as number);
    }
    for (let r = 0; r < registerCount; r++) {
      if (starts[r] === NONE) continue;
      const at = positions[r] as number;
      const place = counts[at] as number;
      counts[at] = place + 1;
      into[place] = r;
    }
    return living;
  }

  #scan(): void {
    const { starts, ends } = this.#analysis;
    const { registerCount } = this.#func;
    this.#byStart = roomFor(this.#byStart, registerCount);
    this.#byEnd = roomFor(this.#byEnd, registerCount);
    const [byStart, byEnd] = [this.#byStart, this.#byEnd];
    this.#sort(ends, byEnd);
    const count = this.#sort(starts, byStart);
    this.#free8.length = 0;
    this.#free32.length = 0;
    let expired = 0;
    for (let i = 0; i < count; i++) {
      const register = byStart[i] as RegId;
      const start = starts[register] as number;
      for (; expired < count; expired++) {
        const old = byEnd[expired] as RegId;
        if ((ends[old] as number) >= start) break;
        if (this.#isFixed[old] === 1) continue;
        this.#freeOf(old).push(this.offsets[old] as number);
      }
      if (this.#isPlaced[register] !== 1) this.#take(register);
    }
  }

  #freeOf(register: RegId): number[] {
    return this.sizes[register] === WIDE ? this.#free32 : this.#free8;
  }

  #take(register: RegId): void {
    this.#isPlaced[register] = 1;
    const free = this.#freeOf(register);
    const wanted = this.#wanted(register, free);
    if (wanted !== NONE) {
      this.offsets[register] = free[wanted] as number;
      free.splice(wanted, 1);
    } else if (free.length > 0) {
      this.offsets[register] = free.pop() as number;
    } else {
      this.offsets[register] = this.top;
      this.top += this.sizes[register] as number;
    }
  }

  /** Where among the free slots one is of a register that this one is handed to or from, or -1. */
  #wanted(register: RegId, free: readonly number[]): number {
    const cells = this.#cells;
    for (let cell = this.#hintsAt[register] as number; cell !== NONE; ) {
      const other = cells[cell] as RegId;
      cell = cells[cell + 1] as number;
      if (this.#isPlaced[other] !== 1 || this.#outgoing.offsets[other] !== NONE) continue;
      if (this.sizes[other] !== this.sizes[register]) continue;
      const place = free.indexOf(this.offsets[other] as number);
      if (place >= 0) return place;
    }
    return NONE;
  }
}
