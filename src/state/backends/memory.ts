/**
 * A backend in memory: a map of all cells for the state at hand, and versions for snapshots.
 *
 * A version is what was written after another one. Only where its cells are asked for in order, or
 * from another state, or writes are many, is a tree (AVL) made of it, from the tree of an older
 * version: most versions are never asked, and many together cost little more than one. Trees share
 * nodes: a node belongs to the epoch in which it was made, which copies the nodes of older epochs
 * on its way down and edits its own in place. So two versions are compared without a look at what
 * they share.
 */
import { assert } from '../../base/assert.ts';
import { equalBytes } from '../../base/bytes.ts';
import {
  type Cell,
  type CellEntry,
  type CellPath,
  type CellValue,
  cellOfPath,
  cellPath,
  packValue,
  rangePaths,
  type ScanRange,
  unpackValue,
} from '../cells.ts';
import type { CellChange, Snapshot, SnapshotBackend } from './backend.ts';

interface Node {
  readonly path: CellPath;
  value: CellValue;
  left: Node | undefined;
  right: Node | undefined;
  height: number;
  epoch: number;
}

/** What a snapshot names. */
interface Version {
  readonly id: number;
  /** The version that the writes follow, by its id. */
  readonly belowId: number;
  /** The same, as long as there is no tree. */
  below: Version | undefined;
  /** Each path once or more; undefined where there is a tree and they were too many to hold. */
  writes: readonly CellChange[] | undefined;
  /** Writes down to the next tree. */
  readonly depth: number;
  hasTree: boolean;
  root: Node | undefined;
}

interface MemorySnapshot extends Snapshot {
  readonly owner: MemoryBackend;
  readonly version: Version;
}

/** Writes down to the next tree, and those that a version holds beside its tree. */
const WRITTEN_MAX = 4096;

export interface MemoryBackend extends SnapshotBackend {
  get(cell: Cell): Uint8Array | undefined;
  scan(range: ScanRange): Iterable<CellEntry>;
}

/** An empty backend in memory. `put` copies the value it is given. */
export function createMemoryBackend(): MemoryBackend {
  const cells = new Map<CellPath, CellValue>();
  let versions = 0;
  let epoch = 0;
  /** The version at hand, and what was written after it. */
  let here = plant({ id: versions++, belowId: -1, root: undefined });
  let written: CellChange[] = [];
  /** The version of the map, where that is not the one at hand: then nothing was written. */
  let mapped: Version | undefined;
  /** The tree of the version at hand with so many of the writes after it. */
  let open: { readonly root: Node | undefined; readonly count: number } | undefined;

  const close = (): Version => {
    if (written.length === 0) return here;
    const depth = here.hasTree ? written.length : here.depth + written.length;
    const id = versions++;
    if (open?.count === written.length) {
      here = plant({ id, belowId: here.id, root: open.root });
      if (written.length <= WRITTEN_MAX) here.writes = written;
    } else {
      const links = { id, belowId: here.id, below: here, writes: written };
      here = { ...links, depth, hasTree: false, root: undefined };
    }
    begin();
    return here;
  };
  const begin = (): void => {
    written = [];
    open = undefined;
  };
  /** The tree of a version, which has it from then on. */
  const treeOf = (version: Version): Node | undefined => {
    if (version.hasTree) return version.root;
    const chain: (readonly CellChange[])[] = [];
    let base = version;
    for (; !base.hasTree; base = base.below as Version) chain.push(base.writes as CellChange[]);
    version.root = insertWrites(base.root, chain.reverse().flat(), ++epoch);
    version.hasTree = true;
    version.below = undefined;
    if ((version.writes?.length ?? 0) > WRITTEN_MAX) version.writes = undefined;
    return version.root;
  };
  const openTree = (): Node | undefined => {
    const { root, count } = open ?? { root: treeOf(here), count: 0 };
    if (count === written.length) return root;
    open = { root: insertWrites(root, written.slice(count), ++epoch), count: written.length };
    return open.root;
  };
  /** Takes writes back in the map until it is at a version; false where that is not below. */
  const undoTo = (version: Version): boolean => {
    const chain: (readonly CellChange[])[] = [written];
    for (let at = here; at !== version; at = at.below) {
      if (at.below === undefined || at.writes === undefined) return false;
      chain.push(at.writes);
    }
    for (const writes of chain) {
      for (let at = writes.length - 1; at >= 0; at--) {
        const { path, before } = writes[at] as CellChange;
        setCell(cells, path, before);
      }
    }
    return true;
  };
  const versionOf = (snapshot: Snapshot): Version => {
    const { owner, version } = snapshot as MemorySnapshot;
    assert(owner === backend, 'a snapshot was restored into another backend');
    return version;
  };
  const backend: MemoryBackend = {
    get(cell) {
      const path = cellPath(cell);
      const value = mapped === undefined ? cells.get(path) : findNode(treeOf(here), path)?.value;
      return value === undefined ? undefined : unpackValue(value);
    },
    put: (cell, value) => backend.assign(cellPath(cell), value.slice()),
    delete: (cell) => backend.assign(cellPath(cell), undefined),
    *scan(range) {
      const { from, to } = rangePaths(range);
      for (const node of walk(openTree(), from, to)) {
        yield { cell: cellOfPath(node.path), value: unpackValue(node.value) };
      }
    },
    snapshot() {
      const version = close();
      if (version.depth > WRITTEN_MAX) treeOf(version);
      return { kind: 'snapshot', owner: backend, version } as MemorySnapshot;
    },
    restore(snapshot) {
      const version = versionOf(snapshot);
      if (mapped === undefined && !undoTo(version)) mapped = close();
      if (mapped === version) mapped = undefined;
      here = version;
      begin();
    },
    assign(path, value) {
      if (mapped !== undefined) {
        const writes: CellChange[] = [];
        compareTrees(treeOf(mapped), treeOf(here), WHOLE, writes);
        for (const each of writes) setCell(cells, each.path, each.after);
        mapped = undefined;
      }
      const before = cells.get(path);
      const after = value instanceof Uint8Array ? packValue(value) : value;
      if (before === undefined && after === undefined) return;
      setCell(cells, path, after);
      written.push({ path, before, after });
      // Who never asks for a snapshot would have them for ever.
      if (written.length > WRITTEN_MAX) backend.snapshot();
    },
    changes(from, to) {
      const before = versionOf(from);
      const after = versionOf(to);
      if (before === after) return [];
      if (after.belowId === before.id && after.writes !== undefined) {
        return joinWrites(after.writes);
      }
      const found: CellChange[] = [];
      compareTrees(treeOf(before), treeOf(after), WHOLE, found);
      return found;
    },
  };
  return backend;
}

function plant({ id, belowId, root }: Pick<Version, 'id' | 'belowId' | 'root'>): Version {
  const depth = 0;
  return { id, belowId, below: undefined, writes: undefined, depth, hasTree: true, root };
}

/** A tree with the last value of each path that was written. */
function insertWrites(
  root: Node | undefined,
  writes: readonly CellChange[],
  epoch: number,
): Node | undefined {
  const last = new Map<CellPath, CellValue | undefined>();
  for (const { path, after } of writes) last.set(path, after);
  let tree = root;
  for (const [path, value] of last) {
    if (value !== undefined) tree = insertNode(tree, path, value, epoch);
    else if (findNode(tree, path) !== undefined) tree = removeNode(tree, path, epoch);
  }
  return tree;
}

function findNode(root: Node | undefined, path: CellPath): Node | undefined {
  let node = root;
  while (node !== undefined && node.path !== path) node = path < node.path ? node.left : node.right;
  return node;
}

/** Nodes with paths in [from, to), in order. */
function* walk(root: Node | undefined, from: CellPath, to: CellPath | undefined): Generator<Node> {
  const ancestors: Node[] = [];
  let node = root;
  for (;;) {
    while (node !== undefined) {
      if (node.path >= from) ancestors.push(node);
      node = node.path >= from ? node.left : node.right;
    }
    const next = ancestors.pop();
    if (next === undefined || (to !== undefined && next.path >= to)) return;
    yield next;
    node = next.right;
  }
}

/** Paths between two others, neither included. */
interface Between {
  readonly low: CellPath | undefined;
  readonly high: CellPath | undefined;
}

const WHOLE: Between = { low: undefined, high: undefined };

/** The highest node of a tree whose path is between. */
function nodeBetween(root: Node | undefined, { low, high }: Between): Node | undefined {
  let node = root;
  while (node !== undefined) {
    if (low !== undefined && node.path <= low) node = node.right;
    else if (high !== undefined && node.path >= high) node = node.left;
    else return node;
  }
  return undefined;
}

/**
 * Adds what differs between the part of a tree that is between two paths, and a tree that is
 * between them as a whole. Trees are balanced differently, so that the first is cut where the
 * second has its root; where they share a node there is nothing below it.
 */
function compareTrees(
  before: Node | undefined,
  after: Node | undefined,
  within: Between,
  found: CellChange[],
): void {
  const old = nodeBetween(before, within);
  if (old === after) return;
  if (after === undefined) {
    if (old === undefined) return;
    compareTrees(old.left, undefined, { low: within.low, high: old.path }, found);
    found.push({ path: old.path, before: old.value, after: undefined });
    compareTrees(old.right, undefined, { low: old.path, high: within.high }, found);
    return;
  }
  const { path, value } = after;
  compareTrees(old, after.left, { low: within.low, high: path }, found);
  addWrite(found, path, findNode(old, path)?.value, value);
  compareTrees(old, after.right, { low: path, high: within.high }, found);
}

function setCell(
  cells: Map<CellPath, CellValue>,
  path: CellPath,
  value: CellValue | undefined,
): void {
  if (value === undefined) cells.delete(path);
  else cells.set(path, value);
}

/** What writes changed together, in the order of cells. */
function joinWrites(writes: readonly CellChange[]): CellChange[] {
  const found: CellChange[] = [];
  // A stable sort: of one path the first write tells what was before, the last what is after.
  const sorted = [...writes].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
  for (let from = 0, to = 0; from < sorted.length; from = to) {
    const { path, before } = sorted[from] as CellChange;
    while (to < sorted.length && sorted[to]?.path === path) to++;
    addWrite(found, path, before, sorted[to - 1]?.after);
  }
  return found;
}

function addWrite(
  found: CellChange[],
  path: CellPath,
  before: CellValue | undefined,
  after: CellValue | undefined,
): void {
  if (before === after) return;
  const areBytes = before instanceof Uint8Array && after instanceof Uint8Array;
  if (!areBytes || !equalBytes(before, after)) found.push({ path, before, after });
}

function heightOf(node: Node | undefined): number {
  return node === undefined ? 0 : node.height;
}

/** The node itself where this epoch made it, else a copy that this epoch may change. */
function ownNode(node: Node, epoch: number): Node {
  return node.epoch === epoch ? node : { ...node, epoch };
}

function insertNode(node: Node | undefined, path: CellPath, value: CellValue, epoch: number): Node {
  if (node === undefined) {
    return { path, value, left: undefined, right: undefined, height: 1, epoch };
  }
  const own = ownNode(node, epoch);
  if (path === own.path) own.value = value;
  else if (path < own.path) own.left = insertNode(own.left, path, value, epoch);
  else own.right = insertNode(own.right, path, value, epoch);
  return balanceNode(own, epoch);
}

/** Removes a path that is there. */
function removeNode(node: Node | undefined, path: CellPath, epoch: number): Node | undefined {
  assert(node !== undefined, 'a cell to remove is not in the tree');
  if (path !== node.path) {
    const own = ownNode(node, epoch);
    if (path < own.path) own.left = removeNode(own.left, path, epoch);
    else own.right = removeNode(own.right, path, epoch);
    return balanceNode(own, epoch);
  }
  if (node.left === undefined) return node.right;
  if (node.right === undefined) return node.left;
  let next = node.right;
  while (next.left !== undefined) next = next.left;
  const right = removeNode(node.right, next.path, epoch);
  const heir = { ...next, left: node.left, right, epoch };
  return balanceNode(heir, epoch);
}

/** Sets the height of a node of this epoch and rotates where its sides differ by two. */
function balanceNode(node: Node, epoch: number): Node {
  const slope = heightOf(node.left) - heightOf(node.right);
  if (slope > 1) {
    assert(node.left !== undefined, 'a left-heavy node has no left side');
    if (heightOf(node.left.left) < heightOf(node.left.right)) {
      node.left = rotateLeft(ownNode(node.left, epoch), epoch);
    }
    return rotateRight(node, epoch);
  }
  if (slope < -1) {
    assert(node.right !== undefined, 'a right-heavy node has no right side');
    if (heightOf(node.right.right) < heightOf(node.right.left)) {
      node.right = rotateRight(ownNode(node.right, epoch), epoch);
    }
    return rotateLeft(node, epoch);
  }
  setHeight(node);
  return node;
}

function rotateRight(node: Node, epoch: number): Node {
  assert(node.left !== undefined, 'a rotation to the right needs a left side');
  const top = ownNode(node.left, epoch);
  node.left = top.right;
  top.right = node;
  setHeight(node);
  setHeight(top);
  return top;
}

function rotateLeft(node: Node, epoch: number): Node {
  assert(node.right !== undefined, 'a rotation to the left needs a right side');
  const top = ownNode(node.right, epoch);
  node.right = top.left;
  top.left = node;
  setHeight(node);
  setHeight(top);
  return top;
}

function setHeight(node: Node): void {
  node.height = Math.max(heightOf(node.left), heightOf(node.right)) + 1;
}
