/**
 * Every operation with an effect, for every type, address type and region, on the interpreter and
 * on the reference: in a closed function with register and constant operands, and in an open
 * function.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFuncBuilder, createModule } from '../../src/dmir/builder.ts';
import { isPureOp } from '../../src/dmir/eval.ts';
import type { Module } from '../../src/dmir/ir.ts';
import { OP_NAMES, OPS, type OpName, TERMINATORS, TYPE_SETS } from '../../src/dmir/ops.ts';
import { TYPE_BITS, type Type } from '../../src/dmir/types.ts';
import { OPERAND_CLASSES } from '../../src/dmir/typing.ts';
import { verifyModule } from '../../src/dmir/verify.ts';
import { Kernel } from '../../src/engines/interpreter/kernel.ts';
import { ModuleRunner } from '../../src/engines/interpreter/module.ts';
import { compareRuns } from '../oracle/fuzz-dmir.ts';
import { createPrng, type Prng } from '../support/prng.ts';
import { RANDOM_REGIONS, RANDOM_SPACES } from '../support/random-module.ts';
import { randomValue } from '../support/random-values.ts';

const CASES = 12;
const kernel = new Kernel();
const OPERATIONS = OP_NAMES.filter((op) => {
  return !isPureOp(op) && !TERMINATORS.has(op) && op !== 'call' && op !== 'call_indirect';
});

/** Immediates that the operation may have: every region that it may use, every space. */
function immediates(op: OpName): number[] {
  const writes = OPS[op].effect === 'write-memory';
  const regions = RANDOM_REGIONS.flatMap(({ writable }, i) => (writes && !writable ? [] : [i]));
  switch (OPS[op].imm) {
    case 'region':
      return regions;
    case 'regions':
      return regions.flatMap((to) => RANDOM_REGIONS.map((_, from) => to * 256 + from));
    case 'space':
      return RANDOM_SPACES.map((_, i) => i);
    case 'gas':
      return [0, 7, 2 ** 32 - 1];
    default:
      return [0];
  }
}

/** Operand types; an address of type `address`, and up to four topics. */
function operandsOf(op: OpName, type: Type, address: Type, topics: number): Type[] {
  return OPERAND_CLASSES[op].flatMap((each): Type[] => {
    if (each === '*') return new Array<Type>(topics).fill('i256');
    return [each === 'A' ? address : each === 'T' ? type : each];
  });
}

/** Small numbers mostly, since every operand may be an address. */
function operand(random: Prng, type: Type): bigint {
  const value = random.below(3) === 0 ? randomValue(random, type) : BigInt(random.below(700));
  return BigInt.asUintN(TYPE_BITS[type], value);
}

interface Shape {
  readonly op: OpName;
  readonly type: Type;
  readonly imm: number;
  readonly operands: readonly Type[];
}

function shapesOf(op: OpName): Shape[] {
  const types = OPS[op].types === 'none' ? (['i64'] as const) : TYPE_SETS[OPS[op].types];
  const isAddressed = OPERAND_CLASSES[op].includes('A');
  const addresses: readonly Type[] = isAddressed ? TYPE_SETS.int : ['i64'];
  const topicCounts = op === 'log' ? [0, 1, 2, 3, 4] : [0];
  return types.flatMap((type) =>
    addresses.flatMap((address) =>
      topicCounts.flatMap((topics) =>
        immediates(op).map((imm) => {
          return { op, type, imm, operands: operandsOf(op, type, address, topics) };
        }),
      ),
    ),
  );
}

function moduleOf(shape: Shape, constants: readonly bigint[]): Module {
  const { op, type, imm, operands } = shape;
  const module = createModule('effects');
  module.regions = RANDOM_REGIONS.map((region) => ({ ...region }));
  module.spaces = [...RANDOM_SPACES];
  const results = OPS[op].results === '' ? [] : [OPS[op].results === 'T' ? type : OPS[op].results];
  const resultTypes = results as Type[];
  const closed = createFuncBuilder(module, 'closed', { params: operands, results: resultTypes });
  const registers = closed.block(0, operands);
  // Twice, so that the second run meets what the first one left.
  closed.inst(op, { type, imm, args: registers });
  closed.end('return', { args: closed.inst(op, { type, imm, args: registers }) });
  const fixed = createFuncBuilder(module, 'fixed', { params: operands, results: resultTypes });
  const others = fixed.block(0, operands);
  const args = constants.map((value, i) => (i % 2 === 0 ? value : others[i]!));
  fixed.end('return', { args: fixed.inst(op, { type, imm, args }) });
  const open = createFuncBuilder(module, 'main', { open: true });
  open.block(0);
  const [result] = open.inst(op, { type, imm, args: constants });
  open.brIf(
    result === undefined ? 1n : open.op('copy', 'i1', flagOf(open, result, resultTypes[0]!)),
    [1],
    [2],
  );
  open.block(1);
  open.end('stop');
  open.block(2);
  open.end('revert', { type: 'i64', imm: 'mem', args: [0n, 8n] });
  return module;
}

/** The result as a condition, so that it shows how the run ends. */
function flagOf(builder: ReturnType<typeof createFuncBuilder>, result: number, type: Type): number {
  if (type === 'i1') return result;
  if (type === 'f32') return builder.op('iszero', 'i32', builder.op('f32_bits', 'i64', result));
  if (type === 'f64') return builder.op('iszero', 'i64', builder.op('f64_bits', 'i64', result));
  return builder.op('iszero', type, result);
}

function check(shape: Shape, random: Prng): void {
  const where = `${shape.op}.${shape.type} ${shape.imm} of ${shape.operands.join()}`;
  const constants = shape.operands.map((type) => operand(random, type));
  const module = moduleOf(shape, constants);
  const runner = new ModuleRunner(module, kernel);
  const isStatic = random.below(6) === 0;
  const compare = (name: string, args: readonly bigint[], gas: bigint): bigint => {
    const { lines, gasUsed } = compareRuns(module, runner, name, args, { gas, isStatic });
    assert.deepEqual(lines, [], `${where}: @${name}(${args.join(', ')}) with gas ${gas}`);
    return gasUsed;
  };
  assert.deepEqual(verifyModule(module), [], where);
  for (let i = 0; i < CASES; i++) {
    const args = shape.operands.map((type) => operand(random, type));
    for (const name of ['closed', 'fixed']) {
      const used = compare(name, args, 100_000n);
      if (used > 0n) compare(name, args, used - 1n);
    }
  }
  compare('main', [], 100_000n);
  compare('main', [], 3n);
}

for (const op of OPERATIONS) {
  test(`${op} does what the reference does`, () => {
    const random = createPrng(op.length * 31 + op.charCodeAt(0));
    for (const shape of shapesOf(op)) {
      check(shape, random);
    }
  });
}
