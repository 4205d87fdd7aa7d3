/**
 * Decodes a module: sections to types, index spaces and segments, with the rules of validation that
 * stand outside of function bodies. Bodies are found, not read: `validate.ts` checks one at a time.
 *
 * Source: WebAssembly core specification, sections 5.5 "Modules" and 3.4 "Modules".
 */
import { type ConstScope, readConstExpr } from './const-expr.ts';
import { invalid, malformed, tooMuch, unsupported } from './errors.ts';
import { refTypeOf, valTypeOf } from './instructions.ts';
import { DEFAULT_LIMITS, type WasmLimits } from './limits.ts';
import { Reader } from './reader.ts';
import {
  type Body,
  type DataSegment,
  type ElemSegment,
  EXTERN_KINDS,
  type Export,
  type ExternKind,
  type ExternType,
  FUNCREF,
  type FuncType,
  type GlobalType,
  I32,
  type Import,
  type Limits,
  type MemoryType,
  type TableType,
  type ValType,
  type WasmModule,
} from './types.ts';

const MAGIC = [0x00, 0x61, 0x73, 0x6d];
const VERSION = [0x01, 0x00, 0x00, 0x00];
const PAGES_MAX = 65_536;
const ENTRIES_MAX = 0xffff_ffff;
const TAG_SECTION = 13;
const CUSTOM_SECTION = 0;

/** A module that grows section by section. */
type Draft = { -readonly [Key in keyof WasmModule]: WasmModule[Key] } & {
  types: FuncType[];
  funcs: FuncType[];
  tables: TableType[];
  memories: MemoryType[];
  globals: GlobalType[];
  imports: Import[];
  exports: Export[];
  imported: Record<ExternKind, number>;
  declared: Set<number>;
};

interface Section {
  readonly name: string;
  read(decoder: Decoder): void;
}

/** Known sections in the order in which they may stand. */
const SECTIONS: readonly (readonly [id: number, section: Section])[] = [
  [1, { name: 'type', read: (decoder) => decoder.types() }],
  [2, { name: 'import', read: (decoder) => decoder.imports() }],
  [3, { name: 'function', read: (decoder) => decoder.functions() }],
  [4, { name: 'table', read: (decoder) => decoder.tables() }],
  [5, { name: 'memory', read: (decoder) => decoder.memories() }],
  [6, { name: 'global', read: (decoder) => decoder.globals() }],
  [7, { name: 'export', read: (decoder) => decoder.exports() }],
  [8, { name: 'start', read: (decoder) => decoder.start() }],
  [9, { name: 'element', read: (decoder) => decoder.elements() }],
  [12, { name: 'data count', read: (decoder) => decoder.dataCount() }],
  [10, { name: 'code', read: (decoder) => decoder.code() }],
  [11, { name: 'data', read: (decoder) => decoder.data() }],
];

/**
 * Decodes a module and checks everything but the bodies of its functions.
 *
 * @throws LockstepError L1601 to L1604
 */
export function decodeModule(bytes: Uint8Array, limits: WasmLimits = DEFAULT_LIMITS): WasmModule {
  if (bytes.length > limits.moduleBytes) {
    throw tooMuch(0, 'bytes', bytes.length, limits.moduleBytes);
  }
  return new Decoder(bytes, limits).module();
}

class Decoder {
  readonly #reader: Reader;
  readonly #limits: WasmLimits;
  readonly #draft: Draft;
  /** Type index of each function of the module. */
  #functionTypes: number[] = [];

  constructor(bytes: Uint8Array, limits: WasmLimits) {
    this.#reader = new Reader(bytes);
    this.#limits = limits;
    this.#draft = {
      bytes,
      types: [],
      imports: [],
      funcs: [],
      tables: [],
      memories: [],
      globals: [],
      imported: { func: 0, table: 0, memory: 0, global: 0 },
      globalInits: [],
      exports: [],
      start: undefined,
      elems: [],
      dataCount: undefined,
      bodies: [],
      datas: [],
      declared: new Set(),
      vectors: new Set(),
    };
  }

  module(): WasmModule {
    const reader = this.#reader;
    this.#expect(MAGIC, 'magic header not detected');
    this.#expect(VERSION, 'unknown binary version');
    let place = -1;
    while (!reader.isAtEnd) {
      const at = reader.offset;
      const id = reader.byte();
      const length = reader.u32();
      const start = reader.skip(length);
      const [fileEnd, sectionEnd] = [reader.end, start + length];
      reader.offset = start;
      reader.end = sectionEnd;
      if (id === CUSTOM_SECTION) {
        reader.name();
      } else {
        place = this.#readSection(id, at, place);
        if (reader.offset !== sectionEnd) throw malformed(reader.offset, 'section size mismatch');
      }
      reader.offset = sectionEnd;
      reader.end = fileEnd;
    }
    this.#finish();
    return this.#draft;
  }

  /** Reads a section; returns its place, which must come after the one before. */
  #readSection(id: number, at: number, before: number): number {
    const place = SECTIONS.findIndex(([known]) => known === id);
    const section = SECTIONS[place]?.[1];
    if (id === TAG_SECTION) throw unsupported(at, 'exceptions');
    if (section === undefined) throw malformed(at, `malformed section id ${id}`);
    if (place <= before) {
      const problem = `unexpected content after last section: ${section.name} section out of order`;
      throw malformed(at, problem);
    }
    section.read(this);
    return place;
  }

  #finish(): void {
    const { bodies, datas, dataCount } = this.#draft;
    const { end } = this.#reader;
    if (bodies.length !== this.#functionTypes.length) {
      throw malformed(end, 'function and code section have inconsistent lengths');
    }
    if (dataCount !== undefined && dataCount !== datas.length) {
      throw malformed(end, 'data count and data section have inconsistent lengths');
    }
  }

  #expect(bytes: readonly number[], problem: string): void {
    const { offset } = this.#reader;
    for (const byte of bytes) {
      if (this.#reader.isAtEnd) throw malformed(offset, `unexpected end: ${problem}`);
      if (this.#reader.byte() !== byte) throw malformed(offset, problem);
    }
  }

  /** The count of a vector whose items take a byte at least. */
  #count(what: string, max: number, before = 0): number {
    const at = this.#reader.offset;
    const count = this.#reader.u32();
    if (count + before > max) throw tooMuch(at, what, count + before, max);
    if (count > this.#reader.end - this.#reader.offset) {
      throw malformed(at, 'unexpected end: a length is out of bounds');
    }
    return count;
  }

  #vector<T>(what: string, max: number, read: (index: number) => T, before = 0): T[] {
    const count = this.#count(what, max, before);
    return Array.from({ length: count }, (_, index) => read(index));
  }

  // ---- constant expressions

  get funcCount(): number {
    return this.#draft.funcs.length;
  }

  declare(func: number): void {
    this.#draft.declared.add(func);
  }

  #constant(type: ValType): ReturnType<typeof readConstExpr> {
    const scope: ConstScope = {
      globals: this.#draft.globals,
      funcCount: this.funcCount,
      declare: (func) => this.declare(func),
    };
    return readConstExpr(this.#reader, type, scope);
  }

  // ---- types

  #valType(): ValType {
    const at = this.#reader.offset;
    return valTypeOf(this.#reader.byte(), at);
  }

  #refType(): ValType {
    const at = this.#reader.offset;
    return refTypeOf(this.#reader.byte(), at);
  }

  types(): void {
    const { params, results, types } = this.#limits;
    this.#draft.types = this.#vector('types', types, () => {
      const at = this.#reader.offset;
      const form = this.#reader.byte();
      if (form === 0x5e || form === 0x5f || (form >= 0x4e && form <= 0x50)) {
        throw unsupported(at, 'gc');
      }
      if (form !== 0x60) throw malformed(at, 'malformed function type');
      return {
        params: this.#vector('parameters', params, () => this.#valType()),
        results: this.#vector('results', results, () => this.#valType()),
      };
    });
  }

  #typeIndex(): FuncType {
    const at = this.#reader.offset;
    const index = this.#reader.u32();
    const type = this.#draft.types[index];
    if (type === undefined) throw invalid(at, `unknown type ${index}`);
    return type;
  }

  #sizes(countMax: number, what: string): Limits {
    const reader = this.#reader;
    const at = reader.offset;
    const flags = reader.byte();
    if (flags > 7) throw malformed(at, 'malformed limits flags');
    if (flags >= 4) throw unsupported(at, 'memory64');
    if (flags >= 2) throw unsupported(at, 'threads');
    const min = reader.size();
    const max = flags === 1 ? reader.size() : undefined;
    if (min > countMax || (max ?? 0) > countMax) throw invalid(at, `${what} size too large`);
    if (max !== undefined && min > max) {
      throw invalid(at, 'size minimum must not be greater than maximum');
    }
    return { min, max };
  }

  #tableType(): TableType {
    const at = this.#reader.offset;
    if (this.#reader.peek() === 0x40) throw unsupported(at, 'function-references');
    const type = this.#refType();
    return { type, ...this.#sizes(ENTRIES_MAX, 'table') };
  }

  #memoryType(): MemoryType {
    const at = this.#reader.offset;
    const type = this.#sizes(PAGES_MAX, 'memory');
    if (this.#draft.memories.length > 0) throw unsupported(at, 'multi-memory');
    return type;
  }

  #globalType(): GlobalType {
    const type = this.#valType();
    const at = this.#reader.offset;
    const mutability = this.#reader.byte();
    if (mutability > 1) throw malformed(at, 'malformed mutability');
    return { type, isMutable: mutability === 1 };
  }

  // ---- sections

  imports(): void {
    this.#draft.imports = this.#vector('imports', this.#limits.imports, () => {
      const [module, name] = [this.#reader.name(), this.#reader.name()];
      return { module, name, extern: this.#extern() };
    });
  }

  #extern(): ExternType {
    const draft = this.#draft;
    const kind = this.#externKind('import');
    draft.imported[kind]++;
    switch (kind) {
      case 'func': {
        const type = this.#typeIndex();
        draft.funcs.push(type);
        return { kind, type };
      }
      case 'table': {
        const type = this.#tableType();
        draft.tables.push(type);
        return { kind, type };
      }
      case 'memory': {
        const type = this.#memoryType();
        draft.memories.push(type);
        return { kind, type };
      }
      case 'global': {
        const type = this.#globalType();
        draft.globals.push(type);
        return { kind, type };
      }
    }
  }

  #externKind(what: string): ExternKind {
    const at = this.#reader.offset;
    const byte = this.#reader.byte();
    if (byte === 4) throw unsupported(at, 'exceptions');
    const kind = EXTERN_KINDS[byte];
    if (kind === undefined) throw malformed(at, `malformed ${what} kind`);
    return kind;
  }

  functions(): void {
    const { funcs } = this.#draft;
    const { length } = funcs;
    this.#functionTypes = this.#vector(
      'functions',
      this.#limits.funcs,
      () => {
        const at = this.#reader.offset;
        const type = this.#typeIndex();
        funcs.push(type);
        this.#reader.offset = at;
        return this.#reader.u32();
      },
      length,
    );
  }

  tables(): void {
    const { tables } = this.#draft;
    const read = (): void => {
      tables.push(this.#tableType());
    };
    this.#vector('tables', this.#limits.tables, read, tables.length);
  }

  memories(): void {
    const { memories } = this.#draft;
    this.#vector('memories', PAGES_MAX, () => memories.push(this.#memoryType()));
  }

  globals(): void {
    const { globals } = this.#draft;
    const read = (): ReturnType<typeof readConstExpr> => {
      const type = this.#globalType();
      const init = this.#constant(type.type);
      globals.push(type);
      return init;
    };
    const { length } = globals;
    this.#draft.globalInits = this.#vector('globals', this.#limits.globals, read, length);
  }

  exports(): void {
    const draft = this.#draft;
    const spaces: Readonly<Record<ExternKind, readonly unknown[]>> = {
      func: draft.funcs,
      table: draft.tables,
      memory: draft.memories,
      global: draft.globals,
    };
    const names = new Set<string>();
    draft.exports = this.#vector('exports', this.#limits.exports, () => {
      const at = this.#reader.offset;
      const name = this.#reader.name();
      const kind = this.#externKind('export');
      const index = this.#reader.u32();
      if (index >= spaces[kind].length) throw invalid(at, `unknown ${NOUNS[kind]} ${index}`);
      if (names.has(name)) throw invalid(at, `duplicate export name ${JSON.stringify(name)}`);
      names.add(name);
      if (kind === 'func') draft.declared.add(index);
      return { name, kind, index };
    });
  }

  start(): void {
    const at = this.#reader.offset;
    const index = this.#reader.u32();
    const type = this.#draft.funcs[index];
    if (type === undefined) throw invalid(at, `unknown function ${index}`);
    if (type.params.length > 0 || type.results.length > 0) throw invalid(at, 'start function');
    this.#draft.start = index;
  }

  /** Flags: 1 passive or declarative, 2 a table index or declarative, 4 items are expressions. */
  elements(): void {
    this.#draft.elems = this.#vector('element segments', this.#limits.elems, () => {
      const at = this.#reader.offset;
      const flags = this.#reader.u32();
      if (flags > 7) throw malformed(at, 'malformed elements segment kind');
      const isActive = (flags & 1) === 0;
      const mode = isActive ? 'active' : (flags & 2) === 0 ? 'passive' : 'declarative';
      const table = isActive && (flags & 2) !== 0 ? this.#reader.u32() : 0;
      const tableType = this.#draft.tables[table];
      if (isActive && tableType === undefined) throw invalid(at, `unknown table ${table}`);
      const offset = isActive ? this.#constant(I32) : [];
      const segment = this.#items(flags);
      if (isActive && tableType?.type !== segment.type) throw invalid(at, 'type mismatch');
      return { mode, table, offset, ...segment };
    });
  }

  #items(flags: number): Pick<ElemSegment, 'type' | 'items'> {
    const reader = this.#reader;
    const hasType = (flags & 3) !== 0;
    if ((flags & 4) !== 0) {
      const type = hasType ? this.#refType() : FUNCREF;
      return { type, items: this.#vector('elements', ENTRIES_MAX, () => this.#constant(type)) };
    }
    const at = reader.offset;
    if (hasType && reader.byte() !== 0) throw malformed(at, 'malformed element kind');
    const items = this.#vector('elements', ENTRIES_MAX, () => {
      const index = reader.u32();
      if (index >= this.funcCount) throw invalid(at, `unknown function ${index}`);
      this.declare(index);
      return [{ op: 'func', index } as const];
    });
    return { type: FUNCREF, items };
  }

  dataCount(): void {
    this.#draft.dataCount = this.#reader.u32();
  }

  code(): void {
    const reader = this.#reader;
    const at = reader.offset;
    this.#draft.bodies = this.#vector('bodies', ENTRIES_MAX, (index): Body => {
      const size = reader.u32();
      if (size > this.#limits.bodyBytes) {
        throw tooMuch(reader.offset, 'bytes in a function', size, this.#limits.bodyBytes);
      }
      const start = reader.skip(size);
      const type = this.#functionTypes[index];
      if (type === undefined) {
        throw malformed(at, 'function and code section have inconsistent lengths');
      }
      return { type, start, end: start + size };
    });
  }

  data(): void {
    this.#draft.datas = this.#vector('data segments', this.#limits.datas, (): DataSegment => {
      const at = this.#reader.offset;
      const flags = this.#reader.u32();
      if (flags > 2) throw malformed(at, 'malformed data segment kind');
      const mode = flags === 1 ? 'passive' : 'active';
      const memory = flags === 2 ? this.#reader.u32() : 0;
      if (mode === 'active' && this.#draft.memories[memory] === undefined) {
        throw invalid(at, `unknown memory ${memory}`);
      }
      const offset = mode === 'active' ? this.#constant(I32) : [];
      const size = this.#reader.u32();
      const start = this.#reader.skip(size);
      return { mode, offset, bytes: this.#draft.bytes.subarray(start, start + size) };
    });
  }
}

const NOUNS: Readonly<Record<ExternKind, string>> = {
  func: 'function',
  table: 'table',
  memory: 'memory',
  global: 'global',
};
