/** The server on a path of this machine. */
import assert from 'node:assert/strict';
import { constants } from 'node:buffer';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { METHODS } from '../../src/node/methods/table.ts';
import { createProvider, type Provider } from '../../src/node/provider.ts';
import { Dispatcher } from '../../src/node/rpc/dispatch.ts';
import { method, param } from '../../src/node/rpc/method.ts';
import { Rendered } from '../../src/node/rpc/rendered.ts';
import * as t from '../../src/node/rpc/types.ts';
import { serveIpc, ValueReader } from '../../src/node/server/ipc.ts';

function pathOf(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'lockstep-ipc-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, 'node.ipc');
}

async function start(context: TestContext, path = pathOf(context)): Promise<string> {
  const provider = createProvider({ limits: { bodyBytesMax: 5000 } });
  const server = await serveIpc({ provider, path, limits: { bodyBytesMax: 5000 } });
  context.after(async () => {
    provider.close();
    await server.close();
  });
  return path;
}

/** A connection whose lines are read one by one; undefined at its end. */
// biome-ignore lint/suspicious/noExplicitAny: a test says what it expects by its assertions
function open(path: string): { socket: Socket; next(): Promise<any> } {
  const socket = connect(path);
  const lines = (async function* () {
    let rest = '';
    for await (const chunk of socket) {
      const parts = (rest + String(chunk)).split('\n');
      rest = parts.pop() ?? '';
      yield* parts;
    }
  })();
  return {
    socket,
    next: async () => {
      const { value, done } = await lines.next();
      return done ? undefined : JSON.parse(value as string);
    },
  };
}

test('requests are answered however they are cut, with lines or without', async (context) => {
  const { socket, next } = open(await start(context));
  const one = '{"jsonrpc":"2.0","id":1,"method":"eth_chainId"}';
  const odd = '{"id":"}\\"]{","method":"web3_sha3","params":["0x"]}';
  socket.write(`${one}${odd}\n\n  ${one}\r\n[${one},${odd}]`);
  assert.deepEqual((await next()).result, '0x7a69');
  assert.equal((await next()).id, '}"]{');
  assert.equal((await next()).id, 1);
  assert.equal((await next()).length, 2);
  for (const byte of Buffer.from(one)) socket.write(Buffer.of(byte));
  assert.equal((await next()).result, '0x7a69');
  socket.write('nonsense\n{"id":5}}\n');
  assert.equal((await next()).error.code, -32700);
  assert.equal((await next()).error.code, -32600);
  assert.equal((await next()).error.code, -32700);
  socket.destroy();
});

test('subscriptions tell, and what is too long ends the connection', async (context) => {
  const { socket, next } = open(await start(context));
  socket.write('{"id":1,"method":"eth_subscribe","params":["newHeads"]}');
  const { result } = await next();
  socket.write('{"id":2,"method":"evm_mine"}');
  const both = [await next(), await next()];
  assert.equal(both.find(({ params }) => params)?.params.subscription, result);
  socket.write(`["${'x'.repeat(6000)}`);
  assert.equal((await next()).error.code, -32600);
  assert.equal(await next(), undefined);
});

const PART = 'x'.repeat(1 << 16);

/** A server with a method whose answer is a text of so many characters. */
async function startLong(context: TestContext): Promise<string> {
  const provider = createProvider();
  const rows = method('long', '', [param('count', t.number)], {}, (_node, [count]) => {
    return new Rendered(
      () => '',
      function* (out) {
        out.text('"');
        for (let rest = Number(count); rest > 0; rest -= PART.length) {
          out.text(PART.slice(0, rest));
          yield;
        }
        out.text('"');
      },
    );
  });
  const methods = new Map([...METHODS, ...rows.map((row) => [row.name, row] as const)]);
  const path = pathOf(context);
  const dispatcher = new Dispatcher(provider.node, methods);
  const server = await serveIpc({ provider: { dispatcher } as Provider, path });
  context.after(async () => {
    provider.close();
    await server.close();
  });
  return path;
}

test('answers of any length come whole, and those behind them too', async (context) => {
  const socket = connect(await startLong(context));
  const long = '{"id":1,"method":"long","params":[80000000]}';
  const short = '{"id":2,"method":"eth_chainId"}';
  socket.end(`${long}${short}${long}${short}`);
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk);
  const lines = Buffer.concat(chunks).toString('latin1').trimEnd().split('\n');
  const lengths = lines.map((line) => JSON.parse(line).result.length);
  assert.deepEqual(lengths, [80_000_000, 6, 80_000_000, 6]);
});

test('what is longer than a text can be is an error of who asked', async (context) => {
  const { socket, next } = open(await startLong(context));
  const one = (id: number, count: number): string =>
    JSON.stringify({ id, method: 'long', params: [count] });
  socket.write(one(1, constants.MAX_STRING_LENGTH - 10));
  const single = await next();
  assert.equal(single.id, 1);
  assert.match(single.error.message, /^the answer is longer than a text can be: ask for less/);
  socket.write(`[${one(2, 1 << 28)},${one(3, 1 << 28)}]`);
  const batch = await next();
  assert.equal(batch.id, null);
  assert.match(batch.error.message, /^the answers of this batch are longer than a text can be/);
  socket.write('{"id":4,"method":"eth_chainId"}');
  assert.equal((await next()).result, '0x7a69');
  socket.destroy();
});

test('a name that nobody listens on is taken over, and one with a listener is not', async (context) => {
  const path = pathOf(context);
  const killed = createServer();
  await new Promise<void>((resolve) => killed.listen(path, resolve));
  const provider = createProvider();
  await assert.rejects(serveIpc({ provider, path }), /EADDRINUSE/);
  await new Promise((resolve) => killed.close(resolve));
  assert.ok(!existsSync(path));
  await start(context, path);
  await assert.rejects(serveIpc({ provider, path }), /EADDRINUSE/);
  provider.close();
});

test('values are cut out of bytes in steps of any size', () => {
  const values = ['{"a":"\\\\\\"}"}', '[[],{}]', '{"b":[1,"]"]}', 'x y\n', '{}'];
  const bytes = new TextEncoder().encode(values.join(' '));
  for (const step of [1, 3, 7, bytes.length]) {
    const reader = new ValueReader(100);
    const read: (string | undefined)[] = [];
    for (let at = 0; at < bytes.length; at += step) {
      read.push(...reader.read(bytes.subarray(at, at + step)));
    }
    assert.deepEqual(read, values);
  }
  assert.deepEqual([...new ValueReader(3).read(new TextEncoder().encode('[1,2]'))], [undefined]);
});

test('a client that has sent all it will still gets its answers, and then the end', async (context) => {
  const { socket, next } = open(await start(context));
  const one = '{"jsonrpc":"2.0","id":1,"method":"eth_chainId"}';
  socket.end(`${one}${one}`);
  assert.equal((await next()).result, '0x7a69');
  assert.equal((await next()).result, '0x7a69');
  assert.equal(await next(), undefined);
});
