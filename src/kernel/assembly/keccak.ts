/**
 * keccak-256 with the padding of Ethereum (0x01, not the 0x06 of SHA-3).
 *
 * The permutation is keccak-f[1600] of the Keccak reference, version 3.0. Lane x + 5y stands at
 * 8 (x + 5y) bytes. A round reads one copy of the lanes and writes another, row by row, so that no
 * more than a row and what theta adds to the five columns are live; with all 25 lanes in locals V8
 * spills as many at every round. Lanes 1, 2, 8, 12, 17 and 20 are held complemented (the Keccak
 * implementation overview, version 3.2, section 2.2), which leaves five negations of 25 in a round:
 * what bounds a round is how many instructions it has, 226 on x64, six in a cycle.
 *
 * Most messages are a slot's preimage, of 32 or 64 bytes. They have a first round that knows the
 * lanes which only padding fills, and a last one that makes no more than the digest.
 */
import { copy256, loadBe256 } from './u256-word';

/** Bytes of a block. */
const RATE: u32 = 136;
/** 25 lanes, padded to whole vectors. */
const STATE: u32 = u32(memory.data(208, 16));
/** The lanes after an odd number of rounds of `applyRounds`. */
const ODD_STATE: u32 = u32(memory.data(208, 16));
/** Lanes of a short message with the first byte of its padding, and room for a tenth. */
const SHORT_LANES: u32 = 9;
const BLOCK: u32 = u32(memory.data(80, 16));
/** The constant of each round (iota). */
const ROUND_CONSTANTS: u32 = u32(
  memory.data<u64>([
    0x0000000000000001, 0x0000000000008082, 0x800000000000808a, 0x8000000080008000,
    0x000000000000808b, 0x0000000080000001, 0x8000000080008081, 0x8000000000008009,
    0x000000000000008a, 0x0000000000000088, 0x0000000080008009, 0x000000008000000a,
    0x000000008000808b, 0x800000000000008b, 0x8000000000008089, 0x8000000000008003,
    0x8000000000008002, 0x8000000000000080, 0x000000000000800a, 0x800000008000000a,
    0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008,
  ]),
);
const ROUND_BYTES: u32 = 192;

/**
 * Lane `n` as it is held. In a short block the lanes from SHORT_LANES on are those of the padding:
 * with `n` constant, what they add to a round is folded away.
 */
// @ts-ignore: decorator
@inline
function lane(from: u32, n: u32, isShort: bool): u64 {
  if (!isShort || n < SHORT_LANES) return load<u64>(from + 8 * n);
  if (n == 16) return 0x8000000000000000;
  return n == 12 || n == 17 || n == 20 ? u64(-1) : 0;
}

/** Parity of column `x`. */
// @ts-ignore: decorator
@inline
function parity(from: u32, x: u32, isShort: bool): u64 {
  const upper = lane(from, x, isShort) ^ lane(from, x + 5, isShort);
  const lower = lane(from, x + 15, isShort) ^ lane(from, x + 20, isShort);
  return upper ^ lane(from, x + 10, isShort) ^ lower;
}

/** The other rows of a round, for what theta adds to each column. */
// @ts-ignore: decorator
@inline
function lowerRows(
  to: u32, from: u32, isShort: bool,
  d0: u64, d1: u64, d2: u64, d3: u64, d4: u64,
): void {
  let b0 = rotl<u64>(lane(from, 3, isShort) ^ d3, 28);
  let b1 = rotl<u64>(lane(from, 9, isShort) ^ d4, 20);
  let b2 = rotl<u64>(lane(from, 10, isShort) ^ d0, 3);
  let b3 = rotl<u64>(lane(from, 16, isShort) ^ d1, 45);
  let b4 = rotl<u64>(lane(from, 22, isShort) ^ d2, 61);
  store<u64>(to, b0 ^ (b1 | b2), 40);
  store<u64>(to, b1 ^ (b2 & b3), 48);
  store<u64>(to, b2 ^ (b3 | ~b4), 56);
  store<u64>(to, b3 ^ (b4 | b0), 64);
  store<u64>(to, b4 ^ (b0 & b1), 72);

  b0 = rotl<u64>(lane(from, 1, isShort) ^ d1, 1);
  b1 = rotl<u64>(lane(from, 7, isShort) ^ d2, 6);
  b2 = rotl<u64>(lane(from, 13, isShort) ^ d3, 25);
  b3 = rotl<u64>(lane(from, 19, isShort) ^ d4, 8);
  b4 = rotl<u64>(lane(from, 20, isShort) ^ d0, 18);
  store<u64>(to, b0 ^ (b1 | b2), 80);
  store<u64>(to, b1 ^ (b2 & b3), 88);
  store<u64>(to, b2 ^ (~b3 & b4), 96);
  store<u64>(to, ~b3 ^ (b4 | b0), 104);
  store<u64>(to, b4 ^ (b0 & b1), 112);

  b0 = rotl<u64>(lane(from, 4, isShort) ^ d4, 27);
  b1 = rotl<u64>(lane(from, 5, isShort) ^ d0, 36);
  b2 = rotl<u64>(lane(from, 11, isShort) ^ d1, 10);
  b3 = rotl<u64>(lane(from, 17, isShort) ^ d2, 15);
  b4 = rotl<u64>(lane(from, 23, isShort) ^ d3, 56);
  store<u64>(to, b0 ^ (b1 & b2), 120);
  store<u64>(to, b1 ^ (b2 | b3), 128);
  store<u64>(to, b2 ^ (~b3 | b4), 136);
  store<u64>(to, ~b3 ^ (b4 & b0), 144);
  store<u64>(to, b4 ^ (b0 | b1), 152);

  b0 = rotl<u64>(lane(from, 2, isShort) ^ d2, 62);
  b1 = rotl<u64>(lane(from, 8, isShort) ^ d3, 55);
  b2 = rotl<u64>(lane(from, 14, isShort) ^ d4, 39);
  b3 = rotl<u64>(lane(from, 15, isShort) ^ d0, 41);
  b4 = rotl<u64>(lane(from, 21, isShort) ^ d1, 2);
  store<u64>(to, b0 ^ (~b1 & b2), 160);
  store<u64>(to, ~b1 ^ (b2 | b3), 168);
  store<u64>(to, b2 ^ (b3 & b4), 176);
  store<u64>(to, b3 ^ (b4 | b0), 184);
  store<u64>(to, b4 ^ (b0 & b1), 192);
}

/**
 * Lanes at `to` := a round of the lanes at `from`, or the first row of it.
 *
 * @param isShort whether the lanes from SHORT_LANES on are those of a short block
 * @param isLast whether nothing but the first row is wanted, and that not complemented
 */
// @ts-ignore: decorator
@inline
function round(to: u32, from: u32, constant: u64, isShort: bool, isLast: bool): void {
  const c0 = parity(from, 0, isShort);
  const c1 = parity(from, 1, isShort);
  const c2 = parity(from, 2, isShort);
  const c3 = parity(from, 3, isShort);
  const c4 = parity(from, 4, isShort);
  const d0 = c4 ^ rotl<u64>(c1, 1);
  const d1 = c0 ^ rotl<u64>(c2, 1);
  const d2 = c1 ^ rotl<u64>(c3, 1);
  const d3 = c2 ^ rotl<u64>(c4, 1);
  const d4 = c3 ^ rotl<u64>(c0, 1);
  // Theta, rho and pi: each row takes one lane of every row.
  const b0 = lane(from, 0, isShort) ^ d0;
  const b1 = rotl<u64>(lane(from, 6, isShort) ^ d1, 44);
  const b2 = rotl<u64>(lane(from, 12, isShort) ^ d2, 43);
  const b3 = rotl<u64>(lane(from, 18, isShort) ^ d3, 21);
  const b4 = rotl<u64>(lane(from, 24, isShort) ^ d4, 14);
  const second = b1 ^ (~b2 | b3);
  const third = b2 ^ (b3 & b4);
  store<u64>(to, b0 ^ (b1 | b2) ^ constant);
  store<u64>(to, isLast ? ~second : second, 8);
  store<u64>(to, isLast ? ~third : third, 16);
  store<u64>(to, b3 ^ (b4 | b0), 24);
  if (isLast) return;
  store<u64>(to, b4 ^ (b0 & b1), 32);

  lowerRows(to, from, isShort, d0, d1, d2, d3, d4);
}

/** Applies rounds, two at a time, to STATE: those whose constants are from `at` to `end`. */
function applyRounds(at: u32, end: u32): void {
  for (; at < end; at += 16) {
    round(ODD_STATE, STATE, load<u64>(at), false, false);
    round(STATE, ODD_STATE, load<u64>(at, 8), false, false);
  }
}

// @ts-ignore: decorator
@inline
function absorbLane(at: u32, value: u64): void {
  store<u64>(STATE + at, load<u64>(STATE + at) ^ value);
}

/** The 8 bytes at `src`, or the last `left` of the message and the first byte of the padding. */
// @ts-ignore: decorator
@inline
function lastLane(src: u32, left: u32): u64 {
  // One by one: a lane read in full could pass the end of the memory.
  let lane: u64 = 0x01;
  while (left > 0) lane = (lane << 8) | load<u8>(src + --left);
  return lane;
}

/** Leaves the digest of fewer bytes than SHORT_LANES have in the first 32 bytes of STATE. */
function digestShort(src: u32, length: u32): void {
  for (let at: u32 = 0; at < 80; at += 16) v128.store(BLOCK + at, i64x2.splat(0));
  const whole = length & ~7;
  for (let at: u32 = 0; at < whole; at += 8) store<u64>(BLOCK + at, load<u64>(src + at));
  store<u64>(BLOCK + whole, lastLane(src + whole, length - whole));
  store<u64>(BLOCK, ~load<u64>(BLOCK, 8), 8);
  store<u64>(BLOCK, ~load<u64>(BLOCK, 16), 16);
  store<u64>(BLOCK, ~load<u64>(BLOCK, 64), 64);
  round(STATE, BLOCK, load<u64>(ROUND_CONSTANTS), true, false);
  applyRounds(ROUND_CONSTANTS + 8, ROUND_CONSTANTS + 184);
  round(STATE, STATE, load<u64>(ROUND_CONSTANTS, 184), false, true);
}

/** Leaves the digest of `length` bytes at `src` in the first 32 bytes of STATE. */
function digest(src: u32, length: u32): void {
  if (length < SHORT_LANES * 8) return digestShort(src, length);
  for (let at: u32 = 0; at < 208; at += 16) v128.store(STATE + at, i64x2.splat(0));
  // Zero, complemented.
  store<u64>(STATE, -1, 8);
  store<u64>(STATE, -1, 16);
  store<u64>(STATE, -1, 64);
  store<u64>(STATE, -1, 96);
  store<u64>(STATE, -1, 136);
  store<u64>(STATE, -1, 160);
  while (length >= RATE) {
    for (let at: u32 = 0; at < RATE; at += 8) absorbLane(at, load<u64>(src + at));
    applyRounds(ROUND_CONSTANTS, ROUND_CONSTANTS + ROUND_BYTES);
    src += RATE;
    length -= RATE;
  }
  const whole = length & ~7;
  for (let at: u32 = 0; at < whole; at += 8) absorbLane(at, load<u64>(src + at));
  absorbLane(whole, lastLane(src + whole, length - whole));
  absorbLane(RATE - 8, 0x8000000000000000);
  applyRounds(ROUND_CONSTANTS, ROUND_CONSTANTS + ROUND_BYTES);
  store<u64>(STATE, ~load<u64>(STATE, 8), 8);
  store<u64>(STATE, ~load<u64>(STATE, 16), 16);
}

/** 32 bytes at `dst` := keccak-256 of `length` bytes at `src`. */
export function keccak256(dst: u32, src: u32, length: u32): void {
  digest(src, length);
  copy256(dst, STATE);
}

/** Word at `dst` := keccak-256 of `length` bytes at `src`, as a big-endian integer. */
export function keccak256ToWord(dst: u32, src: u32, length: u32): void {
  digest(src, length);
  loadBe256(dst, STATE);
}
