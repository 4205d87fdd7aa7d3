/**
 * Compiles what is entered often or runs long, between two blocks of the run that it serves.
 *
 * Everything is counted, nothing timed: the same calls compile the same code.
 */
import type { Program } from '../interpreter/program.ts';
import type { AnyProgram } from '../interpreter/program-set.ts';
import type { Tier } from '../interpreter/tier.ts';
import type { InterpreterMachine } from '../interpreter/trampoline.ts';
import type { CompiledModule, Compiler } from '../region/module.ts';
import { EagerClosedTier } from './closed.ts';
import { BLOCKS_MAX, COMPILERS, type CompilerName, reachable } from './compilers.ts';
import { Installer } from './installer.ts';

const ENTRIES_MIN = 64;
/** Entries between two looks at a program that the kernel calls by itself. */
const UNTOLD_MAX = 64;
/** Yields of the interpreter in a program after which it is compiled. */
const YIELDS_MIN = 2;

/** A module as it was compiled, for tools. */
export interface CompiledNote {
  readonly program: Program;
  /** Those that the compiler was given, in order. */
  readonly blocks: readonly number[];
  readonly module: CompiledModule;
}

export interface EagerOptions {
  /** 0: a program is compiled whole, before it runs. */
  readonly entriesMin?: number;
  readonly onCompiled?: (note: CompiledNote) => void;
}

interface ProgramState {
  /** Entries since it was compiled in which it had new blocks. */
  entries: number;
  yields: number;
  /** So many of them that it is compiled next. */
  next: number;
  /** Blocks that were known when it was compiled last. */
  blocks: number;
}

export class EagerTier implements Tier {
  readonly modules: EagerClosedTier;
  readonly untoldMax = UNTOLD_MAX;
  readonly #compile: Compiler;
  readonly #installer: Installer;
  readonly #entriesMin: number;
  readonly #onCompiled: EagerOptions['onCompiled'];
  readonly #states = new Map<Program, ProgramState>();

  constructor(
    machine: InterpreterMachine,
    compiler: CompilerName,
    { entriesMin = ENTRIES_MIN, onCompiled }: EagerOptions,
  ) {
    this.#onCompiled = onCompiled;
    this.#compile = COMPILERS[compiler];
    this.#installer = new Installer(machine);
    this.#entriesMin = entriesMin;
    this.modules = new EagerClosedTier(entriesMin);
  }

  entered(program: Program, count: number): void {
    const state = this.#state(program);
    const isAtOnce = this.#entriesMin === 0 && state.blocks === 0;
    if (!isAtOnce && program.blockCount === state.blocks) return;
    state.entries += count;
    if (state.entries < state.next) return;
    state.entries = 0;
    state.next = Math.max(state.next * 2, 1);
    if (isAtOnce) this.#replace(program, reachable(program.source));
    else if (!program.isTransient) this.#replace(program, program.blockIds());
  }

  yielded(program: Program): void {
    const state = this.#state(program);
    if (++state.yields < YIELDS_MIN || program.blockCount === state.blocks) return;
    this.#replace(program, program.blockIds());
  }

  ended(): void {}

  released(program: AnyProgram): void {
    if (program.isClosed) {
      this.modules.released(program);
      return;
    }
    this.#installer.forget(program);
    this.#states.delete(program);
  }

  retire(): void {
    this.modules.retire();
    this.#installer.removeAll();
    this.#states.clear();
  }

  #state(program: Program): ProgramState {
    const known = this.#states.get(program);
    if (known !== undefined) return known;
    const state = { entries: 0, yields: 0, next: this.#entriesMin, blocks: 0 };
    this.#states.set(program, state);
    return state;
  }

  /** Compiles all anew: regions know of each other what they hand on only within a module. */
  #replace(program: Program, reached: readonly number[]): void {
    const state = this.#state(program);
    if (reached.length === state.blocks || this.#installer.isFull) return;
    const blocks = reached.slice(0, BLOCKS_MAX);
    const made = this.#compile({ source: program.source, blocks });
    if (made === undefined) this.#installer.remove(program);
    else {
      const module = new WebAssembly.Module(made.bytes);
      this.#installer.install(program, { ...made, module });
      this.#onCompiled?.({ program, blocks, module: made });
    }
    state.blocks = program.blockCount;
  }
}
