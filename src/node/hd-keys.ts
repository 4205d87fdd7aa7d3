/**
 * Keys that follow from words (BIP-39) by a path (BIP-32, BIP-44).
 *
 * The seed takes 4,096 rounds of SHA-512, which Node does in a millisecond and a page in some tens.
 */
import { hmac } from '@noble/hashes/hmac.js';
import { pbkdf2 } from '@noble/hashes/pbkdf2.js';
import { sha512 } from '@noble/hashes/sha2.js';
import { validateMnemonic } from '@scure/bip39';
import { wordlist } from '@scure/bip39/wordlists/english.js';
import { concatBytes } from '../base/bytes.ts';
import { LockstepError } from '../base/errors.ts';
import { bigintToBytes32, bytesToBigint } from '../base/u256.ts';
import { ORDER } from '../chain/transactions/sender.ts';
import { recoverPublicKey } from '../vms/evm/precompiles/secp256k1.ts';

export interface MnemonicOptions {
  readonly mnemonic: string;
  readonly count: number;
  /** Path of the keys but for the last number, with or without a slash at its end. */
  readonly path: string;
}

/** A private key that others are derived from. */
interface ExtendedKey {
  /** Above zero, below the order of the curve. */
  readonly key: bigint;
  /** 32 bytes. */
  readonly chainCode: Uint8Array;
}

/** x of the base point of secp256k1, whose y is even (SEC 2, section 2.4.1). */
const BASE_X = 0x79be667e_f9dcbbac_55a06295_ce870b07_029bfcdb_2dce28d9_59f2815b_16f81798n;
const SEED_ROUNDS = 2048;
const SEED_BYTES = 64;
/** From it on a child is derived from the private key of its parent. */
const HARDENED = 2 ** 31;

const MNEMONIC_RULE =
  'breaks a rule of BIP-39: it has 12, 15, 18, 21 or 24 words of the English list, with a checksum';

const native = globalThis.process?.getBuiltinModule?.('node:crypto');

/**
 * Private keys of a mnemonic, 32 bytes each, in the order of their numbers.
 *
 * @throws LockstepError L1703 for words or a path that are none
 */
export function deriveKeys({ mnemonic, count, path }: MnemonicOptions): Uint8Array[] {
  if (!validateMnemonic(mnemonic, wordlist)) {
    throw new LockstepError('L1703', { what: 'the mnemonic', problem: MNEMONIC_RULE });
  }
  let parent = masterOf(seedOf(mnemonic));
  for (const index of readPath(path)) parent = childOf(parent, index);
  return Array.from({ length: count }, (_, index) =>
    bigintToBytes32(childOf(parent, index).key, 'a private key'),
  );
}

/** Numbers of the children, hardened ones from 2^31 on. */
function readPath(path: string): number[] {
  const steps = [...path.matchAll(/\/(\d+)('?)/g)];
  const indexes = steps.map(([, digits, mark]) => ({ index: Number(digits), isHard: mark !== '' }));
  if (!/^m(\/\d+'?)*\/?$/.test(path) || indexes.some(({ index }) => index >= HARDENED)) {
    const problem = `is ${JSON.stringify(path)}`;
    throw new LockstepError('L1703', { what: 'the derivation path', problem });
  }
  return indexes.map(({ index, isHard }) => (isHard ? HARDENED + index : index));
}

/** 64 bytes, without a passphrase (BIP-39, "From mnemonic to seed"). */
function seedOf(mnemonic: string): Uint8Array {
  const words = mnemonic.normalize('NFKD');
  return native === undefined
    ? pbkdf2(sha512, words, 'mnemonic', { c: SEED_ROUNDS, dkLen: SEED_BYTES })
    : native.pbkdf2Sync(words, 'mnemonic', SEED_ROUNDS, SEED_BYTES, 'sha512');
}

function hmacSha512(key: Uint8Array, data: Uint8Array): Uint8Array {
  return native === undefined
    ? hmac(sha512, key, data)
    : native.createHmac('sha512', key).update(data).digest();
}

/** BIP-32, "Master key generation". */
function masterOf(seed: Uint8Array): ExtendedKey {
  return extendedKey(hmacSha512(new TextEncoder().encode('Bitcoin seed'), seed), 0n);
}

/** BIP-32, "Private parent key to private child key". */
function childOf({ key, chainCode }: ExtendedKey, index: number): ExtendedKey {
  const data = new Uint8Array(37);
  const privateKey = bigintToBytes32(key, 'a private key');
  if (index < HARDENED) data.set(compress(publicKeyOf(privateKey)));
  else data.set(privateKey, 1);
  new DataView(data.buffer).setUint32(33, index);
  return extendedKey(hmacSha512(chainCode, data), key);
}

function extendedKey(digest: Uint8Array, parent: bigint): ExtendedKey {
  const left = bytesToBigint(digest.subarray(0, 32));
  const key = (left + parent) % ORDER;
  // BIP-32 wants another index then, which nobody has met: it is one digest of 2^127.
  if (left >= ORDER || key === 0n) throw new Error('BUG: a digest is no private key');
  return { key, chainCode: digest.subarray(32) };
}

/** A point in 33 bytes (SEC 1, section 2.3.3). */
function compress(point: Uint8Array): Uint8Array {
  return concatBytes(Uint8Array.of(2 + ((point[63] ?? 0) & 1)), point.subarray(0, 32));
}

/**
 * The public key of a private one: of the digest zero, with the base point for the nonce's,
 * (r, key · r) is a signature by the key, so that recovery is a multiplication.
 *
 * How long it takes depends on the key, which is for keys of development that no one has to guess.
 *
 * @param privateKey 32 bytes
 * @returns x and y, 32 bytes each, big-endian
 * @throws LockstepError L1704 if the key is zero or not below the order
 */
export function publicKeyOf(privateKey: Uint8Array): Uint8Array {
  const key = bytesToBigint(privateKey, 'the private key');
  if (key === 0n || key >= ORDER) throw new LockstepError('L1704', {});
  const signature = new Uint8Array(64);
  signature.set(bigintToBytes32(BASE_X));
  signature.set(bigintToBytes32((key * BASE_X) % ORDER), 32);
  const point = recoverPublicKey(new Uint8Array(32), signature, 0);
  if (point === undefined) throw new Error('BUG: a private key has no public key');
  return point;
}
