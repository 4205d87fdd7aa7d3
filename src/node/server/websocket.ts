/** JSON-RPC over WebSocket (RFC 6455), on the connections of an HTTP server. */
import { createHash } from 'node:crypto';
import type { Socket } from 'node:net';
import type { Dispatcher } from '../rpc/dispatch.ts';
import { Conversation } from './conversation.ts';
import { CLOSE, encodeFrame, FrameError, FrameReader, OPCODE } from './frames.ts';

/** Hashed with the client's key, it shows that the server speaks WebSocket (section 1.3). */
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
/** The only version that there is (section 4.1). */
export const VERSION = '13';

export interface WebSocketOptions {
  readonly dispatcher: Dispatcher;
  /** Bytes of a message at most. */
  readonly bytesMax: number;
  /** What came with the request already. */
  readonly head: Uint8Array;
}

/** Answers the request to speak WebSocket, which has a key, and then every message. */
export function acceptWebSocket(
  key: string,
  socket: Socket,
  { dispatcher, bytesMax, head }: WebSocketOptions,
): void {
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
  readonly #talk: Conversation;
  readonly #reader: FrameReader;

  constructor(socket: Socket, dispatcher: Dispatcher, bytesMax: number) {
    this.#reader = new FrameReader(bytesMax);
    this.#talk = new Conversation(socket, dispatcher, (text) =>
      encodeFrame(OPCODE.text, new TextEncoder().encode(text)),
    );
    socket.on('data', (chunk: Uint8Array) => this.receive(chunk));
  }

  /** Takes bytes of the other side. */
  receive(chunk: Uint8Array): void {
    if (!this.#talk.isOpen) return;
    try {
      for (const message of this.#reader.read(chunk)) {
        if (message.kind === 'close') this.#close(CLOSE.normal);
        else if (message.kind === 'ping') {
          this.#talk.write(encodeFrame(OPCODE.pong, message.payload));
        } else this.#talk.answer(message.text);
      }
    } catch (error) {
      this.#close(error instanceof FrameError ? error.reason : CLOSE.protocol);
    }
  }

  #close(reason: number): void {
    this.#talk.close(encodeFrame(OPCODE.close, Uint8Array.of(reason >> 8, reason & 255)));
  }
}
