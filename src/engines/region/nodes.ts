/**
 * Writes nodes where they are needed: a node that is needed again on the way is kept in a local,
 * and a side path forgets what it kept.
 */
import { I32, I64, V128, type ValueType } from '../wasm/encoder.ts';
import { type CodeWriter, LOCAL, OP, REVERSED, SIMD } from './code.ts';
import { type Graph, hasSecond, K, type Node, W } from './graph.ts';
import type { Region } from './region.ts';
import { Uses } from './uses.ts';

const WORD = 32;

export class NodeWriter {
  readonly uses: Uses;
  readonly #code: CodeWriter;
  readonly #region: Region;
  readonly #graph: Graph;
  /** Locals of statements, by their places in the region. */
  readonly #statementLocals: readonly number[];
  /** Locals of nodes on the path that is being written, and in which order they came. */
  readonly #held = new Map<Node, number>();
  readonly #heldOrder: Node[] = [];
  /** In a loop the limbs of slots at its head, by `height * 4 + limb`. */
  readonly #promoted = new Map<number, number>();

  constructor(code: CodeWriter, region: Region) {
    this.#code = code;
    this.#region = region;
    this.#graph = region.graph;
    this.uses = new Uses(region);
    this.#statementLocals = region.locals.map((type) => code.local(type === 'limb' ? I64 : V128));
  }

  /** The local that a statement sets. */
  localOf(index: number): number {
    return this.#statementLocals[index] as number;
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
    const value = this.#graph.valueOf(node);
    if (value !== undefined) {
      this.#code.i64(value);
      return;
    }
    const held = this.#held.get(node);
    if (held !== undefined) {
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
    if (kind === K.reverse || kind === K.localVector) return V128;
    if (kind === W.select) return this.#typeOf(this.#graph.a[node] as Node);
    return this.#graph.isCondition(node) ? I32 : I64;
  }

  /** Nodes that are a local or one load; true if it was one. */
  #leaf(node: Node, kind: number): boolean {
    const a = this.#graph.a[node] as number;
    const b = this.#graph.b[node] as number;
    switch (kind) {
      case K.local:
      case K.localVector:
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
        this.#code.i32(0).access(OP.i64Load, 3, a);
        return true;
      case K.frame:
        this.#code.get(LOCAL.frame).access(OP.i64Load, 3, a);
        return true;
      default:
        return false;
    }
  }

  #compute(node: Node, kind: number): void {
    const { a, b, c } = this.#graph;
    const first = a[node] as Node;
    this.node(first);
    switch (kind) {
      case K.reverse:
        this.#code.tee(LOCAL.vector).get(LOCAL.vector).simd(SIMD.shuffle).raw(REVERSED);
        return;
      case K.lane:
        this.#code.simd(SIMD.extract).byte(b[node] as number);
        return;
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
    if (this.#graph.valueOf(node) !== undefined || this.#held.has(node)) return;
    const kind = this.#graph.kinds[node] as number;
    if (kind === K.local || kind === K.localVector || kind === K.absolute) return;
    if (kind === K.frame) return;
    if (kind === K.narrowed) {
      this.force(this.#graph.a[node] as Node);
      return;
    }
    if (kind === K.window && this.#promoted.has(this.#slotKey(node))) return;
    this.node(node);
    const held = this.#held.get(node);
    if (held === undefined) {
      const local = this.#code.local(this.#typeOf(node));
      this.#keep(node, local);
      this.#code.set(local);
    } else this.#code.op(OP.drop);
  }

  #keep(node: Node, local: number): void {
    this.#held.set(node, local);
    this.#heldOrder.push(node);
  }

  /** Forgets what a side path kept. */
  forget(count: number): void {
    while (this.#heldOrder.length > count) this.#held.delete(this.#heldOrder.pop() as Node);
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
    const { kinds } = this.#graph;
    for (let node = 0; node < kinds.length; node++) {
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
