/** Shortened branches leave what a function does as it is, and verify. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseModule } from '../../src/dmir/parse.ts';
import { prune } from '../../src/dmir/passes/prune.ts';
import { shortcut } from '../../src/dmir/passes/shortcut.ts';
import { printModule } from '../../src/dmir/print.ts';
import { verifyModule } from '../../src/dmir/verify.ts';
import { apply } from '../support/passes.ts';
import { createPrng } from '../support/prng.ts';
import { randomModule } from '../support/random-module.ts';
import { randomValue } from '../support/random-values.ts';
import { runReference } from '../support/reference.ts';

test('an edge goes past blocks that only branch on, and a branch to a return is one', () => {
  const { module } = parseModule(`
func @pick(i64, i64) -> i64 {
@0:
  $2 = ult $0, $1
  br_if $2, @1($0), @2()
@1($3: i64):
  br @3($3)
@2:
  $4 = sub $0, $1
  br @3($4)
@3($5: i64):
  return $5
}
`);
  for (const func of module.funcs) apply(func, shortcut, prune);
  assert.deepEqual(verifyModule(module), []);
  assert.deepEqual(runReference(module, 'pick', [3n, 5n]).results, [3n]);
  assert.deepEqual(runReference(module, 'pick', [8n, 5n]).results, [3n]);
  const tail = ['  br_if $2, @3(), @2()', '@2:', '  $3 = sub.i64 $0, $1', '  return $3'];
  const end = [...tail, '@3:', '  return $0', '}', ''].join('\n');
  assert.ok(printModule(module).endsWith(end), printModule(module));
});

test('shortened random functions end as before', () => {
  for (let seed = 1; seed <= 300; seed++) {
    const module = randomModule(createPrng(seed));
    const short = randomModule(createPrng(seed));
    for (const func of short.funcs) apply(func, shortcut);
    assert.deepEqual(verifyModule(short), [], `seed ${seed}`);
    const random = createPrng(seed);
    for (const { name, params } of module.funcs) {
      const args = params.map((type) => randomValue(random, type));
      const outcomes = [module, short].map((each) => {
        const { status, results, trap, gasLeft, output, memory } = runReference(each, name, args, {
          gas: 100_000n,
        });
        return { status, results, trap, gasLeft, output, memory };
      });
      assert.deepEqual(outcomes[1], outcomes[0], `seed ${seed}, @${name}`);
    }
  }
});
