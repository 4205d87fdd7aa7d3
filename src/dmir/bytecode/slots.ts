/**
 * Gives every register of a function its slot in the window: a linear scan over the lives that
 * `analysis.ts` found, in order of their starts. A slot has 8 or 32 bytes and is used again when
 * its register has died. An argument of a branch takes the slot of the parameter that it is handed
 * to, where that is free, so that loops move nothing.
 */
import type { Func, Inst, Module, Operand, RegId } from '../ir.ts';
import { blockGrowth } from '../typing.ts';
import type { Analysis } from './analysis.ts';
import { bytesOf, layoutOf } from './frame-layout.ts';
import { findOutgoing, type Outgoing } from './outgoing.ts';
import { isWide } from './site.ts';

const WIDE = 32;
/** Most slots that a window has. */
export const WINDOW_SLOTS = 1024;

export interface Slots {
  /** Byte offset of each register from the window pointer. */
  readonly offsets: Int32Array;
  /** Bytes of the slot of each register. */
  readonly sizes: Uint8Array;
  /** First byte behind all registers; calls hand over from here on. */
  readonly top: number;
  /** First byte behind the values that live where calls hand over. */
  readonly temps: number;
}

/** Bytes of each register: an `i1` that a wide operation gives is written like a word. */
function slotSizes(func: Func, { order }: Analysis): Uint8Array {
  const sizes = Uint8Array.from(func.types, (type) => bytesOf(type));
  for (const block of order) {
    for (const inst of block.insts) {
      if (!isWide(inst.type)) continue;
      for (const result of inst.results) if (func.types[result] === 'i1') sizes[result] = WIDE;
    }
  }
  return sizes;
}

/** Parameters that each register is handed to, and the reverse. */
function findHints(func: Func, { order, alias }: Analysis): Map<RegId, RegId[]> {
  const hints = new Map<RegId, RegId[]>();
  const add = (a: RegId, b: RegId): void => {
    const list = hints.get(a);
    if (list === undefined) hints.set(a, [b]);
    else list.push(b);
  };
  for (const block of order) {
    const last = block.insts[block.insts.length - 1] as Inst;
    for (const target of last.targets) {
      const params = func.blocks.get(target.block)?.params ?? [];
      target.args.forEach((operand, i) => {
        const value = operand < 0 ? operand : (alias[operand] as Operand);
        const param = params[i];
        if (value < 0 || param === undefined) return;
        add(value, param);
        add(param, value);
      });
    }
  }
  return hints;
}

export function assignSlots(module: Module, func: Func, analysis: Analysis): Slots {
  const { starts, ends } = analysis;
  const offsets = new Int32Array(func.types.length);
  const isPlaced = new Uint8Array(func.types.length);
  const isFixed = new Uint8Array(func.types.length);
  const fix = (register: RegId, offset: number): void => {
    offsets[register] = offset;
    isPlaced[register] = 1;
    isFixed[register] = func.open ? 1 : 0;
  };
  let top = func.open ? fixWindow(module, func, analysis, fix) : fixParams(func, analysis, fix);
  const sizes = slotSizes(func, analysis);
  const outgoing = func.open ? NOTHING : findOutgoing(module, func, analysis, sizes);
  for (const register of outgoing.offsets.keys()) isPlaced[register] = isFixed[register] = 1;
  const hints = func.open ? new Map<RegId, RegId[]>() : findHints(func, analysis);
  const free: Record<number, number[]> = { 8: [], 32: [] };
  const registers = [...func.types.keys()].filter((register) => starts[register] !== -1);
  registers.sort((a, b) => (starts[a] as number) - (starts[b] as number) || a - b);
  const byEnd = [...registers].sort((a, b) => (ends[a] as number) - (ends[b] as number) || a - b);
  let expired = 0;
  for (const register of registers) {
    const start = starts[register] as number;
    for (; expired < byEnd.length; expired++) {
      const old = byEnd[expired] as RegId;
      if ((ends[old] as number) >= start) break;
      if (isFixed[old] !== 1) free[sizes[old] as number]?.push(offsets[old] as number);
    }
    if (isPlaced[register] === 1) continue;
    const size = sizes[register] as number;
    const list = free[size] as number[];
    isPlaced[register] = 1;
    const wanted = (hints.get(register) ?? []).find((other) => {
      return (
        isPlaced[other] === 1 &&
        !outgoing.offsets.has(other) &&
        sizes[other] === size &&
        list.includes(offsets[other] as number)
      );
    });
    if (wanted !== undefined) {
      offsets[register] = offsets[wanted] as number;
      list.splice(list.indexOf(offsets[wanted] as number), 1);
    } else if (list.length > 0) {
      offsets[register] = list.pop() as number;
    } else {
      offsets[register] = top;
      top += size;
    }
  }
  for (const [register, offset] of outgoing.offsets) offsets[register] = top + offset;
  return { offsets, sizes, top, temps: top + outgoing.bytes };
}

const NOTHING: Outgoing = { offsets: new Map(), bytes: 0 };

type Fix = (register: RegId, offset: number) => void;

/** The entry block's parameters are the function's, where the caller put them. */
function fixParams(func: Func, { order }: Analysis, fix: Fix): number {
  const layout = layoutOf(func.params);
  order[0]?.params.forEach((param, i) => {
    fix(param, layout.offsets[i] as number);
  });
  return layout.bytes;
}

/**
 * Parameters of open blocks are the top of the window; registers lie above all that blocks leave.
 */
function fixWindow(module: Module, func: Func, { order }: Analysis, fix: Fix): number {
  let top = 0;
  for (const block of order) {
    const depth = block.params.length;
    block.params.forEach((param, i) => {
      fix(param, (i - depth) * WIDE);
    });
    const growth = blockGrowth(module, func, block);
    // A block that leaves more traps at its entry.
    if (growth <= WINDOW_SLOTS) top = Math.max(top, growth * WIDE);
  }
  return top;
}
