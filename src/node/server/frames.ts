/**
 * Frames of WebSocket as a server reads and writes them (RFC 6455, section 5). There are no
 * extensions; messages are texts, in one frame or several.
 */
import { joinBytes } from '../../base/bytes.ts';

export const OPCODE = {
  continuation: 0x0,
  text: 0x1,
  binary: 0x2,
  close: 0x8,
  ping: 0x9,
  pong: 0xa,
} as const;

/** Reasons to close (section 7.4.1). */
export const CLOSE = {
  normal: 1000,
  protocol: 1002,
  unsupported: 1003,
  invalidText: 1007,
  tooLarge: 1009,
} as const;

const FINAL = 0x80;
const RESERVED = 0x70;
const MASKED = 0x80;
const LENGTH_16 = 126;
const LENGTH_64 = 127;
const CONTROL_MIN = 0x8;
const CONTROL_BYTES_MAX = 125;

/** A frame that breaks a rule; the connection is to be closed for the reason. */
export class FrameError extends Error {
  readonly reason: number;

  constructor(reason: number, message: string) {
    super(message);
    this.reason = reason;
  }
}

/** What the other side said: a text, a ping, or that it closes. */
export type Incoming =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'ping'; readonly payload: Uint8Array }
  | { readonly kind: 'close' };

/** Joins bytes as they come to messages. */
export class FrameReader {
  readonly #bytesMax: number;
  #buffer: Uint8Array = new Uint8Array(0);
  /** What came since the buffer was last whole, and how many bytes make another look worth it. */
  #chunks: Uint8Array[] = [];
  #chunkBytes = 0;
  #needed = 0;
  /** Parts of a message that is not whole yet. */
  #parts: Uint8Array[] = [];
  #partBytes = 0;

  /** @param bytesMax - Bytes of a message at most. */
  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** @throws FrameError where a rule is broken */
  *read(chunk: Uint8Array): Generator<Incoming> {
    this.#chunks.push(chunk);
    this.#chunkBytes += chunk.length;
    if (this.#buffer.length + this.#chunkBytes < this.#needed) return;
    this.#buffer = join([this.#buffer, ...this.#chunks]);
    this.#chunks = [];
    this.#chunkBytes = 0;
    this.#needed = 0;
    for (;;) {
      const frame = this.#next();
      if (frame === undefined) return;
      const message = this.#take(frame);
      if (message !== undefined) yield message;
    }
  }

  #next(): { readonly first: number; readonly payload: Uint8Array } | undefined {
    const bytes = this.#buffer;
    const [first, second] = bytes;
    if (first === undefined || second === undefined) return undefined;
    if ((first & RESERVED) !== 0) throw new FrameError(CLOSE.protocol, 'a reserved bit is set');
    if ((second & MASKED) === 0) throw new FrameError(CLOSE.protocol, 'a frame is not masked');
    const length = lengthOf(bytes);
    if (length === undefined) return undefined;
    const { value, at } = length;
    if (value > this.#bytesMax) throw new FrameError(CLOSE.tooLarge, 'a frame is too large');
    const start = at + 4;
    this.#needed = start + value;
    if (bytes.length < this.#needed) return undefined;
    this.#needed = 0;
    const payload = bytes.slice(start, start + value);
    for (let i = 0; i < value; i++) {
      payload[i] = (payload[i] as number) ^ (bytes[at + (i & 3)] as number);
    }
    this.#buffer = bytes.subarray(start + value);
    return { first, payload };
  }

  #take({ first, payload }: { readonly first: number; readonly payload: Uint8Array }) {
    const opcode = first & 0x0f;
    const isFinal = (first & FINAL) !== 0;
    if (opcode >= CONTROL_MIN) return takeControl(opcode, isFinal, payload);
    if (opcode === OPCODE.binary) throw new FrameError(CLOSE.unsupported, 'messages are texts');
    const isFirst = opcode === OPCODE.text;
    if (!isFirst && opcode !== OPCODE.continuation) {
      throw new FrameError(CLOSE.protocol, `there is no opcode ${opcode}`);
    }
    if (isFirst !== (this.#parts.length === 0)) {
      throw new FrameError(CLOSE.protocol, 'a message began within another, or has no beginning');
    }
    this.#parts.push(payload);
    this.#partBytes += payload.length;
    if (this.#partBytes > this.#bytesMax) {
      throw new FrameError(CLOSE.tooLarge, 'a message is too large');
    }
    if (!isFinal) return undefined;
    const whole = join(this.#parts);
    this.#parts = [];
    this.#partBytes = 0;
    return { kind: 'text', text: decodeText(whole) } as const;
  }
}

function takeControl(opcode: number, isFinal: boolean, payload: Uint8Array): Incoming | undefined {
  if (!isFinal || payload.length > CONTROL_BYTES_MAX) {
    throw new FrameError(CLOSE.protocol, 'a control frame is too long or in parts');
  }
  if (opcode === OPCODE.close) return { kind: 'close' };
  if (opcode === OPCODE.ping) return { kind: 'ping', payload };
  if (opcode === OPCODE.pong) return undefined;
  throw new FrameError(CLOSE.protocol, `there is no opcode ${opcode}`);
}

/** The length of the payload and where the mask begins; undefined while bytes are missing. */
function lengthOf(bytes: Uint8Array): { readonly value: number; readonly at: number } | undefined {
  const short = (bytes[1] as number) & 0x7f;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (short < LENGTH_16) return { value: short, at: 2 };
  if (short === LENGTH_16) {
    return bytes.length < 4 ? undefined : { value: view.getUint16(2), at: 4 };
  }
  if (bytes.length < 10) return undefined;
  return { value: Number(view.getBigUint64(2)), at: 10 };
}

const decoder = new TextDecoder('utf-8', { fatal: true });

function decodeText(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch {
    throw new FrameError(CLOSE.invalidText, 'a text is no UTF-8');
  }
}

/** The parts as one; a single one is not copied. */
function join(parts: readonly Uint8Array[]): Uint8Array {
  const filled = parts.filter((part) => part.length > 0);
  const [only] = filled;
  return filled.length === 1 && only !== undefined ? only : joinBytes(filled);
}

/** A frame that is a whole message, not masked, as servers send them. */
export function encodeFrame(opcode: number, payload: Uint8Array): Uint8Array {
  const { length } = payload;
  const head = length < LENGTH_16 ? 2 : length < 0x1_0000 ? 4 : 10;
  const frame = new Uint8Array(head + length);
  const view = new DataView(frame.buffer);
  frame[0] = FINAL | opcode;
  if (head === 2) frame[1] = length;
  else if (head === 4) {
    frame[1] = LENGTH_16;
    view.setUint16(2, length);
  } else {
    frame[1] = LENGTH_64;
    view.setBigUint64(2, BigInt(length));
  }
  frame.set(payload, head);
  return frame;
}
