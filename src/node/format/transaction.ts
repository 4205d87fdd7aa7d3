/** Transactions, receipts and logs as results have them, in the fields of go-ethereum. */
import { bytesToHex } from '../../base/bytes.ts';
import type { ChainEntry } from '../../chain/blocks/chain.ts';
import { blobBaseFee } from '../../chain/blocks/fees.ts';
import { gasOfReceipt, type ReceiptLog } from '../../chain/blocks/receipts.ts';
import type { BlockRules } from '../../chain/blocks/rules.ts';
import type { PooledTransaction } from '../../chain/dev/pool.ts';
import type { SignedTransaction } from '../../chain/transactions/types.ts';
import type { Hex } from '../../chain/types.ts';
import { effectiveGasPrice } from '../../chain/world.ts';
import { createAddress } from '../../vms/evm/host/creates.ts';
import type { JsonBytes } from '../rpc/json-bytes.ts';
import { toQuantity as number, toWord } from '../rpc/types.ts';

export type Json = Readonly<Record<string, unknown>>;

export function accessListToJson(list: SignedTransaction['accessList']): Json[] {
  return list.map(({ address, slots }) => ({
    address: bytesToHex(address),
    storageKeys: slots.map(toWord),
  }));
}

/** Fields that a transaction has by its type. */
function typedFields(tx: SignedTransaction): Json {
  const { type, chainId } = tx;
  if (type === 0) return chainId === undefined ? {} : { chainId: number(chainId) };
  return {
    chainId: number(chainId ?? 0n),
    accessList: accessListToJson(tx.accessList),
    yParity: number(tx.signature.yParity),
    ...(type === 1
      ? {}
      : {
          maxFeePerGas: number(tx.maxFeePerGas),
          maxPriorityFeePerGas: number(tx.maxPriorityFeePerGas),
        }),
    ...(type === 3
      ? {
          maxFeePerBlobGas: number(tx.maxFeePerBlobGas),
          blobVersionedHashes: tx.blobHashes.map(bytesToHex),
        }
      : {}),
    ...(type === 4 ? { authorizationList: tx.authorizations.map(authorizationToJson) } : {}),
  };
}

function authorizationToJson(auth: SignedTransaction['authorizations'][number]): Json {
  return {
    chainId: number(auth.chainId),
    address: bytesToHex(auth.address),
    nonce: number(auth.nonce),
    yParity: number(auth.yParity),
    r: number(auth.r),
    s: number(auth.s),
  };
}

/** v as it is on the wire: the parity, or of a legacy transaction with the chain id (EIP-155). */
function valueOfV({ type, chainId, signature }: SignedTransaction): bigint {
  const parity = BigInt(signature.yParity);
  if (type !== 0) return parity;
  return parity + (chainId === undefined ? 27n : 35n + 2n * chainId);
}

function transactionToJson(
  tx: SignedTransaction,
  hash: Uint8Array,
  sender: Uint8Array,
  baseFee: bigint | undefined,
): Json {
  const price = baseFee === undefined ? tx.maxFeePerGas : effectiveGasPrice(tx, baseFee);
  return {
    from: bytesToHex(sender),
    gas: number(tx.gasLimit),
    gasPrice: number(price),
    hash: bytesToHex(hash),
    input: bytesToHex(tx.data),
    nonce: number(tx.nonce),
    to: tx.to === undefined ? null : bytesToHex(tx.to),
    value: number(tx.value),
    type: number(tx.type),
    ...typedFields(tx),
    v: number(valueOfV(tx)),
    r: number(tx.signature.r),
    s: number(tx.signature.s),
  };
}

/** A transaction of a block. */
export function minedTransaction(entry: ChainEntry, index: number): Json | null {
  const { block, hashes, senders, hash } = entry;
  const item = block.transactions[index];
  if (item === undefined) return null;
  const { header } = block;
  const own = hashes[index] as Uint8Array;
  const sender = senders[index] as Uint8Array;
  return {
    blockHash: bytesToHex(hash),
    blockNumber: number(header.number),
    blockTimestamp: number(header.timestamp),
    transactionIndex: number(index),
    ...transactionToJson(item.transaction, own, sender, header.baseFeePerGas),
  };
}

/** A transaction of the pool. */
export function pooledTransaction({ transaction, hash, sender }: PooledTransaction): Json {
  return {
    blockHash: null,
    blockNumber: null,
    blockTimestamp: null,
    transactionIndex: null,
    ...transactionToJson(transaction, hash, sender, undefined),
  };
}

/** What the logs of a transaction have in common. */
interface LogPlace {
  readonly blockNumber: Hex;
  readonly transactionHash: Hex;
  readonly transactionIndex: Hex;
  readonly blockHash: Hex;
  readonly blockTimestamp: Hex;
  /** The same as JSON, with what stands around it in a log. */
  text: Uint8Array | undefined;
}

export interface PlacedLog {
  readonly log: ReceiptLog;
  readonly index: number;
  readonly place: LogPlace;
}

export function logToJson({ log, index, place }: PlacedLog, removed = false): Json {
  const { blockNumber, transactionHash, transactionIndex, blockHash, blockTimestamp } = place;
  return {
    address: bytesToHex(log.address),
    topics: log.topics.map(bytesToHex),
    data: bytesToHex(log.data),
    blockNumber,
    transactionHash,
    transactionIndex,
    blockHash,
    blockTimestamp,
    logIndex: number(index),
    removed,
  };
}

/** Writes the same. Nothing of it needs to be escaped. */
export function writeLog(out: JsonBytes, { log, index, place }: PlacedLog): void {
  out.text('{"address":');
  out.data(log.address);
  out.text(',"topics":[');
  for (const [at, topic] of log.topics.entries()) {
    if (at > 0) out.text(',');
    out.data(topic);
  }
  out.text('],"data":');
  out.data(log.data);
  place.text ??= textOfPlace(place);
  out.copy(place.text);
  out.quantity(BigInt(index));
  out.text(',"removed":false}');
}

const encoder = new TextEncoder();

function textOfPlace({ text: _text, ...place }: LogPlace): Uint8Array {
  return encoder.encode(`,${JSON.stringify(place).slice(1, -1)},"logIndex":`);
}

/** Logs of a block in order: those that are wanted. */
export function* logsOf(
  entry: ChainEntry,
  isWanted: (log: ReceiptLog) => boolean,
): Generator<PlacedLog> {
  let first = 0;
  for (const [transactionIndex, { logs }] of entry.receipts.entries()) {
    if (logs.some(isWanted)) yield* placeLogs(entry, transactionIndex, first, isWanted);
    first += logs.length;
  }
}

/** Logs of one transaction. */
function logsOfTransaction(entry: ChainEntry, transactionIndex: number): Iterable<PlacedLog> {
  let first = 0;
  for (let at = 0; at < transactionIndex; at++) first += entry.receipts[at]?.logs.length ?? 0;
  return placeLogs(entry, transactionIndex, first, () => true);
}

/** @param first - How many logs are before those of the transaction in the block. */
function* placeLogs(
  entry: ChainEntry,
  transactionIndex: number,
  first: number,
  isWanted: (log: ReceiptLog) => boolean,
): Generator<PlacedLog> {
  const { hash, hashes, block, receipts } = entry;
  const place: LogPlace = {
    blockNumber: number(block.header.number),
    transactionHash: bytesToHex(hashes[transactionIndex] as Uint8Array),
    transactionIndex: number(transactionIndex),
    blockHash: bytesToHex(hash),
    blockTimestamp: number(block.header.timestamp),
    text: undefined,
  };
  let index = first;
  for (const log of receipts[transactionIndex]?.logs ?? []) {
    if (isWanted(log)) yield { log, index, place };
    index++;
  }
}

/** The receipt of a transaction of a block. */
export function receiptToJson(entry: ChainEntry, index: number, rules: BlockRules): Json | null {
  const receipt = entry.receipts[index];
  const item = entry.block.transactions[index];
  if (receipt === undefined || item === undefined) return null;
  const { header } = entry.block;
  const tx = item.transaction;
  const sender = entry.senders[index] as Uint8Array;
  const logs = logsOfTransaction(entry, index);
  const { result } = receipt;
  const { excessBlobGas = 0n } = header;
  return {
    blockHash: bytesToHex(entry.hash),
    blockNumber: number(header.number),
    contractAddress: tx.to === undefined ? createdBy(sender, tx.nonce) : null,
    cumulativeGasUsed: number(receipt.cumulativeGasUsed),
    effectiveGasPrice: number(effectiveGasPrice(tx, header.baseFeePerGas ?? 0n)),
    from: bytesToHex(sender),
    gasUsed: number(gasOfReceipt(entry.receipts, index)),
    logs: Array.from(logs, (log) => logToJson(log)),
    logsBloom: bytesToHex(receipt.logsBloom),
    ...(typeof result === 'boolean'
      ? { status: number(result ? 1 : 0) }
      : { root: bytesToHex(result) }),
    to: tx.to === undefined ? null : bytesToHex(tx.to),
    transactionHash: bytesToHex(entry.hashes[index] as Uint8Array),
    transactionIndex: number(index),
    type: number(tx.type),
    ...(tx.type === 3
      ? {
          blobGasUsed: number(BigInt(tx.blobHashes.length) * rules.costs.blobGas),
          blobGasPrice: number(blobBaseFee(excessBlobGas, rules.costs)),
        }
      : {}),
  };
}

function createdBy(sender: Uint8Array, nonce: bigint): Hex {
  return bytesToHex(createAddress(sender, nonce));
}
