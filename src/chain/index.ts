/**
 * `lockstep/chain`: the state of a chain, to which transactions are applied; runs that stop at a
 * step and go on elsewhere; what a run costs.
 */
export type { GenesisAccount } from './genesis.ts';
export { putAccounts } from './genesis.ts';
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
export type {
  BlockLimits,
  ExecutedTransaction,
  TransactionResult,
  WorldOptions,
} from './world.ts';
export { EvmWorld } from './world.ts';
