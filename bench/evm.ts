/**
 * The `evm` suite: the 14 speed programs in steady state, interleaved with the oracle, in CPU time.
 *
 * A program's time is that of all its data sets, one after another. Every call starts from the same
 * state and is undone, on both machines. Before it is timed, every call is compared with the
 * oracle; the EVM instructions and the interpreter's dispatches for them are counted once, outside
 * of the times.
 */
import assert from 'node:assert/strict';
import { createMachine, type EvmMachine } from '../src/chain/machine.ts';
import { profileCall } from '../src/chain/profile.ts';
import type { CallOptions } from '../src/chain/types.ts';
import type { EngineName } from '../src/engines/tiering.ts';
import { observe } from '../tests/oracle/observe.ts';
import { listSpeedCases, type SpeedCase } from '../tests/oracle/speed-programs.ts';
import { compareOutcome, createOracle, type Oracle, toBytes } from '../tests/support/ethereumjs.ts';
import {
  type BenchOptions,
  format,
  geometricMean,
  measureCpuMs,
  measureCpuMsSync,
  median,
  printTable,
} from './measure.ts';

/** One program with its state loaded on every machine. */
interface Program {
  name: string;
  machines: Readonly<Partial<Record<EngineName, EvmMachine>>>;
  oracle: Oracle;
  calls: CallOptions[];
  /** EVM instructions of all data sets. */
  instructions: number;
  /** Bytecode words that the interpreter dispatches for them. */
  dispatches: number;
}

const OUR_ROUND_MS_MIN = 60;
/** A compiler's code is first translated as it is, and translated well once it has run a while. */
const OUR_WARM_UP_MS: Readonly<Record<EngineName, number>> = {
  interpreter: 150,
  singlepass: 1500,
  multipass: 1500,
};
const THEIR_ROUND_MS_MIN = 100;
const THEIR_WARM_UP_MS = 300;
/** A program of which one oracle run takes longer than this gets fewer rounds. */
const SLOW_ORACLE_MS = 400;
/** Comparisons of a program with the oracle. */
const PROOFS = 70;
const SLOW_ORACLE_ROUNDS_MAX = 2;

function loadMachine(cases: readonly SpeedCase[], engine: EngineName): EvmMachine {
  const machine = createMachine({ fork: 'osaka', block: cases[0]!.block, engine });
  for (const { address, balance, nonce, code, storage } of cases[0]!.accounts) {
    machine.state.setBalance(address, balance);
    machine.state.setNonce(address, nonce);
    if (code.length > 0) machine.state.setCode(address, code);
    for (const [slot, value] of storage) machine.state.setStorage(address, slot, value);
  }
  return machine;
}

async function loadOracle(cases: readonly SpeedCase[]): Promise<Oracle> {
  const oracle = await createOracle(cases[0]!.block);
  for (const account of cases[0]!.accounts) {
    oracle.setAccount(account.address, account);
    for (const [slot, value] of account.storage) oracle.setStorage(account.address, slot, value);
  }
  return oracle;
}

type OpcodeEntry = { opHandler: (...args: unknown[]) => unknown };

/** Counts the instructions that an oracle executes, by its handlers. */
function countInstructions(oracle: Oracle): () => number {
  let count = 0;
  const entries = (oracle.evm as unknown as { _opcodeMap: OpcodeEntry[] })._opcodeMap;
  const wrapped = new Map<OpcodeEntry, OpcodeEntry>();
  entries.forEach((entry, index) => {
    let counting = wrapped.get(entry);
    if (counting === undefined) {
      const { opHandler } = entry;
      const counted = (...args: unknown[]): unknown => {
        count++;
        return opHandler(...args);
      };
      counting = { ...entry, opHandler: counted };
      wrapped.set(entry, counting);
    }
    entries[index] = counting;
  });
  return () => count;
}

/** Runs every data set on both machines, compares them, and keeps what is to be timed. */
async function prove(
  name: string,
  cases: readonly SpeedCase[],
  engines: readonly EngineName[],
): Promise<Program> {
  const machine = loadMachine(cases, 'interpreter');
  const pairs = engines.map((engine) => [engine, loadMachine(cases, engine)] as const);
  const machines = Object.fromEntries(pairs);
  const counter = await loadOracle(cases);
  const instructions = countInstructions(counter);
  const calls = cases.map(({ options }) => ({ ...options, data: toBytes(options.data) }));
  let dispatches = 0;
  for (const call of calls) {
    const uncommitted = { ...call, commit: false };
    const theirs = { ...(await counter.call(uncommitted)), accounts: [] };
    assert.equal(theirs.status, 'success', name);
    for (const [engine, each] of pairs) {
      // Often enough to be compiled.
      for (let i = 0; i < PROOFS; i++) {
        const ours = { ...observe(each, each.call(uncommitted)), accounts: [] };
        assert.deepEqual(compareOutcome(ours, theirs), [], `${name} on ${engine}`);
      }
    }
    dispatches += profileCall(machine, call).dispatches;
  }
  const oracle = await loadOracle(cases);
  return { name, machines, oracle, calls, instructions: instructions(), dispatches };
}

function runOurs({ machines, calls }: Program, engine: EngineName, times: number): void {
  const machine = machines[engine] as EvmMachine;
  for (let i = 0; i < times; i++) {
    for (const call of calls) machine.call({ ...call, commit: false });
  }
}

async function runTheirs(
  { oracle, calls }: Pick<Program, 'oracle' | 'calls'>,
  times: number,
): Promise<void> {
  for (let i = 0; i < times; i++) {
    for (const call of calls) {
      const mark = oracle.state.mark();
      await oracle.executeCall(call);
      oracle.state.undoTo(mark);
    }
  }
}

/** Runs until warm, and gives the number of repetitions that make a round long enough. */
function calibrate(program: Program, engine: EngineName): number {
  let times = 1;
  let spent = 0;
  for (;;) {
    const ms = measureCpuMsSync(() => runOurs(program, engine, times));
    spent += ms;
    if (ms < OUR_ROUND_MS_MIN) {
      times = ms < 1 ? times * 8 : Math.ceil((times * OUR_ROUND_MS_MIN * 1.2) / ms);
    } else if (spent > OUR_WARM_UP_MS[engine]) return times;
  }
}

/** The same for the oracle, whose first runs are slow until its code is compiled. */
async function calibrateTheirs(program: Program): Promise<number> {
  let times = 1;
  let spent = 0;
  for (;;) {
    const ms = await measureCpuMs(() => runTheirs(program, times));
    spent += ms;
    if (spent > THEIR_WARM_UP_MS) return Math.max(1, Math.ceil((times * THEIR_ROUND_MS_MIN) / ms));
    times *= 2;
  }
}

interface Timing {
  /** CPU milliseconds by engine, in the order of the engines. */
  ours: number[];
  theirs: number;
}

async function time(
  program: Program,
  engines: readonly EngineName[],
  rounds: number,
): Promise<Timing> {
  const ourTimes = engines.map((engine) => calibrate(program, engine));
  const theirTimes = await calibrateTheirs(program);
  const ours: number[][] = engines.map(() => []);
  const theirs: number[] = [];
  for (let round = 0; round < rounds; round++) {
    for (const [i, engine] of engines.entries()) {
      const times = ourTimes[i] as number;
      const ms = measureCpuMsSync(() => runOurs(program, engine, times));
      ours[i]?.push(ms / times);
    }
    const isSlow = (theirs[0] ?? 0) > SLOW_ORACLE_MS;
    if (isSlow && theirs.length >= SLOW_ORACLE_ROUNDS_MAX) continue;
    theirs.push((await measureCpuMs(() => runTheirs(program, theirTimes))) / theirTimes);
  }
  return { ours: ours.map(median), theirs: median(theirs) };
}

/** The data sets of a program, by its name. */
export function groupCases(cases: readonly SpeedCase[]): Map<string, SpeedCase[]> {
  const groups = new Map<string, SpeedCase[]>();
  for (const speed of cases) {
    const name = speed.name.split('/')[0]!;
    groups.set(name, [...(groups.get(name) ?? []), speed]);
  }
  return groups;
}

/** CPU milliseconds of snailtracer on the oracle; undefined where there are no corpora. */
export async function measureSnailtracerMs(): Promise<number | undefined> {
  const cases = listSpeedCases()?.filter(({ name }) => name === 'snailtracer');
  if (cases === undefined || cases.length === 0) return undefined;
  const program = {
    oracle: await loadOracle(cases),
    calls: cases.map(({ options }) => options),
  };
  const first = await measureCpuMs(() => runTheirs(program, 1));
  return Math.min(first, await measureCpuMs(() => runTheirs(program, 1)));
}

/** What a program's line of `--json` holds. */
interface EvmRow {
  readonly name: string;
  readonly engine: string;
  /** CPU milliseconds of all data sets. */
  readonly cpuMs: number;
  /** How many times that the oracle takes. */
  readonly ratio: number;
  /** Bytecode words dispatched for an EVM instruction. */
  readonly dispatchesPerInstruction: number;
}

export async function benchEvm(options: BenchOptions): Promise<object | undefined> {
  const cases = listSpeedCases();
  if (cases === undefined) return undefined;
  const engines = options.engines;
  const rows: EvmRow[] = [];
  const lines: string[][] = [];
  for (const [name, group] of groupCases(cases)) {
    if (options.filter !== undefined && !options.filter.test(name)) continue;
    const program = await prove(name, group, engines);
    const { ours, theirs } = await time(program, engines, options.rounds);
    const dispatchesPerInstruction = program.dispatches / program.instructions;
    for (const [i, engine] of engines.entries()) {
      const cpuMs = ours[i] as number;
      rows.push({ name, engine, cpuMs, ratio: theirs / cpuMs, dispatchesPerInstruction });
    }
    lines.push([
      name,
      format(theirs),
      ...ours.flatMap((cpuMs) => [format(cpuMs), `${format(theirs / cpuMs)}×`]),
      String(program.instructions),
      dispatchesPerInstruction.toFixed(3),
    ]);
  }
  const heads = engines.flatMap((engine) => [`${engine} ms`, 'ratio']);
  printTable(['program', 'theirs ms', ...heads, 'instructions', 'dispatches'], lines);
  return summarize(rows, engines);
}

function summarize(rows: readonly EvmRow[], engines: readonly EngineName[]): object {
  const sum = rows.reduce((total, row) => total + row.dispatchesPerInstruction, 0);
  const dispatches = sum / Math.max(rows.length, 1);
  console.log(
    `dispatches are the interpreter's for one EVM instruction; average ${dispatches.toFixed(3)}`,
  );
  const geomean: Record<string, number> = {};
  for (const engine of engines) {
    const ratios = rows.filter((row) => row.engine === engine).map(({ ratio }) => ratio);
    const mean = ratios.length === 0 ? 0 : geometricMean(ratios);
    geomean[engine] = Number(mean.toFixed(2));
    console.log(`geometric mean, ${engine}: ${format(mean)}×`);
  }
  return { suite: 'evm', rows, geomean, dispatchesPerInstruction: dispatches };
}
