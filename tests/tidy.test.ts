/**
 * The style that a machine can check: layers, circles, dead files, sizes, names, banned calls and
 * words. Every violation is printed with its file and line.
 */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { findCircles, findDeadFiles, findLayerViolations } from './tidy/graph-rules.ts';
import { loadSources, type Source } from './tidy/sources.ts';
import * as rules from './tidy/text-rules.ts';
import type { Violation } from './tidy/violation.ts';

const ROOT = join(import.meta.dirname, '..');
const IGNORED = new Set(['node_modules', 'dist', 'build', '.git']);
const TEXT = /\.(ts|js|json|md|dmir|sol|hex)$|^(LICENSE|run)$/;

/** Text files of the repository, apart from what tools write. */
function listFiles(root: string, folder = ''): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (IGNORED.has(entry.name)) return [];
    if (entry.isDirectory()) return listFiles(root, path);
    return TEXT.test(entry.name) && entry.name !== 'package-lock.json' ? [path] : [];
  });
}

/** Entry points: what package.json publishes and starts, and every test and script. */
function listEntries(root: string, sources: readonly Source[]): string[] {
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    exports: Readonly<Record<string, { readonly default: string } | string>>;
  };
  const published = Object.values(exports).flatMap((each) => {
    if (typeof each === 'string') return [];
    return [each.default.replace('./dist/', 'src/').replace(/\.js$/, '.ts')];
  });
  const started = sources
    .map(({ path }) => path)
    .filter((path) => /\.test\.ts$|^(scripts|bench)\/[\w-]+\.ts$/.test(path));
  return ['src/cli/main.ts', ...COMPILED, ...published, ...started];
}

function report(violations: readonly Violation[]): void {
  const lines = violations.map(({ file, line, message }) => `${file}:${line}: ${message}`);
  assert.ok(lines.length === 0, `${lines.length} violations\n${lines.sort().join('\n')}`);
}

/** Entry points of what is compiled to WebAssembly. */
const COMPILED = [
  'src/kernel/assembly/index.ts',
  'src/languages/assemblyscript/assembly/contract.ts',
  'src/languages/assemblyscript/assembly/glue.ts',
  'src/vms/evm/precompiles/assembly/modexp.ts',
  'src/vms/evm/precompiles/assembly/pairing/bls12-381.ts',
  'src/vms/evm/precompiles/assembly/pairing/bn254.ts',
  'src/vms/evm/precompiles/assembly/pairing/p256.ts',
  'src/vms/evm/precompiles/assembly/secp256k1/recover.ts',
];
const PROJECTS = [
  'tsconfig.json',
  'src/kernel/assembly/tsconfig.json',
  'src/languages/assemblyscript/assembly/tsconfig.json',
  'src/vms/evm/precompiles/assembly/tsconfig.json',
];
const sources = loadSources(ROOT, PROJECTS);
const written = sources.filter(({ path }) => !path.endsWith('.generated.ts'));
const files = listFiles(ROOT);

test('rooms import only the rooms below them', () => report(findLayerViolations(sources)));
test('imports make no circle', () => report(findCircles(sources)));
test('every file is used', () => report(findDeadFiles(sources, listEntries(ROOT, sources))));
test('functions have at most 70 lines', () => report(written.flatMap(rules.findLongFunctions)));
test('files have at most 600 lines', () => report(written.flatMap(rules.findLongFiles)));
test('lines have at most 100 columns', () => report(written.flatMap(rules.findLongLines)));
test('files begin with a comment', () => report(sources.flatMap(rules.findMissingHeaders)));
test('names are in kebab-case', () => report(rules.findBadNames(files)));
test('no banned call', () => report(written.flatMap(rules.findBannedCalls)));
test('no banned word', () => {
  report(files.flatMap((path) => rules.findBannedWords(path, read(ROOT, path))));
});

function read(root: string, path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

/** A project in which every rule has something to find. */
const BAD: Readonly<Record<string, string>> = {
  'tsconfig.json': '{"compilerOptions":{"allowImportingTsExtensions":true,"noEmit":true}}',
  'src/base/up.ts': "/** Up. */\nimport { a } from '../dmir/a.ts';\nexport const up = a;\n",
  'src/dmir/a.ts': "/** A. */\nimport { b } from './b.ts';\nexport const a = () => b;\n",
  'src/dmir/b.ts': "/** B. */\nimport { a } from './a.ts';\nexport const b = () => a;\n",
  'src/vms/one/x.ts': "/** X. */\nexport type { Y } from '../two/y.ts';\n",
  'src/vms/two/y.ts': '/** Y. */\nexport type Y = number;\n',
  'src/state/bytes.ts': "/** Bytes. */\nexport const bytes = () => Buffer.from('');\n",
  'src/state/clock.ts': "import fs from 'node:fs';\nexport const now = () => [fs, Date.now()];\n",
  'src/state/BadName.ts': `/** Long. */\nexport function long() {\n${'  long();\n'.repeat(70)}}\n`,
  'src/state/size.ts': `/** Size. */\n${'//\n'.repeat(600)}// ${'-'.repeat(100)}\n`,
  'src/state/mark.ts': `/** ${['TO', 'DO'].join('')}. */\nexport const x = '${'-'.repeat(120)}';\n`,
};

test('each rule finds its violation', (context) => {
  const root = mkdtempSync(join(tmpdir(), 'lockstep-tidy-'));
  context.after(() => rmSync(root, { recursive: true, force: true }));
  for (const [path, text] of Object.entries(BAD)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  const bad = loadSources(root, ['tsconfig.json']);
  const where = (violations: readonly Violation[]) =>
    violations.map(({ file, line }) => `${file}:${line}`);
  assert.deepEqual(where(findLayerViolations(bad)), [
    'src/base/up.ts:2',
    'src/state/clock.ts:1',
    'src/vms/one/x.ts:2',
  ]);
  assert.deepEqual(where(findCircles(bad)), ['src/dmir/b.ts:2']);
  const entries = bad.map(({ path }) => path).filter((path) => path !== 'src/state/clock.ts');
  assert.deepEqual(where(findDeadFiles(bad, entries)), ['src/state/clock.ts:1']);
  assert.deepEqual(where(bad.flatMap(rules.findLongFunctions)), ['src/state/BadName.ts:2']);
  assert.deepEqual(where(bad.flatMap(rules.findLongFiles)), ['src/state/size.ts:1']);
  assert.deepEqual(where(bad.flatMap(rules.findLongLines)), ['src/state/size.ts:602']);
  assert.deepEqual(where(bad.flatMap(rules.findMissingHeaders)), ['src/state/clock.ts:1']);
  assert.deepEqual(where(bad.flatMap(rules.findBannedCalls)), [
    'src/state/bytes.ts:2',
    'src/state/clock.ts:2',
  ]);
  assert.deepEqual(where(rules.findBadNames(listFiles(root))), ['src/state/BadName.ts:1']);
  const words = listFiles(root).flatMap((path) => rules.findBannedWords(path, read(root, path)));
  assert.deepEqual(where(words), ['src/state/mark.ts:1']);
});
