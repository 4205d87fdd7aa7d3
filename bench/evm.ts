/**
 * The `evm` suite: the 14 speed programs in steady state, interleaved with the oracle, in CPU time.
 *
 * A program's time is that of all its data sets, one after another. Every call starts from the same
 * state and is undone, on both machines. Before it is timed, every call is compared with the
 * oracle; the EVM instructions and the interpreter's dispatches for them are counted once, outside
 * of the times.
 */
import assert from 'node:assert/strict';
import type { EvmMachine } from '../src/chain/machine.ts';
import { profileCall } from '../src/chain/profile.ts';
import type { CallOptions } from '../src/chain/types.ts';
import { createTestMachine } from '../tests/oracle/machine.ts';
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

/** One program with its state loaded on both machines. */
interface Program {
  name: string;
  machine: EvmMachine;
  oracle: Oracle;
  calls: CallOptions[];
  /** EVM instructions of all data sets. */
  instructions: number;
  /** Bytecode words that the interpreter dispatches for them. */
  dispatches: number;
}

const OUR_ROUND_MS_MIN = 60;
const OUR_WARM_UP_MS = 150;
const THEIR_ROUND_MS_MIN = 100;
const THEIR_WARM_UP_MS = 300;
/** A program of which one oracle run takes longer than this gets fewer rounds. */
const SLOW_ORACLE_MS = 400;
const SLOW_ORACLE_ROUNDS_MAX = 2;

function loadMachine(cases: readonly SpeedCase[]): EvmMachine {
  const machine = createTestMachine(cases[0]!.block);
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
async function prove(name: string, cases: readonly SpeedCase[]): Promise<Program> {
  const machine = loadMachine(cases);
  const counter = await loadOracle(cases);
  const instructions = countInstructions(counter);
  const calls = cases.map(({ options }) => ({ ...options, data: toBytes(options.data) }));
  let dispatches = 0;
  for (const call of calls) {
    const uncommitted = { ...call, commit: false };
    const outcome = machine.call(uncommitted);
    const theirs = await counter.call(uncommitted);
    const differences = compareOutcome(
      { ...observe(machine, outcome), accounts: [] },
      {
        ...theirs,
        accounts: [],
      },
    );
    assert.deepEqual(differences, [], name);
    assert.equal(theirs.status, 'success', name);
    dispatches += profileCall(machine, call).dispatches;
  }
  const oracle = await loadOracle(cases);
  return { name, machine, oracle, calls, instructions: instructions(), dispatches };
}

function runOurs({ machine, calls }: Program, times: number): void {
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
function calibrate(program: Program): number {
  let times = 1;
  let spent = 0;
  for (;;) {
    const ms = measureCpuMsSync(() => runOurs(program, times));
    spent += ms;
    if (ms < OUR_ROUND_MS_MIN) {
      times = ms < 1 ? times * 8 : Math.ceil((times * OUR_ROUND_MS_MIN * 1.2) / ms);
    } else if (spent > OUR_WARM_UP_MS) return times;
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
  ours: number;
  theirs: number;
}

async function time(program: Program, rounds: number): Promise<Timing> {
  const ourTimes = calibrate(program);
  const theirTimes = await calibrateTheirs(program);
  const ours: number[] = [];
  const theirs: number[] = [];
  for (let round = 0; round < rounds; round++) {
    ours.push(measureCpuMsSync(() => runOurs(program, ourTimes)) / ourTimes);
    const isSlow = (theirs[0] ?? 0) > SLOW_ORACLE_MS;
    if (isSlow && theirs.length >= SLOW_ORACLE_ROUNDS_MAX) continue;
    theirs.push((await measureCpuMs(() => runTheirs(program, theirTimes))) / theirTimes);
  }
  return { ours: median(ours), theirs: median(theirs) };
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
  const rows: EvmRow[] = [];
  const lines: string[][] = [];
  for (const [name, group] of groupCases(cases)) {
    if (options.filter !== undefined && !options.filter.test(name)) continue;
    const program = await prove(name, group);
    const { ours, theirs } = await time(program, options.rounds);
    const dispatchesPerInstruction = program.dispatches / program.instructions;
    const ratio = theirs / ours;
    rows.push({ name, engine: options.engine, cpuMs: ours, ratio, dispatchesPerInstruction });
    const nanoseconds = (ours * 1e6) / program.instructions;
    lines.push([
      name,
      format(theirs),
      format(ours),
      `${format(ratio)}×`,
      String(program.instructions),
      nanoseconds.toFixed(2),
      dispatchesPerInstruction.toFixed(3),
    ]);
  }
  const heads = ['program', 'theirs ms', 'ours ms', 'ratio', 'instructions', 'ns', 'dispatches'];
  printTable(heads, lines);
  const mean = rows.length === 0 ? 0 : geometricMean(rows.map(({ ratio }) => ratio));
  const sum = rows.reduce((total, row) => total + row.dispatchesPerInstruction, 0);
  const dispatches = sum / Math.max(rows.length, 1);
  console.log(
    `ns and dispatches are for one EVM instruction; dispatches average ${dispatches.toFixed(3)}`,
  );
  console.log(`geometric mean ${format(mean)}×`);
  return {
    suite: 'evm',
    rows,
    geomean: { [options.engine]: Number(mean.toFixed(2)) },
    dispatchesPerInstruction: dispatches,
  };
}
