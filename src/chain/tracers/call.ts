/**
 * The `callTracer` of go-ethereum: the frames of a transaction as they nest (debug_traceTransaction
 * with `tracer: "callTracer"`). Numbers are hexadecimal text without leading zeros.
 */
import { bytesToHex } from '../../base/bytes.ts';
import type { Hex } from '../types.ts';
import { REVERTED } from './failures.ts';
import type { TracedFrame } from './observer.ts';
import { revertReason } from './revert-reason.ts';
import type { TransactionTrace } from './trace.ts';

export interface CallTracerConfig {
  /** Leaves the frames within the outermost out. */
  readonly onlyTopCall?: boolean;
  /** With the logs of frames that did not fail. */
  readonly withLog?: boolean;
}

export interface CallLog {
  readonly address: Hex;
  readonly topics: readonly Hex[];
  readonly data: Hex;
  /** Place among the logs of the transaction. */
  readonly index: Hex;
  /** How many of the frame's `calls` had begun before the log. */
  readonly position: Hex;
}

export interface CallFrame {
  readonly type: TracedFrame['type'];
  readonly from: Hex;
  /** Missing for a creation that failed. */
  readonly to?: Hex;
  /** Missing for STATICCALL. */
  readonly value?: Hex;
  /** Of the outermost frame the transaction's limit. */
  readonly gas: Hex;
  /** Of the outermost frame what the transaction paid for. */
  readonly gasUsed: Hex;
  readonly input: Hex;
  /** Missing if there is none, and for failures other than a revert. */
  readonly output?: Hex;
  readonly error?: string;
  readonly revertReason?: string;
  readonly calls?: readonly CallFrame[];
  readonly logs?: readonly CallLog[];
}

/** A number as the tracers write it. */
export function quantity(value: bigint | number): Hex {
  return `0x${value.toString(16)}`;
}

/** What `callTracer` says of a transaction. */
export function callTracer(trace: TransactionTrace, config: CallTracerConfig = {}): CallFrame {
  return toCallFrame(trace.frame, config);
}

function toCallFrame(frame: TracedFrame, config: CallTracerConfig): CallFrame {
  const { type, error, output } = frame;
  const isCreation = type === 'CREATE' || type === 'CREATE2';
  const reason = error === REVERTED ? revertReason(output) : undefined;
  const calls = config.onlyTopCall === true ? [] : frame.calls;
  const logs = config.withLog === true ? frame.logs : [];
  return {
    type,
    from: bytesToHex(frame.from),
    ...(isCreation && error !== undefined ? {} : { to: bytesToHex(frame.to) }),
    ...(frame.value === undefined ? {} : { value: quantity(frame.value) }),
    gas: quantity(frame.gas),
    gasUsed: quantity(frame.gasUsed),
    input: bytesToHex(frame.input),
    ...(output.length === 0 ? {} : { output: bytesToHex(output) }),
    ...(error === undefined ? {} : { error }),
    ...(reason === undefined || reason === '' ? {} : { revertReason: reason }),
    ...(calls.length === 0 ? {} : { calls: calls.map((call) => toCallFrame(call, config)) }),
    ...(logs.length === 0 ? {} : { logs: logs.map((log) => toCallLog(log, config)) }),
  };
}

function toCallLog(log: TracedFrame['logs'][number], { onlyTopCall }: CallTracerConfig): CallLog {
  return {
    address: log.address,
    topics: log.topics,
    data: bytesToHex(log.data),
    index: quantity(log.index),
    position: quantity(onlyTopCall === true ? 0 : log.position),
  };
}
