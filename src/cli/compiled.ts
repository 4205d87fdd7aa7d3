/**
 * Code as an engine compiles it: all that it can reach, or what calls of it had compiled. Nothing
 * here is timed, and the same calls compile the same code.
 */
import { bytesToBigint } from '../base/u256.ts';
import { createMachine, type EvmMachine, type MachineOptions } from '../chain/machine.ts';
import type { CallOptions, Hex, Outcome } from '../chain/types.ts';
import type { Program } from '../engines/interpreter/program.ts';
import { chooseRegions } from '../engines/multipass/compile.ts';
import {
  BLOCKS_MAX,
  COMPILER_NAMES,
  COMPILERS,
  type CompilerName,
  reachable,
} from '../engines/tiers/compilers.ts';
import type { CompiledNote } from '../engines/tiers/eager.ts';
import { decodeModule, type WasmFunction, type WasmModule } from '../engines/wasm/decode.ts';
import type { FunctionNote } from '../engines/wasm/print.ts';
import type { Fork } from '../vms/evm/forks.ts';
import { Lowerer } from '../vms/evm/lower.ts';
import { usageError } from './args.ts';

/** @throws InputError `usage` for an engine that is none, or that compiles nothing */
export function readCompiler(name: string | undefined, command: string): CompilerName {
  const found = COMPILER_NAMES.find((each) => each === (name ?? 'multipass'));
  if (found !== undefined) return found;
  const names = COMPILER_NAMES.join(' or ');
  throw usageError(`--engine ${name} compiles nothing; the engines that do: ${names}`, command);
}

/** A machine that notes what its engine compiles, by program; the latest module counts. */
export interface NotingMachine {
  readonly machine: EvmMachine;
  readonly notes: ReadonlyMap<Program, CompiledNote>;
}

export function createNotingMachine(options: MachineOptions): NotingMachine {
  const notes = new Map<Program, CompiledNote>();
  const onCompiled = (note: CompiledNote): void => void notes.set(note.program, note);
  return { machine: createMachine({ ...options, tier: { onCompiled } }), notes };
}

/** The program of code that the machine holds. */
export function programOf({ executor }: EvmMachine, code: Uint8Array): Program {
  return executor.codes.programOf(bytesToBigint(executor.keccak256(code))) as Program;
}

/** A module of code, with where its blocks are. */
export interface CompiledCode {
  readonly engine: CompilerName;
  readonly program: Program;
  readonly blocks: readonly number[];
  readonly bytes: Uint8Array;
  readonly module: WasmModule;
  readonly regions: readonly CompiledRegion[];
}

/** A function of a module for a block and what follows it. */
export interface CompiledRegion {
  readonly root: number;
  readonly function: WasmFunction;
  /** Whether the interpreter enters it; others are entered from regions alone. */
  readonly isEntry: boolean;
  /** Blocks in it, the root among them, as far as the engine tells. */
  readonly blocks: ReadonlySet<number>;
}

const CODE_ADDRESS: Hex = '0x000000000000000000000000000000000000c0de';

/**
 * dMIR operations of what is compiled without a call: nearly three times what a governor of 23 kB
 * has, and a text of some thirty megabytes.
 */
const OPERATIONS_MAX = 30_000;

/** All that the code can reach, compiled. */
export interface CompiledAll {
  /** Undefined where no block can be compiled. */
  readonly compiled: CompiledCode | undefined;
  /** Whether there are blocks that were left out, which would make it too large. */
  readonly isCut: boolean;
}

/** Compiles all blocks that the code can reach, in the order in which they are found. */
export function compileAll(code: Uint8Array, fork: Fork, engine: CompilerName): CompiledAll {
  const machine = createMachine({ fork });
  machine.state.setCode(CODE_ADDRESS, code);
  const program = programOf(machine, code);
  const reached = reachable(program.source);
  let operations = 0;
  const blocks = reached.filter((id) => {
    operations += countOperations(program, [id]);
    return operations <= OPERATIONS_MAX;
  });
  const isCut = blocks.length < reached.length || reached.length >= BLOCKS_MAX;
  const module = COMPILERS[engine]({ source: program.source, blocks });
  return { compiled: module && describe(engine, { program, blocks, module }), isCut };
}

/** The module that a machine made last of a program. */
export function describe(engine: CompilerName, note: CompiledNote): CompiledCode {
  const { program, blocks, module: made } = note;
  const module = decodeModule(made.bytes);
  return {
    engine,
    program,
    blocks,
    bytes: made.bytes,
    module,
    regions: engine === 'multipass' ? treeRegions(note, module) : blockRegions(note, module),
  };
}

/** Blocks that the interpreter enters, by the index of their function. */
function entriesOf({ module: made }: CompiledNote, module: WasmModule): Map<number, number> {
  const [segment] = module.segments;
  return new Map(made.entries.map(({ root, place }) => [segment?.indices[place] as number, root]));
}

/**
 * Of an engine that has a function for each block: the last ones of its module, in the order of the
 * blocks. Of one that does otherwise: the entries alone.
 */
function blockRegions(note: CompiledNote, module: WasmModule): CompiledRegion[] {
  const entries = entriesOf(note, module);
  const functions = module.functions.slice(-note.blocks.length);
  const isByBlock = [...entries].every(([index, root]) => {
    return note.blocks[functions.findIndex((each) => each.index === index)] === root;
  });
  const regions = isByBlock
    ? functions.map((each, i) => ({ root: note.blocks[i] as number, function: each }))
    : module.functions.flatMap((each) => {
        const root = entries.get(each.index);
        return root === undefined ? [] : [{ root, function: each }];
      });
  return regions.map(({ root, function: own }) => ({
    root,
    function: own,
    isEntry: entries.has(own.index),
    blocks: new Set([root]),
  }));
}

/** The trees of multipass: the last functions of its module, one for each version. */
function treeRegions(note: CompiledNote, module: WasmModule): CompiledRegion[] {
  const { versions, entries } = chooseRegions({ ...note, source: note.program.source });
  const first = module.functions.length - versions.length;
  const places = new Set(entries.map(({ place }) => place));
  return versions.map(({ root, region }, place) => ({
    root,
    function: module.functions[first + place] as WasmFunction,
    isEntry: places.has(place),
    blocks: region.blocks,
  }));
}

/** What the text of a module says of its regions. */
export function noteRegions({
  regions,
}: CompiledCode): (index: number) => FunctionNote | undefined {
  const notes = new Map(
    regions.map(({ root, function: { index }, isEntry, blocks }, place): [number, FunctionNote] => {
      const others = [...blocks].filter((id) => id !== root);
      const inside = others.length === 0 ? '' : `, with ${others.map((id) => `@${id}`).join(' ')}`;
      const entered = isEntry ? '' : ', entered from regions alone';
      return [
        index,
        {
          name: `region-${place}`,
          locals: ['frame', 'pointer', 'gas', 'steps'],
          about: `@${root}${inside}${entered}`,
        },
      ];
    }),
  );
  return (index) => notes.get(index);
}

/** Bytes of the code that blocks run through, each counted once. */
export function countCodeBytes(code: Uint8Array, fork: Fork, blocks: readonly number[]): number {
  const starts = new Set<number>();
  const lowerer = new Lowerer(code, { fork, onInstruction: (pc) => void starts.add(pc) });
  for (const id of blocks) lowerer.lower(id);
  let bytes = 0;
  for (const pc of starts) {
    const length = 1 + (lowerer.opcodes.immediate[code[pc] ?? 0] as number);
    bytes += Math.max(0, Math.min(length, code.length - pc));
  }
  return bytes;
}

/** dMIR operations of blocks. */
export function countOperations({ source }: Program, blocks: readonly number[]): number {
  return blocks.reduce((sum, id) => sum + source.lower(id).block.insts.length, 0);
}

/** Calls as often as is said, each from the state before the first; gives the last outcome. */
export function callTimes(machine: EvmMachine, options: CallOptions, times: number): Outcome {
  let outcome = machine.call({ ...options, commit: false });
  for (let i = 1; i < times; i++) outcome = machine.call({ ...options, commit: false });
  return outcome;
}
