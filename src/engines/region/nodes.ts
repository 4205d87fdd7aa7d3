/**
 * Writes nodes where they are needed: a node that is needed again on the way is kept in a local,
 * and a side path forgets what it kept.
 */
import { I32, I64, type ValueType } from '../wasm/encoder.ts';
import { type CodeWriter, LOCAL, OP, PARAM_COUNT } from './code.ts';
import { type Graph, hasSecond, K, type Node, W } from './graph.ts';
import type { Region } from './region.ts';
import { Uses } from './uses.ts';

const WORD = 32;
/** No node is held in the first local. */
const NOWHERE = 0;

export class NodeWriter {
  readonly uses = new Uses();
  readonly #code: CodeWriter;
  #region!: Region;
  #graph!: Graph;
  /** The first local of statements. */
  #first = 0;
  /** Locals of nodes on the path that is being written, and in which order they came. */
  readonly #held: number[] = [];
  readonly #heldOrder: Node[] = [];
  /** In a loop the limbs of slots at its head, by `height * 4 + limb`. */
  readonly #promoted = new Map<number, number>();

  constructor(code: CodeWriter) {
    this.#code = code;
  }

  /** Begins the next region. */
  begin(region: Region): void {
    const { graph, locals } = region;
    this.#region = region;
    this.#graph = graph;
    this.uses.begin(region);
    this.#first = this.#code.locals.length + PARAM_COUNT;
    for (let i = 0; i < locals; i++) this.#code.local(I64);
    for (let node = 0; node < graph.size; node++) this.#held[node] = NOWHERE;
    this.#heldOrder.length = 0;
    this.#promoted.clear();
  }

  /** The local that a statement sets. */
  localOf(index: number): number {
    return this.#first + index;
  }

  /** Whether the value of such a local is needed. */
  needs(index: number): boolean {
    return this.uses.of(this.#graph.local(index)) > 0;
  }

  /** The local that holds a limb of a slot in a loop. */
  promotedOf(height: number, limb: number): number {
    return this.#promoted.get(height * 4 + limb) as number;
  }

  /** Marks a place of the path, for `forget`. */
  get mark(): number {
    return this.#heldOrder.length;
  }

  /** Leaves the node's value on the stack. */
  node(node: Node): void {
    const held = this.#held[node] as number;
    if (held !== NOWHERE) {
      this.#code.get(held);
      return;
    }
    const kind = this.#graph.kinds[node] as number;
    if (this.#leaf(node, kind)) return;
    this.#compute(node, kind);
    if (this.uses.of(node) > 1) this.#hold(node);
  }

  /** Keeps what is on the stack as the node's value. */
  #hold(node: Node): void {
    const local = this.#code.local(this.#typeOf(node));
    this.#keep(node, local);
    this.#code.tee(local);
  }

  #typeOf(node: Node): ValueType {
    const kind = this.#graph.kinds[node] as number;
    if (kind === W.select) return this.#typeOf(this.#graph.a[node] as Node);
    return this.#graph.isCondition(node) ? I32 : I64;
  }

  /** Nodes that are a local or one load; true if it was one. */
  #leaf(node: Node, kind: number): boolean {
    const a = this.#graph.a[node] as number;
    const b = this.#graph.b[node] as number;
    switch (kind) {
      case K.const:
        this.#constant(a, b);
        return true;
      case K.local:
        this.#code.get(this.localOf(a));
        return true;
      case K.window: {
        const promoted = this.#promoted.get(a * 4 + b);
        if (promoted !== undefined) this.#code.get(promoted);
        else {
          this.#code.get(LOCAL.window).access(OP.i64Load, 3, this.slotOffset(a) + b * 8);
          if (this.uses.of(node) > 1) this.#hold(node);
        }
        return true;
      }
      case K.narrowed:
        this.node(a);
        return true;
      case K.absolute:
      case K.frame:
        if (kind === K.frame) this.#code.get(LOCAL.frame);
        else this.#code.i32(0);
        this.#code.access(OP.i64Load, 3, a);
        if (this.uses.of(node) > 1) this.#hold(node);
        return true;
      default:
        return false;
    }
  }

  #constant(low: number, high: number): void {
    if (high === low >> 31) this.#code.op(OP.i64Const).sink.s32(low);
    else this.#code.i64((BigInt(high) << 32n) | BigInt(low >>> 0));
  }

  #compute(node: Node, kind: number): void {
    const { a, b, c } = this.#graph;
    const first = a[node] as Node;
    this.node(first);
    switch (kind) {
      case K.mulHigh:
        this.node(b[node] as Node);
        this.#code.call('mulHigh');
        return;
      case W.select:
        this.node(b[node] as Node);
        this.node(c[node] as Node);
        this.#code.op(W.select);
        return;
      default:
        if (hasSecond(kind)) this.node(b[node] as Node);
        this.#code.op(kind);
    }
  }

  /** Computes the node now, so that later uses find it in a local. */
  force(node: Node): void {
    if (this.#held[node] !== NOWHERE) return;
    const kind = this.#graph.kinds[node] as number;
    if (kind === K.const || kind === K.local || kind === K.absolute || kind === K.frame) return;
    if (kind === K.narrowed) {
      this.force(this.#graph.a[node] as Node);
      return;
    }
    if (kind === K.window && this.#promoted.has(this.#slotKey(node))) return;
    this.node(node);
    if (this.#held[node] === NOWHERE) {
      const local = this.#code.local(this.#typeOf(node));
      this.#keep(node, local);
      this.#code.set(local);
    } else this.#code.op(OP.drop);
  }

  #keep(node: Node, local: number): void {
    this.#held[node] = local;
    this.#heldOrder.push(node);
  }

  /** Forgets what a side path kept. */
  forget(count: number): void {
    while (this.#heldOrder.length > count) {
      this.#held[this.#heldOrder.pop() as Node] = NOWHERE;
    }
  }

  #slotKey(node: Node): number {
    return (this.#graph.a[node] as number) * 4 + (this.#graph.b[node] as number);
  }

  /** Of a slot from the lowest one. */
  slotOffset(height: number): number {
    return (height - this.#region.low) * WORD;
  }

  /** Brings the slots that a loop reads or changes into locals. */
  promote(): void {
    const keys = new Set<number>();
    const { kinds, size } = this.#graph;
    for (let node = 0; node < size; node++) {
      if (kinds[node] === K.window && this.uses.of(node) > 0) keys.add(this.#slotKey(node));
    }
    for (const height of this.#region.changed) {
      for (let limb = 0; limb < 4; limb++) keys.add(height * 4 + limb);
    }
    for (const key of keys) {
      const local = this.#code.local(I64);
      const height = Math.floor(key / 4);
      this.#code
        .get(LOCAL.window)
        .access(OP.i64Load, 3, this.slotOffset(height) + (key - height * 4) * 8);
      this.#code.set(local);
      this.#promoted.set(key, local);
    }
  }
}
