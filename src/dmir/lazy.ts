/** What an engine needs of a VM to run its code: blocks on demand. */

import type { RegionUse } from './bytecode/encode-open.ts';
import type { FlatBlock } from './flat.ts';
import type { FlatFunc } from './flat-func.ts';
import type { Block, Func, Module } from './ir.ts';

/** What an equal source is made of, together with its code: plain data, for another thread. */
export interface SourceRecipe {
  /** Folder of the virtual machine. */
  readonly vm: string;
  /** What its frontend asks for. */
  readonly options: unknown;
}

export interface LoweredBlock {
  readonly func: Func;
  readonly block: Block;
  /** Instructions of the source that it does. */
  readonly instructionCount: number;
  /** Whether it reads the source's bytes as data. */
  readonly readsCode: boolean;
}

/** Code whose blocks are lowered when a run first reaches them. */
export interface LazySource {
  /** Bytes of source code: what the region of code shows, and what a dispatch indexes. */
  readonly code: Uint8Array;
  readonly recipe: SourceRecipe;
  /** How the engine reaches each region of the module. */
  readonly regions: readonly RegionUse[];
  /** Cell space of the kernel for each space of the module. */
  readonly spaces: readonly number[];
  /** 1 for each source program counter at which a dispatch may arrive; made when asked for. */
  readonly destinations: Uint8Array;
  /** Whether a dispatch may arrive at the source program counter. */
  isDestination(pc: number): boolean;
  /** Bits that a word of a region for words can have set, by its offset; 256 unless told. */
  wordBits?(region: number, offset: number): number;
  /** Whether there is a block with the id. */
  isBlock(id: number): boolean;
  /** Lowers the block with the id; registers of the function are those of the block. */
  lower(id: number): LoweredBlock;
  /** The same in columns, which the next block of any source overwrites. */
  flatten(id: number): FlatBlock;
}

/** Functions of a module that are lowered when somebody asks. */
export interface FunctionSource {
  /** The function with its blocks. */
  lower(index: number): Func;
  /** The same in columns, which the next function of any source overwrites. */
  flatten(index: number): FlatFunc;
}

/** A function of the host, as a module knows it. */
export interface ImportedFunction {
  readonly name: string;
  /** Its number in the module. */
  readonly index: number;
}

/** Bytes that a frame finds in a region when it begins. */
export interface RegionImage {
  readonly region: number;
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/**
 * Code that is a module of closed functions, of which each frame runs one: functions on demand, and
 * what the regions hold at the start. The module's regions are those of frames (`FRAME_REGIONS`),
 * then regions of its own.
 */
export interface ModuleSource extends FunctionSource {
  readonly code: Uint8Array;
  readonly module: Module;
  /** Cell space of the kernel for each space of the module. */
  readonly spaces: readonly number[];
  /** Place of the function that a frame runs. */
  readonly entry: number;
  /** What that function charges first: a frame with less gas has empty regions. */
  readonly startGas: bigint;
  readonly image: readonly RegionImage[];
  /** What the frame reads as its input instead of what it is called with. */
  readonly input: Uint8Array | undefined;
  /** Functions of the host that the module imports, by the places that they have. */
  readonly imports?: ReadonlyMap<number, ImportedFunction>;
}
