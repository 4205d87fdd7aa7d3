/** A chain that is kept in a file: what comes back, what a file may be, and writes that fail. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { LockstepError } from '../../src/base/errors.ts';
import { openDatabase } from '../../src/node/database/index.ts';
import { PRAGMAS, SCHEMA } from '../../src/node/database/schema.ts';
import { SqliteDatabase } from '../../src/node/database/sqlite.ts';
import { createPrng, type Prng } from '../support/prng.ts';
import { createTestNode, initCode, STORE_CODE, type TestNode } from './support.ts';

function pathIn(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'lockstep-db-'));
  context.after(() => rmSync(folder, { recursive: true }));
  return join(folder, 'chain.db');
}

async function openNode(path: string): Promise<TestNode> {
  return createTestNode({ database: await openDatabase(path) });
}

/** All that a chain shows of itself, its blocks and their states included. */
async function lookAt({ rpc, accounts }: TestNode): Promise<unknown> {
  const head = Number(await rpc('eth_blockNumber'));
  const numbers = [...new Set([0, 1, 2, 7, head >> 1, head - 300, head - 1, head])];
  const blocks = [];
  for (const number of numbers.filter((each) => each >= 0 && each <= head)) {
    const at = `0x${number.toString(16)}`;
    const block = await rpc('eth_getBlockByNumber', at, true);
    blocks.push(block, await rpc('eth_getBlockByHash', block.hash, false));
    blocks.push(
      await rpc('eth_getBlockReceipts', at),
      await rpc('eth_getLogs', { blockHash: block.hash }),
    );
    for (const { hash } of block.transactions)
      blocks.push(await rpc('eth_getTransactionByHash', hash));
    for (const account of accounts.slice(0, 3)) {
      blocks.push(
        await rpc('eth_getBalance', account, at),
        await rpc('eth_getProof', account, [], at),
      );
    }
  }
  const pending = await rpc('eth_getBlockByNumber', 'pending', true);
  return {
    head,
    blocks,
    pending,
    pool: await rpc('txpool_content'),
    state: await rpc('anvil_dumpState'),
  };
}

type Act = (node: TestNode, prng: Prng) => Promise<unknown>;

const send: Act = ({ rpc, accounts }, prng) =>
  rpc('eth_sendTransaction', { from: accounts[0], to: accounts[1 + prng.below(3)], value: '0x1' });

/** What is done to a chain at random; each leaves it able to do the others. */
const ACTS: readonly Act[] = [
  send,
  send,
  send,
  ({ rpc, accounts }, prng) => {
    const data = `0x${Buffer.from(prng.bytes(32)).toString('hex')}`;
    return rpc('eth_sendTransaction', { from: accounts[1], to: STORE, data });
  },
  ({ rpc, accounts }, prng) =>
    rpc(
      'anvil_setBalance',
      accounts[prng.below(3)],
      `0x${(10n ** 20n + prng.bigint(64)).toString(16)}`,
    ),
  ({ rpc }, prng) => rpc('anvil_mine', `0x${(1 + prng.below(40)).toString(16)}`),
  ({ rpc }) => rpc('anvil_mine', '0x800'),
  ({ rpc }, prng) => rpc('evm_increaseTime', prng.below(1000)),
  ({ rpc, accounts }, prng) => rpc('anvil_setCoinbase', accounts[prng.below(3)]),
  ({ rpc }, prng) => rpc('anvil_setNextBlockBaseFeePerGas', 1_000_000_000 + prng.below(1000)),
  async (node, prng) => {
    const id = await node.rpc('evm_snapshot');
    for (let left = prng.below(4); left >= 0; left--) await prng.pick(ACTS.slice(0, 6))(node, prng);
    return node.rpc('evm_revert', id);
  },
  async ({ rpc }, prng) => {
    const head = Number(await rpc('eth_blockNumber'));
    return rpc('anvil_rollback', prng.below(Math.min(head, 400)) + (head > 0 ? 1 : 0));
  },
  ({ rpc, accounts }, prng) => {
    const nonce = `0x${(100_000 + prng.below(50)).toString(16)}`;
    const maxFeePerGas = `0x${(10n ** 11n + prng.bigint(38)).toString(16)}`;
    const transaction = { from: accounts[2], to: accounts[1], gas: '0x5208', nonce, maxFeePerGas };
    return rpc('eth_sendTransaction', transaction).catch(() => {});
  },
];
const STORE = `0x${'5'.repeat(40)}`;

test('a chain that is closed and opened again goes on as one that was not', async (context) => {
  for (const seed of [1, 2]) {
    const path = pathIn(context);
    const plain = createTestNode();
    let kept = await openNode(path);
    const [own, other] = [createPrng(seed), createPrng(seed)];
    for (const { rpc } of [plain, kept]) await rpc('anvil_setCode', STORE, STORE_CODE);
    for (let round = 0; round < 5; round++) {
      for (let i = 0; i < 40; i++) {
        await ACTS[own.below(ACTS.length)]?.(plain, own);
        await ACTS[other.below(ACTS.length)]?.(kept, other);
      }
      kept.provider.close();
      kept = await openNode(path);
      assert.deepEqual(await lookAt(kept), await lookAt(plain), `seed ${seed}, round ${round}`);
    }
    await kept.rpc('anvil_reset');
    await plain.rpc('anvil_reset');
    assert.deepEqual(await lookAt(kept), await lookAt(plain));
    kept.provider.close();
  }
});

test('states of pruned blocks are not there, and the rest is', async (context) => {
  const path = pathIn(context);
  const database = await openDatabase(path);
  const node = createTestNode({ database, statesKept: 10n });
  const [from, to] = node.accounts;
  const deploy = { from, data: initCode(STORE_CODE), gas: '0x20000' };
  const hash = await node.rpc('eth_sendTransaction', deploy);
  for (let i = 0; i < 700; i++) await node.rpc('eth_sendTransaction', { from, to, value: '0x1' });
  node.provider.close();
  const again = await openNode(path);
  assert.match(
    (await again.fail('eth_getBalance', to, '0x5')).message,
    /the state after block 5 is/,
  );
  assert.ok(await again.rpc('eth_getBalance', to, '0x2b6'));
  assert.equal((await again.rpc('eth_getTransactionReceipt', hash)).blockNumber, '0x1');
  // Of the last 256 blocks they are there in any case.
  assert.ok(await again.rpc('eth_getBalance', to, '0x1c0'));
  assert.equal((await again.rpc('eth_capabilities')).state.oldestBlock, '0x1bd');
  await again.rpc('anvil_reset');
  assert.equal(await again.rpc('eth_blockNumber'), '0x0');
  for (let i = 0; i < 330; i++) await again.rpc('evm_mine');
  assert.ok(await again.rpc('eth_getBalance', to, '0x5'));
  await again.rpc('anvil_reset');
  again.provider.close();
  const reset = await openNode(path);
  assert.equal(await reset.rpc('eth_getBalance', to, 'latest'), '0x21e19e0c9bab2400000');
  reset.provider.close();
});

test('a listener in process hears of what is in the file', async (context) => {
  const database = await openDatabase(pathIn(context));
  const { rpc, provider } = createTestNode({ database });
  await rpc('eth_subscribe', 'newHeads');
  let isHeard = false;
  provider.on('message', () => {
    isHeard = true;
    assert.equal(database.settled(), undefined);
  });
  await rpc('evm_mine');
  assert.ok(isHeard);
  provider.close();
});

async function refusal(open: Promise<unknown>): Promise<string> {
  try {
    await open;
  } catch (error) {
    if (error instanceof LockstepError) return `${error.code} ${error.message}`;
    throw error;
  }
  throw new Error('it was opened');
}

test('a file that cannot be the chain is refused, with what is wrong', async (context) => {
  const path = pathIn(context);
  const node = await openNode(path);
  await node.rpc('evm_mine');
  assert.match(await refusal(openDatabase(path)), /L1406 .*another process has it open/);
  node.provider.close();
  const open = async (options: object) =>
    createTestNode({ database: await openDatabase(path), ...options });
  assert.match(
    await refusal(open({ chainId: 5n })),
    /L1408 .*chain id is 31337, and that asked for 5/,
  );
  const missing = join(path, 'no', 'such.db');
  assert.match(await refusal(openDatabase(missing)), /L1406 .*cannot be opened or made/);
  const text = `${path}.txt`;
  writeFileSync(text, 'this is a text and no database, however long it may go on'.repeat(100));
  assert.match(await refusal(openDatabase(text)), /L1406 .*it is no database/);
  const foreign = `${path}.other`;
  const other = new DatabaseSync(foreign);
  other.exec('CREATE TABLE t (x)');
  other.close();
  assert.match(await refusal(openDatabase(foreign)), /L1406 .*another program/);
  const newer = `${path}.new`;
  (await openDatabase(newer)).close();
  const changed = new DatabaseSync(newer);
  changed.exec('PRAGMA user_version = 99');
  changed.close();
  assert.match(
    await refusal(openDatabase(newer)),
    /L1406 .*it has format 99, and this version reads/,
  );
});

test('once a write fails nothing is confirmed, and what was is still there', async (context) => {
  const path = pathIn(context);
  const db = new DatabaseSync(path);
  db.exec(PRAGMAS);
  db.exec(SCHEMA);
  db.exec('PRAGMA max_page_count = 60');
  const node = createTestNode({ database: new SqliteDatabase(path, db) });
  const [from, to] = node.accounts;
  let confirmed = 0;
  let problem = '';
  for (let i = 0; i < 2000 && problem === ''; i++) {
    const sent = node.rpc('eth_sendTransaction', { from, to, value: '0x1' });
    await sent.then(
      () => confirmed++,
      (error: Error) => {
        problem = error.message;
      },
    );
  }
  assert.match(problem, /cannot be written any more: .*full/);
  assert.ok(confirmed > 0);
  const body = '{"jsonrpc":"2.0","id":1,"method":"eth_blockNumber"}';
  assert.match((await node.provider.dispatcher.respond(body)) ?? '', /"error".*full/);
  node.provider.close();
  const again = await openNode(path);
  assert.equal(Number(await again.rpc('eth_blockNumber')), confirmed);
  again.provider.close();
});
