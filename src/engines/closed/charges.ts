/**
 * How much gas each block of a function charges at its head. A block pays for all of its
 * operations at once, and for what whatever comes next costs in any case, where nothing else leads
 * there: so a path has few charges. Where a check fails the interpreter goes on, with everything
 * given back that it will charge itself; paying early is therefore no different from paying late.
 */
import type { Block, BlockId, Inst } from '../../dmir/ir.ts';
import type { ControlGraph } from './graph.ts';
import type { FunctionShape } from './sites.ts';

/** Terminators with which compiled code goes on; any other one is left to the interpreter. */
const GOES_ON: ReadonlySet<string> = new Set([
  ...['br', 'br_if', 'br_table', 'return', 'tail_call', 'tail_call_indirect'],
]);

export class Charges {
  readonly #shape: FunctionShape;
  readonly #graph: ControlGraph;
  /** What a block costs with what it pays for others; what it pays for others. */
  readonly #totals = new Map<BlockId, number>();
  readonly #shares = new Map<BlockId, number>();
  /** What was paid for a block before it begins. */
  readonly #paid = new Map<BlockId, number>();

  readonly #inlined: (inst: Inst) => number;

  /** @param inlined - Gas of what takes the place of a call. */
  constructor(shape: FunctionShape, graph: ControlGraph, inlined: (inst: Inst) => number) {
    this.#shape = shape;
    this.#graph = graph;
    this.#inlined = inlined;
    for (const id of graph.order.toReversed()) {
      const block = shape.func.blocks.get(id) as Block;
      const share = this.#shareOf(block);
      this.#shares.set(id, share);
      this.#totals.set(id, this.#own(block, 0) + share);
      for (const target of this.#targets(block)) this.#paid.set(target, share);
    }
  }

  /** Gas to charge at the head of the block. */
  atHead(id: BlockId): number {
    return (this.#totals.get(id) as number) - (this.#paid.get(id) ?? 0);
  }

  /** Gas that the interpreter charges from the head of the block on, of what was paid then. */
  fromHead(id: BlockId): number {
    return this.#totals.get(id) as number;
  }

  /** The same from an instruction of the block on. */
  from(block: Block, index: number): number {
    return this.#own(block, index) + (this.#shares.get(block.id) as number);
  }

  #own(block: Block, first: number): number {
    const calls = block.insts.slice(first).map(this.#inlined);
    return calls.reduce((sum, gas) => sum + gas, this.#shape.chargesFrom(block, first));
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
      const { insts } = this.#shape.func.blocks.get(target) as Block;
      const total = this.#totals.get(target) as number;
      return total > 0 || GOES_ON.has((insts[insts.length - 1] as Inst).op) ? [total] : [];
    });
    return costs.length === 0 ? 0 : Math.min(...costs);
  }
}
