/** `lockstep new`: the project of each language passes its test, and nothing is written over. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { deriveExports } from '../../scripts/exports.ts';
import { LANGUAGE_NAMES, LANGUAGES } from '../../src/languages/languages.ts';
import { missingCompiler } from '../support/compilers.ts';
import { folderOf, lockstep } from './support/run.ts';

const ROOT = join(import.meta.dirname, '../..');

/** The package beside a project, with its imports led to the sources. */
function linkPackage(project: string): void {
  const folder = join(project, 'node_modules/lockstep');
  mkdirSync(folder, { recursive: true });
  const toSource = (target: string): string =>
    target.replace('/dist/', '/src/').replace(/\.js$/, '.ts');
  const exports = Object.entries(deriveExports()).map(([name, target]) => [
    name,
    toSource(typeof target === 'string' ? target : target.default),
  ]);
  const description = { name: 'lockstep', type: 'module', exports: Object.fromEntries(exports) };
  writeFileSync(join(folder, 'package.json'), JSON.stringify(description));
  symlinkSync(join(ROOT, 'src'), join(folder, 'src'), 'dir');
}

for (const language of LANGUAGE_NAMES) {
  const skip = missingCompiler(language);
  test(`a new project in ${LANGUAGES[language].title} passes its test`, {
    skip,
  }, async (context) => {
    const project = join(folderOf(context, {}), 'counter');
    const { code, out } = await lockstep(['new', project, '--language', language]);
    assert.equal(code, 0);
    assert.match(out, /npm install && npm test/);
    const { devDependencies } = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8'));
    assert.ok('lockstep' in devDependencies);
    linkPackage(project);
    const env = { ...process.env, NODE_TEST_CONTEXT: undefined };
    const run = spawnSync(process.execPath, ['--test', '--test-reporter=tap'], {
      cwd: project,
      env,
      encoding: 'utf8',
    });
    assert.equal(run.status, 0, run.stdout + run.stderr);
    assert.match(run.stdout, /# pass 2$/m);
  });
}

test('an editor finds nothing wrong with AssemblyScript, but what is wrong', async (context) => {
  const project = join(folderOf(context, {}), 'counter');
  await lockstep(['new', project, '--language', 'assemblyscript']);
  linkPackage(project);
  const compiler = 'node_modules/assemblyscript';
  symlinkSync(join(ROOT, compiler), join(project, compiler), 'dir');
  const contracts = join(project, 'contracts');
  for (const folder of ['examples/erc20', 'tests/languages/contracts']) {
    for (const name of readdirSync(join(ROOT, folder)).filter((each) => each.endsWith('.ts'))) {
      copyFileSync(join(ROOT, folder, name), join(contracts, name));
    }
  }
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
  const check = () => spawnSync(process.execPath, [tsc, '-p', contracts], { encoding: 'utf8' });
  const fine = check();
  assert.equal(fine.status, 0, fine.stdout);
  const wrong = readFileSync(join(contracts, 'counter.ts'), 'utf8').replace(
    'TooMuch(amount)',
    'TooMuch(1, 2)',
  );
  writeFileSync(join(contracts, 'counter.ts'), wrong);
  assert.match(check().stdout, /counter\.ts\(\d+,\d+\): error TS2554/);
});

test('the command that follows is one that a shell reads', async (context) => {
  const folder = folderOf(context, {});
  for (const [name, word] of [
    ['my shop', `'${folder}/my shop'`],
    ["it's", `'${folder}/it'\\''s'`],
    ['shop', `${folder}/shop`],
  ]) {
    const { out } = await lockstep(['new', join(folder, name as string)]);
    assert.ok(out.includes(`next: cd ${word} && npm install`), out);
  }
});

test('a file that is there stays as it is, and nothing else is written', async (context) => {
  const folder = folderOf(context, { '.gitignore': 'mine' });
  const { code, err } = await lockstep(['new', folder]);
  assert.equal(code, 2);
  assert.match(err, /\.gitignore is there already/);
  assert.equal(readFileSync(join(folder, '.gitignore'), 'utf8'), 'mine');
  assert.throws(() => readFileSync(join(folder, 'package.json')));
});

test('the package has a name that npm takes', async (context) => {
  const folder = folderOf(context, {});
  for (const [name, wanted] of [
    ['My Shop', 'my-shop'],
    ['c++', 'c'],
    ['.hidden', 'hidden'],
    ['+++', 'contract'],
  ] as const) {
    assert.equal((await lockstep(['new', join(folder, name)])).code, 0);
    const text = readFileSync(join(folder, name, 'package.json'), 'utf8');
    assert.equal(JSON.parse(text).name, wanted);
  }
});

test('a language that is none is a wrong use', async () => {
  const { code, err } = await lockstep(['new', 'x', '--language', 'cobol']);
  assert.equal(code, 2);
  assert.match(err, /--language is one of solidity, .* not "cobol"/);
  const go = await lockstep(['new', 'x', '--language', 'go']);
  assert.equal(go.code, 2);
  assert.match(go.err, /is Go, which Lockstep does not compile[\s\S]*go\.dev[\s\S]*moduleBytesMax/);
});
