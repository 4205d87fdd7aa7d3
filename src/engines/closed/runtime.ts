/**
 * Functions of the kernel that compiled closed functions call, and the words that go with them.
 * Those that take gas give what is left of it, or a number below zero where the interpreter has to
 * run the operation; see `closed.ts` and `runtime.ts` of the kernel.
 */
import type { Operand } from '../../dmir/ir.ts';
import type { Type } from '../../dmir/types.ts';
import { RT_SCRATCH_BASE } from '../../kernel/layout.ts';
import { I32, I64, type ModuleWriter, type ValueType } from '../wasm/encoder.ts';
import type { FunctionEmitter } from './function.ts';

type Signature = readonly [params: string, results: string];

/** A letter for each parameter and result: `i` for i32, `l` for i64. */
const FUNCTIONS = {
  rtLoadCell: ['iiiil', 'l'],
  rtStoreCell: ['iiiill', 'l'],
  rtCopyRange: ['iillll', 'l'],
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
