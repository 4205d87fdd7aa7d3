/**
 * How compiled code is left: it hands what lives to a function of the unit, which writes a record
 * of it to memory and gives gas below zero. Who called it finds that, and leaves likewise, so that
 * the records stand one behind the other, innermost first.
 *
 * These functions are many and short for the platform's sake: it inlines calls by the size of a
 * function's code, and more of them in a module where at least half of the functions are short.
 */
import type { Func, RegId } from '../../dmir/ir.ts';
import type { Type } from '../../dmir/types.ts';
import { M_CALLEE, M_UNWIND, M_UNWIND_GAS, MACHINE_BASE } from '../../kernel/layout.ts';
import { I32, I64, type ModuleWriter, type ValueType } from '../wasm/encoder.ts';
import { Code } from './code.ts';
import { RUNTIME_NAMES } from './runtime.ts';
import { limbCount, pushZero, toLimb, valueTypes } from './values.ts';

/** What a record is of, and how the function ends that writes it. */
export interface LeaveShape {
  /** Place of the function that is left; undefined for the one that its caller noted. */
  readonly func: number | undefined;
  readonly types: readonly Type[];
  readonly results: readonly Type[];
  /** Whether a function that it called has left before, which noted the gas. */
  readonly isCaller: boolean;
}

/**
 * Functions of a unit that write to memory for others: the head of a record (place of the function,
 * number of the site, 32 bits each), 64 bits of a value, the gas, gas that is given back.
 */
const RECORD_FIRST = RUNTIME_NAMES.length;
export const RECORD = {
  head: RECORD_FIRST,
  value: RECORD_FIRST + 1,
  gas: RECORD_FIRST + 2,
  back: RECORD_FIRST + 3,
} as const;
const HEAD_BYTES = 8;
const VALUE_BYTES = 8;

/** Writes the functions of `RECORD`, the first ones that a unit does not import. */
export function writeRecordFunctions(writer: ModuleWriter): void {
  const top = MACHINE_BASE + M_UNWIND;
  const add = (params: readonly ValueType[], code: Code): void => {
    writer.addFunction(writer.type(params, []), code.locals, code.end().sink);
  };
  const begin = (code: Code, bytes: number): number => {
    const record = code.local(I32);
    code.i32(0).i32(0).access('i32.load', top).index('local.tee', record);
    code.i32(bytes).op('i32.add').access('i32.store', top).get(record);
    return record;
  };
  const head = new Code(2);
  const record = begin(head, HEAD_BYTES);
  head.get(0).access('i32.store', 0).get(record).get(1).access('i32.store', 4);
  add([I32, I32], head);
  const value = new Code(1);
  begin(value, VALUE_BYTES);
  add([I64], value.get(0).access('i64.store', 0));
  const noted = MACHINE_BASE + M_UNWIND_GAS;
  add([I64], new Code(1).i32(0).get(0).access('i64.store', noted));
  const back = new Code(1).i32(0).i32(0).access('i64.load', noted).get(0).op('i64.add');
  add([I64], back.access('i64.store', noted));
}

/** Functions that write records, in the order in which they were asked for. */
export class Leavers {
  readonly #first: number;
  readonly #places = new Map<string, number>();
  readonly #shapes: LeaveShape[] = [];

  /** @param first - Index that the first of them will have. */
  constructor(first: number) {
    this.#first = first;
  }

  /** Index of the function for such a record. */
  place(shape: LeaveShape): number {
    const key = `${shape.func} ${shape.types.join()} ${shape.isCaller}`;
    const known = this.#places.get(key);
    if (known !== undefined) return known;
    const place = this.#first + this.#shapes.length;
    this.#places.set(key, place);
    this.#shapes.push(shape);
    return place;
  }

  /** They take the site's number, values and gas. */
  write(writer: ModuleWriter): void {
    for (const shape of this.#shapes) {
      const params: ValueType[] = [I32, ...shape.types.flatMap(valueTypes), I64];
      const type = writer.type(params, [...shape.results.flatMap(valueTypes), I64]);
      const code = new Code(params.length);
      writeRecord(code, shape, { site: 0, first: 1, gas: params.length - 1 });
      writer.addFunction(type, code.locals, code.end().sink);
    }
  }
}

/** Index of the first function that a unit has besides those of `RECORD`. */
export const UNIT_FIRST: number = RECORD_FIRST + Object.keys(RECORD).length;

/** Types of registers. */
export function typesOf({ types }: Func, registers: readonly RegId[]): Type[] {
  return registers.map((register) => types[register] as Type);
}

/** Locals of what a record is made of. */
interface RecordLocals {
  /** Undefined for the entry of the function. */
  readonly site: number | undefined;
  /** The first value; the others follow. */
  readonly first: number;
  readonly gas: number;
}

/** Writes a record; leaves results and gas below zero on the stack. */
export function writeRecord(
  code: Code,
  { func, types, results, isCaller }: LeaveShape,
  { site, first, gas }: RecordLocals,
): void {
  if (func === undefined) code.i32(0).access('i32.load', MACHINE_BASE + M_CALLEE);
  else code.i32(func);
  if (site === undefined) code.i32(0);
  else code.get(site);
  code.index('call', RECORD.head);
  let local = first;
  for (const type of types) {
    for (let limb = 0; limb < limbCount(type); limb++) {
      toLimb(code.get(local++), type);
      code.index('call', RECORD.value);
    }
  }
  // A caller's own gas is what it gives back.
  code.get(gas).index('call', isCaller ? RECORD.back : RECORD.gas);
  for (const type of results) pushZero(code, type);
  code.i64(-1);
}
