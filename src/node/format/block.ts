/** Blocks as results have them, in the fields of go-ethereum. */
import { bytesToHex } from '../../base/bytes.ts';
import type { Block, Withdrawal } from '../../chain/blocks/block.ts';
import type { ChainEntry } from '../../chain/blocks/chain.ts';
import type { Header } from '../../chain/blocks/header.ts';
import { toQuantity as number } from '../rpc/types.ts';
import { type Json, minedTransaction } from './transaction.ts';

/** Fields that a fork added. */
function laterFields(header: Header): Json {
  const { baseFeePerGas, withdrawalsRoot, blobGasUsed, excessBlobGas } = header;
  const { parentBeaconBlockRoot, requestsHash } = header;
  return {
    ...(baseFeePerGas === undefined ? {} : { baseFeePerGas: number(baseFeePerGas) }),
    ...(withdrawalsRoot ? { withdrawalsRoot: bytesToHex(withdrawalsRoot) } : {}),
    ...(blobGasUsed === undefined ? {} : { blobGasUsed: number(blobGasUsed) }),
    ...(excessBlobGas === undefined ? {} : { excessBlobGas: number(excessBlobGas) }),
    ...(parentBeaconBlockRoot ? { parentBeaconBlockRoot: bytesToHex(parentBeaconBlockRoot) } : {}),
    ...(requestsHash ? { requestsHash: bytesToHex(requestsHash) } : {}),
  };
}

export function headerToJson(header: Header, hash: Uint8Array): Json {
  return {
    hash: bytesToHex(hash),
    parentHash: bytesToHex(header.parentHash),
    sha3Uncles: bytesToHex(header.ommersHash),
    miner: bytesToHex(header.coinbase),
    stateRoot: bytesToHex(header.stateRoot),
    transactionsRoot: bytesToHex(header.transactionsRoot),
    receiptsRoot: bytesToHex(header.receiptsRoot),
    logsBloom: bytesToHex(header.logsBloom),
    difficulty: number(header.difficulty),
    number: number(header.number),
    gasLimit: number(header.gasLimit),
    gasUsed: number(header.gasUsed),
    timestamp: number(header.timestamp),
    extraData: bytesToHex(header.extraData),
    mixHash: bytesToHex(header.mixHash),
    nonce: bytesToHex(header.nonce),
    ...laterFields(header),
  };
}

export function withdrawalToJson({ index, validatorIndex, address, amount }: Withdrawal): Json {
  return {
    index: number(index),
    validatorIndex: number(validatorIndex),
    address: bytesToHex(address),
    amount: number(amount),
  };
}

/** Fields of a block besides its header and transactions. */
export function bodyToJson(block: Block, ommerHashes: readonly Uint8Array[]): Json {
  return {
    size: number(block.size),
    uncles: ommerHashes.map(bytesToHex),
    ...(block.withdrawals ? { withdrawals: block.withdrawals.map(withdrawalToJson) } : {}),
  };
}

/** @param isFull - With whole transactions in place of their hashes. */
export function blockToJson(entry: ChainEntry, isFull: boolean, isPending = false): Json {
  const { block, hash, hashes, ommerHashes } = entry;
  const transactions = isFull
    ? hashes.map((_, index) => minedTransaction(entry, index))
    : hashes.map(bytesToHex);
  return {
    ...headerToJson(block.header, hash),
    ...bodyToJson(block, ommerHashes),
    transactions,
    ...(isPending ? { hash: null, nonce: null, miner: null } : {}),
  };
}
