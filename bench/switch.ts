/**
 * The suite `switch`: `auto` against the interpreter from the first call of a contract on, while it
 * moves from one tier to the next.
 *
 * Measured is the CPU time of the thread that runs, summed up over the calls, for code that nobody
 * has seen: each round has other bytes behind the code. What other threads compile meanwhile is not
 * in it. Both engines take turns in a warm process, and a ratio is that of the medians.
 */
import assert from 'node:assert/strict';
import type { EvmMachine } from '../src/chain/machine.ts';
import { format, median } from '../src/cli/bench/measure.ts';
import { listSpeedCases, type SpeedCase } from '../tests/oracle/speed-programs.ts';
import { prepareSubject, TOKEN_SUITE } from './contracts.ts';
import { casesOf, groupCases, loadMachine } from './evm.ts';
import { type BenchOptions, isWanted, printTable } from './options.ts';

const ENGINES = ['interpreter', 'auto'] as const;
/** Milliseconds of a thread after which a round ends. */
const ROUND_MS = 1500;
/** Milliseconds below which the thread's clock is too coarse; the suite `latency` has those. */
const SHORTEST_MS = 100;
/** Bytes behind a code that no run reaches. */
const METADATA_BYTES = 32;
const STEP = 2;

interface SwitchRow {
  readonly name: string;
  readonly engine: 'auto';
  /** Times what the interpreter takes, for all calls up to one: the worst, and the last. */
  readonly worst: number;
  readonly worstCalls: number;
  readonly last: number;
  readonly lastCalls: number;
}

function threadMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

/** One engine with a program whose code is new in every round. */
class Course {
  readonly #machine: EvmMachine;
  readonly #calls: readonly SpeedCase['options'][];
  readonly #to: SpeedCase['options']['to'];
  readonly #code: Uint8Array;
  #rounds = 0;
  /** Milliseconds up to a number of calls, a row for each power of `STEP`. */
  readonly sums: number[][] = [];

  constructor(cases: readonly SpeedCase[], engine: (typeof ENGINES)[number]) {
    const [first] = cases;
    assert.ok(first !== undefined);
    this.#machine = loadMachine(cases, engine);
    this.#calls = cases.map(({ options }) => options);
    this.#to = first.options.to;
    const account = first.accounts.find(({ address }) => address === this.#to.toLowerCase());
    assert.ok(account !== undefined, 'a program calls an account of its own');
    this.#code = account.code;
  }

  run(isCounted: boolean): void {
    const code = new Uint8Array(this.#code.length + METADATA_BYTES);
    code.set(this.#code);
    new DataView(code.buffer).setUint32(this.#code.length, ++this.#rounds);
    this.#machine.state.setCode(this.#to, code);
    const start = threadMs();
    for (let calls = 0, next = 1, row = 0; ; ) {
      for (const call of this.#calls) this.#machine.call({ ...call, commit: false });
      if (++calls < next) continue;
      const spent = threadMs() - start;
      if (isCounted) {
        this.sums[row] ??= [];
        this.sums[row]?.push(spent);
      }
      if (spent > ROUND_MS) return;
      next *= STEP;
      row++;
    }
  }
}

function measure(name: string, cases: readonly SpeedCase[], rounds: number): SwitchRow {
  const courses = ENGINES.map((engine) => new Course(cases, engine));
  for (let round = 0; round <= rounds; round++) {
    // The first one warms up; then whoever was second comes first.
    for (const course of round % 2 === 0 ? courses : [...courses].reverse()) {
      course.run(round > 0);
    }
  }
  const [plain = [], auto = []] = courses.map(({ sums }) => sums.map(median));
  const ratios = plain
    .slice(0, auto.length)
    .map((ms, row) => ({ ms, ratio: (auto[row] as number) / ms, calls: STEP ** row }));
  const long = ratios.filter(({ ms }) => ms >= SHORTEST_MS);
  const worst = long.reduce((most, each) => (each.ratio > most.ratio ? each : most));
  const last = ratios[ratios.length - 1] as (typeof ratios)[number];
  return {
    name,
    engine: 'auto',
    worst: worst.ratio,
    worstCalls: worst.calls,
    last: last.ratio,
    lastCalls: last.calls,
  };
}

export async function benchSwitch(options: BenchOptions): Promise<object | undefined> {
  const programs = listSpeedCases();
  if (programs === undefined) return undefined;
  const all = [...groupCases(programs)];
  for (const contract of TOKEN_SUITE) {
    if (isWanted(options, contract.name)) {
      all.push([contract.name, casesOf(await prepareSubject(contract))]);
    }
  }
  const rows = all
    .filter(([name]) => isWanted(options, name))
    .map(([name, cases]) => measure(name, cases, options.rounds));
  printTable(
    ['program', 'worst', 'after calls', 'in the end', 'after calls'],
    rows.map(({ name, worst, worstCalls, last, lastCalls }) => [
      name,
      ...[format(worst), String(worstCalls), format(last), String(lastCalls)],
    ]),
  );
  console.log('times what the interpreter takes for all calls so far, by CPU time of the thread');
  return { suite: 'switch', rows };
}
