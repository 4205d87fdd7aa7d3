/** Values that a function hands over at once: to an edge, a call, a host, or who called it. */
import { orderMoves } from './parallel-move.ts';
import { type Site, type Source, setNarrow, setWide } from './site.ts';
import type { BlockWriter } from './writer.ts';

const WIDE = 32;

/** Moves of sources to slots; the list is written over by the next one. */
export class MoveList {
  #count = 0;
  readonly #slots: number[] = [];
  readonly #sources: Source[] = [];
  /** Bytes of the values. */
  readonly #sizes: number[] = [];
  readonly #site: Site;

  /** @param site - Where the moves are written, and which gives temporaries. */
  constructor(site: Site) {
    this.#site = site;
  }

  begin(): void {
    this.#count = 0;
  }

  add(slot: number, source: Source, size: number): void {
    const at = this.#count++;
    this.#slots[at] = slot;
    this.#sources[at] = source;
    this.#sizes[at] = size;
  }

  /** Whether every source lies in its slot. */
  get isStill(): boolean {
    for (let i = 0; i < this.#count; i++) if (this.#sources[i] !== this.#slots[i]) return false;
    return true;
  }

  /** Writes the moves, so that none overwrites what another still reads; constants are the last. */
  write(): void {
    const [slots, sources, sizes] = [this.#slots, this.#sources, this.#sizes];
    const { writer } = this.#site;
    let only = -1;
    let moving = 0;
    for (let i = 0; i < this.#count; i++) {
      if (typeof sources[i] === 'bigint' || sources[i] === slots[i]) continue;
      moving++;
      only = i;
    }
    if (moving === 1) {
      const isWide = sizes[only] === WIDE;
      writer.word(isWide ? 'MOVE' : 'MOVE_64', slots[only] as number, sources[only] as number, 0);
    } else if (moving > 1) {
      this.#writeOrdered();
    }
    for (let i = 0; i < this.#count; i++) {
      const source = sources[i] as Source;
      if (typeof source === 'number') continue;
      if (sizes[i] === WIDE) setWide(writer, slots[i] as number, source);
      else setNarrow(writer, slots[i] as number, source);
    }
  }

  #writeOrdered(): void {
    const [slots, sources, sizes] = [this.#slots, this.#sources, this.#sizes];
    const moves = { targets: [] as number[], sources: [] as number[], sizes: [] as number[] };
    for (let i = 0; i < this.#count; i++) {
      const source = sources[i] as Source;
      if (typeof source === 'bigint' || source === slots[i]) continue;
      moves.targets.push(slots[i] as number);
      moves.sources.push(source);
      moves.sizes.push(sizes[i] as number);
    }
    writeMoves(
      this.#site.writer,
      orderMoves(moves, () => this.#site.temp()),
    );
  }
}

/**
 * Writes moves one after the other; neighbours of one size share a dispatch.
 *
 * @param order - Target, source and size of each in turn.
 */
export function writeMoves(writer: BlockWriter, order: readonly number[]): void {
  for (let i = 0; i < order.length; i += 3) {
    const target = order[i] as number;
    const source = order[i + 1] as number;
    const isWide = order[i + 2] === WIDE;
    if (i + 5 < order.length && order[i + 5] === order[i + 2]) {
      writer.word(isWide ? 'MOVE2' : 'MOVE2_64', target, source, 0);
      writer.extension(order[i + 3] as number, order[i + 4] as number, 0, 0);
      i += 3;
    } else {
      writer.word(isWide ? 'MOVE' : 'MOVE_64', target, source, 0);
    }
  }
}
