/** The layout of state tests: environment, and one transaction with choices by index. */
import { keccak_256 } from '@noble/hashes/sha3.js';
import { recoverSender, signTransaction } from '../chain/transactions/sender.ts';
import type {
  AccessListEntry,
  Authorization,
  Transaction,
  TransactionType,
} from '../chain/transactions/types.ts';
import type { BlockEnv } from '../chain/types.ts';
import type { ForkRules } from '../vms/evm/forks.ts';
import {
  type Json,
  readBytes,
  readList,
  readNumber,
  readNumberOr,
  readObject,
  readText,
} from './fixture.ts';
import { FormatError } from './types.ts';

/** Which of the transaction's choices a case takes. */
export interface Indexes {
  readonly data: number;
  readonly gas: number;
  readonly value: number;
}

export function readIndexes(value: unknown): Indexes {
  const indexes = readObject(value, 'indexes');
  return {
    data: Number(readNumber(indexes.data, 'indexes.data')),
    gas: Number(readNumber(indexes.gas, 'indexes.gas')),
    value: Number(readNumber(indexes.value, 'indexes.value')),
  };
}

/** Base fee where a test of a fork with one has none: that of the official runners. */
const BASE_FEE_DEFAULT = 10n;

/**
 * The block of a state test.
 *
 * @param blobBaseFee of the excess blob gas
 */
export function readEnv(
  value: unknown,
  rules: ForkRules,
  blobBaseFee: (excess: bigint) => bigint,
): BlockEnv {
  const env = readObject(value, 'env');
  const random = rules.eip4399 ? env.currentRandom : env.currentDifficulty;
  const baseFee = readNumberOr(env.currentBaseFee, 'env.currentBaseFee', BASE_FEE_DEFAULT);
  const excess = readNumberOr(env.currentExcessBlobGas, 'env.currentExcessBlobGas', 0n);
  return {
    number: readNumber(env.currentNumber, 'env.currentNumber'),
    timestamp: readNumber(env.currentTimestamp, 'env.currentTimestamp'),
    gasLimit: readNumber(env.currentGasLimit, 'env.currentGasLimit'),
    coinbase: readBytes(env.currentCoinbase, 'env.currentCoinbase', 20),
    prevRandao: readNumberOr(random, 'env.currentRandom', 0n),
    baseFee: rules.eip1559 ? baseFee : 0n,
    blobBaseFee: rules.eip4844 ? blobBaseFee(excess) : 0n,
    blockHash: hashOfNumber,
  };
}

/** In state tests the hash of a block is that of its decimal number. */
function hashOfNumber(number: bigint): Uint8Array {
  return keccak_256(new TextEncoder().encode(number.toString()));
}

/** The transaction of a case without its signature. */
export function readTransaction(value: unknown, indexes: Indexes): Transaction {
  const tx = readObject(value, 'transaction');
  const list = pick(tx.accessLists, indexes.data, 'transaction.accessLists') ?? tx.accessList;
  const type = typeOf(tx, list);
  const gasPrice = readNumberOr(tx.gasPrice, 'transaction.gasPrice', 0n);
  const to = readText(tx.to, 'transaction.to');
  return {
    type,
    chainId: type === 0 ? undefined : 1n,
    nonce: readNumber(tx.nonce, 'transaction.nonce'),
    gasLimit: readNumber(pick(tx.gasLimit, indexes.gas, 'transaction.gasLimit'), 'gasLimit'),
    maxFeePerGas: readNumberOr(tx.maxFeePerGas, 'transaction.maxFeePerGas', gasPrice),
    maxPriorityFeePerGas: readNumberOr(
      tx.maxPriorityFeePerGas,
      'transaction.maxPriorityFeePerGas',
      gasPrice,
    ),
    to: to === '' || to === '0x' ? undefined : readBytes(to, 'transaction.to', 20),
    value: readNumber(pick(tx.value, indexes.value, 'transaction.value'), 'value'),
    data: readBytes(pick(tx.data, indexes.data, 'transaction.data'), 'transaction.data'),
    accessList: list === undefined || list === null ? [] : readAccessList(list),
    maxFeePerBlobGas: readNumberOr(tx.maxFeePerBlobGas, 'transaction.maxFeePerBlobGas', 0n),
    blobHashes: readList(tx.blobVersionedHashes ?? [], 'transaction.blobVersionedHashes').map(
      (hash) => readBytes(hash, 'a blob hash', 32),
    ),
    authorizations: readList(tx.authorizationList ?? [], 'transaction.authorizationList').map(
      readAuthorization,
    ),
  };
}

function typeOf(tx: Json, accessList: unknown): TransactionType {
  if (tx.authorizationList !== undefined) return 4;
  if (tx.blobVersionedHashes !== undefined || tx.maxFeePerBlobGas !== undefined) return 3;
  if (tx.maxFeePerGas !== undefined) return 2;
  return accessList === undefined || accessList === null ? 0 : 1;
}

function pick(value: unknown, index: number, what: string): unknown {
  if (value === undefined) return undefined;
  const list = readList(value, what);
  if (index >= list.length) throw new FormatError(`${what} has no entry ${index}`);
  return list[index];
}

export function readAccessList(value: unknown): AccessListEntry[] {
  return readList(value, 'an access list').map((entry) => {
    const { address, storageKeys } = readObject(entry, 'an entry of an access list');
    return {
      address: readBytes(address, 'an address of an access list', 20),
      slots: readList(storageKeys, 'storageKeys').map((key) => readNumber(key, 'a storage key')),
    };
  });
}

export function readAuthorization(value: unknown): Authorization {
  const auth = readObject(value, 'an authorization');
  return {
    chainId: readNumber(auth.chainId, 'authorization.chainId'),
    address: readBytes(auth.address, 'authorization.address', 20),
    nonce: readNumber(auth.nonce, 'authorization.nonce'),
    yParity: readNumber(auth.yParity ?? auth.v, 'authorization.yParity'),
    r: readNumber(auth.r, 'authorization.r'),
    s: readNumber(auth.s, 'authorization.s'),
  };
}

/** The account that sends the transaction of a test: named, or that of the key. */
export function readSender(value: unknown, tx: Transaction): Uint8Array {
  const { sender, secretKey } = readObject(value, 'transaction');
  if (sender !== undefined) return readBytes(sender, 'transaction.sender', 20);
  const key = readBytes(secretKey, 'transaction.secretKey', 32);
  const recovered = recoverSender(signTransaction(tx, key));
  if (recovered === undefined) throw new FormatError('transaction.secretKey signs nothing');
  return recovered;
}
