/**
 * Engines by name, and who decides for each of them what of a machine is compiled, and when.
 *
 * A program begins in the interpreter. Compiled code takes the place of its blocks, and the
 * interpreter enters it as it comes to them: a running frame moves over at its next block, and
 * comes back where a block has no compiled code.
 */
import type { Tier } from './interpreter/tier.ts';
import type { InterpreterMachine } from './interpreter/trampoline.ts';
import type { EngineName } from './names.ts';
import { AutoTier } from './tiers/auto.ts';
import type { BackgroundCompiler } from './tiers/background.ts';
import { ChaosTier } from './tiers/chaos.ts';
import { type CompiledNote, EagerTier } from './tiers/eager.ts';

export { ENGINE_NAMES, ENGINES, type EngineName } from './names.ts';

export interface TierOptions {
  /**
   * Of `singlepass` and `multipass`: entries of a program after which it is compiled; again after
   * twice as many with blocks that are new since then. 0: at once. 64 unless told.
   */
  readonly entriesMin?: number;
  /** Of the same: told of every module that takes the place of the interpreter's blocks. */
  readonly onCompiled?: (note: CompiledNote) => void;
  /** Of `auto`: how much later than usual programs are compiled; 1 unless told. */
  readonly heatScale?: number;
  /** Of `auto`, under Node: a folder that keeps compiled code from process to process. */
  readonly codeCache?: string;
  /** Of `chaos`: a 32-bit number that decides every change. */
  readonly seed?: number;
}

/**
 * Who compiles for a machine; undefined: nobody does.
 *
 * @param background of `auto`: without it code is interpreted
 */
export function createTier(
  machine: InterpreterMachine,
  engine: EngineName,
  options: TierOptions,
  background: () => BackgroundCompiler | undefined,
): Tier | undefined {
  switch (engine) {
    case 'interpreter':
      return undefined;
    case 'singlepass':
    case 'multipass':
      return new EagerTier(machine, engine, options);
    case 'chaos':
      return new ChaosTier(machine, options.seed);
    case 'auto': {
      const compiler = background();
      return compiler && new AutoTier(machine, compiler, options);
    }
  }
}
