/**
 * A part of the determinism test that is quick enough for every run: this Node alone, against the
 * kept digests. `npm run test:determinism` runs all of it on every platform.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { findFirstLine, findPartings } from './compare.ts';
import { goldenRecords, readGolden, shorten } from './golden.ts';
import { parsePrograms, printProgram } from './program.ts';
import { AGREED_FIELDS, FIELDS, type Field, type ProgramText } from './record.ts';
import { serveFiles } from './static-server.ts';
import { runWorkload } from './workload.ts';

const programs = readFileSync(join(import.meta.dirname, 'programs.jsonl'), 'utf8');

/** Every so many programs; the kept digests come from a run of all, so order has no influence. */
const EVERY = 5;

const REMEDY = 'if the change is meant: npm run test:determinism -- --bless';

test('programs do what they did when the digests were kept', () => {
  const { programs: records } = runWorkload({ programs, every: EVERY });
  const names = new Set(records.map(({ name }) => name));
  const kept = goldenRecords(readGolden()).filter(({ name }) => names.has(name));
  const partings = findPartings({ programs: kept }, { programs: shorten({ programs: records }) });
  assert.deepEqual(partings, [], REMEDY);
  assert.ok(records.length > 100);
});

test('programs survive printing and parsing', () => {
  const parsed = parsePrograms(programs);
  const printed = `${parsed.map(printProgram).join('\n')}\n`;
  assert.ok(printed === programs, 'programs.jsonl is not as printProgram writes it');
  assert.equal(new Set(parsed.map(({ name }) => name)).size, parsed.length);
});

test('the golden file has every program', () => {
  const golden = goldenRecords(readGolden());
  const names = golden.map(({ name }) => name).filter((name) => !name.startsWith('operation-'));
  assert.deepEqual(
    names,
    parsePrograms(programs).map(({ name }) => name),
  );
});

function fieldsOf<T>(make: (field: Field) => T): Record<Field, T> {
  return Object.fromEntries(FIELDS.map((field) => [field, make(field)])) as Record<Field, T>;
}

test('a difference is found with its program, field and line', () => {
  const left = { programs: [{ name: 'a-1', fields: fieldsOf(() => 'x') }] };
  const changed = fieldsOf((field) => (field === 'gas' ? 'y' : 'x'));
  const right = { programs: [{ name: 'a-1', fields: changed }] };
  assert.deepEqual(findPartings(left, left), []);
  assert.deepEqual(findPartings(left, right), [
    { program: 'a-1', field: 'gas', left: 'x', right: 'y' },
  ]);
  assert.equal(findPartings(left, { programs: [] }, AGREED_FIELDS).length, AGREED_FIELDS.length);
  assert.equal(findPartings({ programs: [] }, left, ['logs'])[0]?.right, 'x');
  const text = (line: string): ProgramText => fieldsOf(() => ['same', line]);
  assert.equal(findFirstLine(text('1'), text('1'), 'gas'), undefined);
  assert.deepEqual(findFirstLine(text('1'), text('2'), 'gas'), { line: 2, left: '1', right: '2' });
});

test('the text of a program is what its digests are of', () => {
  const line = programs.slice(0, programs.indexOf('\n'));
  const { name } = parsePrograms(line)[0] ?? assert.fail();
  const { text, programs: records } = runWorkload({ programs: line, textOf: name });
  assert.equal(records[0]?.name, name);
  assert.deepEqual(Object.keys(text ?? {}), [...FIELDS]);
  assert.ok((text?.trace.length ?? 0) > 0);
});

test('the page server gives listed folders and nothing else', async () => {
  const server = await serveFiles(import.meta.dirname, ['golden.json'], 'page');
  try {
    const read = async (path: string): Promise<number> =>
      (await fetch(`${server.origin}${path}`)).status;
    assert.equal(await (await fetch(server.origin)).text(), 'page');
    assert.equal(await read('/golden.json'), 200);
    assert.equal(await read('/workload.ts'), 404);
    assert.equal(await read('/golden.json/%2e%2e/workload.ts'), 404);
  } finally {
    server.close();
  }
});
