/** The Engine API: blocks of one node in another one, which has the same genesis. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTestNode, type TestNode } from './support.ts';

const ZERO = `0x${'00'.repeat(32)}`;
const NOBODY = `0x${'00'.repeat(19)}aa`;

/** A block with a transfer on the head of a node, as `engine_newPayloadV4` takes it. */
async function build(
  node: TestNode,
): Promise<[Record<string, unknown>, string[], string, string[]]> {
  const { rpc, accounts } = node;
  const [from, to] = accounts;
  const fees = { maxFeePerGas: '0x77359400', maxPriorityFeePerGas: '0x1', gas: '0x5208' };
  const raw = await rpc('eth_signTransaction', { from, to, value: '0x5', nonce: '0x0', ...fees });
  const { hash, timestamp } = await rpc('eth_getBlockByNumber', 'latest', false);
  const attributes = {
    timestamp: `0x${(BigInt(timestamp) + 12n).toString(16)}`,
    prevRandao: ZERO,
    suggestedFeeRecipient: NOBODY,
    withdrawals: [{ index: '0x0', validatorIndex: '0x1', address: NOBODY, amount: '0x2' }],
    parentBeaconBlockRoot: ZERO,
  };
  const transactions = [raw.raw ?? raw];
  const built = await rpc('testing_buildBlockV1', hash, attributes, transactions, '0x01');
  return [built.executionPayload, [], ZERO, built.executionRequests];
}

test('a block of another node is kept, and becomes the head when that is said', async () => {
  const given = await build(createTestNode());
  const { rpc, accounts } = createTestNode();
  const [payload] = given;
  const status = { status: 'VALID', latestValidHash: payload.blockHash, validationError: null };
  assert.deepEqual(await rpc('engine_newPayloadV4', ...given), status);
  assert.equal(await rpc('eth_blockNumber'), '0x0');
  assert.equal((await rpc('eth_getBlockByHash', payload.blockHash, false)).number, '0x1');
  assert.deepEqual(await rpc('engine_newPayloadV4', ...given), status);
  const { blockHash } = payload;
  const state = { headBlockHash: blockHash, safeBlockHash: ZERO, finalizedBlockHash: ZERO };
  const { payloadStatus } = await rpc('engine_forkchoiceUpdatedV3', state);
  assert.deepEqual(payloadStatus, status);
  assert.equal(await rpc('eth_blockNumber'), '0x1');
  assert.equal(await rpc('eth_getBalance', NOBODY, 'latest'), '0x7735e608');
  await rpc('eth_sendTransaction', { from: accounts[1], to: accounts[0], value: '0x1' });
  assert.equal(await rpc('eth_blockNumber'), '0x2');
});

test('a block that is not right is refused with the reason', async () => {
  const [payload, hashes, root, requests] = await build(createTestNode());
  const node = createTestNode();
  const take = (changed: object, versioned = hashes) =>
    node.rpc('engine_newPayloadV4', { ...payload, ...changed }, versioned, root, requests);
  const wrongHash = await take({ gasUsed: '0x1' });
  assert.equal(wrongHash.status, 'INVALID');
  assert.match(wrongHash.validationError, /^blockhash mismatch, want 0x/);
  assert.match((await take({}, [ZERO])).validationError, /versioned hashes/);
  assert.match((await take({ transactions: ['0x05'] })).validationError, /transaction/);
  const own = (text: string) => /got (0x\w{64})/.exec(text)?.[1];
  const hashOf = async (changed: object) => own((await take(changed)).validationError);
  const wrong = { stateRoot: ZERO };
  const refused = await take({ ...wrong, blockHash: await hashOf(wrong) });
  assert.equal(refused.status, 'INVALID');
  assert.equal(refused.latestValidHash, payload.parentHash);
  assert.match(refused.validationError, /state root/);
  const far = { parentHash: ZERO };
  assert.deepEqual(await take({ ...far, blockHash: await hashOf(far) }), {
    status: 'SYNCING',
    latestValidHash: null,
    validationError: null,
  });
  assert.equal(await node.rpc('eth_blockNumber'), '0x0');
});

test('requests without data, or out of order, are refused', async () => {
  const [payload, hashes, root] = await build(createTestNode());
  const { rpc } = createTestNode();
  const takes = (requests: string[]) => rpc('engine_newPayloadV4', payload, hashes, root, requests);
  await assert.rejects(takes(['0x']), { code: -32602, message: /request 0 has no data/ });
  await assert.rejects(takes(['0x0011', '0x01']), {
    code: -32602,
    message: /request 1 has no data/,
  });
  await assert.rejects(takes(['0x0111', '0x0122']), { code: -32602, message: /request 1 is not/ });
});

test('from its version on, what stands beside a payload has to be there', async () => {
  const given = await build(createTestNode());
  const { rpc } = createTestNode();
  const wanted = { V1: 1, V2: 1, V3: 3, V4: 4 };
  for (const [version, count] of Object.entries(wanted)) {
    for (let left = 1; left < count; left++) {
      const message = new RegExp(`missing value for required argument ${left} `);
      const call = rpc(`engine_newPayload${version}`, ...given.slice(0, left));
      await assert.rejects(call, { code: -32602, message });
    }
    const { status } = await rpc(`engine_newPayload${version}`, ...given.slice(0, count));
    assert.equal(status, version === 'V4' ? 'VALID' : 'INVALID');
  }
});
