/**
 * Unsigned 256-bit integers as `bigint`, and their 32-byte big-endian form.
 *
 * The value goes through four 64-bit limbs, never through a floating-point number.
 */
import { LockstepError } from './errors.ts';

export const U256_BITS = 256n;
export const U256_MAX = (1n << U256_BITS) - 1n;
export const U64_MAX = 0xffff_ffff_ffff_ffffn;
export const WORD_BYTES = 32;

/** The value modulo 2^256: also the two's complement of a negative one. */
export function wrapU256(value: bigint): bigint {
  return BigInt.asUintN(256, value);
}

/**
 * The value, if it fits.
 *
 * @throws LockstepError L1004 unless it is in 0..2^bits-1
 */
export function requireBits(value: bigint, bits: number, what: string): bigint {
  const most = bits === 256 ? U256_MAX : (1n << BigInt(bits)) - 1n;
  if (value < 0n || value > most) throw new LockstepError('L1004', { what, value, bits });
  return value;
}

/**
 * Big-endian bytes of a value.
 *
 * @throws LockstepError L1004 unless the value is in 0..2^256-1
 */
export function bigintToBytes32(value: bigint, what = 'the number'): Uint8Array {
  if (value < 0n || value > U256_MAX) throw new LockstepError('L1004', { what, value, bits: 256 });
  scratch.setBigUint64(0, value >> 192n);
  scratch.setBigUint64(8, (value >> 128n) & U64_MAX);
  scratch.setBigUint64(16, (value >> 64n) & U64_MAX);
  scratch.setBigUint64(24, value & U64_MAX);
  return scratchBytes.slice();
}

// A view of a small array of its own would first take that off the heap.
const scratchBytes = new Uint8Array(WORD_BYTES);
const scratch = new DataView(scratchBytes.buffer);

/**
 * The unsigned value of at most 32 big-endian bytes; no bytes are 0.
 *
 * @throws LockstepError L1003 for more than 32 bytes
 */
export function bytesToBigint(bytes: Uint8Array, what = 'the number'): bigint {
  const { length } = bytes;
  if (length > WORD_BYTES) {
    throw new LockstepError('L1003', { what, length, expected: 'at most 32' });
  }
  if (length === 0) return 0n;
  let limbs = (length + 7) >> 3;
  const start = WORD_BYTES - length;
  scratch.setBigUint64(WORD_BYTES - limbs * 8, 0n);
  for (let i = 0; i < length; i++) scratchBytes[start + i] = bytes[i] as number;
  let value = 0n;
  for (; limbs > 0; limbs--) {
    const limb = scratch.getBigUint64(WORD_BYTES - limbs * 8);
    value = value === 0n ? limb : (value << 64n) | limb;
  }
  return value;
}

/** Whether every byte is zero. */
export function isZeroWord(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0);
}

/** The lesser of two numbers. */
export function minOf(a: bigint, b: bigint): bigint {
  if (a < b) return a;
  return b;
}

/** The greater of two numbers. */
export function maxOf(a: bigint, b: bigint): bigint {
  if (a > b) return a;
  return b;
}
