/** What go-ethereum says of a transaction that breaks a rule, which tools compare. */
import type {
  Rejection,
  RejectionCode,
  RejectionValues,
} from '../../chain/transactions/rejections.ts';
import { RPC_CODE, RpcError } from '../rpc/errors.ts';
import { checksumAddress } from '../wallets.ts';

type Values = RejectionValues;
type Say = (values: Values, sender: string) => string;

const TEXTS: Readonly<Record<RejectionCode, Say>> = {
  'type-not-supported': () => 'transaction type not supported',
  'chain-id-mismatch': (v) => `invalid chain id for signer: have ${v.found} want ${v.expected}`,
  'signature-invalid': (v) => `invalid sender: ${v.problem}`,
  'intrinsic-gas': (v) => `intrinsic gas too low: have ${v.gasLimit}, want ${v.needed}`,
  'floor-gas': (v) =>
    `insufficient gas for floor data gas cost: have ${v.gasLimit}, want ${v.needed}`,
  'gas-limit-above-cap': (v) =>
    `transaction gas limit too high (cap: ${v.limit}, tx: ${v.gasLimit})`,
  'gas-above-block': (v) => `gas limit reached: have ${v.available}, want ${v.gasLimit}`,
  'nonce-max': (_v, sender) =>
    `nonce has max value: address ${sender}, nonce: 18446744073709551615`,
  'initcode-too-large': (v) => `max initcode size exceeded: code size ${v.size} limit ${v.limit}`,
  'priority-above-max-fee': (v, sender) =>
    `max priority fee per gas higher than max fee per gas: address ${sender}, ` +
    `maxPriorityFeePerGas: ${v.priority}, maxFeePerGas: ${v.maximum}`,
  'fee-below-base-fee': (v, sender) =>
    `max fee per gas less than block base fee: address ${sender}, ` +
    `maxFeePerGas: ${v.maximum}, baseFee: ${v.baseFee}`,
  'creation-not-allowed': (v) =>
    v.type === 3
      ? 'blob transaction of type create'
      : `EIP-7702 transaction cannot be used to create contract`,
  'blob-list-empty': () => 'blob transaction missing blob hashes',
  'blob-version': (v) => `blob ${v.index} has invalid hash version`,
  'blob-gas-above-block': (v) => `blob gas limit reached: have ${v.available}, want ${v.needed}`,
  'blob-count-above-max': (v) => `blob transaction has too many blobs: ${v.count} > ${v.limit}`,
  'blob-fee-below-base-fee': (v, sender) =>
    `max fee per blob gas less than block blob gas fee: address ${sender} ` +
    `blobGasFeeCap: ${v.maximum}, blobBaseFee: ${v.baseFee}`,
  'authorization-list-empty': (_v, sender) =>
    `EIP-7702 transaction with empty auth list (sender ${sender})`,
  'nonce-too-low': (v, sender) =>
    `nonce too low: address ${sender}, tx: ${v.found} state: ${v.expected}`,
  'nonce-too-high': (v, sender) =>
    `nonce too high: address ${sender}, tx: ${v.found} state: ${v.expected}`,
  'sender-has-code': (_v, sender) => `sender not an eoa: address ${sender}`,
  'insufficient-funds': (v, sender) =>
    `insufficient funds for gas * price + value: address ${sender} ` +
    `have ${v.balance} want ${v.cost}`,
};

/** Codes that `eth_simulateV1` has for some rules. */
export const SIMULATION_CODES: Readonly<Partial<Record<RejectionCode, number>>> = {
  'nonce-too-low': -38010,
  'nonce-too-high': -38011,
  'fee-below-base-fee': -38012,
  'intrinsic-gas': -38013,
  'floor-gas': -38013,
  'insufficient-funds': -38014,
  'gas-above-block': -38015,
  'sender-has-code': -38024,
  'initcode-too-large': -38025,
};

export function rejectionText({ code, values }: Rejection, sender: Uint8Array): string {
  return TEXTS[code](values, checksumAddress(sender));
}

/** Of a call that could not begin, as go-ethereum answers it. */
export function callRejection(
  rejection: Rejection,
  sender: Uint8Array,
  gas: bigint,
  code: number = RPC_CODE.server,
): RpcError {
  const text = `err: ${rejectionText(rejection, sender)} (supplied gas ${gas})`;
  return new RpcError(code, text, undefined, { cause: rejection });
}
