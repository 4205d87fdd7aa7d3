/**
 * Writes WebAssembly modules: sections, types, imports, functions, element segments
 * (WebAssembly core specification 3.0, chapter 5).
 *
 * The writer knows the binary format and nothing of what the code means; who writes an operation
 * that does not fit its operands gets a module that does not validate.
 */
import { ByteSink } from './byte-sink.ts';

export const I32 = 0x7f;
export const I64 = 0x7e;
export const F32 = 0x7d;
export const F64 = 0x7c;
export const V128 = 0x7b;
export const VOID = 0x40;

export type ValueType = typeof I32 | typeof I64 | typeof F32 | typeof F64 | typeof V128;

const SECTION = { type: 1, import: 2, function: 3, export: 7, element: 9, code: 10 } as const;
const KIND = { function: 0, table: 1, memory: 2, global: 3 } as const;
const FUNC_TYPE = 0x60;
const FUNCREF = 0x70;
const GLOBAL_GET = 0x23;
const END = 0x0b;
/** `\0asm` and version 1. */
const PREAMBLE = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];

interface Import {
  readonly module: string;
  readonly name: string;
  readonly kind: number;
  /** What follows the kind. */
  readonly description: readonly number[];
}

/** A module that is being put together. Imports come before functions. */
export class ModuleWriter {
  readonly #types: string[] = [];
  readonly #imports: Import[] = [];
  /** Types of the functions, and their bodies as they are written. */
  readonly #functions: number[] = [];
  readonly #bodies = new ByteSink();
  readonly #head = new ByteSink();
  readonly #rows = new ByteSink();
  readonly #exports: { readonly name: string; readonly index: number }[] = [];
  readonly #segments: { readonly global: number; readonly indices: readonly number[] }[] = [];
  #functionImports = 0;

  /** Index of a function type, the same for the same parameters and results. */
  type(params: readonly ValueType[], results: readonly ValueType[]): number {
    const text = new ByteSink().byte(FUNC_TYPE).u32(params.length).raw(params);
    const key = String.fromCharCode(...text.u32(results.length).raw(results).bytes());
    const known = this.#types.indexOf(key);
    if (known >= 0) return known;
    this.#types.push(key);
    return this.#types.length - 1;
  }

  importFunction(module: string, name: string, type: number): number {
    if (this.#functions.length > 0) throw new Error('BUG: an import after a function');
    this.#imports.push({ module, name, kind: KIND.function, description: [type] });
    return this.#functionImports++;
  }

  /** A memory of at least so many pages. */
  importMemory(module: string, name: string, pages: number): void {
    const description = [0x00, ...new ByteSink().u32(pages).bytes()];
    this.#imports.push({ module, name, kind: KIND.memory, description });
  }

  /** A table of function references. */
  importTable(module: string, name: string): void {
    this.#imports.push({ module, name, kind: KIND.table, description: [FUNCREF, 0x00, 0x00] });
  }

  /** A global that does not change; gives its index. */
  importGlobal(module: string, name: string, type: ValueType): number {
    const index = this.#imports.filter(({ kind }) => kind === KIND.global).length;
    this.#imports.push({ module, name, kind: KIND.global, description: [type, 0x00] });
    return index;
  }

  /** Index that the next function will have. */
  get nextFunction(): number {
    return this.#functionImports + this.#functions.length;
  }

  /** A function; `code` ends with the `end` of its body. */
  addFunction(type: number, locals: readonly ValueType[], code: ByteSink): number {
    const index = this.nextFunction;
    this.#functions.push(type);
    this.#writeBody(locals, code);
    return index;
  }

  /** Locals in runs of one type, then the code. */
  #writeBody(locals: readonly ValueType[], code: ByteSink): void {
    const head = this.#head.clear();
    const rows = this.#rows.clear();
    let runs = 0;
    for (let from = 0; from < locals.length; runs++) {
      let to = from + 1;
      while (locals[to] === locals[from]) to++;
      rows.u32(to - from).byte(locals[from] as number);
      from = to;
    }
    head.u32(runs).append(rows.view());
    const out = this.#bodies.u32(head.length + code.length);
    out.append(head.view()).append(code.view());
  }

  exportFunction(name: string, index: number): void {
    this.#exports.push({ name, index });
  }

  /** Has instances put functions into the first table, from the place that a global tells. */
  placeFunctions(global: number, indices: readonly number[]): void {
    this.#segments.push({ global, indices });
  }

  finish(): Uint8Array<ArrayBuffer> {
    const out = new ByteSink();
    out.raw(PREAMBLE);
    section(out, SECTION.type, this.#types, (sink, type) =>
      sink.raw([...type].map((char) => char.charCodeAt(0))),
    );
    section(out, SECTION.import, this.#imports, (sink, each) =>
      sink.text(each.module).text(each.name).byte(each.kind).raw(each.description),
    );
    section(out, SECTION.function, this.#functions, (sink, type) => sink.u32(type));
    section(out, SECTION.export, this.#exports, (sink, { name, index }) =>
      sink.text(name).byte(KIND.function).u32(index),
    );
    section(out, SECTION.element, this.#segments, (sink, { global, indices }) => {
      sink.byte(0).byte(GLOBAL_GET).u32(global).byte(END).u32(indices.length);
      for (const index of indices) sink.u32(index);
    });
    const count = new ByteSink().u32(this.#functions.length);
    out.byte(SECTION.code).u32(count.length + this.#bodies.length);
    out.append(count.view()).append(this.#bodies.view());
    return out.bytes();
  }
}

function section<T>(
  out: ByteSink,
  id: number,
  items: readonly T[],
  write: (sink: ByteSink, item: T) => unknown,
): void {
  if (items.length === 0) return;
  const content = new ByteSink();
  content.u32(items.length);
  for (const item of items) write(content, item);
  out.byte(id).sized(content);
}
