/** Saved runs, and how a run compares with one. */
import { readFileSync } from 'node:fs';
import { InputError } from '../../languages/errors.ts';
import { writeOutput } from '../output-file.ts';
import { format, tableText } from './measure.ts';

/** A run of a suite as `--json` prints it and `--save` keeps it. */
export interface BenchRun {
  readonly suite: string;
  /** The line that names it. */
  readonly machine: string;
  readonly rows: readonly object[];
}

export function saveRun(file: string, run: BenchRun): void {
  writeOutput(file, `${JSON.stringify(run, null, 2)}\n`, '--save');
}

/** @throws InputError for a file that holds no run of the suite */
export function readRun(file: string, suite: string): BenchRun {
  let run: Partial<BenchRun>;
  try {
    run = JSON.parse(readFileSync(file, 'utf8')) as Partial<BenchRun>;
  } catch (error) {
    throw new InputError('file-unreadable', `${file} holds no saved run: ${String(error)}`);
  }
  if (run.suite !== suite || !Array.isArray(run.rows)) {
    throw new InputError(
      'file-format',
      `${file} holds a run of the suite ${String(run.suite)}, not of ${suite}`,
      `make one with: --save ${file}`,
    );
  }
  return run as BenchRun;
}

type Figures = Readonly<Record<string, unknown>>;

const keyOf = ({ name, engine }: Figures): string => `${String(name)} ${String(engine)}`;

/** Every figure of a run as a multiple of the saved one's; rows that only one has are left out. */
export function compareRuns(run: BenchRun, saved: BenchRun): string {
  const before = new Map(saved.rows.map((row) => [keyOf(row as Figures), row as Figures]));
  const names: string[] = [];
  const rows: Figures[] = [];
  for (const row of run.rows as readonly Figures[]) {
    const old = before.get(keyOf(row));
    if (old === undefined) continue;
    const ratios: Record<string, unknown> = { name: row.name, engine: row.engine };
    for (const [name, value] of Object.entries(row)) {
      const past = old[name];
      if (typeof value !== 'number' || typeof past !== 'number' || past === 0) continue;
      if (!names.includes(name)) names.push(name);
      ratios[name] = value / past;
    }
    rows.push(ratios);
  }
  const cells = rows.map((row) => [
    String(row.name),
    String(row.engine),
    ...names.map((name) => (name in row ? `${format(row[name] as number)}×` : '')),
  ]);
  const other = saved.machine === run.machine ? '' : `, on another machine: ${saved.machine}`;
  return `now / saved${other}\n${tableText(['name', 'engine', ...names], cells, 2)}`;
}
