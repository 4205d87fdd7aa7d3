/**
 * Expands a closed function, and all closed functions of its module, to one core program.
 *
 * Every dMIR register has slots of its own for the whole function (single assignment, so a value is
 * never overwritten but by a block's parameters); the entry block's parameters have the first ones,
 * where a caller puts them. Constants are made where they are used. The program starts at
 * instruction 0 with the function's parameters in the first registers.
 */
import { type Block, type Func, type Inst, isConst, type Module, type Operand } from '../ir.ts';
import { TYPE_SLOTS, type Type } from '../types.ts';
import { constAddressType, type Expected, operandTypes, targetTypes } from '../typing.ts';
import { CoreBuilder, type Label, type Slots } from './builder.ts';
import type { ExpandScope, ExpandTarget, Site } from './site.ts';
import { EXPANSIONS } from './table.ts';

/** A program for the core machine. */
export interface CoreProgram {
  readonly code: BigUint64Array;
  readonly params: readonly Type[];
  readonly results: readonly Type[];
  /** For each function of the module, the instruction at which it begins; -1 for an open one. */
  readonly entries: readonly number[];
}

/** A function being expanded. */
interface Frame extends ExpandScope {
  readonly module: Module;
  /** Slots of each dMIR register. */
  readonly registers: readonly Slots[];
}

function entryBlock(func: Func): Block {
  const block = func.blocks.values().next().value;
  if (block === undefined) throw new Error(`BUG: function @${func.name} has no block`);
  return block;
}

/** Gives each register its slots: parameters of the entry first. */
function assignSlots(func: Func): { registers: Slots[]; slotCount: number } {
  const registers: Slots[] = [];
  let slotCount = 0;
  const assign = (register: number): void => {
    if (registers[register] !== undefined) return;
    const count = TYPE_SLOTS[func.types[register] ?? 'i64'];
    registers[register] = Array.from({ length: count }, (_, i) => slotCount + i);
    slotCount += count;
  };
  for (const register of entryBlock(func).params) assign(register);
  for (const register of func.types.keys()) assign(register);
  return { registers, slotCount };
}

function slotsOf(frame: Frame, register: number): Slots {
  const slots = frame.registers[register];
  if (slots === undefined) throw new Error(`BUG: no register $${register} in @${frame.func.name}`);
  return slots;
}

function typeOf(func: Func, operand: Operand, expected: Expected | undefined): Type {
  if (!isConst(operand)) return func.types[operand] ?? 'i64';
  if (expected === undefined) throw new Error(`BUG: a constant of no type in @${func.name}`);
  if (expected !== 'address' && expected !== 'integer') return expected;
  return constAddressType(func.consts[~operand] ?? 0n);
}

/** Slots of an operand: a register's own, or temporaries set to a constant. */
function operandSlots(b: CoreBuilder, frame: Frame, operand: Operand, type: Type): Slots {
  if (!isConst(operand)) return slotsOf(frame, operand);
  const value = frame.func.consts[~operand] ?? 0n;
  return Array.from({ length: TYPE_SLOTS[type] }, (_, i) => b.word(value >> BigInt(64 * i)));
}

function expandTargets(b: CoreBuilder, frame: Frame, inst: Inst): ExpandTarget[] {
  return inst.targets.map((target) => {
    const types = targetTypes(frame.module, frame.func, inst, target) ?? [];
    const args = target.args.map((operand, i) => {
      const type = typeOf(frame.func, operand, types[i]);
      return operandSlots(b, frame, operand, type);
    });
    return { block: target.block, args };
  });
}

function expandInst(b: CoreBuilder, frame: Frame, inst: Inst): void {
  const { func, module } = frame;
  const expected = operandTypes(module, func, inst);
  if (expected === null) throw new Error(`BUG: ${inst.op} names nothing in @${func.name}`);
  b.scope(() => {
    const types = inst.args.map((operand, i) => typeOf(func, operand, expected[i]));
    const src = inst.args.map((operand, i) => operandSlots(b, frame, operand, types[i] ?? 'i64'));
    const site: Site = {
      type: inst.type,
      operandTypes: types,
      dst: inst.results.map((register) => slotsOf(frame, register)),
      src,
      imm: inst.imm,
      targets: expandTargets(b, frame, inst),
      scope: frame,
    };
    EXPANSIONS[inst.op](b, site);
  });
}

function expandFunc(b: CoreBuilder, module: Module, func: Func, labels: readonly Label[]): void {
  const { registers, slotCount } = assignSlots(func);
  const blocks = new Map([...func.blocks.keys()].map((id) => [id, b.label()]));
  const frame: Frame = {
    module,
    func,
    funcs: module.funcs,
    regions: module.regions,
    hosts: module.hosts,
    registers,
    blockLabel: (id) => blocks.get(id),
    blockParams: (id) =>
      (func.blocks.get(id)?.params ?? []).map((register) => registers[register] ?? []),
    blockIds: () => [...func.blocks.keys()].sort((x, y) => x - y),
    funcLabel: (index) => {
      const label = labels[index];
      if (label === undefined) throw new Error(`BUG: no function ${index}`);
      return label;
    },
  };
  b.beginFrame(slotCount);
  for (const [id, block] of func.blocks) {
    b.place(blocks.get(id) ?? -1);
    for (const inst of block.insts) expandInst(b, frame, inst);
  }
  b.endFrame();
}

/**
 * The core program of a closed function of a module that verifies. Throws a `BUG:` error for a name
 * that is no closed function.
 */
export function expandFunction(module: Module, name: string): CoreProgram {
  const main = module.funcs.findIndex((func) => func.name === name);
  const func = module.funcs[main];
  if (func === undefined || func.open) throw new Error(`BUG: no closed function @${name}`);
  const b = new CoreBuilder();
  const labels = module.funcs.map(() => b.label());
  const order = [main, ...[...module.funcs.keys()].filter((index) => index !== main)];
  for (const index of order) {
    const each = module.funcs[index];
    if (each === undefined) continue;
    b.place(labels[index] ?? -1);
    if (each.open) b.trap('bad-function');
    else expandFunc(b, module, each, labels);
  }
  const entries = module.funcs.map((each, i) => (each.open ? -1 : b.placeOf(labels[i] ?? -1)));
  return { code: b.finish(), params: func.params, results: func.results, entries };
}
