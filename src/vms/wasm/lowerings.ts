/**
 * How every instruction becomes operations of dMIR: a record over the names of the opcode table, so
 * that a forgotten instruction does not compile. Types come from the instruction's row. Memory and
 * tables are `lower-memory.ts` and `lower-tables.ts`.
 */
import type { Value } from '../../dmir/builder.ts';
import { OP_NUMBER as OP } from '../../dmir/flat.ts';
import type { RegId } from '../../dmir/ir.ts';
import { type OpName, TRAP_KINDS } from '../../dmir/ops.ts';
import type { Type } from '../../dmir/types.ts';
import { constantBits, type Instruction } from './instructions.ts';
import { dmirType } from './linkage.ts';
import type { FunctionLowerer } from './lower.ts';
import {
  dataDrop,
  type Lowering,
  load,
  memoryCopy,
  memoryFill,
  memoryGrow,
  memoryInit,
  memorySize,
  store,
} from './lower-memory.ts';
import {
  elemDrop,
  loadPlace,
  tableCopy,
  tableFill,
  tableGet,
  tableGrow,
  tableInit,
  tableSet,
  tableSize,
} from './lower-tables.ts';
import { VECTOR_LOWERINGS } from './lower-vectors.ts';
import { OPCODES, type OpcodeName } from './opcodes.ts';
import { FUNCREF, type FuncType, type GlobalType, type ValType } from './types.ts';

const UNREACHABLE = TRAP_KINDS.indexOf('unreachable');

function operandType({ op }: Instruction): Type {
  return dmirType(op.operands?.[0] as ValType);
}

function resultType({ op }: Instruction): Type {
  return dmirType(op.results[0] as ValType);
}

/** Adds an operation on the one or two values that the instruction takes. */
function operate(lowerer: FunctionLowerer, instruction: Instruction, op: number): RegId {
  const type = operandType(instruction);
  const last = lowerer.pop();
  if (instruction.op.operands?.length === 1) return lowerer.op(op, type, last);
  return lowerer.op(op, type, lowerer.pop(), last);
}

/** An operation on one or two values of the type of the first. */
function plain(name: OpName): Lowering {
  const op = OP[name];
  return (lowerer, instruction) => {
    lowerer.push(operate(lowerer, instruction, op), resultType(instruction));
  };
}

/** A comparison, which gives a flag. */
function compare(name: OpName): Lowering {
  const op = OP[name];
  return (lowerer, instruction) => lowerer.pushFlag(operate(lowerer, instruction, op));
}

/** A conversion that is named by its result. A constant is put into a register of its width. */
function convert(name: OpName): Lowering {
  const op = OP[name];
  return (lowerer, instruction) => {
    const type = resultType(instruction);
    lowerer.push(lowerer.op(op, type, lowerer.popRegister()), type);
  };
}

/** A number with the sign of its low bits above them. */
function extend(from: Type): Lowering {
  return (lowerer, instruction) => {
    const low = lowerer.op(OP.trunc, from, lowerer.popRegister());
    const type = resultType(instruction);
    lowerer.push(lowerer.op(OP.sext, type, low), type);
  };
}

const constant: Lowering = (lowerer, instruction) => {
  lowerer.push(constantBits(instruction), resultType(instruction));
};

const select: Lowering = (lowerer) => {
  const type = lowerer.kind(1);
  const flag = lowerer.popFlag();
  const [a, b] = lowerer.popMany(2) as [Value, Value];
  lowerer.push(lowerer.op(OP.select, type, flag, a, b), type);
};

function calleeType(lowerer: FunctionLowerer, index: number): FuncType {
  return lowerer.wasm.funcs[index] as FuncType;
}

function indirectType(lowerer: FunctionLowerer, index: number): FuncType {
  return lowerer.wasm.types[index] as FuncType;
}

function global(lowerer: FunctionLowerer, index: number): { type: Type; address: bigint } {
  const { type } = lowerer.wasm.globals[index] as GlobalType;
  return { type: dmirType(type), address: BigInt(lowerer.linkage.global(index)) };
}

const BY_NAME: Readonly<Record<OpcodeName, Lowering>> = {
  unreachable: (lowerer) => {
    lowerer.end(OP.trap, { imm: UNREACHABLE });
    lowerer.setDead();
  },
  nop: () => {},
  block: (lowerer, instruction) => lowerer.openBlock(instruction),
  loop: (lowerer, instruction) => lowerer.openLoop(instruction),
  if: (lowerer, instruction) => lowerer.openIf(instruction),
  else: (lowerer) => lowerer.openElse(),
  end: (lowerer) => lowerer.close(),
  br: (lowerer, { a }) => lowerer.branch(a),
  br_if: (lowerer, { a }) => lowerer.branchIf(a),
  br_table: (lowerer, { labels }) => lowerer.branchTable(labels),
  return: (lowerer) => lowerer.leave(),
  call: (lowerer, { a }) => lowerer.call(lowerer.linkage.place(a), calleeType(lowerer, a)),
  call_indirect: (lowerer, { a, b }) => {
    lowerer.callIndirect(loadPlace(lowerer, b), indirectType(lowerer, a));
  },
  return_call: (lowerer, { a }) => {
    lowerer.tailCall(lowerer.linkage.place(a), calleeType(lowerer, a));
  },
  return_call_indirect: (lowerer, { a, b }) => {
    lowerer.tailCallIndirect(loadPlace(lowerer, b), indirectType(lowerer, a));
  },
  drop: (lowerer) => {
    lowerer.pop();
  },
  select,
  select_t: select,
  'local.get': (lowerer, { a }) => {
    lowerer.push(lowerer.getLocal(a), dmirType(lowerer.localType(a)));
  },
  'local.set': (lowerer, { a }) => lowerer.setLocal(a, lowerer.pop()),
  'local.tee': (lowerer, { a }) => {
    const type = lowerer.kind(0);
    const value = lowerer.pop();
    lowerer.setLocal(a, value);
    lowerer.push(value, type);
  },
  'global.get': (lowerer, { a }) => {
    const { type, address } = global(lowerer, a);
    const imm = lowerer.linkage.cells;
    const value = lowerer.inst(OP.load, { type, imm, args: [address] });
    lowerer.push(value as number, type);
  },
  'global.set': (lowerer, { a }) => {
    const { type, address } = global(lowerer, a);
    const imm = lowerer.linkage.cells;
    lowerer.inst(OP.store, { type, imm, args: [address, lowerer.pop()] });
  },
  'table.get': tableGet,
  'table.set': tableSet,
  'i32.load': load('i32'),
  'i64.load': load('i64'),
  'f32.load': load('f32'),
  'f64.load': load('f64'),
  'i32.load8_s': load('i8', 'sext'),
  'i32.load8_u': load('i8', 'zext'),
  'i32.load16_s': load('i16', 'sext'),
  'i32.load16_u': load('i16', 'zext'),
  'i64.load8_s': load('i8', 'sext'),
  'i64.load8_u': load('i8', 'zext'),
  'i64.load16_s': load('i16', 'sext'),
  'i64.load16_u': load('i16', 'zext'),
  'i64.load32_s': load('i32', 'sext'),
  'i64.load32_u': load('i32', 'zext'),
  'i32.store': store('i32'),
  'i64.store': store('i64'),
  'f32.store': store('f32'),
  'f64.store': store('f64'),
  'i32.store8': store('i8'),
  'i32.store16': store('i16'),
  'i64.store8': store('i8'),
  'i64.store16': store('i16'),
  'i64.store32': store('i32'),
  'memory.size': memorySize,
  'memory.grow': memoryGrow,
  'i32.const': constant,
  'i64.const': constant,
  'f32.const': constant,
  'f64.const': constant,
  'i32.eqz': compare('iszero'),
  'i32.eq': compare('eq'),
  'i32.ne': compare('ne'),
  'i32.lt_s': compare('slt'),
  'i32.lt_u': compare('ult'),
  'i32.gt_s': compare('sgt'),
  'i32.gt_u': compare('ugt'),
  'i32.le_s': compare('sle'),
  'i32.le_u': compare('ule'),
  'i32.ge_s': compare('sge'),
  'i32.ge_u': compare('uge'),
  'i64.eqz': compare('iszero'),
  'i64.eq': compare('eq'),
  'i64.ne': compare('ne'),
  'i64.lt_s': compare('slt'),
  'i64.lt_u': compare('ult'),
  'i64.gt_s': compare('sgt'),
  'i64.gt_u': compare('ugt'),
  'i64.le_s': compare('sle'),
  'i64.le_u': compare('ule'),
  'i64.ge_s': compare('sge'),
  'i64.ge_u': compare('uge'),
  'f32.eq': compare('feq'),
  'f32.ne': compare('fne'),
  'f32.lt': compare('flt'),
  'f32.gt': compare('fgt'),
  'f32.le': compare('fle'),
  'f32.ge': compare('fge'),
  'f64.eq': compare('feq'),
  'f64.ne': compare('fne'),
  'f64.lt': compare('flt'),
  'f64.gt': compare('fgt'),
  'f64.le': compare('fle'),
  'f64.ge': compare('fge'),
  'i32.clz': plain('clz'),
  'i32.ctz': plain('ctz'),
  'i32.popcnt': plain('popcnt'),
  'i32.add': plain('add'),
  'i32.sub': plain('sub'),
  'i32.mul': plain('mul'),
  'i32.div_s': plain('sdiv'),
  'i32.div_u': plain('udiv'),
  'i32.rem_s': plain('srem'),
  'i32.rem_u': plain('urem'),
  'i32.and': plain('and'),
  'i32.or': plain('or'),
  'i32.xor': plain('xor'),
  'i32.shl': plain('shl'),
  'i32.shr_s': plain('sshr'),
  'i32.shr_u': plain('ushr'),
  'i32.rotl': plain('rotl'),
  'i32.rotr': plain('rotr'),
  'i64.clz': plain('clz'),
  'i64.ctz': plain('ctz'),
  'i64.popcnt': plain('popcnt'),
  'i64.add': plain('add'),
  'i64.sub': plain('sub'),
  'i64.mul': plain('mul'),
  'i64.div_s': plain('sdiv'),
  'i64.div_u': plain('udiv'),
  'i64.rem_s': plain('srem'),
  'i64.rem_u': plain('urem'),
  'i64.and': plain('and'),
  'i64.or': plain('or'),
  'i64.xor': plain('xor'),
  'i64.shl': plain('shl'),
  'i64.shr_s': plain('sshr'),
  'i64.shr_u': plain('ushr'),
  'i64.rotl': plain('rotl'),
  'i64.rotr': plain('rotr'),
  'f32.abs': plain('fabs'),
  'f32.neg': plain('fneg'),
  'f32.ceil': plain('fceil'),
  'f32.floor': plain('ffloor'),
  'f32.trunc': plain('ftrunc'),
  'f32.nearest': plain('fnearest'),
  'f32.sqrt': plain('fsqrt'),
  'f32.add': plain('fadd'),
  'f32.sub': plain('fsub'),
  'f32.mul': plain('fmul'),
  'f32.div': plain('fdiv'),
  'f32.min': plain('fmin'),
  'f32.max': plain('fmax'),
  'f32.copysign': plain('fcopysign'),
  'f64.abs': plain('fabs'),
  'f64.neg': plain('fneg'),
  'f64.ceil': plain('fceil'),
  'f64.floor': plain('ffloor'),
  'f64.trunc': plain('ftrunc'),
  'f64.nearest': plain('fnearest'),
  'f64.sqrt': plain('fsqrt'),
  'f64.add': plain('fadd'),
  'f64.sub': plain('fsub'),
  'f64.mul': plain('fmul'),
  'f64.div': plain('fdiv'),
  'f64.min': plain('fmin'),
  'f64.max': plain('fmax'),
  'f64.copysign': plain('fcopysign'),
  'i32.wrap_i64': convert('trunc'),
  'i32.trunc_f32_s': convert('f32_to_sint'),
  'i32.trunc_f32_u': convert('f32_to_uint'),
  'i32.trunc_f64_s': convert('f64_to_sint'),
  'i32.trunc_f64_u': convert('f64_to_uint'),
  'i64.extend_i32_s': convert('sext'),
  'i64.extend_i32_u': convert('zext'),
  'i64.trunc_f32_s': convert('f32_to_sint'),
  'i64.trunc_f32_u': convert('f32_to_uint'),
  'i64.trunc_f64_s': convert('f64_to_sint'),
  'i64.trunc_f64_u': convert('f64_to_uint'),
  'f32.convert_i32_s': plain('sint_to_f32'),
  'f32.convert_i32_u': plain('uint_to_f32'),
  'f32.convert_i64_s': plain('sint_to_f32'),
  'f32.convert_i64_u': plain('uint_to_f32'),
  'f32.demote_f64': convert('fdemote'),
  'f64.convert_i32_s': plain('sint_to_f64'),
  'f64.convert_i32_u': plain('uint_to_f64'),
  'f64.convert_i64_s': plain('sint_to_f64'),
  'f64.convert_i64_u': plain('uint_to_f64'),
  'f64.promote_f32': convert('fpromote'),
  'i32.reinterpret_f32': convert('f32_bits'),
  'i64.reinterpret_f64': convert('f64_bits'),
  'f32.reinterpret_i32': convert('bits_f32'),
  'f64.reinterpret_i64': convert('bits_f64'),
  'i32.extend8_s': extend('i8'),
  'i32.extend16_s': extend('i16'),
  'i64.extend8_s': extend('i8'),
  'i64.extend16_s': extend('i16'),
  'i64.extend32_s': extend('i32'),
  'ref.null': (lowerer, { a }) => lowerer.push(0n, dmirType(a as ValType)),
  'ref.is_null': (lowerer) => {
    const type = lowerer.kind(0);
    lowerer.pushFlag(lowerer.op(OP.iszero, type, lowerer.pop()));
  },
  'ref.func': (lowerer, { a }) => {
    lowerer.push(BigInt(lowerer.linkage.place(a)), dmirType(FUNCREF));
  },
  'i32.trunc_sat_f32_s': convert('f32_to_sint_sat'),
  'i32.trunc_sat_f32_u': convert('f32_to_uint_sat'),
  'i32.trunc_sat_f64_s': convert('f64_to_sint_sat'),
  'i32.trunc_sat_f64_u': convert('f64_to_uint_sat'),
  'i64.trunc_sat_f32_s': convert('f32_to_sint_sat'),
  'i64.trunc_sat_f32_u': convert('f32_to_uint_sat'),
  'i64.trunc_sat_f64_s': convert('f64_to_sint_sat'),
  'i64.trunc_sat_f64_u': convert('f64_to_uint_sat'),
  'memory.init': memoryInit,
  'data.drop': dataDrop,
  'memory.copy': memoryCopy,
  'memory.fill': memoryFill,
  'table.init': tableInit,
  'elem.drop': elemDrop,
  'table.copy': tableCopy,
  'table.grow': tableGrow,
  'table.size': tableSize,
  'table.fill': tableFill,
  ...VECTOR_LOWERINGS,
};

/** The same by the place of the instruction in the table, where looking one up is a load. */
export const LOWERINGS: readonly Lowering[] = OPCODES.map(({ name }) => BY_NAME[name]);
