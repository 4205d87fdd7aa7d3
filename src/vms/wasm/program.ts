/**
 * Links what an instance reaches into one module of dMIR: regions for cells, memories and tables,
 * and a place for every function of the store. Functions are declared, and lowered when a run
 * first enters them.
 */
import { createModule, FuncBuilder } from '../../dmir/builder.ts';
import { FlatFunc, flattenFunc } from '../../dmir/flat-func.ts';
import { createFunc, type Func, type HostDecl, type Module, type Region } from '../../dmir/ir.ts';
import type { FunctionSource } from '../../dmir/lazy.ts';
import { TRAP_KINDS } from '../../dmir/ops.ts';
import { prune } from '../../dmir/passes/prune.ts';
import { shortcut } from '../../dmir/passes/shortcut.ts';
import type {
  FuncEntity,
  GlobalEntity,
  Instance,
  MemoryEntity,
  Reach,
  SegmentEntity,
  TableEntity,
} from './entities.ts';
import { unlinkable } from './errors.ts';
import { gasBehind, type Ranges, type WasmGas } from './gas.ts';
import type { WasmLimits } from './limits.ts';
import { dmirParams, dmirTypes, type Linkage, type SegmentCells, valueShift } from './linkage.ts';
import { lowerFunction } from './lower.ts';
import type { Body } from './types.ts';
import type { VectorName } from './vector-opcodes.ts';
import { writeVector } from './vectors.ts';

/** Most regions of a module of dMIR. */
const REGIONS_MAX = 8;
const CELLS = 'cells';
const LENGTH_BYTES = 8;
export const PAGE_BYTES = 65_536;
const UNREACHABLE = TRAP_KINDS.indexOf('unreachable');
/** Pages that a 32-bit address reaches, and of entries what an index does. */
const PAGES_MAX = 65_536;

/** What a program is linked from. */
export interface ProgramOptions {
  /** All functions of the store by their place; place 0 has none. */
  readonly funcs: readonly (FuncEntity | undefined)[];
  /** A function with the signature, by its key. */
  signature(type: FuncEntity['type']): number;
  /** Place of the function of a vector instruction. */
  vector(name: VectorName): number;
  readonly gas: WasmGas;
  readonly limits: WasmLimits;
  /** Of a contract: the machine's part of the module. */
  readonly frame?: ModuleFrame;
}

/** What a module that runs in frames has besides its own. */
export interface ModuleFrame {
  /** Those of a frame; what the module calls `memory` and `cells` stands for its own. */
  readonly regions: readonly Region[];
  readonly spaces: readonly string[];
  readonly hosts: readonly HostDecl[];
}

type BodySource = Extract<FuncEntity['source'], { readonly kind: 'body' }>;

/** A region whose bytes are those of an entity. */
interface Bound {
  readonly name: string;
  readonly entity: TableEntity | MemoryEntity;
}

export class WasmProgram implements FunctionSource {
  readonly module: Module;
  readonly #options: ProgramOptions;
  readonly #bound: Bound[] = [];
  readonly #regions = new Map<TableEntity | MemoryEntity, number>();
  readonly #globals = new Map<GlobalEntity, number>();
  readonly #segments = new Map<SegmentEntity, SegmentCells>();
  readonly #linkages = new Map<Instance, Linkage>();
  readonly #cells: number;
  #cellBytes = 0;

  /** @throws LockstepError L1605 where there are more memories and tables than fit */
  constructor(reach: Reach, options: ProgramOptions) {
    this.#options = options;
    this.module = createModule('wasm');
    const { regions = [], spaces = [], hosts = [] } = options.frame ?? {};
    this.module.regions.push(...regions.map((region) => ({ ...region })));
    this.module.spaces.push(...spaces);
    this.module.hosts.push(...hosts);
    for (const global of reach.globals) {
      this.#globals.set(global, this.#take(global.bytes.length));
    }
    for (const { elems, datas } of reach.instances) {
      for (const segment of [...elems, ...datas]) {
        const lengthAddress = this.#take(LENGTH_BYTES);
        this.#segments.set(segment, { lengthAddress, address: this.#take(segment.bytes.length) });
      }
    }
    // The interpreter finds whole words of a region at once.
    const size = (this.#cellBytes + 31) & -32;
    this.#cellBytes = size;
    this.#cells = this.#place(CELLS, size, size);
    for (const memory of reach.memories) this.#bind('memory', memory);
    for (const table of reach.tables) this.#bind('table', table);
    this.module.funcs = options.funcs.map((entity) => this.#declare(reach, entity));
  }

  /** Addresses are multiples of 8, so that accesses are aligned. */
  #take(bytes: number): number {
    const address = this.#cellBytes;
    this.#cellBytes = (address + bytes + 7) & -8;
    return address;
  }

  #bind(kind: 'memory' | 'table', entity: TableEntity | MemoryEntity): void {
    const isFrames = kind === 'memory' && this.#options.frame !== undefined;
    const name = isFrames ? kind : `${kind}${this.module.regions.length}`;
    const max = maxBytes(entity, this.#options.limits);
    this.#regions.set(entity, this.#place(name, entity.bytes.length, max));
    this.#bound.push({ name, entity });
  }

  /** Number of a region of the module's own: that of its name in the frame, or the next. */
  #place(name: string, min: number, max: number): number {
    const { regions } = this.module;
    const known = regions.findIndex((region) => region.name === name);
    const index = known < 0 ? regions.length : known;
    if (index === REGIONS_MAX) {
      const own = REGIONS_MAX - (this.#options.frame?.regions.length ?? 1);
      throw unlinkable(`it, with what it reaches, has more than ${own} memories and tables`);
    }
    regions[index] = { name, bounds: 'trap', writable: true, min, max };
    return index;
  }

  #declare({ instances }: Reach, entity: FuncEntity | undefined): Func {
    const source = entity?.source;
    const isForeign = source?.kind === 'body' && !instances.has(source.instance);
    if (entity === undefined || isForeign) return NO_FUNCTION;
    const func = createFunc(`f${entity.place}`, false);
    func.params = dmirParams(entity.type);
    func.results = dmirTypes(entity.type.results);
    if (source?.kind === 'host') {
      const { name, results } = func;
      const params = dmirTypes(entity.type.params);
      const decl: HostDecl = {
        ...{ name, params, results, gas: 0, reads: [], writes: [], deterministic: false },
      };
      this.module.hosts.push(decl);
    }
    return func;
  }

  /** The function at a place with its blocks. */
  lower(place: number): Func {
    return this.flatten(place).toFunc();
  }

  /** The same in columns, which the next function overwrites. */
  flatten(place: number): FlatFunc {
    const { source } = this.#options.funcs[place] as FuncEntity;
    if (source.kind !== 'body') return flattenFunc(this.#write(place), FLAT);
    this.#lowerBody(place, source);
    shortcut(FLAT);
    prune(FLAT);
    return FLAT;
  }

  /** Lowers a body to the columns; gives its ranges of code. */
  #lowerBody(place: number, { instance, index }: BodySource): Ranges {
    const { module } = instance;
    const body = module.bodies[index - module.imported.func] as Body;
    const { name } = this.module.funcs[place] as Func;
    return lowerFunction(module, body, name, this.#linkageOf(instance), FLAT);
  }

  /** A function that is no body of a module. */
  #write(place: number): Func {
    const { source, type } = this.#options.funcs[place] as FuncEntity;
    const declared = this.module.funcs[place] as Func;
    if (source.kind === 'host') return this.#suspension(declared, type.params.length);
    const { name, params, results } = declared;
    const func = Object.assign(createFunc(name, false), { params, results });
    const builder = new FuncBuilder(this.module, func);
    if (source.kind === 'written') {
      source.write(builder);
      return builder.func;
    }
    const args = builder.block(0, params);
    if (source.kind === 'vector') {
      builder.end('return', { args: [writeVector(builder, source.name, args)] });
    } else {
      builder.end('trap', { imm: UNREACHABLE });
    }
    return builder.func;
  }

  /**
   * What the function at a place, which trapped at an offset of its module, had paid for
   * instructions behind it: a range of code is charged at its head.
   */
  unusedGas(place: number, offset: number): bigint {
    const { source } = this.#options.funcs[place] as FuncEntity;
    if (source.kind !== 'body') return 0n;
    const ranges = this.#lowerBody(place, source);
    return gasBehind(source.instance.module.bytes, ranges, offset, this.#options.gas);
  }

  /** A function of the host is one that suspends and returns what the host answers. */
  #suspension({ name, params, results }: Func, count: number): Func {
    const func = createFunc(name, false);
    func.params = params;
    func.results = results;
    const builder = new FuncBuilder(this.module, func);
    const args = builder.block(0, params).slice(0, count);
    builder.end('suspend', { imm: name, args, targets: [[1]] });
    const answers = builder.block(1, results);
    builder.end('return', { args: answers });
    return func;
  }

  #linkageOf(instance: Instance): Linkage {
    const known = this.#linkages.get(instance);
    if (known !== undefined) return known;
    const { funcs, tables, memories, globals, elems, datas } = instance;
    const region = (entity: TableEntity | MemoryEntity | undefined): number =>
      entity === undefined ? this.#cells : (this.#regions.get(entity) as number);
    const linkage: Linkage = {
      module: this.module,
      gas: this.#options.gas,
      cells: this.#cells,
      memory: region(memories[0]),
      place: (index) => (funcs[index] as FuncEntity).place,
      signature: (type) => this.#options.signature(type),
      vector: (name) => this.#options.vector(name),
      table: (index) => region(tables[index]),
      global: (index) => this.#globals.get(globals[index] as GlobalEntity) as number,
      data: (index) => this.#segments.get(datas[index] as SegmentEntity) as SegmentCells,
      elem: (index) => this.#segments.get(elems[index] as SegmentEntity) as SegmentCells,
    };
    this.#linkages.set(instance, linkage);
    return linkage;
  }

  // ---- content

  /** Contents of the regions at the start of a run. */
  content(): Map<string, Uint8Array> {
    const cells = new Uint8Array(this.#cellBytes);
    const view = new DataView(cells.buffer);
    for (const [{ bytes }, address] of this.#globals) cells.set(bytes, address);
    for (const [{ bytes }, { address, lengthAddress }] of this.#segments) {
      view.setUint32(lengthAddress, bytes.length, true);
      cells.set(bytes, address);
    }
    const content = new Map<string, Uint8Array>([[CELLS, cells]]);
    for (const { name, entity } of this.#bound) content.set(name, entity.bytes);
    return content;
  }

  /** Gives the entities the contents of the regions at the end of a run. */
  keep(content: ReadonlyMap<string, Uint8Array>): void {
    const cells = content.get(CELLS) as Uint8Array;
    const view = new DataView(cells.buffer, cells.byteOffset, cells.byteLength);
    for (const [global, address] of this.#globals) {
      global.bytes = cells.slice(address, address + global.bytes.length);
    }
    for (const [segment, { lengthAddress }] of this.#segments) {
      if (view.getUint32(lengthAddress, true) === 0) segment.bytes = NO_BYTES;
    }
    for (const { name, entity } of this.#bound) entity.bytes = content.get(name) as Uint8Array;
  }
}

const NO_BYTES = new Uint8Array(0);

/** Functions are lowered to it, one after the other. */
const FLAT = new FlatFunc();

/** Stands at places where a program has no function: calls of it trap. */
const NO_FUNCTION = createFunc('none', true);

/** Bytes that a memory or a table may have at most, by its type and by the limits. */
export function maxBytes({ type, kind }: TableEntity | MemoryEntity, limits: WasmLimits): number {
  if (kind === 'memory') {
    return Math.min(type.max ?? PAGES_MAX, limits.memoryPages) * PAGE_BYTES;
  }
  const { type: entry } = type as TableEntity['type'];
  return Math.min(type.max ?? limits.tableEntries, limits.tableEntries) << valueShift(entry);
}
