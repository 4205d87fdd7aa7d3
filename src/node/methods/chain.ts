/** `eth_*` that read blocks, transactions, receipts and logs. */
import { bytesToHex } from '../../base/bytes.ts';
import { feeHistory } from '../fee-history.ts';
import { blockToJson, headerToJson } from '../format/block.ts';
import { chainConfig } from '../format/config.ts';
import { minedTransaction, pooledTransaction, receiptToJson } from '../format/transaction.ts';
import { logQuery, renderLogs } from '../logs.ts';
import type { Node } from '../node.ts';
import { RPC_CODE, RpcError } from '../rpc/errors.ts';
import { type Method, method, param } from '../rpc/method.ts';
import * as t from '../rpc/types.ts';
import { placeOfNonce } from '../search.ts';

const hash = param('hash', t.hash);
const number = param('block', t.blockNumber);
const index = param('index', t.quantity64);
const isFull = param('isFull', t.optional(t.boolean));
const OBJECT = { type: ['object', 'null'] } as const;
const QUANTITY = { ...t.quantity.schema, type: ['string', 'null'] } as const;

function blockJson(node: Node, id: t.BlockId, full = false): unknown {
  const entry = node.find(id);
  return entry === undefined ? null : blockToJson(entry, full, id === 'pending');
}

function transactionCount(node: Node, id: t.BlockId): unknown {
  const entry = node.find(id);
  return entry === undefined ? null : t.toQuantity(entry.hashes.length);
}

function ommerCount(node: Node, id: t.BlockId): unknown {
  const entry = node.find(id);
  return entry === undefined ? null : t.toQuantity(entry.ommerHashes.length);
}

function ommer(node: Node, id: t.BlockId, place: bigint): unknown {
  const entry = node.find(id);
  const header = entry?.block.ommers[Number(place)];
  const own = entry?.ommerHashes[Number(place)];
  if (header === undefined || own === undefined) return null;
  return { ...headerToJson(header, own), uncles: [], transactions: [] };
}

function transactionAt(node: Node, id: t.BlockId, place: bigint): unknown {
  const entry = node.find(id);
  return entry === undefined ? null : minedTransaction(entry, Number(place));
}

export function findTransaction(node: Node, id: Uint8Array): unknown {
  const place = node.findMined(id);
  if (place !== undefined) return minedTransaction(place.entry, place.index);
  const waiting = node.dev.pool.get(id);
  return waiting === undefined ? null : pooledTransaction(waiting);
}

export function receiptOf(node: Node, id: Uint8Array): unknown {
  const place = node.findMined(id);
  if (place === undefined) return null;
  return receiptToJson(place.entry, place.index, node.rulesOf(place.entry));
}

function rawAt(node: Node, id: t.BlockId, place: bigint): unknown {
  const item = node.find(id)?.block.transactions[Number(place)];
  return item === undefined ? null : bytesToHex(item.encoded);
}

/** The bytes of a transaction, wherever it is. */
export function rawTransaction(node: Node, id: Uint8Array): unknown {
  const place = node.findMined(id);
  const item = place?.entry.block.transactions[place.index] ?? node.dev.pool.get(id);
  return item === undefined ? null : bytesToHex(item.encoded);
}

export const CHAIN_METHODS: readonly Method[] = [
  method('eth_chainId', 'The id of the chain (EIP-155).', [], t.quantity.schema, (node) =>
    t.toQuantity(node.chainId),
  ),
  method('eth_blockNumber', 'The number of the head.', [], t.quantity.schema, (node) =>
    t.toQuantity(node.head.block.header.number),
  ),
  method('eth_syncing', 'False: there is nothing to fetch.', [], t.boolean.schema, () => false),
  method(
    'eth_mining',
    'Whether transactions are mined as they come.',
    [],
    t.boolean.schema,
    (node) => node.dev.isAutomining,
  ),
  method(
    'eth_hashrate',
    'Zero: nothing is hashed for a block.',
    [],
    t.quantity.schema,
    () => '0x0',
  ),
  method(
    'eth_protocolVersion',
    'The version of the wire protocol.',
    [],
    t.quantity.schema,
    () => '0x44',
  ),
  method(
    ['eth_coinbase', 'eth_etherbase'],
    'Who receives the fees of new blocks.',
    [],
    t.address.schema,
    (node) => bytesToHex(node.dev.coinbase),
  ),
  method(
    'eth_getBlockByNumber',
    'A block by number or tag.',
    [number, isFull],
    OBJECT,
    (node, [id, full]) => blockJson(node, id, full),
  ),
  method('eth_getBlockByHash', 'A block by hash.', [hash, isFull], OBJECT, (node, [id, full]) =>
    blockJson(node, { hash: id }, full),
  ),
  method(
    ['eth_getHeaderByNumber', 'erigon_getHeaderByNumber'],
    'A header by number or tag.',
    [number],
    OBJECT,
    (node, [id]) => {
      const entry = node.find(id);
      return entry === undefined ? null : headerToJson(entry.block.header, entry.hash);
    },
  ),
  method('eth_getHeaderByHash', 'A header by hash.', [hash], OBJECT, (node, [id]) => {
    const entry = node.find({ hash: id });
    return entry === undefined ? null : headerToJson(entry.block.header, entry.hash);
  }),
  method(
    'eth_getBlockTransactionCountByNumber',
    'How many transactions a block has.',
    [number],
    QUANTITY,
    (node, [id]) => transactionCount(node, id),
  ),
  method(
    'eth_getBlockTransactionCountByHash',
    'How many transactions a block has, by hash.',
    [hash],
    QUANTITY,
    (node, [id]) => transactionCount(node, { hash: id }),
  ),
  method(
    'eth_getUncleCountByBlockNumber',
    'How many ommers a block has.',
    [number],
    QUANTITY,
    (node, [id]) => ommerCount(node, id),
  ),
  method(
    'eth_getUncleCountByBlockHash',
    'How many ommers a block has, by hash.',
    [hash],
    QUANTITY,
    (node, [id]) => ommerCount(node, { hash: id }),
  ),
  method(
    'eth_getUncleByBlockNumberAndIndex',
    'An ommer of a block.',
    [number, index],
    OBJECT,
    (node, [id, place]) => ommer(node, id, place),
  ),
  method(
    'eth_getUncleByBlockHashAndIndex',
    'An ommer of a block, by hash.',
    [hash, index],
    OBJECT,
    (node, [id, place]) => ommer(node, { hash: id }, place),
  ),
  method(
    'eth_getTransactionByHash',
    'A transaction, mined or waiting.',
    [hash],
    OBJECT,
    (node, [id]) => findTransaction(node, id),
  ),
  method(
    'eth_getTransactionByBlockNumberAndIndex',
    'A transaction by its place.',
    [number, index],
    OBJECT,
    (node, [id, place]) => transactionAt(node, id, place),
  ),
  method(
    'eth_getTransactionByBlockHashAndIndex',
    'A transaction by the hash of its block and its place.',
    [hash, index],
    OBJECT,
    (node, [id, place]) => transactionAt(node, { hash: id }, place),
  ),
  method(
    'eth_getTransactionBySenderAndNonce',
    'A transaction of an account.',
    [param('sender', t.address), param('nonce', t.quantity64)],
    OBJECT,
    (node, [sender, nonce]) => transactionOfSender(node, sender, nonce),
  ),
  method(
    'eth_getRawTransactionByHash',
    'The bytes of a transaction.',
    [hash],
    t.data.schema,
    (node, [id]) => rawTransaction(node, id),
  ),
  method(
    'eth_getRawTransactionByBlockNumberAndIndex',
    'The bytes of a transaction by its place.',
    [number, index],
    t.data.schema,
    (node, [id, place]) => rawAt(node, id, place),
  ),
  method(
    'eth_getRawTransactionByBlockHashAndIndex',
    'The bytes of a transaction by the hash of its block and its place.',
    [hash, index],
    t.data.schema,
    (node, [id, place]) => rawAt(node, { hash: id }, place),
  ),
  method(
    'eth_getTransactionReceipt',
    'The receipt of a mined transaction.',
    [hash],
    OBJECT,
    (node, [id]) => receiptOf(node, id),
  ),
  method(
    'eth_getBlockReceipts',
    'All receipts of a block.',
    [param('block', t.blockId)],
    { type: ['array', 'null'] },
    (node, [id]) => {
      const entry = node.find(id);
      if (entry === undefined) return null;
      const rules = node.rulesOf(entry);
      return entry.hashes.map((_, place) => receiptToJson(entry, place, rules));
    },
  ),
  method(
    'eth_getLogs',
    'The logs of a range of blocks that a filter takes.',
    [param('filter', logQuery)],
    { type: 'array' },
    (node, [query]) => renderLogs(node, query),
  ),
  method(
    'eth_gasPrice',
    'Wei for a unit of gas that gets a transaction into the next block.',
    [],
    t.quantity.schema,
    (node) => t.toQuantity(node.gasPrice),
  ),
  method(
    'eth_maxPriorityFeePerGas',
    'Wei for a unit of gas to the coinbase.',
    [],
    t.quantity.schema,
    (node) => t.toQuantity(node.priorityFee),
  ),
  method('eth_baseFee', 'The base fee of the next block.', [], t.quantity.schema, (node) =>
    t.toQuantity(node.dev.nextBaseFee),
  ),
  method(
    'eth_feeHistory',
    'Fees of the last blocks (EIP-1559).',
    [
      param('count', t.number),
      number,
      param('percentiles', t.optional(t.array(PERCENTILE(), 100))),
    ],
    { type: 'object' },
    (node, [count, newest, percentiles]) => feeHistory(node, count, newest, percentiles),
  ),
  method(
    'eth_config',
    'Forks, blob schedules, precompiles and system contracts (EIP-7910).',
    [],
    { type: 'object' },
    (node) => chainConfig(node),
  ),
  method(
    'eth_capabilities',
    'What blocks, states and logs there are.',
    [],
    { type: 'object' },
    (node) => capabilities(node),
  ),
].flat();

function PERCENTILE(): t.Type<number> {
  return {
    schema: { type: 'number', minimum: 0, maximum: 100 },
    read(value) {
      if (typeof value === 'number' && value >= 0 && value <= 100) return value;
      throw new RpcError(RPC_CODE.invalidParams, `invalid reward percentile: ${String(value)}`);
    },
  };
}

function transactionOfSender(node: Node, sender: Uint8Array, nonce: bigint): unknown {
  const { pending, queued } = node.dev.pool.content(node.dev.nonceOf, sender);
  const waiting = [...pending, ...queued].find((each) => each.transaction.nonce === nonce);
  if (waiting !== undefined) return pooledTransaction(waiting);
  const place = placeOfNonce(node, sender, nonce);
  return place === undefined ? null : minedTransaction(place.entry, place.index);
}

function capabilities(node: Node): unknown {
  const since = (oldest: bigint) => ({ disabled: false, oldestBlock: t.toQuantity(oldest) });
  const whole = since(node.numberOf('earliest'));
  const states = since(node.chain.firstState);
  return {
    head: {
      number: t.toQuantity(node.head.block.header.number),
      hash: bytesToHex(node.head.hash),
    },
    state: states,
    tx: whole,
    logs: whole,
    receipts: whole,
    blocks: whole,
    stateproofs: states,
  };
}
