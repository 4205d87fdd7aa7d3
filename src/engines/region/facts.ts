/**
 * What is known of a window where a region begins: constants and small values in its slots, how far
 * the window reaches, how long the memory is at least.
 *
 * A region leaves facts with every way out, so that the next one need not load or mask what the
 * code pushed long before. A version of a region holds for its facts and for all stronger ones.
 */

/** A constant, or how many low bits a value of one limb can have set. */
export type SlotFact = { readonly value: bigint } | { readonly bits: number };

export interface Facts {
  /** By height over the window pointer at entry; below it they are negative. */
  readonly slots: ReadonlyMap<number, SlotFact>;
  /** The window is known to reach from `low` to `high`, heights again. */
  readonly low: number;
  readonly high: number;
  /** Bytes. */
  readonly memory: number;
}

/** Where nothing is known. */
export const NO_FACTS: Facts = { slots: new Map(), low: 0, high: 0, memory: 0 };

function holds(known: SlotFact | undefined, needed: SlotFact): boolean {
  if (known === undefined) return false;
  if ('value' in needed) return 'value' in known && known.value === needed.value;
  const bits = 'value' in known ? known.value.toString(2).length : known.bits;
  return bits <= needed.bits;
}

/** Whether a version for some facts may be entered with others. */
export function implies(known: Facts, needed: Facts): boolean {
  if (known.low > needed.low || known.high < needed.high || known.memory < needed.memory) {
    return false;
  }
  for (const [height, fact] of needed.slots) {
    if (!holds(known.slots.get(height), fact)) return false;
  }
  return true;
}

/** What holds on both ways. Constants that differ are forgotten, so that counting ends. */
export function meet(a: Facts, b: Facts): Facts {
  const slots = new Map<number, SlotFact>();
  for (const [height, fact] of a.slots) {
    const other = b.slots.get(height);
    if (holds(other, fact)) slots.set(height, fact);
    else if (other !== undefined && holds(fact, other)) slots.set(height, other);
  }
  const low = Math.max(a.low, b.low);
  return { slots, low, high: Math.min(a.high, b.high), memory: Math.min(a.memory, b.memory) };
}

/** The same without some slots. */
export function without(facts: Facts, heights: ReadonlySet<number>): Facts {
  const slots = new Map([...facts.slots].filter(([height]) => !heights.has(height)));
  return { ...facts, slots };
}
