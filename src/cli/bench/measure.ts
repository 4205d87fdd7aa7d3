/** What every bench shares: clocks, statistics, runs in turns, the line that names the machine. */
import { cpus } from 'node:os';
import { formatTable } from '../format.ts';

/** CPU time of the whole process that `run` takes, in milliseconds; waits for a promise. */
export async function measureCpuMs(run: () => unknown): Promise<number> {
  const before = process.cpuUsage();
  const ending = run();
  // Where there is no promise nothing else shall run in between.
  if (ending instanceof Promise) await ending;
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

/** Something that is run often enough to be timed. */
export interface Runner {
  run(times: number): unknown;
  /** In place of `run` where that is in another process: CPU milliseconds by its own clock. */
  cpuMs?(times: number): Promise<number>;
  /** CPU milliseconds before anything counts: compilers of the platform work until then. */
  readonly warmUpMs: number;
  /** CPU milliseconds of a round at least. */
  readonly roundMsMin: number;
}

/** Of something that takes longer than so many milliseconds, fewer rounds are enough. */
const SLOW_MS = 400;
const SLOW_ROUNDS_MAX = 2;

/**
 * CPU milliseconds of one run of each, the median over the rounds. Rounds go through all of them in
 * turn, so that what disturbs the machine disturbs all.
 */
export async function interleave(runners: readonly Runner[], rounds: number): Promise<number[]> {
  const times: number[] = [];
  for (const runner of runners) times.push(await calibrate(runner));
  const samples: number[][] = runners.map(() => []);
  for (let round = 0; round < rounds; round++) {
    for (const [i, runner] of runners.entries()) {
      const own = samples[i] as number[];
      if (own.length >= SLOW_ROUNDS_MAX && (own[0] as number) > SLOW_MS) continue;
      const count = times[i] as number;
      await turn();
      own.push((await spend(runner, count)) / count);
    }
  }
  return samples.map(median);
}

/** CPU milliseconds of so many runs. */
function spend(runner: Runner, times: number): Promise<number> {
  return runner.cpuMs?.(times) ?? measureCpuMs(() => runner.run(times));
}

/** What others have ready comes in between rounds: an engine may compile beside the calls. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Runs until warm, and gives the number of repetitions that make a round long enough. */
async function calibrate(runner: Runner): Promise<number> {
  const { warmUpMs, roundMsMin } = runner;
  let times = 1;
  let spent = 0;
  for (;;) {
    await turn();
    const ms = await spend(runner, times);
    spent += ms;
    if (ms < roundMsMin) times = ms < 1 ? times * 8 : Math.ceil((times * roundMsMin * 1.2) / ms);
    else if (spent > warmUpMs) return times;
  }
}

/** Processor, number of cores, Node and V8: what a figure is worth nothing without. */
export function describeMachine(): string {
  const [first] = cpus();
  const { node, v8 } = process.versions;
  return `${first?.model.trim() ?? 'unknown processor'}, ${cpus().length} cores, Node ${node}, V8 ${v8}`;
}

/** Rows under their heads, the first columns to the left and the rest to the right. */
export function tableText(
  heads: readonly string[],
  rows: readonly (readonly string[])[],
  left = 1,
): string {
  const right = heads.map((_, column) => column).filter((column) => column >= left);
  return formatTable([heads, ...rows], right, '');
}

/** Three significant digits or so. */
export function format(value: number): string {
  if (value >= 100) return value.toFixed(0);
  return value >= 10 ? value.toFixed(1) : value.toFixed(value >= 1 ? 2 : 3);
}
