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

/** 32 bytes folded into 64 bits; a big-endian number differs in the last ones. */
// @ts-ignore: decorator
@inline
function fold(v0: u64, v1: u64, v2: u64, v3: u64): u64 {
  return rotl<u64>(v0, 11) ^ rotl<u64>(v1, 23) ^ rotl<u64>(v2, 43) ^ v3;
}

/** Bits in which 32 bytes at `at` differ. */
// @ts-ignore: decorator
@inline
function unlike(at: u32, v0: u64, v1: u64, v2: u64, v3: u64): u64 {
  const low = (load<u64>(at) ^ v0) | (load<u64>(at, 8) ^ v1);
  return low | (load<u64>(at, 16) ^ v2) | (load<u64>(at, 24) ^ v3);
}

// @ts-ignore: decorator
@inline
function isShort(entry: u32, k1: u64, k2: u64, k3: u64, number: u64): bool {
  return unlike(entry + 32, k1, k2, k3, number) == 0 && load<u64>(entry) != 0;
}

/** Of the pair at `src` only the last 24 bytes of the first word and the last 8 are not zero. */
function memoShort(dst: u32, src: u32, k1: u64, k2: u64, k3: u64, number: u64): void {
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

/**
 * Word at `dst` := keccak-256 of the 64 bytes at `src`. They are read by 8 bytes, as contracts
 * write words: a wider read would wait until all that it takes in has left the store buffer.
 */
export function keccakMemo64(dst: u32, src: u32): void {
  const k0 = load<u64>(src);
  const k1 = load<u64>(src, 8);
  const k2 = load<u64>(src, 16);
  const k3 = load<u64>(src, 24);
  const n0 = load<u64>(src, 32);
  const n1 = load<u64>(src, 40);
  const n2 = load<u64>(src, 48);
  const n3 = load<u64>(src, 56);
  if ((k0 | n0 | n1 | n2) == 0) {
    memoShort(dst, src, k1, k2, k3, n3);
    return;
  }
  // Multiplied, so that exchanging the halves gives another slot.
  const slot = slotOf(fold(k0, k1, k2, k3) + fold(n0, n1, n2, n3) * MIX_SECOND, PAIR_BITS);
  let entry = PAIRS_BASE + slot * PAIR_BYTES;
  for (let way: u32 = 0; way < 2; way++) {
    const at = PAIRS_BASE + (slot ^ way) * PAIR_BYTES;
    const bits = unlike(at, k0, k1, k2, k3) | unlike(at + 32, n0, n1, n2, n3);
    const isEmpty = load<u64>(at, 64) == 0;
    if (bits == 0 && !isEmpty) {
      copy256(dst, at + 64);
      return;
    }
    if (isEmpty) entry = at;
  }
  setLimbs(entry, k0, k1, k2, k3);
  setLimbs(entry + 32, n0, n1, n2, n3);
  keccak256ToWord(entry + 64, entry, 64);
  copy256(dst, entry + 64);
}

/** Word at `dst` := keccak-256 of the 32 bytes at `src`. */
export function keccakMemo32(dst: u32, src: u32): void {
  const v0 = load<u64>(src);
  const v1 = load<u64>(src, 8);
  const v2 = load<u64>(src, 16);
  const v3 = load<u64>(src, 24);
  const entry = SINGLES_BASE + slotOf(fold(v0, v1, v2, v3), SINGLE_BITS) * SINGLE_BYTES;
  if (unlike(entry, v0, v1, v2, v3) != 0 || load<u64>(entry, 32) == 0) {
    setLimbs(entry, v0, v1, v2, v3);
    keccak256ToWord(entry + 32, entry, 32);
  }
  copy256(dst, entry + 32);
}
