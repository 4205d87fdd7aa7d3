/**
 * Assembles modules of the text format to the binary format. Two passes: the first gives every
 * field its index, with what its inline imports, exports and segments stand for, the second writes.
 *
 * Source: WebAssembly core specification, section 6.6 "Modules".
 */
import { EXTERN_KINDS, type ExternKind, FUNCREF, type FuncType, sameFuncType } from '../types.ts';
import { sized, unsigned, unsignedBig, vector } from './bytes.ts';
import { CodeWriter } from './code.ts';
import { Cursor, isList, strangeWord, unsupportedText } from './cursor.ts';
import { type Atom, type List, type Node, readNodes, wrongText } from './lexer.ts';
import type { Scope, Space, TypeUse } from './scope.ts';

const NOUNS: Readonly<Record<Space, string>> = {
  func: 'function',
  table: 'table',
  memory: 'memory',
  global: 'global',
  type: 'type',
  elem: 'elem segment',
  data: 'data segment',
};

/**
 * The binary form of a module: of one list `(module …)`, or of its fields alone.
 *
 * @throws LockstepError L1606 for text that is malformed, L1603 for features that are not there
 */
export function assembleModule(text: string): Uint8Array {
  const nodes = readNodes(text);
  const [only] = nodes;
  if (nodes.length === 1 && isList(only, 'module')) return assembleNodes(only);
  return assembleNodes({ kind: 'list', line: 1, column: 1, items: nodes }, 0);
}

/** @param from - Place of the first field in the list, or of the module's identifier. */
export function assembleNodes(list: List, from = 1): Uint8Array {
  const cursor = new Cursor(list, from);
  cursor.takeId();
  const fields: List[] = [];
  while (!cursor.isAtEnd) {
    const node = cursor.next();
    if (node.kind !== 'list') throw strangeWord(node);
    fields.push(node);
  }
  return new Assembler().assemble(fields);
}

/** What is left of a field behind its identifier, inline imports and exports. */
type Definition = (assembler: Assembler) => void;

class Assembler implements Scope {
  readonly #types: FuncType[] = [];
  readonly #names: Readonly<Record<Space, Map<string, number>>> = {
    ...{ func: new Map(), table: new Map(), memory: new Map(), global: new Map() },
    ...{ type: new Map(), elem: new Map(), data: new Map() },
  };
  readonly #counts: Record<Space, number> = {
    ...{ func: 0, table: 0, memory: 0, global: 0, type: 0, elem: 0, data: 0 },
  };
  readonly #definitions: Definition[] = [];
  readonly #imports: number[][] = [];
  readonly #exports: number[][] = [];
  readonly #functions: number[][] = [];
  readonly #tables: number[][] = [];
  readonly #memories: number[][] = [];
  readonly #globals: number[][] = [];
  readonly #elems: number[][] = [];
  readonly #datas: number[][] = [];
  readonly #bodies: number[][] = [];
  #start: number[] | undefined;
  #hasOwn = false;
  #needsDataCount = false;

  assemble(fields: readonly List[]): Uint8Array {
    for (const field of fields) if (isList(field, 'type')) this.#type(field);
    for (const field of fields) this.#field(field);
    for (const define of this.#definitions) define(this);
    const types = this.#types.map(({ params, results }) => [
      0x60,
      ...sized(params),
      ...sized(results),
    ]);
    const sections = [
      [1, types],
      [2, this.#imports],
      [3, this.#functions],
      [4, this.#tables],
      [5, this.#memories],
      [6, this.#globals],
      [7, this.#exports],
    ] as const;
    const bytes = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
    const write = (id: number, content: readonly number[]): void => {
      bytes.push(id);
      for (const byte of sized(content)) bytes.push(byte);
    };
    for (const [id, items] of sections) if (items.length > 0) write(id, vector(items));
    if (this.#start !== undefined) write(8, this.#start);
    if (this.#elems.length > 0) write(9, vector(this.#elems));
    const hasCount = this.#needsDataCount || this.#datas.length > 0;
    if (hasCount) write(12, unsigned(this.#datas.length));
    if (this.#bodies.length > 0) write(10, vector(this.#bodies));
    if (hasCount) write(11, vector(this.#datas));
    return Uint8Array.from(bytes);
  }

  // ---- scope

  index(space: Space, cursor: Cursor): number {
    if (space === 'data') this.#needsDataCount = true;
    const id = cursor.takeId();
    if (id === undefined) return Number(cursor.number(32));
    const index = this.#names[space].get(id.text);
    if (index === undefined) throw wrongText(id, `unknown ${NOUNS[space]} ${id.text}`);
    return index;
  }

  typeUse(cursor: Cursor, { allowsNames }: { readonly allowsNames: boolean }): TypeUse {
    const { place } = cursor;
    const named = cursor.takeList('type');
    const { type, names, isWritten } = readSignature(cursor, allowsNames);
    if (named === undefined) {
      return { type, names, isNamed: false, index: () => this.#intern(type) };
    }
    const inner = new Cursor(named);
    const index = this.index('type', inner);
    inner.expectEnd();
    const known = this.#types[index];
    if (isWritten && (known === undefined || !sameFuncType(known, type))) {
      throw wrongText(place, known === undefined ? 'unknown type' : 'inline function type');
    }
    return { type: known ?? type, names, isNamed: true, index: () => index };
  }

  #intern(type: FuncType): number {
    const at = this.#types.findIndex((each) => sameFuncType(each, type));
    return at >= 0 ? at : this.#types.push(type) - 1;
  }

  /** Gives the next entry of a space its index. */
  #declare(space: Space, id: Atom | undefined): number {
    const index = this.#counts[space]++;
    if (id === undefined) return index;
    if (this.#names[space].has(id.text)) {
      throw wrongText(id, `duplicate ${NOUNS[space]} ${id.text}`);
    }
    this.#names[space].set(id.text, index);
    return index;
  }

  // ---- fields

  #type(list: List): void {
    const cursor = new Cursor(list);
    this.#declare('type', cursor.takeId());
    const definition = cursor.next();
    if (!isList(definition, 'func')) throw strangeWord(definition);
    const inner = new Cursor(definition);
    this.#types.push(readSignature(inner, true).type);
    inner.expectEnd();
    cursor.expectEnd();
  }

  #field(list: List): void {
    const [head] = list.items;
    const read = head?.kind === 'atom' ? FIELDS[head.text] : undefined;
    if (read === undefined) throw strangeWord(list);
    read(this, new Cursor(list), list);
  }

  /** The inline exports and the inline import of a definition. */
  #inline(kind: ExternKind, cursor: Cursor, index: number): List | undefined {
    for (let list = cursor.takeList('export'); list; list = cursor.takeList('export')) {
      const inner = new Cursor(list);
      this.#export(inner.name(), kind, index);
      inner.expectEnd();
    }
    return cursor.takeList('import');
  }

  #export(name: Uint8Array, kind: ExternKind, index: number): void {
    this.#exports.push([...sized(name), EXTERN_KINDS.indexOf(kind), ...unsigned(index)]);
  }

  /** Writes an import; what is imported is read when all types are known. */
  #import(names: Cursor, kind: ExternKind, read: () => number[]): void {
    if (this.#hasOwn) throw wrongText(names.place, 'import after a definition');
    const prefix = [...sized(names.name()), ...sized(names.name()), EXTERN_KINDS.indexOf(kind)];
    const entry: number[] = [];
    this.#imports.push(entry);
    this.#definitions.push(() => entry.push(...prefix, ...read()));
  }

  import(cursor: Cursor): void {
    const names = cursor;
    const list = cursor.peek(2);
    if (list?.kind !== 'list') throw wrongText(cursor.place, 'unexpected token');
    const inner = new Cursor(list);
    const kind = EXTERN_KINDS.find((each) => isList(list, each));
    if (kind === undefined) throw strangeWord(list);
    this.#declare(kind, inner.takeId());
    this.#import(names, kind, () => this.#externType(kind, inner));
    cursor.next();
    cursor.expectEnd();
  }

  /** The type of an import in the binary format. */
  #externType(kind: ExternKind, cursor: Cursor): number[] {
    const bytes = EXTERN_TYPES[kind](this, cursor);
    cursor.expectEnd();
    return bytes;
  }

  func(cursor: Cursor): void {
    const index = this.#declare('func', cursor.takeId());
    const names = this.#inline('func', cursor, index);
    if (names !== undefined) {
      this.#import(new Cursor(names), 'func', () => this.#externType('func', cursor));
      return;
    }
    this.#hasOwn = true;
    this.#definitions.push(() => {
      const use = this.typeUse(cursor, { allowsNames: true });
      this.#functions.push(unsigned(use.index()));
      const locals = new Map<string, number>();
      use.names.forEach((name, i) => {
        if (name !== undefined) addName(locals, name, i, cursor.place);
      });
      const types = readLocals(cursor, locals, use.type.params.length);
      const code = new CodeWriter(this, locals).expression(cursor);
      this.#bodies.push(sized([...vector(types.map((type) => [1, type])), ...code]));
    });
  }

  table(cursor: Cursor): void {
    const index = this.#declare('table', cursor.takeId());
    const names = this.#inline('table', cursor, index);
    if (names !== undefined) {
      this.#import(new Cursor(names), 'table', () => this.#externType('table', cursor));
      return;
    }
    this.#hasOwn = true;
    this.#definitions.push(() => {
      const first = cursor.peek();
      const isWord = first?.kind === 'atom' && (first.text === 'i32' || first.text === 'i64');
      const isSized = cursor.isAtIndex || isWord;
      const limits = isSized ? readLimits(cursor) : undefined;
      if (!isSized && isList(cursor.peek(1), 'elem')) {
        this.#inlineElems(cursor, index);
        return;
      }
      if (limits === undefined) throw strangeWord(cursor.place);
      const type = cursor.valType();
      const rest = cursor.peek();
      if (rest?.kind === 'list') throw unsupportedText(rest, 'function-references');
      cursor.expectEnd();
      this.#tables.push([type, ...limits]);
    });
  }

  #inlineElems(cursor: Cursor, table: number): void {
    const type = cursor.valType();
    const elems = new Cursor(cursor.next() as List);
    this.#counts.elem++;
    const { items, count, isPlain } = this.#items(elems, type);
    const size = unsigned(count);
    this.#tables.push([type, 1, ...size, ...size]);
    const offset = [...ZERO];
    if (isPlain) this.#elems.push([2, ...unsigned(table), ...offset, 0, ...items]);
    else this.#elems.push([6, ...unsigned(table), ...offset, type, ...items]);
    cursor.expectEnd();
  }

  memory(cursor: Cursor): void {
    const index = this.#declare('memory', cursor.takeId());
    const names = this.#inline('memory', cursor, index);
    if (names !== undefined) {
      this.#import(new Cursor(names), 'memory', () => this.#externType('memory', cursor));
      return;
    }
    this.#hasOwn = true;
    const data = cursor.takeList('data');
    if (data === undefined) {
      this.#memories.push(readLimits(cursor));
    } else {
      const bytes = readStrings(new Cursor(data));
      const pages = unsigned(Math.ceil(bytes.length / 65_536));
      this.#memories.push([1, ...pages, ...pages]);
      this.#counts.data++;
      this.#datas.push([2, ...unsigned(index), ...ZERO, ...sized(bytes)]);
    }
    cursor.expectEnd();
  }

  global(cursor: Cursor): void {
    const index = this.#declare('global', cursor.takeId());
    const names = this.#inline('global', cursor, index);
    if (names !== undefined) {
      this.#import(new Cursor(names), 'global', () => this.#externType('global', cursor));
      return;
    }
    this.#hasOwn = true;
    this.#definitions.push(() => {
      const type = readGlobalType(cursor);
      this.#globals.push([...type, ...new CodeWriter(this).expression(cursor)]);
    });
  }

  export(cursor: Cursor): void {
    const name = cursor.name();
    const list = cursor.next();
    const kind = EXTERN_KINDS.find((each) => isList(list, each));
    if (kind === undefined) throw strangeWord(list);
    const inner = new Cursor(list as List);
    const at = this.#exports.length;
    this.#exports.push([]);
    this.#definitions.push(() => {
      const index = this.index(kind, inner);
      inner.expectEnd();
      this.#export(name, kind, index);
      this.#exports[at] = this.#exports.pop() as number[];
    });
    cursor.expectEnd();
  }

  start(cursor: Cursor, list: List): void {
    if (this.#start !== undefined) throw wrongText(list, 'multiple start sections');
    this.#start = [];
    this.#definitions.push(() => {
      this.#start = unsigned(this.index('func', cursor));
      cursor.expectEnd();
    });
  }

  elem(cursor: Cursor): void {
    this.#declare('elem', cursor.takeId());
    this.#definitions.push(() => {
      if (cursor.takeWord('declare')) {
        this.#passive(cursor, 3);
        return;
      }
      const tableList = cursor.takeList('table');
      const isBare = isBareUse(cursor);
      const hasOffset = tableList !== undefined || isBare || isExpression(cursor.peek());
      if (!hasOffset) {
        this.#passive(cursor, 1);
        return;
      }
      const bare = isBare ? this.index('table', cursor) : 0;
      const table = tableList === undefined ? bare : this.#tableIndex(tableList);
      const offset = this.#offset(cursor);
      const type = this.#elemType(cursor);
      const { items, isPlain } = this.#items(cursor, type);
      const isFirst = table === 0 && type === FUNCREF;
      const kind = isPlain ? [0] : [type];
      const flags = isPlain ? 0 : 4;
      if (isFirst) this.#elems.push([flags, ...offset, ...items]);
      else this.#elems.push([flags | 2, ...unsigned(table), ...offset, ...kind, ...items]);
    });
  }

  #tableIndex(list: List): number {
    const cursor = new Cursor(list);
    const index = this.index('table', cursor);
    cursor.expectEnd();
    return index;
  }

  #passive(cursor: Cursor, flags: number): void {
    const type = this.#elemType(cursor);
    const { items, isPlain } = this.#items(cursor, type);
    if (isPlain) this.#elems.push([flags, 0, ...items]);
    else this.#elems.push([flags | 4, type, ...items]);
  }

  /** The word in front of the items: `func` for a list of functions, or a type. */
  #elemType(cursor: Cursor): number {
    const node = cursor.peek();
    if (cursor.takeWord('func')) return FUNCREF;
    const isType = node?.kind === 'atom' ? !/^[$0-9]/.test(node.text) : isList(node, 'ref');
    return isType ? cursor.valType() : FUNCREF;
  }

  /** Items up to the end: indices of functions, or expressions. */
  #items(cursor: Cursor, type: number): { items: number[]; count: number; isPlain: boolean } {
    const items: number[][] = [];
    const isPlain = type === FUNCREF && (cursor.isAtEnd || cursor.isAtIndex);
    while (!cursor.isAtEnd) {
      if (isPlain) {
        items.push(unsigned(this.index('func', cursor)));
        continue;
      }
      const node = cursor.next();
      if (node.kind !== 'list') throw strangeWord(node);
      items.push(this.#constant(node, 'item'));
    }
    return { items: vector(items), count: items.length, isPlain };
  }

  #offset(cursor: Cursor): number[] {
    const node = cursor.next();
    if (node.kind !== 'list') throw strangeWord(node);
    return this.#constant(node, 'offset');
  }

  /** A constant expression: of a list with the head, or of one folded instruction. */
  #constant(list: List, head: string): number[] {
    const isHeaded = isList(list, head);
    const cursor = isHeaded ? new Cursor(list) : new Cursor(wrap(list), 0);
    return new CodeWriter(this).expression(cursor);
  }

  data(cursor: Cursor): void {
    this.#declare('data', cursor.takeId());
    const at = this.#datas.length;
    this.#datas.push([]);
    this.#definitions.push(() => {
      const memoryList = cursor.takeList('memory');
      const isBare = isBareUse(cursor);
      const isActive = memoryList !== undefined || isBare || isExpression(cursor.peek());
      let head = [1];
      if (isActive) {
        const bare = isBare ? this.index('memory', cursor) : 0;
        const memory = memoryList === undefined ? bare : this.#memoryIndex(memoryList);
        const offset = this.#offset(cursor);
        head = memory === 0 ? [0, ...offset] : [2, ...unsigned(memory), ...offset];
      }
      this.#datas[at] = [...head, ...sized(readStrings(cursor))];
    });
  }

  #memoryIndex(list: List): number {
    const cursor = new Cursor(list);
    const index = this.index('memory', cursor);
    cursor.expectEnd();
    return index;
  }
}

const ZERO = [0x41, 0x00, 0x0b];

function wrap(list: List): List {
  return { ...list, items: [list] };
}

/** Whether a table or memory is named by its bare index, as in version 1.0 of the text format. */
function isBareUse(cursor: Cursor): boolean {
  return cursor.isAtIndex && isExpression(cursor.peek(1));
}

function isExpression(node: Node | undefined): boolean {
  return node?.kind === 'list' && !isList(node, 'item', 'ref');
}

function addName(names: Map<string, number>, name: string, index: number, place: Node): void {
  if (names.has(name)) throw wrongText(place, `duplicate local ${name}`);
  names.set(name, index);
}

interface Signature {
  readonly type: FuncType;
  readonly names: readonly (string | undefined)[];
  readonly isWritten: boolean;
}

/** Parameters, then results. */
function readSignature(cursor: Cursor, allowsNames: boolean): Signature {
  const params: FuncType['params'][number][] = [];
  const results: typeof params = [];
  const names: (string | undefined)[] = [];
  let isWritten = false;
  for (let list = cursor.takeList('param'); list; list = cursor.takeList('param')) {
    isWritten = true;
    const inner = new Cursor(list);
    const id = inner.takeId();
    if (id !== undefined && !allowsNames) throw wrongText(id, 'unexpected token');
    if (id !== undefined) {
      names[params.length] = id.text;
      params.push(inner.valType());
      inner.expectEnd();
    }
    while (!inner.isAtEnd) params.push(inner.valType());
  }
  for (let list = cursor.takeList('result'); list; list = cursor.takeList('result')) {
    isWritten = true;
    const inner = new Cursor(list);
    while (!inner.isAtEnd) results.push(inner.valType());
  }
  const late = cursor.peek();
  if (isList(late, 'param')) throw wrongText(late, 'unexpected token: a parameter behind a result');
  return { type: { params, results }, names: Array.from(names), isWritten };
}

function readLocals(cursor: Cursor, names: Map<string, number>, first: number): number[] {
  const types: number[] = [];
  for (let list = cursor.takeList('local'); list; list = cursor.takeList('local')) {
    const inner = new Cursor(list);
    const id = inner.takeId();
    if (id !== undefined) {
      addName(names, id.text, first + types.length, id);
      types.push(inner.valType());
      inner.expectEnd();
    }
    while (!inner.isAtEnd) types.push(inner.valType());
  }
  return types;
}

/** Sizes in the binary format; past 32 bits the decoder tells what is wrong. */
function readLimits(cursor: Cursor): number[] {
  const node = cursor.peek();
  if (node?.kind === 'atom' && node.text === 'i64') throw unsupportedText(node, 'memory64');
  cursor.takeWord('i32');
  const sizes = [cursor.number(64)];
  if (cursor.isAtIndex) sizes.push(cursor.number(64));
  const bytes = sizes.flatMap(unsignedBig);
  return [sizes.length - 1, ...bytes];
}

function readGlobalType(cursor: Cursor): number[] {
  const list = cursor.takeList('mut');
  if (list === undefined) return [cursor.valType(), 0];
  const inner = new Cursor(list);
  const type = inner.valType();
  inner.expectEnd();
  return [type, 1];
}

function readStrings(cursor: Cursor): Uint8Array {
  const parts: Uint8Array[] = [];
  while (!cursor.isAtEnd) parts.push(cursor.string());
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

type ReadType = (assembler: Assembler, cursor: Cursor) => number[];

const EXTERN_TYPES: Readonly<Record<ExternKind, ReadType>> = {
  func: (assembler, cursor) => {
    return unsigned(assembler.typeUse(cursor, { allowsNames: true }).index());
  },
  table: (_, cursor) => {
    const limits = readLimits(cursor);
    return [cursor.valType(), ...limits];
  },
  memory: (_, cursor) => readLimits(cursor),
  global: (_, cursor) => readGlobalType(cursor),
};

type ReadField = (assembler: Assembler, cursor: Cursor, list: List) => void;

const FIELDS: Readonly<Record<string, ReadField>> = {
  type: () => {},
  import: (assembler, cursor) => assembler.import(cursor),
  func: (assembler, cursor) => assembler.func(cursor),
  table: (assembler, cursor) => assembler.table(cursor),
  memory: (assembler, cursor) => assembler.memory(cursor),
  global: (assembler, cursor) => assembler.global(cursor),
  export: (assembler, cursor) => assembler.export(cursor),
  start: (assembler, cursor, list) => assembler.start(cursor, list),
  elem: (assembler, cursor) => assembler.elem(cursor),
  data: (assembler, cursor) => assembler.data(cursor),
};
