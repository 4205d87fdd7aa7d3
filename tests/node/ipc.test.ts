/** The server on a path of this machine. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createProvider } from '../../src/node/provider.ts';
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
