/**
 * What a decoded module is: types, index spaces and sections, as the binary format has them.
 *
 * Index spaces are joined: entries of imports come first, then the module's own, so that an index
 * of the code is an index of the array. Function bodies stay bytes; `instructions.ts` reads them.
 */

import type { VectorName } from './vector-opcodes.ts';

/** Value types by their byte in the binary format. */
export const VAL_TYPES = {
  i32: 0x7f,
  i64: 0x7e,
  f32: 0x7d,
  f64: 0x7c,
  v128: 0x7b,
  funcref: 0x70,
  externref: 0x6f,
} as const;

export type ValTypeName = keyof typeof VAL_TYPES;
/** Byte of a value type. */
export type ValType = (typeof VAL_TYPES)[ValTypeName];

export const { i32: I32, i64: I64, f32: F32, f64: F64, v128: V128 } = VAL_TYPES;
export const { funcref: FUNCREF, externref: EXTERNREF } = VAL_TYPES;

/** Names by byte. */
export const VAL_TYPE_NAMES: ReadonlyMap<number, ValTypeName> = new Map(
  (Object.keys(VAL_TYPES) as ValTypeName[]).map((name) => [VAL_TYPES[name], name]),
);

export function isReference(type: ValType): boolean {
  return type === FUNCREF || type === EXTERNREF;
}

export interface FuncType {
  readonly params: readonly ValType[];
  readonly results: readonly ValType[];
}

/** Pages of a memory or entries of a table; `max` is undefined where the module names none. */
export interface Limits {
  readonly min: number;
  readonly max: number | undefined;
}

export interface TableType extends Limits {
  readonly type: ValType;
}

export type MemoryType = Limits;

export interface GlobalType {
  readonly type: ValType;
  readonly isMutable: boolean;
}

/** What is imported or exported. */
export type ExternKind = 'func' | 'table' | 'memory' | 'global';

export const EXTERN_KINDS: readonly ExternKind[] = ['func', 'table', 'memory', 'global'];

export type ExternType =
  | { readonly kind: 'func'; readonly type: FuncType }
  | { readonly kind: 'table'; readonly type: TableType }
  | { readonly kind: 'memory'; readonly type: MemoryType }
  | { readonly kind: 'global'; readonly type: GlobalType };

export interface Import {
  readonly module: string;
  readonly name: string;
  readonly extern: ExternType;
}

export interface Export {
  readonly name: string;
  readonly kind: ExternKind;
  readonly index: number;
}

/** One instruction of a constant expression. */
export type ConstStep =
  | { readonly op: 'const'; readonly type: ValType; readonly bits: bigint }
  | { readonly op: 'global' | 'func'; readonly index: number }
  | { readonly op: 'null'; readonly type: ValType }
  | { readonly op: 'add' | 'sub' | 'mul'; readonly type: ValType };

/** A constant expression in postfix order. */
export type ConstExpr = readonly ConstStep[];

export type SegmentMode = 'passive' | 'active' | 'declarative';

export interface ElemSegment {
  readonly mode: SegmentMode;
  readonly type: ValType;
  /** Of an active segment. */
  readonly table: number;
  readonly offset: ConstExpr;
  readonly items: readonly ConstExpr[];
}

export interface DataSegment {
  readonly mode: SegmentMode;
  readonly offset: ConstExpr;
  readonly bytes: Uint8Array;
}

/** A function of the module: its type, and where its locals and code stand in the bytes. */
export interface Body {
  readonly type: number;
  readonly start: number;
  readonly end: number;
}

export interface WasmModule {
  readonly bytes: Uint8Array;
  readonly types: readonly FuncType[];
  readonly imports: readonly Import[];
  /** Types of all functions, imported ones first; equally for the following spaces. */
  readonly funcs: readonly FuncType[];
  readonly tables: readonly TableType[];
  readonly memories: readonly MemoryType[];
  readonly globals: readonly GlobalType[];
  /** Counts of the imported entries of the spaces. */
  readonly imported: Readonly<Record<ExternKind, number>>;
  /** Initial values of the module's own globals. */
  readonly globalInits: readonly ConstExpr[];
  readonly exports: readonly Export[];
  /** Index of the function that runs at instantiation. */
  readonly start: number | undefined;
  readonly elems: readonly ElemSegment[];
  /** The count that a section announces before the code; undefined without that section. */
  readonly dataCount: number | undefined;
  readonly bodies: readonly Body[];
  readonly datas: readonly DataSegment[];
  /** Functions that code may take a reference of: those named outside of code. */
  readonly declared: ReadonlySet<number>;
  /** Names of the vector instructions in its code, which validation fills in. */
  readonly vectors: Set<VectorName>;
}

export function sameTypes(a: readonly ValType[], b: readonly ValType[]): boolean {
  return a.length === b.length && a.every((type, i) => type === b[i]);
}

export function sameFuncType(a: FuncType, b: FuncType): boolean {
  return sameTypes(a.params, b.params) && sameTypes(a.results, b.results);
}
