/**
 * Division over slots: bit by bit for values wider than 64 bits, the core's own `divu` and `remu`
 * otherwise. A prover can check a quotient more cheaply by multiplying; this is the definition.
 */
import type { CoreBuilder, Reg, Slots } from './builder.ts';
import { choose, isZero, maskOf, move, negateIf, setZero, subBorrow } from './limbs.ts';
import { slot } from './site.ts';

/** Shifts a value of several slots left by one bit; the bit that leaves is in a temporary. */
function doubleInPlace(b: CoreBuilder, d: Slots): Reg {
  const leaving = b.temp();
  b.imm('shrui', leaving, slot(d, d.length - 1), 63);
  b.scope(() => {
    const carried = b.temp();
    for (let i = d.length - 1; i > 0; i--) {
      b.imm('shrui', carried, slot(d, i - 1), 63);
      b.imm('shli', slot(d, i), slot(d, i), 1);
      b.op('or', slot(d, i), slot(d, i), carried);
    }
  });
  b.imm('shli', slot(d, 0), slot(d, 0), 1);
  return leaving;
}

/** Drops zero words at the top of the dividend, so that a small one takes few rounds. */
function skipZeroWords(b: CoreBuilder, dividend: Slots, count: Reg): void {
  const [again, done] = [b.here(), b.label()];
  b.branchNonZero(slot(dividend, dividend.length - 1), done);
  b.imm('addi', count, count, -64);
  b.branchZero(count, done);
  for (let i = dividend.length - 1; i > 0; i--) b.mov(slot(dividend, i), slot(dividend, i - 1));
  b.const(slot(dividend, 0), 0n);
  b.jump(again);
  b.place(done);
}

/**
 * Shift and subtract: the dividend becomes the quotient in place and `remainder` is set. Where the
 * divisor is 0 the remainder is the dividend's low slots and the quotient has no meaning.
 */
export function divideInPlace(
  b: CoreBuilder,
  dividend: Slots,
  remainder: Slots,
  divisor: Slots,
): void {
  b.scope(() => {
    const count = b.word(BigInt(dividend.length * 64));
    setZero(b, remainder);
    skipZeroWords(b, dividend, count);
    const end = b.label();
    b.branchZero(count, end);
    const round = b.here();
    b.scope(() => {
      const over = doubleInPlace(b, [...dividend, ...remainder]);
      const trial = b.temps(remainder.length);
      const less = subBorrow(b, trial, remainder, divisor);
      const keep = b.label();
      b.imm('xori', less, less, 1);
      b.op('or', less, less, over);
      b.branchZero(less, keep);
      move(b, remainder, trial);
      b.imm('addi', slot(dividend, 0), slot(dividend, 0), 1);
      b.place(keep);
    });
    b.imm('addi', count, count, -1);
    b.branchNonZero(count, round);
    b.place(end);
  });
}

/**
 * Quotient and remainder of unsigned values. Where the divisor is 0 the remainder is the dividend
 * and the quotient has no meaning. Destinations are none of the sources.
 */
export function divide(
  b: CoreBuilder,
  quotient: Slots,
  remainder: Slots,
  x: Slots,
  y: Slots,
): void {
  if (x.length === 1) {
    b.op('divu', slot(quotient, 0), slot(x, 0), slot(y, 0));
    b.op('remu', slot(remainder, 0), slot(x, 0), slot(y, 0));
    return;
  }
  move(b, quotient, x);
  divideInPlace(b, quotient, remainder, y);
}

/** The same by sign: the quotient rounds towards zero, the remainder has the dividend's sign. */
export function divideSigned(
  b: CoreBuilder,
  quotient: Slots,
  remainder: Slots,
  x: Slots,
  y: Slots,
): void {
  b.scope(() => {
    const [xSign, ySign] = [b.temp(), b.temp()];
    const [xSize, ySize] = [b.temps(x.length), b.temps(y.length)];
    b.imm('shrsi', xSign, slot(x, x.length - 1), 63);
    b.imm('shrsi', ySign, slot(y, y.length - 1), 63);
    negateIf(b, xSize, xSign, x);
    negateIf(b, ySize, ySign, y);
    divide(b, quotient, remainder, xSize, ySize);
    b.op('xor', ySign, ySign, xSign);
    negateIf(b, quotient, ySign, quotient);
    negateIf(b, remainder, xSign, remainder);
  });
}

/** d = dividend mod modulus, and 0 where the modulus is 0. The dividend is overwritten. */
export function reduce(b: CoreBuilder, d: Slots, dividend: Slots, modulus: Slots): void {
  divideInPlace(b, dividend, d, modulus);
  b.scope(() => {
    const none = b.temp();
    isZero(b, none, modulus);
    const mask = maskOf(b, none);
    const zero = b.word(0n);
    choose(b, d, mask, new Array<Reg>(d.length).fill(zero), d);
  });
}
