/**
 * The state of the core machine: registers, memory spaces, calls, gas, the host tape.
 *
 * Invariants:
 * - registers and slots are exact 64-bit words; nothing passes through a JavaScript number but
 *   floats, addresses below 2^38 and the fields of instructions;
 * - what a step reads, writes and accesses goes through the counting methods; `peek` and `poke` are
 *   for the outside and for chips.
 */
import type { TrapKind } from '../ops.ts';
import { type CellAction, type HaltKind, SPACE_CONTROL, SPACE_COUNT } from './spaces.ts';

/** How a run stands. `host` waits for results on the tape, `tape` for the next word of it. */
export type CoreStatus = 'running' | 'host' | 'tape' | 'ended';

/** How a run ended. `return` leaves its results in the first registers of the window. */
export type CoreOutcome =
  | { readonly kind: 'return' }
  | { readonly kind: 'trap'; readonly trap: TrapKind; readonly code: number }
  | {
      readonly kind: HaltKind;
      readonly region: number;
      readonly address: bigint;
      readonly length: bigint;
    };

/** The operations on state, which the journal implements. A trap kind ends the run. */
export interface CoreChips {
  /** Reads and writes the port: key, value, flag. */
  cell(machine: CoreMachine, action: CellAction, space: number): TrapKind | undefined;
  /** The data's words, of which `length` bytes count; topics stand in the port. */
  log(
    machine: CoreMachine,
    words: readonly bigint[],
    length: bigint,
    topicCount: number,
  ): TrapKind | undefined;
}

export interface CoreMachineOptions {
  /** Words of the program; it is read-only. */
  readonly code: BigUint64Array;
  /** Gas at start; 2^63 - 1 where it is left out. */
  readonly gas?: bigint;
  /** Most calls that may be open at once. */
  readonly callDepthMax?: number;
  readonly chips?: CoreChips;
  /** Whether each step is held against its row. */
  readonly checkBounds?: boolean;
}

/** Depth of dMIR calls where the embedder names no other. */
export const CALL_DEPTH_MAX = 1024;
const GAS_MAX = (1n << 63n) - 1n;
/** Addresses of a space end here; an access past them traps. */
const SPACE_BYTES_MAX = 1n << 38n;

const NO_CHIPS: CoreChips = {
  cell: () => {
    throw new Error('BUG: the program uses cells and the core machine has no cell chip');
  },
  log: () => {
    throw new Error('BUG: the program logs and the core machine has no log chip');
  },
};

/** Owner of the core's state; `machine.ts` steps it by `rules.ts`. */
export class CoreMachine {
  readonly code: BigUint64Array;
  readonly chips: CoreChips;
  readonly callDepthMax: number;
  pc = 0;
  nextPc = 0;
  /** First register of the running function. */
  window = 0;
  callDepth = 0;
  gas: bigint;
  refund = 0n;
  steps = 0;
  status: CoreStatus = 'running';
  outcome: CoreOutcome | undefined;
  /** Host function for which the run stopped. */
  hostFunction = 0;
  /** Results of host functions, in order; append and call `resume`. */
  readonly tape: bigint[] = [];
  tapePosition = 0;
  /** Data of the log being written. */
  readonly logWords: bigint[] = [];
  private registers = new BigUint64Array(1024);
  private readonly spaces: BigUint64Array[];
  readonly checkBounds: boolean;
  /** What the current step has done. */
  readCount = 0;
  writeCount = 0;
  accessCount = 0;

  constructor(options: CoreMachineOptions) {
    this.code = options.code;
    this.gas = options.gas ?? GAS_MAX;
    this.callDepthMax = options.callDepthMax ?? CALL_DEPTH_MAX;
    this.chips = options.chips ?? NO_CHIPS;
    this.checkBounds = options.checkBounds ?? true;
    this.spaces = Array.from({ length: SPACE_COUNT }, () => new BigUint64Array(32));
  }

  readRegister(index: number): bigint {
    this.readCount++;
    return this.registers[this.window + index] ?? 0n;
  }

  writeRegister(index: number, value: bigint): void {
    this.writeCount++;
    this.pokeRegister(index, value);
  }

  /** Sets a register from outside, before a run or between steps. */
  pokeRegister(index: number, value: bigint): void {
    const place = this.window + index;
    if (place >= this.registers.length) {
      const grown = new BigUint64Array(Math.max(place + 1, this.registers.length * 2));
      grown.set(this.registers);
      this.registers = grown;
    }
    this.registers[place] = value;
  }

  /** A register's value, from outside. */
  peekRegister(index: number): bigint {
    return this.registers[this.window + index] ?? 0n;
  }

  /** The aligned slot at a byte address, or undefined after a trap. */
  loadSlot(space: number, address: bigint): bigint | undefined {
    if (!this.checkAddress(space, address)) return undefined;
    return this.peekSlot(space, Number(address));
  }

  storeSlot(space: number, address: bigint, value: bigint): void {
    if (this.checkAddress(space, address)) this.pokeSlot(space, Number(address), value);
  }

  private checkAddress(space: number, address: bigint): boolean {
    this.accessCount++;
    if (space < SPACE_COUNT && address < SPACE_BYTES_MAX && (address & 7n) === 0n) return true;
    this.end({ kind: 'trap', trap: 'out-of-bounds', code: 0 });
    return false;
  }

  /** A slot's value, from outside or for a chip. The address is a multiple of 8. */
  peekSlot(space: number, address: number): bigint {
    return this.spaces[space]?.[address / 8] ?? 0n;
  }

  pokeSlot(space: number, address: number, value: bigint): void {
    const slots = this.spaces[space];
    if (slots === undefined) throw new Error(`BUG: no memory space ${space}`);
    const index = address / 8;
    if (index < slots.length) {
      slots[index] = value;
      return;
    }
    if (value === 0n) return;
    const grown = new BigUint64Array(Math.max(index + 1, slots.length * 2));
    grown.set(slots);
    grown[index] = value;
    this.spaces[space] = grown;
  }

  /** Opens a frame: `shift` registers above the caller's window. */
  call(target: number, shift: number): void {
    if (this.callDepth >= this.callDepthMax) {
      this.end({ kind: 'trap', trap: 'call-depth', code: 0 });
      return;
    }
    const record = (BigInt(shift) << 32n) | BigInt(this.pc + 1);
    this.storeSlot(SPACE_CONTROL, BigInt(this.callDepth * 8), record);
    this.callDepth++;
    this.window += shift;
    this.nextPc = target;
  }

  /** Closes the innermost frame, or ends the run where it is the outermost. */
  ret(): void {
    if (this.callDepth === 0) {
      this.end({ kind: 'return' });
      return;
    }
    this.callDepth--;
    const record = this.loadSlot(SPACE_CONTROL, BigInt(this.callDepth * 8)) ?? 0n;
    this.window -= Number(record >> 32n);
    this.nextPc = Number(record & 0xffff_ffffn);
  }

  end(outcome: CoreOutcome): void {
    this.status = 'ended';
    this.outcome = outcome;
  }

  trap(trap: TrapKind, code = 0): void {
    this.end({ kind: 'trap', trap, code });
  }

  /** Goes on after the host's results were appended to the tape. */
  resume(results: readonly bigint[]): void {
    if (this.status !== 'host' && this.status !== 'tape') {
      throw new Error(`BUG: resume of a core machine that is ${this.status}`);
    }
    this.tape.push(...results);
    this.status = 'running';
  }
}
