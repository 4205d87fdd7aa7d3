/**
 * Properties of random modules: they verify, print and parse back, and end.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import { formatDiagnostic } from '../../src/dmir/diagnostics.ts';
import { parseModule } from '../../src/dmir/parse.ts';
import { printModule } from '../../src/dmir/print.ts';
import { verifyModule } from '../../src/dmir/verify.ts';
import { createPrng } from '../support/prng.ts';
import { randomModule } from '../support/random-module.ts';
import { randomValue } from '../support/random-values.ts';
import { type ReferenceResult, runReference } from '../support/reference.ts';

const SEED_COUNT = 200;

function forSeeds(check: (seed: number) => void): void {
  for (let seed = 1; seed <= SEED_COUNT; seed++) {
    try {
      check(seed);
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error });
    }
  }
}

test('random modules verify', () => {
  forSeeds((seed) => {
    const diagnostics = verifyModule(randomModule(createPrng(seed)));
    assert.deepEqual(
      diagnostics.map((each) => formatDiagnostic(each)),
      [],
    );
  });
});

test('a printed module parses and prints as the same text', () => {
  forSeeds((seed) => {
    const text = printModule(randomModule(createPrng(seed)));
    const { module, errors, locations } = parseModule(text);
    assert.deepEqual(
      errors.map((each) => formatDiagnostic(each)),
      [],
    );
    assert.deepEqual(verifyModule(module, locations), []);
    assert.equal(printModule(module), text);
  });
});

function outcome({ status, results, trap, gasLeft, steps, refund }: ReferenceResult): unknown {
  return { status, results, trap, gasLeft, steps, refund };
}

test('random modules end, and mean the same after printing and parsing', () => {
  const statuses = new Map<string, number>();
  forSeeds((seed) => {
    const random = createPrng(seed);
    const module = randomModule(random);
    const parsed = parseModule(printModule(module)).module;
    for (const func of module.funcs) {
      const args = func.params.map((type) => randomValue(random, type));
      const options = { gas: 1_000_000n, host: () => [42n], stepsMax: 200_000 };
      const result = runReference(module, func.name, args, options);
      assert.notEqual(result.status, 'steps');
      assert.deepEqual(outcome(runReference(parsed, func.name, args, options)), outcome(result));
      const key = result.trap ?? result.status;
      statuses.set(key, (statuses.get(key) ?? 0) + 1);
    }
  });
  for (const status of ['return', 'stop', 'finish', 'revert', 'division-by-zero', 'bad-jump']) {
    assert.ok((statuses.get(status) ?? 0) > 0, `no run ended by ${status}`);
  }
});
