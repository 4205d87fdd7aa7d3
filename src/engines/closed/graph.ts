/**
 * The control flow of a closed function as WebAssembly can write it: which blocks head loops, and
 * which stand behind the block that dominates them because several edges enter ("Beyond Relooper",
 * Ramsey 2022).
 */
import { computeDominators, successors } from '../../dmir/dominators.ts';
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
  /** Head of the outermost loop that a block is in. */
  readonly loops: ReadonlyMap<BlockId, BlockId>;
  /** Whether every path to `b` passes `a`. */
  dominates(a: BlockId, b: BlockId): boolean;
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
  const loops = outermostLoops(func, order, position, heads);
  const behind = new Map<BlockId, BlockId[]>();
  for (const [index, id] of order.entries()) {
    if (!merges.has(id)) continue;
    const parent = order[parents[index] as number] as BlockId;
    behind.set(parent, [...(behind.get(parent) ?? []), id]);
  }
  const dominator = (id: BlockId): BlockId => {
    return order[parents[position.get(id) as number] as number] as BlockId;
  };
  return { order, position, heads, merges, behind, dominator, loops, dominates };
}

/** Walks from the ends of each loop that is in no other one back to its head. */
function outermostLoops(
  func: Func,
  order: readonly BlockId[],
  position: ReadonlyMap<BlockId, number>,
  heads: ReadonlySet<BlockId>,
): Map<BlockId, BlockId> {
  const sources = new Map<BlockId, BlockId[]>();
  for (const id of order) {
    for (const to of successors(func.blocks.get(id) as Block)) {
      const from = sources.get(to);
      if (from === undefined) sources.set(to, [id]);
      else from.push(id);
    }
  }
  const loops = new Map<BlockId, BlockId>();
  for (const head of order) {
    if (!heads.has(head) || loops.has(head)) continue;
    loops.set(head, head);
    const at = position.get(head) as number;
    const ends = (sources.get(head) ?? []).filter((id) => (position.get(id) as number) >= at);
    for (let id = ends.pop(); id !== undefined; id = ends.pop()) {
      if (loops.has(id)) continue;
      loops.set(id, head);
      ends.push(...(sources.get(id) ?? []));
    }
  }
  return loops;
}
