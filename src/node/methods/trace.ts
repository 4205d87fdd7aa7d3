/** `trace_*` in Parity's layout, and `ots_*` for Otterscan. */
import { bytesToHex } from '../../base/bytes.ts';
import type { ChainEntry } from '../../chain/blocks/chain.ts';
import type { FlatCall } from '../../chain/tracers/flat.ts';
import { flatTrace, type ReplayPart, replay } from '../execution/parity.ts';
import { traceBlock, traceCall, traceCalls, traceMined } from '../execution/trace.ts';
import type { Node } from '../node.ts';
import { RPC_CODE, RpcError } from '../rpc/errors.ts';
import { type Method, method, param } from '../rpc/method.ts';
import { callRequest } from '../rpc/requests.ts';
import * as t from '../rpc/types.ts';
import { readRaw } from '../sending.ts';

const hash = param('hash', t.hash);
const block = param('block', t.blockNumber);
const parts = param('parts', t.array(t.oneOf('trace', 'stateDiff', 'vmTrace'), 3));
const LIST = { type: ['array', 'null'] } as const;
const OBJECT = { type: ['object', 'null'] } as const;
const TRACED_BLOCKS_MAX = 10_000n;

function traceEntry(node: Node, entry: ChainEntry): FlatCall[] {
  if (entry.parent === undefined || entry.hashes.length === 0) return [];
  return traceBlock(node, entry, flatTrace).flat();
}

// ---- filters of traces

const traceFilter = t.object({
  fromBlock: t.optional(t.blockNumber),
  toBlock: t.optional(t.blockNumber),
  fromAddress: t.optional(t.array(t.address, 1000)),
  toAddress: t.optional(t.array(t.address, 1000)),
  after: t.optional(t.number),
  count: t.optional(t.number),
});
type TraceFilter = t.TypeOf<typeof traceFilter>;

function filterTraces(node: Node, filter: TraceFilter): FlatCall[] {
  const first = node.numberOf(filter.fromBlock ?? 'earliest');
  const last = node.numberOf(filter.toBlock ?? 'latest');
  if (last - first >= TRACED_BLOCKS_MAX) {
    throw new RpcError(RPC_CODE.limitExceeded, `${TRACED_BLOCKS_MAX} blocks at most`);
  }
  const senders = (filter.fromAddress ?? []).map(bytesToHex);
  const receivers = (filter.toAddress ?? []).map(bytesToHex);
  const has = (list: readonly string[], value: unknown) =>
    list.length === 0 || list.includes(String(value));
  const found = [...node.chain.between(first, last)].flatMap((entry) =>
    traceEntry(node, entry).filter(({ action, result }) => {
      const { from, to, address: self, refundAddress } = action as Record<string, unknown>;
      const created = (result as { readonly address?: string } | undefined)?.address;
      return has(senders, from ?? self) && has(receivers, to ?? created ?? refundAddress);
    }),
  );
  const after = Number(filter.after ?? 0n);
  const count = Number(filter.count ?? BigInt(found.length));
  return found.slice(after, after + count);
}

export const TRACE_METHODS: readonly Method[] = [
  method(
    'trace_transaction',
    'The frames of a mined transaction as one list.',
    [hash],
    LIST,
    (node, [id]) => (node.findMined(id) === undefined ? null : traceMined(node, id, flatTrace)),
  ),
  method(
    'trace_block',
    'The frames of all transactions of a block.',
    [block],
    LIST,
    (node, [id]) => {
      const entry = node.find(id);
      return entry === undefined ? null : traceEntry(node, entry);
    },
  ),
  method(
    'trace_get',
    'One frame of a mined transaction.',
    [hash, param('path', t.array(t.number, 1024))],
    OBJECT,
    (node, [id, path]) => {
      if (node.findMined(id) === undefined) return null;
      const wanted = path.map(Number).join();
      const items = traceMined(node, id, flatTrace);
      return items.find(({ traceAddress }) => traceAddress.join() === wanted) ?? null;
    },
  ),
  method(
    'trace_filter',
    'Frames of a range of blocks by sender and receiver.',
    [param('filter', traceFilter)],
    LIST,
    (node, [filter]) => filterTraces(node, filter),
  ),
  method(
    'trace_call',
    'What a call does: its frames, its changes of the state.',
    [param('call', callRequest), parts, param('block', t.latestBlock)],
    OBJECT,
    (node, [request, wanted, id]) =>
      traceCall(node, request, { entry: node.require(id) }, (task) =>
        replay(task, wanted as ReplayPart[]),
      ),
  ),
  method(
    'trace_callMany',
    'What calls that follow each other do: frames, changes of the state.',
    [param('calls', t.array(PAIR(), 1000)), param('block', t.latestBlock)],
    LIST,
    (node, [calls, id]) => {
      const tasks = calls.map(({ request, wanted }) => ({
        request,
        trace: (task: Parameters<typeof replay>[0]) => replay(task, wanted),
      }));
      return traceCalls(node, tasks, { entry: node.require(id) });
    },
  ),
  method(
    'trace_rawTransaction',
    'What a signed transaction would do now.',
    [param('raw', t.data), parts],
    OBJECT,
    (node, [raw, wanted]) => {
      const { transaction: tx, sender } = readRaw(node, raw);
      const request = {
        from: sender,
        gas: tx.gasLimit,
        value: tx.value,
        data: tx.data,
        ...(tx.to === undefined ? {} : { to: tx.to }),
      };
      const context = { entry: node.head };
      return traceCall(node, request, context, (task) => replay(task, wanted as ReplayPart[]));
    },
  ),
  method(
    'trace_replayTransaction',
    'Runs a mined transaction again.',
    [hash, parts],
    OBJECT,
    (node, [id, wanted]) =>
      node.findMined(id) === undefined
        ? null
        : traceMined(node, id, (task) => replay(task, wanted as ReplayPart[])),
  ),
  method(
    'trace_replayBlockTransactions',
    'Runs all transactions of a block again.',
    [block, parts],
    LIST,
    (node, [id, wanted]) => {
      const entry = node.find(id);
      if (entry === undefined) return null;
      if (entry.parent === undefined) return [];
      const results = traceBlock(node, entry, (task) => replay(task, wanted as ReplayPart[]));
      return results.map((result, index) => ({
        ...result,
        transactionHash: bytesToHex(entry.hashes[index] as Uint8Array),
      }));
    },
  ),
].flat();

function PAIR(): t.Type<{
  readonly request: t.TypeOf<typeof callRequest>;
  readonly wanted: ReplayPart[];
}> {
  const list = t.array(t.json, 2);
  return {
    schema: { type: 'array', prefixItems: [callRequest.schema, parts.type.schema] },
    read(value, path) {
      const [request, wanted] = list.read(value, path);
      return {
        request: callRequest.read(request, `${path}[0]`),
        wanted: parts.type.read(wanted, `${path}[1]`) as ReplayPart[],
      };
    },
  };
}
