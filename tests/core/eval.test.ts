/**
 * The reference semantics against oracles that nobody here wrote: the platform's WebAssembly for
 * i32, i64, f32 and f64, the conformance vectors for the EVM's arithmetic, and a table of the cases
 * that neither decides.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { evalPure } from '../../src/dmir/eval.ts';
import { CANONICAL_NAN_32, CANONICAL_NAN_64 } from '../../src/dmir/eval-float.ts';
import { OP_NAMES, type OpName, type PureOpName } from '../../src/dmir/ops.ts';
import { TYPE_BITS, type Type } from '../../src/dmir/types.ts';
import { NO_CORPORA, readArithmeticVectors } from '../support/corpora.ts';
import { createPrng } from '../support/prng.ts';
import { randomValue } from '../support/random-values.ts';

type WasmType = 'i32' | 'i64' | 'f32' | 'f64';

/** Opcodes by operation and type (WebAssembly 2.0, section 5.4.7), with their 0xfc prefix. */
const WASM: readonly (readonly [PureOpName, WasmType, readonly WasmType[], WasmType, number[]])[] =
  [
    ...integerRows('i32', 0x45, 0x67, 0x46, 0x6a),
    ...integerRows('i64', 0x50, 0x79, 0x51, 0x7c),
    ...floatRows('f32', 0x5b, 0x8b),
    ...floatRows('f64', 0x61, 0x99),
    ...(['i32', 'i64'] as const).flatMap(conversionRows),
    ['fdemote', 'f32', ['f64'], 'f32', [0xb6]],
    ['fpromote', 'f64', ['f32'], 'f64', [0xbb]],
  ];

type WasmRow = (typeof WASM)[number];

function integerRows(
  type: 'i32' | 'i64',
  eqz: number,
  clz: number,
  eq: number,
  add: number,
): WasmRow[] {
  const tests = ['eq', 'ne', 'slt', 'ult', 'sgt', 'ugt', 'sle', 'ule', 'sge', 'uge'] as const;
  const binary = ['add', 'sub', 'mul', 'sdiv', 'udiv', 'srem', 'urem', 'and', 'or', 'xor'] as const;
  const shifts = ['shl', 'sshr', 'ushr', 'rotl', 'rotr'] as const;
  return [
    ['iszero', type, [type], 'i32', [eqz]],
    ...tests.map((op, i): WasmRow => [op, type, [type, type], 'i32', [eq + i]]),
    ...['clz', 'ctz', 'popcnt'].map((op, i): WasmRow => {
      return [op as PureOpName, type, [type], type, [clz + i]];
    }),
    ...[...binary, ...shifts].map((op, i): WasmRow => [op, type, [type, type], type, [add + i]]),
  ];
}

function floatRows(type: 'f32' | 'f64', eq: number, abs: number): WasmRow[] {
  const tests = ['feq', 'fne', 'flt', 'fgt', 'fle', 'fge'] as const;
  const unary = ['fabs', 'fneg', 'fceil', 'ffloor', 'ftrunc', 'fnearest', 'fsqrt'] as const;
  const binary = ['fadd', 'fsub', 'fmul', 'fdiv', 'fmin', 'fmax', 'fcopysign'] as const;
  return [
    ...tests.map((op, i): WasmRow => [op, type, [type, type], 'i32', [eq + i]]),
    ...unary.map((op, i): WasmRow => [op, type, [type], type, [abs + i]]),
    ...binary.map((op, i): WasmRow => [op, type, [type, type], type, [abs + 7 + i]]),
  ];
}

function conversionRows(type: 'i32' | 'i64'): WasmRow[] {
  const [first, saturating, from] = type === 'i32' ? [0xa8, 0, 0] : [0xae, 4, 2];
  const names = ['f32_to_sint', 'f32_to_uint', 'f64_to_sint', 'f64_to_uint'] as const;
  return [
    ...names.map((op, i): WasmRow => [op, type, [i < 2 ? 'f32' : 'f64'], type, [first + i]]),
    ...names.map((op, i): WasmRow => {
      return [`${op}_sat`, type, [i < 2 ? 'f32' : 'f64'], type, [0xfc, saturating + i]];
    }),
    ['sint_to_f32', type, [type], 'f32', [0xb2 + from]],
    ['uint_to_f32', type, [type], 'f32', [0xb3 + from]],
    ['sint_to_f64', type, [type], 'f64', [0xb7 + from]],
    ['uint_to_f64', type, [type], 'f64', [0xb8 + from]],
  ];
}

/** How floats cross the border as integers of their width. */
const CARRIER: Readonly<Record<WasmType, 'i32' | 'i64'>> = {
  i32: 'i32',
  i64: 'i64',
  f32: 'i32',
  f64: 'i64',
};
const TYPE_CODES = { i32: 0x7f, i64: 0x7e } as const;
const FROM_BITS: Readonly<Record<WasmType, number[]>> = {
  i32: [],
  i64: [],
  f32: [0xbe],
  f64: [0xbf],
};
const TO_BITS: Readonly<Record<WasmType, number[]>> = {
  i32: [],
  i64: [],
  f32: [0xbc],
  f64: [0xbd],
};

function section(id: number, body: readonly number[]): number[] {
  return [id, body.length & 0x7f, ...body].flatMap((byte, i) =>
    i === 1 ? [(body.length & 0x7f) | 0x80, body.length >> 7] : [byte],
  );
}

/** A function on bit patterns around one instruction. */
function instantiate([, , params, result, code]: WasmRow): (...args: bigint[]) => bigint {
  const types = params.map((type) => TYPE_CODES[CARRIER[type]]);
  const reads = params.flatMap((type, i) => [0x20, i, ...FROM_BITS[type]]);
  const body = [0, ...reads, ...code, ...TO_BITS[result], 0x0b];
  const bytes = [
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, 0x60, types.length, ...types, 1, TYPE_CODES[CARRIER[result]]]),
    ...section(3, [1, 0]),
    ...section(7, [1, 1, 0x66, 0, 0]),
    ...section(10, [1, body.length, ...body]),
  ];
  const module = new WebAssembly.Module(Uint8Array.from(bytes));
  const f = new WebAssembly.Instance(module).exports.f as (...args: unknown[]) => number | bigint;
  const is32 = params.map((type) => CARRIER[type] === 'i32');
  return (...args) => {
    const value = f(...args.map((arg, i) => (is32[i] ? Number(arg) | 0 : arg)));
    return BigInt.asUintN(CARRIER[result] === 'i32' ? 32 : 64, BigInt(value));
  };
}

/** WebAssembly leaves a NaN's bits open; dMIR does not, but for the operations on signs. */
function canonical(op: OpName, type: WasmType, bits: bigint): bigint {
  if (['fabs', 'fneg', 'fcopysign'].includes(op)) return bits;
  if (type === 'f32' && (bits & 0x7fff_ffffn) > 0x7f80_0000n) return CANONICAL_NAN_32;
  const isNaN64 = type === 'f64' && (bits & ((1n << 63n) - 1n)) > 0x7ff0_0000_0000_0000n;
  return isNaN64 ? CANONICAL_NAN_64 : bits;
}

const CASES = 400;

describe('reference semantics against WebAssembly', () => {
  for (const row of WASM) {
    const [op, type, params, result] = row;
    test(`${op} ${type}`, () => {
      const f = instantiate(row);
      const random = createPrng(OP_NAMES.indexOf(op));
      for (let i = 0; i < CASES; i++) {
        const args = params.map((each) => randomValue(random, each));
        let expected: bigint | 'trap';
        try {
          expected = canonical(op, result, f(...args));
        } catch (error) {
          assert.ok(error instanceof WebAssembly.RuntimeError);
          expected = 'trap';
        }
        const outcome = evalPure(op, type, params, args);
        const actual = 'trap' in outcome ? 'trap' : outcome.results[0];
        assert.equal(actual, expected, `${args.map((arg) => arg.toString(16))}`);
      }
    });
  }
});

/** EVM instructions by the operation that means the same, with the first operand on top. */
const EVM: Readonly<Record<string, PureOpName>> = {
  ADD: 'add',
  SUB: 'sub',
  MUL: 'mul',
  DIV: 'udiv_zero',
  SDIV: 'sdiv_zero',
  MOD: 'urem_zero',
  SMOD: 'srem_zero',
  EXP: 'pow',
  SIGNEXT: 'sext_byte',
  SIGNEXTEND: 'sext_byte',
  LT: 'ult',
  GT: 'ugt',
  SLT: 'slt',
  SGT: 'sgt',
  EQ: 'eq',
  AND: 'and',
  OR: 'or',
  XOR: 'xor',
  BYTE: 'byte_be',
};
/** Shifts have the count on top. */
const EVM_SHIFTS: Readonly<Record<string, PureOpName>> = {
  SHL: 'shl_sat',
  SHR: 'ushr_sat',
  SAR: 'sshr_sat',
};

describe('reference semantics against the vectors of the EVM', () => {
  const vectors = readArithmeticVectors();
  test('arithmetic', { skip: vectors === undefined && NO_CORPORA }, () => {
    let count = 0;
    for (const { opcode, x, y, expected } of vectors ?? []) {
      // The stack's top is the second value that a vector pushes.
      const shift = EVM_SHIFTS[opcode];
      const op = shift ?? EVM[opcode];
      assert.ok(op, `no operation for ${opcode}`);
      const args = shift === undefined ? [y, x] : [x, y];
      const outcome = evalPure(op, 'i256', ['i256', 'i256'], args);
      assert.deepEqual(outcome, { results: [expected] }, `${opcode} ${x} ${y}`);
      count++;
    }
    assert.ok(count > 1000);
  });
});

const NAN32 = CANONICAL_NAN_32;
const MAX256 = (1n << 256n) - 1n;

/** Operation, type, operands, results or trap. */
const CASES_BY_HAND: readonly (readonly [PureOpName, Type, bigint[], bigint[] | string])[] = [
  ['select', 'i8', [1n, 7n, 9n], [7n]],
  ['select', 'i8', [0n, 7n, 9n], [9n]],
  ['umulhi', 'i8', [0xffn, 0xffn], [0xfen]],
  ['smulhi', 'i8', [0x80n, 0x80n], [0x40n]],
  ['smulhi', 'i8', [0x80n, 0x01n], [0xffn]],
  ['addmod', 'i256', [MAX256, MAX256, MAX256], [0n]],
  ['addmod', 'i256', [MAX256, 2n, MAX256], [2n]],
  ['mulmod', 'i256', [MAX256, MAX256, 12n], [9n]],
  ['mulmod', 'i64', [5n, 6n, 0n], [0n]],
  ['pow', 'i64', [0n, 0n], [1n]],
  ['pow', 'i64', [3n, 41n], [(3n ** 41n) & ((1n << 64n) - 1n)]],
  ['uadd_trap', 'i8', [0xffn, 1n], 'integer-overflow'],
  ['sadd_trap', 'i8', [0x7fn, 1n], 'integer-overflow'],
  ['sadd_trap', 'i8', [0xffn, 1n], [0n]],
  ['usub_trap', 'i8', [0n, 1n], 'integer-overflow'],
  ['ssub_overflow', 'i8', [0x80n, 1n], [0x7fn, 1n]],
  ['smul_overflow', 'i8', [0x80n, 0xffn], [0x80n, 1n]],
  ['umul_overflow', 'i8', [0x10n, 0x10n], [0n, 1n]],
  ['sdiv', 'i8', [0x80n, 0xffn], 'integer-overflow'],
  ['sdiv', 'i8', [1n, 0n], 'division-by-zero'],
  ['srem', 'i8', [0x80n, 0xffn], [0n]],
  ['sdiv_zero', 'i8', [0x80n, 0xffn], [0x80n]],
  ['sdiv_zero', 'i8', [5n, 0n], [0n]],
  ['sdiv_ones', 'i8', [0xfbn, 0n], [0xffn]],
  ['sdiv_ones', 'i8', [0x80n, 0xffn], [0x80n]],
  ['srem_ones', 'i8', [0x80n, 0xffn], [0n]],
  ['srem_ones', 'i8', [0xfbn, 0n], [0xfbn]],
  ['udiv_ones', 'i16', [5n, 0n], [0xffffn]],
  ['urem_ones', 'i16', [5n, 0n], [5n]],
  ['shl', 'i8', [0x81n, 9n], [0x02n]],
  ['sshr', 'i16', [0x8000n, 17n], [0xc000n]],
  ['shl_sat', 'i8', [0x81n, 8n], [0n]],
  ['sshr_sat', 'i8', [0x81n, 200n], [0xffn]],
  ['rotl', 'i8', [0x81n, 9n], [0x03n]],
  ['rotr', 'i8', [0x81n, 8n], [0x81n]],
  ['clz', 'i8', [0n], [8n]],
  ['ctz', 'i256', [0n], [256n]],
  ['bswap', 'i32', [0x01020304n], [0x04030201n]],
  ['byte_be', 'i64', [0n, 0x0102030405060708n], [1n]],
  ['byte_be', 'i64', [8n, MAX256 >> 192n], [0n]],
  ['sext_byte', 'i64', [0n, 0x180n], [0xffffffffffffff80n]],
  ['sext_byte', 'i64', [MAX256 >> 192n, 0x180n], [0x180n]],
  ['fmin', 'f32', [0x80000000n, 0n], [0x80000000n]],
  ['fmax', 'f32', [0x80000000n, 0n], [0n]],
  ['fmin', 'f32', [0xffc00001n, 0n], [NAN32]],
  ['fpromote', 'f64', [0xffc00001n], [CANONICAL_NAN_64]],
  ['fneg', 'f32', [0x7fa00000n], [0xffa00000n]],
  ['f32_to_uint', 'i32', [NAN32], 'bad-conversion'],
  ['f64_to_sint', 'i32', [0x41e0000000000000n], 'bad-conversion'],
  ['f64_to_sint', 'i32', [0xc1e00000001fffffn], [0x80000000n]],
];

describe('reference semantics by hand', () => {
  for (const [op, type, args, expected] of CASES_BY_HAND) {
    test(`${op} ${type} ${args.map((arg) => arg.toString(16)).join(' ')}`, () => {
      const outcome = evalPure(op, type, [type], args);
      const found = 'trap' in outcome ? outcome.trap : outcome.results;
      assert.deepEqual(found, expected);
    });
  }

  test('conversions between integers', () => {
    const cases: [PureOpName, Type, Type, bigint, bigint][] = [
      ['zext', 'i256', 'i1', 1n, 1n],
      ['sext', 'i256', 'i1', 1n, MAX256],
      ['sext', 'i32', 'i8', 0x80n, 0xffffff80n],
      ['trunc', 'i1', 'i256', 6n, 0n],
      ['trunc', 'i16', 'i32', 0x12345n, 0x2345n],
    ];
    for (const [op, type, from, arg, expected] of cases) {
      assert.ok(arg >> BigInt(TYPE_BITS[from]) === 0n);
      assert.deepEqual(evalPure(op, type, [from], [arg]), { results: [expected] });
    }
  });

  test('an operation with an effect is a bug', () => {
    assert.throws(() => evalPure('load', 'i64', ['i64'], [0n]), /BUG: evalPure of load/);
  });
});
