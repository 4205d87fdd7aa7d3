/**
 * Inverses modulo an odd number of up to 385 bits: the division steps of Bernstein and Yang (Fast
 * constant-time gcd computation and modular inversion, 2019), here in variable time.
 *
 * Thirty steps are taken on the lowest 30 bits of f and g alone, which gives a matrix; the matrix,
 * divided by 2^30, then goes over all of f and g, and over d and e, for which d x = f and e x = g
 * modulo the modulus. Numbers are limbs, 30 bits apart, of which the last has the sign.
 */

const BITS: i64 = 30;
const MASK: i64 = (1 << 30) - 1;

const F: u32 = u32(memory.data(52, 16));
const G: u32 = u32(memory.data(52, 16));
const D: u32 = u32(memory.data(52, 16));
const E: u32 = u32(memory.data(52, 16));

// The matrix of the last thirty steps, and the steps' state: minus delta (the paper's) in halves.
let u: i32 = 0;
let v: i32 = 0;
let q: i32 = 0;
let r: i32 = 0;
let eta: i32 = 0;

// Of the modulus in use: bytes of its limbs, and the offset of the last.
let end: u32 = 0;
let last: u32 = 0;

/**
 * words := 1 / x modulo the modulus, below it; zero if x is zero.
 *
 * @param words as many 32-bit words as the modulus needs
 * @param x as many words, below the modulus, with eight readable zero bytes behind them
 * @param modulus `count` limbs of 30 bits, at most 13
 * @param modulusInverse the modulus's inverse modulo 2^30
 */
export function invert(
  words: u32,
  x: u32,
  modulus: u32,
  count: u32,
  modulusInverse: u32,
): void {
  end = count << 2;
  last = end - 4;
  memory.copy(F, modulus, end);
  for (let i: u32 = 0; i < count; i++) {
    const bit = 30 * i;
    store<i32>(G + 4 * i, i32((load<u64>(x + (bit >> 3)) >> (bit & 7)) & u64(MASK)));
  }
  memory.fill(D, 0, end);
  memory.fill(E, 0, end);
  store<i32>(E, 1);
  eta = -1;
  do {
    takeSteps(load<u32>(F), load<u32>(G));
    updateCoefficients(modulus, modulusInverse);
    updateNumbers();
  } while (!isZero(G));
  finish(modulus, load<i32>(F + last) < 0);
  let pending: u64 = 0;
  let bits: u32 = 0;
  for (let i: u32 = 0; i < end; i += 4) {
    pending |= u64(load<u32>(D + i)) << bits;
    bits += 30;
    if (bits < 32) continue;
    store<u32>(words, u32(pending));
    words += 4;
    pending >>= 32;
    bits -= 32;
  }
}

/** Thirty division steps on the lowest bits of f and g, into the matrix. */
function takeSteps(f: u32, g: u32): void {
  let a: u32 = 1;
  let b: u32 = 0;
  let c: u32 = 0;
  let d: u32 = 1;
  let minusDelta = eta;
  let left = 30;
  while (true) {
    const zeros = i32(ctz(g | (u32(-1) << u32(left))));
    g >>= zeros;
    a <<= zeros;
    b <<= zeros;
    minusDelta -= zeros;
    left -= zeros;
    if (left == 0) break;
    if (minusDelta < 0) {
      minusDelta = -minusDelta;
      let old = f;
      f = g;
      g = -old;
      old = a;
      a = c;
      c = -old;
      old = b;
      b = d;
      d = -old;
    }
    // Steps until the next exchange cancel that many bits of g at once: f (f^2 - 2) is -1 / f
    // modulo 64, as f is odd.
    const limit = min(min(minusDelta + 1, left), 6);
    const w = (g * f * (f * f - 2)) & ((1 << limit) - 1);
    g += f * w;
    c += a * w;
    d += b * w;
  }
  u = i32(a);
  v = i32(b);
  q = i32(c);
  r = i32(d);
  eta = minusDelta;
}

/** d, e := (u d + v e, q d + r e) / 2^30 modulo the modulus, between minus two of it and it. */
function updateCoefficients(modulus: u32, modulusInverse: u32): void {
  const signD = load<i32>(D + last) >> 31;
  const signE = load<i32>(E + last) >> 31;
  let moduliD = (u & signD) + (v & signE);
  let moduliE = (q & signD) + (r & signE);
  const d0: i64 = load<i32>(D);
  const e0: i64 = load<i32>(E);
  let sumD = i64(u) * d0 + i64(v) * e0;
  let sumE = i64(q) * d0 + i64(r) * e0;
  // As many moduli as make the lowest 30 bits zero.
  moduliD -= i32((modulusInverse * u32(sumD) + u32(moduliD)) & u32(MASK));
  moduliE -= i32((modulusInverse * u32(sumE) + u32(moduliE)) & u32(MASK));
  const m0: i64 = load<i32>(modulus);
  sumD = (sumD + m0 * i64(moduliD)) >> BITS;
  sumE = (sumE + m0 * i64(moduliE)) >> BITS;
  for (let i: u32 = 4; i < end; i += 4) {
    const d: i64 = load<i32>(D + i);
    const e: i64 = load<i32>(E + i);
    const m: i64 = load<i32>(modulus + i);
    sumD += i64(u) * d + i64(v) * e + m * i64(moduliD);
    sumE += i64(q) * d + i64(r) * e + m * i64(moduliE);
    store<i32>(D + i - 4, i32(sumD & MASK));
    store<i32>(E + i - 4, i32(sumE & MASK));
    sumD >>= BITS;
    sumE >>= BITS;
  }
  store<i32>(D + last, i32(sumD));
  store<i32>(E + last, i32(sumE));
}

/** f, g := (u f + v g, q f + r g) / 2^30, which has no rest. */
function updateNumbers(): void {
  let sumF: i64 = 0;
  let sumG: i64 = 0;
  for (let i: u32 = 0; i < end; i += 4) {
    const f: i64 = load<i32>(F + i);
    const g: i64 = load<i32>(G + i);
    sumF += i64(u) * f + i64(v) * g;
    sumG += i64(q) * f + i64(r) * g;
    if (i > 0) {
      store<i32>(F + i - 4, i32(sumF & MASK));
      store<i32>(G + i - 4, i32(sumG & MASK));
    }
    sumF >>= BITS;
    sumG >>= BITS;
  }
  store<i32>(F + last, i32(sumF));
  store<i32>(G + last, i32(sumG));
}

/** Brings d, with its sign turned if f is minus one, to the range from 0 to the modulus. */
function finish(modulus: u32, isNegative: bool): void {
  if (load<i32>(D + last) < 0) addTo(D, modulus, 1);
  if (isNegative) {
    memory.fill(E, 0, end);
    addTo(E, D, -1);
    memory.copy(D, E, end);
  } else addTo(D, D, 0);
  if (load<i32>(D + last) < 0) addTo(D, modulus, 1);
}

/** a := a + k b, carried. */
function addTo(a: u32, b: u32, k: i64): void {
  let c: i64 = 0;
  for (let i: u32 = 0; i < last; i += 4) {
    c += i64(load<i32>(a + i)) + k * i64(load<i32>(b + i));
    store<i32>(a + i, i32(c & MASK));
    c >>= BITS;
  }
  store<i32>(a + last, i32(c + i64(load<i32>(a + last)) + k * i64(load<i32>(b + last))));
}

function isZero(a: u32): bool {
  let bits: u32 = 0;
  for (let i: u32 = 0; i < end; i += 4) bits |= load<u32>(a + i);
  return bits == 0;
}
