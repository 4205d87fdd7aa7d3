/** What the trampoline tells whoever decides what is compiled. */
import type { Program } from './program.ts';

/** Who compiles what is hot; it is told what the machine runs. */
export interface Tier {
  /** A frame begins to run the program; it stands at the program's first block. */
  entered(program: Program): void;
  /** The program's current frame stands at a block after a long run. */
  yielded(program: Program): void;
  /** The outermost frame ended. */
  ended(): void;
  /** The program will not run any more. */
  released(program: Program): void;
  /** Gives all compiled code up; no frame stands inside a block. */
  retire(): void;
}
