/**
 * A contract's bytecode in the kernel: its jump table and the blocks encoded so far.
 *
 * A block that a branch names but no run has reached is a stub that leaves the loop with the
 * block's id; encoding the block patches every branch to it.
 */

import { keccak_256 } from '@noble/hashes/sha3.js';
import { LockstepError } from '../../base/errors.ts';
import { OpenEncoder } from '../../dmir/bytecode/encode-open.ts';
import { FORM } from '../../dmir/bytecode/forms.ts';
import type { ProgramHandle } from '../../dmir/host.ts';
import type { LazySource } from '../../dmir/lazy.ts';
import { CODE_BASE, CODE_END, HEADER_BYTES } from '../../kernel/layout.ts';
import type { Kernel } from './kernel.ts';

const WORD_BYTES = 8;
const STUB_BYTES = HEADER_BYTES + WORD_BYTES;
const ALIGN = 16;
const CHUNK_BYTES_MIN = 1024;
const CHUNK_BYTES_MAX = 0x1_0000;

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
  takeChunk(bytesMin: number): { readonly address: number; readonly bytes: number } {
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

/** What is known of an encoded block, for statistics and traces. */
export interface BlockInfo {
  readonly id: number;
  readonly address: number;
  readonly bytes: number;
  readonly dispatches: number;
  readonly instructions: number;
}

export class Program implements ProgramHandle {
  readonly source: LazySource;
  /** Address of the jump table: one u32 for each byte of code. */
  readonly jumps: number;
  /** Address of the code's bytes. */
  readonly codeAddress: number;
  readonly blocks = new Map<number, BlockInfo>();
  readonly codeLength: number;
  /** Block ids by address of their header. */
  readonly ids = new Map<number, number>();

  readonly #kernel: Kernel;
  readonly #area: CodeArea;
  readonly #encoder: OpenEncoder;
  readonly #stubs = new Map<number, number>();
  readonly #fixups = new Map<number, number[]>();
  readonly #chunks: { readonly address: number; readonly bytes: number }[] = [];
  #next = 0;
  #entry = 0;
  #end = 0;
  /** Its memory was given up: it must not run any more. */
  isReleased = false;
  /** Runs once, for one frame, and is given up when that ends. */
  readonly isTransient: boolean;

  constructor(kernel: Kernel, area: CodeArea, source: LazySource, isTransient: boolean) {
    this.isTransient = isTransient;
    this.#kernel = kernel;
    this.#area = area;
    this.source = source;
    this.#encoder = new OpenEncoder(source.regions, source.spaces);
    const { code } = source;
    this.codeLength = code.length;
    this.#reserve(code.length * 5 + CHUNK_BYTES_MIN);
    this.codeAddress = this.#take(code.length + WORD_BYTES);
    kernel.u8.set(code, this.codeAddress);
    this.jumps = this.#take(code.length * 4 + 4);
    kernel.u32.set(source.destinations, this.jumps / 4);
  }

  #codeHash: Uint8Array | undefined;

  /** keccak-256 of the code. */
  get codeHash(): Uint8Array {
    this.#codeHash ??= keccak_256(this.source.code);
    return this.#codeHash;
  }

  /** Gives the program's memory back. */
  release(): void {
    for (const { address, bytes } of this.#chunks) this.#area.freeChunk(address, bytes);
    this.#chunks.length = 0;
    this.isReleased = true;
  }

  #reserve(bytes: number): void {
    const chunk = this.#area.takeChunk(bytes);
    this.#chunks.push(chunk);
    this.#next = chunk.address;
    this.#end = chunk.address + chunk.bytes;
  }

  #take(bytes: number): number {
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

  /** Id of the block whose header, or whose stub's header, stands at the address. */
  idAt(address: number): number | undefined {
    return this.ids.get(address);
  }

  /** Address of the header of the first block. */
  get entry(): number {
    if (this.#entry === 0) this.#entry = this.block(0);
    return this.#entry;
  }

  /** Address of the block's header; encodes the block if it is new. */
  block(id: number): number {
    return (this.blocks.get(id) ?? this.#encode(id)).address;
  }

  #encode(id: number): BlockInfo {
    const { source } = this;
    const { func, block, instructionCount } = source.lower(id);
    const encoder = this.#encoder;
    encoder.encode(func, block, 0);
    const { writer } = encoder;
    const bytes = writer.byteLength;
    const address = this.#take(bytes);
    writer.copyTo(this.#kernel.u32, address, encoder.header);
    const info = {
      id,
      address,
      bytes,
      dispatches: writer.dispatches,
      instructions: instructionCount,
    };
    this.blocks.set(id, info);
    this.ids.set(address, id);
    this.#link(id, address);
    for (let i = 0; i < writer.relocationCount; i++) {
      const { offset, block: target } = writer.relocation(i);
      this.#resolve((address + offset) / 4, target);
    }
    return info;
  }

  /** Points the jump table and all waiting branches at the block. */
  #link(id: number, address: number): void {
    const { u32 } = this.#kernel;
    if (id < this.source.code.length && u32[this.jumps / 4 + id] !== 0) {
      u32[this.jumps / 4 + id] = address;
    }
    const fixups = this.#fixups.get(id);
    if (fixups === undefined) return;
    for (const place of fixups) u32[place] = address;
    this.#fixups.delete(id);
  }

  #resolve(place: number, target: number): void {
    const { u32 } = this.#kernel;
    const known = this.blocks.get(target);
    if (known !== undefined) {
      u32[place] = known.address;
      return;
    }
    u32[place] = this.#stub(target);
    const fixups = this.#fixups.get(target);
    if (fixups === undefined) this.#fixups.set(target, [place]);
    else fixups.push(place);
  }

  #stub(id: number): number {
    const known = this.#stubs.get(id);
    if (known !== undefined) return known;
    const address = this.#take(STUB_BYTES);
    const { view } = this.#kernel;
    view.setBigUint64(address, 0n, true);
    view.setUint32(address + 8, 0, true);
    view.setUint16(address + 12, HEADER_BYTES, true);
    view.setUint16(address + HEADER_BYTES, FORM.LOWER, true);
    view.setUint32(address + HEADER_BYTES + 4, id, true);
    this.#stubs.set(id, address);
    this.ids.set(address, id);
    return address;
  }
}
