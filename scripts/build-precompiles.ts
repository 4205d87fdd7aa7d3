/**
 * `npm run build:precompiles`: compiles the arithmetic of `src/vms/evm/precompiles/assembly`,
 * AssemblyScript, to `src/vms/evm/precompiles/*.generated.ts`, modules that hold a binary as text.
 *
 * The pairing curves and P-256 share their sources; constants and prime field are written beside a
 * copy of these under `build/precompiles`.
 *
 * Exit codes: 0 written, 1 one does not compile.
 */
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';
import type { Curve } from './pairing-curves.ts';
import { CURVES, constantsSource, P256_FIELD, P256_ORDER, p256Source } from './pairing-curves.ts';
import { fieldSource } from './pairing-field.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const ROOM = join(ROOT, 'src/vms/evm/precompiles');
const BUILD = join(ROOT, 'build/precompiles');

const ASC_OPTIONS = [
  '--runtime=stub',
  '-O3',
  '--noAssert',
  '--enable=simd',
  '--enable=bulk-memory',
  '--use=abort=',
  '--initialMemory=1',
];

/** Compiles an entry of a folder with sources, and writes the binary as `constant` in a module. */
async function compile(
  folder: string,
  entry: string,
  name: string,
  constant: string,
): Promise<boolean> {
  const files = [entry, `--baseDir=${folder}`, '--outFile=curve.wasm', '--textFile=curve.wat'];
  const { error, stderr } = await asc.main([...files, ...ASC_OPTIONS]);
  if (error !== null) {
    console.error(`${stderr.toString()}\n${name} does not compile: ${error.message}`);
    return false;
  }
  const wasm = await readFile(join(folder, 'curve.wasm'));
  const text = [
    `/** ${name}, compiled by scripts/build-precompiles.ts. */`,
    `export const ${constant} =\n  '${wasm.toString('base64')}';`,
    '',
  ].join('\n');
  await writeFile(join(ROOM, `${name}.generated.ts`), text);
  console.log(`${name}: ${wasm.length} bytes`);
  return true;
}

async function prepareFolder(name: string): Promise<string> {
  const folder = join(BUILD, name);
  await mkdir(folder, { recursive: true });
  await cp(join(ROOM, 'assembly'), folder, { recursive: true });
  return folder;
}

async function compilePairing(curve: Curve): Promise<boolean> {
  const folder = await prepareFolder(curve.name);
  await writeFile(join(folder, 'pairing/constants.ts'), constantsSource(curve));
  await writeFile(join(folder, 'pairing/fp.ts'), fieldSource(curve));
  return compile(folder, `pairing/${curve.name}.ts`, `pairing-${curve.name}`, 'CURVE_BASE64');
}

async function compileP256(): Promise<boolean> {
  const folder = await prepareFolder('p256');
  await writeFile(join(folder, 'pairing/constants.ts'), p256Source());
  await writeFile(join(folder, 'pairing/fp.ts'), fieldSource(P256_FIELD));
  await writeFile(join(folder, 'pairing/order.ts'), fieldSource(P256_ORDER));
  return compile(folder, 'pairing/p256.ts', 'p256', 'CURVE_BASE64');
}

async function main(): Promise<number> {
  await rm(BUILD, { recursive: true, force: true });
  const secp256k1 = await prepareFolder('secp256k1');
  const results = [
    await compile(secp256k1, 'secp256k1/recover.ts', 'secp256k1', 'SECP256K1_BASE64'),
    await compile(await prepareFolder('modexp'), 'modexp.ts', 'modexp', 'MODEXP_BASE64'),
  ];
  for (const curve of CURVES) results.push(await compilePairing(curve));
  results.push(await compileP256());
  return results.every((isDone) => isDone) ? 0 : 1;
}

process.exitCode = await main();
