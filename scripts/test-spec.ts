/**
 * `npm run test:spec [-- --all] [-- --write] [-- SUITE…]`: the official tests of the corpora.
 *
 * Without an option a fixed sample runs, which takes under three minutes; with `--all` every case.
 * `--all --write` writes the results into `docs/CONFORMANCE.md`. `LOCKSTEP_CORPORA` names the
 * folder of the corpora. Where there are none, a sample is skipped and says so. Exit codes: 0
 * nothing failed, 1 something did, 2 bad usage, or `--all` without corpora.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Counts, formatCounts, formatFailure, Tally } from '../src/conformance/report.ts';
import { runCases } from '../src/conformance/run.ts';
import { SKIPS } from '../src/conformance/skips.ts';
import type { RunnerKind } from '../src/conformance/types.ts';
import { findCorpora, NO_CORPORA } from '../tests/support/corpora.ts';

const ROOT = join(import.meta.dirname, '..');
const PAGE = join(ROOT, 'docs/CONFORMANCE.md');
const COUNTS = join(ROOT, 'build/spec-counts.json');
const [START, END] = ['<!-- figures:conformance -->', '<!-- end: figures:conformance -->'];

interface Suite {
  readonly name: string;
  readonly kind: RunnerKind;
  /** Relative to the corpora. */
  readonly paths: readonly string[];
  /** The sample is one case in about so many. */
  readonly every: number;
}

const TESTS = 'evm-ethereum-tests/cases';

const SUITES: readonly Suite[] = [
  { name: 'state-eest', kind: 'statetest', paths: ['evm-state-eest/cases'], every: 5 },
  { name: 'state-legacy', kind: 'statetest', paths: ['evm-state-legacy/cases'], every: 25 },
  {
    name: 'state-ethereum-tests',
    kind: 'statetest',
    paths: [`${TESTS}/GeneralStateTests-not-in-eest.jsonl.gz`],
    every: 25,
  },
  { name: 'block-eest', kind: 'blocktest', paths: ['evm-blockchain-eest/cases'], every: 3 },
  {
    name: 'block-eest-derived',
    kind: 'blocktest',
    paths: ['evm-blockchain-eest-derived/cases'],
    every: 10,
  },
  {
    name: 'block-ethereum-tests',
    kind: 'blocktest',
    paths: ['ValidBlocks', 'InvalidBlocks', 'TransitionTests'].map((part) => {
      return `${TESTS}/BlockchainTests-${part}.jsonl.gz`;
    }),
    every: 1,
  },
  { name: 'tx', kind: 'txtest', paths: [`${TESTS}/TransactionTests.jsonl.gz`], every: 1 },
  {
    name: 'difficulty',
    kind: 'difficultytest',
    paths: [`${TESTS}/DifficultyTests.jsonl.gz`],
    every: 1,
  },
  { name: 'vm-legacy', kind: 'vmtest', paths: ['evm-vmtests-legacy/cases'], every: 1 },
];

/** The suite of the tests of this repository that read the corpora: vectors, RLP, tries, … */
const VECTORS = 'vectors';

interface Row {
  readonly name: string;
  readonly counts: Counts;
  readonly seconds: number;
  readonly forks: ReadonlyMap<string, Counts>;
}

async function runSuite(suite: Suite, corpora: string, isWhole: boolean): Promise<Row> {
  const started = performance.now();
  const tally = new Tally();
  const request = { engine: 'auto' as const, every: isWhole ? 1 : suite.every };
  const paths = suite.paths.map((path) => join(corpora, path)).filter((path) => existsSync(path));
  const jobs = availableParallelism();
  const events = paths.length === 0 ? [] : runCases(suite.kind, paths, request, jobs);
  for await (const event of events) {
    if (event.kind === 'problem') {
      console.log(`failed: ${event.error.message}`);
      tally.total.failed++;
      continue;
    }
    tally.add(event.result);
    if (event.result.outcome === 'failed') {
      process.stdout.write(formatFailure(event.path, event.result));
    }
  }
  const seconds = (performance.now() - started) / 1000;
  return { name: suite.name, counts: tally.total, seconds, forks: tally.forks };
}

/** Tests of this repository that read the corpora. */
function findVectorTests(): string[] {
  return readdirSync(join(ROOT, 'tests'), { recursive: true, encoding: 'utf8' })
    .map((name) => `tests/${name.replaceAll('\\', '/')}`)
    .filter((path) => path.endsWith('.test.ts'))
    .filter((path) =>
      /support\/corpora\.ts|LOCKSTEP_CORPORA/.test(readFileSync(join(ROOT, path), 'utf8')),
    )
    .sort();
}

/** Each test of the files counts as one case, though many hold thousands of vectors. */
function runVectors(): Row {
  const started = performance.now();
  mkdirSync(join(ROOT, 'build'), { recursive: true });
  rmSync(COUNTS, { force: true });
  const reporters = [
    ...['--test-reporter=dot', '--test-reporter-destination=stdout'],
    ...['--test-reporter=./scripts/test-counts.ts', `--test-reporter-destination=${COUNTS}`],
  ];
  const args = ['--test', ...reporters, ...findVectorTests()];
  const { status } = spawnSync(process.execPath, args, { cwd: ROOT, stdio: 'inherit' });
  const counts: Counts = existsSync(COUNTS)
    ? JSON.parse(readFileSync(COUNTS, 'utf8'))
    : { passed: 0, failed: 0, skipped: 0 };
  if (status !== 0 && counts.failed === 0) counts.failed = 1;
  const seconds = (performance.now() - started) / 1000;
  return { name: VECTORS, counts, seconds, forks: new Map() };
}

const casesOf = ({ passed, failed, skipped }: Counts): number => passed + failed + skipped;

function sum(rows: readonly Counts[]): Counts {
  const total: Counts = { passed: 0, failed: 0, skipped: 0 };
  for (const { passed, failed, skipped } of rows) {
    total.passed += passed;
    total.failed += failed;
    total.skipped += skipped;
  }
  return total;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const rule = head.map((_, column) => (column === 0 ? '---' : '--:'));
  return [line(head), line(rule), ...rows.map(line)].join('\n');
}

const cells = (counts: Counts): string[] =>
  [casesOf(counts), counts.passed, counts.failed, counts.skipped].map(String);

/** The figures as `docs/CONFORMANCE.md` shows them. */
function renderFigures(rows: readonly Row[], machine: string): string {
  const head = ['cases', 'passed', 'failed', 'skipped'];
  const forks = new Map<string, Counts>();
  for (const row of rows) {
    for (const [fork, counts] of row.forks) {
      forks.set(fork, sum([forks.get(fork) ?? sum([]), counts]));
    }
  }
  const total = sum(rows.map(({ counts }) => counts));
  const seconds = rows.reduce((all, row) => all + row.seconds, 0).toFixed(0);
  const suites = rows.map((row) => [
    `\`${row.name}\``,
    ...cells(row.counts),
    row.seconds.toFixed(1),
  ]);
  return [
    `Made by \`npm run test:spec -- --all --write\` on ${machine}.`,
    '',
    table(['suite', ...head, 'seconds'], [...suites, ['**all**', ...cells(total), seconds]]),
    '',
    table(
      ['fork', ...head],
      [...forks].sort(([a], [b]) => (a < b ? -1 : 1)).map(([fork, all]) => [fork, ...cells(all)]),
    ),
    '',
    'Left out:',
    '',
    ...SKIPS.map(({ pattern, reason }) => `- \`${pattern.source}\`: ${reason}`),
  ].join('\n');
}

function writePage(rows: readonly Row[]): void {
  const text = readFileSync(PAGE, 'utf8');
  const [from, to] = [text.indexOf(START), text.indexOf(END)];
  if (from < 0 || to < from) throw new Error('docs/CONFORMANCE.md has no markers for figures');
  const model = cpus()[0]?.model.trim() ?? 'an unknown processor';
  const machine = `${availableParallelism()} threads of ${model}, Node ${process.versions.node}`;
  const body = renderFigures(rows, machine);
  writeFileSync(PAGE, `${text.slice(0, from + START.length)}\n\n${body}\n\n${text.slice(to)}`);
}

function print({ name, counts, seconds }: Row): void {
  console.log(`${name.padEnd(22)} ${formatCounts(counts)}, ${seconds.toFixed(1)} s`);
}

async function main(): Promise<number> {
  const options = { all: { type: 'boolean' }, write: { type: 'boolean' } } as const;
  const { values, positionals } = parseArgs({ options, allowPositionals: true });
  const { all = false, write = false } = values;
  const names = [...SUITES.map(({ name }) => name), VECTORS];
  const unknown = positionals.find((name) => !names.includes(name));
  if (unknown !== undefined) throw new Error(`no suite ${unknown}; suites: ${names.join(', ')}`);
  if (write && (!all || positionals.length > 0)) throw new Error('--write goes with --all alone');
  const corpora = findCorpora();
  if (corpora === undefined) {
    console.log(`skipped: ${NO_CORPORA}; LOCKSTEP_CORPORA names their folder`);
    return all ? 2 : 0;
  }
  const isChosen = (name: string): boolean =>
    positionals.length === 0 || positionals.includes(name);
  const rows: Row[] = [];
  const add = (row: Row): void => {
    rows.push(row);
    print(row);
  };
  for (const suite of SUITES) if (isChosen(suite.name)) add(await runSuite(suite, corpora, all));
  if (isChosen(VECTORS)) add(runVectors());
  if (write) writePage(rows);
  const total = sum(rows.map(({ counts }) => counts));
  console.log(formatCounts(total));
  return total.failed === 0 ? 0 : 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(`test:spec: ${(error as Error).message}`);
  process.exitCode = 2;
}
