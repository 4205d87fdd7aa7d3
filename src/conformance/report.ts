/** Results as text and as JSON, and their counts. */
import { caseId } from './request.ts';
import type { CaseOutcome, CaseResult } from './types.ts';

export type Counts = Record<CaseOutcome, number>;

const zero = (): Counts => ({ passed: 0, failed: 0, skipped: 0 });

/** Counts of a run: all in all, by fork in order of appearance, and skipped cases by reason. */
export class Tally {
  readonly total: Counts = zero();
  readonly forks = new Map<string, Counts>();
  readonly skips = new Map<string, number>();

  add({ outcome, fork, reason = 'no reason' }: CaseResult): void {
    this.total[outcome]++;
    const known = this.forks.get(fork);
    const counts = known ?? zero();
    counts[outcome]++;
    if (known === undefined) this.forks.set(fork, counts);
    if (outcome === 'skipped') this.skips.set(reason, (this.skips.get(reason) ?? 0) + 1);
  }

  get cases(): number {
    const { passed, failed, skipped } = this.total;
    return passed + failed + skipped;
  }
}

/** The last line of a run: `3 passed, 0 failed, 1 skipped`. */
export function formatCounts({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}

/** A failed case on several lines, each with a line feed. */
export function formatFailure(path: string, result: CaseResult): string {
  const { name, fork, index, field = 'result', expected, got, reason } = result;
  const lines = [`failed: ${caseId(path, name, fork, index)}: ${field}`];
  if (expected !== undefined) lines.push(`  expected ${expected}`);
  if (got !== undefined) lines.push(`  got      ${got}`);
  if (reason !== undefined) lines.push(...reason.split('\n').map((line) => `  ${line}`));
  return lines.map((line) => `${line}\n`).join('');
}

/** A case as one JSON object, in the names that state test runners have in common. */
export function caseToJson(path: string, result: CaseResult): Record<string, unknown> {
  const { name, fork, index, outcome, field, expected, got, reason, stateRoot } = result;
  const isFailed = outcome === 'failed';
  return {
    name,
    fork,
    ...(index === undefined ? {} : { index }),
    path,
    pass: outcome === 'passed',
    ...(outcome === 'skipped' ? { skipped: reason ?? 'no reason' } : {}),
    ...(stateRoot === undefined ? {} : { stateRoot }),
    ...(isFailed ? { error: formatError(result), field } : {}),
    ...(isFailed && expected !== undefined ? { expected } : {}),
    ...(isFailed && got !== undefined ? { got } : {}),
  };
}

/** A failure on one line. */
function formatError({ field = 'result', expected, got, reason }: CaseResult): string {
  const sides = [
    ...(got === undefined ? [] : [`got ${got}`]),
    ...(expected === undefined ? [] : [`expected ${expected}`]),
  ].join(', ');
  const parts = [field, sides, reason ?? ''].filter((part) => part !== '');
  return parts.join(': ');
}
