/** Registers of a function while its operations are written, into its own body or another's. */
import type { Func, Inst, Operand, RegId } from '../../dmir/ir.ts';
import type { Type } from '../../dmir/types.ts';
import { findInexact, findSingleUses } from './facts.ts';
import type { FunctionShape } from './sites.ts';
import { isWide } from './values.ts';

export class Scope {
  readonly shape: FunctionShape;
  readonly func: Func;
  /** First local of each register. */
  readonly locals = new Map<RegId, number>();
  /** Instructions whose results are written where they are used. */
  readonly inline = new Map<RegId, Inst>();
  /** Those of them in this block that were not used yet, and how deep expressions have become. */
  readonly pending = new Set<RegId>();
  readonly depths = new Map<Operand, number>();
  readonly single: ReadonlySet<RegId>;
  /** Registers that may hold a NaN that is not the canonical one. */
  readonly inexact: ReadonlySet<RegId>;
  /** How far an address register is known to reach into a region, in this block. */
  readonly reaches = new Map<string, number>();

  constructor(shape: FunctionShape) {
    this.shape = shape;
    this.func = shape.func;
    this.single = findSingleUses(shape);
    this.inexact = findInexact(shape);
    for (const { insts } of shape.analysis.order) {
      for (const inst of insts) {
        if (this.isInline(inst)) this.inline.set(inst.results[0] as RegId, inst);
      }
    }
  }

  /** Whether the interpreter runs nothing for the instruction, so that others write it. */
  isInline(inst: Inst): boolean {
    const [result] = inst.results;
    if (result === undefined || isWide(this.func.types[result] as Type)) return false;
    return this.shape.analysis.dead.has(inst);
  }
}
