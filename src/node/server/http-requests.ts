/**
 * Requests of HTTP/1.1 as a server reads them (RFC 9112). Strict where a lenient reader and a proxy
 * before it could see different requests: one length of a body, whole lines, names without blanks.
 */

/** Bytes of a request's line and headers, and of the lines after a body in chunks. */
const HEAD_BYTES_MAX = 16 << 10;
/** Bytes of the line before a chunk, with extensions that nobody reads. */
const CHUNK_LINE_BYTES_MAX = 256;
const BODY_BYTES_MIN = 1 << 10;

const LINE_END = '\r\n';
const HEAD_END = '\r\n\r\n';
const CR = 13;
const LF = 10;
const TAB = 9;
const SPACE = 32;

/** A request that cannot be read, and the status to end its connection with. */
export class RequestError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** Those that are looked at, by their names in small letters. */
export type RequestHeaders = ReadonlyMap<string, string>;

export interface HttpRequest {
  readonly method: string;
  readonly headers: RequestHeaders;
  readonly body: string;
  /** Of HTTP/1.0, whose clients know no chunks. */
  readonly isOld: boolean;
  /** Whether the connection stays. */
  readonly isKept: boolean;
}

type Head = Omit<HttpRequest, 'body'> & {
  /** Bytes; undefined for a body in chunks. */
  readonly length: number | undefined;
  readonly expectsContinue: boolean;
};

/** Headers with a meaning here, and whether they may stand there more than once. */
const HEADERS: ReadonlyMap<string, boolean> = new Map([
  ['host', false],
  ['content-length', false],
  ['transfer-encoding', false],
  ['expect', false],
  ['connection', true],
  ['origin', false],
  ['upgrade', true],
  ['sec-websocket-key', false],
  ['sec-websocket-version', false],
  ['access-control-request-method', true],
  ['access-control-request-headers', true],
  ['access-control-request-private-network', true],
]);

const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const REQUEST_LINE = new RegExp(`^(${TOKEN}) [!-~\\x80-\\xff]+ HTTP/(\\d)\\.(\\d)$`);
const HEADER_LINE = new RegExp(`(${TOKEN}):([^\\0-\\x08\\n-\\x1f\\x7f]*)\\r\\n`, 'y');
const LENGTH = /^\d+$/;
const CHUNK_LINE = /^([0-9a-f]{1,8})[ \t]*(?:;[^\r\n]*)?$/i;

function isBlank(code: number): boolean {
  return code === SPACE || code === TAB;
}

/**
 * A text without the blanks around it. Nothing else is one, such as the byte A0 (RFC 9110, section
 * 5.6.3); and a pattern would take the square of their number.
 */
function trimBlanks(text: string): string {
  let from = 0;
  let to = text.length;
  while (isBlank(text.charCodeAt(from))) from++;
  while (to > from && isBlank(text.charCodeAt(to - 1))) to--;
  return text.slice(from, to);
}

/** Whether a list of names has one. */
function lists(value: string | undefined, name: string): boolean {
  if (value === undefined || value === name) return value === name;
  const names = value.toLowerCase().split(',');
  return names.some((each) => trimBlanks(each) === name);
}

/** Whether a client asks for WebSocket; anything else that it offers to speak is ignored. */
export function wantsWebSocket({ method, headers }: HttpRequest): boolean {
  const upgrade = headers.get('upgrade');
  if (upgrade === undefined || method !== 'GET') return false;
  return lists(upgrade, 'websocket') && lists(headers.get('connection'), 'upgrade');
}

function readHeaders(text: string, from: number): RequestHeaders {
  const headers = new Map<string, string>();
  for (let at = from; at < text.length; at = HEADER_LINE.lastIndex) {
    HEADER_LINE.lastIndex = at;
    const match = HEADER_LINE.exec(text);
    if (match === null) throw new RequestError(400, 'a header is malformed');
    const name = (match[1] as string).toLowerCase();
    const isRepeatable = HEADERS.get(name);
    if (isRepeatable === undefined) continue;
    const value = trimBlanks(match[2] as string);
    const before = headers.get(name);
    if (before !== undefined && !isRepeatable)
      throw new RequestError(400, `the header ${name} is there twice`);
    headers.set(name, before === undefined ? value : `${before}, ${value}`);
  }
  return headers;
}

/** @param text - Lines, each with its end. */
function readHead(text: string, bytesMax: number): Head {
  const lineEnd = text.indexOf(LINE_END);
  const line = REQUEST_LINE.exec(text.slice(0, lineEnd));
  if (line === null) throw new RequestError(400, 'the request line is malformed');
  const [, method = '', major, minor] = line;
  if (major !== '1') throw new RequestError(505, 'only HTTP/1 is spoken here');
  const isOld = minor === '0';
  const headers = readHeaders(text, lineEnd + LINE_END.length);
  if (!isOld && !headers.has('host')) throw new RequestError(400, 'the host is missing');
  const connection = headers.get('connection');
  const isKept = isOld ? lists(connection, 'keep-alive') : !lists(connection, 'close');
  if (isOld && headers.has('transfer-encoding')) {
    // Whoever stood before may have taken the chunks for other requests (section 6.1).
    throw new RequestError(400, 'HTTP/1.0 has no transfer codings');
  }
  const expect = headers.get('expect')?.toLowerCase();
  if (expect !== undefined && expect !== '100-continue')
    throw new RequestError(417, 'the only expectation is 100-continue');
  const expectsContinue = expect !== undefined && !isOld;
  return { method, headers, isOld, isKept, expectsContinue, length: lengthOf(headers, bytesMax) };
}

/** Section 6.3: chunks or a length, never both. */
function lengthOf(headers: RequestHeaders, bytesMax: number): number | undefined {
  const coding = headers.get('transfer-encoding');
  const length = headers.get('content-length');
  if (coding !== undefined) {
    if (length !== undefined) throw new RequestError(400, 'a body has two lengths');
    if (coding.toLowerCase() === 'chunked') return undefined;
    throw new RequestError(501, 'chunked is the only transfer coding');
  }
  if (length === undefined) return 0;
  if (!LENGTH.test(length)) throw new RequestError(400, 'a length is no number');
  if (Number(length) > bytesMax) throw new RequestError(413, 'too large');
  return Number(length);
}

/** What is read next: a head, a body of a length, or a part of a body in chunks. */
type Phase = 'head' | 'body' | 'chunk line' | 'chunk' | 'chunk end' | 'trailer';

/** Joins bytes as they come to requests. */
export class RequestReader {
  readonly #bytesMax: number;
  /** What came and is not read yet, and from where. */
  #buffer: Buffer = NO_BYTES;
  #at = 0;
  /** What came since the buffer was last whole. */
  #chunks: Buffer[] = [];
  #chunkBytes = 0;
  #phase: Phase = 'head';
  #head: Head | undefined;
  /** Bytes of the body or the chunk that are missing. */
  #missing = 0;
  /** Bytes of the lines after the chunks. */
  #trailerBytes = 0;
  #body: Buffer = NO_BYTES;
  #bodyBytes = 0;

  /** @param bytesMax - Bytes of a body at most. */
  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  push(chunk: Buffer): void {
    if (this.#chunkBytes === 0 && this.#at === this.#buffer.length) {
      this.#buffer = chunk;
      this.#at = 0;
      return;
    }
    this.#chunks.push(chunk);
    this.#chunkBytes += chunk.length;
  }

  /** Bytes that are there and not read. */
  get waiting(): number {
    return this.#buffer.length - this.#at + this.#chunkBytes;
  }

  /** Where in a request the bytes end; undefined between two. */
  get place(): 'head' | 'body' | undefined {
    if (this.#head !== undefined) return 'body';
    return this.waiting > 0 ? 'head' : undefined;
  }

  /** Whether the client waits for leave to send the body; true once for a request. */
  takeExpectation(): boolean {
    const isExpected = this.#head?.expectsContinue === true && this.waiting === 0;
    if (this.#head !== undefined) this.#head = { ...this.#head, expectsContinue: false };
    return isExpected && this.#bodyBytes === 0;
  }

  /** What follows a request with which the connection changes to another protocol. */
  takeRest(): Buffer {
    this.#join();
    const rest = this.#buffer.subarray(this.#at);
    this.#forget();
    return rest;
  }

  /**
   * The next request that is whole.
   *
   * @throws RequestError where a rule is broken; nothing is to be read after it
   */
  next(): HttpRequest | undefined {
    this.#join();
    if (this.#phase === 'head' && !this.#readHead()) return undefined;
    while (this.#phase !== 'head') if (!this.#readPart(this.#phase)) return undefined;
    const { method, headers, isOld, isKept } = this.#head as Head;
    this.#head = undefined;
    // A connection between two requests keeps none of the bytes.
    if (this.#at === this.#buffer.length) this.#forget();
    return { method, headers, isOld, isKept, body: this.#takeBody() };
  }

  #forget(): void {
    this.#buffer = NO_BYTES;
    this.#at = 0;
  }

  #join(): void {
    if (this.#chunkBytes === 0) return;
    this.#buffer = Buffer.concat([this.#buffer.subarray(this.#at), ...this.#chunks]);
    this.#at = 0;
    this.#chunks = [];
    this.#chunkBytes = 0;
  }

  #readHead(): boolean {
    const buffer = this.#buffer;
    // Empty lines before a request are none of it (section 2.2).
    while (buffer[this.#at] === CR && buffer[this.#at + 1] === LF) this.#at += 2;
    const from = this.#at;
    const [first = CR] = buffer.subarray(from, from + 1);
    if (first === CR && buffer.length - from <= 1) return false;
    const end = buffer.indexOf(HEAD_END, from, 'latin1');
    const bytes = (end < 0 ? buffer.length : end) - from;
    // Whoever speaks TLS or anything else is told so at once.
    if (!isLetter(first)) throw new RequestError(400, 'this is no request');
    if (bytes > HEAD_BYTES_MAX) throw new RequestError(431, 'the headers are too long');
    if (end < 0) return false;
    this.#at = end + HEAD_END.length;
    const text = buffer.toString('latin1', from, end + LINE_END.length);
    const head = readHead(text, this.#bytesMax);
    this.#head = head;
    this.#missing = head.length ?? 0;
    if (head.length === undefined) this.#phase = 'chunk line';
    else if (head.length > 0) this.#phase = 'body';
    return true;
  }

  /** Whether the part was there, and another phase has begun. */
  #readPart(phase: Exclude<Phase, 'head'>): boolean {
    switch (phase) {
      case 'body':
      case 'chunk': {
        const bytes = Math.min(this.#missing, this.#buffer.length - this.#at);
        this.#append(this.#buffer.subarray(this.#at, this.#at + bytes));
        this.#at += bytes;
        this.#missing -= bytes;
        if (this.#missing > 0) return false;
        this.#phase = phase === 'body' ? 'head' : 'chunk end';
        return true;
      }
      case 'chunk end': {
        const line = this.#readLine(0);
        if (line !== undefined) this.#phase = 'chunk line';
        return line !== undefined;
      }
      case 'chunk line': {
        const line = this.#readLine(CHUNK_LINE_BYTES_MAX);
        if (line !== undefined) this.#beginChunk(line);
        return line !== undefined;
      }
      case 'trailer': {
        const line = this.#readLine(HEAD_BYTES_MAX - this.#trailerBytes);
        if (line === undefined) return false;
        this.#trailerBytes += line.length + LINE_END.length;
        if (line === '') this.#phase = 'head';
        else readHeaders(line + LINE_END, 0);
        return true;
      }
    }
  }

  #beginChunk(line: string): void {
    const size = CHUNK_LINE.exec(line)?.[1];
    if (size === undefined) throw new RequestError(400, 'the size of a chunk is malformed');
    this.#missing = Number.parseInt(size, 16);
    if (this.#bodyBytes + this.#missing > this.#bytesMax) throw new RequestError(413, 'too large');
    this.#trailerBytes = 0;
    this.#phase = this.#missing > 0 ? 'chunk' : 'trailer';
  }

  /** A line without its end; undefined while it is not whole. */
  #readLine(bytesMax: number): string | undefined {
    const from = this.#at;
    const end = this.#buffer.indexOf(LINE_END, from, 'latin1');
    const bytes = (end < 0 ? this.#buffer.length - 1 : end) - from;
    if (bytes > bytesMax) throw new RequestError(400, 'a line of a body in chunks is too long');
    if (end < 0) return undefined;
    this.#at = end + LINE_END.length;
    return this.#buffer.toString('latin1', from, end);
  }

  /** What is whole at once is not copied. Room is made for bytes that are there, not announced. */
  #append(bytes: Buffer): void {
    const start = this.#bodyBytes;
    const end = start + bytes.length;
    this.#bodyBytes = end;
    if (start === 0 && bytes.length === this.#missing) {
      this.#body = bytes;
      return;
    }
    if (end > this.#body.length || start === 0) {
      const room = Math.max(BODY_BYTES_MIN, Math.min(2 * end, this.#bytesMax), end);
      const grown = Buffer.allocUnsafe(room);
      this.#body.copy(grown, 0, 0, start);
      this.#body = grown;
    }
    bytes.copy(this.#body, start);
  }

  #takeBody(): string {
    const text = this.#body.toString('utf8', 0, this.#bodyBytes);
    this.#body = NO_BYTES;
    this.#bodyBytes = 0;
    return text;
  }
}

const NO_BYTES: Buffer = Buffer.alloc(0);

/** Methods begin with one. */
function isLetter(code: number): boolean {
  return (code | 0x20) >= 0x61 && (code | 0x20) <= 0x7a;
}
