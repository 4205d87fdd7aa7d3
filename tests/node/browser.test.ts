/** `lockstep/node` runs where Node is not: nothing that it loads imports a module of Node. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';

const ROOT = join(import.meta.dirname, '../..');

/** Files that an entry imports, and packages that they do. */
function closure(entry: string): { readonly files: string[]; readonly packages: Set<string> } {
  const files = [join(ROOT, entry)];
  const packages = new Set<string>();
  for (const file of files) {
    const text = readFileSync(file, 'utf8');
    const found = text.matchAll(/^(?:import|export)\b(?! type)[^;]*?from '([^']+)'/gms);
    for (const [, name = ''] of found) {
      if (!name.startsWith('.')) packages.add(name);
      else if (!files.includes(join(dirname(file), name))) files.push(join(dirname(file), name));
    }
  }
  return { files, packages };
}

test('the provider loads nothing of Node', () => {
  const { files, packages } = closure('src/node/index.ts');
  assert.ok(files.length > 100, `${files.length} files`);
  assert.deepEqual(
    [...packages].filter((name) => name.startsWith('node:')),
    [],
  );
});

test('the servers do', () => {
  const { packages } = closure('src/node/server/index.ts');
  assert.ok(packages.has('node:net'));
});
