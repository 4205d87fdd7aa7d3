/**
 * Filters that are asked for changes, and subscriptions that are told of them. Both hear the same:
 * blocks, logs, transactions of the pool. How many there are is limited, since nobody has to end
 * them; the oldest filter goes first.
 */
import { bytesToHex } from '../base/bytes.ts';
import type { DevChainListener } from '../chain/dev/options.ts';
import { headerToJson } from './format/block.ts';
import { logToJson, pooledTransaction } from './format/transaction.ts';
import { findLogs, type LogQuery, patternOf } from './logs.ts';
import type { Node } from './node.ts';
import { serverError } from './rpc/errors.ts';
import { toQuantity } from './rpc/types.ts';

const FILTER_COUNT_MAX = 10_000;
/** Changes that a filter keeps for who asks for them. */
const CHANGE_COUNT_MAX = 100_000;

export type Topic =
  | { readonly kind: 'newHeads' }
  | { readonly kind: 'blockHashes' }
  | { readonly kind: 'logs'; readonly query: LogQuery }
  | { readonly kind: 'newPendingTransactions'; readonly isFull: boolean };

/** Calls back with every change of a topic. */
export function listenTo(node: Node, topic: Topic, tell: (change: unknown) => void): () => void {
  return node.dev.listen(listenerOf(topic, tell));
}

function listenerOf(topic: Topic, tell: (change: unknown) => void): DevChainListener {
  switch (topic.kind) {
    case 'newPendingTransactions':
      return {
        pending: (transaction) =>
          tell(topic.isFull ? pooledTransaction(transaction) : bytesToHex(transaction.hash)),
      };
    case 'logs': {
      const pattern = patternOf(topic.query);
      const { fromBlock, toBlock } = topic.query;
      const isWanted = (number: bigint) =>
        (typeof fromBlock !== 'bigint' || number >= fromBlock) &&
        (typeof toBlock !== 'bigint' || number <= toBlock);
      return {
        head({ removed, added }) {
          for (const [entries, isRemoved] of [
            [removed, true],
            [added, false],
          ] as const) {
            for (const entry of entries) {
              if (!isWanted(entry.block.header.number)) continue;
              for (const log of findLogs(entry, pattern)) tell(logToJson(log, isRemoved));
            }
          }
        },
      };
    }
    default:
      return {
        head({ added }) {
          for (const { block, hash } of added) {
            tell(topic.kind === 'newHeads' ? headerToJson(block.header, hash) : bytesToHex(hash));
          }
        },
      };
  }
}

interface Filter {
  readonly topic: Topic;
  readonly stop: () => void;
  changes: unknown[];
}

export class Filters {
  readonly #node: Node;
  readonly #filters = new Map<string, Filter>();
  #count = 0;

  constructor(node: Node) {
    this.#node = node;
  }

  add(topic: Topic): string {
    const [oldest] = this.#filters.keys();
    if (oldest !== undefined && this.#filters.size >= FILTER_COUNT_MAX) this.remove(oldest);
    const id = this.nextId();
    const filter: Filter = {
      topic,
      changes: [],
      stop: listenTo(this.#node, topic, (change) => {
        filter.changes.push(change);
        if (filter.changes.length > CHANGE_COUNT_MAX) filter.changes.shift();
      }),
    };
    this.#filters.set(id, filter);
    return id;
  }

  /** An id that was not given before. */
  nextId(): string {
    return toQuantity(++this.#count);
  }

  remove(id: string): boolean {
    this.#filters.get(id)?.stop();
    return this.#filters.delete(id);
  }

  /** What is new since the last time. */
  take(id: string): unknown[] {
    const filter = this.#get(id);
    const { changes } = filter;
    filter.changes = [];
    return changes;
  }

  /** The query of a filter for logs. */
  query(id: string): LogQuery {
    const { topic } = this.#get(id);
    if (topic.kind !== 'logs') throw serverError('filter not found');
    return topic.query;
  }

  #get(id: string): Filter {
    const filter = this.#filters.get(id);
    if (filter === undefined) throw serverError('filter not found');
    return filter;
  }
}
