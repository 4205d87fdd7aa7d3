/**
 * `npm run figures [-- SUITE…]`: runs the benchmarks, or some of them, keeps the runs in
 * `bench/baseline`, and writes the figures of all kept runs into `docs/PERFORMANCE.md`, the few
 * that say most into the README, with the machine and the versions that made them.
 *
 * A suite that cannot run, or whose proof fails, leaves the pages as they are. Exit codes: 0
 * written, 1 a suite failed, 2 bad usage.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..');
const [START, END] = ['<!-- figures:bench -->', '<!-- end: figures:bench -->'];

interface Row {
  readonly name: string;
  readonly engine: string;
}

type Means = Readonly<Record<string, number>>;

interface EvmFigures {
  readonly group: string;
  readonly cpuMs: number;
  readonly ratio: number;
  readonly dispatchesPerInstruction: number;
}

/** A run of a suite as it is kept. */
interface Run<T> {
  readonly machine: string;
  readonly rows: readonly (Row & T)[];
}

interface LatencyFigures {
  readonly codeBytes: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p95CpuMs: number;
}

export interface Figures {
  readonly evm: Run<EvmFigures> & {
    readonly geomean: Means;
    readonly groups: Readonly<Record<string, Means>>;
    /** The average over the programs. */
    readonly dispatchesPerInstruction: number;
  };
  readonly erc: Run<{ us: number; scaledUs: number | null }>;
  readonly latency: Run<LatencyFigures> & { readonly modules: readonly (Row & LatencyFigures)[] };
  readonly compile: Run<{
    codeBytes: number;
    compiledCodeBytes: number;
    operations: number;
    generateMs: number;
    moduleMs: number;
    wasmBytes: number;
    wasmPerCompiledByte: number;
    wasmPerCodeByte: number;
  }>;
  readonly memory: Run<{
    codeBytes: number;
    residentBytes: number;
    areaBytes: number;
    wasmBytes: number;
  }>;
  /** Takes longer than the others: it may not have been run yet. */
  readonly switch?: Run<{
    first: number;
    worst: number;
    worstCalls: number;
    last: number;
    lastCalls: number;
    noise: number;
  }> & { readonly verdict: string };
}

const SUITES = ['evm', 'erc', 'latency', 'compile', 'memory', 'switch'] as const;

/** The last run of each suite, which `npm run bench -- SUITE --against FILE` takes too. */
const BASELINE = join(ROOT, 'bench/baseline');
const fileOf = (suite: string): string => join(BASELINE, `${suite}.json`);

function measure(suite: string): void {
  const args = [join(ROOT, 'bench/main.ts'), suite, '--save', fileOf(suite)];
  const { status, stderr } = spawnSync(process.execPath, args, { cwd: ROOT, encoding: 'utf8' });
  if (status !== 0) throw new Error(`the suite ${suite} failed: ${stderr}`);
}

/** The runs that the pages show. */
export function readFigures(): Figures {
  const kept = SUITES.filter((suite) => suite !== 'switch' || existsSync(fileOf(suite)));
  const runs = kept.map((suite) => [suite, JSON.parse(readFileSync(fileOf(suite), 'utf8'))]);
  return Object.fromEntries(runs) as Figures;
}

function table(head: readonly string[], rows: readonly (readonly string[])[], left = 1): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const rule = head.map((_, column) => (column < left ? '---' : '--:'));
  return [line(head), line(rule), ...rows.map(line)].join('\n');
}

function renderLatency(head: string, rows: readonly (Row & LatencyFigures)[]): string {
  return table(
    [head, 'engine', 'bytes of code', 'median ms', '95th percentile ms', 'of CPU ms'],
    rows.map(({ name, engine, codeBytes, p50Ms, p95Ms, p95CpuMs }) => [
      name,
      engine,
      String(codeBytes),
      ...[p50Ms, p95Ms, p95CpuMs].map(digits),
    ]),
    2,
  );
}

function digits(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

const times = (value: number | undefined): string => `${digits(value ?? 0)}×`;
/** Suites may have run at different times; they have one machine as a rule. */
const machinesOf = (figures: Figures): string =>
  [...new Set(SUITES.flatMap((suite) => figures[suite]?.machine ?? []))].join(', and ');

const kilobytes = (bytes: number): string => digits(bytes / 1000);

function renderEvm({ rows, geomean, groups, dispatchesPerInstruction }: Figures['evm']): string {
  const engines = Object.keys(geomean);
  const lines = Object.entries(groups).flatMap(([group, means]) => {
    const names = new Set(rows.filter((row) => row.group === group).map(({ name }) => name));
    const programs = [...names].map((name) => {
      const own = engines.map((engine) =>
        rows.find((row) => row.name === name && row.engine === engine),
      );
      const cells = own.flatMap((row) => [digits(row?.cpuMs ?? 0), times(row?.ratio)]);
      return [name, ...cells, (own[0]?.dispatchesPerInstruction ?? 0).toFixed(3)];
    });
    return [...programs, meanLine(`geometric mean, ${group}`, means, engines, '')];
  });
  const average = `**${dispatchesPerInstruction.toFixed(3)}**`;
  const heads = engines.flatMap((engine) => [`${engine} ms`, 'ratio']);
  return table(
    ['program', ...heads, 'dispatches'],
    [...lines, meanLine('geometric mean, all (dispatches: average)', geomean, engines, average)],
  );
}

function meanLine(
  name: string,
  means: Means,
  engines: readonly string[],
  dispatches: string,
): string[] {
  const cells = engines.flatMap((engine) => ['', `**${times(means[engine])}**`]);
  return [`**${name}**`, ...cells, dispatches];
}

function renderTransfers({ rows }: Figures['erc']): string {
  return table(
    ['engine', 'µs', 'µs on the reference machine'],
    rows.map(({ engine, us, scaledUs }) => [
      engine,
      digits(us),
      scaledUs === null ? '' : digits(scaledUs),
    ]),
  );
}

function renderSwitch({ rows, verdict }: NonNullable<Figures['switch']>): string {
  const body = rows.map(({ name, first, worst, worstCalls, last, lastCalls, noise }) => [
    name,
    first.toFixed(2),
    worst.toFixed(2),
    String(worstCalls),
    last.toFixed(2),
    String(lastCalls),
    noise.toFixed(2),
  ]);
  const heads = ['first call', 'worst', 'after calls', 'in the end', 'after calls', 'noise'];
  return [
    '`npm run bench -- switch`: what `auto` takes for all calls of a new contract so far, times what the',
    'interpreter takes: for the first call, after the number of calls where it is most, and in the end;',
    'noise is how far a second interpreter comes to be from the first one, in either direction.',
    '',
    table(['program', ...heads], body),
    '',
    `${verdict[0]?.toUpperCase()}${verdict.slice(1)}.`,
  ].join('\n');
}

/** The page's part between the markers. */
export function renderPage(figures: Figures): string {
  const { evm, erc, latency, compile, memory } = figures;
  return [
    `Made by \`npm run figures\` on ${machinesOf(figures)}.`,
    '',
    '## Against @ethereumjs/evm, steady state',
    '',
    '`npm run bench -- evm`: CPU time of a run on each engine, how many times that `@ethereumjs/evm`',
    'takes, and words that the interpreter dispatches for an EVM instruction.',
    '',
    renderEvm(evm),
    '',
    '## One transfer',
    '',
    '`npm run bench -- erc`: one OpenZeppelin `transfer` between 2,000 random accounts, set-up',
    'included. The reference machine runs snailtracer on `@ethereumjs/evm` in 3.6 s.',
    '',
    renderTransfers(erc),
    '',
    '## The first call',
    '',
    '`npm run bench -- latency`: the first call of a contract just deployed, in a warm process: wall',
    'time, and the 95th percentile of CPU time.',
    '',
    renderLatency('contract', latency.rows),
    '',
    'The same for a WebAssembly module, by the number of its functions that the call reaches: only',
    'those are lowered.',
    '',
    renderLatency('module of which', latency.modules),
    '',
    '## Compiling',
    '',
    '`npm run bench -- compile`: what the calls of a contract have compiled: the bytes of code and',
    'dMIR operations in it, milliseconds of ours and of `new WebAssembly.Module`, and bytes of',
    'WebAssembly for a byte of what is compiled and of the whole contract.',
    '',
    table(
      [
        'contract',
        'engine',
        'bytes',
        'compiled',
        'operations',
        'ours ms',
        'module ms',
        'WebAssembly',
        'per compiled byte',
        'per byte',
      ],
      compile.rows.map((row) => [
        row.name,
        row.engine,
        String(row.codeBytes),
        String(row.compiledCodeBytes),
        String(row.operations),
        digits(row.generateMs),
        digits(row.moduleMs),
        String(row.wasmBytes),
        digits(row.wasmPerCompiledByte),
        digits(row.wasmPerCodeByte),
      ]),
      2,
    ),
    '',
    '## Memory',
    '',
    '`npm run bench -- memory`: what a contract adds to the resident memory of a process, called',
    'until it is compiled; the code area is a part of it.',
    '',
    table(
      ['contract', 'engine', 'bytes', 'resident kB', 'code area kB', 'WebAssembly kB'],
      memory.rows.map((row) => [
        row.name,
        row.engine,
        String(row.codeBytes),
        kilobytes(row.residentBytes),
        kilobytes(row.areaBytes),
        kilobytes(row.wasmBytes),
      ]),
      2,
    ),
    ...(figures.switch === undefined ? [] : ['', '## Switching', '', renderSwitch(figures.switch)]),
  ].join('\n');
}

/** The README's part between the markers: a row for an engine. */
export function renderReadme(figures: Figures): string {
  const { evm, erc, latency, memory } = figures;
  const engines = Object.keys(evm.geomean);
  const groups = Object.keys(evm.groups);
  const rows = engines.map((engine) => {
    const own = <T extends Row>(list: readonly T[]): T[] =>
      list.filter((row) => row.engine === engine);
    const lowest = Math.min(...own(evm.rows).map(({ ratio }) => ratio));
    const resident = own(memory.rows).map(({ residentBytes }) => residentBytes);
    return [
      engine,
      ...groups.map((group) => times(evm.groups[group]?.[engine])),
      `**${times(evm.geomean[engine])}**`,
      times(lowest),
      digits(own(erc.rows)[0]?.us ?? 0),
      digits(Math.max(...own(latency.rows).map(({ p95Ms }) => p95Ms))),
      resident.length === 0 ? '' : kilobytes(Math.max(...resident)),
    ];
  });
  const heads = ['engine', ...groups, 'all', 'lowest', 'transfer µs', 'first call ms', 'memory kB'];
  return [
    `Made by \`npm run figures\` on ${machinesOf(figures)}.`,
    'How many times that `@ethereumjs/evm` takes, in steady state, as geometric means and the lowest;',
    'an ERC-20 transfer, set-up included; the first call of a new contract, the 95th percentile of',
    'the slowest; resident memory that a contract adds, of the largest.',
    '',
    table(heads, rows),
  ].join('\n');
}

/** What stands between the markers of a page, and what `render` makes of the runs. */
export const PAGES: Readonly<Record<string, (figures: Figures) => string>> = {
  'docs/PERFORMANCE.md': renderPage,
  'README.md': renderReadme,
};

/** The page with the body between its markers. */
export function fillPage(name: string, text: string, body: string): string {
  const [from, to] = [text.indexOf(START), text.indexOf(END)];
  if (from < 0 || to < from) throw new Error(`${name} has no markers for figures`);
  return `${text.slice(0, from + START.length)}\n\n${body}\n\n${text.slice(to)}`;
}

function main(wanted: readonly string[]): void {
  for (const suite of wanted) {
    if (SUITES.some((each) => each === suite)) continue;
    console.error(`no figures come from "${suite}"; the suites: ${SUITES.join(', ')}`);
    process.exitCode = 2;
    return;
  }
  mkdirSync(BASELINE, { recursive: true });
  for (const suite of wanted.length === 0 ? SUITES : wanted) measure(suite);
  const figures = readFigures();
  for (const [name, render] of Object.entries(PAGES)) {
    const file = join(ROOT, name);
    writeFileSync(file, fillPage(name, readFileSync(file, 'utf8'), render(figures)));
  }
}

if (import.meta.main) main(process.argv.slice(2));
