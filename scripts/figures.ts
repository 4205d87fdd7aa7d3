/**
 * `npm run figures`: runs the benchmarks and writes their figures into the README, with the machine
 * and the versions that made them.
 *
 * A suite that cannot run, or whose proof fails, leaves the README as it is. Exit codes: 0 written,
 * 1 a suite failed.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..');
const README = join(ROOT, 'README.md');
const [START, END] = ['<!-- figures:bench -->', '<!-- end: figures:bench -->'];

/** The objects that the suites print with `--json`. */
export interface Figures {
  readonly evm: {
    readonly rows: readonly {
      name: string;
      engine: string;
      cpuMs: number;
      ratio: number;
      dispatchesPerInstruction: number;
    }[];
    readonly geomean: Readonly<Record<string, number>>;
    /** The average over the programs. */
    readonly dispatchesPerInstruction: number;
  };
  readonly erc: {
    readonly rows: readonly { engine: string; us: number; scaledUs: number | null }[];
  };
  readonly latency: {
    readonly rows: readonly { name: string; codeBytes: number; p50Ms: number; p95Ms: number }[];
  };
}

function measure(suite: string): unknown {
  const args = [join(ROOT, 'bench/main.ts'), suite, '--json'];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: ROOT,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`the suite ${suite} failed: ${stderr}`);
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const rule = head.map((_, column) => (column === 0 ? '---' : '--:'));
  return [line(head), line(rule), ...rows.map(line)].join('\n');
}

function digits(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

/** The figures as the README shows them. */
export function renderFigures({ evm, erc, latency }: Figures, machine: string): string {
  const engines = Object.keys(evm.geomean);
  const names = [...new Set(evm.rows.map(({ name }) => name))];
  const programs = names.map((name) => {
    const rows = engines.map((engine) =>
      evm.rows.find((row) => row.name === name && row.engine === engine),
    );
    const cells = rows.flatMap((row) => [digits(row?.cpuMs ?? 0), `${digits(row?.ratio ?? 0)}×`]);
    return [name, ...cells, (rows[0]?.dispatchesPerInstruction ?? 0).toFixed(3)];
  });
  const means = Object.values(evm.geomean).flatMap((mean) => ['', `**${digits(mean)}×**`]);
  const average = `**${evm.dispatchesPerInstruction.toFixed(3)}**`;
  const heads = engines.flatMap((engine) => [`${engine} ms`, 'ratio']);
  const first = latency.rows.map(({ name, codeBytes, p50Ms, p95Ms }) => [
    name,
    String(codeBytes),
    digits(p50Ms),
    digits(p95Ms),
  ]);
  const transfers = erc.rows.map(({ engine, us, scaledUs }) => [
    engine,
    digits(us),
    scaledUs === null ? '' : digits(scaledUs),
  ]);
  return [
    `Made by \`npm run figures\` on ${machine}.`,
    '',
    '`npm run bench -- evm`: CPU time of a run on each engine in steady state, how many times that',
    '`@ethereumjs/evm` takes, and words that the interpreter dispatches for an EVM instruction.',
    '',
    table(
      ['program', ...heads, 'dispatches'],
      [...programs, ['**geometric mean** (dispatches: average)', ...means, average]],
    ),
    '',
    '`npm run bench -- erc`: one OpenZeppelin `transfer`, set-up included.',
    '',
    table(['engine', 'µs', 'µs scaled to the reference machine'], transfers),
    '',
    '`npm run bench -- latency`: the first call of a contract just deployed, in a warm process.',
    '',
    table(['contract', 'bytes of code', 'median ms', '95th percentile ms'], first),
  ].join('\n');
}

function main(): void {
  const figures = {
    evm: measure('evm'),
    erc: measure('erc'),
    latency: measure('latency'),
  } as Figures;
  const { node, v8 } = process.versions;
  const model = cpus()[0]?.model.trim() ?? 'an unknown processor';
  const text = readFileSync(README, 'utf8');
  const [from, to] = [text.indexOf(START), text.indexOf(END)];
  if (from < 0 || to < from) throw new Error('the README has no markers for figures');
  const body = renderFigures(figures, `${model}, Node ${node}, V8 ${v8}`);
  writeFileSync(README, `${text.slice(0, from + START.length)}\n\n${body}\n\n${text.slice(to)}`);
}

if (import.meta.main) main();
