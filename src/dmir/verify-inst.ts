/**
 * What the verifier checks of one instruction; `verify.ts` lists the rules.
 */
import type { DiagnosticCode, Reporter } from './diagnostics.ts';
import { type Block, type Func, type Inst, isConst, type Module, type RegId } from './ir.ts';
import { isOpName, OPS, type OpName, TRAP_KINDS, TYPE_SETS } from './ops.ts';
import { isFloat, isType, TYPE_BITS, type Type } from './types.ts';
import {
  calleeOf,
  constAddressType,
  type Expected,
  hostOf,
  operandTypes,
  paramTypes,
  resultTypes,
  TOPIC_COUNT_MAX,
  targetCounts,
} from './typing.ts';

export interface InstContext {
  readonly module: Module;
  readonly func: Func;
  readonly block: Block;
  readonly report: Reporter['report'];
  /** The name of a register for messages. */
  readonly name: (register: RegId) => string;
}

type Fail = (code: DiagnosticCode, message: string, part?: object) => void;

/** Operations that write to the region, or to the first of two. */
const writes = (inst: Inst): boolean => OPS[inst.op].effect === 'write-memory';

export function verifyInst(context: InstContext, inst: Inst): void {
  const { func, block } = context;
  const fail: Fail = (code, message, part) => {
    context.report(code, message, { func, block, inst, ...(part && { part }) });
  };
  if (!isOpName(inst.op)) {
    fail('type', `\`${inst.op}\` is no operation`);
    return;
  }
  if (!Number.isSafeInteger(inst.pc) || inst.pc < -1) {
    fail('pc', `source program counter ${inst.pc} is neither -1 nor a whole number`);
  }
  const types: readonly Type[] = TYPE_SETS[OPS[inst.op].types];
  if (types.length > 0 && !types.includes(inst.type)) {
    fail('type', `\`${inst.op}\` has no form for ${inst.type}; it has ${types.join(', ')}`);
  }
  if (!verifyImm(context, inst, fail)) return;
  verifyOperands(context, inst, fail);
  verifyResults(context, inst, fail);
  verifyTargets(context, inst, fail);
  verifyCallee(context, inst, fail);
  verifyOpenness(context, inst, fail);
}

/** Whether the immediate names something, so that the rest can be checked. */
function verifyImm({ module }: InstContext, inst: Inst, fail: Fail): boolean {
  const { imm, op } = inst;
  const inRange = (what: string, value: number, count: number): boolean => {
    if (Number.isInteger(value) && value >= 0 && value < count) return true;
    fail('immediate', `\`${op}\` names ${what} ${value} of ${count}`);
    return false;
  };
  switch (OPS[op].imm) {
    case 'none':
      if (imm !== 0) fail('immediate', `\`${op}\` takes no immediate, so it must be 0, not ${imm}`);
      return true;
    case 'region':
      return inRange('region', imm, module.regions.length) && verifyPermission(module, inst, fail);
    case 'regions':
      return (
        inRange('region', imm >> 8, module.regions.length) &&
        inRange('region', imm & 255, module.regions.length) &&
        verifyPermission(module, inst, fail)
      );
    case 'space':
      return inRange('cell space', imm, module.spaces.length);
    case 'func':
      return inRange('function', imm, module.funcs.length);
    case 'host':
      return inRange('host function', imm, module.hosts.length);
    case 'trap':
      if (imm === 0) fail('immediate', 'trap kind `none` is no trap; the general one is `user`');
      return inRange('trap kind', imm, TRAP_KINDS.length);
    case 'gas':
      if (Number.isInteger(imm) && imm >= 0 && imm < 2 ** 32) return true;
      fail('immediate', `gas ${imm} is no whole number below 2^32`);
      return true;
    case 'count':
      return inRange('count', imm, 256);
  }
}

function verifyPermission(module: Module, inst: Inst, fail: Fail): boolean {
  const region = module.regions[OPS[inst.op].imm === 'regions' ? inst.imm >> 8 : inst.imm];
  if (region !== undefined && !region.writable && writes(inst)) {
    fail('permission', `\`${inst.op}\` writes to region ${region.name}, which is read-only`);
  }
  return true;
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

function verifyOperands(context: InstContext, inst: Inst, fail: Fail): void {
  const expected = operandTypes(context.module, context.func, inst);
  if (expected === null) return;
  if (inst.op === 'log' && inst.args.length > 2 + TOPIC_COUNT_MAX) {
    fail('operand-count', `\`log\` takes at most ${TOPIC_COUNT_MAX} topics`);
  } else if (inst.args.length !== expected.length) {
    const wanted = plural(expected.length, 'operand');
    fail('operand-count', `\`${inst.op}\` takes ${wanted}, not ${inst.args.length}`);
  }
  expected.forEach((type, index) => {
    const arg = inst.args[index];
    if (arg !== undefined) {
      verifyOperand(context, arg, type, `operand ${index + 1} of \`${inst.op}\``, fail);
    }
  });
  verifyConversion(context, inst, fail);
}

function verifyOperand(
  context: InstContext,
  operand: number,
  expected: Expected,
  what: string,
  fail: Fail,
): void {
  if (isConst(operand)) verifyConstant(context, operand, expected, what, fail);
  else verifyRegister(context, operand, expected, what, fail);
}

function verifyRegister(
  { func, name }: InstContext,
  register: RegId,
  expected: Expected,
  what: string,
  fail: Fail,
): void {
  const type = func.types[register];
  if (type === undefined) {
    fail('register', `${what}: $${register} has no type in the function`);
  } else if (expected === 'address' || expected === 'integer') {
    const isAddress = isType(type) && !isFloat(type) && (expected === 'integer' || type !== 'i1');
    const wanted = expected === 'integer' ? 'an integer' : 'an integer of at least 8 bits';
    if (!isAddress) fail('operand-type', `${what} is ${name(register)}: ${type}, not ${wanted}`);
  } else if (type !== expected) {
    fail('operand-type', `${what} is ${name(register)}: ${type}, not ${expected}`);
  }
}

function verifyConstant(
  { func }: InstContext,
  operand: number,
  expected: Expected,
  what: string,
  fail: Fail,
): void {
  const value = func.consts[~operand];
  if (value === undefined) {
    fail('constant', `${what} names constant ${~operand} of ${func.consts.length}`);
  } else if (value < 0n) {
    fail('constant', `${what} is ${value}; constants are bit patterns, which are not negative`);
  } else if (expected === 'integer') {
    fail('operand-type', `${what} is a constant; write the converted constant in its uses`);
  } else {
    const type = expected === 'address' ? constAddressType(value) : expected;
    if (value >> BigInt(TYPE_BITS[type]) !== 0n) {
      fail('constant', `${what} is ${value}, which does not fit ${type}`);
    }
  }
}

/** `zext` and `sext` make wider, `trunc` makes narrower. */
function verifyConversion({ func }: InstContext, inst: Inst, fail: Fail): void {
  const { op, type } = inst;
  const from = func.types[inst.args[0] ?? -1];
  if (from === undefined || !isType(from) || isFloat(from)) return;
  const bits = TYPE_BITS[from];
  if ((op === 'zext' || op === 'sext') && bits >= TYPE_BITS[type]) {
    fail('operand-type', `\`${op}\` makes wider, but ${type} is not wider than ${from}`);
  }
  if (op === 'trunc' && bits <= TYPE_BITS[type]) {
    fail('operand-type', `\`trunc\` makes narrower, but ${type} is not narrower than ${from}`);
  }
}

function verifyResults({ module, func, name }: InstContext, inst: Inst, fail: Fail): void {
  const types = resultTypes(module, inst);
  if (types === null) return;
  if (types.length !== inst.results.length) {
    const wanted = plural(types.length, 'result');
    fail('result-count', `\`${inst.op}\` gives ${wanted}, not ${inst.results.length}`);
  }
  types.forEach((type, index) => {
    const register = inst.results[index];
    const found = register === undefined ? undefined : func.types[register];
    if (register === undefined || found === undefined || found === type) return;
    const what = `result ${index + 1} of \`${inst.op}\``;
    fail('result-type', `${what} is ${name(register)}: ${found}, not ${type}`);
  });
}

function verifyTargets(context: InstContext, inst: Inst, fail: Fail): void {
  const [min, max] = targetCounts(inst.op);
  const count = inst.targets.length;
  if (count < min || count > max) {
    const wanted = max === Number.POSITIVE_INFINITY ? `at least ${min}` : `${min}`;
    fail('target', `\`${inst.op}\` takes ${wanted} target${min === 1 ? '' : 's'}, not ${count}`);
  }
  for (const target of inst.targets) verifyTarget(context, inst, target, fail);
}

function verifyTarget(
  context: InstContext,
  inst: Inst,
  target: Inst['targets'][number],
  fail: Fail,
): void {
  const { func } = context;
  const what = inst.op === 'dispatch' ? 'the dispatch' : `@${target.block}`;
  const block = func.blocks.get(target.block);
  const failHere: Fail = (code, message) => fail(code, message, target);
  if (block === undefined && inst.op !== 'dispatch') {
    failHere('target', `block @${target.block} is not in @${func.name}`);
    return;
  }
  const check = (arg: number, type: Type, index: number): void => {
    verifyOperand(context, arg, type, `argument ${index + 1} to ${what}`, failHere);
  };
  if (func.open || block === undefined) {
    target.args.forEach((arg, index) => {
      check(arg, 'i256', index);
    });
    return;
  }
  const added = hostOf(context.module, inst)?.results ?? [];
  const types = paramTypes(func, block);
  if (target.args.length + added.length !== types.length) {
    const extra = added.length === 0 ? '' : ` and ${plural(added.length, 'host result')}`;
    const message = `${what} takes ${plural(types.length, 'argument')}, not ${target.args.length}`;
    failHere('target', message + extra);
    return;
  }
  target.args.forEach((arg, index) => {
    check(arg, types[index]!, index);
  });
  added.forEach((type, index) => {
    const wanted = types[target.args.length + index];
    if (wanted === type) return;
    failHere('target', `${what} takes host result ${index + 1} as ${wanted}, but it is ${type}`);
  });
}

function verifyCallee({ module, func }: InstContext, inst: Inst, fail: Fail): void {
  const callee = calleeOf(module, inst);
  if (callee === undefined) return;
  if (callee.open) fail('open', `@${callee.name} is open and cannot be called`);
  if (!isTailCall(inst.op) || callee.results.join() === func.results.join()) return;
  const wanted = func.results.join(', ') || 'nothing';
  const found = callee.results.join(', ') || 'nothing';
  fail('function', `@${callee.name} returns ${found} but @${func.name} returns ${wanted}`);
}

function isTailCall(op: OpName): boolean {
  return op === 'tail_call' || op === 'tail_call_indirect';
}

function verifyOpenness({ module, func }: InstContext, inst: Inst, fail: Fail): void {
  const { op } = inst;
  if (!func.open) {
    if (op === 'dispatch') fail('open', '`dispatch` needs a window; write `open func`');
    return;
  }
  if (op === 'return' || isTailCall(op)) {
    const remedy = 'end it by `stop`, `finish`, `revert` or `trap`';
    fail('open', `an open function does not return; ${remedy}`);
  }
  const host = hostOf(module, inst);
  if (host === undefined) return;
  if ([...host.params, ...host.results].every((type) => type === 'i256')) return;
  fail('open', `@${host.name} takes or gives other types than i256, which the window cannot hold`);
}
