/** Lines of what modules print by WASI, which comes in pieces. */
import type { CallOptions } from '../chain/types.ts';

export interface LineReader {
  take(bytes: Uint8Array): void;
  /** Gives what is left without an end of its line. */
  end(): void;
}

/** Bytes are read as UTF-8; pieces of both streams follow one another as they were printed. */
export function createLineReader(onLine: (line: string) => void): LineReader {
  const decoder = new TextDecoder();
  let rest = '';
  return {
    take(bytes) {
      const lines = (rest + decoder.decode(bytes, { stream: true })).split('\n');
      rest = lines.pop() ?? '';
      lines.forEach(onLine);
    },
    end() {
      rest += decoder.decode();
      if (rest !== '') onLine(rest);
      rest = '';
    },
  };
}

/** What one message printed, of which only the last beginning counts. */
export class Printed {
  #lines: string[] = [];
  #reader: LineReader | undefined;

  /** Forgets what was printed before. */
  begin(): NonNullable<CallOptions['onPrint']> {
    const lines: string[] = [];
    const reader = createLineReader((line) => lines.push(line));
    this.#lines = lines;
    this.#reader = reader;
    return (_stream, bytes) => reader.take(bytes);
  }

  get lines(): readonly string[] {
    this.#reader?.end();
    return this.#lines;
  }
}
