/** The transition tool: the cases of the corpora, and what does not need them. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { folderOf, lockstep, type Ran } from '../cli/support/run.ts';
import { NO_CORPORA, readBundle } from '../support/corpora.ts';

/** One case: files of a folder, options, and what is expected: a file, or an exit code. */
interface Case {
  readonly folder: number;
  readonly fork: string;
  readonly env?: string;
  readonly txs?: string;
  readonly reward?: string;
  readonly expected: string | number;
}

const CASES: readonly Case[] = [
  { folder: 1, fork: 'Frontier+1346', expected: 3 },
  { folder: 1, fork: 'Byzantium', expected: 'exp.json' },
  { folder: 3, fork: 'Berlin', expected: 'exp.json' },
  { folder: 4, fork: 'Berlin', expected: 4 },
  { folder: 5, fork: 'Byzantium', reward: '0x80', expected: 'exp.json' },
  { folder: 13, fork: 'London', expected: 'exp.json' },
  { folder: 13, fork: 'London', txs: 'signed_txs.rlp', expected: 'exp2.json' },
  { folder: 14, fork: 'London', expected: 'exp.json' },
  { folder: 14, fork: 'London', env: 'env.uncles.json', expected: 'exp2.json' },
  { folder: 14, fork: 'Berlin', env: 'env.uncles.json', expected: 'exp_berlin.json' },
  { folder: 19, fork: 'London', expected: 'exp_london.json' },
  { folder: 19, fork: 'ArrowGlacier', expected: 'exp_arrowglacier.json' },
  { folder: 19, fork: 'GrayGlacier', expected: 'exp_grayglacier.json' },
  { folder: 23, fork: 'Berlin', expected: 'exp.json' },
  { folder: 24, fork: 'Merge', expected: 'exp.json' },
  { folder: 24, fork: 'Merge', env: 'env-missingrandom.json', expected: 3 },
  { folder: 25, fork: 'Merge', expected: 'exp.json' },
  { folder: 26, fork: 'Shanghai', expected: 'exp.json' },
  { folder: 28, fork: 'Cancun', txs: 'txs.rlp', expected: 'exp.json' },
  { folder: 29, fork: 'Cancun', expected: 'exp.json' },
  { folder: 30, fork: 'Cancun', txs: 'txs_more.rlp', expected: 'exp.json' },
  { folder: 33, fork: 'Prague', expected: 'exp.json' },
  { folder: 34, fork: 'Prague', expected: 'exp.json' },
];

const bundle = readBundle('evm-vectors/geth-t8n.jsonl.gz');

function unpack(context: TestContext, number: number): string {
  const root = folderOf(context, {});
  const prefix = `cmd/evm/testdata/${number}/`;
  for (const { path, json } of bundle ?? []) {
    if (!path.startsWith(prefix) || json === undefined) continue;
    const file = join(root, path.slice(prefix.length));
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, JSON.stringify(json));
  }
  return root;
}

function runCase(folder: string, each: Omit<Case, 'expected' | 'folder'>): Promise<Ran> {
  const { fork, env = 'env.json', txs = 'txs.json', reward } = each;
  return lockstep([
    't8n',
    `--input.alloc=${join(folder, 'alloc.json')}`,
    `--input.env=${join(folder, env)}`,
    `--input.txs=${join(folder, txs)}`,
    '--output.alloc=stdout',
    '--output.result=stdout',
    '--output.body=stdout',
    `--state.fork=${fork}`,
    ...(reward === undefined ? [] : [`--state.reward=${reward}`]),
  ]);
}

/** The words of an error differ from client to client; which transactions are rejected does not. */
function withoutWords(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value), (key, part: unknown) => {
    if (key !== 'rejected') return part;
    return (part as { index: number }[]).map(({ index }) => index);
  });
}

for (const each of CASES) {
  const { folder: number, fork, expected } = each;
  const name = `case ${number} of ${fork} gives ${expected}`;
  test(name, { skip: bundle === undefined ? `skipped: ${NO_CORPORA}` : false }, async (context) => {
    const folder = unpack(context, number);
    const { code, out, err } = await runCase(folder, each);
    if (typeof expected === 'number') {
      assert.equal(code, expected, err);
      assert.equal(out, '');
      assert.match(err, /^lockstep: /);
      return;
    }
    assert.equal(code, 0, err);
    const wanted = JSON.parse(readFileSync(join(folder, expected), 'utf8'));
    const got = JSON.parse(out);
    for (const part of Object.keys(wanted)) {
      assert.deepEqual(withoutWords(got[part]), withoutWords(wanted[part]));
    }
  });
}

const SENDER = '0xa94f5374fce5edbc8e2a8697c15331677e6ebf0b';
const KEY = '0x45a915e4d060149eb4365960e6a7a45f334393093061116b197e3240065ff2d8';

const ENV = {
  currentCoinbase: '0x00000000000000000000000000000000000000cb',
  currentRandom: '0x0',
  currentGasLimit: '0x1c9c380',
  currentBaseFee: '0x7',
  currentNumber: '0x1',
  currentTimestamp: '0x3e8',
  withdrawals: [],
};

const transfer = (nonce: number): Record<string, unknown> => ({
  type: '0x2',
  chainId: '0x1',
  nonce: `0x${nonce.toString(16)}`,
  gas: '0x5208',
  maxFeePerGas: '0xa',
  maxPriorityFeePerGas: '0x1',
  to: '0x1111111111111111111111111111111111111111',
  value: '0x1',
  input: '0x',
  v: '0x0',
  r: '0x0',
  s: '0x0',
  secretKey: KEY,
});

const INPUT = {
  alloc: { [SENDER]: { balance: '0xde0b6b3a7640000' } },
  env: ENV,
  txs: [transfer(0), transfer(5), transfer(1)],
};

const piped = (input: unknown, fork = 'Shanghai', ...more: string[]): Promise<Ran> =>
  lockstep(
    [
      ...['t8n', '--input.alloc=stdin', '--input.env=stdin', '--input.txs=stdin'],
      ...['--output.alloc=stdout', '--output.result=stdout', '--output.body=stdout'],
      ...[`--state.fork=${fork}`, ...more],
    ],
    { input: typeof input === 'string' ? input : JSON.stringify(input) },
  );

test('inputs come from the standard input, and rejected transactions are told', async () => {
  const { code, out, err } = await piped(INPUT);
  assert.equal(code, 0, err);
  const { alloc, result, body } = JSON.parse(out);
  assert.equal(alloc['0x1111111111111111111111111111111111111111'].balance, '0x2');
  assert.equal(alloc[SENDER].nonce, '0x2');
  // 21,000 gas each, one wei of priority fee for a unit
  assert.equal(alloc[ENV.currentCoinbase].balance, `0x${(42_000).toString(16)}`);
  assert.equal(result.gasUsed, `0x${(42_000).toString(16)}`);
  assert.equal(result.receipts.length, 2);
  assert.deepEqual(
    result.rejected.map(({ index }: { index: number }) => index),
    [1],
  );
  assert.match(result.rejected[0].error, /^nonce too high: /);
  const again = await piped({ ...INPUT, txs: null, txsRlp: body });
  assert.equal(JSON.parse(again.out).result.stateRoot, result.stateRoot);
});

test('a reward below zero leaves the coinbase alone', async () => {
  const input = { ...INPUT, txs: [], env: { ...ENV, currentDifficulty: '0x20000' } };
  const coinbaseAt = async (reward: string): Promise<unknown> => {
    const { out } = await piped(input, 'Frontier', `--state.reward=${reward}`);
    return JSON.parse(out).alloc[ENV.currentCoinbase];
  };
  assert.deepEqual(await coinbaseAt('5'), { balance: '0x5' });
  assert.deepEqual(await coinbaseAt('0'), { balance: '0x0' });
  assert.equal(await coinbaseAt('-1'), undefined);
});

test('outputs go to files of a folder', async (context) => {
  const folder = folderOf(context, {
    'alloc.json': JSON.stringify(INPUT.alloc),
    'env.json': JSON.stringify(ENV),
    'txs.json': JSON.stringify(INPUT.txs),
  });
  const inputs = ['alloc', 'env', 'txs'].map((name) => {
    return `--input.${name}=${join(folder, `${name}.json`)}`;
  });
  const target = join(folder, 'out');
  const options = ['--state.fork=Shanghai', `--output.basedir=${target}`, '--output.body=txs.rlp'];
  const { code, out } = await lockstep(['t8n', ...inputs, ...options]);
  assert.equal(code, 0);
  assert.equal(out, '');
  const read = (name: string) => JSON.parse(readFileSync(join(target, name), 'utf8'));
  assert.equal(read('result.json').receipts.length, 2);
  assert.equal(read('alloc.json')[SENDER].nonce, '0x2');
  assert.match(read('txs.rlp'), /^0xf8/);
});

test('each failure has its exit code', async () => {
  const tx = transfer(0);
  const failures: readonly (readonly [code: number, pattern: RegExp, Promise<Ran>])[] = [
    [3, /Nowhere/, piped(INPUT, 'Nowhere')],
    [3, /--state\.reward lots: write a number/, piped(INPUT, 'Shanghai', '--state.reward=lots')],
    [3, /shanghai needs env\.withdrawals/, piped({ ...INPUT, env: { ...ENV, withdrawals: null } })],
    [3, /needs env\.currentBaseFee/, piped({ ...INPUT, env: { ...ENV, currentBaseFee: null } })],
    [3, /currentDifficulty is 0/, piped({ ...INPUT, env: { ...ENV, currentDifficulty: '0x1' } })],
    [10, /the standard input is not JSON/, piped('{"alloc":')],
    [10, /the standard input is no object/, piped('[]')],
    [10, /env is missing/, piped({ ...INPUT, env: undefined })],
    [10, /currentNumber/, piped({ ...INPUT, env: { ...ENV, currentNumber: 'one' } })],
    [10, /txs\[0\]\.nonce/, piped({ ...INPUT, txs: [{ ...tx, nonce: undefined }] })],
    [10, /txs\[0\]\.type is 9/, piped({ ...INPUT, txs: [{ ...tx, type: '0x9' }] })],
    [10, /txs\[0\]\.to has 2 bytes/, piped({ ...INPUT, txs: [{ ...tx, to: '0x1234' }] })],
    [12, /the transactions in RLP/, piped({ ...INPUT, txsRlp: '0xf8' })],
    [12, /in RLP are no list/, piped({ ...INPUT, txsRlp: '0x80' })],
    [11, /nowhere\.json cannot be read/, lockstep(['t8n', '--input.alloc=nowhere.json'])],
    [2, /takes options alone, not file/, lockstep(['t8n', 'file'])],
  ];
  for (const [code, pattern, running] of failures) {
    const ran = await running;
    assert.match(ran.err, pattern);
    assert.equal(ran.code, code, ran.err);
    assert.equal(ran.out, '');
  }
});
