/**
 * Where an operation is turned into words: its operands, results and temporaries as the encoder of
 * a function kind lays them out, and the words that the rules are made of.
 *
 * Values stand in registers with zeros above their width: 8 bytes up to `i64` and for floats, 32
 * bytes for `i128`, `i256`, and for an `i1` that an operation on those types gives. Rules keep one
 * invariant: once a result is written, no operand is read, since both may be the same register.
 */
import type { OpName } from '../ops.ts';
import { TYPE_BITS, TYPES, type Type } from '../types.ts';
import type { FormName } from './forms.ts';
import { scalarForm } from './scalar-forms.ts';
import { BINARY_256, type BinaryForms, UNARY_256 } from './select.ts';
import type { BlockWriter } from './writer.ts';

/** An operand: a slot, or the constant itself. */
export type Source = number | bigint;

/** What an operation says besides its operands and results, as in `Inst`. */
export interface Operation {
  readonly op: OpName;
  readonly type: Type;
  readonly imm: number;
}

/** One operation at its place in a function. */
export interface Site {
  readonly writer: BlockWriter;
  readonly argCount: number;
  arg(index: number): Source;
  /** Type of a register operand; of a constant, the narrowest of i64 and i256 that holds it. */
  argType(index: number): Type;
  /** Slot of the result; all operands are known by then. */
  result(index?: number): number;
  /** A slot of 32 bytes until the operation ends. */
  temp(): number;
  /** Where an access reaches whose word adds the offset; undefined for all others. */
  place(): { readonly base: number | null; readonly offset: number } | undefined;
  /** Cell space of the kernel for a space of the module. */
  space(index: number): number;
}

const IMMEDIATE_MAX = 0xffffn;

export function maskOf(bits: number): bigint {
  return (1n << BigInt(bits)) - 1n;
}

/** Whether values of the type fill 32 bytes. */
export function isWide(type: Type): boolean {
  return type === 'i128' || type === 'i256';
}

/** 1 for those, by the numbers of types. */
export const IS_WIDE = Uint8Array.from(TYPES, (type) => (isWide(type) ? 1 : 0));

/** The type whose forms work on values of the type. */
export function containerOf(type: Type): 'i32' | 'i64' | 'i256' {
  const bits = TYPE_BITS[type];
  if (bits > 64) return 'i256';
  return bits === 32 ? 'i32' : 'i64';
}

/** Writes a constant to 32 bytes. */
export function setWide(writer: BlockWriter, slot: number, value: bigint): void {
  if (value <= IMMEDIATE_MAX) writer.word('SET_I', slot, 0, Number(value));
  else writer.word('SET_K', slot, 0, writer.constant(value));
}

/** Writes a constant to 8 bytes. */
export function setNarrow(writer: BlockWriter, slot: number, value: bigint): void {
  if (value <= IMMEDIATE_MAX) writer.word('SET_64_I', slot, 0, Number(value));
  else writer.word('SET_64_K', slot, 0, writer.constant(value));
}

/** The slot of a source; a constant is put into a temporary. */
export function slotOf(site: Site, source: Source): number {
  if (typeof source === 'number') return source;
  const slot = site.temp();
  setWide(site.writer, slot, source);
  return slot;
}

/** One word over a register and a field. */
function word(site: Site, form: FormName, d: number, a: number, b: number): void {
  site.writer.word(form, d, a, b);
}

/** An operation on 256-bit words that has forms in the tables of `select.ts`. */
export function wide(site: Site, op: OpName, d: number, a: Source, b: Source = 0n): void {
  const unary = UNARY_256[op];
  if (unary !== undefined) {
    word(site, unary, d, slotOf(site, a), 0);
    return;
  }
  const forms = BINARY_256[op];
  if (forms === undefined) throw new Error(`BUG: ${op} has no 256-bit form`);
  if (typeof b === 'bigint' && wideConstant(site, op, forms, d, a, b)) return;
  if (typeof a === 'bigint' && typeof b === 'number' && wideFirst(site, forms, d, a, b)) return;
  const x = slotOf(site, a);
  const y = slotOf(site, b);
  if (forms.swap === true) word(site, forms.rr, d, y, x);
  else word(site, forms.rr, d, x, y);
}

function wideConstant(
  site: Site,
  op: OpName,
  forms: BinaryForms,
  d: number,
  a: Source,
  value: bigint,
): boolean {
  const { writer } = site;
  if (forms.ri !== undefined && value <= (forms.immediateMax as bigint)) {
    word(site, forms.ri, d, slotOf(site, a), Number(value));
  } else if (op === 'sub') {
    const negated = BigInt.asUintN(256, -value);
    word(site, 'ADD_K', d, slotOf(site, a), writer.constant(negated));
  } else if (forms.rk !== undefined) {
    word(site, forms.rk, d, slotOf(site, a), writer.constant(value));
  } else {
    return false;
  }
  return true;
}

function wideFirst(site: Site, forms: BinaryForms, d: number, value: bigint, b: number): boolean {
  if (forms.ir !== undefined && value <= (forms.immediateMax as bigint)) {
    word(site, forms.ir, d, b, Number(value));
  } else if (forms.kr !== undefined) {
    word(site, forms.kr, d, b, site.writer.constant(value));
  } else {
    return false;
  }
  return true;
}

/** Operations whose operands may change places. */
const COMMUTATIVE: ReadonlySet<OpName> = new Set<OpName>([
  'add',
  'mul',
  'and',
  'or',
  'xor',
  'eq',
  'ne',
  'uadd_trap',
  'umul_trap',
]);

/** An operation on 32-bit, 64-bit or float values that has a scalar form. */
export function scalar(site: Site, op: OpName, type: Type, d: number, a: Source, b?: Source): void {
  const isTurned = typeof a === 'bigint' && typeof b === 'number' && COMMUTATIVE.has(op);
  const [x, y] = isTurned ? [b, a] : [a, b];
  const constant = typeof y === 'bigint' ? scalarForm(op, type, true) : undefined;
  if (constant !== undefined) {
    word(site, constant, d, slotOf(site, x), site.writer.constant(y as bigint));
    return;
  }
  const form = scalarForm(op, type, false);
  if (form === undefined) throw new Error(`BUG: ${op}.${type} has no form`);
  const first = slotOf(site, x);
  word(site, form, d, first, y === undefined ? 0 : slotOf(site, y));
}

/** An operation in the container of a type. */
export function contained(
  site: Site,
  op: OpName,
  container: Type,
  d: number,
  a: Source,
  b?: Source,
): void {
  if (container === 'i256') wide(site, op, d, a, b);
  else scalar(site, op, container, d, a, b);
}

/** Cuts a value of the container to the type. */
export function cut(site: Site, type: Type, d: number, a: Source): void {
  contained(site, 'and', containerOf(type), d, a, maskOf(TYPE_BITS[type]));
}

/** The value with its sign up to the container's width. */
export function extended(site: Site, type: Type, source: Source): Source {
  const bits = TYPE_BITS[type];
  const container = containerOf(type);
  if (bits === TYPE_BITS[container]) return source;
  if (typeof source === 'bigint') {
    return BigInt.asUintN(TYPE_BITS[container], BigInt.asIntN(bits, source));
  }
  const d = site.temp();
  if (container === 'i256') word(site, 'SEXT_I', d, source, bits / 8 - 1);
  else if (bits === 1) scalar(site, 'sub', 'i64', d, 0n, source);
  else word(site, bits === 8 ? 'EXTEND8_64' : 'EXTEND16_64', d, source, 0);
  return d;
}

/** Copies a value of the type. */
export function move(site: Site, type: Type, d: number, a: Source): void {
  const { writer } = site;
  if (typeof a === 'bigint') {
    if (isWide(type)) setWide(writer, d, a);
    else setNarrow(writer, d, a);
  } else if (a !== d) {
    writer.word(isWide(type) ? 'MOVE' : 'MOVE_64', d, a, 0);
  }
}

/** An address or a size as 64 bits; what is greater becomes the greatest. */
export function address(site: Site, index: number): number {
  const source = site.arg(index);
  if (typeof source === 'bigint') {
    return slotOf(site, source >> 64n === 0n ? source : maskOf(64));
  }
  if (!isWide(site.argType(index))) return source;
  const d = site.temp();
  site.writer.word('CLAMP_64', d, source, 0);
  return d;
}
