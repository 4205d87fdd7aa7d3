/** What a stack trace is made of, and its text. */

/** A place that a failure went through. */
export interface StackEntry {
  /** As it is called in the source; undefined for code of no known contract. */
  readonly contract: string | undefined;
  readonly function: string | undefined;
  readonly file: string | undefined;
  /** From 1, as is the column. */
  readonly line: number | undefined;
  readonly column: number | undefined;
  /** Of the account whose code ran, in hexadecimal digits. */
  readonly address: string;
  /** Whether the line may be that of equal code elsewhere. */
  readonly isNear: boolean;
}

export interface StackTrace {
  readonly reason: string;
  /** The place of the failure first. */
  readonly entries: readonly StackEntry[];
}

/** The reason and a line for each place. */
export function formatStackTrace({ reason, entries }: StackTrace): string {
  return [reason, ...entries.map((entry) => `    at ${formatEntry(entry)}`)].join('\n');
}

/** `Token.transfer (contracts/Token.sol:12:9)`. */
export function formatEntry(entry: StackEntry): string {
  const { contract, file, line, column, address, isNear } = entry;
  if (contract === undefined) return `<unknown contract> (${address})`;
  const name = entry.function === undefined ? contract : `${contract}.${entry.function}`;
  if (file === undefined) return `${name} (${address})`;
  return `${name} (${isNear ? 'near ' : ''}${file}:${line}:${column})`;
}
