/** The programs that a machine keeps for calls to come, in the order in which they were loaded. */
import type { Owner } from '../../dmir/host.ts';
import {
  A_OWNER,
  A_PROGRAM,
  CALLEE_BYTES,
  CALLEE_COUNT,
  CALLEES_BASE,
} from '../../kernel/layout.ts';
import type { ClosedProgram } from './closed-program.ts';
import type { Kernel } from './kernel.ts';
import type { Program } from './program.ts';
import type { Tier } from './tier.ts';

export type AnyProgram = Program | ClosedProgram;

export class ProgramSet {
  readonly #programs = new Set<AnyProgram>();
  /** Those that the kernel calls by itself, by their records. */
  readonly #called = new Map<number, Program>();
  readonly #kernel: Kernel;
  readonly #tier: () => Tier | undefined;

  /** @param tier which hears of programs that are given up */
  constructor(kernel: Kernel, tier: () => Tier | undefined) {
    this.#kernel = kernel;
    this.#tier = tier;
  }

  /** Has the kernel call the program by itself where an account with its code is called. */
  learn(owner: Owner, program: Program): void {
    const { u32 } = this.#kernel;
    const at = (CALLEES_BASE + (owner % CALLEE_COUNT) * CALLEE_BYTES) / 4;
    const isKnown = u32[at + A_OWNER / 4] === owner;
    if (isKnown && u32[at + A_PROGRAM / 4] === program.record) return;
    this.#called.set(program.record, program);
    this.#kernel.exports.learnCallee(owner, program.record);
  }

  /** The program that the kernel called. */
  called(record: number): Program | undefined {
    return this.#called.get(record);
  }

  /** Has the kernel ask again: the records of programs that were given up become other things. */
  #forget(): void {
    const { u8 } = this.#kernel;
    u8.fill(0, CALLEES_BASE, CALLEES_BASE + CALLEE_COUNT * CALLEE_BYTES);
  }

  /** Keeps the program unless it is transient. */
  keep<Kind extends AnyProgram>(program: Kind): Kind {
    if (!program.isTransient) this.#programs.add(program);
    return program;
  }

  release(program: AnyProgram): void {
    this.#tier()?.released(program);
    this.#called.delete(program.record);
    program.release();
  }

  /** Gives all up. */
  clear(): void {
    for (const program of this.#programs) this.release(program);
    this.#programs.clear();
    this.#forget();
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
    this.#forget();
    return isFreed;
  }
}
