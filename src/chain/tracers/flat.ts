/**
 * The `flatCallTracer` of go-ethereum: the frames of a transaction as one list, in the layout of
 * Parity's `trace_transaction`.
 */
import { bytesToHex } from '../../base/bytes.ts';
import type { Hex } from '../types.ts';
import { quantity } from './call.ts';
import { REVERTED } from './failures.ts';
import type { TracedFrame } from './observer.ts';
import type { TransactionTrace } from './trace.ts';

export interface FlatCallTracerConfig {
  /** Errors in Parity's words. */
  readonly convertParityErrors?: boolean;
  /** With the calls of precompiles, but for the outermost, which is always there. */
  readonly includePrecompiles?: boolean;
}

/** Where the transaction stands; each item repeats it. */
export interface FlatCallContext {
  readonly blockHash?: Hex;
  readonly blockNumber?: bigint;
  readonly transactionHash?: Hex;
  readonly transactionPosition?: number;
}

export type FlatAction =
  | {
      readonly callType: 'call' | 'callcode' | 'delegatecall' | 'staticcall';
      readonly from: Hex;
      readonly to: Hex;
      readonly gas: Hex;
      readonly input: Hex;
      readonly value: Hex;
    }
  | {
      readonly creationMethod: 'create' | 'create2';
      readonly from: Hex;
      readonly gas: Hex;
      readonly init: Hex;
      readonly value: Hex;
    }
  | { readonly address: Hex; readonly balance: Hex; readonly refundAddress: Hex };

export type FlatResult =
  | { readonly gasUsed: Hex; readonly output: Hex }
  | { readonly gasUsed: Hex; readonly address?: Hex; readonly code: Hex };

export interface FlatCall {
  readonly type: 'call' | 'create' | 'suicide';
  readonly action: FlatAction;
  /** Missing for a self-destruction and for failures other than a revert. */
  readonly result?: FlatResult;
  readonly error?: string;
  /** Items directly below. */
  readonly subtraces: number;
  /** Places in the items above, from the outermost on. */
  readonly traceAddress: readonly number[];
  readonly blockHash: Hex | null;
  readonly blockNumber: number;
  readonly transactionHash: Hex | null;
  readonly transactionPosition: number;
}

/** Parity's words for errors. */
const PARITY_ERRORS: ReadonlyMap<string, string> = new Map([
  ['contract creation code storage out of gas', 'Out of gas'],
  ['gas uint64 overflow', 'Out of gas'],
  ['max code size exceeded', 'Out of gas'],
  ['invalid jump destination', 'Bad jump destination'],
  [REVERTED, 'Reverted'],
  ['return data out of bounds', 'Out of bounds'],
  ['stack limit reached 1024 (1023)', 'Out of stack'],
  ['precompile failed', 'Built-in failed'],
  ['invalid input length', 'Built-in failed'],
]);

/** The same for errors that begin so. */
const PARITY_PREFIXES: ReadonlyMap<string, string> = new Map([
  ['out of gas', 'Out of gas'],
  ['invalid opcode', 'Bad instruction'],
  ['stack underflow', 'Stack underflow'],
]);

/** What `flatCallTracer` says of a transaction: frames in the order in which they began. */
export function flatCallTracer(
  trace: TransactionTrace,
  config: FlatCallTracerConfig = {},
  context: FlatCallContext = {},
): FlatCall[] {
  const items: FlatCall[] = [];
  const place = {
    blockHash: context.blockHash ?? null,
    blockNumber: Number(context.blockNumber ?? 0n),
    transactionHash: context.transactionHash ?? null,
    transactionPosition: context.transactionPosition ?? 0,
  };
  const add = (frame: TracedFrame, traceAddress: readonly number[]): void => {
    const calls = frame.calls.filter((call) => config.includePrecompiles === true || isShown(call));
    const error = errorOf(frame, config);
    const result = resultOf(frame);
    items.push({
      ...typeAndAction(frame),
      ...(result === undefined ? {} : { result }),
      ...(error === undefined ? {} : { error }),
      subtraces: calls.length,
      traceAddress,
      ...place,
    });
    for (const [index, call] of calls.entries()) add(call, [...traceAddress, index]);
  };
  add(trace.frame, []);
  return items;
}

/** Parity leaves calls of precompiles out, but for those that run on the caller's account. */
function isShown({ type, isPrecompile }: TracedFrame): boolean {
  return !isPrecompile || (type !== 'CALL' && type !== 'STATICCALL');
}

function typeAndAction(frame: TracedFrame): Pick<FlatCall, 'type' | 'action'> {
  const { type } = frame;
  const from = bytesToHex(frame.from);
  const to = bytesToHex(frame.to);
  const value = quantity(frame.value ?? 0n);
  const gas = quantity(frame.gas);
  const input = bytesToHex(frame.input);
  switch (type) {
    case 'SELFDESTRUCT':
      return { type: 'suicide', action: { address: from, balance: value, refundAddress: to } };
    case 'CREATE':
    case 'CREATE2': {
      const creationMethod = type === 'CREATE' ? 'create' : 'create2';
      return { type: 'create', action: { creationMethod, from, gas, init: input, value } };
    }
    default: {
      const callType = type.toLowerCase() as Lowercase<typeof type>;
      return { type: 'call', action: { callType, from, to, gas, input, value } };
    }
  }
}

function resultOf(frame: TracedFrame): FlatResult | undefined {
  const { type, error } = frame;
  if (type === 'SELFDESTRUCT' || (error !== undefined && error !== REVERTED)) return undefined;
  const gasUsed = quantity(frame.gasUsed);
  const output = bytesToHex(frame.output);
  if (type !== 'CREATE' && type !== 'CREATE2') return { gasUsed, output };
  return error === undefined
    ? { gasUsed, address: bytesToHex(frame.to), code: output }
    : { gasUsed, code: output };
}

function errorOf(
  { error }: TracedFrame,
  { convertParityErrors }: FlatCallTracerConfig,
): string | undefined {
  if (error === undefined || convertParityErrors !== true) return error;
  const known = PARITY_ERRORS.get(error);
  if (known !== undefined) return known;
  for (const [prefix, text] of PARITY_PREFIXES) if (error.startsWith(prefix)) return text;
  return error;
}
