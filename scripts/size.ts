/**
 * `npm run size [-- --json]`: how many bytes each public import loads, and the kernel's; fails
 * where one passes its budget. Code of other packages, and what is loaded on use, is not counted.
 *
 * Exit codes: 0 within the budgets, 1 over one of them.
 */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from './build.ts';
import { deriveExports } from './exports.ts';

const ROOT = join(import.meta.dirname, '..');
const DIST = join(ROOT, 'build/size');

/**
 * Most bytes after gzip, by what is loaded. Raise one in the commit that needs it, with the why.
 */
const BUDGETS: Readonly<Record<string, number>> = {
  kernel: 24_800,
  lockstep: 248_500,
  'lockstep/chain': 269_000,
  'lockstep/chain/blocks': 296_000,
  'lockstep/chain/dev': 302_500,
  'lockstep/chain/tracers': 262_500,
  'lockstep/chain/transactions': 25_000,
  'lockstep/chain/wasm': 144_000,
  'lockstep/engines': 106_500,
  'lockstep/dmir': 23_000,
  'lockstep/languages': 16_000,
  'lockstep/node': 388_000,
  'lockstep/node/database': 52_000,
  'lockstep/node/server': 20_500,
  'lockstep/node/stack': 29_500,
  'lockstep/state': 24_500,
  'lockstep/vms/evm': 26_000,
  'lockstep/vms/evm/precompiles': 25_500,
  'lockstep/vms/wasm': 70_000,
  'vms/evm + engines': 125_000,
};

interface Row {
  readonly name: string;
  readonly files: number;
  readonly bytes: number;
  readonly gzipBytes: number;
  readonly gzipBytesMax: number;
}

/** What a page loads that runs contracts of the EVM. */
const BROWSER = ['vms/evm', 'engines'];

/** The files and every file of the package that they import statically. */
function closure(...entries: readonly string[]): string[] {
  const found = new Set(entries);
  for (const file of found) {
    const text = readFileSync(file, 'utf8');
    for (const [, specifier] of text.matchAll(/^(?:import|export)\b[^;]*?from '(\.[^']+)'/gms)) {
      const target = join(dirname(file), specifier as string);
      if (existsSync(target)) found.add(target);
    }
  }
  return [...found].sort();
}

function measure(name: string, contents: readonly Uint8Array[]): Row {
  const bytes = Buffer.concat(contents);
  return {
    name,
    files: contents.length,
    bytes: bytes.length,
    gzipBytes: gzipSync(bytes, { level: 9 }).length,
    gzipBytesMax: BUDGETS[name] ?? 0,
  };
}

function listRows(): Row[] {
  const kernel = readFileSync(join(ROOT, 'src/kernel/wasm.generated.ts'), 'utf8');
  const base64 = /'([^']+)'/.exec(kernel)?.[1] ?? '';
  const imports = Object.entries(deriveExports()).flatMap(([name, target]) => {
    if (typeof target === 'string') return [];
    const entry = target.default.replace('./dist/', '');
    const files = closure(join(DIST, entry)).map((file) => readFileSync(file));
    return [measure(name.replace('.', 'lockstep'), files)];
  });
  const files = closure(...BROWSER.map((each) => join(DIST, each, 'index.js')));
  const page = measure(
    BROWSER.join(' + '),
    files.map((file) => readFileSync(file)),
  );
  return [measure('kernel', [Buffer.from(base64, 'base64')]), ...imports, page];
}

function main(isJson: boolean): number {
  if (!build(DIST)) {
    console.error('the sources do not compile, so there are no sizes');
    return 1;
  }
  const rows = listRows();
  if (isJson) console.log(JSON.stringify({ suite: 'size', rows }));
  else {
    for (const { name, files, bytes, gzipBytes, gzipBytesMax } of rows) {
      const counts = [files, bytes, gzipBytes, gzipBytesMax].map((each) => each.toString());
      const [a = '', b = '', c = '', d = ''] = counts;
      const columns = [name.padEnd(30), a.padStart(4), b.padStart(9), c.padStart(9), d.padStart(9)];
      console.log(columns.join(' '));
    }
    console.log('columns: name, files, bytes, bytes after gzip, budget of those');
  }
  const over = rows.filter(({ gzipBytes, gzipBytesMax }) => gzipBytes > gzipBytesMax);
  for (const { name, gzipBytes, gzipBytesMax } of over) {
    console.error(`${name}: ${gzipBytes} bytes after gzip, budget ${gzipBytesMax}`);
  }
  return over.length === 0 ? 0 : 1;
}

if (import.meta.main) process.exitCode = main(process.argv.includes('--json'));
