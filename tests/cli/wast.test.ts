/** `lockstep wast`: what it prints, its exit codes, and bad input. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { assembleModule } from '../../src/vms/wasm/index.ts';
import { folderOf, lockstep } from './support/run.ts';

const GOOD = `(module $m (func (export "half") (param i32) (result i32)
  (i32.div_u (local.get 0) (i32.const 2))) (func (export "stop") unreachable))
(assert_return (invoke "half" (i32.const 9)) (i32.const 4))
(assert_trap (invoke "stop") "unreachable")
(assert_invalid (module (func (result i32) (i64.const 0))) "type mismatch")
(assert_malformed (module quote "(func (nop") "unexpected token")
(register "m" $m)
(module (import "m" "half" (func (param i32) (result i32))))
(assert_unlinkable (module (import "m" "none" (func))) "unknown import")
(module $v (func (drop (ref.i31 (i32.const 0)))))
(assert_return (invoke "half" (i32.const 9)) (i32.const 4))
`;

const BAD = `(module (func (export "one") (result f32) (f32.const 1.5)))
(assert_return (invoke "one") (f32.const 1))
(assert_trap (invoke "one") "unreachable")
`;

const FILES: Readonly<Record<string, string>> = {
  'good.wast': GOOD,
  'bad.wast': BAD,
  'cut.wast': '(module (func',
  'script.json': JSON.stringify({
    path: 'a/b.wast',
    commands: [{ type: 'module_definition', wasm: 'AGFzbQEAAAA=' }, { type: 'module_instance' }],
  }),
  'list.json': '[]',
  'notes.txt': 'a shopping list\n',
};

function makeFolder(context: TestContext): string {
  const folder = folderOf(context, FILES);
  mkdirSync(join(folder, 'empty'));
  return folder;
}

test('what lacks a feature is skipped, and so is what builds on it', async (context) => {
  const folder = makeFolder(context);
  const { code, out } = await lockstep(['wast', join(folder, 'good.wast')]);
  assert.equal(code, 0);
  assert.equal(out, 'skipped 3: gc\n11 passed, 0 failed, 3 skipped\n');
});

test('a failure is told with its line, and is the exit code', async (context) => {
  const folder = makeFolder(context);
  const { code, out } = await lockstep(['wast', join(folder, 'bad.wast')]);
  assert.equal(code, 1);
  assert.match(out, /bad\.wast:2: assert_return\n {2}expected f32 1065353216, got 1069547520\n/);
  assert.match(out, /bad\.wast:3: assert_trap\n {2}expected trap "unreachable", got values\n/);
  assert.match(out, /\n2 passed, 2 failed, 0 skipped\n$/);
});

test('--json prints an object for each command, and the sentence', async (context) => {
  const folder = makeFolder(context);
  const words = ['wast', join(folder, 'script.json'), '--json', '--engine', 'interpreter'];
  const { code, out } = await lockstep(words);
  assert.equal(code, 0);
  const lines = out.trim().split('\n');
  assert.deepEqual(JSON.parse(lines[0] as string), {
    path: 'a/b.wast',
    index: 0,
    command: 'module_definition',
    pass: true,
  });
  assert.equal(lines.at(-1), '2 passed, 0 failed, 0 skipped');
});

/** Words after `lockstep wast`, `/` before names of FILES; the message. The exit code is 2. */
const CASES: readonly (readonly [words: string, pattern: RegExp])[] = [
  ['', /wast needs a file or folder of WebAssembly scripts/],
  ['/nope.wast', /nope\.wast does not exist/],
  ['/empty', /no test file in .*empty/],
  ['/cut.wast', /malformed at 1:9: unexpected token: no \)/],
  ['/list.json', /list\.json holds no WebAssembly script: commands are missing/],
  ['/notes.txt', /notes\.txt:1:1 is not JSON/],
  ['/good.wast --run nothing', /no test is left by --run nothing/],
  ['/good.wast --run (', /--run is no regular expression/],
  ['/good.wast --engine turbo', /--engine is one of interpreter, .*chaos, not "turbo"/],
];

for (const [words, pattern] of CASES) {
  test(`wast ${words} is bad usage`, async (context) => {
    const folder = makeFolder(context);
    const given = words.split(' ').filter((word) => word !== '');
    const paths = given.map((word) => (word.startsWith('/') ? join(folder, word.slice(1)) : word));
    const { code, err } = await lockstep(['wast', ...paths]);
    assert.equal(code, 2);
    assert.match(err, pattern);
  });
}

test('disasm prints a module in binary form as text', async (context) => {
  const folder = makeFolder(context);
  const file = join(folder, 'module.wasm');
  const text = '(module\n  (type (func (result i32)))\n  (func (type 0)\n    i32.const -7)\n)\n';
  writeFileSync(file, assembleModule(text));
  assert.deepEqual(await lockstep(['disasm', file]), { code: 0, out: text, err: '' });
  const none = await lockstep(['disasm', join(folder, 'none.wasm')]);
  assert.equal(none.code, 2);
  assert.match(none.err, /none\.wasm does not exist/);
  writeFileSync(file, 'text');
  assert.match((await lockstep(['disasm', file])).err, /malformed at byte 0: magic header/);
});
