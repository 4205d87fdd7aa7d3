/** The tables of the provable profile are those that the sources give. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isCoreReferenceCurrent } from '../../scripts/gen-core-docs.ts';

test('docs/provable-profile.md holds the generated tables', () => {
  assert.ok(isCoreReferenceCurrent(), 'run: node scripts/gen-core-docs.ts');
});
