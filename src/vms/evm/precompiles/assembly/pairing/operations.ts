/**
 * The operations of precompiles on a pairing curve, compiled once for each of `constants` and `fp`,
 * for `pairing.ts`. They take the bytes of a call as they are and check all of it.
 *
 * Status: 1 done, or true; 0 false; -1 for an input that makes the call fail.
 */
import { B, FIELD_BYTES, IS_BLS, TWIST_B } from './constants';
import { coordinate, isTwist, takeGroup } from './element';
import { isOneAfterExponent } from './exponent';
import { FP } from './fp';
import { millerLoop, PAIR_BYTES, PAIR_Q } from './miller';
import { addBatch, BATCH, ROOM_END, startBatch, takeMultiple } from './multiply';
import { addAffine, isAffineInfinity, isOnCurve, ofAffine, setInfinity, toAffine } from './point';
import { fpRead, fpWrite } from './prime';
import { isInG1, isInG2 } from './subgroup';

/** Where outputs come from, one point at most. */
export const OUTPUT: u32 = u32(memory.data(256, 16));

const POINT: u32 = u32(memory.data(FP * 4, 16));
const OTHER: u32 = u32(memory.data(FP * 4, 16));
const SUM: u32 = u32(memory.data(FP * 6, 16));
const PRODUCT: u32 = u32(memory.data(FP * 12, 16));
const SCALAR_BYTES: u32 = 32;

/** Address for an input of that size, with as much behind it as its pairs need. */
export function reserve(size: u32): u32 {
  const end = ROOM_END + size + 16 + (size / (6 * FIELD_BYTES)) * PAIR_BYTES;
  const pages = i32((end + 0xffff) >> 16) - memory.size();
  if (pages > 0 && memory.grow(pages) < 0) unreachable();
  return ROOM_END;
}

/** Bytes of a point of the group in hand. */
// @ts-ignore: decorator
@inline
function pointBytes(): u32 {
  return isTwist ? 4 * FIELD_BYTES : 2 * FIELD_BYTES;
}

/** Reads one coordinate; on bn254 the imaginary part comes first. */
export function readCoordinate(r: u32, bytes: u32): bool {
  if (!isTwist) return fpRead(r, bytes);
  const real = IS_BLS ? bytes : bytes + FIELD_BYTES;
  const imaginary = IS_BLS ? bytes + FIELD_BYTES : bytes;
  return fpRead(r, real) && fpRead(r + FP, imaginary);
}

function writeCoordinate(bytes: u32, a: u32): void {
  if (!isTwist) return fpWrite(bytes, a);
  fpWrite(IS_BLS ? bytes : bytes + FIELD_BYTES, a);
  fpWrite(IS_BLS ? bytes + FIELD_BYTES : bytes, a + FP);
}

/** q := the point in the bytes; false if it is none of the curve, in the subgroup or not. */
function readPoint(q: u32, bytes: u32): bool {
  const y = q + coordinate;
  if (!readCoordinate(q, bytes) || !readCoordinate(y, bytes + (pointBytes() >> 1))) return false;
  return isAffineInfinity(q) || isOnCurve(q, isTwist ? TWIST_B : B);
}

function isInSubgroup(q: u32): bool {
  return isTwist ? isInG2(q) : isInG1(q);
}

export function writePoint(p: u32): void {
  toAffine(POINT, p);
  writeCoordinate(OUTPUT, POINT);
  writeCoordinate(OUTPUT + (pointBytes() >> 1), POINT + coordinate);
}

/** The sum of two points. */
export function addPoints(input: u32, wantsTwist: bool): i32 {
  takeGroup(wantsTwist);
  if (!readPoint(POINT, input) || !readPoint(OTHER, input + pointBytes())) return -1;
  ofAffine(SUM, POINT);
  addAffine(SUM, OTHER);
  writePoint(SUM);
  return 1;
}

/** The sum of multiples of `count` points of the subgroup; a scalar follows each point. */
export function multiply(input: u32, count: u32, wantsTwist: bool): i32 {
  takeGroup(wantsTwist);
  setInfinity(SUM);
  const itemBytes = pointBytes() + SCALAR_BYTES;
  for (let done: u32 = 0; done < count; ) {
    startBatch();
    const end = min(done + BATCH, count);
    for (; done < end; done++) {
      const item = input + done * itemBytes;
      if (!readPoint(POINT, item) || !isInSubgroup(POINT)) return -1;
      takeMultiple(POINT, item + pointBytes());
    }
    addBatch(SUM);
  }
  writePoint(SUM);
  return 1;
}

/** Whether the product of the pairings of `count` pairs is one. */
export function pairing(input: u32, size: u32, count: u32): i32 {
  let pair = (input + size + 15) & ~15;
  const pairs = pair;
  for (let i: u32 = 0; i < count; i++) {
    const item = input + i * 6 * FIELD_BYTES;
    takeGroup(false);
    if (!readPoint(pair, item) || !isInG1(pair)) return -1;
    const isBlank = isAffineInfinity(pair);
    takeGroup(true);
    const q = pair + PAIR_Q;
    if (!readPoint(q, item + 2 * FIELD_BYTES) || !isInG2(q)) return -1;
    // A pairing with infinity is one.
    if (!isBlank && !isAffineInfinity(q)) pair += PAIR_BYTES;
  }
  if (pair == pairs) return 1;
  millerLoop(PRODUCT, pairs, (pair - pairs) / PAIR_BYTES);
  return isOneAfterExponent(PRODUCT) ? 1 : 0;
}
