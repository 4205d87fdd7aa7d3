/**
 * Commitments: one hash for the content of the cells.
 *
 * A commitment is told what changes while transactions run, and hashes it when somebody asks for
 * its root, so that a cell which changed many times is hashed once.
 */
import { assert } from '../../base/assert.ts';
import type { Backend, Pending, Snapshot, SnapshotBackend } from '../backends/backend.ts';
import { type CellPath, type CellValue, cellPath } from '../cells.ts';

/** A mark of a commitment; it is kept by holding it, and given up by dropping it. */
export interface CommitmentMark {
  readonly kind: 'commitment-mark';
}

export interface Commitment {
  /**
   * Takes notice of a cell's new value, undefined where it was deleted. A cell that the commitment
   * does not cover is left out, and the value is not kept.
   */
  note(path: CellPath, value: CellValue | undefined): void;
  /**
   * The root, 32 bytes, of what the backend holds: the one whose changes were all noted, which is
   * asked for what the notes leave open. Where it answers `Pending` nothing has been done.
   */
  root(backend: Backend): Uint8Array | Pending;
  /** Forgets everything and takes in the whole backend; undefined once done. */
  rebuild(backend: Backend): undefined | Pending;
  snapshot(): CommitmentMark;
  /** Goes back to a mark, which stays valid; the backend must be put back too. */
  restore(mark: CommitmentMark): void;
}

interface CommittedSnapshot extends Snapshot {
  readonly inner: Snapshot;
  readonly mark: CommitmentMark;
  readonly owner: Backend;
}

/**
 * A backend that tells a commitment about every change. What it holds from before is unknown to the
 * commitment until `rebuild`. Snapshots of it are of both.
 */
export function withCommitment(backend: SnapshotBackend, commitment: Commitment): SnapshotBackend;
export function withCommitment(backend: Backend, commitment: Commitment): Backend;
export function withCommitment(
  backend: Backend | SnapshotBackend,
  commitment: Commitment,
): Backend | SnapshotBackend {
  const committed: Backend = {
    get: (cell) => backend.get(cell),
    put(cell, value) {
      backend.put(cell, value);
      commitment.note(cellPath(cell), value);
    },
    delete(cell) {
      backend.delete(cell);
      commitment.note(cellPath(cell), undefined);
    },
    scan: (range) => backend.scan(range),
  };
  if (!('snapshot' in backend)) return committed;
  const whole: SnapshotBackend = {
    ...committed,
    snapshot() {
      const inner = backend.snapshot();
      const mark = commitment.snapshot();
      const snapshot: CommittedSnapshot = { kind: 'snapshot', inner, mark, owner: whole };
      return snapshot;
    },
    restore(snapshot) {
      const { inner, mark } = own(snapshot);
      backend.restore(inner);
      commitment.restore(mark);
    },
    changes: (from, to) => backend.changes(own(from).inner, own(to).inner),
    assign(path, value) {
      backend.assign(path, value);
      // A backend may say with no bytes that a cell is gone.
      commitment.note(path, value?.length === 0 ? undefined : value);
    },
  };
  const own = (snapshot: Snapshot): CommittedSnapshot => {
    const committed = snapshot as CommittedSnapshot;
    assert(committed.owner === whole, 'a snapshot was restored into another backend');
    return committed;
  };
  return whole;
}
