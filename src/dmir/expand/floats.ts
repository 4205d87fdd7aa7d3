/**
 * Expansions of the float operations. The core computes in f64; an f32 operation promotes, computes
 * and demotes once, which gives the correctly rounded f32 (53 >= 2 * 24 + 2). Rounding to integers,
 * signs and conversions to integers are integer operations on the bits.
 */
import { TYPE_BITS, type Type } from '../types.ts';
import { copy } from './bits.ts';
import type { BinaryName, CoreBuilder, Reg } from './builder.ts';
import { cut, signedSource } from './integers.ts';
import { choose, maskOf, negateIf } from './limbs.ts';
import { type Expansion, result, type Site, slot, source } from './site.ts';

const SIGN = 1n << 63n;
const view = new DataView(new ArrayBuffer(8));

function bitsOfNumber(value: number): bigint {
  view.setFloat64(0, value);
  return view.getBigUint64(0);
}

/** A temporary that holds the f64. */
function double(b: CoreBuilder, value: number): Reg {
  return b.word(bitsOfNumber(value));
}

/** An operand as f64. */
function wide(b: CoreBuilder, site: Site, index: number, type: Type): Reg {
  const x = slot(source(site, index), 0);
  if (type === 'f64') return x;
  const promoted = b.temp();
  b.unary('fpro', promoted, x);
  return promoted;
}

/** Sets the result to an f64 in the type of the operation. */
function setFloat(b: CoreBuilder, site: Site, value: Reg, type: Type): void {
  const d = slot(result(site), 0);
  if (type === 'f64') b.mov(d, value);
  else b.unary('fdem', d, value);
}

const arithmetic =
  (op: BinaryName): Expansion =>
  (b, site) => {
    const value = b.temp();
    b.op(op, value, wide(b, site, 0, site.type), wide(b, site, 1, site.type));
    setFloat(b, site, value, site.type);
  };

const sqrt: Expansion = (b, site) => {
  const value = b.temp();
  b.unary('fsqrt', value, wide(b, site, 0, site.type));
  setFloat(b, site, value, site.type);
};

const compare =
  (op: BinaryName, exchanged: boolean, opposite: boolean): Expansion =>
  (b, site) => {
    const d = slot(result(site), 0);
    const [x, y] = [wide(b, site, 0, site.type), wide(b, site, 1, site.type)];
    b.op(op, d, exchanged ? y : x, exchanged ? x : y);
    if (opposite) b.imm('xori', d, d, 1);
  };

/** Sign bit, and the bits below it, in two temporaries. */
function splitSign(b: CoreBuilder, x: Reg, bits: number): { sign: Reg; rest: Reg } {
  const [sign, rest] = [b.temp(), b.temp()];
  b.imm('shrui', sign, x, bits - 1);
  b.imm('shli', sign, sign, bits - 1);
  b.op('xor', rest, x, sign);
  return { sign, rest };
}

const abs: Expansion = (b, site) => {
  b.mov(slot(result(site), 0), splitSign(b, slot(source(site, 0), 0), TYPE_BITS[site.type]).rest);
};

const neg: Expansion = (b, site) => {
  const sign = b.word(1n << BigInt(TYPE_BITS[site.type] - 1));
  b.op('xor', slot(result(site), 0), slot(source(site, 0), 0), sign);
};

const copysign: Expansion = (b, site) => {
  const bits = TYPE_BITS[site.type];
  const { rest } = splitSign(b, slot(source(site, 0), 0), bits);
  const { sign } = splitSign(b, slot(source(site, 1), 0), bits);
  b.op('or', slot(result(site), 0), rest, sign);
};

type Direction = 'nearest' | 'truncate' | 'floor' | 'ceil';

/** Below this magnitude, adding and taking away 2^52 rounds to an integer, ties to even. */
const INTEGRAL_FROM = 2 ** 52;

/** Moves a rounded value by one where rounding went past `x` against the direction. */
function correct(b: CoreBuilder, direction: Direction, rounded: Reg, x: Reg): void {
  if (direction === 'nearest') return;
  b.scope(() => {
    const [past, one] = [b.temp(), double(b, 1)];
    if (direction === 'ceil') b.op('flt', past, rounded, x);
    else b.op('flt', past, x, rounded);
    b.op('and', one, one, maskOf(b, past));
    b.op(direction === 'ceil' ? 'fadd' : 'fsub', rounded, rounded, one);
  });
}

const round =
  (direction: Direction): Expansion =>
  (b, site) => {
    const x = wide(b, site, 0, site.type);
    const { sign, rest } = splitSign(b, x, 64);
    const [rounded, small, plain] = [b.temp(), b.temp(), b.temp()];
    const limit = double(b, INTEGRAL_FROM);
    b.op('fadd', rounded, rest, limit);
    b.op('fsub', rounded, rounded, limit);
    if (direction === 'truncate') {
      correct(b, direction, rounded, rest);
      b.op('or', rounded, rounded, sign);
    } else {
      b.op('or', rounded, rounded, sign);
      correct(b, direction, rounded, x);
      // A ceiling that came up to zero from below keeps its sign.
      b.op('or', rounded, rounded, sign);
    }
    b.op('flt', small, rest, limit);
    // x + -0 is x, but makes a NaN canonical.
    b.op('fadd', plain, x, b.word(SIGN));
    choose(b, [rounded], maskOf(b, small), [rounded], [plain]);
    setFloat(b, site, rounded, site.type);
  };

/** d = the integer part of the magnitude `rest` of an f64 below 2^64. */
function integerPart(b: CoreBuilder, d: Reg, rest: Reg): void {
  const [exponent, shift, flag] = [b.temp(), b.temp(), b.temp()];
  const [left, end] = [b.label(), b.label()];
  b.imm('shrui', exponent, rest, 52);
  b.const(d, 0n);
  b.imm('ltui', flag, exponent, 1023);
  b.branchNonZero(flag, end);
  b.imm('shli', d, rest, 12);
  b.imm('shrui', d, d, 12);
  b.op('or', d, d, b.word(1n << 52n));
  b.imm('ltui', flag, exponent, 1075);
  b.branchZero(flag, left);
  b.op('sub', shift, b.word(1075n), exponent);
  b.op('shru', d, d, shift);
  b.jump(end);
  b.place(left);
  b.imm('addi', shift, exponent, -1075);
  b.op('shl', d, d, shift);
  b.place(end);
}

/** Flags that the f64 lies below, or at or above, what the integer type holds; 0 for a NaN. */
function outside(b: CoreBuilder, x: Reg, bits: number, signed: boolean): { low: Reg; high: Reg } {
  const [low, high] = [b.temp(), b.temp()];
  const width = signed ? bits - 1 : bits;
  b.op('fle', high, double(b, 2 ** width), x);
  if (signed && bits === 64) b.op('flt', low, x, double(b, -(2 ** 63)));
  else b.op('fle', low, x, double(b, signed ? -(2 ** width) - 1 : -1));
  return { low, high };
}

const toInteger =
  (from: 'f32' | 'f64', signed: boolean, saturates: boolean): Expansion =>
  (b, site) => {
    const [d, bits] = [result(site), TYPE_BITS[site.type]];
    const value = slot(d, 0);
    const x = wide(b, site, 0, from);
    const number = b.temp();
    b.op('feq', number, x, x);
    const { low, high } = outside(b, x, bits, signed);
    if (!saturates) {
      const bad = b.temp();
      b.imm('xori', bad, number, 1);
      b.op('or', bad, bad, low);
      b.op('or', bad, bad, high);
      b.trapIf(bad, 'bad-conversion');
    }
    const { sign, rest } = splitSign(b, x, 64);
    integerPart(b, value, rest);
    b.imm('shrsi', sign, sign, 63);
    negateIf(b, d, sign, d);
    cut(b, d, bits);
    if (!saturates) return;
    const least = signed ? 1n << BigInt(bits - 1) : 0n;
    const most = (1n << BigInt(signed ? bits - 1 : bits)) - 1n;
    choose(b, d, maskOf(b, low), [b.word(least)], d);
    choose(b, d, maskOf(b, high), [b.word(most)], d);
    b.op('and', value, value, maskOf(b, number));
  };

/** Folds the bits that an f64 cannot hold into one sticky bit, so that an f32 is rounded once. */
function foldLowBits(b: CoreBuilder, x: Reg): void {
  const fits = b.label();
  const [high, low] = [b.temp(), b.temp()];
  b.imm('shrui', high, x, 53);
  b.branchZero(high, fits);
  b.imm('andi', low, x, 0x7ff);
  b.imm('eqi', low, low, 0);
  b.imm('xori', low, low, 1);
  b.imm('shrui', x, x, 11);
  b.op('or', x, x, low);
  b.imm('shli', x, x, 11);
  b.place(fits);
}

const fromInteger =
  (to: 'f32' | 'f64', signed: boolean): Expansion =>
  (b, site) => {
    const x = signed ? signedSource(b, site, 0) : source(site, 0);
    const [magnitude, sign] = [b.temp(), b.temp()];
    if (signed) b.imm('shrsi', sign, slot(x, 0), 63);
    else b.const(sign, 0n);
    negateIf(b, [magnitude], sign, x);
    if (to === 'f32') foldLowBits(b, magnitude);
    b.unary('fcvt', magnitude, magnitude);
    b.imm('shli', sign, sign, 63);
    b.op('or', magnitude, magnitude, sign);
    setFloat(b, site, magnitude, to);
  };

export const FLOAT_EXPANSIONS = {
  fadd: arithmetic('fadd'),
  fsub: arithmetic('fsub'),
  fmul: arithmetic('fmul'),
  fdiv: arithmetic('fdiv'),
  fmin: arithmetic('fmin'),
  fmax: arithmetic('fmax'),
  fcopysign: copysign,
  fabs: abs,
  fneg: neg,
  fsqrt: sqrt,
  fceil: round('ceil'),
  ffloor: round('floor'),
  ftrunc: round('truncate'),
  fnearest: round('nearest'),
  feq: compare('feq', false, false),
  fne: compare('feq', false, true),
  flt: compare('flt', false, false),
  fle: compare('fle', false, false),
  fgt: compare('flt', true, false),
  fge: compare('fle', true, false),
  fpromote: (b, site) => b.unary('fpro', slot(result(site), 0), slot(source(site, 0), 0)),
  fdemote: (b, site) => b.unary('fdem', slot(result(site), 0), slot(source(site, 0), 0)),
  f32_to_uint: toInteger('f32', false, false),
  f32_to_sint: toInteger('f32', true, false),
  f64_to_uint: toInteger('f64', false, false),
  f64_to_sint: toInteger('f64', true, false),
  f32_to_uint_sat: toInteger('f32', false, true),
  f32_to_sint_sat: toInteger('f32', true, true),
  f64_to_uint_sat: toInteger('f64', false, true),
  f64_to_sint_sat: toInteger('f64', true, true),
  uint_to_f32: fromInteger('f32', false),
  sint_to_f32: fromInteger('f32', true),
  uint_to_f64: fromInteger('f64', false),
  sint_to_f64: fromInteger('f64', true),
  f32_bits: copy,
  f64_bits: copy,
  bits_f32: copy,
  bits_f64: copy,
} as const satisfies Record<string, Expansion>;
