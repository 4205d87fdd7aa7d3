/**
 * What each dMIR operation is in a region: a node where it is pure, a statement where it is not.
 * An operation that is not here is left to the interpreter, with its block.
 */
import type { Inst, Operand } from '../../dmir/ir.ts';
import type { OpName } from '../../dmir/ops.ts';
import { ENV_BASE, F_WORDS } from '../../kernel/layout.ts';
import { K, type Node, W } from './graph.ts';
import type { RegionBuilder } from './region.ts';
import type { Argument } from './statements.ts';
import * as wide from './wide.ts';
import { isNarrow, narrow, type Wide, wideValue } from './wide.ts';

export type Operation = (r: RegionBuilder, inst: Inst) => void;

/** High halves above which a product is a call. */
const MUL_WORK_MAX = 3;
const WORD = 32;

const arg = (r: RegionBuilder, inst: Inst, index: number): Wide =>
  r.wide(inst.args[index] as Operand);

const pair = (f: (r: RegionBuilder, a: Wide, b: Wide) => Wide): Operation => {
  return (r, inst) => r.setWide(inst, f(r, arg(r, inst, 0), arg(r, inst, 1)));
};

/** A function of the kernel over words. */
function compute(r: RegionBuilder, name: string, ...args: readonly Wide[]): Wide {
  const { index, value } = r.spill();
  const words = args.map((each): Argument => ({ wide: each }));
  r.statements.push({ kind: 'compute', name, args: words, result: index });
  return value;
}

/** A function of the module over the limbs of words, for those that are mostly small. */
function apply(r: RegionBuilder, name: string, ...args: readonly Wide[]): Wide {
  const result = r.limbs(4);
  const words = args.map((each): Argument => ({ wide: each }));
  r.statements.push({ kind: 'apply', name, args: words, result });
  const limb = (i: number): Node => r.graph.local(result + i);
  return [limb(0), limb(1), limb(2), limb(3)];
}

/** The value's low 32 bits as a number where it is a constant below 2^31. */
function smallConstant(r: RegionBuilder, value: Wide): number | undefined {
  const known = wideValue(r.graph, value);
  return known !== undefined && known < 0x8000_0000n ? Number(known) : undefined;
}

function powerOfTwo(r: RegionBuilder, value: Wide): number | undefined {
  const known = wideValue(r.graph, value);
  if (known === undefined || known === 0n || (known & (known - 1n)) !== 0n) return undefined;
  return known.toString(2).length - 1;
}

/** Places of the bits of a constant that has at most two of them set. */
function fewBits(r: RegionBuilder, value: Wide): readonly number[] | undefined {
  const known = wideValue(r.graph, value);
  if (known === undefined) return undefined;
  const bits = [...known.toString(2)].reverse();
  const places = bits.flatMap((bit, place) => (bit === '1' ? [place] : []));
  return places.length <= 2 ? places : undefined;
}

/** A product; by a constant of two bits, which repeats a word for a rotation, two shifts. */
function mul(r: RegionBuilder, a: Wide, b: Wide): Wide {
  const { graph } = r;
  const ofB = fewBits(r, b);
  const places = ofB ?? fewBits(r, a);
  if (places !== undefined) {
    const shifted = places.map((place) => wide.shl(graph, ofB === undefined ? b : a, place));
    const zero = narrow(graph, graph.zero);
    return shifted.reduce((sum, each) => wide.add(graph, sum, each), zero);
  }
  if (wide.mulWork(graph, a, b) > MUL_WORK_MAX) return apply(r, 'mul', a, b);
  return wide.mul(graph, a, b);
}

function divide(kind: typeof W.i64DivU | typeof W.i64RemU, name: string): Operation {
  return pair((r, a, b) => {
    const { graph } = r;
    const shift = powerOfTwo(r, b);
    if (shift !== undefined) {
      if (kind === W.i64DivU) return wide.ushr(graph, a, shift);
      return wide.bitwise(graph, 'and', a, wide.wideConstant(graph, (1n << BigInt(shift)) - 1n));
    }
    if (!isNarrow(graph, a) || !isNarrow(graph, b)) return compute(r, name, a, b);
    const isZero = graph.isNull(b[0]);
    const divisor = graph.or(b[0], graph.extend(isZero));
    const result = graph.divide(kind, a[0], divisor);
    return narrow(graph, graph.select(isZero, graph.zero, result));
  });
}

type Shift = (g: RegionBuilder['graph'], x: Wide, count: number) => Wide;

/** Shifts with counts of 256 and more: all bits are shifted out. */
function shift(byConstant: Shift, name: string, kind: number): Operation {
  return (r, inst) => {
    const value = arg(r, inst, 0);
    const count = arg(r, inst, 1);
    const { graph } = r;
    const known = wideValue(graph, count);
    if (known !== undefined) {
      r.setWide(inst, byConstant(graph, value, known > 256n ? 256 : Number(known)));
    } else if (kind === W.i64ShrU && isNarrow(graph, value) && isNarrow(graph, count)) {
      const isInside = graph.compare(W.i64LtU, count[0], graph.constant(64n));
      const shifted = graph.shift(kind, value[0], count[0]);
      r.setWide(inst, narrow(graph, graph.select(isInside, shifted, graph.zero)));
    } else r.setWide(inst, compute(r, name, value, count));
  };
}

function compare(isSigned: boolean, isSwapped: boolean, isNegated: boolean): Operation {
  return (r, inst) => {
    const [a, b] = [arg(r, inst, 0), arg(r, inst, 1)];
    const less = isSwapped
      ? wide.less(r.graph, b, a, isSigned)
      : wide.less(r.graph, a, b, isSigned);
    r.setCondition(inst, isNegated ? r.graph.not(less) : less);
  };
}

const iszero: Operation = (r, inst) => {
  const operand = inst.args[0] as Operand;
  const { graph } = r;
  if (inst.type === 'i1') r.setCondition(inst, graph.not(r.condition(operand)));
  else r.setCondition(inst, wide.isZero(graph, r.wide(operand)));
};

/** Operands that are known byte indices; others are left to the kernel. */
function byIndex(f: (r: RegionBuilder, x: Wide, index: number) => Wide, name: string): Operation {
  return pair((r, index, value) => {
    const known = smallConstant(r, index);
    return known === undefined ? compute(r, name, index, value) : f(r, value, known);
  });
}

// ---- memory

function cover(r: RegionBuilder, offset: Wide): void {
  const known = smallConstant(r, offset);
  const { path } = r;
  if (known !== undefined) {
    if (known + WORD <= path.memory) return;
    path.memory = known + WORD;
  }
  r.statements.push({ kind: 'cover', offset });
  r.limitTo32(offset);
}

/** Forgets the words of the memory that a write of so many bytes at an offset may change. */
function forget(r: RegionBuilder, offset: number | undefined, size: number): void {
  const { words } = r.path;
  for (const at of words.keys()) {
    const isApart = offset !== undefined && (at + WORD <= offset || offset + size <= at);
    if (!isApart) words.delete(at);
  }
}

const loadBe: Operation = (r, inst) => {
  const use = r.source.regions[inst.imm];
  const offset = arg(r, inst, 0);
  if (use !== 'memory') {
    const { index, value } = r.spill();
    r.statements.push({ kind: 'loadZero', region: inst.imm, offset, result: index });
    r.setWide(inst, value);
    return;
  }
  cover(r, offset);
  const at = smallConstant(r, offset);
  const known = at === undefined ? undefined : r.path.words.get(at);
  if (known !== undefined) {
    r.setWide(inst, known);
    return;
  }
  const result = r.limbs(4);
  r.statements.push({ kind: 'load', offset: arg(r, inst, 0), result });
  const limb = (i: number): Node => r.graph.local(result + i);
  const value: Wide = [limb(0), limb(1), limb(2), limb(3)];
  if (at !== undefined) r.path.words.set(at, value);
  r.setWide(inst, value);
};

/** Words of the frame and of the environment, which stay the same while a region runs. */
const load: Operation = (r, inst) => {
  const use = r.source.regions[inst.imm];
  const offset = smallConstant(r, arg(r, inst, 0)) ?? 0;
  const { graph } = r;
  const bits = r.source.wordBits?.(inst.imm, offset) ?? 256;
  const limb = (i: number): Node => {
    const own = Math.min(64, bits - i * 64);
    if (own <= 0) return graph.zero;
    return use === 'frame'
      ? graph.leaf(K.frame, F_WORDS + offset + i * 8, 0, own)
      : graph.leaf(K.absolute, ENV_BASE + offset + i * 8, 0, own);
  };
  r.setWide(inst, [limb(0), limb(1), limb(2), limb(3)]);
};

const storeBe: Operation = (r, inst) => {
  cover(r, arg(r, inst, 0));
  const [offset, value] = [arg(r, inst, 0), arg(r, inst, 1)];
  r.statements.push({ kind: 'store', offset, value });
  const at = smallConstant(r, offset);
  forget(r, at, WORD);
  if (at !== undefined) r.path.words.set(at, value);
};

interface Charging {
  readonly args: readonly Argument[];
  readonly result?: boolean;
  readonly resultAt?: number;
  readonly rest?: number;
  readonly hasFrame?: boolean;
  readonly growsMemory?: boolean;
}

/** A function of the kernel that charges; gives its result. */
function charge(r: RegionBuilder, name: string, options: Charging): Wide {
  const { args, result = false, resultAt, rest = 0 } = options;
  const { index, value } = result ? r.spill() : { index: 0, value: narrow(r.graph, r.graph.zero) };
  r.statements.push({
    kind: 'charge',
    name,
    args,
    result: index,
    resultAt,
    rest,
    hasFrame: options.hasFrame ?? true,
    growsMemory: options.growsMemory ?? false,
  });
  return value;
}

const words = (r: RegionBuilder, inst: Inst): Argument[] =>
  inst.args.map((operand) => ({ wide: r.wide(operand) }));

/** The kernel's number of a space. */
const spaceOf = (r: RegionBuilder, inst: Inst): number => r.source.spaces[inst.imm] as number;

export const OPERATIONS: Readonly<Partial<Record<OpName, Operation>>> = {
  copy: (r, inst) => r.setWide(inst, arg(r, inst, 0)),
  zext: (r, inst) => r.setWide(inst, arg(r, inst, 0)),
  add: pair((r, a, b) => wide.add(r.graph, a, b)),
  sub: pair((r, a, b) => wide.sub(r.graph, a, b)),
  mul: pair(mul),
  udiv_zero: divide(W.i64DivU, 'rtUdiv'),
  urem_zero: divide(W.i64RemU, 'rtUrem'),
  sdiv_zero: pair((r, a, b) => apply(r, 'sdiv', a, b)),
  srem_zero: pair((r, a, b) => compute(r, 'rtSrem', a, b)),
  addmod: (r, inst) =>
    r.setWide(inst, compute(r, 'rtAddmod', arg(r, inst, 0), arg(r, inst, 1), arg(r, inst, 2))),
  mulmod: (r, inst) =>
    r.setWide(inst, compute(r, 'rtMulmod', arg(r, inst, 0), arg(r, inst, 1), arg(r, inst, 2))),
  pow: pair((r, a, b) => compute(r, 'rtPow', a, b)),
  and: pair((r, a, b) => wide.bitwise(r.graph, 'and', a, b)),
  or: pair((r, a, b) => wide.bitwise(r.graph, 'or', a, b)),
  xor: pair((r, a, b) => wide.bitwise(r.graph, 'xor', a, b)),
  not: (r, inst) => r.setWide(inst, wide.not(r.graph, arg(r, inst, 0))),
  shl_sat: shift(wide.shl, 'rtShl', W.i64Shl),
  ushr_sat: shift(wide.ushr, 'rtUshr', W.i64ShrU),
  sshr_sat: shift(wide.sshr, 'rtSshr', W.i64ShrS),
  clz: (r, inst) => r.setWide(inst, compute(r, 'rtClz', arg(r, inst, 0))),
  byte_be: byIndex(
    (r, x, index) => (index > 31 ? narrow(r.graph, r.graph.zero) : wide.byteAt(r.graph, x, index)),
    'rtByte',
  ),
  sext_byte: byIndex(
    (r, x, index) => (index > 30 ? x : wide.signExtend(r.graph, x, index)),
    'signExtend',
  ),
  eq: (r, inst) => r.setCondition(inst, wide.equal(r.graph, arg(r, inst, 0), arg(r, inst, 1))),
  ult: compare(false, false, false),
  ugt: compare(false, true, false),
  slt: compare(true, false, false),
  sgt: compare(true, true, false),
  iszero,
  load,
  load_be: loadBe,
  store_be: storeBe,
  store8: (r, inst) => {
    const [offset, value] = [arg(r, inst, 0), arg(r, inst, 1)];
    const byte = r.graph.and(value[0], r.graph.constant(0xffn));
    charge(r, 'rtStore8', { args: [{ wide: offset }, { node: byte }], growsMemory: true });
    forget(r, smallConstant(r, offset), 1);
  },
  mem_size: (r, inst) => {
    const result = r.limbs(1);
    r.statements.push({ kind: 'memorySize', result });
    r.setWide(inst, narrow(r.graph, r.graph.local(result, 32)));
  },
  mem_copy: (r, inst) => {
    charge(r, 'rtCopy', { args: [{ number: inst.imm }, ...words(r, inst)], growsMemory: true });
    forget(r, undefined, 0);
  },
  keccak256: (r, inst) => {
    const options = { args: words(r, inst), result: true, resultAt: 0, growsMemory: true };
    r.setWide(inst, charge(r, 'rtKeccak', options));
  },
  charge: (r, inst) => {
    r.rest -= inst.imm;
  },
  charge_dyn: (r, inst) => {
    charge(r, 'rtChargeDyn', { args: words(r, inst), hasFrame: false });
  },
  gas_left: (r, inst) => {
    const result = r.limbs(1);
    r.statements.push({ kind: 'gasLeft', result, rest: r.rest });
    r.setWide(inst, narrow(r.graph, r.graph.local(result, 63)));
  },
  cell_load: (r, inst) => {
    const args: Argument[] = [{ number: spaceOf(r, inst) }, ...words(r, inst)];
    r.setWide(inst, charge(r, 'cellLoad', { args, result: true, resultAt: 2 }));
  },
  cell_store: (r, inst) => {
    const args: Argument[] = [{ number: spaceOf(r, inst) }, ...words(r, inst)];
    charge(r, 'cellStore', { args, rest: r.rest });
  },
  log: (r, inst) => {
    // The operands of a log stand one behind the other.
    const args: Argument[] = [{ number: inst.args.length - 2 }, ...words(r, inst)];
    charge(r, 'rtLog', { args, growsMemory: true });
  },
};
