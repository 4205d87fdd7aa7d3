/** Forks: a chain that goes on from a block of another node, which is one of ours. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { hexToBytes } from '../../src/base/bytes.ts';
import { openDatabase } from '../../src/node/database/index.ts';
import { createForkBackend } from '../../src/node/fork/cells.ts';
import type { ForkCache } from '../../src/node/fork/client.ts';
import { SUBJECT_OF } from '../../src/node/fork/routes.ts';
import { METHODS } from '../../src/node/methods/table.ts';
import { serve } from '../../src/node/server/index.ts';
import { SPACES } from '../../src/state/cells.ts';
import { createTestNode, initCode, STORE_CODE, type TestNode } from './support.ts';

const WORD = (value: number | bigint): string => value.toString(16).padStart(64, '0');
const SOMEBODY = `0x${'ab'.repeat(20)}`;
const ETHER = 10n ** 18n;

interface Origin {
  readonly node: TestNode;
  readonly contract: string;
  readonly hash: string;
}

/** A chain of three blocks: a contract, a call that stores and logs 42, a transfer. */
async function origin(): Promise<Origin> {
  const node = createTestNode({ chainId: 777n });
  const [from, to] = node.accounts;
  const created = await node.rpc('eth_sendTransaction', { from, data: initCode(STORE_CODE) });
  const { contractAddress } = await node.rpc('eth_getTransactionReceipt', created);
  const data = `0x${WORD(42)}`;
  const hash = await node.rpc('eth_sendTransaction', { from, to: contractAddress, data });
  await node.rpc('eth_sendTransaction', { from, to: SOMEBODY, value: '0x5' });
  void to;
  return { node, contract: contractAddress, hash };
}

function memoryCache(lines: string[] = []): ForkCache & { readonly lines: string[] } {
  return { lines, load: () => [...lines], append: (line) => void lines.push(line) };
}

function forkOf({ node }: Origin, more: object = {}, options: object = {}): TestNode {
  const request = (call: { method: string; params: readonly unknown[] }) =>
    node.provider.request(call);
  return createTestNode({ fork: { request, ...more }, ...options });
}

test('a fork has the state, the blocks and the logs of the other chain', async () => {
  const first = await origin();
  const { rpc } = forkOf(first);
  const there = first.node.rpc;
  assert.equal(await rpc('eth_blockNumber'), '0x3');
  assert.equal(await rpc('eth_chainId'), '0x309');
  assert.equal(await rpc('eth_getBalance', SOMEBODY, 'latest'), '0x5');
  assert.equal(BigInt(await rpc('eth_getStorageAt', first.contract, '0x0', 'latest')), 42n);
  assert.equal(
    await rpc('eth_getCode', first.contract, 'latest'),
    await there('eth_getCode', first.contract, 'latest'),
  );
  for (const request of [
    ['eth_getBlockByNumber', '0x2', true],
    ['eth_getBlockByNumber', 'latest', false],
    ['eth_getBlockByNumber', 'earliest', false],
    ['eth_getTransactionByHash', first.hash],
    ['eth_getTransactionReceipt', first.hash],
    ['eth_getBlockReceipts', '0x2'],
    ['eth_getLogs', { fromBlock: '0x0', toBlock: 'latest' }],
    ['debug_traceTransaction', first.hash, { tracer: 'callTracer' }],
    ['eth_getBalance', SOMEBODY, '0x2'],
    ['eth_call', { to: first.contract }, '0x1'],
    ['eth_getProof', SOMEBODY, [], 'latest'],
    ['eth_getTransactionByHash', `0x${'77'.repeat(32)}`],
  ] as const) {
    const [method, ...params] = request;
    assert.deepEqual(await rpc(method, ...params), await there(method, ...params), method);
  }
});

test('what is done on a fork is its own', async () => {
  const first = await origin();
  const fork = forkOf(first);
  const { rpc, accounts } = fork;
  const from = accounts[1];
  assert.equal(BigInt(await rpc('eth_getBalance', accounts[0], 'latest')), 10_000n * ETHER);
  const hash = await rpc('eth_sendTransaction', {
    from: accounts[0],
    to: first.contract,
    data: `0x${WORD(43)}`,
  });
  const receipt = await rpc('eth_getTransactionReceipt', hash);
  assert.equal(receipt.status, '0x1');
  assert.equal(receipt.blockNumber, '0x4');
  assert.equal((await rpc('eth_getTransactionByHash', hash)).nonce, '0x3');
  assert.equal(BigInt(await rpc('eth_getStorageAt', first.contract, '0x0', 'latest')), 43n);
  assert.equal(BigInt(await rpc('eth_getStorageAt', first.contract, '0x0', '0x3')), 42n);
  assert.equal(BigInt(await first.node.rpc('eth_getStorageAt', first.contract, '0x0')), 42n);
  const logs = await rpc('eth_getLogs', { fromBlock: '0x0', toBlock: 'latest' });
  assert.deepEqual(
    logs.map((each: { data: string }) => BigInt(each.data)),
    [42n, 43n],
  );
  const block = await rpc('eth_getBlockByNumber', '0x4', false);
  assert.equal(block.parentHash, (await first.node.rpc('eth_getBlockByNumber', '0x3')).hash);
  await rpc('eth_sendTransaction', { from, to: SOMEBODY, value: '0x1' });
  assert.equal(await rpc('eth_getBalance', SOMEBODY, 'latest'), '0x6');
  const trace = await rpc('debug_traceTransaction', hash, { tracer: 'callTracer' });
  assert.equal(trace.to, first.contract);
});

test('two forks of a block have equal blocks, with a cache and without', async () => {
  const first = await origin();
  const cache = memoryCache();
  const run = async ({ rpc, accounts }: TestNode, isCurious: boolean): Promise<string> => {
    if (isCurious) await rpc('eth_call', { to: first.contract, data: `0x${WORD(1)}` }, 'latest');
    await rpc('eth_sendTransaction', { from: accounts[2], to: SOMEBODY, value: '0x9' });
    await rpc('eth_sendTransaction', { from: accounts[2], to: first.contract, data: '0x' });
    await rpc('anvil_mine', '0x2');
    return (await rpc('eth_getBlockByNumber', 'latest', false)).hash;
  };
  const hash = await run(forkOf(first, { cache }), false);
  assert.equal(await run(forkOf(first), true), hash);
  const lines = [...cache.lines];
  const offline = createTestNode({ fork: { cache: memoryCache(lines), isOffline: true } });
  assert.equal(await run(offline, false), hash);
  const error = await offline.fail('eth_getBalance', `0x${'cd'.repeat(20)}`, 'latest');
  assert.match(error.message, /offline, and its cache has no answer to eth_getBalance/);
});

test('a fork over HTTP batches what it asks for', async (context) => {
  const first = await origin();
  const server = await serve({ provider: first.node.provider, host: '127.0.0.1', port: 0 });
  context.after(() => server.close());
  const fork = createTestNode({ fork: { url: `http://127.0.0.1:${server.port}` } });
  const { rpc, accounts } = fork;
  await rpc('eth_sendTransaction', { from: accounts[3], to: SOMEBODY, value: '0x1' });
  assert.equal(await rpc('eth_getBalance', SOMEBODY, 'latest'), '0x6');
  const info = await rpc('anvil_nodeInfo');
  assert.equal(info.forkConfig.forkUrl, `127.0.0.1:${server.port}`);
  assert.equal(info.forkConfig.forkBlockNumber, 3);
});

test('a fork after a transaction has what its block did up to it', async () => {
  const node = createTestNode({ isAutomining: false });
  const [from, to] = node.accounts;
  const fee = { maxFeePerGas: '0x77359400', gas: '0x5208' };
  await node.rpc('anvil_mine', '0x2');
  const hashes: string[] = [];
  for (const [index, value] of ['0x1', '0x2', '0x4'].entries()) {
    const nonce = `0x${index.toString(16)}`;
    hashes.push(
      await node.rpc('eth_sendTransaction', { ...fee, from, to: SOMEBODY, value, nonce }),
    );
  }
  const legacy = { from: to, to: SOMEBODY, value: '0x8', gas: '0x5208', gasPrice: '0x59682f00' };
  hashes.push(await node.rpc('eth_sendTransaction', legacy));
  await node.rpc('evm_mine');
  const { timestamp, transactions } = await node.rpc('eth_getBlockByNumber', 'latest', false);
  const at = Number(transactions.indexOf(hashes[1]));
  const second = transactions[at];
  const request = (call: { method: string; params: readonly unknown[] }) =>
    node.provider.request(call);
  const { rpc } = createTestNode({
    fork: { request, transactionHash: Buffer.from(second.slice(2), 'hex') },
  });
  const block = await rpc('eth_getBlockByNumber', 'latest', false);
  assert.equal(block.number, '0x3');
  assert.equal(block.timestamp, timestamp);
  assert.deepEqual(block.transactions, transactions.slice(0, at + 1));
  for (const hash of block.transactions) {
    assert.equal((await rpc('eth_getTransactionReceipt', hash)).status, '0x1');
  }
  const whole = createTestNode({
    fork: { request, transactionHash: Buffer.from(transactions.at(-1).slice(2), 'hex') },
  });
  assert.equal(await whole.rpc('eth_getBalance', SOMEBODY, 'latest'), '0xf');
});

test('a reset forks another block, forks anew, or ends the fork', async (context) => {
  const first = await origin();
  const server = await serve({ provider: first.node.provider, host: '127.0.0.1', port: 0 });
  context.after(() => server.close());
  const jsonRpcUrl = `http://127.0.0.1:${server.port}`;
  const { rpc, fail, accounts } = createTestNode();
  const heads: unknown[] = [];
  const id = await rpc('eth_newBlockFilter');
  await rpc('hardhat_reset', { forking: { jsonRpcUrl, blockNumber: 2 } });
  assert.equal(await rpc('eth_blockNumber'), '0x2');
  assert.equal(await rpc('eth_chainId'), '0x309');
  assert.equal(await rpc('eth_getBalance', SOMEBODY, 'latest'), '0x0');
  await rpc('eth_sendTransaction', { from: accounts[5], to: SOMEBODY, value: '0x1' });
  heads.push(...(await rpc('eth_getFilterChanges', id)));
  assert.equal(heads.length, 1);
  await rpc('anvil_reset', { forking: {} });
  assert.equal(await rpc('eth_blockNumber'), '0x3');
  assert.equal(await rpc('eth_getBalance', SOMEBODY, 'latest'), '0x5');
  await rpc('anvil_reset');
  assert.equal(await rpc('eth_chainId'), '0x7a69');
  assert.equal(await rpc('eth_blockNumber'), '0x0');
  const { code, message } = await fail('anvil_reset', { forking: { jsonRpcUrl: 'nowhere' } });
  assert.equal(code, -32602);
  assert.match(message, /no URL that begins with http/);
  assert.equal(await rpc('eth_blockNumber'), '0x0');
});

test('snapshots, rollbacks and the pool work on a fork as they do elsewhere', async () => {
  const first = await origin();
  const { rpc, accounts } = forkOf(first, {}, { isAutomining: false });
  const id = await rpc('evm_snapshot');
  const from = accounts[4];
  const hash = await rpc('eth_sendTransaction', { from, to: first.contract, data: `0x${WORD(7)}` });
  assert.equal((await rpc('txpool_status')).pending, '0x1');
  await rpc('anvil_mine', '0x2');
  assert.equal((await rpc('eth_getTransactionReceipt', hash)).status, '0x1');
  await rpc('anvil_rollback', 2);
  assert.equal(BigInt(await rpc('eth_getStorageAt', first.contract, '0x0')), 42n);
  await rpc('anvil_setStorageAt', first.contract, '0x0', `0x${WORD(0)}`);
  assert.equal(BigInt(await rpc('eth_getStorageAt', first.contract, '0x0')), 0n);
  await rpc('anvil_addBalance', SOMEBODY, '0x2');
  assert.equal(await rpc('eth_getBalance', SOMEBODY), '0x7');
  assert.equal(await rpc('evm_revert', id), true);
  assert.equal(BigInt(await rpc('eth_getStorageAt', first.contract, '0x0')), 42n);
  const dump = JSON.parse(Buffer.from((await rpc('anvil_dumpState')).slice(2), 'hex').toString());
  assert.equal(dump.accounts[accounts[0] as string].nonce, '0x3');
});

test('requests that wait do not disturb each other', async () => {
  const first = await origin();
  const { rpc, accounts } = forkOf(first);
  const sent = await Promise.all(
    accounts.map((from) => rpc('eth_sendTransaction', { from, to: SOMEBODY, value: '0x1' })),
  );
  for (const hash of sent) {
    assert.equal((await rpc('eth_getTransactionReceipt', hash)).status, '0x1');
  }
  assert.equal(await rpc('eth_getBalance', SOMEBODY), '0xf');
  assert.equal(await rpc('eth_blockNumber'), '0xd');
});

test('BLOCKHASH and the contracts of the system see the blocks of the other chain', async () => {
  const first = await origin();
  const { rpc, accounts } = forkOf(first);
  // Returns the hash of the block whose number is the input.
  const code = '0x5f35405f5260205ff3';
  const call = { from: accounts[0], to: SOMEBODY, data: `0x${WORD(1)}` };
  const overrides = { [SOMEBODY]: { code } };
  const { hash } = await rpc('eth_getBlockByNumber', '0x1', false);
  await rpc('evm_mine');
  assert.equal(await rpc('eth_call', call, 'latest', overrides), hash);
  const history = '0x0000f90827f1c53a10cb7a02335b175320002935';
  const parent = await rpc('eth_getBlockByNumber', '0x3', false);
  assert.equal(await rpc('eth_call', { to: history, data: `0x${WORD(3)}` }), parent.hash);
  assert.equal(await rpc('eth_call', { to: history, data: `0x${WORD(1)}` }), hash);
});

test('BLOCKHASH of a simulated block sees the blocks of the other chain', async () => {
  const { rpc } = forkOf(await origin());
  const code = '0x5f35405f5260205ff3';
  await rpc('anvil_setCode', SOMEBODY, code);
  const call = { to: SOMEBODY, data: `0x${WORD(1)}` };
  const [block] = await rpc('eth_simulateV1', { blockStateCalls: [{ calls: [call] }] });
  const { hash } = await rpc('eth_getBlockByNumber', '0x1', false);
  assert.equal(block.calls[0].returnData, hash);
});

test('states of many blocks can be read on a fork, with what they deleted', async () => {
  const first = await origin();
  const { rpc, accounts } = forkOf(first);
  const from = accounts[0];
  const owner = accounts[3];
  await rpc('evm_mine');
  await rpc('anvil_setStorageAt', first.contract, '0x0', `0x${WORD(0)}`);
  await rpc('anvil_setBalance', owner, '0x0');
  for (let i = 0; i < 330; i++) {
    await rpc('eth_sendTransaction', { from, to: SOMEBODY, value: '0x1' });
  }
  const slotAt = async (at: string) =>
    BigInt(await rpc('eth_getStorageAt', first.contract, '0x0', at));
  assert.equal(await slotAt('0x3'), 42n);
  assert.equal(await slotAt('0x4'), 0n);
  assert.equal(await slotAt('0x5'), 0n);
  assert.equal(await rpc('eth_getBalance', owner, '0x5'), '0x0');
  assert.equal(await rpc('eth_getBalance', SOMEBODY, '0x10'), '0x11');
  const id = await rpc('evm_snapshot');
  await rpc('anvil_rollback', 320);
  assert.equal(await rpc('eth_getBalance', SOMEBODY), '0xf');
  assert.equal(await slotAt('latest'), 0n);
  assert.equal(await rpc('evm_revert', id), false);
});

test('a request that a reset overtakes says so', async () => {
  const first = await origin();
  const asked = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  const node = forkOf(first, {
    request: async (call: { method: string; params: readonly unknown[] }) => {
      if (call.method === 'eth_getStorageAt') {
        asked.resolve();
        await gate.promise;
      }
      return first.node.provider.request(call);
    },
  });
  await node.rpc('eth_blockNumber');
  const waiting = node.fail('eth_getStorageAt', first.contract, '0x0');
  await asked.promise;
  await node.provider.node.reset(undefined);
  gate.resolve();
  assert.match((await waiting).message, /the chain was reset while the request waited/);
  assert.equal(await node.rpc('eth_blockNumber'), '0x0');
});

test('a chain in a database is not forked, and stays as it is', async (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'lockstep-fork-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'chain.db');
  const database = await openDatabase(path);
  const remote = { request: async () => '0x1' };
  assert.throws(() => createTestNode({ database, fork: remote }), /chain in a database/);
  assert.equal(database.identity, undefined);
  const { rpc, fail, provider } = createTestNode({ database });
  await rpc('evm_mine');
  const forking = { jsonRpcUrl: 'http://127.0.0.1:9' };
  assert.match((await fail('anvil_reset', { forking })).message, /chain in a database/);
  assert.equal(await rpc('eth_blockNumber'), '0x1');
  provider.close();
});

test('methods that the remote answers are there, and name their block or hash', () => {
  for (const [name, subject] of SUBJECT_OF) {
    const method = METHODS.get(name);
    assert.ok(method !== undefined, name);
    const names = method.params.map((each) => each.name);
    if (subject === 'transaction' || subject === 'block') assert.equal(names[0], 'hash', name);
    else if (subject === 'bundles') assert.equal(names[1], 'context', name);
    else if (subject !== 'logs' && subject !== 'filter') assert.ok(names.includes('block'), name);
  }
});

test('a fork does what the chain itself would do', async () => {
  const first = await origin();
  const fork = forkOf(first);
  const [from, other] = fork.accounts;
  const { contract } = first;
  // Calls the contract with the input, twice, and stores what came in slot 1.
  const caller = `0x5f355f525f5f60205f5f73${contract.slice(2)}5af15f5f60205f5f73${contract.slice(2)}5af101600155`;
  const requests = [
    { from, to: contract, data: `0x${WORD(0)}` },
    { from, to: contract, data: `0x${WORD(9)}` },
    { from, data: initCode(caller) },
    { from: other, to: SOMEBODY, value: '0x7' },
    {
      from,
      to: contract,
      data: `0x${WORD(42)}`,
      accessList: [{ address: contract, storageKeys: [] }],
    },
    { from: other, data: '0xfe', gas: '0x186a0' },
  ];
  const run = async ({ rpc }: TestNode): Promise<unknown[]> => {
    const seen: unknown[] = [];
    for (const request of requests) {
      const hash = await rpc('eth_sendTransaction', request);
      const { contractAddress: created } = await rpc('eth_getTransactionReceipt', hash);
      if (created !== null && request.from === from) {
        await rpc('eth_sendTransaction', { from, to: created, data: `0x${WORD(11)}` });
        seen.push(await rpc('eth_getStorageAt', created, '0x1'));
      }
      const block = await rpc('eth_getBlockByNumber', 'latest', false);
      const { gasUsed, receiptsRoot, transactionsRoot, baseFeePerGas, number, timestamp } = block;
      seen.push({ gasUsed, receiptsRoot, transactionsRoot, baseFeePerGas, number, timestamp });
      seen.push(await rpc('eth_getStorageAt', contract, '0x0'));
    }
    return seen;
  };
  const own = await run(fork);
  assert.deepEqual(own, await run(first.node));
});

test('what a fork deletes is gone, and a storage with its account', () => {
  const word = (value: number): Uint8Array => hexToBytes(WORD(value));
  const owner = new Uint8Array(20).fill(7);
  const cell = (space: number, key = 0) => ({ space, owner, key: word(key) });
  const backend = createForkBackend({ get: () => word(5) });
  const { slot, nonce, codeHash, balance } = SPACES;
  const start = backend.snapshot();
  assert.deepEqual(backend.get(cell(slot.number, 1)), word(5));
  backend.put(cell(slot.number, 1), word(6));
  backend.delete(cell(slot.number, 2));
  assert.deepEqual(backend.get(cell(slot.number, 1)), word(6));
  assert.equal(backend.get(cell(slot.number, 2)), undefined);
  const scanned = [...(backend.scan({ space: slot.number }) as Iterable<{ value: Uint8Array }>)];
  assert.deepEqual(
    scanned.map(({ value }) => [...value]),
    [[...word(6)]],
  );
  backend.delete(cell(nonce.number));
  assert.deepEqual(backend.get(cell(slot.number, 3)), word(5));
  backend.delete(cell(codeHash.number));
  assert.equal(backend.get(cell(slot.number, 3)), undefined);
  assert.deepEqual(backend.get(cell(balance.number)), word(5));
  backend.restore(start);
  assert.deepEqual(backend.get(cell(slot.number, 2)), word(5));
});

test("bundles of calls below the block of the fork are the remote's", async () => {
  const first = await origin();
  const { rpc } = forkOf(first, { blockNumber: 2n });
  const call = { from: first.node.accounts[0], to: SOMEBODY };
  const bundles = [{ transactions: [call] }];
  const answer = [[{ value: '0x' }]];
  // Below it by the remote, on it and above by the fork itself.
  for (const blockNumber of ['0x1', 'earliest', '0x2', 'latest']) {
    assert.deepEqual(await rpc('eth_callMany', bundles, { blockNumber }), answer, blockNumber);
  }
  const [[trace]] = await rpc('debug_traceCallMany', bundles, { blockNumber: '0x1' }, {});
  assert.equal(trace.failed, false);
  const [many] = await rpc('trace_callMany', [[call, ['trace']]], '0x1');
  assert.equal(many.output, '0x');
});

test('a fork asks another node once it is told so', async () => {
  const first = await origin();
  const server = await serve({ provider: first.node.provider, port: 0 });
  const { port } = server;
  const { rpc, fail } = forkOf(first);
  try {
    assert.equal(await rpc('anvil_setRpcUrl', `http://127.0.0.1:${port}`), null);
    assert.equal((await rpc('anvil_nodeInfo')).forkConfig.forkUrl, `127.0.0.1:${port}`);
    assert.equal(await rpc('eth_getBalance', SOMEBODY, 'latest'), '0x5');
    assert.match((await fail('anvil_setRpcUrl', 'ftp://nowhere')).message, /no URL that begins/);
  } finally {
    await server.close();
  }
  assert.equal(await createTestNode().rpc('anvil_setRpcUrl', 'http://127.0.0.1:1'), null);
});
