/** The reason in revert data: `Error(string)`, or a `Panic(uint256)` in words (Solidity ABI). */
import { bytesToBigint } from '../../base/u256.ts';

const WORD = 32;
const SELECTOR_BYTES = 4;
const ERROR_STRING = 0x08c379a0;
const PANIC = 0x4e487b71;

/** Panics in the words of go-ethereum, by code. */
const PANIC_TEXTS: ReadonlyMap<bigint, string> = new Map([
  [0x00n, 'generic panic'],
  [0x01n, 'assert(false)'],
  [0x11n, 'arithmetic underflow or overflow'],
  [0x12n, 'division or modulo by zero'],
  [0x21n, 'enum overflow'],
  [0x22n, 'invalid encoded storage byte array accessed'],
  [0x31n, 'out-of-bounds array access; popping on an empty array'],
  [0x32n, 'out-of-bounds access of an array or bytes'],
  [0x41n, 'out of memory'],
  [0x51n, 'uninitialized function'],
]);

/** The reason, or undefined for data of another form. */
export function revertReason(data: Uint8Array): string | undefined {
  if (data.length < SELECTOR_BYTES) return undefined;
  const selector = new DataView(data.buffer, data.byteOffset).getUint32(0);
  const values = data.subarray(SELECTOR_BYTES);
  if (selector === ERROR_STRING) return readText(values);
  if (selector !== PANIC || values.length < WORD) return undefined;
  const code = bytesToBigint(values.subarray(0, WORD));
  return PANIC_TEXTS.get(code) ?? `unknown panic code: 0x${code.toString(16)}`;
}

function readText(values: Uint8Array): string | undefined {
  const offset = readLength(values, 0);
  if (offset === undefined) return undefined;
  const length = readLength(values, offset);
  if (length === undefined || offset + WORD + length > values.length) return undefined;
  const start = offset + WORD;
  return new TextDecoder().decode(values.subarray(start, start + length));
}

/** The word at an offset, where it can be a place or length within the bytes. */
function readLength(bytes: Uint8Array, at: number): number | undefined {
  if (at + WORD > bytes.length) return undefined;
  const value = bytesToBigint(bytes.subarray(at, at + WORD));
  return value > BigInt(bytes.length) ? undefined : Number(value);
}
