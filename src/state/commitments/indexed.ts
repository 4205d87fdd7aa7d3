/**
 * Roots of lists: transactions, receipts and withdrawals of a block are the values of a trie whose
 * keys are the encoded indices (Yellow Paper, section 4.4).
 */
import { compareBytes, type Keccak256 } from '../../base/bytes.ts';
import { encodeRlp } from '../../base/rlp.ts';
import { NodeHasher } from './node-hasher.ts';
import { leafNode } from './nodes.ts';
import { buildTrie } from './update.ts';

/**
 * The root, 32 bytes, of the trie of `rlp(index) -> item`.
 *
 * @param items none is empty
 */
export function indexedRoot(items: readonly Uint8Array[], keccak256: Keccak256): Uint8Array {
  const leaves = items
    .map((item, index) => leafNode(encodeRlp(BigInt(index)), item))
    .sort((a, b) => compareBytes(a.key, b.key));
  return hasherOf(keccak256).rootOf(buildTrie(leaves));
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
