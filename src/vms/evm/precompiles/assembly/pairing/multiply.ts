/**
 * Sums of multiples of points of the group in hand: windows of signed digits, all points over the
 * same doublings (Straus), some points at a time.
 */
import { affine, jacobian } from './element';
import { FP } from './fp';
import {
  addAffine,
  addPoint,
  allToAffine,
  doublePoint,
  ofAffine,
  setInfinity,
  subtractAffine,
} from './point';

/** Points that are taken at a time. */
export const BATCH: u32 = 32;
const WIDTH: u32 = 5;
const MULTIPLES: u32 = 1 << (WIDTH - 2);
/** Positions of a scalar's digits: 256 bits and a carry. */
const DIGITS: u32 = 257;

// Room behind the static data, for the larger group: Jacobian multiples, their products of Z,
// affine multiples, digits.
const JACOBIANS: u32 = (u32(__heap_base) + 15) & ~15;
const PRODUCTS: u32 = JACOBIANS + BATCH * MULTIPLES * 6 * FP;
const TABLE: u32 = PRODUCTS + BATCH * MULTIPLES * 2 * FP;
const DIGIT_ROOM: u32 = TABLE + BATCH * MULTIPLES * 4 * FP;
/** Where the room ends. */
export const ROOM_END: u32 = (DIGIT_ROOM + BATCH * DIGITS + 15) & ~15;

const DOUBLE: u32 = u32(memory.data(FP * 6, 16));
const PARTIAL: u32 = u32(memory.data(FP * 6, 16));
const SCALAR: u32 = u32(memory.data(48, 16));

let taken: u32 = 0;

/** Starts a batch. */
export function startBatch(): void {
  taken = 0;
}

/**
 * Takes a multiple into the batch.
 *
 * @param q an affine point
 * @param scalar 32 big-endian bytes
 */
export function takeMultiple(q: u32, scalar: u32): void {
  const first = JACOBIANS + taken * MULTIPLES * jacobian;
  ofAffine(first, q);
  memory.copy(DOUBLE, first, jacobian);
  doublePoint(DOUBLE);
  for (let i: u32 = 1; i < MULTIPLES; i++) {
    const next = first + i * jacobian;
    memory.copy(next, next - jacobian, jacobian);
    addPoint(next, DOUBLE);
  }
  for (let i: u32 = 0; i < 32; i += 8) {
    store<u64>(SCALAR + i, bswap<u64>(load<u64>(scalar + 24 - i)));
  }
  writeDigits(DIGIT_ROOM + taken * DIGITS);
  taken++;
}

/** The scalar as a sum of digit_i 2^i, with odd digits below 2^(WIDTH - 1) in magnitude. */
function writeDigits(digits: u32): void {
  memory.fill(digits, 0, DIGITS);
  let carry: u32 = 0;
  for (let at: u32 = 0; at < DIGITS; ) {
    const bits = u32(load<u64>(SCALAR + (at >> 3)) >> (at & 7));
    if ((bits & 1) == carry) {
      at++;
      continue;
    }
    const window = (bits & ((1 << WIDTH) - 1)) + carry;
    carry = window >> (WIDTH - 1);
    store<i8>(digits + at, i8(i32(window) - i32(carry << WIDTH)));
    at += WIDTH;
  }
}

/** p := p plus the multiples of the batch. */
export function addBatch(p: u32): void {
  allToAffine(TABLE, JACOBIANS, taken * MULTIPLES, PRODUCTS);
  setInfinity(PARTIAL);
  for (let at = i32(DIGITS) - 1; at >= 0; at--) {
    doublePoint(PARTIAL);
    for (let i: u32 = 0; i < taken; i++) {
      const digit: i32 = load<i8>(DIGIT_ROOM + i * DIGITS + u32(at));
      if (digit == 0) continue;
      const point = TABLE + (i * MULTIPLES + (u32(abs(digit)) >> 1)) * affine;
      if (digit > 0) addAffine(PARTIAL, point);
      else subtractAffine(PARTIAL, point);
    }
  }
  addPoint(p, PARTIAL);
}
