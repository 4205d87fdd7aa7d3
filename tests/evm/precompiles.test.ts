/** The precompiles: own cases, and the vectors of the corpora where these exist. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { bls12_381 } from '@noble/curves/bls12-381.js';
import { bn254 } from '@noble/curves/bn254.js';
import { bytesToHex, concatBytes, hexToBytes } from '../../src/base/bytes.ts';
import type { Fork } from '../../src/vms/evm/forks.ts';
import { FORKS, LATEST_FORK } from '../../src/vms/evm/forks.ts';
import { PRECOMPILE_COST_NAMES } from '../../src/vms/evm/precompiles/costs.ts';
import type { CurveSource } from '../../src/vms/evm/precompiles/curves.ts';
import {
  createPrecompiles,
  lazyCurves,
  loadCurves,
  PRECOMPILE_ADDRESS_MAX,
  PRECOMPILES,
  precompileCostsOf,
  precompilesOf,
} from '../../src/vms/evm/precompiles/index.ts';

const LIBRARY = { bn254, bls12_381 };
const ROOT = join(import.meta.dirname, '../..');
const CORPORA = process.env.LOCKSTEP_CORPORA ?? join(ROOT, '../shared/corpora');
const VECTORS = join(CORPORA, 'evm-vectors');
/** Vectors that cost more gas run only with LOCKSTEP_VECTORS=all: they take some seconds. */
const GAS_MAX = process.env.LOCKSTEP_VECTORS === 'all' ? Number.POSITIVE_INFINITY : 10_000_000;

interface Result {
  readonly gas: bigint;
  /** `null` for a failure. */
  readonly output: string | null;
}

function execute(address: number, input: Uint8Array, fork: Fork = LATEST_FORK): Result {
  const precompile = precompilesOf(fork).get(address);
  assert.ok(precompile, `no precompile 0x${address.toString(16)} at ${fork}`);
  const output = precompile.run(input);
  const gas = precompile.gas(input);
  return { gas, output: output === null ? null : bytesToHex(output).slice(2) };
}

const word = (value: bigint | number) => value.toString(16).padStart(64, '0');

describe('precompile table', () => {
  it('ascends, and grows with the forks', () => {
    const addresses = PRECOMPILES.map((one) => one.address);
    assert.deepEqual(
      addresses,
      [...new Set(addresses)].sort((a, b) => a - b),
    );
    assert.equal(addresses.at(-1), PRECOMPILE_ADDRESS_MAX);
    const counts = FORKS.map((fork) => precompilesOf(fork).size);
    const untilOsaka = FORKS.indexOf('osaka') + 1;
    assert.deepEqual(counts.slice(0, untilOsaka), [4, 4, 4, 4, 8, 8, 8, 9, 9, 9, 9, 9, 10, 17, 18]);
    assert.ok(counts.slice(untilOsaka).every((count) => count === 18));
    assert.equal(precompilesOf('osaka'), precompilesOf('osaka'));
    assert.equal(precompilesOf('osaka', { eip7951: false }).has(0x100), false);
  });

  it('asks the given source for its curves', async () => {
    const asked: string[] = [];
    const source: CurveSource = (name) => {
      asked.push(name);
      return lazyCurves(name);
    };
    await loadCurves();
    const table = precompilesOf(LATEST_FORK, undefined, createPrecompiles(source));
    table.get(0x02)?.run(new Uint8Array(3));
    assert.deepEqual(asked, []);
    table.get(0x06)?.run(new Uint8Array(0));
    assert.deepEqual(asked, ['bn254']);
  });

  it('passes on that a curve is not there', () => {
    const table = createPrecompiles((name) => {
      throw new Error(`no ${name}`);
    });
    const verify = table.find((one) => one.name === 'p256verify');
    const input = new Uint8Array(160);
    assert.throws(() => verify?.run(input, precompileCostsOf(LATEST_FORK)), /no p256/);
  });
});

describe('costs of precompiles', () => {
  it('change with the EIPs', () => {
    const at = (fork: Fork) => precompileCostsOf(fork);
    assert.equal(at('byzantium').bn254AddGas, 500n);
    assert.equal(at('istanbul').bn254AddGas, 150n);
    assert.deepEqual(
      (['byzantium', 'berlin', 'osaka'] as const).map((fork) => at(fork).modexpRule),
      [0n, 1n, 2n],
    );
    assert.equal(at('osaka'), at('osaka'));
    assert.equal(precompileCostsOf('osaka', { eip7883: false }).modexpMinimum, 200n);
  });

  it('take single amounts from overrides, and leave other names alone', () => {
    const costs = { ecrecoverGas: 1n, sha256Word: 7n, blsG1MulGas: 1000n, txBase: 5n };
    const table = precompilesOf('osaka', { costs });
    assert.equal(table.get(0x01)?.gas(new Uint8Array(0)), 1n);
    assert.equal(table.get(0x02)?.gas(new Uint8Array(33)), 74n);
    assert.equal(table.get(0x0c)?.gas(new Uint8Array(320)), 1898n);
    assert.equal(table.get(0x03)?.gas(new Uint8Array(0)), 600n);
    assert.deepEqual(Object.keys(precompileCostsOf('osaka', { costs })), PRECOMPILE_COST_NAMES);
    const rule = { costs: { modexpRule: 3n } };
    assert.throws(() => precompileCostsOf('osaka', rule), /modexpRule is 0, 1 or 2 .*, not 3/);
    const divisor = { costs: { modexpDivisor: 0n } };
    assert.throws(() => precompilesOf('osaka', divisor), /modexpDivisor is above 0, not 0/);
  });
});

describe('own cases', () => {
  // Address, input, output or null for failure, gas, fork.
  const CASES: readonly (readonly [number, string, string | null, bigint, Fork?])[] = [
    [0x01, '', '', 3000n],
    [0x01, word(1) + word(26) + word(1) + word(1), '', 3000n],
    [0x01, word(1) + word(27) + word(0) + word(1), '', 3000n],
    [0x02, '', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855', 60n],
    [0x02, '616263', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad', 72n],
    [0x03, '616263', `${'00'.repeat(12)}8eb208f7e05d987a9b044a8e98c6b087f15a0bfc`, 720n],
    [0x04, '', '', 15n],
    [0x04, 'ab'.repeat(33), 'ab'.repeat(33), 21n],
    // 3 ** 5 % 7 == 5, by the three prices
    [0x05, `${word(1)}${word(1)}${word(1)}030507`, '05', 0n, 'byzantium'],
    [0x05, `${word(1)}${word(1)}${word(1)}030507`, '05', 200n, 'berlin'],
    [0x05, `${word(1)}${word(1)}${word(1)}030507`, '05', 500n, 'osaka'],
    [0x05, '', '', 500n],
    // No modulus: an endless exponent costs nothing before Osaka and fails from it on.
    [0x05, word(0) + 'f'.repeat(64) + word(0), '', 200n, 'prague'],
    [0x05, word(0) + 'f'.repeat(64) + word(0), null, 2n ** 64n - 1n, 'osaka'],
    [0x05, word(0) + word(1025) + word(0), null, 254208n, 'osaka'],
    // Numbers past the end of the input are zeros: 0 ** 0 % 0 and 0 ** 0 % 5.
    [0x05, word(1) + word(1) + word(2), '0000', 500n],
    [0x05, `${word(0)}${word(0)}${word(1)}05`, '01', 500n],
    [0x06, '', word(0) + word(0), 150n],
    [0x06, '', word(0) + word(0), 500n, 'byzantium'],
    [0x06, word(1) + word(1), null, 150n],
    [0x07, word(1) + word(2) + word(0), word(0) + word(0), 6000n],
    [0x07, word(1) + word(2) + word(1), word(1) + word(2), 40000n, 'byzantium'],
    [0x08, '', word(1), 45000n],
    [0x08, '00', null, 45000n],
    [0x08, '00'.repeat(192), word(1), 180000n, 'byzantium'],
    [0x09, '', null, 0n],
    [0x0a, '00'.repeat(192), null, 50000n],
    [0x0b, '00'.repeat(256), '00'.repeat(128), 375n],
    [0x0c, '', null, 0n],
    [0x0c, '00'.repeat(160), '00'.repeat(128), 12000n],
    [0x0e, '00'.repeat(288 * 2), '00'.repeat(256), 45000n],
    [0x0f, '', null, 37700n],
    [0x0f, '00'.repeat(384), word(1), 70300n],
    [0x0d, '00'.repeat(512), '00'.repeat(256), 600n],
    [0x100, '', '', 6900n],
    [0x100, '00'.repeat(160), '', 6900n],
  ];
  for (const [address, input, output, gas, fork] of CASES) {
    const title = `0x${address.toString(16)} at ${fork ?? LATEST_FORK}: ${input.slice(0, 40)}`;
    it(title, () => {
      assert.deepEqual(execute(address, hexToBytes(input), fork), { gas, output });
    });
  }

  it('recovers a signer, of low and of high s', () => {
    const hash = `0x456e9aea5e197a1f1af7a3e85a3212fa4049a3ba34c2289b4c860fc0b0c64ef3`;
    const r = '9242685bf161793cc25603c231bc2f568eb630ea16aa137d2664ac8038825608';
    const s = 0x4f8ae3bd7535248d0bd448298cc2e2071e56992d0774dc340c368ae950852adan;
    const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
    const expected = `${'00'.repeat(12)}7156526fbd7a3c72969b54f64e42c10fbb768c8a`;
    const low = execute(0x01, hexToBytes(`${hash}${word(28)}${r}${word(s)}`));
    const high = execute(0x01, hexToBytes(`${hash}${word(27)}${r}${word(order - s)}`));
    assert.equal(low.output, expected);
    assert.equal(high.output, expected);
  });

  it('refuses points outside the subgroup', () => {
    for (const [name, address, size] of [
      ['bn254', 0x08, 32],
      ['bls12_381', 0x0f, 64],
    ] as const) {
      const { Fp2 } = LIBRARY[name].fields;
      const { b } = LIBRARY[name].G2.Point.CURVE();
      // A point of the twist with a small x; nearly none of these is in the subgroup.
      const isResidue = (n: bigint) => {
        const x = Fp2.fromBigTuple([n, 0n]);
        return Fp2.eql(Fp2.pow(right(x), (Fp2.ORDER - 1n) / 2n), Fp2.ONE);
      };
      const right = (x: typeof b) => Fp2.add(Fp2.mul(Fp2.sqr(x), x), b);
      let n = 1n;
      while (!isResidue(n)) n++;
      const y = Fp2.sqrt(right(Fp2.fromBigTuple([n, 0n])));
      const hex = (value: bigint) => value.toString(16).padStart(2 * size, '0');
      const isImaginaryFirst = name === 'bn254';
      const pair = (real: bigint, imaginary: bigint) =>
        isImaginaryFirst ? hex(imaginary) + hex(real) : hex(real) + hex(imaginary);
      const g1 = '00'.repeat(2 * size);
      const input = hexToBytes(g1 + pair(n, 0n) + pair(y.c0, y.c1));
      assert.equal(execute(address, input).output, null, name);
    }
  });
});

interface Vector {
  readonly Name: string;
  readonly Input: string;
  readonly Expected?: string;
  readonly ExpectedError?: string;
  readonly Gas?: number;
}

// File, address, and the fork whose gas the vectors have.
const FILES: readonly (readonly [file: string, address: number, fork: Fork])[] = [
  ['ecRecover', 0x01, 'osaka'],
  ['modexp', 0x05, 'byzantium'],
  ['modexp_eip2565', 0x05, 'berlin'],
  ['modexp_eip7883', 0x05, 'osaka'],
  ['bn256Add', 0x06, 'osaka'],
  ['bn256ScalarMul', 0x07, 'osaka'],
  ['bn256Pairing', 0x08, 'osaka'],
  ['blake2F', 0x09, 'osaka'],
  ['pointEvaluation', 0x0a, 'osaka'],
  ['blsG1Add', 0x0b, 'osaka'],
  ['blsG1Mul', 0x0c, 'osaka'],
  ['blsG1MultiExp', 0x0c, 'osaka'],
  ['blsG2Add', 0x0d, 'osaka'],
  ['blsG2Mul', 0x0e, 'osaka'],
  ['blsG2MultiExp', 0x0e, 'osaka'],
  ['blsPairing', 0x0f, 'osaka'],
  ['blsMapG1', 0x10, 'osaka'],
  ['blsMapG2', 0x11, 'osaka'],
  ['p256Verify', 0x100, 'osaka'],
  ['fail-blake2f', 0x09, 'osaka'],
  ['fail-blsG1Add', 0x0b, 'osaka'],
  ['fail-blsG1Mul', 0x0c, 'osaka'],
  ['fail-blsG1MultiExp', 0x0c, 'osaka'],
  ['fail-blsG2Add', 0x0d, 'osaka'],
  ['fail-blsG2Mul', 0x0e, 'osaka'],
  ['fail-blsG2MultiExp', 0x0e, 'osaka'],
  ['fail-blsPairing', 0x0f, 'osaka'],
  ['fail-blsMapG1', 0x10, 'osaka'],
  ['fail-blsMapG2', 0x11, 'osaka'],
];

const skip = existsSync(VECTORS) ? false : 'skipped: no corpora';

describe('vectors of precompiles', { skip }, () => {
  for (const [file, address, fork] of FILES) {
    it(file, (test) => {
      const path = join(VECTORS, 'geth-precompiles', `${file}.json.gz`);
      const vectors: Vector[] = JSON.parse(gunzipSync(readFileSync(path)).toString());
      assert.ok(vectors.length > 0);
      const affordable = vectors.filter(({ Gas = 0 }) => Gas <= GAS_MAX);
      for (const { Name, Input, Expected, ExpectedError, Gas } of affordable) {
        const result = execute(address, hexToBytes(Input), fork);
        const expected = ExpectedError === undefined ? Expected : null;
        assert.equal(result.output, expected, Name);
        if (Gas !== undefined) assert.equal(result.gas, BigInt(Gas), `gas of ${Name}`);
      }
      test.diagnostic(`${affordable.length} of ${vectors.length} cases`);
    });
  }

  it('verify_kzg_proof', (test) => {
    const text = gunzipSync(
      readFileSync(join(VECTORS, 'kzg-verify_kzg_proof.jsonl.gz')),
    ).toString();
    const cases = text
      .trim()
      .split('\n')
      .map((line): { path: string; text: string } => JSON.parse(line));
    for (const { path, text: yaml } of cases) {
      const field = (name: string) => hexToBytes(new RegExp(`${name}: '(0x\\w*)'`).exec(yaml)![1]!);
      const [c, z, y, proof] = ['commitment', 'z', 'y', 'proof'].map(field) as Uint8Array[];
      const isWhole = c!.length === 48 && proof!.length === 48 && z!.length + y!.length === 64;
      // The precompile's input has whole fields only, so cut ones are false by their size.
      const input = concatBytes(z!, y!, c!, proof!);
      const isGood = isWhole && lazyCurves('bls12_381').verifyProof(input);
      assert.equal(isGood, /output: true/.test(yaml), path);
    }
    test.diagnostic(`${cases.length} cases`);
  });
});
