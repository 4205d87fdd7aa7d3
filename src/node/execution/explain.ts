/** Why a call or a mined transaction failed, for a node that knows the sources of its contracts. */
import type { Node } from '../node.ts';
import { RPC_CODE, RpcError } from '../rpc/errors.ts';
import type { CallRequest } from '../rpc/requests.ts';
import type { StackTrace } from '../stack/entry.ts';
import type { CallContext } from './call.ts';
import { type TraceTask, traceCall, traceMined } from './trace.ts';

/** Errors of runs; others are of the request. */
const CODES: ReadonlySet<number> = new Set([RPC_CODE.reverted, RPC_CODE.server]);

/** Does what a request asks for; the error of a run that failed has its stack trace too. */
export function explained<T>(
  node: Node,
  request: CallRequest,
  context: CallContext,
  run: () => T,
): T {
  const explain = (error: unknown): never => {
    const isRun = error instanceof RpcError && CODES.has(error.code);
    if (!isRun || node.stackTraces === undefined) throw error;
    const trace = traceCall(node, request, context, (task) => explainTask(node, task));
    if (trace === undefined) throw error;
    const text = node.stackTraces.format(trace);
    throw new RpcError(error.code, `${error.message}\n${text}`, error.data);
  };
  try {
    const done = run();
    return done instanceof Promise ? (done.catch(explain) as T) : done;
  } catch (error) {
    return explain(error);
  }
}

function explainTask(node: Node, task: TraceTask): StackTrace | undefined {
  const { stepped, tx, sender, limits } = task;
  return node.stackTraces?.explain(stepped, tx, sender, limits);
}

/** How a mined transaction failed; undefined where it did not, or where no sources are known. */
export function explainMined(node: Node, hash: Uint8Array): StackTrace | undefined {
  if (node.stackTraces === undefined) return undefined;
  return traceMined(node, hash, (task) => explainTask(node, task));
}
