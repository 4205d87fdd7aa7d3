/** The runner of each kind of tests, loaded when it is first needed. */
import type { Runner, RunnerKind } from './types.ts';

export const RUNNERS: Readonly<Record<RunnerKind, () => Promise<Runner>>> = {
  statetest: async () => (await import('./statetest.ts')).runStateTest,
  blocktest: async () => (await import('./blocktest.ts')).runBlockTest,
  txtest: async () => (await import('./txtest.ts')).runTransactionTest,
  vmtest: async () => (await import('./vmtest.ts')).runVmTest,
  difficultytest: async () => (await import('./difficultytest.ts')).runDifficultyTest,
};
