/**
 * Errors of JSON-RPC: codes of the protocol (JSON-RPC 2.0, section 5.1) and those that go-ethereum
 * answers with.
 */
import { bytesToHex } from '../../base/bytes.ts';
import { isErrorNamed } from '../../base/errors.ts';
import { revertReason } from '../../chain/tracers/revert-reason.ts';
import type { ExecutedTransaction } from '../../chain/world.ts';

export const RPC_CODE = {
  parse: -32700,
  invalidRequest: -32600,
  methodNotFound: -32601,
  invalidParams: -32602,
  internal: -32603,
  /** The request was right and cannot be met. */
  server: -32000,
  /** A transaction that was not taken (EIP-1474). */
  transactionRejected: -32003,
  methodNotSupported: -32004,
  limitExceeded: -32005,
  /** A call that reverted; `data` is what it returned. */
  reverted: 3,
  /** The user may not do that (EIP-1193). */
  unauthorized: 4100,
} as const;

/** What a method answers in place of a result. */
export class RpcError extends Error {
  readonly code: number;
  readonly data: unknown;

  constructor(code: number, message: string, data?: unknown, options?: ErrorOptions) {
    super(message, options);
    this.name = 'RpcError';
    this.code = code;
    this.data = data;
  }

  static override [Symbol.hasInstance](value: unknown): value is RpcError {
    return isErrorNamed(value, 'RpcError');
  }
}

export function invalidParams(message: string): RpcError {
  return new RpcError(RPC_CODE.invalidParams, message);
}

/** A request that was right and cannot be met. */
export function serverError(message: string): RpcError {
  return new RpcError(RPC_CODE.server, message);
}

/** What is wrong with a value of the parameters; the dispatcher adds which one it is. */
export class ParamError extends Error {
  /** Names of fields and places of items that lead from the parameter to the value. */
  readonly path: string;
  /** The text is complete without a name: it is that of go-ethereum. */
  readonly isWhole: boolean;

  constructor(path: string, message: string, isWhole = false) {
    super(message);
    this.name = 'ParamError';
    this.path = path;
    this.isWhole = isWhole;
  }

  static override [Symbol.hasInstance](value: unknown): value is ParamError {
    return isErrorNamed(value, 'ParamError');
  }
}

/** What go-ethereum says of a run that did not succeed. */
export function revertError(output: Uint8Array): RpcError {
  const reason = revertReason(output);
  const message = reason === undefined ? 'execution reverted' : `execution reverted: ${reason}`;
  return new RpcError(RPC_CODE.reverted, message, bytesToHex(output));
}

/** @param halt - What to say of a run that halted. */
export function executionError(
  { status, output }: Pick<ExecutedTransaction, 'status' | 'output'>,
  halt: string,
): RpcError {
  return status === 'revert' ? revertError(output) : serverError(halt);
}
