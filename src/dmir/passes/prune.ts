/**
 * Prunes closed functions. It removes
 *
 *  - blocks that no path reaches,
 *  - parameters of blocks that are redundant: every edge hands over the same value, or the
 *    parameter itself,
 *  - parameters that are unused: nothing but other such parameters reads them,
 *  - operations without a trap and an effect whose results nothing reads.
 *
 * Frontends may then pass whatever might differ, and the engines move what does.
 *
 * Source of the second rule: Braun et al., "Simple and Efficient Construction of Static Single
 * Assignment Form", 2013, section 3.1.
 */
import { reversePostorder } from '../dominators.ts';
import { evalPure } from '../eval.ts';
import {
  addConst,
  type Block,
  type BlockId,
  constValue,
  type Func,
  type Inst,
  type Operand,
  type RegId,
  type Target,
} from '../ir.ts';
import { OPS } from '../ops.ts';
import type { Type } from '../types.ts';
import { isConversion } from '../typing.ts';

/** A parameter that is not the function's own. */
interface Param {
  readonly register: RegId;
  /** What the edges to its block hand over in its place. */
  readonly sources: Operand[];
}

/** Prunes a closed function in place; an open one stays as it is. */
export function prune(func: Func): void {
  if (func.open) return;
  const reached = new Set(reversePostorder(func));
  for (const id of [...func.blocks.keys()]) if (!reached.has(id)) func.blocks.delete(id);
  const params = collectParams(func);
  const values = findRedundant(func, params);
  const resolve = (operand: Operand): Operand => find(values, operand);
  const used = findUsed(func, params, resolve);
  const isKept = (register: RegId): boolean => {
    if (!params.has(register)) return true;
    return values[register] === register && used.has(register);
  };
  const isRead = ({ results }: Inst): boolean => results.some((result) => used.has(result));
  for (const block of func.blocks.values()) {
    block.insts = block.insts.filter((inst) => !isRemovable(inst) || isRead(inst));
    for (const inst of block.insts) {
      resolveArgs(func, inst, resolve);
      if (inst.targets.length === 0) continue;
      inst.targets = inst.targets.map((target) => pruneTarget(func, target, isKept, resolve));
    }
  }
  for (const block of func.blocks.values()) block.params = block.params.filter(isKept);
}

/** What an operand stands for; the way there is made short for the next time. */
function find(values: Operand[], operand: Operand): Operand {
  let value = operand;
  while (value >= 0 && values[value] !== value) value = values[value] as Operand;
  for (let at = operand; at >= 0 && at !== value; ) {
    const next = values[at] as Operand;
    values[at] = value;
    at = next;
  }
  return value;
}

function isRemovable({ op }: Inst): boolean {
  const { effect, traps } = OPS[op];
  return effect === 'pure' && traps.length === 0;
}

/** A conversion takes no constant: one of a redundant parameter becomes the converted constant. */
function resolveArgs(func: Func, inst: Inst, resolve: (operand: Operand) => Operand): void {
  const [before] = inst.args;
  inst.args = inst.args.map(resolve);
  const [after] = inst.args;
  if (!isConversion(inst.op) || before === undefined || after === undefined || after >= 0) return;
  const from = func.types[before] as Type;
  const outcome = evalPure(inst.op, inst.type, [from], [constValue(func, after)]);
  if (!('results' in outcome)) throw new Error(`BUG: ${inst.op} of a constant trapped`);
  inst.op = 'copy';
  inst.args = [addConst(func, outcome.results[0] as bigint)];
}

function edges(block: Block): readonly Target[] {
  return (block.insts[block.insts.length - 1] as Inst).targets;
}

/** Parameters of all blocks but the entry, by register; results of a host are not handed over. */
function collectParams(func: Func): Map<RegId, Param> {
  const params = new Map<RegId, Param>();
  const [entry] = func.blocks.keys();
  const fixed = new Set<BlockId>([entry as BlockId]);
  for (const block of func.blocks.values()) {
    const last = block.insts[block.insts.length - 1] as Inst;
    if (last.op === 'suspend') for (const target of last.targets) fixed.add(target.block);
  }
  for (const [id, block] of func.blocks) {
    if (fixed.has(id)) continue;
    for (const register of block.params) params.set(register, { register, sources: [] });
  }
  for (const block of func.blocks.values()) {
    for (const { block: id, args } of edges(block)) {
      const target = func.blocks.get(id) as Block;
      args.forEach((operand, i) => {
        params.get(target.params[i] as RegId)?.sources.push(operand);
      });
    }
  }
  return params;
}

/** What each register stands for: itself, or the one value that a redundant parameter has. */
function findRedundant(func: Func, params: ReadonlyMap<RegId, Param>): Operand[] {
  const values: Operand[] = func.types.map((_, register) => register);
  const resolve = (operand: Operand): Operand => find(values, operand);
  const users = new Map<RegId, Param[]>();
  for (const param of params.values()) {
    for (const operand of param.sources) {
      if (!params.has(operand)) continue;
      const list = users.get(operand);
      if (list === undefined) users.set(operand, [param]);
      else list.push(param);
    }
  }
  const work = [...params.values()];
  for (let param = work.pop(); param !== undefined; param = work.pop()) {
    const { register, sources } = param;
    if (values[register] !== register) continue;
    const only = onlySource(func, register, sources, resolve);
    if (only === undefined) continue;
    values[register] = only;
    const affected = users.get(register) ?? [];
    work.push(...affected);
    // Who reads the register reads its value from now on.
    if (only < 0 || !params.has(only)) continue;
    const readers = users.get(only) ?? [];
    for (const each of affected) readers.push(each);
    users.set(only, readers);
  }
  return values;
}

/** The one value that the edges hand over besides the parameter; undefined where there are more. */
function onlySource(
  func: Func,
  register: RegId,
  sources: readonly Operand[],
  resolve: (operand: Operand) => Operand,
): Operand | undefined {
  let only: Operand | undefined;
  for (const source of sources) {
    const value = resolve(source);
    if (value === register || value === only) continue;
    if (only === undefined) only = value;
    else if (!isSameConstant(func, value, only)) return undefined;
  }
  return only;
}

function isSameConstant({ consts }: Func, a: Operand, b: Operand): boolean {
  return a < 0 && b < 0 && consts[~a] === consts[~b];
}

/** Registers that an operation reads, directly or by way of parameters. */
function findUsed(
  func: Func,
  params: ReadonlyMap<RegId, Param>,
  resolve: (operand: Operand) => Operand,
): Set<RegId> {
  const definitions = new Map<RegId, Inst>();
  const work: RegId[] = [];
  const used = new Set<RegId>();
  const use = (operand: Operand): void => {
    const value = resolve(operand);
    if (value < 0 || used.has(value)) return;
    used.add(value);
    work.push(value);
  };
  for (const block of func.blocks.values()) {
    for (const inst of block.insts) {
      for (const result of inst.results) definitions.set(result, inst);
      if (isRemovable(inst)) continue;
      for (const operand of inst.args) use(operand);
    }
    const last = block.insts[block.insts.length - 1] as Inst;
    for (const { block: id, args } of last.targets) {
      const target = func.blocks.get(id) as Block;
      args.forEach((operand, i) => {
        if (!params.has(target.params[i] as RegId)) use(operand);
      });
    }
  }
  for (let register = work.pop(); register !== undefined; register = work.pop()) {
    for (const operand of params.get(register)?.sources ?? []) use(operand);
    for (const operand of definitions.get(register)?.args ?? []) use(operand);
  }
  return used;
}

function pruneTarget(
  func: Func,
  { block, args }: Target,
  isKept: (register: RegId) => boolean,
  resolve: (operand: Operand) => Operand,
): Target {
  const { params } = func.blocks.get(block) as Block;
  return {
    block,
    // What comes from a host has no argument here.
    args: args.filter((_, i) => isKept(params[i] as RegId)).map(resolve),
  };
}
