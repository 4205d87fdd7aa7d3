/**
 * Traces: transactions that run again, watched by one of the tracers of go-ethereum. Nothing is
 * recorded while blocks are made.
 */
import { bytesToHex } from '../../base/bytes.ts';
import type { ChainEntry } from '../../chain/blocks/chain.ts';
import { BlockExecution } from '../../chain/blocks/execution.ts';
import { type CallTracerConfig, callTracer } from '../../chain/tracers/call.ts';
import { type Erc7562Config, traceErc7562 } from '../../chain/tracers/erc7562.ts';
import { type FlatCallContext, flatCallTracer } from '../../chain/tracers/flat.ts';
import type { TracedFrame } from '../../chain/tracers/observer.ts';
import { type PrestateConfig, tracePrestate } from '../../chain/tracers/prestate.ts';
import type { StepWorld } from '../../chain/tracers/steps.ts';
import { traceTransaction } from '../../chain/tracers/trace.ts';
import type { Rejection } from '../../chain/transactions/rejections.ts';
import type { Transaction } from '../../chain/transactions/types.ts';
import type { BlockLimits } from '../../chain/world.ts';
import { callRejection } from '../format/rejection.ts';
import type { Node } from '../node.ts';
import { invalidParams, serverError } from '../rpc/errors.ts';
import type { Method } from '../rpc/method.ts';
import { Rendered } from '../rpc/rendered.ts';
import { type BlockOverride, type Bundle, type CallRequest, NOBODY } from '../rpc/requests.ts';
import { boolean, json, number, type ObjectOf, object, optional, text } from '../rpc/types.ts';
import { blockEnv, type CallContext, callEnv, callLimits, toMessage } from './call.ts';
import { traceStructLogs } from './struct-logs.ts';

export const TRACE_FIELDS = {
  tracer: optional(text),
  tracerConfig: optional(json),
  timeout: optional(text),
  reexec: optional(number),
  disableStack: optional(boolean),
  disableStorage: optional(boolean),
  disableMemory: optional(boolean),
  enableMemory: optional(boolean),
  enableReturnData: optional(boolean),
  limit: optional(number),
} as const;

export const traceOptions = object(TRACE_FIELDS);
export type TraceOptions = ObjectOf<typeof TRACE_FIELDS> & { readonly scripts?: Scripts };

/** A transaction that is to be traced, in a world that is ready for it. */
export interface TraceTask {
  readonly stepped: StepWorld;
  readonly tx: Transaction;
  readonly sender: Uint8Array;
  readonly limits: BlockLimits;
  readonly place: FlatCallContext;
}

/** Runs the transaction for a tracer that is a script. */
export type Scripts = (task: TraceTask, code: string, config: unknown) => unknown;

/** Runs the transaction, whose changes stay, and tells what it saw. */
type Tracer = (task: TraceTask, config: unknown, scripts: Scripts | undefined) => unknown;

const TRACERS: Readonly<Record<string, Tracer>> = {
  callTracer: (task, config) => callTracer(traceFrames(task), config as CallTracerConfig),
  flatCallTracer: (task, config) => flatCallTracer(traceFrames(task), config as object, task.place),
  prestateTracer: (task, config) => traceState(task, config as PrestateConfig),
  '4byteTracer': (task) => countSelectors(traceFrames(task).frame),
  erc7562Tracer: (task, config) => {
    const { stepped, tx, sender, limits } = task;
    const { result, trace } = traceErc7562(stepped, tx, sender, limits, config as Erc7562Config);
    return result.kind === 'rejected' ? fail(task, result.rejection) : trace;
  },
  noopTracer: (task) => {
    traceFrames(task);
    return {};
  },
  muxTracer: (task, config, scripts) => traceAll(task, config, scripts),
};

export function fail({ tx, sender }: TraceTask, rejection: Rejection): never {
  throw callRejection(rejection, sender, tx.gasLimit);
}

/** The frames of a transaction, for what is made of them. */
export function traceFrames(task: TraceTask) {
  const { stepped, tx, sender, limits } = task;
  const trace = traceTransaction(stepped.world, tx, sender, limits);
  return trace.kind === 'rejected' ? fail(task, trace.rejection) : trace;
}

export function traceState(task: TraceTask, config: PrestateConfig) {
  const { stepped, tx, sender, limits } = task;
  if (config.diffMode && config.includeEmpty) {
    throw invalidParams('cannot use diffMode with includeEmpty');
  }
  const { result, trace } = tracePrestate(stepped, tx, sender, limits, config);
  return result.kind === 'rejected' ? fail(task, result.rejection) : trace;
}

const SELECTOR_BYTES = 4;

/** How often each selector was called with how many bytes after it. */
function countSelectors(outermost: TracedFrame): Record<string, number> {
  const counts = new Map<string, number>();
  const visit = (frame: TracedFrame): void => {
    const isCall = !frame.type.startsWith('CREATE') && frame.type !== 'SELFDESTRUCT';
    if (isCall && !frame.isPrecompile && frame.input.length >= SELECTOR_BYTES) {
      const selector = bytesToHex(frame.input.subarray(0, SELECTOR_BYTES));
      const key = `${selector}-${frame.input.length - SELECTOR_BYTES}`;
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    for (const call of frame.calls) visit(call);
  };
  visit(outermost);
  return Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Several tracers: the transaction runs once for each, and only the last run stays. */
function traceAll(
  task: TraceTask,
  config: unknown,
  scripts: Scripts | undefined,
): Record<string, unknown> {
  if (typeof config !== 'object' || config === null) {
    throw invalidParams('the muxTracer needs an object of tracers and their configurations');
  }
  const { world } = task.stepped;
  const results: Record<string, unknown> = {};
  const entries = Object.entries(config);
  for (const [index, [name, own]] of entries.entries()) {
    results[name] = tracerOf(name)(task, own ?? {}, scripts);
    if (index < entries.length - 1) world.executor.undo();
  }
  if (entries.length === 0) traceFrames(task);
  return results;
}

function tracerOf(name: string): Tracer {
  const tracer = Object.hasOwn(TRACERS, name) ? TRACERS[name] : undefined;
  if (tracer !== undefined) return tracer;
  if (isScript(name)) {
    return (task, config, scripts) => (scripts as Scripts)(task, name, config);
  }
  const known = Object.keys(TRACERS).join(', ');
  throw serverError(`there is no tracer ${JSON.stringify(name.slice(0, 80))}; there are ${known}`);
}

/** Whether the name of a tracer is a script. */
function isScript(name: string): boolean {
  return name.includes('{');
}

function hasScript(name: string, config: unknown): boolean {
  if (isScript(name)) return true;
  if (name !== 'muxTracer' || typeof config !== 'object' || config === null) return false;
  return Object.entries(config).some(([each, own]) => hasScript(each, own));
}

/** A row with options of a trace, whose scripts have a sandbox before it runs. */
export function withScripts(row: Method): Method {
  const at = row.params.findIndex(({ name }) => name === 'options');
  if (at < 0) return row;
  const prepare: Method['prepare'] = async (node, args) => {
    const options = args[at] as TraceOptions | undefined;
    if (options?.tracer === undefined) return args;
    if (!hasScript(options.tracer, options.tracerConfig)) return args;
    const { openScripts } = await import('./script-tracer.ts');
    return args.with(at, { ...options, scripts: await openScripts(node) });
  };
  return { ...row, prepare };
}

/** Traces by the options of a request; without a tracer by the struct logger. */
export function runTrace(task: TraceTask, options: TraceOptions): unknown {
  const trace = renderTrace(task, options);
  return trace instanceof Rendered ? trace.toValue() : trace;
}

/** The same for who may want JSON of a long trace. */
export function renderTrace(task: TraceTask, options: TraceOptions): unknown {
  if (options.tracer !== undefined) {
    return tracerOf(options.tracer)(task, options.tracerConfig ?? {}, options.scripts);
  }
  const { stepped, tx, sender, limits } = task;
  const trace = traceStructLogs(stepped, tx, sender, limits, options);
  if (trace === undefined) throw serverError('the transaction cannot be run again');
  return trace.trace;
}

// ---- what is traced

/** Runs the transactions of a block again, up to one of them or all. */
export function traceBlock<T>(
  node: Node,
  entry: ChainEntry,
  trace: (task: TraceTask) => T,
  only?: number,
): T[] {
  const { parent, block } = entry;
  if (parent === undefined) throw serverError('genesis is not traceable');
  const rules = node.rulesOf(entry);
  return node.withSteps(parent, rules, (stepped) => {
    const context = node.chain.contextAfter(parent, rules);
    const execution = new BlockExecution(stepped.world, block.header, context);
    execution.start();
    const results: T[] = [];
    for (const [index, { transaction: tx }] of block.transactions.entries()) {
      const sender = entry.senders[index] as Uint8Array;
      const limits = callLimits(tx, rules);
      if (only !== undefined && index < only) {
        execution.run(tx, sender, limits);
        continue;
      }
      results.push(trace({ stepped, tx, sender, limits, place: placeOf(entry, index) }));
      if (index === only) break;
    }
    return results;
  });
}

function placeOf(entry: ChainEntry, index: number): FlatCallContext {
  return {
    blockHash: bytesToHex(entry.hash),
    blockNumber: entry.block.header.number,
    transactionHash: bytesToHex(entry.hashes[index] as Uint8Array),
    transactionPosition: index,
  };
}

/** Traces a mined transaction. */
export function traceMined<T>(node: Node, hash: Uint8Array, trace: (task: TraceTask) => T): T {
  const { entry, index } = node.requireMined(hash);
  const [result] = traceBlock(node, entry, trace, index);
  return result as T;
}

/** Traces a call, which leaves nothing. */
export function traceCall<T>(
  node: Node,
  request: CallRequest,
  { block, ...context }: CallContext,
  trace: (task: TraceTask) => T,
): T {
  const [result] = traceCalls(node, [{ request, block, trace }], context);
  return result as T;
}

/** A call to be traced, and what its block has other than that of the context. */
export interface TracedCall<T> {
  readonly request: CallRequest;
  readonly block?: BlockOverride | undefined;
  readonly trace: (task: TraceTask) => T;
}

/** Traces calls one after the other, each on the state that those before it left. */
export function traceCalls<T>(
  node: Node,
  calls: readonly TracedCall<T>[],
  { entry, state }: Pick<CallContext, 'entry' | 'state'>,
): T[] {
  const rules = node.rulesOf(entry);
  const run = (stepped: StepWorld): T[] =>
    calls.map(({ request, block, trace }) => {
      const env = blockEnv(node, entry, block);
      const place = { blockNumber: env.number, transactionPosition: 0 };
      const sender = request.from ?? NOBODY;
      const { tx } = toMessage(node, request, stepped.world.getNonce(sender));
      stepped.world.setBlock(callEnv(env, tx));
      return trace({ stepped, tx, sender, limits: callLimits(tx, rules), place });
    });
  return node.withSteps(entry, rules, run, state);
}

/** Traces bundles of calls, all of them one after the other. */
export function traceBundles<T>(
  node: Node,
  bundles: readonly Bundle[],
  context: Pick<CallContext, 'entry' | 'state'>,
  trace: (task: TraceTask) => T,
): T[][] {
  const calls = bundles.flatMap(({ transactions, blockOverride: block }) =>
    transactions.map((request) => ({ request, block, trace })),
  );
  const results = traceCalls(node, calls, context);
  return bundles.map(({ transactions }) => results.splice(0, transactions.length));
}
