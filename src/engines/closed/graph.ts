/**
 * The control flow of a closed function as WebAssembly can write it: which blocks head loops, and
 * which stand behind the block that dominates them because several edges enter ("Beyond Relooper",
 * Ramsey 2022).
 */
import { computeDominators } from '../../dmir/dominators.ts';
import type { Block, BlockId, Func, Inst } from '../../dmir/ir.ts';

export interface ControlGraph {
  /** Blocks that the root reaches, in reverse postorder. */
  readonly order: readonly BlockId[];
  readonly position: ReadonlyMap<BlockId, number>;
  /** Heads of loops: an edge from a block that they dominate enters. */
  readonly heads: ReadonlySet<BlockId>;
  /** Blocks that edges leave for by a branch out of a construct, rather than by standing there. */
  readonly merges: ReadonlySet<BlockId>;
  /** Merges by the block that dominates them closest, in order. */
  readonly behind: ReadonlyMap<BlockId, readonly BlockId[]>;
  /** The block that dominates another one closest; the root's is itself. */
  dominator(id: BlockId): BlockId;
}

/** Undefined where the control flow is irreducible. */
export function controlGraph(func: Func, root: BlockId): ControlGraph | undefined {
  const { order, parents, dominates } = computeDominators(func, root);
  const position = new Map(order.map((id, index) => [id, index]));
  const heads = new Set<BlockId>();
  const merges = new Set<BlockId>();
  const entered = new Set<BlockId>();
  for (const [index, id] of order.entries()) {
    const last = (func.blocks.get(id) as Block).insts.at(-1) as Inst;
    for (const { block } of last.targets) {
      if ((position.get(block) as number) <= index) {
        if (!dominates(block, id)) return undefined;
        heads.add(block);
      } else {
        if (entered.has(block) || last.op === 'br_table') merges.add(block);
        entered.add(block);
      }
    }
  }
  const behind = new Map<BlockId, BlockId[]>();
  for (const [index, id] of order.entries()) {
    if (!merges.has(id)) continue;
    const parent = order[parents[index] as number] as BlockId;
    behind.set(parent, [...(behind.get(parent) ?? []), id]);
  }
  const dominator = (id: BlockId): BlockId => {
    return order[parents[position.get(id) as number] as number] as BlockId;
  };
  return { order, position, heads, merges, behind, dominator };
}
