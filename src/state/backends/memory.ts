/**
 * A backend in memory: an ordered tree (AVL) whose nodes are shared between snapshots.
 *
 * A node belongs to the epoch in which it was made. A snapshot keeps the root and opens a new
 * epoch; a change copies the nodes of older epochs on its way down and edits those of its own in
 * place. So a snapshot and a restore cost nothing, a change after them costs one path, O(log n),
 * and two snapshots are compared without a look at what they share.
 */
import { assert } from '../../base/assert.ts';
import { equalBytes } from '../../base/bytes.ts';
import { WORD_BYTES } from '../../base/u256.ts';
import {
  type Cell,
  type CellEntry,
  type CellPath,
  cellOfPath,
  cellPath,
  rangePaths,
  type ScanRange,
  toChars,
} from '../cells.ts';
import type { CellChange, Snapshot, SnapshotBackend } from './backend.ts';

/**
 * The value of a cell: a word as characters 0..255 without the zeros in front, anything else as it
 * is. Bytes of their own cost 250 bytes however few they are, and most words are small numbers.
 */
type Packed = string | Uint8Array;

interface Node {
  readonly path: CellPath;
  value: Packed;
  left: Node | undefined;
  right: Node | undefined;
  height: number;
  epoch: number;
}

/** A cell with its values before and after, undefined where it had or has none. */
interface Write {
  readonly path: CellPath;
  readonly before: Packed | undefined;
  readonly after: Packed | undefined;
}

interface MemorySnapshot extends Snapshot {
  readonly root: Node | undefined;
  readonly owner: MemoryBackend;
  /** The root of the snapshot that was taken or restored before it. */
  readonly base: Node | undefined;
  /** What was written since, each path once or more; undefined where that was too much. */
  readonly written: readonly Write[] | undefined;
}

/** Writes that a snapshot lists; beyond them trees are compared, and memory is not held. */
const WRITTEN_MAX = 4096;

export interface MemoryBackend extends SnapshotBackend {
  get(cell: Cell): Uint8Array | undefined;
  scan(range: ScanRange): Iterable<CellEntry>;
}

/** An empty backend in memory. `put` copies the value it is given. */
export function createMemoryBackend(): MemoryBackend {
  let root: Node | undefined;
  let epoch = 0;
  let base: Node | undefined;
  let written: Write[] | undefined = [];
  /** All cells of one root, so that most are found, or found to be missing, without the tree. */
  const cells = new Map<CellPath, Packed>();
  let rootOfCells: Node | undefined;
  const find = (path: CellPath): Packed | undefined =>
    root === rootOfCells ? cells.get(path) : findNode(root, path)?.value;
  const backend: MemoryBackend = {
    get: (cell) => unpack(find(cellPath(cell))),
    put: (cell, value) => backend.assign(cellPath(cell), value.slice()),
    delete: (cell) => backend.assign(cellPath(cell), undefined),
    *scan(range) {
      const { from, to } = rangePaths(range);
      // Changes made meanwhile copy the nodes that the walk is on.
      epoch++;
      for (const node of walk(root, from, to)) {
        yield { cell: cellOfPath(node.path), value: unpack(node.value) };
      }
    },
    snapshot() {
      epoch++;
      const snapshot: MemorySnapshot = { kind: 'snapshot', root, owner: backend, base, written };
      begin();
      return snapshot;
    },
    restore(snapshot) {
      epoch++;
      root = rootOf(snapshot);
      begin();
    },
    assign(path, value) {
      if (root !== rootOfCells) {
        const writes: Write[] = [];
        compareTrees(rootOfCells, root, WHOLE, writes);
        for (const each of writes) setCell(cells, each.path, each.after);
        rootOfCells = root;
      }
      const before = cells.get(path);
      const after = value && pack(value);
      if (after !== undefined) root = insertNode(root, path, after, epoch);
      else if (before !== undefined) root = removeNode(root, path, epoch);
      else return;
      setCell(cells, path, after);
      rootOfCells = root;
      if (written === undefined) return;
      if (written.push({ path, before, after }) > WRITTEN_MAX) written = undefined;
    },
    changes(from, to) {
      const before = rootOf(from);
      const after = rootOf(to);
      const { base: start, written: writes } = to as MemorySnapshot;
      if (start === before && writes !== undefined) return joinWrites(writes).map(changeOf);
      const found: Write[] = [];
      compareTrees(before, after, WHOLE, found);
      return found.map(changeOf);
    },
  };
  const begin = (): void => {
    base = root;
    written = [];
  };
  const rootOf = (snapshot: Snapshot): Node | undefined => {
    const { owner, root: kept } = snapshot as MemorySnapshot;
    assert(owner === backend, 'a snapshot was restored into another backend');
    return kept;
  };
  return backend;
}

function pack(value: Uint8Array): Packed {
  if (value.length !== WORD_BYTES) return value;
  let zeros = 0;
  while (zeros < WORD_BYTES && value[zeros] === 0) zeros++;
  const digits = DIGITS[WORD_BYTES - zeros] as Uint8Array;
  for (let i = 0; i < digits.length; i++) digits[i] = value[zeros + i] as number;
  return toChars(digits);
}

/** Scratch of each length: a view of the word would be as long to make as the text of it. */
const DIGITS = Array.from({ length: WORD_BYTES + 1 }, (_, length) => new Uint8Array(length));

function unpack(packed: Packed): Uint8Array;
function unpack(packed: Packed | undefined): Uint8Array | undefined;
function unpack(packed: Packed | undefined): Uint8Array | undefined {
  if (typeof packed !== 'string') return packed;
  const word = new Uint8Array(WORD_BYTES);
  const zeros = WORD_BYTES - packed.length;
  for (let i = 0; i < packed.length; i++) word[zeros + i] = packed.charCodeAt(i);
  return word;
}

function changeOf({ path, before, after }: Write): CellChange {
  return { path, before: unpack(before), after: unpack(after) };
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
  found: Write[],
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

function setCell(cells: Map<CellPath, Packed>, path: CellPath, value: Packed | undefined): void {
  if (value === undefined) cells.delete(path);
  else cells.set(path, value);
}

/** What writes changed together, in the order of cells. */
function joinWrites(writes: readonly Write[]): Write[] {
  const found: Write[] = [];
  // A stable sort: of one path the first write tells what was before, the last what is after.
  const sorted = [...writes].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
  for (let from = 0, to = 0; from < sorted.length; from = to) {
    const { path, before } = sorted[from] as Write;
    while (to < sorted.length && sorted[to]?.path === path) to++;
    addWrite(found, path, before, sorted[to - 1]?.after);
  }
  return found;
}

function addWrite(
  found: Write[],
  path: CellPath,
  before: Packed | undefined,
  after: Packed | undefined,
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

function insertNode(node: Node | undefined, path: CellPath, value: Packed, epoch: number): Node {
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
