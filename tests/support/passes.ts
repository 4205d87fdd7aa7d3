/** Passes over columns, for functions that a test has as objects. */
import { type FlatFunc, flattenFunc } from '../../src/dmir/flat-func.ts';
import type { Func } from '../../src/dmir/ir.ts';

/** Has passes change a function. */
export function apply(func: Func, ...passes: readonly ((func: FlatFunc) => void)[]): void {
  const flat = flattenFunc(func);
  for (const pass of passes) pass(flat);
  Object.assign(func, flat.toFunc());
}
