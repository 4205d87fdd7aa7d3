/** JSON-RPC over WebSocket (RFC 6455), on the connections of an HTTP server. */
import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Dispatcher } from '../rpc/dispatch.ts';
import type { Session } from '../rpc/method.ts';
import { CLOSE, encodeFrame, FrameError, FrameReader, OPCODE } from './frames.ts';

/** Hashed with the client's key, it shows that the server speaks WebSocket (section 1.3). */
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
/** Bytes that wait to be sent, above which a client that does not read is cut off. */
const BACKLOG_BYTES_MAX = 64 << 20;

export interface WebSocketOptions {
  readonly dispatcher: Dispatcher;
  /** Bytes of a message at most. */
  readonly bytesMax: number;
  /** What came with the request already. */
  readonly head: Uint8Array;
}

/** Answers the request to speak WebSocket, and then every message. */
export function acceptWebSocket(
  request: IncomingMessage,
  socket: Duplex,
  { dispatcher, bytesMax, head }: WebSocketOptions,
): void {
  const key = request.headers['sec-websocket-key'];
  const isWanted = request.headers.upgrade?.toLowerCase() === 'websocket';
  if (!isWanted || typeof key !== 'string' || request.headers['sec-websocket-version'] !== '13') {
    socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n');
    return;
  }
  const accepted = createHash('sha1')
    .update(key + GUID)
    .digest('base64');
  const lines = [
    'HTTP/1.1 101 Switching Protocols',
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Accept: ${accepted}`,
  ];
  socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  new Connection(socket, dispatcher, bytesMax).receive(head);
}

class Connection {
  readonly #socket: Duplex;
  readonly #dispatcher: Dispatcher;
  readonly #reader: FrameReader;
  readonly #session: Session;
  /** Answers keep the order of requests. */
  #last: Promise<void> = Promise.resolve();
  #isOpen = true;

  constructor(socket: Duplex, dispatcher: Dispatcher, bytesMax: number) {
    this.#socket = socket;
    this.#dispatcher = dispatcher;
    this.#reader = new FrameReader(bytesMax);
    this.#session = {
      subscriptions: new Map(),
      // After the answer that names the subscription, and of nothing that could still be lost.
      notify: (message) => {
        this.#last = this.#last.then(async () => {
          if (await this.#dispatcher.isSettled()) this.#send(JSON.stringify(message));
        });
      },
    };
    socket.on('data', (chunk: Uint8Array) => this.receive(chunk));
    for (const event of ['close', 'error', 'end'] as const) {
      socket.on(event, () => this.#end());
    }
  }

  /** Takes bytes of the other side. */
  receive(chunk: Uint8Array): void {
    try {
      for (const message of this.#reader.read(chunk)) {
        if (message.kind === 'close') this.#close(CLOSE.normal);
        else if (message.kind === 'ping') this.#write(encodeFrame(OPCODE.pong, message.payload));
        else this.#answer(message.text);
      }
    } catch (error) {
      this.#close(error instanceof FrameError ? error.reason : CLOSE.protocol);
    }
  }

  #answer(text: string): void {
    this.#last = this.#last.then(async () => {
      const response = await this.#dispatcher.respond(text, this.#session);
      if (response !== undefined) this.#send(response);
    });
  }

  #send(text: string): void {
    this.#write(encodeFrame(OPCODE.text, new TextEncoder().encode(text)));
  }

  #write(bytes: Uint8Array): void {
    if (!this.#isOpen) return;
    this.#socket.write(bytes);
    if (this.#socket.writableLength > BACKLOG_BYTES_MAX) this.#socket.destroy();
  }

  #close(reason: number): void {
    if (!this.#isOpen) return;
    this.#write(encodeFrame(OPCODE.close, Uint8Array.of(reason >> 8, reason & 255)));
    this.#end();
    this.#socket.end();
  }

  #end(): void {
    this.#isOpen = false;
    for (const stop of this.#session.subscriptions.values()) stop();
    this.#session.subscriptions.clear();
  }
}
