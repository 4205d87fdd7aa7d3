/**
 * Why a transaction cannot be part of a block: each rule of validity has one row, with the message
 * that a user reads and the names under which the official tests know it.
 *
 * A rejection is a value, not an error: a block that holds such a transaction is invalid, and a
 * pool or a block builder drops it. Bytes that are no transaction at all are errors of the codec.
 */
import { fillText } from '../../base/errors.ts';

interface RejectionRow {
  /** Text with `{name}` where a value stands. */
  readonly message: string;
  /** Names of `TransactionException` in the official tests, the newest first. */
  readonly names: readonly string[];
}

/** The rules by code; a code is never renamed or given another meaning. */
export const REJECTIONS = {
  'type-not-supported': {
    message: 'transactions of type {type} do not exist before {eip}, which is not active',
    names: [
      'TYPE_NOT_SUPPORTED',
      'TYPE_1_TX_PRE_FORK',
      'TYPE_2_TX_PRE_FORK',
      'TYPE_3_TX_PRE_FORK',
      'TYPE_3_TX_ZERO_BLOBS_PRE_FORK',
      'TYPE_4_TX_PRE_FORK',
      'TR_TypeNotSupported',
      'TR_TypeNotSupportedBlob',
    ],
  },
  'chain-id-mismatch': {
    message: 'the transaction is for chain {found}, and this is chain {expected}',
    names: ['INVALID_CHAINID'],
  },
  'signature-invalid': {
    message: 'the signature is not valid: {problem}',
    names: ['INVALID_SIGNATURE_VRS', 'EC_RECOVERY_FAIL'],
  },
  'intrinsic-gas': {
    message: 'the gas limit of {gasLimit} is below the intrinsic gas of {needed}',
    names: ['INTRINSIC_GAS_TOO_LOW', 'TR_IntrinsicGas', 'IntrinsicGas', 'TR_NoFundsOrGas'],
  },
  'floor-gas': {
    message: 'the gas limit of {gasLimit} is below the floor of {needed} for this data (EIP-7623)',
    names: ['INTRINSIC_GAS_BELOW_FLOOR_GAS_COST', 'INTRINSIC_GAS_TOO_LOW'],
  },
  'gas-limit-above-cap': {
    message:
      'the gas limit of {gasLimit} is above {limit}, the highest of a transaction (EIP-7825)',
    names: ['GAS_LIMIT_EXCEEDS_MAXIMUM'],
  },
  'gas-above-block': {
    message: 'the gas limit of {gasLimit} is above the {available} gas left in the block',
    names: ['GAS_ALLOWANCE_EXCEEDED', 'TR_GasLimitReached'],
  },
  'nonce-max': {
    message: 'the nonce is 2^64 - 1, after which there is no other (EIP-2681)',
    names: ['NONCE_IS_MAX', 'NONCE_TOO_BIG', 'TR_NonceHasMaxValue'],
  },
  'initcode-too-large': {
    message: 'the initcode has {size} bytes, more than {limit} (EIP-3860)',
    names: ['INITCODE_SIZE_EXCEEDED', 'TR_InitCodeLimitExceeded'],
  },
  'priority-above-max-fee': {
    message: 'the priority fee of {priority} wei is above the maximum fee of {maximum} wei',
    names: [
      'PRIORITY_GREATER_THAN_MAX_FEE_PER_GAS',
      'PRIORITY_GREATER_THAN_MAX_FEE_PER_GAS_2',
      'TR_TipGtFeeCap',
    ],
  },
  'fee-below-base-fee': {
    message: 'the maximum fee of {maximum} wei is below the base fee of {baseFee} wei',
    names: ['INSUFFICIENT_MAX_FEE_PER_GAS', 'TR_FeeCapLessThanBlocks'],
  },
  'creation-not-allowed': {
    message: 'transactions of type {type} cannot create a contract: the recipient is missing',
    names: ['TYPE_3_TX_CONTRACT_CREATION', 'TYPE_4_TX_CONTRACT_CREATION', 'TR_BLOBCREATE'],
  },
  'blob-list-empty': {
    message: 'a blob transaction needs at least one blob hash',
    names: ['TYPE_3_TX_ZERO_BLOBS', 'TR_EMPTYBLOB'],
  },
  'blob-version': {
    message: 'blob hash {index} has version {version}, and the only version is 1',
    names: ['TYPE_3_TX_INVALID_BLOB_VERSIONED_HASH', 'TR_BLOBVERSION_INVALID'],
  },
  'blob-gas-above-block': {
    message: 'the transaction needs {needed} blob gas, and {available} is left in the block',
    // The second and third are from before EIP-7594, when only the block had a limit.
    names: [
      'TYPE_3_TX_MAX_BLOB_GAS_ALLOWANCE_EXCEEDED',
      'TYPE_3_TX_BLOB_COUNT_EXCEEDED',
      'TR_BLOBLIST_OVERSIZE',
    ],
  },
  'blob-count-above-max': {
    message: 'the transaction has {count} blobs, more than {limit} (EIP-7594)',
    names: ['TYPE_3_TX_BLOB_COUNT_EXCEEDED'],
  },
  'blob-fee-below-base-fee': {
    message: 'the maximum fee for blob gas of {maximum} wei is below its base fee of {baseFee} wei',
    names: ['INSUFFICIENT_MAX_FEE_PER_BLOB_GAS'],
  },
  'authorization-list-empty': {
    message: 'a transaction of type 4 needs at least one authorization (EIP-7702)',
    names: ['TYPE_4_EMPTY_AUTHORIZATION_LIST'],
  },
  'nonce-too-low': {
    message: 'the nonce {found} was used before: the next of the sender is {expected}',
    names: ['NONCE_MISMATCH_TOO_LOW'],
  },
  'nonce-too-high': {
    message: 'the nonce {found} leaves a gap: the next of the sender is {expected}',
    names: ['NONCE_MISMATCH_TOO_HIGH'],
  },
  'sender-has-code': {
    message: 'the sender is a contract (EIP-3607)',
    names: ['SENDER_NOT_EOA', 'SenderNotEOA'],
  },
  'insufficient-funds': {
    message: 'the sender has {balance} wei, and the transaction may cost {cost} wei',
    // No account has what a product above 256 bits asks for.
    names: [
      'INSUFFICIENT_ACCOUNT_FUNDS',
      'GASLIMIT_PRICE_PRODUCT_OVERFLOW',
      'TR_NoFunds',
      'TR_NoFundsX',
      'TR_NoFundsOrGas',
    ],
  },
} as const satisfies Record<string, RejectionRow>;

export type RejectionCode = keyof typeof REJECTIONS;

/** A rule that a transaction breaks. */
export interface Rejection {
  readonly code: RejectionCode;
  /** With the values that break the rule. */
  readonly message: string;
  readonly values: RejectionValues;
}

/** What the message of a rejection names, by the names in its row. */
export type RejectionValues = Readonly<Record<string, string | number | bigint>>;

/** The rejection of a row, its message filled with values. */
export function reject(code: RejectionCode, values: RejectionValues = {}): Rejection {
  return { code, message: fillText(REJECTIONS[code].message, values), values };
}

const PREFIX = 'TransactionException.';

/** Names for bytes that are no transaction; others for them begin with `RLP_`. */
const ENCODING_NAMES: readonly string[] = [
  'ADDRESS_TOO_LONG',
  'ADDRESS_TOO_SHORT',
  'GASLIMIT_OVERFLOW',
  'GASPRICE_OVERFLOW',
  'INVALID_CHAINID',
  'INVALID_SIGNATURE_VRS',
  'NONCE_OVERFLOW',
  'PRIORITY_OVERFLOW',
  'TYPE_3_TX_WITH_FULL_BLOBS',
  'TYPE_4_INVALID_AUTHORIZATION_FORMAT',
  'TYPE_NOT_SUPPORTED',
  'VALUE_OVERFLOW',
  'TR_RLP_WRONGVALUE',
];

/**
 * Whether a rejection is what an official test expects.
 *
 * @param expected - Names with `|` between alternatives, with or without `TransactionException.`
 */
export function isExpectedRejection(code: RejectionCode, expected: string): boolean {
  const row: RejectionRow = REJECTIONS[code];
  return expectedNames(expected, PREFIX).some((name) => row.names.includes(name));
}

/** Whether an official test expects that the transaction cannot be decoded; as above. */
export function isExpectedEncodingError(expected: string): boolean {
  return expectedNames(expected, PREFIX).some(
    (name) => name.startsWith('RLP_') || ENCODING_NAMES.includes(name),
  );
}

/** The names of an expectation; those of the prefix's class of exceptions without the prefix. */
export function expectedNames(expected: string, prefix: string): string[] {
  const names = expected.split('|');
  return names.map((name) => (name.startsWith(prefix) ? name.slice(prefix.length) : name));
}
