/**
 * The vocabulary of the state: cells, spaces, access records, and the journal of word cells.
 *
 * A cell is (space, owner, key) -> bytes. An owner is an id of at most 32 bytes; a shorter one
 * stands for the id with zeros in front, so that all virtual machines share one space of accounts.
 * Cells are ordered by space, then owner, then key, each as unsigned bytes.
 *
 * Bytes that pass through this room are shared, not copied, unless a function says so: nobody
 * changes them after handing them over.
 */
import { assert } from '../base/assert.ts';
import { LockstepError } from '../base/errors.ts';
import { WORD_BYTES } from '../base/u256.ts';

/** Identity of a cell. */
export interface Cell {
  readonly space: number;
  readonly owner: Uint8Array;
  readonly key: Uint8Array;
}

export interface CellEntry {
  readonly cell: Cell;
  readonly value: Uint8Array;
}

/** What is known of a space: its stable number, and whether its cells end with the transaction. */
export interface SpaceRow {
  readonly number: number;
  /** Zero at the start of every transaction, never in a backend. */
  readonly perTransaction: boolean;
}

/** The spaces by name. Numbers are stable; the kernel knows the same ones. */
export const SPACES = {
  slot: { number: 0, perTransaction: false },
  transient: { number: 1, perTransaction: true },
  balance: { number: 2, perTransaction: false },
  nonce: { number: 3, perTransaction: false },
  codeHash: { number: 4, perTransaction: false },
  code: { number: 5, perTransaction: false },
  created: { number: 6, perTransaction: true },
  destroyed: { number: 7, perTransaction: true },
  /** 1 for an account that exists although it is empty: before EIP-161, or in a genesis. */
  exists: { number: 8, perTransaction: false },
} as const satisfies Record<string, SpaceRow>;

export type SpaceName = keyof typeof SPACES;

const PER_TRANSACTION: ReadonlySet<number> = new Set(
  Object.values(SPACES)
    .filter((row) => row.perTransaction)
    .map((row) => row.number),
);

export function isPerTransaction(space: number): boolean {
  return PER_TRANSACTION.has(space);
}

export const OWNER_BYTES = 32;

/**
 * A cell's identity as a string of characters 0..255, whose order is the order of cells.
 *
 * @see cellOfPath for the way back
 */
export type CellPath = string & { readonly __brand?: 'CellPath' };

/** Where the owner and the key stand in a path. */
export const OWNER_AT = 2;
export const KEY_AT: number = OWNER_AT + OWNER_BYTES;

/** The path of an owner's cells, in front of their keys. */
export function ownerPath(space: number, owner: Uint8Array): CellPath {
  if (owner.length > OWNER_BYTES) {
    const context = { what: 'an owner', length: owner.length, expected: 'at most 32' };
    throw new LockstepError('L1003', context);
  }
  return spacePath(space) + '\0'.repeat(OWNER_BYTES - owner.length) + toChars(owner);
}

/** The path of a space's cells, in front of their owners. */
export function spacePath(space: number): CellPath {
  assert(Number.isInteger(space) && space >= 0 && space < 65536, `${space} is no cell space`);
  return String.fromCharCode(space >> 8, space & 255);
}

export function cellPath({ space, owner, key }: Cell): CellPath {
  const isWord = key.length === WORD_BYTES && owner.length <= OWNER_BYTES;
  if (!isWord || (space & 0xffff) !== space) {
    return ownerPath(space, owner) + toChars(key);
  }
  wordPath[0] = space >> 8;
  wordPath[1] = space & 255;
  wordPath.fill(0, OWNER_AT, KEY_AT - owner.length);
  wordPath.set(owner, KEY_AT - owner.length);
  wordPath.set(key, KEY_AT);
  return toChars(wordPath);
}

/** The path of a cell whose key is a word, as most are, in bytes. */
const wordPath = new Uint8Array(KEY_AT + WORD_BYTES);

/** The cell of a path; its owner has 32 bytes. */
export function cellOfPath(path: CellPath): Cell {
  return {
    space: (path.charCodeAt(0) << 8) | path.charCodeAt(1),
    owner: toBytes(path, OWNER_AT, KEY_AT),
    key: toBytes(path, KEY_AT, path.length),
  };
}

/** What Node does by itself, twice to four times as fast. */
interface NativeChars {
  readonly latin1Slice?: (this: Uint8Array) => string;
}
const { latin1Slice } = ((globalThis as { Buffer?: { prototype: object } }).Buffer?.prototype ??
  {}) as NativeChars;
/** Below so many bytes it is not faster. */
const NATIVE_CHARS_MIN = 16;

/** Bytes as a string of characters 0..255. */
export function toChars(bytes: Uint8Array): string {
  if (latin1Slice !== undefined && bytes.length >= NATIVE_CHARS_MIN) return latin1Slice.call(bytes);
  // One call is twice as fast as joining characters, but has a limit on arguments.
  if (bytes.length <= 256) return String.fromCharCode.apply(null, bytes as unknown as number[]);
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}

function toBytes(text: string, from: number, to: number): Uint8Array {
  const bytes = new Uint8Array(to - from);
  for (let i = from; i < to; i++) bytes[i - from] = text.charCodeAt(i);
  return bytes;
}

/**
 * The value of a cell as it is kept: a word as characters 0..255 without the zeros in front, any
 * other value as it is. Bytes of their own cost 250 bytes however few they are, and most words are
 * small numbers.
 */
export type CellValue = string | Uint8Array;

export function packValue(value: Uint8Array): CellValue {
  return value.length === WORD_BYTES ? wordToDigits(value) : value;
}

export function unpackValue(value: CellValue): Uint8Array {
  if (typeof value !== 'string') return value;
  const word = new Uint8Array(WORD_BYTES);
  const zeros = WORD_BYTES - value.length;
  for (let i = 0; i < value.length; i++) word[zeros + i] = value.charCodeAt(i);
  return word;
}

/** Bytes as characters, without the zeros in front. */
export function wordToDigits(word: Uint8Array): string {
  let zeros = 0;
  while (zeros < word.length && word[zeros] === 0) zeros++;
  const length = word.length - zeros;
  if (length > WORD_BYTES) return toChars(word.subarray(zeros));
  const digits = DIGITS[length] as Uint8Array;
  for (let i = 0; i < length; i++) digits[i] = word[zeros + i] as number;
  return toChars(digits);
}

/** The same of the word whose lowest byte is at an index. */
export function digitsOfWordAt(memory: Uint8Array, at: number): string {
  let length = WORD_BYTES;
  while (length > 0 && memory[at + length - 1] === 0) length--;
  const digits = DIGITS[length] as Uint8Array;
  for (let i = 0; i < length; i++) digits[i] = memory[at + length - 1 - i] as number;
  return toChars(digits);
}

/** Scratch of each length: a view of the word would be as long to make as the text of it. */
const DIGITS = Array.from({ length: WORD_BYTES + 1 }, (_, length) => new Uint8Array(length));

/** The cells of a space, or of one owner in it, whose keys are in [from, to). */
export type ScanRange =
  | { readonly space: number; readonly owner?: undefined }
  | {
      readonly space: number;
      readonly owner: Uint8Array;
      readonly from?: Uint8Array;
      readonly to?: Uint8Array;
    };

/** The first path of a range and the first path after it, or undefined at the end of everything. */
export function rangePaths(range: ScanRange): { from: CellPath; to: CellPath | undefined } {
  if (range.owner === undefined) {
    const path = spacePath(range.space);
    return { from: path, to: pathAfter(path) };
  }
  const path = ownerPath(range.space, range.owner);
  return {
    from: range.from === undefined ? path : path + toChars(range.from),
    to: range.to === undefined ? pathAfter(path) : path + toChars(range.to),
  };
}

/** The first path that is greater than every path with this prefix. */
function pathAfter(prefix: CellPath): CellPath | undefined {
  for (let end = prefix.length; end > 0; end--) {
    const code = prefix.charCodeAt(end - 1);
    if (code < 255) return prefix.slice(0, end - 1) + String.fromCharCode(code + 1);
  }
  return undefined;
}

/** How a frame changed a cell, as its caller sees it. */
export type CellWrite =
  | { readonly kind: 'put'; readonly value: Uint8Array }
  | { readonly kind: 'delete' }
  /** Only added to: the change commutes with other additions. `value` is the sum in this frame. */
  | { readonly kind: 'add'; readonly delta: bigint; readonly value: Uint8Array };

/** What a frame did to one cell. */
export interface CellAccess {
  readonly cell: Cell;
  /** What the frame found before any write of its own; absent where it did not look. */
  readonly read?: { readonly value: Uint8Array | undefined };
  readonly write?: CellWrite;
}

/**
 * What a frame read and changed, its inner frames included. Changes that were rolled back are not
 * in it; reads are, because they had influence.
 */
export interface AccessRecord {
  /** In the order of cells. */
  readonly cells: readonly CellAccess[];
  /** In the order of first use. */
  readonly scans: readonly ScanRange[];
}

/** Identity of a cell that holds a 256-bit word. */
export interface WordCell {
  readonly space: number;
  /** 32 bytes. */
  readonly owner: Uint8Array;
  readonly key: bigint;
}

export interface JournalLog {
  readonly owner: Uint8Array;
  readonly topics: readonly bigint[];
  readonly data: Uint8Array;
}

/** A checkpoint of a journal, void after a rollback to an earlier one. */
export type JournalMark = number & { readonly __brand?: 'JournalMark' };

/**
 * The journal of word cells: values, originals and warmth of one transaction after another. The
 * kernel's tables implement it, and a plain model in the tests, which must agree.
 *
 * A cell must be entered by `insert` before any other operation names it. Values, warmth, refund
 * and logs are undone by `rollback`; what was touched is not.
 */
export interface WordJournal {
  /** Begins a transaction: all cells cold, originals as they are, no refund and no logs. */
  begin(): void;
  /** Enters a cell as the backend has it, undefined where it has none; a known cell stays. */
  insert(cell: WordCell, value: bigint | undefined): void;
  isKnown(cell: WordCell): boolean;
  /** Marks as read and warm; returns whether it was warm (EIP-2929). */
  touch(cell: WordCell): boolean;
  /** 0 where the cell holds nothing. */
  value(cell: WordCell): bigint;
  /** The value at the start of the transaction. */
  original(cell: WordCell): bigint;
  exists(cell: WordCell): boolean;
  write(cell: WordCell, value: bigint): void;
  delete(cell: WordCell): void;
  /** Adds a signed delta; true, and no change, where the sum leaves 0..2^256-1. */
  add(cell: WordCell, delta: bigint): boolean;
  /** True, and no change, where the cell holds a value. */
  insertOnce(cell: WordCell, value: bigint): boolean;
  /** Takes the value out; undefined where there is none. */
  consume(cell: WordCell): bigint | undefined;
  /** Gas of a load; touches. */
  loadCost(cell: WordCell): bigint;
  /** Gas of a store that is about to happen; touches and moves the refund. */
  storeCost(cell: WordCell, value: bigint): bigint;
  refund(): bigint;
  addRefund(delta: bigint): void;
  /** At most four topics. */
  log(log: JournalLog): void;
  logs(): readonly JournalLog[];
  checkpoint(): JournalMark;
  rollback(mark: JournalMark): void;
  /** Cells that the transaction reached, in order of first touch, rolled-back ones included. */
  touched(): readonly WordCell[];
}
