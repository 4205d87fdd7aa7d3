/** JSON-RPC over HTTP (POST) and WebSocket, on one port. */
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { LockstepError } from '../../base/errors.ts';
import type { Provider } from '../provider.ts';
import { RPC_LIMITS, type RpcLimits } from '../rpc/dispatch.ts';
import { HttpConnection, SWEEP_MS } from './http-connection.ts';
import { releaseHeld } from './turn.ts';

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

/** What may stand in a header. */
const ORIGIN = /^[!-~]*$/;

/**
 * Starts a server; it listens when the promise resolves.
 *
 * @throws LockstepError L1705 for an origin that is none; errors of Node where it cannot listen
 */
export async function serve(options: ServerOptions): Promise<NodeServer> {
  const { provider, host = DEFAULT_HOST, port = DEFAULT_PORT, allowOrigin = '*' } = options;
  const { bodyBytesMax } = { ...RPC_LIMITS, ...options.limits };
  if (!ORIGIN.test(allowOrigin)) {
    throw new LockstepError('L1705', { origin: JSON.stringify(allowOrigin) });
  }
  const { dispatcher } = provider;
  const service = { dispatcher, bytesMax: bodyBytesMax, allowOrigin };
  const connections = new Map<Socket, HttpConnection>();
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    connections.set(socket, new HttpConnection(socket, service));
    socket.on('close', () => connections.delete(socket));
  });
  server.maxConnections = CONNECTIONS_MAX;
  await listen(server, host, port);
  // A connection that cannot be taken is no concern of the others.
  server.on('error', () => {});
  const sweeps = setInterval(() => {
    for (const connection of connections.values()) connection.sweep();
  }, SWEEP_MS).unref();
  const { port: chosen } = server.address() as AddressInfo;
  return {
    host,
    port: chosen,
    url: `http://${host.includes(':') ? `[${host}]` : host}:${chosen}`,
    close: () =>
      new Promise((resolve) => {
        clearInterval(sweeps);
        server.close(() => resolve());
        releaseHeld();
        for (const socket of connections.keys()) socket.destroy();
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
