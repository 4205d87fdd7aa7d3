/**
 * Access to the regions of a frame by number, with the bounds rule of each.
 *
 * Addresses and sizes are 64-bit; a wider one that does not fit is the greatest 64-bit number,
 * which is past every end as well. What a function charges and why it traps stands in `regionGas`
 * and `regionTrap` afterwards: a region past its most bytes traps after the charge.
 */
import {
  F_FLAGS,
  F_HEAP_TOP,
  F_OUT_BASE,
  F_OUT_LENGTH,
  F_OWNER,
  F_REGIONS,
  FLAG_STATIC,
  M_HEAP_USED,
  MACHINE_BASE,
  R_BASE,
  R_FLAGS,
  R_LENGTH,
  R_MAX,
  REGION_BOUNDS_CHARGE,
  REGION_BOUNDS_ZERO,
  S_COPY_WORD,
  S_KECCAK_WORD,
  S_LOG_BYTE,
  S_MEMORY_LINEAR,
  S_MEMORY_QUADRATIC,
  SCRATCH_BASE,
  TRAP_MEMORY_LIMIT,
  TRAP_OUT_OF_BOUNDS,
  TRAP_OUT_OF_GAS,
  TRAP_STATIC,
} from '../layout';
import { appendLog } from './journal';
import { keccak256ToWord } from './keccak';
import { keccakMemo32, keccakMemo64 } from './keccak-memo';
import { regionOf, reserve, schedule, zeroRange } from './memory';

/** Gas left after the last operation on a region. */
export let regionGas: i64 = 0;
/** Kind of its trap; 0 for none. */
export let regionTrap: u32 = 0;

/** Sizes from here on, and the growth of a region to here, run out of gas. */
const BYTES_MAX: u64 = 1 << 37;
/** Where a value is put together of which a part lies past the end. */
const PARTIAL: u32 = SCRATCH_BASE + 0x800;

/**
 * Whether `size` bytes at the offset lie in the region's whole 32-byte words: true where it is
 * found with one comparison, which an offset near 2^64 does not pass. An access of the part of a
 * word at the end is left to `extend`, which grows a region that grows; and so are the few that
 * lie across a multiple of a power of two that is more than what the region has behind it.
 */
// @ts-ignore: decorator
@inline
export function isInside(fp: u32, region: u32, offset: u64, size: u32): bool {
  const length = <u64>(load<u32>(fp + (region << 4), F_REGIONS + R_LENGTH) & ~31);
  return (offset | (offset + <u64>(size - 1))) < length;
}

function isPast(region: u32, offset: u64, size: u64): bool {
  const length = <u64>load<u32>(region, R_LENGTH);
  return offset > length || size > length - offset;
}

/** Whether the rule of the region forbids the access. */
function isForbidden(region: u32, offset: u64, size: u64, isWrite: bool): bool {
  if (!isPast(region, offset, size)) return false;
  const flags = load<u32>(region, R_FLAGS);
  if (flags & REGION_BOUNDS_CHARGE) return false;
  return isWrite || (flags & REGION_BOUNDS_ZERO) == 0;
}

/** Whether the access ends so far away that it cannot be paid. */
function isUnpayable(region: u32, offset: u64, size: u64): bool {
  if (size >= BYTES_MAX) return true;
  if ((load<u32>(region, R_FLAGS) & REGION_BOUNDS_CHARGE) == 0) return false;
  return offset >= BYTES_MAX || offset + size >= BYTES_MAX;
}

/** The length to which the access grows the region; 0 where the region has another rule. */
function grownLength(region: u32, offset: u64, size: u64): u64 {
  if ((load<u32>(region, R_FLAGS) & REGION_BOUNDS_CHARGE) == 0) return 0;
  return ((offset + size + 31) >> 5) << 5;
}

function totalCost(words: u64): u64 {
  const divisor = schedule(S_MEMORY_QUADRATIC);
  return schedule(S_MEMORY_LINEAR) * words + (divisor == 0 ? 0 : (words * words) / divisor);
}

function growthCost(region: u32, length: u64): u64 {
  const before = <u64>load<u32>(region, R_LENGTH);
  return length >> 5 <= before >> 5 ? 0 : totalCost(length >> 5) - totalCost(before >> 5);
}

/** Grows the region to a length; false where that is more than it may have. */
function growTo(region: u32, length: u64): bool {
  const before = load<u32>(region, R_LENGTH);
  if (length <= <u64>before) return true;
  if (length > <u64>load<u32>(region, R_MAX)) return false;
  const base = load<u32>(region, R_BASE);
  if (!reserve(<u64>base + length)) return false;
  zeroRange(base + before, base + <u32>length);
  store<u32>(region, <u32>length, R_LENGTH);
  return true;
}

/**
 * What two accesses of one size ask for: first the rules, then growth and `extra` gas as one
 * amount, then the limits. True where all of it is granted.
 */
function touch2(
  first: u32,
  firstOffset: u64,
  second: u32,
  secondOffset: u64,
  size: u64,
  isWrite: bool,
  extra: u64,
): bool {
  let grown: u64 = 0;
  let grownSecond: u64 = 0;
  if (size != 0) {
    if (
      isForbidden(first, firstOffset, size, isWrite) ||
      isForbidden(second, secondOffset, size, false)
    ) {
      regionTrap = TRAP_OUT_OF_BOUNDS;
      return false;
    }
    if (isUnpayable(first, firstOffset, size) || isUnpayable(second, secondOffset, size)) {
      regionTrap = TRAP_OUT_OF_GAS;
      return false;
    }
    grown = grownLength(first, firstOffset, size);
    grownSecond = grownLength(second, secondOffset, size);
    if (first == second) {
      grown = max(grown, grownSecond);
      grownSecond = 0;
    }
  }
  const cost = extra + growthCost(first, grown) + growthCost(second, grownSecond);
  if (<u64>regionGas < cost) {
    regionTrap = TRAP_OUT_OF_GAS;
    return false;
  }
  regionGas -= <i64>cost;
  if (!growTo(first, grown) || !growTo(second, grownSecond)) {
    regionTrap = TRAP_MEMORY_LIMIT;
    return false;
  }
  return true;
}

function touch(region: u32, offset: u64, size: u64, isWrite: bool, extra: u64): bool {
  return touch2(region, offset, region, offset, size, isWrite, extra);
}

// @ts-ignore: decorator
@inline
function startGas(gas: i64): void {
  regionGas = gas;
  regionTrap = 0;
}

// @ts-ignore: decorator
@inline
function wordsOf(size: u64): u64 {
  return (size + 31) >> 5;
}

/** Copies a range whose part past the end reads as zeros. */
function copyOut(target: u32, region: u32, offset: u64, size: u32): void {
  const length = <u64>load<u32>(region, R_LENGTH);
  const inside: u32 = offset >= length ? 0 : <u32>min(<u64>size, length - offset);
  if (inside != 0) memory.copy(target, load<u32>(region, R_BASE) + <u32>offset, inside);
  if (inside < size) memory.fill(target + inside, 0, size - inside);
}

/**
 * Address of `size` (at most 32) bytes that do not all lie in the region: it grows, or a read past
 * the end is put together. 0 where the access traps.
 */
export function extend(
  fp: u32,
  index: u32,
  offset: u64,
  size: u32,
  isWrite: bool,
  gas: i64,
): u32 {
  startGas(gas);
  const region = regionOf(fp, index);
  if (!touch(region, offset, size, isWrite, 0)) return 0;
  if (!isPast(region, offset, size)) return load<u32>(region, R_BASE) + <u32>offset;
  copyOut(PARTIAL, region, offset, size);
  return PARTIAL;
}

/** Address of a range for reading that was touched; above the frame's memory if it is partial. */
function rangeAddress(fp: u32, region: u32, offset: u64, size: u64): u32 {
  if (size == 0) return load<u32>(region, R_BASE);
  if (!isPast(region, offset, size)) return load<u32>(region, R_BASE) + <u32>offset;
  const top = load<u32>(fp, F_HEAP_TOP);
  const end = <u64>top + size;
  if (!reserve(end)) {
    regionTrap = TRAP_MEMORY_LIMIT;
    return 0;
  }
  if (<u32>end > load<u32>(MACHINE_BASE, M_HEAP_USED)) {
    store<u32>(MACHINE_BASE, <u32>end, M_HEAP_USED);
  }
  copyOut(top, region, offset, <u32>size);
  return top;
}

/**
 * Grows the region by bytes: its length before, or all ones where that is more than it may have.
 */
export function growRegion(fp: u32, index: u32, delta: u64): u64 {
  const region = regionOf(fp, index);
  const before = <u64>load<u32>(region, R_LENGTH);
  if (delta > 0xffffffff) return u64.MAX_VALUE;
  return growTo(region, before + delta) ? before : u64.MAX_VALUE;
}

/** Copies between regions (destination * 256 + source); false: a trap. */
export function copyRange(
  fp: u32,
  regions: u32,
  target: u64,
  source: u64,
  size: u64,
  gas: i64,
): bool {
  startGas(gas);
  const to = regionOf(fp, regions >> 8);
  const from = regionOf(fp, regions & 255);
  const extra = wordsOf(size) * schedule(S_COPY_WORD);
  if (!touch2(to, target, from, source, size, true, extra)) return false;
  if (size != 0) copyOut(load<u32>(to, R_BASE) + <u32>target, from, source, <u32>size);
  return true;
}

export function fillRange(
  fp: u32,
  index: u32,
  offset: u64,
  byte: u8,
  size: u64,
  gas: i64,
): bool {
  startGas(gas);
  const region = regionOf(fp, index);
  if (!touch(region, offset, size, true, wordsOf(size) * schedule(S_COPY_WORD))) return false;
  if (size != 0) memory.fill(load<u32>(region, R_BASE) + <u32>offset, byte, <u32>size);
  return true;
}

function byteAt(region: u32, offset: u64): u32 {
  if (offset >= <u64>load<u32>(region, R_LENGTH)) return 0;
  return load<u8>(load<u32>(region, R_BASE) + <u32>offset);
}

/** Compares two ranges of a region: -1, 0 or 1 at `dst`; false: a trap. */
export function compareRanges(
  fp: u32,
  index: u32,
  dst: u32,
  left: u64,
  right: u64,
  size: u64,
  gas: i64,
): bool {
  startGas(gas);
  const region = regionOf(fp, index);
  const extra = wordsOf(size) * schedule(S_COPY_WORD);
  if (!touch2(region, left, region, right, size, false, extra)) return false;
  let order: i64 = 0;
  for (let i: u64 = 0; i < size; i++) {
    // Past both ends there are zeros only; an offset near 2^64 does not wrap into the region.
    const a = left + i < left ? 0 : byteAt(region, left + i);
    const b = right + i < right ? 0 : byteAt(region, right + i);
    if (a != b) {
      order = a < b ? -1 : 1;
      break;
    }
  }
  store<i64>(dst, order);
  return true;
}

/** Writes the Keccak-256 hash of a range as a word; false: a trap. */
export function hashRange(
  fp: u32,
  index: u32,
  dst: u32,
  offset: u64,
  size: u64,
  gas: i64,
): bool {
  startGas(gas);
  const region = regionOf(fp, index);
  if (!touch(region, offset, size, false, wordsOf(size) * schedule(S_KECCAK_WORD))) return false;
  const source = rangeAddress(fp, region, offset, size);
  if (regionTrap != 0) return false;
  if (size == 64) keccakMemo64(dst, source);
  else if (size == 32) keccakMemo32(dst, source);
  else keccak256ToWord(dst, source, <u32>size);
  return true;
}

/** Makes a range the output of the frame; false: a trap. */
export function setOutput(fp: u32, index: u32, offset: u64, size: u64, gas: i64): bool {
  startGas(gas);
  const region = regionOf(fp, index);
  if (!touch(region, offset, size, false, 0)) return false;
  const base = rangeAddress(fp, region, offset, size);
  if (regionTrap != 0) return false;
  store<u32>(fp, base, F_OUT_BASE);
  store<u32>(fp, <u32>size, F_OUT_LENGTH);
  return true;
}

/** Appends a log of a range; topics are addresses of words. False: a trap. */
export function logRange(
  fp: u32,
  index: u32,
  offset: u64,
  size: u64,
  count: u32,
  topic0: u32,
  topic1: u32,
  topic2: u32,
  topic3: u32,
  gas: i64,
): bool {
  startGas(gas);
  if (load<u32>(fp, F_FLAGS) & FLAG_STATIC) {
    regionTrap = TRAP_STATIC;
    return false;
  }
  const region = regionOf(fp, index);
  if (!touch(region, offset, size, false, size * schedule(S_LOG_BYTE))) return false;
  const data = rangeAddress(fp, region, offset, size);
  if (regionTrap != 0) return false;
  const owner = load<u32>(fp, F_OWNER);
  if (!appendLog(owner, count, topic0, topic1, topic2, topic3, data, <u32>size)) {
    regionTrap = TRAP_MEMORY_LIMIT;
    return false;
  }
  return true;
}
