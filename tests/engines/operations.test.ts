/**
 * Every pure operation of the table, for every type, on the interpreter: its results are those of
 * the reference semantics, whether operands are registers, constants, or one register twice.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFuncBuilder, createModule, type FuncBuilder } from '../../src/dmir/builder.ts';
import { formatDiagnostic } from '../../src/dmir/diagnostics.ts';
import { evalPure } from '../../src/dmir/eval.ts';
import { TYPE_BITS } from '../../src/dmir/types.ts';
import { isConversion } from '../../src/dmir/typing.ts';
import { verifyModule } from '../../src/dmir/verify.ts';
import { Kernel } from '../../src/engines/interpreter/kernel.ts';
import { ModuleRunner } from '../../src/engines/interpreter/module.ts';
import { PURE_SHAPES, type PureShape } from '../core/pure-shapes.ts';
import { createPrng } from '../support/prng.ts';
import { randomValue } from '../support/random-values.ts';

const CASES = 40;
const kernel = new Kernel();

/** Builds a function that applies the operation; `pick` tells what the operands are. */
function addShape(
  builder: FuncBuilder,
  { op, type, operandTypes }: PureShape,
  pick: (index: number) => number | bigint,
): void {
  const args = operandTypes.map((_, index) => pick(index));
  builder.end('return', { args: builder.inst(op, { type, args }) });
}

function compare(
  runner: ModuleRunner,
  name: string,
  shape: PureShape,
  args: bigint[],
  values: bigint[],
) {
  const expected = evalPure(shape.op, shape.type, shape.operandTypes, values);
  const { results, trap, steps } = runner.run(name, args);
  const where = `${shape.op}.${shape.type}(${shape.operandTypes.join()}) of ${values.join(', ')}`;
  if ('trap' in expected) assert.equal(trap, expected.trap, where);
  else assert.deepEqual({ trap, results }, { trap: null, results: expected.results }, where);
  assert.equal(steps, 'trap' in expected ? 1n : 2n, where);
}

function verified(module: ReturnType<typeof createModule>): void {
  assert.deepEqual(
    verifyModule(module).map((each) => formatDiagnostic(each)),
    [],
  );
}

for (const shape of PURE_SHAPES) {
  const { op, type, operandTypes: operands, resultTypes: results } = shape;
  test(`${op}.${type} of ${operands.join(', ')}`, () => {
    const random = createPrng(operands.length * 1000 + TYPE_BITS[type] + op.length);
    const module = createModule();
    const all = createFuncBuilder(module, 'all', { params: operands, results });
    const params = all.block(0, operands);
    addShape(all, shape, (index) => params[index]!);
    const isTwin = operands.length > 1 && new Set(operands).size === 1;
    if (isTwin) {
      const twin = createFuncBuilder(module, 'twin', {
        params: operands.slice(0, 1),
        results,
      });
      const [only] = twin.block(0, operands.slice(0, 1));
      addShape(twin, shape, () => only!);
    }
    const rows = Array.from({ length: CASES }, () =>
      operands.map((each) => randomValue(random, each)),
    );
    const constants: { name: string; row: bigint[]; mask: number }[] = [];
    if (!isConversion(op)) {
      for (let mask = 1; mask < 1 << operands.length; mask++) {
        rows.slice(0, 6).forEach((row, i) => {
          const name = `c${mask}_${i}`;
          const builder = createFuncBuilder(module, name, {
            params: operands,
            results,
          });
          const registers = builder.block(0, operands);
          addShape(builder, shape, (j) => ((mask >> j) & 1 ? row[j]! : registers[j]!));
          constants.push({ name, row, mask });
        });
      }
    }
    verified(module);
    const runner = new ModuleRunner(module, kernel);
    for (const row of rows) {
      compare(runner, 'all', shape, row, row);
      if (isTwin)
        compare(
          runner,
          'twin',
          shape,
          row.slice(0, 1),
          row.map(() => row[0]!),
        );
    }
    for (const { name, row, mask } of constants) {
      for (const other of rows.slice(6, 10)) {
        const values = other.map((value, j) => ((mask >> j) & 1 ? row[j]! : value));
        compare(runner, name, shape, other, values);
      }
    }
  });
}
