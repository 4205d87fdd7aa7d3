/**
 * JSON-RPC over a socket of this machine: a path, or on Windows the name of a pipe. Messages are
 * JSON values one after the other, with or without white space between them; an answer is a line.
 */
import { rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { Provider } from '../provider.ts';
import { RPC_LIMITS, type RpcLimits, stringify, tooLarge } from '../rpc/dispatch.ts';
import { Conversation } from './conversation.ts';
import { releaseHeld } from './turn.ts';

export interface IpcOptions {
  readonly provider: Provider;
  /** `DEFAULT_IPC_PATH` unless told. */
  readonly path?: string;
  readonly limits?: Partial<RpcLimits>;
}

export interface IpcServer {
  readonly path: string;
  /** Ends the server with its connections. */
  close(): Promise<void>;
}

/** On Windows a path is the name of a pipe, which has to be told. */
export const DEFAULT_IPC_PATH = '/tmp/lockstep.ipc';

/**
 * Starts to listen on a path. A socket there that nobody listens on is replaced.
 *
 * @throws Error of Node where the path is taken, or cannot be made
 */
export async function serveIpc(options: IpcOptions): Promise<IpcServer> {
  const { provider, path = DEFAULT_IPC_PATH } = options;
  const { bodyBytesMax } = { ...RPC_LIMITS, ...options.limits };
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    const encode = (text: string) => new TextEncoder().encode(`${text}\n`);
    const talk = new Conversation(socket, provider.dispatcher, encode, true);
    const reader = new ValueReader(bodyBytesMax);
    socket.on('data', (chunk: Uint8Array) => {
      for (const text of talk.isOpen ? reader.read(chunk) : []) {
        if (text !== undefined) talk.answer(text);
        else talk.close(encode(stringify(tooLarge(bodyBytesMax))));
      }
    });
  });
  await listen(server, path).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EADDRINUSE' || (await isServed(path))) throw error;
    rmSync(path);
    await listen(server, path);
  });
  return {
    path,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        releaseHeld();
        for (const socket of sockets) socket.destroy();
      }),
  };
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => {
      server.removeListener('error', reject);
      resolve();
    });
  });
}

/** Whether somebody listens on a path: what a process left that was killed is only a name. */
function isServed(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path, () => resolve(true));
    socket.on('connect', () => socket.destroy());
    socket.on('error', () => resolve(false));
  });
}

const CODES = Object.fromEntries(
  ['"', '\\', '[', ']', '{', '}', '\n', ' ', '\t', '\r'].map((each) => [each, each.charCodeAt(0)]),
) as Readonly<Record<string, number>>;
const BLANKS: ReadonlySet<unknown> = new Set([' ', '\t', '\r', '\n'].map((each) => CODES[each]));
const OPENING: ReadonlySet<unknown> = new Set([CODES['['], CODES['{']]);
const CLOSING: ReadonlySet<unknown> = new Set([CODES[']'], CODES['}']]);

/** Cuts bytes as they come into the texts of JSON arrays and objects; anything else is a line. */
export class ValueReader {
  readonly #bytesMax: number;
  #parts: Uint8Array[] = [];
  #bytes = 0;
  #depth = 0;
  #isText = false;
  #isEscaped = false;
  /** Within something that begins as no array or object does: it ends with the line. */
  #isLine = false;

  /** @param bytesMax - Bytes of a message at most. */
  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** The messages that are whole; undefined, and nothing after it, for one that is too long. */
  *read(chunk: Uint8Array): Generator<string | undefined> {
    let start = 0;
    for (let at = 0; at < chunk.length; at++) {
      const code = chunk[at];
      if (!this.#isLine && this.#depth === 0) {
        if (BLANKS.has(code)) {
          start = at + 1;
          continue;
        }
        this.#isLine = !OPENING.has(code);
      }
      if (!this.#endsWith(code)) continue;
      yield this.#take(chunk.subarray(start, at + 1));
      start = at + 1;
    }
    if (start >= chunk.length) return;
    this.#parts.push(chunk.slice(start));
    this.#bytes += chunk.length - start;
    if (this.#bytes > this.#bytesMax) yield undefined;
  }

  /** Whether a byte is the last one of a message. */
  #endsWith(code: number | undefined): boolean {
    if (this.#isLine) {
      this.#isLine = code !== CODES['\n'];
      return !this.#isLine;
    }
    if (this.#isText) {
      if (this.#isEscaped) this.#isEscaped = false;
      else if (code === CODES['\\']) this.#isEscaped = true;
      else if (code === CODES['"']) this.#isText = false;
      return false;
    }
    if (code === CODES['"']) this.#isText = true;
    else if (OPENING.has(code)) this.#depth++;
    else if (CLOSING.has(code)) this.#depth--;
    return this.#depth === 0;
  }

  #take(last: Uint8Array): string | undefined {
    const bytes = Buffer.concat([...this.#parts, last]);
    this.#parts = [];
    this.#bytes = 0;
    return bytes.length > this.#bytesMax ? undefined : bytes.toString('utf8');
  }
}
