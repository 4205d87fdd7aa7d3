/** Transactions on their way into the pool: made, signed and checked. */

import { bytesToHex } from '../base/bytes.ts';
import { decodeRlp, encodeRlp, type RlpItem } from '../base/rlp.ts';
import { bytesToBigint, minOf } from '../base/u256.ts';
import { senderOf } from '../chain/blocks/execution.ts';
import { blobGasLimit } from '../chain/blocks/fees.ts';
import type { PooledTransaction, PoolProblem } from '../chain/dev/pool.ts';
import { decodeTransaction } from '../chain/transactions/codec.ts';
import type { Rejection, RejectionCode } from '../chain/transactions/rejections.ts';
import { signTransaction } from '../chain/transactions/sender.ts';
import type { SignedTransaction, Transaction } from '../chain/transactions/types.ts';
import { keepBlobs } from './blobs.ts';
import { estimateGas } from './execution/estimate.ts';
import { rejectionText } from './format/rejection.ts';
import type { Node } from './node.ts';
import { invalidParams, RPC_CODE, RpcError, serverError } from './rpc/errors.ts';
import { type CallRequest, toTransaction } from './rpc/requests.ts';

/** A transaction with these may wait in the pool for a block that takes it. */
const MAY_WAIT: ReadonlySet<RejectionCode> = new Set([
  'nonce-too-high',
  'fee-below-base-fee',
  'blob-fee-below-base-fee',
]);

/** Of those, what waits for no transaction where each is mined as it comes. */
const STUCK: ReadonlySet<RejectionCode> = new Set(['fee-below-base-fee']);
const STUCK_IN_HARDHAT: ReadonlySet<RejectionCode> = new Set([...STUCK, 'nonce-too-high']);

const PROBLEMS: Readonly<Record<PoolProblem, string>> = {
  'already-known': 'already known',
  'underpriced-replacement': 'replacement transaction underpriced',
  full: 'txpool is full',
};

// ---- raw transactions

/** Takes the bytes of a signed transaction into the pool; blobs may come with it (EIP-4844). */
export function sendRaw(node: Node, bytes: Uint8Array): Uint8Array {
  return submit(node, readRaw(node, bytes));
}

/** A transaction of its bytes, with its sender. */
export function readRaw(node: Node, bytes: Uint8Array): PooledTransaction {
  const { transaction, encoded } = unwrap(node, bytes);
  const sender = senderOf(transaction, node.dev.nextRules, node.chain.keccak256, encoded);
  if ('code' in sender) throw serverError('invalid sender');
  return { transaction, encoded, sender, hash: node.chain.keccak256(encoded) };
}

function unwrap(
  node: Node,
  bytes: Uint8Array,
): { readonly transaction: SignedTransaction; readonly encoded: Uint8Array } {
  if (bytes[0] !== BLOB_TYPE) return { transaction: decode(bytes), encoded: bytes };
  const items = readRlp(bytes.subarray(1));
  const [body] = items;
  if (body === undefined || body instanceof Uint8Array) {
    return { transaction: decode(bytes), encoded: bytes };
  }
  const inner = encodeRlp(body);
  const encoded = new Uint8Array(inner.length + 1);
  encoded[0] = BLOB_TYPE;
  encoded.set(inner, 1);
  const transaction = decode(encoded);
  keepBlobs(node, transaction, items.slice(1));
  return { transaction, encoded };
}

const BLOB_TYPE = 3;

function decode(bytes: Uint8Array): SignedTransaction {
  try {
    return decodeTransaction(bytes);
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    throw invalidParams(`the transaction cannot be decoded: ${problem}`);
  }
}

function readRlp(bytes: Uint8Array): readonly RlpItem[] {
  try {
    const item = decodeRlp(bytes);
    if (!(item instanceof Uint8Array)) return item;
  } catch {
    // What is no RLP is told by the decoder of transactions.
  }
  return [];
}

// ---- transactions of accounts that the node acts for

/** What a request leaves open, filled in. */
export function fillTransaction(node: Node, request: CallRequest, sender: Uint8Array): Transaction {
  const tip = node.priorityFee;
  const own = node.settings.gasPrice;
  const maxFeePerGas = own ?? node.dev.nextBaseFee * 2n + tip;
  const isFeeMarket = node.dev.nextRules.rules.eip1559;
  return toTransaction(
    { ...request, gas: request.gas ?? gasFor(node, request) },
    {
      chainId: node.chainId,
      nonce: node.pendingNonce(sender),
      gas: 0n,
      maxFeePerGas,
      maxPriorityFeePerGas: isFeeMarket && tip < maxFeePerGas ? tip : maxFeePerGas,
      type: isFeeMarket ? 2 : 0,
    },
  );
}

/**
 * What a transaction will need. What fails at any gas is sent with as much as a block takes, or is
 * not sent, as Hardhat has it; what breaks a rule is told where it is checked.
 */
function gasFor(node: Node, request: CallRequest): bigint {
  try {
    // What waits may change what a transaction needs; where nothing does the head will do.
    const entry = node.dev.pool.size === 0 ? node.head : node.dev.pending;
    return estimateGas(node, request, { entry });
  } catch (error) {
    const isTold = node.isHardhat && error instanceof RpcError && error.cause === undefined;
    if (!(error instanceof RpcError) || isTold) throw error;
    const { txGasMax } = node.dev.nextRules.costs;
    return minOf(txGasMax, node.dev.gasLimit);
  }
}

/** Signs with the sender's key. */
export function sign(node: Node, transaction: Transaction, sender: Uint8Array): SignedTransaction {
  const wallet = node.wallets.get(sender);
  if (wallet === undefined) throw noKey(sender);
  return signTransaction(transaction, wallet.privateKey, node.chain.keccak256);
}

export function noKey(address: Uint8Array): RpcError {
  return new RpcError(RPC_CODE.invalidParams, `unknown account ${bytesToHex(address)}`);
}

/** Sends a transaction of an account that the node signs or acts for. */
export function sendRequest(node: Node, request: CallRequest): Uint8Array {
  const sender = request.from ?? node.wallets.list()[0]?.address;
  if (sender === undefined) throw invalidParams('missing value for required field from');
  const isSigned = node.wallets.get(sender) !== undefined;
  if (!isSigned && !node.wallets.isImpersonated(sender)) throw noKey(sender);
  return sendAs(node, { ...request, from: sender }, sender, isSigned);
}

/** @param isSigned - Else the node acts for an account whose key it has not. */
export function sendAs(
  node: Node,
  request: CallRequest,
  sender: Uint8Array,
  isSigned: boolean,
): Uint8Array {
  const transaction = fillTransaction(node, request, sender);
  const signed = isSigned ? sign(node, transaction, sender) : unsigned(transaction, sender);
  return submit(node, node.pooled(signed, sender));
}

/** A signature in place of one: another for each sender, so that hashes differ. */
function unsigned(transaction: Transaction, sender: Uint8Array): SignedTransaction {
  return { ...transaction, signature: { r: bytesToBigint(sender) + 1n, s: 1n, yParity: 0 } };
}

// ---- into the pool

/** Checks a transaction and takes it into the pool. */
function submit(node: Node, pooled: PooledTransaction): Uint8Array {
  if (node.findMined(pooled.hash) !== undefined) throw serverError(PROBLEMS['already-known']);
  const rejection = checkForPool(node, pooled);
  const mayWait = rejection !== undefined && MAY_WAIT.has(rejection.code);
  const stuck = node.isHardhat ? STUCK_IN_HARDHAT : STUCK;
  const isStuck = rejection !== undefined && stuck.has(rejection.code) && node.dev.isAutomining;
  if (rejection !== undefined && (!mayWait || isStuck)) throw poolError(rejection, pooled);
  const problem = node.dev.submit(pooled);
  if (problem !== undefined) throw serverError(PROBLEMS[problem]);
  return pooled.hash;
}

/** The first rule that keeps a transaction from the next block, whatever else is in it. */
function checkForPool(
  node: Node,
  { transaction, sender }: PooledTransaction,
): Rejection | undefined {
  const { dev } = node;
  const pending = dev.nextEnv;
  const limits = { gas: pending.gasLimit, blobGas: blobGasLimit(dev.nextRules.costs) };
  return node.chain.tryOn(node.head, dev.nextRules, (world) => {
    world.setBlock(pending);
    return world.check(transaction, sender, limits);
  });
}

/** Which rule a transaction broke: the cause of an error. */
export interface Refusal extends Rejection {
  readonly transaction: Transaction;
}

export function isRefusal(cause: unknown): cause is Refusal {
  return typeof cause === 'object' && cause !== null && 'transaction' in cause && 'code' in cause;
}

function poolError(rejection: Rejection, pooled: PooledTransaction): RpcError {
  const { code, message } = poolErrorOf(rejection, pooled);
  const cause: Refusal = { ...rejection, transaction: pooled.transaction };
  return new RpcError(code, message, undefined, { cause });
}

/** In the words that go-ethereum's pool has for some rules. */
function poolErrorOf(rejection: Rejection, { sender }: PooledTransaction): RpcError {
  const { code, values: v } = rejection;
  if (code === 'nonce-too-low') {
    return serverError(`nonce too low: next nonce ${v.expected}, tx nonce ${v.found}`);
  }
  if (code === 'insufficient-funds') {
    const over = BigInt(v.cost ?? 0) - BigInt(v.balance ?? 0);
    const amounts = `balance ${v.balance}, tx cost ${v.cost}, overshot ${over}`;
    return serverError(`insufficient funds for gas * price + value: ${amounts}`);
  }
  if (code === 'intrinsic-gas') {
    const amounts = `gas ${v.gasLimit}, minimum needed ${v.needed}`;
    return serverError(`intrinsic gas too low: ${amounts}`);
  }
  if (code === 'gas-above-block') return serverError('exceeds block gas limit');
  return serverError(rejectionText(rejection, sender));
}
