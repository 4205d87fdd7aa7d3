/**
 * Which bytecode form an operation on 256-bit registers takes, by where its operands are.
 *
 * `rr` is the form over two registers. `rk` and `ri` take the second operand as a constant or as a
 * 16-bit immediate; `kr` and `ir` the first (their `a` field then holds the second operand).
 */
import type { OpName } from '../ops.ts';
import type { FormName } from './forms.ts';

export interface BinaryForms {
  readonly rr: FormName;
  readonly rk?: FormName;
  readonly kr?: FormName;
  readonly ri?: FormName;
  readonly ir?: FormName;
  /** Largest immediate of `ri` and `ir`. */
  readonly immediateMax?: bigint;
  /** Register operands are exchanged in `rr`. */
  readonly swap?: boolean;
}

function commutative(rr: FormName, rk: FormName): BinaryForms {
  return { rr, rk, kr: rk };
}

export const BINARY_256: Readonly<Partial<Record<OpName, BinaryForms>>> = {
  add: { ...commutative('ADD', 'ADD_K'), ri: 'ADD_I', ir: 'ADD_I', immediateMax: 0xffffn },
  sub: { rr: 'SUB', ri: 'SUB_I', kr: 'RSUB_K', immediateMax: 0xffffn },
  mul: commutative('MUL', 'MUL_K'),
  umulhi: { rr: 'UMULHI' },
  smulhi: { rr: 'SMULHI' },
  pow: { rr: 'POW' },
  udiv_zero: { rr: 'UDIV', rk: 'UDIV_K' },
  sdiv_zero: { rr: 'SDIV', rk: 'SDIV_K' },
  urem_zero: { rr: 'UREM', rk: 'UREM_K' },
  srem_zero: { rr: 'SREM', rk: 'SREM_K' },
  and: commutative('AND', 'AND_K'),
  or: commutative('OR', 'OR_K'),
  xor: commutative('XOR', 'XOR_K'),
  shl_sat: { rr: 'SHL', ri: 'SHL_I', immediateMax: 255n },
  ushr_sat: { rr: 'USHR', ri: 'USHR_I', immediateMax: 255n },
  sshr_sat: { rr: 'SSHR', ri: 'SSHR_I', immediateMax: 255n },
  byte_be: { rr: 'BYTE', ir: 'BYTE_I', immediateMax: 31n },
  sext_byte: { rr: 'SEXT', ir: 'SEXT_I', immediateMax: 30n },
  eq: commutative('EQ', 'EQ_K'),
  ult: { rr: 'ULT', rk: 'ULT_K', kr: 'UGT_K' },
  ugt: { rr: 'ULT', rk: 'UGT_K', kr: 'ULT_K', swap: true },
  slt: { rr: 'SLT', rk: 'SLT_K', kr: 'SGT_K' },
  sgt: { rr: 'SLT', rk: 'SGT_K', kr: 'SLT_K', swap: true },
};

export const UNARY_256: Readonly<Partial<Record<OpName, FormName>>> = {
  not: 'NOT',
  iszero: 'ISZERO',
  clz: 'CLZ',
  ctz: 'CTZ',
  popcnt: 'POPCNT',
  bswap: 'BSWAP',
};

/** Compare-and-branch forms; with a constant, `rk` compares register and constant. */
export const BRANCH_256: Readonly<Partial<Record<OpName, BinaryForms>>> = {
  eq: commutative('BR_EQ', 'BR_EQ_K'),
  ult: { rr: 'BR_ULT', rk: 'BR_ULT_K', kr: 'BR_UGT_K' },
  ugt: { rr: 'BR_ULT', rk: 'BR_UGT_K', kr: 'BR_ULT_K', swap: true },
  slt: { rr: 'BR_SLT', rk: 'BR_SLT_K', kr: 'BR_SGT_K' },
  sgt: { rr: 'BR_SLT', rk: 'BR_SGT_K', kr: 'BR_SLT_K', swap: true },
};
