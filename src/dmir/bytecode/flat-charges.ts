/**
 * Which charges of a block are made at once, at the head of a piece or by a word: those up to the
 * next operation that can trap, act or see the gas.
 */
import { OP_NUMBER } from '../flat.ts';
import type { FlatFunc } from '../flat-func.ts';
import type { HostDecl, Module } from '../ir.ts';
import { OP_NAMES, OPS } from '../ops.ts';

const { charge: CHARGE, suspend: SUSPEND } = OP_NUMBER;
const CHARGE_MAX = 2 ** 32 - 1;

/** Operations that can trap, act or see the gas, by number: later charges stay behind them. */
export const IS_BARRIER: readonly boolean[] = OP_NAMES.map((op) => {
  return op !== 'charge' && (OPS[op].effect !== 'pure' || OPS[op].traps.length > 0);
});

export class FlatCharges {
  readonly #module: Module;
  #func!: FlatFunc;
  #first = 0;
  #count = 0;
  /** Charges before this operation of the block are made. */
  #made = 0;

  constructor(module: Module) {
    this.#module = module;
  }

  begin(func: FlatFunc, block: number): void {
    this.#func = func;
    this.#first = func.firsts[block] as number;
    this.#count = func.counts[block] as number;
    this.#made = 0;
  }

  /** Gas that an operation of the block charges by a constant amount; see `constantCharge`. */
  of(index: number): number {
    const { ops, imms } = this.#func;
    const at = this.#first + index;
    if (ops[at] === CHARGE) return imms[at] as number;
    return ops[at] === SUSPEND ? (this.#module.hosts[imms[at] as number] as HostDecl).gas : 0;
  }

  /**
   * Gas to charge at once at an operation of the block, 0 where an earlier charge covered it. A
   * suspension charges before it acts, so its own gas is among it.
   */
  take(index: number): number {
    if (index < this.#made) return 0;
    const { ops } = this.#func;
    let amount = 0;
    let end = index;
    for (; end < this.#count; end++) {
      const charge = this.of(end);
      if (amount + charge > CHARGE_MAX) break;
      amount += charge;
      const op = ops[this.#first + end] as number;
      if (IS_BARRIER[op] !== true) continue;
      if (op === SUSPEND) end++;
      break;
    }
    this.#made = end;
    return amount;
  }
}
