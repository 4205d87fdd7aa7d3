/**
 * The cells of a journal in which it is ahead of its backend, and how that catches up.
 *
 * A flush looks at all cells of the journal, unless they were noted: transaction after transaction,
 * before the next one begins, for the kernel lists what a transaction touched.
 */
import { WORD_BYTES } from '../base/u256.ts';
import type { Cell } from '../dmir/host.ts';
import type { InterpreterMachine } from '../engines/interpreter/trampoline.ts';
import * as L from '../kernel/layout.ts';
import type { Backend, SnapshotBackend } from '../state/backends/backend.ts';
import {
  digitsOfWordAt,
  isPerTransaction,
  KEY_AT,
  OWNER_AT,
  OWNER_BYTES,
  SPACES,
  toChars,
} from '../state/cells.ts';

/** Cells whose paths are kept: those of a journal that is emptied often. */
const PATHS_MAX = 1 << 14;

export class DirtyCells {
  readonly #machine: InterpreterMachine;
  readonly #backend: Backend | SnapshotBackend;
  /** Those of earlier transactions; undefined where a flush looks for itself. */
  #noted: Set<Cell> | undefined;
  readonly #path = new Uint8Array(KEY_AT + WORD_BYTES);
  /** Paths by the place of the cell: most cells that a block changes were changed before. */
  readonly #paths: (string | undefined)[];

  constructor(machine: InterpreterMachine, backend: Backend, isNoting: boolean) {
    this.#machine = machine;
    this.#backend = backend;
    this.#noted = isNoting ? new Set() : undefined;
    this.#paths = new Array<undefined>(isNoting ? PATHS_MAX : 0).fill(undefined);
  }

  /** Forgets them: the journal is empty. */
  clear(): void {
    this.#noted?.clear();
    this.#paths.fill(undefined);
  }

  /** Keeps the cells that the transaction leaves dirty, which the next one's list does not name. */
  note(): void {
    const noted = this.#noted;
    if (noted === undefined) return;
    const { u32 } = this.#machine.kernel;
    const end = u32[(L.MACHINE_BASE + L.M_TOUCHED_TOP) / 4] as number;
    for (let at = L.TOUCHED_BASE; at < end; at += 4) {
      const cell = u32[at / 4] as number;
      const flags = u32[(cell + L.C_FLAGS) / 4] as number;
      if ((flags & L.CELL_DIRTY) === 0 || noted.has(cell)) continue;
      if (this.#isUnchangedSlot(cell)) u32[(cell + L.C_FLAGS) / 4] = flags & ~L.CELL_DIRTY;
      else noted.add(cell);
    }
  }

  /**
   * Whether a cell, clean when the transaction began, is a slot with the value of then. Other
   * spaces tell a backend more: a fork's takes a deleted nonce for the end of an account.
   */
  #isUnchangedSlot(cell: Cell): boolean {
    const { kernel } = this.#machine;
    if (kernel.u32[(cell + L.C_SPACE) / 4] !== SPACES.slot.number) return false;
    return kernel.areEqualWords(cell + L.C_VALUE, cell + L.C_ORIGINAL);
  }

  /** Brings the backend up to date. */
  flush(): void {
    const noted = this.#noted;
    if (noted !== undefined) {
      this.note();
      for (const cell of noted) this.#flush(cell);
      // A new set for the reason that `TransactionPool` has.
      this.#noted = new Set();
      return;
    }
    const { exports } = this.#machine.kernel;
    let cell = exports.nextDirty(L.CELLS_BASE);
    for (; cell !== 0; cell = exports.nextDirty(cell + L.CELL_BYTES)) this.#flush(cell);
  }

  #flush(cell: Cell): void {
    const { kernel } = this.#machine;
    const { u32 } = kernel;
    const flags = (cell + L.C_FLAGS) / 4;
    u32[flags] = (u32[flags] as number) & ~L.CELL_DIRTY;
    const space = u32[(cell + L.C_SPACE) / 4] as number;
    if (isPerTransaction(space)) return;
    const owner = u32[(cell + L.C_OWNER) / 4] as number;
    const isZero = kernel.isZeroWord(cell + L.C_VALUE);
    const backend = this.#backend;
    if (!isZero && 'assign' in backend) {
      const path = this.#pathOf(space, owner, cell);
      backend.assign(path, digitsOfWordAt(kernel.u8, cell + L.C_VALUE));
      return;
    }
    const key = kernel.readWordAsBytes(cell + L.C_KEY, WORD_BYTES);
    const place = { space, owner: this.#machine.ownerId(owner), key };
    if (isZero) backend.delete(place);
    else backend.put(place, kernel.readWordAsBytes(cell + L.C_VALUE, WORD_BYTES));
  }

  #pathOf(space: number, owner: number, cell: Cell): string {
    const place = (cell - L.CELLS_BASE) / L.CELL_BYTES;
    const known = this.#paths[place];
    if (known !== undefined) return known;
    const { kernel } = this.#machine;
    const path = this.#path;
    path[0] = space >> 8;
    path[1] = space & 255;
    kernel.copyWordAsBytes(path, OWNER_AT, this.#machine.ownerAddress(owner), OWNER_BYTES);
    kernel.copyWordAsBytes(path, KEY_AT, cell + L.C_KEY, WORD_BYTES);
    const text = toChars(path);
    if (place < this.#paths.length) this.#paths[place] = text;
    return text;
  }
}
