/** Base fees and difficulties, with values of the main net, of the EIPs, and by hand. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { blockDifficulty, DIFFICULTY_MIN } from '../../../src/chain/blocks/difficulty.ts';
import {
  blobBaseFee,
  fakeExponential,
  nextBaseFee,
  nextExcessBlobGas,
  parentGasLimit,
} from '../../../src/chain/blocks/fees.ts';
import { blockRules } from '../../../src/chain/blocks/rules.ts';
import { createHeader } from './headers.ts';

const BLOB = 131_072n;

test('the base fee follows the gas of the parent (EIP-1559)', () => {
  const next = (gasUsed: bigint, baseFeePerGas = 1000n, gasLimit = 20_000_000n) =>
    nextBaseFee({ gasUsed, baseFeePerGas, gasLimit });
  assert.equal(next(10_000_000n), 1000n);
  assert.equal(next(20_000_000n), 1125n);
  assert.equal(next(0n), 875n);
  assert.equal(next(9_000_000n), 988n, '1000 * 1/10 / 8 is 12');
  assert.equal(next(10_000_001n), 1001n, 'a rise is at least 1 wei');
  assert.equal(next(0n, 7n), 7n, 'a fall below 1 wei is none');
  assert.equal(nextBaseFee({ gasUsed: 5n, gasLimit: 10n }), 1_000_000_000n);
});

test('the gas limit doubles with the base fee', () => {
  const parent = createHeader({ gasLimit: 15_000_000n });
  assert.equal(parentGasLimit(parent, blockRules('berlin')), 15_000_000n);
  assert.equal(parentGasLimit(parent, blockRules('london')), 30_000_000n);
  const later = { ...parent, baseFeePerGas: 7n };
  assert.equal(parentGasLimit(later, blockRules('london')), 15_000_000n);
});

test('the exponential of EIP-4844 in integers', () => {
  const rows: readonly (readonly [bigint, bigint, bigint, bigint])[] = [
    [1n, 0n, 1n, 1n],
    [38_493n, 0n, 1000n, 38_493n],
    [0n, 1234n, 2345n, 0n],
    [1n, 2n, 1n, 6n],
    [1n, 4n, 2n, 6n],
    [1n, 3n, 1n, 16n],
    [1n, 4n, 1n, 49n],
    [10n, 8n, 2n, 542n],
    [11n, 8n, 2n, 596n],
    [1n, 5n, 1n, 136n],
    [2n, 5n, 2n, 23n],
    [1n, 50_000_000n, 2_225_652n, 5_709_098_764n],
  ];
  for (const [factor, numerator, denominator, expected] of rows) {
    assert.equal(fakeExponential(factor, numerator, denominator), expected);
  }
  assert.equal(blobBaseFee(0n, blockRules('cancun').costs), 1n);
  assert.equal(blobBaseFee(2_314_057n, blockRules('cancun').costs), 1n);
  assert.equal(blobBaseFee(2_314_058n, blockRules('cancun').costs), 2n);
});

test('the excess of blob gas follows the target of the fork', () => {
  const next = (fork: 'cancun' | 'prague' | 'bpo2', excess: bigint, used: bigint) =>
    nextExcessBlobGas(
      { excessBlobGas: excess * BLOB, blobGasUsed: used * BLOB, baseFeePerGas: 1n },
      blockRules(fork),
    );
  assert.equal(next('cancun', 0n, 3n), 0n);
  assert.equal(next('cancun', 0n, 4n), BLOB);
  assert.equal(next('cancun', 10n, 0n), 7n * BLOB);
  assert.equal(next('cancun', 1n, 1n), 0n);
  assert.equal(next('prague', 10n, 0n), 4n * BLOB, 'EIP-7691: the target is 6');
  assert.equal(next('bpo2', 10n, 9n), 5n * BLOB, 'the target is 14');
  assert.equal(nextExcessBlobGas({}, blockRules('cancun')), 0n, 'a parent before EIP-4844');
});

test('the excess does not fall while blobs are cheaper than execution (EIP-7918)', () => {
  const parent = { excessBlobGas: 10n * BLOB, blobGasUsed: 3n * BLOB };
  const at = (baseFeePerGas: bigint) =>
    nextExcessBlobGas({ ...parent, baseFeePerGas }, blockRules('osaka'));
  assert.equal(blobBaseFee(parent.excessBlobGas, blockRules('osaka').costs), 1n);
  assert.equal(at(16n), 7n * BLOB, '8192 * 16 is not above 131072 * 1');
  assert.equal(at(17n), 11n * BLOB, '3 * (9 - 6) / 9 is 1');
});

test('the difficulty of Frontier, Homestead and Byzantium', () => {
  const at = (fork: 'frontier' | 'homestead' | 'byzantium', seconds: bigint, hasOmmers = false) =>
    blockDifficulty(
      {
        number: 1n,
        timestamp: 1000n + seconds,
        parentDifficulty: 2_048_000n,
        parentTimestamp: 1000n,
        parentHasOmmers: hasOmmers,
      },
      blockRules(fork),
    );
  assert.equal(at('frontier', 12n), 2_049_000n);
  assert.equal(at('frontier', 13n), 2_047_000n);
  assert.equal(at('homestead', 9n), 2_049_000n);
  assert.equal(at('homestead', 10n), 2_048_000n);
  assert.equal(at('homestead', 5000n), 2_048_000n - 99_000n);
  assert.equal(at('byzantium', 8n), 2_049_000n);
  assert.equal(at('byzantium', 8n, true), 2_050_000n);
  assert.equal(at('byzantium', 9n), 2_048_000n);
});

test('the difficulty, bomb included, has a floor', () => {
  const at = (parentDifficulty: bigint) =>
    blockDifficulty(
      {
        number: 900_000n,
        timestamp: 5000n,
        parentDifficulty,
        parentTimestamp: 1000n,
        parentHasOmmers: false,
      },
      blockRules('homestead'),
    );
  assert.equal(at(1000n), DIFFICULTY_MIN);
  assert.equal(at(DIFFICULTY_MIN), DIFFICULTY_MIN);
  assert.equal(at(204_800_000n), 204_800_000n - 9_900_000n + 128n);
});

test('the difficulty has a bomb, which forks set back', () => {
  const at = (fork: Parameters<typeof blockRules>[0], number: bigint) =>
    blockDifficulty(
      {
        number,
        timestamp: 1010n,
        parentDifficulty: 2_048_000n,
        parentTimestamp: 1000n,
        parentHasOmmers: false,
      },
      blockRules(fork),
    ) - 2_048_000n;
  assert.equal(at('homestead', 199_999n), 0n);
  assert.equal(at('homestead', 200_000n), 1n);
  assert.equal(at('homestead', 1_200_000n), 1n << 10n);
  const delays: readonly (readonly [Parameters<typeof at>[0], bigint])[] = [
    ['byzantium', 3_000_000n],
    ['petersburg', 5_000_000n],
    ['istanbul', 5_000_000n],
    ['muirGlacier', 9_000_000n],
    ['berlin', 9_000_000n],
    ['london', 9_700_000n],
    ['arrowGlacier', 10_700_000n],
    ['grayGlacier', 11_400_000n],
  ];
  for (const [fork, delay] of delays) {
    assert.equal(at(fork, delay + 199_999n), 0n, fork);
    assert.equal(at(fork, delay + 300_000n), 2n, fork);
  }
});

test('a hostile excess has an end: the highest fee', () => {
  const { costs } = blockRules('cancun');
  const limit = costs.blobFeeFraction * 178n;
  assert.equal(blobBaseFee(1n << 200n, costs), (1n << 256n) - 1n);
  assert.equal(blobBaseFee(limit, costs), (1n << 256n) - 1n);
  assert(blobBaseFee(costs.blobFeeFraction * 177n, costs) < 1n << 256n);
});
