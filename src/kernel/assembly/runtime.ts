/**
 * What compiled code calls, and what it has in common with the interpreter loop.
 *
 * Compiled code keeps words in locals. It calls a function with the addresses of words, 32 bytes
 * each and little-endian, in the window or at RT_SCRATCH_BASE; a destination may be any operand.
 * Functions that take gas return what is left, or minus the trap kind. They touch nothing of the
 * frame but regions, output and cells: its program counter, window pointer and gas are saved by
 * compiled code when it leaves.
 */
import {
  C_VALUE,
  F_FLAGS,
  F_OUT_BASE,
  F_OUT_LENGTH,
  F_OWNER,
  F_REGIONS,
  FLAG_STATIC,
  R_BASE,
  R_LENGTH,
  S_CELL_COLD,
  S_CELL_WARM,
  S_KECCAK_WORD,
  S_LOG_BYTE,
  S_TRANSIENT,
  SPACE_TRANSIENT,
  TRAP_OUT_OF_GAS,
  TRAP_STATIC,
} from '../layout';
import { storeCell } from './cells';
import { appendLog, findCell, touchCell } from './journal';
import { keccak256ToWord } from './keccak';
import { keccakMemo32, keccakMemo64 } from './keccak-memo';
import {
  chargeWords,
  copyRegion,
  growMemory,
  growMemory256,
  isOffset,
  isSmall,
  loadZeroWord,
  regionOf,
  schedule,
} from './memory';
import {
  addmod256,
  byte256,
  clz256,
  copy256,
  exp256,
  mul256,
  mulmod256,
  sdiv256,
  sext256,
  shl256i,
  smulhi256,
  srem256,
  sshr256i,
  udiv256,
  umulhi256,
  urem256,
  ushr256i,
  zero256,
} from './u256';

/** Result of a cell operation that did nothing because the journal does not hold the cell. */
const RT_MISSING: i64 = i64.MIN_VALUE;
/** No trap of its own: the journal's status says that the logs are full. */
const LOGS_FULL: i64 = -19;

// Memory

/** Grows region 0 of the frame so that [offset, offset + size) lies inside; the size is not 0. */
export function rtGrow(fp: u32, offset: u64, size: u64, gas: i64): i64 {
  return growMemory(fp, offset, size, gas);
}

/** The same for words; a zero size touches nothing. */
export function rtGrow256(fp: u32, offset: u32, size: u32, gas: i64): i64 {
  return growMemory256(fp, offset, size, gas);
}

/** Stores the low byte of the value in region 0. */
export function rtStore8(fp: u32, offset: u32, value: u32, gas: i64): i64 {
  if (!isSmall(offset)) return -TRAP_OUT_OF_GAS;
  const left = growMemory(fp, load<u64>(offset), 1, gas);
  if (left < 0) return left;
  store<u8>(load<u32>(fp + F_REGIONS, R_BASE) + load<u32>(offset), <u8>value);
  return left;
}

/** Copies between regions: `regions` is destination * 256 + source. */
export function rtCopy(fp: u32, regions: u32, dst: u32, src: u32, size: u32, gas: i64): i64 {
  return copyRegion(fp, regions, dst, src, size, gas);
}

/** Word at `dst` := 32 big-endian bytes of a region; what lies past its end is zero. */
export function rtLoadZero(fp: u32, region: u32, dst: u32, offset: u32): void {
  loadZeroWord(dst, fp, region, offset);
}

/** Word at `dst` := keccak-256 of a range of region 0. */
export function keccakRange(fp: u32, dst: u32, offset: u64, length: u64, gasBefore: i64): i64 {
  let gas = chargeWords(length, schedule(S_KECCAK_WORD), gasBefore);
  if (gas < 0) return gas;
  if (length != 0) gas = growMemory(fp, offset, length, gas);
  if (gas < 0) return gas;
  const src = load<u32>(regionOf(fp, 0), R_BASE) + <u32>offset;
  if (length == 64) keccakMemo64(dst, src);
  else if (length == 32) keccakMemo32(dst, src);
  else keccak256ToWord(dst, src, <u32>length);
  return gas;
}

/** The same for words. */
// @ts-ignore: decorator
@inline
export function keccakWords(fp: u32, dst: u32, offset: u32, size: u32, gas: i64): i64 {
  if (!isSmall(size)) return -TRAP_OUT_OF_GAS;
  const length = load<u64>(size);
  if (length != 0 && !isSmall(offset)) return -TRAP_OUT_OF_GAS;
  return keccakRange(fp, dst, length == 0 ? 0 : load<u64>(offset), length, gas);
}

export function rtKeccak(fp: u32, dst: u32, offset: u32, size: u32, gas: i64): i64 {
  return keccakWords(fp, dst, offset, size, gas);
}

/** Makes a range of region 0 the output of the frame. */
export function rtFinish(fp: u32, offset: u32, size: u32, gasBefore: i64): i64 {
  const gas = growMemory256(fp, offset, size, gasBefore);
  if (gas < 0) return gas;
  const length = load<u32>(size);
  const base = load<u32>(regionOf(fp, 0), R_BASE);
  store<u32>(fp, length == 0 ? base : base + load<u32>(offset), F_OUT_BASE);
  store<u32>(fp, length, F_OUT_LENGTH);
  return gas;
}

/** Appends a log of a range of region 0; topics are addresses of words. */
export function logMemory(
  fp: u32,
  count: u32,
  offset: u32,
  size: u32,
  topic0: u32,
  topic1: u32,
  topic2: u32,
  topic3: u32,
  gasBefore: i64,
): i64 {
  if (load<u32>(fp, F_FLAGS) & FLAG_STATIC) return -TRAP_STATIC;
  if (!isSmall(size)) return -TRAP_OUT_OF_GAS;
  const length = load<u64>(size);
  const cost = length * schedule(S_LOG_BYTE);
  if (<u64>gasBefore < cost) return -TRAP_OUT_OF_GAS;
  const gas = growMemory256(fp, offset, size, gasBefore - <i64>cost);
  if (gas < 0) return gas;
  const base = load<u32>(regionOf(fp, 0), R_BASE);
  const data = length == 0 ? base : base + load<u32>(offset);
  const owner = load<u32>(fp, F_OWNER);
  const isKept = appendLog(owner, count, topic0, topic1, topic2, topic3, data, <u32>length);
  return isKept ? gas : LOGS_FULL;
}

/** The operands are words in a row: offset, size, and as many topics as `count` says. */
export function rtLog(fp: u32, count: u32, operands: u32, gas: i64): i64 {
  const topics = operands + 64;
  return logMemory(
    fp,
    count,
    operands,
    operands + 32,
    topics,
    topics + 32,
    topics + 64,
    topics + 96,
    gas,
  );
}

// Gas

/** Charges the amount in a word. */
export function rtChargeDyn(amount: u32, gas: i64): i64 {
  return isOffset(amount, <u64>gas + 1) ? gas - load<i64>(amount) : -TRAP_OUT_OF_GAS;
}

// State

/**
 * Word at `dst` := the value of the cell of the frame's owner, or RT_MISSING. The cost is that of
 * `cellLoadCost`, which with a second caller would no longer be inlined in the loop.
 */
export function rtCellLoad(fp: u32, space: u32, key: u32, dst: u32, gas: i64): i64 {
  const cell = findCell(space, load<u32>(fp, F_OWNER), key);
  if (cell == 0) return RT_MISSING;
  const isWarm = touchCell(cell);
  const entry = space == SPACE_TRANSIENT ? S_TRANSIENT : isWarm ? S_CELL_WARM : S_CELL_COLD;
  const cost = schedule(entry);
  if (<u64>gas < cost) return -TRAP_OUT_OF_GAS;
  copy256(dst, cell + C_VALUE);
  return gas - <i64>cost;
}

/**
 * Stores into the cell of the frame's owner, or RT_MISSING. Gas that is charged already for
 * operations behind the store counts as there: the caller adds it and takes it off the result.
 */
export function rtCellStore(fp: u32, space: u32, key: u32, value: u32, gas: i64): i64 {
  const cell = findCell(space, load<u32>(fp, F_OWNER), key);
  if (cell == 0) return RT_MISSING;
  return storeCell(fp, space, cell, value, 0, gas);
}

// Arithmetic, by the rules of the functions called

export function rtMul(dst: u32, a: u32, b: u32): void {
  mul256(dst, a, b);
}

export function rtUdiv(dst: u32, a: u32, b: u32): void {
  udiv256(dst, a, b);
}

export function rtSdiv(dst: u32, a: u32, b: u32): void {
  sdiv256(dst, a, b);
}

export function rtUrem(dst: u32, a: u32, b: u32): void {
  urem256(dst, a, b);
}

export function rtSrem(dst: u32, a: u32, b: u32): void {
  srem256(dst, a, b);
}

export function rtAddmod(dst: u32, a: u32, b: u32, m: u32): void {
  addmod256(dst, a, b, m);
}

export function rtMulmod(dst: u32, a: u32, b: u32, m: u32): void {
  mulmod256(dst, a, b, m);
}

export function rtPow(dst: u32, a: u32, b: u32): void {
  exp256(dst, a, b);
}

export function rtUmulhi(dst: u32, a: u32, b: u32): void {
  umulhi256(dst, a, b);
}

export function rtSmulhi(dst: u32, a: u32, b: u32): void {
  smulhi256(dst, a, b);
}

export function rtByte(dst: u32, index: u32, value: u32): void {
  byte256(dst, index, value);
}

export function rtClz(dst: u32, a: u32): void {
  clz256(dst, a);
}

// The next ones do not call what the loop calls once: it would no longer be inlined there.

export function rtSext(dst: u32, index: u32, value: u32): void {
  sext256(dst, index, value);
}

export function rtShl(dst: u32, value: u32, count: u32): void {
  if (isOffset(count, 256)) shl256i(dst, value, load<u32>(count));
  else zero256(dst);
}

export function rtUshr(dst: u32, value: u32, count: u32): void {
  if (isOffset(count, 256)) ushr256i(dst, value, load<u32>(count));
  else zero256(dst);
}

export function rtSshr(dst: u32, value: u32, count: u32): void {
  sshr256i(dst, value, isOffset(count, 256) ? load<u32>(count) : 255);
}
