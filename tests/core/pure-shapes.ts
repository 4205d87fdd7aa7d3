/**
 * Every pure operation with every type it allows, and what its operands may be.
 */

import { isPureOp } from '../../src/dmir/eval.ts';
import { OP_NAMES, OPS, type PureOpName, TYPE_SETS } from '../../src/dmir/ops.ts';
import { TYPE_BITS, type Type } from '../../src/dmir/types.ts';
import {
  isConversion,
  OPERAND_CLASSES,
  type OperandClass,
  RESULT_CLASSES,
} from '../../src/dmir/typing.ts';

export interface PureShape {
  readonly op: PureOpName;
  readonly type: Type;
  readonly operandTypes: readonly Type[];
  readonly resultTypes: readonly Type[];
}

const CONVERTED: readonly Type[] = ['i1', ...TYPE_SETS.int];

/** Types that a conversion to `type` may start from. */
function sourceTypes(op: PureOpName, type: Type): readonly Type[] {
  const widens = op !== 'trunc';
  return CONVERTED.filter((from) =>
    widens ? TYPE_BITS[from] < TYPE_BITS[type] : TYPE_BITS[from] > TYPE_BITS[type],
  );
}

function shapesOf(op: PureOpName, type: Type): PureShape[] {
  const resolve = (entry: OperandClass, from: Type): Type => {
    if (entry === 'T') return type;
    return entry === 'A' || entry === '*' ? from : entry;
  };
  const froms = isConversion(op) ? sourceTypes(op, type) : [type];
  return froms.map((from) => ({
    op,
    type,
    operandTypes: OPERAND_CLASSES[op].map((entry) => resolve(entry, from)),
    resultTypes: RESULT_CLASSES[op].map((entry) => resolve(entry, from)),
  }));
}

export const PURE_SHAPES: readonly PureShape[] = OP_NAMES.filter(isPureOp).flatMap((op) => {
  const types: readonly Type[] = TYPE_SETS[OPS[op].types];
  return (types.length === 0 ? (['i64'] as const) : types).flatMap((type) => shapesOf(op, type));
});
