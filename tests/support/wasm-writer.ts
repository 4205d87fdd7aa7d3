/** Writes WebAssembly modules in binary form, for generators of tests; it checks nothing. */
import type { FuncType, ValType } from '../../src/vms/wasm/types.ts';

export function u32(value: number): number[] {
  const bytes: number[] = [];
  let rest = value >>> 0;
  for (; rest >= 0x80; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  return [...bytes, rest];
}

/** A signed number of any width. */
export function signed(value: bigint): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>= 7n) {
    const byte = Number(rest & 0x7fn);
    if ((rest >> 6n === 0n || rest >> 6n === -1n) === false) {
      bytes.push(byte | 0x80);
      continue;
    }
    return [...bytes, byte];
  }
}

/** The low bytes of a number, least significant first. */
export function fixed(value: bigint, count: number): number[] {
  return Array.from({ length: count }, (_, i) => Number((value >> BigInt(8 * i)) & 0xffn));
}

export function vector(items: readonly (readonly number[])[]): number[] {
  return [...u32(items.length), ...items.flat()];
}

function name(text: string): number[] {
  const bytes = [...new TextEncoder().encode(text)];
  return [...u32(bytes.length), ...bytes];
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
  readonly funcs: readonly WrittenFunc[];
  /** Content of each table: type, limits. */
  readonly tables: readonly (readonly number[])[];
  readonly memories: readonly (readonly number[])[];
  /** Type, mutability, expression. */
  readonly globals: readonly (readonly number[])[];
  readonly exports: readonly (readonly [name: string, kind: number, index: number])[];
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
    ...section(9, module.elems),
    ...[12, count.length, ...count],
    ...section(10, bodies),
    ...section(11, module.datas),
  ]);
}
