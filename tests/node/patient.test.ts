/** Calls that take long, while the node serves others. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytesToBigint } from '../../src/base/u256.ts';
import type { RequestArguments } from '../../src/node/provider.ts';
import type { RpcError } from '../../src/node/rpc/errors.ts';
import { createTestNode, LOOP_CODE, type TestNode } from './support.ts';

const TO = '0x000000000000000000000000000000000000100f';
/** Counts down from the first word of the call data; returns slot 0 as it is then. */
const COUNT_CODE = '0x5f355b60019003806002575f545f5260205ff3';
/** The same, and calls the identity with 32 bytes each time. */
const CALLS_CODE = '0x5f355b5f5f60205f60045afa506001900380600257' + '5f545f5260205ff3';
/** Enough for many parts. */
const MANY = 20_000_000;
const GAS = { callGasMax: 2_000_000_000n };

const word = (value: number): string => `0x${value.toString(16).padStart(64, '0')}`;

/** Sends while a request is on its way; gives how many were served before it was answered. */
async function serveMeanwhile({ rpc, accounts }: TestNode, long: Promise<unknown>) {
  let isDone = false;
  const done = () => {
    isDone = true;
  };
  long.then(done, done);
  let served = 0;
  for (; !isDone; served++) {
    await rpc('eth_sendTransaction', { from: accounts[0], to: accounts[1], value: '0x1' });
    await rpc('eth_call', { to: accounts[1] });
    await new Promise((resolve) => setImmediate(resolve));
  }
  return served;
}

test('a loop without an end ends by its gas while others are served', async () => {
  const node = createTestNode(GAS);
  await node.rpc('anvil_setCode', TO, LOOP_CODE);
  const long: Promise<RpcError> = node.fail('eth_call', { to: TO, gas: '0x77359400' });
  const served = await serveMeanwhile(node, long);
  assert.match((await long).message, /out of gas/);
  assert.ok(served >= 3, `${served} requests were served meanwhile`);
  assert.equal(BigInt(await node.rpc('eth_blockNumber')), BigInt(served));
});

test('a long call answers for the state that it began on', async () => {
  for (const code of [COUNT_CODE, CALLS_CODE]) {
    const node = createTestNode(GAS);
    const { rpc } = node;
    await rpc('anvil_setCode', TO, code);
    await rpc('anvil_setStorageAt', TO, '0x0', word(7));
    const call = { to: TO, data: word(code === COUNT_CODE ? MANY : 20_000), gas: '0x77359400' };
    const long = rpc('eth_call', call, 'latest');
    const moved = rpc('evm_mine').then(() => rpc('anvil_setStorageAt', TO, '0x0', word(9)));
    const served = await serveMeanwhile(node, long);
    await moved;
    assert.ok(served >= 2, `${served} requests were served meanwhile`);
    assert.equal(await long, word(7));
    assert.equal(await rpc('eth_call', call, 'latest'), word(9));
    assert.equal(await rpc('eth_call', { ...call, data: word(3) }, 'latest'), word(9));
  }
});

test('long calls take turns, with what is changed for each alone', async () => {
  const node = createTestNode(GAS);
  const call = { to: TO, data: word(MANY), gas: '0x77359400' };
  const calls = [1, 2, 3].map((value) =>
    node.rpc('eth_call', call, 'latest', {
      [TO]: { code: COUNT_CODE, stateDiff: { [word(0)]: word(value) } },
    }),
  );
  const failed = node.fail('eth_call', call, 'latest', { [TO]: { code: LOOP_CODE } });
  assert.ok((await serveMeanwhile(node, Promise.all(calls))) >= 3);
  assert.deepEqual(await Promise.all(calls), [1, 2, 3].map(word));
  assert.match((await failed).message, /out of gas/);
  assert.equal(await node.rpc('eth_getCode', TO), '0x');
});

test('a long call is of the chain that it is asked of', async () => {
  const node = createTestNode({ callGasMax: 1n << 50n });
  const { rpc } = node;
  // As COUNT_CODE does, but for CHAINID in place of the slot.
  const code = COUNT_CODE.replace('5f545f52', '465f52');
  await rpc('anvil_setCode', TO, code);
  const call = { to: TO, data: word(1_000_000), gas: '0x77359400' };
  assert.equal(await rpc('eth_call', call), word(31337));
  await rpc('anvil_setChainId', '0x5');
  assert.equal(await rpc('eth_call', call), word(5));
  const other = createTestNode({ chainId: 777n });
  const endless = { ...call, data: word(0), gas: '0x4000000000000' };
  const long = node.fail('eth_call', endless);
  // It is not answered at once, and then the chain is another one.
  await new Promise((resolve) => setImmediate(resolve));
  const request = (asked: RequestArguments) => other.provider.request(asked);
  await node.provider.node.forkFrom({ request });
  assert.match((await long).message, /the chain was reset while the call ran/);
  await rpc('anvil_reset');
  await rpc('anvil_setCode', TO, COUNT_CODE);
  await rpc('anvil_setStorageAt', TO, '0x0', word(9));
  assert.equal(await rpc('eth_call', call), word(9));
});

test('what a long call tells is told once, and all of it', async () => {
  const node = createTestNode(GAS);
  // Calls an account without code with the number of rounds that are left.
  const code = '0x5f355b805f525f5f60205f61dead5afa506001900380600257' + '00';
  await node.rpc('anvil_setCode', TO, code);
  const told: bigint[] = [];
  node.provider.node.dev.listen({
    codelessCall: (_address, input) => void told.push(bytesToBigint(input)),
  });
  const count = 10_000;
  await node.rpc('eth_call', { to: TO, data: word(count), gas: '0x77359400' });
  assert.deepEqual(
    told,
    Array.from({ length: count }, (_, at) => BigInt(count - at)),
  );
});
