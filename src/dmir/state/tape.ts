/**
 * The host tape: every answer that a run took from outside its state, in order.
 *
 * A tape that holds entries is replayed before anything is asked, so a run over a recorded tape
 * needs no source. What a backend tells of cells is not on it: cells that a run has reached are
 * part of the state, and the others are fixed by the state before the transaction.
 */
import { LockstepError } from '../../base/errors.ts';
import type { TapeEntry } from './machine-state.ts';

/** Kinds of questions, with what the question's word is. */
/** Hash of an ancestor; its block number. The answer is 0 where it is not known. */
export const TAPE_BLOCK_HASH = 0;
/** Whether an account has storage; its id. The answer is 0 or 1. */
export const TAPE_HAS_STORAGE = 1;

export class HostTape {
  readonly #entries: TapeEntry[] = [];
  #position = 0;

  /** The entries that the run has taken so far. */
  taken(): readonly TapeEntry[] {
    return this.#entries.slice(0, this.#position);
  }

  /** Forgets everything: another transaction begins. */
  clear(): void {
    if (this.#entries.length > 0) this.#entries.length = 0;
    this.#position = 0;
  }

  /** Puts a recorded tape in; the first `position` entries count as taken. */
  load(entries: readonly TapeEntry[], position: number): void {
    this.clear();
    this.#entries.push(...entries);
    this.#position = position;
  }

  /**
   * The next answer: of the record, or asked for and then recorded.
   *
   * @throws LockstepError L1102 where the record answers another question
   */
  answer(kind: number, question: bigint, ask: () => bigint): bigint {
    const known = this.#entries[this.#position];
    if (known === undefined) {
      const answer = ask();
      this.#entries.push({ kind, question, answer });
      this.#position++;
      return answer;
    }
    if (known.kind !== kind || known.question !== question) {
      const problem = `entry ${this.#position} of the host tape answers another question`;
      throw new LockstepError('L1102', { problem });
    }
    this.#position++;
    return known.answer;
  }
}
