/**
 * Expansions of the integer arithmetic: wrapping, trapping, flagged, division, modular.
 *
 * A type narrower than 64 bits is computed in one slot, where its sums and products are exact, and
 * cut to its width.
 */
import { TYPE_BITS } from '../types.ts';
import type { CoreBuilder, Reg, Slots } from './builder.ts';
import { divide, divideSigned, reduce } from './divide.ts';
import {
  add,
  addCarry,
  anySet,
  choose,
  extendSign,
  fill,
  isEqual,
  isZero,
  lessThan,
  maskOf,
  move,
  multiply,
  setZero,
  sub,
  subBorrow,
  truncateTo,
} from './limbs.ts';
import { type Expansion, result, type Site, slot, source } from './site.ts';

export function bitsOf(site: Site): number {
  return TYPE_BITS[site.type];
}

/** Cuts a value in one slot to the width of a narrow type. */
export function cut(b: CoreBuilder, d: Slots, bits: number): void {
  if (bits < 64) truncateTo(b, slot(d, 0), slot(d, 0), bits);
}

/** An operand as a signed number: itself, or a sign-extended copy of a narrow one. */
export function signedSource(b: CoreBuilder, site: Site, index: number): Slots {
  const bits = bitsOf(site);
  const x = source(site, index);
  if (bits >= 64) return x;
  const copy = b.temp();
  extendSign(b, copy, slot(x, 0), bits);
  return [copy];
}

export type Operation = 'add' | 'sub' | 'mul';

/** Sets `d` to the product cut to its slots, or adds or subtracts. */
function wrapping(b: CoreBuilder, operation: Operation, d: Slots, x: Slots, y: Slots): void {
  if (operation === 'add') add(b, d, x, y);
  else if (operation === 'sub') sub(b, d, x, y);
  else if (d.length === 1) b.op('mul', slot(d, 0), slot(x, 0), slot(y, 0));
  else multiply(b, d, x, y);
}

const wrap =
  (operation: Operation): Expansion =>
  (b, site) => {
    const d = result(site);
    wrapping(b, operation, d, source(site, 0), source(site, 1));
    cut(b, d, bitsOf(site));
  };

/** The upper half of the product, unsigned or signed; `d` is none of the sources. */
function multiplyHigh(b: CoreBuilder, d: Slots, x: Slots, y: Slots, signed: boolean): void {
  b.scope(() => {
    const product = b.temps(2 * d.length);
    multiply(b, product, x, y);
    move(b, d, product.slice(d.length));
    if (!signed) return;
    // The pattern of a negative number is too large by 2^bits: take the other factor away.
    for (const [factor, other] of [
      [x, y],
      [y, x],
    ] as const) {
      b.scope(() => {
        const sign = b.temp();
        const excess = b.temps(d.length);
        b.imm('shrsi', sign, slot(factor, factor.length - 1), 63);
        for (const [i, register] of excess.entries()) b.op('and', register, slot(other, i), sign);
        sub(b, d, d, excess);
      });
    }
  });
}

const high =
  (signed: boolean): Expansion =>
  (b, site) => {
    const [d, bits] = [result(site), bitsOf(site)];
    const operand = (i: number) => (signed ? signedSource(b, site, i) : source(site, i));
    const [x, y] = [operand(0), operand(1)];
    if (bits >= 64) {
      multiplyHigh(b, d, x, y, signed);
      return;
    }
    b.op('mul', slot(d, 0), slot(x, 0), slot(y, 0));
    b.imm('shrui', slot(d, 0), slot(d, 0), bits);
    cut(b, d, bits);
  };

/** Narrow: the exact value in one slot differs from its cut. Gives the flag in a temporary. */
function narrowOverflow(b: CoreBuilder, operation: Operation, site: Site, signed: boolean): Reg {
  const [d, bits] = [result(site), bitsOf(site)];
  const operand = (i: number) => (signed ? signedSource(b, site, i) : source(site, i));
  const [exact, flag] = [b.temp(), b.temp()];
  wrapping(b, operation, [exact], operand(0), operand(1));
  truncateTo(b, slot(d, 0), exact, bits);
  if (signed) extendSign(b, flag, slot(d, 0), bits);
  else b.mov(flag, slot(d, 0));
  b.op('eq', flag, flag, exact);
  b.imm('xori', flag, flag, 1);
  return flag;
}

/** Signed sum: operands of one sign give the other sign; difference: signs differ and so on. */
function signOverflow(b: CoreBuilder, operation: Operation, d: Slots, x: Slots, y: Slots): Reg {
  const top = d.length - 1;
  const [flag, other] = [b.temp(), b.temp()];
  const partner = operation === 'add' ? d : x;
  b.op('xor', flag, slot(x, top), slot(d, top));
  b.op('xor', other, slot(y, top), slot(partner, top));
  b.op('and', flag, flag, other);
  b.imm('shrui', flag, flag, 63);
  return flag;
}

function productOverflow(b: CoreBuilder, d: Slots, x: Slots, y: Slots, signed: boolean): Reg {
  const upper = b.temps(d.length);
  const [flag, expected] = [b.temp(), b.temp()];
  multiply(b, d, x, y);
  multiplyHigh(b, upper, x, y, signed);
  if (signed) b.imm('shrsi', expected, slot(d, d.length - 1), 63);
  else b.const(expected, 0n);
  isEqual(b, flag, upper, new Array<Reg>(d.length).fill(expected));
  b.imm('xori', flag, flag, 1);
  return flag;
}

/** Sets the first result to the wrapped value and gives the overflow flag in a temporary. */
function overflowing(b: CoreBuilder, operation: Operation, site: Site, signed: boolean): Reg {
  if (bitsOf(site) < 64) return narrowOverflow(b, operation, site, signed);
  const [d, x, y] = [result(site), source(site, 0), source(site, 1)];
  if (operation === 'mul') return productOverflow(b, d, x, y, signed);
  const carry = operation === 'add' ? addCarry(b, d, x, y) : subBorrow(b, d, x, y);
  return signed ? signOverflow(b, operation, d, x, y) : carry;
}

const trapping =
  (operation: Operation, signed: boolean): Expansion =>
  (b, site) =>
    b.trapIf(overflowing(b, operation, site, signed), 'integer-overflow');

const flagged =
  (operation: Operation, signed: boolean): Expansion =>
  (b, site) =>
    b.mov(slot(result(site, 1), 0), overflowing(b, operation, site, signed));

type ByZero = 'trap' | 'zero' | 'ones';

/** Traps where the dividend is the least number and the divisor -1. */
function trapOnLeastByMinusOne(b: CoreBuilder, site: Site): void {
  const [x, y, bits] = [source(site, 0), source(site, 1), bitsOf(site)];
  b.scope(() => {
    const least = b.temps(x.length);
    const [isLeast, isMinusOne] = [b.temp(), b.temp()];
    setZero(b, least);
    b.const(slot(least, least.length - 1), 1n << BigInt((bits - 1) % 64));
    isEqual(b, isLeast, x, least);
    const ones = b.word(bits < 64 ? (1n << BigInt(bits)) - 1n : -1n);
    isEqual(b, isMinusOne, y, new Array<Reg>(y.length).fill(ones));
    b.op('and', isLeast, isLeast, isMinusOne);
    b.trapIf(isLeast, 'integer-overflow');
  });
}

const division =
  (wanted: 'quotient' | 'remainder', signed: boolean, byZero: ByZero): Expansion =>
  (b, site) => {
    const [d, bits] = [result(site), bitsOf(site)];
    const none = b.temp();
    isZero(b, none, source(site, 1));
    if (byZero === 'trap') b.trapIf(none, 'division-by-zero');
    if (byZero === 'trap' && signed && wanted === 'quotient') trapOnLeastByMinusOne(b, site);
    const operand = (i: number) => (signed ? signedSource(b, site, i) : source(site, i));
    const other = b.temps(d.length);
    const [q, r] = wanted === 'quotient' ? [d, other] : [other, d];
    (signed ? divideSigned : divide)(b, q, r, operand(0), operand(1));
    // The remainder by 0 is already the dividend.
    if (byZero === 'zero' || (byZero === 'ones' && wanted === 'quotient')) {
      const forced = b.temps(d.length);
      fill(b, forced, b.word(byZero === 'zero' ? 0n : -1n));
      choose(b, d, maskOf(b, none), forced, d);
    }
    cut(b, d, bits);
  };

const addmod: Expansion = (b, site) => {
  const d = result(site);
  const sum = b.temps(d.length);
  const carry = addCarry(b, sum, source(site, 0), source(site, 1));
  reduce(b, d, [...sum, carry], source(site, 2));
};

const mulmod: Expansion = (b, site) => {
  const d = result(site);
  const product = b.temps(2 * d.length);
  multiply(b, product, source(site, 0), source(site, 1));
  reduce(b, d, product, source(site, 2));
};

/** Square and multiply from the low bit of the exponent, until no bit is left. */
const pow: Expansion = (b, site) => {
  const d = result(site);
  const [square, exponent, product] = [b.temps(d.length), b.temps(d.length), b.temps(d.length)];
  const [any, one] = [b.temp(), b.word(1n)];
  setZero(b, d);
  b.const(slot(d, 0), 1n);
  move(b, square, source(site, 0));
  move(b, exponent, source(site, 1));
  const [round, even, end] = [b.here(), b.label(), b.label()];
  anySet(b, any, exponent);
  b.branchZero(any, end);
  b.imm('andi', any, slot(exponent, 0), 1);
  b.branchZero(any, even);
  multiply(b, product, d, square);
  move(b, d, product);
  b.place(even);
  multiply(b, product, square, square);
  move(b, square, product);
  for (let i = 0; i + 1 < exponent.length; i++) {
    b.imm('shrui', slot(exponent, i), slot(exponent, i), 1);
    b.imm('shli', any, slot(exponent, i + 1), 63);
    b.op('or', slot(exponent, i), slot(exponent, i), any);
  }
  b.op('shru', slot(exponent, exponent.length - 1), slot(exponent, exponent.length - 1), one);
  b.jump(round);
  b.place(end);
};

/** A comparison: x < y, or with the operands exchanged, or the opposite of either. */
const compare =
  (signed: boolean, exchanged: boolean, opposite: boolean): Expansion =>
  (b, site) => {
    const d = slot(result(site), 0);
    const operand = (i: number) => (signed ? signedSource(b, site, i) : source(site, i));
    const [x, y] = [operand(0), operand(1)];
    if (exchanged) lessThan(b, d, y, x, signed);
    else lessThan(b, d, x, y, signed);
    if (opposite) b.imm('xori', d, d, 1);
  };

export const INTEGER_EXPANSIONS = {
  add: wrap('add'),
  sub: wrap('sub'),
  mul: wrap('mul'),
  umulhi: high(false),
  smulhi: high(true),
  addmod,
  mulmod,
  pow,
  uadd_trap: trapping('add', false),
  sadd_trap: trapping('add', true),
  usub_trap: trapping('sub', false),
  ssub_trap: trapping('sub', true),
  umul_trap: trapping('mul', false),
  smul_trap: trapping('mul', true),
  uadd_overflow: flagged('add', false),
  sadd_overflow: flagged('add', true),
  usub_overflow: flagged('sub', false),
  ssub_overflow: flagged('sub', true),
  umul_overflow: flagged('mul', false),
  smul_overflow: flagged('mul', true),
  udiv: division('quotient', false, 'trap'),
  sdiv: division('quotient', true, 'trap'),
  urem: division('remainder', false, 'trap'),
  srem: division('remainder', true, 'trap'),
  udiv_zero: division('quotient', false, 'zero'),
  sdiv_zero: division('quotient', true, 'zero'),
  urem_zero: division('remainder', false, 'zero'),
  srem_zero: division('remainder', true, 'zero'),
  udiv_ones: division('quotient', false, 'ones'),
  sdiv_ones: division('quotient', true, 'ones'),
  urem_ones: division('remainder', false, 'ones'),
  srem_ones: division('remainder', true, 'ones'),
  eq: (b, site) => isEqual(b, slot(result(site), 0), source(site, 0), source(site, 1)),
  ne: (b, site) => {
    const d = slot(result(site), 0);
    isEqual(b, d, source(site, 0), source(site, 1));
    b.imm('xori', d, d, 1);
  },
  ult: compare(false, false, false),
  ule: compare(false, true, true),
  ugt: compare(false, true, false),
  uge: compare(false, false, true),
  slt: compare(true, false, false),
  sle: compare(true, true, true),
  sgt: compare(true, true, false),
  sge: compare(true, false, true),
  iszero: (b, site) => isZero(b, slot(result(site), 0), source(site, 0)),
} as const satisfies Record<string, Expansion>;
