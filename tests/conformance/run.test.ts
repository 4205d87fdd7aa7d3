/** Runs: filters, samples, threads, order, and what ends a case, a thread or a run. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { LockstepError } from '../../src/base/errors.ts';
import { createDocumentRunner, type Share, WHOLE } from '../../src/conformance/execute.ts';
import { Pool } from '../../src/conformance/pool.ts';
import { caseId, createFilter, isFork } from '../../src/conformance/request.ts';
import { type RunEvent, runCases } from '../../src/conformance/run.ts';
import type { Document } from '../../src/conformance/sources.ts';
import type { CaseResult, Runner, RunRequest } from '../../src/conformance/types.ts';
import { folderOf } from '../cli/support/run.ts';
import { vmFile, vmTest } from './fixtures.ts';

const ALL: RunRequest = { engine: 'auto' };
const FRAGILE = new URL('./fragile-runner.ts', import.meta.url).href;

async function collect(
  paths: readonly string[],
  request: RunRequest = ALL,
  jobs = 1,
): Promise<RunEvent[]> {
  const events: RunEvent[] = [];
  for await (const event of runCases('vmtest', paths, request, jobs)) events.push(event);
  return events;
}

/** The results of events that are all cases. */
function resultsOf(events: readonly RunEvent[]): CaseResult[] {
  return events.map((event) => {
    assert.equal(event.kind, 'case');
    return (event as RunEvent & { kind: 'case' }).result;
  });
}

function testFolder(context: TestContext): string {
  const names = Array.from({ length: 30 }, (_, index) => `test${index}`);
  const lines = Array.from({ length: 20 }, (_, index) => {
    return JSON.stringify({ path: `file${index}.json`, tests: vmFile(names.slice(0, index + 1)) });
  });
  return folderOf(context, {
    'a.jsonl': lines.join('\n'),
    'b.json': JSON.stringify(vmFile(names)),
  });
}

test('results come in the same order on any number of threads', async (context) => {
  const folder = testFolder(context);
  const alone = await collect([folder]);
  assert.equal(alone.length, 240);
  assert.ok(resultsOf(alone).every(({ outcome }) => outcome === 'passed'));
  assert.deepEqual(await collect([folder], ALL, 3), alone);
});

test('a case that differs says in what', async (context) => {
  const files = { gas: vmTest(1, 79_995), out: { ...vmTest(1), out: '0x01' } };
  const post = { ...vmTest(1), post: vmTest(2).post };
  const folder = folderOf(context, { 'a.json': JSON.stringify({ ...files, post }) });
  const rows = resultsOf(await collect([folder])).map(({ name, outcome, field, expected, got }) => {
    return [name, outcome, field, expected?.slice(0, 6), got?.slice(0, 6)];
  });
  const account = 'account 0x000000000000000000000000000000000000c0de';
  assert.deepEqual(rows, [
    ['gas', 'failed', 'gas left', '79995', '79994'],
    ['out', 'failed', 'output', '0x01', '0x'],
    ['post', 'failed', account, 'balanc', 'balanc'],
  ]);
});

test('filters see path, name, fork and index', async (context) => {
  const folder = testFolder(context);
  const names = async (request: Partial<RunRequest>): Promise<string[]> =>
    resultsOf(await collect([folder], { ...ALL, ...request })).map(({ name }) => name);
  assert.deepEqual(await names({ run: '^file4\\.json test[12] Frontier$' }), ['test1', 'test2']);
  assert.equal((await names({ fork: 'FRONTIER' })).length, 240);
  assert.deepEqual(await names({ fork: 'homestead' }), []);
});

test('forks are the same under all their names', () => {
  assert.ok(isFork('ConstantinopleFix', 'petersburg'));
  assert.ok(isFork('EIP158', 'spuriousDragon'));
  assert.ok(isFork('ShanghaiToCancunAtTime15k', 'shanghaitocancunattime15k'));
  assert.ok(isFork('arrowglacier', 'ArrowGlacier'));
  assert.ok(!isFork('ArrowGlacier', 'London'));
  assert.ok(!isFork('Constantinople', 'petersburg'));
  assert.ok(!isFork('A', 'B'));
  assert.equal(caseId('a.json', 'x', 'London', 3), 'a.json x London/3');
});

test('a sample is fixed and has about its share', () => {
  const isChosen = createFilter({ ...ALL, every: 10 });
  const chosen = Array.from({ length: 10_000 }, (_, index) => index).filter((index) =>
    isChosen('a.json', `test${index >> 3}`, 'London', index & 7),
  );
  assert.ok(chosen.length > 900 && chosen.length < 1100, String(chosen.length));
  assert.deepEqual(chosen.slice(0, 5), [11, 16, 18, 20, 31]);
});

/** A runner with two cases for each of two forks; the second case throws. */
const runPairs: Runner = function* (path, name, _test, options) {
  for (const fork of ['London', 'Cancun']) {
    for (const index of [0, 1]) {
      if (!options.isWanted(path, name, fork, index)) continue;
      if (index === 1) throw new Error(`thrown in ${fork}`);
      yield { name, fork, index, outcome: 'passed' };
    }
  }
};

async function runDocument(path: string, share: Share = WHOLE): Promise<string[]> {
  const run = createDocumentRunner('statetest', runPairs, ALL);
  const test = { env: {}, pre: {}, post: {}, transaction: {} };
  const bytes = Buffer.from(JSON.stringify({ a: test, b: test }));
  const rows: string[] = [];
  for await (const event of run({ place: path, path, bytes }, share)) {
    assert.ok('result' in event);
    const { name, fork, index, outcome, reason = '' } = event.result;
    const at = `${event.place.test}.${event.place.ordinal}`;
    rows.push(`${at} ${name} ${fork}/${index} ${outcome} ${reason.split('\n')[0]}`.trim());
  }
  return rows;
}

const PAIRS = ['a', 'b'].flatMap((name, test) => [
  `${test}.0 ${name} London/0 passed`,
  `${test}.1 ${name} London/1 failed Error: thrown in London`,
  `${test}.2 ${name} Cancun/0 passed`,
  `${test}.3 ${name} Cancun/1 failed Error: thrown in Cancun`,
]);

test('an error costs the case that it is from, and no other', async () => {
  assert.deepEqual(await runDocument('x.json'), PAIRS);
});

test('the shares of a document are all of it', async () => {
  const shares = await Promise.all(
    [0, 1, 2].map((part) => runDocument('x.json', { ...WHOLE, part, parts: 3 })),
  );
  assert.deepEqual(shares.flat().sort(), PAIRS);
  assert.deepEqual(
    shares.map((rows) => rows.length),
    [3, 3, 2],
  );
  const rest = await runDocument('x.json', { ...WHOLE, from: { test: 1, ordinal: 2 } });
  assert.deepEqual(rest, PAIRS.slice(6));
});

test('a skipped case is a result with its reason', async () => {
  const path = 'Cancun/GeneralStateTests/stTimeConsuming/CALLBlake2f_MaxRounds.json';
  const rows = await runDocument(path);
  assert.equal(rows.length, 8);
  for (const row of rows) assert.match(row, /skipped .*BLAKE2/);
});

test('a file of another layout is a problem, told once, and the others run', async (context) => {
  const folder = folderOf(context, {
    'a.json': JSON.stringify({ x: { env: {}, pre: {}, post: {}, transaction: {} } }),
    'b.json': '{',
    'c.json': JSON.stringify({ good: vmTest(1), bad: { ...vmTest(1), env: { exec: 1 } } }),
    'd.json': JSON.stringify({ e: { txbytes: '0x' } }),
  });
  for (const jobs of [1, 2]) {
    const events = await collect([folder], ALL, jobs);
    const told = events.map((event) =>
      event.kind === 'problem' ? [event.error.code, event.error.message] : [event.result.outcome],
    );
    assert.deepEqual(told, [
      ['L3004', `${folder}/a.json holds a state test, not a VM test`],
      ['L3003', `${folder}/b.json:1:2 is not JSON: Expected property name or '}'`],
      ['passed'],
      ['L3005', told[3]?.[1] ?? ''],
      ['L3004', `${folder}/d.json holds a transaction test, not a VM test`],
    ]);
    assert.match(told[3]?.[1] ?? '', /c\.json holds no VM test: bad: env\.\w+ is missing/);
  }
});

type Order = 'pass' | 'throw' | 'exit' | 'reject';

async function runFragile(
  files: readonly (readonly { exec: Order; waitMs?: number }[])[],
  jobs: number,
): Promise<string[]> {
  async function* documents(): AsyncGenerator<Document> {
    for (const [index, tests] of files.entries()) {
      const path = `file${index}.json`;
      // Large enough for a unit for each thread.
      const json = Object.fromEntries(
        tests.map((each, at) => [`t${at}`, { ...each, env: {}, pre: {}, pad: ' '.repeat(9000) }]),
      );
      yield { place: path, path, bytes: Buffer.from(JSON.stringify(json)) };
    }
  }
  const rows: string[] = [];
  for await (const event of new Pool('vmtest', ALL, jobs, FRAGILE).run(documents())) {
    assert.ok('result' in event);
    const { name, outcome, reason = '' } = event.result;
    rows.push(`${event.path} ${name} ${outcome} ${reason.split('\n')[0]}`.trim());
  }
  return rows;
}

for (const jobs of [1, 2, 4]) {
  test(`a thread of ${jobs} that dies costs the test it was at`, async () => {
    const rows = await runFragile(
      [
        [{ exec: 'pass' }, { exec: 'exit' }, { exec: 'pass' }, { exec: 'throw' }, { exec: 'pass' }],
        [{ exec: 'reject' }, { exec: 'pass', waitMs: 30 }],
        [{ exec: 'pass' }],
      ],
      jobs,
    );
    assert.deepEqual(rows, [
      'file0.json t0 passed',
      'file0.json t1 failed Error: a thread ended with exit code 3',
      'file0.json t2 passed',
      'file0.json t3 failed Error: thrown by the test',
      'file0.json t4 passed',
      'file1.json t0 failed Error: rejected in the background',
      'file1.json t1 passed',
      'file2.json t0 passed',
    ]);
  });
}

test('a thread that cannot start ends the run', async () => {
  async function* documents(): AsyncGenerator<Document> {
    yield { place: 'a.json', path: 'a.json', bytes: Buffer.from('{}') };
  }
  const pool = new Pool('vmtest', ALL, 2, 'file:///nowhere/runner.ts');
  await assert.rejects(async () => {
    for await (const _ of pool.run(documents())) assert.fail('an event without a thread');
  }, /Cannot find module/);
});

test('an error of the sources ends the run', async (context) => {
  const folder = folderOf(context, { 'a.json': JSON.stringify(vmFile(['x'])), 'b.jsonl.gz': 'no' });
  await assert.rejects(collect([folder], ALL, 2), (error: unknown) => {
    return error instanceof LockstepError && error.code === 'L3007';
  });
});
