/**
 * The Host interface: how a VM's host works on the machine that runs its frames.
 *
 * The machine stops at a suspension point and calls the host of the frame. The host reads operands,
 * charges, changes cells, and then either answers with `resume`, or has another frame run first
 * (`enter`), whose end it hears of in `leave`. What a host must remember between the two stands in
 * the frame's `note`, so that a stopped machine is data.
 */
import type { TrapKind } from './ops.ts';

/** Index of a cell owner (an account) in the machine. */
export type Owner = number;
/** Handle of a cell of the journal, good until the transaction ends. */
export type Cell = number;

/** Thrown by a host that needs an item which the backend has not delivered; it then runs again. */
export class PendingError extends Error {
  readonly ready: Promise<unknown>;

  constructor(ready: Promise<unknown>) {
    super('The state is still being fetched: use the asynchronous call.');
    this.ready = ready;
  }
}

/** A range of the machine's memory. */
export interface Range {
  readonly base: number;
  readonly length: number;
}

/** How a frame ended; good until another frame runs. */
export interface FrameEnd {
  readonly status: 'success' | 'revert' | 'halt';
  readonly reason: TrapKind | undefined;
  readonly gas: bigint;
  /** Output, in the memory of the frame that ended. */
  readonly output: Range;
}

/** A frame to be run: code, gas, and what its code reads as context. */
export interface FrameStart {
  /** Code in the machine. */
  readonly program: ProgramHandle;
  /** Below 2^64; the machine counts 2^63 - 1 at most. */
  readonly gas: bigint;
  readonly isStatic: boolean;
  /** Whose cells the frame addresses. */
  readonly owner: Owner;
  readonly input: Range;
  /** Addresses of words that its code reads: whose frame it is, who called, with what value. */
  readonly self: number;
  readonly caller: number;
  readonly value: number;
  /** What the host wants back in `leave`. */
  readonly note: unknown;
}

/** The first words of every frame's region `frame`; `enter` sets them, the lengths in bytes. */
export const FRAME_WORDS = {
  self: 0,
  caller: 1,
  value: 2,
  inputLength: 3,
  codeLength: 4,
  returnLength: 5,
} as const;

/**
 * Regions of every frame by number; the code's is that of what a module keeps of its own where the
 * code is a module.
 */
export const FRAME_REGIONS = {
  memory: 0,
  input: 1,
  code: 2,
  returnData: 3,
  frame: 4,
  env: 5,
} as const;

/** Bytes of the region `frame`: as many words as a VM may have there. */
export const FRAME_BYTES = 768;

/** Bytes of the region `env`: the words that are the same for a whole transaction. */
export const ENV_BYTES = 320;

/** Code that the machine can run; made by `Machine.load`. */
export interface ProgramHandle {
  readonly codeLength: number;
  /** Its memory was given up, and it has to be loaded again. */
  readonly isReleased: boolean;
}

/** The machine as a host sees it. Addresses are those of the machine's memory. */
export interface MachineAccess {
  /** Depth of the frame that stopped; the outermost has 0. */
  readonly depth: number;
  readonly isStatic: boolean;
  readonly owner: Owner;
  readonly note: unknown;
  /** Gas left of the frame that stopped. */
  gas: bigint;

  /** Operand of the suspension; the first is the top of the window. */
  operand(index: number): bigint;
  /** Address of the operand's 32 little-endian bytes. */
  operandAddress(index: number): number;
  /** Takes the operands away, puts the result there, and lets the frame go on. */
  resume(operands: number, result?: bigint): void;
  /** Ends the frame that stopped, successfully and without output. */
  stop(): void;
  /** Ends the frame that stopped with a trap. */
  trap(kind: TrapKind): void;
  /** Charges gas; false if there is not enough, and the frame must trap. */
  charge(amount: bigint): boolean;
  /** Grows the frame's memory over a range and charges for it; false as for `charge`. */
  chargeMemory(offset: bigint, size: bigint): boolean;
  /** The same for an operand that is an offset and the next one, which is a size. */
  chargeOperands(index: number): boolean;
  /** Bytes of code of the frame that stopped. */
  readonly code: Uint8Array;
  /** The range of the frame's memory, which `chargeMemory` has covered. */
  memory(offset: bigint, size: bigint): Range;
  /** The same for the operands. */
  operandRange(index: number): Range;
  /** Has a frame run above the one that stopped. */
  enter(start: FrameStart): void;
  /**
   * The account that was called just now runs the program as its own code and is no other thing, so
   * that the machine may make such calls without asking while its code hash stays.
   */
  learnCallee(owner: Owner, program: ProgramHandle): void;
  /** Sets a 32-byte word of the newest frame's region `frame`. */
  setFrameWord(index: number, value: bigint): void;
  /** Address of a word of the region `frame` of the frame that stopped. */
  frameWordAddress(index: number): number;
  /** Address of the id of an owner, as a word. */
  ownerAddress(owner: Owner): number;
  /** Address of a word with the value, good until the next call. */
  wordAddress(value: bigint): number;
  /** Makes the code of a module whose frame ended its output; undefined where there is no room. */
  outputCode(): Range | undefined;
  /**
   * Replaces the return data of the frame that stopped, with their length in its words, and copies
   * as many as fit to a range of its memory; false: they are more than the machine holds.
   */
  setReturnData(data: Range, offset?: bigint, size?: bigint): boolean;
  /** The same from bytes outside the machine. */
  setReturnBytes(data: Uint8Array, offset?: bigint, size?: bigint): boolean;
  /** keccak-256 of bytes, 32 bytes; the return data of the frame are lost. */
  keccak256(data: Uint8Array): Uint8Array;
  bytes(range: Range): Uint8Array;
  /** The same without a copy: good until the machine does anything, and not to be written. */
  view(range: Range): Uint8Array;
  write(address: number, bytes: Uint8Array): void;

  /** The owner whose low 20 bytes stand in the word at the address. */
  ownerAt(wordAddress: number): Owner;
  ownerOf(id: Uint8Array): Owner;
  ownerId(owner: Owner): Uint8Array;
  /** The id of an owner as a number where it is below 2^32, else -1. */
  ownerNumber(owner: Owner): number;
  /** Whether any storage cell of the owner holds a value. */
  hasStorage(owner: Owner): boolean;
  /** The cell, fetched from the backend if need be (PendingError). */
  cell(space: number, owner: Owner, key: bigint): Cell;
  /** Marks the cell as used by the transaction; whether it was warm before. */
  touch(cell: Cell): boolean;
  readCell(cell: Cell): bigint;
  /** Address of the cell's value, 32 little-endian bytes. */
  valueAddress(cell: Cell): number;
  writeCell(cell: Cell, value: bigint): void;
  /** Adds to the refund counter; undone if the frame fails. */
  refund(amount: bigint): void;
  /** An answer from outside the state, taken from the host tape or recorded there (TAPE_*). */
  outside(kind: number, question: bigint, ask: () => bigint): bigint;
}

/** What a host function is that the machine may answer by itself. */
export type HostCall =
  | {
      /** Of another account's code; the second operand is its address, the first the gas. */
      readonly kind: 'call';
      readonly operands: number;
      /**
       * The operand with which the input's range begins, offset and size, and then the output's.
       * From 3 on, operand 2 is the value that the call moves.
       */
      readonly input: number;
      /** The code runs on the caller's own account. */
      readonly isOnSelf: boolean;
      /** It sees the caller's own caller and value. */
      readonly isAsCaller: boolean;
      readonly isStatic: boolean;
    }
  /** The bytes of code of the account whose address is the operand. */
  | { readonly kind: 'codeSize' };

/** What a note is checked against: the frame that waits for the one with the note. */
export interface FrameBelow {
  /** Words in its window. */
  readonly window: number;
  /** Bytes of its memory. */
  readonly memory: number;
}

/** The host of a VM. */
export interface VmHost {
  /** Name of the VM in the states of machines. */
  readonly name: string;
  /** Words of the regions `frame` and `env` that the VM uses. */
  readonly frameWords: number;
  readonly envWords: number;
  /** Whether nobody watches the frames and calls mean what they usually do. */
  readonly isPlain: boolean;
  /** The note of a call that the machine made by itself. */
  noteCall(operands: number, offset: bigint, size: bigint): unknown;
  /** Answers the suspension of the current frame. */
  suspend(machine: MachineAccess, host: number): void;
  /**
   * A frame that `enter` began has ended; the frame below is current again, its state as at the
   * suspension, and journal changes of a failed frame are undone. Not called for the outermost.
   */
  leave(machine: MachineAccess, end: FrameEnd, note: unknown): void;
  /** Last word on a successful end, before it is committed: a creation stores its code here. */
  settle(machine: MachineAccess, end: FrameEnd, note: unknown): FrameEnd;
  /** A frame's note as bytes, one form for each; accounts by their ids, not by their numbers. */
  encodeNote(machine: MachineAccess, note: unknown): Uint8Array;
  /**
   * The note of the bytes.
   *
   * @param below the frame that waits; undefined for the note of the outermost
   * @throws LockstepError L1101 or L1102 where they tell none
   */
  decodeNote(machine: MachineAccess, bytes: Uint8Array, below: FrameBelow | undefined): unknown;
  /** Rules and facts that are fixed for the transaction and that outcomes depend on. */
  encodeContext(): Uint8Array;
  /**
   * Takes the facts over.
   *
   * @throws LockstepError L1101 for malformed bytes, L1102 where the rules are others
   */
  decodeContext(bytes: Uint8Array): void;
}
