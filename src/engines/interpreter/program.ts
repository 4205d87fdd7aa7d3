/**
 * A contract's bytecode in the kernel: its jump table and the blocks encoded so far.
 *
 * A block that a branch names but no run has reached is a stub that leaves the loop with the
 * block's id; encoding the block patches every branch to it, and the stub, whose address compiled
 * code may hold, to jump there.
 *
 * A block for which there is compiled code begins with an ENTER word in place of its header and
 * what follows it. Installing and uninstalling ask that no frame of the program stands inside a
 * block, as one does that waits for a cell: it would go on at words that are another's.
 */

import { assert } from '../../base/assert.ts';
import { LockstepError } from '../../base/errors.ts';
import { OpenEncoder } from '../../dmir/bytecode/encode-open.ts';
import { FORM } from '../../dmir/bytecode/forms.ts';
import type { ProgramHandle } from '../../dmir/host.ts';
import type { LazySource } from '../../dmir/lazy.ts';
import {
  CODE_BASE,
  CODE_END,
  F_DETAIL,
  F_JUMPS,
  F_JUMPS_MASK,
  HEADER_BYTES,
  P_CALLS_LEFT,
  P_CODE,
  P_CODE_LENGTH,
  P_ENTRY,
  P_JUMPS,
  P_JUMPS_MASK,
  P_STEPS,
  PROGRAM_BYTES,
  SCRATCH_BASE,
} from '../../kernel/layout.ts';
import { JumpTable } from './jump-table.ts';
import type { Kernel } from './kernel.ts';

const WORD_BYTES = 8;
/** Header, word, and a list of the branches that wait for the block: see `#wait`. */
const STUB_BYTES = HEADER_BYTES + WORD_BYTES * 2;
const WAITING_WORD = (HEADER_BYTES + WORD_BYTES) / 4;
/** What an ENTER block takes the place of: a header and a word. */
const HEAD_WORDS = (HEADER_BYTES + WORD_BYTES) / 4;
const ALIGN = 16;
const CHUNK_BYTES_MIN = 1024;
const CHUNK_BYTES_MAX = 0x1_0000;
const JUMPS_USUAL = 16;
/** Bytes of code for which there is room for an entry from the start. */
const CODE_BYTES_OF_ENTRY = 128;
const NO_WORDS = new Uint32Array(0);
/** Marks the address of a stub in the table of entries. */
const IS_STUB = 1;

/** A piece of the code area. */
interface Chunk {
  readonly address: number;
  readonly bytes: number;
}

/**
 * The area of the kernel's memory that holds programs, in chunks whose sizes are powers of two. A
 * freed chunk serves the next request for its size.
 */
export class CodeArea {
  #top = CODE_BASE + ALIGN;
  readonly #free = new Map<number, number[]>();
  /** Asked when the area is full, to give up programs that no frame runs; false: there are none. */
  onFull: () => boolean = () => false;

  get used(): number {
    return this.#top - CODE_BASE;
  }

  get size(): number {
    return CODE_END - CODE_BASE;
  }

  /** A chunk of at least the size. @throws Error if the area is full of programs that are in use */
  takeChunk(bytesMin: number): Chunk {
    const bytes = 2 ** (32 - Math.clz32(bytesMin - 1));
    for (;;) {
      const freed = this.#free.get(bytes)?.pop();
      if (freed !== undefined) return { address: freed, bytes };
      if (this.#top + bytes <= CODE_END) {
        const address = this.#top;
        this.#top += bytes;
        return { address, bytes };
      }
      if (!this.onFull()) {
        throw new LockstepError('L2002', { what: 'code that runs' });
      }
    }
  }

  freeChunk(address: number, bytes: number): void {
    const list = this.#free.get(bytes);
    if (list === undefined) this.#free.set(bytes, [address]);
    else list.push(address);
  }

  /** Forgets every program. Only between transactions. */
  clear(): void {
    this.#top = CODE_BASE + ALIGN;
    this.#free.clear();
  }
}

/** The code memory of one program, in chunks that are taken as it grows. */
export class CodeChunks {
  readonly #area: CodeArea;
  readonly #chunks: Chunk[] = [];
  #next = 0;
  #end = 0;

  /** @param bytes what is needed at once, about */
  constructor(area: CodeArea, bytes: number) {
    this.#area = area;
    this.#reserve(bytes + CHUNK_BYTES_MIN);
  }

  #reserve(bytes: number): void {
    const chunk = this.#area.takeChunk(bytes);
    this.#chunks.push(chunk);
    this.#next = chunk.address;
    this.#end = chunk.address + chunk.bytes;
  }

  take(bytes: number): number {
    const size = (bytes + ALIGN - 1) & -ALIGN;
    if (this.#next + size > this.#end) {
      const last = this.#chunks[this.#chunks.length - 1]?.bytes ?? CHUNK_BYTES_MIN;
      const usual = Math.min(Math.max(last / 4, CHUNK_BYTES_MIN), CHUNK_BYTES_MAX);
      this.#reserve(Math.max(size, usual));
    }
    const at = this.#next;
    this.#next += size;
    return at;
  }

  /** Gives the memory back. */
  release(): void {
    for (const { address, bytes } of this.#chunks) this.#area.freeChunk(address, bytes);
    this.#chunks.length = 0;
  }
}

/**
 * What ENTER words displaced, in one array: an array for each would take five times as much. Found
 * by the place of its last 32 bits, where a target may stand.
 */
class DisplacedHeads {
  readonly #kernel: Kernel;
  #words = NO_WORDS;
  #count = 0;
  readonly #rows = new Map<number, number>();

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  /** @param at index of the head's first word */
  keep(at: number): void {
    const row = HEAD_WORDS * this.#count++;
    if (row === this.#words.length) {
      const larger = new Uint32Array(Math.max(row * 2, HEAD_WORDS * 4));
      larger.set(this.#words);
      this.#words = larger;
    }
    for (let i = 0; i < HEAD_WORDS; i++) {
      this.#words[row + i] = this.#kernel.u32[at + i] as number;
    }
    this.#rows.set(at + HEAD_WORDS - 1, row);
  }

  /** Puts the words back where they were. */
  restore(at: number): void {
    const place = at + HEAD_WORDS - 1;
    const row = this.#rows.get(place) as number;
    this.#kernel.u32.set(this.#words.subarray(row, row + HEAD_WORDS), at);
    this.#rows.delete(place);
    if (this.#rows.size === 0) this.#count = 0;
  }

  /** Writes a block's address to the place, or to where its content is kept. */
  setTarget(place: number, address: number): void {
    const row = this.#rows.size === 0 ? undefined : this.#rows.get(place);
    if (row === undefined) this.#kernel.u32[place] = address;
    else this.#words[row + HEAD_WORDS - 1] = address;
  }
}

/** What is known of an encoded block, for statistics and traces. */
interface BlockInfo {
  readonly id: number;
  readonly address: number;
  readonly bytes: number;
  readonly dispatches: number;
  readonly instructions: number;
}

/** The numbers of a `BlockInfo`, in its order. */
type Row = [id: number, address: number, bytes: number, dispatches: number, instructions: number];
const ROW_NUMBERS = 5;

/** Of all programs: it keeps nothing of a block. */
const ENCODER = new OpenEncoder();

export class Program implements ProgramHandle {
  readonly isClosed = false;
  readonly source: LazySource;
  /** Address of what the kernel knows of it. */
  readonly record: number;
  /** Address of the code's bytes. */
  readonly codeAddress: number;
  readonly codeLength: number;

  readonly #kernel: Kernel;
  readonly #memory: CodeChunks;
  /** Where blocks are entered: addresses of headers, or of stubs with `IS_STUB`. */
  readonly #entries: JumpTable;
  /** Where dispatches have arrived. */
  readonly jumps: JumpTable;
  /** Addresses of stubs, each before its block's id, that are not in `#ids` yet. */
  readonly #stubs: number[] = [];
  /** A row for each block: most are never asked for, and an object each would take its time. */
  readonly #rows: number[] = [];
  /** Those that somebody asked for. */
  readonly #blocks = new Map<number, BlockInfo>();
  /** Ids by the addresses of headers: of all stubs but `#stubs`, of the rows before a place. */
  readonly #ids = new Map<number, number>();
  #rowsNamed = 0;
  readonly #installed = new Map<number, number>();
  readonly #heads: DisplacedHeads;
  #isCodeShown = false;
  #entry = 0;
  #callsAllowed = 0;
  /** Its memory was given up: it must not run any more. */
  isReleased = false;
  /** What the machine's tier keeps of it. */
  tierState: object | undefined;
  /** Runs once, for one frame, and is given up when that ends. */
  readonly isTransient: boolean;

  constructor(kernel: Kernel, area: CodeArea, source: LazySource, isTransient: boolean) {
    this.isTransient = isTransient;
    this.#kernel = kernel;
    this.#heads = new DisplacedHeads(kernel);
    this.source = source;
    const { code } = source;
    this.codeLength = code.length;
    this.#memory = new CodeChunks(area, code.length);
    this.record = this.#take(PROGRAM_BYTES);
    this.codeAddress = this.#take(code.length + WORD_BYTES);
    const take = (bytes: number): number => this.#take(bytes);
    this.jumps = new JumpTable(kernel, take, JUMPS_USUAL);
    this.#entries = new JumpTable(kernel, take, code.length / CODE_BYTES_OF_ENTRY);
    this.#writeRecord();
  }

  #writeRecord(): void {
    const at = this.record / 4;
    const { u32 } = this.#kernel;
    u32.fill(0, at, at + PROGRAM_BYTES / 4);
    u32[at + P_JUMPS / 4] = this.jumps.address;
    u32[at + P_JUMPS_MASK / 4] = this.jumps.mask;
    u32[at + P_CODE / 4] = this.codeAddress;
    u32[at + P_CODE_LENGTH / 4] = this.codeLength;
  }

  /**
   * Lets the kernel call it by itself.
   *
   * @param count calls after which it asks again
   * @returns how many it has made since it was let last
   */
  allowCalls(count: number): number {
    const { u32 } = this.#kernel;
    const at = (this.record + P_CALLS_LEFT) / 4;
    const made = this.#callsAllowed - (u32[at] as number);
    u32[at] = count;
    this.#callsAllowed = count;
    return made;
  }

  /** Operations that its frames ran since it was asked last. */
  takeSteps(): number {
    const { u32 } = this.#kernel;
    const at = (this.record + P_STEPS) / 4;
    const steps = u32[at] as number;
    u32[at] = 0;
    return steps;
  }

  #codeHash: Uint8Array | undefined;

  /** keccak-256 of the code. */
  get codeHash(): Uint8Array {
    this.#codeHash ??= this.#hashCode();
    return this.#codeHash;
  }

  #hashCode(): Uint8Array {
    this.showCode();
    this.#kernel.exports.keccak256(SCRATCH_BASE, this.codeAddress, this.codeLength);
    return this.#kernel.u8.slice(SCRATCH_BASE, SCRATCH_BASE + 32);
  }

  /** Gives the program's memory back. */
  release(): void {
    this.#memory.release();
    this.isReleased = true;
  }

  #take(bytes: number): number {
    return this.#memory.take(bytes);
  }

  /** Id of the block whose header, or whose stub's header, stands at the address. */
  idAt(address: number): number | undefined {
    const [ids, rows, stubs] = [this.#ids, this.#rows, this.#stubs];
    for (let i = 0; i < stubs.length; i += 2) ids.set(stubs[i] as number, stubs[i + 1] as number);
    // To set a length costs more than all the rest, and a trace asks at each of its steps.
    if (stubs.length > 0) stubs.length = 0;
    for (; this.#rowsNamed < rows.length; this.#rowsNamed += ROW_NUMBERS) {
      ids.set(rows[this.#rowsNamed + 1] as number, rows[this.#rowsNamed] as number);
    }
    return this.#ids.get(address);
  }

  get blockCount(): number {
    return this.#rows.length / ROW_NUMBERS;
  }

  /** Ids of the blocks encoded so far, in the order in which runs reached them. */
  blockIds(): number[] {
    return this.#rows.filter((_, i) => i % ROW_NUMBERS === 0);
  }

  /** What is known of them, by id. */
  get blocks(): ReadonlyMap<number, BlockInfo> {
    const rows = this.#rows;
    for (let i = this.#blocks.size * ROW_NUMBERS; i < rows.length; i += ROW_NUMBERS) {
      const [id, address, bytes, dispatches, instructions] = rows.slice(i, i + ROW_NUMBERS) as Row;
      this.#blocks.set(id, { id, address, bytes, dispatches, instructions });
    }
    return this.#blocks;
  }

  /** Address of the header of the first block. */
  get entry(): number {
    this.prepare();
    return this.#entry;
  }

  /** Encodes the first block, so that a frame can begin. */
  prepare(): void {
    if (this.#entry !== 0) return;
    this.#entry = this.block(0);
    this.#kernel.u32[(this.record + P_ENTRY) / 4] = this.#entry;
  }

  /** Address of the block's header; encodes the block if it is new. */
  block(id: number): number {
    const entry = this.#entries.find(id);
    return entry === 0 || (entry & IS_STUB) !== 0 ? this.#encode(id, entry & -ALIGN) : entry;
  }

  /** Gives the frame, and those to come, the jump table. */
  #setJumps(frame: number): void {
    const { u32 } = this.#kernel;
    const { address, mask } = this.jumps;
    u32[(frame + F_JUMPS) / 4] = address;
    u32[(frame + F_JUMPS_MASK) / 4] = mask;
    u32[(this.record + P_JUMPS) / 4] = address;
    u32[(this.record + P_JUMPS_MASK) / 4] = mask;
  }

  /**
   * Address of the block at which the frame's dispatch arrives, which is in its jump table then;
   * undefined where none may arrive.
   */
  arrive(frame: number): number | undefined {
    const id = this.#kernel.u32[(frame + F_DETAIL) / 4] as number;
    if (!this.source.isDestination(id)) return undefined;
    const address = this.block(id);
    this.jumps.enter(id, address);
    this.#setJumps(frame);
    return address;
  }

  /** Writes the code's bytes for the frames to read; most code never looks at itself. */
  showCode(): void {
    if (!this.#isCodeShown) this.#kernel.u8.set(this.source.code, this.codeAddress);
    this.#isCodeShown = true;
  }

  /** @param stub address of the block's stub; 0 if it has none */
  #encode(id: number, stub: number): number {
    const { source } = this;
    const block = source.flatten(id);
    if (block.readsCode) this.showCode();
    ENCODER.encode(block, source);
    const { writer } = ENCODER;
    const bytes = writer.byteLength;
    const address = this.#take(bytes);
    writer.copyTo(this.#kernel.u32, address, ENCODER.header);
    this.#rows.push(id, address, bytes, writer.dispatches, block.sourceCount);
    this.#entries.enter(id, address);
    if (stub !== 0) this.#link(stub, address);
    for (let i = 0; i < writer.relocationCount; i++) {
      this.#resolve((address + writer.relocationOffset(i)) / 4, writer.relocationBlock(i));
    }
    return address;
  }

  /** Points the stub, and all branches that wait for the block, at it. */
  #link(stub: number, address: number): void {
    const { u32 } = this.#kernel;
    this.#writeEntry(stub, FORM.JUMP, address);
    for (let node = stub / 4 + WAITING_WORD; node !== 0; node = u32[node + 1] as number) {
      const place = u32[node] as number;
      if (place !== 0) this.#heads.setTarget(place, address);
    }
  }

  #resolve(place: number, target: number): void {
    const entry = this.#entries.find(target) || this.#makeStub(target);
    const address = entry & -ALIGN;
    this.#kernel.u32[place] = address;
    if (entry !== address) this.#wait(address, place);
  }

  /** Notes that the 32-bit word with the index, in a branch, names the stub. */
  #wait(stub: number, place: number): void {
    const { u32 } = this.#kernel;
    // A node is such an index, 0 for none, and the index of the next node, 0 for none.
    const first = stub / 4 + WAITING_WORD;
    if (u32[first] !== 0) {
      const node = this.#take(WORD_BYTES) / 4;
      u32[node] = u32[first] as number;
      u32[node + 1] = u32[first + 1] as number;
      u32[first + 1] = node;
    }
    u32[first] = place;
  }

  /** The stub's entry. */
  #makeStub(id: number): number {
    const address = this.#take(STUB_BYTES);
    this.#writeEntry(address, FORM.LOWER, id);
    const { u32 } = this.#kernel;
    u32[address / 4 + WAITING_WORD] = 0;
    u32[address / 4 + WAITING_WORD + 1] = 0;
    this.#entries.enter(id, address | IS_STUB);
    this.#stubs.push(address, id);
    return address | IS_STUB;
  }

  /** Makes a block of one word: a form and its 32-bit number. Entering it costs nothing. */
  #writeEntry(address: number, form: number, number: number): void {
    const { u32 } = this.#kernel;
    const at = address / 4;
    u32[at] = 0;
    u32[at + 1] = 0;
    u32[at + 2] = 0;
    u32[at + 3] = STUB_BYTES;
    u32[at + 4] = form;
    u32[at + 5] = number;
  }

  // ---- compiled code

  /** Places in the kernel's table by block. */
  get installed(): ReadonlyMap<number, number> {
    return this.#installed;
  }

  /** Address of the block's header if it is encoded, else of its stub; both stay good. */
  addressOf(id: number): number {
    return (this.#entries.find(id) || this.#makeStub(id)) & -ALIGN;
  }

  /** Writes the addresses of blocks in a row, for compiled code to leave to; gives the row's. */
  placeTargets(ids: readonly number[]): number {
    const at = this.#take(Math.max(ids.length, 1) * 4);
    for (const [i, id] of ids.entries()) this.#kernel.u32[at / 4 + i] = this.addressOf(id);
    return at;
  }

  /**
   * Has the block enter compiled code, for which `showCode` is called first if it reads the code's
   * bytes; the block is encoded if it is new. No frame of the program
   * may stand inside a block. Like all that takes code memory, this may give up programs that no
   * frame runs, so some frame must run this one or the area have room.
   *
   * @param index place in the kernel's table of a function (frame, window pointer, gas, steps) ->
   *   status, which does all that entering the block does: it checks the window and charges
   */
  install(id: number, index: number): void {
    assert(!this.isReleased, 'code is installed in a program that was given up');
    const address = this.block(id);
    if (!this.#installed.has(id)) this.#heads.keep(address / 4);
    this.#writeEntry(address, FORM.ENTER, index);
    this.#installed.set(id, index);
  }

  /** Has the block run by the interpreter again. The rules of `install` hold. */
  uninstall(id: number): void {
    // Where a program was that is given up, another may be by now.
    if (this.#installed.delete(id) && !this.isReleased) this.#heads.restore(this.block(id) / 4);
  }

  uninstallAll(): void {
    for (const id of [...this.#installed.keys()]) this.uninstall(id);
  }
}
