/**
 * Places at which compiled code can be left for the interpreter, and what the interpreter's frame
 * needs there: which registers live, and how much gas was charged for what did not run yet.
 *
 * Compiled code writes a record of the registers' values at such a site; `unwind.ts` makes the
 * interpreter's frame of it. Nothing else is done for traps, gas that does not suffice, host
 * functions and operations that have no code: the interpreter runs the operation.
 */
import { type Analysis, analyse } from '../../dmir/bytecode/analysis.ts';
import { constantCharge } from '../../dmir/bytecode/piece.ts';
import { assignSlots, type Slots } from '../../dmir/bytecode/slots.ts';
import type { Block, BlockId, Func, Inst, Module, RegId } from '../../dmir/ir.ts';
import type { Type } from '../../dmir/types.ts';
import { limbCount } from './values.ts';

/**
 * Where the interpreter goes on: at the function's entry or a block's, at an instruction, or
 * behind a call that is open.
 */
export type SiteKind = 'entry' | 'block' | 'inst' | 'call';

export interface Site {
  readonly kind: SiteKind;
  readonly block: BlockId;
  /** Of the instruction. */
  readonly index: number;
  /** Registers whose values the record holds, in order. */
  readonly registers: readonly RegId[];
}

/** A closed function with what the interpreter's encoder decides for it. */
export class FunctionShape {
  readonly func: Func;
  readonly analysis: Analysis;
  readonly slots: Slots;
  /** Sites of all code that was compiled of the function; the first is its entry. */
  readonly sites: Site[];
  readonly #module: Module;
  readonly #positions = new Map<BlockId, number>();
  readonly #known = new Map<string, number>();
  /** Registers that live anywhere, in order of their numbers. */
  readonly #living: readonly RegId[];

  constructor(module: Module, func: Func) {
    this.func = func;
    this.#module = module;
    this.analysis = analyse(func);
    this.slots = assignSlots(module, func, this.analysis);
    const { starts, order } = this.analysis;
    let position = 0;
    for (const { id, insts } of order) {
      this.#positions.set(id, position);
      position += 2 + 2 * insts.length;
    }
    this.#living = [...func.types.keys()].filter((register) => starts[register] !== -1);
    const entry = order[0] as Block;
    this.sites = [{ kind: 'entry', block: entry.id, index: 0, registers: entry.params }];
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

  /** Registers that live where a body begins: its parameters, or what a block finds. */
  registersOf(root: BlockId | undefined): readonly RegId[] {
    const number = root === undefined ? 0 : this.site('block', root);
    return (this.sites[number] as Site).registers;
  }

  /** Number of the site; the same for the same place. */
  site(kind: SiteKind, block: BlockId, index = 0): number {
    const key = `${kind} ${block} ${index}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const registers = this.#registersAt(kind, block, index);
    this.#known.set(key, this.sites.length);
    this.sites.push({ kind, block, index, registers });
    return this.sites.length - 1;
  }

  /** See `analysis.ts` for what positions are. */
  #registersAt(kind: SiteKind, block: BlockId, index: number): RegId[] {
    const { starts, ends } = this.analysis;
    const first = this.#positions.get(block) as number;
    const at = kind === 'block' ? first : first + 2 + 2 * index;
    return this.#living.filter((register) => {
      const [start, end] = [starts[register], ends[register]] as [number, number];
      if (kind === 'block') return start <= at && end >= at;
      return start < at && (kind === 'call' ? end > at : end >= at);
    });
  }

  /** Constant charges of a block from an instruction on. */
  chargesFrom({ insts }: Block, first: number): number {
    let gas = 0;
    for (let i = first; i < insts.length; i++)
      gas += constantCharge(this.#module, insts[i] as Inst);
    return gas;
  }
}
