/** Fork schedules, rewards, and the table of rejections. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LockstepError } from '../../../src/base/errors.ts';
import { blockRewards } from '../../../src/chain/blocks/ommers.ts';
import {
  BLOCK_REJECTIONS,
  type BlockRejectionCode,
  isExpectedBlockRejection,
  rejectBlock,
  rejectForTransaction,
} from '../../../src/chain/blocks/rejections.ts';
import { BLOCK_FORKS, blockRules, parseBlockFork } from '../../../src/chain/blocks/rules.ts';
import {
  fixedSchedule,
  MAIN_NET,
  networkSchedule,
  rulesAt,
} from '../../../src/chain/blocks/schedule.ts';
import { reject } from '../../../src/chain/transactions/rejections.ts';

const ETHER = 10n ** 18n;

test('forks stand in order of time, and are found by their names', () => {
  const glaciers = ['istanbul', 'muirGlacier', 'berlin', 'london', 'arrowGlacier', 'grayGlacier'];
  const at = BLOCK_FORKS.indexOf('istanbul');
  assert.deepEqual(BLOCK_FORKS.slice(at, at + glaciers.length), glaciers);
  assert.equal(parseBlockFork('ArrowGlacier'), 'arrowGlacier');
  assert.equal(parseBlockFork('ConstantinopleFix'), 'petersburg');
  assert.equal(parseBlockFork('EIP158'), 'spuriousDragon');
  assert.equal(parseBlockFork('Merge'), 'paris');
  assert.equal(parseBlockFork('Nowhere'), undefined);
});

test('networks of the official tests', () => {
  const forkAt = (network: string, number: bigint, timestamp: bigint, difficulty?: bigint) =>
    rulesAt(networkSchedule(network), { number, timestamp, parentTotalDifficulty: difficulty })
      .fork;
  assert.equal(forkAt('Berlin', 100n, 0n), 'berlin');
  assert.equal(forkAt('BerlinToLondonAt5', 4n, 0n), 'berlin');
  assert.equal(forkAt('BerlinToLondonAt5', 5n, 0n), 'london');
  assert.equal(forkAt('ParisToShanghaiAtTime15k', 9n, 14_999n), 'paris');
  assert.equal(forkAt('ParisToShanghaiAtTime15k', 1n, 15_000n), 'shanghai');
  assert.equal(forkAt('BPO1ToBPO2AtTime15k', 1n, 15_000n), 'bpo2');
  assert.equal(forkAt('ArrowGlacierToParisAtDiffC0000', 5n, 0n, 0xbffffn), 'arrowGlacier');
  assert.equal(forkAt('ArrowGlacierToParisAtDiffC0000', 5n, 0n, 0xc0000n), 'paris');
  assert.equal(networkSchedule('HomesteadToDaoAt5').daoBlock, 5n);
  assert.equal(networkSchedule('Osaka', 7n).chainId, 7n);
  for (const network of ['Nowhere', 'BerlinToNowhereAt5']) {
    assert.throws(
      () => networkSchedule(network),
      (error) => error instanceof LockstepError && error.code === 'L1402',
    );
  }
});

test('a blob schedule of its own changes the costs, that of the fork changes nothing', () => {
  const own = { target: 1n, max: 2n, feeFraction: 3n };
  const step = { number: 1n, timestamp: 0n };
  const changed = rulesAt(
    networkSchedule('Cancun', 1n, () => own),
    step,
  );
  assert.equal(changed.costs.blobsTarget, 1n);
  assert.equal(changed.costs.blobsMax, 2n);
  assert.equal(changed.costs.blobFeeFraction, 3n);
  const same = { target: 3n, max: 6n, feeFraction: 3_338_477n };
  const kept = rulesAt(
    networkSchedule('Cancun', 1n, () => same),
    step,
  );
  assert.equal(kept.overrides, undefined);
});

test('the main net', () => {
  const forkAt = (number: bigint, timestamp = 0n) => rulesAt(MAIN_NET, { number, timestamp }).fork;
  assert.equal(forkAt(0n), 'frontier');
  assert.equal(forkAt(1_920_000n), 'dao');
  assert.equal(forkAt(9_199_999n), 'istanbul');
  assert.equal(forkAt(15_537_393n), 'grayGlacier');
  assert.equal(forkAt(15_537_394n), 'paris');
  assert.equal(forkAt(20_000_000n, 1_720_000_000n), 'cancun');
  assert.equal(forkAt(30_000_000n, 2_000_000_000n), 'bpo2');
  const forks = MAIN_NET.steps.map(({ fork }) => BLOCK_FORKS.indexOf(fork));
  assert.deepEqual(
    forks,
    [...forks].sort((a, b) => a - b),
  );
  assert.equal(rulesAt(fixedSchedule('prague'), { number: 0n, timestamp: 0n }).fork, 'prague');
});

test('rewards of blocks, ommers and nephews', () => {
  const address = (byte: number) => new Uint8Array(20).fill(byte);
  const header = { number: 10n, coinbase: address(1) };
  const ommers = [
    { number: 9n, coinbase: address(2) },
    { number: 4n, coinbase: address(3) },
  ];
  const wei = (fork: Parameters<typeof blockRules>[0]) =>
    blockRewards(header, ommers, blockRules(fork).reward).map((each) => each.wei);
  assert.deepEqual(wei('frontier'), [
    (5n * ETHER * 7n) / 8n,
    (5n * ETHER * 2n) / 8n,
    5n * ETHER + (2n * 5n * ETHER) / 32n,
  ]);
  assert.deepEqual(blockRewards(header, [], blockRules('byzantium').reward), [
    { address: address(1), wei: 3n * ETHER },
  ]);
  assert.deepEqual(blockRewards(header, [], blockRules('london').reward), [
    { address: address(1), wei: 2n * ETHER },
  ]);
  assert.deepEqual(wei('paris'), []);
});

test('rejections are found by the names of the official tests', () => {
  const gasLimit = rejectBlock('gas-limit-too-low', { found: 1n });
  assert.equal(gasLimit.message, 'the gas limit 1 is below 5000');
  assert.ok(isExpectedBlockRejection(gasLimit, 'BlockException.INVALID_GASLIMIT'));
  assert.ok(isExpectedBlockRejection(gasLimit, 'BlockException.A|BlockException.INVALID_GASLIMIT'));
  assert.ok(!isExpectedBlockRejection(gasLimit, 'BlockException.INVALID_STATE_ROOT'));
  const transaction = rejectForTransaction(3, reject('nonce-too-low', { found: 1n, expected: 2n }));
  assert.match(transaction.message, /^transaction 3 is not valid: the nonce 1 /);
  const name = 'TransactionException.NONCE_MISMATCH_TOO_LOW';
  assert.ok(isExpectedBlockRejection(transaction, name));
  assert.ok(!isExpectedBlockRejection(transaction, 'BlockException.INVALID_GASLIMIT'));
  const ommer = { ...rejectBlock('ommer-header', { index: 0, problem: '' }), ommer: gasLimit };
  assert.ok(isExpectedBlockRejection(ommer, 'BlockException.INVALID_GASLIMIT'));
  const codes = Object.keys(BLOCK_REJECTIONS) as BlockRejectionCode[];
  const nameless = codes.filter((code) => BLOCK_REJECTIONS[code].names.length === 0);
  assert.deepEqual(nameless, ['transaction'], 'a transaction has the names of its own rejection');
});
