/**
 * Moves frames between tiers at random points, to show that it makes no difference: every program
 * is now interpreted, now compiled by one engine or the other, whole or in part, and runs are cut
 * into short pieces between which it changes. The seed decides all of it.
 */
import type { Program } from '../interpreter/program.ts';
import type { AnyProgram } from '../interpreter/program-set.ts';
import type { Tier } from '../interpreter/tier.ts';
import type { InterpreterMachine } from '../interpreter/trampoline.ts';
import { ChaosClosedTier } from './closed.ts';
import {
  BLOCKS_MAX,
  COMPILER_NAMES,
  COMPILERS,
  type CompilerName,
  reachable,
} from './compilers.ts';
import { Draws } from './draws.ts';
import { type CompiledCode, Installer } from './installer.ts';

/** Operations of a run between two points at which tiers may change, at most. */
const BUDGET_MAX = 2000;
/** One in so many points changes something. */
const CHANGE_EACH = 3;
/** Calls that the kernel makes by itself before there is such a point. */
const UNTOLD_MAX = 3;
/** Modules that are kept to be brought in again. */
const MODULES_MAX = 64;

export class ChaosTier implements Tier {
  readonly modules: ChaosClosedTier;
  readonly untoldMax = UNTOLD_MAX;
  readonly #machine: InterpreterMachine;
  readonly #installer: Installer;
  readonly #modules = new Map<string, CompiledCode | undefined>();
  readonly #numbers = new WeakMap<Program, number>();
  #programs = 0;
  readonly #draws: Draws;

  constructor(machine: InterpreterMachine, seed = 1) {
    this.#machine = machine;
    this.#installer = new Installer(machine);
    this.#draws = new Draws(seed);
    this.modules = new ChaosClosedTier(this.#draws, () => this.#drawBudget());
    this.#drawBudget();
  }

  entered(program: Program): void {
    this.#change(program);
  }

  yielded(program: Program): void {
    this.#change(program);
  }

  ended(): void {}

  released(program: AnyProgram): void {
    if (program.isClosed) {
      this.modules.released(program);
      return;
    }
    this.#installer.forget(program);
  }

  retire(): void {
    this.modules.retire();
    this.#installer.removeAll();
  }

  #drawBudget(): void {
    this.#machine.budget = 1 + this.#draws.below(BUDGET_MAX);
  }

  #change(program: Program): void {
    this.#drawBudget();
    if (this.#draws.below(CHANGE_EACH) !== 0 || this.#installer.isFull) return;
    const choice = this.#draws.below(COMPILER_NAMES.length + 1);
    const name = COMPILER_NAMES[choice];
    const code = name === undefined ? undefined : this.#codeOf(program, name);
    if (code === undefined) {
      this.#installer.remove(program);
      return;
    }
    const part = this.#draws.below(3);
    this.#installer.install(program, code, () => part === 0 || this.#draws.below(2) === 0);
  }

  /** All that the program can reach, or what it has reached, compiled. */
  #codeOf(program: Program, name: CompilerName): CompiledCode | undefined {
    const isWhole = this.#draws.below(2) === 0;
    const { source } = program;
    const blocks = isWhole ? reachable(source) : program.blockIds().slice(0, BLOCKS_MAX);
    const key = `${this.#numberOf(program)} ${name} ${isWhole || blocks.length}`;
    if (this.#modules.has(key)) return this.#modules.get(key);
    if (this.#modules.size >= MODULES_MAX) this.#modules.clear();
    const made = COMPILERS[name]({ source, blocks });
    const code = made && { ...made, module: new WebAssembly.Module(made.bytes) };
    this.#modules.set(key, code);
    return code;
  }

  #numberOf(program: Program): number {
    const known = this.#numbers.get(program);
    if (known !== undefined) return known;
    this.#numbers.set(program, this.#programs);
    return this.#programs++;
  }
}
