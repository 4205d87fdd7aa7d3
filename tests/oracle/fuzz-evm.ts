/**
 * The `evm` target of the fuzzer: every generated case runs with plenty of gas, then again with
 * smaller limits so that it ends out of gas somewhere inside, and all of it on both sides.
 */
import type { EngineName } from '../../src/engines/tiering.ts';
import type { Fork } from '../../src/vms/evm/forks.ts';
import { OracleLimitError } from '../support/ethereumjs.ts';
import { disassemble } from './assembly.ts';
import { bytesToHexText, CASE_BLOCK, type Case, TARGET } from './case.ts';
import { forkOfSeed } from './fork-draw.ts';
import { drawGas, type GenerateOptions, generateCase, type ModeName } from './generate.ts';
import { createMachineSide } from './machine.ts';
import { compareSides, createOracleSide, type Difference, type Side } from './side.ts';
import { loadSpecimens } from './specimens.ts';

export interface FuzzOptions {
  seed: number;
  count: number;
  seconds?: number | undefined;
  mode?: ModeName | undefined;
  /** The fork of all cases; 'all' or, for transactions, none: each seed draws its own. */
  fork?: Fork | 'all' | undefined;
  /** The interpreter unless told. */
  engine?: EngineName | undefined;
}

export interface FuzzReport {
  programs: number;
  runs: number;
  failed: boolean;
}

/** Repetitions with less gas: at most this many for a case. */
const GAS_REPEATS_MAX = 2;
/** A machine keeps what it made of every code that it met; after this many a new one begins. */
const MACHINE_PROGRAMS_MAX = 10_000;
const PROGRESS_MS = 10_000;
const EARLIER_SEEDS = [0, 1, 2, 4, 8, 16, 32, 64, 128, 256];
const DISASSEMBLY_LINES_MAX = 400;

interface Sides {
  ours: Side;
  theirs: Side;
}

/** New sides under a fork, the newest unless told. */
export async function createSides(fork?: Fork, engine?: EngineName): Promise<Sides> {
  return {
    ours: createMachineSide(CASE_BLOCK, fork, engine),
    theirs: await createOracleSide(CASE_BLOCK, fork),
  };
}

/** The sides of each fork that is met. */
class SidesByFork {
  readonly #sides = new Map<Fork | undefined, Sides>();
  readonly #engine: EngineName | undefined;

  constructor(engine: EngineName | undefined) {
    this.#engine = engine;
  }

  async of(fork: Fork | undefined): Promise<Sides> {
    const known = this.#sides.get(fork) ?? (await createSides(fork, this.#engine));
    this.#sides.set(fork, known);
    return known;
  }

  /** New machines from here on; the oracles keep nothing. */
  renew(): void {
    for (const [fork, sides] of this.#sides) {
      sides.ours = createMachineSide(CASE_BLOCK, fork, this.#engine);
    }
  }
}

/** Runs the case of a seed and its repetitions; the first difference ends it. */
export async function runSeed(
  sides: Sides,
  options: GenerateOptions,
): Promise<{ runs: number; status: string; difference?: Difference }> {
  const { value, prng } = generateCase(options);
  const first = await compareSides(sides.ours, sides.theirs, value);
  const { status, gasUsed } = first.observed;
  if (first.difference !== undefined) return { runs: 1, status, difference: first.difference };
  const repeats = prng.below(GAS_REPEATS_MAX + 1);
  for (let i = 0; i < repeats; i++) {
    const gas = drawGas(prng, gasUsed);
    const repeated: Case = { ...value, message: { ...value.message, gas } };
    const { difference } = await compareSides(sides.ours, sides.theirs, repeated);
    if (difference !== undefined) return { runs: i + 2, status, difference };
  }
  return { runs: repeats + 1, status };
}

/** The cases that a seed runs, in order: with plenty of gas, then with the smaller limits. */
export async function listCases(
  theirs: Side,
  options: Parameters<typeof runSeed>[1],
): Promise<Case[]> {
  const { value, prng } = generateCase(options);
  const { gasUsed } = await theirs.run(value);
  const repeats = prng.below(GAS_REPEATS_MAX + 1);
  const limits = Array.from({ length: repeats }, () => drawGas(prng, gasUsed));
  return [value, ...limits.map((gas) => ({ ...value, message: { ...value.message, gas } }))];
}

/** Runs many seeds, prints the rate, and stops at the first difference. */
export async function fuzzEvm(options: FuzzOptions): Promise<FuzzReport> {
  const sides = new SidesByFork(options.engine);
  const specimens = await loadSpecimens();
  const started = performance.now();
  const report: FuzzReport = { programs: 0, runs: 0, failed: false };
  const statuses = new Map<string, number>();
  let shown = started;
  for (let seed = options.seed; report.programs < options.count; seed++) {
    const now = performance.now();
    if (options.seconds !== undefined && now - started >= options.seconds * 1000) break;
    if (now - shown > PROGRESS_MS) {
      shown = now;
      console.log(describeRate(options.seed, report, now - started));
    }
    const fork = options.fork === 'all' ? forkOfSeed(seed) : options.fork;
    const one = { seed, mode: options.mode, fork, engine: options.engine, specimens };
    const result = await runGuarded(await sides.of(fork), one);
    report.programs++;
    if (report.programs % MACHINE_PROGRAMS_MAX === 0) sides.renew();
    report.runs += result.runs;
    statuses.set(result.status, (statuses.get(result.status) ?? 0) + 1);
    if (result.difference !== undefined) {
      report.failed = true;
      printDifference(one, result.difference, await findStart(one));
      break;
    }
  }
  const shares = [...statuses].sort().map(([status, count]) => `${count} ${status}`);
  const verdict = report.failed ? 'DIFFERENCE' : 'no difference';
  const rate = describeRate(options.seed, report, performance.now() - started);
  console.log(`fuzz evm: ${verdict}: ${rate}; ended ${shares.join(', ')}`);
  return report;
}

/** As `runSeed`; an exception is a difference too, since neither side may throw. */
async function runGuarded(
  sides: Sides,
  options: Parameters<typeof runSeed>[1],
): ReturnType<typeof runSeed> {
  try {
    return await runSeed(sides, options);
  } catch (error) {
    if (error instanceof OracleLimitError) return { runs: 0, status: 'beyond the oracle' };
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    const { value } = generateCase(options);
    return { runs: 1, status: 'throw', difference: { value, lines: [`threw: ${text}`] } };
  }
}

/**
 * How many seeds before a failing one a new machine must begin for it to fail again: 0 for a case
 * that fails alone, more for one that needs what earlier cases left, undefined if none of it does.
 */
export async function findStart(
  options: GenerateOptions & Pick<FuzzOptions, 'engine'>,
): Promise<number | undefined> {
  for (const back of EARLIER_SEEDS) {
    const sides = await createSides(options.fork, options.engine);
    const first = Math.max(0, options.seed - back);
    for (let seed = first; seed <= options.seed; seed++) {
      const { difference } = await runGuarded(sides, { ...options, seed });
      if (difference !== undefined) return seed === options.seed ? back : undefined;
    }
  }
  return undefined;
}

function describeRate(first: number, { programs, runs }: FuzzReport, ms: number): string {
  const rate = Math.round((programs / ms) * 1000);
  const last = first + Math.max(programs, 1) - 1;
  return `seeds ${first} to ${last}, ${programs} programs, ${runs} runs, ${rate} programs/s`;
}

function printDifference(
  { seed, mode, fork, engine }: GenerateOptions & Pick<FuzzOptions, 'engine'>,
  difference: Difference,
  back: number | undefined,
): void {
  const { accounts, message } = difference.value;
  const suffix =
    (mode === undefined ? '' : ` --mode ${mode}`) + (fork === undefined ? '' : ` --fork ${fork}`);
  console.log(`difference at seed ${seed}${fork === undefined ? '' : `, fork ${fork}`}`);
  if (back === undefined) console.log('  it does not repeat on a new machine');
  else {
    if (back > 0) console.log(`  it needs what up to ${back} earlier cases leave in the machine`);
    const first = Math.max(0, seed - back);
    const count = seed - first + 1;
    const on = engine === undefined ? '' : ` --engine ${engine}`;
    console.log(`  repeat: npm run fuzz -- evm --seed ${first} --count ${count}${suffix}${on}`);
    console.log(`  reduce: npm run reduce -- --seed ${seed}${suffix}`);
  }
  console.log(
    `${message.kind}, gas ${message.gas}, value ${message.value}, static ${message.static}`,
  );
  if (message.kind === 'call') console.log(`data ${bytesToHexText(message.data)}`);
  if (message.origin !== undefined) console.log(`origin ${message.origin}`);
  for (const { address, slots } of message.accessList ?? []) {
    console.log(`access ${address}: ${slots.join(' ') || 'no slots'}`);
  }
  for (const { address, code, balance, storage } of accounts) {
    const program = message.kind === 'create' && address === TARGET ? message.data : code;
    if (program.length === 0) continue;
    const slots = storage.map(([slot, value]) => `${slot}=0x${value.toString(16)}`).join(' ');
    console.log(`${address}, balance ${balance}, slots ${slots || 'none'}, code:`);
    const lines = disassemble(program);
    for (const line of lines.slice(0, DISASSEMBLY_LINES_MAX)) console.log(`  ${line}`);
    if (lines.length > DISASSEMBLY_LINES_MAX) console.log(`  … ${lines.length} instructions`);
  }
  console.log('differing fields:');
  for (const line of difference.lines) console.log(`  ${line.slice(0, 2000)}`);
}
