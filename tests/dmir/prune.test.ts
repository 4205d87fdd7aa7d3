/** Pruning leaves what a function does as it is, verifies, and removes what it says. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Module } from '../../src/dmir/ir.ts';
import { parseModule } from '../../src/dmir/parse.ts';
import { prune } from '../../src/dmir/passes/prune.ts';
import { printModule } from '../../src/dmir/print.ts';
import { verifyModule } from '../../src/dmir/verify.ts';
import { apply } from '../support/passes.ts';
import { createPrng } from '../support/prng.ts';
import { randomModule } from '../support/random-module.ts';
import { randomValue } from '../support/random-values.ts';
import { runReference } from '../support/reference.ts';

const LOOP = `
func @sum(i64, i64) -> i64 {
@0:
  $2 = mul $1, 3
  br @1($0, 0, $1, $2, 7)
@1($3: i64, $4: i64, $5: i64, $6: i64, $7: i64):
  $8 = iszero $3
  br_if $8, @3($4), @2($7)
@2($9: i64):
  $10 = sub $3, 1
  $11 = add $4, $5
  $12 = add $6, $9
  br @1($10, $11, $5, $12, 7)
@3($13: i64):
  return $13
}
`;

function parse(text: string): Module {
  const { module, errors } = parseModule(text);
  assert.deepEqual(errors, []);
  return module;
}

test('parameters that are the same on every edge or unused go, and so does what fed them', () => {
  const module = parse(LOOP);
  const before = runReference(module, 'sum', [9n, 5n]).results;
  for (const func of module.funcs) apply(func, prune);
  assert.deepEqual(verifyModule(module), []);
  assert.deepEqual(runReference(module, 'sum', [9n, 5n]).results, before);
  const text = printModule(module);
  assert.match(text, /@1\(\$\d+: i64, \$\d+: i64\):/);
  assert.doesNotMatch(text, /mul/);
});

test('pruned random functions end as before', () => {
  for (let seed = 1; seed <= 300; seed++) {
    const module = randomModule(createPrng(seed));
    const pruned = randomModule(createPrng(seed));
    for (const func of pruned.funcs) apply(func, prune);
    assert.deepEqual(verifyModule(pruned), [], `seed ${seed}`);
    const random = createPrng(seed);
    for (const { name, params } of module.funcs) {
      const args = params.map((type) => randomValue(random, type));
      const outcomes = [module, pruned].map((each) => {
        const { status, results, trap, gasLeft, output, memory } = runReference(each, name, args, {
          gas: 100_000n,
        });
        return { status, results, trap, gasLeft, output, memory };
      });
      assert.deepEqual(outcomes[1], outcomes[0], `seed ${seed}, @${name}`);
    }
  }
});
