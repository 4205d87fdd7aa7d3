/**
 * Begins in the interpreter and moves what is hot to compiled code, tier by tier: another thread
 * compiles and has the platform optimise what it compiled, and a frame that runs moves over at its
 * next block (DTVM's lazy just-in-time compilation with hot switching). Code of the EVM never waits
 * for that; functions of modules are compiled between two runs.
 *
 * Heat is the number of operations that a program ran. When compiled code comes in depends on how
 * fast the other thread was; what it does does not.
 */
import { bytesToHex } from '../../base/bytes.ts';
import { dataToText } from '../../base/data-text.ts';
import { M_STEPS, MACHINE_BASE } from '../../kernel/layout.ts';
import type { Program } from '../interpreter/program.ts';
import type { AnyProgram } from '../interpreter/program-set.ts';
import type { Tier } from '../interpreter/tier.ts';
import type { InterpreterMachine } from '../interpreter/trampoline.ts';
import type { BackgroundCompiler, FinishedCode } from './background.ts';
import { AutoClosedTier } from './closed.ts';
import { BLOCKS_MAX, type CompilerName } from './compilers.ts';
import { Installer } from './installer.ts';

interface Level {
  readonly engine: CompilerName;
  /** Heat from which its code is asked for. */
  readonly heatMin: number;
}

/**
 * The tiers, and what has to be run before each: so much that asking for the code and putting it in
 * place, which takes the running thread about 0.7 ms, costs less than a twentieth of it.
 */
const LEVELS: readonly Level[] = [
  { engine: 'singlepass', heatMin: 6_000_000 },
  { engine: 'multipass', heatMin: 20_000_000 },
];
/** The same for a function of a module, which is compiled between two runs. */
const CLOSED_HEAT_MIN = 500_000;
/** The same for each byte of WebAssembly: its first calls are slower. */
const HEAT_BY_BYTE = 120;
/** Heat between two looks at what was asked for. */
const HEAT_BETWEEN_LOOKS = 100_000;
/** Entries between two looks at a program that the kernel calls by itself. */
const UNTOLD_MAX = 1024;
const STEPS_AT = (MACHINE_BASE + M_STEPS) / 4;

interface ProgramState {
  /** Operations that the program ran. */
  heat: number;
  /** Place of the next level. */
  level: number;
  /** Heat from which it is looked for. */
  next: number;
  /** Code that is there but comes in later. */
  waiting: FinishedCode | undefined;
  /** What was finished when it was looked for last; -1: not asked for. */
  seen: number;
  /** Blocks that the code in place was made of. */
  blocks: number;
  key: string | undefined;
}

export interface AutoOptions {
  /** All heats, multiplied; 1 unless told. */
  readonly heatScale?: number | undefined;
}

export class AutoTier implements Tier {
  readonly modules: AutoClosedTier;
  readonly untoldMax = UNTOLD_MAX;
  readonly #machine: InterpreterMachine;
  readonly #background: BackgroundCompiler;
  readonly #installer: Installer;
  readonly #scale: number;
  /** The module that ran since the count of operations was read last, if one did. */
  #current: { heat: number } | undefined;
  #steps = 0;

  constructor(
    machine: InterpreterMachine,
    background: BackgroundCompiler,
    { heatScale = 1 }: AutoOptions,
  ) {
    this.#machine = machine;
    this.#background = background;
    this.#installer = new Installer(machine);
    this.#scale = heatScale;
    this.modules = new AutoClosedTier(CLOSED_HEAT_MIN * heatScale, (next) => {
      this.#count();
      this.#current = next;
    });
  }

  entered(program: Program): void {
    this.#count();
    this.#current = undefined;
    if (program.isTransient) return;
    const state = this.#state(program);
    state.heat += program.takeSteps();
    if (state.heat >= state.next) this.#advance(program, state);
  }

  yielded(program: Program): void {
    this.#count();
    const state = program.tierState as ProgramState | undefined;
    if (state === undefined) return;
    state.heat += program.takeSteps();
    if (state.heat >= state.next) this.#advance(program, state);
  }

  ended(): void {
    this.#count();
    this.#steps = 0;
    this.#current = undefined;
  }

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

  #count(): void {
    const steps = this.#machine.kernel.u32[STEPS_AT] as number;
    if (this.#current !== undefined && steps > this.#steps) {
      this.#current.heat += steps - this.#steps;
    }
    this.#steps = steps;
  }

  #state(program: Program): ProgramState {
    const known = program.tierState as ProgramState | undefined;
    if (known !== undefined) return known;
    const made: ProgramState = {
      heat: 0,
      level: 0,
      next: this.#heatOf(0),
      waiting: undefined,
      seen: -1,
      blocks: 0,
      key: undefined,
    };
    program.tierState = made;
    return made;
  }

  /** Heat at which a level is asked for. */
  #heatOf(level: number): number {
    return (LEVELS[level] as Level).heatMin * this.#scale;
  }

  /** Asks for the code of the next level, or takes it. */
  #advance(program: Program, state: ProgramState): void {
    const code = state.waiting ?? this.#look(program, state);
    if (code === undefined) {
      state.next = Math.max(state.next, state.heat + HEAT_BETWEEN_LOOKS * this.#scale);
      return;
    }
    state.waiting = undefined;
    state.seen = -1;
    if (code !== null) {
      const heatMin = code.bytes * HEAT_BY_BYTE * this.#scale;
      if (state.heat < heatMin) {
        state.waiting = code;
        state.next = heatMin;
        return;
      }
      if (!this.#installer.isFull) this.#installer.install(program, code);
      state.blocks = code.blocks.length;
      state.level = LEVELS.findIndex(({ engine }) => engine === code.engine);
    }
    const isLast = state.level >= LEVELS.length - 1;
    if (!isLast) {
      state.level++;
      // Another engine's code of the same blocks is still to come.
      state.blocks = 0;
    }
    state.key = undefined;
    state.next = isLast ? state.heat * 2 : Math.max(this.#heatOf(state.level), state.heat);
  }

  #look(program: Program, state: ProgramState): FinishedCode | null | undefined {
    if (state.seen === this.#background.finished) return undefined;
    // Nothing new to compile: what is in place is the best there is.
    if (state.seen < 0 && this.#isDone(program, state)) {
      state.next = state.heat * 2;
      return undefined;
    }
    state.seen = this.#background.finished;
    const { engine } = LEVELS[state.level] as Level;
    const { source } = program;
    const { recipe, code } = source;
    state.key ??= `${engine} ${dataToText(recipe)} ${bytesToHex(program.codeHash)}`;
    return this.#background.obtain(state.key, () => {
      const blocks = program.blockIds().slice(0, BLOCKS_MAX);
      return { engine, recipe, code, blocks };
    });
  }

  #isDone(program: Program, { level, blocks }: ProgramState): boolean {
    return level === LEVELS.length - 1 && blocks >= Math.min(program.blockCount, BLOCKS_MAX);
  }
}
