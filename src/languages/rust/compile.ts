/**
 * Rust to a contract. One crate without the standard library: its root, which is written here, has
 * the library and the source as modules; the source's `lockstep!` becomes the written items.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { EvmContract, Note } from '../contract.ts';
import { readDeclarations } from '../declarations.ts';
import { moduleContract } from '../model.ts';
import { ask, compileStep, needProgram, withFolder } from '../programs.ts';
import { writeItems } from './glue.ts';

const TARGET = 'wasm32-unknown-unknown';

const LIBRARY = fileURLToPath(new URL('./lockstep.rs', import.meta.url));

/** A stack of 16 KiB, so that a frame's memory begins with one page. */
const OPTIONS = [
  '--edition=2021',
  '--crate-name=contract',
  '--crate-type=cdylib',
  `--target=${TARGET}`,
  '--codegen=opt-level=2',
  '--codegen=panic=abort',
  '--codegen=overflow-checks=on',
  '--codegen=lto=fat',
  '--codegen=codegen-units=1',
  '--codegen=strip=symbols',
  '--codegen=target-feature=+bulk-memory',
  '--codegen=link-arg=-zstack-size=16384',
];

/** A compiler that has the core library of the target; several may be on the PATH. */
export function hasTarget(path: string): boolean {
  const folder = ask(path, ['--print', 'target-libdir', '--target', TARGET]);
  return folder !== undefined && existsSync(folder);
}

function rootText(source: string): string {
  return [
    '#![no_std]',
    '#![allow(dead_code)]',
    'extern crate self as lockstep;',
    `#[path = ${JSON.stringify(LIBRARY)}]`,
    '#[macro_use]',
    'mod library;',
    'pub use library::*;',
    `#[path = ${JSON.stringify(source)}]`,
    'mod contract;',
    '',
  ].join('\n');
}

/** @throws InputError `compiler-missing`, `compiler-failed`, `contract-none` */
export function compileRust(file: string, notes: Note[]): EvmContract {
  const rustc = needProgram({ name: 'rustc', accepts: hasTarget }, 'rust');
  const text = readFileSync(file, 'utf8');
  const model = readDeclarations({ file, text }, /\blockstep!\s*\{/);
  const source = resolve(file);
  const module = withFolder((folder) => {
    const [root, glue, output] = ['root.rs', 'glue.rs', 'contract.wasm'].map((name) =>
      join(folder, name),
    ) as [string, string, string];
    writeFileSync(root, rootText(source));
    writeFileSync(glue, writeItems(model));
    // Places in the source are part of the module, and shall not say where it was compiled.
    const prefixes = [
      [folder, 'written'],
      [dirname(LIBRARY), 'library'],
      [dirname(source), '.'],
    ].map(([from, to]) => `--remap-path-prefix=${from}=${to}`);
    const args = [...OPTIONS, ...prefixes, '-o', output, root];
    const step = { program: rustc, args, cwd: dirname(source), env: { LOCKSTEP_GLUE: glue } };
    compileStep(step, file, notes);
    return new Uint8Array(readFileSync(output));
  });
  return moduleContract(model, module, { file, format: 'rust', compiler: rustc.version });
}
