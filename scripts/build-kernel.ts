/**
 * Compiles the kernel: AssemblyScript to `src/kernel/wasm.generated.ts`, a module that holds the
 * binary as text, so that Node and browsers load it alike. `keeper.wat` goes with it, because
 * AssemblyScript has no arrays of the platform's heap.
 *
 * Form numbers come from the bytecode's table, and so do the handlers of scalar operations. Both
 * are written beside a copy of the sources under `build/kernel`.
 */
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';
import binaryen from 'assemblyscript/binaryen';
import { FORM_ROWS } from '../src/dmir/bytecode/forms.ts';
import { INITIAL_PAGES } from '../src/kernel/layout.ts';
import { GENERATED_CASES } from './kernel-cases.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const source = join(root, 'src/kernel');
const build = join(root, 'build/kernel');

/** An enumeration with the number of every bytecode form. */
export function opcodeModule(): string {
  const rows = FORM_ROWS.map((row) => `  ${row.name} = ${row.number},`);
  return `export const enum Op {\n${rows.join('\n')}\n}\n`;
}

/** The loop with the generated cases in their places. */
function withGeneratedCases(loop: string): string {
  return loop.replace(/^ *\/\/ @generated: (\w+)$/gm, (_, name: string) => {
    const make = GENERATED_CASES[name];
    if (make === undefined) throw new Error(`BUG: the loop asks for unknown cases ${name}`);
    return make();
  });
}

const ASC_OPTIONS = [
  '--runtime=stub',
  '-O3',
  '--noAssert',
  '--enable=simd',
  '--enable=bulk-memory',
  '--use=abort=',
  '--importTable',
  `--initialMemory=${INITIAL_PAGES}`,
  '--maximumMemory=65536',
];

async function assembleKeeper(): Promise<Uint8Array> {
  const module = binaryen.parseText(await readFile(join(source, 'keeper.wat'), 'utf8'));
  module.setFeatures(binaryen.Features.All);
  if (module.validate() !== 1) throw new Error('The keeper does not validate.');
  return module.emitBinary();
}

async function main(): Promise<void> {
  await rm(build, { recursive: true, force: true });
  await mkdir(build, { recursive: true });
  await cp(join(source, 'assembly'), join(build, 'assembly'), { recursive: true });
  await cp(join(source, 'layout.ts'), join(build, 'layout.ts'));
  await writeFile(join(build, 'assembly/opcodes.generated.ts'), opcodeModule());
  const loop = await readFile(join(source, 'assembly/loop.ts'), 'utf8');
  await writeFile(join(build, 'assembly/loop.ts'), withGeneratedCases(loop));
  const { error, stderr } = await asc.main([
    'assembly/index.ts',
    `--baseDir=${build}`,
    '--outFile=kernel.wasm',
    '--textFile=kernel.wat',
    ...ASC_OPTIONS,
  ]);
  if (error !== null) {
    process.stderr.write(`${stderr.toString()}\nThe kernel does not compile: ${error.message}\n`);
    process.exitCode = 1;
    return;
  }
  const wasm = await readFile(join(build, 'kernel.wasm'));
  const text = [
    '/** The kernel, compiled by scripts/build-kernel.ts. */',
    `export const KERNEL_BASE64 =\n  '${wasm.toString('base64')}';`,
    '/** The keeper, assembled by it. */',
    `export const KEEPER_BASE64 =\n  '${Buffer.from(await assembleKeeper()).toString('base64')}';`,
    '',
  ].join('\n');
  await writeFile(join(source, 'wasm.generated.ts'), text);
  process.stdout.write(`kernel: ${wasm.length} bytes\n`);
}

await main();
