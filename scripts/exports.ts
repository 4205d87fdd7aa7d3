/**
 * The package's exports, derived from the tree: each `index.ts` under `src` is one public import,
 * by the name of its folder. The compiled kernel is no import of its own. `lockstep/contract` is
 * what contracts in AssemblyScript import: types for editors; its compiler is given the sources.
 */
import { readdirSync } from 'node:fs';
import { join, sep } from 'node:path';

const ROOT = join(import.meta.dirname, '..');

export type Exports = Readonly<Record<string, { types: string; default: string } | string>>;

/** Public imports by name: `.`, `./dmir`, `./vms/evm`, … */
export function deriveExports(): Exports {
  const files = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
    .map((name) => name.split(sep).join('/'))
    .filter((name) => /(^|\/)index\.ts$/.test(name) && !name.startsWith('kernel/'))
    .map((name) => name.replace(/\/?index\.ts$/, ''))
    .sort();
  const rows = files.map((folder) => {
    const file = folder === '' ? './dist/index' : `./dist/${folder}/index`;
    const name = folder === '' ? '.' : `./${folder}`;
    return [name, { types: `${file}.d.ts`, default: `${file}.js` }] as const;
  });
  return {
    ...Object.fromEntries(rows),
    './contract': './dist/languages/assemblyscript/assembly/contract.d.ts',
    './package.json': './package.json',
  };
}
