/** What a machine asks of code that is compiled beside the run, in another thread. */
import type { SourceRecipe } from '../../dmir/lazy.ts';
import type { CompilerName } from './compilers.ts';
import type { CompiledCode } from './installer.ts';

/** Code to be compiled; all of it plain data. */
export interface CompileJob {
  readonly engine: CompilerName;
  readonly recipe: SourceRecipe;
  readonly code: Uint8Array;
  /** Blocks that were reached, in order. */
  readonly blocks: readonly number[];
}

/** Compiled code that the platform has optimised already. */
export interface FinishedCode extends CompiledCode {
  /** Who made it: the engine that was asked for, or a better one. */
  readonly engine: CompilerName;
  readonly bytes: number;
  readonly blocks: readonly number[];
}

export interface BackgroundCompiler {
  /** Grows whenever something is finished. */
  readonly finished: number;
  /**
   * The code for a job, where it is there. Else it is asked for, unless it was; null: none of the
   * blocks can be compiled.
   *
   * @param key code, recipe and engine; jobs with the same key differ in their blocks alone
   */
  obtain(key: string, job: () => CompileJob): FinishedCode | null | undefined;
}
