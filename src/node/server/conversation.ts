/**
 * What a connection that stays has, whatever its frames are: answers in the order of requests,
 * notifications between them, and limits for a client that asks more than it reads.
 */
import type { Duplex } from 'node:stream';
import type { Dispatcher } from '../rpc/dispatch.ts';
import type { Session } from '../rpc/method.ts';

/** Bytes that wait to be sent, above which a client that does not read is cut off. */
const BACKLOG_BYTES_MAX = 64 << 20;
/** Requests that wait for their turn, above which nothing more is read from the client. */
const WAITING_MAX = 256;

export class Conversation {
  readonly #socket: Duplex;
  readonly #dispatcher: Dispatcher;
  readonly #encode: (text: string) => Uint8Array;
  readonly #session: Session;
  /** Answers keep the order of requests. */
  #last: Promise<void> = Promise.resolve();
  #waiting = 0;
  #isOpen = true;

  /**
   * @param encode - Makes a frame of a message.
   * @param isHalfOpen - Whether a client that has sent all it will still reads the answers.
   */
  constructor(
    socket: Duplex,
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
        this.#last = this.#last.then(async () => {
          if (await this.#dispatcher.isSettled()) this.#send(JSON.stringify(message));
        });
      },
    };
    for (const event of ['close', 'error'] as const) socket.on(event, () => this.#end());
    socket.on('end', () => (isHalfOpen ? this.#finish() : this.#end()));
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Answers a request when those before it are answered. */
  answer(text: string): void {
    if (++this.#waiting === WAITING_MAX) this.#socket.pause();
    this.#last = this.#last.then(async () => {
      // Nobody waits for what a connection asked before it ended.
      const response = this.#isOpen
        ? await this.#dispatcher.respond(text, this.#session)
        : undefined;
      if (response !== undefined) this.#send(response);
      if (this.#waiting-- === WAITING_MAX) this.#socket.resume();
    });
  }

  /** Sends bytes as they are. */
  write(bytes: Uint8Array): void {
    if (!this.#isOpen) return;
    this.#socket.write(bytes);
    if (this.#socket.writableLength > BACKLOG_BYTES_MAX) this.#socket.destroy();
  }

  /** Ends the connection after the answers that were begun, with a last frame. */
  close(last: Uint8Array): void {
    if (!this.#isOpen) return;
    this.write(last);
    this.#end();
    this.#socket.end();
  }

  /** Ends the connection when all that was asked is answered. */
  #finish(): void {
    this.#last = this.#last.then(() => {
      this.#end();
      this.#socket.end();
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
