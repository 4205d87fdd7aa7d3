/** What `flat-analysis.ts` finds, in terms of the objects of a function, for compilers. */
import { FlatFunc, flattenFunc } from '../flat-func.ts';
import type { Block, Func, Inst, Operand } from '../ir.ts';
import { FlatAnalysis, NO_BASE, NO_PLACE } from './flat-analysis.ts';

/** Where an access reaches: a register, if any, and an offset that is added to it. */
export interface Place {
  readonly base: Operand | null;
  readonly offset: number;
}

export interface Analysis {
  readonly order: readonly Block[];
  /** Instructions that give nothing that is used. */
  readonly dead: ReadonlySet<Inst>;
  /** By the access that adds the offset itself. */
  readonly places: ReadonlyMap<Inst, Place>;
  /** Position at which each register is written; -1 where it never is. */
  readonly starts: Int32Array;
  /** Position at which each register is read last. */
  readonly ends: Int32Array;
}

const FLAT = new FlatFunc();
const FOUND = new FlatAnalysis();

export function analyse(func: Func): Analysis {
  const flat = flattenFunc(func, FLAT);
  FOUND.run(flat);
  return readAnalysis(func, flat, FOUND);
}

/** The analysis of a function's columns in terms of its objects. */
export function readAnalysis(func: Func, flat: FlatFunc, found: FlatAnalysis): Analysis {
  const blocks = [...func.blocks.values()];
  const order = [...found.order.blocks.subarray(0, found.order.count)];
  const dead = new Set<Inst>();
  const places = new Map<Inst, Place>();
  for (const index of order) {
    const first = flat.firsts[index] as number;
    for (const [i, inst] of (blocks[index] as Block).insts.entries()) {
      if (found.dead[first + i] === 1) dead.add(inst);
      const base = found.bases[first + i] as number;
      if (base === NO_PLACE) continue;
      const offset = found.offsets[first + i] as number;
      places.set(inst, { base: base === NO_BASE ? null : base, offset });
    }
  }
  const count = func.types.length;
  return {
    order: order.map((index) => blocks[index] as Block),
    ...{ dead, places },
    ...{ starts: found.starts.slice(0, count), ends: found.ends.slice(0, count) },
  };
}
