/**
 * Compiles blocks of a program to a WebAssembly module in one pass: each block is lowered, built
 * and written before the next one, as a function of its own, and nothing is known across blocks.
 *
 * The same blocks give the same bytes.
 */
import type { Inst } from '../../dmir/ir.ts';
import { Graph } from '../region/graph.ts';
import { type CompileInput, type Compiler, type Entry, RegionModule } from '../region/module.ts';
import { isCompiled, lowerBlock, RegionBuilder } from '../region/region.ts';

/** Compiles the blocks; undefined where none of them can be compiled. */
export const compileBlocks: Compiler = ({ source, blocks }: CompileInput) => {
  const module = new RegionModule();
  const graph = new Graph();
  const places = new Map(blocks.map((id, place) => [id, place]));
  const named = new Set<number>();
  const resumed = new Set<number>();
  const compiled: Entry[] = [];
  for (const [place, root] of blocks.entries()) {
    const block = lowerBlock(source, root);
    graph.clear();
    const builder = new RegionBuilder(source, root, {
      lower: () => block,
      isRoot: () => true,
      versionOf: (target) => places.get(target),
      graph,
    });
    const isOwn = isCompiled(block);
    if (isOwn) compiled.push({ root, place });
    module.add(isOwn ? builder.build() : builder.bounce());
    const { op, targets } = block.insts[block.insts.length - 1] as Inst;
    const isJump = isOwn && (op === 'br' || op === 'br_if');
    const reached = op === 'suspend' ? resumed : isJump ? named : undefined;
    for (const target of targets) reached?.add(target.block);
  }
  if (compiled.length === 0) return undefined;
  // The others are reached from compiled code alone.
  const isEntry = ({ root }: Entry): boolean =>
    !named.has(root) || resumed.has(root) || source.isDestination(root);
  return module.finish(compiled.filter(isEntry));
};
