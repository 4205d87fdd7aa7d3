/** How cells come into a machine. */

/** Fetches a cell that the journal does not hold. */
export interface CellLoader {
  /** The 32-byte big-endian value; undefined where there is none. */
  load(
    space: number,
    owner: Uint8Array,
    key: Uint8Array,
  ): Uint8Array | undefined | { readonly pending: Promise<unknown> };
  /** Whether the backend holds a storage cell of the owner. */
  hasStorage(owner: Uint8Array): boolean;
}
