/**
 * keccak-256 with the padding of Ethereum (0x01, not the 0x06 of SHA-3).
 *
 * The permutation is keccak-f[1600] of the Keccak reference, version 3.0. Lane x + 5y stands at
 * 8 (x + 5y) bytes. A round reads one copy of the lanes and writes another, row by row, so that no
 * more than a row and what theta adds to the five columns are live: a permutation takes 0.26
 * microseconds. With all 25 lanes in locals V8 spills as many at every round. Complementing lanes
 * gains nothing that repays the code.
 */
import { copy256, loadBe256 } from './u256-word';

/** Bytes of a block. */
const RATE: u32 = 136;
/** 25 lanes, padded to whole vectors. */
const STATE: u32 = u32(memory.data(208, 16));
/** The lanes after an odd number of rounds. */
const ODD_STATE: u32 = u32(memory.data(208, 16));
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

/** Parity of the column that starts with the lane at `lane`. */
// @ts-ignore: decorator
@inline
function parity(lane: u32): u64 {
  const upper = load<u64>(lane) ^ load<u64>(lane, 40) ^ load<u64>(lane, 80);
  return upper ^ load<u64>(lane, 120) ^ load<u64>(lane, 160);
}

/** Lane `n` with what theta adds to its column, turned left (rho). */
// @ts-ignore: decorator
@inline
function turned(state: u32, n: u32, added: u64, bits: u64): u64 {
  return rotl<u64>(load<u64>(state + 8 * n) ^ added, bits);
}

/** Row at `to` := chi of five lanes, the first with a constant (iota). */
// @ts-ignore: decorator
@inline
function chi(to: u32, constant: u64, b0: u64, b1: u64, b2: u64, b3: u64, b4: u64): void {
  store<u64>(to, b0 ^ (~b1 & b2) ^ constant);
  store<u64>(to, b1 ^ (~b2 & b3), 8);
  store<u64>(to, b2 ^ (~b3 & b4), 16);
  store<u64>(to, b3 ^ (~b4 & b0), 24);
  store<u64>(to, b4 ^ (~b0 & b1), 32);
}

/** Lanes at `to` := a round of the lanes at `from`. */
// @ts-ignore: decorator
@inline
function round(to: u32, from: u32, constant: u64): void {
  const c0 = parity(from);
  const c1 = parity(from + 8);
  const c2 = parity(from + 16);
  const c3 = parity(from + 24);
  const c4 = parity(from + 32);
  const d0 = c4 ^ rotl<u64>(c1, 1);
  const d1 = c0 ^ rotl<u64>(c2, 1);
  const d2 = c1 ^ rotl<u64>(c3, 1);
  const d3 = c2 ^ rotl<u64>(c4, 1);
  const d4 = c3 ^ rotl<u64>(c0, 1);
  // Pi: each row takes one lane of every row.
  chi(
    to,
    constant,
    turned(from, 0, d0, 0),
    turned(from, 6, d1, 44),
    turned(from, 12, d2, 43),
    turned(from, 18, d3, 21),
    turned(from, 24, d4, 14),
  );
  chi(
    to + 40,
    0,
    turned(from, 3, d3, 28),
    turned(from, 9, d4, 20),
    turned(from, 10, d0, 3),
    turned(from, 16, d1, 45),
    turned(from, 22, d2, 61),
  );
  chi(
    to + 80,
    0,
    turned(from, 1, d1, 1),
    turned(from, 7, d2, 6),
    turned(from, 13, d3, 25),
    turned(from, 19, d4, 8),
    turned(from, 20, d0, 18),
  );
  chi(
    to + 120,
    0,
    turned(from, 4, d4, 27),
    turned(from, 5, d0, 36),
    turned(from, 11, d1, 10),
    turned(from, 17, d2, 15),
    turned(from, 23, d3, 56),
  );
  chi(
    to + 160,
    0,
    turned(from, 2, d2, 62),
    turned(from, 8, d3, 55),
    turned(from, 14, d4, 39),
    turned(from, 15, d0, 41),
    turned(from, 21, d1, 2),
  );
}

/** Applies the 24 rounds to STATE. */
function permute(): void {
  for (let at: u32 = ROUND_CONSTANTS; at < ROUND_CONSTANTS + ROUND_BYTES; at += 16) {
    round(ODD_STATE, STATE, load<u64>(at));
    round(STATE, ODD_STATE, load<u64>(at, 8));
  }
}

// @ts-ignore: decorator
@inline
function absorbLane(lane: u32, value: u64): void {
  store<u64>(STATE + lane, load<u64>(STATE + lane) ^ value);
}

/** Leaves the digest of `length` bytes at `src` in the first 32 bytes of STATE. */
function digest(src: u32, length: u32): void {
  for (let at: u32 = 0; at < 208; at += 16) v128.store(STATE + at, i64x2.splat(0));
  while (length >= RATE) {
    for (let at: u32 = 0; at < RATE; at += 8) absorbLane(at, load<u64>(src + at));
    permute();
    src += RATE;
    length -= RATE;
  }
  const whole = length & ~7;
  for (let at: u32 = 0; at < whole; at += 8) absorbLane(at, load<u64>(src + at));
  // The last bytes one by one: a lane read in full could pass the end of the memory.
  let last: u64 = 0x01;
  for (let at = length; at > whole; ) {
    at--;
    last = (last << 8) | load<u8>(src + at);
  }
  absorbLane(whole, last);
  absorbLane(RATE - 8, 0x8000000000000000);
  permute();
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
