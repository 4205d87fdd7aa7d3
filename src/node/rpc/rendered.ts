/** Long results, of which there is no need to make objects where text is asked for. */

/** A result as text or as a value, whichever is asked for; both are of the time of the request. */
export class Rendered {
  readonly toValue: () => unknown;
  /** JSON, as `JSON.stringify` gives it for the value. */
  readonly toText: () => string;

  constructor(toValue: () => unknown, toText: () => string) {
    this.toValue = toValue;
    this.toText = toText;
  }
}
