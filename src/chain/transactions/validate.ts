/**
 * The rules that a transaction must keep to be part of a block, apart from its encoding.
 *
 * `checkTransaction` needs no state, `checkSender` needs the sender's account, and a transaction is
 * valid if both find nothing, in this order. Where one breaks several rules, the first in the order
 * of checks is reported, which is the order that the official tests expect.
 */
import type { Eip, ForkRules } from '../../vms/evm/forks.ts';
import type { HostCosts } from '../../vms/evm/gas.ts';
import { readDeployment } from '../../vms/wasm/deployment.ts';
import { initCodeBytesMax, intrinsicGas } from './gas.ts';
import { type Rejection, reject } from './rejections.ts';
import type { Transaction, TransactionType } from './types.ts';

/** What a transaction is checked against: the chain's rules, and what its block leaves it. */
export interface ValidityContext {
  readonly rules: ForkRules;
  readonly costs: HostCosts;
  readonly chainId: bigint;
  /** Wei for a unit of gas; not looked at before EIP-1559. */
  readonly baseFee: bigint;
  /** Wei for a unit of blob gas; not looked at before EIP-4844. */
  readonly blobBaseFee: bigint;
  /** Gas that the block has left. */
  readonly gas: bigint;
  /** Blob gas that the block has left. */
  readonly blobGas: bigint;
  /** The highest gas limit of a transaction (EIP-7825); that of the costs unless told. */
  readonly txGasMax?: bigint;
}

/** What the rules ask of the sender's account. */
export interface SenderAccount {
  readonly nonce: bigint;
  /** Wei. */
  readonly balance: bigint;
  readonly hasCode: boolean;
  /** The code is a delegation (EIP-7702). */
  readonly isDelegated: boolean;
}

/** The switch that brought each type. */
const EIP_OF_TYPE: Readonly<Record<Exclude<TransactionType, 0>, Eip>> = {
  1: 'eip2930',
  2: 'eip1559',
  3: 'eip4844',
  4: 'eip7702',
};

const NONCE_MAX = 0xffff_ffff_ffff_ffffn;
/** First byte of a blob hash: the commitment is one of KZG (EIP-4844). */
const BLOB_VERSION = 0x01;

type Check = (tx: Transaction, context: ValidityContext) => Rejection | undefined;

/** In the order in which they are made. */
const CHECKS: readonly Check[] = [
  checkType,
  checkChainId,
  checkCreation,
  checkFees,
  checkGas,
  checkNonceRange,
  checkBlobs,
  checkAuthorizations,
];

/** The first rule that needs no state and is broken, or undefined. */
export function checkTransaction(tx: Transaction, context: ValidityContext): Rejection | undefined {
  for (const check of CHECKS) {
    const rejection = check(tx, context);
    if (rejection !== undefined) return rejection;
  }
  return undefined;
}

function checkType({ type }: Transaction, { rules }: ValidityContext): Rejection | undefined {
  if (type === 0) return undefined;
  const eip = EIP_OF_TYPE[type];
  if (rules.eip2718 && rules[eip]) return undefined;
  return reject('type-not-supported', { type, eip: `EIP-${eip.slice(3)}` });
}

function checkChainId(tx: Transaction, context: ValidityContext): Rejection | undefined {
  // Without a chain id a legacy transaction is valid on every chain.
  if (tx.chainId === undefined || tx.chainId === context.chainId) return undefined;
  return reject('chain-id-mismatch', { found: tx.chainId, expected: context.chainId });
}

function checkCreation(tx: Transaction, { costs }: ValidityContext): Rejection | undefined {
  if (tx.to !== undefined) return undefined;
  if (tx.type >= 3) return reject('creation-not-allowed', { type: tx.type });
  const size = tx.data.length;
  const isModule = costs.moduleBytesMax > 0n && readDeployment(tx.data) !== undefined;
  const limit = isModule ? initCodeBytesMax(costs) : costs.initcodeBytesMax;
  return BigInt(size) > limit ? reject('initcode-too-large', { size, limit }) : undefined;
}

function checkGas(tx: Transaction, context: ValidityContext): Rejection | undefined {
  const { costs, rules } = context;
  const { gasLimit } = tx;
  const { intrinsic, floor } = intrinsicGas(tx, costs, rules);
  if (gasLimit < intrinsic) return reject('intrinsic-gas', { gasLimit, needed: intrinsic });
  if (gasLimit < floor) return reject('floor-gas', { gasLimit, needed: floor });
  const limit = context.txGasMax ?? costs.txGasMax;
  if (gasLimit > limit) return reject('gas-limit-above-cap', { gasLimit, limit });
  const available = context.gas;
  return gasLimit > available ? reject('gas-above-block', { gasLimit, available }) : undefined;
}

function checkNonceRange(tx: Transaction): Rejection | undefined {
  return tx.nonce >= NONCE_MAX ? reject('nonce-max') : undefined;
}

function checkFees(tx: Transaction, { rules, baseFee }: ValidityContext): Rejection | undefined {
  if (!rules.eip1559) return undefined;
  const { maxFeePerGas: maximum, maxPriorityFeePerGas: priority } = tx;
  if (priority > maximum) return reject('priority-above-max-fee', { priority, maximum });
  return maximum < baseFee ? reject('fee-below-base-fee', { maximum, baseFee }) : undefined;
}

function checkBlobs(tx: Transaction, context: ValidityContext): Rejection | undefined {
  if (tx.type !== 3) return undefined;
  const { costs, blobBaseFee: baseFee, blobGas: available } = context;
  const count = tx.blobHashes.length;
  if (count === 0) return reject('blob-list-empty');
  const needed = BigInt(count) * costs.blobGas;
  if (needed > available) return reject('blob-gas-above-block', { needed, available });
  const limit = costs.txBlobsMax;
  if (BigInt(count) > limit) return reject('blob-count-above-max', { count, limit });
  for (const [index, hash] of tx.blobHashes.entries()) {
    const version = hash[0] ?? 0;
    if (version !== BLOB_VERSION) return reject('blob-version', { index, version });
  }
  const maximum = tx.maxFeePerBlobGas;
  return maximum < baseFee ? reject('blob-fee-below-base-fee', { maximum, baseFee }) : undefined;
}

function checkAuthorizations(tx: Transaction): Rejection | undefined {
  const isEmpty = tx.type === 4 && tx.authorizations.length === 0;
  return isEmpty ? reject('authorization-list-empty') : undefined;
}

/** The first rule on the sender's account that is broken, or undefined. */
export function checkSender(
  tx: Transaction,
  account: SenderAccount,
  costs: HostCosts,
  rules: ForkRules,
): Rejection | undefined {
  const { nonce: expected, balance } = account;
  const found = tx.nonce;
  if (found < expected) return reject('nonce-too-low', { found, expected });
  if (found > expected) return reject('nonce-too-high', { found, expected });
  const mayDelegate = rules.eip7702 && account.isDelegated;
  if (account.hasCode && !mayDelegate) return reject('sender-has-code');
  const cost = highestCost(tx, costs);
  return balance < cost ? reject('insufficient-funds', { balance, cost }) : undefined;
}

/** Wei that the sender must have: all gas at the highest fee, the blobs likewise, and the value. */
export function highestCost(tx: Transaction, costs: HostCosts): bigint {
  const blobs = BigInt(tx.blobHashes.length) * costs.blobGas * tx.maxFeePerBlobGas;
  return tx.gasLimit * tx.maxFeePerGas + tx.value + blobs;
}
