/**
 * The state of a stopped machine as plain data, the same for every engine.
 *
 * A machine stops at the entry of a block. There its registers are the values that the block takes,
 * so nothing here depends on how an engine allocates registers, where its code lies, in which order
 * it met accounts and cells, or what ran before the transaction. `docs/machine-state.md` describes
 * the bytes (`encode.ts`, `decode.ts`) and the hash (`hash.ts`).
 */
import { compareBytes } from '../../base/bytes.ts';

/** Bytes of a page of memory, and of a leaf of its tree. */
export const PAGE_BYTES = 4096;
export const LEAF_BYTES = 32;
/** Entries of the gas schedule. */
export const SCHEDULE_LENGTH = 64;

/** Flags of a cell in the transaction. */
export const STATE_WARM = 1;
export const STATE_READ = 2;
export const STATE_WRITTEN = 4;
/** The cell holds a value, if only zero. */
export const STATE_EXISTS = 8;

/** A page that is not all zeros. */
export interface MemoryPage {
  readonly index: number;
  /** PAGE_BYTES bytes; zero from the memory's length on. */
  readonly bytes: Uint8Array;
}

export interface MemoryState {
  /** Number of the region in the VM's module. */
  readonly region: number;
  /** Bytes. */
  readonly length: number;
  /** By index, zero pages left out. */
  readonly pages: readonly MemoryPage[];
}

/**
 * A dMIR function in progress. Open code has exactly one for a frame, with function 0, the id of
 * the block (for EVM code its program counter) and the words of the window, bottom first. A closed
 * function has the values that are live into the block, in register order, zero-extended.
 */
export interface CallState {
  readonly function: number;
  readonly block: number;
  /** 0 at the entry of the block; a function that waits for its callee has the call's place. */
  readonly instruction: number;
  readonly values: readonly bigint[];
}

/** Where a frame's input lies: in the transaction's, or in memory 0 of the frame below. */
export interface InputState {
  readonly source: 'transaction' | 'below';
  readonly offset: number;
  readonly length: number;
}

export interface FrameState {
  /** Name of the VM whose code it is. */
  readonly vm: string;
  /** keccak-256 of the code. */
  readonly codeHash: Uint8Array;
  readonly gas: bigint;
  readonly isStatic: boolean;
  /** 32-byte id of the account whose cells the code addresses. */
  readonly owner: Uint8Array;
  /** Outermost dMIR function first. */
  readonly calls: readonly CallState[];
  /** Words of the region `frame`. */
  readonly words: readonly bigint[];
  readonly memories: readonly MemoryState[];
  readonly input: InputState;
  /** The journal's mark at entry: lengths of the undo log and of the logs. */
  readonly undoMark: number;
  readonly logMark: number;
  /** What the VM's host keeps for the frame's end. */
  readonly note: Uint8Array;
}

/** A cell that the transaction has reached. */
export interface CellState {
  readonly space: number;
  /** 32 bytes. */
  readonly owner: Uint8Array;
  readonly key: bigint;
  readonly value: bigint;
  /** Value at the start of the transaction. */
  readonly original: bigint;
  /** STATE_* */
  readonly flags: number;
}

/** What stood before a change. */
export interface UndoState {
  /** Place of the cell in the list of cells; -1 where only the refund changed. */
  readonly cell: number;
  readonly value: bigint;
  readonly flags: number;
  readonly refund: bigint;
}

export interface LogState {
  readonly owner: Uint8Array;
  /** 32 bytes each. */
  readonly topics: readonly Uint8Array[];
  readonly data: Uint8Array;
}

/** An answer from outside: nothing in the state determines it. */
export interface TapeEntry {
  /** TAPE_* */
  readonly kind: number;
  readonly question: bigint;
  readonly answer: bigint;
}

/** How the outermost frame ended. Why it halted is diagnostic and no part of the state. */
export interface EndState {
  readonly status: 'success' | 'revert' | 'halt';
  readonly gas: bigint;
  readonly output: Uint8Array;
}

export interface MachineState {
  /** dMIR operations executed. */
  readonly steps: bigint;
  /** Refund counter, signed. */
  readonly refund: bigint;
  /** Gas with which the outermost frame began. */
  readonly gasStart: bigint;
  readonly schedule: readonly bigint[];
  /** Words of the region `env`. */
  readonly env: readonly bigint[];
  /** Rules and facts of the VM's host that are fixed for the transaction. */
  readonly context: Uint8Array;
  /** Input of the outermost frame. */
  readonly input: Uint8Array;
  /** Bottom first; none once the outermost has ended. */
  readonly frames: readonly FrameState[];
  /** Return data of the top frame; a frame below has none, since its callee's end replaces it. */
  readonly returnData: Uint8Array;
  /** In the order of (space, owner, key). */
  readonly cells: readonly CellState[];
  /** Oldest first. */
  readonly undo: readonly UndoState[];
  readonly logs: readonly LogState[];
  readonly tape: readonly TapeEntry[];
  readonly end: EndState | undefined;
}

/** The order of cells: by space, owner, key. */
export function compareCells(a: CellState, b: CellState): number {
  if (a.space !== b.space) return a.space - b.space;
  const byOwner = compareBytes(a.owner, b.owner);
  if (byOwner !== 0) return byOwner;
  return a.key < b.key ? -1 : a.key > b.key ? 1 : 0;
}
