/**
 * The expansion of every pure operation, run on the core machine, gives what the reference
 * semantics give: results, or the kind of the trap.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { run } from '../../src/dmir/core/machine.ts';
import { CoreMachine } from '../../src/dmir/core/state.ts';
import { type EvalResult, evalPure } from '../../src/dmir/eval.ts';
import { CoreBuilder, type Slots } from '../../src/dmir/expand/builder.ts';
import { valueToWords } from '../../src/dmir/expand/load.ts';
import { EXPANSIONS } from '../../src/dmir/expand/table.ts';
import { TYPE_SLOTS, type Type } from '../../src/dmir/types.ts';
import { createPrng, type Prng } from '../support/prng.ts';
import { randomValue } from '../support/random-values.ts';
import { PURE_SHAPES, type PureShape } from './pure-shapes.ts';

const STEPS_MAX = 1_000_000;
const CASES = 400;
const CASES_SLOW = 100;

interface Unit {
  readonly code: BigUint64Array;
  readonly src: readonly Slots[];
  readonly dst: readonly Slots[];
}

/** The expansion alone: operands in the first registers, results behind them. */
function assemble(shape: PureShape): Unit {
  let next = 0;
  const assign = (type: Type): Slots => Array.from({ length: TYPE_SLOTS[type] }, () => next++);
  const { op, type, operandTypes } = shape;
  const src = operandTypes.map(assign);
  const dst = shape.resultTypes.map(assign);
  const b = new CoreBuilder();
  b.beginFrame(next);
  EXPANSIONS[op](b, { type, operandTypes, src, dst, imm: 0, targets: [] });
  b.emit('ret');
  b.endFrame();
  return { code: b.finish(), src, dst };
}

function execute(shape: PureShape, unit: Unit, args: readonly bigint[]): EvalResult {
  const machine = new CoreMachine({ code: unit.code });
  for (const [i, type] of shape.operandTypes.entries()) {
    const words = valueToWords(args[i]!, type);
    for (const [j, word] of words.entries()) machine.pokeRegister(unit.src[i]![j]!, word);
  }
  // What stood in the destination may not matter.
  for (const register of unit.dst.flat()) machine.pokeRegister(register, (1n << 64n) - 1n);
  assert.equal(run(machine, STEPS_MAX), 'ended', 'the expansion ends');
  const { outcome } = machine;
  if (outcome?.kind === 'trap') return { trap: outcome.trap };
  assert.equal(outcome?.kind, 'return');
  const results = unit.dst.map((slots) =>
    slots.reduceRight((value, register) => (value << 64n) | machine.peekRegister(register), 0n),
  );
  return { results };
}

/** Divisions over several slots and powers take thousands of steps. */
function isSlow({ op, type }: PureShape): boolean {
  return /div|rem|mod|pow/.test(op) && TYPE_SLOTS[type] > 1;
}

/** Sometimes equal operands, sometimes small ones: shift counts, byte indices, divisors. */
function randomArgs(random: Prng, types: readonly Type[]): bigint[] {
  const args = types.map((type) => randomValue(random, type));
  if (random.below(8) === 0) return args.map((arg, i) => (types[i] === types[0] ? args[0]! : arg));
  return args;
}

function print(shape: PureShape, args: readonly bigint[]): string {
  const operands = args.map((arg, i) => `${shape.operandTypes[i]} 0x${arg.toString(16)}`);
  return `${shape.op}.${shape.type} ${operands.join(', ')}`;
}

describe('expansions of pure operations', () => {
  const byOp = Map.groupBy(PURE_SHAPES, ({ op }) => op);
  for (const [op, shapes] of byOp) {
    test(op, () => {
      for (const [index, shape] of shapes.entries()) {
        const random = createPrng(index + 1);
        const unit = assemble(shape);
        const cases = isSlow(shape) ? CASES_SLOW : CASES;
        for (let i = 0; i < cases; i++) {
          const args = randomArgs(random, shape.operandTypes);
          const expected = evalPure(op, shape.type, shape.operandTypes, args);
          assert.deepEqual(execute(shape, unit, args), expected, print(shape, args));
        }
      }
    });
  }
});
