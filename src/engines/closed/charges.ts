/**
 * How much gas each block of a function charges at its head, and where it is looked whether that
 * is there.
 *
 * - A block pays for all of its operations at once, and for what whatever comes next costs in any
 *   case, where nothing else leads there: so a path has few charges.
 * - A check is for the dearest way to the next one. They stand where a body begins, where it loops,
 *   and behind what takes gas by itself: a call, a charge that is known at run time only.
 *
 * Where a check fails the interpreter goes on, with everything given back that it will charge
 * itself; so neither paying early nor asking for too much makes a difference.
 */
import type { Block, BlockId, Inst } from '../../dmir/ir.ts';
import type { Body } from './body.ts';
import type { ControlGraph } from './graph.ts';

/** Terminators with which compiled code goes on; any other one is left to the interpreter. */
const GOES_ON: ReadonlySet<string> = new Set([
  ...['br', 'br_if', 'br_table', 'return', 'tail_call', 'tail_call_indirect'],
]);
/** Operations that take gas by themselves, and are left as they were where too little is left. */
const TAKES: ReadonlySet<string> = new Set(['call', 'call_indirect', 'charge_dyn']);
/** Operations that have taken gas when it is known how much: the next blocks look. */
const ACTS: ReadonlySet<string> = new Set([
  ...['cell_load', 'cell_store', 'keccak256', 'log', 'mem_copy', 'mem_fill'],
]);
/** The most that a check is for beside its own block: with less left, the interpreter runs. */
const AHEAD_MAX = 1000;

export class Charges {
  readonly #body: Body;
  readonly #graph: ControlGraph;
  /** What a block costs with what it pays for others; what it pays for others. */
  readonly #totals = new Map<BlockId, number>();
  readonly #shares = new Map<BlockId, number>();
  /** What was paid for a block before it begins. */
  readonly #paid = new Map<BlockId, number>();
  /** What the dearest way from the head of a block, and from its end, takes to the next check. */
  readonly #needs = new Map<BlockId, number>();
  readonly #ahead = new Map<BlockId, number>();
  /** Constant charges of a block from each instruction on. */
  readonly #charges = new Map<BlockId, Float64Array>();
  /** The last instruction of a block that takes gas by itself. */
  readonly #takers = new Map<BlockId, number>();
  readonly #checked: Set<BlockId>;

  constructor(body: Body, graph: ControlGraph) {
    this.#body = body;
    this.#graph = graph;
    this.#checked = new Set([graph.order[0] as BlockId, ...graph.heads]);
    const blocks = graph.order.map((id) => body.func.blocks.get(id) as Block).reverse();
    for (const block of blocks) {
      const share = this.#shareOf(block);
      const charges = body.chargesFrom(block);
      this.#charges.set(block.id, charges);
      this.#shares.set(block.id, share);
      this.#totals.set(block.id, (charges[0] as number) + share);
      for (const target of this.#targets(block)) this.#paid.set(target, share);
    }
    for (const block of blocks) this.#plan(block);
  }

  /** Gas to charge at the head of the block. */
  atHead(id: BlockId): number {
    return (this.#totals.get(id) as number) - (this.#paid.get(id) ?? 0);
  }

  /** Gas that has to be there at the head of the block; undefined where it is known to be. */
  neededAt(id: BlockId): number | undefined {
    return this.#checked.has(id) ? this.#needs.get(id) : undefined;
  }

  /** The same behind an operation of the block that takes gas by itself. */
  neededBehind(id: BlockId, index: number): number {
    return this.#takers.get(id) === index ? (this.#ahead.get(id) as number) : 0;
  }

  /** Gas that was paid for a block before it begins. */
  paidBefore(id: BlockId): number {
    return this.#paid.get(id) ?? 0;
  }

  /** Gas that the interpreter charges from an instruction of the block on, of what was paid. */
  from(id: BlockId, index: number): number {
    const charges = this.#charges.get(id) as Float64Array;
    return (charges[index] as number) + (this.#shares.get(id) as number);
  }

  /** Blocks behind the one that nothing else leads to. */
  #targets({ id, insts }: Block): BlockId[] {
    const { position, heads, merges } = this.#graph;
    const targets = (insts[insts.length - 1] as Inst).targets.map(({ block }) => block);
    const here = position.get(id) as number;
    const isAlone = targets.every((target) => {
      return (position.get(target) as number) > here && !heads.has(target) && !merges.has(target);
    });
    return isAlone ? targets : [];
  }

  /** What the next block costs whichever it is; one that leaves gives back what it was given. */
  #shareOf(block: Block): number {
    const costs = this.#targets(block).flatMap((target) => {
      const { insts } = this.#body.func.blocks.get(target) as Block;
      const total = this.#totals.get(target) as number;
      return total > 0 || GOES_ON.has((insts[insts.length - 1] as Inst).op) ? [total] : [];
    });
    return costs.length === 0 ? 0 : Math.min(...costs);
  }

  /** Blocks come after those that they go to, but for loops, whose heads are checked. */
  #plan({ id, insts }: Block): void {
    const last = insts.findLastIndex(({ op }) => TAKES.has(op) || ACTS.has(op));
    const taker = insts[last];
    this.#takers.set(id, last);
    const needs = (insts[insts.length - 1] as Inst).targets.map(({ block }) => {
      if (taker !== undefined && ACTS.has(taker.op)) this.#checked.add(block);
      return this.#checked.has(block) ? 0 : (this.#needs.get(block) as number);
    });
    const ahead = Math.max(0, ...needs);
    this.#ahead.set(id, ahead);
    const need = Math.max(0, this.atHead(id) + (taker === undefined ? ahead : 0));
    this.#needs.set(id, need);
    if (need > AHEAD_MAX) this.#checked.add(id);
  }
}
