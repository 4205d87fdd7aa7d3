/** How long a call takes: the first time, and the median of repetitions on a restored state. */
import type { Machine, Outcome } from '../chain/types.ts';

export interface Timing {
  readonly engine: string;
  readonly firstMs: number;
  /** Undefined where the first call was too slow to repeat. */
  readonly medianMs: number | undefined;
  /** Repetitions that the median is of. */
  readonly runs: number;
}

/** A command must end soon: repetitions stop at the first limit that is reached. */
const REPEAT_MAX = 101;
const REPEAT_BUDGET_MS = 60;

/**
 * Runs a call once for its outcome and again for its time. The state then is that of one call.
 */
export function timeCall(
  machine: Machine,
  call: () => Outcome,
  engine: string,
): { outcome: Outcome; timing: Timing } {
  const before = machine.snapshot();
  const started = performance.now();
  const outcome = call();
  const firstMs = performance.now() - started;
  // Effects are read from the machine on first sight, and it is about to go back.
  const { gasUsed, gasRefund, steps, output, logs, writes } = outcome;
  const settled = { ...outcome, gasUsed, gasRefund, steps, output, logs, writes };
  const times: number[] = [];
  while (times.length < REPEAT_MAX && performance.now() - started < REPEAT_BUDGET_MS) {
    machine.restore(before);
    const start = performance.now();
    call();
    times.push(performance.now() - start);
  }
  times.sort((a, b) => a - b);
  const medianMs = times[times.length >> 1];
  return { outcome: settled, timing: { engine, firstMs, medianMs, runs: times.length } };
}
