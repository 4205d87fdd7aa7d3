/**
 * Reference semantics of the pure operations, over BigInt bit patterns.
 *
 * This is the definition that every engine, the kernel, the constant folder and the core expansions
 * are compared with, so it is written for clarity and never for speed. Invariants:
 * - operands and results are non-negative bit patterns below `2 ** bits` of their type; floats
 *   stand for their IEEE 754 bits;
 * - a rule that makes a NaN makes the canonical quiet one; `fabs`, `fneg`, `fcopysign`, `copy`,
 *   `select` and the bit casts move bits and leave a NaN as it is;
 * - a rule gives its results or the kind of its trap, and changes nothing else.
 *
 * Integer rules stand in `eval-int.ts`, float rules in `eval-float.ts`.
 */
import { FLOAT_RULES } from './eval-float.ts';
import { INT_RULES } from './eval-int.ts';
import type { PureRule } from './eval-rule.ts';
import { OPS, type OpName, type PureOpName, type TrapKind } from './ops.ts';
import { TYPE_BITS, type Type } from './types.ts';

/** What a pure operation gives: its results in table order, or why it traps. */
export type EvalResult = { readonly results: bigint[] } | { readonly trap: TrapKind };

const RULES: Readonly<Record<PureOpName, PureRule>> = { ...INT_RULES, ...FLOAT_RULES };

/** Whether the operation's results depend on its operands alone, so that `evalPure` takes it. */
export function isPureOp(op: OpName): op is PureOpName {
  return OPS[op].effect === 'pure';
}

/**
 * The results of a pure operation.
 *
 * @param op an operation with effect `pure`; any other is a `BUG:` error
 * @param type the controlling type, as in `Inst.type`
 * @param operandTypes types of the operands; only `zext`, `sext` and `trunc` read them (the first)
 * @param args bit patterns of the operands, each below two to the width of its type
 */
export function evalPure(
  op: OpName,
  type: Type,
  operandTypes: readonly Type[],
  args: readonly bigint[],
): EvalResult {
  if (!isPureOp(op)) throw new Error(`BUG: evalPure of ${op}, whose effect is ${OPS[op].effect}`);
  const [a = 0n, b = 0n, c = 0n] = args;
  const outcome = RULES[op]({
    bits: TYPE_BITS[type],
    sourceBits: TYPE_BITS[operandTypes[0] ?? type],
    a,
    b,
    c,
  });
  if (typeof outcome === 'string') return { trap: outcome };
  return { results: typeof outcome === 'bigint' ? [outcome] : [...outcome] };
}
