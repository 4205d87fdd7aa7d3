/** The precompiles that have code of their own for speed, against the curve library. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { bls12_381 } from '@noble/curves/bls12-381.js';
import { bn254 } from '@noble/curves/bn254.js';
import { p256 } from '@noble/curves/nist.js';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { bytesToHex, concatBytes } from '../../src/base/bytes.ts';
import { lazyCurves } from '../../src/vms/evm/precompiles/curves.ts';
import type { Group } from '../../src/vms/evm/precompiles/pairing.ts';
import { powMod64 } from '../../src/vms/evm/precompiles/power64.ts';
import { recoverPublicKey, signDigest } from '../../src/vms/evm/precompiles/secp256k1.ts';
import type { Prng } from '../support/prng.ts';
import { createPrng } from '../support/prng.ts';
import type { Library } from './pairing-library.ts';
import { add, bytesOf, map, multiply, numberOf, pair, writePoint } from './pairing-library.ts';

const textOf = (bytes: Uint8Array | null | undefined) => bytes && bytesToHex(bytes);

describe('recovery on secp256k1', () => {
  const ORDER = secp256k1.Point.Fn.ORDER;
  const PRIME = secp256k1.Point.Fp.ORDER;

  function recoverByLibrary(hash: Uint8Array, r: bigint, s: bigint, yParity: 0 | 1) {
    try {
      const signature = new secp256k1.Signature(r, s, yParity);
      return signature.recoverPublicKey(hash).toBytes(false).subarray(1);
    } catch {
      return undefined;
    }
  }

  function check(hash: Uint8Array, r: bigint, s: bigint, yParity: 0 | 1): Uint8Array | undefined {
    const found = recoverPublicKey(hash, concatBytes(bytesOf(r, 32), bytesOf(s, 32)), yParity);
    const expected = recoverByLibrary(hash, r, s, yParity);
    assert.equal(textOf(found), textOf(expected), `${textOf(hash)} ${r} ${s} ${yParity}`);
    return found;
  }

  it('finds the key that signed', () => {
    const prng = createPrng(1);
    for (let i = 0; i < 200; i++) {
      const [hash, key] = [prng.bytes(32), prng.bytes(32)];
      const { r, s, yParity } = signDigest(hash, key);
      const found = recoverPublicKey(hash, concatBytes(bytesOf(r, 32), bytesOf(s, 32)), yParity);
      assert.equal(textOf(found), textOf(secp256k1.getPublicKey(key, false).subarray(1)));
      const high = concatBytes(bytesOf(r, 32), bytesOf(ORDER - s, 32));
      assert.equal(textOf(recoverPublicKey(hash, high, yParity === 0 ? 1 : 0)), textOf(found));
    }
  });

  it('agrees on any numbers', () => {
    const prng = createPrng(2);
    for (let i = 0; i < 400; i++) {
      const bits = [16, 64, 128, 200, 256][i % 5]!;
      check(prng.bytes(32), prng.bigint(bits), prng.bigint(bits), i & 1 ? 1 : 0);
    }
  });

  it('agrees on numbers at the ends of the ranges', () => {
    const edges = [
      0n,
      1n,
      2n,
      3n,
      ORDER - 1n,
      ORDER,
      ORDER + 1n,
      PRIME - 1n,
      PRIME,
      2n ** 256n - 1n,
    ];
    const hashes = [0n, 1n, ORDER - 1n, ORDER, ORDER + 1n, 2n ** 256n - 1n, 2n ** 128n, 2n ** 255n];
    for (const r of edges) {
      for (const s of edges) for (const hash of hashes) check(bytesOf(hash, 32), r, s, 1);
    }
  });

  it('agrees where the factors have long runs of equal bits', () => {
    // The hash and s that give the factors of the base point and of the point behind r.
    const r = secp256k1.Point.BASE.multiply(7n).toAffine().x;
    const factors = [1n, 2n, 2n ** 128n - 1n, 2n ** 128n, ORDER >> 1n, ORDER - 2n ** 128n];
    const lambda = 0x5363ad4cc05c30e0a5261c028812645a122e22ea20816678df02967c1b23bd72n;
    const all = [...factors, lambda, ORDER - lambda, ORDER - 1n, 0n];
    for (const base of all) {
      for (const key of all.slice(0, -1)) {
        const hash = bytesOf((((ORDER - base) % ORDER) * r) % ORDER, 32);
        check(hash, r, (key * r) % ORDER, 0);
      }
    }
  });

  it('agrees where points of the sum meet: the same, the opposite, and infinity', () => {
    const multiples = [1n, 2n, 3n, 5n, 15n, 16n, 2n ** 128n, 2n ** 127n + 1n];
    let infinities = 0;
    for (const multiple of multiples) {
      const { x: r, y } = secp256k1.Point.BASE.multiply(multiple).toAffine();
      const parity = y % 2n === 0n ? 0 : 1;
      for (const key of multiples) {
        for (const base of [key * multiple, ORDER - key * multiple, key, multiple]) {
          const u = ((base % ORDER) + ORDER) % ORDER;
          const hash = bytesOf((((ORDER - u) % ORDER) * r) % ORDER, 32);
          if (check(hash, r % ORDER, (key * r) % ORDER, parity) === undefined) infinities++;
        }
      }
    }
    assert.ok(infinities > 0);
  });

  it('asks for sizes that a digest and a signature have', () => {
    assert.throws(() => recoverPublicKey(new Uint8Array(31), new Uint8Array(64), 0), /BUG/);
    assert.throws(() => recoverPublicKey(new Uint8Array(32), new Uint8Array(65), 0), /BUG/);
  });
});

const CURVES = [
  { name: 'bn254', library: { curve: bn254, fieldBytes: 32, isImaginaryFirst: true } },
  { name: 'bls12_381', library: { curve: bls12_381, fieldBytes: 64, isImaginaryFirst: false } },
] as const;

for (const { name, library } of CURVES) {
  const { curve, fieldBytes } = library;
  const own = lazyCurves(name);
  const { Fp, Fr } = curve.fields;
  // Every point of bn254's G1 is in the subgroup, and its precompiles have no multiples of G2.
  const groups: readonly Group[] = name === 'bn254' ? [1] : [1, 2];

  const generator = (group: Group) => (group === 1 ? curve.G1.Point.BASE : curve.G2.Point.BASE);
  const zeros = (group: Group) => new Uint8Array(2 * fieldBytes * group);
  const field = (value: bigint) => bytesOf(value, fieldBytes);
  const multipleOf = (group: Group, factor: bigint) => {
    const scalar = factor % Fr.ORDER;
    return scalar === 0n
      ? zeros(group)
      : writePoint(library, (generator(group) as typeof curve.G1.Point.BASE).multiply(scalar));
  };

  /** A point of the curve with a small x, nearly always outside the subgroup. */
  function outsider(group: Group, from: bigint): Uint8Array {
    const F = (group === 1 ? Fp : curve.fields.Fp2) as typeof curve.fields.Fp2;
    const { b } = (group === 1 ? curve.G1 : curve.G2).Point.CURVE();
    for (let n = from; ; n++) {
      const x = (group === 1 ? n : { c0: n, c1: 1n }) as { c0: bigint; c1: bigint };
      const right = F.add(F.mul(F.sqr(x), x), b as typeof x);
      if (!F.eql(F.pow(right, (F.ORDER - 1n) / 2n), F.ONE)) continue;
      const point = { x, y: F.sqrt(right) };
      const Point = (group === 1 ? curve.G1 : curve.G2).Point as typeof curve.G2.Point;
      return writePoint(library, Point.fromAffine(point));
    }
  }

  /** Inputs that are no points: off the curve, numbers not below the prime, half infinity. */
  function badPoints(group: Group): Uint8Array[] {
    const good = multipleOf(group, 5n);
    const parts = good.length / fieldBytes;
    const off = good.slice();
    off[off.length - 1]! ^= 1;
    const half = good.slice();
    half.fill(0, half.length / 2);
    return [
      off,
      half,
      ...[Fp.ORDER, Fp.ORDER + 1n, 2n ** BigInt(8 * fieldBytes) - 1n].flatMap((value) =>
        Array.from({ length: parts }, (_, part) => {
          const bytes = zeros(group);
          bytes.set(field(value), part * fieldBytes);
          return bytes;
        }),
      ),
    ];
  }

  describe(name, () => {
    it('adds', () => {
      const prng = createPrng(3);
      for (const group of groups) {
        const a = prng.bigint(256);
        const points = [
          ...[0n, 1n, 2n, 3n, Fr.ORDER - 1n, Fr.ORDER - 2n, a, Fr.ORDER * 8n - a].map((factor) =>
            multipleOf(group, factor),
          ),
          outsider(group, 5n),
          ...badPoints(group).slice(0, 4),
        ];
        for (const p of points) {
          for (const q of points) {
            const input = concatBytes(p, q);
            assert.equal(textOf(own.add(group, input)), textOf(add(library, group, input)));
          }
        }
      }
    });

    it('refuses what is no point', () => {
      for (const group of groups) {
        for (const bad of badPoints(group)) {
          assert.equal(own.add(group, concatBytes(bad, zeros(group))), null);
          assert.equal(own.add(group, concatBytes(zeros(group), bad)), null);
          assert.equal(own.multiply(group, concatBytes(bad, new Uint8Array(32))), null);
        }
      }
      for (const bad of badPoints(1)) assert.equal(own.pair(concatBytes(bad, zeros(2))), null);
      for (const bad of badPoints(2)) assert.equal(own.pair(concatBytes(zeros(1), bad)), null);
    });

    it('multiplies', () => {
      const prng = createPrng(4);
      const scalars = [0n, 1n, 2n, 3n, 16n, 31n, Fr.ORDER - 1n, Fr.ORDER, Fr.ORDER + 1n];
      const wide = [2n ** 255n, 2n ** 256n - 1n, 2n ** 128n - 1n, prng.bigint(256)];
      for (const group of groups) {
        for (const scalar of [...scalars, ...wide]) {
          for (const factor of [0n, 1n, prng.bigint(250)]) {
            const input = concatBytes(multipleOf(group, factor), bytesOf(scalar, 32));
            const expected = multiply(library, group, input);
            assert.equal(textOf(own.multiply(group, input)), textOf(expected), `${scalar}`);
          }
        }
      }
    });

    it('sums up multiples, with equal, opposite and infinite points among them', () => {
      if (name === 'bn254') return assert.equal(groups.length, 1);
      const prng = createPrng(5);
      for (const group of groups) {
        for (const count of [2, 5, 33, 65]) {
          const items = Array.from({ length: count }, (_, i) => {
            const factor = [7n, Fr.ORDER - 7n, 0n, 14n, BigInt(i)][i % 5]!;
            const scalar = i % 3 === 0 ? BigInt(i) : prng.bigint(256);
            return concatBytes(multipleOf(group, factor), bytesOf(scalar, 32));
          });
          const input = concatBytes(...items);
          const expected = multiply(library, group, input);
          assert.equal(textOf(own.multiply(group, input)), textOf(expected), `${group} ${count}`);
        }
      }
    });

    it('refuses points outside the subgroup', () => {
      for (let n = 1n; n < 60n; n += 11n) {
        if (name === 'bls12_381') {
          for (const group of groups) {
            const input = concatBytes(outsider(group, n), bytesOf(3n, 32));
            assert.equal(own.multiply(group, input), null);
            assert.equal(multiply(library, group, input), null);
          }
          assert.equal(own.pair(concatBytes(outsider(1, n), zeros(2))), null);
        }
        assert.equal(own.pair(concatBytes(zeros(1), outsider(2, n))), null);
      }
    });

    it('refuses a point of order three, and adds it', () => {
      if (name === 'bn254') return assert.equal(curve.G1.Point.CURVE().h, 1n);
      const point = concatBytes(field(0n), field(2n));
      const opposite = concatBytes(field(0n), field(Fp.ORDER - 2n));
      assert.equal(textOf(own.add(1, concatBytes(point, point))), textOf(opposite));
      assert.equal(textOf(own.add(1, concatBytes(point, opposite))), textOf(zeros(1)));
      assert.equal(own.multiply(1, concatBytes(point, bytesOf(3n, 32))), null);
      assert.equal(own.pair(concatBytes(point, zeros(2))), null);
    });

    it('pairs', () => {
      const prng = createPrng(6);
      const term = (a: bigint, b: bigint) => concatBytes(multipleOf(1, a), multipleOf(2, b));
      for (let i = 0; i < 4; i++) {
        const [a, b] = [prng.bigint(250), prng.bigint(250)];
        const good = concatBytes(term(a, b), term(Fr.ORDER - ((a * b) % Fr.ORDER), 1n));
        const bad = concatBytes(term(a, b), term(Fr.ORDER - ((a * b) % Fr.ORDER), 2n));
        const three = concatBytes(term(a, 2n), term(a, 3n), term(5n * (Fr.ORDER - a), 1n));
        const blank = concatBytes(term(0n, 3n), good, term(3n, 0n), term(0n, 0n));
        for (const input of [good, three, blank]) assert.equal(own.pair(input), true);
        for (const input of [bad, term(a, b), term(1n, 1n)]) assert.equal(own.pair(input), false);
        assert.equal(pair(library, good), true);
        assert.equal(pair(library, bad), false);
      }
    });
  });
}

describe('maps to bls12_381', () => {
  const library: Library = { curve: bls12_381, fieldBytes: 64, isImaginaryFirst: false };
  const own = lazyCurves('bls12_381');
  const prime = bls12_381.fields.Fp.ORDER;
  const drawn = (prng: Prng) => prng.bigint(400) % prime;

  function check(group: Group, ...parts: readonly bigint[]): void {
    const input = concatBytes(...parts.map((part) => bytesOf(part, 64)));
    const expected = map(library, group, input);
    assert.equal(textOf(own.map(group, input)), textOf(expected), `${group} ${parts}`);
  }

  it('agree', () => {
    const prng = createPrng(7);
    const edges = [0n, 1n, 2n, prime - 1n, prime - 2n, (prime - 1n) / 2n, prime, 2n ** 512n - 1n];
    for (const edge of edges) {
      check(1, edge);
      for (const other of edges) check(2, edge, other);
    }
    for (let i = 0; i < 30; i++) {
      check(1, drawn(prng));
      check(2, drawn(prng), drawn(prng));
    }
  });
});

describe('verification on P-256', () => {
  const own = lazyCurves('p256');
  const ORDER = p256.Point.Fn.ORDER;
  const PRIME = p256.Point.Fp.ORDER;
  const word = (value: bigint) => bytesOf(value, 32);

  function verifyByLibrary(input: Uint8Array): boolean {
    const key = concatBytes(Uint8Array.of(4), input.subarray(96));
    const options = { lowS: false, prehash: false, format: 'compact' } as const;
    return p256.verify(input.subarray(32, 96), input.subarray(0, 32), key, options);
  }

  function check(...parts: readonly Uint8Array[]): boolean {
    const input = concatBytes(...parts);
    const expected = verifyByLibrary(input);
    assert.equal(own.verify(input), expected, bytesToHex(input));
    return expected;
  }

  it('agrees on signatures, and on such with a byte changed', () => {
    const prng = createPrng(8);
    for (let i = 0; i < 60; i++) {
      const [hash, key] = [prng.bytes(32), prng.bytes(32)];
      if (i % 5 === 0) hash.fill(0xff, 0, 30);
      const signature = p256.sign(hash, key, { prehash: false, format: 'compact' });
      const point = p256.getPublicKey(key, false).subarray(1);
      assert.equal(check(hash, signature, point), true);
      const input = concatBytes(hash, signature, point);
      input[prng.below(160)]! ^= 1 + prng.below(255);
      check(input);
      const { r, s } = p256.Signature.fromBytes(signature, 'compact');
      assert.equal(check(hash, word(r), word(ORDER - s), point), true);
    }
  });

  it('agrees on numbers at the ends of the ranges', () => {
    const { x, y } = p256.Point.BASE.toAffine();
    const keys = [
      [x, y],
      [x, PRIME - y],
      [0n, 0n],
      [x, y + 1n],
      [PRIME, y],
      [2n ** 256n - 1n, y],
      [x, 2n ** 256n - 1n],
    ].map((pair) => concatBytes(...pair.map(word)));
    const edges = [0n, 1n, 2n, x, ORDER - 1n, ORDER, ORDER + 1n, 2n ** 256n - 1n];
    for (const key of keys) {
      for (const r of edges) for (const s of edges) check(word(7n), word(r), word(s), key);
    }
  });

  it('agrees where the sum meets its own terms, or is infinity', () => {
    const { x } = p256.Point.BASE.toAffine();
    const hashes = [0n, 1n, 2n, x, ORDER - x, ORDER - 1n, ORDER, ORDER + 1n, 2n ** 256n - 1n];
    let holding = 0;
    for (const factor of [1n, 2n, 3n, ORDER - 1n, ORDER - 2n]) {
      const point = p256.Point.BASE.multiply(factor).toBytes(false).subarray(1);
      for (const hash of hashes) {
        for (const s of [1n, 2n, x, ORDER - 1n]) {
          for (const r of [1n, x % ORDER]) {
            if (check(word(hash), word(r), word(s), point)) holding++;
          }
        }
      }
    }
    assert.ok(holding > 0);
  });
});

describe('powers modulo 64 bits', () => {
  function powerSlowly(base: bigint, exponent: Uint8Array, modulus: bigint): bigint {
    let result = 1n % modulus;
    for (const bit of numberOf(Uint8Array.of(0, ...exponent)).toString(2)) {
      result = (result * result) % modulus;
      if (bit === '1') result = (result * base) % modulus;
    }
    return result;
  }

  it('agree with big integers', () => {
    const prng = createPrng(9);
    const edges = [1n, 2n, 3n, 4n, 6n, 2n ** 32n, 2n ** 63n, 2n ** 64n - 1n, 2n ** 64n - 2n];
    for (let i = 0; i < 400; i++) {
      const drawn = (prng.bigint(1 + prng.below(64)) || 1n) << BigInt(prng.below(8));
      const modulus = i < edges.length * 10 ? edges[i % edges.length]! : BigInt.asUintN(64, drawn);
      if (modulus === 0n) continue;
      const base = prng.bigint(prng.below(2) === 0 ? 8 : 300);
      const exponent = prng.bytes(prng.below(20));
      const expected = powerSlowly(base, exponent, modulus);
      const title = `${base} ${bytesToHex(exponent)} ${modulus}`;
      assert.equal(powMod64(base, exponent, modulus), expected, title);
    }
  });

  it('take exponents of any size', () => {
    // Modulo a prime, the exponent may be reduced by the prime less one.
    const prime = 2n ** 61n - 1n;
    const exponent = createPrng(10).bytes(100_000);
    const expected = powerSlowly(7n, bytesOf(numberOf(exponent) % (prime - 1n), 8), prime);
    assert.equal(powMod64(7n, exponent, prime), expected);
    assert.equal(powMod64(0n, exponent, prime), 0n);
    assert.equal(powMod64(7n, new Uint8Array(100_000), prime), 1n);
  });
});
