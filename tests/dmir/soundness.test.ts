/**
 * What the verifier lets through runs: damaged texts that still verify never meet a rule that the
 * reference interpreter lacks, a register without a value, or a value of the wrong width.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { parseModule } from '../../src/dmir/parse.ts';
import { printModule } from '../../src/dmir/print.ts';
import { TYPE_BITS } from '../../src/dmir/types.ts';
import { verifyModule } from '../../src/dmir/verify.ts';
import { createPrng } from '../support/prng.ts';
import { randomModule } from '../support/random-module.ts';
import { randomValue } from '../support/random-values.ts';
import { runReference } from '../support/reference.ts';

const FOLDER = path.join(import.meta.dirname, '../filetests');
const FILES = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.dmir'))
  .sort()
  .map((name) => readFileSync(path.join(FOLDER, name), 'utf8'));

test('damaged texts that verify run', () => {
  const random = createPrng(11);
  const texts = [...FILES];
  for (let seed = 0; seed < 40; seed++) texts.push(printModule(randomModule(random)));
  let runCount = 0;
  for (let round = 0; round < 1500; round++) {
    const tokens = texts[random.below(texts.length)]!.split(/(?<=[\s,()])/);
    for (let edit = random.below(2); edit >= 0; edit--) {
      tokens[random.below(tokens.length)] = tokens[random.below(tokens.length)]!;
    }
    const text = tokens.join('');
    const { module, errors, locations } = parseModule(text);
    if (errors.length > 0 || verifyModule(module, locations).length > 0) continue;
    if (module.regions.some((region) => region.max > 1 << 24)) continue;
    for (const func of module.funcs) {
      const args = func.params.map((type) => randomValue(random, type));
      const options = { gas: 1_000_000n, stepsMax: 2000 };
      const { status, results } = runReference(module, func.name, args, options);
      runCount += 1;
      if (status !== 'return') continue;
      results.forEach((value, index) => {
        assert.equal(value >> BigInt(TYPE_BITS[func.results[index]!]), 0n, text);
      });
    }
  }
  assert.ok(runCount > 500, `only ${runCount} runs`);
});
