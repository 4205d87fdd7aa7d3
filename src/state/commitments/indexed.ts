/**
 * Roots of lists: transactions, receipts and withdrawals of a block are the values of a trie whose
 * keys are the encoded indices (Yellow Paper, section 4.4).
 */
import type { Keccak256 } from '../../base/bytes.ts';
import { RLP_STRING } from '../../base/rlp.ts';
import { NodeHasher } from './node-hasher.ts';
import { leafNode, type TrieKey } from './nodes.ts';
import { buildTrie } from './update.ts';

/**
 * The root, 32 bytes, of the trie of `rlp(index) -> item`.
 *
 * @param items none is empty
 */
export function indexedRoot(items: readonly Uint8Array[], keccak256: Keccak256): Uint8Array {
  const leaves = items.map((item, index) => leafNode(keyOf(index), item));
  // In the order of keys that of 0, which is encoded as a string without bytes, is after 127.
  const first = leaves.shift();
  if (first !== undefined) leaves.splice(ONE_BYTE_MAX, 0, first);
  return hasherOf(keccak256).rootOf(buildTrie(leaves));
}

/** The greatest number that is its own encoding. */
const ONE_BYTE_MAX = 127;

/** The encoding of an index as characters. */
function keyOf(index: number): TrieKey {
  if (index > 0 && index <= ONE_BYTE_MAX) return String.fromCharCode(index);
  let bytes = '';
  for (let rest = index; rest > 0; rest >>>= 8) bytes = String.fromCharCode(rest & 255) + bytes;
  return String.fromCharCode(RLP_STRING + bytes.length) + bytes;
}

/** One for each hash function: a block asks for three roots, most of them of nothing. */
const HASHERS = new WeakMap<Keccak256, NodeHasher>();

function hasherOf(keccak256: Keccak256): NodeHasher {
  const known = HASHERS.get(keccak256);
  if (known !== undefined) return known;
  const hasher = new NodeHasher(keccak256);
  HASHERS.set(keccak256, hasher);
  return hasher;
}
