/** JSON-RPC over HTTP (POST) and WebSocket, on one port. */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo, Socket } from 'node:net';
import type { Provider } from '../provider.ts';
import { RPC_LIMITS, type RpcLimits, tooLarge } from '../rpc/dispatch.ts';
import { IDLE_MS_MAX } from './conversation.ts';
import { acceptWebSocket } from './websocket.ts';

/** Who imports `node:http` loads `fetch` and all that belongs to it, an eighth of a start. */
const require = createRequire(import.meta.url);
const { createServer } = require('node:http') as typeof import('node:http');
const { pipeline, Readable } = require('node:stream') as typeof import('node:stream');

export interface ServerOptions {
  readonly provider: Provider;
  /** `127.0.0.1` unless told. */
  readonly host?: string;
  /** 8545 unless told; 0 for any that is free. */
  readonly port?: number;
  /** Origins of pages that may read answers; `*` unless told, none for `''`. */
  readonly allowOrigin?: string;
  readonly limits?: Partial<RpcLimits>;
}

export interface NodeServer {
  readonly host: string;
  readonly port: number;
  readonly url: string;
  /** Ends the server with its connections. */
  close(): Promise<void>;
}

const DEFAULT_HOST = '127.0.0.1';
const DEFAULT_PORT = 8545;
/** Connections at a time; more are refused. */
const CONNECTIONS_MAX = 10_000;
/** Characters of a long body that are encoded at a time. */
const PART_LENGTH = 1 << 20;
/** Seconds that a page may remember what it is allowed. */
const CORS_AGE = '86400';

/** Starts a server; it listens when the promise resolves. */
export async function serve(options: ServerOptions): Promise<NodeServer> {
  const { provider, host = DEFAULT_HOST, port = DEFAULT_PORT, allowOrigin = '*' } = options;
  const { bodyBytesMax } = { ...RPC_LIMITS, ...options.limits };
  const { dispatcher } = provider;
  const sockets = new Set<{ destroy(): void }>();
  const server = createServer((request, response) => {
    answer(request, dispatcher, bodyBytesMax)
      .then((reply) => send(response, reply, corsHeaders(request, allowOrigin)))
      .catch(() => response.destroy());
  });
  server.on('upgrade', (request, socket, head) => {
    acceptWebSocket(request, socket as Socket, { dispatcher, bytesMax: bodyBytesMax, head });
  });
  server.on('connection', (socket) => {
    socket.setNoDelay(true);
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  // A connection that breaks is no concern of the others.
  server.on('clientError', (_error, socket) => {
    if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n');
  });
  server.maxConnections = CONNECTIONS_MAX;
  server.keepAliveTimeout = IDLE_MS_MAX;
  await listen(server, host, port);
  const { port: chosen } = server.address() as AddressInfo;
  return {
    host,
    port: chosen,
    url: `http://${host.includes(':') ? `[${host}]` : host}:${chosen}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.removeListener('error', reject);
      resolve();
    });
  });
}

/** Names and values in turn, which is how a response takes them at least cost. */
type Headers = readonly string[];

/**
 * What pages of an origin are told; nothing for none. A preflight names the headers of its request,
 * and whether the page is from outside.
 */
function corsHeaders({ headers }: IncomingMessage, origin: string): Headers {
  if (origin === '') return [];
  const allowed = ['access-control-allow-origin', origin];
  if (headers['access-control-request-method'] === undefined) return allowed;
  const asked = headers['access-control-request-headers'] ?? 'content-type';
  allowed.push('access-control-allow-methods', 'GET,POST', 'access-control-allow-headers', asked);
  allowed.push('access-control-max-age', CORS_AGE);
  // Pages of the public network ask for leave to speak to this machine (Private Network Access).
  if (headers['access-control-request-private-network'] !== undefined) {
    allowed.push('access-control-allow-private-network', 'true');
  }
  return allowed;
}

interface Reply {
  readonly status: number;
  readonly body: string;
  readonly headers?: Headers;
}

async function answer(
  request: IncomingMessage,
  dispatcher: Provider['dispatcher'],
  bytesMax: number,
): Promise<Reply> {
  if (request.method === 'OPTIONS') return { status: 200, body: '' };
  if (request.method !== 'POST') return { status: 405, body: 'use POST, or WebSocket\n' };
  let body: string | undefined;
  try {
    body = await readBody(request, bytesMax);
  } catch {
    return { status: 400, body: '' };
  }
  if (body === undefined) {
    const problem = JSON.stringify(tooLarge(bytesMax));
    return { status: 413, body: problem, headers: ['connection', 'close'] };
  }
  const text = await dispatcher.respond(body);
  return text === undefined ? { status: 204, body: '' } : { status: 200, body: text };
}

function send(
  response: ServerResponse,
  { status, body, headers = [] }: Reply,
  cors: Headers,
): void {
  const bytes = Buffer.byteLength(body);
  const type = body.startsWith('{') || body.startsWith('[') ? 'application/json' : 'text/plain';
  const content = ['content-type', type, 'content-length', bytes.toString()];
  response.writeHead(status, [...cors, ...headers, ...content]);
  // Who does not read on is cut off; a request may take longer than that to run.
  response.setTimeout(IDLE_MS_MAX);
  if (body.length <= PART_LENGTH) response.end(body);
  else pipeline(Readable.from(partsOf(body)), response, NOTHING);
}

/** Who breaks a connection off gets the rest of no answer. */
const NOTHING = (): void => {};

/** A long text in parts, so that it is never there as bytes as a whole. */
function* partsOf(text: string): Generator<string> {
  for (let from = 0; from < text.length; ) {
    // A character of two units is not cut in the middle.
    const isPair = (text.codePointAt(from + PART_LENGTH - 1) ?? 0) > 0xffff;
    const end = from + PART_LENGTH - (isPair ? 1 : 0);
    yield text.slice(from, end);
    from = end;
  }
}

/** The whole body; undefined where it is above the limit. */
function readBody(request: IncomingMessage, bytesMax: number): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= bytesMax) chunks.push(chunk);
      else {
        resolve(undefined);
        request.pause();
      }
    });
    request.on('end', () => {
      const [only] = chunks;
      resolve((chunks.length === 1 && only ? only : Buffer.concat(chunks)).toString('utf8'));
    });
    request.on('error', reject);
  });
}
