/** Proofs of accounts and slots in the shape of EIP-1186 (`eth_getProof`). */
import { bytesToHex, equalBytes, type Keccak256 } from '../../base/bytes.ts';
import { LockstepError } from '../../base/errors.ts';
import { encodeRlp, RLP_STRING, rlpOfBigint } from '../../base/rlp.ts';
import { bigintToBytes32 } from '../../base/u256.ts';
import { findAccount, findSlot, numberOfDigits } from './account.ts';
import type { HashMemo } from './hash-memo.ts';
import { HASH_BYTES, type NodeHasher } from './node-hasher.ts';
import type { TrieKey, TrieNode } from './nodes.ts';
import { proveKey, verifyProof } from './proof.ts';

const NO_BYTES = new Uint8Array(0);
const ZERO_HASH = new Uint8Array(HASH_BYTES);

export interface EvmStorageProof {
  /** The slot. */
  readonly key: bigint;
  /** 0 for a slot that is not in the trie, which the proof then shows. */
  readonly value: bigint;
  readonly proof: readonly Uint8Array[];
}

export interface EvmAccountProof {
  /** 20 bytes. */
  readonly address: Uint8Array;
  readonly accountProof: readonly Uint8Array[];
  readonly balance: bigint;
  readonly nonce: bigint;
  /** Zeros, as is `storageHash`, for an account that is not in the trie. */
  readonly codeHash: Uint8Array;
  readonly storageHash: Uint8Array;
  readonly storageProof: readonly EvmStorageProof[];
}

/** The proof of an account in a trie of accounts, whose leaves hold the tries of the slots. */
export function proveAccount(
  { hasher, memo }: { readonly hasher: NodeHasher; readonly memo: HashMemo<TrieKey> },
  root: TrieNode | undefined,
  address: Uint8Array,
  slots: readonly bigint[],
): EvmAccountProof {
  const path = memo.hash(address);
  const account = findAccount(root, path);
  return {
    address,
    accountProof: proveKey(hasher, root, path),
    balance: numberOfDigits(account?.balance ?? ''),
    nonce: numberOfDigits(account?.nonce ?? ''),
    codeHash: account?.codeHash ?? ZERO_HASH,
    storageHash: account?.storageRoot ?? ZERO_HASH,
    storageProof: slots.map((key) => {
      const slotPath = memo.hash(bigintToBytes32(key, 'the slot'));
      return {
        key,
        value: findSlot(account?.storage, slotPath),
        proof: proveKey(hasher, account?.storage, slotPath),
      };
    }),
  };
}

/**
 * Checks every statement of a proof against a state root.
 *
 * @param stateRoot 32 bytes
 * @throws LockstepError L1301 for a proof that does not hold, L1302 for a statement that differs
 *   from what its proof shows
 */
export function verifyAccountProof(
  stateRoot: Uint8Array,
  proof: EvmAccountProof,
  keccak256: Keccak256,
): void {
  const { address, accountProof, balance, nonce, codeHash, storageHash, storageProof } = proof;
  const found = verifyProof(stateRoot, keccak256(address), accountProof, keccak256);
  const what = `account ${bytesToHex(address)}`;
  if (found === undefined) {
    requireAbsent(proof, what, keccak256);
    return;
  }
  const account = encodeRlp([rlpOfBigint(nonce), rlpOfBigint(balance), storageHash, codeHash]);
  if (!equalBytes(found, account)) throw new LockstepError('L1302', { what });
  for (const { key, value, proof: nodes } of storageProof) {
    const path = keccak256(bigintToBytes32(key, 'the slot'));
    const slot = verifyProof(storageHash, path, nodes, keccak256);
    const isSame =
      slot === undefined ? value === 0n : equalBytes(slot, encodeRlp(rlpOfBigint(value)));
    if (!isSame) throw new LockstepError('L1302', { what: `slot ${key} of ${what}` });
  }
}

/**
 * An account that is not in the trie has nothing. Its hashes are zeros, as most nodes give them, or
 * those of no code and of an empty trie.
 */
function requireAbsent(proof: EvmAccountProof, what: string, keccak256: Keccak256): void {
  const isHashOfNothing = (hash: Uint8Array, nothing: Uint8Array) =>
    equalBytes(hash, ZERO_HASH) || equalBytes(hash, keccak256(nothing));
  const isRight =
    proof.balance === 0n &&
    proof.nonce === 0n &&
    isHashOfNothing(proof.codeHash, NO_BYTES) &&
    isHashOfNothing(proof.storageHash, Uint8Array.of(RLP_STRING));
  if (!isRight) throw new LockstepError('L1302', { what });
  for (const { key, value, proof: nodes } of proof.storageProof) {
    if (value !== 0n || nodes.length > 0) {
      throw new LockstepError('L1302', { what: `slot ${key} of ${what}` });
    }
  }
}
