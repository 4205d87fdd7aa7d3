/**
 * What vector instructions mean, in operations on their lanes. An instruction is a closed function
 * of dMIR, written once for a module and called wherever the instruction stands; a vector is an
 * `i128` whose first lane is the lowest bits.
 */
import type { FuncBuilder, Value } from '../../dmir/builder.ts';
import type { RegId } from '../../dmir/ir.ts';
import type { OpName } from '../../dmir/ops.ts';
import type { Type } from '../../dmir/types.ts';
import type { VectorName } from './vector-opcodes.ts';

/** How a vector is divided. */
interface Shape {
  readonly count: number;
  readonly bits: 8 | 16 | 32 | 64;
  readonly isFloat: boolean;
}

const HALF = 64n;

/** The shape that a name like `i8x16` says. */
export function shapeOf(name: string): Shape {
  const [, kind, bits, count] = /^([if])(\d+)x(\d+)/.exec(name) as RegExpExecArray;
  return { count: Number(count), bits: Number(bits) as Shape['bits'], isFloat: kind === 'f' };
}

function intType({ bits }: Shape): Type {
  return `i${bits}`;
}

/** Type of a lane of the shape as a value of dMIR. */
function laneType(shape: Shape): Type {
  return shape.isFloat ? (`f${shape.bits}` as Type) : intType(shape);
}

/** Writes one function. */
class Writer {
  readonly #builder: FuncBuilder;

  constructor(builder: FuncBuilder) {
    this.#builder = builder;
  }

  op(op: OpName, type: Type, ...args: Value[]): RegId {
    return this.#builder.op(op, type, ...args);
  }

  /** The lanes of a vector, the first first; floats as such. */
  lanes(shape: Shape, vector: Value): RegId[] {
    const low = this.op('trunc', 'i64', vector);
    const high = this.op('trunc', 'i64', this.op('ushr', 'i128', vector, HALF));
    const inHalf = 64 / shape.bits;
    return Array.from({ length: shape.count }, (_, i) => {
      const half = i < inHalf ? low : high;
      const shift = BigInt((i % inHalf) * shape.bits);
      const bits = shift === 0n ? half : this.op('ushr', 'i64', half, shift);
      const lane = shape.bits === 64 ? bits : this.op('trunc', intType(shape), bits);
      return shape.isFloat ? this.#toFloat(shape, lane) : lane;
    });
  }

  #toFloat({ bits }: Shape, lane: RegId): RegId {
    return bits === 32 ? this.op('bits_f32', 'i64', lane) : this.op('bits_f64', 'i64', lane);
  }

  #toBits({ bits, isFloat }: Shape, lane: RegId): RegId {
    if (!isFloat) return lane;
    return bits === 32 ? this.op('f32_bits', 'i64', lane) : this.op('f64_bits', 'i64', lane);
  }

  /** The vector of lanes; those that are missing are 0. */
  pack(shape: Shape, lanes: readonly RegId[]): RegId {
    const inHalf = 64 / shape.bits;
    const halves = [lanes.slice(0, inHalf), lanes.slice(inHalf)].map((part) => {
      let half: Value = 0n;
      part.forEach((lane, i) => {
        const bits = this.#toBits(shape, lane);
        const wide = shape.bits === 64 ? bits : this.op('zext', 'i64', bits);
        const placed = i === 0 ? wide : this.op('shl', 'i64', wide, BigInt(i * shape.bits));
        half = half === 0n ? placed : this.op('or', 'i64', half, placed);
      });
      return half as Value;
    }) as [Value, Value];
    const low = this.op('zext', 'i128', halves[0]);
    if (halves[1] === 0n) return low;
    const high = this.op('shl', 'i128', this.op('zext', 'i128', halves[1]), HALF);
    return this.op('or', 'i128', low, high);
  }

  /** A lane made of the lanes at each place. */
  map(shape: Shape, vectors: readonly Value[], make: (lanes: RegId[]) => RegId): RegId {
    const split = vectors.map((vector) => this.lanes(shape, vector));
    const made = Array.from({ length: shape.count }, (_, i) => {
      return make(split.map((lanes) => lanes[i] as RegId));
    });
    return this.pack(shape, made);
  }

  /** A flag as a lane: all ones or zero. */
  mask(shape: Shape, flag: RegId): RegId {
    return this.op('sext', intType(shape), flag);
  }

  /** A number of the lane's type within bounds, from one of 64 bits with a sign. */
  clamp({ bits }: Shape, value: RegId, isSigned: boolean): RegId {
    const width = BigInt(bits);
    const [least, most] = isSigned
      ? [BigInt.asUintN(64, -(1n << (width - 1n))), (1n << (width - 1n)) - 1n]
      : [0n, (1n << width) - 1n];
    const above = this.op('sgt', 'i64', value, most);
    const notAbove = this.op('select', 'i64', above, most, value);
    const below = this.op('slt', 'i64', notAbove, least);
    return this.op('trunc', `i${bits}`, this.op('select', 'i64', below, least, notAbove));
  }
}

type Write = (writer: Writer, args: readonly Value[], shape: Shape, name: string) => RegId;

function perLane(make: (writer: Writer, lanes: RegId[], shape: Shape) => RegId): Write {
  return (writer, args, shape) => writer.map(shape, args, (lanes) => make(writer, lanes, shape));
}

/** An operation of dMIR on lanes. */
function plain(op: OpName): Write {
  return perLane((writer, lanes, shape) => writer.op(op, laneType(shape), ...lanes));
}

function compare(op: OpName): Write {
  return (writer, args, shape) => {
    const split = args.map((vector) => writer.lanes(shape, vector));
    const flags = { ...shape, isFloat: false };
    const made = Array.from({ length: shape.count }, (_, i) => {
      const lanes = split.map((each) => each[i] as RegId);
      return writer.mask(flags, writer.op(op, laneType(shape), ...lanes));
    });
    return writer.pack(flags, made);
  };
}

/** The first lane where the comparison holds, else the second. */
function choose(op: OpName, isTurned = false): Write {
  return perLane((writer, [a, b], shape) => {
    const [x, y] = [a as RegId, b as RegId];
    const type = laneType(shape);
    const flag = isTurned ? writer.op(op, type, y, x) : writer.op(op, type, x, y);
    return isTurned ? writer.op('select', type, flag, y, x) : writer.op('select', type, flag, x, y);
  });
}

/** The same, which keeps the first lane unless the second is beyond it (`pmin`, `pmax`). */
function pseudo(op: 'flt' | 'fgt'): Write {
  return perLane((writer, [a, b], shape) => {
    const [x, y] = [a as RegId, b as RegId];
    const type = laneType(shape);
    return writer.op('select', type, writer.op(op, type, y, x), y, x);
  });
}

/** Arithmetic on lanes that are extended to 64 bits; the result is clamped. */
function saturating(
  fill: 'sext' | 'zext',
  make: (writer: Writer, a: RegId, b: RegId) => RegId,
): Write {
  return perLane((writer, [a, b], shape) => {
    const x = writer.op(fill, 'i64', a as RegId);
    const y = writer.op(fill, 'i64', b as RegId);
    return writer.clamp(shape, make(writer, x, y), fill === 'sext');
  });
}

const sum = (writer: Writer, a: RegId, b: RegId): RegId => writer.op('add', 'i64', a, b);
const difference = (writer: Writer, a: RegId, b: RegId): RegId => writer.op('sub', 'i64', a, b);

const rounded = (writer: Writer, a: RegId, b: RegId): RegId => {
  return writer.op('ushr', 'i64', writer.op('add', 'i64', sum(writer, a, b), 1n), 1n);
};

const fixedPoint = (writer: Writer, a: RegId, b: RegId): RegId => {
  const product = writer.op('mul', 'i64', a, b);
  return writer.op('sshr', 'i64', writer.op('add', 'i64', product, 0x4000n), 15n);
};

function shift(op: OpName): Write {
  return (writer, [vector, count], shape) => {
    const type = intType(shape);
    // The count is taken modulo the width, so that its low bits are enough.
    const convert = shape.bits === 64 ? 'zext' : shape.bits === 32 ? 'copy' : 'trunc';
    const amount = writer.op(convert, type, count as Value);
    return writer.map(shape, [vector as Value], ([lane]) => {
      return writer.op(op, type, lane as RegId, amount);
    });
  };
}

const abs: Write = (writer, args, shape) => {
  if (shape.isFloat) return plain('fabs')(writer, args, shape, '');
  return writer.map(shape, args, ([lane]) => {
    const type = intType(shape);
    const isNegative = writer.op('slt', type, lane as RegId, 0n);
    return writer.op(
      'select',
      type,
      isNegative,
      writer.op('sub', type, 0n, lane as RegId),
      lane as RegId,
    );
  });
};

const neg: Write = (writer, args, shape) => {
  if (shape.isFloat) return plain('fneg')(writer, args, shape, '');
  return writer.map(shape, args, ([lane]) => writer.op('sub', intType(shape), 0n, lane as RegId));
};

const allTrue: Write = (writer, [vector], shape) => {
  const flags = writer.lanes(shape, vector as Value).map((lane) => {
    return writer.op('ne', intType(shape), lane, 0n);
  });
  return writer.op(
    'zext',
    'i32',
    flags.reduce((a, b) => writer.op('and', 'i1', a, b)),
  );
};

const bitmask: Write = (writer, [vector], shape) => {
  const bits = writer.lanes(shape, vector as Value).map((lane, i) => {
    const flag = writer.op('slt', intType(shape), lane, 0n);
    return writer.op('shl', 'i32', writer.op('zext', 'i32', flag), BigInt(i));
  });
  return bits.reduce((a, b) => writer.op('or', 'i32', a, b));
};

/** Lanes of the other shape that the name ends with, extended to the width of the result. */
function extendedLanes(writer: Writer, vector: Value, to: Shape, name: string): RegId[] {
  const [, from, sign] = /_([if]\d+x\d+)_([su])/.exec(name) as RegExpExecArray;
  const lanes = writer.lanes(shapeOf(from as string), vector);
  const fill = sign === 's' ? 'sext' : 'zext';
  return lanes.map((lane) => writer.op(fill, intType(to), lane));
}

function half(lanes: readonly RegId[], name: string): RegId[] {
  const middle = lanes.length / 2;
  return name.includes('_high') ? lanes.slice(middle) : lanes.slice(0, middle);
}

const extend: Write = (writer, [vector], shape, name) => {
  return writer.pack(shape, half(extendedLanes(writer, vector as Value, shape, name), name));
};

const multiplyHalves: Write = (writer, args, shape, name) => {
  const [a, b] = args.map((vector) => half(extendedLanes(writer, vector, shape, name), name));
  const lanes = (a as RegId[]).map((lane, i) => {
    return writer.op('mul', intType(shape), lane, (b as RegId[])[i] as RegId);
  });
  return writer.pack(shape, lanes);
};

/** Sums of neighbours. */
function pairs(writer: Writer, shape: Shape, lanes: readonly RegId[]): RegId {
  const sums = Array.from({ length: shape.count }, (_, i) => {
    return writer.op('add', intType(shape), lanes[2 * i] as RegId, lanes[2 * i + 1] as RegId);
  });
  return writer.pack(shape, sums);
}

const addPairs: Write = (writer, [vector], shape, name) => {
  return pairs(writer, shape, extendedLanes(writer, vector as Value, shape, name));
};

const dot: Write = (writer, args, shape, name) => {
  const [a, b] = args.map((vector) => extendedLanes(writer, vector, shape, name));
  const products = (a as RegId[]).map((lane, i) => {
    return writer.op('mul', intType(shape), lane, (b as RegId[])[i] as RegId);
  });
  return pairs(writer, shape, products);
};

const narrow: Write = (writer, args, shape, name) => {
  const [, from, sign] = /_([if]\d+x\d+)_([su])/.exec(name) as RegExpExecArray;
  const lanes = args.flatMap((vector) => writer.lanes(shapeOf(from as string), vector));
  const narrowed = lanes.map((lane) => {
    return writer.clamp(shape, writer.op('sext', 'i64', lane), sign === 's');
  });
  return writer.pack(shape, narrowed);
};

/** Each of the first lanes of the other shape by an operation; what is missing is 0. */
function convert(
  from: string,
  to: string,
  count: number,
  make: (writer: Writer, lane: RegId) => RegId,
): Write {
  return (writer, [vector]) => {
    const lanes = writer.lanes(shapeOf(from), vector as Value).slice(0, count);
    return writer.pack(
      shapeOf(to),
      lanes.map((lane) => make(writer, lane)),
    );
  };
}

const swizzle: Write = (writer, [vector, indices], shape) => {
  const lanes = writer.lanes(shape, indices as Value).map((index) => {
    const bits = writer.op('shl', 'i128', writer.op('zext', 'i128', index), 3n);
    const lane = writer.op('trunc', 'i8', writer.op('ushr', 'i128', vector as Value, bits));
    return writer.op('select', 'i8', writer.op('ult', 'i8', index, 16n), lane, 0n);
  });
  return writer.pack(shape, lanes);
};

const splat: Write = (writer, [value], shape) => {
  const isNarrow = !shape.isFloat && shape.bits < 32;
  const lane = writer.op(isNarrow ? 'trunc' : 'copy', laneType(shape), value as Value);
  return writer.pack(shape, new Array<RegId>(shape.count).fill(lane));
};

const bitselect: Write = (writer, [a, b, mask]) => {
  const taken = writer.op('and', 'i128', a as Value, mask as Value);
  const inverse = writer.op('not', 'i128', mask as Value);
  return writer.op('or', 'i128', taken, writer.op('and', 'i128', b as Value, inverse));
};

/** Operations on the whole vector. */
function whole(op: OpName): Write {
  return (writer, args) => writer.op(op, 'i128', ...args);
}

const BITS: Readonly<Record<string, Write>> = {
  'v128.not': whole('not'),
  'v128.and': whole('and'),
  'v128.or': whole('or'),
  'v128.xor': whole('xor'),
  'v128.andnot': (writer, [a, b]) => {
    return writer.op('and', 'i128', a as Value, writer.op('not', 'i128', b as Value));
  },
  'v128.bitselect': bitselect,
  'v128.any_true': (writer, [vector]) => {
    return writer.op('zext', 'i32', writer.op('ne', 'i128', vector as Value, 0n));
  },
  'f32x4.demote_f64x2_zero': convert('f64x2', 'f32x4', 2, (writer, lane) => {
    return writer.op('fdemote', 'f32', lane);
  }),
  'f64x2.promote_low_f32x4': convert('f32x4', 'f64x2', 2, (writer, lane) => {
    return writer.op('fpromote', 'f64', lane);
  }),
  'i32x4.trunc_sat_f32x4_s': truncation('f32x4', 4, 'f32_to_sint_sat'),
  'i32x4.trunc_sat_f32x4_u': truncation('f32x4', 4, 'f32_to_uint_sat'),
  'i32x4.trunc_sat_f64x2_s_zero': truncation('f64x2', 2, 'f64_to_sint_sat'),
  'i32x4.trunc_sat_f64x2_u_zero': truncation('f64x2', 2, 'f64_to_uint_sat'),
  'f32x4.convert_i32x4_s': conversion('f32x4', 4, 'sint_to_f32'),
  'f32x4.convert_i32x4_u': conversion('f32x4', 4, 'uint_to_f32'),
  'f64x2.convert_low_i32x4_s': conversion('f64x2', 2, 'sint_to_f64'),
  'f64x2.convert_low_i32x4_u': conversion('f64x2', 2, 'uint_to_f64'),
};

function truncation(from: string, count: number, op: OpName): Write {
  return convert(from, 'i32x4', count, (writer, lane) => writer.op(op, 'i32', lane));
}

function conversion(to: string, count: number, op: OpName): Write {
  return convert('i32x4', to, count, (writer, lane) => writer.op(op, 'i32', lane));
}

/** Rules by what stands behind the shape of an integer. */
const INTEGERS: Readonly<Record<string, Write>> = {
  splat,
  swizzle,
  add: plain('add'),
  sub: plain('sub'),
  mul: plain('mul'),
  popcnt: plain('popcnt'),
  abs,
  neg,
  all_true: allTrue,
  bitmask,
  eq: compare('eq'),
  ne: compare('ne'),
  lt_s: compare('slt'),
  lt_u: compare('ult'),
  gt_s: compare('sgt'),
  gt_u: compare('ugt'),
  le_s: compare('sle'),
  le_u: compare('ule'),
  ge_s: compare('sge'),
  ge_u: compare('uge'),
  min_s: choose('slt'),
  min_u: choose('ult'),
  max_s: choose('sgt'),
  max_u: choose('ugt'),
  add_sat_s: saturating('sext', sum),
  add_sat_u: saturating('zext', sum),
  sub_sat_s: saturating('sext', difference),
  sub_sat_u: saturating('zext', difference),
  avgr_u: saturating('zext', rounded),
  q15mulr_sat_s: saturating('sext', fixedPoint),
  shl: shift('shl'),
  shr_s: shift('sshr'),
  shr_u: shift('ushr'),
};

/** The same for floats. */
const FLOATS: Readonly<Record<string, Write>> = {
  splat,
  abs,
  neg,
  add: plain('fadd'),
  sub: plain('fsub'),
  mul: plain('fmul'),
  div: plain('fdiv'),
  min: plain('fmin'),
  max: plain('fmax'),
  sqrt: plain('fsqrt'),
  ceil: plain('fceil'),
  floor: plain('ffloor'),
  trunc: plain('ftrunc'),
  nearest: plain('fnearest'),
  pmin: pseudo('flt'),
  pmax: pseudo('fgt'),
  eq: compare('feq'),
  ne: compare('fne'),
  lt: compare('flt'),
  gt: compare('fgt'),
  le: compare('fle'),
  ge: compare('fge'),
};

/** Rules for names that go on with another shape. */
const PREFIXED: readonly (readonly [start: string, write: Write])[] = [
  ['narrow_', narrow],
  ['extend_', extend],
  ['extmul_', multiplyHalves],
  ['extadd_pairwise_', addPairs],
  ['dot_', dot],
];

function ruleOf(name: VectorName): Write | undefined {
  const whole = BITS[name];
  if (whole !== undefined) return whole;
  const [shape = '', rest = ''] = name.split('.');
  const rules = shape.startsWith('f') ? FLOATS : INTEGERS;
  return rules[rest] ?? PREFIXED.find(([start]) => rest.startsWith(start))?.[1];
}

/** Whether an instruction is a function of its own. */
export function isVectorFunction(name: VectorName): boolean {
  return ruleOf(name) !== undefined;
}

/** Writes the operations of an instruction into the block; gives its result. */
export function writeVector(builder: FuncBuilder, name: VectorName, args: readonly Value[]): RegId {
  const rule = ruleOf(name);
  if (rule === undefined) throw new Error(`BUG: ${name} is no function`);
  const isWhole = name.startsWith('v128');
  return rule(new Writer(builder), args, shapeOf(isWhole ? 'i64x2' : name), name);
}
