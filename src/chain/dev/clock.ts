/**
 * The time of a development chain, in seconds. It is the chain's own: it stands still between
 * blocks, and each block moves it on, so that equal transactions give equal blocks. A clock of the
 * host may drive it instead.
 */

export interface ClockState {
  /** Seconds by which the time is ahead of what it would be by itself. */
  readonly offset: bigint;
  /** Exact time of the next block. */
  readonly next: bigint | undefined;
  /** Seconds from each block to the next, where that is fixed. */
  readonly interval: bigint | undefined;
}

export const INITIAL_CLOCK: ClockState = { offset: 0n, next: undefined, interval: undefined };

/** Seconds from a block to the next unless told. */
const STEP = 1n;

export class LogicalClock {
  #state: ClockState = INITIAL_CLOCK;
  readonly #host: (() => bigint) | undefined;

  /** @param host - Gives the seconds of a clock outside; then blocks are not reproducible. */
  constructor(host?: () => bigint) {
    this.#host = host;
  }

  get state(): ClockState {
    return this.#state;
  }

  set state(state: ClockState) {
    this.#state = state;
  }

  get interval(): bigint | undefined {
    return this.#state.interval;
  }

  set interval(interval: bigint | undefined) {
    this.#state = { ...this.#state, interval };
  }

  /** What time it is after a block. */
  now(head: bigint): bigint {
    return (this.#host?.() ?? head) + this.#state.offset;
  }

  /** Moves the time on. */
  advance(seconds: bigint): void {
    this.#state = { ...this.#state, offset: this.#state.offset + seconds };
  }

  /** Sets what time it is after the head. */
  set(time: bigint, head: bigint): void {
    this.#state = { ...this.#state, offset: time - (this.#host?.() ?? head), next: undefined };
  }

  /** Sets the time of the next block, which later ones follow. */
  setNext(time: bigint): void {
    this.#state = { ...this.#state, next: time };
  }

  /** The time of the block after one of a time. */
  nextBlockTime(parent: bigint): bigint {
    const { next, interval } = this.#state;
    if (next !== undefined) return next;
    if (interval !== undefined) return parent + interval;
    const now = this.now(parent);
    return now > parent ? now : parent + STEP;
  }

  /** A block was made: what was set for it alone is spent. */
  blockMade(time: bigint): void {
    const { next, offset } = this.#state;
    // Without a clock of the host a block is what time it is.
    const ahead = this.#host === undefined ? 0n : next === undefined ? offset : time - this.#host();
    this.#state = { ...this.#state, next: undefined, offset: ahead };
  }
}
