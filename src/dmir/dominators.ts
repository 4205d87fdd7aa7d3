/**
 * Immediate dominators of a function's blocks (Cooper, Harvey, Kennedy: "A Simple, Fast Dominance
 * Algorithm", 2001). Iterative, so that deep functions need no native stack.
 */
import type { Block, BlockId, Func } from './ir.ts';

export interface Dominators {
  /** Blocks that the entry reaches, in reverse postorder; targets without a block are skipped. */
  readonly order: readonly BlockId[];
  /** Whether every path from the entry to `b` passes `a`; both must be reached. */
  dominates(a: BlockId, b: BlockId): boolean;
  /** Position in the order of the closest block that every path to the one at a position passes. */
  readonly parents: readonly number[];
}

export function successors(block: Block): BlockId[] {
  const blocks: BlockId[] = [];
  for (const { targets } of block.insts) for (const target of targets) blocks.push(target.block);
  return blocks;
}

/** Reverse postorder from a block, the first one unless told. */
export function reversePostorder(
  func: Func,
  entry: BlockId | undefined = func.blocks.keys().next().value,
): BlockId[] {
  if (entry === undefined) return [];
  const seen = new Set<BlockId>([entry]);
  const postorder: BlockId[] = [];
  const stack = [{ id: entry, next: successors(func.blocks.get(entry)!), index: 0 }];
  while (stack.length > 0) {
    const top = stack[stack.length - 1]!;
    const id = top.next[top.index++];
    if (id === undefined) {
      postorder.push(top.id);
      stack.pop();
      continue;
    }
    const block = func.blocks.get(id);
    if (block === undefined || seen.has(id)) continue;
    seen.add(id);
    stack.push({ id, next: successors(block), index: 0 });
  }
  return postorder.reverse();
}

/** @param entry - Where runs begin; the first block unless told. */
export function computeDominators(
  func: Func,
  entry: BlockId | undefined = func.blocks.keys().next().value,
): Dominators {
  const order = reversePostorder(func, entry);
  const position = new Map(order.map((id, index) => [id, index]));
  const predecessors: number[][] = order.map(() => []);
  order.forEach((id, index) => {
    for (const next of successors(func.blocks.get(id)!)) {
      const to = position.get(next);
      if (to !== undefined) predecessors[to]!.push(index);
    }
  });
  const parents = immediateDominators(predecessors);
  return {
    order,
    parents,
    dominates(a, b) {
      const above = position.get(a);
      let below = position.get(b);
      if (above === undefined || below === undefined) return false;
      while (below > above) below = parents[below]!;
      return below === above;
    },
  };
}

/** Parents in the dominator tree, by position in reverse postorder; the entry is its own. */
function immediateDominators(predecessors: readonly (readonly number[])[]): number[] {
  const parents: number[] = predecessors.map(() => -1);
  if (parents.length === 0) return parents;
  parents[0] = 0;
  const intersect = (left: number, right: number): number => {
    let a = left;
    let b = right;
    while (a !== b) {
      while (a > b) a = parents[a]!;
      while (b > a) b = parents[b]!;
    }
    return a;
  };
  for (let changed = true; changed; ) {
    changed = false;
    for (let index = 1; index < parents.length; index++) {
      const known = predecessors[index]!.filter((each) => parents[each]! >= 0);
      const parent = known.reduce(intersect);
      if (parents[index] !== parent) {
        parents[index] = parent;
        changed = true;
      }
    }
  }
  return parents;
}
