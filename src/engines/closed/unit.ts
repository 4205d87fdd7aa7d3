/**
 * A module of compiled functions: those that are compiled together call one another directly, all
 * others through a table that has a function for every place of the module. An entry, which the
 * interpreter's loop calls, takes registers out of the window and puts results into it.
 *
 * The same functions give the same bytes.
 */
import { layoutOf } from '../../dmir/bytecode/frame-layout.ts';
import type { BlockId, Func, Module, RegId } from '../../dmir/ir.ts';
import type { Type } from '../../dmir/types.ts';
import {
  CALL_DEPTH_MAX,
  CONTROL_BYTES,
  F_CALL_DEPTH,
  F_CONTROL,
  F_GAS,
  F_PC,
  F_SP,
  INITIAL_PAGES,
  M_CALLEE,
  M_STEPS,
  M_UNWIND,
  M_UNWIND_GAS,
  MACHINE_BASE,
  STATUS_CONTINUE,
  STATUS_RETURN,
  STATUS_UNWIND,
} from '../../kernel/layout.ts';
import { I32, I64, ModuleWriter, type ValueType } from '../wasm/encoder.ts';
import { Code } from './code.ts';
import { CALL_BYTES_MIN, FunctionEmitter, type UnitContext } from './function.ts';
import { RECORD_HEADER_BYTES } from './leave.ts';
import type { FunctionShape } from './sites.ts';
import { limbCount, pushZero, storeSlot, valueTypes } from './values.ts';

/** A body to compile: a function, or what of it a block reaches. */
export interface BodyInput {
  readonly index: number;
  readonly shape: FunctionShape;
  /** Undefined for the whole function. */
  readonly root?: BlockId | undefined;
}

export interface UnitInput {
  readonly module: Module;
  readonly frame: number;
  readonly bases: readonly number[];
  readonly functions: number;
  readonly signature: (func: number) => number;
  readonly bodies: readonly BodyInput[];
}

const LIMB_BYTES = 8;
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
  return writer;
}

/** The module; it exports the body of each input as `b0`, `b1` …, its entry as `e0`, `e1` …. */
export function compileUnit(input: UnitInput): Uint8Array<ArrayBuffer> {
  const { module, bodies } = input;
  const writer = createWriter();
  const places = new Map<number, number>();
  for (const [place, { index, root }] of bodies.entries()) {
    if (root === undefined) places.set(index, place);
  }
  const typeOf = (func: number): number => {
    const { params, results } = module.funcs[func] as Func;
    return bodyType(writer, params, results);
  };
  const context: UnitContext = { ...input, typeOf, place: (func) => places.get(func) };
  for (const { index, shape, root } of bodies) {
    const emitter = new FunctionEmitter(context, shape, index, root);
    emitter.emit();
    const { types, results } = shape.func;
    const params = shape.registersOf(root).map((register) => types[register] as Type);
    writer.addFunction(bodyType(writer, params, results), emitter.code.locals, emitter.code.sink);
  }
  for (const [place, body] of bodies.entries()) {
    writer.exportFunction(`b${place}`, place);
    writer.exportFunction(`e${place}`, writeEntry(writer, body, place));
  }
  return writer.finish();
}

/** What the loop calls: runs the body on the registers in the window and returns from it. */
function writeEntry(writer: ModuleWriter, { shape, root }: BodyInput, place: number): number {
  const { func, slots } = shape;
  const code = new Code(ENTRY_PARAMS.length);
  code
    .i32(0)
    .get(ENTRY.pointer)
    .access('i32.store', MACHINE_BASE + M_UNWIND);
  code.get(ENTRY.frame).get(ENTRY.pointer).access('i32.store', F_SP);
  code
    .i32(0)
    .get(ENTRY.steps)
    .access('i64.store', MACHINE_BASE + M_STEPS);
  for (const register of shape.registersOf(root)) {
    loadValue(code, func.types[register] as Type, slots.offsets[register as RegId] as number);
  }
  code.get(ENTRY.gas);
  code.i32(CALL_DEPTH_MAX).get(ENTRY.frame).access('i32.load', F_CALL_DEPTH).op('i32.sub');
  code.i32(CALL_BYTES_MIN).op('i32.mul').index('call', place);
  takeResults(code, func.results);
  returnToLoop(code);
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

/** Takes gas and results off the stack; leaves where the body did. */
function takeResults(code: Code, results: readonly Type[]): void {
  const locals = results.flatMap((type) => valueTypes(type).map((each) => code.local(each)));
  code.set(ENTRY.gas);
  for (const local of locals.toReversed()) code.set(local);
  code.get(ENTRY.gas).i64(0).op('i64.lt_s').open('if').i32(STATUS_UNWIND).op('return').end();
  const { offsets } = layoutOf(results);
  let next = 0;
  for (const [i, type] of results.entries()) {
    const offset = offsets[i] as number;
    const count = limbCount(type);
    for (let limb = 0; limb < Math.max(count, count > 1 ? 4 : 1); limb++) {
      code.get(ENTRY.pointer);
      if (limb < count) code.get(locals[next++] as number);
      else code.i64(0);
      storeSlot(code, type, offset + LIMB_BYTES * limb);
    }
  }
}

/** Ends the call as a return of the interpreter does. */
function returnToLoop(code: Code): void {
  const control = code.local(I32);
  const depth = code.local(I32);
  const { frame, gas } = ENTRY;
  code.get(frame).get(gas).access('i64.store', F_GAS);
  code.get(frame).access('i32.load', F_CALL_DEPTH).index('local.tee', depth).op('i32.eqz');
  code.open('if').i32(STATUS_RETURN).op('return').end();
  code.get(frame).get(depth).i32(1).op('i32.sub').access('i32.store', F_CALL_DEPTH);
  code.get(frame).get(frame).access('i32.load', F_CONTROL).i32(CONTROL_BYTES).op('i32.sub');
  code.index('local.tee', control).access('i32.store', F_CONTROL);
  code.get(frame).get(control).access('i32.load', 0).access('i32.store', F_PC);
  code.get(frame).get(control).access('i32.load', 4).access('i32.store', F_SP);
  code.i32(STATUS_CONTINUE).end();
}

/**
 * A module of functions that stand in the table for those that are not compiled: each leaves at the
 * entry of the function whose place the caller noted. Exported as `s0`, `s1` … for the signatures.
 */
export function compileStubs(signatures: readonly Func[]): Uint8Array<ArrayBuffer> {
  const writer = createWriter();
  for (const [i, { params, results }] of signatures.entries()) {
    const limbs = params.flatMap((type) => new Array<Type>(limbCount(type)).fill(type));
    const code = new Code(limbs.length + 2);
    const record = code.local(I32);
    code
      .i32(0)
      .access('i32.load', MACHINE_BASE + M_UNWIND)
      .set(record);
    code
      .get(record)
      .i32(0)
      .access('i64.load32_u', MACHINE_BASE + M_CALLEE)
      .access('i64.store', 0);
    let offset = RECORD_HEADER_BYTES;
    for (const [local, type] of limbs.entries()) {
      storeSlot(code.get(record).get(local), type, offset);
      offset += LIMB_BYTES;
    }
    code
      .i32(0)
      .get(record)
      .i32(offset)
      .op('i32.add')
      .access('i32.store', MACHINE_BASE + M_UNWIND);
    code
      .i32(0)
      .get(limbs.length)
      .access('i64.store', MACHINE_BASE + M_UNWIND_GAS);
    for (const type of results) pushZero(code, type);
    code.i64(-1).end();
    const type = bodyType(writer, params, results);
    writer.exportFunction(`s${i}`, writer.addFunction(type, code.locals, code.sink));
  }
  return writer.finish();
}
