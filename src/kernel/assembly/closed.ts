/**
 * What compiled closed functions call. Each does the whole operation and gives the gas that is
 * left, or does nothing and gives a number below zero: then the interpreter runs the operation,
 * which traps, waits for a cell, or finds that the gas just suffices.
 */
import {
  C_VALUE,
  F_FLAGS,
  F_OWNER,
  FLAG_STATIC,
  S_CELL_COLD,
  S_CELL_WARM,
  S_STORE_COLD,
  S_STORE_RESET,
  S_STORE_SENTRY,
  S_STORE_SET,
  S_TRANSIENT,
  SPACE_TRANSIENT,
} from '../layout';
import { cellLoadCost, storeCell } from './cells';
import { noteWritten } from './closed-frames';
import { findCell } from './journal';
import { schedule } from './memory';
import {
  copyRange,
  fillRange,
  growRegion,
  hashRange,
  logRange,
  regionGas,
  setOutput,
} from './regions';
import { copy256 } from './u256-word';

const LEAVE: i64 = -1;

/** What a load costs at most; a load that was begun has warmed the cell. */
function loadCostMax(space: u32): u64 {
  if (space == SPACE_TRANSIENT) return schedule(S_TRANSIENT);
  return max(schedule(S_CELL_COLD), schedule(S_CELL_WARM));
}

function storeCostMax(space: u32): u64 {
  if (space == SPACE_TRANSIENT) return schedule(S_TRANSIENT);
  const most = max(max(schedule(S_STORE_SET), schedule(S_STORE_RESET)), schedule(S_CELL_WARM));
  return max(schedule(S_STORE_COLD) + most, schedule(S_STORE_SENTRY) + 1);
}

/** Word at `dst` := the value of the cell of the frame's owner. */
export function rtLoadCell(fp: u32, space: u32, key: u32, dst: u32, gas: i64): i64 {
  const cell = findCell(space, load<u32>(fp, F_OWNER), key);
  if (cell == 0 || <u64>gas < loadCostMax(space)) return LEAVE;
  const left = gas - <i64>cellLoadCost(cell);
  copy256(dst, cell + C_VALUE);
  return left;
}

/** Stores a word; `rest` is gas that was charged for operations behind this one. */
export function rtStoreCell(
  fp: u32,
  space: u32,
  key: u32,
  value: u32,
  rest: u64,
  gas: i64,
): i64 {
  if (load<u32>(fp, F_FLAGS) & FLAG_STATIC || <u64>gas < storeCostMax(space)) return LEAVE;
  const cell = findCell(space, load<u32>(fp, F_OWNER), key);
  return cell == 0 ? LEAVE : storeCell(fp, space, cell, value, rest, gas);
}

export function rtCopyRange(
  fp: u32,
  regions: u32,
  target: u64,
  source: u64,
  size: u64,
  gas: i64,
): i64 {
  if (!copyRange(fp, regions, target, source, size, gas)) return LEAVE;
  if (regions >> 8 == 0) noteWritten(<u32>target, <u32>size);
  return regionGas;
}

export function rtFillRange(
  fp: u32,
  region: u32,
  target: u64,
  byte: u64,
  size: u64,
  gas: i64,
): i64 {
  if (!fillRange(fp, region, target, <u8>byte, size, gas)) return LEAVE;
  if (region == 0) noteWritten(<u32>target, <u32>size);
  return regionGas;
}

export function rtHashRange(
  fp: u32,
  region: u32,
  dst: u32,
  offset: u64,
  size: u64,
  gas: i64,
): i64 {
  return hashRange(fp, region, dst, offset, size, gas) ? regionGas : LEAVE;
}

/** Topics are words in a row. */
export function rtLogRange(
  fp: u32,
  region: u32,
  offset: u64,
  size: u64,
  count: u32,
  topics: u32,
  gas: i64,
): i64 {
  const t1 = topics + 32;
  const t2 = topics + 64;
  const t3 = topics + 96;
  const ok = logRange(fp, region, offset, size, count, topics, t1, t2, t3, gas);
  return ok ? regionGas : LEAVE;
}

export function rtOutput(fp: u32, region: u32, offset: u64, size: u64, gas: i64): i64 {
  return setOutput(fp, region, offset, size, gas) ? regionGas : LEAVE;
}

/** The region's length before it grew, or all ones. */
export function rtGrowRegion(fp: u32, region: u32, delta: u64): u64 {
  return growRegion(fp, region, delta);
}
