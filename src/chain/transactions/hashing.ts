/**
 * The hashes of transactions and authorizations.
 *
 * Each function takes the hash function as its last argument, so that a chain can pass that of the
 * kernel, which is several times as fast as the default.
 */
import { keccak_256 } from '@noble/hashes/sha3.js';
import { concatBytes, type Keccak256 } from '../../base/bytes.ts';
import { encodeRlp } from '../../base/rlp.ts';
import { authorizationFields, encodeForSigning, encodeTransaction } from './codec.ts';
import type { Authorization, SignedTransaction, Transaction } from './types.ts';

/** In front of an authorization that is signed (EIP-7702, `MAGIC`). */
const AUTHORIZATION_MAGIC = Uint8Array.of(0x05);

/** The identity of a transaction: 32 bytes. */
export function transactionHash(
  tx: SignedTransaction,
  keccak256: Keccak256 = keccak_256,
): Uint8Array {
  return keccak256(encodeTransaction(tx));
}

/** What the sender signs: 32 bytes. */
export function signingHash(tx: Transaction, keccak256: Keccak256 = keccak_256): Uint8Array {
  return keccak256(encodeForSigning(tx));
}

/** What the authority of an authorization signs: 32 bytes. */
export function authorizationHash(
  auth: Pick<Authorization, 'chainId' | 'address' | 'nonce'>,
  keccak256: Keccak256 = keccak_256,
): Uint8Array {
  return keccak256(concatBytes(AUTHORIZATION_MAGIC, encodeRlp(authorizationFields(auth))));
}
