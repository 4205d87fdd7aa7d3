/** The programs that a machine keeps for calls to come, in the order in which they were loaded. */
import type { ClosedProgram } from './closed-program.ts';
import type { Program } from './program.ts';
import type { Tier } from './tier.ts';

export type AnyProgram = Program | ClosedProgram;

export class ProgramSet {
  readonly #programs = new Set<AnyProgram>();
  readonly #tier: () => Tier | undefined;

  /** @param tier which hears of programs that are given up */
  constructor(tier: () => Tier | undefined) {
    this.#tier = tier;
  }

  /** Keeps the program unless it is transient. */
  keep<Kind extends AnyProgram>(program: Kind): Kind {
    if (!program.isTransient) this.#programs.add(program);
    return program;
  }

  release(program: AnyProgram): void {
    this.#tier()?.released(program);
    program.release();
  }

  /** Gives all up. */
  clear(): void {
    for (const program of this.#programs) this.release(program);
    this.#programs.clear();
  }

  /** Gives up the half that was loaded first, but for those that frames run; false: none was. */
  evict(frames: readonly { readonly program: AnyProgram | undefined }[]): boolean {
    const running = new Set(frames.map(({ program }) => program));
    let left = Math.ceil(this.#programs.size / 2);
    let isFreed = false;
    for (const program of this.#programs) {
      if (left-- === 0) break;
      if (running.has(program)) continue;
      this.release(program);
      this.#programs.delete(program);
      isFreed = true;
    }
    return isFreed;
  }
}
