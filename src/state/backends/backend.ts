/**
 * Where cells rest between transactions. A backend that has to fetch a cell answers `Pending`; who
 * asked waits for it and asks again, so that there is one code path for both kinds.
 */
import type { Cell, CellEntry, CellPath, CellValue, ScanRange } from '../cells.ts';

/** The answer comes later: once `ready` resolves, the same question is answered at once. */
export interface Pending {
  readonly kind: 'pending';
  /** Rejects when the backend cannot fetch: a host failure, never an outcome. */
  readonly ready: Promise<void>;
}

export interface Backend {
  /** The value of a cell, or undefined where it has none. */
  get(cell: Cell): Uint8Array | undefined | Pending;
  put(cell: Cell, value: Uint8Array): void;
  /** A cell that has no value is left as it is. */
  delete(cell: Cell): void;
  /** In the order of cells, as they are when the first one is taken. */
  scan(range: ScanRange): Iterable<CellEntry> | Pending;
}

/** A mark of a backend's content; it is kept by holding it, and given up by dropping it. */
export interface Snapshot {
  readonly kind: 'snapshot';
}

/** A cell with its values in two snapshots, undefined where it has none. */
export interface CellChange {
  readonly path: CellPath;
  readonly before: CellValue | undefined;
  readonly after: CellValue | undefined;
}

export interface SnapshotBackend extends Backend {
  snapshot(): Snapshot;
  /** Goes back to a snapshot, which stays valid and may be restored again. */
  restore(snapshot: Snapshot): void;
  /** The cells in which two snapshots differ, in order. */
  changes(from: Snapshot, to: Snapshot): readonly CellChange[];
  /** Gives a cell a value, which nobody changes from then on, or none, as if it never had one. */
  assign(path: CellPath, value: CellValue | undefined): void;
}

export function createPending(ready: Promise<void>): Pending {
  return { kind: 'pending', ready };
}

export function isPending(answer: unknown): answer is Pending {
  return typeof answer === 'object' && answer !== null && 'kind' in answer
    ? answer.kind === 'pending'
    : false;
}

/** Asks until the answer is there. */
export async function resolvePending<T>(ask: () => T | Pending): Promise<T> {
  for (;;) {
    const answer = ask();
    if (!isPending(answer)) return answer;
    await answer.ready;
  }
}
