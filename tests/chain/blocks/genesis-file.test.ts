/** Genesis files: forks, accounts, header, and what is wrong in a file. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LockstepError } from '../../../src/base/errors.ts';
import { createGenesisBlock, readGenesis } from '../../../src/chain/blocks/genesis-file.ts';
import { rulesAt } from '../../../src/chain/blocks/schedule.ts';

const FILE = {
  config: {
    chainId: 1337,
    homesteadBlock: 0,
    daoForkBlock: 2,
    daoForkSupport: true,
    eip150Block: 3,
    berlinBlock: 4,
    londonBlock: 5,
    terminalTotalDifficulty: 1000,
    shanghaiTime: 50,
    cancunTime: 60,
    blobSchedule: { cancun: { target: 1, max: 2, baseFeeUpdateFraction: 3 } },
    depositContractAddress: `0x${'12'.repeat(20)}`,
  },
  alloc: {
    [`${'ab'.repeat(20)}`]: { balance: '100', nonce: '0x2', storage: { '0x1': '0x02' } },
    [`0x${'cd'.repeat(20)}`]: { balance: '0x10', code: '0x6001' },
  },
  difficulty: '0x20000',
  gasLimit: '5000',
  nonce: '0x42',
  extraData: '0x0102',
};

test('forks, accounts and the header of a file', () => {
  const { schedule, accounts, header } = readGenesis(FILE);
  assert.equal(schedule.chainId, 1337n);
  assert.equal(schedule.daoBlock, 2n);
  assert.deepEqual(schedule.depositContract, new Uint8Array(20).fill(0x12));
  const at = (number: bigint, timestamp = 0n, difficulty = 0n) =>
    rulesAt(schedule, { number, timestamp, parentTotalDifficulty: difficulty });
  assert.deepEqual(
    [0n, 2n, 3n, 4n, 5n].map((number) => at(number).fork),
    ['homestead', 'dao', 'tangerineWhistle', 'berlin', 'london'],
  );
  assert.equal(at(9n, 0n, 1000n).fork, 'paris');
  assert.equal(at(9n, 50n, 1000n).fork, 'shanghai');
  assert.equal(at(9n, 60n, 1000n).costs.blobsMax, 2n);
  assert.deepEqual(
    accounts.map(({ balance, nonce, code, storage }) => [balance, nonce, code.length, storage]),
    [
      [100n, 2n, 0, [{ slot: 1n, value: 2n }]],
      [16n, 0n, 2, []],
    ],
  );
  assert.equal(header.nonce[7], 0x42);
  assert.equal(header.gasLimit, 5000n);
});

test('the genesis block has the fields of its fork', () => {
  const block = (config: object) =>
    createGenesisBlock(readGenesis({ ...FILE, config }), new Uint8Array(32));
  const first = block({ homesteadBlock: 0 });
  assert.equal(first.header.baseFeePerGas, undefined);
  assert.equal(first.withdrawals, undefined);
  const last = block({ londonBlock: 0, terminalTotalDifficulty: 0, pragueTime: 0 });
  assert.equal(last.header.baseFeePerGas, 1_000_000_000n);
  assert.equal(last.header.excessBlobGas, 0n);
  assert.equal(last.header.requestsHash?.length, 32);
  assert.deepEqual(last.withdrawals, []);
});

test('a file of another form is refused', () => {
  const bad = [
    null,
    {},
    { ...FILE, config: [] },
    { ...FILE, gasLimit: 'many' },
    { ...FILE, gasLimit: -1 },
    { ...FILE, coinbase: '0x12' },
    { ...FILE, extraData: 5 },
    { ...FILE, nonce: '0x112233445566778899' },
    { ...FILE, alloc: { ab: {} } },
  ];
  for (const file of bad) {
    assert.throws(
      () => readGenesis(file),
      (error) => error instanceof LockstepError && error.code === 'L1403',
    );
  }
});

test('a seed has the range of an amount', () => {
  const withSeed = (moduleSeed: string) =>
    readGenesis({ ...FILE, config: { ...FILE.config, moduleSeed } });
  const isWrong = (error: unknown) =>
    error instanceof LockstepError && error.code === 'L1502' && /moduleSeed/.test(error.message);
  assert.throws(() => withSeed(`0x1${'0'.repeat(16)}`), isWrong);
  const { schedule } = withSeed('0x7fffffffffffffff');
  const { costs } = rulesAt(schedule, { number: 0n, timestamp: 0n, parentTotalDifficulty: 0n });
  assert.equal(costs.moduleSeed, (1n << 63n) - 1n);
});
