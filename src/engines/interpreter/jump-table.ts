/**
 * Tables of blocks in the kernel's memory: where the block with a number is entered. A dispatch of
 * the kernel's loop, and of compiled code, looks the number up in such a table.
 *
 * An open hash table, so that its size goes by the blocks that a run comes to and not by the code
 * that they are in. The entry of a number is looked for from place `number & mask` on, until an
 * empty one; a table is at most half full. An entry is the number plus one, 0 where it is empty,
 * and the address of the block, each a u32.
 */
import type { Kernel } from './kernel.ts';

const ENTRY_BYTES = 8;

export class JumpTable {
  /** Address of the table and its places less one; both change as it grows. */
  address = 0;
  mask = -1;
  #count = 0;
  readonly #kernel: Pick<Kernel, 'u32'>;
  readonly #take: (bytes: number) => number;

  /** @param take gives memory of the kernel, at a multiple of 8, to keep */
  constructor(kernel: Pick<Kernel, 'u32'>, take: (bytes: number) => number, numbers: number) {
    this.#kernel = kernel;
    this.#take = take;
    this.#grow(2 ** (32 - Math.clz32(Math.max(numbers, 1) * 2 - 1)));
  }

  /** What was entered for the number; 0 if nothing was. */
  find(number: number): number {
    const { u32 } = this.#kernel;
    const table = this.address / 4;
    for (let place = number & this.mask; ; place = (place + 1) & this.mask) {
      const key = u32[table + place * 2] as number;
      if (key === number + 1) return u32[table + place * 2 + 1] as number;
      if (key === 0) return 0;
    }
  }

  /** Enters the number, or its new address. Who has a table from before may go on with it. */
  enter(number: number, address: number): void {
    if (!this.#put(number, address)) return;
    this.#count++;
    if (this.#count * 2 > this.mask + 1) this.#grow((this.mask + 1) * 2);
  }

  /** Gives whether the number is new to the table. */
  #put(number: number, address: number): boolean {
    const { u32 } = this.#kernel;
    const table = this.address / 4;
    for (let place = number & this.mask; ; place = (place + 1) & this.mask) {
      const at = table + place * 2;
      const key = u32[at] as number;
      if (key !== 0 && key !== number + 1) continue;
      u32[at] = number + 1;
      u32[at + 1] = address;
      return key === 0;
    }
  }

  #grow(places: number): void {
    const { u32 } = this.#kernel;
    const old = this.address / 4;
    const oldPlaces = this.mask + 1;
    this.address = this.#take(places * ENTRY_BYTES);
    this.mask = places - 1;
    u32.fill(0, this.address / 4, this.address / 4 + places * 2);
    for (let at = old; at < old + oldPlaces * 2; at += 2) {
      if (u32[at] !== 0) this.#put((u32[at] as number) - 1, u32[at + 1] as number);
    }
  }
}
