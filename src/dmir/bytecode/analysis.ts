/** What `flat-analysis.ts` and `slots.ts` find, by the objects of a function, for compilers. */
import { FlatFunc, flattenFunc } from '../flat-func.ts';
import type { Block, Func, Inst, Module, Operand } from '../ir.ts';
import { FlatAnalysis, NO_BASE, NO_PLACE } from './flat-analysis.ts';
import { SlotAssigner, type Slots } from './slots.ts';

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
const ASSIGNER = new SlotAssigner();

export function analyse(func: Func): Analysis {
  FOUND.run(flattenFunc(func, FLAT));
  return toAnalysis(func);
}

/** The same, with the slots that the encoder gives to registers. */
export function analyseSlots(module: Module, func: Func): { analysis: Analysis; slots: Slots } {
  FOUND.run(flattenFunc(func, FLAT));
  ASSIGNER.run(module, FLAT, FOUND);
  const { offsets, sizes, top, temps } = ASSIGNER;
  const count = func.types.length;
  const slots = { offsets: offsets.slice(0, count), sizes: sizes.slice(0, count), top, temps };
  return { analysis: toAnalysis(func), slots };
}

/** What was found in the columns of a function, in terms of its objects. */
function toAnalysis(func: Func): Analysis {
  const blocks = [...func.blocks.values()];
  const order = [...FOUND.order.blocks.subarray(0, FOUND.order.count)];
  const dead = new Set<Inst>();
  const places = new Map<Inst, Place>();
  for (const index of order) {
    const first = FLAT.firsts[index] as number;
    for (const [i, inst] of (blocks[index] as Block).insts.entries()) {
      if (FOUND.dead[first + i] === 1) dead.add(inst);
      const base = FOUND.bases[first + i] as number;
      if (base === NO_PLACE) continue;
      const offset = FOUND.offsets[first + i] as number;
      places.set(inst, { base: base === NO_BASE ? null : base, offset });
    }
  }
  const count = func.types.length;
  return {
    order: order.map((index) => blocks[index] as Block),
    ...{ dead, places },
    ...{ starts: FOUND.starts.slice(0, count), ends: FOUND.ends.slice(0, count) },
  };
}
