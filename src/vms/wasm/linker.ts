/**
 * Makes instances: matches imports, allocates what a module owns, evaluates initial values and
 * writes active segments, in the order of the specification. Functions get places that hold for all
 * modules of dMIR that are linked from them.
 *
 * Source: WebAssembly core specification, sections 4.5.3 "Modules" and 3.2.8 "Import Subtyping".
 */
import type { FuncBuilder } from '../../dmir/builder.ts';
import { evaluate } from './const-expr.ts';
import {
  bytesToValue,
  type Extern,
  type FuncEntity,
  type FuncSource,
  type GlobalEntity,
  type HostFunction,
  type Instance,
  isFunc,
  link,
  type MemoryEntity,
  type SegmentEntity,
  type TableEntity,
  valueToBytes,
} from './entities.ts';
import { unlinkable } from './errors.ts';
import { DEFAULT_LIMITS, type WasmLimits } from './limits.ts';
import { valueShift } from './linkage.ts';
import { vectorFunctionOf } from './lower-vectors.ts';
import { OPCODE } from './opcodes.ts';
import { PAGE_BYTES } from './program.ts';
import {
  type ConstExpr,
  type ExternType,
  type FuncType,
  type GlobalType,
  type Import,
  type Limits,
  type MemoryType,
  sameFuncType,
  type TableType,
  type ValType,
  type WasmModule,
} from './types.ts';
import type { VectorName } from './vector-opcodes.ts';

/** Gives what a module imports; undefined where there is nothing of the name. */
export type Imports = (module: string, name: string) => Extern | undefined;

/** An instance, or why its segments could not be written; the start function has not run. */
export type Linked =
  | { readonly kind: 'instance'; readonly instance: Instance }
  | { readonly kind: 'trap'; readonly trap: 'out-of-bounds' };

export class Linker {
  readonly limits: WasmLimits;
  /** Functions by place; place 0, the null reference, has none. */
  readonly funcs: (FuncEntity | undefined)[] = [undefined];
  /** Instances made so far; what an instance reaches changes with it only. */
  instanceCount = 0;
  readonly #signatures = new Map<string, number>();
  readonly #vectors = new Map<VectorName, number>();

  constructor(limits: WasmLimits = DEFAULT_LIMITS) {
    this.limits = limits;
  }

  /** Place of a function that has the signature. */
  signature(type: FuncType): number {
    const key = `${type.params.join()}>${type.results.join()}`;
    const known = this.#signatures.get(key);
    if (known !== undefined) return known;
    const { place } = this.#func(type, { kind: 'signature' });
    this.#signatures.set(key, place);
    return place;
  }

  /** Place of the function of a vector instruction. */
  vector(name: VectorName): number {
    const known = this.#vectors.get(name);
    if (known !== undefined) return known;
    const { operands, results } = OPCODE[name];
    const type = { params: operands as readonly ValType[], results };
    const { place } = this.#func(type, { kind: 'vector', name });
    this.#vectors.set(name, place);
    return place;
  }

  #func(type: FuncType, source: FuncSource): FuncEntity {
    const func: FuncEntity = { kind: 'func', place: this.funcs.length, type, source };
    this.funcs.push(func);
    return func;
  }

  // ---- entities of the host

  hostFunction(type: FuncType, run: HostFunction): FuncEntity {
    return this.#func(type, { kind: 'host', run });
  }

  /** A function of the machine, in operations of dMIR. */
  writtenFunction(type: FuncType, write: (builder: FuncBuilder) => void): FuncEntity {
    return this.#func(type, { kind: 'written', write });
  }

  /** @throws LockstepError L1605 where it begins with more entries than the limit */
  table(type: TableType): TableEntity {
    this.#checkSize(type.min, this.limits.tableEntries, 'table entries');
    const bytes = new Uint8Array(type.min << valueShift(type.type));
    return { kind: 'table', type, bytes, holders: new Set() };
  }

  /** @throws LockstepError L1605 where it begins with more pages than the limit */
  memory(type: MemoryType): MemoryEntity {
    this.#checkSize(type.min, this.limits.memoryPages, 'pages of memory');
    return { kind: 'memory', type, bytes: new Uint8Array(type.min * PAGE_BYTES) };
  }

  global(type: GlobalType, value: bigint): GlobalEntity {
    const bytes = valueToBytes(type.type, value);
    return { kind: 'global', type, bytes, holders: new Set() };
  }

  #checkSize(count: number, max: number, what: string): void {
    if (count <= max) return;
    throw unlinkable(`it has ${count} ${what} at the start, and the limit is ${max}`);
  }

  // ---- instances

  /** @throws LockstepError L1605 */
  instantiate(module: WasmModule, imports: Imports): Linked {
    const given = module.imports.map((each) => resolveImport(each, imports));
    const instance = this.#allocate(module, given);
    link(instance);
    this.instanceCount++;
    const isWritten = writeElems(instance) && writeDatas(instance);
    return isWritten ? { kind: 'instance', instance } : { kind: 'trap', trap: 'out-of-bounds' };
  }

  #allocate(module: WasmModule, given: readonly Extern[]): Instance {
    const imported = <Kind extends Extern['kind']>(kind: Kind) =>
      given.filter((extern): extern is Extract<Extern, { kind: Kind }> => extern.kind === kind);
    const funcs: FuncEntity[] = imported('func');
    const globals: GlobalEntity[] = imported('global');
    const exports = new Map<string, Extern>();
    const [elems, datas]: [SegmentEntity[], SegmentEntity[]] = [[], []];
    const own = <T>(all: readonly T[], kind: Extern['kind']): readonly T[] =>
      all.slice(module.imported[kind]);
    const instance: Instance = {
      ...{ module, links: new Set(), funcs, globals, elems, datas, exports },
      tables: [
        ...imported('table'),
        ...own(module.tables, 'table').map((type) => this.table(type)),
      ],
      memories: [
        ...imported('memory'),
        ...own(module.memories, 'memory').map((type) => this.memory(type)),
      ],
    };
    for (const type of module.types) this.signature(type);
    for (const name of module.vectors) {
      const called = vectorFunctionOf(name);
      if (called !== undefined) this.vector(called);
    }
    for (const type of own(module.funcs, 'func')) {
      funcs.push(this.#func(type, { kind: 'body', instance, index: funcs.length }));
    }
    own(module.globals, 'global').forEach((type, i) => {
      const value = evaluateIn(instance, module.globalInits[i] as ConstExpr);
      globals.push(this.global(type, value));
    });
    for (const { type, items } of module.elems) {
      elems.push({ bytes: itemBytes(instance, type, items) });
    }
    for (const { bytes } of module.datas) datas.push({ bytes });
    for (const { name, kind, index } of module.exports) {
      exports.set(name, spaceOf(instance, kind)[index] as Extern);
    }
    return instance;
  }
}

function spaceOf(instance: Instance, kind: Extern['kind']): readonly Extern[] {
  switch (kind) {
    case 'func':
      return instance.funcs;
    case 'table':
      return instance.tables;
    case 'memory':
      return instance.memories;
    case 'global':
      return instance.globals;
  }
}

/** The value of a constant expression of the instance's module. */
export function evaluateIn({ funcs, globals }: Instance, expression: ConstExpr): bigint {
  return evaluate(expression, {
    global: (index) => bytesToValue((globals[index] as GlobalEntity).bytes),
    func: (index) => BigInt((funcs[index] as FuncEntity).place),
  });
}

function itemBytes(instance: Instance, type: ValType, items: readonly ConstExpr[]): Uint8Array {
  const bytes = new Uint8Array(items.length << valueShift(type));
  items.forEach((item, i) => {
    bytes.set(valueToBytes(type, evaluateIn(instance, item)), i << valueShift(type));
  });
  return bytes;
}

/** Writes active segments into tables; false where one does not fit. */
function writeElems(instance: Instance): boolean {
  const { module, elems, tables } = instance;
  for (const [i, { mode, type, table, offset }] of module.elems.entries()) {
    const segment = elems[i] as SegmentEntity;
    if (mode === 'active') {
      const start = Number(evaluateIn(instance, offset)) * 2 ** valueShift(type);
      if (!write((tables[table] as TableEntity).bytes, segment.bytes, start)) return false;
    }
    if (mode !== 'passive') segment.bytes = new Uint8Array(0);
  }
  return true;
}

/** Writes active segments into the memory; false where one does not fit. */
function writeDatas(instance: Instance): boolean {
  const { module, datas, memories } = instance;
  for (const [i, { mode, offset }] of module.datas.entries()) {
    if (mode !== 'active') continue;
    const segment = datas[i] as SegmentEntity;
    const start = Number(evaluateIn(instance, offset));
    if (!write((memories[0] as MemoryEntity).bytes, segment.bytes, start)) return false;
    segment.bytes = new Uint8Array(0);
  }
  return true;
}

function write(target: Uint8Array, bytes: Uint8Array, start: number): boolean {
  if (start + bytes.length > target.length) return false;
  target.set(bytes, start);
  return true;
}

function resolveImport(wanted: Import, imports: Imports): Extern {
  const { module, name, extern: type } = wanted;
  const what = `${JSON.stringify(module)} ${JSON.stringify(name)}`;
  const extern = imports(module, name);
  if (extern === undefined) throw unlinkable(`unknown import ${what}`);
  if (!isMatching(extern, type)) {
    throw unlinkable(`incompatible import type of ${what}, which is a ${extern.kind}`);
  }
  return extern;
}

function isMatching(extern: Extern, wanted: ExternType): boolean {
  if (isFunc(extern)) return wanted.kind === 'func' && sameFuncType(extern.type, wanted.type);
  switch (extern.kind) {
    case 'table': {
      if (wanted.kind !== 'table' || extern.type.type !== wanted.type.type) return false;
      const count = extern.bytes.length >> valueShift(extern.type.type);
      return isWithin(count, extern.type, wanted.type);
    }
    case 'memory': {
      if (wanted.kind !== 'memory') return false;
      return isWithin(extern.bytes.length / PAGE_BYTES, extern.type, wanted.type);
    }
    case 'global': {
      if (wanted.kind !== 'global') return false;
      const { type, isMutable } = wanted.type;
      return extern.type.type === type && extern.type.isMutable === isMutable;
    }
  }
}

/** Whether something of a size and a greatest size may be imported under limits. */
function isWithin(count: number, { max }: Limits, wanted: Limits): boolean {
  if (count < wanted.min) return false;
  return wanted.max === undefined || (max !== undefined && max <= wanted.max);
}
