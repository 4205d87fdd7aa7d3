/**
 * Puts compiled code in the place of a program's blocks, and takes it away again.
 *
 * Both ask that frames of the program stand at the entries of blocks: a frame that runs moves over
 * at the next block that it comes to, in either direction.
 */
import type { Program } from '../interpreter/program.ts';
import type { InterpreterMachine } from '../interpreter/trampoline.ts';
import type { CompiledModule } from '../region/module.ts';

/** Compiled code without its bytes, as another thread hands it over. */
export interface CompiledCode extends Omit<CompiledModule, 'bytes'> {
  readonly module: WebAssembly.Module;
}

/** Part of the code area after which nothing more is compiled. */
const AREA_FULL = 0.4;

export class Installer {
  readonly #machine: InterpreterMachine;
  readonly #imports: Record<string, WebAssembly.ImportValue>;
  /** Rows of the kernel's table by program. */
  readonly #rows = new Map<Program, { readonly first: number; readonly count: number }>();

  constructor(machine: InterpreterMachine) {
    this.#machine = machine;
    const { kernel } = machine;
    const functions = Object.entries(kernel.exports).filter(([name]) => name.startsWith('rt'));
    this.#imports = {
      memory: kernel.exports.memory,
      table: kernel.table,
      fetch: (space: number, key: number) => machine.fetchCell(space, key),
      ...(Object.fromEntries(functions) as Record<string, WebAssembly.ImportValue>),
    };
  }

  /** Whether there is no room for more code. */
  get isFull(): boolean {
    const { area } = this.#machine;
    return area.used > area.size * AREA_FULL;
  }

  /** Has the program run the code, and nothing else that was compiled for it. */
  install(
    program: Program,
    { module, entries, places, targets, readsCode }: CompiledCode,
    isWanted: (root: number) => boolean = () => true,
  ): void {
    this.remove(program);
    const first = this.#machine.kernel.takePlaces(places);
    this.#rows.set(program, { first, count: places });
    const env = { ...this.#imports, first, targets: program.placeTargets(targets) };
    new WebAssembly.Instance(module, { env });
    if (readsCode) program.showCode();
    for (const { root, place } of entries) {
      if (isWanted(root)) program.install(root, first + place);
    }
  }

  /** Has the interpreter run all of the program. */
  remove(program: Program): void {
    program.uninstallAll();
    this.forget(program);
  }

  /** Gives the places of a program up that does not run any more. */
  forget(program: Program): void {
    const { kernel } = this.#machine;
    const row = this.#rows.get(program);
    if (row !== undefined) kernel.freePlaces(row.first, row.count);
    this.#rows.delete(program);
  }

  /** The same as `remove` for every program. */
  removeAll(): void {
    for (const program of [...this.#rows.keys()]) this.remove(program);
  }
}
