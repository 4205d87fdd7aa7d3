/**
 * Watches a transaction that runs again, instruction by instruction, and keeps of each open frame
 * where it stands and through which inner calls it got there: what a stack trace is made of.
 */

import { equalBytes } from '../../base/bytes.ts';
import type { Executor } from '../../chain/executor.ts';
import { endText } from '../../chain/tracers/failures.ts';
import type { StepWatcher, StepWorld } from '../../chain/tracers/steps.ts';
import type { Transaction } from '../../chain/transactions/types.ts';
import type { TraceStep } from '../../chain/types.ts';
import type { BlockLimits } from '../../chain/world.ts';
import type { FrameEnd, MachineAccess, Owner } from '../../dmir/host.ts';
import type { DebugCode, DebugInfo } from '../../languages/debug/info.ts';
import { bigintToAddress } from '../../vms/evm/host/accounts.ts';
import type {
  FailureCause,
  FrameEntry,
  FrameObserver,
  FrameType,
} from '../../vms/evm/host/observer.ts';
import { OP } from '../../vms/evm/opcodes.ts';

/** A frame that failed. */
export interface FailedFrame {
  readonly type: FrameType;
  /** 20 bytes: whose code ran, or what was to be created. */
  readonly to: Uint8Array;
  readonly value: bigint | undefined;
  readonly input: Uint8Array;
  readonly isPrecompile: boolean;
  /** Undefined for code of no known contract. */
  readonly code: DebugCode | undefined;
  /** Where inner functions were called, the outermost first, and where it failed. */
  readonly callSites: readonly number[];
  readonly pc: number;
  /** Where the latest jump came from, or the inner call that ended: for code that was joined. */
  readonly origin: number | undefined;
  /** The latest instruction of a source, which the failing one may not be. */
  readonly placed: number | undefined;
  readonly status: FrameEnd['status'];
  readonly output: Uint8Array;
  /** In the words of go-ethereum, of a frame that did not revert. */
  readonly halt: string | undefined;
  /** The frame whose failure this one passed on. */
  readonly inner: FailedFrame | undefined;
  /** The last account without code that was called or looked at, 20 bytes, and where. */
  readonly codeless: { readonly address: Uint8Array; readonly pc: number } | undefined;
  /** Where the latest call, which succeeded, returned less than a word. */
  readonly shortReturn: number | undefined;
}

interface OpenFrame {
  readonly entry: FrameEntry;
  readonly to: Uint8Array;
  isRunning: boolean;
  code: DebugCode | undefined;
  readonly callSites: number[];
  pc: number;
  /** The latest instruction of a source. */
  placed: number | undefined;
  steps: number;
  rejected: FailureCause | undefined;
  /** The latest call, if it failed. */
  failure: { readonly frame: FailedFrame; readonly step: number } | undefined;
  /** The latest call, if it succeeded. */
  returned: { readonly length: number; readonly pc: number } | undefined;
  sizeOf: Uint8Array | undefined;
  codeless: FailedFrame['codeless'];
  origin: { readonly pc: number; readonly step: number } | undefined;
}

/** A failure is passed on, and joined code reached, within so many instructions. */
const SOON = 40;
const WORD = 32;
const EXTCODESIZE = 0x3b;

export class StackRecorder implements FrameObserver, StepWatcher {
  readonly #info: DebugInfo;
  readonly #executor: Executor;
  readonly #open: OpenFrame[] = [];
  /** The outermost frame, where it failed. */
  failure: FailedFrame | undefined;

  constructor(info: DebugInfo, executor: Executor) {
    this.#info = info;
    this.#executor = executor;
  }

  enter(machine: MachineAccess, entry: FrameEntry): void {
    this.#open.push({
      entry,
      to: machine.ownerId(entry.to),
      isRunning: false,
      code: undefined,
      callSites: [],
      pc: 0,
      placed: undefined,
      steps: 0,
      rejected: undefined,
      failure: undefined,
      returned: undefined,
      sizeOf: undefined,
      codeless: undefined,
      origin: undefined,
    });
  }

  before({ pc, op, stack }: TraceStep): void {
    const frame = this.#open.at(-1);
    if (frame === undefined) return;
    if (!frame.isRunning) this.#begin(frame);
    frame.steps++;
    if (frame.sizeOf !== undefined && stack.at(-1) === 0n) {
      frame.codeless = { address: frame.sizeOf, pc: frame.pc };
    }
    frame.pc = pc;
    if (frame.code?.at(pc) !== undefined) frame.placed = pc;
    frame.sizeOf = op === EXTCODESIZE ? bigintToAddress(stack.at(-1) ?? 0n) : undefined;
    if (op === OP.JUMP || op === OP.JUMPI) this.#jump(frame, op, pc);
  }

  #jump(frame: OpenFrame, op: number, pc: number): void {
    const jump = op === OP.JUMP ? frame.code?.jumpAt(pc) : '-';
    const from = jump === 'o' ? frame.callSites.pop() : frame.placed;
    if (jump === 'i') frame.callSites.push(pc);
    else if (from !== undefined) frame.origin = { pc: from, step: frame.steps };
  }

  #begin(frame: OpenFrame): void {
    frame.isRunning = true;
    const code = this.#executor.machine.code;
    const isCreation = frame.entry.type.startsWith('CREATE');
    frame.code = isCreation ? this.#info.findInit(code) : this.#info.findRuntime(code);
  }

  reject(cause: FailureCause): void {
    const frame = this.#open.at(-1);
    if (frame !== undefined) frame.rejected = cause;
  }

  exit(machine: MachineAccess, end: FrameEnd, output?: Uint8Array): void {
    const frame = this.#open.pop();
    if (frame === undefined) return;
    const above = this.#open.at(-1);
    const bytes = output?.slice() ?? machine.bytes(end.output);
    if (end.status === 'success') {
      if (above !== undefined) {
        above.failure = undefined;
        above.returned = { length: bytes.length, pc: above.pc };
        const isCodeless = !frame.isRunning && !frame.entry.isPrecompile;
        if (isCodeless) above.codeless = { address: frame.to, pc: above.pc };
      }
      return;
    }
    const failure = this.#failureOf(frame, end, end.status === 'revert' ? bytes : NO_BYTES);
    if (above === undefined) this.failure = failure;
    else above.failure = { frame: failure, step: above.steps };
  }

  #failureOf(frame: OpenFrame, end: FrameEnd, output: Uint8Array): FailedFrame {
    const { entry, code, callSites, pc, steps, failure, codeless, returned, origin } = frame;
    const { host, machine } = this.#executor;
    const isSoon = (at: { readonly step: number } | undefined) =>
      at !== undefined && steps - at.step <= SOON;
    const isPassedOn =
      end.status === 'revert' &&
      isSoon(failure) &&
      equalBytes(failure?.frame.output ?? NO_BYTES, output);
    return {
      type: entry.type,
      to: frame.to,
      value: entry.value,
      input: entry.input,
      isPrecompile: entry.isPrecompile,
      code,
      callSites: [...callSites],
      pc,
      origin: isSoon(origin) ? origin?.pc : undefined,
      placed: frame.placed,
      status: end.status,
      output,
      halt:
        end.status === 'revert'
          ? undefined
          : (frame.rejected?.replaceAll('-', ' ') ??
            endText(host, machine, end, this.#open.length)),
      inner: isPassedOn ? failure?.frame : undefined,
      codeless,
      shortReturn: returned !== undefined && returned.length < WORD ? returned.pc : undefined,
    };
  }

  selfDestruct(_machine: MachineAccess, _from: Owner, _to: Owner, _balance: bigint): void {}
}

const NO_BYTES = new Uint8Array(0);

/** Runs a transaction and tells how it failed; undefined where it did not. */
export function recordFailure(
  stepped: StepWorld,
  tx: Transaction,
  sender: Uint8Array,
  limits: BlockLimits,
  info: DebugInfo,
): FailedFrame | undefined {
  const { executor } = stepped.world;
  const recorder = new StackRecorder(info, executor);
  const { host } = executor;
  host.observer = recorder;
  try {
    stepped.apply(tx, sender, limits, recorder);
    return recorder.failure;
  } finally {
    host.observer = undefined;
  }
}
