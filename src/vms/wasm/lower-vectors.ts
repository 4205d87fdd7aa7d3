/**
 * How vector instructions are lowered: accesses of memory and of single lanes where they stand, all
 * others to a call of the function that `vectors.ts` writes for them.
 */
import type { Value } from '../../dmir/builder.ts';
import { OP_NUMBER as OP } from '../../dmir/flat.ts';
import type { RegId } from '../../dmir/ir.ts';
import type { Type } from '../../dmir/types.ts';
import type { Instruction } from './instructions.ts';
import { dmirType } from './linkage.ts';
import type { FunctionLowerer } from './lower.ts';
import { type Lowering, popAddress } from './lower-memory.ts';
import type { ValType } from './types.ts';
import { VECTOR_ROWS, type VectorName } from './vector-opcodes.ts';
import { isVectorFunction, shapeOf } from './vectors.ts';

const MASK_128 = (1n << 128n) - 1n;

/** Calls the function of an instruction. */
function callVector(lowerer: FunctionLowerer, name: VectorName, args: Value[]): RegId {
  const imm = lowerer.linkage.vector(name);
  return lowerer.inst(OP.call, { imm, args });
}

const call: Lowering = (lowerer, { op }) => {
  const args = lowerer.popMany((op.operands as readonly ValType[]).length);
  const type = dmirType(op.results[0] as ValType);
  lowerer.push(callVector(lowerer, op.name as VectorName, args), type);
};

function loadBits(lowerer: FunctionLowerer, { b }: Instruction, type: Type): RegId {
  const args = [popAddress(lowerer, b)];
  return lowerer.inst(OP.load, { type, imm: lowerer.linkage.memory, args });
}

const load: Lowering = (lowerer, instruction) => {
  lowerer.push(loadBits(lowerer, instruction, 'i128'), 'i128');
};

const store: Lowering = (lowerer, { b }) => {
  const value = lowerer.pop();
  const args = [popAddress(lowerer, b), value];
  lowerer.inst(OP.store, { type: 'i128', imm: lowerer.linkage.memory, args });
};

const loadZero: Lowering = (lowerer, instruction) => {
  const type: Type = instruction.op.accessBytes === 4 ? 'i32' : 'i64';
  const bits = loadBits(lowerer, instruction, type);
  lowerer.push(lowerer.op(OP.zext, 'i128', bits), 'i128');
};

/** Instructions that finish what a load of eight bytes or of one lane begins. */
export const AFTER_LOADS: Readonly<Partial<Record<VectorName, VectorName>>> = {
  'v128.load8x8_s': 'i16x8.extend_low_i8x16_s',
  'v128.load8x8_u': 'i16x8.extend_low_i8x16_u',
  'v128.load16x4_s': 'i32x4.extend_low_i16x8_s',
  'v128.load16x4_u': 'i32x4.extend_low_i16x8_u',
  'v128.load32x2_s': 'i64x2.extend_low_i32x4_s',
  'v128.load32x2_u': 'i64x2.extend_low_i32x4_u',
  'v128.load8_splat': 'i8x16.splat',
  'v128.load16_splat': 'i16x8.splat',
  'v128.load32_splat': 'i32x4.splat',
  'v128.load64_splat': 'i64x2.splat',
};

const loadAndCall: Lowering = (lowerer, instruction) => {
  const { name, accessBytes } = instruction.op;
  const after = AFTER_LOADS[name as VectorName] as VectorName;
  const bits = loadBits(lowerer, instruction, `i${accessBytes * 8}` as Type);
  const isSplat = name.endsWith('splat');
  const type: Type = !isSplat ? 'i128' : accessBytes === 8 ? 'i64' : 'i32';
  const value = type === `i${accessBytes * 8}` ? bits : lowerer.op(OP.zext, type, bits);
  lowerer.push(callVector(lowerer, after, [value]), 'i128');
};

/** The bits of a lane. */
function getLane(lowerer: FunctionLowerer, vector: Value, bits: number, lane: number): RegId {
  const shifted = lowerer.op(OP.ushr, 'i128', vector, BigInt(lane * bits));
  return lowerer.op(OP.trunc, `i${bits}` as Type, shifted);
}

/** The vector with other bits in a lane. */
function setLane(
  lowerer: FunctionLowerer,
  vector: Value,
  { bits, lane }: { readonly bits: number; readonly lane: number },
  value: RegId,
): RegId {
  const shift = BigInt(lane * bits);
  const hole = MASK_128 ^ (((1n << BigInt(bits)) - 1n) << shift);
  const rest = lowerer.op(OP.and, 'i128', vector, hole);
  const placed = lowerer.op(OP.shl, 'i128', lowerer.op(OP.zext, 'i128', value), shift);
  return lowerer.op(OP.or, 'i128', rest, placed);
}

const loadLane: Lowering = (lowerer, instruction) => {
  const vector = lowerer.pop();
  const bits = instruction.op.accessBytes * 8;
  const value = loadBits(lowerer, instruction, `i${bits}` as Type);
  const place = { bits, lane: instruction.lanes[0] as number };
  lowerer.push(setLane(lowerer, vector, place, value), 'i128');
};

const storeLane: Lowering = (lowerer, { op, b, lanes }) => {
  const vector = lowerer.pop();
  const address = popAddress(lowerer, b);
  const type = `i${op.accessBytes * 8}` as Type;
  const value = getLane(lowerer, vector, op.accessBytes * 8, lanes[0] as number);
  const imm = lowerer.linkage.memory;
  lowerer.inst(OP.store, { type, imm, args: [address, value] });
};

const extractLane: Lowering = (lowerer, { op, lanes }) => {
  const { bits, isFloat } = shapeOf(op.name);
  const type = dmirType(op.results[0] as ValType);
  const lane = getLane(lowerer, lowerer.pop(), bits, lanes[0] as number);
  if (isFloat) lowerer.push(lowerer.op(bits === 32 ? OP.bits_f32 : OP.bits_f64, 'i64', lane), type);
  else if (bits >= 32) lowerer.push(lane, type);
  else lowerer.push(lowerer.op(op.name.endsWith('_s') ? OP.sext : OP.zext, type, lane), type);
};

const replaceLane: Lowering = (lowerer, { op, lanes }) => {
  const { bits, isFloat } = shapeOf(op.name);
  const value = lowerer.popRegister();
  const vector = lowerer.pop();
  const place = { bits, lane: lanes[0] as number };
  let lane = value;
  if (isFloat) lane = lowerer.op(bits === 32 ? OP.f32_bits : OP.f64_bits, 'i64', value);
  else if (bits < 32) lane = lowerer.op(OP.trunc, `i${bits}` as Type, value);
  lowerer.push(setLane(lowerer, vector, place, lane), 'i128');
};

const shuffle: Lowering = (lowerer, { lanes }) => {
  const vectors = lowerer.popMany(2);
  let result: Value = 0n;
  lanes.forEach((lane, i) => {
    const byte = getLane(lowerer, vectors[lane >> 4] as Value, 8, lane & 15);
    const wide = lowerer.op(OP.zext, 'i128', byte);
    const placed = i === 0 ? wide : lowerer.op(OP.shl, 'i128', wide, BigInt(8 * i));
    result = result === 0n ? placed : lowerer.op(OP.or, 'i128', result, placed);
  });
  lowerer.push(result, 'i128');
};

const constant: Lowering = (lowerer, { bits }) => lowerer.push(bits, 'i128');

/** Rules by a pattern of the name, for what is no call. */
const INLINE: readonly (readonly [pattern: RegExp, rule: Lowering])[] = [
  [/^v128\.load$/, load],
  [/^v128\.store$/, store],
  [/^v128\.const$/, constant],
  [/^v128\.load\d+_zero$/, loadZero],
  [/^v128\.load\d+_lane$/, loadLane],
  [/^v128\.store\d+_lane$/, storeLane],
  [/^v128\.load/, loadAndCall],
  [/extract_lane/, extractLane],
  [/replace_lane$/, replaceLane],
  [/shuffle$/, shuffle],
];

function ruleOf(name: VectorName): Lowering {
  if (isVectorFunction(name)) return call;
  const rule = INLINE.find(([pattern]) => pattern.test(name))?.[1];
  if (rule === undefined) throw new Error(`BUG: no lowering for ${name}`);
  return rule;
}

export const VECTOR_LOWERINGS = Object.fromEntries(
  (Object.keys(VECTOR_ROWS) as VectorName[]).map((name) => [name, ruleOf(name)]),
) as Readonly<Record<VectorName, Lowering>>;

/** The function that an instruction calls; undefined where it calls none. */
export function vectorFunctionOf(name: VectorName): VectorName | undefined {
  return isVectorFunction(name) ? name : AFTER_LOADS[name];
}
