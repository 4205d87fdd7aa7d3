/**
 * Operations on cells with what they charge. Functions that charge return the gas left, or minus
 * the trap kind; `rest` is gas that the block has charged for operations behind this one.
 *
 * All that write charge as a store does: by the value before, the original one and the new one.
 */
import {
  C_FLAGS,
  C_ORIGINAL,
  C_OWNER,
  C_VALUE,
  CELL_EXISTS,
  CELL_READ,
  CELL_WARM,
  F_FLAGS,
  FLAG_STATIC,
  S_CELL_COLD,
  S_CELL_WARM,
  S_STORE_CLEAR_REFUND,
  S_STORE_COLD,
  S_STORE_RESET,
  S_STORE_RULE,
  S_STORE_SENTRY,
  S_STORE_SET,
  S_TRANSIENT,
  SPACE_TRANSIENT,
  TRAP_CELL_EXISTS,
  TRAP_CELL_MISSING,
  TRAP_OUT_OF_GAS,
  TRAP_STATIC,
} from '../layout';
import {
  addCell,
  consumeCell,
  deleteCell,
  insertOnce,
  refundAdd,
  startCell,
  touchCell,
  writeCell,
} from './journal';
import { schedule } from './memory';
import { add256, copy256, eq256, iszero256, set64, ult256, zero256 } from './u256';

const NEXT: u32 = u32(memory.data(32, 16));

// @ts-ignore: decorator
@inline
function isStatic(fp: u32): bool {
  return (load<u32>(fp, F_FLAGS) & FLAG_STATIC) != 0;
}

// @ts-ignore: decorator
@inline
function noteRead(cell: u32): void {
  startCell(cell);
  store<u32>(cell, load<u32>(cell, C_FLAGS) | CELL_READ, C_FLAGS);
}

/** Gas of a load, which warms the cell. */
export function cellLoadCost(cell: u32): u64 {
  const wasWarm = touchCell(cell);
  if (load<u32>(cell, C_OWNER + 4) == SPACE_TRANSIENT) return schedule(S_TRANSIENT);
  return wasWarm ? schedule(S_CELL_WARM) : schedule(S_CELL_COLD);
}

/** Moves the refund by what net metering gives or takes back when a dirty slot changes again. */
function refundDirty(original: u32, current: u32, next: u32): void {
  let delta: i64 = 0;
  const hadValue = !iszero256(original);
  if (hadValue) {
    if (iszero256(current)) delta -= <i64>schedule(S_STORE_CLEAR_REFUND);
    else if (iszero256(next)) delta += <i64>schedule(S_STORE_CLEAR_REFUND);
  }
  if (eq256(original, next)) {
    delta += <i64>schedule(hadValue ? S_STORE_RESET : S_STORE_SET) - <i64>schedule(S_CELL_WARM);
  }
  if (delta != 0) refundAdd(delta);
}

/**
 * Gas of a store that is about to happen; warms the cell and moves the refund counter.
 *
 * Rule 1 is the net metering of EIP-2200 with the costs of EIP-2929 and the refunds of EIP-3529,
 * all taken from the schedule; rule 0 goes by the current value alone (before EIP-2200). The sentry
 * of EIP-2200 is the caller's.
 */
export function cellStoreCost(cell: u32, valuePtr: u32): u64 {
  const extra = touchCell(cell) ? 0 : schedule(S_STORE_COLD);
  const current = cell + C_VALUE;
  if (schedule(S_STORE_RULE) == 0) {
    const isClear = iszero256(current);
    if (isClear && !iszero256(valuePtr)) return extra + schedule(S_STORE_SET);
    if (!isClear && iszero256(valuePtr)) refundAdd(<i64>schedule(S_STORE_CLEAR_REFUND));
    return extra + schedule(S_STORE_RESET);
  }
  if (eq256(current, valuePtr)) return extra + schedule(S_CELL_WARM);
  const original = cell + C_ORIGINAL;
  if (!eq256(original, current)) {
    refundDirty(original, current, valuePtr);
    return extra + schedule(S_CELL_WARM);
  }
  if (iszero256(original)) return extra + schedule(S_STORE_SET);
  if (iszero256(valuePtr)) refundAdd(<i64>schedule(S_STORE_CLEAR_REFUND));
  return extra + schedule(S_STORE_RESET);
}

/** Charges for a store of the value at the address, and makes the cell warm. */
function chargeStore(fp: u32, space: u32, cell: u32, value: u32, rest: u64, gas: i64): i64 {
  if (isStatic(fp)) return -TRAP_STATIC;
  let cost: u64;
  if (space == SPACE_TRANSIENT) {
    touchCell(cell);
    cost = schedule(S_TRANSIENT);
  } else {
    if (<u64>gas + rest <= schedule(S_STORE_SENTRY)) return -TRAP_OUT_OF_GAS;
    cost = cellStoreCost(cell, value);
  }
  return <u64>gas < cost ? -TRAP_OUT_OF_GAS : gas - <i64>cost;
}

// @ts-ignore: decorator
@inline
export function storeCell(fp: u32, space: u32, cell: u32, value: u32, rest: u64, gas: i64): i64 {
  const left = chargeStore(fp, space, cell, value, rest, gas);
  if (left >= 0) writeCell(cell, value);
  return left;
}

/** Stores 0 and lets the cell be gone. */
export function removeCell(fp: u32, space: u32, cell: u32, gas: i64): i64 {
  zero256(NEXT);
  const left = chargeStore(fp, space, cell, NEXT, 0, gas);
  if (left >= 0) deleteCell(cell);
  return left;
}

/** Adds a signed delta; writes to `dst`, as a word, whether the sum leaves 0..2^256-1. */
export function addToCell(
  fp: u32,
  space: u32,
  cell: u32,
  delta: u32,
  dst: u32,
  gas: i64,
): i64 {
  startCell(cell);
  const value = cell + C_VALUE;
  add256(NEXT, value, delta);
  const isDecrease = load<i64>(delta, 24) < 0;
  const leaves = ult256(NEXT, value) != isDecrease;
  if (leaves) copy256(NEXT, value);
  const left = chargeStore(fp, space, cell, NEXT, 0, gas);
  if (left < 0) return left;
  set64(dst, <u64>addCell(cell, delta));
  return left;
}

/** Stores into a cell that must not exist. */
export function createCell(fp: u32, space: u32, cell: u32, value: u32, gas: i64): i64 {
  if (isStatic(fp)) return -TRAP_STATIC;
  noteRead(cell);
  if (load<u32>(cell, C_FLAGS) & CELL_EXISTS) return -TRAP_CELL_EXISTS;
  const left = chargeStore(fp, space, cell, value, 0, gas);
  if (left >= 0) insertOnce(cell, value);
  return left;
}

/** Takes the value of a cell that must exist to `dst`; the cell is gone. */
export function takeCell(fp: u32, space: u32, cell: u32, dst: u32, gas: i64): i64 {
  if (isStatic(fp)) return -TRAP_STATIC;
  startCell(cell);
  if ((load<u32>(cell, C_FLAGS) & CELL_EXISTS) == 0) return -TRAP_CELL_MISSING;
  zero256(NEXT);
  const left = chargeStore(fp, space, cell, NEXT, 0, gas);
  if (left >= 0) consumeCell(cell, dst);
  return left;
}

/** dst := the value at the start of the transaction; the cell stays as cold as it is. */
export function readOriginal(cell: u32, dst: u32): void {
  noteRead(cell);
  copy256(dst, cell + C_ORIGINAL);
}

/** dst := whether the transaction has touched the cell, as a word. */
export function readWarmth(cell: u32, dst: u32): void {
  noteRead(cell);
  set64(dst, (load<u32>(cell, C_FLAGS) & CELL_WARM) != 0 ? 1 : 0);
}
