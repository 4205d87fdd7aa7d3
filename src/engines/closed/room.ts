/**
 * Where a body looks whether there is room for its calls: at the first one of a path, or before the
 * loop that it is in. All calls of a body ask for the same, which is enough for each.
 */
import type { Block, BlockId } from '../../dmir/ir.ts';
import { type Body, CALL_BYTES_MIN } from './body.ts';
import type { ControlGraph } from './graph.ts';

/** What a local adds to the native stack. */
const LOCAL_BYTES = 8;
const CALLS: ReadonlySet<string> = new Set(['call', 'call_indirect']);

export class Room {
  readonly #body: Body;
  readonly #graph: ControlGraph;
  /** Native stack that a call of the body takes; its registers in the window take no more. */
  readonly #callBytes: number;
  /** Blocks behind a check. */
  readonly #known = new Set<BlockId>();
  /** Heads of the loops before which a check stands. */
  readonly #loops = new Set<BlockId>();

  constructor(body: Body, graph: ControlGraph) {
    this.#body = body;
    this.#graph = graph;
    const { top } = body.shape.slots;
    this.#callBytes = Math.max(CALL_BYTES_MIN, LOCAL_BYTES * body.limbs, top);
    for (const id of graph.order) {
      const { insts } = body.func.blocks.get(id) as Block;
      const loop = graph.loops.get(id);
      if (loop === undefined) continue;
      if (body.isCaller(id) || insts.some(({ op }) => CALLS.has(op))) this.#loops.add(loop);
    }
  }

  /** Bytes that there must be. */
  get needed(): number {
    return this.#callBytes + this.#body.inlinedBytesMax;
  }

  /** Bytes that a call in a block takes; those that are inlined around it count too. */
  takenBy(block: BlockId): number {
    return this.#callBytes + this.#body.inlinedBytes(block);
  }

  /** Whether a check has to stand before a loop. */
  isAhead(head: BlockId): boolean {
    return this.#loops.has(head) && !this.isKnown(head);
  }

  isKnown(id: BlockId): boolean {
    return this.#known.has(id) || this.#known.has(this.#graph.dominator(id));
  }

  /** Room was looked for at the block, or at one that every path to it passes. */
  note(id: BlockId): void {
    this.#known.add(id);
  }
}
