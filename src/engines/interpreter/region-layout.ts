/** Where the regions of a module lie in the heap of its frame. */
import type { Module } from '../../dmir/ir.ts';
import * as L from '../../kernel/layout.ts';

const PAGE = 0x1_0000;
/** Heap addresses end here, below 2^32 so that an end is an address. */
export const HEAP_END = 0xffff_0000;

/** The regions of a module are more than the machine or the platform has memory for. */
export class RegionLimitError extends RangeError {
  override readonly name = 'RegionLimitError';
}

/**
 * Regions lie one behind the other, each with room for the most that it may have.
 *
 * @throws RegionLimitError
 */
export function placeRegions(
  { regions }: Module,
  given: ReadonlyMap<string, Uint8Array>,
): { readonly bases: readonly number[]; readonly top: number } {
  let top = L.HEAP_BASE;
  const bases = regions.map(({ name, max }) => {
    const base = top;
    top += Math.ceil(Math.max(max, given.get(name)?.length ?? 0) / PAGE) * PAGE;
    return base;
  });
  if (top > HEAP_END) {
    const [need, have] = [top - L.HEAP_BASE, HEAP_END - L.HEAP_BASE];
    throw new RegionLimitError(
      `The regions take ${need} bytes at most, the machine has ${have}: ` +
        "lower a region's most bytes.",
    );
  }
  return { bases, top };
}
