/**
 * `npm run build`: compiles `src` to `dist`, ESM with types, and copies what contracts are compiled
 * with: libraries in their own languages, and templates. What no public import leads to is in the
 * bundle of the command alone. `npm pack` runs it first.
 *
 * Exit codes: 0 built, 1 the compiler found errors.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { bundle } from './bundle.ts';
import { deriveExports } from './exports.ts';

const ROOT = join(import.meta.dirname, '..');
const TSC = join(ROOT, 'node_modules/typescript/bin/tsc');

/** Below `src`, and below the folder that is built. */
const COPIED = [
  'languages/assemblyscript/assembly',
  'languages/c/lockstep.h',
  'languages/c/lockstep.hpp',
  'languages/rust/lockstep.rs',
  'languages/templates',
];
const COPY_OPTIONS = { recursive: true };

/** Runs of the compiler: comments are in the types, where editors show them, not in the code. */
const RUNS = [
  ['--emitDeclarationOnly'],
  ['--noCheck', '--declaration', 'false', '--removeComments'],
];

/** Compiles the library into a folder, which is emptied first; whether that succeeded. */
export function build(folder: string): boolean {
  rmSync(folder, { recursive: true, force: true });
  for (const path of COPIED) cpSync(join(ROOT, 'src', path), join(folder, path), COPY_OPTIONS);
  const args = [TSC, '-p', join(ROOT, 'tsconfig.build.json'), '--outDir', folder];
  const options = { cwd: ROOT, stdio: 'inherit' } as const;
  return RUNS.every((run) => {
    return spawnSync(process.execPath, [...args, ...run], options).status === 0;
  });
}

/** Files that some lead to by what they import, and by names of threads' files. */
function reach(entries: readonly string[], extension: '.js' | '.d.ts'): Set<string> {
  const found = new Set(entries);
  for (const file of found) {
    const text = readFileSync(file, 'utf8');
    for (const [, name = ''] of text.matchAll(/['"](\.{1,2}\/[^'"]+)\.(?:js|ts)['"]/g)) {
      const target = join(dirname(file), name.replace(/\.d$/, '') + extension);
      if (existsSync(target)) found.add(target);
    }
  }
  return found;
}

/** Takes out what no public import leads to: the command has it in its bundle. */
function prune(dist: string): void {
  const targets = Object.values(deriveExports()).filter((each) => typeof each !== 'string');
  const entries = targets.map((each) => join(dist, each.default.replace('./dist/', '')));
  const code = reach(entries, '.js');
  const typings = entries.map((file) => file.replace(/\.js$/, '.d.ts'));
  const kept = new Set([...code, ...reach(typings, '.d.ts')]);
  const others = ['command', ...COPIED];
  for (const name of readdirSync(dist, { recursive: true, encoding: 'utf8' })) {
    const isCompiled = /\.js$|\.d\.ts$/.test(name) && !others.some((each) => name.startsWith(each));
    if (isCompiled && !kept.has(join(dist, name))) rmSync(join(dist, name));
  }
}

async function main(): Promise<number> {
  const dist = join(ROOT, 'dist');
  if (!build(dist)) return 1;
  await bundle(dist, join(dist, 'command'));
  prune(dist);
  return 0;
}

if (import.meta.main) process.exitCode = await main();
