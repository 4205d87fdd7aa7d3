/** What methods are asked to run: the objects of calls, transactions and overrides. */
import { equalBytes } from '../../base/bytes.ts';
import type {
  AccessListEntry,
  Authorization,
  Transaction,
  TransactionType,
} from '../../chain/transactions/types.ts';
import { invalidParams } from './errors.ts';
import {
  address,
  array,
  blockId,
  boolean,
  data,
  hash,
  type ObjectOf,
  object,
  optional,
  quantity,
  quantity64,
  record,
  storageKey,
  type TypeOf,
  word,
} from './types.ts';

const accessListEntry = object({
  address,
  storageKeys: optional(array(storageKey)),
});

const authorization = object({
  chainId: quantity,
  address,
  nonce: quantity64,
  yParity: optional(quantity64),
  v: optional(quantity64),
  r: quantity,
  s: quantity,
});

const CALL_FIELDS = {
  from: optional(address),
  to: optional(address),
  gas: optional(quantity64),
  gasPrice: optional(quantity),
  maxFeePerGas: optional(quantity),
  maxPriorityFeePerGas: optional(quantity),
  maxFeePerBlobGas: optional(quantity),
  value: optional(quantity),
  nonce: optional(quantity64),
  data: optional(data),
  input: optional(data),
  type: optional(quantity64),
  chainId: optional(quantity),
  accessList: optional(array(accessListEntry)),
  blobVersionedHashes: optional(array(hash)),
  blobs: optional(array(data, 64)),
  authorizationList: optional(array(authorization)),
} as const;

/** A call or a transaction that is not signed. */
export const callRequest = object(CALL_FIELDS);
export type CallRequest = ObjectOf<typeof CALL_FIELDS>;

const slots = record(storageKey, word);

const ACCOUNT_OVERRIDE = {
  balance: optional(quantity),
  nonce: optional(quantity64),
  code: optional(data),
  state: optional(slots),
  stateDiff: optional(slots),
  movePrecompileToAddress: optional(address),
} as const;

/** Accounts that are other than they are (as `eth_call` has them in its third parameter). */
export const stateOverride = record(address, object(ACCOUNT_OVERRIDE));
export type StateOverride = TypeOf<typeof stateOverride>;

const BLOCK_OVERRIDE = {
  number: optional(quantity64),
  time: optional(quantity64),
  gasLimit: optional(quantity64),
  feeRecipient: optional(address),
  prevRandao: optional(word),
  baseFeePerGas: optional(quantity),
  blobBaseFee: optional(quantity),
  difficulty: optional(quantity),
  beaconRoot: optional(hash),
  withdrawals: optional(
    array(object({ index: quantity64, validatorIndex: quantity64, address, amount: quantity64 })),
  ),
} as const;

/** A block that is other than it is. */
export const blockOverride = object(BLOCK_OVERRIDE);
export type BlockOverride = ObjectOf<typeof BLOCK_OVERRIDE>;

const BUNDLE = {
  transactions: array(callRequest, 1000),
  blockOverride: optional(blockOverride),
} as const;

/** Calls that follow each other, and what their block has other than the one that they are on. */
export type Bundle = ObjectOf<typeof BUNDLE>;
export const callBundles = array(object(BUNDLE), 100);
/** The block that bundles run on. */
export const bundleContext = object({ blockNumber: optional(blockId) });

/** What `eth_simulateV1` runs. */
export const simulation = object({
  blockStateCalls: array(
    object({
      blockOverrides: optional(blockOverride),
      stateOverrides: optional(stateOverride),
      calls: optional(array(callRequest)),
    }),
  ),
  traceTransfers: optional(boolean),
  validation: optional(boolean),
  returnFullTransactions: optional(boolean),
});
export type Simulation = TypeOf<typeof simulation>;

// ---- requests as transactions

/** What a request leaves open. */
export interface RequestDefaults {
  readonly chainId: bigint;
  readonly nonce: bigint;
  readonly gas: bigint;
  readonly maxFeePerGas: bigint;
  readonly maxPriorityFeePerGas: bigint;
  /** Of a request that names no fee of either kind. */
  readonly type: TransactionType;
}

/** 20 zero bytes: who calls where nobody is named. */
export const NOBODY: Uint8Array = new Uint8Array(20);
const NO_BYTES = new Uint8Array(0);

function dataOf({ data: one, input: other }: CallRequest): Uint8Array {
  if (one !== undefined && other !== undefined && !equalBytes(one, other)) {
    const text = 'both "data" and "input" are set and not equal. Please use "input" to pass';
    throw invalidParams(`${text} transaction call data`);
  }
  return other ?? one ?? NO_BYTES;
}

/** The type that a request's fields are of. */
export function typeOf(request: CallRequest, otherwise: TransactionType): TransactionType {
  const { type } = request;
  if (request.authorizationList !== undefined) return 4;
  if (request.blobVersionedHashes !== undefined) return 3;
  if (type !== undefined && type <= 4n) return Number(type) as TransactionType;
  if (request.maxFeePerGas !== undefined || request.maxPriorityFeePerGas !== undefined) return 2;
  if (request.gasPrice === undefined) return otherwise;
  return request.accessList === undefined ? 0 : 1;
}

function accessListOf({ accessList = [] }: CallRequest): AccessListEntry[] {
  return accessList.map(({ address: owner, storageKeys = [] }) => ({
    address: owner,
    slots: storageKeys,
  }));
}

function authorizationsOf({ authorizationList = [] }: CallRequest): Authorization[] {
  return authorizationList.map(({ yParity, v, ...rest }) => {
    const parity = yParity ?? v;
    if (parity === undefined) throw invalidParams('an authorization has no yParity');
    return { ...rest, yParity: parity >= 27n ? parity - 27n : parity };
  });
}

/** The transaction that a request means. */
export function toTransaction(request: CallRequest, defaults: RequestDefaults): Transaction {
  const { gasPrice, maxFeePerGas, maxPriorityFeePerGas } = request;
  if (gasPrice !== undefined && (maxFeePerGas ?? maxPriorityFeePerGas) !== undefined) {
    const names = 'both gasPrice and (maxFeePerGas or maxPriorityFeePerGas)';
    throw invalidParams(`${names} specified`);
  }
  const type = typeOf(request, defaults.type);
  const tip = gasPrice ?? maxPriorityFeePerGas ?? defaults.maxPriorityFeePerGas;
  const highest = gasPrice ?? maxFeePerGas ?? defaults.maxFeePerGas;
  const isFeeOpen = maxFeePerGas === undefined && gasPrice === undefined;
  const isTipOpen = maxPriorityFeePerGas === undefined && gasPrice === undefined;
  return {
    type,
    chainId: request.chainId ?? defaults.chainId,
    nonce: request.nonce ?? defaults.nonce,
    gasLimit: request.gas ?? defaults.gas,
    maxFeePerGas: isFeeOpen && highest < tip ? tip : highest,
    maxPriorityFeePerGas: isTipOpen && tip > highest ? highest : tip,
    to: request.to,
    value: request.value ?? 0n,
    data: dataOf(request),
    accessList: type === 0 ? [] : accessListOf(request),
    maxFeePerBlobGas: request.maxFeePerBlobGas ?? 0n,
    blobHashes: request.blobVersionedHashes ?? [],
    authorizations: authorizationsOf(request),
  };
}
