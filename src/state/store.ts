/**
 * The generic store: cells over a backend, with nested frames that can be undone and a record of
 * what each frame read and changed. The outermost frame is a transaction.
 *
 * Invariants:
 * - Changes happen inside a frame. The outermost commit hands them to the backend in the order of
 *   cells; until then the backend is only read.
 * - A frame remembers, for each cell that it changed, what stood there before; a rollback puts that
 *   back, a commit hands it to the outer frame unless that one remembers an older value.
 * - A read is recorded where its value came from outside the frame, so that an equal answer to
 *   every recorded read means an equal run. A rolled-back frame still hands its reads outwards.
 * - When the backend answers `Pending` the operation has done nothing and answers it too: wait, and
 *   call again.
 */
import { assert } from '../base/assert.ts';
import { bigintToBytes32, bytesToBigint, U256_MAX } from '../base/u256.ts';
import { type Backend, isPending, type Pending } from './backends/backend.ts';
import {
  type AccessRecord,
  type Cell,
  type CellAccess,
  type CellEntry,
  type CellPath,
  type CellWrite,
  cellOfPath,
  cellPath,
  isPerTransaction,
  rangePaths,
  type ScanRange,
} from './cells.ts';

export interface Store {
  /** Frames that are open. */
  readonly depth: number;
  get(cell: Cell): Uint8Array | undefined | Pending;
  put(cell: Cell, value: Uint8Array): void;
  delete(cell: Cell): void;
  /** In the order of cells, as they are now. Recorded as a range and a read of each cell found. */
  scan(range: ScanRange): readonly CellEntry[] | Pending;
  /**
   * Adds a signed delta to the unsigned big-endian value of a cell, an absent one being 0. True,
   * and no change, where the sum leaves 0..max (2^256-1 unless told).
   */
  add(cell: Cell, delta: bigint, max?: bigint): boolean | Pending;
  /** Writes a cell that has no value; true, and no change, where it has one. */
  insertOnce(cell: Cell, value: Uint8Array): boolean | Pending;
  /** Takes the value out of a cell; undefined where there is none. */
  consume(cell: Cell): Uint8Array | undefined | Pending;
  begin(): void;
  /** Keeps the changes of the innermost frame. */
  commit(): AccessRecord;
  /** Undoes the changes of the innermost frame; the record holds its reads. */
  rollback(): AccessRecord;
}

/** A cell's value in the overlay: null where it was deleted. */
type Overlaid = Uint8Array | null;

/** A frame's change of a cell; `before` is what stood in the overlay. */
type Change =
  | { readonly kind: 'put' | 'delete'; readonly before: Overlaid | undefined }
  | {
      readonly kind: 'add';
      readonly before: Overlaid | undefined;
      readonly delta: bigint;
      /** The value that the frame found, to which the delta is added. */
      readonly base: Uint8Array | undefined;
    };

interface Frame {
  readonly reads: Map<CellPath, Uint8Array | undefined>;
  readonly changes: Map<CellPath, Change>;
  readonly scans: ScanRange[];
}

interface State {
  readonly backend: Backend;
  readonly overlay: Map<CellPath, Overlaid>;
  readonly frames: Frame[];
}

export function createStore(backend: Backend): Store {
  const state: State = { backend, overlay: new Map(), frames: [] };
  return {
    get depth() {
      return state.frames.length;
    },
    get: (cell) => readCell(state, cell, true),
    put: (cell, value) => change(state, cellPath(cell), 'put', value),
    delete: (cell) => change(state, cellPath(cell), 'delete', null),
    scan: (range) => scanCells(state, range),
    add: (cell, delta, max = U256_MAX) => addToCell(state, cell, delta, max),
    insertOnce(cell, value) {
      const found = readCell(state, cell, true);
      if (isPending(found)) return found;
      if (found !== undefined) return true;
      change(state, cellPath(cell), 'put', value);
      return false;
    },
    consume(cell) {
      const found = readCell(state, cell, true);
      if (found === undefined || isPending(found)) return found;
      change(state, cellPath(cell), 'delete', null);
      return found;
    },
    begin() {
      state.frames.push({ reads: new Map(), changes: new Map(), scans: [] });
    },
    commit: () => commitFrame(state),
    rollback: () => rollbackFrame(state),
  };
}

/** The value of a cell now; recorded as a read of the frame where `isRead` says so. */
function readCell(state: State, cell: Cell, isRead: boolean): Uint8Array | undefined | Pending {
  const path = cellPath(cell);
  const overlaid = state.overlay.get(path);
  let value: Uint8Array | undefined;
  if (overlaid !== undefined) {
    value = overlaid ?? undefined;
  } else if (!isPerTransaction(cell.space)) {
    const answer = state.backend.get(cell);
    if (isPending(answer)) return answer;
    value = answer;
  }
  const frame = state.frames.at(-1);
  if (isRead && frame !== undefined) noteRead(frame, path, value);
  return value;
}

/** Records a read unless the frame decided the value itself. */
function noteRead(frame: Frame, path: CellPath, value: Uint8Array | undefined): void {
  const own = frame.changes.get(path);
  if (own !== undefined && own.kind !== 'add') return;
  if (frame.reads.has(path)) return;
  // After additions of the frame the value from outside is the one before them.
  frame.reads.set(path, own === undefined ? value : own.base);
}

function change(state: State, path: CellPath, kind: 'put' | 'delete', value: Overlaid): void {
  const frame = state.frames.at(-1);
  assert(frame !== undefined, 'a cell was changed outside a frame');
  const own = frame.changes.get(path);
  const before = own === undefined ? state.overlay.get(path) : own.before;
  frame.changes.set(path, { kind, before });
  state.overlay.set(path, value);
}

function addToCell(state: State, cell: Cell, delta: bigint, max: bigint): boolean | Pending {
  const frame = state.frames.at(-1);
  assert(frame !== undefined, 'a cell was changed outside a frame');
  assert(max <= U256_MAX, 'the bound of an addition is above 2^256-1');
  const found = readCell(state, cell, false);
  if (isPending(found)) return found;
  const sum = bytesToBigint(found ?? new Uint8Array(0), 'the value of a counted cell') + delta;
  const path = cellPath(cell);
  if (sum < 0n || sum > max) {
    // The refusal tells something about the value: from here on it counts as read.
    noteRead(frame, path, found);
    return true;
  }
  const own = frame.changes.get(path);
  if (own === undefined) {
    const before = state.overlay.get(path);
    frame.changes.set(path, { kind: 'add', before, delta, base: found });
  } else if (own.kind === 'add') {
    frame.changes.set(path, { ...own, delta: own.delta + delta });
  } else {
    frame.changes.set(path, { kind: 'put', before: own.before });
  }
  state.overlay.set(path, bigintToBytes32(sum));
  return false;
}

function scanCells(state: State, range: ScanRange): readonly CellEntry[] | Pending {
  const { from, to } = rangePaths(range);
  const answer = isPerTransaction(range.space) ? [] : state.backend.scan(range);
  if (isPending(answer)) return answer;
  const values = new Map<CellPath, Uint8Array>();
  for (const { cell, value } of answer) values.set(cellPath(cell), value);
  for (const [path, overlaid] of state.overlay) {
    if (path < from || (to !== undefined && path >= to)) continue;
    if (overlaid === null) values.delete(path);
    else values.set(path, overlaid);
  }
  const found = [...values].sort(([a], [b]) => (a < b ? -1 : 1));
  const frame = state.frames.at(-1);
  if (frame !== undefined) {
    frame.scans.push(range);
    for (const [path, value] of found) noteRead(frame, path, value);
  }
  return found.map(([path, value]) => ({ cell: cellOfPath(path), value }));
}

function commitFrame(state: State): AccessRecord {
  const frame = state.frames.pop();
  assert(frame !== undefined, 'a commit has no frame');
  const record = recordOf(state, frame, true);
  const outer = state.frames.at(-1);
  if (outer === undefined) {
    flushOverlay(state);
    return record;
  }
  handReads(outer, frame);
  for (const [path, inner] of frame.changes) {
    outer.changes.set(path, mergeChange(outer.changes.get(path), inner));
  }
  return record;
}

function rollbackFrame(state: State): AccessRecord {
  const frame = state.frames.pop();
  assert(frame !== undefined, 'a rollback has no frame');
  for (const [path, { before }] of frame.changes) {
    if (before === undefined) state.overlay.delete(path);
    else state.overlay.set(path, before);
  }
  const outer = state.frames.at(-1);
  if (outer !== undefined) handReads(outer, frame);
  return recordOf(state, frame, false);
}

/** Adds an inner frame's reads, before its changes are handed over. */
function handReads(outer: Frame, inner: Frame): void {
  for (const [path, value] of inner.reads) noteRead(outer, path, value);
  outer.scans.push(...inner.scans);
}

function mergeChange(outer: Change | undefined, inner: Change): Change {
  if (outer === undefined) return inner;
  const { before } = outer;
  if (inner.kind !== 'add') return { kind: inner.kind, before };
  if (outer.kind !== 'add') return { kind: 'put', before };
  return { ...outer, delta: outer.delta + inner.delta };
}

function recordOf(state: State, frame: Frame, withWrites: boolean): AccessRecord {
  const paths = new Set(frame.reads.keys());
  if (withWrites) for (const path of frame.changes.keys()) paths.add(path);
  const cells = [...paths].sort().map((path): CellAccess => {
    const cell = cellOfPath(path);
    const read = frame.reads.has(path) ? { read: { value: frame.reads.get(path) } } : {};
    const made = withWrites ? frame.changes.get(path) : undefined;
    const write = made === undefined ? {} : { write: writeOf(made, state.overlay.get(path)) };
    return { cell, ...read, ...write };
  });
  return { cells, scans: frame.scans };
}

function writeOf(made: Change, value: Overlaid | undefined): CellWrite {
  assert(value !== undefined, 'a changed cell is not in the overlay');
  if (value === null) return { kind: 'delete' };
  return made.kind === 'add' ? { kind: 'add', delta: made.delta, value } : { kind: 'put', value };
}

function flushOverlay(state: State): void {
  for (const path of [...state.overlay.keys()].sort()) {
    const value = state.overlay.get(path);
    const cell = cellOfPath(path);
    if (value === undefined || isPerTransaction(cell.space)) continue;
    if (value === null) state.backend.delete(cell);
    else state.backend.put(cell, value);
  }
  state.overlay.clear();
}
