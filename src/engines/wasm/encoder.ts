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

const SECTION = { type: 1, import: 2, function: 3, export: 7, code: 10 } as const;
const KIND = { function: 0, table: 1, memory: 2, global: 3 } as const;
const FUNC_TYPE = 0x60;
const FUNCREF = 0x70;
/** `\0asm` and version 1. */
const PREAMBLE = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];

interface Import {
  readonly module: string;
  readonly name: string;
  readonly kind: number;
  /** What follows the kind. */
  readonly description: readonly number[];
}

interface Body {
  readonly type: number;
  readonly locals: readonly ValueType[];
  readonly code: Uint8Array;
}

/** A module that is being put together. Imports come before functions. */
export class ModuleWriter {
  readonly #types: string[] = [];
  readonly #imports: Import[] = [];
  readonly #bodies: Body[] = [];
  readonly #exports: { readonly name: string; readonly index: number }[] = [];
  #functionImports = 0;

  /** Index of a function type, the same for the same parameters and results. */
  type(params: readonly ValueType[], results: readonly ValueType[]): number {
    const bytes = [FUNC_TYPE, params.length, ...params, results.length, ...results];
    const key = String.fromCharCode(...bytes);
    const known = this.#types.indexOf(key);
    if (known >= 0) return known;
    this.#types.push(key);
    return this.#types.length - 1;
  }

  importFunction(module: string, name: string, type: number): number {
    if (this.#bodies.length > 0) throw new Error('BUG: an import after a function');
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

  /** A global that does not change. */
  importGlobal(module: string, name: string, type: ValueType): void {
    this.#imports.push({ module, name, kind: KIND.global, description: [type, 0x00] });
  }

  /** Index that the next function will have. */
  get nextFunction(): number {
    return this.#functionImports + this.#bodies.length;
  }

  /** A function; `code` ends with the `end` of its body. */
  addFunction(type: number, locals: readonly ValueType[], code: Uint8Array): number {
    const index = this.nextFunction;
    this.#bodies.push({ type, locals, code });
    return index;
  }

  exportFunction(name: string, index: number): void {
    this.#exports.push({ name, index });
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
    section(out, SECTION.function, this.#bodies, (sink, { type }) => sink.u32(type));
    section(out, SECTION.export, this.#exports, (sink, { name, index }) =>
      sink.text(name).byte(KIND.function).u32(index),
    );
    section(out, SECTION.code, this.#bodies, writeBody);
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

/** Locals in runs of one type, then the code. */
function writeBody(out: ByteSink, { locals, code }: Body): void {
  const runs: { type: number; count: number }[] = [];
  for (const type of locals) {
    const last = runs[runs.length - 1];
    if (last?.type === type) last.count++;
    else runs.push({ type, count: 1 });
  }
  const head = new ByteSink();
  head.u32(runs.length);
  for (const { type, count } of runs) head.u32(count).byte(type);
  out
    .u32(head.length + code.length)
    .append(head.bytes())
    .append(code);
}
