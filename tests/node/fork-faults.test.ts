/** Forks whose remote node fails: what is tried again, and what a person is told. */
import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { LockstepError } from '../../src/base/errors.ts';
import { createRemote } from '../../src/node/fork/transport.ts';
import { createTestNode } from './support.ts';

type Reply = (body: string, response: ServerResponse) => void;

/** A server that answers each request by the next of some replies, and then by the last. */
async function remoteOf(context: TestContext, replies: readonly Reply[]) {
  const bodies: string[] = [];
  const server = createServer(async (request: IncomingMessage, response) => {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    bodies.push(body);
    const reply = replies[Math.min(bodies.length, replies.length) - 1];
    reply?.(body, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/v2/SECRET-KEY`, host: `127.0.0.1:${port}`, bodies };
}

const status =
  (code: number, text = ''): Reply =>
  (_body, response) =>
    void response.writeHead(code).end(text);

const json =
  (make: (request: { id: unknown; method: string }) => object): Reply =>
  (body, response) => {
    const value = JSON.parse(body);
    const answer = (each: { id: unknown; method: string }) => ({
      jsonrpc: '2.0',
      id: each.id,
      ...make(each),
    });
    response.end(JSON.stringify(Array.isArray(value) ? value.map(answer) : answer(value)));
  };

const result = (value: unknown) => json(() => ({ result: value }));
const error = (code: number, message: string) => json(() => ({ error: { code, message } }));

const QUICK = { retries: 2, backoffMs: 1, timeoutMs: 200 };
const CALL = { method: 'eth_chainId', params: [] };

const PASSING: readonly (readonly [name: string, Reply])[] = [
  ['too many requests', status(429)],
  ['a server that fails', status(503, 'unavailable')],
  ['no JSON', status(200, '<html>')],
  ['a limit in an answer', error(-32005, 'daily request count exceeded, request rate limited')],
  ['no answer in time', () => {}],
  ['a connection that breaks', (_body, response) => void response.destroy()],
];

test('what passes is tried again, a number of times', async (context) => {
  for (const [name, reply] of PASSING) {
    const remote = await remoteOf(context, [reply, reply, result('0x1')]);
    const answers = await createRemote({ url: remote.url, ...QUICK }).ask([CALL]);
    assert.deepEqual(answers, [{ result: '0x1' }], name);
    assert.equal(remote.bodies.length, 3, name);
  }
});

test('in the end the host is named, and what it did, but not the key', async (context) => {
  const words: Readonly<Record<string, RegExp>> = {
    'too many requests': /asked too often \(HTTP 429\), 3 times/,
    'a server that fails': /HTTP 503/,
    'no JSON': /answers no JSON/,
    'no answer in time': /nothing came in 200 ms/,
    'a connection that breaks': /no connection/,
  };
  for (const [name, reply] of PASSING) {
    const wanted = words[name];
    if (wanted === undefined) continue;
    const { url, host } = await remoteOf(context, [reply]);
    const { fail } = createTestNode({ fork: { url, ...QUICK } });
    const { code, message } = await fail('eth_blockNumber');
    assert.equal(code, -32603, name);
    assert.match(message, wanted, name);
    assert.ok(message.includes(host), name);
    assert.ok(!message.includes('SECRET'), name);
  }
});

test('only what was refused of a batch is asked for again', async (context) => {
  let isFirst = true;
  const remote = await remoteOf(context, [
    json(({ id }) => {
      if (id !== 1 || !isFirst) return { result: '0x5' };
      isFirst = false;
      return { error: { code: 429, message: 'too many requests' } };
    }),
  ]);
  const answers = await createRemote({ url: remote.url, ...QUICK }).ask([CALL, CALL, CALL]);
  assert.deepEqual(answers, [{ result: '0x5' }, { result: '0x5' }, { result: '0x5' }]);
  assert.deepEqual(
    remote.bodies.map((each) => [JSON.parse(each)].flat().length),
    [3, 1],
  );
});

test('a remote that takes no batches is asked one by one', async (context) => {
  const single = result('0x7');
  const remote = await remoteOf(context, [
    (body, response) => {
      if (!body.startsWith('[')) single(body, response);
      else
        response.end('{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"no batches"}}');
    },
  ]);
  const client = createRemote({ url: remote.url, ...QUICK });
  assert.deepEqual(await client.ask([CALL, CALL]), [{ result: '0x7' }, { result: '0x7' }]);
  await client.ask([CALL, CALL]);
  assert.equal(remote.bodies.length, 5);
});

/** A remote that is a node but for the methods that read the state. */
async function brokenState(context: TestContext, reply: (method: string) => object | undefined) {
  const origin = createTestNode();
  await origin.rpc('anvil_mine', '0x3');
  let isBroken = false;
  const remote = await remoteOf(context, [
    (body, response) => {
      const value = JSON.parse(body);
      const list = Array.isArray(value) ? value : [value];
      Promise.all(
        list.map(async ({ id, method, params }) => {
          const own = isBroken ? reply(method) : undefined;
          if (own !== undefined) return { jsonrpc: '2.0', id, ...own };
          return { jsonrpc: '2.0', id, result: await origin.rpc(method, ...params) };
        }),
      ).then((all) => response.end(JSON.stringify(Array.isArray(value) ? all : all[0])));
    },
  ]);
  const node = createTestNode({ fork: { url: remote.url, ...QUICK } });
  await node.rpc('eth_blockNumber');
  isBroken = true;
  return { ...node, bodies: remote.bodies };
}

const isState = (method: string): boolean => /Balance|Code|Count|Storage/.test(method);

test('what a run needs is fetched in batches, and nothing twice', async (context) => {
  const { rpc, accounts, bodies } = await brokenState(context, () => undefined);
  const before = bodies.length;
  const request = { from: accounts[0], to: `0x${'34'.repeat(20)}`, value: '0x1' };
  await rpc('eth_sendTransaction', request);
  // The callee; slots of the contracts of the system that a block begins and ends with.
  assert.ok(bodies.length - before <= 3, `${bodies.length - before} requests`);
  const asked = bodies.flatMap((each) => [JSON.parse(each)].flat());
  const keys = asked.map(({ method, params }) => JSON.stringify([method, params]));
  assert.equal(new Set(keys).size, keys.length);
  const after = bodies.length;
  await rpc('eth_call', { ...request, value: '0x0' }, 'latest');
  assert.equal(bodies.length, after);
});

test('a state that the remote has given up is told as such', async (context) => {
  const node = await brokenState(context, (method) =>
    isState(method) ? { error: { code: -32000, message: 'missing trie node abc' } } : undefined,
  );
  const { message } = await node.fail('eth_getBalance', `0x${'12'.repeat(20)}`);
  assert.match(message, /has no state of block 0x3: missing trie node abc/);
  assert.match(message, /archive node/);
});

test('what is no number and no code is refused, and not kept', async (context) => {
  let isWrong = true;
  const node = await brokenState(context, (method) =>
    isState(method) && isWrong ? { result: { a: 1 } } : undefined,
  );
  const owner = `0x${'12'.repeat(20)}`;
  const { message } = await node.fail('eth_getBalance', owner);
  assert.match(message, /answers eth_getBalance with \{"a":1\}, where hexadecimal digits/);
  isWrong = false;
  assert.equal(await node.rpc('eth_getBalance', owner), '0x0');
});

test('a transaction that meets a failure leaves nothing, and can be sent again', async (context) => {
  let isWrong = true;
  const node = await brokenState(context, (method) =>
    isState(method) && isWrong ? { error: { code: -32601, message: 'no such method' } } : undefined,
  );
  const request = { from: node.accounts[0], to: `0x${'34'.repeat(20)}`, value: '0x1' };
  const { message } = await node.fail('eth_sendTransaction', request);
  assert.match(message, /refuses eth_getBalance: no such method/);
  assert.equal((await node.rpc('txpool_status')).pending, '0x0');
  isWrong = false;
  const hash = await node.rpc('eth_sendTransaction', request);
  assert.equal((await node.rpc('eth_getTransactionReceipt', hash)).status, '0x1');
});

test('a block that is none, and one that is not there, are told', async (context) => {
  const { url } = await remoteOf(context, [result('0x5')]);
  const first = await createTestNode({ fork: { url, ...QUICK } }).fail('eth_blockNumber');
  assert.match(first.message, /is no block: it is no object/);
  const origin = createTestNode();
  const fork = { request: origin.provider.request.bind(origin.provider), blockNumber: 9n };
  const second = await createTestNode({ fork }).fail('eth_blockNumber');
  assert.match(second.message, /has no block 9/);
});

test('addresses that are none are refused before anything is asked', () => {
  for (const url of ['', 'nowhere', 'ftp://example.org']) {
    assert.throws(
      () => createRemote({ url }),
      (thrown) => thrown instanceof LockstepError && thrown.code === 'L2106',
    );
  }
});
