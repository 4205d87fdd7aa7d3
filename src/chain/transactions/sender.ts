/**
 * Who signed: the sender of a transaction, the authority of an authorization, and signing itself
 * (Yellow Paper, appendix F; EIP-2, EIP-155, EIP-7702).
 */
import { keccak_256 } from '@noble/hashes/sha3.js';
import type { Keccak256 } from '../../base/bytes.ts';
import { bigintToBytes32 } from '../../base/u256.ts';
import type { ForkRules } from '../../vms/evm/forks.ts';
import { recoverPublicKey, signDigest } from '../../vms/evm/precompiles/secp256k1.ts';
import { signedPart } from './codec.ts';
import { authorizationHash, signingHash } from './hashing.ts';
import { type Rejection, reject } from './rejections.ts';
import type { Authorization, SignedTransaction, Transaction } from './types.ts';

/** Order of the group of secp256k1 (SEC 2, section 2.4.1). */
export const ORDER = 0xffffffff_ffffffff_ffffffff_fffffffe_baaedce6_af48a03b_bfd25e8c_d0364141n;
/** Above it s is high, and its negation signs the same (EIP-2). */
const LOW_S_MAX = ORDER / 2n;

/**
 * Whether the signature is one that the fork allows; which numbers are in range, not who signed.
 *
 * @returns the rejection `signature-invalid`, or undefined
 */
export function checkSignature(tx: SignedTransaction, rules: ForkRules): Rejection | undefined {
  const { r, s } = tx.signature;
  const problem = signatureProblem(r, s, rules.eip2);
  if (problem !== undefined) return reject('signature-invalid', { problem });
  if (tx.type !== 0 || tx.chainId === undefined || rules.eip155) return undefined;
  return reject('signature-invalid', { problem: 'it has a chain id before EIP-155' });
}

function signatureProblem(r: bigint, s: bigint, isLowOnly: boolean): string | undefined {
  if (r === 0n || r >= ORDER) return 'r is not between 0 and the order of the curve';
  if (s === 0n || s >= ORDER) return 's is not between 0 and the order of the curve';
  return isLowOnly && s > LOW_S_MAX ? 's is above half the order of the curve (EIP-2)' : undefined;
}

/**
 * The address whose key signed the transaction, 20 bytes, or undefined if no key did.
 *
 * A high s is taken; `checkSignature` tells whether the fork does.
 *
 * @param encoded - The bytes of the transaction, where they are at hand.
 */
export function recoverSender(
  tx: SignedTransaction,
  keccak256: Keccak256 = keccak_256,
  encoded?: Uint8Array,
): Uint8Array | undefined {
  const { r, s, yParity } = tx.signature;
  const signed = encoded && signedPart(encoded);
  const digest = signed === undefined ? signingHash(tx, keccak256) : keccak256(signed);
  return recoverAddress(digest, r, s, yParity, keccak256);
}

/**
 * The account that gave the authorization, 20 bytes, or undefined where the signature is void: a
 * high s, a parity that is neither 0 nor 1, or no key behind it (EIP-7702).
 */
export function recoverAuthority(
  auth: Authorization,
  keccak256: Keccak256 = keccak_256,
): Uint8Array | undefined {
  const { r, s, yParity } = auth;
  if (yParity > 1n || s > LOW_S_MAX) return undefined;
  const digest = authorizationHash(auth, keccak256);
  return recoverAddress(digest, r, s, yParity === 0n ? 0 : 1, keccak256);
}

function recoverAddress(
  digest: Uint8Array,
  r: bigint,
  s: bigint,
  yParity: 0 | 1,
  keccak256: Keccak256,
): Uint8Array | undefined {
  const signature = new Uint8Array(64);
  signature.set(bigintToBytes32(r, 'r of the signature'));
  signature.set(bigintToBytes32(s, 's of the signature'), 32);
  const key = recoverPublicKey(digest, signature, yParity);
  return key === undefined ? undefined : keccak256(key).slice(12);
}

/**
 * The transaction with the signature of a key: deterministic (RFC 6979), with a low s.
 *
 * @param privateKey - 32 bytes.
 * @throws Error if the key is zero or not below the order of the curve
 */
export function signTransaction<T extends Transaction>(
  tx: T,
  privateKey: Uint8Array,
  keccak256: Keccak256 = keccak_256,
): T & SignedTransaction {
  const { r, s, yParity } = signDigest(signingHash(tx, keccak256), privateKey);
  return { ...tx, signature: { r, s, yParity } };
}

/** An authorization with the signature of its authority's key; as `signTransaction`. */
export function signAuthorization(
  auth: Pick<Authorization, 'chainId' | 'address' | 'nonce'>,
  privateKey: Uint8Array,
  keccak256: Keccak256 = keccak_256,
): Authorization {
  const { r, s, yParity } = signDigest(authorizationHash(auth, keccak256), privateKey);
  return { ...auth, yParity: BigInt(yParity), r, s };
}
