/** Numbers in inputs and outputs. Inputs continue in zeros past their end. */
import { bytesToHex } from '../../../base/bytes.ts';
import { U64_MAX } from '../../../base/u256.ts';

/** `length` bytes from `offset`; a view where the input has them all, else padded with zeros. */
export function readBytes(input: Uint8Array, offset: number, length: number): Uint8Array {
  const view = input.subarray(offset, offset + length);
  if (view.length === length) return view;
  const padded = new Uint8Array(length);
  padded.set(view);
  return padded;
}

/** The big-endian number in `length` bytes from `offset`. */
export function readNumber(input: Uint8Array, offset: number, length: number): bigint {
  if (length === 0) return 0n;
  return BigInt(bytesToHex(readBytes(input, offset, length)));
}

/** Writes a number as `length` big-endian bytes; it must fit. */
export function writeNumber(out: Uint8Array, offset: number, length: number, value: bigint): void {
  let rest = value;
  for (let at = offset + length - 1; at >= offset; at -= 4) {
    const word = Number(rest & 0xffff_ffffn);
    for (let i = 0; i < 4 && at - i >= offset; i++) out[at - i] = (word >>> (8 * i)) & 0xff;
    rest >>= 32n;
  }
}

/** Words of 32 bytes that hold `size` bytes. */
export function wordCount(size: number): bigint {
  return BigInt(Math.ceil(size / 32));
}

/** The amount, or 2^64 - 1 if it is more: no call has so much. */
export function clampGas(amount: bigint): bigint {
  return amount > U64_MAX ? U64_MAX : amount;
}

/** The greater of two. */
export function maxOf(a: bigint, b: bigint): bigint {
  if (a > b) return a;
  return b;
}

/** A 32-byte truth value. */
export function wordOfBool(value: boolean): Uint8Array {
  const word = new Uint8Array(32);
  if (value) word[31] = 1;
  return word;
}
