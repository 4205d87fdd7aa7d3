/**
 * Functions of the kernel that compiled closed functions call, and the words that go with them.
 * Those that take gas give what is left of it, or a number below zero where the interpreter has to
 * run the operation; see `closed.ts` and `runtime.ts` of the kernel.
 */
import type { Operand, RegId } from '../../dmir/ir.ts';
import { TYPE_BITS, type Type } from '../../dmir/types.ts';
import { GRANULE_SHIFT, RT_SCRATCH_BASE, WRITTEN_BASE } from '../../kernel/layout.ts';
import { I32, I64, type ModuleWriter, type ValueType } from '../wasm/encoder.ts';
import type { FunctionEmitter } from './function.ts';

type Signature = readonly [params: string, results: string];

/** A letter for each parameter and result: `i` for i32, `l` for i64. */
const FUNCTIONS = {
  rtLoadCell: ['iiiil', 'l'],
  rtStoreCell: ['iiiill', 'l'],
  rtCopyRange: ['iillll', 'l'],
  rtFillRange: ['iillll', 'l'],
  rtHashRange: ['iiilll', 'l'],
  rtLogRange: ['iilliil', 'l'],
  rtOutput: ['iilll', 'l'],
  rtGrowRegion: ['iil', 'l'],
  rtAddmod: ['iiii', ''],
  rtMulmod: ['iiii', ''],
} as const satisfies Record<string, Signature>;

export type RuntimeName = keyof typeof FUNCTIONS;

export const RUNTIME_NAMES = Object.keys(FUNCTIONS) as RuntimeName[];

function typesOf(letters: string): ValueType[] {
  return [...letters].map((letter) => (letter === 'i' ? I32 : I64));
}

/** Imports them all, before the unit has a function of its own. */
export function importRuntime(writer: ModuleWriter): void {
  for (const [name, [params, results]] of Object.entries(FUNCTIONS)) {
    writer.importFunction('env', name, writer.type(typesOf(params), typesOf(results)));
  }
}

export function callRuntime({ code }: FunctionEmitter, name: RuntimeName): void {
  code.index('call', RUNTIME_NAMES.indexOf(name));
}

/** The same for one that gives gas: leaves where the interpreter has to run the operation. */
export function callForGas(emitter: FunctionEmitter, name: RuntimeName): void {
  const { code } = emitter;
  const left = emitter.scratch('i64', 3);
  callRuntime(emitter, name);
  code.index('local.tee', left).i64(0).op('i64.lt_s');
  emitter.leaveIf();
  code.get(left).set(emitter.gas);
}

/**
 * Notes that an access in a memory writes, for the next frame of the program, which makes that part
 * alone new. A note is of 2 KiB from a multiple of 1 KiB on.
 */
export function noteWritten(
  emitter: FunctionEmitter,
  operand: Operand | null,
  start: number,
  bytes: number,
): void {
  const { code } = emitter;
  const constant = operand === null ? 0n : emitter.constant(operand);
  const granule = 1 << GRANULE_SHIFT;
  if (operand === null || constant !== undefined) {
    const at = (Number(constant) + start) >>> GRANULE_SHIFT;
    if (emitter.reach(NOTES - at, 0 as RegId, 1)) return;
    code
      .i32(0)
      .i32(1)
      .access('i32.store8', WRITTEN_BASE + at);
    return;
  }
  const isNear = start + bytes <= granule;
  if (isNear && emitter.reach(NOTES + 1, operand, 1)) return;
  const type = emitter.typeOf(operand);
  emitter.pushExact(operand, type);
  if (type === 'f32') code.op('i32.reinterpret_f32');
  if (type === 'f64') code.op('i64.reinterpret_f64');
  if (TYPE_BITS[type] > 32) code.op('i32.wrap_i64');
  if (!isNear) code.i32(start).op('i32.add');
  code.i32(GRANULE_SHIFT).op('i32.shr_u').i32(1).access('i32.store8', WRITTEN_BASE);
}

/** Numbers from here down are no regions: what was noted is kept with how far checks reached. */
const NOTES = -2;

/** Leaves the address of the frame's record on the stack. */
export function pushFrame({ code, lengths }: FunctionEmitter): void {
  const frame = lengths.pushFrame();
  if (frame !== 0) code.i32(frame).op('i32.add');
}

const WORD_BYTES = 32;
const LIMBS = 4;

/** Address of a word for operands and results. */
export function wordAt(place: number): number {
  return RT_SCRATCH_BASE + place * WORD_BYTES;
}

/** Writes an operand to a word. */
export function keepWord(
  emitter: FunctionEmitter,
  operand: Operand,
  type: Type,
  place: number,
): void {
  for (let limb = 0; limb < LIMBS; limb++) {
    emitter.code.i32(0);
    emitter.pushLimb(operand, type, limb);
    emitter.code.access('i64.store', wordAt(place) + 8 * limb);
  }
}

/** Leaves the limbs of a word on the stack. */
export function pushWord({ code }: FunctionEmitter, place: number): void {
  for (let limb = 0; limb < LIMBS; limb++) {
    code.i32(0).access('i64.load', wordAt(place) + 8 * limb);
  }
}
