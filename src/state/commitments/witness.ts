/**
 * Witnesses: the nodes of tries that somebody needs who has nothing else, to read some keys and to
 * find the root after they are written or removed.
 *
 * A branch that is left with one child by removals becomes a part of that child's node. So where
 * so many children may go, those that stay belong to the witness as well.
 */
import type { NodeHasher } from './node-hasher.ts';
import {
  type BranchNode,
  childOn,
  depthBelow,
  nibbleAt,
  type TrieKey,
  type TrieNode,
} from './nodes.ts';

/** A key that is read or written. */
export interface WitnessKey {
  /** As the trie has it: hashed. */
  readonly path: TrieKey;
  /** Whether it may be gone afterwards. */
  readonly isRemoved: boolean;
}

/**
 * Hands over the encoded nodes for some keys, each before those below it. A node that stands inside
 * its parent is none of its own.
 */
export function witnessKeys(
  hasher: NodeHasher,
  root: TrieNode | undefined,
  keys: readonly WitnessKey[],
  take: (encoded: Uint8Array) => void,
): void {
  const add = (node: TrieNode, depth: number): void => {
    const isOwn = depth === 0 || hasher.isHashed(node, depth);
    if (isOwn) take(hasher.encode(node, depth).slice());
  };
  const visit = (node: TrieNode, depth: number, wanted: readonly WitnessKey[]): void => {
    add(node, depth);
    if (node.kind === 'branch') {
      visitBranch(node, depth, wanted);
      return;
    }
    const below = wanted.filter(({ path }) => childOn(node, path, depth) !== undefined);
    if (node.kind === 'extension' && below.length > 0) {
      visit(node.child, depthBelow(node, depth), below);
    }
  };
  const visitBranch = ({ children }: BranchNode, depth: number, wanted: readonly WitnessKey[]) => {
    const groups = children.map((_, nibble) =>
      wanted.filter(({ path }) => nibbleAt(path, depth) === nibble),
    );
    const staying = children.filter(
      (child, nibble) => child !== undefined && !groups[nibble]?.some((key) => key.isRemoved),
    );
    const isShrinking = wanted.some(({ isRemoved }) => isRemoved) && staying.length <= 1;
    for (const [nibble, child] of children.entries()) {
      if (child === undefined) continue;
      const group = groups[nibble] ?? [];
      if (group.length > 0) visit(child, depth + 1, group);
      else if (isShrinking) add(child, depth + 1);
    }
  };
  if (root !== undefined && keys.length > 0) visit(root, 0, keys);
}
