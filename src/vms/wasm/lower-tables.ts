/**
 * How instructions on tables become operations of dMIR. A table is a region whose length says how
 * many entries it has; an index past them traps as the address of an access does.
 */
import type { Value } from '../../dmir/builder.ts';
import { OP_NUMBER as OP } from '../../dmir/flat.ts';
import type { Type } from '../../dmir/types.ts';
import { dmirType, valueShift } from './linkage.ts';
import type { FunctionLowerer } from './lower.ts';
import {
  checkRange,
  drop,
  grow,
  type Lowering,
  loadLength,
  popRange,
  widen,
} from './lower-memory.ts';
import type { TableType } from './types.ts';

interface Table {
  readonly region: number;
  readonly type: Type;
  readonly shift: bigint;
}

function tableOf(lowerer: FunctionLowerer, index: number): Table {
  const { type } = lowerer.wasm.tables[index] as TableType;
  const region = lowerer.linkage.table(index);
  return { region, type: dmirType(type), shift: BigInt(valueShift(type)) };
}

function scale(lowerer: FunctionLowerer, value: Value, shift: bigint): Value {
  return typeof value === 'bigint' ? value << shift : lowerer.op(OP.shl, 'i64', value, shift);
}

function popEntry(lowerer: FunctionLowerer, shift: bigint): Value {
  return scale(lowerer, widen(lowerer, lowerer.pop()), shift);
}

/** The place of the function that a table has at the index on the stack, as a call takes it. */
export function loadPlace(lowerer: FunctionLowerer, index: number): Value {
  const { region, shift } = tableOf(lowerer, index);
  const args = [popEntry(lowerer, shift)];
  return lowerer.inst(OP.load, { type: 'i64', imm: region, args });
}

export const tableGet: Lowering = (lowerer, { a }) => {
  const { region, type, shift } = tableOf(lowerer, a);
  const args = [popEntry(lowerer, shift)];
  lowerer.push(lowerer.inst(OP.load, { type, imm: region, args }), type);
};

export const tableSet: Lowering = (lowerer, { a }) => {
  const { region, type, shift } = tableOf(lowerer, a);
  const value = lowerer.pop();
  const args = [popEntry(lowerer, shift), value];
  lowerer.inst(OP.store, { type, imm: region, args });
};

function tableBytes(lowerer: FunctionLowerer, region: number): number {
  return lowerer.inst(OP.mem_size, { type: 'i64', imm: region });
}

export const tableSize: Lowering = (lowerer, { a }) => {
  const { region, shift } = tableOf(lowerer, a);
  const count = lowerer.op(OP.ushr, 'i64', tableBytes(lowerer, region), shift);
  lowerer.push(lowerer.op(OP.trunc, 'i32', count), 'i32');
};

/** Writes a value to entries between two addresses, for gas of each. */
function fill(
  lowerer: FunctionLowerer,
  { region, type, shift }: Table,
  [from, to]: readonly [Value, Value],
  value: Value,
): void {
  const [head, body, done] = [lowerer.newBlock(), lowerer.newBlock(), lowerer.newBlock()];
  lowerer.end(OP.br, { targets: [[head, from]] });
  const [at] = lowerer.begin(head, ['i64']) as [number];
  const isDone = lowerer.op(OP.uge, 'i64', at, to);
  lowerer.end(OP.br_if, { args: [isDone], targets: [[done], [body]] });
  lowerer.begin(body);
  lowerer.inst(OP.charge, { imm: Number(lowerer.linkage.gas.entry) });
  lowerer.inst(OP.store, { type, imm: region, args: [at, value] });
  const next = lowerer.op(OP.add, 'i64', at, 1n << shift);
  lowerer.end(OP.br, { targets: [[head, next]] });
  lowerer.begin(done);
}

export const tableGrow: Lowering = (lowerer, { a }) => {
  const table = tableOf(lowerer, a);
  const [value, count] = lowerer.popMany(2) as [Value, Value];
  const delta = lowerer.op(OP.copy, 'i64', widen(lowerer, count));
  const before = grow(lowerer, table.region, delta, table.shift, lowerer.linkage.gas.entry);
  // Where the table has not grown, the range is empty.
  const size = tableBytes(lowerer, table.region);
  const start = lowerer.op(OP.shl, 'i64', before, table.shift);
  fill(lowerer, table, [start, size], value);
  lowerer.push(lowerer.op(OP.trunc, 'i32', before), 'i32');
};

export const tableFill: Lowering = (lowerer, { a }) => {
  const table = tableOf(lowerer, a);
  const [index, value, count] = lowerer.popMany(3) as [Value, Value, Value];
  const start = scale(lowerer, widen(lowerer, index), table.shift);
  const length = scale(lowerer, widen(lowerer, count), table.shift);
  checkRange(lowerer, start, length, tableBytes(lowerer, table.region));
  const end = lowerer.op(OP.add, 'i64', start, length);
  fill(lowerer, table, [start, end], value);
};

/** Start of the target, start of the source and length of a range of entries, in bytes. */
function popBytes(lowerer: FunctionLowerer, shift: bigint): [Value, Value, Value] {
  return popRange(lowerer).map((value) => scale(lowerer, value, shift)) as [Value, Value, Value];
}

export const tableCopy: Lowering = (lowerer, { a, b }) => {
  const [to, from] = [tableOf(lowerer, a), tableOf(lowerer, b)];
  const [target, source, length] = popBytes(lowerer, to.shift);
  checkRange(lowerer, source, length, tableBytes(lowerer, from.region));
  checkRange(lowerer, target, length, tableBytes(lowerer, to.region));
  const imm = to.region * 256 + from.region;
  lowerer.inst(OP.mem_copy, { type: 'i64', imm, args: [target, source, length] });
};

export const tableInit: Lowering = (lowerer, { a, b }) => {
  const to = tableOf(lowerer, b);
  const [target, source, length] = popBytes(lowerer, to.shift);
  const segment = lowerer.linkage.elem(a);
  checkRange(lowerer, source, length, loadLength(lowerer, segment.lengthAddress));
  checkRange(lowerer, target, length, tableBytes(lowerer, to.region));
  const from = lowerer.op(OP.add, 'i64', source, BigInt(segment.address));
  const imm = to.region * 256 + lowerer.linkage.cells;
  lowerer.inst(OP.mem_copy, { type: 'i64', imm, args: [target, from, length] });
};

export const elemDrop: Lowering = (lowerer, { a }) => {
  drop(lowerer, lowerer.linkage.elem(a).lengthAddress);
};
