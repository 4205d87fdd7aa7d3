/**
 * The documents say what is: examples run and print what stands under them, paths and links lead
 * somewhere, names of functions and npm scripts exist, generated parts are up to date.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { deriveExports } from '../scripts/exports.ts';
import { renderPages } from '../scripts/gen-tables.ts';
import { LAYERS } from './tidy/graph-rules.ts';

const ROOT = join(import.meta.dirname, '..');
const BUILD = join(ROOT, 'build');
mkdirSync(BUILD, { recursive: true });
const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');

/** All documents, relative to the repository. */
const PAGES = [
  ...readdirSync(ROOT).filter((name) => name.endsWith('.md')),
  ...readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name.replaceAll('\\', '/')}`),
].sort();

/** An example as a file beside the repository's sources, with its imports led to them. */
function writeExample(folder: string, text: string): string {
  const linked = text.replace(/from '(lockstep[\w/]*)'/g, (whole, name: string) => {
    const target = deriveExports()[name.replace('lockstep', '.')];
    if (target === undefined || typeof target === 'string') return whole;
    const source = target.default.replace('./dist/', 'src/').replace(/\.js$/, '.ts');
    return `from '${pathToFileURL(join(ROOT, source)).href}'`;
  });
  const file = join(folder, 'example.ts');
  writeFileSync(file, linked);
  return file;
}

for (const page of PAGES) {
  const examples = [...read(page).matchAll(/^```ts\n(.*?)^```\n\n```text\n(.*?)^```$/gms)];
  for (const [index, [, code = '', printed = '']] of examples.entries()) {
    test(`example ${index + 1} of ${page} prints what it says`, (context) => {
      const folder = mkdtempSync(join(BUILD, 'example-'));
      context.after(() => rmSync(folder, { recursive: true, force: true }));
      const args = [writeExample(folder, code)];
      const run = spawnSync(process.execPath, args, { cwd: ROOT, encoding: 'utf8' });
      assert.equal(run.stderr, '');
      assert.equal(run.stdout, printed);
    });
  }
}

test('every TypeScript example of the README is followed by what it prints', () => {
  const text = read('README.md');
  assert.equal(text.match(/^```ts$/gm)?.length, text.match(/^```\n\n```text$/gm)?.length);
});

test('the first command of the README runs', () => {
  const line = /^npm ci && npx lockstep (run .*)$/m.exec(read('README.md'))?.[1] ?? '';
  const words = [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain);
  const args = [join(ROOT, 'bin/lockstep.js'), ...(words as string[])];
  const run = spawnSync(process.execPath, args, { cwd: ROOT, encoding: 'utf8' });
  assert.equal(run.stderr, '');
  assert.equal(run.status, 0);
  assert.match(run.stdout, /Transfer[\s\S]*balanceOf/);
});

/** Line numbers are those of the match. */
function lineOf(text: string, index: number): number {
  return text.slice(0, index).split('\n').length;
}

function check(pattern: RegExp, problem: (page: string, match: RegExpExecArray) => unknown): void {
  const problems = PAGES.flatMap((page) => {
    const text = read(page);
    return [...text.matchAll(pattern)].flatMap((match) => {
      const found = problem(page, match);
      return typeof found === 'string' ? [`${page}:${lineOf(text, match.index)}: ${found}`] : [];
    });
  });
  assert.deepEqual(problems, []);
}

test('paths in backticks exist', () => {
  check(/`((?:src|tests|scripts|bench|docs|examples|bin)\/[\w./-]*)`/g, (_page, [, path = '']) =>
    existsSync(join(ROOT, path)) ? undefined : `there is no ${path}`,
  );
});

test('links lead to files', () => {
  check(/\]\(([^)#]+)(?:#[^)]*)?\)/g, (page, [, target = '']) => {
    if (/^https?:/.test(target)) return undefined;
    return existsSync(join(ROOT, dirname(page), target)) ? undefined : `broken link ${target}`;
  });
});

test('names beside a path stand in that file', () => {
  check(/`(src\/[\w./-]+\.ts)`\s(?:\(((?:`\w+`(?:,\s)?)+)\)|`(\w+)`)/g, (_page, match) => {
    const [, path = '', list, one] = match;
    const names = list === undefined ? [one ?? ''] : list.match(/\w+/g);
    const source = existsSync(join(ROOT, path)) ? read(path) : '';
    const missing = (names ?? []).filter((name) => !new RegExp(`\\b${name}\\b`).test(source));
    return missing.length === 0 ? undefined : `${path} has no ${missing.join(', ')}`;
  });
});

test('npm scripts that a page names exist', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  check(/npm run ([\w:]+)/g, (_page, [, name = '']) =>
    Object.hasOwn(scripts, name) ? undefined : `there is no script ${name}`,
  );
});

test('pages made from tables are up to date', () => {
  for (const [page, text] of Object.entries(renderPages())) {
    assert.equal(read(page), text, `${page}: run npm run gen`);
  }
});

test('the table of rooms is the one that is enforced', () => {
  const rows = [...read('docs/ARCHITECTURE.md').matchAll(/^\| `([a-z]+)` \|.*\| ([^|]+) \|$/gm)];
  const told = Object.fromEntries(rows.map(([, room = '', rooms = '']) => [room, rooms]));
  const { index: _face, ...rooms } = LAYERS;
  const enforced = Object.entries(rooms).map(([room, layer]) => {
    if (layer.rooms.includes('*')) return [room, 'everything'];
    return [room, layer.rooms.join(', ') || 'nothing'];
  });
  assert.deepEqual(told, Object.fromEntries(enforced));
});

test('every status of the loop is explained', () => {
  const statuses = [...read('src/kernel/layout.ts').matchAll(/export const (STATUS_\w+)/g)];
  const page = read('docs/ARCHITECTURE.md');
  for (const [, name = ''] of statuses) assert.ok(page.includes(`| \`${name}\` |`), name);
});

test('decisions are numbered without a gap and have their parts', () => {
  const decisions = PAGES.filter((page) => page.startsWith('docs/adr/'));
  for (const [index, page] of decisions.entries()) {
    assert.match(page, new RegExp(`/${String(index + 1).padStart(4, '0')}-why-[a-z-]+\\.md$`));
    for (const part of ['Requirement', 'Decision', 'Alternatives', 'Measurement']) {
      assert.ok(read(page).includes(`**${part}.**`), `${page} lacks ${part}`);
    }
  }
});
