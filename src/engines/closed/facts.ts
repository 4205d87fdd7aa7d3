/** What the emitter of a closed function asks of it before it writes. */

import type { Analysis } from '../../dmir/bytecode/analysis.ts';
import { layoutOf } from '../../dmir/bytecode/frame-layout.ts';
import type { Block, Func, Inst, Module, Operand, RegId } from '../../dmir/ir.ts';
import { OPS } from '../../dmir/ops.ts';
import type { Type } from '../../dmir/types.ts';
import { RECORDS_OFFSET } from '../../kernel/layout.ts';
import { EFFECTS } from './effects.ts';
import { makesNan, ruleOf } from './operations.ts';
import type { FunctionShape } from './sites.ts';
import { limbCount } from './values.ts';

interface Analysed {
  readonly func: Func;
  readonly analysis: Analysis;
}

/** Registers that one instruction of their own block reads, once. */
export function findSingleUses({ func, analysis }: Analysed): Set<RegId> {
  const { order, dead } = analysis;
  const counts = new Int32Array(func.types.length);
  const writers = new Int32Array(func.types.length).fill(-1);
  const single = new Set<RegId>();
  for (const [index, { insts }] of order.entries()) {
    for (const inst of insts) for (const result of inst.results) writers[result] = index;
  }
  for (const [index, { insts }] of order.entries()) {
    for (const inst of insts) {
      // What nothing runs for may be written more than once.
      const weight = dead.has(inst) ? 2 : 1;
      const use = (operand: Operand): void => {
        if (operand < 0) return;
        counts[operand] = (counts[operand] as number) + (writers[operand] === index ? weight : 2);
      };
      inst.args.forEach(use);
      for (const { args } of inst.targets) args.forEach(use);
    }
  }
  for (const [register, count] of counts.entries()) if (count === 1) single.add(register);
  return single;
}

/**
 * Registers of which every NaN stands for the canonical one, which only some uses mind: results of
 * arithmetic, and parameters that get nothing else. What is only moved keeps the bits of its NaN,
 * so a parameter that may get both takes the canonical one of the arithmetic.
 */
export function findInexact({ func, analysis }: Analysed): Set<RegId> {
  const inexact = new Set<RegId>();
  const edges: (readonly [param: RegId, operand: Operand])[] = [];
  for (const { insts } of analysis.order) {
    for (const inst of insts) {
      if (makesNan(inst)) inexact.add(inst.results[0] as RegId);
      for (const { block, args } of inst.targets) {
        const { params } = func.blocks.get(block) as Block;
        for (const [i, operand] of args.entries()) edges.push([params[i] as RegId, operand]);
      }
    }
  }
  for (const [param] of edges) if (FLOATS.has(func.types[param] as Type)) inexact.add(param);
  for (const param of analysis.order[0]?.params ?? []) inexact.delete(param);
  const isMoved = (operand: Operand): boolean => {
    return operand < 0 ? isNan(func.consts[~operand] as bigint) : !inexact.has(operand);
  };
  const takers = new Map<RegId, RegId[]>();
  const moved: RegId[] = [];
  const move = (param: RegId): void => {
    if (inexact.delete(param)) moved.push(param);
  };
  for (const [param, operand] of edges) {
    const known = takers.get(operand);
    if (isMoved(operand)) move(param);
    else if (known === undefined) takers.set(operand, [param]);
    else known.push(param);
  }
  for (let each = moved.pop(); each !== undefined; each = moved.pop()) {
    for (const param of takers.get(each) ?? []) move(param);
  }
  return inexact;
}

const FLOATS: ReadonlySet<Type> = new Set<Type>(['f32', 'f64']);

/** Whether the bits may be a NaN of either width. */
function isNan(bits: bigint): boolean {
  return (bits & 0x7f80_0000n) === 0x7f80_0000n || ((bits >> 52n) & 0x7ffn) === 0x7ffn;
}

/** Whether every operation has code, or is one that the interpreter can go on at. */
export function isCompilable({ func, analysis }: FunctionShape, module: Module): boolean {
  const isKnown = (inst: Inst): boolean => {
    const { effect, traps } = OPS[inst.op];
    if (inst.op === 'br_table') {
      return inst.type === 'i64' && inst.targets.every(({ args }) => args.length === 0);
    }
    if (OPS[inst.op].imm === 'func') return isCallable(module.funcs[inst.imm] as Func);
    if (effect !== 'pure' || traps.length > 0 || ruleOf(inst) !== undefined) return true;
    return EFFECTS[inst.op]?.isKnown(inst, module) === true;
  };
  return !func.open && analysis.order.every(({ insts }) => insts.every(isKnown));
}

const VALUES_MAX = 1000;

/** Whether calls have few enough values for WebAssembly, and results that lie below records. */
export function isCallable({ params, results }: Func): boolean {
  if (layoutOf(results).bytes > RECORDS_OFFSET) return false;
  return [params, results].every((types) => {
    return types.reduce((sum, type) => sum + limbCount(type), 2) <= VALUES_MAX;
  });
}
