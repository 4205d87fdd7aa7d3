/** `lockstep/chain`: runs that stop at a step and go on elsewhere, and what a run costs. */
export type { EvmMachine } from './machine.ts';
export type { Profile } from './profile.ts';
export { profileCall } from './profile.ts';
export type { ResumeOptions, RunProgress, StateSnapshot } from './snapshot.ts';
export {
  abandonRun,
  continueUntil,
  decodeSnapshot,
  resumeSnapshot,
  runUntil,
  takeSnapshot,
} from './snapshot.ts';
