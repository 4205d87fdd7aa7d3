/** `lockstep/chain/transactions`: their bytes, their hashes, who signed them, their validity. */
export type { Keccak256 } from '../../base/bytes.ts';
export { decodeTransaction, encodeForSigning, encodeTransaction } from './codec.ts';
export type { GasFields, IntrinsicGas } from './gas.ts';
export { intrinsicGas } from './gas.ts';
export { authorizationHash, signingHash, transactionHash } from './hashing.ts';
export type { Rejection, RejectionCode } from './rejections.ts';
export { REJECTIONS } from './rejections.ts';
export {
  checkSignature,
  recoverAuthority,
  recoverSender,
  signAuthorization,
  signTransaction,
} from './sender.ts';
export type {
  AccessListEntry,
  Authorization,
  Signature,
  SignedTransaction,
  Transaction,
  TransactionType,
} from './types.ts';
export type { SenderAccount, ValidityContext } from './validate.ts';
export { checkSender, checkTransaction, highestCost } from './validate.ts';
