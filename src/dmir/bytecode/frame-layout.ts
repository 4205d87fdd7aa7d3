/**
 * Where values lie in the window of a closed function: 8 bytes for scalars and floats, 32 for i128
 * and i256. Parameters, results and the operands of a suspension lie side by side in their order.
 */
import type { Type } from '../types.ts';
import { isWide } from './site.ts';

export interface Layout {
  /** Byte offset of each value. */
  readonly offsets: readonly number[];
  readonly bytes: number;
}

export function bytesOf(type: Type): 8 | 32 {
  return isWide(type) ? 32 : 8;
}

export function layoutOf(types: readonly Type[]): Layout {
  const offsets: number[] = [];
  let bytes = 0;
  for (const type of types) {
    offsets.push(bytes);
    bytes += bytesOf(type);
  }
  return { offsets, bytes };
}

/** Bytes that values of the types take side by side. */
export function layoutBytes(types: readonly Type[]): number {
  let bytes = 0;
  for (const type of types) bytes += bytesOf(type);
  return bytes;
}
