/**
 * Jump tables in the kernel's memory: the block at which a dispatch to a number arrives.
 *
 * An open hash table, so that its size goes by the jumps that a run makes and not by the code that
 * they are in. The entry of a number is looked for from place `number & mask` on, until an empty
 * one; a table is at most half full. An entry is the number plus one, 0 where it is empty, and the
 * address of the block, each a u32.
 */

export const JUMP_BYTES = 8;

/** Places of a table for so many numbers: a power of two. */
export function jumpPlaces(count: number): number {
  return 2 ** (32 - Math.clz32(Math.max(count, 1) * 2 - 1));
}

/** Makes the places at the address empty. */
export function clearJumps(u32: Uint32Array, table: number, places: number): void {
  u32.fill(0, table / 4, (table + places * JUMP_BYTES) / 4);
}

/** Enters the number, or its new address; gives whether it is new to the table. */
export function enterJump(
  u32: Uint32Array,
  { table, mask }: { readonly table: number; readonly mask: number },
  number: number,
  address: number,
): boolean {
  for (let place = number; ; place++) {
    const at = (table + (place & mask) * JUMP_BYTES) / 4;
    const key = u32[at] as number;
    if (key !== 0 && key !== number + 1) continue;
    u32[at] = number + 1;
    u32[at + 1] = address;
    return key === 0;
  }
}
