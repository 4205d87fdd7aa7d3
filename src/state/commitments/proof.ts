/**
 * Merkle proofs: the nodes on the way from the root to a key, or to the place where the way ends,
 * which proves that the key is not there.
 */
import { equalBytes, type Keccak256 } from '../../base/bytes.ts';
import { LockstepError } from '../../base/errors.ts';
import { decodeRlp, RLP_STRING, type RlpItem } from '../../base/rlp.ts';
import { toChars } from '../cells.ts';
import { HASH_BYTES, type NodeHasher } from './node-hasher.ts';
import { childOn, depthBelow, nibbleAt, type TrieKey, type TrieNode } from './nodes.ts';

/**
 * The encoded nodes from the root downwards. A node that stands inside its parent is no node of its
 * own; the proof of anything in an empty trie has no nodes.
 */
export function proveKey(
  hasher: NodeHasher,
  root: TrieNode | undefined,
  key: TrieKey,
): Uint8Array[] {
  const proof: Uint8Array[] = [];
  let depth = 0;
  for (let node = root; node !== undefined; ) {
    if (depth === 0 || hasher.isHashed(node, depth)) {
      proof.push(hasher.encode(node, depth).slice());
    }
    const next = childOn(node, key, depth);
    depth = depthBelow(node, depth);
    node = next;
  }
  return proof;
}

/** Where the way to a key goes on in a proof. */
type Step =
  | { readonly kind: 'end'; readonly value: Uint8Array | undefined }
  | { readonly kind: 'child'; readonly item: RlpItem; readonly depth: number };

const ABSENT: Step = { kind: 'end', value: undefined };

/**
 * Checks a proof and gives the value that it proves, or undefined where it proves that the trie
 * does not have the key.
 *
 * @param root 32 bytes
 * @throws LockstepError L1301 unless the proof holds, with nothing in it that is not needed
 */
export function verifyProof(
  root: Uint8Array,
  key: Uint8Array,
  proof: readonly Uint8Array[],
  keccak256: Keccak256,
): Uint8Array | undefined {
  if (proof.length === 0 && equalBytes(root, keccak256(Uint8Array.of(RLP_STRING)))) {
    return undefined;
  }
  const path = toChars(key);
  let expected = root;
  let depth = 0;
  for (let index = 0; index < proof.length; index++) {
    const bytes = proof[index] ?? root;
    if (!equalBytes(keccak256(bytes), expected)) {
      throw refusal(index, 'its hash is not the one that leads to it');
    }
    const step = stepThrough(decodeNode(bytes, index), path, depth, index);
    if (step.kind === 'end') {
      if (index + 1 < proof.length) throw refusal(index + 1, 'nothing leads to it');
      return step.value;
    }
    expected = step.item as Uint8Array;
    depth = step.depth;
  }
  throw refusal(proof.length, 'it is missing');
}

function decodeNode(bytes: Uint8Array, index: number): RlpItem {
  try {
    return decodeRlp(bytes);
  } catch (error) {
    if (error instanceof LockstepError) throw refusal(index, error.message);
    throw error;
  }
}

/** Follows a key through a node and the nodes inside it, up to the end or to a hash. */
function stepThrough(node: RlpItem, key: TrieKey, from: number, index: number): Step {
  let item = node;
  let depth = from;
  for (;;) {
    const step = stepOnce(item, key, depth, index);
    if (step.kind === 'end') return step;
    if (step.item instanceof Uint8Array) {
      if (step.item.length === 0) return ABSENT;
      if (step.item.length !== HASH_BYTES) {
        throw refusal(index, `a child is named by ${step.item.length} bytes`);
      }
      return step;
    }
    ({ item, depth } = step);
  }
}

function stepOnce(item: RlpItem, key: TrieKey, depth: number, index: number): Step {
  if (item instanceof Uint8Array) {
    // The empty trie, which has no other node.
    if (item.length === 0 && depth === 0) return ABSENT;
    throw refusal(index, 'it is a string, not a node');
  }
  if (item.length === 2) return stepThroughPath(item, key, depth, index);
  if (item.length !== 17) throw refusal(index, `it has ${item.length} items, not 2 or 17`);
  if (depth === key.length * 2) return endAt(item[16] ?? item, index);
  return { kind: 'child', item: item[nibbleAt(key, depth)] ?? item, depth: depth + 1 };
}

/** Through a leaf or an extension: flags and path, and what is behind. */
function stepThroughPath(
  item: readonly RlpItem[],
  key: TrieKey,
  depth: number,
  index: number,
): Step {
  const [path, next] = item;
  if (!(path instanceof Uint8Array) || next === undefined || path.length === 0) {
    throw refusal(index, 'its path is no string of bytes');
  }
  const flags = path[0] ?? 0;
  const nibbles = toChars(path);
  const isOdd = (flags & 0x10) !== 0;
  if (flags >= 0x40 || (!isOdd && (flags & 0x0f) !== 0)) {
    throw refusal(index, `its path begins with the byte ${flags}`);
  }
  const isLeaf = (flags & 0x20) !== 0;
  const start = isOdd ? 1 : 2;
  const end = depth + path.length * 2 - start;
  if (!isLeaf && end === depth) throw refusal(index, 'its path is empty');
  if (isLeaf ? end !== key.length * 2 : end > key.length * 2) return ABSENT;
  for (let at = depth; at < end; at++) {
    if (nibbleAt(nibbles, start + at - depth) !== nibbleAt(key, at)) return ABSENT;
  }
  return isLeaf ? endAt(next, index) : { kind: 'child', item: next, depth: end };
}

function endAt(item: RlpItem, index: number): Step {
  if (!(item instanceof Uint8Array)) throw refusal(index, 'its value is a list');
  return { kind: 'end', value: item.length === 0 ? undefined : item };
}

function refusal(index: number, problem: string): LockstepError {
  return new LockstepError('L1301', { index, problem });
}
