/**
 * `npm run build`: compiles `src` to `dist`, ESM with types, and copies what contracts are compiled
 * with: libraries in their own languages, and templates. `npm pack` runs it first.
 *
 * Exit codes: 0 built, 1 the compiler found errors.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';

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

/** Compiles the library into a folder, which is emptied first; whether that succeeded. */
export function build(folder: string): boolean {
  rmSync(folder, { recursive: true, force: true });
  for (const path of COPIED) cpSync(join(ROOT, 'src', path), join(folder, path), COPY_OPTIONS);
  const args = [TSC, '-p', join(ROOT, 'tsconfig.build.json'), '--outDir', folder];
  return spawnSync(process.execPath, args, { cwd: ROOT, stdio: 'inherit' }).status === 0;
}

if (import.meta.main) process.exitCode = build(join(ROOT, 'dist')) ? 0 : 1;
