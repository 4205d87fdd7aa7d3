/** What every suite is told, and how it prints. */
import { tableText } from '../src/cli/bench/measure.ts';
import type { EngineName } from '../src/engines/tiering.ts';

export interface BenchOptions {
  /** Those that a suite measures: the one that was asked for, or all. */
  readonly engines: readonly EngineName[];
  /** Of the names of programs or contracts. */
  readonly filter: RegExp | undefined;
  readonly rounds: number;
  /** The other machine of the suite `peer`, with its arguments. */
  readonly peer: string | undefined;
}

/** Whether the filter lets a name through. */
export function isWanted({ filter }: BenchOptions, name: string): boolean {
  return filter === undefined || filter.test(name);
}

export function printTable(heads: readonly string[], rows: readonly (readonly string[])[]): void {
  process.stdout.write(tableText(heads, rows));
}
