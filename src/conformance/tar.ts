/**
 * The regular files of a tar stream (POSIX.1-2001: ustar with pax records; GNU long names).
 *
 * Test releases come in this form. Links, folders and devices are passed over.
 */

export interface TarFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

const BLOCK_BYTES = 512;
const LATIN = new TextDecoder('latin1');
const UTF8 = new TextDecoder();

/** Takes bytes from chunks in pieces of any size. */
class ByteQueue {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #rest: Uint8Array = new Uint8Array(0);

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /** Exactly that many bytes; undefined where the stream ends before the first. */
  async take(count: number): Promise<Uint8Array | undefined> {
    const bytes = new Uint8Array(count);
    let filled = 0;
    while (filled < count) {
      if (this.#rest.length === 0) {
        const { done, value } = await this.#chunks.next();
        if (done === true) {
          if (filled === 0) return undefined;
          throw new Error('the archive ends in the middle of a file');
        }
        this.#rest = value;
        continue;
      }
      const part = this.#rest.subarray(0, count - filled);
      bytes.set(part, filled);
      filled += part.length;
      this.#rest = this.#rest.subarray(part.length);
    }
    return bytes;
  }
}

/** Text up to the first zero byte. */
function textOf(bytes: Uint8Array, from: number, length: number): string {
  const field = LATIN.decode(bytes.subarray(from, from + length));
  const end = field.indexOf('\0');
  return end < 0 ? field : field.slice(0, end);
}

function sizeOf(header: Uint8Array): number {
  const size = Number.parseInt(textOf(header, 124, 12).trim() || '0', 8);
  if (Number.isNaN(size)) throw new Error('a header of the archive is damaged');
  return size;
}

/** The path among pax records: `LENGTH path=VALUE` and a line feed each. */
function paxPath(bytes: Uint8Array): string | undefined {
  return /^\d+ path=(.*)$/m.exec(UTF8.decode(bytes))?.[1];
}

/** @throws Error for an archive that is damaged or cut short */
export async function* readTar(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<TarFile> {
  const queue = new ByteQueue(chunks);
  let longPath: string | undefined;
  for (;;) {
    const header = await queue.take(BLOCK_BYTES);
    // Two blocks of zeros end an archive; the first is enough.
    if (header === undefined || header.every((byte) => byte === 0)) return;
    const size = sizeOf(header);
    const padded = Math.ceil(size / BLOCK_BYTES) * BLOCK_BYTES;
    const content = padded === 0 ? new Uint8Array(0) : await queue.take(padded);
    if (content === undefined) throw new Error('the archive ends in the middle of a file');
    const bytes = content.subarray(0, size);
    const type = textOf(header, 156, 1);
    if (type === 'x') longPath = paxPath(bytes) ?? longPath;
    else if (type === 'L') longPath = UTF8.decode(bytes).replace(/\0.*$/s, '');
    else if (type !== 'g') {
      const isUstar = textOf(header, 257, 6) === 'ustar';
      const prefix = isUstar ? textOf(header, 345, 155) : '';
      const name = textOf(header, 0, 100);
      if (type === '' || type === '0') {
        yield { path: longPath ?? (prefix === '' ? name : `${prefix}/${name}`), bytes };
      }
      longPath = undefined;
    }
  }
}
