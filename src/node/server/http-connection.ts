/** A connection of HTTP/1.1: its requests are answered one after the other, in order. */
import type { Socket } from 'node:net';
import { others } from '../others.ts';
import { type Dispatcher, stringify, tooLarge } from '../rpc/dispatch.ts';
import { IDLE_MS_MAX } from './conversation.ts';
import { type HttpRequest, RequestError, RequestReader, wantsWebSocket } from './http-requests.ts';
import { holdForTurn } from './turn.ts';
import { acceptWebSocket, VERSION } from './websocket.ts';

/** What the connections of a server have in common. */
export interface HttpService {
  readonly dispatcher: Dispatcher;
  /** Bytes of a body at most. */
  readonly bytesMax: number;
  /** Origins of pages that may read answers; none for `''`. */
  readonly allowOrigin: string;
}

interface Reply {
  readonly status: number;
  readonly body: string;
  /** Lines, each with its end. */
  readonly headers?: string;
}

/** Bytes of requests ahead of their turn, above which nothing more is read from the client. */
const WAITING_BYTES_MAX = 1 << 16;
/** Bytes that are still taken from a client which was refused, so that it reads the refusal. */
const BYTES_AFTER_MAX = 64 << 20;
/** Looks at a connection, `SWEEP_MS` apart, by which headers, or the whole request, are there. */
const SWEEPS_MAX = { head: 2, body: 10 } as const;
export const SWEEP_MS = 30_000;
/** Characters of a long body that are encoded at a time. */
const PART_LENGTH = 1 << 20;
/** Bytes of an answer that is made as it is sent, from which on it is sent in chunks. */
const CHUNKED_BYTES_MIN = 1 << 16;
/** Seconds that a page may remember what it is allowed. */
const CORS_AGE = 86_400;

const REASONS: Readonly<Record<number, string>> = {
  200: 'OK',
  204: 'No Content',
  400: 'Bad Request',
  403: 'Forbidden',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  413: 'Content Too Large',
  417: 'Expectation Failed',
  426: 'Upgrade Required',
  431: 'Request Header Fields Too Large',
  501: 'Not Implemented',
  505: 'HTTP Version Not Supported',
};

const STAYS = `Connection: keep-alive\r\nKeep-Alive: timeout=${IDLE_MS_MAX / 1000}\r\n`;
const ENDS = 'Connection: close\r\n';

export class HttpConnection {
  readonly #socket: Socket;
  readonly #service: HttpService;
  readonly #reader: RequestReader;
  /** Of any answer to a page. */
  readonly #allowed: string;
  /** Whether a request is being answered; what comes meanwhile has to wait. */
  #isBusy = false;
  /** Whether the client has sent all that it will. */
  #isEnded = false;
  #sweeps = 0;
  /** Whether more is read than the end of what the client sends. */
  #isOpen = true;
  /** Bytes that came after the last request that is answered. */
  #bytesAfter = 0;

  constructor(socket: Socket, service: HttpService) {
    this.#socket = socket;
    this.#service = service;
    this.#reader = new RequestReader(service.bytesMax);
    const { allowOrigin } = service;
    this.#allowed = allowOrigin === '' ? '' : `Access-Control-Allow-Origin: ${allowOrigin}\r\n`;
    socket.setTimeout(IDLE_MS_MAX);
    socket.on('data', this.#onData).on('end', this.#onEnd);
    socket.on('timeout', this.#onTimeout).on('error', this.#onError);
  }

  /** Counts the looks at a request that does not become whole, and at who does not leave. */
  sweep(): void {
    const place = this.#isOpen ? this.#reader.place : 'body';
    if (this.#isBusy || place === undefined) this.#sweeps = 0;
    else if (++this.#sweeps <= SWEEPS_MAX[place]) return;
    else if (this.#isOpen) this.#refuse(new RequestError(408, 'the request is not whole in time'));
    else this.#socket.destroy();
  }

  readonly #onData = (chunk: Buffer): void => {
    if (!this.#isOpen) {
      this.#bytesAfter += chunk.length;
      if (this.#bytesAfter > BYTES_AFTER_MAX) this.#socket.destroy();
      return;
    }
    this.#reader.push(chunk);
    if (!this.#isBusy) this.#proceed();
    else if (this.#reader.waiting > WAITING_BYTES_MAX) this.#socket.pause();
  };

  /** A client that says no more still reads the answers to what it asked. */
  readonly #onEnd = (): void => {
    this.#isEnded = true;
    if (!this.#isBusy) this.#socket.end();
  };

  /** Who does not read on is cut off; a request may take longer than that to run. */
  readonly #onTimeout = (): void => {
    if (!this.#isBusy || this.#socket.writableLength > 0) this.#socket.destroy();
  };

  /** A connection that breaks is no concern of the others; it is closed after this. */
  readonly #onError = (): void => {};

  /** Answers the requests that are whole. */
  async #proceed(): Promise<void> {
    const socket = this.#socket;
    const reader = this.#reader;
    this.#isBusy = true;
    try {
      for (let request = reader.next(); request !== undefined; request = reader.next()) {
        this.#sweeps = 0;
        if (wantsWebSocket(request)) return this.#upgrade(request);
        await this.#answer(request);
        if (!request.isKept) this.#end();
        if (!this.#isOpen) break;
      }
      if (this.#isOpen && reader.takeExpectation()) socket.write('HTTP/1.1 100 Continue\r\n\r\n');
    } catch (error) {
      if (error instanceof RequestError) this.#refuse(error);
      else socket.destroy();
    }
    this.#isBusy = false;
    if (this.#isEnded) socket.end();
    else if (socket.isPaused()) socket.resume();
  }

  async #answer(request: HttpRequest): Promise<void> {
    const { method, headers, isKept } = request;
    if (method === 'POST') {
      const { dispatcher } = this.#service;
      const { head } = dispatcher;
      const body = await dispatcher.answer(request.body);
      // While a block was made, who waits for it went to sleep; after a call it is still awake.
      if (dispatcher.head !== head) holdForTurn(this.#socket);
      if (body === undefined) await this.#send({ status: 204, body: '' }, isKept);
      else if (typeof body === 'string') await this.#send({ status: 200, body }, isKept);
      else await this.#sendPieces(body, request);
    } else if (method === 'OPTIONS') {
      await this.#send({ status: 200, body: '', headers: this.#preflight(headers) }, isKept);
    } else {
      const body = method === 'HEAD' ? '' : 'use POST, or WebSocket\n';
      await this.#send({ status: 405, body, headers: 'Allow: POST, OPTIONS\r\n' }, isKept);
    }
  }

  /** Names the headers of its request, and whether the page is from outside. */
  #preflight(headers: HttpRequest['headers']): string {
    if (this.#allowed === '' || !headers.has('access-control-request-method')) return '';
    const asked = headers.get('access-control-request-headers') ?? 'content-type';
    // Pages of the public network ask for leave to speak to this machine (Private Network Access).
    const isPrivate = headers.has('access-control-request-private-network');
    return [
      'Access-Control-Allow-Methods: GET,POST\r\n',
      `Access-Control-Allow-Headers: ${asked}\r\n`,
      `Access-Control-Max-Age: ${CORS_AGE}\r\n`,
      isPrivate ? 'Access-Control-Allow-Private-Network: true\r\n' : '',
    ].join('');
  }

  /** Resolves when the client may be told more, or is gone. */
  async #send({ status, body, headers = '' }: Reply, isKept: boolean): Promise<void> {
    const socket = this.#socket;
    const bytes = Buffer.byteLength(body);
    const first = body.charCodeAt(0);
    const type = first === OBJECT || first === ARRAY ? 'application/json' : 'text/plain';
    // An answer without content has no length (RFC 9110, section 8.6).
    const content = status === 204 ? '' : `Content-Type: ${type}\r\nContent-Length: ${bytes}\r\n`;
    const head = this.#head(status, headers + content, isKept);
    // Letters of one byte need no encoding.
    const encoding = bytes === body.length ? 'latin1' : 'utf8';
    if (body.length <= PART_LENGTH) {
      if (!socket.write(head + body, encoding)) await drained(socket);
      return;
    }
    socket.write(head, 'latin1');
    for (const part of partsOf(body)) {
      if (!socket.write(part, encoding)) await drained(socket);
      if (socket.destroyed) return;
    }
  }

  #head(status: number, headers: string, isKept: boolean): string {
    const first = `HTTP/1.1 ${status} ${REASONS[status]}\r\n${this.#allowed}`;
    return `${first}${headers}${isKept ? STAYS : ENDS}\r\n`;
  }

  /** Sends an answer as it is made, in chunks unless it is short (RFC 9112, section 7.1). */
  async #sendPieces(pieces: Iterable<Uint8Array>, { isKept, isOld }: HttpRequest): Promise<void> {
    const socket = this.#socket;
    const type = 'Content-Type: application/json\r\n';
    const iterator = pieces[Symbol.iterator]();
    let next = iterator.next();
    const begin: Uint8Array[] = [];
    let bytes = 0;
    for (; next.done !== true && (isOld || bytes < CHUNKED_BYTES_MIN); next = iterator.next()) {
      begin.push(isOld ? next.value.slice() : next.value);
      bytes += next.value.length;
    }
    const isWhole = next.done === true;
    const length = isWhole ? `Content-Length: ${bytes}` : 'Transfer-Encoding: chunked';
    socket.cork();
    socket.write(this.#head(200, `${type}${length}\r\n`, isKept), 'latin1');
    if (isWhole) for (const piece of begin) socket.write(piece);
    else writeChunk(socket, begin);
    socket.uncork();
    for (; next.done !== true; next = iterator.next()) {
      await drained(socket);
      // What the system takes at once is drained without anyone else having had a turn.
      await others();
      if (socket.destroyed) return;
      socket.cork();
      writeChunk(socket, [next.value]);
      socket.uncork();
    }
    if (!isWhole) socket.write('0\r\n\r\n', 'latin1');
    await drained(socket);
  }

  /** Says what is wrong and ends the connection, when the client has read it. */
  #refuse({ status, message }: RequestError): void {
    const body = status === 413 ? stringify(tooLarge(this.#service.bytesMax)) : `${message}\n`;
    const headers = status === 426 ? `Sec-WebSocket-Version: ${VERSION}\r\n` : '';
    this.#send({ status, body, headers }, false);
    this.#end();
  }

  #end(): void {
    this.#isOpen = false;
    this.#sweeps = 0;
    this.#socket.end();
  }

  #upgrade({ headers }: HttpRequest): void {
    const socket = this.#socket;
    const { dispatcher, bytesMax, allowOrigin } = this.#service;
    const key = headers.get('sec-websocket-key');
    const origin = headers.get('origin');
    // Browsers ask no leave for WebSocket, they tell whose page it is (RFC 6455, section 10.2).
    if (origin !== undefined && allowOrigin !== '*' && origin !== allowOrigin) {
      throw new RequestError(403, 'pages of this origin may not read answers');
    }
    if (headers.get('sec-websocket-version') !== VERSION) {
      throw new RequestError(426, `the version of WebSocket is ${VERSION}`);
    }
    if (key === undefined) throw new RequestError(400, 'the header Sec-WebSocket-Key is missing');
    // Of the end that came before, who takes the connection over would hear nothing.
    if (this.#isEnded) throw new RequestError(400, 'the client has said all that it will');
    socket.setTimeout(0);
    socket.off('data', this.#onData).off('end', this.#onEnd).off('timeout', this.#onTimeout);
    const head = this.#reader.takeRest();
    acceptWebSocket(key, socket, { dispatcher, bytesMax, head });
    socket.resume();
  }
}

const OBJECT = '{'.charCodeAt(0);
const ARRAY = '['.charCodeAt(0);

/** A chunk of an answer; what is empty would end it. */
function writeChunk(socket: Socket, pieces: readonly Uint8Array[]): void {
  const bytes = pieces.reduce((sum, { length }) => sum + length, 0);
  if (bytes === 0) return;
  socket.write(`${bytes.toString(16)}\r\n`, 'latin1');
  for (const piece of pieces) socket.write(piece);
  socket.write('\r\n', 'latin1');
}

/** Resolves when a client has read what it was sent, or is gone. */
function drained(socket: Socket): Promise<void> {
  if (socket.destroyed || !socket.writableNeedDrain) return Promise.resolve();
  return new Promise((resolve) => {
    const go = (): void => {
      socket.off('drain', go).off('close', go);
      resolve();
    };
    socket.on('drain', go).on('close', go);
  });
}

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
