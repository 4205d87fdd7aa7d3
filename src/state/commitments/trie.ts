/** A Merkle-Patricia trie of byte strings, with marks that can be gone back to. */

import type { Keccak256 } from '../../base/bytes.ts';
import { toChars } from '../cells.ts';
import { NodeHasher } from './node-hasher.ts';
import { findValue, leafNode, type TrieNode } from './nodes.ts';
import { proveKey } from './proof.ts';
import { insertLeaf, removeKey } from './update.ts';

/** A mark of a trie's content; it is kept by holding it, and given up by dropping it. */
export interface TrieMark {
  readonly kind: 'trie-mark';
  readonly root: TrieNode | undefined;
}

/**
 * Values that are handed over are kept, not copied: nobody changes them afterwards.
 */
export interface Trie {
  get(key: Uint8Array): Uint8Array | undefined;
  /** No bytes delete the key: the trie cannot tell them from absence. */
  put(key: Uint8Array, value: Uint8Array): void;
  delete(key: Uint8Array): void;
  /** 32 bytes. Hashes what has changed since it was last asked for. */
  root(): Uint8Array;
  /** The encoded nodes that prove the value of the key, or its absence; see `verifyProof`. */
  prove(key: Uint8Array): Uint8Array[];
  snapshot(): TrieMark;
  /** Goes back to a mark, which stays valid. */
  restore(mark: TrieMark): void;
}

export interface TrieOptions {
  readonly keccak256: Keccak256;
  /** Keys are hashed first, as in the state; a proof then is one of the hashed key. */
  readonly hashesKeys?: boolean;
}

/** An empty trie. */
export function createTrie({ keccak256, hashesKeys = false }: TrieOptions): Trie {
  const hasher = new NodeHasher(keccak256);
  const pathOf = (key: Uint8Array) => toChars(hashesKeys ? keccak256(key) : key);
  let root: TrieNode | undefined;
  return {
    // Nothing but bytes was put in.
    get: (key) => findValue(root, pathOf(key)) as Uint8Array | undefined,
    put(key, value) {
      const path = pathOf(key);
      root = value.length === 0 ? removeKey(root, path) : insertLeaf(root, leafNode(path, value));
    },
    delete(key) {
      root = removeKey(root, pathOf(key));
    },
    root: () => hasher.rootOf(root),
    prove: (key) => proveKey(hasher, root, pathOf(key)),
    snapshot: () => ({ kind: 'trie-mark', root }),
    restore(mark) {
      root = mark.root;
    },
  };
}
