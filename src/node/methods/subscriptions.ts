/** Filters, which are asked, and subscriptions, which tell. */
import { listenTo, type Topic } from '../filters.ts';
import { logQuery, renderLogs } from '../logs.ts';
import { invalidParams, RPC_CODE, RpcError } from '../rpc/errors.ts';
import { type Method, method, param } from '../rpc/method.ts';
import * as t from '../rpc/types.ts';

const id = param('id', t.text);
const SUBSCRIPTION_COUNT_MAX = 1000;

const KINDS = ['newHeads', 'logs', 'newPendingTransactions', 'syncing'] as const;

function topicOf(kind: (typeof KINDS)[number], option: unknown): Topic | undefined {
  if (kind === 'syncing') return undefined;
  if (kind === 'newHeads') return { kind };
  if (kind === 'logs') return { kind, query: logQuery.read(option ?? {}, '') };
  if (option !== undefined && typeof option !== 'boolean') {
    throw invalidParams('invalid argument 1 (option): neither true nor false');
  }
  return { kind, isFull: option === true };
}

export const SUBSCRIPTION_METHODS: readonly Method[] = [
  method(
    'eth_newFilter',
    'A filter for logs.',
    [param('filter', logQuery)],
    t.quantity.schema,
    (node, [query]) => node.filters.add({ kind: 'logs', query }),
  ),
  method(
    'eth_newBlockFilter',
    'A filter for hashes of new blocks.',
    [],
    t.quantity.schema,
    (node) => node.filters.add({ kind: 'blockHashes' }),
  ),
  method(
    'eth_newPendingTransactionFilter',
    'A filter for transactions that come into the pool.',
    [param('isFull', t.optional(t.boolean))],
    t.quantity.schema,
    (node, [isFull]) =>
      node.filters.add({ kind: 'newPendingTransactions', isFull: isFull === true }),
  ),
  method(
    'eth_getFilterChanges',
    'What is new since the last time.',
    [id],
    { type: 'array' },
    (node, [filter]) => node.filters.take(filter),
  ),
  method(
    'eth_getFilterLogs',
    'All logs that a filter takes.',
    [id],
    { type: 'array' },
    (node, [filter]) => renderLogs(node, node.filters.query(filter)),
  ),
  method('eth_uninstallFilter', 'Ends a filter.', [id], t.boolean.schema, (node, [filter]) =>
    node.filters.remove(filter),
  ),
  method(
    'eth_subscribe',
    'Tells of changes as they come; over WebSocket and in process.',
    [param('kind', t.oneOf(...KINDS)), param('option', t.optional(t.json))],
    t.quantity.schema,
    (node, [kind, option], session) => {
      const { notify, subscriptions } = session;
      if (notify === undefined)
        throw new RpcError(RPC_CODE.methodNotFound, 'notifications not supported');
      if (subscriptions.size >= SUBSCRIPTION_COUNT_MAX) {
        throw new RpcError(
          RPC_CODE.limitExceeded,
          `${SUBSCRIPTION_COUNT_MAX} subscriptions at most`,
        );
      }
      const topic = topicOf(kind, option);
      const subscription = node.filters.nextId();
      const tell = (result: unknown) =>
        notify({ jsonrpc: '2.0', method: 'eth_subscription', params: { subscription, result } });
      subscriptions.set(subscription, topic === undefined ? () => {} : listenTo(node, topic, tell));
      return subscription;
    },
  ),
  method(
    'eth_unsubscribe',
    'Ends a subscription.',
    [id],
    t.boolean.schema,
    (_node, [subscription], { subscriptions }) => {
      subscriptions.get(subscription)?.();
      return subscriptions.delete(subscription);
    },
  ),
].flat();
