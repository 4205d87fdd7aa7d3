/**
 * Memory regions of a frame: growth with its charge, and the bulk operations.
 *
 * Functions that charge take the gas left and return what remains, or minus the trap kind. Gas is
 * below 2^63, which the trampoline guarantees.
 */
import {
  DEVICE_FULL,
  F_REGIONS,
  M_HEAP_LIMIT,
  M_HEAP_USED,
  M_JOURNAL_STATUS,
  MACHINE_BASE,
  R_BASE,
  R_FLAGS,
  R_LENGTH,
  REGION_BOUNDS_CHARGE,
  REGION_BOUNDS_ZERO,
  S_COPY_WORD,
  S_MEMORY_LINEAR,
  S_MEMORY_QUADRATIC,
  SCHEDULE_BASE,
  TRAP_MEMORY_LIMIT,
  TRAP_OUT_OF_BOUNDS,
  TRAP_OUT_OF_GAS,
} from '../layout';
import { loadBe256 } from './u256-word';

// @ts-ignore: decorator
@inline
export function schedule(entry: u32): u64 {
  return load<u64>(SCHEDULE_BASE + (entry << 3));
}

// @ts-ignore: decorator
@inline
export function regionOf(fp: u32, region: u32): u32 {
  return fp + F_REGIONS + (region << 4);
}

/** Whether a 256-bit value is below 2^32. */
// @ts-ignore: decorator
@inline
export function isSmall(a: u32): bool {
  return (load<u64>(a, 8) | load<u64>(a, 16) | load<u64>(a, 24) | (load<u64>(a) >> 32)) == 0;
}

/** First offset at which 32 bytes no longer lie inside a memory of the length. */
// @ts-ignore: decorator
@inline
export function wordLimit(length: u32): u64 {
  return length >= 32 ? <u64>(length - 31) : 0;
}

/** Whether a 256-bit value is below the limit. */
// @ts-ignore: decorator
@inline
export function isOffset(a: u32, limit: u64): bool {
  return (load<u64>(a, 8) | load<u64>(a, 16) | load<u64>(a, 24)) == 0 && load<u64>(a) < limit;
}

function memoryCost(words: u64): u64 {
  const square = words * words;
  const divisor = schedule(S_MEMORY_QUADRATIC);
  const linear = schedule(S_MEMORY_LINEAR) * words;
  // Most memories are too small for the quadratic part, and a division is slow.
  if (square < divisor) return linear;
  if (popcnt<u64>(divisor) == 1) return linear + (square >> ctz<u64>(divisor));
  return linear + square / divisor;
}

/** Makes a range zero into which a region grows. */
export function zeroRange(from: u32, to: u32): void {
  const used = load<u32>(MACHINE_BASE + M_HEAP_USED);
  if (from < used) {
    const end = min(to, used);
    if (end - from <= 512) {
      for (let p = from; p < end; p += 16) v128.store(p, i64x2.splat(0));
    } else {
      memory.fill(from, 0, end - from);
    }
  }
  if (to > used) store<u32>(MACHINE_BASE + M_HEAP_USED, to);
}

/**
 * Copies bytes to where they do not overlap; a few without the call that `memory.copy` is, in parts
 * of 8 bytes, which the processor can take from stores that it has not yet carried out.
 */
export function copyBytes(target: u32, source: u32, length: u32): void {
  if (length > 512) {
    memory.copy(target, source, length);
    return;
  }
  const limbs = length & ~7;
  let at: u32 = 0;
  for (; at < limbs; at += 8) store<u64>(target + at, load<u64>(source + at));
  for (; at < length; at++) store<u8>(target + at, load<u8>(source + at));
}

/**
 * Makes sure that the linear memory reaches `end`; false at the limit. Where the device has no more
 * memory it notes that in the journal's status, because such a failure is no outcome.
 */
export function reserve(end: u64): bool {
  if (end > <u64>load<u32>(MACHINE_BASE + M_HEAP_LIMIT)) return false;
  const pages = <i32>((end + 0xffff) >> 16);
  const have = memory.size();
  if (pages <= have) return true;
  // Growing by a sixteenth at least keeps the number of detached views low.
  const step = max(pages - have, min(have >> 4, 65536 - have));
  if (memory.grow(step) >= 0 || memory.grow(pages - have) >= 0) return true;
  store<u32>(MACHINE_BASE, DEVICE_FULL, M_JOURNAL_STATUS);
  return false;
}

/** Grows region 0 of the frame so that [offset, offset + size) lies inside. */
export function growMemory(fp: u32, offset: u64, size: u64, gas: i64): i64 {
  const region = regionOf(fp, 0);
  const end = offset + size;
  if (offset > 0xffffffff || size > 0xffffffff) return -TRAP_OUT_OF_GAS;
  const length = load<u32>(region, R_LENGTH);
  if (end <= <u64>length) return gas;
  const flags = load<u32>(region, R_FLAGS);
  if ((flags & REGION_BOUNDS_CHARGE) == 0) return -TRAP_OUT_OF_BOUNDS;
  const words = (end + 31) >> 5;
  const cost = memoryCost(words) - memoryCost(<u64>(length >> 5));
  if (<u64>gas < cost) return -TRAP_OUT_OF_GAS;
  const base = load<u32>(region, R_BASE);
  const top = <u64>base + (words << 5);
  if (!reserve(top)) return -TRAP_MEMORY_LIMIT;
  zeroRange(base + length, <u32>top);
  store<u32>(region, <u32>(words << 5), R_LENGTH);
  return gas - <i64>cost;
}

/** The same for an offset and a size in 256-bit registers; a zero size touches nothing. */
export function growMemory256(fp: u32, offset: u32, size: u32, gas: i64): i64 {
  if (!isSmall(size)) return -TRAP_OUT_OF_GAS;
  const length = load<u64>(size);
  if (length == 0) return gas;
  if (!isSmall(offset)) return -TRAP_OUT_OF_GAS;
  return growMemory(fp, load<u64>(offset), length, gas);
}

/** Gas of `perWord` for every started 32 bytes; `size` is below 2^32. */
// @ts-ignore: decorator
@inline
export function chargeWords(size: u64, perWord: u64, gas: i64): i64 {
  const cost = ((size + 31) >> 5) * perWord;
  return <u64>gas < cost ? -TRAP_OUT_OF_GAS : gas - <i64>cost;
}

/**
 * Copies between regions. Operands are 256-bit registers. Writes to region 0 grow it; reads past
 * the end of a region with the zero rule give zeros, of any other trap (region 0 grows).
 */
export function copyRegion(
  fp: u32,
  regions: u32,
  target: u32,
  source: u32,
  size: u32,
  gasBefore: i64,
): i64 {
  if (!isSmall(size)) return -TRAP_OUT_OF_GAS;
  const length = <u32>load<u64>(size);
  let gas = chargeWords(length, schedule(S_COPY_WORD), gasBefore);
  if (gas < 0) return gas;
  const from = regionOf(fp, regions & 0xff);
  const fromFlags = load<u32>(from, R_FLAGS);
  if (fromFlags & REGION_BOUNDS_ZERO) {
    gas = growMemory256(fp, target, size, gas);
    if (gas < 0 || length == 0) return gas;
    copyZeroExtended(load<u32>(regionOf(fp, 0)) + <u32>load<u64>(target), from, source, length);
    return gas;
  }
  if ((fromFlags & REGION_BOUNDS_CHARGE) == 0) {
    // A read past the end traps even where nothing is copied (EIP-211).
    if (!isSmall(source)) return -TRAP_OUT_OF_BOUNDS;
    const end = load<u64>(source) + <u64>length;
    if (end > <u64>load<u32>(from, R_LENGTH)) return -TRAP_OUT_OF_BOUNDS;
  } else {
    gas = growMemory256(fp, source, size, gas);
    if (gas < 0) return gas;
  }
  gas = growMemory256(fp, target, size, gas);
  if (gas < 0 || length == 0) return gas;
  memory.copy(
    load<u32>(regionOf(fp, 0)) + <u32>load<u64>(target),
    load<u32>(from, R_BASE) + <u32>load<u64>(source),
    length,
  );
  return gas;
}

function copyZeroExtended(target: u32, from: u32, source: u32, length: u32): void {
  const available = load<u32>(from, R_LENGTH);
  let copied: u32 = 0;
  if (isSmall(source)) {
    const offset = <u32>load<u64>(source);
    if (offset < available) {
      copied = min(length, available - offset);
      memory.copy(target, load<u32>(from, R_BASE) + offset, copied);
    }
  }
  if (copied < length) memory.fill(target + copied, 0, length - copied);
}

/** Loads 32 bytes of a region with the zero rule as a big-endian word into limbs. */
export function loadZeroExtended(dst: u32, fp: u32, region: u32, offset: u64): void {
  const from = regionOf(fp, region);
  const available = <u64>load<u32>(from, R_LENGTH);
  for (let i = 0; i < 32; i += 8) store<u64>(dst + i, 0);
  if (offset >= available) return;
  const count = <u32>min(<u64>32, available - offset);
  const base = load<u32>(from, R_BASE) + <u32>offset;
  for (let i: u32 = 0; i < count; i++) store<u8>(dst + 31 - i, load<u8>(base + i));
}

/** The same at an offset in a 256-bit register. */
// @ts-ignore: decorator
@inline
export function loadZeroWord(dst: u32, fp: u32, region: u32, offset: u32): void {
  const from = regionOf(fp, region);
  if (isOffset(offset, wordLimit(load<u32>(from, R_LENGTH)))) {
    loadBe256(dst, load<u32>(from, R_BASE) + load<u32>(offset));
  } else {
    loadZeroExtended(dst, fp, region, isSmall(offset) ? load<u64>(offset) : u64.MAX_VALUE);
  }
}
