/**
 * The documents say what is: generated parts are up to date, and every dMIR example runs.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { PARTS, renderDocument } from '../../scripts/gen-docs.ts';
import { OP_NAMES } from '../../src/dmir/ops.ts';
import { OP_DOCS, OP_GROUPS } from '../../src/dmir/ops-docs.ts';
import { runFileTest } from '../support/filetest.ts';

const ROOT = path.join(import.meta.dirname, '../..');
const read = (file: string): string => readFileSync(path.join(ROOT, file), 'utf8');

test('generating the documents again changes nothing', () => {
  for (const file of Object.keys(PARTS)) {
    const text = read(file);
    assert.equal(renderDocument(file, text), text, `run \`npm run gen\` for ${file}`);
  }
});

test('every example in docs/dmir.md holds', () => {
  const examples = [...read('docs/dmir.md').matchAll(/^```dmir\n(.*?)^```$/gms)];
  assert.ok(examples.length >= 6);
  for (const [, text] of examples) {
    assert.deepEqual(runFileTest(text ?? ''), [], text ?? '');
  }
});

test('the groups of the reference cover the table in its order', () => {
  const starts = OP_GROUPS.map(([, first]) => OP_NAMES.indexOf(first));
  assert.equal(starts[0], 0);
  assert.deepEqual(
    starts,
    starts.toSorted((a, b) => a - b),
  );
});

test('every operation is described in sentences', () => {
  for (const op of OP_NAMES) assert.match(OP_DOCS[op], /^[^a-z].*\.$/s, op);
});
