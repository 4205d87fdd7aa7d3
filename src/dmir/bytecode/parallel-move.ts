/**
 * Orders moves that are to happen at once, so that none overwrites what another still reads; where
 * they form a circle, a value goes through a temporary.
 *
 * Registers are byte ranges of 8 or 32 bytes, which may overlap in part. Moves stand in columns; no
 * move has its source as its target.
 */

export interface Moves {
  readonly targets: number[];
  readonly sources: number[];
  /** Bytes of each. */
  readonly sizes: number[];
}

const WIDE = 32;

function isBlocked({ targets, sources, sizes }: Moves, i: number): boolean {
  const target = targets[i] as number;
  const end = target + (sizes[i] as number);
  return sources.some((source, j) => {
    return j !== i && source < end && target < source + (sizes[j] as number);
  });
}

/** Saves what the first move would overwrite. */
function saveBlocked(
  { targets, sources, sizes }: Moves,
  temp: () => number,
  order: number[],
): void {
  const target = targets[0] as number;
  const end = target + (sizes[0] as number);
  const saved = new Map<number, number>();
  for (let j = 1; j < sources.length; j++) {
    const source = sources[j] as number;
    if (source >= end || target >= source + (sizes[j] as number)) continue;
    let slot = saved.get(source);
    if (slot === undefined) {
      slot = temp();
      saved.set(source, slot);
      // All that can be there: an 8-byte register and its neighbours do no harm.
      order.push(slot, source, WIDE);
    }
    sources[j] = slot;
  }
}

/** Target, source and size of each move in turn; the columns are used up. */
export function orderMoves(moves: Moves, temp: () => number): number[] {
  const { targets, sources, sizes } = moves;
  const order: number[] = [];
  while (targets.length > 0) {
    let ready = 0;
    while (ready < targets.length && isBlocked(moves, ready)) ready++;
    if (ready === targets.length) {
      saveBlocked(moves, temp, order);
      ready = 0;
    }
    order.push(targets[ready] as number, sources[ready] as number, sizes[ready] as number);
    targets.splice(ready, 1);
    sources.splice(ready, 1);
    sizes.splice(ready, 1);
  }
  return order;
}
