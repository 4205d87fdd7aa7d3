/**
 * What the encoder of open functions needs to know of each operation, gathered from the tables so
 * that it takes one look-up by number.
 */
import { OP_NAMES, OPS, type OpName } from '../ops.ts';
import { FORM, type FormName } from './forms.ts';
import { EMITTERS, type Emitter } from './open-emitters.ts';
import { BINARY_256, type BinaryForms, BRANCH_256, UNARY_256 } from './select.ts';

/** Forms of an operation over two operands, by number; -1 where there is none. */
export interface BinaryPlan {
  readonly rr: number;
  readonly rk: number;
  readonly kr: number;
  readonly ri: number;
  readonly ir: number;
  readonly immediateMax: number;
  readonly swap: boolean;
}

/** What encoding needs to know of an operation, gathered so that it takes one look-up. */
export interface OpPlan {
  readonly op: OpName;
  readonly binary: BinaryPlan | undefined;
  /** Form over one operand, or -1. */
  readonly unary: number;
  /** Compares and branches, where the operation is a comparison. */
  readonly branch: BinaryPlan | undefined;
  /** What else writes it. */
  readonly emit: Emitter | undefined;
}

function numberOf(form: FormName | undefined): number {
  return form === undefined ? -1 : FORM[form];
}

function planBinary(forms: BinaryForms | undefined): BinaryPlan | undefined {
  if (forms === undefined) return undefined;
  const { rr, rk, kr, ri, ir, immediateMax = -1n, swap = false } = forms;
  return {
    rr: numberOf(rr),
    rk: numberOf(rk),
    kr: numberOf(kr),
    ri: numberOf(ri),
    ir: numberOf(ir),
    immediateMax: Number(immediateMax),
    swap,
  };
}

function planOp(op: OpName): OpPlan {
  return {
    op,
    binary: planBinary(BINARY_256[op]),
    unary: numberOf(UNARY_256[op]),
    branch: planBinary(BRANCH_256[op]),
    emit: EMITTERS[op],
  };
}

/** By the number of the operation, as the table below. */
export const PLANS: readonly OpPlan[] = OP_NAMES.map(planOp);

/** 1 for operations that stay even where nothing uses their result. */
export const IS_KEPT = Uint8Array.from(OP_NAMES, (op) =>
  OPS[op].effect !== 'pure' || OPS[op].traps.length > 0 ? 1 : 0,
);
