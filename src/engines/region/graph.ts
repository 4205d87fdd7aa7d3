/**
 * A graph of limb operations: what a region computes, before it is decided where.
 *
 * A node is a 64-bit limb or a condition (i32). Nodes are pure, equal nodes are one node, and
 * constants fold as nodes are made. Each limb knows how many low bits it can have set, so that a
 * value that fits one limb costs one limb: its other limbs are the constant 0 and everything made
 * of them folds away.
 *
 * The kind of an ordinary node is its WebAssembly opcode. A graph is cleared and filled again for
 * the next region, so that making nodes takes no memory anew.
 */

/** Index of a node. */
export type Node = number;

const MASK = 0xffff_ffff_ffff_ffffn;

/** Opcodes of WebAssembly that are kinds of nodes. */
export const W = {
  i32Eqz: 0x45,
  i64Eqz: 0x50,
  i64Eq: 0x51,
  i64Ne: 0x52,
  i64LtS: 0x53,
  i64LtU: 0x54,
  i32And: 0x71,
  i32Or: 0x72,
  i64Clz: 0x79,
  i64Add: 0x7c,
  i64Sub: 0x7d,
  i64Mul: 0x7e,
  i64DivU: 0x80,
  i64RemU: 0x82,
  i64And: 0x83,
  i64Or: 0x84,
  i64Xor: 0x85,
  i64Shl: 0x86,
  i64ShrS: 0x87,
  i64ShrU: 0x88,
  select: 0x1b,
  extend: 0xad,
} as const;

/** Kinds that are not one opcode. */
export const K = {
  /** A number: its low and its high 32 bits. */
  const: 0x100,
  /** A local that a statement sets. */
  local: 0x101,
  /** A limb of a slot of the window as it was at entry: height, limb. */
  window: 0x102,
  /** A limb at an absolute address. */
  absolute: 0x103,
  /** A limb at an offset from the frame's record. */
  frame: 0x104,
  /** The high half of a product. */
  mulHigh: 0x105,
  /** Another limb, of which a path knows that it is small. */
  narrowed: 0x106,
} as const;

/** Chains of nodes with equal hashes. */
const CHAIN_BITS = 10;
const NONE = -1;
const SMALL_MAX = 0x7fff_ffffn;

/** Whether the node is a condition. */
function isCondition(kind: number): boolean {
  return (kind >= W.i32Eqz && kind <= 0x5a) || kind === W.i32And || kind === W.i32Or;
}

export class Graph {
  readonly kinds: number[] = [];
  readonly a: number[] = [];
  readonly b: number[] = [];
  readonly c: number[] = [];
  /** Bits that may be set, counted from the least, 64 at most. */
  readonly bits: number[] = [];
  /** Slots of the window that a node is computed from: a bit for each height modulo 32. */
  readonly slots: number[] = [];
  readonly #values: (bigint | undefined)[] = [];
  /** Earlier node of the same chain. */
  readonly #earlier: number[] = [];
  readonly #chains = new Int32Array(1 << CHAIN_BITS);
  #size = 0;
  zero: Node = 0;
  one: Node = 0;

  constructor() {
    this.clear();
  }

  /** Forgets all nodes. */
  clear(): void {
    this.#size = 0;
    this.#chains.fill(NONE);
    this.zero = this.small(0);
    this.one = this.small(1);
  }

  /** Nodes that there are. */
  get size(): number {
    return this.#size;
  }

  /** The node of the kind and operands, made if it is new. */
  #make(kind: number, a: number, b: number, c: number, bits: number): Node {
    const hash =
      Math.imul(kind, 0x9e37_79b1) ^
      Math.imul(a, 0x85eb_ca6b) ^
      Math.imul(b, 0xc2b2_ae35) ^
      Math.imul(c, 0x27d4_eb2f);
    const chain = hash >>> (32 - CHAIN_BITS);
    const { kinds } = this;
    const latest = this.#chains[chain] as number;
    for (let node = latest; node !== NONE; node = this.#earlier[node] as number) {
      if (kinds[node] !== kind || this.a[node] !== a) continue;
      if (this.b[node] === b && this.c[node] === c) return node;
    }
    const node = this.#size++;
    this.#chains[chain] = node;
    this.#earlier[node] = latest;
    kinds[node] = kind;
    this.a[node] = a;
    this.b[node] = b;
    this.c[node] = c;
    this.bits[node] = bits;
    this.slots[node] = 0;
    this.#values[node] = undefined;
    return node;
  }

  /** A node of up to three others. */
  #compute(kind: number, a: Node, b: Node, bits: number, c = b): Node {
    const before = this.#size;
    const node = this.#make(kind, a, b, kind === W.select ? c : 0, bits);
    const { slots } = this;
    if (node === before) {
      slots[node] = (slots[a] as number) | (slots[b] as number) | (slots[c] as number);
    }
    return node;
  }

  /** A limb; the value is taken modulo 2^64. */
  constant(value: bigint): Node {
    if (value >= 0n && value <= SMALL_MAX) return this.small(Number(value));
    const limb = value & MASK;
    const [low, high] = [Number(BigInt.asIntN(32, limb)), Number(BigInt.asIntN(32, limb >> 32n))];
    const bits = high === 0 ? 32 - Math.clz32(low) : 64 - Math.clz32(high);
    const node = this.#make(K.const, low, high, 0, bits);
    this.#values[node] = limb;
    return node;
  }

  /** A constant below 2^31. */
  small(value: number): Node {
    const before = this.#size;
    const node = this.#make(K.const, value, 0, 0, 32 - Math.clz32(value));
    if (node === before) this.#values[node] = BigInt(value);
    return node;
  }

  /** The limb's value where it is a constant. */
  valueOf(node: Node): bigint | undefined {
    return this.#values[node];
  }

  isZero(node: Node): boolean {
    return node === this.zero;
  }

  isCondition(node: Node): boolean {
    return isCondition(this.kinds[node] as number);
  }

  /** A node that is computed from no other. */
  leaf(kind: number, a: number, b = 0, bits = 64): Node {
    const node = this.#make(kind, a, b, 0, bits);
    if (kind === K.window) this.slots[node] = 1 << (a & 31);
    return node;
  }

  local(index: number, bits = 64): Node {
    return this.leaf(K.local, index, 0, bits);
  }

  /** A limb of which it is known now that it has few bits. */
  narrowed(limb: Node, bits: number): Node {
    return this.#compute(K.narrowed, limb, 0, bits);
  }

  add(x: Node, y: Node): Node {
    const [a, b] = this.#ordered(x, y);
    const u = this.#values[a];
    const v = this.#values[b];
    if (v === 0n) return a;
    if (u !== undefined && v !== undefined) return this.constant(u + v);
    const bits = Math.min(64, Math.max(this.bits[a] as number, this.bits[b] as number) + 1);
    return this.#compute(W.i64Add, a, b, bits);
  }

  sub(a: Node, b: Node): Node {
    const u = this.#values[a];
    const v = this.#values[b];
    if (v === 0n) return a;
    if (a === b) return this.zero;
    if (u !== undefined && v !== undefined) return this.constant(u - v);
    return this.#compute(W.i64Sub, a, b, 64);
  }

  mul(x: Node, y: Node): Node {
    const [a, b] = this.#ordered(x, y);
    const u = this.#values[a];
    const v = this.#values[b];
    if (v === 0n) return this.zero;
    if (v === 1n) return a;
    if (u !== undefined && v !== undefined) return this.constant(u * v);
    const bits = Math.min(64, (this.bits[a] as number) + (this.bits[b] as number));
    return this.#compute(W.i64Mul, a, b, bits);
  }

  mulHigh(x: Node, y: Node): Node {
    const [a, b] = this.#ordered(x, y);
    const u = this.#values[a];
    const v = this.#values[b];
    if (u !== undefined && v !== undefined) return this.constant((u * v) >> 64n);
    const bits = (this.bits[a] as number) + (this.bits[b] as number) - 64;
    if (bits <= 0) return this.zero;
    return this.#compute(K.mulHigh, a, b, bits);
  }

  and(x: Node, y: Node): Node {
    const [a, b] = this.#ordered(x, y);
    const u = this.#values[a];
    const v = this.#values[b];
    if (a === b) return a;
    if (v !== undefined) {
      if (u !== undefined) return this.constant(u & v);
      if (v === 0n) return this.zero;
      const covered = (1n << BigInt(this.bits[a] as number)) - 1n;
      if ((v & covered) === covered) return a;
    }
    const bits = Math.min(this.bits[a] as number, this.bits[b] as number);
    return this.#compute(W.i64And, a, b, bits);
  }

  or(x: Node, y: Node): Node {
    const [a, b] = this.#ordered(x, y);
    const u = this.#values[a];
    const v = this.#values[b];
    if (a === b || v === 0n) return a;
    if (u !== undefined && v !== undefined) return this.constant(u | v);
    return this.#compute(W.i64Or, a, b, Math.max(this.bits[a] as number, this.bits[b] as number));
  }

  xor(x: Node, y: Node): Node {
    const [a, b] = this.#ordered(x, y);
    const u = this.#values[a];
    const v = this.#values[b];
    if (a === b) return this.zero;
    if (v === 0n) return a;
    if (u !== undefined && v !== undefined) return this.constant(u ^ v);
    return this.#compute(W.i64Xor, a, b, Math.max(this.bits[a] as number, this.bits[b] as number));
  }

  /** Shifts by a constant below 64. */
  shl(a: Node, count: number): Node {
    const u = this.#values[a];
    if (count === 0 || u === 0n) return a;
    if (u !== undefined) return this.constant(u << BigInt(count));
    const bits = Math.min(64, (this.bits[a] as number) + count);
    return this.#compute(W.i64Shl, a, this.small(count), bits);
  }

  shrU(a: Node, count: number): Node {
    const u = this.#values[a];
    if (count === 0) return a;
    if (u !== undefined) return this.constant(u >> BigInt(count));
    const bits = (this.bits[a] as number) - count;
    if (bits <= 0) return this.zero;
    return this.#compute(W.i64ShrU, a, this.small(count), bits);
  }

  shrS(a: Node, count: number): Node {
    const u = this.#values[a];
    if (count === 0) return a;
    if (u !== undefined) return this.constant(BigInt.asIntN(64, u) >> BigInt(count));
    if ((this.bits[a] as number) < 64) return this.shrU(a, count);
    return this.#compute(W.i64ShrS, a, this.small(count), 64);
  }

  /** Shifts by a limb below 64. */
  shift(kind: number, a: Node, count: Node): Node {
    const known = this.#values[count];
    if (known !== undefined) {
      if (kind === W.i64Shl) return this.shl(a, Number(known));
      return kind === W.i64ShrU ? this.shrU(a, Number(known)) : this.shrS(a, Number(known));
    }
    if (a === this.zero) return a;
    return this.#compute(kind, a, count, kind === W.i64ShrU ? (this.bits[a] as number) : 64);
  }

  /** Quotient or remainder; the divisor is not zero. */
  divide(kind: number, a: Node, b: Node): Node {
    const u = this.#values[a];
    const v = this.#values[b];
    if (u !== undefined && v !== undefined && v !== 0n) {
      return this.constant(kind === W.i64DivU ? u / v : u % v);
    }
    const bits =
      kind === W.i64DivU ? this.bits[a] : Math.min(this.bits[a] as number, this.bits[b] as number);
    return this.#compute(kind, a, b, bits as number);
  }

  clz(a: Node): Node {
    const u = this.#values[a];
    if (u !== undefined) return this.small(64 - (this.bits[a] as number));
    return this.#compute(W.i64Clz, a, 0, 7);
  }

  // ---- conditions

  isNull(a: Node): Node {
    const u = this.#values[a];
    if (u !== undefined) return this.condition(u === 0n);
    if (this.kinds[a] === W.extend) return this.not(this.a[a] as Node);
    return this.#compute(W.i64Eqz, a, 0, 1);
  }

  /** A constant condition: a comparison of constants that nothing folds away. */
  condition(value: boolean): Node {
    return this.#compute(W.i64Eqz, value ? this.zero : this.one, 0, 1);
  }

  /** The condition's value where it is known. */
  conditionOf(node: Node): boolean | undefined {
    if (this.kinds[node] !== W.i64Eqz) return undefined;
    const value = this.#values[this.a[node] as Node];
    return value === undefined ? undefined : value === 0n;
  }

  compare(kind: number, x: Node, y: Node): Node {
    const isSymmetric = kind === W.i64Eq || kind === W.i64Ne;
    const [a, b] = isSymmetric ? this.#ordered(x, y) : [x, y];
    const u = this.#values[a];
    const v = this.#values[b];
    if (u !== undefined && v !== undefined) return this.condition(COMPARE[kind]?.(u, v) ?? false);
    if (a === b) return this.condition(kind === W.i64Eq);
    if (kind === W.i64LtU) {
      if (v === 0n) return this.condition(false);
      if (v !== undefined && (this.bits[a] as number) < (this.bits[b] as number)) {
        return this.condition(true);
      }
    }
    if (kind === W.i64Eq && v === 0n) return this.isNull(a);
    if (kind === W.i64Ne && v === 0n) return this.not(this.isNull(a));
    if (isSymmetric && v !== undefined && (this.bits[b] as number) > (this.bits[a] as number)) {
      return this.condition(kind === W.i64Ne);
    }
    return this.#compute(kind, a, b, 1);
  }

  not(a: Node): Node {
    const known = this.conditionOf(a);
    if (known !== undefined) return this.condition(!known);
    if (this.kinds[a] === W.i32Eqz) return this.a[a] as Node;
    return this.#compute(W.i32Eqz, a, 0, 1);
  }

  both(a: Node, b: Node): Node {
    const u = this.conditionOf(a);
    const v = this.conditionOf(b);
    if (u === false || v === true || a === b) return a;
    if (v === false || u === true) return b;
    return this.#compute(W.i32And, a, b, 1);
  }

  either(a: Node, b: Node): Node {
    const u = this.conditionOf(a);
    const v = this.conditionOf(b);
    if (u === true || v === false || a === b) return a;
    if (v === true || u === false) return b;
    return this.#compute(W.i32Or, a, b, 1);
  }

  /** The condition as a limb, 0 or 1. */
  extend(condition: Node): Node {
    const known = this.conditionOf(condition);
    if (known !== undefined) return known ? this.one : this.zero;
    return this.#compute(W.extend, condition, 0, 1);
  }

  /** The first where the condition holds; both limbs, or both conditions. */
  select(condition: Node, a: Node, b: Node): Node {
    const known = this.conditionOf(condition);
    if (a === b) return a;
    if (known !== undefined) return known ? a : b;
    const bits = Math.max(this.bits[a] as number, this.bits[b] as number);
    return this.#compute(W.select, a, b, bits, condition);
  }

  /** Constants last, else by age: equal sums become one node. */
  #ordered(a: Node, b: Node): readonly [Node, Node] {
    if (this.#values[a] !== undefined) return this.#values[b] === undefined ? [b, a] : [a, b];
    return this.#values[b] !== undefined || a <= b ? [a, b] : [b, a];
  }
}

const COMPARE: Readonly<Record<number, (a: bigint, b: bigint) => boolean>> = {
  [W.i64Eq]: (a, b) => a === b,
  [W.i64Ne]: (a, b) => a !== b,
  [W.i64LtU]: (a, b) => a < b,
  [W.i64LtS]: (a, b) => BigInt.asIntN(64, a) < BigInt.asIntN(64, b),
};

/** Whether a kind of node has a second operand. */
export function hasSecond(kind: number): boolean {
  return (
    kind !== W.i64Eqz &&
    kind !== W.i32Eqz &&
    kind !== W.extend &&
    kind !== W.i64Clz &&
    kind !== K.narrowed
  );
}
