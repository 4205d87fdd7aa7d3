/**
 * The compression function F of BLAKE2b (RFC 7693, section 3.2) with a free number of rounds
 * (EIP-152).
 *
 * Input, 213 bytes: rounds (u32, big-endian), then little-endian h (8 x u64), m (16 x u64), t
 * (2 x u64), and a byte f, 1 for the last block. Output: the new h.
 *
 * A 64-bit word is two 32-bit halves of a `Int32Array`, the low one first.
 */
import type { PrecompileRow } from './types.ts';
import { clampGas } from './words.ts';

const INPUT_BYTES = 213;

// RFC 7693, section 2.7
const SIGMA: readonly (readonly number[])[] = [
  [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
  [14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3],
  [11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4],
  [7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8],
  [9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13],
  [2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9],
  [12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11],
  [13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10],
  [6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5],
  [10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0],
];

// RFC 7693, section 2.6: the fractional parts of the square roots of the first eight primes
const IV = new Int32Array([
  0xf3bcc908, 0x6a09e667, 0x84caa73b, 0xbb67ae85, 0xfe94f82b, 0x3c6ef372, 0x5f1d36f1, 0xa54ff53a,
  0xade682d1, 0x510e527f, 0x2b3e6c1f, 0x9b05688c, 0xfb41bd6b, 0x1f83d9ab, 0x137e2179, 0x5be0cd19,
]);

export const BLAKE2F: PrecompileRow = {
  address: 0x09,
  name: 'blake2f',
  since: 'eip152',
  gas(input, costs) {
    if (input.length !== INPUT_BYTES) return 0n;
    return clampGas(BigInt(readRounds(input)) * costs.blake2fRound);
  },
  run(input) {
    const last = input[212];
    if (input.length !== INPUT_BYTES || (last !== 0 && last !== 1)) return null;
    const words = new Int32Array(52);
    const view = new DataView(input.buffer, input.byteOffset, input.length);
    for (let i = 0; i < words.length; i++) words[i] = view.getInt32(4 + 4 * i, true);
    const h = words.subarray(0, 16);
    compress(readRounds(input), h, words.subarray(16, 48), words.subarray(48), last === 1);
    const out = new Uint8Array(64);
    const outView = new DataView(out.buffer);
    for (let i = 0; i < 16; i++) outView.setInt32(4 * i, h[i]!, true);
    return out;
  },
};

function readRounds(input: Uint8Array): number {
  return new DataView(input.buffer, input.byteOffset, input.length).getUint32(0);
}

function compress(
  rounds: number,
  h: Int32Array,
  m: Int32Array,
  t: Int32Array,
  isLast: boolean,
): void {
  const v = new Int32Array(32);
  v.set(h);
  v.set(IV, 16);
  for (let i = 0; i < 4; i++) v[24 + i]! ^= t[i]!;
  if (isLast) {
    v[28]! ^= -1;
    v[29]! ^= -1;
  }
  for (let round = 0; round < rounds; round++) {
    const sigma = SIGMA[round % 10]!;
    mix(v, m, 0, 8, 16, 24, 2 * sigma[0]!, 2 * sigma[1]!);
    mix(v, m, 2, 10, 18, 26, 2 * sigma[2]!, 2 * sigma[3]!);
    mix(v, m, 4, 12, 20, 28, 2 * sigma[4]!, 2 * sigma[5]!);
    mix(v, m, 6, 14, 22, 30, 2 * sigma[6]!, 2 * sigma[7]!);
    mix(v, m, 0, 10, 20, 30, 2 * sigma[8]!, 2 * sigma[9]!);
    mix(v, m, 2, 12, 22, 24, 2 * sigma[10]!, 2 * sigma[11]!);
    mix(v, m, 4, 14, 16, 26, 2 * sigma[12]!, 2 * sigma[13]!);
    mix(v, m, 6, 8, 18, 28, 2 * sigma[14]!, 2 * sigma[15]!);
  }
  for (let i = 0; i < 16; i++) h[i]! ^= v[i]! ^ v[16 + i]!;
}

/** The mixing function G (RFC 7693, section 3.1); all positions are those of low halves. */
function mix(
  v: Int32Array,
  m: Int32Array,
  a: number,
  b: number,
  c: number,
  d: number,
  x: number,
  y: number,
): void {
  let bLow = v[b]!;
  let bHigh = v[b + 1]!;
  // a += b + m[x]
  let sum = (v[a]! >>> 0) + (bLow >>> 0) + (m[x]! >>> 0);
  let aHigh = (v[a + 1]! + bHigh + m[x + 1]! + carryOf(sum)) | 0;
  let aLow = sum | 0;
  // d = (d ^ a) rotated by 32
  let dLow = v[d + 1]! ^ aHigh;
  let dHigh = v[d]! ^ aLow;
  // c += d
  sum = (v[c]! >>> 0) + (dLow >>> 0);
  let cHigh = (v[c + 1]! + dHigh + carryOf(sum)) | 0;
  let cLow = sum | 0;
  // b = (b ^ c) rotated by 24
  let low = bLow ^ cLow;
  let high = bHigh ^ cHigh;
  bLow = (low >>> 24) | (high << 8);
  bHigh = (high >>> 24) | (low << 8);
  // a += b + m[y]
  sum = (aLow >>> 0) + (bLow >>> 0) + (m[y]! >>> 0);
  aHigh = (aHigh + bHigh + m[y + 1]! + carryOf(sum)) | 0;
  aLow = sum | 0;
  // d = (d ^ a) rotated by 16
  low = dLow ^ aLow;
  high = dHigh ^ aHigh;
  dLow = (low >>> 16) | (high << 16);
  dHigh = (high >>> 16) | (low << 16);
  // c += d
  sum = (cLow >>> 0) + (dLow >>> 0);
  cHigh = (cHigh + dHigh + carryOf(sum)) | 0;
  cLow = sum | 0;
  // b = (b ^ c) rotated by 63
  low = bLow ^ cLow;
  high = bHigh ^ cHigh;
  v[a] = aLow;
  v[a + 1] = aHigh;
  v[b] = (low << 1) | (high >>> 31);
  v[b + 1] = (high << 1) | (low >>> 31);
  v[c] = cLow;
  v[c + 1] = cHigh;
  v[d] = dLow;
  v[d + 1] = dHigh;
}

/** What a sum of low halves carries into the high half; exact, as it is below 2^34. */
function carryOf(sum: number): number {
  return (sum / 0x1_0000_0000) | 0;
}
