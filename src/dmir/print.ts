/**
 * The canonical text of a module. Registers are renumbered densely in the order of their
 * definitions, blocks keep their ids, every suffix is written. Printing never fails: a module that
 * the verifier would refuse prints too, with `?` for what has no name, so that it can be looked at.
 *
 * Invariant: `print(parse(print(m))) === print(m)` for every module that verifies.
 */

import type { Module, Operand, Region, Target } from './ir.ts';
import { type Block, constValue, type Func, type HostDecl, type Inst, isConst } from './ir.ts';
import { isOpName, OPS, TRAP_KINDS, TYPE_SETS } from './ops.ts';
import { printConstant, printInteger } from './text/literals.ts';
import type { Type } from './types.ts';
import { blockGrowth, type Expected, operandTypes, targetTypes } from './typing.ts';

/** The text of a module; it ends in a line end unless the module is empty. */
export function printModule(module: Module): string {
  const head = [
    ...(module.name === '' ? [] : [`module ${module.name}`]),
    ...module.regions.map(printRegion),
    ...module.spaces.map((space) => `space ${space}`),
    ...module.hosts.map(printHost),
  ];
  const parts = [...(head.length === 0 ? [] : [`${head.join('\n')}\n`])];
  for (const func of module.funcs) parts.push(printFunc(module, func));
  return parts.join('\n');
}

function printRegion({ name, bounds, writable, min, max }: Region): string {
  return `region ${name} ${bounds} ${writable ? 'rw' : 'ro'} ${min} ${max}`;
}

function printHost(host: HostDecl): string {
  const reads = host.reads.length === 0 ? '' : ` reads ${host.reads.join(', ')}`;
  const writes = host.writes.length === 0 ? '' : ` writes ${host.writes.join(', ')}`;
  const gas = host.gas === 0 ? '' : ` gas ${host.gas}`;
  const tail = host.deterministic ? ' deterministic' : '';
  return `host @${host.name}${printSignature(host)}${gas}${reads}${writes}${tail}`;
}

function printSignature(signature: { params: readonly Type[]; results: readonly Type[] }): string {
  const { params, results } = signature;
  return `(${params.join(', ')})${results.length === 0 ? '' : ` -> ${results.join(', ')}`}`;
}

/** The text of one function, from its head to the line end after `}`. */
export function printFunc(module: Module, func: Func): string {
  const context: Context = { module, func, names: numberRegisters(func) };
  const head = `${func.open ? 'open ' : ''}func @${func.name}${func.open ? '' : printSignature(func)} {`;
  const lines = [head];
  let isEntry = true;
  for (const block of func.blocks.values()) {
    lines.push(printHead(context, block, isEntry && !func.open));
    let pc = block.insts[0]?.pc ?? -1;
    for (const inst of block.insts) {
      lines.push(`  ${printInContext(context, inst)}${inst.pc === pc ? '' : printPc(inst.pc)}`);
      pc = inst.pc;
    }
    isEntry = false;
  }
  lines.push('}', '');
  return lines.join('\n');
}

/** The text of one instruction, without its source program counter. */
export function printInst(module: Module, func: Func, inst: Inst): string {
  return printInContext({ module, func, names: numberRegisters(func) }, inst);
}

interface Context {
  readonly module: Module;
  readonly func: Func;
  /** Printed number of each register. */
  readonly names: readonly number[];
}

/** Numbers registers in the order of their definitions, then those without a definition. */
function numberRegisters(func: Func): number[] {
  const names: number[] = [];
  let count = 0;
  const number = (register: number): void => {
    if (names[register] === undefined) names[register] = count++;
  };
  for (const block of func.blocks.values()) {
    block.params.forEach(number);
    for (const inst of block.insts) inst.results.forEach(number);
  }
  func.types.forEach((_, register) => {
    number(register);
  });
  return names;
}

function printRegister({ names }: Context, register: number): string {
  return `$${names[register] ?? '?'}`;
}

function printHead(context: Context, block: Block, isImplied: boolean): string {
  const params = block.params.map(
    (register) => `${printRegister(context, register)}: ${context.func.types[register] ?? '?'}`,
  );
  const list = isImplied || params.length === 0 ? '' : `(${params.join(', ')})`;
  const isLeast = block.grow === blockGrowth(context.module, context.func, block);
  const grow = isLeast ? '' : ` grow ${block.grow}`;
  const pc = block.insts[0]?.pc ?? -1;
  return `@${block.id}${list}${grow}${pc < 0 ? '' : ` pc 0x${pc.toString(16)}`}:`;
}

function printPc(pc: number): string {
  return pc < 0 ? ' !none' : ` !0x${pc.toString(16)}`;
}

function printInContext(context: Context, inst: Inst): string {
  const { module, func } = context;
  if (!isOpName(inst.op)) return `? ;; ${inst.op}`;
  const results = inst.results.map((register) => printRegister(context, register)).join(', ');
  const suffix = TYPE_SETS[OPS[inst.op].types].length === 0 ? '' : `.${inst.type}`;
  const types = operandTypes(module, func, inst);
  const args = inst.args.map((arg, index) => printOperand(context, arg, types?.[index] ?? 'i64'));
  const tail = printTail(context, inst, args);
  return `${results === '' ? '' : `${results} = `}${inst.op}${suffix}${tail}`;
}

/** Immediate, operands and targets, in the shape of the operation. */
function printTail(context: Context, inst: Inst, args: string[]): string {
  const imm = printImm(context.module, inst);
  const [first = '?', ...rest] = args;
  switch (inst.op) {
    case 'call':
    case 'tail_call':
      return ` ${imm}(${args.join(', ')})`;
    case 'call_indirect':
    case 'tail_call_indirect':
      return ` ${imm} ${first}(${rest.join(', ')})`;
    case 'suspend': {
      const targets = inst.targets.map((target) => printTarget(context, inst, target));
      return ` ${imm}(${args.join(', ')}) -> ${targets.join(', ')}`;
    }
    case 'dispatch':
      return ` ${first}(${inst.targets.map((t) => printTargetArgs(context, inst, t)).join(', ')})`;
    default: {
      const targets = inst.targets.map((target) => printTarget(context, inst, target));
      const parts = [...(imm === '' ? [] : [imm]), ...args, ...targets];
      return parts.length === 0 ? '' : ` ${parts.join(', ')}`;
    }
  }
}

function printTarget(context: Context, inst: Inst, target: Target): string {
  return `@${target.block}(${printTargetArgs(context, inst, target)})`;
}

function printTargetArgs(context: Context, inst: Inst, target: Target): string {
  const types = targetTypes(context.module, context.func, inst, target);
  return target.args
    .map((arg, index) => printOperand(context, arg, types?.[index] ?? 'i64'))
    .join(', ');
}

function printOperand(context: Context, operand: Operand, expected: Expected): string {
  if (!isConst(operand)) return printRegister(context, operand);
  if (context.func.consts[~operand] === undefined) return '?';
  const value = constValue(context.func, operand);
  if (expected === 'address' || expected === 'integer') return printInteger(value);
  return printConstant(value, expected);
}

function printImm(module: Module, { op, imm }: Inst): string {
  const region = (index: number): string => module.regions[index]?.name ?? '?';
  switch (OPS[op].imm) {
    case 'none':
      return '';
    case 'region':
      return region(imm);
    case 'regions':
      return `${region(imm >> 8)}, ${region(imm & 255)}`;
    case 'space':
      return module.spaces[imm] ?? '?';
    case 'func':
      return `@${module.funcs[imm]?.name ?? '?'}`;
    case 'host':
      return `@${module.hosts[imm]?.name ?? '?'}`;
    case 'trap':
      return TRAP_KINDS[imm] ?? String(imm);
    case 'gas':
    case 'count':
      return String(imm);
  }
}
