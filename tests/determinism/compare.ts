/** Finds where two reports of the workload part, and the first line that differs. */
import type { Field, ProgramRecord, ProgramText, WorkloadReport } from './record.ts';
import { FIELDS } from './record.ts';

/** A program and a field of it that two reports have different digests of. */
export interface Parting {
  readonly program: string;
  readonly field: Field;
  /** Digest in each report; undefined where the report lacks the program. */
  readonly left: string | undefined;
  readonly right: string | undefined;
}

/** Part of a report that two runs, or a run and the kept digests, are compared by. */
export type Comparable = Pick<WorkloadReport, 'programs'>;

/**
 * Every field that differs, in the order of the left report; then programs that only the right has.
 *
 * @param fields which fields count; all unless told
 */
export function findPartings(
  left: Comparable,
  right: Comparable,
  fields: readonly Field[] = FIELDS,
): Parting[] {
  const part = (a: ProgramRecord | undefined, b: ProgramRecord | undefined): Parting[] =>
    fields
      .filter((field) => a?.fields[field] !== b?.fields[field])
      .map((field) => ({
        program: (a ?? b)?.name ?? '',
        field,
        left: a?.fields[field],
        right: b?.fields[field],
      }));
  const known = new Set(left.programs.map(({ name }) => name));
  const others = new Map(right.programs.map((program) => [program.name, program]));
  return [
    ...left.programs.flatMap((program) => part(program, others.get(program.name))),
    ...right.programs.filter(({ name }) => !known.has(name)).flatMap((b) => part(undefined, b)),
  ];
}

/** The first line of a field that two texts of one program do not share. */
export function findFirstLine(
  left: ProgramText,
  right: ProgramText,
  field: Field,
): { line: number; left: string; right: string } | undefined {
  const [ours, theirs] = [left[field], right[field]];
  const count = Math.max(ours.length, theirs.length);
  for (let i = 0; i < count; i++) {
    if (ours[i] === theirs[i]) continue;
    const [a, b] = [ours[i], theirs[i]].map((line) => line ?? '(nothing more)') as [string, string];
    return { line: i + 1, left: a, right: b };
  }
  return undefined;
}
