/** Which logs a query means, and where to look for them (`eth_getLogs`, filters, subscriptions). */
import { bytesToHex, equalBytes } from '../base/bytes.ts';
import type { ChainEntry } from '../chain/blocks/chain.ts';
import { logsBloom, type ReceiptLog } from '../chain/blocks/receipts.ts';
import { type Json, logsOf, logToJson, type PlacedLog, writeLog } from './format/transaction.ts';
import type { Node } from './node.ts';
import { invalidParams, RPC_CODE, RpcError, serverError } from './rpc/errors.ts';
import { Rendered } from './rpc/rendered.ts';
import {
  address,
  array,
  blockNumber,
  either,
  hash,
  type ObjectOf,
  object,
  optional,
  type Type,
} from './rpc/types.ts';

const ADDRESSES_MAX = 1000;
const TOPICS_MAX = 4;

const topic = optional(either(hash, array(optional(hash), ADDRESSES_MAX)));

const LOG_QUERY = {
  fromBlock: optional(blockNumber),
  toBlock: optional(blockNumber),
  blockHash: optional(hash),
  address: optional(either(address, array(address, ADDRESSES_MAX))),
  topics: optional(array(topic, TOPICS_MAX)),
} as const;

export const logQuery: Type<ObjectOf<typeof LOG_QUERY>> = object(LOG_QUERY);
export type LogQuery = ObjectOf<typeof LOG_QUERY>;

/** Each list is of alternatives; an empty one takes everything. */
export interface LogPattern {
  readonly addresses: readonly Uint8Array[];
  readonly topics: readonly (readonly Uint8Array[])[];
}

export function patternOf({ address: owners, topics = [] }: LogQuery): LogPattern {
  return {
    addresses: listOf(owners),
    // A null among alternatives takes everything, as a null in their place does.
    topics: topics.map((each) => {
      const list = Array.isArray(each) ? each : listOf(each);
      return list.some((option) => option === undefined) ? [] : (list as Uint8Array[]);
    }),
  };
}

function listOf(value: Uint8Array | readonly Uint8Array[] | undefined): readonly Uint8Array[] {
  if (value === undefined) return [];
  return value instanceof Uint8Array ? [value] : value;
}

export function matches({ addresses, topics }: LogPattern, log: ReceiptLog): boolean {
  if (topics.length > log.topics.length) return false;
  // The last ones first: logs of an event have the first topic in common.
  for (let index = topics.length - 1; index >= 0; index--) {
    if (!takes(topics[index] as readonly Uint8Array[], log.topics[index] as Uint8Array)) {
      return false;
    }
  }
  return takes(addresses, log.address);
}

function takes(options: readonly Uint8Array[], found: Uint8Array): boolean {
  if (options.length === 0) return true;
  const { length } = found;
  const last = found[length - 1];
  for (const each of options) if (each[length - 1] === last && equalBytes(each, found)) return true;
  return false;
}

/** Tells by the bloom of a block whether it is worth a look. */
function bloomTest({ addresses, topics }: LogPattern): (bloom: Uint8Array) => boolean {
  const groups = [addresses, ...topics].filter((group) => group.length > 0);
  const masks = groups.map((group) => group.map(maskOf));
  return (bloom) => masks.every((group) => group.some((mask) => covers(bloom, mask)));
}

const NO_BYTES = new Uint8Array(0);

/** The bytes of a bloom in which an address or a topic sets bits: three at most. */
interface BloomMask {
  readonly places: readonly number[];
  readonly bits: readonly number[];
}

function maskOf(value: Uint8Array): BloomMask {
  const bloom = logsBloom([{ address: value, topics: [], data: NO_BYTES }]);
  const places = [...bloom.keys()].filter((place) => bloom[place] !== 0);
  return { places, bits: places.map((place) => bloom[place] as number) };
}

function covers(bloom: Uint8Array, { places, bits }: BloomMask): boolean {
  for (let at = 0; at < places.length; at++) {
    const wanted = bits[at] as number;
    if (((bloom[places[at] as number] as number) & wanted) !== wanted) return false;
  }
  return true;
}

/** The logs of a block that a pattern takes. */
export function findLogs(entry: ChainEntry, pattern: LogPattern): Iterable<PlacedLog> {
  return logsOf(entry, (log) => matches(pattern, log));
}

/** The numbers of the first and the last block that a query without a hash looks at. */
export function rangeOf(
  node: Node,
  { fromBlock = 'latest', toBlock = 'latest' }: LogQuery,
): { readonly first: bigint; readonly last: bigint } {
  const first = node.numberOf(fromBlock);
  const last = node.numberOf(toBlock);
  if (first > last) throw invalidParams('invalid block range params');
  if (last - first >= node.options.logRangeMax) {
    const text = `block range of ${last - first + 1n} blocks, at most ${node.options.logRangeMax}`;
    throw new RpcError(RPC_CODE.limitExceeded, text);
  }
  return { first, last };
}

/** Whose logs a query asks for and of which topics, as a request has it. */
export function queryToJson({ address: owners, topics, blockHash }: LogQuery): Json {
  return {
    ...(blockHash === undefined ? {} : { blockHash: bytesToHex(blockHash) }),
    ...(owners === undefined ? {} : { address: listOf(owners).map(bytesToHex) }),
    ...(topics === undefined
      ? {}
      : {
          topics: topics.map((each) => {
            if (each === undefined) return null;
            if (each instanceof Uint8Array) return bytesToHex(each);
            return each.map((option) => (option === undefined ? null : bytesToHex(option)));
          }),
        }),
  };
}

/** The logs of a query. */
export function queryLogs(node: Node, query: LogQuery): Json[] {
  return findAll(node, query).map((placed) => logToJson(placed));
}

/** The same for who may want JSON. */
export function renderLogs(node: Node, query: LogQuery): Rendered {
  const found = findAll(node, query);
  return new Rendered(
    () => found.map((placed) => logToJson(placed)),
    function* (out) {
      out.text('[');
      for (const [at, placed] of found.entries()) {
        if (at > 0) out.text(',');
        writeLog(out, placed);
        yield;
      }
      out.text(']');
    },
  );
}

function findAll(node: Node, query: LogQuery): PlacedLog[] {
  const pattern = patternOf(query);
  if (query.blockHash !== undefined) {
    if (query.fromBlock !== undefined || query.toBlock !== undefined) {
      const text = 'cannot specify both BlockHash and FromBlock/ToBlock';
      throw invalidParams(`invalid argument 0: ${text}, choose one or the other`);
    }
    const entry = node.chain.entry(query.blockHash);
    if (entry === undefined) throw serverError('unknown block');
    return [...findLogs(entry, pattern)];
  }
  const { first, last } = rangeOf(node, query);
  const isMined = first <= node.chain.head.block.header.number;
  const mayHave = bloomTest(pattern);
  const found: PlacedLog[] = [];
  for (const entry of isMined ? node.chain.between(first, last, mayHave) : []) {
    if (entry.block.header.number > last) continue;
    for (const log of findLogs(entry, pattern)) found.push(log);
  }
  // As they would be mined now.
  if (query.toBlock === 'pending') found.push(...findLogs(node.dev.pending, pattern));
  return found;
}
