/**
 * How operations without a trap and without an effect become instructions of WebAssembly: a rule by
 * name, which leaves the result on the stack, its limbs from the least one on. A function with an
 * operation that has no rule for its type stays with the interpreter.
 */
import type { Inst, Operand } from '../../dmir/ir.ts';
import type { OpName } from '../../dmir/ops.ts';
import { TYPE_BITS, type Type } from '../../dmir/types.ts';
import type { Code } from './code.ts';
import { isNarrow, isSmall, isWide, limbCount, prefix } from './values.ts';

/** What a rule sees of the function that is being written. */
export interface Emitter {
  readonly code: Code;
  /** Type of an operand of an instruction. */
  argType(inst: Inst, index: number): Type;
  /** Leaves a value on the stack; a NaN of it may be another one than the canonical. */
  push(operand: Operand, type: Type): void;
  /** The same, with the canonical NaN. */
  pushExact(operand: Operand, type: Type): void;
  /** Leaves a limb on the stack, 0 past the highest. */
  pushLimb(operand: Operand, type: Type, limb: number): void;
  /** The constant that an operand is. */
  constant(operand: Operand): bigint | undefined;
}

export type Rule = (emitter: Emitter, inst: Inst) => void;

function all(emitter: Emitter, inst: Inst, type: Type): void {
  for (const operand of inst.args) emitter.push(operand, type);
}

function mask(emitter: Emitter, type: Type): void {
  if (isNarrow(type)) emitter.code.i32(2 ** TYPE_BITS[type] - 1).op('i32.and');
}

/** Extends the sign of what is on the stack to the width of its local. */
function fillSign({ code }: Emitter, type: Type): void {
  if (type === 'i8') code.op('i32.extend8_s');
  if (type === 'i16') code.op('i32.extend16_s');
  if (type === 'i1') code.i32(31).op('i32.shl').i32(31).op('i32.shr_s');
}

function each(inst: Inst, emit: (limb: number) => void): void {
  for (let limb = 0; limb < limbCount(inst.type); limb++) emit(limb);
}

/** An operation whose result may have bits above a narrow type. */
function arithmetic(name: string): Rule {
  return (emitter, inst) => {
    all(emitter, inst, inst.type);
    emitter.code.op(`${prefix(inst.type)}.${name}`);
    mask(emitter, inst.type);
  };
}

/** An operation on bits, limb by limb. */
function bitwise(name: string): Rule {
  return (emitter, inst) => {
    each(inst, (limb) => {
      for (const operand of inst.args) emitter.pushLimb(operand, inst.type, limb);
      emitter.code.op(`${prefix(inst.type)}.${name}`);
    });
  };
}

const not: Rule = (emitter, inst) => {
  each(inst, (limb) => {
    emitter.pushLimb(inst.args[0] as Operand, inst.type, limb);
    if (isSmall(inst.type)) emitter.code.i32(2 ** TYPE_BITS[inst.type] - 1).op('i32.xor');
    else emitter.code.i64(-1).op('i64.xor');
  });
};

/** A shift whose count is taken modulo the width. */
function shift(name: 'shl' | 'shr_u' | 'shr_s'): Rule {
  return (emitter, inst) => {
    const { type } = inst;
    if (type === 'i256') {
      shiftByConstant(emitter, inst, name === 'shl');
      return;
    }
    if (isWide(type)) {
      (name === 'shl' ? shiftLeft : shiftRight)(emitter, inst);
      return;
    }
    const [value, count] = inst.args as [Operand, Operand];
    emitter.push(value, type);
    if (name === 'shr_s') fillSign(emitter, type);
    emitter.push(count, type);
    if (isNarrow(type)) emitter.code.i32(TYPE_BITS[type] - 1).op('i32.and');
    emitter.code.op(`${prefix(type)}.${name}`);
    if (name !== 'shr_u') mask(emitter, type);
  };
}

/**
 * A limb of two that are shifted by less than 64: what the other one hands over goes by a shift of
 * one and a shift of the inverted count, which is right for a count of 0.
 */
function across(
  emitter: Emitter,
  [own, other]: readonly [() => void, () => void],
  count: () => void,
  [name, back]: readonly [string, string],
): void {
  const { code } = emitter;
  own();
  count();
  code.op(name);
  other();
  code.i64(1).op(back);
  count();
  code.i64(63).op('i64.xor').op(back).op('i64.or');
}

/** What a shift of 128 bits pushes: either limb, the count, and whether it is below 64. */
function partsOfShift(emitter: Emitter, inst: Inst) {
  const [value, count] = inst.args as [Operand, Operand];
  const low = (): void => emitter.pushLimb(value, 'i128', 0);
  const high = (): void => emitter.pushLimb(value, 'i128', 1);
  const by = (): void => emitter.pushLimb(count, 'i128', 0);
  const isNear = (): void => {
    by();
    emitter.code.i64(64).op('i64.and').op('i64.eqz');
  };
  return { low, high, by, isNear };
}

const shiftLeft: Rule = (emitter, inst) => {
  const { low, high, by, isNear } = partsOfShift(emitter, inst);
  low();
  by();
  emitter.code.op('i64.shl').i64(0);
  isNear();
  emitter.code.op('select');
  across(emitter, [high, low], by, ['i64.shl', 'i64.shr_u']);
  low();
  by();
  emitter.code.op('i64.shl');
  isNear();
  emitter.code.op('select');
};

const shiftRight: Rule = (emitter, inst) => {
  const { low, high, by, isNear } = partsOfShift(emitter, inst);
  across(emitter, [low, high], by, ['i64.shr_u', 'i64.shl']);
  high();
  by();
  emitter.code.op('i64.shr_u');
  isNear();
  emitter.code.op('select');
  high();
  by();
  emitter.code.op('i64.shr_u').i64(0);
  isNear();
  emitter.code.op('select');
};

/** A shift of 256 bits; what a limb has comes of two. */
function shiftByConstant(emitter: Emitter, { args }: Inst, isLeft: boolean): void {
  const { code } = emitter;
  const [value, count] = args as [Operand, Operand];
  const bits = Number((emitter.constant(count) as bigint) & 255n);
  const step = (isLeft ? -1 : 1) * (bits >> 6);
  const rest = bits & 63;
  const push = (limb: number): void => {
    if (limb < 0) code.i64(0);
    else emitter.pushLimb(value, 'i256', limb);
  };
  const [name, back] = isLeft ? ['i64.shl', 'i64.shr_u'] : ['i64.shr_u', 'i64.shl'];
  for (let limb = 0; limb < limbCount('i256'); limb++) {
    push(limb + step);
    if (rest === 0) continue;
    code.i64(rest).op(name as string);
    push(limb + step + (isLeft ? -1 : 1));
    code
      .i64(64 - rest)
      .op(back as string)
      .op('i64.or');
  }
}

/** A comparison, after the signs of narrow numbers are filled where it minds them. */
function compare(name: string): Rule {
  return (emitter, inst) => {
    for (const operand of inst.args) {
      emitter.push(operand, inst.type);
      if (name.endsWith('_s')) fillSign(emitter, inst.type);
    }
    emitter.code.op(`${prefix(inst.type)}.${name}`);
  };
}

/** Whether two values have the same bits, or not. */
function equality(name: 'eq' | 'ne'): Rule {
  return (emitter, inst) => {
    if (!isWide(inst.type)) {
      compare(name)(emitter, inst);
      return;
    }
    each(inst, (limb) => {
      for (const operand of inst.args) emitter.pushLimb(operand, inst.type, limb);
      emitter.code.op('i64.xor');
      if (limb > 0) emitter.code.op('i64.or');
    });
    emitter.code.i64(0).op(`i64.${name}`);
  };
}

const iszero: Rule = (emitter, inst) => {
  each(inst, (limb) => {
    emitter.pushLimb(inst.args[0] as Operand, inst.type, limb);
    if (limb > 0) emitter.code.op('i64.or');
  });
  emitter.code.op(`${prefix(inst.type)}.eqz`);
};

const select: Rule = (emitter, inst) => {
  const [flag, a, b] = inst.args as [Operand, Operand, Operand];
  each(inst, (limb) => {
    for (const operand of [a, b]) {
      if (isWide(inst.type)) emitter.pushLimb(operand, inst.type, limb);
      else emitter.pushExact(operand, inst.type);
    }
    emitter.push(flag, 'i1');
    emitter.code.op('select');
  });
};

const copy: Rule = (emitter, inst) => {
  const [operand] = inst.args as [Operand];
  if (isWide(inst.type)) emitter.push(operand, inst.type);
  else emitter.pushExact(operand, inst.type);
};

const zext: Rule = (emitter, inst) => {
  const from = emitter.argType(inst, 0);
  const operand = inst.args[0] as Operand;
  each(inst, (limb) => {
    if (isSmall(from) && limb > 0) emitter.code.i64(0);
    else emitter.pushLimb(operand, from, limb);
    if (limb === 0 && isSmall(from) && !isSmall(inst.type)) emitter.code.op('i64.extend_i32_u');
  });
};

const sext: Rule = (emitter, inst) => {
  const from = emitter.argType(inst, 0);
  const last = limbCount(from) - 1;
  each(inst, (limb) => {
    emitter.pushLimb(inst.args[0] as Operand, from, Math.min(limb, last));
    fillSign(emitter, from);
    if (isSmall(from) && !isSmall(inst.type)) emitter.code.op('i64.extend_i32_s');
    if (limb > last) emitter.code.i64(63).op('i64.shr_s');
  });
  if (isSmall(inst.type)) mask(emitter, inst.type);
};

const trunc: Rule = (emitter, inst) => {
  const from = emitter.argType(inst, 0);
  each(inst, (limb) => emitter.pushLimb(inst.args[0] as Operand, from, limb));
  if (!isSmall(inst.type)) return;
  if (!isSmall(from)) emitter.code.op('i32.wrap_i64');
  mask(emitter, inst.type);
};

/** An operation on floats of one type. */
function float(name: string): Rule {
  return (emitter, inst) => {
    all(emitter, inst, inst.type);
    emitter.code.op(`${inst.type}.${name}`);
  };
}

/** One that only moves bits and signs. */
function sign(name: string): Rule {
  return (emitter, inst) => {
    for (const operand of inst.args) emitter.pushExact(operand, inst.type);
    emitter.code.op(`${inst.type}.${name}`);
  };
}

/** A conversion from one type, by an instruction that may begin with the controlling type. */
function conversion(from: Type | 'T', name: (type: string) => string, isExact = false): Rule {
  return (emitter, inst) => {
    const type = from === 'T' ? inst.type : from;
    const operand = inst.args[0] as Operand;
    if (isExact) emitter.pushExact(operand, type);
    else emitter.push(operand, type);
    emitter.code.op(name(inst.type));
  };
}

export const RULES: Readonly<Partial<Record<OpName, Rule>>> = {
  copy,
  select,
  add: arithmetic('add'),
  sub: arithmetic('sub'),
  mul: arithmetic('mul'),
  and: bitwise('and'),
  or: bitwise('or'),
  xor: bitwise('xor'),
  not,
  shl: shift('shl'),
  ushr: shift('shr_u'),
  sshr: shift('shr_s'),
  rotl: arithmetic('rotl'),
  rotr: arithmetic('rotr'),
  clz: arithmetic('clz'),
  ctz: arithmetic('ctz'),
  popcnt: arithmetic('popcnt'),
  eq: equality('eq'),
  ne: equality('ne'),
  ult: compare('lt_u'),
  ule: compare('le_u'),
  ugt: compare('gt_u'),
  uge: compare('ge_u'),
  slt: compare('lt_s'),
  sle: compare('le_s'),
  sgt: compare('gt_s'),
  sge: compare('ge_s'),
  iszero,
  zext,
  sext,
  trunc,
  fadd: float('add'),
  fsub: float('sub'),
  fmul: float('mul'),
  fdiv: float('div'),
  fmin: float('min'),
  fmax: float('max'),
  fcopysign: sign('copysign'),
  fabs: sign('abs'),
  fneg: sign('neg'),
  fsqrt: float('sqrt'),
  fceil: float('ceil'),
  ffloor: float('floor'),
  ftrunc: float('trunc'),
  fnearest: float('nearest'),
  feq: float('eq'),
  fne: float('ne'),
  flt: float('lt'),
  fle: float('le'),
  fgt: float('gt'),
  fge: float('ge'),
  fpromote: conversion('f32', () => 'f64.promote_f32'),
  fdemote: conversion('f64', () => 'f32.demote_f64'),
  f32_to_uint_sat: conversion('f32', (type) => `${type}.trunc_sat_f32_u`),
  f32_to_sint_sat: conversion('f32', (type) => `${type}.trunc_sat_f32_s`),
  f64_to_uint_sat: conversion('f64', (type) => `${type}.trunc_sat_f64_u`),
  f64_to_sint_sat: conversion('f64', (type) => `${type}.trunc_sat_f64_s`),
  uint_to_f32: conversion('T', (type) => `f32.convert_${type}_u`),
  sint_to_f32: conversion('T', (type) => `f32.convert_${type}_s`),
  uint_to_f64: conversion('T', (type) => `f64.convert_${type}_u`),
  sint_to_f64: conversion('T', (type) => `f64.convert_${type}_s`),
  f32_bits: conversion('f32', () => 'i32.reinterpret_f32', true),
  f64_bits: conversion('f64', () => 'i64.reinterpret_f64', true),
  bits_f32: conversion('i32', () => 'f32.reinterpret_i32'),
  bits_f64: conversion('i64', () => 'f64.reinterpret_i64'),
};

/** Operations that have a rule for some types only. */
const TYPES_OF: Readonly<Partial<Record<OpName, (type: Type, inst: Inst) => boolean>>> = {
  add: (type) => !isWide(type),
  sub: (type) => !isWide(type),
  mul: (type) => !isWide(type),
  shl: (type, { args }) => type !== 'i256' || (args[1] as Operand) < 0,
  ushr: (type, { args }) => type !== 'i256' || (args[1] as Operand) < 0,
  sshr: (type) => !isWide(type),
  rotl: (type) => type === 'i32' || type === 'i64',
  rotr: (type) => type === 'i32' || type === 'i64',
  clz: (type) => type === 'i32' || type === 'i64',
  ctz: (type) => type === 'i32' || type === 'i64',
  popcnt: (type) => !isWide(type),
  ult: (type) => !isWide(type),
  ule: (type) => !isWide(type),
  ugt: (type) => !isWide(type),
  uge: (type) => !isWide(type),
  slt: (type) => !isWide(type),
  sle: (type) => !isWide(type),
  sgt: (type) => !isWide(type),
  sge: (type) => !isWide(type),
};

/** Operations whose result may be another NaN than the canonical one. */
const MAKES_NAN: ReadonlySet<OpName> = new Set<OpName>([
  ...(['fadd', 'fsub', 'fmul', 'fdiv', 'fmin', 'fmax', 'fsqrt', 'fceil', 'ffloor'] as const),
  ...(['ftrunc', 'fnearest', 'fpromote', 'fdemote'] as const),
]);

export function ruleOf(inst: Inst): Rule | undefined {
  const { op, type } = inst;
  return TYPES_OF[op]?.(type, inst) === false ? undefined : RULES[op];
}

export function makesNan(inst: Inst): boolean {
  return MAKES_NAN.has(inst.op);
}
