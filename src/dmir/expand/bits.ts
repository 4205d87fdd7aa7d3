/**
 * Expansions of moves, bit operations, shifts, counts, byte operations and integer conversions.
 */
import { TYPE_BITS } from '../types.ts';
import type { BinaryName, CoreBuilder, Reg, Slots } from './builder.ts';
import { bitsOf, cut, signedSource } from './integers.ts';
import {
  anySet,
  choose,
  extendSign,
  fill,
  maskOf,
  move,
  shiftLeft,
  shiftRight,
  truncateTo,
} from './limbs.ts';
import { type Expansion, result, type Site, slot, source } from './site.ts';

export const copy: Expansion = (b, site) => move(b, result(site), source(site, 0));

const select: Expansion = (b, site) => {
  const mask = maskOf(b, slot(source(site, 0), 0));
  choose(b, result(site), mask, source(site, 1), source(site, 2));
};

const bitwise =
  (op: BinaryName): Expansion =>
  (b, site) => {
    const [x, y] = [source(site, 0), source(site, 1)];
    for (const [i, register] of result(site).entries()) b.op(op, register, slot(x, i), slot(y, i));
  };

const not: Expansion = (b, site) => {
  const [d, ones] = [result(site), b.word(-1n)];
  const x = source(site, 0);
  for (const [i, register] of d.entries()) b.op('xor', register, slot(x, i), ones);
  cut(b, d, bitsOf(site));
};

type ShiftKind = 'shl' | 'ushr' | 'sshr';

/** Shifts by a count below the width; a narrow result may have bits above it. */
function shift(b: CoreBuilder, kind: ShiftKind, d: Slots, x: Slots, count: Reg): void {
  if (kind === 'shl') shiftLeft(b, d, x, count);
  else shiftRight(b, d, x, count, kind === 'sshr');
}

function shiftSource(b: CoreBuilder, kind: ShiftKind, site: Site): Slots {
  return kind === 'sshr' ? signedSource(b, site, 0) : source(site, 0);
}

/** The count modulo the width, which is a power of two. */
function maskedCount(b: CoreBuilder, site: Site): Reg {
  const count = b.temp();
  b.imm('andi', count, slot(source(site, 1), 0), bitsOf(site) - 1);
  return count;
}

const masked =
  (kind: ShiftKind): Expansion =>
  (b, site) => {
    shift(b, kind, result(site), shiftSource(b, kind, site), maskedCount(b, site));
    cut(b, result(site), bitsOf(site));
  };

/** A temporary: 1 where the value is below the limit, which fits 16 bits. */
function isBelow(b: CoreBuilder, x: Slots, limit: number): Reg {
  const below = b.temp();
  b.imm('ltui', below, slot(x, 0), limit);
  if (x.length > 1) {
    const high = b.temp();
    anySet(b, high, x.slice(1));
    b.imm('eqi', high, high, 0);
    b.op('and', below, below, high);
  }
  return below;
}

const saturating =
  (kind: ShiftKind): Expansion =>
  (b, site) => {
    const [d, bits] = [result(site), bitsOf(site)];
    const x = shiftSource(b, kind, site);
    const kept = maskOf(b, isBelow(b, source(site, 1), bits));
    const beyond = b.temp();
    if (kind === 'sshr') b.imm('shrsi', beyond, slot(x, x.length - 1), 63);
    else b.const(beyond, 0n);
    shift(b, kind, d, x, maskedCount(b, site));
    choose(b, d, kept, d, new Array<Reg>(d.length).fill(beyond));
    cut(b, d, bits);
  };

/** Left by the count and right by the rest of the width, together. */
const rotate =
  (left: boolean): Expansion =>
  (b, site) => {
    const [d, x, bits] = [result(site), source(site, 0), bitsOf(site)];
    const count = maskedCount(b, site);
    const [rest, zero] = [b.temp(), b.word(0n)];
    const other = b.temps(d.length);
    b.op('sub', rest, zero, count);
    b.imm('andi', rest, rest, bits - 1);
    shiftLeft(b, d, x, left ? count : rest);
    shiftRight(b, other, x, left ? rest : count, false);
    for (const [i, register] of d.entries()) b.op('or', register, register, slot(other, i));
    cut(b, d, bits);
  };

const FIELD_SUMS: readonly (readonly [bits: number, mask: bigint])[] = [
  [1, 0x5555_5555_5555_5555n],
  [2, 0x3333_3333_3333_3333n],
  [4, 0x0f0f_0f0f_0f0f_0f0fn],
];

/** Number of ones of a slot: sums of neighbouring fields, then of the bytes by a product. */
function countOnes(b: CoreBuilder, d: Reg, x: Reg): void {
  b.scope(() => {
    const [value, odd] = [b.temp(), b.temp()];
    b.mov(value, x);
    for (const [bits, pattern] of FIELD_SUMS) {
      b.scope(() => {
        const mask = b.word(pattern);
        b.imm('shrui', odd, value, bits);
        b.op('and', odd, odd, mask);
        b.op('and', value, value, mask);
        b.op('add', value, value, odd);
      });
    }
    b.op('mul', value, value, b.word(0x0101_0101_0101_0101n));
    b.imm('shrui', d, value, 56);
  });
}

/** Zeros above the top one of a slot: 64 less the ones of the value smeared downwards. */
function leadingZeros(b: CoreBuilder, d: Reg, x: Reg): void {
  b.scope(() => {
    const [value, smear] = [b.temp(), b.temp()];
    b.mov(value, x);
    for (const distance of [1, 2, 4, 8, 16, 32]) {
      b.imm('shrui', smear, value, distance);
      b.op('or', value, value, smear);
    }
    countOnes(b, value, value);
    b.op('sub', d, b.word(64n), value);
  });
}

/** Zeros below the lowest one of a slot: the ones of `(x & -x) - 1`. */
function trailingZeros(b: CoreBuilder, d: Reg, x: Reg): void {
  b.scope(() => {
    const value = b.temp();
    b.op('sub', value, b.word(0n), x);
    b.op('and', value, value, x);
    b.imm('addi', value, value, -1);
    countOnes(b, d, value);
  });
}

/** Counts slot by slot and stops adding at the first slot that is not all zeros. */
const countZeros =
  (leading: boolean): Expansion =>
  (b, site) => {
    const [d, x, bits] = [result(site), source(site, 0), bitsOf(site)];
    const total = slot(d, 0);
    fill(b, d, b.word(0n));
    const open = b.word(-1n);
    const zeros = b.temp();
    for (const register of leading ? [...x].reverse() : x) {
      (leading ? leadingZeros : trailingZeros)(b, zeros, register);
      b.op('and', zeros, zeros, open);
      b.op('add', total, total, zeros);
      b.imm('eqi', zeros, zeros, 64);
      b.scope(() => b.mov(open, maskOf(b, zeros)));
    }
    if (bits >= 64) return;
    if (leading) b.imm('addi', total, total, bits - 64);
    else limitTo(b, total, bits);
  };

/** d = the lesser of d and the limit. */
function limitTo(b: CoreBuilder, d: Reg, limit: number): void {
  b.scope(() => {
    const below = b.temp();
    b.imm('ltui', below, d, limit);
    choose(b, [d], maskOf(b, below), [d], [b.word(BigInt(limit))]);
  });
}

const popcnt: Expansion = (b, site) => {
  const d = result(site);
  const ones = b.temp();
  fill(b, d, b.word(0n));
  for (const register of source(site, 0)) {
    countOnes(b, ones, register);
    b.op('add', slot(d, 0), slot(d, 0), ones);
  }
};

const BYTE_SWAPS: readonly (readonly [bits: number, mask: bigint])[] = [
  [8, 0x00ff_00ff_00ff_00ffn],
  [16, 0x0000_ffff_0000_ffffn],
  [32, 0x0000_0000_ffff_ffffn],
];

/** Reverses the bytes of a slot. */
export function swapBytes(b: CoreBuilder, d: Reg, x: Reg): void {
  b.scope(() => {
    const [value, high] = [b.temp(), b.temp()];
    b.mov(value, x);
    for (const [bits, pattern] of BYTE_SWAPS) {
      b.scope(() => {
        const mask = b.word(pattern);
        b.imm('shrui', high, value, bits);
        b.op('and', high, high, mask);
        b.op('and', value, value, mask);
        b.imm('shli', value, value, bits);
        b.op('or', value, value, high);
      });
    }
    b.mov(d, value);
  });
}

/** Reverses the bytes of a value of a width; `d` is none of its slots unless there is one. */
export function reverseBytes(b: CoreBuilder, d: Slots, x: Slots, bits: number): void {
  for (const [i, register] of d.entries()) swapBytes(b, register, slot(x, d.length - 1 - i));
  if (bits < 64) b.imm('shrui', slot(d, 0), slot(d, 0), 64 - bits);
}

/** A temporary: bits from byte `index` (in the low slot) to the top byte of the width. */
function bitsAboveByte(b: CoreBuilder, site: Site): Reg {
  const distance = b.temp();
  const last = b.word(BigInt(bitsOf(site) / 8 - 1));
  b.op('sub', distance, last, slot(source(site, 0), 0));
  b.imm('shli', distance, distance, 3);
  b.imm('andi', distance, distance, bitsOf(site) - 1);
  return distance;
}

const byteBe: Expansion = (b, site) => {
  const d = result(site);
  const kept = maskOf(b, isBelow(b, source(site, 0), bitsOf(site) / 8));
  const shifted = b.temps(d.length);
  shiftRight(b, shifted, source(site, 1), bitsAboveByte(b, site), false);
  fill(b, d, b.word(0n));
  b.imm('andi', slot(d, 0), slot(shifted, 0), 0xff);
  b.op('and', slot(d, 0), slot(d, 0), kept);
};

const sextByte: Expansion = (b, site) => {
  const [d, value] = [result(site), source(site, 1)];
  const extends_ = maskOf(b, isBelow(b, source(site, 0), bitsOf(site) / 8));
  const distance = bitsAboveByte(b, site);
  shiftLeft(b, d, value, distance);
  shiftRight(b, d, d, distance, true);
  choose(b, d, extends_, d, value);
};

const zext: Expansion = (b, site) => {
  const [d, x] = [result(site), source(site, 0)];
  for (const [i, register] of d.entries()) {
    const from = x[i];
    if (from === undefined) b.const(register, 0n);
    else b.mov(register, from);
  }
};

const sext: Expansion = (b, site) => {
  const [d, x, bits] = [result(site), source(site, 0), bitsOf(site)];
  const from = TYPE_BITS[site.operandTypes[0] ?? site.type];
  const sign = b.temp();
  for (const [i, register] of d.entries()) if (i < x.length) b.mov(register, slot(x, i));
  const top = slot(d, Math.min(x.length, d.length) - 1);
  if (from < 64) extendSign(b, top, top, from);
  b.imm('shrsi', sign, top, 63);
  for (const register of d.slice(x.length)) b.mov(register, sign);
  cut(b, d, bits);
};

const trunc: Expansion = (b, site) => {
  const [d, x, bits] = [result(site), source(site, 0), bitsOf(site)];
  if (bits < 64) truncateTo(b, slot(d, 0), slot(x, 0), bits);
  else zext(b, site);
};

export const BIT_EXPANSIONS = {
  copy,
  select,
  and: bitwise('and'),
  or: bitwise('or'),
  xor: bitwise('xor'),
  not,
  shl: masked('shl'),
  ushr: masked('ushr'),
  sshr: masked('sshr'),
  shl_sat: saturating('shl'),
  ushr_sat: saturating('ushr'),
  sshr_sat: saturating('sshr'),
  rotl: rotate(true),
  rotr: rotate(false),
  clz: countZeros(true),
  ctz: countZeros(false),
  popcnt,
  bswap: (b, site) => reverseBytes(b, result(site), source(site, 0), bitsOf(site)),
  byte_be: byteBe,
  sext_byte: sextByte,
  zext,
  sext,
  trunc,
} as const satisfies Record<string, Expansion>;
