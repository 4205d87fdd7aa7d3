/**
 * Reads the operand and result columns of the operation table for one instruction in its module.
 *
 * The parser (constants need a type), the printer (floats print as floats), the verifier, the
 * builder and the generators of test programs all ask here, so the columns are interpreted once.
 */
import type { Block, Func, HostDecl, Inst, Module, Target } from './ir.ts';
import { OP_NAMES, OPS, type OpName } from './ops.ts';
import type { Type } from './types.ts';

/** An entry of an operand or result column. */
export type OperandClass = Type | 'T' | 'A' | '*';

/**
 * What may stand in an operand's place: a value of one type; an address, size or count of any
 * integer type but `i1`; or the integer that a conversion starts from.
 */
export type Expected = Type | 'address' | 'integer';

function splitColumn(column: string): readonly OperandClass[] {
  return column === '' ? [] : (column.split(' ') as OperandClass[]);
}

function columns(pick: (op: OpName) => string): Readonly<Record<OpName, readonly OperandClass[]>> {
  return Object.fromEntries(OP_NAMES.map((op) => [op, splitColumn(pick(op))])) as Record<
    OpName,
    readonly OperandClass[]
  >;
}

export const OPERAND_CLASSES = columns((op) => OPS[op].operands);
export const RESULT_CLASSES = columns((op) => OPS[op].results);

/** Operations whose `A` operand is a value to convert rather than an address. */
const CONVERSIONS: ReadonlySet<OpName> = new Set<OpName>(['zext', 'sext', 'trunc']);

export function isConversion(op: OpName): boolean {
  return CONVERSIONS.has(op);
}

/** Most topics of a log. */
export const TOPIC_COUNT_MAX = 4;

/** The type that a constant has where an address, a size or a count is expected. */
export function constAddressType(value: bigint): Type {
  return value >> 64n === 0n ? 'i64' : 'i256';
}

/** The function that a `func` immediate names, or undefined when it names none. */
export function calleeOf(module: Module, inst: Inst): Func | undefined {
  return OPS[inst.op].imm === 'func' ? module.funcs[inst.imm] : undefined;
}

/** The host function that a `suspend` names, or undefined when it names none. */
export function hostOf(module: Module, inst: Inst): HostDecl | undefined {
  return inst.op === 'suspend' ? module.hosts[inst.imm] : undefined;
}

/** Types of the values that stand for `*` in the operand column; null when they are unknown. */
function restTypes(module: Module, func: Func, inst: Inst): readonly Type[] | null {
  switch (inst.op) {
    case 'call':
    case 'call_indirect':
    case 'tail_call':
    case 'tail_call_indirect':
      return calleeOf(module, inst)?.params ?? null;
    case 'suspend':
      return hostOf(module, inst)?.params ?? null;
    case 'return':
      return func.results;
    case 'log': {
      const count = Math.min(Math.max(inst.args.length - 2, 0), TOPIC_COUNT_MAX);
      return new Array<Type>(count).fill('i256');
    }
    default:
      throw new Error(`BUG: ${inst.op} has no rule for its variable operands`);
  }
}

/** What each operand must be; null when the immediate names nothing, so that it is unknown. */
export function operandTypes(module: Module, func: Func, inst: Inst): readonly Expected[] | null {
  const expected: Expected[] = [];
  for (const entry of OPERAND_CLASSES[inst.op]) {
    if (entry === '*') {
      const rest = restTypes(module, func, inst);
      if (rest === null) return null;
      expected.push(...rest);
    } else if (entry === 'T') {
      expected.push(inst.type);
    } else if (entry === 'A') {
      expected.push(isConversion(inst.op) ? 'integer' : 'address');
    } else {
      expected.push(entry);
    }
  }
  return expected;
}

/** Types of the results; null when the callee is unknown. */
export function resultTypes(module: Module, inst: Inst): readonly Type[] | null {
  const types: Type[] = [];
  for (const entry of RESULT_CLASSES[inst.op]) {
    if (entry === '*') {
      const callee = calleeOf(module, inst);
      if (callee === undefined) return null;
      types.push(...callee.results);
    } else if (entry === 'T') {
      types.push(inst.type);
    } else if (entry === 'A') {
      throw new Error(`BUG: ${inst.op} has an untyped result`);
    } else {
      types.push(entry);
    }
  }
  return types;
}

export function paramTypes(func: Func, block: Block): Type[] {
  return block.params.map((register) => func.types[register] ?? 'i64');
}

/**
 * Types of the arguments of a target of a closed function's terminator, or null when the block is
 * unknown. The results of a host function follow the arguments and are not among them.
 */
export function targetTypes(
  module: Module,
  func: Func,
  inst: Inst,
  target: Target,
): readonly Type[] | null {
  if (func.open) return new Array<Type>(target.args.length).fill('i256');
  const block = func.blocks.get(target.block);
  if (block === undefined) return null;
  const types = paramTypes(func, block);
  const added = hostOf(module, inst)?.results.length ?? 0;
  return types.slice(0, Math.max(types.length - added, 0));
}

/**
 * Slots above the window's height at entry that an open function's block leaves there: the least
 * that `Block.grow` may be. A suspension leaves the host's arguments there, later its results.
 */
export function blockGrowth(module: Module, func: Func, block: Block): number {
  const last = block.insts.at(-1);
  if (!func.open || last === undefined) return 0;
  const host = hostOf(module, last);
  const added = Math.max(host?.params.length ?? 0, host?.results.length ?? 0);
  const heights = last.targets.map(({ args }) => args.length + added - block.params.length);
  return Math.max(0, ...heights);
}

/** Least and greatest number of targets of an operation. */
export function targetCounts(op: OpName): readonly [min: number, max: number] {
  switch (op) {
    case 'br':
    case 'dispatch':
    case 'suspend':
      return [1, 1];
    case 'br_if':
      return [2, 2];
    case 'br_table':
      return [1, Number.POSITIVE_INFINITY];
    default:
      return [0, 0];
  }
}

/** The block of a target that `dispatch` chooses at run time. */
export const NO_BLOCK = -1;
