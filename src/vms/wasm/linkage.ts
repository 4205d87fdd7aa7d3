/**
 * What the code of an instance refers to, in terms of a dMIR module: places of functions, regions
 * of memories and tables, and addresses of cells. The linker decides it, the lowering asks.
 *
 * - A memory is a region. A table is a region of entries; a reference to a function is an `i128`,
 *   the place of the function in the module, one to something of the host an `i256`: no signature
 *   with references equals one of numbers, and `markers` tell it from one of vectors. 0 is null,
 *   and place 0 holds no function.
 * - Globals, passive segments and their lengths are *cells*: ranges of one region.
 */
import type { Module } from '../../dmir/ir.ts';
import type { Type } from '../../dmir/types.ts';
import type { WasmGas } from './gas.ts';
import {
  EXTERNREF,
  F32,
  F64,
  FUNCREF,
  type FuncType,
  I32,
  I64,
  V128,
  type ValType,
} from './types.ts';
import type { VectorName } from './vector-opcodes.ts';

/** A segment in the region of cells: where its content is, and where its length in bytes. */
export interface SegmentCells {
  readonly address: number;
  readonly lengthAddress: number;
}

export interface Linkage {
  readonly module: Module;
  readonly gas: WasmGas;
  /** Region of the cells. */
  readonly cells: number;
  /** Region of the memory; only for code that has one. */
  readonly memory: number;
  /** Place of a function of the instance. */
  place(func: number): number;
  /** Place of a function that has the signature. */
  signature(type: FuncType): number;
  /** Place of the function of a vector instruction. */
  vector(name: VectorName): number;
  /** Region of a table. */
  table(index: number): number;
  /** Address of a global among the cells. */
  global(index: number): number;
  data(index: number): SegmentCells;
  elem(index: number): SegmentCells;
}

const DMIR_TYPES: Readonly<Record<ValType, Type>> = {
  [I32]: 'i32',
  [I64]: 'i64',
  [F32]: 'f32',
  [F64]: 'f64',
  [V128]: 'i128',
  [FUNCREF]: 'i128',
  [EXTERNREF]: 'i256',
};

/** The same as a list by the number of the type, where looking one up is a load. */
const TYPES_BY_NUMBER = Object.entries(DMIR_TYPES).reduce<Type[]>((list, [type, name]) => {
  list[Number(type)] = name;
  return list;
}, []);

export function dmirType(type: ValType): Type {
  return TYPES_BY_NUMBER[type] as Type;
}

export function dmirTypes(types: readonly ValType[]): Type[] {
  return types.map(dmirType);
}

/**
 * Types of parameters that carry nothing: they tell signatures apart in which a reference to a
 * function stands where another has a vector, which are both `i128`.
 */
export function markers({ params, results }: FuncType): Type[] {
  if (!params.includes(FUNCREF) && !results.includes(FUNCREF)) return [];
  return [...params, ...results].flatMap((type) => {
    if (type === FUNCREF) return ['i8'];
    return type === V128 ? ['i16'] : [];
  });
}

/** Types of the parameters of a function in dMIR. */
export function dmirParams(type: FuncType): Type[] {
  return [...dmirTypes(type.params), ...markers(type)];
}

/** Bytes of a value in memory, as a power of two. */
const VALUE_SHIFT: Readonly<Record<ValType, number>> = {
  [I32]: 2,
  [I64]: 3,
  [F32]: 2,
  [F64]: 3,
  [V128]: 4,
  [FUNCREF]: 4,
  [EXTERNREF]: 5,
};

/** Binary logarithm of the bytes of a value in a cell or a table. */
export function valueShift(type: ValType): number {
  return VALUE_SHIFT[type];
}
