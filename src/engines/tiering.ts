/**
 * Tiers: which code of a machine is compiled, and when.
 *
 * A program begins in the interpreter. When it has been entered often, or has run long, the blocks
 * that were reached are compiled and take the place of the interpreter's, which enters them as it
 * comes to them: a running frame moves over at its next block, and comes back where a block has no
 * compiled code. What is reached later is compiled later.
 *
 * Everything is counted, nothing timed: the same calls compile the same code.
 */
import { assert } from '../base/assert.ts';
import type { LazySource } from '../dmir/lazy.ts';
import type { Program } from './interpreter/program.ts';
import type { Tier } from './interpreter/tier.ts';
import type { InterpreterMachine } from './interpreter/trampoline.ts';
import { compileBlocks as multipass } from './multipass/compile.ts';
import type { Compiler } from './region/module.ts';
import { compileBlocks as singlepass } from './singlepass/compile.ts';

/** Engines that a machine can be asked for. */
export const ENGINES = ['interpreter', 'singlepass', 'multipass'] as const;

export type EngineName = (typeof ENGINES)[number];

/** An engine that compiles. */
export type CompilerName = Exclude<EngineName, 'interpreter'>;

/** What compiles, by engine. */
export const COMPILERS: Readonly<Record<CompilerName, Compiler>> = { singlepass, multipass };

export interface TierOptions {
  /**
   * Entries of a program after which it is compiled; again after twice as many with blocks that are
   * new since then. 0: at once.
   */
  readonly entriesMin?: number;
}

const ENTRIES_MIN = 64;
/** Yields of the interpreter in a program after which it is compiled. */
const YIELDS_MIN = 2;
/** Blocks that are compiled at a time. */
const BLOCKS_MAX = 2000;
/** Part of the code area after which nothing more is compiled. */
const AREA_FULL = 0.4;

interface ProgramState {
  /** Entries since it was compiled in which it had new blocks. */
  entries: number;
  yields: number;
  /** So many of them that it is compiled next. */
  next: number;
  /** Blocks that were known when it was compiled last. */
  blocks: number;
  /** Places in the table. */
  readonly places: number[];
}

/** Compiles what is hot in one machine. */
export class CompilerTier implements Tier {
  readonly #machine: InterpreterMachine;
  readonly #compileBlocks: Compiler;
  readonly #entriesMin: number;
  readonly #states = new Map<Program, ProgramState>();
  readonly #freePlaces: number[] = [];
  readonly #imports: Record<string, WebAssembly.ImportValue>;
  #nextPlace = 1;

  constructor(
    machine: InterpreterMachine,
    compiler: CompilerName,
    { entriesMin = ENTRIES_MIN }: TierOptions = {},
  ) {
    this.#machine = machine;
    this.#compileBlocks = COMPILERS[compiler];
    this.#entriesMin = entriesMin;
    const { kernel } = machine;
    const functions = Object.entries(kernel.exports).filter(([name]) => name.startsWith('rt'));
    this.#imports = {
      memory: kernel.exports.memory,
      table: kernel.table,
      fetch: (space: number, key: number) => machine.fetchCell(space, key),
      ...(Object.fromEntries(functions) as Record<string, WebAssembly.ImportValue>),
    };
  }

  entered(program: Program): void {
    const state = this.#state(program);
    const isAtOnce = this.#entriesMin === 0 && state.blocks === 0;
    if (!isAtOnce && program.blocks.size === state.blocks) return;
    if (++state.entries < state.next) return;
    state.entries = 0;
    state.next = Math.max(state.next * 2, 1);
    if (isAtOnce) this.#compile(program, reachable(program.source));
    else if (!program.isTransient) this.#compile(program, [...program.blocks.keys()]);
  }

  yielded(program: Program): void {
    const state = this.#state(program);
    if (++state.yields < YIELDS_MIN || program.blocks.size === state.blocks) return;
    this.#compile(program, [...program.blocks.keys()]);
  }

  released(program: Program): void {
    const state = this.#states.get(program);
    if (state === undefined) return;
    this.#freeTable(state);
    this.#states.delete(program);
  }

  #freeTable({ places }: ProgramState): void {
    const { table } = this.#machine.kernel;
    for (const place of places) {
      table.set(place, null);
      this.#freePlaces.push(place);
    }
    places.length = 0;
  }

  /** Gives all compiled code up: the machine is the interpreter's again. */
  retire(): void {
    for (const program of [...this.#states.keys()]) {
      program.uninstallAll();
      this.released(program);
    }
  }

  #state(program: Program): ProgramState {
    const known = this.#states.get(program);
    if (known !== undefined) return known;
    const state = { entries: 0, yields: 0, next: this.#entriesMin, blocks: 0, places: [] };
    this.#states.set(program, state);
    return state;
  }

  #compile(program: Program, reached: readonly number[]): void {
    const { area } = this.#machine;
    const state = this.#state(program);
    if (reached.length === state.blocks || area.used > area.size * AREA_FULL) return;
    // All anew: regions know of each other what they hand on only within a module.
    program.uninstallAll();
    this.#freeTable(state);
    const blocks = reached.slice(0, BLOCKS_MAX);
    const module = this.#compileBlocks({
      source: program.source,
      blocks,
      addressOf: (id) => program.addressOf(id),
    });
    state.blocks = program.blocks.size;
    if (module === undefined) return;
    const compiled = new WebAssembly.Module(module.bytes);
    const { exports } = new WebAssembly.Instance(compiled, { env: this.#imports });
    for (const [i, root] of module.roots.entries()) {
      const place = this.#takePlace();
      this.#machine.kernel.table.set(place, exports[String(i)]);
      state.places.push(place);
      program.install(root, place);
    }
  }

  #takePlace(): number {
    const free = this.#freePlaces.pop();
    if (free !== undefined) return free;
    const { table } = this.#machine.kernel;
    if (this.#nextPlace >= table.length) table.grow(table.length);
    assert(this.#nextPlace < table.length, 'the table of compiled code did not grow');
    return this.#nextPlace++;
  }
}

/** Blocks that code can reach, as far as its jumps tell, and every destination of a jump. */
export function reachable(source: LazySource): readonly number[] {
  const found = new Set<number>([0]);
  for (const [pc, isDestination] of source.destinations.entries()) {
    if (isDestination === 1) found.add(pc);
    if (found.size >= BLOCKS_MAX) break;
  }
  for (const id of found) {
    for (const next of followers(source, id)) {
      if (found.size < BLOCKS_MAX && source.isBlock(next)) found.add(next);
    }
  }
  return [...found];
}

function followers(source: LazySource, id: number): readonly number[] {
  const { block } = source.lower(id);
  const last = block.insts[block.insts.length - 1];
  if (last === undefined || last.op === 'dispatch') return [];
  return last.targets.map((target) => target.block);
}
