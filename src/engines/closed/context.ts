/** What the writers of a unit's functions share. */
import type { Module } from '../../dmir/ir.ts';
import type { Leavers } from './leave.ts';

/** What a function needs of the unit that it is compiled with. */
export interface UnitContext {
  readonly module: Module;
  /** Address of the frame's record. */
  readonly frame: number;
  /** Where each region begins. */
  readonly bases: readonly number[];
  /** Address of the function table, with the numbers of signatures. */
  readonly functions: number;
  signature(func: number): number;
  /** Index of the type of calls of a function. */
  typeOf(func: number): number;
  /** Index of the function in the unit; undefined where it is reached by the table. */
  place(func: number): number | undefined;
  readonly leavers: Leavers;
}
