/**
 * What the rules of the reference semantics share: their form and two's complement helpers.
 */
import type { TrapKind } from './ops.ts';

/** Operands of a pure operation. */
export interface PureInput {
  /** Width of the controlling type. */
  readonly bits: number;
  /** Width of the first operand, which conversions between integers need. */
  readonly sourceBits: number;
  readonly a: bigint;
  readonly b: bigint;
  readonly c: bigint;
}

/** One result, several, or the kind of the trap. */
export type PureOutcome = bigint | readonly bigint[] | TrapKind;

export type PureRule = (input: PureInput) => PureOutcome;

/** The value modulo two to the width: a bit pattern. */
export function wrap(bits: number, value: bigint): bigint {
  return BigInt.asUintN(bits, value);
}

/** The two's complement number that a bit pattern stands for. */
export function signed(bits: number, pattern: bigint): bigint {
  return BigInt.asIntN(bits, pattern);
}

export function flag(condition: boolean): bigint {
  return condition ? 1n : 0n;
}
