/**
 * The kept digests: what the programs did when the file was last blessed. A change of behaviour
 * shows against them even where all platforms agree on it. They leave out the field `engine`,
 * which a better lowering may change.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AGREED_FIELDS, type Field, type ProgramRecord, type WorkloadReport } from './record.ts';

const FILE = join(import.meta.dirname, 'golden.json');
/** Hexadecimal digits that are kept of a field's digest: enough to name the field that changed. */
const DIGITS = 8;

export interface Golden {
  /** SHA-256 over the agreed fields of all programs. */
  readonly digest: string;
  /** Shortened digests of each program's fields, in the order of `AGREED_FIELDS`. */
  readonly programs: Readonly<Record<string, string>>;
}

/** The same digests, shortened as in the golden file. */
export function shorten({ programs }: Pick<WorkloadReport, 'programs'>): ProgramRecord[] {
  return programs.map(({ name, fields }) => ({
    name,
    fields: Object.fromEntries(
      AGREED_FIELDS.map((field) => [field, fields[field].slice(0, DIGITS)]),
    ) as ProgramRecord['fields'],
  }));
}

export function readGolden(): Golden {
  return JSON.parse(readFileSync(FILE, 'utf8')) as Golden;
}

export function goldenRecords({ programs }: Golden): ProgramRecord[] {
  return Object.entries(programs).map(([name, row]) => {
    const digests = row.split(' ');
    const fields = AGREED_FIELDS.map((field, index): [Field, string] => [
      field,
      digests[index] ?? '',
    ]);
    return { name, fields: Object.fromEntries(fields) as ProgramRecord['fields'] };
  });
}

export function writeGolden(report: WorkloadReport): void {
  const rows = shorten(report).map(({ name, fields }) => [
    name,
    AGREED_FIELDS.map((field) => fields[field]).join(' '),
  ]);
  const golden: Golden = { digest: report.digest, programs: Object.fromEntries(rows) };
  writeFileSync(FILE, `${JSON.stringify(golden, null, 2)}\n`);
}
