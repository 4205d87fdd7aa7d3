/**
 * Cases that are left out, each with its reason. The only good reason is time: a case of the legacy
 * sets that would run for minutes. What fails stays in and fails.
 */
import type { RunnerKind } from './types.ts';

export interface Skip {
  readonly kind: RunnerKind;
  /** Matched with `PATH NAME` of the test. */
  readonly pattern: RegExp;
  readonly reason: string;
}

export const SKIPS: readonly Skip[] = [
  {
    kind: 'statetest',
    pattern: /\/stTimeConsuming\/CALLBlake2f_MaxRounds\.json /,
    reason: '4,294,967,295 rounds of BLAKE2 take over ten minutes in every fork',
  },
];

/** Why a test is left out; undefined where it runs. */
export function skipReason(
  kind: RunnerKind,
  path: string,
  name: string,
  skips: readonly Skip[] = SKIPS,
): string | undefined {
  if (skips.length === 0) return undefined;
  return skips.find((skip) => skip.kind === kind && skip.pattern.test(`${path} ${name}`))?.reason;
}
