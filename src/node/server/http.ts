/** JSON-RPC over HTTP (POST) and WebSocket, on one port. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Provider } from '../provider.ts';
import { RPC_LIMITS, type RpcLimits, tooLarge } from '../rpc/dispatch.ts';
import { acceptWebSocket } from './websocket.ts';

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
/** Seconds that a page may remember what it is allowed. */
const CORS_AGE = '86400';

/** Starts a server; it listens when the promise resolves. */
export async function serve(options: ServerOptions): Promise<NodeServer> {
  const { provider, host = DEFAULT_HOST, port = DEFAULT_PORT, allowOrigin = '*' } = options;
  const { bodyBytesMax } = { ...RPC_LIMITS, ...options.limits };
  const { dispatcher } = provider;
  const sockets = new Set<{ destroy(): void }>();
  const server = createServer((request, response) => {
    if (allowOrigin !== '') setCors(request, response, allowOrigin);
    answer(request, response, dispatcher, bodyBytesMax).catch(() => response.destroy());
  });
  server.on('upgrade', (request, socket, head) => {
    acceptWebSocket(request, socket, { dispatcher, bytesMax: bodyBytesMax, head });
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

/** A preflight names the headers of its request, and whether the page is from outside. */
function setCors({ headers }: IncomingMessage, response: ServerResponse, origin: string): void {
  response.setHeader('access-control-allow-origin', origin);
  const asked = headers['access-control-request-headers'];
  if (headers['access-control-request-method'] === undefined) return;
  response.setHeader('access-control-allow-methods', 'GET,POST');
  response.setHeader('access-control-allow-headers', asked ?? 'content-type');
  response.setHeader('access-control-max-age', CORS_AGE);
  // Pages of the public network ask for leave to speak to this machine (Private Network Access).
  if (headers['access-control-request-private-network'] !== undefined) {
    response.setHeader('access-control-allow-private-network', 'true');
  }
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  dispatcher: Provider['dispatcher'],
  bytesMax: number,
): Promise<void> {
  if (request.method === 'OPTIONS') return end(response, 200, '');
  if (request.method !== 'POST') return end(response, 405, 'use POST, or WebSocket\n');
  let body: string | undefined;
  try {
    body = await readBody(request, bytesMax);
  } catch {
    return end(response, 400, '');
  }
  if (body === undefined) {
    response.setHeader('connection', 'close');
    return end(response, 413, JSON.stringify(tooLarge(bytesMax)));
  }
  const text = await dispatcher.respond(body);
  end(response, text === undefined ? 204 : 200, text ?? '');
}

function end(response: ServerResponse, status: number, body: string): void {
  const bytes = Buffer.byteLength(body);
  const type = body.startsWith('{') || body.startsWith('[') ? 'application/json' : 'text/plain';
  response.writeHead(status, { 'content-type': type, 'content-length': bytes });
  response.end(body);
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
