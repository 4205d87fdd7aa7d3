/** What the trampoline tells whoever decides what is compiled. */
import type { ClosedProgram } from './closed-program.ts';
import type { Program } from './program.ts';
import type { AnyProgram } from './program-set.ts';

/** Who compiles what is hot; it is told what the machine runs. */
export interface Tier {
  /** The same for programs of closed functions. */
  readonly modules: ClosedTier;
  /** Frames of a program that may begin before the tier is told of one. */
  readonly untoldMax: number;
  /**
   * A frame begins to run the program; it stands at the program's first block.
   *
   * @param count frames that began since it was told last, with this one
   */
  entered(program: Program, count: number): void;
  /** The program's current frame stands at a block after a long run. */
  yielded(program: Program): void;
  /** The outermost frame ended. */
  ended(): void;
  /** The program will not run any more. */
  released(program: AnyProgram): void;
  /** Gives all compiled code up; no frame stands inside a block. */
  retire(): void;
}

/** It compiles through `functions` of the program, which gives the code up with the program. */
export interface ClosedTier {
  /** A frame is about to run the program. */
  entered(program: ClosedProgram): void;
  /** A run enters the function for the first time. */
  lowered(program: ClosedProgram, index: number): void;
  /** The program's current frame stands at a block after a long run. */
  yielded(program: ClosedProgram, frame: number): void;
}
