/** The commands that run official tests: what they print, their exit codes, and bad input. */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { vmFile, vmTest } from '../conformance/fixtures.ts';
import { folderOf, lockstep } from './support/run.ts';

const BLOCK_TEST = { x: { blocks: [], pre: {}, network: 'London', genesisBlockHeader: {} } };

const FILES: Readonly<Record<string, string>> = {
  'good.json': JSON.stringify(vmFile(['one', 'two', 'three'])),
  'bad.json': JSON.stringify({ one: vmTest(1), two: vmTest(2, 79_993) }),
  'block.json': JSON.stringify(BLOCK_TEST),
  'engine.json': JSON.stringify({ x: { engineNewPayloads: [], pre: {} } }),
  'state.json': JSON.stringify({ x: { env: {}, pre: {}, post: {}, transaction: {} } }),
  'list.json': '[]',
  'number.json': '{"x": 7}',
  'empty.json': '{}',
  'cut.json': '{\n  "x": {\n',
  'notes.txt': 'a shopping list\n',
  'cut.jsonl.gz': 'no gzip',
};

/** Words after `lockstep`, with `/` before names of FILES; what the message says. Exit code 2. */
const CASES: readonly (readonly [words: string, ...patterns: RegExp[]])[] = [
  ['statetest', /statetest needs a file or folder of state tests/, /lockstep help statetest/],
  ['blocktest', /blocktest needs a file or folder of blockchain tests/],
  ['txtest', /txtest needs a file or folder of transaction tests/],
  ['vmtest', /vmtest needs a file or folder of VM tests/],
  ['vmtest /nope.json', /nope\.json does not exist/, /Check the path/],
  ['vmtest /good.json /nope', /nope does not exist/],
  ['vmtest /folder', /no test file in .*folder/, /\.jsonl\.gz bundle/],
  ['vmtest /cut.json', /cut\.json:3:1 is not JSON/],
  ['vmtest /notes.txt', /notes\.txt:1:1 is not JSON: Unexpected token 'a'/],
  ['vmtest /cut.jsonl.gz', /cut\.jsonl\.gz cannot be read: incorrect header check/],
  ['vmtest /list.json', /list\.json holds no official tests: the file is not an object/],
  ['vmtest /number.json', /number\.json holds no VM test: a test is an object, not a number/],
  ['vmtest /empty.json', /no test is left by these files, which hold none/],
  ['statetest /block.json', /holds a blockchain test, not a state test/, /lockstep blocktest \//],
  ['blocktest /state.json', /holds a state test, not a blockchain test/, /lockstep statetest \//],
  ['txtest /good.json', /holds a VM test, not a transaction test/, /lockstep vmtest \//],
  ['statetest /engine.json', /holds an engine test, which no command runs/, /Leave the file out/],
  ['vmtest /good.json --fork oska', /no fork oska; did you mean osaka\?/, /frontier, homestead/],
  ['statetest /good.json --fork ShanghaiToCancunAtTime15k', /no fork Shanghai.*the forks are/],
  ['blocktest /good.json --fork ShanghaiToNowhereAt5', /no fork ShanghaiToNowhereAt5/],
  ['vmtest /good.json --fork cancun', /no test is left by --fork cancun/, /Loosen the filter/],
  ['vmtest /good.json --run nothing', /no test is left by --run nothing/, /PATH NAME FORK/],
  ['vmtest /good.json --run (', /--run is no regular expression: .*Unterminated group/],
  ['vmtest /good.json --jobs 0', /--jobs 0: write a number of threads from 1 to 256/],
  ['vmtest /good.json --jobs many', /--jobs many: write a number/],
  ['vmtest /good.json --jobs 1000', /--jobs 1000: write a number/],
  [
    'vmtest /good.json --engine turbo',
    /--engine is one of interpreter, singlepass, multipass, auto, not "turbo"/,
  ],
  ['vmtest /good.json --jsn', /no option --jsn; did you mean --json\?/],
];

for (const [words, ...patterns] of CASES) {
  test(`lockstep ${words}`, async (context) => {
    const folder = folderOf(context, FILES);
    mkdirSync(join(folder, 'folder'));
    const given = words.split(' ').map((word) => (word.startsWith('/') ? folder + word : word));
    const ran = await lockstep(given);
    assert.equal(ran.code, 2, ran.err + ran.out);
    for (const pattern of patterns) assert.match(ran.err, pattern);
    assert.equal(ran.out, '');
    assert.doesNotMatch(ran.err, /\bat .*\.ts:\d+|internal error/);
  });
}

test('a run without a failure prints its counts alone', async (context) => {
  const folder = folderOf(context, FILES);
  const ran = await lockstep(['vmtest', join(folder, 'good.json'), '--fork', 'frontier']);
  assert.deepEqual(ran, { code: 0, out: '3 passed, 0 failed, 0 skipped\n', err: '' });
});

test('a failure names the case and what differs, and the exit code is 1', async (context) => {
  const folder = folderOf(context, FILES);
  const { code, out, err } = await lockstep(['vmtest', join(folder, 'bad.json')]);
  assert.equal(code, 1);
  assert.equal(err, '');
  assert.deepEqual(out.split('\n'), [
    `failed: ${folder}/bad.json two Frontier: gas left`,
    '  expected 79993',
    '  got      79994',
    '1 passed, 1 failed, 0 skipped',
    '',
  ]);
});

test('with --json each case is one object on a line, and the counts come last', async (context) => {
  const folder = folderOf(context, FILES);
  const { code, out } = await lockstep(['vmtest', join(folder, 'bad.json'), '--json']);
  assert.equal(code, 1);
  const lines = out.trim().split('\n');
  assert.equal(lines.pop(), '1 passed, 1 failed, 0 skipped');
  const path = `${folder}/bad.json`;
  assert.deepEqual(
    lines.map((line) => JSON.parse(line)),
    [
      { name: 'one', fork: 'Frontier', path, pass: true },
      {
        name: 'two',
        fork: 'Frontier',
        path,
        pass: false,
        error: 'gas left: got 79994, expected 79993',
        field: 'gas left',
        expected: '79993',
        got: '79994',
      },
    ],
  );
});

test('a file that is no test counts as failed beside files that are', async (context) => {
  const folder = folderOf(context, FILES);
  const words = ['vmtest', join(folder, 'cut.json'), join(folder, 'good.json'), '--jobs', '1'];
  const text = await lockstep([...words, join(folder, 'block.json')]);
  assert.equal(text.code, 1);
  assert.match(text.err, /cut\.json:3:1 is not JSON.*\n.*\n.*block\.json holds a blockchain test/);
  assert.equal(text.out, '3 passed, 2 failed, 0 skipped\n');
  const json = await lockstep([...words, '--json']);
  assert.equal(json.code, 1);
  assert.equal(JSON.parse(json.out.split('\n')[0] ?? '').code, 'L3003');
  assert.match(json.out, /\n3 passed, 1 failed, 0 skipped\n$/);
});

test('threads and one thread print the same', async (context) => {
  const folder = folderOf(context, FILES);
  const paths = ['good.json', 'bad.json'].map((name) => join(folder, name));
  const runs = await Promise.all(
    ['1', '2'].map((jobs) => lockstep(['vmtest', ...paths, '--jobs', jobs, '--json'])),
  );
  assert.deepEqual(runs[0], runs[1]);
  assert.match(runs[0]?.out ?? '', /\n4 passed, 1 failed, 0 skipped\n$/);
});
