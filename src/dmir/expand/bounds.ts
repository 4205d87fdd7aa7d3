/**
 * What an access to a region does before it moves a byte: the region's rule, growth, the charge.
 *
 * Order, as in the reference: ranges that may not grow trap first; then the growth of all regions
 * and the operation's own gas are charged as one amount; then the regions grow, or trap at their
 * limit. A range of size 0 touches nothing.
 *
 * Growth to 2^37 bytes, or an operation on as many, runs out of gas without a computation: below it
 * every product here fits 64 bits, with schedule entries below 2^26.
 */
import {
  regionLengthAddress,
  regionLimitAddress,
  SCHEDULE_MEMORY_LINEAR,
  SCHEDULE_MEMORY_QUADRATIC,
  SPACE_MACHINE,
  scheduleAddress,
} from '../core/spaces.ts';
import type { BoundsRule } from '../ir.ts';
import type { CoreBuilder, Reg, Slots } from './builder.ts';
import { anySet, choose, maskOf } from './limbs.ts';
import { type Site, scopeOf, slot } from './site.ts';

/** Log2 of the bytes from which growth and sizes run out of gas. */
const BYTES_BITS_MAX = 37;

/** A number of any integer type: its low word, and a register that is not 0 where it has more. */
export interface Quantity {
  readonly low: Reg;
  readonly high: Reg;
}

export interface Range {
  readonly region: number;
  readonly address: Quantity;
  readonly size: Quantity;
  readonly isWrite: boolean;
}

export function quantity(b: CoreBuilder, x: Slots): Quantity {
  const high = b.temp();
  if (x.length === 1) b.const(high, 0n);
  else anySet(b, high, x.slice(1));
  return { low: slot(x, 0), high };
}

export function constant(b: CoreBuilder, value: number): Quantity {
  return { low: b.word(BigInt(value)), high: b.word(0n) };
}

export function boundsOf(site: Site, region: number): BoundsRule {
  const found = scopeOf(site).regions[region];
  if (found === undefined) throw new Error(`BUG: no region ${region}`);
  return found.bounds;
}

/** A temporary with a word of the machine space. */
export function machineWord(b: CoreBuilder, address: number): Reg {
  const word = b.temp();
  b.const(word, 0n);
  b.load(SPACE_MACHINE, word, word, address);
  return word;
}

export function setMachineWord(b: CoreBuilder, address: number, value: Reg): void {
  b.scope(() => b.store(SPACE_MACHINE, b.word(0n), address, value));
}

/** End of a range, and a register that is not 0 where it is past 2^64. */
function endOf(b: CoreBuilder, { address, size }: Range): Quantity {
  const [end, high] = [b.temp(), b.temp()];
  b.op('add', end, address.low, size.low);
  b.op('ltu', high, end, size.low);
  b.op('or', high, high, address.high);
  b.op('or', high, high, size.high);
  return { low: end, high };
}

/** Runs `emit` unless the size is 0. */
export function unlessEmpty(b: CoreBuilder, size: Quantity, emit: () => void): void {
  const empty = b.label();
  b.scope(() => {
    const any = b.temp();
    b.op('or', any, size.low, size.high);
    b.branchZero(any, empty);
    emit();
  });
  b.place(empty);
}

function trapPastEnd(b: CoreBuilder, range: Range): void {
  unlessEmpty(b, range.size, () => {
    const end = endOf(b, range);
    const past = b.temp();
    b.op('ltu', past, machineWord(b, regionLengthAddress(range.region)), end.low);
    b.op('or', past, past, end.high);
    b.trapIf(past, 'out-of-bounds');
  });
}

/** Traps as out of gas where the number is 2^37 or more. */
export function trapIfHuge(b: CoreBuilder, { low, high }: Quantity): void {
  b.scope(() => {
    const huge = b.temp();
    b.imm('shrui', huge, low, BYTES_BITS_MAX);
    b.op('or', huge, huge, high);
    b.trapIf(huge, 'out-of-gas');
  });
}

/** d = the number of started 32-byte words. */
export function wordCount(b: CoreBuilder, d: Reg, bytes: Reg): void {
  b.imm('addi', d, bytes, 31);
  b.imm('shrui', d, d, 5);
}

/** Raises `length` to the end of the range, in whole words. */
function coverRange(b: CoreBuilder, length: Reg, range: Range): void {
  unlessEmpty(b, range.size, () => {
    const end = endOf(b, range);
    trapIfHuge(b, end);
    const [rounded, longer] = [b.temp(), b.temp()];
    wordCount(b, rounded, end.low);
    b.imm('shli', rounded, rounded, 5);
    b.op('ltu', longer, length, rounded);
    choose(b, [length], maskOf(b, longer), [rounded], [length]);
  });
}

/** Adds to `total`, with its sign, what a memory of the length has cost; whole words count. */
function addMemoryCost(b: CoreBuilder, op: 'add' | 'sub', total: Reg, length: Reg): void {
  b.scope(() => {
    const [words, part, none] = [b.temp(), b.temp(), b.temp()];
    b.imm('shrui', words, length, 5);
    b.op('mul', part, words, machineWord(b, scheduleAddress(SCHEDULE_MEMORY_LINEAR)));
    b.op(op, total, total, part);
    const divisor = machineWord(b, scheduleAddress(SCHEDULE_MEMORY_QUADRATIC));
    const done = b.label();
    b.imm('eqi', none, divisor, 0);
    b.branchNonZero(none, done);
    b.op('mul', part, words, words);
    b.op('divu', part, part, divisor);
    b.op(op, total, total, part);
    b.place(done);
  });
}

/** Runs `emit` where the region is shorter than `length`. */
function whereLonger(
  b: CoreBuilder,
  region: number,
  length: Reg,
  emit: (before: Reg) => void,
): void {
  const done = b.label();
  b.scope(() => {
    const before = machineWord(b, regionLengthAddress(region));
    const longer = b.temp();
    b.op('ltu', longer, before, length);
    b.branchZero(longer, done);
    emit(before);
  });
  b.place(done);
}

function growRegion(b: CoreBuilder, region: number, length: Reg): void {
  whereLonger(b, region, length, () => {
    const over = b.temp();
    b.op('ltu', over, machineWord(b, regionLimitAddress(region)), length);
    b.trapIf(over, 'memory-limit');
    setMachineWord(b, regionLengthAddress(region), length);
  });
}

/** Whether the region's length bounds the access, so that it traps instead of growing. */
export function isBounded(site: Site, range: Range): boolean {
  const rule = boundsOf(site, range.region);
  return rule === 'trap' || (rule === 'zero' && range.isWrite);
}

/** Checks and charges an operation on some ranges; `extra` holds the operation's own gas. */
export function touch(b: CoreBuilder, site: Site, ranges: readonly Range[], extra?: Reg): void {
  for (const range of ranges) if (isBounded(site, range)) trapPastEnd(b, range);
  const lengths = new Map<number, Reg>();
  for (const range of ranges) {
    if (boundsOf(site, range.region) !== 'charge') continue;
    const length = lengths.get(range.region) ?? b.word(0n);
    lengths.set(range.region, length);
    coverRange(b, length, range);
  }
  if (extra === undefined && lengths.size === 0) return;
  b.scope(() => {
    const total = b.word(0n);
    if (extra !== undefined) b.mov(total, extra);
    for (const [region, length] of lengths) {
      whereLonger(b, region, length, (before) => {
        addMemoryCost(b, 'add', total, length);
        addMemoryCost(b, 'sub', total, before);
      });
    }
    b.emit('charge', { a: total });
    for (const [region, length] of lengths) growRegion(b, region, length);
  });
}

/**
 * The address to read at: itself, or, where a region with the zero rule ends before it, a place
 * past the end, since all bytes there are zero.
 */
export function readAddress(b: CoreBuilder, site: Site, region: number, from: Quantity): Reg {
  if (boundsOf(site, region) !== 'zero') return from.low;
  const [address, inside] = [b.temp(), b.temp()];
  b.scope(() => {
    const length = machineWord(b, regionLengthAddress(region));
    b.op('ltu', inside, from.low, length);
    b.imm('eqi', address, from.high, 0);
    b.op('and', inside, inside, address);
    choose(b, [address], maskOf(b, inside), [from.low], [length]);
  });
  return address;
}
