/** Bytes, their hexadecimal text, and their order. Every function is pure. */
import { LockstepError } from './errors.ts';

/** `0x` and an even number of lower-case hexadecimal digits. */
export type HexText = `0x${string}`;

/**
 * Keccak-256 of bytes: 32 bytes, a fresh array that the caller may keep. It keeps no hold of its
 * argument, which may be changed afterwards. A parameter wherever much is hashed, since that of a
 * kernel is several times as fast as a library's.
 */
export interface Keccak256 {
  (bytes: Uint8Array): Uint8Array;
  /** Where it hashes what is written there, if it can. */
  readonly room?: (() => HashRoom | undefined) | undefined;
}

/** A place where bytes are written and hashed, so that neither they nor the hash need an array. */
export interface HashRoom {
  /** What is written to, from `start` on. These are others once something else was hashed. */
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly start: number;
  /** Makes sure that so many bytes fit; what was written may be gone. */
  reserve(size: number): void;
  /** Writes the hash of bytes as eight words, of whose bytes the lowest comes first. */
  hash(from: number, to: number, target: Int32Array): void;
}

/** The room of a hash, or one in front of it. */
export function roomOf(keccak256: Keccak256): () => HashRoom {
  const room = new ArrayRoom(keccak256);
  return () => keccak256.room?.() ?? room;
}

/** Of an encoded branch, with some to spare. */
const ROOM_BYTES = 1024;

class ArrayRoom implements HashRoom {
  readonly start = 0;
  bytes = new Uint8Array(ROOM_BYTES);
  view = new DataView(this.bytes.buffer);
  readonly #keccak256: Keccak256;

  constructor(keccak256: Keccak256) {
    this.#keccak256 = keccak256;
  }

  reserve(size: number): void {
    if (size <= this.bytes.length) return;
    this.bytes = new Uint8Array(size * 2);
    this.view = new DataView(this.bytes.buffer);
  }

  hash(from: number, to: number, target: Int32Array): void {
    const hash = this.#keccak256(this.bytes.subarray(from, to));
    const view = new DataView(hash.buffer, hash.byteOffset);
    for (let i = 0; i < 8; i++) target[i] = view.getInt32(4 * i, true);
  }
}

const HEX_OF_BYTE = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** The value of each hexadecimal digit by its character code; 255 for every other character. */
const DIGIT_OF_CODE = new Uint8Array(128).fill(255);
for (let digit = 0; digit < 16; digit++) {
  const text = digit.toString(16);
  DIGIT_OF_CODE[text.charCodeAt(0)] = digit;
  DIGIT_OF_CODE[text.toUpperCase().charCodeAt(0)] = digit;
}

/** What newer platforms do by themselves (ECMAScript 2026), several times as fast. */
interface NativeHex {
  readonly toHex?: (this: Uint8Array) => string;
}
const { toHex } = Uint8Array.prototype as NativeHex;
const { fromHex } = Uint8Array as { readonly fromHex?: (digits: string) => Uint8Array };

export function bytesToHex(bytes: Uint8Array): HexText {
  if (toHex !== undefined) return `0x${toHex.call(bytes)}`;
  let text = '';
  for (const byte of bytes) text += HEX_OF_BYTE[byte];
  return `0x${text}`;
}

/**
 * Reads hexadecimal text, with or without `0x` in front.
 *
 * @param what names the text in the error, for example `the call data`
 * @throws LockstepError L1001 for an odd number of digits, L1002 for another character; its
 *   position counts from 0 and includes the `0x`
 */
export function hexToBytes(text: string, what = 'the hexadecimal text'): Uint8Array {
  const start = text.startsWith('0x') || text.startsWith('0X') ? 2 : 0;
  if (fromHex !== undefined && text.length % 2 === 0) {
    try {
      return fromHex(text.slice(start));
    } catch {
      // What is wrong, and where, is found below.
    }
  }
  for (let i = start; i < text.length; i++) {
    if (digitAt(text, i) === 255) {
      const found = String.fromCodePoint(text.codePointAt(i) ?? 0);
      throw new LockstepError('L1002', { what, found, position: i });
    }
  }
  const digits = text.length - start;
  if (digits % 2 !== 0) throw new LockstepError('L1001', { what, digits });
  const bytes = new Uint8Array(digits / 2);
  for (let i = 0; i < bytes.length; i++) {
    const at = start + i * 2;
    bytes[i] = (digitAt(text, at) << 4) | digitAt(text, at + 1);
  }
  return bytes;
}

function digitAt(text: string, index: number): number {
  return DIGIT_OF_CODE[text.charCodeAt(index)] ?? 255;
}

/**
 * Orders byte strings as unsigned bytes from the front, a prefix before the longer string.
 *
 * @returns below, at or above 0
 */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let i = 0;
  // Sixteen at a time where that is worth two views.
  if (a.length >= WORDS_FROM && ((a.byteOffset | b.byteOffset) & 3) === 0) {
    i = a.length & -16;
    const x = new Uint32Array(a.buffer, a.byteOffset, i >> 2);
    if (!equalWords(x, new Uint32Array(b.buffer, b.byteOffset, i >> 2))) return false;
  }
  for (; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/**
 * Compares a multiple of four words. It is a function by itself because a loop that is optimised
 * while it runs knows nothing of what stands behind it.
 */
function equalWords(a: Uint32Array, b: Uint32Array): boolean {
  const differs = (i: number): number => (a[i] as number) ^ (b[i] as number);
  for (let i = 0; i < a.length; i += 4) {
    if ((differs(i) | differs(i + 1) | differs(i + 2) | differs(i + 3)) !== 0) return false;
  }
  return true;
}

/** Bytes from which words are compared. */
const WORDS_FROM = 1024;

export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  return joinBytes(parts);
}

/** The same for any number of parts: arguments have a limit. */
export function joinBytes(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** The bytes of a text in base64, of which this program has some in itself. */
export function base64ToBytes(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

/**
 * Puts zeros in front until the length is reached; always a fresh array.
 *
 * @throws LockstepError L1003 for bytes longer than that
 */
export function padStart(bytes: Uint8Array, length: number, what = 'the value'): Uint8Array {
  if (bytes.length > length) {
    throw new LockstepError('L1003', { what, length: bytes.length, expected: `at most ${length}` });
  }
  const padded = new Uint8Array(length);
  padded.set(bytes, length - bytes.length);
  return padded;
}

/** The number in four bytes, most significant first, as a signed one. */
export function readInt32(bytes: Uint8Array, at: number): number {
  const high = ((bytes[at] as number) << 24) | ((bytes[at + 1] as number) << 16);
  return high | ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number);
}
