/**
 * `npm run fuzz -- TARGET [--seed N] [--count N] [--seconds S] [--mode MODE] [--fork F]
 * [--engine E] [--jobs N]`
 *
 * Runs generated cases on this machine and on an oracle until a count, a time, or a difference.
 * A case is a seed; the cases of a run are the seeds N, N+1, …, so a difference is repeated with
 * `--seed` alone. Exit codes: 0 no difference, 1 a difference, 2 bad usage.
 */
import { fork } from 'node:child_process';
import { parseArgs } from 'node:util';
import { ENGINE_NAMES, type EngineName } from '../src/engines/names.ts';
import { type Fork, parseFork } from '../src/vms/evm/forks.ts';
import { FUZZED_FORKS } from '../tests/oracle/fork-draw.ts';
import { fuzzContracts } from '../tests/oracle/fuzz-contracts.ts';
import { describeDifference, fuzzDmir } from '../tests/oracle/fuzz-dmir.ts';
import { type FuzzOptions, type FuzzReport, fuzzEvm } from '../tests/oracle/fuzz-evm.ts';
import { fuzzTransactions } from '../tests/oracle/fuzz-tx.ts';
import { fuzzWasm } from '../tests/oracle/fuzz-wasm.ts';
import { MODE_NAMES, type ModeName } from '../tests/oracle/generate.ts';

const COUNT_DEFAULT = 10_000;
const SMOKE_COUNT = 500;

interface Target {
  about: string;
  run: (options: FuzzOptions) => Promise<FuzzReport>;
}

/** Modules between two looks at the clock. */
const MODULES_CHUNK = 50;

/** What came of a range of seeds of random modules. */
interface Chunk {
  readonly modules: number;
  readonly runs: number;
  /** How the runs ended. */
  readonly ends: ReadonlyMap<string, number>;
  readonly difference: { readonly seed: number; readonly text: string } | null;
}

/** A target of random modules, by what runs a range of seeds. */
function moduleTarget(
  name: string,
  fuzz: (seed: number, count: number, engine?: EngineName) => Chunk,
): Target['run'] {
  return async ({ seed, count, seconds, engine }) => {
    const started = performance.now();
    const ends = new Map<string, number>();
    const report: FuzzReport = { programs: 0, runs: 0, failed: false };
    while (report.programs < count && !report.failed) {
      if (seconds !== undefined && performance.now() - started >= seconds * 1000) break;
      const some = Math.min(MODULES_CHUNK, count - report.programs);
      const chunk = fuzz(seed + report.programs, some, engine);
      report.programs += chunk.modules;
      report.runs += chunk.runs;
      for (const [end, times] of chunk.ends) ends.set(end, (ends.get(end) ?? 0) + times);
      if (chunk.difference === null) continue;
      report.failed = true;
      console.log(chunk.difference.text);
      const flag = engine === undefined ? '' : ` --engine ${engine}`;
      console.log(
        `repeat: npm run fuzz -- ${name} --seed ${chunk.difference.seed} --count 1${flag}`,
      );
    }
    const { programs, runs, failed } = report;
    const verdict = failed ? 'DIFFERENCE' : 'no difference';
    const rate = Math.round((programs / (performance.now() - started)) * 1000);
    const last = seed + Math.max(programs, 1) - 1;
    const shares = [...ends].sort().map(([end, times]) => `${times} ${end}`);
    console.log(
      `fuzz ${name}: ${verdict}: seeds ${seed} to ${last}, ${programs} programs, ${runs} runs, ` +
        `${rate} programs/s; ended ${shares.join(', ')}`,
    );
    return report;
  };
}

function fuzzDmirChunk(seed: number, count: number, engine?: EngineName): Chunk {
  const { difference, ...rest } = fuzzDmir(seed, count, engine);
  if (difference === null) return { ...rest, difference };
  return { ...rest, difference: { seed: difference.seed, text: describeDifference(difference) } };
}

const TARGETS: Readonly<Record<string, Target>> = {
  evm: { about: 'generated programs against @ethereumjs/evm', run: fuzzEvm },
  tx: { about: 'chains of signed transactions against @ethereumjs/vm', run: fuzzTransactions },
  dmir: {
    about: 'random dMIR modules against the reference',
    run: moduleTarget('dmir', fuzzDmirChunk),
  },
  wasm: {
    about: "random WebAssembly modules against the platform's own WebAssembly",
    run: moduleTarget('wasm', fuzzWasm),
  },
  contracts: {
    about: 'random contracts that are modules, on an engine against the interpreter',
    run: moduleTarget('contracts', fuzzContracts),
  },
};

const USAGE = `usage: npm run fuzz -- TARGET [--seed N] [--count N] [--seconds S] [--mode MODE] [--fork F]
  [--engine E] [--jobs N]
targets: ${Object.entries(TARGETS)
  .map(([name, { about }]) => `${name} (${about})`)
  .join(', ')}, all (each briefly)
modes of evm: ${MODE_NAMES.join(', ')}
engine of evm, dmir, wasm and contracts: ${ENGINE_NAMES.join(', ')}
fork: a fork's name, or all: each seed draws one; evm runs the newest unless told, tx draws`;

function usageError(message: string): never {
  console.error(`${message}\n${USAGE}`);
  process.exit(2);
}

function parseCount(text: string | undefined, name: string): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) {
    usageError(`--${name} is ${text}; a whole number is needed`);
  }
  return value;
}

function parseForkOption(text: string | undefined): Fork | 'all' | undefined {
  if (text === undefined || text === 'all') return text;
  const fork = parseFork(text);
  return fork ?? usageError(`unknown fork ${text}; forks are ${FUZZED_FORKS.join(', ')}, all`);
}

function parseArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        seed: { type: 'string' },
        count: { type: 'string' },
        seconds: { type: 'string' },
        mode: { type: 'string' },
        fork: { type: 'string' },
        engine: { type: 'string' },
        jobs: { type: 'string' },
      },
    });
  } catch (error) {
    return usageError((error as Error).message);
  }
}

/** The part of a run that job `job` of `jobs` does: a range of seeds of its own. */
function share(options: FuzzOptions, job: number, jobs: number): FuzzOptions {
  const size = Math.ceil(options.count / jobs);
  const first = Math.min(job * size, options.count);
  return { ...options, seed: options.seed + first, count: Math.min(size, options.count - first) };
}

function runJob(name: string, options: FuzzOptions): Promise<number> {
  const args = [name, '--seed', String(options.seed), '--count', String(options.count)];
  if (options.seconds !== undefined) args.push('--seconds', String(options.seconds));
  if (options.mode !== undefined) args.push('--mode', options.mode);
  if (options.fork !== undefined) args.push('--fork', options.fork);
  if (options.engine !== undefined) args.push('--engine', options.engine);
  return new Promise((resolve) => {
    fork(import.meta.filename, args).on('exit', (code) => resolve(code ?? 1));
  });
}

async function main(): Promise<number> {
  const { values, positionals } = parseArguments();
  const [name, ...rest] = positionals;
  if (name === undefined) usageError('no target');
  if (rest.length > 0) usageError(`unknown argument ${rest[0]}`);
  const { mode } = values;
  if (mode !== undefined && !MODE_NAMES.includes(mode as ModeName)) {
    usageError(`unknown mode ${mode}`);
  }
  const { engine } = values;
  if (engine !== undefined && !ENGINE_NAMES.includes(engine as EngineName)) {
    usageError(`unknown engine ${engine}`);
  }
  const count = parseCount(values.count, 'count');
  const seconds = parseCount(values.seconds, 'seconds');
  const options: FuzzOptions = {
    seed: parseCount(values.seed, 'seed') ?? 1,
    count: count ?? (seconds === undefined ? COUNT_DEFAULT : Number.MAX_SAFE_INTEGER / 2),
    seconds,
    mode: mode as ModeName | undefined,
    fork: parseForkOption(values.fork),
    engine: engine as EngineName | undefined,
  };
  if (mode !== undefined && name !== 'evm') usageError(`${name} has no modes`);
  if (engine !== undefined && (name === 'tx' || name === 'all')) {
    usageError(`${name} has no engines`);
  }
  if (options.fork !== undefined && ['dmir', 'wasm', 'contracts'].includes(name)) {
    usageError(`${name} has no forks`);
  }
  if (name === 'all') return runAll(options, count === undefined && seconds === undefined);
  const target = TARGETS[name];
  if (target === undefined) usageError(`unknown target ${name}`);
  const jobs = parseCount(values.jobs, 'jobs') ?? 1;
  if (jobs <= 1) return (await target.run(options)).failed ? 1 : 0;
  const parts = Array.from({ length: jobs }, (_, job) => runJob(name, share(options, job, jobs)));
  return Math.max(...(await Promise.all(parts)));
}

async function runAll(options: FuzzOptions, smoke: boolean): Promise<number> {
  let code = 0;
  for (const { run } of Object.values(TARGETS)) {
    const report = await run(smoke ? { ...options, count: SMOKE_COUNT } : options);
    if (report.failed) code = 1;
  }
  return code;
}

process.exitCode = await main();
