/**
 * Why the oracle rejects a transaction, in terms of our rejections, and in which order it looks.
 * That a transaction is rejected is consensus; which of its faults is told is not.
 */
import type { RejectionCode } from '../../src/chain/transactions/rejections.ts';

/** A rejection as a side tells it. */
export interface Rejected {
  readonly kind: 'rejected';
  /** Codes that say the same; more than one where a side does not tell them apart. */
  readonly codes: readonly Code[];
  readonly detail: string;
}

type Code = RejectionCode | 'malformed';

/**
 * What the package says of a transaction that it does not run, and the codes that say the same.
 * Whatever is not here is a failure of the package itself.
 */
const REASONS: readonly (readonly [text: RegExp, codes: readonly RejectionCode[]])[] = [
  [/EIP-?\s?\d+ (is )?not (enabled|activated)/, ['type-not-supported']],
  [/Common chain ID|Incompatible EIP155-based V/, ['chain-id-mismatch']],
  [/exceeds the maximum allowed by EIP-7825/, ['gas-limit-above-cap']],
  [/initcode size of this transaction is too large/, ['initcode-too-large']],
  [/nonce cannot equal or exceed MAX_UINT64/, ['nonce-max']],
  [/cannot exceed MAX_INTEGER/, ['insufficient-funds']],
  [/maxFeePerGas cannot be less than maxPriorityFeePerGas/, ['priority-above-max-fee']],
  [/versioned hash does not start/, ['blob-version']],
  [/exceed maximum blob gas|blobs exceeds max/, ['blob-gas-above-block', 'blob-count-above-max']],
  [/should contain at least one blob/, ['blob-list-empty']],
  [/cannot be used to create contracts/, ['creation-not-allowed']],
  [/INTRINSIC_GAS_TOO_LOW/, ['intrinsic-gas', 'floor-gas']],
  [/is less than the block's baseFeePerGas/, ['fee-below-base-fee']],
  [/is less than block blobGasPrice/, ['blob-fee-below-base-fee']],
  [/address is not EOA/, ['sender-has-code']],
  [/doesn't have enough funds/, ['insufficient-funds']],
  [/doesn't have the correct nonce/, ['nonce-too-low', 'nonce-too-high']],
  [/higher gas limit than the block/, ['gas-above-block']],
  [/authorization list is empty/, ['authorization-list-empty']],
  [/Invalid Signature|s-values greater than/i, ['signature-invalid']],
];

/** The codes that mean what the package says, or undefined for a failure of it. */
export function reasonsOf(message: string): readonly RejectionCode[] | undefined {
  return REASONS.find(([text]) => text.test(message))?.[1];
}

/**
 * The order in which the oracle checks: first what its constructors of transactions look at, in an
 * order that depends on the type and is not told apart here, then what `runTx` does.
 */
const THEIR_ORDER: readonly (readonly Code[])[] = [
  [
    'nonce-max',
    'gas-limit-above-cap',
    'initcode-too-large',
    'type-not-supported',
    'chain-id-mismatch',
    'priority-above-max-fee',
    'authorization-list-empty',
    'blob-version',
    'blob-gas-above-block',
    'blob-count-above-max',
    'blob-list-empty',
    'creation-not-allowed',
  ],
  ['gas-above-block'],
  // The sender is recovered here; a chain id before EIP-155 shows as nobody's signature.
  ['signature-invalid'],
  ['intrinsic-gas', 'floor-gas'],
  ['fee-below-base-fee'],
  ['sender-has-code'],
  ['insufficient-funds'],
  ['blob-fee-below-base-fee'],
  ['nonce-too-low', 'nonce-too-high'],
];

function theirStage(codes: readonly Code[], detail = ''): number {
  // A product beyond 256 bits, which no balance pays, is seen by the constructors.
  if (detail.includes('MAX_INTEGER')) return 0;
  return THEIR_ORDER.findIndex((stage) => stage.some((code) => codes.includes(code)));
}

/**
 * Whether two reasons may differ because the transaction breaks both rules, of which each side
 * tells the first that it checks: theirs has to come no later than ours in their order.
 */
export function isOrderOfChecks(ours: Rejected, theirs: Rejected): boolean {
  return theirStage(theirs.codes, theirs.detail) <= theirStage(ours.codes);
}
