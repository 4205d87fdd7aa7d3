/**
 * When functions of contracts that are modules are compiled: those that runs have entered, by
 * counts, as it is with code of the EVM. `singlepass` and `multipass` make no difference to them.
 */
import type { ClosedProgram } from '../interpreter/closed-program.ts';
import type { ClosedTier } from '../interpreter/tier.ts';
import type { Draws } from './draws.ts';

/** Yields of the interpreter in a program after which it is compiled. */
const YIELDS_MIN = 2;

/** The programs that have code, so that it can be given up. */
class ClosedPrograms {
  readonly #programs = new Set<ClosedProgram>();

  /** Compiles what runs have entered. */
  compile(program: ClosedProgram): void {
    this.#programs.add(program);
    for (const index of program.reached) program.functions.compile(index, isReached(program));
  }

  /** Compiles a function with all that it calls. */
  compileWhole(program: ClosedProgram, index: number): void {
    this.#programs.add(program);
    program.functions.compile(index);
  }

  /** Has the frame go on in compiled code, if it stands where that can begin. */
  enter(program: ClosedProgram, frame: number): void {
    const piece = program.pieceOf(frame);
    if (piece !== undefined) program.functions.enter(piece, frame, isReached(program));
  }

  released(program: ClosedProgram): void {
    this.#programs.delete(program);
  }

  retire(): void {
    for (const program of this.#programs) program.functions.turn(false);
    this.#programs.clear();
  }
}

function isReached(program: ClosedProgram): (index: number) => boolean {
  return (index) => program.isReached(index);
}

interface ProgramState {
  /** Entries since it was compiled in which it had new functions. */
  entries: number;
  yields: number;
  /** So many of them that it is compiled next. */
  next: number;
  /** Functions that runs had entered when it was compiled last. */
  count: number;
}

/** Compiles what is entered often or runs long; with `entriesMin` 0 at once, and whole. */
export class EagerClosedTier extends ClosedPrograms implements ClosedTier {
  readonly #entriesMin: number;
  readonly #states = new WeakMap<ClosedProgram, ProgramState>();

  constructor(entriesMin: number) {
    super();
    this.#entriesMin = entriesMin;
  }

  entered(program: ClosedProgram): void {
    if (this.#entriesMin === 0) {
      this.compileWhole(program, program.source.entry);
      return;
    }
    const state = this.#state(program);
    const { size } = program;
    if (program.isTransient || size === state.count || ++state.entries < state.next) return;
    state.entries = 0;
    state.next *= 2;
    state.count = size;
    this.compile(program);
  }

  lowered(program: ClosedProgram, index: number): void {
    if (this.#entriesMin === 0) this.compileWhole(program, index);
  }

  yielded(program: ClosedProgram, frame: number): void {
    if (++this.#state(program).yields < YIELDS_MIN) return;
    this.compile(program);
    this.enter(program, frame);
  }

  #state(program: ClosedProgram): ProgramState {
    const known = this.#states.get(program);
    if (known !== undefined) return known;
    const state = { entries: 0, yields: 0, next: this.#entriesMin, count: 0 };
    this.#states.set(program, state);
    return state;
  }
}

/** Compiles at random, and changes at random between compiled code and the interpreter. */
export class ChaosClosedTier extends ClosedPrograms implements ClosedTier {
  readonly #draws: Draws;
  readonly #drawBudget: () => void;

  constructor(draws: Draws, drawBudget: () => void) {
    super();
    this.#draws = draws;
    this.#drawBudget = drawBudget;
  }

  entered(program: ClosedProgram): void {
    this.#drawBudget();
    const choice = this.#draws.below(4);
    if (choice === 0) this.compileWhole(program, program.source.entry);
    else if (choice === 1) this.compile(program);
    program.functions.turn(this.#draws.below(4) !== 0);
  }

  lowered(program: ClosedProgram, index: number): void {
    if (this.#draws.below(3) === 0) this.compileWhole(program, index);
  }

  yielded(program: ClosedProgram, frame: number): void {
    this.#drawBudget();
    program.functions.turn(this.#draws.below(4) !== 0);
    if (this.#draws.below(2) === 0) this.enter(program, frame);
  }
}

/** What `auto` knows of a program. */
export interface ClosedState {
  /** Operations that the program ran in the interpreter, about. */
  heat: number;
  /** Those before it was compiled last. */
  before: number;
  /** Functions that runs had entered then. */
  count: number;
}

/**
 * Compiles what has run about as long as that takes, for each function that is new; nothing is
 * compiled on another thread.
 */
export class AutoClosedTier extends ClosedPrograms implements ClosedTier {
  readonly #states = new WeakMap<ClosedProgram, ClosedState>();
  readonly #count: (next: ClosedState | undefined) => void;
  readonly #heatMin: number;

  /**
   * @param heatMin for a function that is compiled
   * @param count adds what ran to who ran it, and says who runs now
   */
  constructor(heatMin: number, count: (next: ClosedState | undefined) => void) {
    super();
    this.#heatMin = heatMin;
    this.#count = count;
  }

  entered(program: ClosedProgram): void {
    const state = this.#state(program);
    this.#count(state);
    if (!program.isTransient) this.#advance(program, state);
  }

  lowered(): void {}

  yielded(program: ClosedProgram, frame: number): void {
    const state = this.#state(program);
    this.#count(state);
    this.#advance(program, state);
    if (state.count > 0) this.enter(program, frame);
  }

  #advance(program: ClosedProgram, state: ClosedState): void {
    const { size } = program;
    if (size === state.count) return;
    if (state.heat - state.before < this.#heatMin * (size - state.count)) return;
    state.before = state.heat;
    state.count = size;
    this.compile(program);
  }

  #state(program: ClosedProgram): ClosedState {
    const known = this.#states.get(program);
    if (known !== undefined) return known;
    const state = { heat: 0, before: 0, count: 0 };
    this.#states.set(program, state);
    return state;
  }
}
