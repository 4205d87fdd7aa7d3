/**
 * How every operation inside a block becomes words, for every type of the table: by its form, or
 * *legalised* by forms of a wider type. i1, i8 and i16 are computed in 64 bits, i128 in 256:
 * operands of signed operations are sign-extended first, and results are cut to their width.
 *
 * `RULES` is a record over the operations, so that one without a rule does not compile; that each
 * rule takes each type is tested. Calls, charges and terminators are the encoders'.
 */

import { OPS, type OpName, TRAP_KINDS } from '../ops.ts';
import { TYPE_BITS, type Type } from '../types.ts';
import { MEMORY_RULES } from './memory-rules.ts';
import {
  contained,
  containerOf,
  cut,
  extended,
  isWide,
  maskOf,
  move,
  type Operation,
  type Site,
  type Source,
  scalar,
  slotOf,
  wide,
} from './site.ts';

export type Rule = (site: Site, operation: Operation) => void;

/** Operations that encoders place themselves. */
export type PlacedOp =
  | 'call'
  | 'call_indirect'
  | 'charge'
  | 'br'
  | 'br_if'
  | 'br_table'
  | 'dispatch'
  | 'return'
  | 'tail_call'
  | 'tail_call_indirect'
  | 'trap'
  | 'stop'
  | 'finish'
  | 'revert'
  | 'suspend';

export type RuleOp = Exclude<OpName, PlacedOp>;

/** Whether the forms of the container have exactly the width of the type. */
function isNative(type: Type): boolean {
  return TYPE_BITS[type] === TYPE_BITS[containerOf(type)];
}

interface Shape {
  /** Operands that are signed: none, the first, both. */
  readonly signed?: 0 | 1 | 2;
  /** Whether the result may pass the width. */
  readonly cuts?: boolean;
  /** The operation in 256 bits, where it has another name there. */
  readonly wideOp?: OpName;
}

/** An operation that is itself in the container. */
function through({ signed = 0, cuts = false, wideOp }: Shape = {}): Rule {
  return (site, { op, type }) => {
    const container = containerOf(type);
    const name = container === 'i256' ? (wideOp ?? op) : op;
    const isBinary = OPS[op].operands.includes(' ');
    const first = site.arg(0);
    const a = signed > 0 ? extended(site, type, first) : first;
    const second = isBinary ? site.arg(1) : undefined;
    const b = signed > 1 && second !== undefined ? extended(site, type, second) : second;
    if (!cuts || isNative(type)) {
      contained(site, name, container, site.result(), a, b);
      return;
    }
    const t = site.temp();
    contained(site, name, container, t, a, b);
    cut(site, type, site.result(), t);
  };
}

/** A comparison that 256-bit words have only the opposite of. */
function opposite(op: OpName, signed: 0 | 2): Rule {
  const direct = through({ signed });
  return (site, inst) => {
    if (!isWide(inst.type)) {
      direct(site, inst);
      return;
    }
    const [a, b] = [site.arg(0), site.arg(1)];
    const d = site.result();
    const [x, y] = signed ? [extended(site, inst.type, a), extended(site, inst.type, b)] : [a, b];
    wide(site, op, d, x, y);
    scalar(site, 'xor', 'i64', d, d, 1n);
  };
}

/** A shift whose count is taken modulo the width. */
function shift(wideOp: OpName, signed: 0 | 1, cuts: boolean): Rule {
  return (site, { op, type }) => {
    const container = containerOf(type);
    const value = site.arg(0);
    const a = signed ? extended(site, type, value) : value;
    const count = site.arg(1);
    const top = BigInt(TYPE_BITS[type] - 1);
    const isMasked = container === 'i256' || !isNative(type);
    const b = isMasked ? maskedCount(site, container, count, top) : count;
    const name = container === 'i256' ? wideOp : op;
    if (!cuts || isNative(type)) {
      contained(site, name, container, site.result(), a, b);
      return;
    }
    const t = site.temp();
    contained(site, name, container, t, a, b);
    cut(site, type, site.result(), t);
  };
}

function maskedCount(site: Site, container: Type, count: Source, top: bigint): Source {
  if (typeof count === 'bigint') return count & top;
  const d = site.temp();
  if (container === 'i256') site.writer.word('AND_K64', d, count, site.writer.constant(top));
  else scalar(site, 'and', 'i64', d, count, top);
  return d;
}

/** A rotation; of a narrow value, one of as many copies as fill the container. */
const rotate: Rule = (site, { op, type }) => {
  const value = site.arg(0);
  const count = site.arg(1);
  const form = op === 'rotl' ? 'ROTL' : 'ROTR';
  const { writer } = site;
  if (type === 'i256') {
    const [a, b] = [slotOf(site, value), slotOf(site, count)];
    writer.word(form, site.result(), a, b);
    return;
  }
  if (isNative(type)) {
    scalar(site, op, type, site.result(), value, count);
    return;
  }
  const copies = site.temp();
  const turned = site.temp();
  if (type === 'i128') {
    const a = slotOf(site, value);
    writer.word('SHL_I', copies, a, 128);
    writer.word('OR', copies, copies, a);
    writer.word(form, turned, copies, slotOf(site, count));
  } else {
    const ones = type === 'i8' ? 0x0101_0101_0101_0101n : 0x0001_0001_0001_0001n;
    scalar(site, 'mul', 'i64', copies, value, ones);
    scalar(site, op, 'i64', turned, copies, count);
  }
  cut(site, type, site.result(), turned);
};

/** High half of a product: of a narrow value, bits of the product in the container. */
function highProduct(signed: 0 | 2): Rule {
  return (site, { op, type }) => {
    const [first, second] = [site.arg(0), site.arg(1)];
    const container = containerOf(type);
    if (isNative(type)) {
      contained(site, op, container, site.result(), first, second);
      return;
    }
    const a = signed ? extended(site, type, first) : first;
    const b = signed ? extended(site, type, second) : second;
    const t = site.temp();
    const count = BigInt(TYPE_BITS[type]);
    contained(site, 'mul', container, t, a, b);
    if (!signed) {
      contained(
        site,
        container === 'i256' ? 'ushr_sat' : 'ushr',
        container,
        site.result(),
        t,
        count,
      );
      return;
    }
    contained(site, container === 'i256' ? 'sshr_sat' : 'sshr', container, t, t, count);
    cut(site, type, site.result(), t);
  };
}

type Arithmetic = 'add' | 'sub' | 'mul';
const ARITHMETIC: readonly Arithmetic[] = ['add', 'sub', 'mul'];
const OVERFLOW_KIND = TRAP_KINDS.indexOf('integer-overflow');

/** The exact result in the container, and the same cut and extended again. */
function exactAndCut(
  site: Site,
  type: Type,
  op: OpName,
  signed: 0 | 2,
): { readonly exact: number; readonly cutTo: number } {
  const container = containerOf(type);
  const [first, second] = [site.arg(0), site.arg(1)];
  const a = signed ? extended(site, type, first) : first;
  const b = signed ? extended(site, type, second) : second;
  const exact = site.temp();
  contained(site, op, container, exact, a, b);
  if (signed) return { exact, cutTo: extended(site, type, exact) as number };
  const cutTo = site.temp();
  cut(site, type, cutTo, exact);
  return { exact, cutTo };
}

/** Traps unless two values of the container are equal. */
function trapUnlessEqual(site: Site, container: Type, a: number, b: number): void {
  if (container !== 'i256') {
    site.writer.word('TRAP_NE_64', a, b, OVERFLOW_KIND);
    return;
  }
  const same = site.temp();
  wide(site, 'eq', same, a, b);
  site.writer.word('TRAP_NE_64', same, slotOf(site, 1n), OVERFLOW_KIND);
}

/** Arithmetic that traps on overflow. */
function trapping(base: Arithmetic, signed: 0 | 2): Rule {
  const code = ARITHMETIC.indexOf(base) + (signed ? 4 : 0);
  return (site, { op, type }) => {
    if (type === 'i256') {
      const [a, b] = [slotOf(site, site.arg(0)), slotOf(site, site.arg(1))];
      site.writer.word('CHECKED', site.result(), a, b);
      site.writer.extension(code, 0, 0, 0);
    } else if (isNative(type)) {
      const [a, b] = [site.arg(0), site.arg(1)];
      scalar(site, op, type, site.result(), a, b);
    } else {
      const { exact, cutTo } = exactAndCut(site, type, base, signed);
      trapUnlessEqual(site, containerOf(type), exact, cutTo);
      cut(site, type, site.result(), exact);
    }
  };
}

/** Arithmetic with a flag as second result. */
function flagged(base: Arithmetic, signed: 0 | 2): Rule {
  const code = ARITHMETIC.indexOf(base) + (signed ? 4 : 0);
  return (site, { op, type }) => {
    const { writer } = site;
    if (type === 'i256') {
      const [a, b] = [slotOf(site, site.arg(0)), slotOf(site, site.arg(1))];
      writer.word('OVERFLOW', site.result(0), a, b);
      writer.extension(site.result(1), code, 0, 0);
      return;
    }
    if (isNative(type)) {
      const [a, b] = [slotOf(site, site.arg(0)), slotOf(site, site.arg(1))];
      const name = `${op}_${type}`.toUpperCase() as 'UADD_OVERFLOW_I64';
      writer.word(name, site.result(0), a, b);
      writer.extension(site.result(1), 0, 0, 0);
      return;
    }
    const { exact, cutTo } = exactAndCut(site, type, base, signed);
    const container = containerOf(type);
    const flag = site.result(1);
    if (container === 'i256') {
      wide(site, 'eq', flag, exact, cutTo);
      scalar(site, 'xor', 'i64', flag, flag, 1n);
    } else {
      scalar(site, 'ne', 'i64', flag, exact, cutTo);
    }
    cut(site, type, site.result(0), exact);
  };
}

/** Rules of the word DIVIDE: remainder 1, signed 2, ones 4. */
function division(code: number): Rule {
  const signed = (code & 2) === 0 ? 0 : 2;
  return (site, { op, type }) => {
    const [first, second] = [site.arg(0), site.arg(1)];
    const container = containerOf(type);
    const a = signed ? extended(site, type, first) : first;
    const b = signed ? extended(site, type, second) : second;
    const t = isNative(type) ? site.result() : site.temp();
    if (container === 'i256') {
      const [x, y] = [slotOf(site, a), slotOf(site, b)];
      site.writer.word('DIVIDE', t, x, y);
      site.writer.extension(code, 0, 0, 0);
    } else {
      scalar(site, op, container, t, a, b);
    }
    if (isNative(type)) return;
    // The least number over -1 passes the width.
    if (code === 2) {
      trapUnlessEqual(site, container, t, extended(site, type, t) as number);
    }
    cut(site, type, site.result(), t);
  };
}

const not: Rule = (site, { type }) => {
  const a = site.arg(0);
  if (type === 'i256') wide(site, 'not', site.result(), a);
  else contained(site, 'xor', containerOf(type), site.result(), a, maskOf(TYPE_BITS[type]));
};

/** Leading or trailing zeros, or the bytes in the opposite order, of a narrow value. */
const clz: Rule = (site, { type }) => {
  const a = site.arg(0);
  const container = containerOf(type);
  if (isNative(type)) {
    contained(site, 'clz', container, site.result(), a);
    return;
  }
  const t = site.temp();
  contained(site, 'clz', container, t, a);
  const extra = BigInt(TYPE_BITS[container] - TYPE_BITS[type]);
  contained(site, 'sub', container, site.result(), t, extra);
};

const ctz: Rule = (site, { type }) => {
  const a = site.arg(0);
  const container = containerOf(type);
  if (isNative(type)) {
    contained(site, 'ctz', container, site.result(), a);
    return;
  }
  // A bit above the value ends the count.
  const t = site.temp();
  contained(site, 'or', container, t, a, 1n << BigInt(TYPE_BITS[type]));
  contained(site, 'ctz', container, site.result(), t);
};

const bswap: Rule = (site, { type }) => {
  const a = site.arg(0);
  const container = containerOf(type);
  if (type === 'i8') {
    move(site, type, site.result(), a);
    return;
  }
  if (isNative(type)) {
    contained(site, 'bswap', container, site.result(), a);
    return;
  }
  const t = site.temp();
  contained(site, 'bswap', container, t, a);
  const extra = BigInt(TYPE_BITS[container] - TYPE_BITS[type]);
  contained(site, container === 'i256' ? 'ushr_sat' : 'ushr', container, site.result(), t, extra);
};

/** Modular arithmetic; in 64 bits by way of 256. */
function modular(form: 'ADDMOD' | 'MULMOD'): Rule {
  return (site, { type }) => {
    const { writer } = site;
    const sources = [site.arg(0), site.arg(1), site.arg(2)] as const;
    if (type === 'i256') {
      const [a, b] = [slotOf(site, sources[0]), slotOf(site, sources[1])];
      const modulus = sources[2];
      if (typeof modulus === 'bigint') {
        writer.word(`${form}_K`, site.result(), a, b);
        writer.extension(writer.constant(modulus), 0, 0, 0);
      } else {
        writer.word(form, site.result(), a, b);
        writer.extension(modulus, 0, 0, 0);
      }
      return;
    }
    const [a, b, c] = sources.map((source) => widened(site, source)) as [number, number, number];
    const t = site.temp();
    writer.word(form, t, a, b);
    writer.extension(c, 0, 0, 0);
    writer.word('MOVE_64', site.result(), t, 0);
  };
}

/** A value of at most 64 bits as 32 bytes. */
function widened(site: Site, source: Source): number {
  if (typeof source === 'bigint') return slotOf(site, source);
  const t = site.temp();
  site.writer.word('ZEXT64', t, source, 0);
  return t;
}

const select: Rule = (site, { type }) => {
  const c = slotOf(site, site.arg(0));
  const [a, b] = [slotOf(site, site.arg(1)), slotOf(site, site.arg(2))];
  site.writer.word(isWide(type) ? 'SELECT' : 'SELECT_64', site.result(), a, b);
  site.writer.extension(c, 0, 0, 0);
};

const copy: Rule = (site, { type }) => move(site, type, site.result(), site.arg(0));

/** Bit casts: the register holds the bits. */
const sameBits: Rule = (site) => move(site, 'i64', site.result(), site.arg(0));

const iszero: Rule = (site, { type }) => {
  const a = site.arg(0);
  contained(site, 'iszero', isWide(type) ? 'i256' : 'i64', site.result(), a);
};

const zext: Rule = (site, { type }) => {
  const a = site.arg(0);
  if (!isWide(type) || typeof a === 'bigint' || isWide(site.argType(0))) {
    move(site, type, site.result(), a);
  } else {
    site.writer.word('ZEXT64', site.result(), a, 0);
  }
};

/** Writes the value with its sign up to 64 bits, or 256 for a wide type. */
function signExtend(site: Site, from: Type, to: Type, d: number, a: number): void {
  const { writer } = site;
  if (isWide(to)) {
    const word = isWide(from) ? a : widened(site, a);
    if (from === 'i1') writer.word('RSUB_K', d, word, writer.constant(0n));
    else writer.word('SEXT_I', d, word, TYPE_BITS[from] / 8 - 1);
  } else if (from === 'i1') {
    scalar(site, 'sub', 'i64', d, 0n, a);
  } else {
    writer.word(`EXTEND${TYPE_BITS[from] as 8 | 16 | 32}_64`, d, a, 0);
  }
}

const sext: Rule = (site, { type }) => {
  const from = site.argType(0);
  const source = site.arg(0);
  if (typeof source === 'bigint') {
    const value = BigInt.asIntN(TYPE_BITS[from], source);
    move(site, type, site.result(), BigInt.asUintN(TYPE_BITS[type], value));
    return;
  }
  if (type === 'i64' || type === 'i256') {
    signExtend(site, from, type, site.result(), source);
    return;
  }
  const t = site.temp();
  signExtend(site, from, type, t, source);
  cut(site, type, site.result(), t);
};

const trunc: Rule = (site, { type }) => {
  const source = site.arg(0);
  const mask = maskOf(TYPE_BITS[type]);
  if (typeof source === 'bigint') move(site, type, site.result(), source & mask);
  else if (type === 'i64') site.writer.word('MOVE_64', site.result(), source, 0);
  else contained(site, 'and', isWide(type) ? 'i256' : 'i64', site.result(), source, mask);
};

/** A float operation or a conversion between floats and integers, which have forms all. */
const float: Rule = (site, { op, type }) => {
  const isBinary = OPS[op].operands.includes(' ');
  const a = site.arg(0);
  const b = isBinary ? site.arg(1) : undefined;
  scalar(site, op, type, site.result(), a, b);
};

function floatFormat(type: 'f32' | 'f64'): Rule {
  return (site, { op }) => scalar(site, op, type, site.result(), site.arg(0));
}

export const RULES: Readonly<Record<RuleOp, Rule>> = {
  ...MEMORY_RULES,
  copy,
  select,
  add: through({ cuts: true }),
  sub: through({ cuts: true }),
  mul: through({ cuts: true }),
  umulhi: highProduct(0),
  smulhi: highProduct(2),
  addmod: modular('ADDMOD'),
  mulmod: modular('MULMOD'),
  pow: through(),
  uadd_trap: trapping('add', 0),
  sadd_trap: trapping('add', 2),
  usub_trap: trapping('sub', 0),
  ssub_trap: trapping('sub', 2),
  umul_trap: trapping('mul', 0),
  smul_trap: trapping('mul', 2),
  uadd_overflow: flagged('add', 0),
  sadd_overflow: flagged('add', 2),
  usub_overflow: flagged('sub', 0),
  ssub_overflow: flagged('sub', 2),
  umul_overflow: flagged('mul', 0),
  smul_overflow: flagged('mul', 2),
  udiv: division(0),
  urem: division(1),
  sdiv: division(2),
  srem: division(3),
  udiv_ones: division(4),
  urem_ones: division(5),
  sdiv_ones: division(6),
  srem_ones: division(7),
  udiv_zero: through(),
  urem_zero: through(),
  sdiv_zero: through({ signed: 2, cuts: true }),
  srem_zero: through({ signed: 2, cuts: true }),
  and: through(),
  or: through(),
  xor: through(),
  not,
  shl: shift('shl_sat', 0, true),
  ushr: shift('ushr_sat', 0, false),
  sshr: shift('sshr_sat', 1, true),
  shl_sat: through({ cuts: true }),
  ushr_sat: through(),
  sshr_sat: through({ signed: 1, cuts: true }),
  rotl: rotate,
  rotr: rotate,
  clz,
  ctz,
  popcnt: through(),
  bswap,
  byte_be: through(),
  sext_byte: through(),
  eq: through(),
  ne: opposite('eq', 0),
  ult: through(),
  ule: opposite('ugt', 0),
  ugt: through(),
  uge: opposite('ult', 0),
  slt: through({ signed: 2 }),
  sle: opposite('sgt', 2),
  sgt: through({ signed: 2 }),
  sge: opposite('slt', 2),
  iszero,
  zext,
  sext,
  trunc,
  fadd: float,
  fsub: float,
  fmul: float,
  fdiv: float,
  fmin: float,
  fmax: float,
  fcopysign: float,
  fabs: float,
  fneg: float,
  fsqrt: float,
  fceil: float,
  ffloor: float,
  ftrunc: float,
  fnearest: float,
  feq: float,
  fne: float,
  flt: float,
  fle: float,
  fgt: float,
  fge: float,
  fpromote: floatFormat('f64'),
  fdemote: floatFormat('f32'),
  f32_to_uint: float,
  f32_to_sint: float,
  f64_to_uint: float,
  f64_to_sint: float,
  f32_to_uint_sat: float,
  f32_to_sint_sat: float,
  f64_to_uint_sat: float,
  f64_to_sint_sat: float,
  uint_to_f32: float,
  sint_to_f32: float,
  uint_to_f64: float,
  sint_to_f64: float,
  f32_bits: sameBits,
  f64_bits: sameBits,
  bits_f32: sameBits,
  bits_f64: sameBits,
};
