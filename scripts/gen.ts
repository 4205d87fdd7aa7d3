/**
 * `npm run gen`: writes what is generated from tables: parts of the documents, the exports of
 * package.json, the token of `lockstep bench`.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { deriveExports } from './exports.ts';

const ROOT = join(import.meta.dirname, '..');

/** Scripts that write them. */
const WRITERS = ['gen-docs.ts', 'gen-core-docs.ts', 'gen-tables.ts', 'gen-token.ts'];

/** Files that `npm run gen` may change, relative to the repository. */
export const GENERATED = [
  'docs/ARCHITECTURE.md',
  'docs/dmir.md',
  'docs/evm.md',
  'docs/languages.md',
  'docs/node.md',
  'docs/provable-profile.md',
  'docs/wasm.md',
  'docs/wasm-contracts.md',
  'package.json',
  'src/cli/bench/token.generated.ts',
] as const;

function main(): void {
  const file = join(ROOT, 'package.json');
  const description = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
  description.exports = deriveExports();
  writeFileSync(file, `${JSON.stringify(description, null, 2)}\n`);
  for (const name of WRITERS) {
    const script = join(import.meta.dirname, name);
    const { status } = spawnSync(process.execPath, [script], { cwd: ROOT, stdio: 'inherit' });
    if (status !== 0) process.exitCode = 1;
  }
}

if (import.meta.main) main();
