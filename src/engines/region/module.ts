/**
 * A module of compiled code: what it imports of the kernel, its helpers, and a function for each
 * region in the order in which they are written.
 */
import type { LazySource } from '../../dmir/lazy.ts';
import { INITIAL_PAGES } from '../../kernel/layout.ts';
import { I32, I64, ModuleWriter, type ValueType } from '../wasm/encoder.ts';
import { RegionEmitter } from './emit.ts';
import { addHelpers } from './helpers.ts';
import type { Region } from './region.ts';

export interface CompileInput {
  readonly source: LazySource;
  /** Blocks that were reached, the ones to compile, in order. */
  readonly blocks: readonly number[];
}

export interface CompiledModule {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** What the interpreter enters. */
  readonly entries: readonly Entry[];
  /**
   * Places of regions. An instance puts their functions into the kernel's table, in this order,
   * from the place that is the global `first`. What is not exported needs no object of the
   * platform.
   */
  readonly places: number;
  /**
   * Blocks whose addresses in the interpreter the code asks for: 32 bits each, in this order, from
   * the address that is the global `targets`.
   */
  readonly targets: readonly number[];
  /** Whether it reads the bytes of the program's code, which must be in the machine then. */
  readonly readsCode: boolean;
}

/** An engine's compiler: undefined where none of the blocks can be compiled. */
export type Compiler = (input: CompileInput) => CompiledModule | undefined;

/** A block that the interpreter enters, and the place of its region. */
export interface Entry {
  readonly root: number;
  readonly place: number;
}

const TARGET_BYTES = 4;
const REGION_PARAMS: readonly ValueType[] = [I32, I32, I64, I64];
/** Functions of the kernel with other parameters than pointers alone: P pointer, L limb. */
const RUNTIME: Readonly<Record<string, readonly [params: string, result: string]>> = {
  rtGrow: ['PLLL', 'L'],
  rtKeccak: ['PPPPL', 'L'],
  rtCellLoad: ['PPPPL', 'L'],
  rtCellStore: ['PPPPL', 'L'],
  rtCopy: ['PPPPPL', 'L'],
  rtLoadZero: ['PPPP', ''],
  rtLog: ['PPPL', 'L'],
  rtFinish: ['PPPL', 'L'],
  rtChargeDyn: ['PL', 'L'],
  rtStore8: ['PPPL', 'L'],
  rtMul: ['PPP', ''],
  rtUdiv: ['PPP', ''],
  rtSdiv: ['PPP', ''],
  rtUrem: ['PPP', ''],
  rtSrem: ['PPP', ''],
  rtAddmod: ['PPPP', ''],
  rtMulmod: ['PPPP', ''],
  rtPow: ['PPP', ''],
  rtByte: ['PPP', ''],
  rtShl: ['PPP', ''],
  rtUshr: ['PPP', ''],
  rtSshr: ['PPP', ''],
  rtClz: ['PP', ''],
};

const typesOf = (text: string): ValueType[] =>
  [...text].map((letter) => (letter === 'P' ? I32 : I64));

/** A module that is being written, region by region. */
export class RegionModule {
  readonly #module = new ModuleWriter();
  readonly #targets = new Map<number, number>();
  readonly #indices = new Map<string, number>();
  readonly #emitter: RegionEmitter;
  readonly #type: number;
  #readsCode = false;
  /** Index of the first region's function, and of the global with its place in the table. */
  readonly #first: number;
  readonly #firstPlace: number;

  constructor() {
    const module = this.#module;
    const indices = this.#indices;
    module.importMemory('env', 'memory', INITIAL_PAGES);
    module.importTable('env', 'table');
    module.importGlobal('env', 'targets', I32);
    this.#firstPlace = module.importGlobal('env', 'first', I32);
    for (const [name, [params, result]] of Object.entries(RUNTIME)) {
      const type = module.type(typesOf(params), typesOf(result));
      indices.set(name, module.importFunction('env', name, type));
    }
    indices.set('fetch', module.importFunction('env', 'fetch', module.type([I32, I32], [])));
    this.#type = module.type(REGION_PARAMS, [I32]);
    indices.set('regionType', this.#type);
    addHelpers(module, indices);
    this.#first = module.nextFunction;
    this.#emitter = new RegionEmitter({
      functionOf: (place) => this.#first + place,
      targetOf: (id) => this.#targetOf(id),
      index: (name) => indices.get(name) as number,
    });
  }

  /** Writes the function of the region whose place is next. */
  add(region: Region): void {
    this.#emitter.emit(region);
    if (region.readsCode) this.#readsCode = true;
    this.#module.addFunction(this.#type, this.#emitter.locals, this.#emitter.body);
  }

  #targetOf(id: number): number {
    const known = this.#targets.get(id);
    if (known !== undefined) return known;
    const offset = this.#targets.size * TARGET_BYTES;
    this.#targets.set(id, offset);
    return offset;
  }

  /** The module, with the regions that the interpreter enters. */
  finish(entries: readonly Entry[]): CompiledModule {
    const places = this.#module.nextFunction - this.#first;
    const indices = Array.from({ length: places }, (_, place) => this.#first + place);
    this.#module.placeFunctions(this.#firstPlace, indices);
    const targets = [...this.#targets.keys()];
    const bytes = this.#module.finish();
    return { bytes, entries, places, targets, readsCode: this.#readsCode };
  }
}
