/**
 * `npm run ci [-- STEP…]`: exactly what CI runs, each step to its end whatever happened before.
 *
 * The last line is `N passed, N failed`: the tests as Node's runner counted them, and one for every
 * other step. It is also written to `build/ci/summary.txt`. Exit codes: 0 nothing failed, 1
 * something did, 2 bad usage.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { GENERATED } from './gen.ts';

const ROOT = join(import.meta.dirname, '..');
const OUT = join(ROOT, 'build/ci');
const COUNTS = join(OUT, 'tests.json');
/** Cases for each target of the fuzzer; one of `tx` is a chain of transactions. */
const FUZZ_COUNTS = { evm: 10_000, tx: 1_000, dmir: 10_000 } as const;

interface Counts {
  readonly passed: number;
  readonly failed: number;
}

interface Step {
  readonly name: string;
  readonly minutesMax: number;
  readonly run: (step: Step) => Counts;
}

/** Runs a program of Node; whether it ended with 0 in time. */
function node(args: readonly string[], { name, minutesMax }: Step): boolean {
  const timeout = minutesMax * 60_000;
  const options = { cwd: ROOT, stdio: 'inherit', timeout, killSignal: 'SIGKILL' } as const;
  const { status, error } = spawnSync(process.execPath, args, options);
  if (error !== undefined) console.error(`${name}: ${error.message}`);
  return status === 0;
}

function one(isPassed: boolean): Counts {
  return isPassed ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
}

const program =
  (...args: string[]) =>
  (step: Step): Counts =>
    one(node(args, step));

function runTests(step: Step): Counts {
  rmSync(COUNTS, { force: true });
  const reporters = [
    ...['--test-reporter=spec', '--test-reporter-destination=stdout'],
    ...['--test-reporter=./scripts/test-counts.ts', `--test-reporter-destination=${COUNTS}`],
  ];
  const isPassed = node(['--test', ...reporters, 'tests/**/*.test.ts'], step);
  const counts = readCounts();
  // A run that was cut off, or that fails outside of a test, has no count to show for it.
  const hasHidden = !isPassed && (counts?.failed ?? 0) === 0;
  return { passed: counts?.passed ?? 0, failed: (counts?.failed ?? 0) + (hasHidden ? 1 : 0) };
}

function readCounts(): Counts | undefined {
  try {
    return JSON.parse(readFileSync(COUNTS, 'utf8')) as Counts;
  } catch {
    return undefined;
  }
}

/** Runs a generator and puts back what it changed; whether it changed nothing. */
function isCurrent(files: readonly string[], remedy: string, step: Step, script: string): Counts {
  const before = files.map((file) => readFileSync(join(ROOT, file), 'utf8'));
  const isDone = node([script], step);
  const stale = files.filter((file, index) => {
    const path = join(ROOT, file);
    if (readFileSync(path, 'utf8') === before[index]) return false;
    writeFileSync(path, before[index] as string);
    return true;
  });
  for (const file of stale) console.error(`${file} is not up to date: run ${remedy}`);
  return one(isDone && stale.length === 0);
}

const KERNEL = ['src/kernel/wasm.generated.ts'];
const PRECOMPILES = ['modexp', 'p256', 'pairing-bls12-381', 'pairing-bn254', 'secp256k1'].map(
  (name) => `src/vms/evm/precompiles/${name}.generated.ts`,
);
const TSC = 'node_modules/typescript/bin/tsc';
const BIOME = 'node_modules/@biomejs/biome/bin/biome';

const STEPS: readonly Step[] = [
  {
    name: 'kernel',
    minutesMax: 3,
    run: (step) => isCurrent(KERNEL, 'npm run build:kernel', step, 'scripts/build-kernel.ts'),
  },
  {
    name: 'precompiles',
    minutesMax: 3,
    run: (step) =>
      isCurrent(PRECOMPILES, 'npm run build:precompiles', step, 'scripts/build-precompiles.ts'),
  },
  { name: 'types', minutesMax: 3, run: program(TSC, '-p', 'tsconfig.json') },
  { name: 'style', minutesMax: 2, run: program(BIOME, 'check', '.') },
  {
    name: 'generated',
    minutesMax: 2,
    run: (step) => isCurrent(GENERATED, 'npm run gen', step, 'scripts/gen.ts'),
  },
  { name: 'tests', minutesMax: 8, run: runTests },
  { name: 'conformance', minutesMax: 6, run: program('scripts/test-spec.ts') },
  ...Object.entries(FUZZ_COUNTS).map(([target, count]) => ({
    name: `fuzz-${target}`,
    minutesMax: 4,
    run: program('scripts/fuzz.ts', target, '--count', String(count)),
  })),
  { name: 'size', minutesMax: 2, run: program('scripts/size.ts') },
  { name: 'package', minutesMax: 3, run: program('scripts/check-package.ts') },
  { name: 'crash', minutesMax: 4, run: program('scripts/crash.ts', '--rounds', '10') },
  { name: 'determinism', minutesMax: 8, run: program('scripts/determinism.ts') },
];

function main(names: readonly string[]): number {
  const unknown = names.find((name) => !STEPS.some((step) => step.name === name));
  if (unknown !== undefined) {
    console.error(`no step ${unknown}; steps: ${STEPS.map(({ name }) => name).join(', ')}`);
    return 2;
  }
  mkdirSync(OUT, { recursive: true });
  const rows = STEPS.filter(({ name }) => names.length === 0 || names.includes(name)).map(
    (step) => {
      console.log(`\n==> ${step.name}`);
      const started = performance.now();
      const counts = step.run(step);
      return { name: step.name, ...counts, seconds: (performance.now() - started) / 1000 };
    },
  );
  console.log('\nstep           passed  failed  seconds');
  for (const { name, passed, failed, seconds } of rows) {
    const columns = [String(passed).padStart(6), String(failed).padStart(7), seconds.toFixed(1)];
    console.log(`${name.padEnd(14)} ${columns[0]} ${columns[1]}  ${columns[2]?.padStart(7)}`);
  }
  const passed = rows.reduce((sum, row) => sum + row.passed, 0);
  const failed = rows.reduce((sum, row) => sum + row.failed, 0);
  const summary = `${passed} passed, ${failed} failed`;
  writeFileSync(join(OUT, 'summary.txt'), `${summary}\n`);
  console.log(summary);
  return failed === 0 ? 0 : 1;
}

process.exitCode = main(process.argv.slice(2));
