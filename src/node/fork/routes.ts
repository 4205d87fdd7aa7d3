/**
 * Requests to a fork: which are for the remote node, and which run on the chain that goes on from
 * it. What is of a block up to that of the fork is told by the remote, as it is there; the state
 * after that block and everything later is the chain's own.
 */
import { minOf } from '../../base/u256.ts';
import { type LogQuery, queryLogs, queryToJson, rangeOf } from '../logs.ts';
import type { Node } from '../node.ts';
import { serverError } from '../rpc/errors.ts';
import type { Method, Session } from '../rpc/method.ts';
import { type BlockId, toQuantity } from '../rpc/types.ts';
import type { Fork } from './fork.ts';

export interface ForkedRequest {
  readonly method: Method;
  /** As they were read, and as they came. */
  readonly args: readonly unknown[];
  readonly params: readonly unknown[];
  readonly session: Session;
}

/** What is asked for: by it the remote is asked, or nobody. */
type Subject =
  | 'blocks'
  | 'state'
  | 'bundles'
  | 'proof'
  | 'block'
  | 'transaction'
  | 'logs'
  | 'filter';

/**
 * Methods that the remote may answer: `blocks` by number up to the fork's, `state` by number below
 * it, `bundles` too by the number in their context, `proof` up to it and nowhere else, `block` and
 * `transaction` by a hash that is not ours.
 */
const SUBJECTS: readonly (readonly [subject: Subject, methods: string])[] = [
  [
    'blocks',
    `eth_getBlockByNumber eth_getHeaderByNumber erigon_getHeaderByNumber
    eth_getBlockTransactionCountByNumber eth_getUncleCountByBlockNumber
    eth_getUncleByBlockNumberAndIndex eth_getTransactionByBlockNumberAndIndex
    eth_getRawTransactionByBlockNumberAndIndex eth_getBlockReceipts debug_getRawBlock
    debug_getRawHeader debug_getRawReceipts debug_traceBlockByNumber trace_block
    trace_replayBlockTransactions ots_getBlockDetails ots_getBlockTransactions eth_feeHistory`,
  ],
  [
    'state',
    `eth_getBalance eth_getTransactionCount eth_getCode eth_getStorageAt eth_getStorageValues
    eth_getAccountInfo eth_call eth_estimateGas eth_createAccessList eth_simulateV1 debug_traceCall
    trace_call trace_callMany ots_hasCode`,
  ],
  ['bundles', 'eth_callMany debug_traceCallMany'],
  ['proof', 'eth_getProof eth_getAccount debug_executionWitness'],
  [
    'block',
    `eth_getBlockByHash eth_getHeaderByHash eth_getBlockTransactionCountByHash
    eth_getUncleCountByBlockHash eth_getUncleByBlockHashAndIndex
    eth_getTransactionByBlockHashAndIndex eth_getRawTransactionByBlockHashAndIndex
    debug_traceBlockByHash
    debug_executionWitnessByHash ots_getBlockDetailsByHash`,
  ],
  [
    'transaction',
    `eth_getTransactionByHash eth_getRawTransactionByHash eth_getTransactionReceipt
    debug_getRawTransaction debug_traceTransaction trace_transaction trace_replayTransaction
    trace_get ots_getTransactionError ots_getInternalOperations ots_traceTransaction`,
  ],
  ['logs', 'eth_getLogs'],
  ['filter', 'eth_getFilterLogs'],
];

export const SUBJECT_OF: ReadonlyMap<string, Subject> = new Map(
  SUBJECTS.flatMap(([subject, methods]) =>
    methods.split(/\s+/).map((name) => [name, subject] as const),
  ),
);

/** Runs a method on a fork. */
export async function runForked(node: Node, request: ForkedRequest): Promise<unknown> {
  const { fork } = node;
  const { method, args, session } = request;
  const subject = SUBJECT_OF.get(method.name);
  if (fork !== undefined && subject !== undefined) {
    if (subject === 'logs') return forkedLogs(node, fork, args[0] as LogQuery);
    if (subject === 'filter') return forkedLogs(node, fork, node.filters.query(String(args[0])));
    if (isOfRemote(node, fork, subject, request)) return askRemote(fork, subject, request);
  }
  return node.attempt(() => method.run(node, args, session));
}

function isOfRemote(node: Node, fork: Fork, subject: Subject, request: ForkedRequest): boolean {
  const { method, args } = request;
  if (subject === 'transaction') {
    const hash = args[0] as Uint8Array;
    return node.findMined(hash) === undefined && node.dev.pool.get(hash) === undefined;
  }
  const at = method.params.findIndex(
    ({ name }) => name === (subject === 'block' ? 'hash' : 'block'),
  );
  const id = subject === 'bundles' ? contextBlock(args) : (args[at] as BlockId | Uint8Array);
  const isOwnFirst = subject === 'state' || subject === 'bundles';
  if (id instanceof Uint8Array || (typeof id === 'object' && 'hash' in id)) {
    const entry = node.chain.entry(id instanceof Uint8Array ? id : id.hash);
    if (entry === undefined) return true;
    return entry === node.chain.genesis && !isOwnFirst;
  }
  const number = id === 'earliest' ? 0n : node.numberOf(id);
  if (number < fork.number || (number === fork.number && !isOwnFirst)) return true;
  if (subject !== 'proof') return false;
  throw serverError(
    `${method.name} after block ${fork.number}: a fork holds a part of the state alone, of which ` +
      'nothing can be proven',
  );
}

/** The block that bundles of calls run on. */
function contextBlock([, context]: readonly unknown[]): BlockId {
  return (context as { readonly blockNumber?: BlockId } | undefined)?.blockNumber ?? 'latest';
}

async function askRemote(
  fork: Fork,
  subject: Subject,
  { method, args, params }: ForkedRequest,
): Promise<unknown> {
  const at = method.params.findIndex(({ name }) => name === 'block');
  // Tags mean another block there.
  const own = params.map((each, index) =>
    index === at && typeof args[index] === 'string' && args[index] !== 'earliest'
      ? toQuantity(fork.number)
      : each,
  );
  if (own.length <= at && subject === 'proof') own.push(toQuantity(fork.number));
  const answer = await fork.client.forward({ method: method.name, params: own });
  return isLater(fork, answer) ? null : answer;
}

/** Whether an answer is of a block that the remote made after the fork. */
function isLater(fork: Fork, answer: unknown): boolean {
  if (typeof answer !== 'object' || answer === null) return false;
  const { blockNumber, number } = answer as Readonly<Record<string, unknown>>;
  const at = blockNumber === undefined ? number : blockNumber;
  if (at === null) return true;
  return typeof at === 'string' && /^0x[0-9a-fA-F]+$/.test(at) && BigInt(at) > fork.number;
}

/** Logs of both chains. */
async function forkedLogs(node: Node, fork: Fork, query: LogQuery): Promise<unknown> {
  const remote = (params: object) =>
    fork.client.forward({ method: 'eth_getLogs', params: [params] });
  const { blockHash } = query;
  if (blockHash !== undefined) {
    const entry = node.chain.entry(blockHash);
    const isOurs = entry !== undefined && entry !== node.chain.genesis;
    return isOurs ? queryLogs(node, query) : remote(queryToJson(query));
  }
  const { first, last } = rangeOf(node, query);
  if (first > fork.number) return queryLogs(node, query);
  const end = minOf(last, fork.number);
  const older = await remote({
    ...queryToJson(query),
    fromBlock: toQuantity(first),
    toBlock: toQuantity(end),
  });
  if (last <= fork.number) return older;
  const newer = queryLogs(node, { ...query, fromBlock: fork.number + 1n, toBlock: last });
  return [...(older as unknown[]), ...newer];
}
