/**
 * Changes of a Merkle-Patricia trie. Each gives the new root node and leaves the old one as it is,
 * but for branches of the same edition; a change that changes nothing gives the same node again.
 */
import { assert } from '../../base/assert.ts';
import {
  type BranchNode,
  branchNode,
  type Edition,
  type ExtensionNode,
  extendTo,
  firstDifference,
  isLeafOf,
  isSameValue,
  type LeafNode,
  leafNode,
  movedLeaf,
  NO_EDITION,
  nibbleAt,
  type TrieKey,
  type TrieNode,
  withChild,
} from './nodes.ts';

/** The trie with a leaf in it, in place of the leaf of the same key. The leaf must be a new one. */
export function insertLeaf(
  node: TrieNode | undefined,
  leaf: LeafNode,
  edition = NO_EDITION,
  depth = 0,
): TrieNode {
  if (node === undefined) return leaf;
  switch (node.kind) {
    case 'leaf':
      return insertAtLeaf(node, leaf, edition, depth);
    case 'extension':
      return insertAtExtension(node, leaf, edition, depth);
    case 'branch': {
      if (depth < leaf.key.length * 2) {
        const nibble = nibbleAt(leaf.key, depth);
        const child = node.children[nibble];
        const changed = insertLeaf(child, leaf, edition, depth + 1);
        return isUnchanged(changed, child, edition)
          ? node
          : withChild(node, nibble, changed, edition);
      }
      const isSame = node.value !== undefined && isSameValue(node.value, leaf.value);
      return isSame ? node : branchNode(node.children.slice(), leaf.value);
    }
  }
}

/** Whether a child is the same, and was not edited in place. */
function isUnchanged(
  changed: TrieNode | undefined,
  child: TrieNode | undefined,
  edition: Edition,
): boolean {
  if (changed !== child) return false;
  return edition === NO_EDITION || child?.kind !== 'branch' || child.edition !== edition;
}

function insertAtLeaf(old: LeafNode, leaf: LeafNode, edition: Edition, depth: number): TrieNode {
  const oldEnd = old.key.length * 2;
  const end = leaf.key.length * 2;
  const at = firstDifference(old.key, leaf.key, depth, Math.min(oldEnd, end));
  if (at === end && at === oldEnd) return isSameValue(old.value, leaf.value) ? old : leaf;
  const children = new Array<TrieNode | undefined>(16).fill(undefined);
  if (at < oldEnd) children[nibbleAt(old.key, at)] = movedLeaf(old);
  if (at < end) children[nibbleAt(leaf.key, at)] = leaf;
  const value = at === oldEnd ? old.value : at === end ? leaf.value : undefined;
  return extendTo(branchNode(children, value, edition), leaf.key, depth, at);
}

function insertAtExtension(
  old: ExtensionNode,
  leaf: LeafNode,
  edition: Edition,
  depth: number,
): TrieNode {
  const end = leaf.key.length * 2;
  const at = firstDifference(old.key, leaf.key, depth, Math.min(old.end, end));
  if (at === old.end) {
    const child = insertLeaf(old.child, leaf, edition, at);
    if (isUnchanged(child, old.child, edition)) return old;
    assert(child.kind === 'branch', 'a branch that took a leaf in is no branch');
    return extendTo(child, old.key, depth, at);
  }
  const children = new Array<TrieNode | undefined>(16).fill(undefined);
  children[nibbleAt(old.key, at)] = extendTo(old.child, old.key, at + 1, old.end);
  if (at < end) children[nibbleAt(leaf.key, at)] = leaf;
  const value = at === end ? leaf.value : undefined;
  return extendTo(branchNode(children, value, edition), leaf.key, depth, at);
}

/** The trie without a key; undefined where nothing is left. */
export function removeKey(
  node: TrieNode | undefined,
  key: TrieKey,
  edition = NO_EDITION,
  depth = 0,
): TrieNode | undefined {
  if (node === undefined) return undefined;
  switch (node.kind) {
    case 'leaf':
      return isLeafOf(node, key, depth) ? undefined : node;
    case 'extension': {
      if (node.end > key.length * 2) return node;
      if (firstDifference(node.key, key, depth, node.end) !== node.end) return node;
      const child = removeKey(node.child, key, edition, node.end);
      if (isUnchanged(child, node.child, edition)) return node;
      assert(child !== undefined, 'a branch vanished with one key');
      return liftNode(child, node.key, depth, node.end);
    }
    case 'branch': {
      if (depth === key.length * 2) {
        if (node.value === undefined) return node;
        return collapse(branchNode(node.children.slice(), undefined), key, depth);
      }
      const nibble = nibbleAt(key, depth);
      const child = node.children[nibble];
      const changed = removeKey(child, key, edition, depth + 1);
      if (isUnchanged(changed, child, edition)) return node;
      const branch = withChild(node, nibble, changed, edition);
      return changed === undefined ? collapse(branch, key, depth) : branch;
    }
  }
}

/** What stands at a depth in place of a node from below, to which a key's nibbles lead. */
function liftNode(node: TrieNode, key: TrieKey, depth: number, end: number): TrieNode {
  if (node.kind === 'branch') return extendTo(node, key, depth, end);
  if (node.kind === 'leaf') return movedLeaf(node);
  return extendTo(node.child, node.key, depth, node.end);
}

/** A branch that lost something, or what takes its place if only one thing is left. */
function collapse(branch: BranchNode, key: TrieKey, depth: number): TrieNode {
  const { children, value } = branch;
  let only = -1;
  for (let nibble = 0; nibble < 16; nibble++) {
    if (children[nibble] === undefined) continue;
    if (only >= 0 || value !== undefined) return branch;
    only = nibble;
  }
  const child = children[only];
  if (child !== undefined) return liftNode(child, keyThrough(key, depth, only), depth, depth + 1);
  assert(value !== undefined, 'a branch had a single thing in it');
  return leafNode(key.slice(0, depth / 2), value);
}

/** The nibbles of a key up to a depth, and one more. */
function keyThrough(key: TrieKey, depth: number, nibble: number): TrieKey {
  const index = depth >> 1;
  const byte = (depth & 1) === 0 ? nibble << 4 : (key.charCodeAt(index) & 0xf0) | nibble;
  return key.slice(0, index) + String.fromCharCode(byte);
}

/**
 * A trie of many leaves at once.
 *
 * @param leaves new ones, in the order of keys, no key twice
 */
export function buildTrie(leaves: readonly LeafNode[]): TrieNode | undefined {
  return leaves.length === 0 ? undefined : buildNode(leaves, 0, leaves.length, 0);
}

/** The node of the leaves in [from, to), which agree up to the depth. */
function buildNode(leaves: readonly LeafNode[], from: number, to: number, depth: number): TrieNode {
  const first = leaves[from];
  const last = leaves[to - 1];
  assert(first !== undefined && last !== undefined, 'a node is built of no leaves');
  if (to - from === 1) return first;
  const end = first.key.length * 2;
  const lastEnd = last.key.length * 2;
  const split = firstDifference(first.key, last.key, depth, Math.min(end, lastEnd));
  assert(split < lastEnd, 'the leaves of a trie have a key twice');
  const children = new Array<TrieNode | undefined>(16).fill(undefined);
  let at = split === end ? from + 1 : from;
  while (at < to) {
    const start = at;
    const nibble = nibbleAt(leaves[start]?.key ?? first.key, split);
    do at++;
    while (at < to && nibbleAt(leaves[at]?.key ?? first.key, split) === nibble);
    assert(children[nibble] === undefined, 'the leaves of a trie are out of order');
    children[nibble] = buildNode(leaves, start, at, split + 1);
  }
  return extendTo(
    branchNode(children, split === end ? first.value : undefined),
    first.key,
    depth,
    split,
  );
}
