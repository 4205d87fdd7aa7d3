/** The 256-bit arithmetic of the kernel against BigInt, on random words and under aliasing. */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { createPrng, type Prng } from '../support/prng.ts';
import { randomWord, toSigned, WORD_MASK, wrap } from '../support/words.ts';
import { type Arith, loadArith } from './arith-entry.ts';

const CASES = 20_000;
const SEED = 0x10c2;

/** Addresses for a destination and three operands: multiples of 8, most not of 32. */
const SLOTS = [0x23008, 0x23040, 0x23078, 0x230b0] as const;

/** Which slot stands for the destination and for each operand: 0 is the destination's own. */
const ALIASES: readonly (readonly number[])[] = [
  [0, 1, 2, 3],
  [0, 0, 2, 3],
  [0, 1, 0, 3],
  [0, 1, 2, 0],
  [0, 0, 0, 0],
  [0, 1, 1, 1],
];

let arith: Arith;
let view: DataView;

before(async () => {
  arith = await loadArith();
  view = new DataView(arith.memory.buffer);
});

function write(address: number, value: bigint, limbs = 4): void {
  for (let i = 0; i < limbs; i++) view.setBigUint64(address + 8 * i, value >> BigInt(64 * i), true);
}

function read(address: number, limbs = 4): bigint {
  let value = 0n;
  for (let i = limbs - 1; i >= 0; i--) {
    value = (value << 64n) | view.getBigUint64(address + 8 * i, true);
  }
  return value;
}

function hex(values: readonly bigint[]): string {
  return values.map((value) => `0x${value.toString(16)}`).join(', ');
}

type Reference = (...values: bigint[]) => bigint;
type Operands = (prng: Prng) => bigint[];

/** Runs a function of words on random operands and under every way to alias them. */
function checkWords(name: string, count: number, reference: Reference, operands?: Operands): void {
  const prng = createPrng(SEED);
  const run = arith.call[name]!;
  for (let i = 0; i < CASES; i++) {
    const slots = ALIASES[i % ALIASES.length]!.map((slot) => SLOTS[slot]!);
    const values = operands?.(prng) ?? Array.from({ length: count }, () => randomWord(prng));
    write(slots[0]!, WORD_MASK);
    values.forEach((value, at) => {
      write(slots[at + 1]!, value);
    });
    const actual = values.map((_, at) => read(slots[at + 1]!));
    run(...slots.slice(0, count + 1));
    const expected = wrap(reference(...actual));
    if (read(slots[0]!) !== expected) {
      assert.fail(`${name}(${hex(actual)}) is ${hex([expected])}, not ${hex([read(slots[0]!)])}`);
    }
    actual.forEach((value, at) => {
      if (slots[at + 1] !== slots[0]) assert.equal(read(slots[at + 1]!), value, 'operand changed');
    });
  }
}

/** A dividend that lies at or beside a multiple of the divisor, or any. */
function dividend(prng: Prng, divisor: bigint): bigint {
  const offset = prng.pick([0n, -1n, 1n, divisor - 1n]);
  return prng.below(2) === 0 ? randomWord(prng) : wrap(randomWord(prng) * divisor + offset);
}

function division(prng: Prng): bigint[] {
  const divisor = randomWord(prng);
  return [dividend(prng, divisor), divisor];
}

/** Moduli of elliptic curves, which are met most, and any. */
const MODULI: readonly bigint[] = [
  2n ** 256n - 2n ** 32n - 977n,
  0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n,
  0x30644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd47n,
  2n ** 255n - 19n,
  2n ** 256n - 1n,
  2n ** 256n - 2n ** 64n + 1n,
];

function modular(prng: Prng): bigint[] {
  const modulus = prng.below(3) === 0 ? prng.pick(MODULI) : randomWord(prng);
  const operand = () => (prng.below(2) === 0 ? randomWord(prng) : dividend(prng, modulus));
  return [operand(), operand(), modulus];
}

function shifts(prng: Prng): bigint[] {
  return [randomWord(prng), prng.below(4) === 0 ? randomWord(prng) : BigInt(prng.below(300))];
}

function indexed(prng: Prng): bigint[] {
  return [prng.below(8) === 0 ? randomWord(prng) : BigInt(prng.below(40)), randomWord(prng)];
}

function powers(prng: Prng): bigint[] {
  const kind = prng.below(4);
  const exponent = kind === 0 ? randomWord(prng) : BigInt(prng.below(300));
  return [kind === 1 ? BigInt(prng.below(12)) : randomWord(prng), exponent];
}

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  let square = base;
  for (let rest = exponent; rest !== 0n; rest >>= 1n) {
    if (rest & 1n) result = wrap(result * square);
    square = wrap(square * square);
  }
  return result;
}

function bitLength(value: bigint): number {
  return value === 0n ? 0 : value.toString(2).length;
}

function ones(value: bigint): number {
  return value.toString(2).replaceAll('0', '').length;
}

function trailingZeros(value: bigint): number {
  return value === 0n ? 256 : bitLength(value & -value) - 1;
}

function reverseBytes(value: bigint): bigint {
  const digits = value.toString(16).padStart(64, '0');
  return BigInt(`0x${digits.match(/../g)!.reverse().join('')}`);
}

function signExtend(index: bigint, value: bigint): bigint {
  return index >= 31n ? value : BigInt.asIntN(Number(index) * 8 + 8, value);
}

/** Functions of words to a word: count of operands, reference, operands that suit it. */
const WORDS: Readonly<Record<string, readonly [number, Reference, Operands?]>> = {
  add256: [2, (a, b) => a! + b!],
  sub256: [2, (a, b) => a! - b!],
  and256: [2, (a, b) => a! & b!],
  or256: [2, (a, b) => a! | b!],
  xor256: [2, (a, b) => a! ^ b!],
  not256: [1, (a) => ~a!],
  neg256: [1, (a) => -a!],
  copy256: [1, (a) => a!],
  zero256: [0, () => 0n],
  bswap256: [1, (a) => reverseBytes(a!)],
  loadBe256: [1, (a) => reverseBytes(a!)],
  storeBe256: [1, (a) => reverseBytes(a!)],
  clz256: [1, (a) => BigInt(256 - bitLength(a!))],
  ctz256: [1, (a) => BigInt(trailingZeros(a!))],
  popcnt256: [1, (a) => BigInt(ones(a!))],
  mul256: [2, (a, b) => a! * b!],
  sqr256: [1, (a) => a! * a!],
  umulhi256: [2, (a, b) => (a! * b!) >> 256n],
  smulhi256: [2, (a, b) => (toSigned(a!) * toSigned(b!)) >> 256n],
  exp256: [2, (a, b) => power(a!, b!), powers],
  udiv256: [2, (a, b) => (b === 0n ? 0n : a! / b!), division],
  urem256: [2, (a, b) => (b === 0n ? 0n : a! % b!), division],
  sdiv256: [2, (a, b) => (b === 0n ? 0n : toSigned(a!) / toSigned(b!)), division],
  srem256: [2, (a, b) => (b === 0n ? 0n : toSigned(a!) % toSigned(b!)), division],
  addmod256: [3, (a, b, m) => (m === 0n ? 0n : (a! + b!) % m!), modular],
  mulmod256: [3, (a, b, m) => (m === 0n ? 0n : (a! * b!) % m!), modular],
  shl256: [2, (a, n) => (n! > 255n ? 0n : a! << n!), shifts],
  ushr256: [2, (a, n) => (n! > 255n ? 0n : a! >> n!), shifts],
  sshr256: [2, (a, n) => toSigned(a!) >> (n! > 255n ? 255n : n!), shifts],
  byte256: [2, (i, a) => (i! > 31n ? 0n : (a! >> (8n * (31n - i!))) & 0xffn), indexed],
  sext256: [2, (i, a) => signExtend(i!, a!), indexed],
};

describe('functions of words', () => {
  for (const [name, [count, reference, operands]] of Object.entries(WORDS)) {
    test(name, () => checkWords(name, count, reference, operands));
  }
});

/** Functions of words to a truth value or a count. */
const SCALARS: Readonly<Record<string, readonly [number, (a: bigint, b: bigint) => number]>> = {
  iszero256: [1, (a) => Number(a === 0n)],
  fits64: [1, (a) => Number(a < 2n ** 64n)],
  eq256: [2, (a, b) => Number(a === b)],
  ult256: [2, (a, b) => Number(a < b)],
  slt256: [2, (a, b) => Number(toSigned(a) < toSigned(b))],
  clzCount256: [1, (a) => 256 - bitLength(a)],
  ctzCount256: [1, trailingZeros],
  popcntCount256: [1, ones],
};

/** Two words, often alike but for a limb. */
function similar(prng: Prng): readonly [bigint, bigint] {
  const a = randomWord(prng);
  const kind = prng.below(4);
  if (kind === 0) return [a, a];
  return [a, kind === 1 ? randomWord(prng) : a ^ (1n << BigInt(prng.below(256)))];
}

describe('functions of words to a number', () => {
  for (const [name, [count, reference]] of Object.entries(SCALARS)) {
    test(name, () => {
      const prng = createPrng(SEED);
      for (let i = 0; i < CASES; i++) {
        const [a, b] = similar(prng);
        write(SLOTS[1], a);
        write(SLOTS[2], b);
        const result = Number(arith.call[name]!(...SLOTS.slice(1, count + 1)));
        if (result !== reference(a, b)) assert.fail(`${name}(${hex([a, b])}) is not ${result}`);
      }
    });
  }
});

/** Shifts by an immediate count. */
const IMMEDIATE: Readonly<Record<string, (a: bigint, n: bigint) => bigint>> = {
  shl256i: (a, n) => a << n,
  ushr256i: (a, n) => a >> n,
  sshr256i: (a, n) => toSigned(a) >> n,
};

describe('functions with immediate operands', () => {
  for (const [name, reference] of Object.entries(IMMEDIATE)) {
    test(name, () => {
      const prng = createPrng(SEED);
      for (let i = 0; i < CASES; i++) {
        const value = randomWord(prng);
        const source = SLOTS[i & 1]!;
        write(source, value);
        arith.call[name]!(SLOTS[0], source, i & 255);
        const expected = wrap(reference(value, BigInt(i & 255)));
        if (read(SLOTS[0]) !== expected) assert.fail(`${name}(${hex([value])}, ${i & 255})`);
      }
    });
  }

  test('set64, setLimbs, mulHi64, mul64', () => {
    const prng = createPrng(SEED);
    for (let i = 0; i < CASES; i++) {
      const [a, b] = [randomWord(prng), randomWord(prng)];
      const [low, other] = [BigInt.asUintN(64, a), BigInt.asUintN(64, b)];
      write(SLOTS[0], WORD_MASK);
      arith.call.set64!(SLOTS[0], low);
      assert.equal(read(SLOTS[0]), low);
      arith.call.setLimbs!(SLOTS[0], a, a >> 64n, a >> 128n, a >> 192n);
      assert.equal(read(SLOTS[0]), a);
      assert.equal(wrap(BigInt(arith.call.mulHi64!(a, b))) % 2n ** 64n, (low * other) >> 64n);
      arith.call.mul64!(SLOTS[0], a, b);
      assert.equal(read(SLOTS[0]), low * other);
    }
  });

  test('mul512', () => {
    const prng = createPrng(SEED);
    for (let i = 0; i < CASES; i++) {
      const [a, b] = [randomWord(prng), randomWord(prng)];
      write(0x23200, WORD_MASK, 8);
      write(SLOTS[1], a);
      write(SLOTS[2], b);
      arith.call.mul512!(0x23200, SLOTS[1], SLOTS[2]);
      if (read(0x23200, 8) !== a * b) assert.fail(`mul512(${hex([a, b])})`);
    }
  });
});

describe('udivrem256', () => {
  /** Slots for quotient, remainder, dividend, divisor. */
  const layouts = [
    [0, 1, 2, 3],
    [2, 3, 2, 3],
    [3, 2, 2, 3],
    [2, 1, 2, 3],
    [0, 2, 2, 3],
  ] as const;

  test('quotient and remainder together, under every way to alias them', () => {
    const prng = createPrng(SEED);
    for (let i = 0; i < CASES; i++) {
      const [a, b] = division(prng) as [bigint, bigint];
      const [q, r, left, right] = layouts[i % layouts.length]!.map((slot) => SLOTS[slot]!);
      write(left!, a);
      write(right!, b);
      arith.call.udivrem256!(q!, r!, left!, right!);
      assert.equal(read(q!), b === 0n ? 0n : a / b, `quotient of ${hex([a, b])}`);
      assert.equal(read(r!), b === 0n ? 0n : a % b, `remainder of ${hex([a, b])}`);
    }
  });

  test('address 0 stays untouched when a result is not wanted', () => {
    write(0, WORD_MASK);
    write(SLOTS[1], 10n ** 60n);
    write(SLOTS[2], 10n ** 25n + 1n);
    arith.call.udivrem256!(SLOTS[0], 0, SLOTS[1], SLOTS[2]);
    arith.call.udivrem256!(0, SLOTS[3], SLOTS[1], SLOTS[2]);
    assert.equal(read(0), WORD_MASK);
    assert.equal(read(SLOTS[0]), 10n ** 60n / (10n ** 25n + 1n));
    assert.equal(read(SLOTS[3]), 10n ** 60n % (10n ** 25n + 1n));
  });
});

test('mulmod256 counts the carry when a product folds to just below 2^256', () => {
  const prng = createPrng(SEED);
  for (let i = 0; i < CASES; i++) {
    const c = i === 0 ? 2n ** 32n + 977n : prng.bigint(40 + prng.below(25)) | (1n << 39n);
    const m = 2n ** 256n - c;
    // (2^256 - 1) * b folds to k * 2^256 + 2^256 - e, with 0 < e <= c.
    const k = prng.bigint(30) + 1n;
    const b = (k * 2n ** 256n) / (c - 1n) + 1n;
    write(SLOTS[1], WORD_MASK);
    write(SLOTS[2], b);
    write(SLOTS[3], m);
    arith.call.mulmod256!(...SLOTS);
    if (read(SLOTS[0]) !== (WORD_MASK * b) % m) assert.fail(`mulmod256(${hex([b, m])})`);
  }
});

/** Moduli of one to four limbs: powers of two and their neighbours, edge limbs, curves, any. */
function edgeModulus(prng: Prng): bigint {
  const kind = prng.below(4);
  if (kind === 0) return prng.pick(MODULI);
  if (kind === 1) return prng.bigint(64 * prng.below(4) + 1 + prng.below(64)) + 1n;
  const power = 1n << BigInt(kind === 2 ? 256 - prng.below(70) : prng.below(256));
  return wrap(power + BigInt(prng.below(5) - 2)) || randomWord(prng);
}

/** Factors with a product at, below or above a multiple of the modulus, or any. */
function factors(prng: Prng, m: bigint): readonly [bigint, bigint] {
  const kind = prng.below(4);
  if (m === 0n || kind === 0) return [randomWord(prng), randomWord(prng)];
  const a = (prng.below(4) === 0 ? m * 2n - 1n - BigInt(prng.below(2)) : randomWord(prng)) % m;
  if (kind === 1 || a <= 0n) return [wrap(a), prng.below(2) === 0 ? m - 1n : randomWord(prng)];
  const small = kind === 2 ? (a >> BigInt(prng.below(200) + 1)) + 1n : a;
  const b = ((prng.bigint(256) % small) * m) / small + BigInt(prng.below(3) - 1);
  return [small, wrap(b)];
}

test('mulmod256 by a modulus that comes again', () => {
  const prng = createPrng(SEED);
  for (let i = 0; i < CASES; i++) {
    const m = edgeModulus(prng);
    write(SLOTS[3], m);
    for (let turn = 0; turn < 5; turn++) {
      const [a, b] = prng.below(2) === 0 ? factors(prng, m) : factors(prng, m).toReversed();
      write(SLOTS[1], a!);
      write(SLOTS[2], b!);
      const dst = SLOTS[turn % 3]!;
      arith.call.mulmod256!(dst, SLOTS[1], SLOTS[2], SLOTS[3]);
      const expected = m === 0n ? 0n : (a! * b!) % m;
      if (read(dst) !== expected)
        assert.fail(`mulmod256(${hex([a!, b!, m])}) is ${hex([read(dst)])}`);
    }
  }
});

test('mulmod256 by moduli that take turns', () => {
  const prng = createPrng(SEED);
  const moduli = Array.from({ length: 200 }, () => edgeModulus(prng));
  for (let i = 0; i < CASES; i++) {
    const m = moduli[prng.below(prng.below(200) + 1)]!;
    const [a, b] = factors(prng, m);
    write(SLOTS[1], a);
    write(SLOTS[2], b);
    write(SLOTS[3], m);
    arith.call.mulmod256!(...SLOTS);
    if (read(SLOTS[0]) !== (m === 0n ? 0n : (a * b) % m))
      assert.fail(`mulmod256(${hex([a, b, m])})`);
  }
});

test('big-endian loads and stores work at any address', () => {
  const prng = createPrng(SEED);
  for (let offset = 0; offset < 32; offset++) {
    const bytes = prng.bytes(32);
    new Uint8Array(arith.memory.buffer).set(bytes, 0x23400 + offset);
    arith.call.loadBe256!(SLOTS[0], 0x23400 + offset);
    assert.equal(read(SLOTS[0]), BigInt(`0x${Buffer.from(bytes).toString('hex')}`));
    arith.call.storeBe256!(0x23500 + offset, SLOTS[0]);
    const stored = new Uint8Array(arith.memory.buffer, 0x23500 + offset, 32);
    assert.deepEqual(Buffer.from(stored), Buffer.from(bytes));
  }
});
