/**
 * Why a block is not valid: one row for each rule, with the message that a user reads and the names
 * under which the official tests know it.
 */
import { fillText } from '../../base/errors.ts';
import {
  expectedNames,
  isExpectedEncodingError,
  isExpectedRejection,
  type Rejection,
  type RejectionCode,
} from '../transactions/rejections.ts';

interface RejectionRow {
  /** Text with `{name}` where a value stands. */
  readonly message: string;
  /** Names of `BlockException` in the official tests. */
  readonly names: readonly string[];
}

/** Names for what cannot be read, which tests do not tell apart; others begin with `RLP_`. */
const ENCODING = [
  'RLP_STRUCTURES_ENCODING',
  'RLP_WITHDRAWALS_NOT_READ',
  'RLP_INVALID_FIELD_OVERFLOW_64',
  'RLP_INVALID_ADDRESS',
  'INCORRECT_BLOCK_FORMAT',
];

/** Names for a header that is of another fork. */
const WRONG_FORK = [
  'IMPORT_IMPOSSIBLE_LEGACY',
  'IMPORT_IMPOSSIBLE_LEGACY_WRONG_PARENT',
  'IMPORT_IMPOSSIBLE_LONDON_WRONG_PARENT',
  'IMPORT_IMPOSSIBLE_LONDON_OVER_PARIS',
  'IMPORT_IMPOSSIBLE_PARIS_OVER_SHANGHAI',
  'IMPORT_IMPOSSIBLE_SHANGHAI',
];

const OVER_PARIS = 'IMPORT_IMPOSSIBLE_DIFFICULTY_OVER_PARIS';
const WRONG_POW = 'IMPORT_IMPOSSIBLE_PARIS_WRONG_POW';

/** The rules by code; a code is never renamed or given another meaning. */
export const BLOCK_REJECTIONS = {
  malformed: { message: 'the block cannot be read: {problem}', names: ENCODING },
  'size-above-max': {
    message: 'the block has {size} bytes, more than {limit} (EIP-7934)',
    names: ['RLP_BLOCK_LIMIT_EXCEEDED'],
  },
  'field-missing': {
    message: 'the header has no {field}, which {fork} needs',
    names: [...ENCODING, ...WRONG_FORK],
  },
  'field-unexpected': {
    message: 'the header has {field}, which {fork} does not have',
    names: [...ENCODING, ...WRONG_FORK],
  },
  'withdrawals-missing': {
    message: 'the block has no withdrawals, which {fork} needs',
    names: [...ENCODING, ...WRONG_FORK],
  },
  'withdrawals-unexpected': {
    message: 'the block has withdrawals, which {fork} does not have',
    names: [...ENCODING, ...WRONG_FORK],
  },
  'parent-unknown': {
    message: 'the parent {parent} is not known',
    names: ['UNKNOWN_PARENT', 'UNKNOWN_PARENT_ZERO'],
  },
  number: {
    message: 'the number is {found}, and that after the parent is {expected}',
    names: ['INVALID_BLOCK_NUMBER'],
  },
  timestamp: {
    message: 'the time {found} is not after the time {parent} of the parent',
    names: ['INVALID_BLOCK_TIMESTAMP_OLDER_THAN_PARENT'],
  },
  'extra-data-too-long': {
    message: 'the extra data has {size} bytes, more than 32',
    names: ['EXTRA_DATA_TOO_BIG'],
  },
  'extra-data-dao': {
    message: 'the extra data of the ten blocks from {block} on is "dao-hard-fork" (EIP-779)',
    names: ['EXTRA_DATA_INVALID_DAO'],
  },
  'gas-limit-too-high': {
    message: 'the gas limit {found} is above 2^63 - 1',
    names: ['GASLIMIT_TOO_BIG', 'INVALID_GASLIMIT'],
  },
  'gas-limit-too-low': {
    message: 'the gas limit {found} is below 5000',
    names: ['INVALID_GASLIMIT'],
  },
  'gas-limit-change': {
    message: 'the gas limit {found} is not within a 1024th of {parent}',
    names: ['INVALID_GASLIMIT'],
  },
  'gas-used-above-limit': {
    message: 'the header says that {used} gas is used, above the limit of {limit}',
    names: ['GAS_USED_OVERFLOW', 'INVALID_GAS_USED_ABOVE_LIMIT', 'INVALID_GAS_USED'],
  },
  difficulty: {
    message: 'the difficulty is {found}, and that after the parent is {expected}',
    names: [
      'INVALID_DIFFICULTY',
      OVER_PARIS,
      WRONG_POW,
      'IMPORT_IMPOSSIBLE_PARIS_WRONG_POS',
      'IMPORT_IMPOSSIBLE_LONDON_OVER_PARIS',
    ],
  },
  'nonce-not-zero': {
    message: 'the nonce of the header is not zero (EIP-3675)',
    names: [WRONG_POW, OVER_PARIS],
  },
  'base-fee': {
    message: 'the base fee is {found} wei, and that after the parent is {expected} wei',
    names: ['INVALID_BASEFEE_PER_GAS'],
  },
  'excess-blob-gas': {
    message: 'the excess blob gas is {found}, and that after the parent is {expected}',
    names: ['INCORRECT_EXCESS_BLOB_GAS'],
  },
  'blob-gas-above-limit': {
    message: 'the blob gas used is {found}, above the limit of {limit}',
    names: ['BLOB_GAS_USED_ABOVE_LIMIT', 'INCORRECT_BLOB_GAS_USED'],
  },
  'blob-gas-used': {
    message: 'the header says {found} blob gas is used, and the transactions use {expected}',
    names: ['INCORRECT_BLOB_GAS_USED', 'INVALID_VERSIONED_HASHES'],
  },
  'ommers-hash': {
    message: 'the hash of the ommers is {expected}, and the header has {found}',
    names: ['INVALID_UNCLES_HASH', 'IMPORT_IMPOSSIBLE_UNCLES_OVER_PARIS'],
  },
  'ommers-after-paris': {
    message: 'the block has ommers (EIP-3675)',
    names: ['IMPORT_IMPOSSIBLE_UNCLES_OVER_PARIS'],
  },
  'ommers-too-many': {
    message: 'the block has {count} ommers, more than 2',
    names: ['TOO_MANY_UNCLES'],
  },
  'ommer-twice': {
    message: 'ommer {index} stands in the block twice',
    names: ['UNCLE_IS_BROTHER', 'UNCLE_IN_CHAIN'],
  },
  'ommer-included': {
    message: 'ommer {index} was included before, in block {number}',
    names: ['UNCLE_IN_CHAIN'],
  },
  'ommer-is-ancestor': {
    message: 'ommer {index} is an ancestor of the block',
    names: ['UNCLE_IS_ANCESTOR', 'UNCLE_IN_CHAIN'],
  },
  'ommer-parent': {
    message: 'the parent of ommer {index} is not an ancestor of the block in reach',
    names: ['UNCLE_PARENT_INCORRECT', 'UNCLE_UNKNOWN_PARENT', 'UNCLE_IS_BROTHER'],
  },
  'ommer-header': {
    message: 'the header of ommer {index} is not valid: {problem}',
    names: ['UNCLE_PARENT_INCORRECT'],
  },
  'transactions-root': {
    message: 'the transactions root is {expected}, and the header has {found}',
    names: ['INVALID_TRANSACTIONS_ROOT'],
  },
  'withdrawals-root': {
    message: 'the withdrawals root is {expected}, and the header has {found}',
    names: ['INVALID_WITHDRAWALS_ROOT'],
  },
  transaction: {
    message: 'transaction {index} is not valid: {problem}',
    names: [],
  },
  'gas-used': {
    message: 'the header says {found} gas is used, and the transactions use {expected}',
    names: ['INVALID_GAS_USED'],
  },
  'logs-bloom': {
    message: 'the bloom of the logs differs from that of the header',
    names: ['INVALID_LOG_BLOOM'],
  },
  'receipts-root': {
    message: 'the receipts root is {expected}, and the header has {found}',
    names: ['INVALID_RECEIPTS_ROOT'],
  },
  'state-root': {
    message: 'the state root is {expected}, and the header has {found}',
    names: ['INVALID_STATE_ROOT'],
  },
  'requests-hash': {
    message: 'the hash of the requests is {expected}, and the header has {found}',
    names: ['INVALID_REQUESTS'],
  },
  'deposit-layout': {
    message: 'a deposit event is malformed: {problem} (EIP-6110)',
    names: ['INVALID_DEPOSIT_EVENT_LAYOUT'],
  },
  'system-contract-empty': {
    message: 'the system contract {address} has no code ({eip})',
    names: ['SYSTEM_CONTRACT_EMPTY'],
  },
  'system-call-failed': {
    message: 'the call of the system contract {address} failed ({eip})',
    names: ['SYSTEM_CONTRACT_CALL_FAILED'],
  },
} as const satisfies Record<string, RejectionRow>;

export type BlockRejectionCode = keyof typeof BLOCK_REJECTIONS;

/** A rule that a block breaks. */
export interface BlockRejection {
  readonly kind: 'rejected';
  readonly code: BlockRejectionCode;
  /** With the values that break the rule. */
  readonly message: string;
  /** Why an ommer's header is not valid, for the code `ommer-header`. */
  readonly ommer?: BlockRejection;
  /** Why a transaction is not valid, for the code `transaction`. */
  readonly transaction?: Rejection;
}

/** The rejection of a row, its message filled with values. */
export function rejectBlock(
  code: BlockRejectionCode,
  values: Readonly<Record<string, string | number | bigint>> = {},
): BlockRejection {
  return { kind: 'rejected', code, message: fillText(BLOCK_REJECTIONS[code].message, values) };
}

/** The rejection of a block for one of its transactions. */
export function rejectForTransaction(index: number, transaction: Rejection): BlockRejection {
  return { ...rejectBlock('transaction', { index, problem: transaction.message }), transaction };
}

export function isBlockRejection(value: object): value is BlockRejection {
  return 'kind' in value && value.kind === 'rejected';
}

/** Names that tests of blocks have for a rejected transaction. */
const TRANSACTION_NAMES: Readonly<Partial<Record<RejectionCode, string>>> = {
  'gas-above-block': 'GAS_USED_OVERFLOW',
  'type-not-supported': 'INVALID_VERSIONED_HASHES',
};

/**
 * Whether a rejection is what an official test expects.
 *
 * @param expected names with `|` between alternatives, with the prefix `BlockException.` or
 *   `TransactionException.`, or without any in old tests
 */
export function isExpectedBlockRejection(rejection: BlockRejection, expected: string): boolean {
  const { code, transaction, ommer } = rejection;
  if (transaction !== undefined && isExpectedRejection(transaction.code, expected)) return true;
  if (ommer !== undefined && isExpectedBlockRejection(ommer, expected)) return true;
  if (code === 'malformed' && isExpectedEncodingError(expected)) return true;
  const row: RejectionRow = BLOCK_REJECTIONS[code];
  const other = transaction === undefined ? undefined : TRANSACTION_NAMES[transaction.code];
  return expectedNames(expected, 'BlockException.').some(
    (name) => name === other || row.names.includes(name) || isRlpError(code, name),
  );
}

function isRlpError(code: BlockRejectionCode, name: string): boolean {
  return code === 'malformed' && name.startsWith('RLP_');
}
