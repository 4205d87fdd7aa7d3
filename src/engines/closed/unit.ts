/**
 * A module of compiled functions: those that are compiled together call one another directly, all
 * others through a table that has a function for every place of the module. An entry, which the
 * interpreter's loop calls, takes registers out of the window and puts results into it.
 *
 * The same functions give the same bytes.
 */
import { bytesOf, layoutOf } from '../../dmir/bytecode/frame-layout.ts';
import type { Func, Module, RegId } from '../../dmir/ir.ts';
import type { Type } from '../../dmir/types.ts';
import {
  CALL_DEPTH_MAX,
  CONTROL_BYTES,
  F_CALL_DEPTH,
  F_CALL_LIMIT,
  F_CONTROL,
  F_GAS,
  F_PC,
  F_SP,
  INITIAL_PAGES,
  M_FRAME,
  M_GAS_KEPT,
  M_LEFT,
  M_STEPS,
  M_UNWIND,
  M_UNWIND_GAS,
  MACHINE_BASE,
  RECORDS_OFFSET,
  STATUS_CONTINUE,
  STATUS_RETURN,
  STATUS_UNWIND,
  WINDOW_BYTES,
} from '../../kernel/layout.ts';
import { I32, I64, ModuleWriter, type ValueType } from '../wasm/encoder.ts';
import { type Body, CALL_BYTES_MIN } from './body.ts';
import { Code } from './code.ts';
import type { FixedLayout, UnitContext } from './context.ts';
import { FunctionEmitter } from './function.ts';
import { Leavers, typesOf, UNIT_FIRST, writeRecord, writeRecordFunctions } from './leave.ts';
import { importRuntime } from './runtime.ts';
import { limbCount, toLimb, valueTypes } from './values.ts';

export interface UnitInput {
  readonly module: Module;
  readonly spaces: readonly number[];
  /** Undefined: any frame may enter, and is given gas in parts. */
  readonly layout: FixedLayout | undefined;
  readonly functions: number;
  readonly signature: (func: number) => number;
  readonly bodies: readonly Body[];
}

const LIMB_BYTES = 8;
/** Gas that a frame's compiled functions are given at a time, so that long runs can be paused. */
export const GAS_PART = 4_000_000;
/** Functions that begin and end entries; bodies come behind them. */
const ENTRY_BEGIN = UNIT_FIRST;
const ENTRY_END = UNIT_FIRST + 1;
const BODIES_FIRST = UNIT_FIRST + 2;
/** Parameters of what the loop calls: frame, window pointer, gas, steps. */
const ENTRY_PARAMS: readonly ValueType[] = [I32, I32, I64, I64];
const ENTRY = { frame: 0, pointer: 1, gas: 2, steps: 3 } as const;

function bodyType(writer: ModuleWriter, params: readonly Type[], results: readonly Type[]): number {
  const given: ValueType[] = [...params.flatMap(valueTypes), I64, I32];
  return writer.type(given, [...results.flatMap(valueTypes), I64]);
}

function createWriter(): ModuleWriter {
  const writer = new ModuleWriter();
  writer.importMemory('env', 'memory', INITIAL_PAGES);
  writer.importTable('env', 'functions');
  importRuntime(writer);
  writeRecordFunctions(writer);
  return writer;
}

/** The module; it exports the body of each input as `b0`, `b1` …, its entry as `e0`, `e1` …. */
export function compileUnit(input: UnitInput): Uint8Array<ArrayBuffer> {
  const { module, bodies } = input;
  const writer = createWriter();
  const places = new Map<number, number>();
  for (const [place, { index, root }] of bodies.entries()) {
    if (root === undefined) places.set(index, BODIES_FIRST + place);
  }
  const typeOf = (func: number): number => {
    const { params, results } = module.funcs[func] as Func;
    return bodyType(writer, params, results);
  };
  writeEntryBegin(writer, input.layout === undefined);
  writeEntryEnd(writer);
  const leavers = new Leavers(BODIES_FIRST + bodies.length);
  const context: UnitContext = { ...input, typeOf, place: (func) => places.get(func), leavers };
  for (const body of bodies) {
    const emitter = new FunctionEmitter(context, body);
    emitter.emit();
    writer.addFunction(
      bodyType(writer, typesOf(body.func, body.params), body.func.results),
      emitter.code.locals,
      emitter.code.sink,
    );
  }
  leavers.write(writer);
  for (const [place, body] of bodies.entries()) {
    const index = BODIES_FIRST + place;
    writer.exportFunction(`b${place}`, index);
    writer.exportFunction(`e${place}`, writeEntry(writer, body, index));
  }
  return writer.finish();
}

/**
 * Writes the function with which entries begin: it gives the gas and the room that the body has.
 * The room is what the calls that may still be open take of the native stack, or what is left of
 * the window if that is less, in which any function has to find place.
 */
function writeEntryBegin(writer: ModuleWriter, isInParts: boolean): void {
  const code = new Code(ENTRY_PARAMS.length);
  const machine = (field: number, push: () => void, type: 'i32' | 'i64' = 'i32'): void => {
    code.i32(0);
    push();
    code.access(`${type}.store`, MACHINE_BASE + field);
  };
  machine(M_UNWIND, () => code.get(ENTRY.pointer).i32(RECORDS_OFFSET).op('i32.add'));
  machine(M_LEFT, () => code.i32(STATUS_UNWIND));
  machine(M_FRAME, () => code.get(ENTRY.frame));
  machine(M_STEPS, () => code.get(ENTRY.steps), 'i64');
  code.get(ENTRY.frame).get(ENTRY.pointer).access('i32.store', F_SP);
  const kept = code.local(I64);
  if (isInParts) {
    code.get(ENTRY.gas).i64(GAS_PART).op('i64.sub').index('local.tee', kept).i64(0);
    code.get(kept).i64(0).op('i64.gt_s').op('select').set(kept);
  }
  machine(M_GAS_KEPT, () => code.get(kept), 'i64');
  code.get(ENTRY.gas).get(kept).op('i64.sub');
  const [calls, window] = [code.local(I32), code.local(I32)];
  code.i32(CALL_DEPTH_MAX).get(ENTRY.frame).access('i32.load', F_CALL_DEPTH).op('i32.sub');
  code.i32(CALL_BYTES_MIN).op('i32.mul').index('local.tee', calls);
  code.get(ENTRY.frame).access('i32.load', F_CALL_LIMIT).get(ENTRY.pointer).op('i32.sub');
  code.i32(WINDOW_BYTES).op('i32.sub').index('local.tee', window);
  code.get(calls).get(window).op('i32.lt_s').op('select').end();
  writer.addFunction(writer.type(ENTRY_PARAMS, [I64, I32]), code.locals, code.sink);
}

/** Writes the function with which entries end, with the gas that the body gave. */
function writeEntryEnd(writer: ModuleWriter): void {
  const end = new Code(2);
  const kept = end.local(I64);
  end
    .i32(0)
    .access('i64.load', MACHINE_BASE + M_GAS_KEPT)
    .set(kept);
  end.get(1).i64(0).op('i64.lt_s').open('if').get(0);
  end.i32(0).access('i64.load', MACHINE_BASE + M_UNWIND_GAS);
  end.get(kept).op('i64.add').access('i64.store', F_GAS);
  end
    .i32(0)
    .access('i32.load', MACHINE_BASE + M_LEFT)
    .op('return')
    .end();
  end.get(0).get(1).get(kept).op('i64.add').access('i64.store', F_GAS);
  const [control, depth] = [end.local(I32), end.local(I32)];
  end.get(0).access('i32.load', F_CALL_DEPTH).index('local.tee', depth).op('i32.eqz');
  end.open('if').i32(STATUS_RETURN).op('return').end();
  end.get(0).get(depth).i32(1).op('i32.sub').access('i32.store', F_CALL_DEPTH);
  end.get(0).get(0).access('i32.load', F_CONTROL).i32(CONTROL_BYTES).op('i32.sub');
  end.index('local.tee', control).access('i32.store', F_CONTROL);
  end.get(0).get(control).access('i32.load', 0).access('i32.store', F_PC);
  end.get(0).get(control).access('i32.load', 4).access('i32.store', F_SP);
  end.i32(STATUS_CONTINUE).end();
  writer.addFunction(writer.type([I32, I64], [I32]), end.locals, end.sink);
}

/**
 * What the loop calls: runs the body on the registers in the window and returns from it. Where the
 * body was left, what stands for its results goes below the records.
 */
function writeEntry(writer: ModuleWriter, { shape, params }: Body, body: number): number {
  const { func, slots } = shape;
  const code = new Code(ENTRY_PARAMS.length);
  for (const register of params) {
    loadValue(code, func.types[register] as Type, slots.offsets[register as RegId] as number);
  }
  for (const param of Object.values(ENTRY)) code.get(param);
  code.index('call', ENTRY_BEGIN).index('call', body);
  storeResults(code, func.results);
  code.get(ENTRY.frame).get(ENTRY.gas).index('call', ENTRY_END).end();
  return writer.addFunction(writer.type(ENTRY_PARAMS, [I32]), code.locals, code.sink);
}

/** Loads a value from its slot. */
function loadValue(code: Code, type: Type, offset: number): void {
  for (let limb = 0; limb < limbCount(type); limb++) {
    const [each] = valueTypes(type);
    const name = each === I32 ? 'i32' : each === I64 ? 'i64' : type;
    code.get(ENTRY.pointer).access(`${name}.load`, offset + LIMB_BYTES * limb);
  }
}

/** Takes gas and results off the stack; a wide result has zeros above it. */
function storeResults(code: Code, results: readonly Type[]): void {
  const locals = results.flatMap((type) => valueTypes(type).map((each) => code.local(each)));
  code.set(ENTRY.gas);
  for (const local of locals.toReversed()) code.set(local);
  const { offsets } = layoutOf(results);
  let next = 0;
  for (const [i, type] of results.entries()) {
    const count = limbCount(type);
    for (let limb = 0; limb < bytesOf(type) / LIMB_BYTES; limb++) {
      code.get(ENTRY.pointer);
      if (limb < count) toLimb(code.get(locals[next++] as number), type);
      else code.i64(0);
      code.access('i64.store', (offsets[i] as number) + LIMB_BYTES * limb);
    }
  }
}

/**
 * A module of functions that stand in the table for those that are not compiled: each leaves at the
 * entry of the function whose place the caller noted. Exported as `s0`, `s1` … for the signatures.
 */
export function compileStubs(signatures: readonly Func[]): Uint8Array<ArrayBuffer> {
  const writer = createWriter();
  for (const [i, { params, results }] of signatures.entries()) {
    const count = params.flatMap(valueTypes).length;
    const code = new Code(count + 2);
    const shape = { func: undefined, types: params, results, isCaller: false };
    writeRecord(code, shape, { site: undefined, first: 0, gas: count });
    code.end();
    const type = bodyType(writer, params, results);
    writer.exportFunction(`s${i}`, writer.addFunction(type, code.locals, code.sink));
  }
  return writer.finish();
}
