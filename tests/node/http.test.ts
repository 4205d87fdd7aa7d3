/** HTTP/1.1 as the node's server reads it: by the letter, cut anywhere, wrong, slow, too much. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { setImmediate as nextTurn, setTimeout } from 'node:timers/promises';
import { LockstepError } from '../../src/base/errors.ts';
import { createProvider } from '../../src/node/provider.ts';
import { method, param } from '../../src/node/rpc/method.ts';
import { Rendered } from '../../src/node/rpc/rendered.ts';
import * as types from '../../src/node/rpc/types.ts';
import { type NodeServer, serve } from '../../src/node/server/http.ts';
import { SWEEP_MS } from '../../src/node/server/http-connection.ts';
import {
  type HttpRequest,
  RequestError,
  RequestReader,
} from '../../src/node/server/http-requests.ts';
import { createPrng } from '../support/prng.ts';

const BODY_MAX = 2000;
const ASK = '{"jsonrpc":"2.0","id":1,"method":"eth_chainId"}';
const HOST = 'Host: x\r\n';

/** A request as a client writes it. */
function post(body: string, headers = '', version = '1.1'): string {
  return `POST / HTTP/${version}\r\n${HOST}Content-Length: ${body.length}\r\n${headers}\r\n${body}`;
}

const head = (headers: string, line = 'POST / HTTP/1.1'): string => `${line}\r\n${headers}\r\n`;
const CHUNKED = `${HOST}Transfer-Encoding: chunked\r\n`;

/** What a reader makes of bytes that come in steps. */
function readAll(text: string, step = text.length): HttpRequest[] {
  const reader = new RequestReader(BODY_MAX);
  const bytes = Buffer.from(text, 'latin1');
  const requests: HttpRequest[] = [];
  for (let at = 0; at < bytes.length; at += step) {
    reader.push(bytes.subarray(at, at + step));
    for (let next = reader.next(); next !== undefined; next = reader.next()) requests.push(next);
  }
  return requests;
}

test('requests are read however they are cut', () => {
  const text = [
    post('one'),
    // Empty lines before a request are none of it.
    `\r\n\r\n${head(`${HOST}X-Any: \t a:b \xe9 \r\nconnection: a, Close\r\n`, 'GET /p?q HTTP/1.1')}`,
    `${head(CHUNKED)}3\r\ntwo\r\n00A ; x="y"\r\n${'-'.repeat(10)}\r\n0\r\nTrailer: t\r\n\r\n`,
    head('', 'POST / HTTP/1.0'),
    head('Connection: Keep-Alive\r\nContent-Length: 0\r\n', 'OPTIONS * HTTP/1.0'),
    post('x'.repeat(BODY_MAX)),
    `${head(CHUNKED)}${'1\r\nx\r\n'.repeat(BODY_MAX)}0\r\n\r\n`,
  ].join('');
  for (const step of [1, 2, 7, 100, text.length]) {
    const read = readAll(text, step);
    assert.deepEqual(
      read.map((each) => [each.method, each.body, each.isOld, each.isKept]),
      [
        ['POST', 'one', false, true],
        ['GET', '', false, false],
        ['POST', `two${'-'.repeat(10)}`, false, true],
        ['POST', '', true, false],
        ['OPTIONS', '', true, true],
        ['POST', 'x'.repeat(BODY_MAX), false, true],
        ['POST', 'x'.repeat(BODY_MAX), false, true],
      ],
    );
    assert.equal(read[1]?.headers.get('connection'), 'a, Close');
    assert.equal(read[1]?.headers.has('x-any'), false);
  }
});

/** What is wrong with a request, its bytes, and the status that says so. */
const WRONG: readonly (readonly [string, string, number])[] = [
  ['no request', '\x16\x03\x01\x02\x00', 400],
  ['a blank first', ` ${post('')}`, 400],
  ['lines with ends of one letter', post('').replaceAll('\r\n', '\n\n\r\n\r\n'), 400],
  ['a method with a mark', head(HOST, 'PO(ST / HTTP/1.1'), 400],
  ['no target', head(HOST, 'POST HTTP/1.1'), 400],
  ['two blanks', head(HOST, 'POST  / HTTP/1.1'), 400],
  ['a blank in the target', head(HOST, 'POST /a b HTTP/1.1'), 400],
  ['no version', head(HOST, 'POST /'), 400],
  ['a long version', head(HOST, 'POST / HTTP/1.10'), 400],
  ['another version', head(HOST, 'PRI * HTTP/2.0'), 505],
  ['no host', head('A: b\r\n'), 400],
  ['two hosts', head(HOST + HOST), 400],
  ['a blank before the colon', head(`${HOST}A : b\r\n`), 400],
  ['no name', head(`${HOST}: b\r\n`), 400],
  ['no colon', head(`${HOST}abc\r\n`), 400],
  ['a folded line', head(`${HOST}A: b\r\n c\r\n`), 400],
  ['a zero in a value', head(`${HOST}A: b\0\r\n`), 400],
  ['half a line end in a value', head(`${HOST}A: b\rC: d\r\n`), 400],
  ['the other half', head(`${HOST}A: b\nC: d\r\n`), 400],
  ['a length with a sign', head(`${HOST}Content-Length: +1\r\n`), 400],
  ['a length in parts', head(`${HOST}Content-Length: 1, 1\r\n`), 400],
  ['a length of none', head(`${HOST}Content-Length:\r\n`), 400],
  ['a length in base 16', head(`${HOST}Content-Length: 0x1\r\n`), 400],
  ['two lengths', head(`${HOST}Content-Length: 1\r\nContent-Length: 1\r\n`), 400],
  ['a length and chunks', head(`${CHUNKED}Content-Length: 1\r\n`), 400],
  ['a coding twice', head(`${CHUNKED}Transfer-Encoding: chunked\r\n`), 400],
  ['a byte at the end that is no blank', head(`${HOST}Content-Length: 1\xa0\r\n`), 400],
  ['a coding with such a byte', head(`${HOST}Transfer-Encoding: chunked\xa0\r\n`), 501],
  ['chunks of HTTP/1.0', head(CHUNKED, 'POST / HTTP/1.0'), 400],
  ['another coding', head(`${HOST}Transfer-Encoding: gzip, chunked\r\n`), 501],
  ['too long a body', head(`${HOST}Content-Length: ${BODY_MAX + 1}\r\n`), 413],
  ['a length beyond numbers', head(`${HOST}Content-Length: ${'9'.repeat(400)}\r\n`), 413],
  ['another expectation', head(`${HOST}Expect: more\r\n`), 417],
  ['headers without an end', `POST / HTTP/1.1\r\n${'A: b\r\n'.repeat(4000)}`, 431],
  ['headers of too many bytes', head(`${HOST}A: ${'b'.repeat(1 << 14)}\r\n`), 431],
  ['a line without an end', 'P'.repeat((1 << 14) + 1), 431],
  ['no size of a chunk', `${head(CHUNKED)}\r\n`, 400],
  ['a size with a sign', `${head(CHUNKED)}-1\r\n`, 400],
  ['a size of too many digits', `${head(CHUNKED)}000000001\r\n`, 400],
  ['a size with half a line end', `${head(CHUNKED)}1\nx\r\n0\r\n\r\n`, 400],
  ['a line of a chunk without an end', `${head(CHUNKED)}1;${'x'.repeat(300)}`, 400],
  ['a chunk that is longer than it says', `${head(CHUNKED)}1\r\nxyz`, 400],
  ['a chunk that is too large', `${head(CHUNKED)}${(BODY_MAX + 1).toString(16)}\r\n`, 413],
  ['too many chunks', `${head(CHUNKED)}${`1\r\nx\r\n`.repeat(BODY_MAX + 1)}`, 413],
  ['a malformed trailer', `${head(CHUNKED)}0\r\nabc\r\n\r\n`, 400],
  ['endless trailers', `${head(CHUNKED)}0\r\n${'A: b\r\n'.repeat(4000)}`, 400],
];

test('what is wrong with a request has a status, however it is cut', () => {
  for (const [name, text, status] of WRONG) {
    for (const step of [text.length > 5000 ? 97 : 1, 13, text.length]) {
      const read = () => readAll(text, step);
      assert.throws(
        read,
        (error) => error instanceof RequestError && error.status === status,
        `${name}, in steps of ${step}`,
      );
    }
  }
});

test('many blanks take no more time than as many letters', () => {
  const blanks = ' '.repeat(16_000);
  const begin = performance.now();
  for (let count = 0; count < 50; count++) {
    assert.throws(() => readAll(head(`${HOST}A:${blanks}\0\r\n`)), RequestError);
    assert.equal(readAll(head(`${HOST}Connection: a${blanks}close\r\n`))[0]?.isKept, true);
  }
  // Some milliseconds; it is 16 seconds where the square of their number is looked at.
  assert.ok(performance.now() - begin < 4000);
});

test('ten thousand requests with random faults are read or refused, and nothing else', () => {
  const prng = createPrng(3);
  const whole = [
    post(ASK, 'Connection: close\r\nExpect: 100-continue\r\n'),
    `${head(CHUNKED)}3;a=b\r\ntwo\r\n1\r\nx\r\n0\r\nT: u\r\n\r\n`,
    head(`${HOST}Upgrade: websocket\r\nConnection: upgrade\r\n`, 'GET / HTTP/1.1'),
  ];
  const parts = ['\r\n', '\r', '\n', '\0', ' ', ':', ',', ';', '0', 'f', '\xff', HOST, CHUNKED];
  const counts = { read: 0, refused: 0, open: 0 };
  for (let round = 0; round < 10_000; round++) {
    let text = prng.pick(whole);
    for (let faults = prng.below(3); faults >= 0; faults--) {
      const at = prng.below(text.length);
      text = text.slice(0, at) + prng.pick(parts) + text.slice(at + prng.below(3));
    }
    try {
      const read = readAll(text, 1 + prng.below(text.length));
      counts[read.length > 0 ? 'read' : 'open']++;
      for (const { body } of read) assert.ok(body.length <= BODY_MAX);
    } catch (error) {
      assert.ok(error instanceof RequestError, `${JSON.stringify(text)}: ${String(error)}`);
      counts.refused++;
    }
  }
  for (const count of Object.values(counts)) assert.ok(count > 100, JSON.stringify(counts));
});

/** So many numbers. */
function render(count: number): Rendered {
  const list = Array.from({ length: count }, (_, index) => index);
  return new Rendered(
    () => list,
    function* (out) {
      out.text('[');
      for (const each of list) {
        out.text(each === 0 ? '' : ',');
        out.number(each);
        yield;
      }
      out.text(']');
    },
  );
}

/** How often the method with a long answer has run. */
let longCount = 0;

async function start(context: TestContext): Promise<NodeServer> {
  const long = method('my_long', 'Long.', [], types.text.schema, () => {
    longCount++;
    return 'x'.repeat(8 << 20);
  });
  const late = method('my_late', 'Late.', [], {}, () => setTimeout(100));
  const rows = method(
    'my_rendered',
    'Rendered.',
    [param('count', types.number)],
    {},
    (_, [count]) => render(Number(count)),
  );
  const broken = method('my_broken', 'Broken.', [], {}, () => {
    return new Rendered(
      () => undefined,
      () => {
        throw new Error('not to be written');
      },
    );
  });
  const provider = createProvider({ methods: [long, late, rows, broken].flat() });
  const server = await serve({ provider, port: 0, limits: { bodyBytesMax: BODY_MAX } });
  context.after(async () => {
    provider.close();
    await server.close();
  });
  return server;
}

/** A connection whose bytes are asked for until they match. */
function open(context: TestContext, { port, host }: NodeServer) {
  const socket: Socket = connect({ port, host, allowHalfOpen: true });
  context.after(() => socket.destroy());
  let got = '';
  let isEnded = false;
  let look: () => void = () => {};
  socket.on('data', (chunk) => {
    got += chunk.toString('latin1');
    look();
  });
  for (const event of ['end', 'close'] as const) {
    socket.on(event, () => {
      isEnded = true;
      look();
    });
  }
  socket.on('error', () => {});
  return {
    socket,
    /** What came when it matches; taken then. */
    until: (pattern: RegExp) =>
      new Promise<string>((resolve, reject) => {
        look = () => {
          if (pattern.test(got)) {
            resolve(got);
            got = '';
          } else if (isEnded) reject(new Error(`ended with ${JSON.stringify(got.slice(0, 500))}`));
        };
        look();
      }),
    /** All that comes until the end. */
    untilEnd: () =>
      new Promise<string>((resolve) => {
        look = () => isEnded && resolve(got);
        look();
      }),
  };
}

test('answers keep the order of requests that come at once', async (context) => {
  const { socket, until } = open(context, await start(context));
  const ids = Array.from({ length: 500 }, (_, index) => index);
  socket.write(ids.map((id) => post(ASK.replace('1,', `${id},`))).join(''));
  const all = await until(/"id":499,.*\}$/s);
  assert.deepEqual(
    [...all.matchAll(/"id":(\d+)/g)].map(([, id]) => Number(id)),
    ids,
  );
});

test('a client may wait for leave, say no more, or speak HTTP/1.0', async (context) => {
  const server = await start(context);
  const patient = open(context, server);
  patient.socket.write(
    `${head(`${HOST}Content-Length: ${ASK.length}\r\nExpect: 100-Continue\r\n`)}`,
  );
  assert.equal(await patient.until(/\r\n\r\n/), 'HTTP/1.1 100 Continue\r\n\r\n');
  patient.socket.write(ASK);
  assert.match(await patient.until(/0x7a69/), /^HTTP\/1\.1 200 OK\r\n/);

  const half = open(context, server);
  half.socket.end(post(ASK) + post(ASK));
  assert.equal((await half.untilEnd()).match(/0x7a69/g)?.length, 2);

  const old = open(context, server);
  old.socket.write(post(ASK, 'Connection: keep-alive\r\n', '1.0') + post(ASK, '', '1.0'));
  const answers = await old.untilEnd();
  assert.match(answers, /Connection: keep-alive.*0x7a69.*Connection: close.*0x7a69"\}$/s);

  const closing = open(context, server);
  closing.socket.write(post(ASK, 'Connection: close\r\n') + post(ASK));
  assert.equal((await closing.untilEnd()).match(/0x7a69/g)?.length, 1);
});

test('methods, notifications and other protocols have the answers of HTTP', async (context) => {
  const server = await start(context);
  const { socket, until } = open(context, server);
  socket.write(head(HOST, 'HEAD / HTTP/1.1'));
  assert.match(
    await until(/\r\n\r\n/),
    /^HTTP\/1\.1 405 .*Allow: POST.*Content-Length: 0\r\n.*\r\n\r\n$/s,
  );
  socket.write(post('{"method":"eth_chainId"}'));
  assert.doesNotMatch(await until(/204 .*\r\n\r\n/s), /Content-/);
  // Clients of Java offer HTTP/2, and go on with HTTP/1.1.
  socket.write(post(ASK, 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n'));
  assert.match(await until(/0x7a69/), /^HTTP\/1\.1 200 OK\r\n/);
  const upgrade = 'Upgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n';
  socket.write(head(`${HOST}${upgrade}Sec-WebSocket-Version: 8\r\n`, 'GET / HTTP/1.1'));
  assert.match(await until(/\r\n\r\n/), /^HTTP\/1\.1 426 .*Sec-WebSocket-Version: 13\r\n/s);
  const keyless = open(context, server);
  keyless.socket.write(head(`${HOST}${upgrade}Sec-WebSocket-Version: 13\r\n`, 'GET / HTTP/1.1'));
  assert.match(await keyless.untilEnd(), /^HTTP\/1\.1 400 Bad Request\r\n.*Connection: close/s);
  // Who has ended before its turn has nothing to say in another protocol.
  const ended = open(context, server);
  const key = 'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: abc\r\n';
  const late = post(ASK.replace('eth_chainId', 'my_late'));
  ended.socket.end(late + head(`${HOST}${upgrade}${key}`, 'GET / HTTP/1.1'));
  assert.match(await ended.untilEnd(), /"result":null\}HTTP\/1\.1 400 Bad Request\r\n/);
});

test('what is made as it is sent comes in chunks, or with its length', async (context) => {
  const server = await start(context);
  const ask = (count: number): string =>
    JSON.stringify({ id: 1, method: 'my_rendered', params: [count] });
  for (const count of [0, 3, 1000, 400_000]) {
    const response = await fetch(server.url, { method: 'POST', body: ask(count) });
    assert.equal(response.headers.has('content-length'), count < 400_000);
    const { result } = (await response.json()) as { result: unknown };
    assert.deepEqual(result, render(count).toValue());
    const old = open(context, server);
    old.socket.write(post(ask(count), '', '1.0'));
    const [head = '', body = ''] = (await old.untilEnd()).split('\r\n\r\n');
    assert.deepEqual(JSON.parse(body).result, result);
    assert.match(head, new RegExp(`Content-Length: ${body.length}\r\n`));
  }
  // Others are answered before a long one is whole.
  const reading = open(context, server);
  let isWhole = false;
  const whole = reading.untilEnd().then(() => (isWhole = true));
  const first = once(reading.socket, 'data');
  reading.socket.write(post(ask(4_000_000), 'Connection: close\r\n'));
  await first;
  const between = open(context, server);
  for (let count = 0; count < 20; count++) {
    between.socket.write(post(ASK));
    await between.until(/0x7a69/);
  }
  assert.equal(isWhole, false);
  await whole;
  // Who goes away ends nothing but the answer.
  const leaving = open(context, server);
  leaving.socket.write(post(ask(400_000)));
  await leaving.until(/Transfer-Encoding: chunked/);
  leaving.socket.destroy();
  const { socket, until } = open(context, server);
  socket.write(post(`[${ask(2)},${ask(3)}]`));
  assert.match(await until(/\]\}\]$/), /"result":\[0,1\].*"result":\[0,1,2\]/);
});

test('an answer that cannot be begun is an error of its request alone', async (context) => {
  const { socket, until } = open(context, await start(context));
  const broken = JSON.stringify({ id: 7, method: 'my_broken' });
  for (const version of ['1.1', '1.1', '1.0']) {
    socket.write(post(broken, '', version));
    const answer = await until(/\}\}$/);
    assert.match(answer, /"id":7,"error":\{"code":-32603,"message":"not to be written"\}/);
  }
});

test('who is refused reads why, however much is still sent', async (context) => {
  const server = await start(context);
  const large = open(context, server);
  large.socket.write(post('x'.repeat(1 << 20)));
  assert.match(await large.untilEnd(), /^HTTP\/1\.1 413 .*request body above 2000 bytes/s);
  const wrong = open(context, server);
  wrong.socket.write(`${post(ASK)}nonsense\r\n\r\n${post(ASK)}`);
  const answers = await wrong.untilEnd();
  assert.match(answers, /^HTTP\/1\.1 200 .*0x7a69.*HTTP\/1\.1 400 Bad Request\r\n/s);
  assert.match(answers, /\r\n\r\nthe request line is malformed\n$/);
  assert.equal(answers.match(/0x7a69/g)?.length, 1);
});

test('a client that reads nothing is answered no further', async (context) => {
  const server = await start(context);
  const greedy = connect(server.port, server.host);
  context.after(() => greedy.destroy());
  greedy.on('error', () => {});
  greedy.pause();
  const many = ASK.replace('eth_chainId', 'my_long');
  for (let count = 0; count < 100; count++) greedy.write(post(many));
  const { socket, until } = open(context, server);
  for (let count = 0; count < 50; count++) {
    socket.write(post(ASK));
    await until(/0x7a69/);
  }
  // What the system keeps for the client may hold the first.
  assert.ok(longCount >= 1 && longCount <= 3, `${longCount} answers`);
});

test('what is begun and not ended is cut off by the count of looks at it', async (context) => {
  context.mock.timers.enable({ apis: ['setInterval'] });
  const server = await start(context);
  const late = open(context, server);
  late.socket.write('POST / HTTP/1.1\r\n');
  const slow = open(context, server);
  slow.socket.write(head(`${HOST}Content-Length: ${ASK.length}\r\n`));
  const idle = open(context, server);
  idle.socket.write(post(ASK));
  await idle.until(/0x7a69/);
  const other = open(context, server);
  const tick = async (count: number): Promise<void> => {
    for (let at = 0; at < count; at++) context.mock.timers.tick(SWEEP_MS);
    // A round trip, by which what was said before has arrived.
    other.socket.write(post(ASK));
    await other.until(/0x7a69/);
  };
  await tick(0);
  await tick(3);
  assert.match(await late.untilEnd(), /^HTTP\/1\.1 408 Request Timeout\r\n/);
  slow.socket.write(ASK.slice(0, 5));
  await tick(7);
  slow.socket.write(ASK.slice(5, 9));
  await tick(1);
  assert.match(await slow.untilEnd(), /^HTTP\/1\.1 408 /);
  idle.socket.write(post(ASK));
  assert.match(await idle.until(/0x7a69/), /^HTTP\/1\.1 200 /);
  // Who was refused has as long to leave.
  slow.socket.write('x');
  const isClosed = new Promise((resolve) => slow.socket.on('close', resolve));
  await tick(11);
  slow.socket.write('x');
  await isClosed;
});

test('an origin that is no header is refused before anything listens', async (context) => {
  const provider = createProvider();
  context.after(() => provider.close());
  const allowOrigin = 'https://a\r\nX: y';
  await assert.rejects(
    serve({ provider, port: 0, allowOrigin }),
    (error) => error instanceof LockstepError && error.code === 'L1705',
  );
});

test('WebSocket is for the pages that may read answers', async (context) => {
  const provider = createProvider();
  context.after(() => provider.close());
  const upgrade = 'Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n';
  const ask = async (allowOrigin: string, origin: string): Promise<string | undefined> => {
    const server = await serve({ provider, port: 0, allowOrigin });
    context.after(() => server.close());
    const { socket, until } = open(context, server);
    const headers = `${HOST}${upgrade}Sec-WebSocket-Key: YQ==\r\n${origin}`;
    socket.write(head(headers, 'GET / HTTP/1.1'));
    return /HTTP\/1\.1 (\d+)/.exec(await until(/\r\n\r\n/))?.[1];
  };
  assert.equal(await ask('', 'Origin: https://a\r\n'), '403');
  assert.equal(await ask('https://b', 'Origin: https://a\r\n'), '403');
  assert.equal(await ask('https://a', 'Origin: https://a\r\n'), '101');
  assert.equal(await ask('*', 'Origin: https://a\r\n'), '101');
  assert.equal(await ask('', ''), '101');
});

test('an answer that is held for the turn is written before the server closes', async (context) => {
  const provider = createProvider();
  context.after(() => provider.close());
  const server = await serve({ provider, port: 0 });
  const { socket, untilEnd } = open(context, server);
  const blockNumber = () => provider.request({ method: 'eth_blockNumber' });
  socket.write(post('{"jsonrpc":"2.0","id":1,"method":"evm_mine"}'));
  while ((await blockNumber()) !== '0x1') await nextTurn();
  await server.close();
  assert.match(await untilEnd(), /"id":1,"result"/);
});
