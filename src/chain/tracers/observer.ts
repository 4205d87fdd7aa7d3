/**
 * Records the frames of a transaction as a tree: calls, creations and self-destructions, with their
 * logs in place. The tracers are views of it.
 */

import type { FrameEnd, MachineAccess, Owner } from '../../dmir/host.ts';
import type { InterpreterMachine } from '../../engines/interpreter/trampoline.ts';
import * as L from '../../kernel/layout.ts';
import type { EvmHost } from '../../vms/evm/host/host.ts';
import type {
  FailureCause,
  FrameEntry,
  FrameObserver,
  FrameType,
} from '../../vms/evm/host/observer.ts';
import { decodeLogs, logToText } from '../outcome.ts';
import type { Log } from '../types.ts';
import { causeText, endText } from './failures.ts';

/** A log and where its frame wrote it. */
export interface FrameLog extends Log {
  /** Place among the logs of the transaction. */
  readonly index: number;
  /** Frames within its own that had begun before. */
  readonly position: number;
}

/** A frame that has ended. */
export interface TracedFrame {
  readonly type: FrameType | 'SELFDESTRUCT';
  /** 20 bytes; for SELFDESTRUCT the account whose balance goes. */
  readonly from: Uint8Array;
  /** 20 bytes: whose code ran, what was created, or who got the balance. */
  readonly to: Uint8Array;
  /** Wei; that of the frame above for DELEGATECALL, undefined for STATICCALL. */
  readonly value: bigint | undefined;
  readonly gas: bigint;
  readonly gasUsed: bigint;
  /** Call data or init code. */
  readonly input: Uint8Array;
  /** Output, revert data, or the code of a creation. */
  readonly output: Uint8Array;
  /** Why it failed, in the words of go-ethereum; undefined: it did not. */
  readonly error: string | undefined;
  readonly isPrecompile: boolean;
  readonly calls: readonly TracedFrame[];
  /** None of a frame that failed, or within one. */
  readonly logs: readonly FrameLog[];
}

interface OpenFrame extends TracedFrame {
  gasUsed: bigint;
  output: Uint8Array;
  error: string | undefined;
  readonly calls: OpenFrame[];
  logs: FrameLog[];
}

const NO_BYTES = new Uint8Array(0);

/** The observer of one transaction. */
export class FrameRecorder implements FrameObserver {
  readonly #host: EvmHost;
  readonly #machine: InterpreterMachine;
  readonly #open: OpenFrame[] = [];
  #outermost: OpenFrame | undefined;
  /** End and count of the logs that are recorded. */
  #logTop = L.LOGS_BASE;
  #logCount = 0;
  #rejected: { readonly cause: FailureCause; readonly code: Uint8Array | bigint } | undefined;

  constructor(host: EvmHost, machine: InterpreterMachine) {
    this.#host = host;
    this.#machine = machine;
  }

  /** The outermost frame, once it has ended. */
  get outermost(): TracedFrame | undefined {
    return this.#open.length === 0 ? this.#outermost : undefined;
  }

  /** The frame that was entered last and has not ended yet. */
  get running(): TracedFrame | undefined {
    return this.#open.at(-1);
  }

  enter(machine: MachineAccess, entry: FrameEntry): void {
    const above = this.#open.at(-1);
    const { type, gas, input, isPrecompile } = entry;
    const value = type === 'DELEGATECALL' ? (above?.value ?? 0n) : entry.value;
    this.#push({
      type,
      from: machine.ownerId(entry.from),
      to: machine.ownerId(entry.to),
      value,
      gas,
      gasUsed: 0n,
      input,
      output: NO_BYTES,
      error: undefined,
      isPrecompile,
      calls: [],
      logs: [],
    });
  }

  #push(frame: OpenFrame): void {
    this.#takeLogs();
    const above = this.#open.at(-1);
    if (above === undefined) this.#outermost = frame;
    else above.calls.push(frame);
    this.#open.push(frame);
  }

  reject(cause: FailureCause, code: Uint8Array | bigint = NO_BYTES): void {
    this.#rejected = { cause, code };
  }

  exit(machine: MachineAccess, end: FrameEnd, output?: Uint8Array): void {
    const rejected = this.#rejected;
    this.#rejected = undefined;
    if (end.status === 'success') this.#takeLogs();
    const frame = this.#open.pop();
    if (frame === undefined) throw new Error('BUG: a frame ends that was not entered');
    frame.gasUsed = frame.gas - end.gas;
    if (end.status === 'success') {
      // Before EIP-2 a creation that could not pay for its code succeeded without it.
      const code = rejected?.code;
      frame.output =
        typeof code === 'object' ? code : (output?.slice() ?? machine.bytes(end.output));
      return;
    }
    if (end.status === 'revert') frame.output = machine.bytes(end.output);
    frame.error =
      rejected === undefined
        ? endText(this.#host, this.#machine, end, this.#open.length)
        : causeText(rejected.cause, frame, rejected.code);
    dropLogs(frame);
    this.#logTop = this.#logEnd();
    this.#logCount = this.#word(L.M_LOG_COUNT);
  }

  selfDestruct(machine: MachineAccess, from: Owner, to: Owner, balance: bigint): void {
    this.#push({
      type: 'SELFDESTRUCT',
      from: machine.ownerId(from),
      to: machine.ownerId(to),
      value: balance,
      gas: 0n,
      gasUsed: 0n,
      input: NO_BYTES,
      output: NO_BYTES,
      error: undefined,
      isPrecompile: false,
      calls: [],
      logs: [],
    });
    this.#open.pop();
  }

  #word(field: number): number {
    return this.#machine.kernel.u32[(L.MACHINE_BASE + field) / 4] as number;
  }

  #logEnd(): number {
    return this.#word(L.M_LOG_TOP);
  }

  /** Gives the logs since the last look to the frame that runs. */
  #takeLogs(): void {
    const frame = this.#open.at(-1);
    const end = this.#logEnd();
    if (frame === undefined || end === this.#logTop) return;
    const base = this.#logTop;
    const bytes = this.#machine.bytes({ base, length: end - base });
    const idOf = (owner: Owner) => this.#machine.ownerId(owner);
    const position = frame.calls.length;
    for (const log of decodeLogs(bytes, idOf)) {
      frame.logs.push({ ...logToText(log), index: this.#logCount++, position });
    }
    this.#logTop = end;
  }
}

/** Takes away the logs of a frame and of all within it. */
function dropLogs(frame: OpenFrame): void {
  frame.logs = [];
  for (const call of frame.calls) dropLogs(call);
}
