/** Paths to documents: order, containers, and what is wrong with a file. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { LockstepError } from '../../src/base/errors.ts';
import {
  type Document,
  listSources,
  openDocument,
  readDocuments,
} from '../../src/conformance/sources.ts';
import { tarOf } from './fixtures.ts';

function folderOf(context: TestContext, files: Readonly<Record<string, string | Buffer>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'lockstep-sources-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  return folder;
}

async function read(...paths: string[]): Promise<Document[]> {
  const documents: Document[] = [];
  for await (const document of readDocuments(listSources(paths))) documents.push(document);
  return documents;
}

const line = (path: string, names: readonly string[], key = 'tests'): string =>
  JSON.stringify({ path, [key]: Object.fromEntries(names.map((name) => [name, {}])) });

test('a folder is read in the order of names, to the bottom, without hidden files', async (context) => {
  const folder = folderOf(context, {
    'b/2.json': '{}',
    'b/10.json': '{}',
    'a.json': '{}',
    'B.json': '{}',
    'notes.txt': 'none',
    '.meta/index.json': '{}',
  });
  const places = (await read(folder)).map(({ place }) => place.slice(folder.length + 1));
  assert.deepEqual(places, ['B.json', 'a.json', 'b/10.json', 'b/2.json']);
});

for (const isCompressed of [false, true]) {
  test(`a bundle ${isCompressed ? 'with' : 'without'} compression is one file a line`, async (context) => {
    const text = `${line('a.json', ['x', 'y'])}\n\n${line('b.json', ['z'], 'json')}`;
    const name = isCompressed ? 'all.jsonl.gz' : 'all.jsonl';
    const folder = folderOf(context, { [name]: isCompressed ? gzipSync(text) : text });
    const documents = await read(join(folder, name));
    assert.deepEqual(
      documents.map(({ place }) => place.slice(folder.length + 1)),
      [`${name}:1`, `${name}:3`],
    );
    const files = documents.map(openDocument).map(({ path, tests }) => {
      return [path, tests.map(([key]) => key)];
    });
    assert.deepEqual(files, [
      ['a.json', ['x', 'y']],
      ['b.json', ['z']],
    ]);
  });
}

test('lines longer than a chunk of the stream are whole', async (context) => {
  const long = 'n'.repeat(300_000);
  const text = [line('a.json', [long]), line('b.json', ['z'])].join('\r\n');
  const folder = folderOf(context, { 'all.jsonl': text });
  const files = (await read(join(folder, 'all.jsonl'))).map(openDocument);
  assert.deepEqual(
    files.map(({ tests }) => tests[0]?.[0].length),
    [300_000, 1],
  );
});

test('an archive gives its JSON files, also under long names', async (context) => {
  const long = `fixtures/${'deep/'.repeat(30)}c.json`;
  const archive = tarOf({
    'fixtures/a.json': '{"x":{}}',
    'fixtures/readme.md': 'no test',
    'fixtures/.meta/index.json': '{}',
    [long]: '{"y":{},"z":{}}',
  });
  const folder = folderOf(context, { 'tests.tar.gz': gzipSync(archive) });
  const file = join(folder, 'tests.tar.gz');
  const documents = await read(file);
  assert.deepEqual(
    documents.map(({ place, path }) => [place, path]),
    [
      [`${file}!fixtures/a.json`, 'fixtures/a.json'],
      [`${file}!${long}`, long],
    ],
  );
  assert.equal(openDocument(documents[1]!).tests.length, 2);
});

const code = (expected: string, pattern: RegExp) => (error: unknown) => {
  assert.ok(error instanceof LockstepError);
  assert.equal(error.code, expected);
  assert.match(error.message, pattern);
  return true;
};

test('what is wrong with a path is told before anything is read', (context) => {
  const folder = folderOf(context, { 'sub/readme.md': 'none' });
  assert.throws(() => listSources([join(folder, 'nope')]), code('L3001', /nope does not exist/));
  assert.throws(() => listSources([folder]), code('L3002', /no test file in/));
});

test('a file that is cut short is named', async (context) => {
  const whole = gzipSync(line('a.json', ['x']));
  const archive = gzipSync(tarOf({ 'a.json': '{"x":{}}' }).subarray(0, 515));
  const folder = folderOf(context, {
    'cut.jsonl.gz': whole.subarray(0, whole.length - 12),
    'cut.tar.gz': archive,
    'plain.jsonl.gz': 'no gzip',
  });
  for (const name of ['cut.jsonl.gz', 'cut.tar.gz', 'plain.jsonl.gz']) {
    await assert.rejects(read(join(folder, name)), code('L3007', new RegExp(`${name} cannot be`)));
  }
});

test('what is no JSON, or no file of tests, is told with its place', () => {
  const open = (text: string, path?: string) => () =>
    openDocument({ place: path ?? 'all.jsonl:7', path, bytes: Buffer.from(text) });
  const places: readonly (readonly [text: string, place: string])[] = [
    ['{\n  "x": tru\n}', '2:11'],
    ['{\n  "x": 1\n  "y": 2}', '3:3'],
    ['{"x": ', '1:7'],
    ['# Title', '1:1'],
    ['{"x": "cut', '1:11'],
  ];
  for (const [text, place] of places) {
    assert.throws(
      open(text, 'a.json'),
      code('L3003', new RegExp(`^a\\.json:${place} is not JSON`)),
    );
  }
  assert.throws(open('# Title', 'a.json'), code('L3003', /Unexpected token '#'$/));
  assert.throws(open('{"path": ,}'), code('L3003', /^all\.jsonl:7:10 is not JSON/));
  assert.throws(open('[1]', 'a.json'), code('L3005', /not an object of tests by name/));
  assert.throws(open('{"tests":{}}'), code('L3005', /a line of a bundle is an object with path/));
});
