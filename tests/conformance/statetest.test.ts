/** State tests: one made here, with a state root of another implementation, and official ones. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { createMPT } from '@ethereumjs/mpt';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { bytesToHex, hexToBytes } from '../../src/base/bytes.ts';
import { encodeRlp, rlpOfBigint } from '../../src/base/rlp.ts';
import { runCases } from '../../src/conformance/run.ts';
import { runStateTest } from '../../src/conformance/statetest.ts';
import type { CaseResult, RunnerKind } from '../../src/conformance/types.ts';
import { findCorpora, NO_CORPORA } from '../support/corpora.ts';

const SENDER = '0xa94f5374fce5edbc8e2a8697c15331677e6ebf0b';
const KEY = '0x45a915e4d060149eb4365960e6a7a45f334393093061116b197e3240065ff2d8';
const COINBASE = '0x00000000000000000000000000000000000000cb';
const LOGGER = '0x0000000000000000000000000000000000001099';
const ETHER = 10n ** 18n;
/** LOG0 of no bytes. */
const LOGGER_CODE = '0x60006000a0';
/** Base cost, two PUSH1, LOG0. */
const GAS_USED = 21_000n + 6n + 375n;
const hex = (value: bigint): string => `0x${value.toString(16)}`;
const hash = (text: string): Uint8Array => keccak_256(hexToBytes(text));

interface Account {
  readonly address: string;
  readonly nonce: bigint;
  readonly balance: bigint;
  readonly code?: string;
}

/** The state root of accounts without storage. */
async function rootOf(accounts: readonly Account[]): Promise<string> {
  const trie = await createMPT();
  const emptyRoot = trie.EMPTY_TRIE_ROOT;
  for (const { address, nonce, balance, code = '0x' } of accounts) {
    const fields = [rlpOfBigint(nonce), rlpOfBigint(balance), emptyRoot, hash(code)];
    await trie.put(hash(address), encodeRlp(fields));
  }
  return bytesToHex(trie.root());
}

const logger: Account = { address: LOGGER, nonce: 0n, balance: 0n, code: LOGGER_CODE };

/** After a call of the logger with 7 wei, at a gas price of 10 wei, of which 3 are a base fee. */
const AFTER: readonly Account[] = [
  { address: SENDER, nonce: 1n, balance: ETHER - 7n - GAS_USED * 10n },
  { address: COINBASE, nonce: 0n, balance: GAS_USED * 7n },
  { ...logger, balance: 7n },
];
const BEFORE: readonly Account[] = [{ address: SENDER, nonce: 0n, balance: ETHER }, logger];
const LOGS = bytesToHex(keccak_256(encodeRlp([[hexToBytes(LOGGER), [], new Uint8Array(0)]])));
const NO_LOGS = bytesToHex(keccak_256(encodeRlp([])));

function stateTest(posts: readonly unknown[], nonce = '0x0'): unknown {
  const pre = BEFORE.map(({ address, balance, code = '0x' }) => {
    return [address, { balance: hex(balance), nonce: '0x0', code, storage: {} }];
  });
  return {
    env: {
      currentCoinbase: COINBASE,
      currentRandom: hex(0n),
      currentGasLimit: hex(30_000_000n),
      currentBaseFee: '0x3',
      currentNumber: '0x1',
      currentTimestamp: '0x3e8',
    },
    pre: Object.fromEntries(pre),
    transaction: {
      data: ['0x'],
      gasLimit: [hex(100_000n)],
      value: ['0x7'],
      nonce,
      gasPrice: '0xa',
      to: LOGGER,
      secretKey: KEY,
    },
    post: { Shanghai: posts },
  };
}

function runAll(content: unknown): CaseResult[] {
  return [...runStateTest('own.json', 'own', content, { engine: 'auto', isWanted: () => true })];
}

const indexes = { data: 0, gas: 0, value: 0 };
const summary = ({ outcome, field }: CaseResult) => [outcome, field];

test('a case passes with the root of another implementation, and fails with any other', async () => {
  const root = await rootOf(AFTER);
  const wrong = await rootOf(BEFORE);
  const results = runAll(
    stateTest([
      { hash: root, logs: LOGS, indexes },
      { hash: wrong, logs: LOGS, indexes },
      { hash: root, logs: NO_LOGS, indexes },
      { hash: root, logs: LOGS, indexes, expectException: 'TransactionException.NONCE_IS_MAX' },
    ]),
  );
  assert.deepEqual(results.map(summary), [
    ['passed', undefined],
    ['failed', 'state root'],
    ['failed', 'logs hash'],
    ['failed', 'exception'],
  ]);
  assert.equal(results[1]?.expected, wrong);
  assert.equal(results[1]?.got, root);
  assert.deepEqual(
    results.map(({ index, stateRoot }) => [index, stateRoot]),
    [0, 1, 2, 3].map((index) => [index, root]),
  );
});

test('a rejected transaction changes nothing, and its reason is the one that is expected', async () => {
  const post = { hash: await rootOf(BEFORE), logs: NO_LOGS, indexes };
  const results = runAll(
    stateTest(
      [
        { ...post, expectException: 'TransactionException.NONCE_MISMATCH_TOO_HIGH' },
        { ...post, expectException: 'TransactionException.NONCE_MISMATCH_TOO_LOW' },
        post,
      ],
      '0x5',
    ),
  );
  assert.deepEqual(results.map(summary), [
    ['passed', undefined],
    ['failed', 'exception'],
    ['failed', 'exception'],
  ]);
  assert.equal(results[2]?.got, 'nonce-too-high');
});

test('bytes that are no transaction fail unless a name for that is expected', async () => {
  const post = { hash: await rootOf(BEFORE), logs: NO_LOGS, indexes, txbytes: '0x02c0' };
  const results = runAll(
    stateTest([
      { ...post, expectException: 'TransactionException.TYPE_2_TX_PRE_FORK|RLP_ERROR' },
      { ...post, expectException: 'TransactionException.NONCE_MISMATCH_TOO_LOW' },
      post,
    ]),
  );
  assert.deepEqual(results.map(summary), [
    ['passed', undefined],
    ['failed', 'exception'],
    ['failed', 'exception'],
  ]);
  assert.equal(results[1]?.got, 'malformed');
});

const corpora = findCorpora();
const skip = corpora === undefined ? `skipped: ${NO_CORPORA}` : false;

const SAMPLES: readonly (readonly [
  kind: RunnerKind,
  path: string,
  every: number,
  least: number,
])[] = [
  ['statetest', 'evm-state-eest/cases/istanbul.jsonl.gz', 5, 50],
  ['statetest', 'evm-state-legacy/cases/constantinople-a-c.jsonl.gz', 20, 90],
  ['blocktest', 'evm-ethereum-tests/cases/BlockchainTests-TransitionTests.jsonl.gz', 1, 13],
  ['vmtest', 'evm-vmtests-legacy/cases/vmArithmeticTest.jsonl.gz', 1, 121],
];

for (const [kind, path, every, least] of SAMPLES) {
  test(`one case in ${every} of ${path} passes`, { skip }, async () => {
    const request = { engine: 'auto' as const, every };
    let count = 0;
    for await (const event of runCases(kind, [join(corpora ?? '', path)], request, 1)) {
      assert.equal(event.kind, 'case');
      if (event.kind !== 'case') return;
      assert.equal(event.result.outcome, 'passed', JSON.stringify(event));
      count++;
    }
    assert.ok(count >= least, `${count} cases`);
  });
}
