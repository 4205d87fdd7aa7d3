/**
 * Digests of the preimages that contracts hash again and again: 64 bytes (the slot of a mapping's
 * entry) and 32 bytes (the slot of a dynamic array's first element).
 *
 * Three tables fill the area from MEMO_BASE to FRAMES_BASE. Short pairs are preimages of a key
 * below 2^192, as an address is, and a number below 2^64, as the slot of a mapping is: what is not
 * zero of them and the digest fill one line of the cache. An entry of the other tables is the
 * preimage as it stands in memory, and the digest as a word. Short pairs have a choice of four
 * neighbouring entries, other pairs of two. A hit compares the whole preimage, so the memo changes
 * no result, whatever it holds. It is zero at first: an entry whose digest has a zero lowest limb
 * counts as empty.
 */
import { FRAMES_BASE, MEMO_BASE } from '../layout';
import { keccak256ToWord } from './keccak';
import { copy256, setLimbs } from './u256-word';

/** 2^14 entries: 32 bytes of digest, 24 of the key and 8 of the number. */
const SHORT_BITS: u64 = 14;
const SHORT_BYTES: u32 = 64;
/** Neighbours that a pair has the choice of, from its own slot on; it is in the first that fits. */
const SHORT_WAYS: u32 = 4;
/** 2^13 entries: 64 bytes of preimage and 32 of digest. */
const PAIR_BITS: u64 = 13;
const PAIR_BYTES: u32 = 96;
const PAIRS_BASE: u32 = u32(MEMO_BASE) + (SHORT_BYTES << u32(SHORT_BITS));
/** 2^12 entries: 32 bytes of preimage and 32 of digest. */
const SINGLE_BITS: u64 = 12;
const SINGLE_BYTES: u32 = 64;
const SINGLES_BASE: u32 = PAIRS_BASE + (PAIR_BYTES << u32(PAIR_BITS));
const MEMO_END: u32 = SINGLES_BASE + (SINGLE_BYTES << u32(SINGLE_BITS));

// The tables have to end where the frames begin.
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

// @ts-ignore: decorator
@inline
function isShort(entry: u32, k1: u64, k2: u64, k3: u64, number: u64): bool {
  const unlike =
    (load<u64>(entry, 32) ^ k1) |
    (load<u64>(entry, 40) ^ k2) |
    (load<u64>(entry, 48) ^ k3) |
    (load<u64>(entry, 56) ^ number);
  return unlike == 0 && load<u64>(entry) != 0;
}

/** Of the pair at `src` only the last 24 bytes of the first word and the last 8 are not zero. */
function memoShort(dst: u32, src: u32): void {
  const k1 = load<u64>(src, 8);
  const k2 = load<u64>(src, 16);
  const k3 = load<u64>(src, 24);
  const number = load<u64>(src, 56);
  const key = rotl<u64>(k1, 23) ^ rotl<u64>(k2, 43) ^ k3;
  const slot = slotOf(key + number * MIX_SECOND, SHORT_BITS);
  const first = u32(MEMO_BASE) + slot * SHORT_BYTES;
  let entry = first;
  for (let way: u32 = 0; way < SHORT_WAYS; way++) {
    entry = first ^ (way * SHORT_BYTES);
    if (isShort(entry, k1, k2, k3, number)) {
      copy256(dst, entry);
      return;
    }
    if (load<u64>(entry) == 0) break;
  }
  // The one that is free, or the last.
  setLimbs(entry + 32, k1, k2, k3, number);
  keccak256ToWord(entry, src, 64);
  copy256(dst, entry);
}

/** Word at `dst` := keccak-256 of the 64 bytes at `src`. */
export function keccakMemo64(dst: u32, src: u32): void {
  if ((load<u64>(src) | load<u64>(src, 32) | load<u64>(src, 40) | load<u64>(src, 48)) == 0) {
    memoShort(dst, src);
    return;
  }
  // Multiplied, so that exchanging the halves gives another slot.
  const value = fold(src) + fold(src + 32) * MIX_SECOND;
  const slot = slotOf(value, PAIR_BITS);
  let entry = PAIRS_BASE + slot * PAIR_BYTES;
  if (!isPair(entry, src)) {
    const other = PAIRS_BASE + (slot ^ 1) * PAIR_BYTES;
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
