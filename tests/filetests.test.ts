/**
 * Runs every file under tests/filetests and examples/dmir; `npm run test:file -- PATH` runs one.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { blessFileTest, runFileTest } from './support/filetest.ts';

const ROOT = path.join(import.meta.dirname, '..');
const FOLDERS = ['tests/filetests', 'examples/dmir'];

const files = FOLDERS.flatMap((folder) =>
  readdirSync(path.join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.dmir'))
    .map((name) => path.join(folder, name))
    .sort(),
);

for (const file of files) {
  test(file, () => {
    const text = readFileSync(path.join(ROOT, file), 'utf8');
    const failures = runFileTest(text).map(({ line, message }) => `${file}:${line}: ${message}`);
    assert.deepEqual(failures, [], `npm run test:file -- ${file} --bless rewrites expectations`);
  });
}

const WRONG = `; test verify, run, gas
;; Prose stays.
func @f(i64) -> i64 {
@0:
  $1 = add.i64 $0, 1
  return $1
}
func @g() -> i64 {
@0:
  return 1.5 ; error: nothing of the kind
}
; run: @f(1) == 3
`;

test('blessing writes what is found, keeps prose, and does nothing the second time', () => {
  const errors = blessFileTest(WRONG);
  assert.match(errors, /return 1\.5 ; error: a float stands where i64 is expected/);
  const runs = blessFileTest(WRONG.replace(/func @g[^}]*}\n/, ''));
  assert.match(runs, /^;; Prose stays\.$/m);
  assert.match(runs, /^; run: @f\(1\) == 2$/m);
  assert.equal(blessFileTest(runs), runs);
  assert.equal(blessFileTest(errors), errors);
  assert.deepEqual(runFileTest(runs), []);
});

test('a precise check is the whole output', () => {
  const wrong =
    '; test parse, precise\nfunc @f() {\n@0:\n  stop\n}\n; check: func @g() {\n; check: x\n';
  const right = blessFileTest(wrong);
  assert.match(right, /; check: func @f\(\) \{\n; check: @0:\n; check: {3}stop\n; check: \}\n$/);
  assert.deepEqual(runFileTest(right), []);
  assert.equal(blessFileTest(right), right);
});

test('a file without subjects, or with an unknown one, fails', () => {
  assert.match(runFileTest('func @f() {\n')[0]!.message, /the first line must be/);
  assert.match(runFileTest('; test fly\n')[0]!.message, /no subject `fly`; there are parse/);
});
