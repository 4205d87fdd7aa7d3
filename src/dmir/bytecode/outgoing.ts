/**
 * Values that can live where a call hands values over, behind the registers of the function: an
 * argument that is computed there, and a result that stays there until it is read. Neither is
 * moved.
 *
 * Such a value is written and read last between two calls of one block, since a callee's registers
 * begin at the same place.
 */
import { OP_NUMBER } from '../flat.ts';
import { type FlatFunc, roomFor } from '../flat-func.ts';
import type { Func, Module, Operand, RegId } from '../ir.ts';
import { TYPES, type Type } from '../types.ts';
import type { FlatAnalysis } from './flat-analysis.ts';
import { bytesOf } from './frame-layout.ts';

const { call: CALL, call_indirect: CALL_INDIRECT } = OP_NUMBER;
const NOWHERE = -1;

export class OutgoingFinder {
  /** Byte offset of each such value from where the calls hand over, -1 for all others. */
  offsets = new Int32Array(0);
  /** Bytes that they take there. */
  bytes = 0;
  /** How many values those are, and which. */
  count = 0;
  readonly values: RegId[] = [];
  #func!: FlatFunc;
  #analysis!: FlatAnalysis;
  #sizes!: Uint8Array;
  /** Values that are in their places behind the call before, and byte offset and end of each. */
  readonly #residents: number[] = [];
  #residentsEnd = 0;
  /** Operations of a block that call. */
  readonly #calls: number[] = [];

  /** @param sizes - Bytes that are written for each register. */
  run(module: Module, func: FlatFunc, analysis: FlatAnalysis, sizes: Uint8Array): void {
    this.#func = func;
    this.#analysis = analysis;
    this.#sizes = sizes;
    this.offsets = roomFor(this.offsets, func.registerCount).fill(NOWHERE, 0, func.registerCount);
    this.bytes = 0;
    this.count = 0;
    if (func.open) return;
    const { blocks, count } = analysis.order;
    for (let i = 0; i < count; i++) {
      const block = blocks[i] as number;
      this.#visit(module, block, (analysis.positions[i] as number) + 2);
    }
  }

  /** @param first - Position of the block's first instruction. */
  #visit(module: Module, block: number, first: number): void {
    const { ops, imms, firsts, counts, argsAt, resultsAt } = this.#func;
    const start = firsts[block] as number;
    const size = counts[block] as number;
    const calls = this.#calls;
    let callCount = 0;
    for (let i = 0; i < size; i++) {
      const op = ops[start + i] as number;
      if (op === CALL || op === CALL_INDIRECT) calls[callCount++] = i;
    }
    this.#residentsEnd = 0;
    for (let i = 0; i < callCount; i++) {
      const index = calls[i] as number;
      const at = start + index;
      const { params, results } = module.funcs[imms[at] as number] as Func;
      const position = first + 2 * index;
      const before = i === 0 ? first - 1 : first + 2 * (calls[i - 1] as number) + 1;
      const after = first + 2 * (i + 1 < callCount ? (calls[i + 1] as number) : size - 1);
      const args = (argsAt[at] as number) + (ops[at] === CALL ? 0 : 1);
      this.#placeArguments(args, params, before, position);
      this.#residentsEnd = 0;
      this.#placeResults(resultsAt[at] as number, results, after);
    }
  }

  #placeArguments(args: number, types: readonly Type[], before: number, position: number): void {
    const { ends } = this.#analysis;
    let offset = 0;
    for (let i = 0; i < types.length; i++) {
      const type = types[i] as Type;
      const value = this.#analysis.resolve(this.#func.pool[args + i] as Operand);
      if (value >= 0 && ends[value] === position && this.#isAfter(value, before)) {
        this.#place(value, type, offset);
      }
      offset += bytesOf(type);
    }
  }

  #placeResults(registers: number, types: readonly Type[], after: number): void {
    const { starts, ends } = this.#analysis;
    let offset = 0;
    for (let i = 0; i < types.length; i++) {
      const type = types[i] as Type;
      const register = this.#func.pool[registers + i] as RegId;
      const end = ends[register] as number;
      if (end > (starts[register] as number) && end <= after) this.#place(register, type, offset);
      offset += bytesOf(type);
    }
  }

  /** Whether an operation behind the position writes the value; a parameter of a block is moved. */
  #isAfter(value: RegId, position: number): boolean {
    const start = this.#analysis.starts[value] as number;
    return start > position && start % 2 === 1;
  }

  /** Places a value that has exactly the type, where nothing else is meanwhile. */
  #place(value: RegId, type: Type, from: number): void {
    if (this.offsets[value] !== NOWHERE) return;
    const size = bytesOf(type);
    if (this.#sizes[value] !== size) return;
    if (TYPES[this.#func.registerTypes[value] as number] !== type) return;
    const { starts, ends } = this.#analysis;
    const [start, end] = [starts[value] as number, ends[value] as number];
    const to = from + size;
    const residents = this.#residents;
    for (let i = 0; i < this.#residentsEnd; i += 3) {
      const other = residents[i] as RegId;
      const isMeanwhile = start < (ends[other] as number) && (starts[other] as number) < end;
      if (isMeanwhile && from < (residents[i + 2] as number) && (residents[i + 1] as number) < to) {
        return;
      }
    }
    residents[this.#residentsEnd++] = value;
    residents[this.#residentsEnd++] = from;
    residents[this.#residentsEnd++] = to;
    this.offsets[value] = from;
    this.values[this.count++] = value;
    if (to > this.bytes) this.bytes = to;
  }
}
