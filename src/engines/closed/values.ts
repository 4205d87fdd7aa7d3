/**
 * How values of dMIR lie in locals of WebAssembly: integers up to `i32` in an `i32` with zeros
 * above them, `i64` and the floats as they are, wider ones in limbs of 64 bits, least first.
 */
import { TYPE_BITS, type Type } from '../../dmir/types.ts';
import { F32, F64, I32, I64, type ValueType } from '../wasm/encoder.ts';
import type { Code } from './code.ts';

export const LIMB_BITS = 64;

export function isWide(type: Type): type is 'i128' | 'i256' {
  return type === 'i128' || type === 'i256';
}

/** Whether the value is in an `i32`. */
export function isSmall(type: Type): boolean {
  return TYPE_BITS[type] <= 32 && type !== 'f32';
}

/** Whether it has fewer bits than the local that it lies in. */
export function isNarrow(type: Type): boolean {
  return TYPE_BITS[type] < 32;
}

export function limbCount(type: Type): number {
  return Math.max(1, TYPE_BITS[type] / LIMB_BITS);
}

/** Types of the locals of a value. */
export function valueTypes(type: Type): readonly ValueType[] {
  if (type === 'f32') return [F32];
  if (type === 'f64') return [F64];
  if (isSmall(type)) return [I32];
  return new Array<ValueType>(limbCount(type)).fill(I64);
}

/** The prefix of instructions on the value, or on one of its limbs. */
export function prefix(type: Type): 'i32' | 'i64' | 'f32' | 'f64' {
  if (type === 'f32' || type === 'f64') return type;
  return isSmall(type) ? 'i32' : 'i64';
}

/** Leaves zeros of the type on the stack. */
export function pushZero(code: Code, type: Type): void {
  for (const each of valueTypes(type)) {
    if (each === I64) code.i64(0);
    else if (each === I32) code.i32(0);
    else code.float(0n, each === F32 ? 4 : 8);
  }
}

/** Makes of what is on the stack, of 64 bits at most, an `i64` as a slot of the window has it. */
export function toLimb(code: Code, type: Type): void {
  if (type === 'f32') code.op('i32.reinterpret_f32');
  if (type === 'f64') code.op('i64.reinterpret_f64');
  if (isSmall(type) || type === 'f32') code.op('i64.extend_i32_u');
}
