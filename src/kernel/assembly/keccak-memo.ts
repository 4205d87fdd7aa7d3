/**
 * Digests of the preimages that contracts hash again and again: 64 bytes (the slot of a mapping's
 * entry) and 32 bytes (the slot of a dynamic array's first element).
 *
 * Two tables fill the area from MEMO_BASE to FRAMES_BASE; the first gives each preimage a choice of
 * two neighbouring entries. An entry is the preimage, as it stands in memory, and the digest as a
 * word. A hit compares the whole preimage, so the memo changes no result, whatever it holds. It is
 * zero at first: an entry whose digest has a zero lowest limb counts as empty.
 */
import { FRAMES_BASE, MEMO_BASE } from '../layout';
import { keccak256ToWord } from './keccak';
import { copy256 } from './u256-word';

/** 2^14 entries: 64 bytes of preimage and 32 of digest. */
const PAIR_BITS: u64 = 14;
const PAIR_BYTES: u32 = 96;
/** 2^12 entries: 32 bytes of preimage and 32 of digest. */
const SINGLE_BITS: u64 = 12;
const SINGLE_BYTES: u32 = 64;
const SINGLES_BASE: u32 = u32(MEMO_BASE) + (PAIR_BYTES << u32(PAIR_BITS));
const MEMO_END: u32 = SINGLES_BASE + (SINGLE_BYTES << u32(SINGLE_BITS));

// The two tables have to end where the frames begin.
if (MEMO_END > u32(FRAMES_BASE)) ERROR('BUG: the keccak memo passes its area');

/** Multipliers of splitmix64's finaliser (Steele, Lea and Flood, 2014). */
const MIX_FIRST: u64 = 0xbf58476d1ce4e5b9;
const MIX_SECOND: u64 = 0x94d049bb133111eb;

/** The top `bits` bits of a mixed value. */
// @ts-ignore: decorator
@inline
function slotOf(value: u64, bits: u64): u32 {
  let mixed = (value ^ (value >> 30)) * MIX_FIRST;
  mixed = (mixed ^ (mixed >> 27)) * MIX_SECOND;
  return u32(mixed >> (64 - bits));
}

/** The 32 bytes at `src` folded into 64 bits; a big-endian number differs in the last ones. */
// @ts-ignore: decorator
@inline
function fold(src: u32): u64 {
  const high = rotl<u64>(load<u64>(src), 11) ^ rotl<u64>(load<u64>(src, 8), 23);
  return high ^ rotl<u64>(load<u64>(src, 16), 43) ^ load<u64>(src, 24);
}

// @ts-ignore: decorator
@inline
function differ(a: u32, b: u32): v128 {
  const low = v128.xor(v128.load(a), v128.load(b));
  return v128.or(low, v128.xor(v128.load(a, 16), v128.load(b, 16)));
}

/** Copies 32 bytes as vectors, in which form `differ` reads them. */
// @ts-ignore: decorator
@inline
function copyVectors(dst: u32, src: u32): void {
  const low = v128.load(src);
  const high = v128.load(src, 16);
  v128.store(dst, low);
  v128.store(dst, high, 16);
}

/** Whether the entry holds the 64 bytes at `src`. */
// @ts-ignore: decorator
@inline
function isPair(entry: u32, src: u32): bool {
  const unlike = v128.or(differ(entry, src), differ(entry + 32, src + 32));
  return !v128.any_true(unlike) && load<u64>(entry, 64) != 0;
}

/** Word at `dst` := keccak-256 of the 64 bytes at `src`. */
export function keccakMemo64(dst: u32, src: u32): void {
  // Multiplied, so that exchanging the halves gives another slot.
  const value = fold(src) + fold(src + 32) * MIX_SECOND;
  const slot = slotOf(value, PAIR_BITS);
  let entry = u32(MEMO_BASE) + slot * PAIR_BYTES;
  if (!isPair(entry, src)) {
    const other = u32(MEMO_BASE) + (slot ^ 1) * PAIR_BYTES;
    if (isPair(other, src)) entry = other;
    else {
      if (load<u64>(entry, 64) != 0 && load<u64>(other, 64) == 0) entry = other;
      copyVectors(entry, src);
      copyVectors(entry + 32, src + 32);
      keccak256ToWord(entry + 64, entry, 64);
    }
  }
  copy256(dst, entry + 64);
}

/** Word at `dst` := keccak-256 of the 32 bytes at `src`. */
export function keccakMemo32(dst: u32, src: u32): void {
  const entry = SINGLES_BASE + slotOf(fold(src), SINGLE_BITS) * SINGLE_BYTES;
  if (v128.any_true(differ(entry, src)) || load<u64>(entry, 32) == 0) {
    copyVectors(entry, src);
    keccak256ToWord(entry + 32, entry, 32);
  }
  copy256(dst, entry + 32);
}
