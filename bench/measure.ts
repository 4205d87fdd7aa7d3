/** What every bench shares: clocks, statistics, the line that names the machine, tables. */
import { cpus } from 'node:os';
import type { EngineName } from '../src/engines/tiering.ts';

/** CPU time of the whole process that `run` takes, in milliseconds. */
export async function measureCpuMs(run: () => unknown): Promise<number> {
  const before = process.cpuUsage();
  await run();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

/** The same for something that gives no promise, so that nothing else runs in between. */
export function measureCpuMsSync(run: () => unknown): number {
  const before = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

/** The value below which a share `q` of the values lies, 0 ≤ q ≤ 1. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const value = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))];
  if (value === undefined) throw new Error('BUG: a quantile of nothing');
  return value;
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

export function geometricMean(values: readonly number[]): number {
  return Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);
}

/** Processor, number of cores, Node and V8: what a figure is worth nothing without. */
export function describeMachine(): string {
  const [first] = cpus();
  const { node, v8 } = process.versions;
  return `${first?.model.trim() ?? 'unknown processor'}, ${cpus().length} cores, Node ${node}, V8 ${v8}`;
}

/** Prints rows under their heads, the first column to the left and the rest to the right. */
export function printTable(heads: readonly string[], rows: readonly (readonly string[])[]): void {
  const widths = heads.map((head, column) =>
    Math.max(head.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  for (const row of [heads, ...rows]) {
    const cells = row.map((cell, column) =>
      column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!),
    );
    console.log(cells.join('  '));
  }
}

/** Three significant digits or so. */
export function format(value: number): string {
  if (value >= 100) return value.toFixed(0);
  return value >= 10 ? value.toFixed(1) : value.toFixed(value >= 1 ? 2 : 3);
}

/** What every suite is told. */
export interface BenchOptions {
  json: boolean;
  /** The one engine of a suite that times one. */
  engine: string;
  /** Those that a suite compares: the one that was asked for, or all. */
  engines: readonly EngineName[];
  filter: RegExp | undefined;
  rounds: number;
}
