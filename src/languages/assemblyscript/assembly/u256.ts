/**
 * Unsigned numbers of 256 bits. Operators check: what does not fit, and a division by zero, revert
 * with the panics of Solidity. The `wrapping` methods keep the low 256 bits.
 *
 * A number is four limbs of 64 bits, the lowest first, and does not change once it is made.
 */
import { PANIC_DIVISION, PANIC_OVERFLOW, panic } from './panic';

/** Limbs of 32 bits in a number. */
const LIMBS: i32 = 8;

@inline
function limb(p: usize, index: i32): u64 {
  return load<u32>(p + ((<usize>index) << 2));
}

@inline
function setLimb(p: usize, index: i32, value: u64): void {
  store<u32>(p + ((<usize>index) << 2), <u32>value);
}

/** Count of limbs without leading zeros. */
function limbCount(p: usize): i32 {
  let count = LIMBS;
  while (count > 0 && limb(p, count - 1) == 0) count--;
  return count;
}

/** Low 256 bits of a product; whether there were more. */
function multiply(a: usize, b: usize, result: usize): bool {
  const aCount = limbCount(a);
  const bCount = limbCount(b);
  let isOver = aCount + bCount > LIMBS + 1;
  for (let i = 0; i < aCount; i++) {
    const factor = limb(a, i);
    let carry: u64 = 0;
    let at = i;
    for (let j = 0; j < bCount && at < LIMBS; j++, at++) {
      const sum = factor * limb(b, j) + limb(result, at) + carry;
      setLimb(result, at, sum);
      carry = sum >> 32;
    }
    if (at < LIMBS) setLimb(result, at, carry);
    else if (carry != 0) isOver = true;
  }
  return isOver;
}

/** Divisor and dividend, shifted so that the divisor's highest bit is set. */
const DIVISOR = memory.data(32, 8);
const DIVIDEND = memory.data(40, 8);

function shiftLimbs(from: usize, count: i32, shift: u64, to: usize): u64 {
  let carry: u64 = 0;
  for (let i = 0; i < count; i++) {
    const wide = (limb(from, i) << shift) | carry;
    setLimb(to, i, wide);
    carry = wide >> 32;
  }
  return carry;
}

/** Takes `factor` times the divisor from the dividend at a limb; whether it was too much. */
function subtractProduct(at: i32, count: i32, factor: u64): bool {
  let borrow: u64 = 0;
  for (let i = 0; i < count; i++) {
    const product = factor * limb(DIVISOR, i) + borrow;
    const difference = limb(DIVIDEND, at + i) - (product & 0xffff_ffff);
    setLimb(DIVIDEND, at + i, difference);
    borrow = (product >> 32) + (difference >> 63);
  }
  const top = limb(DIVIDEND, at + count) - borrow;
  setLimb(DIVIDEND, at + count, top);
  return top >> 63 != 0;
}

function addDivisor(at: i32, count: i32): void {
  let carry: u64 = 0;
  for (let i = 0; i < count; i++) {
    carry += limb(DIVIDEND, at + i) + limb(DIVISOR, i);
    setLimb(DIVIDEND, at + i, carry);
    carry >>= 32;
  }
  setLimb(DIVIDEND, at + count, limb(DIVIDEND, at + count) + carry);
}

/** Division by a number of one limb. */
function divideShort(a: usize, count: i32, by: u64, quotient: usize, remainder: usize): void {
  let rest: u64 = 0;
  for (let i = count - 1; i >= 0; i--) {
    const wide = (rest << 32) | limb(a, i);
    setLimb(quotient, i, wide / by);
    rest = wide % by;
  }
  setLimb(remainder, 0, rest);
}

/** Algorithm D of Knuth, The Art of Computer Programming, volume 2, section 4.3.1. */
function divide(a: usize, b: usize, quotient: usize, remainder: usize): void {
  const n = limbCount(b);
  const m = limbCount(a);
  if (n == 0) panic(PANIC_DIVISION);
  if (m < n) return memory.copy(remainder, a, 32);
  if (n == 1) return divideShort(a, m, limb(b, 0), quotient, remainder);
  const shift = <u64>clz(<u32>limb(b, n - 1));
  shiftLimbs(b, n, shift, DIVISOR);
  setLimb(DIVIDEND, m, shiftLimbs(a, m, shift, DIVIDEND));
  const high = limb(DIVISOR, n - 1);
  const next = limb(DIVISOR, n - 2);
  for (let j = m - n; j >= 0; j--) {
    const wide = (limb(DIVIDEND, j + n) << 32) | limb(DIVIDEND, j + n - 1);
    let digit = wide / high;
    let rest = wide % high;
    while (digit >> 32 != 0 || digit * next > ((rest << 32) | limb(DIVIDEND, j + n - 2))) {
      digit--;
      rest += high;
      if (rest >> 32 != 0) break;
    }
    if (subtractProduct(j, n, digit)) {
      digit--;
      addDivisor(j, n);
    }
    setLimb(quotient, j, digit);
  }
  for (let i = 0; i < n; i++) {
    const above = limb(DIVIDEND, i + 1) << (32 - shift);
    setLimb(remainder, i, (limb(DIVIDEND, i) >> shift) | above);
  }
}

export class u256 {
  constructor(
    public limb0: u64 = 0,
    public limb1: u64 = 0,
    public limb2: u64 = 0,
    public limb3: u64 = 0,
  ) {}

  static get zero(): u256 {
    return new u256();
  }

  /** The greatest number, 2^256 - 1. */
  static get max(): u256 {
    return new u256(u64.MAX_VALUE, u64.MAX_VALUE, u64.MAX_VALUE, u64.MAX_VALUE);
  }

  static from(value: u64): u256 {
    return new u256(value);
  }

  /** Takes 32 bytes, the highest first. */
  read(p: usize): void {
    this.limb0 = bswap(load<u64>(p, 24));
    this.limb1 = bswap(load<u64>(p, 16));
    this.limb2 = bswap(load<u64>(p, 8));
    this.limb3 = bswap(load<u64>(p));
  }

  /** Writes the 32 bytes, the highest first. */
  write(p: usize): void {
    store<u64>(p, bswap(this.limb3));
    store<u64>(p, bswap(this.limb2), 8);
    store<u64>(p, bswap(this.limb1), 16);
    store<u64>(p, bswap(this.limb0), 24);
  }

  get isZero(): bool {
    return (this.limb0 | this.limb1 | this.limb2 | this.limb3) == 0;
  }

  /** The number where it has at most 64 bits; else the panic of an overflow. */
  toU64(): u64 {
    if ((this.limb1 | this.limb2 | this.limb3) != 0) panic(PANIC_OVERFLOW);
    return this.limb0;
  }

  wrappingAdd(other: u256): u256 {
    const a = this.limb0 + other.limb0;
    const carry0 = u64(a < this.limb0);
    const b = this.limb1 + other.limb1;
    const bSum = b + carry0;
    const carry1 = u64(b < this.limb1) | u64(bSum < b);
    const c = this.limb2 + other.limb2;
    const cSum = c + carry1;
    const carry2 = u64(c < this.limb2) | u64(cSum < c);
    return new u256(a, bSum, cSum, this.limb3 + other.limb3 + carry2);
  }

  wrappingSub(other: u256): u256 {
    const borrow0 = u64(this.limb0 < other.limb0);
    const b = this.limb1 - other.limb1;
    const borrow1 = u64(this.limb1 < other.limb1) | u64(b < borrow0);
    const c = this.limb2 - other.limb2;
    const borrow2 = u64(this.limb2 < other.limb2) | u64(c < borrow1);
    return new u256(
      this.limb0 - other.limb0,
      b - borrow0,
      c - borrow1,
      this.limb3 - other.limb3 - borrow2,
    );
  }

  wrappingMul(other: u256): u256 {
    const result = new u256();
    multiply(changetype<usize>(this), changetype<usize>(other), changetype<usize>(result));
    return result;
  }

  @operator('+')
  add(other: u256): u256 {
    const sum = this.wrappingAdd(other);
    if (sum < this) panic(PANIC_OVERFLOW);
    return sum;
  }

  @operator('-')
  sub(other: u256): u256 {
    if (this < other) panic(PANIC_OVERFLOW);
    return this.wrappingSub(other);
  }

  @operator('*')
  mul(other: u256): u256 {
    const result = new u256();
    if (multiply(changetype<usize>(this), changetype<usize>(other), changetype<usize>(result))) {
      panic(PANIC_OVERFLOW);
    }
    return result;
  }

  @operator('/')
  div(other: u256): u256 {
    const quotient = new u256();
    divideInto(this, other, quotient, new u256());
    return quotient;
  }

  @operator('%')
  rem(other: u256): u256 {
    const remainder = new u256();
    divideInto(this, other, new u256(), remainder);
    return remainder;
  }

  @operator('**')
  pow(exponent: u256): u256 {
    let result = u256.from(1);
    let square: u256 = this;
    let left = exponent;
    while (!left.isZero) {
      if ((left.limb0 & 1) != 0) result = result * square;
      left = left >> 1;
      if (!left.isZero) square = square * square;
    }
    return result;
  }

  @operator('<<')
  shl(bits: i32): u256 {
    if (<u32>bits > 255) return u256.zero;
    let value: u256 = this;
    for (let whole = bits >> 6; whole > 0; whole--) {
      value = new u256(0, value.limb0, value.limb1, value.limb2);
    }
    const left = <u64>(bits & 63);
    if (left == 0) return value;
    const right = 64 - left;
    return new u256(
      value.limb0 << left,
      (value.limb1 << left) | (value.limb0 >> right),
      (value.limb2 << left) | (value.limb1 >> right),
      (value.limb3 << left) | (value.limb2 >> right),
    );
  }

  @operator('>>')
  shr(bits: i32): u256 {
    if (<u32>bits > 255) return u256.zero;
    let value: u256 = this;
    for (let whole = bits >> 6; whole > 0; whole--) {
      value = new u256(value.limb1, value.limb2, value.limb3, 0);
    }
    const right = <u64>(bits & 63);
    if (right == 0) return value;
    const left = 64 - right;
    return new u256(
      (value.limb0 >> right) | (value.limb1 << left),
      (value.limb1 >> right) | (value.limb2 << left),
      (value.limb2 >> right) | (value.limb3 << left),
      value.limb3 >> right,
    );
  }

  @operator('&')
  and(other: u256): u256 {
    return new u256(
      this.limb0 & other.limb0,
      this.limb1 & other.limb1,
      this.limb2 & other.limb2,
      this.limb3 & other.limb3,
    );
  }

  @operator('|')
  or(other: u256): u256 {
    return new u256(
      this.limb0 | other.limb0,
      this.limb1 | other.limb1,
      this.limb2 | other.limb2,
      this.limb3 | other.limb3,
    );
  }

  @operator('^')
  xor(other: u256): u256 {
    return new u256(
      this.limb0 ^ other.limb0,
      this.limb1 ^ other.limb1,
      this.limb2 ^ other.limb2,
      this.limb3 ^ other.limb3,
    );
  }

  @operator('==')
  equals(other: u256): bool {
    return (
      ((this.limb0 ^ other.limb0) |
        (this.limb1 ^ other.limb1) |
        (this.limb2 ^ other.limb2) |
        (this.limb3 ^ other.limb3)) ==
      0
    );
  }

  @operator('!=')
  differs(other: u256): bool {
    return !this.equals(other);
  }

  @operator('<')
  below(other: u256): bool {
    if (this.limb3 != other.limb3) return this.limb3 < other.limb3;
    if (this.limb2 != other.limb2) return this.limb2 < other.limb2;
    if (this.limb1 != other.limb1) return this.limb1 < other.limb1;
    return this.limb0 < other.limb0;
  }

  @operator('>')
  above(other: u256): bool {
    return other.below(this);
  }

  @operator('<=')
  atMost(other: u256): bool {
    return !other.below(this);
  }

  @operator('>=')
  atLeast(other: u256): bool {
    return !this.below(other);
  }
}

function divideInto(a: u256, b: u256, quotient: u256, remainder: u256): void {
  divide(
    changetype<usize>(a),
    changetype<usize>(b),
    changetype<usize>(quotient),
    changetype<usize>(remainder),
  );
}
