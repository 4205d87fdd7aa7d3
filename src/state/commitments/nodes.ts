/**
 * Nodes of a Merkle-Patricia trie (Yellow Paper, appendix D) and the walk down to a key.
 *
 * Nodes never change, apart from the reference that they cache, so that tries share the parts in
 * which they agree. A node does not hold its path as nibbles: a leaf holds its whole key, an
 * extension the key of some leaf below it, and the depth, in nibbles from the root, says where in
 * the key the node's own part begins. So a node means something only together with its depth.
 */
import { equalBytes } from '../../base/bytes.ts';

/**
 * How a parent names a node: the node's keccak-256, 32 bytes, or its encoding where that is
 * shorter.
 */
export type NodeRef = Uint8Array;

/** A value that is encoded where its node is hashed, such as an account with its storage. */
export interface ValueRecord {
  /** Bytes of the value: more than one. */
  readonly size: number;
  /** Writes them to an offset. */
  write(target: Uint8Array, offset: number): void;
}

/** Bytes, at least one, or what stands for them; two records are the same value where identical. */
export type NodeValue = Uint8Array | ValueRecord;

export interface LeafNode {
  readonly kind: 'leaf';
  readonly key: Uint8Array;
  readonly value: NodeValue;
  ref: NodeRef | undefined;
}

export interface ExtensionNode {
  readonly kind: 'extension';
  /** Its nibbles up to `end` lead to the child. */
  readonly key: Uint8Array;
  readonly end: number;
  readonly child: BranchNode;
  ref: NodeRef | undefined;
}

/** An encoding of a branch that is kept where its hasher keeps some; it may be gone from there. */
export interface KeptEncoding {
  readonly place: number;
  /** Who took the place; another number stands there once somebody else has it. */
  readonly stamp: number;
  /** A bit for each child that is in it. */
  present: number;
  /** A bit for each child that came or went after the encoding. */
  stale: number;
}

export interface BranchNode {
  readonly kind: 'branch';
  /** Sixteen, by the nibble at the branch's depth. */
  readonly children: readonly (TrieNode | undefined)[];
  /** Of the key that ends here. */
  readonly value: NodeValue | undefined;
  ref: NodeRef | undefined;
  kept: KeptEncoding | undefined;
}

export type TrieNode = LeafNode | ExtensionNode | BranchNode;

export function leafNode(key: Uint8Array, value: NodeValue): LeafNode {
  return { kind: 'leaf', key, value, ref: undefined };
}

/** A leaf at another depth, where it has another encoding. */
export function movedLeaf({ key, value }: LeafNode): LeafNode {
  return { kind: 'leaf', key, value, ref: undefined };
}

export function branchNode(
  children: readonly (TrieNode | undefined)[],
  value: NodeValue | undefined,
): BranchNode {
  return { kind: 'branch', children, value, ref: undefined, kept: undefined };
}

/** The branch with another child, or none, at a nibble. What is kept of its encoding goes along. */
export function withChild(
  node: BranchNode,
  nibble: number,
  child: TrieNode | undefined,
): BranchNode {
  const children = node.children.slice();
  children[nibble] = child;
  const branch = branchNode(children, node.value);
  if (node.kept !== undefined) {
    node.kept.stale |= 1 << nibble;
    branch.kept = node.kept;
    node.kept = undefined;
  }
  return branch;
}

/** What leads from a depth to a branch at another: an extension, or nothing between. */
export function extendTo(
  child: BranchNode,
  key: Uint8Array,
  depth: number,
  end: number,
): ExtensionNode | BranchNode {
  return depth === end ? child : { kind: 'extension', key, end, child, ref: undefined };
}

export function nibbleAt(key: Uint8Array, index: number): number {
  const byte = key[index >> 1] ?? 0;
  return (index & 1) === 0 ? byte >> 4 : byte & 15;
}

/** The first index in from..end at which two keys differ; `end` where they do not. */
export function firstDifference(a: Uint8Array, b: Uint8Array, from: number, end: number): number {
  let at = from;
  while (at < end) {
    if ((at & 1) === 0 && at + 2 <= end && a[at >> 1] === b[at >> 1]) at += 2;
    else if (nibbleAt(a, at) === nibbleAt(b, at)) at++;
    else return at;
  }
  return end;
}

export function isSameValue(a: NodeValue, b: NodeValue): boolean {
  return a === b || (a instanceof Uint8Array && b instanceof Uint8Array && equalBytes(a, b));
}

/** Whether a leaf that a key led to, at a depth, is the leaf of that key. */
export function isLeafOf(leaf: LeafNode, key: Uint8Array, depth: number): boolean {
  const end = key.length * 2;
  return leaf.key.length === key.length && firstDifference(leaf.key, key, depth, end) === end;
}

/** The node after a node on the way to a key, or undefined where the way ends. */
export function childOn(node: TrieNode, key: Uint8Array, depth: number): TrieNode | undefined {
  if (node.kind === 'branch') {
    return depth < key.length * 2 ? node.children[nibbleAt(key, depth)] : undefined;
  }
  if (node.kind === 'leaf' || node.end > key.length * 2) return undefined;
  return firstDifference(node.key, key, depth, node.end) === node.end ? node.child : undefined;
}

/** Depth of a node's children. */
export function depthBelow(node: TrieNode, depth: number): number {
  return node.kind === 'extension' ? node.end : depth + 1;
}

/** The node at which the way to a key ends, and its depth; undefined in an empty trie. */
function lastNode(
  root: TrieNode | undefined,
  key: Uint8Array,
): { readonly node: TrieNode; readonly depth: number } | undefined {
  if (root === undefined) return undefined;
  let node = root;
  let depth = 0;
  for (;;) {
    const next = childOn(node, key, depth);
    if (next === undefined) return { node, depth };
    depth = depthBelow(node, depth);
    node = next;
  }
}

/** The value of a key, or undefined. */
export function findValue(root: TrieNode | undefined, key: Uint8Array): NodeValue | undefined {
  const last = lastNode(root, key);
  if (last?.node.kind === 'branch') {
    return last.depth === key.length * 2 ? last.node.value : undefined;
  }
  if (last?.node.kind !== 'leaf') return undefined;
  return isLeafOf(last.node, key, last.depth) ? last.node.value : undefined;
}
