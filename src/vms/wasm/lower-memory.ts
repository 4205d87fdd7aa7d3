/**
 * How accesses of the linear memory become operations of dMIR. The memory is a region that traps at
 * its end, so an access needs no check of its own. Bulk instructions check their ranges first,
 * because they trap past the end even where they move nothing, and the operations of dMIR do not.
 */
import type { Value } from '../../dmir/builder.ts';
import { OP_NUMBER as OP } from '../../dmir/flat.ts';
import type { Region } from '../../dmir/ir.ts';
import { TRAP_KINDS } from '../../dmir/ops.ts';
import type { Type } from '../../dmir/types.ts';
import type { Instruction } from './instructions.ts';
import { dmirType } from './linkage.ts';
import type { FunctionLowerer } from './lower.ts';
import type { ValType } from './types.ts';

/** How an instruction is lowered. */
export type Lowering = (lowerer: FunctionLowerer, instruction: Instruction) => void;

const OUT_OF_BOUNDS = TRAP_KINDS.indexOf('out-of-bounds');
/** Binary logarithm of the bytes of a page. */
const PAGE_SHIFT = 16n;

/** The address of an access with its constant offset, which does not wrap. */
export function popAddress(lowerer: FunctionLowerer, offset: number): Value {
  const base = lowerer.pop();
  if (typeof base === 'bigint') return base + BigInt(offset);
  if (offset === 0) return base;
  return lowerer.op(OP.add, 'i64', lowerer.op(OP.zext, 'i64', base), BigInt(offset));
}

/** A load, of a narrow number with the bits above it filled. */
export function load(type: Type, fill?: 'sext' | 'zext'): Lowering {
  const filling = fill === undefined ? undefined : OP[fill];
  return (lowerer, { op, b }) => {
    const args = [popAddress(lowerer, b)];
    const value = lowerer.inst(OP.load, { type, imm: lowerer.linkage.memory, args });
    const result = dmirType(op.results[0] as ValType);
    const whole = filling === undefined ? value : lowerer.op(filling, result, value as number);
    lowerer.push(whole as number, result);
  };
}

/** A store of the low bits. */
export function store(type: Type): Lowering {
  return (lowerer, { b }) => {
    const kind = lowerer.kind(0);
    const isWhole = kind === type;
    const value = isWhole ? lowerer.pop() : lowerer.popRegister();
    const address = popAddress(lowerer, b);
    const imm = lowerer.linkage.memory;
    if (type === 'i8') {
      const byte = kind === 'i64' ? value : lowerer.op(OP.zext, 'i64', value);
      lowerer.inst(OP.store8, { type: 'i64', imm, args: [address, byte] });
      return;
    }
    const low = isWhole ? value : lowerer.op(OP.trunc, type, value);
    lowerer.inst(OP.store, { type, imm, args: [address, low] });
  };
}

export const memorySize: Lowering = (lowerer) => {
  const bytes = lowerer.inst(OP.mem_size, { type: 'i64', imm: lowerer.linkage.memory });
  const pages = lowerer.op(OP.ushr, 'i64', bytes as number, PAGE_SHIFT);
  lowerer.push(lowerer.op(OP.trunc, 'i32', pages), 'i32');
};

/**
 * Grows a region by entries of a size; gives the count before, all ones where it does not. Pays
 * before it grows, so that nobody has memory made zero for nothing, unless that is past the limit.
 */
export function grow(
  lowerer: FunctionLowerer,
  region: number,
  delta: Value,
  shift: bigint,
  gas: bigint,
): Value {
  const { max } = lowerer.linkage.module.regions[region] as Region;
  const bytes = lowerer.op(OP.shl, 'i64', delta, shift);
  const length = lowerer.inst(OP.mem_size, { type: 'i64', imm: region });
  const isPast = lowerer.op(OP.ugt, 'i64', lowerer.op(OP.add, 'i64', length, bytes), BigInt(max));
  const cost = lowerer.op(OP.mul, 'i64', delta, gas);
  const charged = lowerer.op(OP.select, 'i64', isPast, 0n, cost);
  lowerer.inst(OP.charge_dyn, { type: 'i64', args: [charged] });
  lowerer.endCharge();
  const before = lowerer.inst(OP.mem_grow, { type: 'i64', imm: region, args: [bytes] });
  return lowerer.op(OP.sshr, 'i64', before, shift);
}

export const memoryGrow: Lowering = (lowerer) => {
  const delta = lowerer.op(OP.zext, 'i64', lowerer.popRegister());
  const { memory, gas } = lowerer.linkage;
  const pages = grow(lowerer, memory, delta, PAGE_SHIFT, gas.page);
  lowerer.push(lowerer.op(OP.trunc, 'i32', pages), 'i32');
};

/** Operands of a bulk instruction as 64-bit numbers. */
export function popRange(lowerer: FunctionLowerer): [Value, Value, Value] {
  const values = lowerer.popMany(3);
  return values.map((value) => widen(lowerer, value)) as [Value, Value, Value];
}

export function widen(lowerer: FunctionLowerer, value: Value): Value {
  return typeof value === 'bigint' ? value : lowerer.op(OP.zext, 'i64', value);
}

/** Traps where a range passes an end. */
export function checkRange(
  lowerer: FunctionLowerer,
  start: Value,
  length: Value,
  end: Value,
): void {
  const last = lowerer.op(OP.add, 'i64', start, length);
  lowerer.trapIf(lowerer.op(OP.ugt, 'i64', last, end), OUT_OF_BOUNDS);
}

function memoryBytes(lowerer: FunctionLowerer): Value {
  return lowerer.inst(OP.mem_size, { type: 'i64', imm: lowerer.linkage.memory });
}

export const memoryCopy: Lowering = (lowerer) => {
  const [target, source, length] = popRange(lowerer);
  const { memory } = lowerer.linkage;
  const size = memoryBytes(lowerer);
  checkRange(lowerer, source, length, size);
  checkRange(lowerer, target, length, size);
  const imm = memory * 256 + memory;
  lowerer.inst(OP.mem_copy, { type: 'i64', imm, args: [target, source, length] });
};

export const memoryFill: Lowering = (lowerer) => {
  const [target, byte, length] = popRange(lowerer);
  checkRange(lowerer, target, length, memoryBytes(lowerer));
  const args = [target, byte, length];
  lowerer.inst(OP.mem_fill, { type: 'i64', imm: lowerer.linkage.memory, args });
};

export const memoryInit: Lowering = (lowerer, { a }) => {
  const [target, source, length] = popRange(lowerer);
  const { memory, cells } = lowerer.linkage;
  const segment = lowerer.linkage.data(a);
  const size = loadLength(lowerer, segment.lengthAddress);
  checkRange(lowerer, source, length, size);
  checkRange(lowerer, target, length, memoryBytes(lowerer));
  const from = lowerer.op(OP.add, 'i64', source, BigInt(segment.address));
  const imm = memory * 256 + cells;
  lowerer.inst(OP.mem_copy, { type: 'i64', imm, args: [target, from, length] });
};

/** Bytes of a segment; 0 once it is dropped. */
export function loadLength(lowerer: FunctionLowerer, address: number): Value {
  const imm = lowerer.linkage.cells;
  return lowerer.inst(OP.load, { type: 'i64', imm, args: [BigInt(address)] });
}

/** Drops a segment: it has no bytes any more. */
export function drop(lowerer: FunctionLowerer, address: number): void {
  const imm = lowerer.linkage.cells;
  lowerer.inst(OP.store, { type: 'i64', imm, args: [BigInt(address), 0n] });
}

export const dataDrop: Lowering = (lowerer, { a }) => {
  drop(lowerer, lowerer.linkage.data(a).lengthAddress);
};
