/**
 * Values that can live where a call hands values over, behind the registers of the function: an
 * argument that is computed there, and a result that stays there until it is read. Neither is
 * moved.
 *
 * Such a value is written and read last between two calls of one block, since a callee's registers
 * begin at the same place.
 */
import type { Block, Func, Inst, Module, Operand, RegId } from '../ir.ts';
import type { Type } from '../types.ts';
import type { Analysis } from './analysis.ts';
import { bytesOf, type Layout, layoutOf } from './frame-layout.ts';

export interface Outgoing {
  /** Byte offset of each such value from where the calls hand over. */
  readonly offsets: ReadonlyMap<RegId, number>;
  /** Bytes that they take there. */
  readonly bytes: number;
}

/** A value in its place, with the positions at which it is written and read last. */
interface Resident {
  readonly start: number;
  readonly end: number;
  readonly from: number;
  readonly to: number;
}

/** @param sizes - Bytes that are written for each register. */
export function findOutgoing(
  module: Module,
  func: Func,
  analysis: Analysis,
  sizes: Uint8Array,
): Outgoing {
  const finder = new Finder(func, analysis, sizes);
  let position = 0;
  for (const block of analysis.order) {
    finder.visit(module, block, position + 2);
    position += 2 * block.insts.length + 2;
  }
  return finder;
}

class Finder implements Outgoing {
  readonly offsets = new Map<RegId, number>();
  bytes = 0;
  readonly #func: Func;
  readonly #analysis: Analysis;
  readonly #sizes: Uint8Array;
  #residents: Resident[] = [];

  constructor(func: Func, analysis: Analysis, sizes: Uint8Array) {
    this.#func = func;
    this.#analysis = analysis;
    this.#sizes = sizes;
  }

  /** @param first - Position of the block's first instruction. */
  visit(module: Module, block: Block, first: number): void {
    const calls = block.insts.flatMap(({ op }, index) => {
      return op === 'call' || op === 'call_indirect' ? [index] : [];
    });
    calls.forEach((index, i) => {
      const inst = block.insts[index] as Inst;
      const { params, results } = module.funcs[inst.imm] as Func;
      const position = first + 2 * index;
      const before = i === 0 ? first - 1 : first + 2 * (calls[i - 1] as number) + 1;
      const after = first + 2 * (calls[i + 1] ?? block.insts.length - 1);
      const args = inst.op === 'call' ? inst.args : inst.args.slice(1);
      this.#placeArguments(args, params, before, position);
      this.#residents = [];
      this.#placeResults(inst.results, results, after);
    });
    this.#residents = [];
  }

  #placeArguments(
    args: readonly Operand[],
    types: readonly Type[],
    before: number,
    position: number,
  ): void {
    const { alias, ends } = this.#analysis;
    this.#placeAll(layoutOf(types), types, (i) => {
      const operand = args[i] as Operand;
      const value = operand < 0 ? operand : (alias[operand] as Operand);
      return value >= 0 && ends[value] === position && this.#isAfter(value, before)
        ? value
        : undefined;
    });
  }

  #placeResults(registers: readonly RegId[], types: readonly Type[], after: number): void {
    const { starts, ends } = this.#analysis;
    this.#placeAll(layoutOf(types), types, (i) => {
      const register = registers[i] as RegId;
      const end = ends[register] as number;
      return end > (starts[register] as number) && end <= after ? register : undefined;
    });
  }

  /** Whether an operation behind the position writes the value; a parameter of a block is moved. */
  #isAfter(value: RegId, position: number): boolean {
    const start = this.#analysis.starts[value] as number;
    return start > position && start % 2 === 1;
  }

  #placeAll(
    { offsets }: Layout,
    types: readonly Type[],
    pick: (index: number) => RegId | undefined,
  ): void {
    types.forEach((type, i) => {
      const value = pick(i);
      if (value === undefined || this.offsets.has(value)) return;
      const from = offsets[i] as number;
      const size = bytesOf(type);
      const isExact = this.#sizes[value] === size && this.#func.types[value] === type;
      if (isExact) this.#place(value, from, from + size);
    });
  }

  #place(value: RegId, from: number, to: number): void {
    const [start, end] = [this.#analysis.starts[value], this.#analysis.ends[value]] as [
      number,
      number,
    ];
    const isTaken = this.#residents.some((other) => {
      return start < other.end && other.start < end && from < other.to && other.from < to;
    });
    if (isTaken) return;
    this.#residents.push({ start, end, from, to });
    this.offsets.set(value, from);
    this.bytes = Math.max(this.bytes, to);
  }
}
