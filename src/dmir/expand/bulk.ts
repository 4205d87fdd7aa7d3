/**
 * Expansions of the bulk operations: loops of micro-steps over eight bytes, then one, at a time,
 * and the sponge of Keccak-256 around the permutation chip.
 */
import {
  SCHEDULE_COPY_WORD,
  SCHEDULE_KECCAK_WORD,
  SPACE_HASH,
  scheduleAddress,
} from '../core/spaces.ts';
import { swapBytes } from './bits.ts';
import {
  isBounded,
  machineWord,
  type Quantity,
  quantity,
  type Range,
  readAddress,
  touch,
  trapIfHuge,
  wordCount,
} from './bounds.ts';
import type { CoreBuilder, Reg } from './builder.ts';
import { loadBytes, storeBytes } from './memory.ts';
import { type Expansion, result, type Site, slot, source } from './site.ts';

/** Bytes that Keccak-256 absorbs between two permutations. */
const RATE = 136;

/** Checks ranges of one size and charges for its words by an entry of the schedule. */
function touchWords(
  b: CoreBuilder,
  site: Site,
  ranges: readonly Range[],
  size: Quantity,
  entry: number,
): void {
  if (!ranges.some((range) => isBounded(site, range))) trapIfHuge(b, size);
  const extra = b.temp();
  wordCount(b, extra, size.low);
  b.op('mul', extra, extra, machineWord(b, scheduleAddress(entry)));
  touch(b, site, ranges, extra);
}

/** Runs the body while at least `size` bytes are left; the body counts them down. */
export function whileLeft(b: CoreBuilder, left: Reg, size: number, body: () => void): void {
  b.scope(() => {
    const few = b.temp();
    const [again, end] = [b.here(), b.label()];
    b.imm('ltui', few, left, size);
    b.branchNonZero(few, end);
    b.scope(body);
    b.jump(again);
    b.place(end);
  });
}

function copyChunk(
  b: CoreBuilder,
  to: number,
  from: number,
  target: Reg,
  origin: Reg,
  size: number,
): void {
  const word = b.temp();
  loadBytes(b, from, [word], origin, size);
  storeBytes(b, to, target, [word], size);
}

function copyForward(b: CoreBuilder, site: Site, target: Reg, origin: Reg, left: Reg): void {
  for (const size of [8, 1]) {
    whileLeft(b, left, size, () => {
      copyChunk(b, site.imm >> 8, site.imm & 0xff, target, origin, size);
      b.imm('addi', target, target, size);
      b.imm('addi', origin, origin, size);
      b.imm('addi', left, left, -size);
    });
  }
}

/** From the end, so that a target above an overlapping source does not overwrite it. */
function copyBackward(b: CoreBuilder, site: Site, target: Reg, origin: Reg, left: Reg): void {
  for (const size of [8, 1]) {
    whileLeft(b, left, size, () => {
      const [to, from] = [b.temp(), b.temp()];
      b.imm('addi', left, left, -size);
      b.op('add', to, target, left);
      b.op('add', from, origin, left);
      copyChunk(b, site.imm >> 8, site.imm & 0xff, to, from, size);
    });
  }
}

const copy: Expansion = (b, site) => {
  const [to, from] = [site.imm >> 8, site.imm & 0xff];
  const [address, origin] = [quantity(b, source(site, 0)), quantity(b, source(site, 1))];
  const size = quantity(b, source(site, 2));
  const ranges: Range[] = [
    { region: to, address, size, isWrite: true },
    { region: from, address: origin, size, isWrite: false },
  ];
  touchWords(b, site, ranges, size, SCHEDULE_COPY_WORD);
  const [at, reader, left, forward] = [b.temp(), b.temp(), b.temp(), b.temp()];
  const [up, end] = [b.label(), b.label()];
  b.mov(at, address.low);
  b.mov(reader, readAddress(b, site, from, origin));
  b.mov(left, size.low);
  b.op('ltu', forward, reader, at);
  b.branchZero(forward, up);
  copyBackward(b, site, at, reader, left);
  b.jump(end);
  b.place(up);
  copyForward(b, site, at, reader, left);
  b.place(end);
};

const fill: Expansion = (b, site) => {
  const address = quantity(b, source(site, 0));
  const size = quantity(b, source(site, 2));
  const ranges: Range[] = [{ region: site.imm, address, size, isWrite: true }];
  touchWords(b, site, ranges, size, SCHEDULE_COPY_WORD);
  const [pattern, at, left] = [b.temp(), b.temp(), b.temp()];
  b.imm('andi', pattern, slot(source(site, 1), 0), 0xff);
  b.op('mul', pattern, pattern, b.word(0x0101_0101_0101_0101n));
  b.mov(at, address.low);
  b.mov(left, size.low);
  for (const chunk of [8, 1]) {
    whileLeft(b, left, chunk, () => {
      const part = b.temp();
      if (chunk === 8) b.mov(part, pattern);
      else b.imm('andi', part, pattern, 0xff);
      storeBytes(b, site.imm, at, [part], chunk);
      b.imm('addi', at, at, chunk);
      b.imm('addi', left, left, -chunk);
    });
  }
};

/** The first unequal byte decides: -1, 0 or 1. */
const compare: Expansion = (b, site) => {
  const [left, right] = [quantity(b, source(site, 0)), quantity(b, source(site, 1))];
  const size = quantity(b, source(site, 2));
  const ranges: Range[] = [left, right].map((address) => {
    return { region: site.imm, address, size, isWrite: false };
  });
  touchWords(b, site, ranges, size, SCHEDULE_COPY_WORD);
  const d = slot(result(site), 0);
  const [x, y, rest, same] = [b.temp(), b.temp(), b.temp(), b.temp()];
  const [differ, end] = [b.label(), b.label()];
  const bytes = b.temps(2);
  b.mov(x, readAddress(b, site, site.imm, left));
  b.mov(y, readAddress(b, site, site.imm, right));
  b.mov(rest, size.low);
  b.const(d, 0n);
  whileLeft(b, rest, 1, () => {
    loadBytes(b, site.imm, [slot(bytes, 0)], x, 1);
    loadBytes(b, site.imm, [slot(bytes, 1)], y, 1);
    b.op('eq', same, slot(bytes, 0), slot(bytes, 1));
    b.branchZero(same, differ);
    b.imm('addi', x, x, 1);
    b.imm('addi', y, y, 1);
    b.imm('addi', rest, rest, -1);
  });
  b.jump(end);
  b.place(differ);
  // 1 where left is greater, else 1 - 2 = -1
  b.op('ltu', d, slot(bytes, 0), slot(bytes, 1));
  b.imm('shli', d, d, 1);
  b.op('sub', d, b.word(1n), d);
  b.place(end);
};

/** Adds, without carry, a word to the lane at a byte address of the hash space. */
function absorb(b: CoreBuilder, lane: Reg, word: Reg): void {
  b.scope(() => {
    const old = b.temp();
    b.load(SPACE_HASH, old, lane, 0);
    b.op('xor', old, old, word);
    b.store(SPACE_HASH, lane, 0, old);
  });
}

/** Absorbs a byte at a byte position of the block. */
function absorbByte(b: CoreBuilder, position: Reg, byte: Reg): void {
  b.scope(() => {
    const [lane, shift] = [b.temp(), b.temp()];
    b.imm('shrui', lane, position, 3);
    b.imm('shli', lane, lane, 3);
    b.op('sub', shift, position, lane);
    b.imm('shli', shift, shift, 3);
    b.op('shl', shift, byte, shift);
    absorb(b, lane, shift);
  });
}

function absorbBlocks(b: CoreBuilder, region: number, at: Reg, left: Reg): void {
  whileLeft(b, left, RATE, () => {
    const [lane, word, more] = [b.word(0n), b.temp(), b.temp()];
    const again = b.here();
    loadBytes(b, region, [word], at, 8);
    absorb(b, lane, word);
    b.imm('addi', at, at, 8);
    b.imm('addi', lane, lane, 8);
    b.imm('ltui', more, lane, RATE);
    b.branchNonZero(more, again);
    b.emit('keccakf');
    b.imm('addi', left, left, -RATE);
  });
}

/** The rest of the message with the padding of Keccak: 0x01 after it, 0x80 at the block's end. */
function absorbTail(b: CoreBuilder, region: number, at: Reg, left: Reg): void {
  const [position, byte] = [b.word(0n), b.temp()];
  whileLeft(b, left, 8, () => {
    loadBytes(b, region, [byte], at, 8);
    absorb(b, position, byte);
    b.imm('addi', at, at, 8);
    b.imm('addi', position, position, 8);
    b.imm('addi', left, left, -8);
  });
  whileLeft(b, left, 1, () => {
    loadBytes(b, region, [byte], at, 1);
    absorbByte(b, position, byte);
    b.imm('addi', at, at, 1);
    b.imm('addi', position, position, 1);
    b.imm('addi', left, left, -1);
  });
  b.const(byte, 0x01n);
  absorbByte(b, position, byte);
  b.const(position, BigInt(RATE - 1));
  b.const(byte, 0x80n);
  absorbByte(b, position, byte);
  b.emit('keccakf');
}

const keccak: Expansion = (b, site) => {
  const [address, size] = [quantity(b, source(site, 0)), quantity(b, source(site, 1))];
  const ranges: Range[] = [{ region: site.imm, address, size, isWrite: false }];
  touchWords(b, site, ranges, size, SCHEDULE_KECCAK_WORD);
  const [at, left, zero] = [b.temp(), b.temp(), b.word(0n)];
  b.mov(at, readAddress(b, site, site.imm, address));
  b.mov(left, size.low);
  for (let lane = 0; lane < 25; lane++) b.store(SPACE_HASH, zero, lane * 8, zero);
  absorbBlocks(b, site.imm, at, left);
  absorbTail(b, site.imm, at, left);
  // The digest is a big-endian number: its first byte is the most significant.
  const d = result(site);
  for (const [i, register] of d.entries()) {
    b.load(SPACE_HASH, register, zero, 8 * (d.length - 1 - i));
    swapBytes(b, register, register);
  }
};

export const BULK_EXPANSIONS = {
  mem_copy: copy,
  mem_fill: fill,
  mem_compare: compare,
  keccak256: keccak,
} as const satisfies Record<string, Expansion>;
