/**
 * Takes the detour out of branches in closed functions: an edge to a block that only branches on
 * goes where that block goes, and a branch to a block that only returns is the return.
 */
import { OP_NUMBER } from '../flat.ts';
import type { FlatFunc } from '../flat-func.ts';

const { br: BR, return: RETURN, suspend: SUSPEND } = OP_NUMBER;

/** Blocks that an edge is led past at most, so that empty loops end. */
const STEPS_MAX = 8;

/** Shortens branches in place; blocks that nothing enters any more stay, for `prune` to remove. */
export function shortcut(func: FlatFunc): void {
  if (func.open) return;
  for (let block = 0; block < func.blockCount; block++) {
    const last = func.last(block);
    if (func.ops[last] === SUSPEND) continue;
    const first = func.edgesAt[block] as number;
    const end = first + (func.edgeCounts[block] as number);
    for (let edge = first; edge < end; edge++) follow(func, edge);
    if (func.ops[last] === BR) returnAtOnce(func, block, last);
  }
}

/** Whether an operation is the only one of a block. */
function isOnly(func: FlatFunc, op: number, block: number): boolean {
  return func.counts[block] === 1 && func.ops[func.firsts[block] as number] === op;
}

function follow(func: FlatFunc, edge: number): void {
  for (let step = 0; step < STEPS_MAX; step++) {
    const block = func.edgeBlocks[edge] as number;
    if (block < 0 || !isOnly(func, BR, block)) return;
    const next = func.edgesAt[block] as number;
    const count = func.edgeArgCounts[next] as number;
    const args = handOver(func, edge, func.edgeArgsAt[next] as number, count);
    // What the block takes from elsewhere may not be there yet on this edge's way.
    if (args < 0) return;
    func.edgeBlocks[edge] = func.edgeBlocks[next] as number;
    func.edgeArgsAt[edge] = args;
    func.edgeArgCounts[edge] = count;
  }
}

function returnAtOnce(func: FlatFunc, block: number, branch: number): void {
  const edge = func.edgesAt[block] as number;
  const target = func.edgeBlocks[edge] as number;
  if (!isOnly(func, RETURN, target)) return;
  const last = func.last(target);
  const count = func.argCounts[last] as number;
  const args = handOver(func, edge, func.argsAt[last] as number, count);
  if (args < 0) return;
  func.ops[branch] = RETURN;
  func.types[branch] = func.types[last] as number;
  func.argsAt[branch] = args;
  func.argCounts[branch] = count;
  func.edgeCounts[block] = 0;
}

/**
 * Writes operands of a block in terms of what an edge hands it, and gives their place in the pool;
 * -1 where it reads other values.
 */
function handOver(func: FlatFunc, edge: number, from: number, count: number): number {
  const block = func.edgeBlocks[edge] as number;
  const params = func.paramsAt[block] as number;
  const paramCount = func.paramCounts[block] as number;
  const start = func.poolCount;
  for (let i = 0; i < count; i++) {
    let operand = func.pool[from + i] as number;
    if (operand >= 0) {
      let place = paramCount - 1;
      while (place >= 0 && func.pool[params + place] !== operand) place--;
      if (place < 0) {
        func.poolCount = start;
        return -1;
      }
      operand = func.pool[(func.edgeArgsAt[edge] as number) + place] as number;
    }
    func.put(operand);
  }
  return start;
}
