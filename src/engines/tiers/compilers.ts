/** The engines that compile, by name. */
import type { LazySource } from '../../dmir/lazy.ts';
import { compileBlocks as multipass } from '../multipass/compile.ts';
import type { Compiler } from '../region/module.ts';
import { compileBlocks as singlepass } from '../singlepass/compile.ts';

export type CompilerName = 'singlepass' | 'multipass';

export const COMPILERS: Readonly<Record<CompilerName, Compiler>> = { singlepass, multipass };
/** In the order of what their code is worth. */
export const COMPILER_NAMES = Object.keys(COMPILERS) as CompilerName[];

/** Blocks that are compiled at a time. */
export const BLOCKS_MAX = 2000;

/** Blocks that code can reach, as far as its jumps tell, and every destination of a jump. */
export function reachable(source: LazySource): readonly number[] {
  const found = new Set<number>([0]);
  for (const [pc, isDestination] of source.destinations.entries()) {
    if (isDestination === 1) found.add(pc);
    if (found.size >= BLOCKS_MAX) break;
  }
  for (const id of found) {
    for (const next of followers(source, id)) {
      if (found.size < BLOCKS_MAX && source.isBlock(next)) found.add(next);
    }
  }
  return [...found];
}

function followers(source: LazySource, id: number): readonly number[] {
  const { block } = source.lower(id);
  const last = block.insts[block.insts.length - 1];
  if (last === undefined || last.op === 'dispatch') return [];
  return last.targets.map((target) => target.block);
}
