/**
 * A module of closed functions as a contract's program: each frame runs its entry, over regions
 * that begin with the module's image.
 *
 * In the heap, a frame's own regions lie below its memory, which is the last so that it can grow,
 * and the frame above begins behind that. Windows and calls have limits that depend on the frame's
 * depth alone, so that every frame below the deepest finds the room that it may use.
 */
import { assert } from '../../base/assert.ts';
import { CodeLimitError } from '../../dmir/bytecode/encode-function.ts';
import { FORM } from '../../dmir/bytecode/forms.ts';
import { FRAME_REGIONS, type ProgramHandle, type Range } from '../../dmir/host.ts';
import type { Region } from '../../dmir/ir.ts';
import type { ModuleSource } from '../../dmir/lazy.ts';
import * as L from '../../kernel/layout.ts';
import { GAS_PART } from '../closed/unit.ts';
import { FunctionTier } from '../tiers/functions.ts';
import type { Kernel } from './kernel.ts';
import { ModuleProgram, type PlacedPiece } from './module-program.ts';
import { type CodeArea, CodeChunks } from './program.ts';

/** Frames that may lie above the outermost one. */
const DEPTH_MAX = 1024;
/** Bytes of code memory for a declared function, about. */
const FUNCTION_BYTES = 40;
/** Runs of the loop that take as long as compiled functions do for a part of their gas. */
const RUNS_OF_PART = 4;
const { memory: MEMORY, code: OWN } = FRAME_REGIONS;
const MEMORY_AT = L.F_REGIONS + MEMORY * L.REGION_BYTES;
/** First region that a module may have besides those of every frame. */
const FIRST_OTHER = Object.keys(FRAME_REGIONS).length;

export class ClosedProgram implements ProgramHandle {
  readonly isClosed = true;
  readonly source: ModuleSource;
  readonly codeLength: number;
  /**
   * Address of what the kernel knows of it. It has no code in the machine's memory, as functions of
   * the host read that, and no jumps, as nothing dispatches.
   */
  readonly record: number;
  readonly isTransient: boolean;
  isReleased = false;
  readonly #kernel: Kernel;
  readonly #memory: CodeChunks;
  readonly #program: ModuleProgram;
  readonly #input: Range | undefined;
  /** Address of the plan of frames. */
  readonly #plan: number;
  #functions: FunctionTier | undefined;

  constructor(kernel: Kernel, area: CodeArea, source: ModuleSource, isTransient: boolean) {
    this.#kernel = kernel;
    this.source = source;
    this.isTransient = isTransient;
    this.codeLength = source.code.length;
    const { module, spaces, input } = source;
    const bytes = module.funcs.length * FUNCTION_BYTES + (input?.length ?? 0);
    this.#memory = new CodeChunks(area, bytes);
    const take = (size: number): number => this.#memory.take(size);
    this.record = take(L.PROGRAM_BYTES);
    kernel.u32.fill(0, this.record / 4, (this.record + L.PROGRAM_BYTES) / 4);
    kernel.u32[(this.record + L.P_CODE_LENGTH) / 4] = this.codeLength;
    this.#program = new ModuleProgram(kernel, module, spaces, source, take);
    this.#plan = this.#writePlan(take);
    if (input === undefined) return;
    this.#input = { base: take(input.length), length: input.length };
    kernel.u8.set(input, this.#input.base);
  }

  /** Its functions as compiled code; none are compiled unless somebody asks. */
  get functions(): FunctionTier {
    this.#functions ??= new FunctionTier(this.#kernel, this.#program);
    return this.#functions;
  }

  /**
   * Makes frames of compiled functions that were left. Gives how long they ran, in runs of the
   * loop, as far as their gas tells; undefined where one of them is too large to be encoded.
   */
  unwind(frame: number): number | undefined {
    return unlessTooLarge(() => {
      this.functions.unwind(frame);
      return this.#runsOf(frame);
    });
  }

  #runsOf(frame: number): number {
    const { u64 } = this.#kernel;
    const kept = u64[(L.MACHINE_BASE + L.M_GAS_KEPT) / 8] as bigint;
    const left = Number((u64[(frame + L.F_GAS) / 8] as bigint) - kept);
    return kept === 0n ? 0 : ((GAS_PART - left) / GAS_PART) * RUNS_OF_PART;
  }

  /** Places of the functions that runs have entered. */
  get reached(): readonly number[] {
    return this.#program.reached;
  }

  isReached(index: number): boolean {
    return this.#program.isReached(index);
  }

  /** How many those are. */
  get size(): number {
    return this.#program.size;
  }

  /** Where a frame stands, if that is a block of a function. */
  pieceOf(frame: number): PlacedPiece | undefined {
    return this.#program.pieceFrom(this.#kernel.u32[(frame + L.F_PC) / 4] as number);
  }

  /** Writes where the entry is now, so that a frame can begin. */
  prepare(): void {
    const entry = this.#program.entry(this.source.entry);
    this.#kernel.u32[(this.record + L.P_ENTRY) / 4] = entry;
  }

  /** Place of the function that a frame is about to enter; undefined where it stands elsewhere. */
  entering(frame: number): number | undefined {
    const { u32 } = this.#kernel;
    const address = u32[(frame + L.F_PC) / 4] as number;
    if ((address & 1) !== 0) return undefined;
    // A function that is called for the first time is a word that has it encoded, or leads to it.
    const word = (address + L.HEADER_BYTES) / 4;
    const operand = u32[word + 1] as number;
    if (u32[word] === FORM.LOWER) return operand;
    const isLeading = u32[word] === FORM.JUMP;
    const index =
      this.#program.indexFrom(address) ??
      (isLeading ? this.#program.indexFrom(operand) : undefined);
    return index === undefined || this.#program.hasHead(index) ? undefined : index;
  }

  /** Address of the first block of a function; undefined where it is too large to be encoded. */
  block(index: number): number | undefined {
    return unlessTooLarge(() => this.#program.entry(index));
  }

  /** Gives the program's memory back. */
  release(): void {
    this.#functions?.release();
    this.#memory.release();
    this.isReleased = true;
  }

  /** Puts the code in the place of an ended frame's memory; undefined where there is no room. */
  outputCode(frame: number): Range | undefined {
    const kernel = this.#kernel;
    const bytes = this.source.code;
    const base = this.#region(frame, MEMORY, L.R_BASE);
    const end = base + bytes.length;
    if (kernel.exports.reserve(BigInt(end)) === 0) return undefined;
    kernel.refresh();
    const used = (L.MACHINE_BASE + L.M_HEAP_USED) / 4;
    if (end > (kernel.u32[used] as number)) kernel.u32[used] = end;
    kernel.u8.set(bytes, base);
    return { base, length: bytes.length };
  }

  /** Whether compiled code runs from the entry on, as long as it is not left. */
  get isCompiled(): boolean {
    return this.#program.hasHead(this.source.entry);
  }

  /**
   * Makes a frame that the kernel has entered one of closed functions.
   *
   * @param isNotedOnly - The program's memory was laid out at the same place before, and only
   *   compiled functions wrote to it.
   */
  begin(frame: number, depth: number, isNotedOnly: boolean): void {
    const kernel = this.#kernel;
    const { u32 } = kernel;
    const limit = L.WINDOW_END - (DEPTH_MAX - depth) * L.WINDOW_BYTES;
    u32[(frame + L.F_WINDOW_LIMIT) / 4] = limit;
    u32[(frame + L.F_CALL_LIMIT) / 4] = limit;
    u32[(frame + L.F_CONTROL) / 4] = L.CONTROL_BASE + depth * L.CALL_DEPTH_MAX * L.CONTROL_BYTES;
    u32[(frame + L.F_FUNCTIONS) / 4] = this.#program.table;
    u32[(frame + L.F_FUNCTION_COUNT) / 4] = this.source.module.funcs.length;
    const gas = (frame + L.F_GAS) / 8;
    if ((kernel.u64[gas] as bigint) < this.source.startGas) {
      // A frame that cannot have its regions ends at its first charge.
      u32[(frame + MEMORY_AT + L.R_LENGTH) / 4] = 0;
      u32[(frame + MEMORY_AT + L.R_FLAGS) / 4] = L.REGION_BOUNDS_TRAP;
      return;
    }
    const isThere = kernel.exports.layOutFrame(frame, this.#plan, isNotedOnly ? 1 : 0) !== 0;
    kernel.refresh();
    if (!isThere) kernel.u64[gas] = 0n;
    else if (this.#input !== undefined) this.#setInput(frame, this.#input);
  }

  /** Writes down how the frames' regions lie and what they begin with. */
  #writePlan(take: (bytes: number) => number): number {
    const { module, image } = this.source;
    const images = image.map(({ region, offset, bytes }) => {
      const address = take(bytes.length);
      this.#kernel.u8.set(bytes, address);
      return [region, offset, bytes.length, address];
    });
    const others = [...module.regions.keys()].filter((index) => index >= FIRST_OTHER);
    // The memory is the last, so that it can grow.
    let top = 0;
    const regions = [OWN, ...others, MEMORY].map((index) => {
      const { min, max, writable } = module.regions[index] as Region;
      const flags = L.REGION_BOUNDS_TRAP | (writable ? L.REGION_WRITABLE : 0);
      const row = [index, top, min, max, flags];
      top += align(index === MEMORY ? min : max);
      return row;
    });
    const plan = [top, regions.length, images.length, ...regions.flat(), ...images.flat()];
    const address = take(4 * plan.length);
    this.#kernel.u32.set(plan, address / 4);
    return address;
  }

  #region(frame: number, region: number, field: number): number {
    const at = frame + L.F_REGIONS + region * L.REGION_BYTES + field;
    return this.#kernel.u32[at / 4] as number;
  }

  #setInput(frame: number, { base, length }: Range): void {
    const { u32 } = this.#kernel;
    const at = (frame + L.F_REGIONS + FRAME_REGIONS.input * L.REGION_BYTES) / 4;
    u32[at + L.R_BASE / 4] = base;
    u32[at + L.R_LENGTH / 4] = length;
  }
}

function unlessTooLarge<T>(make: () => T): T | undefined {
  try {
    return make();
  } catch (error) {
    if (error instanceof CodeLimitError) return undefined;
    throw error;
  }
}

/** Regions begin where a word of the EVM's memory could. */
function align(bytes: number): number {
  assert(bytes >= 0 && bytes <= 0xffff_ffe0, 'a region has as many bytes as an address reaches');
  return (bytes + 31) & -32;
}
