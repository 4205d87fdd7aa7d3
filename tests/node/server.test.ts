/** The servers: HTTP and WebSocket, their limits, and what they do with requests that are wrong. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { METHODS } from '../../src/node/methods/table.ts';
import { createProvider } from '../../src/node/provider.ts';
import { method } from '../../src/node/rpc/method.ts';
import * as types from '../../src/node/rpc/types.ts';
import {
  CLOSE,
  encodeFrame,
  FrameError,
  FrameReader,
  OPCODE,
} from '../../src/node/server/frames.ts';
import { type NodeServer, serve } from '../../src/node/server/http.ts';
import { createNode } from '../../src/node/server/index.ts';
import { createPrng } from '../support/prng.ts';
import { STORE_CODE } from './support.ts';

const LIMIT = 200_000;

async function start(context: TestContext): Promise<NodeServer> {
  const provider = createProvider({ limits: { bodyBytesMax: LIMIT, batchCountMax: 100 } });
  const server = await serve({ provider, port: 0, limits: { bodyBytesMax: LIMIT } });
  context.after(async () => {
    provider.close();
    await server.close();
  });
  return server;
}

async function post(server: NodeServer, body: string): Promise<{ status: number; text: string }> {
  const response = await fetch(server.url, { method: 'POST', body });
  return { status: response.status, text: await response.text() };
}

/** The code of the error of an answer. */
async function codeOf(server: NodeServer, body: string): Promise<number> {
  const { text } = await post(server, body);
  return JSON.parse(text).error?.code;
}

test('requests, notifications and batches are answered as JSON-RPC 2.0 has it', async (context) => {
  const server = await start(context);
  const one = '{"jsonrpc":"2.0","id":7,"method":"eth_chainId"}';
  assert.deepEqual(JSON.parse((await post(server, one)).text), {
    jsonrpc: '2.0',
    id: 7,
    result: '0x7a69',
  });
  const named = '{"jsonrpc":"2.0","id":"a","method":"web3_sha3","params":{"data":"0x"}}';
  assert.equal(JSON.parse((await post(server, named)).text).result.length, 66);
  const note = '{"jsonrpc":"2.0","method":"evm_mine"}';
  assert.deepEqual(await post(server, note), { status: 204, text: '' });
  const batch = JSON.parse((await post(server, `[${one},${note},1,${one}]`)).text);
  assert.deepEqual(
    batch.map((each: { id: unknown }) => each.id),
    [7, null, 7],
  );
  assert.equal(await codeOf(server, '[]'), -32600);
  assert.equal(await codeOf(server, '{bad'), -32700);
  assert.equal(await codeOf(server, '1'), -32600);
  assert.equal(await codeOf(server, '{"id":1,"method":"none"}'), -32601);
  assert.equal(
    await codeOf(server, '{"id":1,"method":"eth_getBalance","params":["0x12"]}'),
    -32602,
  );
  assert.equal(await codeOf(server, `[${Array(101).fill(one).join()}]`), -32600);
  assert.equal(await codeOf(server, `${'['.repeat(5000)}${']'.repeat(5000)}`), -32600);
});

test('long answers come whole, whatever their characters, and go with who asked', async (context) => {
  const long = method(
    'my_long',
    'Pairs.',
    [],
    types.text.schema,
    () => `a${'\u{1f600}é'.repeat(2e6)}`,
  );
  const provider = createProvider({ methods: [long] });
  const server = await serve({ provider, port: 0 });
  context.after(() => server.close());
  const body = '{"jsonrpc":"2.0","id":1,"method":"my_long"}';
  const { text } = await post(server, body);
  assert.equal(JSON.parse(text).result, `a${'\u{1f600}é'.repeat(2e6)}`);

  const socket = connect(server.port);
  const head = `POST / HTTP/1.1\r\nhost: a\r\ncontent-length: ${body.length}\r\n\r\n`;
  socket.write(head + body);
  await once(socket, 'data');
  socket.destroy();
  assert.equal(await codeOf(server, '{bad'), -32700);
});

test('a connection stays open while its client thinks', async (context) => {
  const server = await start(context);
  const body = '{"jsonrpc":"2.0","id":1,"method":"eth_chainId"}';
  const response = await fetch(server.url, { method: 'POST', body });
  assert.equal(response.headers.get('keep-alive'), 'timeout=120');
  await response.text();
});

test('a body above the limit is refused, other methods than POST too, and pages may ask', async (context) => {
  const server = await start(context);
  const large = await fetch(server.url, { method: 'POST', body: ' '.repeat(LIMIT + 1) });
  assert.equal(large.status, 413);
  assert.equal((await fetch(server.url)).status, 405);
  // As a wallet in a page of the public network asks.
  const preflight = await fetch(server.url, {
    method: 'OPTIONS',
    headers: {
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'content-type,x-own',
      'access-control-request-private-network': 'true',
    },
  });
  assert.equal(preflight.status, 200);
  const allowed = (name: string) => preflight.headers.get(`access-control-allow-${name}`);
  assert.deepEqual(['origin', 'methods', 'headers', 'private-network'].map(allowed), [
    '*',
    'GET,POST',
    'content-type,x-own',
    'true',
  ]);
  assert.equal(await codeOf(server, '{"id":1,"method":"eth_chainId"}'), undefined);
});

/** Values that are hardly ever the right ones. */
const VALUES: readonly unknown[] = [
  null,
  true,
  -1,
  1.5,
  1e300,
  '',
  '0x',
  '0xg',
  '0x0',
  'latest',
  `0x${'f'.repeat(64)}`,
  `0x${'f'.repeat(65)}`,
  `0x${'11'.repeat(20)}`,
  [],
  [[[[[]]]]],
  {},
  { from: 5 },
  { to: '0x1', data: 'x' },
  { fromBlock: '0xffffffffffffffff', toBlock: 'latest' },
  { blockStateCalls: [{ calls: [{ gas: -1 }] }] },
  { __proto__: null, constructor: 1 },
  '\ud800',
  'a'.repeat(5000),
];

test('thousands of wrong requests give an answer each, and the node goes on', async (context) => {
  const server = await start(context);
  const prng = createPrng(1);
  const pick = <T>(list: readonly T[]): T => list[prng.below(list.length)] as T;
  // What ends or rewinds the chain is right with many parameters; the rest is tried with all.
  const names = [...METHODS.keys()];
  let count = 0;
  const socket = await open(server);
  /** Over HTTP, and every fourth over WebSocket; undefined where nothing is answered. */
  const send = async (body: string): Promise<unknown> => {
    if (count % 4 === 0 && body.includes('"id"')) return socket.ask(body);
    const { status, text } = await post(server, body);
    return status === 204 ? undefined : JSON.parse(text);
  };
  const ask = async (body: string): Promise<void> => {
    const answer = (await send(body)) as
      | { error?: { code: unknown; message: unknown } }
      | unknown[]
      | undefined;
    count++;
    if (answer === undefined) return;
    const text = JSON.stringify(answer);
    if (Array.isArray(answer)) return;
    if (answer.error === undefined) return;
    assert.equal(typeof answer.error.code, 'number', body);
    assert.equal(typeof answer.error.message, 'string', body);
    // -32603 is a defect of the node, whatever was asked.
    assert.notEqual(answer.error.code, -32603, `${body.slice(0, 300)} ${text.slice(0, 300)}`);
  };
  for (const name of names) {
    for (let round = 0; round < 8; round++) {
      const params = Array.from({ length: prng.below(5) }, () => pick(VALUES));
      await ask(JSON.stringify({ jsonrpc: '2.0', id: count, method: name, params }));
    }
  }
  const whole = JSON.stringify({
    jsonrpc: '2.0',
    id: 1,
    method: 'eth_call',
    params: [{ to: STORE_CODE }],
  });
  for (let cut = 0; cut < whole.length; cut++) {
    await ask(whole.slice(0, cut));
    await ask(
      whole.slice(0, cut) + pick(['"', '}', ']', '\0', '[', '{"a":', '\\']) + whole.slice(cut),
    );
  }
  for (const each of VALUES) {
    await ask(JSON.stringify(each));
    await ask(JSON.stringify({ jsonrpc: each, id: each, method: each, params: each }));
    await ask(JSON.stringify([each, each]));
  }
  socket.close();
  assert.ok(count >= 2000, `${count} requests`);
  assert.equal(await codeOf(server, '{"id":1,"method":"eth_blockNumber"}'), undefined);
});

/** The request of RFC 6455, section 1.3, whose answer stands there too. */
const UPGRADE =
  'GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n';

/** A WebSocket that keeps what comes in order. */
function open(
  server: NodeServer,
): Promise<{ ask(body: string): Promise<unknown>; next(): Promise<unknown>; close(): void }> {
  const socket = new WebSocket(server.url.replace('http', 'ws'));
  const inbox: unknown[] = [];
  let wake: () => void = () => {};
  socket.onmessage = ({ data }) => {
    inbox.push(JSON.parse(String(data)));
    wake();
  };
  const next = async (): Promise<unknown> => {
    while (inbox.length === 0)
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    return inbox.shift();
  };
  return new Promise((resolve, reject) => {
    socket.onerror = () => reject(new Error('the WebSocket failed'));
    socket.onopen = () =>
      resolve({
        next,
        ask(body) {
          socket.send(body);
          return next();
        },
        close: () => socket.close(),
      });
  });
}

test('WebSocket answers, and tells of what was subscribed to', async (context) => {
  const server = await start(context);
  const socket = await open(server);
  const { result: id } = (await socket.ask(
    '{"id":1,"method":"eth_subscribe","params":["newHeads"]}',
  )) as { result: string };
  const mined = (await socket.ask('{"id":2,"method":"evm_mine"}')) as {
    id?: number;
    params?: { subscription: string };
  };
  const other = (await socket.next()) as typeof mined;
  assert.deepEqual([mined.id ?? other.id, (mined.params ?? other.params)?.subscription], [2, id]);
  const large = (await socket.ask(
    `{"id":3,"method":"web3_sha3","params":["0x${'00'.repeat(70_000)}"]}`,
  )) as { result: string };
  assert.equal(large.result.length, 66);
  assert.equal(((await socket.ask('nonsense')) as { error: { code: number } }).error.code, -32700);
  socket.close();
});

test('frames that come with the request to speak WebSocket are answered', async (context) => {
  const server = await start(context);
  const answer = await new Promise<string>((resolve, reject) => {
    const body = '{"id":5,"method":"eth_chainId"}';
    const socket = connect(server.port, server.host, () => {
      const frame = masked(0x80 | OPCODE.text, text(body));
      socket.write(Buffer.concat([Buffer.from(UPGRADE), frame]));
    });
    let got = '';
    socket.on('data', (chunk) => {
      got += chunk.toString('latin1');
      if (!got.includes('0x7a69')) return;
      socket.destroy();
      resolve(got);
    });
    socket.on('error', reject);
  });
  assert.match(answer, /101 Switching Protocols/);
  assert.match(answer, /Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=/);
});

test('a WebSocket whose client says no more is ended', async (context) => {
  const server = await start(context);
  await new Promise<void>((resolve, reject) => {
    const socket = connect({ port: server.port, host: server.host, allowHalfOpen: true });
    socket.write(UPGRADE);
    socket.once('data', () => socket.end());
    socket.on('end', resolve).on('error', reject);
  });
});

test('a block that cannot be made in time is told of, and the node goes on', async (context) => {
  // The node's own timer does not keep a program alive.
  const alive = setInterval(() => {}, 1000);
  context.after(() => clearInterval(alive));
  const provider = createProvider({ blockTime: 0.01, isAutomining: false });
  const rpc = (method: string, ...params: unknown[]) => provider.request({ method, params });
  const error = new Promise<string>((resolve) => {
    provider.onError = ({ message }) => resolve(message);
  });
  await rpc('anvil_setCode', '0x00000961ef480eb55e80d19ad83579a64c007002', '0x');
  assert.match(await error, /system contract .* has no code/);
  assert.equal(await rpc('eth_chainId'), '0x7a69');
  provider.close();
});

test('a WebSocket with wrong frames is closed with a reason, and no other', async (context) => {
  const server = await start(context);
  const good = await open(server);
  const prng = createPrng(2);
  for (let round = 0; round < 100; round++) {
    await new Promise<void>((resolve) => {
      const socket = connect(server.port, server.host, () => {
        socket.write(UPGRADE);
        socket.write(Uint8Array.from({ length: 1 + prng.below(40) }, () => prng.below(256)));
        setTimeout(() => socket.destroy(), 10);
      });
      socket.on('error', () => {});
      socket.on('close', () => resolve());
    });
  }
  assert.equal(
    ((await good.ask('{"id":1,"method":"eth_chainId"}')) as { result: string }).result,
    '0x7a69',
  );
  good.close();
});

/** A frame as a client sends it. */
function masked(first: number, payload: Uint8Array, mask = [1, 2, 3, 4]): Uint8Array {
  const own = encodeFrame(first & 0x0f, payload);
  const head = own.length - payload.length;
  own[0] = first;
  own[1] = (own[1] as number) | 0x80;
  const covered = payload.map((byte, index) => byte ^ (mask[index & 3] as number));
  return Uint8Array.from([...own.subarray(0, head), ...mask, ...covered]);
}

const text = (letters: string): Uint8Array => new TextEncoder().encode(letters);

test('frames are joined however they come', () => {
  const bytes = Uint8Array.from([
    ...masked(OPCODE.text, text('he')),
    ...masked(0x80 | OPCODE.ping, text('p')),
    ...masked(0x80 | OPCODE.continuation, text('llo')),
    ...masked(0x80 | OPCODE.text, text('x'.repeat(70_000))),
    ...masked(0x80 | OPCODE.close, new Uint8Array(0)),
  ]);
  for (const step of [1, 7, 1000, bytes.length]) {
    const reader = new FrameReader(100_000);
    const kinds: string[] = [];
    for (let at = 0; at < bytes.length; at += step) {
      for (const message of reader.read(bytes.subarray(at, at + step))) {
        kinds.push(message.kind === 'text' ? `text ${message.text.length}` : message.kind);
      }
    }
    assert.deepEqual(kinds, ['ping', 'text 5', 'text 70000', 'close']);
  }
});

test('frames that break a rule name it', () => {
  const cases: readonly [Uint8Array, number][] = [
    [encodeFrame(OPCODE.text, text('x')), CLOSE.protocol],
    [masked(0x80 | OPCODE.binary, text('x')), CLOSE.unsupported],
    [masked(0x80 | OPCODE.continuation, text('x')), CLOSE.protocol],
    [masked(0x80 | 0x40 | OPCODE.text, text('x')), CLOSE.protocol],
    [masked(0x80 | 0x3, text('x')), CLOSE.protocol],
    [masked(OPCODE.ping, text('x')), CLOSE.protocol],
    [masked(0x80 | OPCODE.text, Uint8Array.of(0xff, 0xfe)), CLOSE.invalidText],
    [masked(0x80 | OPCODE.text, new Uint8Array(2000)), CLOSE.tooLarge],
  ];
  for (const [bytes, reason] of cases) {
    assert.throws(
      () => [...new FrameReader(1000).read(bytes)],
      (error) => error instanceof FrameError && error.reason === reason,
    );
  }
});

test('a node is made, served and ended in one', async (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'lockstep-node-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  const ipc = join(folder, 'node.ipc');
  const node = await createNode({ port: 0, chainId: 5n, ipc, limits: { bodyBytesMax: 1000 } });
  const { provider, url, port, ipcPath } = node;
  assert.equal(url, `http://127.0.0.1:${port}`);
  assert.equal(ipcPath, ipc);
  const ask = (body: string) => fetch(url, { method: 'POST', body }).then((each) => each.json());
  assert.equal((await ask('{"id":1,"method":"eth_chainId"}')).result, '0x5');
  assert.equal(await provider.request({ method: 'eth_chainId' }), '0x5');
  assert.match((await ask(`{"id":1,"method":"${'x'.repeat(1000)}"}`)).error.message, /above 1000/);
  const taken = { port, accounts: 1 };
  await assert.rejects(createNode(taken), /EADDRINUSE/);
  await node.close();
  await assert.rejects(fetch(url));
  assert.equal(existsSync(ipc), false);
  // The port is free again.
  await (await createNode(taken)).close();
});
