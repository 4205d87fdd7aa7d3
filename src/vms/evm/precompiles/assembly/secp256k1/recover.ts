/**
 * Recovery of public keys on secp256k1, compiled apart from the kernel for `secp256k1.ts`.
 *
 * The key is -z / r G + s / r R, where R is the point behind r. The second factor is split in two
 * by the curve's endomorphism, the first by bits, so that four sums of 130 positions run over the
 * same doublings (Strauss); the multiples of G, and of 2^128 G, are kept in a table.
 */
import {
  FE_BYTES,
  feCopy,
  feIsZero,
  feMul,
  feNegate,
  feNormalize,
  feOfWords,
  feSet,
  feSqr,
  feSqrt,
  feSub,
  feToWords,
} from './field';
import {
  AFFINE_BYTES,
  JACOBIAN_BYTES,
  oddMultiples,
  OPPOSITE,
  pointAdd,
  pointDouble,
  pointOfAffine,
  pointToAffine,
  ROOM_BYTES,
  SAME,
  Z,
} from './point';
import {
  DIGITS,
  isBelow,
  isZeroWords,
  N_WORDS,
  scalarInvert,
  scalarMul,
  scalarNegate,
  scalarReduce,
  splitScalar,
  toDigits,
} from './scalar';

/** Where the digest, r and s go, and where x and y come from: 32 bytes each, big-endian. */
export const INPUT: u32 = u32(memory.data(96, 16));
export const OUTPUT: u32 = u32(memory.data(64, 16));

/** Widths of digits for multiples of G and of R, and how many odd multiples they need. */
const BASE_WIDTH: u32 = 12;
const BASE_COUNT: u32 = 1 << (BASE_WIDTH - 2);
const WIDTH: u32 = 5;
const COUNT: u32 = 1 << (WIDTH - 2);

const BASE: u32 = u32(
  memory.data<i32>([
    0x16f81798, 0x0f940ad8, 0x138a3656, 0x17f9b65b, 0x10b07029, 0x114ae743, 0x0eb15681, 0x0fdf3b97,
    0x79be66, 0x1b10d4b8, 0x023e847f, 0x01550667, 0x0f68914d, 0x108a8fd1, 0x1dfe0708, 0x11957693,
    0x0ee4d478, 0x483ada,
  ]),
);
/** The cube root of one by which the endomorphism multiplies x. */
const BETA: u32 = u32(
  memory.data<i32>([
    0x119501ee, 0x09cb6143, 0x1d626570, 0x0092ea25, 0x034e99cf, 0x03cf561a, 0x1c41b991, 0x056caf80,
    0x7ae96a,
  ]),
);

const HASH: u32 = u32(memory.data(40, 16));
const R: u32 = u32(memory.data(40, 16));
const S: u32 = u32(memory.data(40, 16));
const INVERSE: u32 = u32(memory.data(40, 16));
const HALF_1: u32 = u32(memory.data(40, 16));
const HALF_2: u32 = u32(memory.data(40, 16));
const POINT: u32 = u32(memory.data(72, 16));
const OPPOSITE_Y: u32 = u32(memory.data(36, 16));
const SUM: u32 = u32(memory.data(108, 16));
const ROOT: u32 = u32(memory.data(36, 16));
const SQUARE: u32 = u32(memory.data(36, 16));

/** Z of the curve on which POINT's multiples and SUM stand, and room for products of it. */
const SCALE: u32 = u32(memory.data(36, 16));
const SCALED: u32 = u32(memory.data(36, 16));

// Digits of the four factors, in the order of their tables.
const DIGIT_BYTES: u32 = u32(DIGITS) << 1;
const BASE_LOW: u32 = u32(memory.data(260, 16));
const BASE_HIGH: u32 = u32(memory.data(260, 16));
const KEY_LOW: u32 = u32(memory.data(260, 16));
const KEY_HIGH: u32 = u32(memory.data(260, 16));

const KEY_TABLE: u32 = u32(memory.data(576, 16));
const KEY_TABLE_2: u32 = u32(memory.data(576, 16));
const ROOM: u32 = u32(memory.data(1152, 16));

// Behind all static data: the multiples of G, those of 2^128 G, and room to make them.
const BASE_TABLE: u32 = (u32(__heap_base) + 15) & ~15;
const BASE_TABLE_2: u32 = BASE_TABLE + BASE_COUNT * AFFINE_BYTES;
const BASE_ROOM: u32 = BASE_TABLE_2 + BASE_COUNT * AFFINE_BYTES;

let isReady = false;
let isInfinity = true;

function prepare(): void {
  const end = BASE_ROOM + BASE_COUNT * ROOM_BYTES;
  const pages = i32((end + 0xffff) >> 16) - memory.size();
  if (pages > 0 && memory.grow(pages) < 0) unreachable();
  oddMultiples(BASE_TABLE, BASE, BASE_COUNT, BASE_ROOM, 0);
  pointOfAffine(SUM, BASE, BASE + FE_BYTES);
  for (let i = 0; i < 128; i++) pointDouble(SUM);
  pointToAffine(POINT, SUM);
  oddMultiples(BASE_TABLE_2, POINT, BASE_COUNT, BASE_ROOM, 0);
  isReady = true;
}

/** Eight words from 32 big-endian bytes. */
function readWords(words: u32, bytes: u32): void {
  for (let i: u32 = 0; i < 32; i += 8) {
    store<u64>(words + i, bswap<u64>(load<u64>(bytes + 24 - i)));
  }
}

function writeElement(bytes: u32, element: u32): void {
  feToWords(HASH, element);
  readWords(bytes, HASH);
}

/** POINT := the point with the x in R and a y of the parity; false if there is none. */
function decompress(parity: i32): bool {
  const y = POINT + FE_BYTES;
  feOfWords(POINT, R);
  feSqr(SQUARE, POINT);
  feMul(SQUARE, SQUARE, POINT);
  store<i32>(SQUARE, load<i32>(SQUARE) + 7);
  feSqrt(y, SQUARE);
  feSqr(ROOT, y);
  feSub(ROOT, ROOT, SQUARE);
  if (!feIsZero(ROOT)) return false;
  feNormalize(y);
  if ((load<i32>(y) & 1) != parity) feNegate(y, y);
  return true;
}

/** SUM := SUM + digit point, by the table of odd multiples; those of G stand on G's curve. */
// @ts-ignore: decorator
@inline
function addDigit(digit: i32, table: u32, isBase: bool): void {
  if (digit != 0) addMultiple(digit, table, isBase);
}

function addMultiple(digit: i32, table: u32, isBase: bool): void {
  const x = table + (u32(abs(digit)) >> 1) * AFFINE_BYTES;
  let y = x + FE_BYTES;
  if (digit < 0) {
    feNegate(OPPOSITE_Y, y);
    y = OPPOSITE_Y;
  }
  if (isInfinity) {
    pointOfAffine(SUM, x, y);
    if (isBase) scaleSum();
    isInfinity = false;
    return;
  }
  let z = SUM + Z;
  if (isBase) {
    z = SCALED;
    feMul(z, SUM + Z, SCALE);
  }
  const kind = pointAdd(SUM, x, y, z);
  if (kind == SAME) pointDouble(SUM);
  else if (kind == OPPOSITE) isInfinity = true;
}

/** Brings an affine SUM from G's curve to that of POINT's multiples. */
function scaleSum(): void {
  feSqr(SCALED, SCALE);
  feMul(SUM, SUM, SCALED);
  feMul(SCALED, SCALED, SCALE);
  feMul(SUM + FE_BYTES, SUM + FE_BYTES, SCALED);
}

/** SUM := the factors whose digits are in place times their points; `isInfinity` beside it. */
function sumUp(): void {
  isInfinity = true;
  for (let at: u32 = DIGIT_BYTES; at > 0; ) {
    at -= 2;
    if (!isInfinity) pointDouble(SUM);
    addDigit(load<i16>(BASE_LOW + at), BASE_TABLE, true);
    addDigit(load<i16>(BASE_HIGH + at), BASE_TABLE_2, true);
    addDigit(load<i16>(KEY_LOW + at), KEY_TABLE, false);
    addDigit(load<i16>(KEY_HIGH + at), KEY_TABLE_2, false);
  }
}

/** Digits of a factor of G: its lower and upper 128 bits. */
function splitBase(factor: u32): void {
  memory.fill(HALF_1, 0, 40);
  memory.fill(HALF_2, 0, 40);
  memory.copy(HALF_1, factor, 16);
  memory.copy(HALF_2, factor + 16, 16);
  toDigits(BASE_LOW, HALF_1, BASE_WIDTH);
  toDigits(BASE_HIGH, HALF_2, BASE_WIDTH);
}

/** Digits of a factor of POINT, and the tables of its odd multiples. */
function splitKey(factor: u32): void {
  splitScalar(HALF_1, HALF_2, factor);
  toDigits(KEY_LOW, HALF_1, WIDTH);
  toDigits(KEY_HIGH, HALF_2, WIDTH);
  oddMultiples(KEY_TABLE, POINT, COUNT, ROOM, SCALE);
  for (let i: u32 = 0; i < COUNT * AFFINE_BYTES; i += AFFINE_BYTES) {
    feMul(KEY_TABLE_2 + i, KEY_TABLE + i, BETA);
    feCopy(KEY_TABLE_2 + i + FE_BYTES, KEY_TABLE + i + FE_BYTES);
  }
}

/** Recovers from INPUT to OUTPUT; 0 if no key made the signature. */
export function recover(parity: i32): i32 {
  if (!isReady) prepare();
  readWords(HASH, INPUT);
  readWords(R, INPUT + 32);
  readWords(S, INPUT + 64);
  if (isZeroWords(R) || isZeroWords(S) || !isBelow(R, N_WORDS) || !isBelow(S, N_WORDS)) return 0;
  if (!decompress(parity)) return 0;
  scalarReduce(HASH);
  scalarInvert(INVERSE, R);
  scalarMul(S, S, INVERSE);
  scalarMul(HASH, HASH, INVERSE);
  scalarNegate(HASH, HASH);
  splitBase(HASH);
  splitKey(S);
  sumUp();
  if (isInfinity) return 0;
  feMul(SUM + Z, SUM + Z, SCALE);
  pointToAffine(POINT, SUM);
  writeElement(OUTPUT, POINT);
  writeElement(OUTPUT + 32, POINT + FE_BYTES);
  return 1;
}
