/**
 * 256-bit arithmetic over limbs: each operation as a sum of nodes, which fold to one limb where the
 * operands fit one.
 */
import { type Graph, type Node, W } from './graph.ts';

/** Four limbs, least first. */
export type Wide = readonly [Node, Node, Node, Node];

const MASK = 0xffff_ffff_ffff_ffffn;

export function wideConstant(g: Graph, value: bigint): Wide {
  if (value <= MASK) return narrow(g, g.constant(value));
  const limb = (i: bigint): Node => g.constant((value >> (64n * i)) & MASK);
  return [limb(0n), limb(1n), limb(2n), limb(3n)];
}

/** A value of one limb. */
export function narrow(g: Graph, limb: Node): Wide {
  return [limb, g.zero, g.zero, g.zero];
}

/** The value where all limbs are constants. */
export function wideValue(g: Graph, value: Wide): bigint | undefined {
  const low = g.valueOf(value[0]);
  if (low === undefined || isNarrow(g, value)) return low;
  let result = 0n;
  for (let i = 3; i >= 0; i--) {
    const limb = g.valueOf(value[i] as Node);
    if (limb === undefined) return undefined;
    result = (result << 64n) | limb;
  }
  return result;
}

/** Whether the value is known to fit one limb. */
export function isNarrow(g: Graph, [, b, c, d]: Wide): boolean {
  return g.isZero(b) && g.isZero(c) && g.isZero(d);
}

/** Bits that may be set. */
export function wideBits(g: Graph, value: Wide): number {
  for (let i = 3; i >= 0; i--) {
    const bits = g.bits[value[i] as Node] as number;
    if (bits > 0) return i * 64 + bits;
  }
  return 0;
}

/** Whether the values are the same nodes. */
export function isSame(x: Wide, y: Wide): boolean {
  return x[0] === y[0] && x[1] === y[1] && x[2] === y[2] && x[3] === y[3];
}

function map(f: (i: number) => Node): Wide {
  return [f(0), f(1), f(2), f(3)];
}

export function add(g: Graph, x: Wide, y: Wide): Wide {
  let carry = g.zero;
  const result: Node[] = [];
  for (let i = 0; i < 4; i++) {
    const [a, b] = [x[i] as Node, y[i] as Node];
    const partial = g.add(a, b);
    const sum = g.add(partial, carry);
    result.push(sum);
    if (i === 3) break;
    // Of two operands without a top bit the sum has no carry.
    const first = overflows(g, partial, a, b);
    const second = g.isZero(carry) ? g.zero : overflows(g, sum, partial, carry);
    carry = g.or(first, second);
  }
  return result as unknown as Wide;
}

/** The carry of a sum of two limbs. */
function overflows(g: Graph, sum: Node, a: Node, b: Node): Node {
  if (g.isZero(a) || g.isZero(b)) return g.zero;
  if ((g.bits[a] as number) < 64 && (g.bits[b] as number) < 64) return g.zero;
  return g.extend(g.compare(W.i64LtU, sum, a));
}

export function sub(g: Graph, x: Wide, y: Wide): Wide {
  let borrow = g.zero;
  const result: Node[] = [];
  for (let i = 0; i < 4; i++) {
    const [a, b] = [x[i] as Node, y[i] as Node];
    const partial = g.sub(a, b);
    const difference = g.sub(partial, borrow);
    result.push(difference);
    if (i === 3) break;
    const first = g.isZero(b) ? g.zero : g.extend(g.compare(W.i64LtU, a, b));
    const second = g.isZero(borrow) ? g.zero : g.extend(g.compare(W.i64LtU, partial, borrow));
    borrow = g.or(first, second);
  }
  return result as unknown as Wide;
}

/** High halves of limb products that a product needs; where they are many, a call is shorter. */
export function mulWork(g: Graph, x: Wide, y: Wide): number {
  let work = 0;
  for (let i = 0; i < 4; i++) {
    for (let j = 0; i + j < 3; j++) {
      const bits = (g.bits[x[i] as Node] as number) + (g.bits[y[j] as Node] as number);
      if (!g.isZero(x[i] as Node) && !g.isZero(y[j] as Node) && bits > 64) work++;
    }
  }
  return work;
}

export function mul(g: Graph, x: Wide, y: Wide): Wide {
  let result: Wide = narrow(g, g.zero);
  for (let i = 0; i < 4; i++) {
    for (let j = 0; i + j < 4; j++) {
      const [a, b] = [x[i] as Node, y[j] as Node];
      if (g.isZero(a) || g.isZero(b)) continue;
      const at = i + j;
      const low = g.mul(a, b);
      const high = at < 3 ? g.mulHigh(a, b) : g.zero;
      const limb = (k: number): Node => (k === at ? low : k === at + 1 ? high : g.zero);
      result = add(g, result, map(limb));
    }
  }
  return result;
}

export function bitwise(g: Graph, op: 'and' | 'or' | 'xor', x: Wide, y: Wide): Wide {
  return map((i) => g[op](x[i] as Node, y[i] as Node));
}

export function not(g: Graph, x: Wide): Wide {
  const ones = g.constant(MASK);
  return map((i) => g.xor(x[i] as Node, ones));
}

/** Shifts left by a constant. */
export function shl(g: Graph, x: Wide, count: number): Wide {
  const limbs = count >> 6;
  const bits = count & 63;
  return map((i) => {
    const from = i - limbs;
    if (from < 0) return g.zero;
    const high = g.shl(x[from] as Node, bits);
    if (bits === 0 || from === 0) return high;
    return g.or(high, g.shrU(x[from - 1] as Node, 64 - bits));
  });
}

export function ushr(g: Graph, x: Wide, count: number): Wide {
  return shr(g, x, count, g.zero, (limb, bits) => g.shrU(limb, bits));
}

export function sshr(g: Graph, x: Wide, count: number): Wide {
  const sign = g.shrS(x[3], 63);
  return shr(g, x, count, sign, (limb, bits) => g.shrS(limb, bits));
}

function shr(
  g: Graph,
  x: Wide,
  count: number,
  fill: Node,
  shiftTop: (limb: Node, bits: number) => Node,
): Wide {
  const limbs = count >> 6;
  const bits = count & 63;
  return map((i) => {
    const from = i + limbs;
    if (from > 3) return fill;
    if (bits === 0) return x[from] as Node;
    if (from === 3) return shiftTop(x[3], bits);
    return g.or(g.shrU(x[from] as Node, bits), g.shl(x[from + 1] as Node, 64 - bits));
  });
}

export function isZero(g: Graph, [a, b, c, d]: Wide): Node {
  return g.isNull(g.or(g.or(a, b), g.or(c, d)));
}

export function equal(g: Graph, x: Wide, y: Wide): Node {
  if (isNarrow(g, x) && isNarrow(g, y)) return g.compare(W.i64Eq, x[0], y[0]);
  return isZero(g, bitwise(g, 'xor', x, y));
}

/** x < y, by the borrow of the difference; for signed ones the top limbs decide by their signs. */
export function less(g: Graph, x: Wide, y: Wide, isSigned: boolean): Node {
  let result = g.compare(W.i64LtU, x[0], y[0]);
  for (let i = 1; i < 4; i++) {
    const [a, b] = [x[i] as Node, y[i] as Node];
    const kind = isSigned && i === 3 ? W.i64LtS : W.i64LtU;
    const isEqual = g.compare(W.i64Eq, a, b);
    result = g.either(g.compare(kind, a, b), g.both(isEqual, result));
  }
  return result;
}

/** Extends the sign of the lowest `index + 1` bytes. */
export function signExtend(g: Graph, x: Wide, index: number): Wide {
  const bit = index * 8 + 7;
  const limb = bit >> 6;
  const shift = 63 - (bit & 63);
  const top = g.shrS(g.shl(x[limb] as Node, shift), shift);
  const sign = g.shrS(top, 63);
  return map((i) => (i < limb ? (x[i] as Node) : i === limb ? top : sign));
}

/** The byte at an index counted from the most significant one. */
export function byteAt(g: Graph, x: Wide, index: number): Wide {
  const bit = (31 - index) * 8;
  const limb = x[bit >> 6] as Node;
  return narrow(g, g.and(g.shrU(limb, bit & 63), g.constant(0xffn)));
}
