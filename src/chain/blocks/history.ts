/**
 * States after blocks that are not at hand. On the chain that ends at the head such a state is
 * found from a later one by undoing the changes between; beside it from that of the parent, by
 * doing them.
 */
import { assert } from '../../base/assert.ts';
import { bytesToHex, equalBytes } from '../../base/bytes.ts';
import { LockstepError } from '../../base/errors.ts';
import type { Snapshot } from '../../state/backends/backend.ts';
import type { CanonicalIndex } from './canon.ts';
import type { ChainEntry } from './chain.ts';
import type { ChainState } from './state.ts';

interface Found {
  readonly number: bigint;
  readonly mark: Snapshot;
}

/** States that are kept once they were found. */
const FOUND_MAX = 16;

export class StateHistory {
  readonly #state: ChainState;
  readonly #canon: CanonicalIndex;
  /** By the hash of the block. */
  readonly #found = new Map<string, Found>();

  constructor(state: ChainState, canon: CanonicalIndex) {
    this.#state = state;
    this.#canon = canon;
  }

  /** The state after an entry is another one now. */
  forget({ hash }: ChainEntry): void {
    this.#found.delete(bytesToHex(hash));
  }

  /**
   * The state after an entry, whose mark is not there; the state itself stays as it is.
   *
   * @throws LockstepError L1405 where what would lead to it was given up
   */
  markOf(entry: ChainEntry): Snapshot {
    const id = bytesToHex(entry.hash);
    const known = this.#found.get(id);
    if (known !== undefined) return known.mark;
    const here = this.#state.snapshot();
    try {
      const mark = this.#find(entry);
      const [oldest] = this.#found.keys();
      if (oldest !== undefined && this.#found.size >= FOUND_MAX) this.#found.delete(oldest);
      this.#found.set(id, { number: entry.block.header.number, mark });
      return mark;
    } finally {
      this.#state.restore(here);
    }
  }

  #find(entry: ChainEntry): Snapshot {
    const { number } = entry.block.header;
    const same = this.#canon.find(number);
    if (same === undefined || !isWithin(entry, same)) return this.#redo(entry);
    if (same.mark !== undefined && same.block.header.number === number) return same.mark;
    return this.#undo(number);
  }

  /** From the nearest state above, which that of the head is in the end. */
  #undo(number: bigint): Snapshot {
    const { live, store } = this.#canon;
    const above = live.find(({ block, mark }) => mark && block.header.number > number);
    let base = above?.mark && { number: above.block.header.number, mark: above.mark };
    for (const [id, found] of this.#found) {
      const isNearer = base === undefined || found.number < base.number;
      if (found.number <= number || !isNearer) continue;
      const on = this.#canon.find(found.number);
      if (on !== undefined && bytesToHex(on.hash) === id) base = found;
    }
    assert(base !== undefined, 'the state after the head is not there');
    this.#state.restore(base.mark);
    for (const changes of store.changes(number, base.number)) {
      if (changes === undefined) throw new LockstepError('L1405', { number });
      // A cell that two of a block's changes name had first what the earlier one says.
      for (const { path, before } of changes.toReversed()) this.#state.backend.assign(path, before);
    }
    return this.#state.snapshot();
  }

  #redo({ parent, changes, range, block }: ChainEntry): Snapshot {
    assert(parent !== undefined, 'the state after the genesis is not there');
    const mark = parent.mark ?? this.markOf(parent);
    if (range !== undefined) return mark;
    if (changes === undefined) throw new LockstepError('L1405', { number: block.header.number });
    this.#state.restore(mark);
    for (const { path, after } of changes) this.#state.backend.assign(path, after);
    return this.#state.snapshot();
  }
}

/** Whether an entry is another one or a part of its range. */
function isWithin({ hash, range }: ChainEntry, other: ChainEntry): boolean {
  return equalBytes(hash, other.hash) || (range !== undefined && range.id === other.range?.id);
}
