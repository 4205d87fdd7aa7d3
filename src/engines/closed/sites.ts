/**
 * Places at which compiled code can be left for the interpreter, and what the interpreter's frame
 * needs there: which registers live, and how much gas was charged for what did not run yet.
 *
 * Compiled code writes a record of the registers' values at such a site; `unwind.ts` makes the
 * interpreter's frame of it. Nothing else is done for traps, gas that does not suffice, host
 * functions and operations that have no code: the interpreter runs the operation.
 */
import { type Analysis, analyseSlots } from '../../dmir/bytecode/analysis.ts';
import { constantCharge } from '../../dmir/bytecode/piece.ts';
import type { Slots } from '../../dmir/bytecode/slots.ts';
import type { Block, BlockId, Func, Inst, Module, RegId } from '../../dmir/ir.ts';
import type { Type } from '../../dmir/types.ts';
import { limbCount } from './values.ts';

/**
 * Where the interpreter goes on: at a block, at an instruction, behind a call that has returned, or
 * behind one that is open.
 */
export type SiteKind = 'block' | 'inst' | 'after' | 'call';

/** A frame of the interpreter. */
export interface FrameSite {
  /** Place of its function. */
  readonly func: number;
  readonly kind: SiteKind;
  readonly block: BlockId;
  /** Of the instruction; of the first one behind a call that has returned. */
  readonly index: number;
  /** Registers whose values the record holds, in order. */
  readonly registers: readonly RegId[];
}

export interface Site {
  /** Innermost first: more than one where calls were inlined. */
  readonly frames: readonly FrameSite[];
}

/** A stretch has 64 positions, and little more registers than live at once. */
const STRETCH_SHIFT = 6;

/** A closed function with what the interpreter's encoder decides for it. */
export class FunctionShape {
  readonly func: Func;
  readonly analysis: Analysis;
  readonly slots: Slots;
  /** Sites of all code that was compiled of the function; the first is its entry. */
  readonly sites: Site[];
  readonly #module: Module;
  readonly #positions = new Map<BlockId, number>();
  /** Registers that live anywhere, in order of their numbers. */
  readonly #living: readonly RegId[];
  /** Those of them that live in each stretch of positions, once somebody asks. */
  #stretches: RegId[][] | undefined;

  constructor(module: Module, index: number, func: Func) {
    this.func = func;
    this.#module = module;
    const { analysis, slots } = analyseSlots(module, func);
    this.analysis = analysis;
    this.slots = slots;
    const { starts, order } = this.analysis;
    let position = 0;
    for (const { id, insts } of order) {
      this.#positions.set(id, position);
      position += 2 + 2 * insts.length;
    }
    this.#living = [...func.types.keys()].filter((register) => starts[register] !== -1);
    const entry = order[0] as Block;
    const { id, params } = entry;
    this.sites = [
      { frames: [{ func: index, kind: 'block', block: id, index: 0, registers: params }] },
    ];
  }

  get instCount(): number {
    return this.analysis.order.reduce((sum, { insts }) => sum + insts.length, 0);
  }

  /** Limbs of all registers that live anywhere. */
  get limbs(): number {
    const { types } = this.func;
    return this.#living.reduce((sum, each) => sum + limbCount(types[each] as Type), 0);
  }

  /** Limbs that live at one place, at most. */
  get limbsAtOnce(): number {
    const { starts, ends } = this.analysis;
    const changes = new Int32Array(2 + ends.reduce((last, end) => Math.max(last, end), 0));
    for (const register of this.#living) {
      const count = limbCount(this.func.types[register] as Type);
      const [start, end] = [starts[register], ends[register]] as [number, number];
      changes[start] = (changes[start] as number) + count;
      changes[end + 1] = (changes[end + 1] as number) - count;
    }
    let most = 0;
    let now = 0;
    for (const change of changes) {
      now += change;
      most = Math.max(most, now);
    }
    return most;
  }

  /** Gives the site a number. */
  addSite(site: Site): number {
    this.sites.push(site);
    return this.sites.length - 1;
  }

  /** Registers that live at a place. See `analysis.ts` for what positions are. */
  registersAt(kind: SiteKind, block: BlockId, index: number): RegId[] {
    const { starts, ends } = this.analysis;
    const first = this.#positions.get(block) as number;
    const at = kind === 'block' ? first : first + 2 + 2 * index;
    this.#stretches ??= this.#findStretches();
    const near = this.#stretches[at >>> STRETCH_SHIFT] ?? [];
    return near.filter((register) => {
      const [start, end] = [starts[register], ends[register]] as [number, number];
      if (kind === 'block') return start <= at && end >= at;
      return start < at && (kind === 'call' ? end > at : end >= at);
    });
  }

  #findStretches(): RegId[][] {
    const { starts, ends } = this.analysis;
    const stretches: RegId[][] = [];
    for (const register of this.#living) {
      const last = (ends[register] as number) >>> STRETCH_SHIFT;
      for (let at = (starts[register] as number) >>> STRETCH_SHIFT; at <= last; at++) {
        const stretch = stretches[at];
        if (stretch === undefined) stretches[at] = [register];
        else stretch.push(register);
      }
    }
    return stretches;
  }

  /** Constant charges from each instruction on, and behind the last one. */
  chargesFrom(insts: readonly Inst[]): Float64Array {
    const gas = new Float64Array(insts.length + 1);
    for (let i = insts.length - 1; i >= 0; i--) {
      gas[i] = (gas[i + 1] as number) + constantCharge(this.#module, insts[i] as Inst);
    }
    return gas;
  }
}
