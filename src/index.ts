/**
 * The package's face: a deterministic machine for contracts.
 *
 * Nothing here does work when it is imported; the kernel is compiled by the first machine. The
 * parts that a machine is made of are published under their own names, such as `lockstep/dmir`.
 */
export type { ErrorCode, ErrorPlane } from './base/errors.ts';
export { LockstepError } from './base/errors.ts';
export type { EvmMachine, MachineOptions } from './chain/machine.ts';
export { createMachine } from './chain/machine.ts';
export type {
  AccountDump,
  BlockEnv,
  BytesLike,
  CallOptions,
  DeployOptions,
  DeployOutcome,
  Hex,
  Log,
  Machine,
  Outcome,
  StateAccess,
  StorageWrite,
  TraceStep,
} from './chain/types.ts';
export { PendingError } from './dmir/host.ts';
export type { TrapKind } from './dmir/ops.ts';
export type { Backend } from './state/backends/backend.ts';
