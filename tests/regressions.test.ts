/** Every case that ever differed from the oracle, reduced and kept in `tests/regressions/`. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { differencesOf, parseKeptCase } from './oracle/kept-case.ts';

const FOLDER = fileURLToPath(new URL('./regressions', import.meta.url));

test('kept cases equal the oracle', async (context) => {
  const names = readdirSync(FOLDER).filter((name) => name.endsWith('.json'));
  assert.ok(names.length > 0, 'no cases are kept');
  for (const name of names.sort()) {
    await context.test(name, async () => {
      const kept = parseKeptCase(readFileSync(join(FOLDER, name), 'utf8'));
      assert.deepEqual(await differencesOf(kept), []);
    });
  }
});
