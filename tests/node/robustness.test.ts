/**
 * Ten thousand requests that are wrong in one of many ways, over HTTP and WebSocket: each has an
 * answer, the node goes on, and its memory stays. And clients that never finish what they begin.
 */
import assert from 'node:assert/strict';
import { Agent, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { METHODS } from '../../src/node/methods/table.ts';
import { createProvider } from '../../src/node/provider.ts';
import { type NodeServer, serve } from '../../src/node/server/http.ts';
import { createPrng, type Prng } from '../support/prng.ts';
import { createTestNode, LOOP_CODE } from './support.ts';

const REQUESTS = 10_000;
const BYTES_MAX = 100_000;
/** Memory that may stay after all of them: what is compiled and cached meanwhile. */
const GROWTH_BYTES_MAX = 96 << 20;

async function start(context: TestContext): Promise<NodeServer> {
  const provider = createProvider({ limits: { bodyBytesMax: BYTES_MAX } });
  const server = await serve({ provider, port: 0, limits: { bodyBytesMax: BYTES_MAX } });
  context.after(async () => {
    provider.close();
    await server.close();
  });
  return server;
}

const NAMES = [...METHODS.keys()].filter((name) => !/mine|Mine|subscribe/.test(name));
const SCALARS = [
  null,
  true,
  -1,
  1.5,
  1e300,
  '',
  '0x',
  '0xg',
  'latest',
  '\ud800',
  `0x${'f'.repeat(65)}`,
];

/** Any JSON value. */
function value(prng: Prng, depth: number): unknown {
  const kind = prng.below(depth === 0 ? 2 : 4);
  const size = prng.below(4);
  if (kind < 2) return prng.pick(SCALARS);
  const items = Array.from({ length: size }, () => value(prng, depth - 1));
  if (kind === 2) return items;
  return Object.fromEntries(items.map((each) => [prng.pick(['to', 'data', 'a', '0x0']), each]));
}

/** Kinds of wrong requests; each makes the text of one. */
const KINDS: readonly ((prng: Prng) => string)[] = [
  // Malformed.
  (prng) => prng.pick(['', '{', '[', '"', '{"id":1', '[1,', 'nul', '\0', '{"a":}', '{"id":1}}']),
  (prng) => valid(prng).slice(0, -1 - prng.below(10)),
  // Oversized: the body, a text in it, a batch.
  (prng) => ' '.repeat(BYTES_MAX + 1 + prng.below(9)),
  (prng) => JSON.stringify({ id: 1, method: prng.pick(NAMES), params: ['x'.repeat(50_000)] }),
  () => `[${'1,'.repeat(10_001)}1]`,
  // Deeply nested.
  (prng) => '['.repeat(100 + prng.below(40_000)),
  (prng) => `{"id":1,"method":"eth_call","params":${'[{"a":'.repeat(100 + prng.below(5000))}`,
  // Of wrong types.
  (prng) => JSON.stringify(value(prng, 4)),
  (prng) => JSON.stringify({ id: 1, method: value(prng, 1), params: value(prng, 3) }),
  (prng) => JSON.stringify({ id: value(prng, 2), method: prng.pick(NAMES) }),
  (prng) => JSON.stringify({ id: 1, method: prng.pick(NAMES), params: value(prng, 5) }),
  (prng) => JSON.stringify({ id: 1, method: prng.pick(NAMES), params: [value(prng, 3)] }),
];

function valid(prng: Prng): string {
  return JSON.stringify({ jsonrpc: '2.0', id: 7, method: prng.pick(NAMES), params: ['0x1', {}] });
}

/** Sends a body; gives the status and the text of the answer. */
function post(server: NodeServer, agent: Agent, body: string): Promise<[number, string]> {
  return new Promise((resolve, reject) => {
    const { host, port } = server;
    const sent = request({ host, port, agent, method: 'POST' }, (response) => {
      let text = '';
      response.on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () => resolve([response.statusCode ?? 0, text]));
    });
    sent.on('error', (error: NodeJS.ErrnoException) => {
      // The server may close while more than it reads is still coming.
      if (body.length > BYTES_MAX) resolve([413, '{"error":{"code":0}}']);
      else reject(error);
    });
    sent.end(body);
  });
}

function check(text: string, body: string): void {
  const answers = [JSON.parse(text)].flat() as { error?: { code: unknown } }[];
  for (const { error } of answers) {
    // -32603 is a defect of the node, whatever was asked.
    if (error !== undefined) assert.notEqual(error.code, -32603, `${body.slice(0, 200)}: ${text}`);
  }
}

async function openSocket(server: NodeServer): Promise<(body: string) => Promise<string>> {
  const socket = new WebSocket(server.url.replace('http', 'ws'));
  await new Promise((resolve, reject) => {
    socket.onopen = resolve;
    socket.onerror = reject;
  });
  return (body) =>
    new Promise((resolve) => {
      socket.onmessage = ({ data }) => resolve(String(data));
      // What is longer than a message may be closes the connection.
      socket.onclose = () => resolve('closed');
      socket.send(body);
    });
}

test(`${REQUESTS} wrong requests have an answer each`, async (context) => {
  const server = await start(context);
  const agent = new Agent({ keepAlive: true });
  context.after(() => agent.destroy());
  const prng = createPrng(5);
  let ask = await openSocket(server);
  let before = 0;
  for (let count = 0; count < REQUESTS; count++) {
    if (count === REQUESTS / 5) before = process.memoryUsage().rss;
    const body = (KINDS[count % KINDS.length] as (prng: Prng) => string)(prng);
    if (count % 2 === 0) {
      const [status, text] = await post(server, agent, body);
      assert.ok([200, 204, 413].includes(status), `${status} for ${body.slice(0, 200)}`);
      if (status === 200) check(text, body);
    } else {
      // A notification has no answer, so that one follows which has.
      const text = await ask(body.includes('"id"') || !body.includes('"method"') ? body : '[]');
      if (text === 'closed') ask = await openSocket(server);
      else check(text, body);
    }
  }
  assert.ok(process.memoryUsage().rss - before < GROWTH_BYTES_MAX);
  const [, text] = await post(server, agent, '{"id":1,"method":"eth_chainId"}');
  assert.equal(JSON.parse(text).result, '0x7a69');
});

test('a trace of a loop without an end is refused, and one with a limit is not', async () => {
  const { rpc, fail } = createTestNode();
  const to = '0x000000000000000000000000000000000000100f';
  await rpc('anvil_setCode', to, LOOP_CODE);
  const { code, message } = await fail('debug_traceCall', { to }, 'latest');
  assert.equal(code, -32000);
  assert.match(message, /give a limit/);
  const few = await rpc('debug_traceCall', { to, gas: '0x10000' }, 'latest', { limit: 3 });
  assert.equal(few.structLogs.length, 3);
  assert.equal(await rpc('eth_blockNumber'), '0x0');
});

test('requests that are never finished hold nobody up', async (context) => {
  const server = await start(context);
  const halves = [
    'POST / HTTP/1.1\r\nHost: x\r\n',
    'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{"id":',
    'GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n',
    'P',
    '',
  ];
  const sockets: Socket[] = [];
  context.after(() => {
    for (const socket of sockets) socket.destroy();
  });
  for (let round = 0; round < 200; round++) {
    const socket = connect(server.port, server.host);
    socket.on('error', () => {});
    socket.write(halves[round % halves.length] as string);
    sockets.push(socket);
  }
  const agent = new Agent();
  for (let round = 0; round < 20; round++) {
    const [status] = await post(server, agent, '{"id":1,"method":"eth_blockNumber"}');
    assert.equal(status, 200);
  }
});
