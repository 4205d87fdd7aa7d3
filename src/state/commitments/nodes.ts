/**
 * Nodes of a Merkle-Patricia trie (Yellow Paper, appendix D) and the walk down to a key.
 *
 * Nodes never change, apart from the reference that they cache, so that tries share the parts in
 * which they agree. Only a branch that the edition at work made, which nobody else has seen, is
 * edited in place. A node does not hold its path as nibbles: a leaf holds its whole key, an
 * extension the key of some leaf below it, and the depth, in nibbles from the root, says where in
 * the key the node's own part begins. So a node means something only together with its depth.
 */
import { equalBytes } from '../../base/bytes.ts';

/** A key: its bytes as characters, which take a fifth of the memory of an array. */
export type TrieKey = string;

/**
 * How a parent names a node: the node's keccak-256, 32 bytes, or its encoding where that is
 * shorter. The bytes stand in the node itself, four in each word, the lowest first.
 */
export interface NodeRef {
  /** Bytes of the reference; 0 until a root is asked for. */
  refBytes: number;
  ref0: number;
  ref1: number;
  ref2: number;
  ref3: number;
  ref4: number;
  ref5: number;
  ref6: number;
  ref7: number;
}

/** In front of a node's own fields: behind them it takes seven times as long to copy. */
const NO_REF: NodeRef = {
  refBytes: 0,
  ref0: 0,
  ref1: 0,
  ref2: 0,
  ref3: 0,
  ref4: 0,
  ref5: 0,
  ref6: 0,
  ref7: 0,
};

/** A value that is encoded where its node is hashed, such as an account with its storage. */
export interface ValueRecord {
  /** Bytes of the value; a single one is below 128. */
  readonly size: number;
  /** Writes them to an offset. */
  write(target: Uint8Array, offset: number): void;
  isSame(other: NodeValue): boolean;
}

/** Bytes, at least one, or what stands for them. */
export type NodeValue = Uint8Array | ValueRecord;

export interface LeafNode extends NodeRef {
  readonly kind: 'leaf';
  readonly key: TrieKey;
  readonly value: NodeValue;
}

export interface ExtensionNode extends NodeRef {
  readonly kind: 'extension';
  /** Its nibbles up to `end` lead to the child. */
  readonly key: TrieKey;
  readonly end: number;
  readonly child: BranchNode;
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

/** A run of changes after which somebody may hold the trie. */
export type Edition = number;

/** That of changes which leave every node as it is. */
export const NO_EDITION: Edition = 0;

export interface BranchNode extends NodeRef {
  readonly kind: 'branch';
  /** Sixteen, by the nibble at the branch's depth. */
  readonly children: (TrieNode | undefined)[];
  /** Of the key that ends here. */
  readonly value: NodeValue | undefined;
  kept: KeptEncoding | undefined;
  /** Who made it, and may change it. */
  readonly edition: Edition;
}

export type TrieNode = LeafNode | ExtensionNode | BranchNode;

export function leafNode(key: TrieKey, value: NodeValue): LeafNode {
  return { ...NO_REF, kind: 'leaf', key, value };
}

/** A leaf at another depth, where it has another encoding. */
export function movedLeaf({ key, value }: LeafNode): LeafNode {
  return leafNode(key, value);
}

export function branchNode(
  children: (TrieNode | undefined)[],
  value: NodeValue | undefined,
  edition = NO_EDITION,
): BranchNode {
  return { ...NO_REF, kind: 'branch', children, value, kept: undefined, edition };
}

/**
 * The branch with another child, or none, at a nibble: the same one where the edition made it. What
 * is kept of its encoding goes along.
 */
export function withChild(
  node: BranchNode,
  nibble: number,
  child: TrieNode | undefined,
  edition = NO_EDITION,
): BranchNode {
  if (edition !== NO_EDITION && node.edition === edition) {
    node.children[nibble] = child;
    node.refBytes = 0;
    if (node.kept !== undefined) node.kept.stale |= 1 << nibble;
    return node;
  }
  const children = node.children.slice();
  children[nibble] = child;
  const branch = branchNode(children, node.value, edition);
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
  key: TrieKey,
  depth: number,
  end: number,
): ExtensionNode | BranchNode {
  if (depth === end) return child;
  return { ...NO_REF, kind: 'extension', key, end, child };
}

export function nibbleAt(key: TrieKey, index: number): number {
  const byte = key.charCodeAt(index >> 1);
  return (index & 1) === 0 ? byte >> 4 : byte & 15;
}

/** The first index in from..end at which two keys differ; `end` where they do not. */
export function firstDifference(a: TrieKey, b: TrieKey, from: number, end: number): number {
  let at = from;
  while (at < end) {
    const index = at >> 1;
    const isByte = (at & 1) === 0 && at + 2 <= end;
    if (isByte && a.charCodeAt(index) === b.charCodeAt(index)) at += 2;
    else if (nibbleAt(a, at) === nibbleAt(b, at)) at++;
    else return at;
  }
  return end;
}

export function isSameValue(a: NodeValue, b: NodeValue): boolean {
  if (!(a instanceof Uint8Array)) return a.isSame(b);
  return b instanceof Uint8Array && equalBytes(a, b);
}

/** Whether a leaf that a key led to, at a depth, is the leaf of that key. */
export function isLeafOf(leaf: LeafNode, key: TrieKey, depth: number): boolean {
  const end = key.length * 2;
  return leaf.key.length === key.length && firstDifference(leaf.key, key, depth, end) === end;
}

/** The node after a node on the way to a key, or undefined where the way ends. */
export function childOn(node: TrieNode, key: TrieKey, depth: number): TrieNode | undefined {
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
  key: TrieKey,
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
export function findValue(root: TrieNode | undefined, key: TrieKey): NodeValue | undefined {
  const last = lastNode(root, key);
  if (last?.node.kind === 'branch') {
    return last.depth === key.length * 2 ? last.node.value : undefined;
  }
  if (last?.node.kind !== 'leaf') return undefined;
  return isLeafOf(last.node, key, last.depth) ? last.node.value : undefined;
}
