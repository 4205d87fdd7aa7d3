/** `net_*`, `web3_*`, `rpc_*`, `admin_*`, `testing_*`, `tenderly_*`: what is asked of any node. */
import { bytesToHex } from '../../base/bytes.ts';
import type { Block } from '../../chain/blocks/block.ts';
import { makeBlock, prepareBlock } from '../../chain/blocks/build.ts';
import { headerHash } from '../../chain/blocks/header.ts';
import type { PooledTransaction } from '../../chain/dev/pool.ts';
import { callTracer } from '../../chain/tracers/call.ts';
import { effectiveGasPrice } from '../../chain/world.ts';
import { traceCall, traceFrames } from '../execution/trace.ts';
import { withdrawalToJson } from '../format/block.ts';
import { rejectionText } from '../format/rejection.ts';
import type { Node } from '../node.ts';
import { invalidParams, serverError } from '../rpc/errors.ts';
import { type Method, method, param } from '../rpc/method.ts';
import { blockOverride, callRequest, stateOverride } from '../rpc/requests.ts';
import * as t from '../rpc/types.ts';
import { readRaw } from '../sending.ts';
import { CLIENT_VERSION } from '../version.ts';
import { withdrawal } from './engine.ts';

const OBJECT = { type: 'object' } as const;

const payloadAttributes = t.object({
  timestamp: t.quantity64,
  prevRandao: t.word,
  suggestedFeeRecipient: t.address,
  withdrawals: t.optional(t.array(withdrawal)),
  parentBeaconBlockRoot: t.optional(t.hash),
});
type PayloadAttributes = t.TypeOf<typeof payloadAttributes>;

interface Payload {
  readonly attributes: PayloadAttributes;
  readonly extraData: Uint8Array;
  /** Undefined for those of the pool. */
  readonly transactions: readonly PooledTransaction[] | undefined;
}

/** A block that is made and not added, in the layout of the Engine API. */
function buildPayload(node: Node, parentHash: Uint8Array, payload: Payload): unknown {
  const parent = node.chain.entry(parentHash);
  if (parent === undefined) throw serverError('unknown parent');
  const { attributes, extraData, transactions } = payload;
  const template = {
    timestamp: attributes.timestamp,
    coinbase: attributes.suggestedFeeRecipient,
    mixHash: attributes.prevRandao,
    extraData,
    ...(attributes.withdrawals ? { withdrawals: attributes.withdrawals } : {}),
    ...(attributes.parentBeaconBlockRoot
      ? { parentBeaconBlockRoot: attributes.parentBeaconBlockRoot }
      : {}),
    gasLimit: towards(parent.block.header.gasLimit, GAS_LIMIT_TARGET),
  };
  if (attributes.timestamp <= parent.block.header.timestamp) {
    throw invalidParams('the timestamp is not after that of the parent');
  }
  const job = prepareBlock(node.chain, template, parent);
  const source =
    transactions === undefined
      ? node.dev.pool.select(job.input.baseFeePerGas ?? 0n, node.dev.nonceOf)
      : listSource(transactions);
  const made = node.chain.withState(parent, job.rules, (world) => makeBlock(world, job, source));
  const requests = made.requests
    .filter(({ data }) => data.length > 0)
    .map(({ type, data }) => bytesToHex(Uint8Array.of(type, ...data)));
  return {
    executionPayload: payloadJson(node, made.block),
    blockValue: t.toQuantity(
      blockValue(
        made.block,
        made.receipts.map((each) => each.cumulativeGasUsed),
      ),
    ),
    blobsBundle: { commitments: [], proofs: [], blobs: [] },
    executionRequests: requests,
    shouldOverrideBuilder: false,
  };
}

/** The gas limit that a block builder moves to, a step at a time (go-ethereum `GasCeil`). */
const GAS_LIMIT_TARGET = 60_000_000n;
const GAS_LIMIT_DIVISOR = 1024n;

function towards(from: bigint, to: bigint): bigint {
  const step = from / GAS_LIMIT_DIVISOR - 1n;
  if (from < to) return from + step < to ? from + step : to;
  return from - step > to ? from - step : to;
}

function listSource(list: readonly PooledTransaction[]) {
  let index = 0;
  return {
    next: () => list[index++],
    reject(candidate: unknown, rejection: Parameters<typeof rejectionText>[0]): never {
      const { sender } = candidate as PooledTransaction;
      throw serverError(rejectionText(rejection, sender));
    },
  };
}

/** Wei that the coinbase gets of the transactions. */
function blockValue({ header, transactions }: Block, gasSums: readonly bigint[]): bigint {
  const baseFee = header.baseFeePerGas ?? 0n;
  return transactions.reduce((sum, { transaction }, index) => {
    const gas = (gasSums[index] ?? 0n) - (gasSums[index - 1] ?? 0n);
    return sum + gas * (effectiveGasPrice(transaction, baseFee) - baseFee);
  }, 0n);
}

function payloadJson(node: Node, { header, transactions, withdrawals }: Block): unknown {
  return {
    parentHash: bytesToHex(header.parentHash),
    feeRecipient: bytesToHex(header.coinbase),
    stateRoot: bytesToHex(header.stateRoot),
    receiptsRoot: bytesToHex(header.receiptsRoot),
    logsBloom: bytesToHex(header.logsBloom),
    prevRandao: bytesToHex(header.mixHash),
    blockNumber: t.toQuantity(header.number),
    gasLimit: t.toQuantity(header.gasLimit),
    gasUsed: t.toQuantity(header.gasUsed),
    timestamp: t.toQuantity(header.timestamp),
    extraData: bytesToHex(header.extraData),
    baseFeePerGas: t.toQuantity(header.baseFeePerGas ?? 0n),
    blockHash: bytesToHex(headerHash(header, node.chain.keccak256)),
    transactions: transactions.map(({ encoded }) => bytesToHex(encoded)),
    ...(withdrawals ? { withdrawals: withdrawals.map(withdrawalToJson) } : {}),
    ...(header.blobGasUsed === undefined ? {} : { blobGasUsed: t.toQuantity(header.blobGasUsed) }),
    ...(header.excessBlobGas === undefined
      ? {}
      : { excessBlobGas: t.toQuantity(header.excessBlobGas) }),
  };
}

export const MISC_METHODS: readonly Method[] = [
  method('net_version', 'The id of the chain in decimal.', [], t.text.schema, (node) =>
    node.chainId.toString(),
  ),
  method('net_listening', 'Whether the node can be reached.', [], t.boolean.schema, () => true),
  method(
    'net_peerCount',
    'Zero: a development chain has one node.',
    [],
    t.quantity.schema,
    () => '0x0',
  ),
  method(
    'web3_clientVersion',
    'Name and version of the node.',
    [],
    t.text.schema,
    () => CLIENT_VERSION,
  ),
  method(
    'web3_sha3',
    'The keccak-256 of bytes.',
    [param('data', t.data)],
    t.hash.schema,
    (node, [data]) => bytesToHex(node.chain.keccak256(data)),
  ),
  method('admin_nodeInfo', 'Name, version and head of the node.', [], OBJECT, (node) => ({
    name: CLIENT_VERSION,
    listenAddr: '',
    protocols: {
      eth: {
        network: Number(node.chainId),
        genesis: bytesToHex(node.chain.genesis.hash),
        head: bytesToHex(node.head.hash),
      },
    },
  })),
  method('admin_peers', 'None: a development chain has one node.', [], { type: 'array' }, () => []),
  method(
    'tenderly_simulateTransaction',
    'Runs a call and tells its frames and logs.',
    [
      param('call', callRequest),
      param('block', t.latestBlock),
      param('stateOverride', t.optional(stateOverride)),
      param('blockOverride', t.optional(blockOverride)),
    ],
    OBJECT,
    (node, [request, id, state, override]) => {
      const entry = node.require(id);
      return traceCall(node, request, { entry, state, block: override }, (task) => {
        const trace = traceFrames(task);
        const call = callTracer(trace, { withLog: true });
        return {
          status: trace.result.status === 'success',
          gasUsed: t.toQuantity(trace.result.gasUsed),
          cumulativeGasUsed: t.toQuantity(trace.result.gasUsed),
          blockNumber: t.toQuantity(override?.number ?? entry.block.header.number),
          type: t.toQuantity(task.tx.type),
          logs: trace.result.logs.map(({ address, topics, data }) => ({
            address,
            topics,
            data: bytesToHex(data),
          })),
          trace: [call],
        };
      });
    },
  ),
  method(
    'testing_buildBlockV1',
    'A block that is made and not added, as the Engine API has it.',
    [
      param('parentHash', t.hash),
      param('attributes', payloadAttributes),
      param('transactions', t.optional(t.array(t.data))),
      param('extraData', t.optional(t.data)),
    ],
    OBJECT,
    (node, [parent, attributes, transactions, extraData]) =>
      buildPayload(node, parent, {
        attributes,
        extraData: extraData ?? new Uint8Array(0),
        transactions: transactions?.map((raw) => readRaw(node, raw)),
      }),
  ),
].flat();
