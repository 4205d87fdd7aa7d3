/**
 * The bytecode forms of 32-bit, 64-bit and float operations, derived from the operation table.
 *
 * A form is named by its operation and type (`ADD_I64`), with `_K` where the second operand is a
 * constant. Operations whose WebAssembly pattern is one instruction are *patterns*: their handler
 * is generated from it. The others are *functions* of `src/kernel/assembly/scalar.ts`, named alike
 * (`uaddTrapI64`). What no form covers (i8, i16, i1, i128) is legalised by `rules.ts`.
 */
import { OP_NAMES, OPS, type OpName, type OpOf, TYPE_SETS } from '../ops.ts';
import type { Type } from '../types.ts';

type IntSet = 'int' | 'bits';
type Scalar = 'i32' | 'i64';
type Float = 'f32' | 'f64';

const BINARY_PATTERNS = ['add', 'sub', 'mul', 'and', 'or', 'xor', 'shl', 'shr_u', 'shr_s'] as const;
const ROTATE_PATTERNS = ['rotl', 'rotr'] as const;
const COMPARE_PATTERNS = [
  'eq',
  'ne',
  'lt_u',
  'le_u',
  'gt_u',
  'ge_u',
  'lt_s',
  'le_s',
  'gt_s',
  'ge_s',
] as const;
const UNARY_PATTERNS = ['clz', 'ctz', 'popcnt', 'eqz'] as const;

type BinaryPattern = (typeof BINARY_PATTERNS | typeof ROTATE_PATTERNS)[number];
type ComparePattern = (typeof COMPARE_PATTERNS)[number];
type UnaryPattern = (typeof UNARY_PATTERNS)[number];

/** Integer operations of one WebAssembly instruction. */
export type PatternOp = OpOf<IntSet, BinaryPattern | ComparePattern | UnaryPattern>;

/** Integer operations that are functions for i32 and i64 alike. */
const FUNCTION_OPS = [
  'umulhi',
  'smulhi',
  'uadd_trap',
  'sadd_trap',
  'usub_trap',
  'ssub_trap',
  'umul_trap',
  'smul_trap',
  'uadd_overflow',
  'sadd_overflow',
  'usub_overflow',
  'ssub_overflow',
  'umul_overflow',
  'smul_overflow',
  'udiv',
  'sdiv',
  'urem',
  'srem',
  'udiv_zero',
  'sdiv_zero',
  'urem_zero',
  'srem_zero',
  'udiv_ones',
  'sdiv_ones',
  'urem_ones',
  'srem_ones',
  'shl_sat',
  'ushr_sat',
  'sshr_sat',
  'bswap',
] as const satisfies readonly OpName[];

/** Functions that 64-bit words have only. */
const WORD_OPS = ['pow', 'byte_be', 'sext_byte'] as const satisfies readonly OpName[];

/** Functions that have a form with a constant second operand. */
const CONSTANT_FUNCTION_OPS = [
  'uadd_trap',
  'usub_trap',
  'umul_trap',
  'udiv',
  'sdiv',
  'urem',
  'srem',
] as const satisfies readonly OpName[];

type FunctionOp = (typeof FUNCTION_OPS)[number];
/** Operations between floats and integers, and between floats. */
type FloatOp = OpOf<'float', string>;
type ConversionOp = OpOf<'scalar', string>;

type Named<Op extends string, T extends string> = `${Uppercase<Op>}_${Uppercase<T>}`;

export type ScalarFormName =
  | Named<PatternOp | FunctionOp, Scalar>
  | `${Named<OpOf<IntSet, BinaryPattern | ComparePattern>, Scalar>}_K`
  | `${Named<(typeof CONSTANT_FUNCTION_OPS)[number], Scalar>}_K`
  | Named<(typeof WORD_OPS)[number], 'i64'>
  | Named<FloatOp, Float>
  | Named<ConversionOp, Scalar>
  | Named<'fpromote', 'f64'>
  | Named<'fdemote', 'f32'>;

/** How the handler of a scalar form is made. */
export type ScalarKind = 'binary' | 'compare' | 'unary' | 'function' | 'float' | 'conversion';

export interface ScalarForm {
  readonly name: ScalarFormName;
  /** Fields, as `forms.ts` says. */
  readonly words: string;
  readonly kind: ScalarKind;
  readonly op: OpName;
  readonly type: Type;
  /** The second operand is a constant. */
  readonly isConstant: boolean;
}

function includes(list: readonly string[], name: string): boolean {
  return list.includes(name);
}

function kindOf(op: OpName): ScalarKind | undefined {
  const { types, wasm } = OPS[op];
  if (includes(FUNCTION_OPS, op) || includes(WORD_OPS, op)) return 'function';
  if (types === 'float') return 'float';
  if (types === 'scalar' || op === 'fpromote' || op === 'fdemote') return 'conversion';
  if (types !== 'int' && types !== 'bits') return undefined;
  if (includes(BINARY_PATTERNS, wasm) || includes(ROTATE_PATTERNS, wasm)) return 'binary';
  if (includes(COMPARE_PATTERNS, wasm)) return 'compare';
  return includes(UNARY_PATTERNS, wasm) ? 'unary' : undefined;
}

function wordsOf(op: OpName): string {
  const { operands, results } = OPS[op];
  if (results.includes(' ')) return 'd a b | e . . .';
  return operands.includes(' ') ? 'd a b' : 'd a .';
}

function formsOf(op: OpName): ScalarForm[] {
  const kind = kindOf(op);
  if (kind === undefined) return [];
  const allowed: readonly Type[] = TYPE_SETS[OPS[op].types];
  const scalars = allowed.filter((type) => type !== 'i256' && /^(i32|i64|f32|f64)$/.test(type));
  const words = wordsOf(op);
  const hasConstant =
    (words === 'd a b' && (kind === 'binary' || kind === 'compare')) ||
    includes(CONSTANT_FUNCTION_OPS, op);
  return scalars.flatMap((type) => {
    const name = `${op}_${type}`.toUpperCase() as ScalarFormName;
    const form = { name, words, kind, op, type, isConstant: false };
    if (!hasConstant) return [form];
    return [
      form,
      { ...form, name: `${name}_K` as ScalarFormName, words: 'd a k', isConstant: true },
    ];
  });
}

/** The forms in the order of the table. */
export const SCALAR_FORMS: readonly ScalarForm[] = OP_NAMES.flatMap(formsOf);

/** The form of each operation and type without a constant, and with one. */
const BY_OP = new Map<OpName, Map<Type, { plain?: ScalarFormName; constant?: ScalarFormName }>>();
for (const { name, op, type, isConstant } of SCALAR_FORMS) {
  const types = BY_OP.get(op) ?? new Map();
  BY_OP.set(op, types);
  const forms = types.get(type) ?? {};
  types.set(type, { ...forms, [isConstant ? 'constant' : 'plain']: name });
}

/** The form of an operation on a 32-bit or 64-bit type; undefined where there is none. */
export function scalarForm(
  op: OpName,
  type: Type,
  isConstant: boolean,
): ScalarFormName | undefined {
  const forms = BY_OP.get(op)?.get(type);
  return isConstant ? forms?.constant : forms?.plain;
}
