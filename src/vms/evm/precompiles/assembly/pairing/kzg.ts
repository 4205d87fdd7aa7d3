/**
 * The check of a KZG proof (EIP-4844): e(C - y G1, -G2) e(proof, (tau - z) G2) is one, which is the
 * same as e(C - y G1 + z proof, -G2) e(proof, tau G2), where all multiples are of points of G1.
 */
import {
  B,
  G1_GENERATOR,
  G2_GENERATOR_OPPOSITE,
  HALF_PRIME_WORDS,
  ORDER_WORDS,
  TAU_G2,
} from './constants';
import { takeGroup } from './element';
import { isOneAfterExponent } from './exponent';
import { FP, fpAdd, fpMul, fpNeg } from './fp';
import { millerLoop, PAIR_BYTES, PAIR_Q } from './miller';
import { addBatch, startBatch, takeMultiple } from './multiply';
import { isAffineInfinity, ofAffine, toAffine } from './point';
import { fpReadShort, fpSqrt, fpWords } from './prime';
import { isInG1 } from './subgroup';

const COMMITMENT: u32 = u32(memory.data(FP * 2, 16));
const PROOF: u32 = u32(memory.data(FP * 2, 16));
const OPPOSITE: u32 = u32(memory.data(FP * 2, 16));
const SUM: u32 = u32(memory.data(FP * 6, 16));
const PRODUCT: u32 = u32(memory.data(FP * 12, 16));
const PAIRS: u32 = u32(memory.data(FP * 24, 16));
const WORDS: u32 = u32(memory.data(64, 16));

const COMPRESSED_BYTES: u32 = 48;
// The three highest bits of a compressed point.
const IS_COMPRESSED: u32 = 0x80;
const IS_INFINITY: u32 = 0x40;
const IS_LARGER: u32 = 0x20;

/** Whether the number in 32 big-endian bytes is below the order. */
function isScalar(bytes: u32): bool {
  for (let i: u32 = 0; i < 32; i += 4) {
    const word = bswap<u32>(load<u32>(bytes + i));
    const limit = load<u32>(ORDER_WORDS + 28 - i);
    if (word != limit) return word < limit;
  }
  return false;
}

/** Whether a, as a number, is above (p - 1) / 2. */
function isLarger(a: u32): bool {
  fpWords(WORDS, a);
  for (let i: i32 = 44; i >= 0; i -= 4) {
    const word = load<u32>(WORDS + u32(i));
    const half = load<u32>(HALF_PRIME_WORDS + u32(i));
    if (word != half) return word > half;
  }
  return false;
}

/** q := the point of G1 in 48 bytes, which are overwritten; false if there is none. */
function decompress(q: u32, bytes: u32): bool {
  const flags: u32 = load<u8>(bytes) & 0xe0;
  if ((flags & IS_COMPRESSED) == 0) return false;
  store<u8>(bytes, load<u8>(bytes) & 0x1f);
  if ((flags & IS_INFINITY) != 0) {
    let bits: u32 = flags & IS_LARGER;
    for (let i: u32 = 0; i < COMPRESSED_BYTES; i++) bits |= load<u8>(bytes + i);
    memory.fill(q, 0, 2 * FP);
    return bits == 0;
  }
  const y = q + FP;
  if (!fpReadShort(q, bytes)) return false;
  fpMul(y, q, q);
  fpMul(y, y, q);
  fpAdd(y, y, B);
  if (!fpSqrt(y, y)) return false;
  if (isLarger(y) != ((flags & IS_LARGER) != 0)) fpNeg(y, y);
  return isInG1(q);
}

function takePair(pair: u32, p: u32, q: u32): u32 {
  if (isAffineInfinity(p)) return pair;
  memory.copy(pair, p, 2 * FP);
  memory.copy(pair + PAIR_Q, q, 4 * FP);
  return pair + PAIR_BYTES;
}

/**
 * Whether the polynomial behind the commitment has the value y at z, by the proof: 1 or 0.
 *
 * @param input z and y, 32 bytes each, then commitment and proof, 48 bytes each, as in a call
 */
export function verifyProof(input: u32): i32 {
  takeGroup(false);
  if (!isScalar(input) || !isScalar(input + 32)) return 0;
  const commitment = input + 64;
  if (!decompress(COMMITMENT, commitment)) return 0;
  if (!decompress(PROOF, commitment + COMPRESSED_BYTES)) return 0;
  memory.copy(OPPOSITE, G1_GENERATOR, FP);
  fpNeg(OPPOSITE + FP, G1_GENERATOR + FP);
  startBatch();
  takeMultiple(PROOF, input);
  takeMultiple(OPPOSITE, input + 32);
  ofAffine(SUM, COMMITMENT);
  addBatch(SUM);
  toAffine(COMMITMENT, SUM);
  let end = takePair(PAIRS, COMMITMENT, G2_GENERATOR_OPPOSITE);
  end = takePair(end, PROOF, TAU_G2);
  if (end == PAIRS) return 1;
  millerLoop(PRODUCT, PAIRS, (end - PAIRS) / PAIR_BYTES);
  return isOneAfterExponent(PRODUCT) ? 1 : 0;
}
