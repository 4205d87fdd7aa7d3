/** Every case that ever differed from the oracle, reduced and kept in `tests/regressions/`. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { jsonToCase } from './oracle/case.ts';
import { createMachineSide } from './oracle/machine.ts';
import { compareSides, createOracleSide } from './oracle/side.ts';

const FOLDER = fileURLToPath(new URL('./regressions', import.meta.url));

test('kept cases equal the oracle', async (context) => {
  const theirs = await createOracleSide();
  const names = readdirSync(FOLDER).filter((name) => name.endsWith('.json'));
  for (const name of names.sort()) {
    await context.test(name, async () => {
      const { values } = JSON.parse(readFileSync(join(FOLDER, name), 'utf8')) as {
        values: unknown[];
      };
      // In their order on one machine: some need what the earlier ones leave in its memory.
      const ours = createMachineSide();
      for (const value of values) {
        const { difference } = await compareSides(ours, theirs, jsonToCase(value));
        assert.deepEqual(difference?.lines ?? [], []);
      }
    });
  }
});
