/**
 * What an expansion is handed and what it promises.
 *
 * - Values lie in slots, least significant first; a value narrower than 64 bits is zero-extended
 *   in its one slot, and an expansion leaves its results so.
 * - Destination slots overlap no source slots, so results may be written before the last read.
 * - An expansion traps before it changes anything but registers, gas and the lengths of regions.
 */
import type { Func, HostDecl, Region } from '../ir.ts';
import type { Type } from '../types.ts';
import type { CoreBuilder, Label, Slots } from './builder.ts';

/** An edge of a terminator: a block and the values that its parameters take. */
export interface ExpandTarget {
  readonly block: number;
  readonly args: readonly Slots[];
}

/** The function around an operation, which operations other than the pure ones need. */
export interface ExpandScope {
  readonly func: Func;
  readonly funcs: readonly Func[];
  readonly regions: readonly Region[];
  readonly hosts: readonly HostDecl[];
  /** The label of a block of this function, or undefined where there is none. */
  blockLabel(block: number): Label | undefined;
  /** Slots of a block's parameters. */
  blockParams(block: number): readonly Slots[];
  /** Keys of the blocks of this function, in ascending order. */
  blockIds(): readonly number[];
  funcLabel(func: number): Label;
}

export interface Site {
  /** Controlling type. */
  readonly type: Type;
  readonly operandTypes: readonly Type[];
  readonly dst: readonly Slots[];
  readonly src: readonly Slots[];
  readonly imm: number;
  readonly targets: readonly ExpandTarget[];
  readonly scope?: ExpandScope;
}

/** Emits the core instructions of one operation. */
export type Expansion = (b: CoreBuilder, site: Site) => void;

/** The slots of an operand; a missing one is a `BUG:` error. */
export function source(site: Site, index: number): Slots {
  const slots = site.src[index];
  if (slots === undefined) throw new Error(`BUG: no operand ${index}`);
  return slots;
}

export function result(site: Site, index = 0): Slots {
  const slots = site.dst[index];
  if (slots === undefined) throw new Error(`BUG: no result ${index}`);
  return slots;
}

/** Slot of a value, by place; one beyond the value is a `BUG:` error. */
export function slot(slots: Slots, index: number): number {
  const register = slots[index];
  if (register === undefined) throw new Error(`BUG: no slot ${index}`);
  return register;
}

export function scopeOf(site: Site): ExpandScope {
  if (site.scope === undefined) throw new Error('BUG: the operation needs a function around it');
  return site.scope;
}
