/** What methods answer: accounts, transactions, calls, blocks, logs, filters, traces. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  createTestNode,
  initCode,
  LOOP_CODE,
  REVERT_CODE,
  STORE_CODE,
  type TestNode,
} from './support.ts';

/** Runtime code that sums up the whole numbers from the first word of the call data down. */
const SUM_CODE = '0x5f355f5b8101906001900390816003575f5260205ff3';

const WORD = (value: number): string => value.toString(16).padStart(64, '0');

async function deploy(node: TestNode, runtime: string): Promise<string> {
  const hash = await node.rpc('eth_sendTransaction', {
    from: node.accounts[0],
    data: initCode(runtime),
  });
  const { contractAddress, status } = await node.rpc('eth_getTransactionReceipt', hash);
  assert.equal(status, '0x1');
  return contractAddress;
}

test('the accounts are those of the well-known mnemonic', () => {
  const { accounts } = createTestNode();
  assert.equal(accounts.length, 10);
  assert.equal(accounts[0], '0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266');
  assert.equal(accounts[9], '0xa0ee7a142d267c1f36714e4a8f75612f20a79720');
});

test('defaults are those of anvil', async () => {
  const { rpc, accounts } = createTestNode();
  assert.equal(await rpc('eth_chainId'), '0x7a69');
  assert.equal(await rpc('net_version'), '31337');
  assert.equal(await rpc('eth_gasPrice'), '0x77359400');
  assert.equal(await rpc('eth_getBalance', accounts[0], 'latest'), '0x21e19e0c9bab2400000');
  const block = await rpc('eth_getBlockByNumber', 'latest', false);
  assert.equal(block.gasLimit, '0x1c9c380');
  assert.equal(block.baseFeePerGas, '0x3b9aca00');
  const code = await rpc('eth_getCode', '0x4e59b44847b379578588920ca78fbf26c0b4956c');
  assert.equal(code.length, 2 + 69 * 2);
});

test('a contract that is called often goes on working where it is compiled', async () => {
  const node = createTestNode();
  const to = await deploy(node, SUM_CODE);
  const call = { to, data: `0x${WORD(100_000)}` };
  for (let count = 0; count < 40; count++) {
    assert.equal(await node.rpc('eth_call', call), `0x${WORD(5_000_050_000)}`);
  }
});

test('a transaction is mined at once, and found by everything that names it', async () => {
  const { rpc, accounts } = createTestNode();
  const [from, to] = accounts;
  const hash = await rpc('eth_sendTransaction', { from, to, value: '0x5' });
  const receipt = await rpc('eth_getTransactionReceipt', hash);
  assert.equal(receipt.status, '0x1');
  assert.equal(receipt.gasUsed, '0x5208');
  const tx = await rpc('eth_getTransactionByHash', hash);
  assert.equal(tx.from, from);
  assert.equal(tx.nonce, '0x0');
  for (const found of [
    await rpc('eth_getTransactionByBlockNumberAndIndex', '0x1', '0x0'),
    await rpc('eth_getTransactionByBlockHashAndIndex', tx.blockHash, '0x0'),
    await rpc('eth_getTransactionBySenderAndNonce', from, '0x0'),
    (await rpc('eth_getBlockByNumber', '0x1', true)).transactions[0],
  ]) {
    assert.deepEqual(found, tx);
  }
  assert.equal(await rpc('ots_getTransactionBySenderAndNonce', from, 0), hash);
  assert.equal(await rpc('eth_getTransactionCount', from, 'latest'), '0x1');
});

test('a raw transaction gives the sender by its signature', async () => {
  const { rpc, accounts } = createTestNode();
  const [from, to] = accounts;
  const raw = await rpc('eth_signTransaction', { from, to, value: '0x1' });
  const hash = await rpc('eth_sendRawTransaction', raw);
  assert.equal((await rpc('eth_getTransactionByHash', hash)).from, from);
  assert.equal(await rpc('eth_getRawTransactionByHash', hash), raw);
});

test('contracts run, log and can be read', async () => {
  const node = createTestNode();
  const { rpc, accounts } = node;
  const to = await deploy(node, STORE_CODE);
  const data = `0x${WORD(42)}`;
  const hash = await rpc('eth_sendTransaction', { from: accounts[0], to, data });
  assert.equal(await rpc('eth_getStorageAt', to, '0x0', 'latest'), data);
  assert.equal(await rpc('eth_getStorageAt', to, '0x0', '0x1'), `0x${WORD(0)}`);
  const logs = await rpc('eth_getLogs', { address: to, fromBlock: '0x0' });
  assert.equal(logs.length, 1);
  assert.equal(logs[0].data, data);
  assert.equal(logs[0].transactionHash, hash);
  assert.deepEqual(await rpc('eth_getLogs', { address: accounts[0], fromBlock: '0x0' }), []);
  assert.deepEqual(await rpc('eth_getLogs', { fromBlock: '0x0', topics: [null] }), []);
  const proof = await rpc('eth_getProof', to, ['0x0'], 'latest');
  assert.equal(proof.storageProof[0].value, '0x2a');
});

test('logs of the pending block are those that it has when it is mined', async () => {
  const { rpc, accounts } = createTestNode({ isAutomining: false });
  const [from] = accounts;
  await rpc('anvil_setCode', accounts[1], STORE_CODE);
  await rpc('eth_sendTransaction', { from, to: accounts[1], data: `0x${'01'.padStart(64, '0')}` });
  const pending = { fromBlock: 'pending', toBlock: 'pending' };
  const found = await rpc('eth_getLogs', pending);
  assert.deepEqual([found.length, found[0].blockNumber], [1, '0x1']);
  assert.deepEqual(await rpc('eth_getLogs', { fromBlock: '0x0', toBlock: 'pending' }), found);
  assert.deepEqual(await rpc('eth_getLogs', { fromBlock: '0x0' }), []);
  await rpc('evm_mine');
  assert.deepEqual(await rpc('eth_getLogs', {}), found);
  assert.deepEqual(await rpc('eth_getLogs', pending), []);
});

test('logs as text are the logs as values', async () => {
  const node = createTestNode();
  const { rpc, provider, accounts } = node;
  // Two topics and a word of data, then a log of nothing.
  const to = await deploy(node, '0x6002600160205fa25f5fa000');
  for (let i = 0; i < 3; i++) await rpc('eth_sendTransaction', { from: accounts[0], to });
  const filter = await rpc('eth_newFilter', { fromBlock: '0x0' });
  const requests = [
    ['eth_getLogs', { fromBlock: '0x0' }],
    ['eth_getLogs', { address: accounts[0], fromBlock: '0x0' }],
    ['eth_getFilterLogs', filter],
  ] as const;
  for (const [method, param] of requests) {
    const value = await rpc(method, param);
    assert.equal(value.length, param === requests[1][1] ? 0 : 6);
    const request = { jsonrpc: '2.0', id: 'a"b', method, params: [param] };
    const text = JSON.stringify({ jsonrpc: '2.0', id: 'a"b', result: value });
    assert.equal(await provider.dispatcher.respond(JSON.stringify(request)), text);
    const batch = await provider.dispatcher.respond(JSON.stringify([request, request]));
    assert.equal(batch, `[${text},${text}]`);
  }
});

test('a struct trace as text is the trace as a value', async () => {
  const node = createTestNode();
  const { rpc, provider, accounts } = node;
  // A slot is stored and cleared, which refunds, memory kept, an account called; then it fails.
  const to = await deploy(
    node,
    `0x60015f555f5f5560ff6040525f5f5f5f5f305af1507f${'ff'.repeat(32)}80015bfe`,
  );
  const call = { from: accounts[0], to, gas: '0x186a0' };
  const hash = await rpc('eth_sendTransaction', call);
  const all = { enableMemory: true, enableReturnData: true };
  for (const config of [{}, all, { disableStack: true, disableStorage: true }, { limit: 3 }]) {
    for (const [method, params] of [
      ['debug_traceTransaction', [hash, config]],
      ['debug_traceCall', [{ ...call, gas: '0x5dc0' }, 'latest', config]],
      ['debug_traceCall', [call, 'latest', config]],
    ] as const) {
      const value = await rpc(method, ...params);
      assert.ok(value.structLogs.length >= 3);
      const request = JSON.stringify({ id: 1, method, params });
      const text = JSON.stringify({ jsonrpc: '2.0', id: 1, result: value });
      assert.equal(await provider.dispatcher.respond(request), text);
    }
  }
  const { structLogs } = await rpc('debug_traceTransaction', hash, all);
  for (const name of ['stack', 'storage', 'refund', 'memory']) {
    assert.ok(
      structLogs.some((log: object) => Object.hasOwn(log, name)),
      name,
    );
  }
});

test('a revert has code 3, its reason and its data', async () => {
  const node = createTestNode();
  const to = await deploy(node, REVERT_CODE);
  for (const method of ['eth_call', 'eth_estimateGas']) {
    const error = await node.fail(method, { to });
    assert.equal(error.code, 3);
    assert.equal(error.message, 'execution reverted: no');
    assert.match(String(error.data), /^0x08c379a0/);
  }
  const hash = await node.rpc('eth_sendTransaction', { from: node.accounts[0], to });
  assert.equal((await node.rpc('eth_getTransactionReceipt', hash)).status, '0x0');
});

test('calls and estimates do not ask for the nonce', async () => {
  const node = createTestNode();
  const to = await deploy(node, STORE_CODE);
  const request = { from: node.accounts[0], to, nonce: '0x0' };
  assert.equal(await node.rpc('eth_call', request), '0x');
  for (const nonce of ['0x0', '0x99']) {
    assert.ok(Number(await node.rpc('eth_estimateGas', { ...request, nonce })) > 21_000);
  }
});

test('a call that never ends ends by its gas', async () => {
  const node = createTestNode();
  const to = await deploy(node, LOOP_CODE);
  assert.equal((await node.fail('eth_call', { to })).message, 'out of gas');
  assert.match(
    (await node.fail('eth_estimateGas', { to })).message,
    /gas required exceeds allowance/,
  );
});

test('calls leave the state alone, and overrides are for the call', async () => {
  const node = createTestNode();
  const { rpc, accounts } = node;
  const to = await deploy(node, STORE_CODE);
  const before = await rpc('eth_getBlockByNumber', 'latest', false);
  await rpc('eth_call', { from: accounts[1], to, data: `0x${WORD(7)}` }, 'latest');
  assert.equal(await rpc('eth_getStorageAt', to, '0x0'), `0x${WORD(0)}`);
  // PUSH0 SLOAD, SELFBALANCE, ADD, TIMESTAMP, ADD: returned as one word.
  const code = '0x5f5447014201' + '5f5260205ff3';
  const state = {
    [to]: { code, balance: '0x10', stateDiff: { [`0x${WORD(0)}`]: `0x${WORD(3)}` } },
  };
  const result = await rpc('eth_call', { to }, 'latest', state, { time: '0x100' });
  assert.equal(result, `0x${WORD(0x113)}`);
  assert.notEqual(await rpc('eth_getCode', to), code);
  assert.equal((await rpc('eth_getBlockByNumber', 'latest', false)).hash, before.hash);
  await rpc('eth_sendTransaction', { from: accounts[0], to, data: `0x${WORD(9)}` });
  assert.equal(await rpc('eth_getStorageAt', to, '0x0'), `0x${WORD(9)}`);
});

test('overrides that are refused move no precompile', async () => {
  const { rpc, fail } = createTestNode();
  const identity = `0x${'04'.padStart(40, '0')}`;
  const both = { state: {}, stateDiff: {} };
  const moved = { movePrecompileToAddress: `0x${'99'.repeat(20)}` };
  const overrides = { [identity]: moved, [`0x${'88'.repeat(20)}`]: both };
  const call = { to: identity, data: '0x1234' };
  assert.match((await fail('eth_call', call, 'latest', overrides)).message, /has both/);
  assert.equal(await rpc('eth_call', call), '0x1234');
  assert.equal(await rpc('eth_call', call, 'latest', { [identity]: moved }), '0x');
});

test('bundles of calls have blocks of their own, and what calls left before', async () => {
  const { rpc } = createTestNode();
  const to = `0x${'cd'.repeat(20)}`;
  // Adds the number of the block to slot 0, and returns it.
  await rpc('anvil_setCode', to, '0x435f5401805f555f5260205ff3');
  const bundles = [
    { transactions: [{ to }, { to }], blockOverride: { number: '0x5' } },
    { transactions: [{ to }], blockOverride: { number: '0x7' } },
  ];
  const values = (await rpc('eth_callMany', bundles)).map((bundle: { value: string }[]) =>
    bundle.map(({ value }) => Number(value)),
  );
  assert.deepEqual(values, [[5, 10], [17]]);
  const traces = await rpc('debug_traceCallMany', bundles, {}, { tracer: 'callTracer' });
  assert.equal(Number(traces[1][0].output), 17);
  assert.equal(Number(await rpc('eth_getStorageAt', to, '0x0')), 0);
});

test('after a reset the same requests give the same blocks', async () => {
  const { rpc, accounts } = createTestNode();
  const run = async () => {
    await rpc('eth_sendTransaction', { from: accounts[0], to: accounts[1], value: '0x1' });
    await rpc('evm_mine');
    return (await rpc('eth_getBlockByNumber', 'latest', false)).hash;
  };
  const hash = await run();
  await rpc('anvil_setCoinbase', accounts[5]);
  await rpc('anvil_setBlockGasLimit', '0x1000000');
  await rpc('hardhat_reset');
  assert.equal(await run(), hash);
});

test('estimates are enough and near', async () => {
  const node = createTestNode();
  const { rpc, accounts } = node;
  const to = await deploy(node, STORE_CODE);
  const request = { from: accounts[0], to, data: `0x${WORD(1)}` };
  const gas = await rpc('eth_estimateGas', request);
  const hash = await rpc('eth_sendTransaction', { ...request, gas });
  const { status, gasUsed } = await rpc('eth_getTransactionReceipt', hash);
  assert.equal(status, '0x1');
  assert.ok(Number(gas) < Number(gasUsed) * 1.1, `${gas} for ${gasUsed}`);
  assert.equal(
    await rpc('eth_estimateGas', { from: accounts[0], to: accounts[1], value: '0x1' }),
    '0x5208',
  );
});

test('an access list names what a call touches', async () => {
  const node = createTestNode();
  const to = await deploy(node, STORE_CODE);
  const { accessList } = await node.rpc('eth_createAccessList', { to, data: `0x${WORD(1)}` });
  assert.deepEqual(accessList, [{ address: to, storageKeys: [`0x${WORD(0)}`] }]);
});

test('mining by hand: pending, pool and blocks', async () => {
  const { rpc, accounts } = createTestNode();
  const [from, to] = accounts;
  await rpc('evm_setAutomine', false);
  for (const nonce of ['0x0', '0x1', '0x5']) {
    await rpc('eth_sendTransaction', { from, to, nonce, gas: '0x5208' });
  }
  assert.deepEqual(await rpc('txpool_status'), { pending: '0x2', queued: '0x1' });
  assert.equal(await rpc('eth_getTransactionCount', from, 'latest'), '0x0');
  assert.equal(await rpc('eth_getTransactionCount', from, 'pending'), '0x2');
  const pending = await rpc('eth_getBlockByNumber', 'pending', false);
  assert.equal(pending.transactions.length, 2);
  assert.equal(pending.hash, null);
  await rpc('evm_mine');
  assert.equal((await rpc('eth_getBlockByNumber', 'latest', false)).transactions.length, 2);
  await rpc('anvil_removePoolTransactions', from);
  assert.deepEqual(await rpc('txpool_status'), { pending: '0x0', queued: '0x0' });
});

test('accounts are set, impersonated and given tokens', async () => {
  const node = createTestNode();
  const { rpc, fail, accounts } = node;
  const who = '0x00000000000000000000000000000000000000aa';
  await rpc('anvil_setBalance', who, '0xde0b6b3a7640000');
  await rpc('anvil_setCode', who, '0x00');
  await rpc('hardhat_setNonce', who, '0x7');
  await rpc('anvil_setStorageAt', who, '0x1', `0x${WORD(5)}`);
  assert.equal(await rpc('eth_getStorageAt', who, '0x1'), `0x${WORD(5)}`);
  assert.equal((await fail('eth_sendTransaction', { from: who, to: accounts[0] })).code, -32602);
  await rpc('anvil_impersonateAccount', who);
  const hash = await rpc('eth_sendTransaction', { from: who, to: accounts[0], value: '0x1' });
  const tx = await rpc('eth_getTransactionByHash', hash);
  assert.deepEqual([tx.from, tx.nonce], [who, '0x7']);
  assert.equal((await rpc('debug_traceTransaction', hash)).failed, false);
  await rpc('anvil_stopImpersonatingAccount', who);
  assert.equal((await fail('eth_sendTransaction', { from: who, to: accounts[0] })).code, -32602);
});

test('snapshots, rollbacks and reorganisations go back', async () => {
  const { rpc, accounts } = createTestNode();
  const [from, to] = accounts;
  const id = await rpc('evm_snapshot');
  const send = () => rpc('eth_sendTransaction', { from, to, value: '0x1' });
  for (let i = 0; i < 4; i++) await send();
  const hash = (await rpc('eth_getBlockByNumber', '0x4', false)).hash;
  await rpc('anvil_reorg', 2, []);
  assert.equal(await rpc('eth_blockNumber'), '0x4');
  assert.notEqual((await rpc('eth_getBlockByNumber', '0x4', false)).hash, hash);
  await rpc('anvil_rollback', 3);
  assert.equal(await rpc('eth_blockNumber'), '0x1');
  assert.equal(await rpc('evm_revert', id), true);
  assert.equal(await rpc('eth_blockNumber'), '0x0');
  assert.equal(await rpc('evm_revert', id), false);
  assert.equal(await rpc('eth_getTransactionCount', from), '0x0');
});

test('time is what methods set', async () => {
  const { rpc, fail } = createTestNode();
  const time = async () => Number((await rpc('eth_getBlockByNumber', 'latest', false)).timestamp);
  const start = await time();
  await rpc('evm_setNextBlockTimestamp', start + 100);
  await rpc('evm_mine');
  assert.equal(await time(), start + 100);
  assert.equal((await fail('evm_setNextBlockTimestamp', start)).code, -32602);
  await rpc('evm_increaseTime', 50);
  await rpc('evm_mine');
  assert.equal(await time(), start + 150);
  await rpc('anvil_mine', '0x3', '0xa');
  assert.equal(await time(), start + 171);
});

test('a million blocks are mined at once, and each can be asked for', async () => {
  const { rpc } = createTestNode();
  await rpc('anvil_mine', '0x100000', 12);
  assert.equal(await rpc('eth_blockNumber'), '0x100000');
  const block = await rpc('eth_getBlockByNumber', '0x80000', false);
  const parent = await rpc('eth_getBlockByNumber', '0x7ffff', false);
  assert.equal(block.parentHash, parent.hash);
  assert.deepEqual(await rpc('eth_getBlockByHash', block.hash, false), block);
});

test('filters and subscriptions tell of blocks, logs and transactions', async () => {
  const node = createTestNode();
  const { rpc, fail, accounts, provider } = node;
  const to = await deploy(node, STORE_CODE);
  const told: unknown[] = [];
  provider.on('message', ({ data }) => told.push(data));
  const subscription = await rpc('eth_subscribe', 'logs', { address: to });
  const blocks = await rpc('eth_newBlockFilter');
  const logs = await rpc('eth_newFilter', { address: to });
  const pending = await rpc('eth_newPendingTransactionFilter');
  const hash = await rpc('eth_sendTransaction', { from: accounts[0], to, data: `0x${WORD(1)}` });
  assert.equal((await rpc('eth_getFilterChanges', blocks)).length, 1);
  assert.deepEqual(await rpc('eth_getFilterChanges', pending), [hash]);
  const [log] = await rpc('eth_getFilterChanges', logs);
  assert.equal(log.transactionHash, hash);
  assert.deepEqual(await rpc('eth_getFilterChanges', logs), []);
  assert.deepEqual(told, [{ subscription, result: log }]);
  await rpc('anvil_rollback', 1);
  assert.equal((await rpc('eth_getFilterChanges', logs))[0].removed, true);
  assert.equal(await rpc('eth_uninstallFilter', logs), true);
  assert.equal((await fail('eth_getFilterChanges', logs)).message, 'filter not found');
  assert.equal(await rpc('eth_unsubscribe', subscription), true);
});

test('traces by every tracer', async () => {
  const node = createTestNode();
  const { rpc, fail, accounts } = node;
  const to = await deploy(node, STORE_CODE);
  const hash = await rpc('eth_sendTransaction', { from: accounts[0], to, data: `0x${WORD(3)}` });
  const steps = await rpc('debug_traceTransaction', hash);
  assert.equal(steps.structLogs[0].op, 'PUSH0');
  assert.equal(steps.structLogs.at(-1).op, 'STOP');
  const trace = (tracer: string, tracerConfig?: object) =>
    rpc('debug_traceTransaction', hash, { tracer, tracerConfig });
  assert.equal((await trace('callTracer', { withLog: true })).logs.length, 1);
  const diff = await trace('prestateTracer', { diffMode: true });
  assert.equal(diff.post[to].storage[`0x${WORD(0)}`], `0x${WORD(3)}`);
  assert.deepEqual(await trace('4byteTracer'), { '0x00000000-28': 1 });
  assert.equal((await trace('flatCallTracer'))[0].transactionHash, hash);
  assert.deepEqual(await trace('noopTracer'), {});
  const mux = await trace('muxTracer', { callTracer: {}, prestateTracer: {} });
  assert.deepEqual(Object.keys(mux), ['callTracer', 'prestateTracer']);
  assert.equal((await fail('debug_traceTransaction', hash, { tracer: 'none' })).code, -32000);
  const [flat] = await rpc('trace_transaction', hash);
  assert.equal(flat.action.to, to);
  const { gas } = await rpc('eth_getTransactionByHash', hash);
  const { rules, costs } = node.provider.node.dev.nextRules;
  assert.ok(rules.eip7623 && Number(gas) - Number(flat.action.gas) >= Number(costs.txBase));
  const replayed = await rpc('trace_replayTransaction', hash, ['trace', 'stateDiff']);
  assert.deepEqual(replayed.stateDiff[to].storage[`0x${WORD(0)}`], {
    '*': { from: `0x${WORD(0)}`, to: `0x${WORD(3)}` },
  });
  const creator = await rpc('ots_getContractCreator', to);
  assert.equal(creator.creator, accounts[0]);
});

test('what is no private key is refused by name', async () => {
  const { fail } = createTestNode();
  for (const digit of ['0', 'f']) {
    const error = await fail('personal_importRawKey', `0x${digit.repeat(64)}`, '');
    assert.equal(error.code, -32602);
    assert.equal(
      error.message,
      'the private key is not between 0 and the order of the curve. ' +
        'Take the 32 bytes of a key as a wallet shows them.',
    );
  }
});

test('signatures of messages and typed data recover to the account', async () => {
  const { rpc, accounts } = createTestNode();
  const signature = await rpc('personal_sign', '0x68656c6c6f', accounts[0]);
  assert.equal(signature, await rpc('eth_sign', accounts[0], 'hello'));
  const { recoverAddress } = await import('ox/Secp256k1');
  const { getSignPayload } = await import('ox/PersonalMessage');
  const { fromHex } = await import('ox/Signature');
  const payload = getSignPayload('0x68656c6c6f');
  const address = recoverAddress({ payload, signature: fromHex(signature) });
  assert.equal(address.toLowerCase(), accounts[0]);
  const typed = {
    domain: { name: 'x', chainId: 31337 },
    types: {
      EIP712Domain: [
        { name: 'name', type: 'string' },
        { name: 'chainId', type: 'uint256' },
      ],
      A: [{ name: 'b', type: 'uint256' }],
    },
    primaryType: 'A',
    message: { b: 1 },
  };
  assert.equal((await rpc('eth_signTypedData_v4', accounts[0], typed)).length, 132);
  assert.equal((await rpc('eth_signTypedData_v4', accounts[0], JSON.stringify(typed))).length, 132);
});

test('a dump is in order, equal for equal states, and can be taken in', async () => {
  const dumps = await Promise.all(
    [0, 1].map(async (order) => {
      const { rpc } = createTestNode({ accounts: 1 });
      const owners = [
        '0x00000000000000000000000000000000000000b1',
        '0x00000000000000000000000000000000000000b0',
      ];
      for (const owner of order === 0 ? owners : owners.reverse())
        await rpc('anvil_setBalance', owner, '0x5');
      return rpc('anvil_dumpState');
    }),
  );
  assert.equal(dumps[0], dumps[1]);
  const { rpc } = createTestNode();
  assert.equal(await rpc('anvil_loadState', dumps[0]), true);
  assert.equal(await rpc('eth_getBalance', '0x00000000000000000000000000000000000000b1'), '0x5');
});

test('bundles of signed transactions run on a block and leave nothing', async () => {
  const { rpc, accounts } = createTestNode();
  const [from, to] = accounts;
  const txs = [await rpc('eth_signTransaction', { from, to, value: '0x1' })];
  const { results } = await rpc('eth_callBundle', { txs });
  assert.equal(results[0].gasUsed, 21000);
  assert.equal(await rpc('eth_blockNumber'), '0x0');
});

test('the steps of calls, creations and failures have their costs', async () => {
  const node = createTestNode();
  const from = node.accounts[0];
  const child = await deploy(node, STORE_CODE);
  // CREATE of nothing, a call of the child with 1000 gas, then SSTORE without gas for it.
  const code = `0x5f5f5ff0505f5f5f5f5f73${child.slice(2)}6103e8f15060015f55`;
  const to = await deploy(node, code);
  const hash = await node.rpc('eth_sendTransaction', { from, to, gas: '0x13000' });
  const { structLogs, failed } = await node.rpc('debug_traceTransaction', hash);
  assert.equal(failed, true);
  const find = (op: string, depth: number) =>
    structLogs.find(
      (each: { op: string; depth: number }) => each.op === op && each.depth === depth,
    );
  assert.equal(find('CREATE', 1).gasCost, 32_000);
  assert.equal(find('CALL', 1).gasCost, 2600 + 1000);
  assert.match(find('SSTORE', 2).error, /^out of gas/);
  assert.equal(find('SSTORE', 1).error, 'out of gas');
  assert.equal(structLogs.at(-1).op, 'SSTORE');
});

test('a simulated transaction has the number of its block', async () => {
  const { rpc, accounts } = createTestNode();
  const [from, to] = accounts;
  const simulate = async (...more: unknown[]) =>
    (await rpc('tenderly_simulateTransaction', { from, to }, 'latest', ...more)).blockNumber;
  assert.equal(await simulate(), '0x0');
  assert.equal(await simulate({}, { number: '0x64' }), '0x64');
});
