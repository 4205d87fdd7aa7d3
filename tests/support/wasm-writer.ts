/** Writes WebAssembly modules in binary form, for generators of tests; it checks nothing. */
import { sized, unsigned as u32, vector } from '../../src/vms/wasm/text/bytes.ts';
import type { FuncType, ValType } from '../../src/vms/wasm/types.ts';

function name(text: string): number[] {
  return sized(new TextEncoder().encode(text));
}

function section(id: number, items: readonly (readonly number[])[]): number[] {
  if (items.length === 0) return [];
  const content = vector(items);
  return [id, ...u32(content.length), ...content];
}

export interface WrittenFunc {
  readonly type: number;
  readonly locals: readonly ValType[];
  /** Instructions, the last end included. */
  readonly code: readonly number[];
}

export interface WrittenModule {
  readonly types: readonly FuncType[];
  /** Name in the module `env`, and kind and type. */
  readonly imports?: readonly (readonly [name: string, type: readonly number[]])[];
  readonly funcs: readonly WrittenFunc[];
  /** Content of each table: type, limits. */
  readonly tables: readonly (readonly number[])[];
  readonly memories: readonly (readonly number[])[];
  /** Type, mutability, expression. */
  readonly globals: readonly (readonly number[])[];
  readonly exports: readonly (readonly [name: string, kind: number, index: number])[];
  /** Index of the start function. */
  readonly start?: number | undefined;
  readonly elems: readonly (readonly number[])[];
  readonly datas: readonly (readonly number[])[];
}

export function writeModule(module: WrittenModule): Uint8Array<ArrayBuffer> {
  const types = module.types.map(({ params, results }) => [
    0x60,
    ...vector(params.map((type) => [type])),
    ...vector(results.map((type) => [type])),
  ]);
  const bodies = module.funcs.map(({ locals, code }) => {
    const body = [...vector(locals.map((type) => [1, type])), ...code];
    return [...u32(body.length), ...body];
  });
  const count = u32(module.datas.length);
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(1, types),
    ...section(
      2,
      (module.imports ?? []).map(([text, type]) => [...name('env'), ...name(text), ...type]),
    ),
    ...section(
      3,
      module.funcs.map(({ type }) => u32(type)),
    ),
    ...section(4, module.tables),
    ...section(5, module.memories),
    ...section(6, module.globals),
    ...section(
      7,
      module.exports.map(([text, kind, index]) => [...name(text), kind, ...u32(index)]),
    ),
    ...(module.start === undefined ? [] : [8, ...sized(u32(module.start))]),
    ...section(9, module.elems),
    ...[12, count.length, ...count],
    ...section(10, bodies),
    ...section(11, module.datas),
  ]);
}
