/** What the writers of a unit's functions share. */
import type { Module } from '../../dmir/ir.ts';
import type { Leavers } from './leave.ts';

/** Where the one frame has its record, and where its regions begin. */
export interface FixedLayout {
  readonly frame: number;
  readonly bases: readonly number[];
}

/** What a function needs of the unit that it is compiled with. */
export interface UnitContext {
  readonly module: Module;
  /** Cell space of the kernel for each space of the module. */
  readonly spaces: readonly number[];
  /** Undefined where every frame has its own. */
  readonly layout: FixedLayout | undefined;
  /** Address of the function table, with the numbers of signatures. */
  readonly functions: number;
  signature(func: number): number;
  /** Index of the type of calls of a function. */
  typeOf(func: number): number;
  /** Index of the function in the unit; undefined where it is reached by the table. */
  place(func: number): number | undefined;
  readonly leavers: Leavers;
}
