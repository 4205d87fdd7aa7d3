/**
 * Lays out the regions of a frame that runs closed functions: a plan of its program (`L.PLAN_*`)
 * says where they lie from the start of the frame's heap, and what they begin with.
 *
 * The memory of such a frame is large, and most frames write little of it. Compiled functions note
 * what they write, in granules of 1 KiB; where nothing else wrote since the program's memory was
 * laid out at the same place, only the noted granules are made new.
 */
import {
  ENV_BASE,
  ENV_BYTES,
  F_WORD_COUNT,
  F_WORDS,
  GRANULE_SHIFT,
  M_HEAP_USED,
  MACHINE_BASE,
  PLAN_BYTES,
  PLAN_HEADER_BYTES,
  PLAN_IMAGE_BYTES,
  PLAN_IMAGES,
  PLAN_REGION_BYTES,
  PLAN_REGIONS,
  R_BASE,
  R_FLAGS,
  R_LENGTH,
  R_MAX,
  WRITTEN_BASE,
  WRITTEN_BYTES,
} from '../layout';
import { copyBytes, regionOf, reserve } from './memory';

const MEMORY: u32 = 0;
const FRAME: u32 = 4;
const ENV: u32 = 5;

// @ts-ignore: decorator
@inline
function describe(fp: u32, index: u32, base: u32, length: u32, most: u32, flags: u32): void {
  const region = regionOf(fp, index);
  store<u32>(region, base, R_BASE);
  store<u32>(region, length, R_LENGTH);
  store<u32>(region, most, R_MAX);
  store<u32>(region, flags, R_FLAGS);
}

// @ts-ignore: decorator
@inline
function granules(length: u32): u32 {
  return (length + (1 << GRANULE_SHIFT) - 1) >> GRANULE_SHIFT;
}

/**
 * Notes that a range of the memory is written. Where no frames come and go, as in a module that is
 * run by itself, the memory may be larger than the notes, which nobody reads.
 */
export function noteWritten(offset: u32, length: u32): void {
  if (length == 0) return;
  const first = offset >> GRANULE_SHIFT;
  const last = (offset + length - 1) >> GRANULE_SHIFT;
  if (last >= <u32>WRITTEN_BYTES) return;
  memory.fill(WRITTEN_BASE + first, 1, last - first + 1);
}

/** A note is of a granule and of the next one, into which a write may reach. */
// @ts-ignore: decorator
@inline
function isNoted(granule: u32): bool {
  const own = load<u8>(WRITTEN_BASE + granule);
  return (granule == 0 ? own : own | load<u8>(WRITTEN_BASE + granule - 1)) != 0;
}

function isRangeNoted(offset: u32, length: u32): bool {
  const end = granules(offset + length);
  for (let granule = offset >> GRANULE_SHIFT; granule < end; granule++) {
    if (isNoted(granule)) return true;
  }
  return false;
}

/** Makes the granules zero that are noted; eight without a note at a time are passed over. */
function zeroNoted(base: u32, length: u32): void {
  const end = granules(length);
  for (let granule: u32 = 0; granule < end; granule++) {
    if ((granule & 7) == 0 && load<u64>(WRITTEN_BASE + granule) == 0 && !isNoted(granule)) {
      granule += 7;
      continue;
    }
    if (!isNoted(granule)) continue;
    const from = granule << GRANULE_SHIFT;
    const to = min(from + (1 << GRANULE_SHIFT), length);
    for (let at = from; at < to; at += 32) {
      v128.store(base + at, i64x2.splat(0));
      v128.store(base + at, i64x2.splat(0), 16);
    }
  }
}

/** False where there is no room. `isNotedOnly`: what was written since the last time is noted. */
export function layOutFrame(fp: u32, plan: u32, isNotedOnly: bool): bool {
  const heap = load<u32>(regionOf(fp, MEMORY), R_BASE);
  const top = heap + load<u32>(plan, PLAN_BYTES);
  if (!reserve(<u64>heap + <u64>load<u32>(plan, PLAN_BYTES))) return false;
  const used = load<u32>(MACHINE_BASE, M_HEAP_USED);
  let row = plan + PLAN_HEADER_BYTES;
  let memoryBytes: u32 = 0;
  for (let i = load<u32>(plan, PLAN_REGIONS); i != 0; i--) {
    const index = load<u32>(row);
    const base = heap + load<u32>(row, 4);
    const length = load<u32>(row, 8);
    if (index == MEMORY) memoryBytes = length;
    if (index == MEMORY && isNotedOnly) zeroNoted(base, length);
    else if (base < used) memory.fill(base, 0, min(base + length, used) - base);
    describe(fp, index, base, length, load<u32>(row, 12), load<u32>(row, 16));
    row += PLAN_REGION_BYTES;
  }
  if (top > used) store<u32>(MACHINE_BASE, top, M_HEAP_USED);
  for (let i = load<u32>(plan, PLAN_IMAGES); i != 0; i--) {
    const length = load<u32>(row, 8);
    const region = regionOf(fp, load<u32>(row));
    const offset = load<u32>(row, 4);
    const isThere = isNotedOnly && load<u32>(row) == MEMORY && !isRangeNoted(offset, length);
    if (!isThere) copyBytes(load<u32>(region, R_BASE) + offset, load<u32>(row, 12), length);
    row += PLAN_IMAGE_BYTES;
  }
  memory.fill(WRITTEN_BASE, 0, granules(memoryBytes) + 1);
  describe(fp, FRAME, fp + F_WORDS, F_WORD_COUNT * 32, F_WORD_COUNT * 32, 0);
  describe(fp, ENV, ENV_BASE, ENV_BYTES, ENV_BYTES, 0);
  return true;
}
