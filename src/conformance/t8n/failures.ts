/**
 * How the transition tool fails, with the exit codes and the phrases that tools in this form share,
 * so that those who drive it can tell the causes apart.
 */
import type { Rejection, RejectionCode } from '../../chain/transactions/rejections.ts';

/** Exit codes by cause; 0 is done, also where transactions were rejected. */
export const EXIT_CODES = {
  /** The end of the block failed. */
  evm: 2,
  /** The environment lacks what the fork needs, or the fork does not exist. */
  config: 3,
  /** A contract asked for the hash of a block that the environment does not have. */
  'block-hash': 4,
  json: 10,
  io: 11,
  rlp: 12,
} as const;

export type TransitionFailure = keyof typeof EXIT_CODES;

/** The transition cannot be made; nothing is written. */
export class TransitionError extends Error {
  readonly failure: TransitionFailure;

  constructor(failure: TransitionFailure, message: string) {
    super(message);
    this.name = 'TransitionError';
    this.failure = failure;
  }

  get exitCode(): number {
    return EXIT_CODES[this.failure];
  }
}

/** What go-ethereum says first of a transaction that breaks the rule; test fillers look for it. */
const PHRASES: Readonly<Record<RejectionCode, string>> = {
  'type-not-supported': 'transaction type not supported',
  'chain-id-mismatch': 'invalid chain id for signer',
  'signature-invalid': 'invalid transaction v, r, s values',
  'intrinsic-gas': 'intrinsic gas too low',
  'floor-gas': 'insufficient gas for floor data gas cost',
  'gas-limit-above-cap': 'transaction gas limit too high',
  'gas-above-block': 'gas limit reached',
  'nonce-max': 'nonce has max value',
  'initcode-too-large': 'max initcode size exceeded',
  'priority-above-max-fee': 'max priority fee per gas higher than max fee per gas',
  'fee-below-base-fee': 'max fee per gas less than block base fee',
  'creation-not-allowed': 'input string too short for common.Address',
  'blob-list-empty': 'blob transaction missing blob hashes',
  'blob-version': 'has invalid hash version',
  'blob-gas-above-block': 'blob gas would exceed maximum allowance',
  'blob-count-above-max': 'blob transaction has too many blobs',
  'blob-fee-below-base-fee': 'max fee per blob gas less than block blob gas fee',
  'authorization-list-empty': 'EIP-7702 transaction with empty auth list',
  'nonce-too-low': 'nonce too low',
  'nonce-too-high': 'nonce too high',
  'sender-has-code': 'sender not an eoa',
  'insufficient-funds': 'insufficient funds for gas * price + value',
};

/** The text of a rejected transaction: the common phrase, and what broke the rule. */
export function rejectionText({ code, message }: Rejection): string {
  return `${PHRASES[code]}: ${message}`;
}
