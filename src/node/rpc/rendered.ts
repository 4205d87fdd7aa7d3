/** Long results, of which there is no need to make objects where text is asked for. */
import { JsonBytes } from './json-bytes.ts';

/** A result as JSON or as a value, whichever is asked for; both are of the time of the request. */
export class Rendered {
  readonly toValue: () => unknown;
  readonly #write: (out: JsonBytes) => Iterable<void>;

  /**
   * @param write - Writes what `JSON.stringify` gives for the value, which is ASCII, and yields
   *   wherever what was written may be taken.
   */
  constructor(toValue: () => unknown, write: (out: JsonBytes) => Iterable<void>) {
    this.toValue = toValue;
    this.#write = write;
  }

  /**
   * The bytes of the JSON text, made as they are asked for. While a piece is being sent the next
   * one is made; the one after that takes its place.
   */
  *pieces(): Generator<Uint8Array> {
    const out = new JsonBytes();
    for (const _ of this.#write(out)) if (out.isFull) yield out.take();
    yield out.take();
  }
}
