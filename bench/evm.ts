/**
 * The suites `evm`, `token` and `calls`: programs in steady state, interleaved with the oracle, in
 * CPU time.
 *
 * A program's time is that of all its calls, one after another. Every call starts from the same
 * state and is undone, on both machines. Before it is timed, every call is compared with the oracle
 * (status, gas, output, logs, writes), often enough for singlepass and multipass to compile it;
 * which instructions it executes and what the interpreter dispatches for them is counted once,
 * outside of the times.
 */
import assert from 'node:assert/strict';
import { createMachine, type EvmMachine } from '../src/chain/machine.ts';
import { profileCall } from '../src/chain/profile.ts';
import type { CallOptions } from '../src/chain/types.ts';
import { callRunner } from '../src/cli/bench/calls.ts';
import { format, geometricMean, interleave, measureCpuMs } from '../src/cli/bench/measure.ts';
import type { Subject } from '../src/cli/bench/subject.ts';
import type { EngineName } from '../src/engines/tiering.ts';
import { hexTextToBytes } from '../tests/oracle/case.ts';
import { observe } from '../tests/oracle/observe.ts';
import { listSpeedCases, type SpeedCase } from '../tests/oracle/speed-programs.ts';
import { compareOutcome, createOracle, type Oracle, toBytes } from '../tests/support/ethereumjs.ts';
import { CALL_PROGRAMS } from './calls.ts';
import { type BenchContract, prepareSubject, TOKEN_SUITE } from './contracts.ts';
import { CODE_NAMES, countInstructions, type InstructionCounts } from './instructions.ts';
import { type BenchOptions, isWanted, printTable } from './options.ts';

/** What is measured: the calls of one program, all on the state of the first. */
interface Program {
  readonly name: string;
  readonly cases: readonly SpeedCase[];
}

/** A program with its state loaded on every machine. */
interface Proven {
  readonly machines: readonly EvmMachine[];
  readonly oracle: Oracle;
  readonly calls: readonly CallOptions[];
  readonly counts: InstructionCounts;
  /** Bytecode words that the interpreter dispatches for them. */
  readonly dispatches: number;
}

const THEIR_ROUND_MS_MIN = 100;
const THEIR_WARM_UP_MS = 300;
/** Comparisons of a program with the oracle. */
const PROOFS = 70;

export function loadMachine(cases: readonly SpeedCase[], engine: EngineName): EvmMachine {
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

/** Runs every call on all machines, compares them, and keeps what is to be timed. */
async function prove({ name, cases }: Program, engines: readonly EngineName[]): Promise<Proven> {
  const machine = loadMachine(cases, 'interpreter');
  const machines = engines.map((engine) => loadMachine(cases, engine));
  const counter = await loadOracle(cases);
  const counted = countInstructions(counter);
  const calls = cases.map(({ options }) => ({ ...options, data: toBytes(options.data) }));
  let dispatches = 0;
  for (const call of calls) {
    const uncommitted = { ...call, commit: false };
    const theirs = { ...(await counter.call(uncommitted)), accounts: [] };
    assert.equal(theirs.status, 'success', name);
    for (const [i, each] of machines.entries()) {
      for (let proof = 0; proof < PROOFS; proof++) {
        const ours = { ...observe(each, each.call(uncommitted)), accounts: [] };
        assert.deepEqual(compareOutcome(ours, theirs), [], `${name} on ${engines[i]}`);
      }
    }
    dispatches += profileCall(machine, call).dispatches;
  }
  return { machines, oracle: await loadOracle(cases), calls, counts: counted(), dispatches };
}

async function runTheirs(
  { oracle, calls }: Pick<Proven, 'oracle' | 'calls'>,
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

/** CPU milliseconds by engine, in the order of the engines, and of the oracle. */
async function time(
  proven: Proven,
  engines: readonly EngineName[],
  rounds: number,
): Promise<{ ours: readonly number[]; theirs: number }> {
  const { machines, calls } = proven;
  const oracle = {
    run: (times: number) => runTheirs(proven, times),
    warmUpMs: THEIR_WARM_UP_MS,
    roundMsMin: THEIR_ROUND_MS_MIN,
  };
  const runners = engines.map((engine, i) => callRunner(machines[i] as EvmMachine, engine, calls));
  const all = await interleave([...runners, oracle], rounds);
  return { ours: all.slice(0, -1), theirs: all[all.length - 1] as number };
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
  readonly group: string;
  /** CPU milliseconds of all calls. */
  readonly cpuMs: number;
  /** How many times that the oracle takes. */
  readonly ratio: number;
  /** Bytecode words dispatched for an EVM instruction. */
  readonly dispatchesPerInstruction: number;
  /** EVM instructions of all calls, and of the kinds that take most time. */
  readonly instructions: number;
  readonly kinds: InstructionCounts['kinds'];
}

async function measureProgram(
  program: Program,
  group: string,
  { engines, rounds }: BenchOptions,
  executes: BenchContract['executes'] = {},
): Promise<{ rows: EvmRow[]; line: string[] }> {
  const { name } = program;
  const proven = await prove(program, engines);
  const { counts, dispatches } = proven;
  for (const kind of CODE_NAMES) {
    const least: number = executes[kind] ?? 0;
    assert.ok(counts.kinds[kind] >= least, `${name}: ${counts.kinds[kind]} ${kind}, not ${least}`);
  }
  const { ours, theirs } = await time(proven, engines, rounds);
  const dispatchesPerInstruction = dispatches / counts.all;
  const rows = engines.map((engine, i): EvmRow => {
    const cpuMs = ours[i] as number;
    const { all: instructions, kinds } = counts;
    const ratio = theirs / cpuMs;
    return { name, engine, group, cpuMs, ratio, dispatchesPerInstruction, instructions, kinds };
  });
  const line = [
    name,
    format(theirs),
    ...ours.flatMap((cpuMs) => [format(cpuMs), `${format(theirs / cpuMs)}×`]),
    String(counts.all),
    ...CODE_NAMES.map((kind) => String(counts.kinds[kind])),
    dispatchesPerInstruction.toFixed(3),
  ];
  return { rows, line };
}

/** A contract of the token suite as the cases of a program. */
export function casesOf({ name, block, world, calls }: Subject): SpeedCase[] {
  const accounts = world.map(({ code, storage, ...account }) => ({
    ...account,
    code: hexTextToBytes(code),
    storage: storage.map(({ slot, value }) => [slot, value] as const),
  }));
  const blockEnv = { ...block, blockHash: () => undefined } as SpeedCase['block'];
  return calls.map((options, i) => ({
    name: `${name}/${i}`,
    block: blockEnv,
    accounts,
    options: options as unknown as SpeedCase['options'],
  }));
}

async function measureTokens(options: BenchOptions) {
  const measured: Awaited<ReturnType<typeof measureProgram>>[] = [];
  for (const contract of TOKEN_SUITE) {
    if (!isWanted(options, contract.name)) continue;
    const cases = casesOf(await prepareSubject(contract));
    const { name, executes } = contract;
    measured.push(await measureProgram({ name, cases }, 'token', options, executes));
  }
  return measured;
}

/** The token suite alone. */
export async function benchToken(options: BenchOptions): Promise<object> {
  return summarize('token', await measureTokens(options), options.engines);
}

/** Loops of calls between contracts. */
export async function benchCalls(options: BenchOptions): Promise<object> {
  const measured: Awaited<ReturnType<typeof measureProgram>>[] = [];
  for (const { name, cases, calls: CALL } of CALL_PROGRAMS) {
    if (!isWanted(options, name)) continue;
    measured.push(await measureProgram({ name, cases }, 'calls', options, { CALL }));
  }
  return summarize('calls', measured, options.engines);
}

/** The speed programs and the token suite. */
export async function benchEvm(options: BenchOptions): Promise<object | undefined> {
  const cases = listSpeedCases();
  if (cases === undefined) return undefined;
  const measured: Awaited<ReturnType<typeof measureProgram>>[] = [];
  for (const [name, group] of groupCases(cases)) {
    if (!isWanted(options, name)) continue;
    measured.push(await measureProgram({ name, cases: group }, 'programs', options));
  }
  return summarize('evm', [...measured, ...(await measureTokens(options))], options.engines);
}

type Means = Readonly<Record<string, number>>;

/** The geometric mean of the ratios, by engine. */
function meansOf(rows: readonly EvmRow[], engines: readonly EngineName[]): Means {
  return Object.fromEntries(
    engines.map((engine) => {
      const ratios = rows.filter((row) => row.engine === engine).map(({ ratio }) => ratio);
      return [engine, ratios.length === 0 ? 0 : Number(geometricMean(ratios).toFixed(2))];
    }),
  );
}

function summarize(
  suite: string,
  measured: readonly { readonly rows: EvmRow[]; readonly line: string[] }[],
  engines: readonly EngineName[],
): object {
  const heads = engines.flatMap((engine) => [`${engine} ms`, 'ratio']);
  const kinds = CODE_NAMES.map((kind) => kind.toLowerCase());
  printTable(
    ['program', 'theirs ms', ...heads, 'instructions', ...kinds, 'dispatches'],
    measured.map(({ line }) => line),
  );
  const rows = measured.flatMap((each) => each.rows);
  const sum = rows.reduce((total, row) => total + row.dispatchesPerInstruction, 0);
  const dispatchesPerInstruction = sum / Math.max(rows.length, 1);
  const average = dispatchesPerInstruction.toFixed(3);
  console.log(`dispatches are the interpreter's for one EVM instruction; average ${average}`);
  const groups: Record<string, Means> = {};
  for (const group of new Set(rows.map((row) => row.group))) {
    groups[group] = meansOf(
      rows.filter((row) => row.group === group),
      engines,
    );
  }
  const geomean = meansOf(rows, engines);
  const shown = Object.keys(groups).length === 1 ? groups : { ...groups, all: geomean };
  for (const [name, means] of Object.entries(shown)) {
    const texts = engines.map((engine) => `${engine} ${format(means[engine] as number)}×`);
    console.log(`geometric mean, ${name}: ${texts.join(', ')}`);
  }
  return { suite, rows, geomean, groups, dispatchesPerInstruction };
}
