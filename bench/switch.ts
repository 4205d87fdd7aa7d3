/**
 * The suite `switch`: `auto` against the interpreter from the first call of a contract on, while it
 * moves from one tier to the next.
 *
 * Measured is what the calls take together, for code that nobody has seen: each copy has other
 * bytes behind the code. In a warm process the engines run a copy each in turns; for as many calls
 * the ratio is the median over pairs of copies, in CPU time of the thread that runs, so that what
 * another thread compiles is not in it. First calls have many copies, the calls that follow fewer
 * and longer ones.
 */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { sharedCompiler } from '../src/chain/background.ts';
import type { EvmMachine } from '../src/chain/machine.ts';
import type { Hex } from '../src/chain/types.ts';
import { format, median } from '../src/cli/bench/measure.ts';
import { assemble } from '../src/vms/evm/assemble.ts';
import { listSpeedCases, type SpeedCase } from '../tests/oracle/speed-programs.ts';
import { prepareSubject, TOKEN_SUITE } from './contracts.ts';
import { casesOf, groupCases, loadMachine } from './evm.ts';
import { type BenchOptions, isWanted, printTable } from './options.ts';

/** The second one tells what differs where nothing does. */
const ENGINES = ['interpreter', 'interpreter', 'auto'] as const;
interface Leg {
  /** Milliseconds after which a copy is done. */
  readonly msMax: number;
  /** Pairs of copies in a round. */
  readonly pairs: number;
}

const LEGS: readonly Leg[] = [
  { msMax: 8, pairs: 3 },
  { msMax: 250, pairs: 1 },
];
/** Times the interpreter that `auto` may take. */
const LIMIT = 1.05;
/** Bytes behind a code that no run reaches. */
const METADATA_BYTES = 32;
const STEP = 2;

interface SwitchRow {
  readonly name: string;
  readonly engine: 'auto';
  /** Times what the interpreter takes: for the first call, at its worst, for all calls. */
  readonly first: number;
  readonly worst: number;
  readonly worstCalls: number;
  readonly last: number;
  readonly lastCalls: number;
  /** How far from the first one a second interpreter comes to be, in either direction. */
  readonly noise: number;
}

const cell = new Int32Array(new SharedArrayBuffer(4));
/** Milliseconds that are long enough for a thread to be put to sleep. */
const NAP_MS = 0.03;

/**
 * CPU milliseconds of this thread. The system brings them up to date when the thread goes to sleep,
 * and else every few milliseconds alone.
 */
function threadMs(): number {
  Atomics.wait(cell, 0, 0, NAP_MS);
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

/** A contract that calls another one in a loop. */
function callLoop(): SpeedCase[] {
  const [caller, callee]: readonly Hex[] = [
    '0x00000000000000000000000000000000000000c1',
    '0x00000000000000000000000000000000000000c2',
  ];
  assert.ok(caller !== undefined && callee !== undefined);
  const loop = assemble(`
    PUSH0
    loop: JUMPDEST
    DUP1 PUSH0 MSTORE
    PUSH 32 PUSH0 PUSH 32 PUSH0 PUSH 0xc2 GAS STATICCALL POP
    PUSH 1 ADD
    DUP1 PUSH 300 GT PUSH @loop JUMPI
    PUSH 32 PUSH0 RETURN
  `);
  const sum = assemble('PUSH0 CALLDATALOAD PUSH 1 ADD PUSH0 MSTORE PUSH 32 PUSH0 RETURN');
  const account = (address: Hex, code: Uint8Array) => {
    return { address, balance: 0n, nonce: 1n, code, storage: [] };
  };
  const block = listSpeedCases()?.[0]?.block;
  assert.ok(block !== undefined);
  const from: Hex = '0x00000000000000000000000000000000000000a1';
  const options = { from, to: caller, data: '0x' as Hex, gas: 10_000_000n };
  return [
    { name: 'call_loop', block, accounts: [account(caller, loop), account(callee, sum)], options },
  ];
}

/** One engine with a program whose code is new for every copy. */
class Course {
  readonly #machine: EvmMachine;
  readonly #cases: readonly SpeedCase[];
  #copies = 0;

  constructor(cases: readonly SpeedCase[], engine: (typeof ENGINES)[number]) {
    this.#machine = loadMachine(cases, engine);
    this.#cases = cases;
  }

  /** Milliseconds up to a number of calls, one for each power of `STEP`, until some have passed. */
  run({ msMax }: Leg): number[] {
    this.#renew();
    const calls = this.#cases.map(({ options }) => ({ ...options, commit: false }));
    const sums: number[] = [];
    const start = threadMs();
    for (let count = 1, next = 1; ; count++) {
      for (const call of calls) this.#machine.call(call);
      if (count < next) continue;
      const spent = threadMs() - start;
      sums.push(spent);
      if (spent > msMax) return sums;
      next *= STEP;
    }
  }

  #renew(): void {
    this.#copies++;
    for (const { address, code } of this.#cases[0]?.accounts ?? []) {
      if (code.length === 0) continue;
      const copy = new Uint8Array(code.length + METADATA_BYTES);
      copy.set(code);
      new DataView(copy.buffer).setUint32(code.length, this.#copies);
      this.#machine.state.setCode(address, copy);
    }
  }
}

/** What a copy took up to each number of calls. */
type Sums = readonly number[];

async function runTurns(turns: readonly Course[], leg: Leg): Promise<Map<Course, Sums>> {
  const sums = new Map<Course, Sums>();
  for (const course of turns) {
    sums.set(course, course.run(leg));
    // A copy shall not wait for the code of an earlier one.
    while (sharedCompiler().pending > 0) await sleep(1);
  }
  return sums;
}

/**
 * Runs copies in turns. For each course behind the first one, and each number of calls, what the
 * copies took as a multiple of the first one's. A ratio is that of two copies, the second of which
 * had its turn in the opposite order: what a place in the order costs is then the same for all.
 */
async function race(
  courses: readonly Course[],
  leg: Leg,
  rounds: number,
): Promise<readonly number[][][]> {
  const ratios: number[][][] = courses.map(() => []);
  const opposite = [...courses].reverse();
  // The first copies warm up.
  await runTurns(courses, leg);
  for (let pair = 0; pair < rounds * leg.pairs; pair++) {
    const both = [await runTurns(courses, leg), await runTurns(opposite, leg)];
    const [plain = [], ...others] = courses.map((course) => {
      const [sums = [], more = []] = both.map((each) => each.get(course) ?? []);
      return sums.slice(0, more.length).map((ms, row) => ms + (more[row] as number));
    });
    for (const [i, other] of others.entries()) {
      const own = ratios[i] as number[][];
      for (const [row, ms] of other.slice(0, plain.length).entries()) {
        own[row] ??= [];
        own[row]?.push(ms / (plain[row] as number));
      }
    }
  }
  return ratios;
}

/** Medians by number of calls. */
type Medians = Map<number, number>;

async function measure(
  name: string,
  cases: readonly SpeedCase[],
  rounds: number,
): Promise<SwitchRow> {
  const courses = ENGINES.map((engine) => new Course(cases, engine));
  const [control, auto]: readonly [Medians, Medians] = [new Map(), new Map()];
  for (const leg of LEGS) {
    const ratios = await race(courses, leg, rounds);
    for (const [i, medians] of [control, auto].entries()) {
      for (const [row, own = []] of ratios[i]?.entries() ?? []) {
        // What few copies came to says little, and what the first leg has told stays.
        if (own.length * 2 < rounds * leg.pairs || medians.has(STEP ** row)) continue;
        medians.set(STEP ** row, median(own));
      }
    }
  }
  const worst = Math.max(...auto.values());
  const [worstCalls = 0] = [...auto].find(([, ratio]) => ratio === worst) ?? [];
  const [lastCalls, last] = [...auto].at(-1) as [number, number];
  return {
    name,
    engine: 'auto',
    first: auto.get(1) as number,
    ...{ worst, worstCalls, last, lastCalls },
    noise: Math.max(...[...control.values()].map((ratio) => Math.max(ratio, 1 / ratio))),
  };
}

function judge(rows: readonly SwitchRow[]): string {
  const beyond = rows
    .filter(({ worst, noise }) => worst > Math.max(LIMIT, noise))
    .map(({ name }) => name);
  return beyond.length === 0
    ? `never more than ${LIMIT} times, but where that is noise`
    : `more than ${LIMIT} times, and than the noise: ${beyond.join(', ')}`;
}

export async function benchSwitch(options: BenchOptions): Promise<object | undefined> {
  const programs = listSpeedCases();
  if (programs === undefined) return undefined;
  const all = [...groupCases(programs), ['call_loop', callLoop()] as const];
  for (const contract of TOKEN_SUITE) {
    if (isWanted(options, contract.name)) {
      all.push([contract.name, casesOf(await prepareSubject(contract))]);
    }
  }
  const rows: SwitchRow[] = [];
  for (const [name, cases] of all) {
    if (isWanted(options, name)) rows.push(await measure(name, cases, options.rounds));
  }
  printTable(
    ['program', 'first call', 'worst', 'after calls', 'in the end', 'after calls', 'noise'],
    rows.map(({ name, first, worst, worstCalls, last, lastCalls, noise }) => [
      name,
      ...[
        format(first),
        format(worst),
        String(worstCalls),
        format(last),
        String(lastCalls),
        format(noise),
      ],
    ]),
  );
  console.log('times what the interpreter takes for all calls so far');
  const verdict = judge(rows);
  console.log(verdict);
  return { suite: 'switch', rows, verdict };
}
