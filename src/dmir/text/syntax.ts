/**
 * The syntax tree of a dMIR text: what was written, before names and types are resolved.
 */
import type { Location } from '../diagnostics.ts';
import type { BoundsRule } from '../ir.ts';
import type { OpName } from '../ops.ts';
import type { Type } from '../types.ts';
import type { Literal } from './literals.ts';

export interface Named extends Location {
  readonly text: string;
}

export interface RegionSyntax extends Location {
  readonly name: string;
  readonly bounds: BoundsRule;
  readonly writable: boolean;
  readonly min: number;
  readonly max: number;
}

export interface HostSyntax extends Location {
  readonly name: string;
  readonly params: Type[];
  readonly results: Type[];
  readonly gas: number;
  readonly reads: string[];
  readonly writes: string[];
  readonly deterministic: boolean;
}

export type OperandSyntax =
  | (Location & { readonly kind: 'register'; readonly text: string })
  | (Location & { readonly kind: 'literal'; readonly literal: Literal });

export interface TargetSyntax extends Location {
  readonly block: number;
  readonly args: OperandSyntax[];
}

/** An immediate: names to look up, or a number. */
export type ImmSyntax =
  | { readonly kind: 'none' }
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'names'; readonly names: Named[] };

export interface InstSyntax extends Location {
  readonly op: OpName;
  /** The suffix, or null where it was omitted. */
  readonly type: Type | null;
  readonly results: Named[];
  readonly imm: ImmSyntax;
  readonly args: OperandSyntax[];
  readonly targets: TargetSyntax[];
  readonly pc: number;
}

export interface ParamSyntax extends Named {
  readonly type: Type;
}

export interface BlockSyntax extends Location {
  readonly id: number;
  /** Null where the list was omitted. */
  readonly params: ParamSyntax[] | null;
  /** Null where it was omitted: the least that the block needs. */
  readonly grow: number | null;
  readonly pc: number;
  readonly insts: InstSyntax[];
}

export interface FuncSyntax extends Location {
  readonly name: string;
  readonly open: boolean;
  readonly params: Type[];
  readonly results: Type[];
  readonly blocks: BlockSyntax[];
}

export interface ModuleSyntax {
  name: string;
  readonly regions: RegionSyntax[];
  readonly spaces: Named[];
  readonly hosts: HostSyntax[];
  readonly funcs: FuncSyntax[];
}
