/**
 * JSON as bytes, written one after the other and taken in pieces: for answers of which there is
 * neither a text nor a tree. What is written is ASCII, and the caller's to keep well formed.
 */

/** Bytes from which on a piece is worth being sent. */
const PIECE_BYTES = 1 << 18;
/** Room at the end of a piece, which most of what is written between two looks fits into. */
const SLACK_BYTES = 1 << 14;

const QUOTE = '"'.charCodeAt(0);
const DIGIT_0 = '0'.charCodeAt(0);
const LETTER_X = 'x'.charCodeAt(0);
/** Of `0` to `f`. */
const HEX_DIGITS: Uint8Array = Uint8Array.from('0123456789abcdef', (digit) => digit.charCodeAt(0));
const HALF = 0x1_0000_0000n;
const ONE_LIMB = new Uint32Array(1);

export class JsonBytes {
  #bytes: Uint8Array = new Uint8Array(0);
  #view: DataView = new DataView(this.#bytes.buffer);
  #at = 0;
  /** What held the piece before, whose time is over: fresh memory costs as much as writing it. */
  #spare: Uint8Array = this.#bytes;

  /** Whether there is enough for a piece. */
  get isFull(): boolean {
    return this.#at >= PIECE_BYTES;
  }

  /** What was written since the last time; good until the next piece is taken. */
  take(): Uint8Array {
    const bytes = this.#bytes;
    const piece = bytes.subarray(0, this.#at);
    this.#hold(this.#spare);
    this.#spare = bytes;
    this.#at = 0;
    return piece;
  }

  /** How many bytes were written since then. */
  get length(): number {
    return this.#at;
  }

  /** What holds them, at their places, where they stay until the piece after theirs is taken. */
  get bytes(): Uint8Array {
    return this.#bytes;
  }

  /** A text of ASCII, as it stands. */
  text(text: string): void {
    const { length } = text;
    this.#reserve(length);
    const bytes = this.#bytes;
    const at = this.#at;
    for (let i = 0; i < length; i++) bytes[at + i] = text.charCodeAt(i);
    this.#at = at + length;
  }

  /** Bytes of an array, which may be `bytes`. */
  copy(source: Uint8Array, from: number = 0, to: number = source.length): void {
    this.#reserve(to - from);
    const bytes = this.#bytes;
    if (source === bytes) bytes.copyWithin(this.#at, from, to);
    else bytes.set(to - from === source.length ? source : source.subarray(from, to), this.#at);
    this.#at += to - from;
  }

  /** A number of up to 32 bits by its digits, any other as JSON has it. */
  number(value: number): void {
    if (value !== value >>> 0) {
      this.text(JSON.stringify(value));
      return;
    }
    let digits = 1;
    for (let power = 10; power <= value; power *= 10) digits++;
    this.#reserve(digits);
    let rest = value;
    for (let at = this.#at + digits - 1; at >= this.#at; at--) {
      const next = (rest / 10) >>> 0;
      this.#bytes[at] = DIGIT_0 + rest - next * 10;
      rest = next;
    }
    this.#at += digits;
  }

  /** `"0x…"` of bytes, two digits each. */
  data(source: Uint8Array): void {
    const { length } = source;
    this.text('"0x');
    this.#reserve(2 * length + 1);
    const view = this.#view;
    const pairs = digitsOfPairs();
    const even = length & ~1;
    let at = this.#at;
    // Most of what an answer of logs takes: two bytes at a time are twice as fast as one.
    for (let i = 0; i < even; i += 2) {
      view.setUint32(at, pairs[((source[i] as number) << 8) | (source[i + 1] as number)] as number);
      at += 4;
    }
    if (even < length) {
      view.setUint16(at, (pairs[source[even] as number] as number) & 0xffff);
      at += 2;
    }
    view.setUint8(at, QUOTE);
    this.#at = at + 1;
  }

  /** `"0x…"` of a number that is not negative, without zeros in front. */
  quantity(value: bigint): void {
    if (value >= HALF) {
      this.text(`"0x${value.toString(16)}"`);
      return;
    }
    ONE_LIMB[0] = Number(value);
    this.limbs(ONE_LIMB, 0, 1);
  }

  /** The same of limbs of 32 bits, the lowest first, of which only an only one may be zero. */
  limbs(limbs: Uint32Array, from: number, count: number): void {
    this.#reserve(4 + 8 * count);
    const bytes = this.#bytes;
    let at = this.#at;
    bytes[at++] = QUOTE;
    bytes[at++] = DIGIT_0;
    bytes[at++] = LETTER_X;
    const top = limbs[from + count - 1] as number;
    for (let shift = 28 - (Math.clz32(top | 1) & ~3); shift >= 0; shift -= 4) {
      bytes[at++] = HEX_DIGITS[(top >>> shift) & 15] as number;
    }
    if (count > 1) {
      const view = this.#view;
      const pairs = digitsOfPairs();
      for (let index = from + count - 2; index >= from; index--) {
        const limb = limbs[index] as number;
        view.setUint32(at, pairs[limb >>> 16] as number);
        view.setUint32(at + 4, pairs[limb & 0xffff] as number);
        at += 8;
      }
    }
    bytes[at++] = QUOTE;
    this.#at = at;
  }

  #reserve(count: number): void {
    const needed = this.#at + count;
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(PIECE_BYTES + SLACK_BYTES, 2 * needed));
    grown.set(this.#bytes.subarray(0, this.#at));
    this.#hold(grown);
  }

  #hold(bytes: Uint8Array): void {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer);
  }
}

let pairDigits: Uint32Array | undefined;

/** The four digits of any two bytes, each eight bits; made for the first who asks. */
function digitsOfPairs(): Uint32Array {
  if (pairDigits !== undefined) return pairDigits;
  const digits = Uint32Array.from({ length: 256 }, (_, byte) => {
    return ((HEX_DIGITS[byte >> 4] as number) << 8) | (HEX_DIGITS[byte & 15] as number);
  });
  const pairs = new Uint32Array(1 << 16);
  for (let pair = 0; pair < pairs.length; pair++) {
    pairs[pair] = ((digits[pair >> 8] as number) << 16) | (digits[pair & 255] as number);
  }
  pairDigits = pairs;
  return pairs;
}
