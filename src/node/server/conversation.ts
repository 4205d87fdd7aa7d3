/**
 * What a connection that stays has, whatever its frames are: answers in the order of requests,
 * notifications between them, and limits for a client that asks more than it reads.
 */
import type { Socket } from 'node:net';
import type { Dispatcher } from '../rpc/dispatch.ts';
import type { Session } from '../rpc/method.ts';
import { holdForTurn } from './turn.ts';

/**
 * Milliseconds that a connection may be idle, as with go-ethereum: between requests over HTTP, and
 * wherever a client does not read what it asked for.
 */
export const IDLE_MS_MAX = 120_000;
/** Bytes that wait to be sent, above which nothing more is said until the client has read them. */
const BACKLOG_BYTES_MAX = 64 << 20;
/** Notifications that wait for their turn, above which a client that does not read is cut off. */
const NOTIFICATIONS_MAX = 100_000;
/** Requests that wait for their turn, above which nothing more is read from the client. */
const WAITING_MAX = 256;

export class Conversation {
  readonly #socket: Socket;
  readonly #dispatcher: Dispatcher;
  readonly #encode: (text: string) => Uint8Array;
  readonly #session: Session;
  /** Answers keep the order of requests. */
  #last: Promise<void> = Promise.resolve();
  #waiting = 0;
  #untold = 0;
  #isOpen = true;

  /**
   * @param encode - Makes a frame of a message.
   * @param isHalfOpen - Whether a client that has sent all it will still reads the answers.
   */
  constructor(
    socket: Socket,
    dispatcher: Dispatcher,
    encode: (text: string) => Uint8Array,
    isHalfOpen = false,
  ) {
    this.#socket = socket;
    this.#dispatcher = dispatcher;
    this.#encode = encode;
    this.#session = {
      subscriptions: new Map(),
      // After the answer that names the subscription, and of nothing that could still be lost.
      notify: (message) => {
        if (++this.#untold > NOTIFICATIONS_MAX) socket.destroy();
        this.#queue(async () => {
          this.#untold--;
          if (!(await this.#dispatcher.isSettled())) return;
          holdForTurn(socket);
          this.#send(JSON.stringify(message));
        });
      },
    };
    for (const event of ['close', 'error'] as const) socket.on(event, () => this.#end());
    socket.on('end', () => {
      if (!isHalfOpen) this.#end();
      this.#queue(() => {
        this.#end();
        socket.end();
      });
    });
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Answers a request when those before it are answered. */
  answer(text: string): void {
    if (++this.#waiting === WAITING_MAX) this.#socket.pause();
    this.#queue(async () => {
      const { head } = this.#dispatcher;
      // Nobody waits for what a connection asked before it ended.
      const response = this.#isOpen
        ? await this.#dispatcher.respond(text, this.#session)
        : undefined;
      if (this.#dispatcher.head !== head) holdForTurn(this.#socket);
      if (response !== undefined) this.#send(response);
      if (this.#waiting-- === WAITING_MAX) this.#socket.resume();
    });
  }

  /** Sends bytes as they are, but nothing out of turn to who is behind with reading. */
  write(bytes: Uint8Array): void {
    if (this.#isOpen && !this.#isBehind()) this.#socket.write(bytes);
  }

  /** Ends the connection after the answers that were begun, with a last frame. */
  close(last: Uint8Array): void {
    if (!this.#isOpen) return;
    this.write(last);
    this.#end();
    this.#socket.end();
  }

  /** Does something in its turn. What cannot be done ends this connection, and nothing else. */
  #queue(work: () => void | Promise<void>): void {
    this.#last = this.#last
      .then(() => (this.#isBehind() ? this.#drained().then(work) : work()))
      .catch(() => {
        this.#socket.destroy();
      });
  }

  #isBehind(): boolean {
    return this.#isOpen && this.#socket.writableLength > BACKLOG_BYTES_MAX;
  }

  /** Resolves when the client has read what it was sent, or is gone. */
  #drained(): Promise<void> {
    const socket = this.#socket;
    const cutOff = (): void => {
      socket.destroy();
    };
    socket.setTimeout(IDLE_MS_MAX).on('timeout', cutOff);
    return new Promise((resolve) => {
      const go = (): void => {
        socket.setTimeout(0).off('timeout', cutOff).off('drain', go).off('close', go);
        resolve();
      };
      socket.on('drain', go).on('close', go);
    });
  }

  #send(text: string): void {
    this.write(this.#encode(text));
  }

  #end(): void {
    this.#isOpen = false;
    for (const stop of this.#session.subscriptions.values()) stop();
    this.#session.subscriptions.clear();
  }
}
