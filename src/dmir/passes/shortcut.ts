/**
 * Takes the detour out of branches in closed functions: an edge to a block that only branches on
 * goes where that block goes, and a branch to a block that only returns is the return.
 */
import type { Block, Func, Inst, Operand, RegId, Target } from '../ir.ts';

/** Blocks that an edge is led past at most, so that empty loops end. */
const STEPS_MAX = 8;

/** Shortens branches in place; blocks that nothing enters any more stay, for `prune` to remove. */
export function shortcut(func: Func): void {
  if (func.open) return;
  for (const block of func.blocks.values()) {
    const last = block.insts[block.insts.length - 1] as Inst;
    if (last.op === 'suspend') continue;
    last.targets = last.targets.map((target) => follow(func, target));
    if (last.op === 'br') returnAtOnce(func, last);
  }
}

/** The only operation of a block; undefined where there are more. */
function onlyInst(func: Func, { block }: Target): Inst | undefined {
  const { insts } = func.blocks.get(block) as Block;
  return insts.length === 1 ? insts[0] : undefined;
}

function follow(func: Func, target: Target): Target {
  let at = target;
  for (let step = 0; step < STEPS_MAX; step++) {
    const inst = onlyInst(func, at);
    const [next] = inst?.targets ?? [];
    if (inst?.op !== 'br' || next === undefined) break;
    const args = handOver(func, at, next.args);
    // What the block takes from elsewhere may not be there yet on this edge's way.
    if (args === undefined) break;
    at = { block: next.block, args };
  }
  return at;
}

function returnAtOnce(func: Func, branch: Inst): void {
  const target = branch.targets[0] as Target;
  const inst = onlyInst(func, target);
  if (inst?.op !== 'return') return;
  const args = handOver(func, target, inst.args);
  if (args === undefined) return;
  Object.assign(branch, { op: 'return', args, targets: [], type: inst.type });
}

/** Operands of a block in terms of what an edge hands it; undefined where it reads other values. */
function handOver(func: Func, edge: Target, operands: readonly Operand[]): Operand[] | undefined {
  const { params } = func.blocks.get(edge.block) as Block;
  const places = new Map<RegId, number>(params.map((param, i) => [param, i]));
  const handed: Operand[] = [];
  for (const operand of operands) {
    const place = operand < 0 ? undefined : places.get(operand);
    if (operand >= 0 && place === undefined) return undefined;
    handed.push(place === undefined ? operand : (edge.args[place] as Operand));
  }
  return handed;
}
