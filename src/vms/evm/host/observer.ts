/**
 * What the host tells whoever watches its frames: a tracer. Without one each place costs a check.
 *
 * An observer hears of frames as a stack: `enter`, perhaps those within, `exit`. A call that runs
 * no code is a frame too. The host does not take back what it told: a run that waits for its state
 * and starts again needs another observer.
 */
import type { FrameEnd, MachineAccess, Owner, Range } from '../../../dmir/host.ts';

export type FrameType = 'CALL' | 'CALLCODE' | 'DELEGATECALL' | 'STATICCALL' | 'CREATE' | 'CREATE2';

/** A call or creation whose costs are paid. */
export interface FrameEntry {
  readonly type: FrameType;
  /** The account that the caller's code acts as. */
  readonly from: Owner;
  /** The account whose code is called, whatever it runs on, or the one that is created. */
  readonly to: Owner;
  /** Undefined where the type passes none: DELEGATECALL and STATICCALL. */
  readonly value: bigint | undefined;
  /** What the frame may use, the stipend included. */
  readonly gas: bigint;
  /** The call data or the init code; a copy. */
  readonly input: Uint8Array;
  readonly isPrecompile: boolean;
}

/** Why a frame fails where that is no trap of its code. */
export type FailureCause =
  | 'insufficient-balance'
  | 'call-depth'
  | 'nonce-overflow'
  | 'create-collision'
  | 'initcode-too-large'
  | 'code-too-large'
  | 'code-prefix'
  | 'invalid-module'
  | 'code-unpaid'
  | 'precompile-unpaid'
  | 'precompile-failed';

export interface FrameObserver {
  enter(machine: MachineAccess, entry: FrameEntry): void;
  /**
   * The frame that was entered last and has not ended yet ends. Its changes are undone if it
   * failed; its output is still in the machine's memory.
   *
   * @param output instead of that of `end`, where it is not in the machine; not to be kept
   */
  exit(machine: MachineAccess, end: FrameEnd, output?: Uint8Array): void;
  /**
   * Told before the `exit` of a frame, of what ends it.
   *
   * @param code what init code returned and is not stored, or the init code's size in bytes where
   *   that is too large
   */
  reject(cause: FailureCause, code?: Uint8Array | bigint): void;
  /** The frame gives its balance to another account, and ends. */
  selfDestruct(machine: MachineAccess, from: Owner, to: Owner, balance: bigint): void;
}

const NOTHING: Range = { base: 0, length: 0 };

/** Tells of a frame that was entered and fails before it runs anything. */
export function rejectFrame(
  observer: FrameObserver,
  machine: MachineAccess,
  cause: FailureCause,
  gas: bigint,
): void {
  observer.reject(cause);
  observer.exit(machine, { status: 'halt', reason: undefined, gas, output: NOTHING });
}
