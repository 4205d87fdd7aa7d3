/**
 * Reference semantics of the float operations, one rule a row: WebAssembly's, with every NaN that
 * an operation makes replaced by the canonical quiet one. See `eval.ts` for the invariants.
 *
 * An f32 operation is computed in f64 and rounded once more: for add, sub, mul, div and sqrt that
 * second rounding never changes the result, because 53 >= 2 * 24 + 2.
 */
import { flag, type PureInput, type PureOutcome, type PureRule, wrap } from './eval-rule.ts';

/** The quiet NaN with a clear sign and no payload. */
export const CANONICAL_NAN_32 = 0x7fc0_0000n;
export const CANONICAL_NAN_64 = 0x7ff8_0000_0000_0000n;

type FloatBits = 32 | 64;

const view = new DataView(new ArrayBuffer(8));

/** The number that a bit pattern stands for; every NaN becomes the one of JavaScript. */
export function floatFromBits(bits: FloatBits, pattern: bigint): number {
  view.setBigUint64(0, pattern);
  return bits === 32 ? view.getFloat32(4) : view.getFloat64(0);
}

/** The bit pattern of a number, rounded to the width; a NaN gives the canonical one. */
export function floatToBits(bits: FloatBits, value: number): bigint {
  if (Number.isNaN(value)) return bits === 32 ? CANONICAL_NAN_32 : CANONICAL_NAN_64;
  if (bits === 64) {
    view.setFloat64(0, value);
    return view.getBigUint64(0);
  }
  view.setFloat32(0, Math.fround(value));
  return BigInt(view.getUint32(0));
}

function widthOf(bits: number): FloatBits {
  if (bits !== 32 && bits !== 64) throw new Error(`BUG: no float of ${bits} bits`);
  return bits;
}

const unary =
  (compute: (x: number) => number): PureRule =>
  ({ bits, a }) => {
    const width = widthOf(bits);
    return floatToBits(width, compute(floatFromBits(width, a)));
  };

const binary =
  (compute: (x: number, y: number) => number): PureRule =>
  ({ bits, a, b }) => {
    const width = widthOf(bits);
    return floatToBits(width, compute(floatFromBits(width, a), floatFromBits(width, b)));
  };

const test =
  (holds: (x: number, y: number) => boolean): PureRule =>
  ({ bits, a, b }) => {
    const width = widthOf(bits);
    return flag(holds(floatFromBits(width, a), floatFromBits(width, b)));
  };

function signBit(bits: number): bigint {
  return 1n << BigInt(bits - 1);
}

/** Rounds to an integer, ties to even, and keeps the sign of a zero (Wasm `nearest`). */
function roundHalfEven(x: number): number {
  const floor = Math.floor(x);
  const fraction = x - floor;
  if (!Number.isFinite(x) || fraction === 0) return x;
  const up = fraction > 0.5 || (fraction === 0.5 && floor % 2 !== 0);
  const rounded = up ? floor + 1 : floor;
  return rounded === 0 && x < 0 ? -0 : rounded;
}

function integerBounds(bits: number, isSigned: boolean): { low: bigint; high: bigint } {
  return isSigned
    ? { low: -signBit(bits), high: signBit(bits) - 1n }
    : { low: 0n, high: (1n << BigInt(bits)) - 1n };
}

const toInteger =
  (from: FloatBits, isSigned: boolean, saturates: boolean): PureRule =>
  ({ bits, a }: PureInput): PureOutcome => {
    const value = floatFromBits(from, a);
    const { low, high } = integerBounds(bits, isSigned);
    if (Number.isNaN(value)) return saturates ? 0n : 'bad-conversion';
    if (!Number.isFinite(value)) {
      return saturates ? wrap(bits, value < 0 ? low : high) : 'bad-conversion';
    }
    const integer = BigInt(Math.trunc(value));
    if (integer >= low && integer <= high) return wrap(bits, integer);
    return saturates ? wrap(bits, integer < low ? low : high) : 'bad-conversion';
  };

/**
 * Rounds an integer to the nearest float, ties to even. The bits below the leading 40 are folded
 * into one sticky bit first, so that an f32 is rounded once and not by way of an f64.
 */
function integerToFloat(to: FloatBits, value: bigint): bigint {
  if (to === 64) return floatToBits(64, Number(value));
  const magnitude = value < 0n ? -value : value;
  const extra = magnitude.toString(2).length - 40;
  if (extra <= 0) return floatToBits(32, Number(value));
  const kept = magnitude >> BigInt(extra);
  const sticky = flag(kept << BigInt(extra) !== magnitude);
  const scaled = Number(kept | sticky) * 2 ** extra;
  return floatToBits(32, value < 0n ? -scaled : scaled);
}

const fromInteger =
  (to: FloatBits, isSigned: boolean): PureRule =>
  ({ bits, a }) =>
    integerToFloat(to, isSigned ? BigInt.asIntN(bits, a) : a);

const sameBits: PureRule = ({ a }) => a;

export const FLOAT_RULES = {
  fadd: binary((x, y) => x + y),
  fsub: binary((x, y) => x - y),
  fmul: binary((x, y) => x * y),
  fdiv: binary((x, y) => x / y),
  fmin: binary((x, y) => Math.min(x, y)),
  fmax: binary((x, y) => Math.max(x, y)),
  fcopysign: ({ bits, a, b }) => (a & (signBit(bits) - 1n)) | (b & signBit(bits)),
  fabs: ({ bits, a }) => a & (signBit(bits) - 1n),
  fneg: ({ bits, a }) => a ^ signBit(bits),
  fsqrt: unary((x) => Math.sqrt(x)),
  fceil: unary((x) => Math.ceil(x)),
  ffloor: unary((x) => Math.floor(x)),
  ftrunc: unary((x) => Math.trunc(x)),
  fnearest: unary(roundHalfEven),
  feq: test((x, y) => x === y),
  fne: test((x, y) => x !== y),
  flt: test((x, y) => x < y),
  fle: test((x, y) => x <= y),
  fgt: test((x, y) => x > y),
  fge: test((x, y) => x >= y),
  fpromote: ({ a }) => floatToBits(64, floatFromBits(32, a)),
  fdemote: ({ a }) => floatToBits(32, floatFromBits(64, a)),
  f32_to_uint: toInteger(32, false, false),
  f32_to_sint: toInteger(32, true, false),
  f64_to_uint: toInteger(64, false, false),
  f64_to_sint: toInteger(64, true, false),
  f32_to_uint_sat: toInteger(32, false, true),
  f32_to_sint_sat: toInteger(32, true, true),
  f64_to_uint_sat: toInteger(64, false, true),
  f64_to_sint_sat: toInteger(64, true, true),
  uint_to_f32: fromInteger(32, false),
  sint_to_f32: fromInteger(32, true),
  uint_to_f64: fromInteger(64, false),
  sint_to_f64: fromInteger(64, true),
  f32_bits: sameBits,
  f64_bits: sameBits,
  bits_f32: sameBits,
  bits_f64: sameBits,
} as const satisfies Record<string, PureRule>;
