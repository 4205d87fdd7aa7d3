/**
 * When functions of a module are compiled: at once where an engine was asked for by name, after a
 * count of steps or of runs for `auto`, at random for `chaos`. Nothing of it depends on time.
 */
import * as L from '../../kernel/layout.ts';
import type { Kernel } from '../interpreter/kernel.ts';
import type { ModuleProgram } from '../interpreter/module-program.ts';
import type { EngineName } from '../names.ts';
import { Draws } from './draws.ts';
import { FunctionTier } from './functions.ts';

/** Steps between two looks at a run. */
const BUDGET = 250_000;
/** Runs of a function after which `auto` compiles it. */
const RUNS_MIN = 32;
/** Callers of the function that runs long that are compiled with it. */
const CALLERS_MAX = 16;
/** Steps of a run between two changes of `chaos`, at most. */
const CHAOS_BUDGET_MAX = 500;

export interface ModuleTierOptions {
  readonly kernel: Kernel;
  readonly program: ModuleProgram;
  readonly frame: number;
  /** Where the regions of the module begin. */
  readonly bases: () => readonly number[];
  readonly engine: EngineName;
  /** Of `chaos`: decides every change. */
  readonly seed?: number | undefined;
}

export class ModuleTier {
  /** Steps that the next run may take. */
  budget = BUDGET;
  readonly #kernel: Kernel;
  readonly #program: ModuleProgram;
  readonly #frame: number;
  readonly #engine: EngineName;
  readonly #functions: FunctionTier;
  readonly #runs = new Map<number, number>();
  readonly #draws: Draws;
  #isOn = false;

  constructor({ kernel, program, frame, bases, engine, seed = 1 }: ModuleTierOptions) {
    this.#kernel = kernel;
    this.#program = program;
    this.#frame = frame;
    this.#engine = engine;
    this.#functions = new FunctionTier(kernel, program, () => ({ frame, bases: bases() }));
    this.#draws = new Draws(seed);
  }

  /** A run of the function begins; `isOn` tells whether compiled code may be entered. */
  begin(index: number, isOn: boolean): void {
    this.#isOn = isOn && this.#engine !== 'interpreter';
    this.#functions.turn(this.#isOn);
    if (!this.#isOn) this.budget = BUDGET;
    if (this.#engine !== 'auto') {
      this.lowered(index);
      return;
    }
    const runs = (this.#runs.get(index) ?? 0) + 1;
    this.#runs.set(index, runs);
    if (runs >= RUNS_MIN) this.#functions.compile(index);
  }

  /** A run enters the function for the first time. */
  lowered(index: number): void {
    if (!this.#isOn || this.#engine === 'auto') return;
    if (this.#engine === 'chaos' && this.#draws.below(3) === 0) return;
    this.#functions.compile(index);
  }

  /** The frame stands at a piece after a long run: it may go on in compiled code. */
  yielded(): void {
    if (!this.#isOn) return;
    this.budget = this.#engine === 'chaos' ? 1 + this.#draws.below(CHAOS_BUDGET_MAX) : BUDGET;
    if (this.#engine === 'chaos') {
      this.#functions.turn(this.#draws.below(4) !== 0);
      if (this.#draws.below(2) === 0) return;
    }
    if (this.#engine === 'auto')
      for (const index of this.#callers()) this.#functions.compile(index);
    const piece = this.#program.pieceFrom(this.#field(L.F_PC));
    if (piece === undefined) return;
    if (this.#engine === 'auto') this.#functions.compile(piece.index);
    // Inside of a block there is no way in: the next piece may have one.
    if (!this.#functions.enter(piece, this.#frame)) this.budget = 1;
  }

  /** Makes frames of what compiled functions wrote when they were left. */
  unwind(): void {
    this.#functions.unwind(this.#frame);
  }

  /** Functions that are open below the one that runs, nearest first. */
  #callers(): number[] {
    const { u32 } = this.#kernel;
    const top = this.#field(L.F_CONTROL);
    const first = Math.max(L.CONTROL_BASE, top - CALLERS_MAX * L.CONTROL_BYTES);
    const callers = new Set<number>();
    for (let at = top - L.CONTROL_BYTES; at >= first; at -= L.CONTROL_BYTES) {
      callers.add(this.#program.indexAt(u32[at / 4] as number));
    }
    return [...callers];
  }

  #field(offset: number): number {
    return this.#kernel.u32[(this.#frame + offset) / 4] as number;
  }
}
