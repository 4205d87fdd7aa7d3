/** Registers of a body while its operations are written. */
import type { BlockId, Func, Inst, Operand, RegId } from '../../dmir/ir.ts';
import type { Type } from '../../dmir/types.ts';
import type { Body } from './body.ts';
import { findInexact, findSingleUses } from './facts.ts';
import { isWide } from './values.ts';

interface Reach {
  readonly block: BlockId;
  readonly end: number;
}

export class Scope {
  readonly body: Body;
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
  /** How far an address register is known to reach into a region, from which block on. */
  readonly reaches = new Map<string, Reach>();

  constructor(body: Body) {
    this.body = body;
    this.func = body.func;
    this.single = findSingleUses(body);
    this.inexact = findInexact(body);
    for (const { insts } of body.analysis.order) {
      for (const inst of insts) {
        if (this.isInline(inst)) this.inline.set(inst.results[0] as RegId, inst);
      }
    }
  }

  /** Whether the interpreter runs nothing for the instruction, so that others write it. */
  isInline(inst: Inst): boolean {
    const [result] = inst.results;
    if (result === undefined || isWide(this.func.types[result] as Type)) return false;
    return this.body.analysis.dead.has(inst);
  }
}
