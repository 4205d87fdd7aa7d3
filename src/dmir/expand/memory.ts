/**
 * Expansions of loads, stores and sizes: byte addresses over aligned 8-byte slots.
 *
 * A load shifts two neighbouring slots together; a store replaces bytes of the first and last slot
 * that it meets and writes those between them whole.
 */
import { regionLengthAddress, regionLimitAddress } from '../core/spaces.ts';
import { TYPE_BITS } from '../types.ts';
import { reverseBytes } from './bits.ts';
import { constant, machineWord, quantity, readAddress, setMachineWord, touch } from './bounds.ts';
import type { CoreBuilder, Reg, Slots } from './builder.ts';
import { choose, maskOf, truncateTo } from './limbs.ts';
import { type Expansion, result, type Site, slot, source } from './site.ts';

interface Place {
  /** Address of the first slot. */
  readonly base: Reg;
  /** Bits before the address in it, and 63 less that. */
  readonly shift: Reg;
  readonly rest: Reg;
}

function placeOf(b: CoreBuilder, address: Reg): Place {
  const [base, shift, rest] = [b.temp(), b.temp(), b.temp()];
  b.imm('shrui', base, address, 3);
  b.imm('shli', base, base, 3);
  b.op('sub', shift, address, base);
  b.imm('shli', shift, shift, 3);
  b.imm('xori', rest, shift, 63);
  return { base, shift, rest };
}

/** Loads bytes at any address of a region; every byte must lie inside or read as zero. */
export function loadBytes(
  b: CoreBuilder,
  region: number,
  d: Slots,
  address: Reg,
  size: number,
): void {
  b.scope(() => {
    const { base, shift, rest } = placeOf(b, address);
    const [here, next, carried] = [b.temp(), b.temp(), b.temp()];
    b.load(region, here, base, 0);
    for (const [i, register] of d.entries()) {
      b.load(region, next, base, 8 * (i + 1));
      b.imm('shli', carried, next, 1);
      b.op('shl', carried, carried, rest);
      b.op('shru', register, here, shift);
      b.op('or', register, register, carried);
      b.mov(here, next);
    }
    if (size < 8) truncateTo(b, slot(d, 0), slot(d, 0), size * 8);
  });
}

/** Replaces the masked bits of a slot. */
function mergeSlot(
  b: CoreBuilder,
  region: number,
  base: Reg,
  offset: number,
  mask: Reg,
  bits: Reg,
): void {
  b.scope(() => {
    const old = b.temp();
    b.load(region, old, base, offset);
    choose(b, [old], mask, [bits], [old]);
    b.store(region, base, offset, old);
  });
}

/** Stores bytes at any address of a region; every byte must lie inside. */
export function storeBytes(
  b: CoreBuilder,
  region: number,
  address: Reg,
  x: Slots,
  size: number,
): void {
  b.scope(() => {
    const { base, shift, rest } = placeOf(b, address);
    const ones = b.word(size < 8 ? (1n << BigInt(size * 8)) - 1n : -1n);
    const [mask, bits, spilled] = [b.temp(), b.temp(), b.temp()];
    b.op('shl', mask, ones, shift);
    b.op('shl', bits, slot(x, 0), shift);
    mergeSlot(b, region, base, 0, mask, bits);
    const spill = (register: Reg, from: Reg) => {
      b.imm('shrui', register, from, 1);
      b.op('shru', register, register, rest);
    };
    for (let i = 1; i < x.length; i++) {
      spill(spilled, slot(x, i - 1));
      b.op('shl', bits, slot(x, i), shift);
      b.op('or', bits, bits, spilled);
      b.store(region, base, 8 * i, bits);
    }
    const whole = b.label();
    spill(mask, ones);
    b.branchZero(mask, whole);
    spill(bits, slot(x, x.length - 1));
    mergeSlot(b, region, base, 8 * x.length, mask, bits);
    b.place(whole);
  });
}

function load(b: CoreBuilder, site: Site, size: number): void {
  const from = quantity(b, source(site, 0));
  const range = { region: site.imm, address: from, size: constant(b, size), isWrite: false };
  touch(b, site, [range]);
  loadBytes(b, site.imm, result(site), readAddress(b, site, site.imm, from), size);
}

function store(b: CoreBuilder, site: Site, x: Slots, size: number): void {
  const to = quantity(b, source(site, 0));
  const range = { region: site.imm, address: to, size: constant(b, size), isWrite: true };
  touch(b, site, [range]);
  storeBytes(b, site.imm, to.low, x, size);
}

const loadBe: Expansion = (b, site) => {
  const [d, bits] = [result(site), TYPE_BITS[site.type]];
  const plain = b.temps(d.length);
  load(b, { ...site, dst: [plain] }, bits / 8);
  reverseBytes(b, d, plain, bits);
};

const storeBe: Expansion = (b, site) => {
  const [x, bits] = [source(site, 1), TYPE_BITS[site.type]];
  const reversed = b.temps(x.length);
  reverseBytes(b, reversed, x, bits);
  store(b, site, reversed, bits / 8);
};

const load8: Expansion = (b, site) => {
  const d = result(site);
  load(b, { ...site, dst: [d.slice(0, 1)] }, 1);
  for (const register of d.slice(1)) b.const(register, 0n);
};

const store8: Expansion = (b, site) => {
  const byte = b.temp();
  b.imm('andi', byte, slot(source(site, 1), 0), 0xff);
  store(b, site, [byte], 1);
};

const size: Expansion = (b, site) => {
  const d = result(site);
  b.mov(slot(d, 0), machineWord(b, regionLengthAddress(site.imm)));
  for (const register of d.slice(1)) b.const(register, 0n);
};

/** Grows by bytes; gives the length before, or all ones where the limit forbids. */
const grow: Expansion = (b, site) => {
  const [d, delta] = [slot(result(site), 0), slot(source(site, 0), 0)];
  const before = machineWord(b, regionLengthAddress(site.imm));
  const limit = machineWord(b, regionLimitAddress(site.imm));
  const [after, over, end] = [b.temp(), b.temp(), b.label()];
  b.op('add', after, before, delta);
  b.op('ltu', over, after, delta);
  b.op('ltu', limit, limit, after);
  b.op('or', over, over, limit);
  choose(b, [d], maskOf(b, over), [b.word(-1n)], [before]);
  b.branchNonZero(over, end);
  setMachineWord(b, regionLengthAddress(site.imm), after);
  b.place(end);
};

export const MEMORY_EXPANSIONS = {
  load: (b, site) => load(b, site, TYPE_BITS[site.type] / 8),
  load_be: loadBe,
  load8_u: load8,
  store: (b, site) => store(b, site, source(site, 1), TYPE_BITS[site.type] / 8),
  store_be: storeBe,
  store8,
  mem_size: size,
  mem_grow: grow,
} as const satisfies Record<string, Expansion>;
