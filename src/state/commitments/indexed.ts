/**
 * Roots of lists: transactions, receipts and withdrawals of a block are the values of a trie whose
 * keys are the encoded indices (Yellow Paper, section 4.4).
 */
import { compareBytes, type Keccak256 } from '../../base/bytes.ts';
import { encodeRlp, rlpOfBigint } from '../../base/rlp.ts';
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
    .map((item, index) => leafNode(encodeRlp(rlpOfBigint(BigInt(index))), item))
    .sort((a, b) => compareBytes(a.key, b.key));
  return new NodeHasher(keccak256).rootOf(buildTrie(leaves));
}
