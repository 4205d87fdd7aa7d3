/**
 * Arithmetic over values of one or more 64-bit slots, least significant first.
 *
 * Unless a function says otherwise, its destination may be one of its sources.
 */
import type { CoreBuilder, Reg, Slots } from './builder.ts';
import { slot } from './site.ts';

export function move(b: CoreBuilder, d: Slots, x: Slots): void {
  for (const [i, register] of d.entries()) b.mov(register, slot(x, i));
}

export function setZero(b: CoreBuilder, d: Slots): void {
  for (const register of d) b.const(register, 0n);
}

/** Fills every slot with one word. */
export function fill(b: CoreBuilder, d: Slots, word: Reg): void {
  for (const register of d) b.mov(register, word);
}

/** Adds and gives the carry out in a temporary. */
export function addCarry(b: CoreBuilder, d: Slots, x: Slots, y: Slots): Reg {
  const carry = b.temp();
  b.scope(() => {
    const [sum, first, second] = [b.temp(), b.temp(), b.temp()];
    b.const(carry, 0n);
    for (const [i, register] of d.entries()) {
      b.op('add', sum, slot(x, i), slot(y, i));
      b.op('ltu', first, sum, slot(x, i));
      b.op('add', register, sum, carry);
      b.op('ltu', second, register, sum);
      b.op('or', carry, first, second);
    }
  });
  return carry;
}

export function add(b: CoreBuilder, d: Slots, x: Slots, y: Slots): void {
  if (d.length === 1) b.op('add', slot(d, 0), slot(x, 0), slot(y, 0));
  else b.scope(() => void addCarry(b, d, x, y));
}

/** Subtracts and gives the borrow in a temporary: 1 where x < y, unsigned. */
export function subBorrow(b: CoreBuilder, d: Slots, x: Slots, y: Slots): Reg {
  const borrow = b.temp();
  b.scope(() => {
    const [difference, first, second] = [b.temp(), b.temp(), b.temp()];
    b.const(borrow, 0n);
    for (const [i, register] of d.entries()) {
      b.op('ltu', first, slot(x, i), slot(y, i));
      b.op('sub', difference, slot(x, i), slot(y, i));
      b.op('ltu', second, difference, borrow);
      b.op('sub', register, difference, borrow);
      b.op('or', borrow, first, second);
    }
  });
  return borrow;
}

export function sub(b: CoreBuilder, d: Slots, x: Slots, y: Slots): void {
  if (d.length === 1) b.op('sub', slot(d, 0), slot(x, 0), slot(y, 0));
  else b.scope(() => void subBorrow(b, d, x, y));
}

/** Sets `d` to 1 where x < y, unsigned or by sign. */
export function lessThan(b: CoreBuilder, d: Reg, x: Slots, y: Slots, signed: boolean): void {
  const top = x.length - 1;
  b.scope(() => {
    const [borrow, below, same] = [b.temp(), b.temp(), b.temp()];
    b.op(top === 0 && signed ? 'lts' : 'ltu', borrow, slot(x, 0), slot(y, 0));
    for (let i = 1; i <= top; i++) {
      b.op(i === top && signed ? 'lts' : 'ltu', below, slot(x, i), slot(y, i));
      b.op('eq', same, slot(x, i), slot(y, i));
      b.op('and', borrow, borrow, same);
      b.op('or', borrow, borrow, below);
    }
    b.mov(d, borrow);
  });
}

/** Sets `d` to 0 exactly where the value is 0. */
export function anySet(b: CoreBuilder, d: Reg, x: Slots): void {
  b.mov(d, slot(x, 0));
  for (const register of x.slice(1)) b.op('or', d, d, register);
}

/** Sets `d` to 1 where the value is 0. */
export function isZero(b: CoreBuilder, d: Reg, x: Slots): void {
  b.scope(() => {
    const any = b.temp();
    anySet(b, any, x);
    b.imm('eqi', d, any, 0);
  });
}

/** Sets `d` to 1 where the values are equal. */
export function isEqual(b: CoreBuilder, d: Reg, x: Slots, y: Slots): void {
  b.scope(() => {
    const [all, same] = [b.temp(), b.temp()];
    b.op('eq', all, slot(x, 0), slot(y, 0));
    for (let i = 1; i < x.length; i++) {
      b.op('eq', same, slot(x, i), slot(y, i));
      b.op('and', all, all, same);
    }
    b.mov(d, all);
  });
}

/** A temporary with all bits set where the flag is 1, else 0. */
export function maskOf(b: CoreBuilder, flag: Reg): Reg {
  const mask = b.temp();
  b.scope(() => b.op('sub', mask, b.word(0n), flag));
  return mask;
}

/** d = mask ? x : y, with a mask of all ones or zeros. */
export function choose(b: CoreBuilder, d: Slots, mask: Reg, x: Slots, y: Slots): void {
  b.scope(() => {
    const mixed = b.temp();
    for (const [i, register] of d.entries()) {
      b.op('xor', mixed, slot(x, i), slot(y, i));
      b.op('and', mixed, mixed, mask);
      b.op('xor', register, mixed, slot(y, i));
    }
  });
}

/** d = x in two's complement negated where the mask is all ones, else x. */
export function negateIf(b: CoreBuilder, d: Slots, mask: Reg, x: Slots): void {
  b.scope(() => {
    for (const [i, register] of d.entries()) b.op('xor', register, slot(x, i), mask);
    sub(b, d, d, new Array<Reg>(d.length).fill(mask));
  });
}

/** The product in as many slots as `d` has; `d` is none of the sources. */
export function multiply(b: CoreBuilder, d: Slots, x: Slots, y: Slots): void {
  setZero(b, d);
  b.scope(() => {
    const [low, high, carry, flag] = [b.temp(), b.temp(), b.temp(), b.temp()];
    for (const [i, a] of x.entries()) {
      b.const(carry, 0n);
      for (const [j, c] of y.entries()) {
        const place = d[i + j];
        if (place === undefined) break;
        b.op('mul', low, a, c);
        b.op('add', place, place, low);
        b.op('ltu', flag, place, low);
        b.op('mulhu', high, a, c);
        b.op('add', high, high, flag);
        b.op('add', place, place, carry);
        b.op('ltu', flag, place, carry);
        b.op('add', carry, high, flag);
      }
      const above = d[i + y.length];
      if (above !== undefined) b.mov(above, carry);
    }
  });
}

/** The slots shifted by one word at a time and one bit count at a time: see `shiftLeft`. */
function shiftWords(b: CoreBuilder, d: Slots, count: Reg, step: 1 | -1, entering: Reg): void {
  for (let distance = 1; distance < d.length; distance *= 2) {
    b.scope(() => {
      const bit = b.temp();
      b.imm('shrui', bit, count, 6 + Math.log2(distance));
      b.imm('andi', bit, bit, 1);
      const mask = maskOf(b, bit);
      const order = [...d.keys()];
      if (step === 1) order.reverse();
      for (const i of order) {
        const from = d[i - step * distance] ?? entering;
        choose(b, [slot(d, i)], mask, [from], [slot(d, i)]);
      }
    });
  }
}

/** d = x << count for a count below the width of the slots; `d` may be `x`. */
export function shiftLeft(b: CoreBuilder, d: Slots, x: Slots, count: Reg): void {
  b.scope(() => {
    const [rest, carried] = [b.temp(), b.temp()];
    b.imm('xori', rest, count, 63);
    for (let i = d.length - 1; i > 0; i--) {
      b.imm('shrui', carried, slot(x, i - 1), 1);
      b.op('shru', carried, carried, rest);
      b.op('shl', slot(d, i), slot(x, i), count);
      b.op('or', slot(d, i), slot(d, i), carried);
    }
    b.op('shl', slot(d, 0), slot(x, 0), count);
    if (d.length > 1) shiftWords(b, d, count, 1, b.word(0n));
  });
}

/** d = x >> count for a count below the width; sign bits enter, or zeros. */
export function shiftRight(b: CoreBuilder, d: Slots, x: Slots, count: Reg, signed: boolean): void {
  const top = d.length - 1;
  b.scope(() => {
    const [rest, carried, entering] = [b.temp(), b.temp(), b.temp()];
    if (signed) b.imm('shrsi', entering, slot(x, top), 63);
    else b.const(entering, 0n);
    b.imm('xori', rest, count, 63);
    for (let i = 0; i < top; i++) {
      b.imm('shli', carried, slot(x, i + 1), 1);
      b.op('shl', carried, carried, rest);
      b.op('shru', slot(d, i), slot(x, i), count);
      b.op('or', slot(d, i), slot(d, i), carried);
    }
    b.op(signed ? 'shrs' : 'shru', slot(d, top), slot(x, top), count);
    if (top > 0) shiftWords(b, d, count, -1, entering);
  });
}

/** Clears the bits above a width below 64. */
export function truncateTo(b: CoreBuilder, d: Reg, x: Reg, bits: number): void {
  if (bits <= 16) {
    b.imm('andi', d, x, 2 ** bits - 1);
    return;
  }
  b.imm('shli', d, x, 64 - bits);
  b.imm('shrui', d, d, 64 - bits);
}

/** Extends the sign of a value of fewer than 64 bits to its whole slot. */
export function extendSign(b: CoreBuilder, d: Reg, x: Reg, bits: number): void {
  b.imm('shli', d, x, 64 - bits);
  b.imm('shrsi', d, d, 64 - bits);
}
