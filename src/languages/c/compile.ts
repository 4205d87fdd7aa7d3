/**
 * C and C++ to a contract: clang makes an object of the source with the written header before it,
 * and the linker of LLVM a module. The driver does not link: it would run whatever optimizer is on
 * the PATH, and the same source shall give the same bytes.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { EvmContract, Note } from '../contract.ts';
import { readDeclarations } from '../declarations.ts';
import { moduleContract } from '../model.ts';
import { compileStep, needProgram, withFolder } from '../programs.ts';
import { type Dialect, writeHeader } from './glue.ts';

/** Where `lockstep.h` and `lockstep.hpp` lie. */
const LIBRARY = fileURLToPath(new URL('.', import.meta.url));

const COMPILER_OPTIONS = [
  '--target=wasm32-unknown-unknown',
  '-Oz',
  '-ffreestanding',
  '-fno-ident',
  '-mbulk-memory',
  '-msign-ext',
  '-Wall',
  '-Wextra',
  // The time of a compilation would be in the module.
  '-Werror=date-time',
];
const DIALECT_OPTIONS: Readonly<Record<Dialect, readonly string[]>> = {
  c: ['-x', 'c', '-std=c11'],
  'c++': ['-x', 'c++', '-std=c++17', '-fno-exceptions', '-fno-rtti', '-fno-threadsafe-statics'],
};
/** A stack of 16 KiB, so that a frame's memory begins with one page. */
const LINKER_OPTIONS = ['--no-entry', '-z', 'stack-size=16384', '--strip-all', '-O2'];

/** @throws InputError `compiler-missing`, `compiler-failed`, `contract-none` */
export function compileC(file: string, dialect: Dialect, notes: Note[]): EvmContract {
  const clang = needProgram({ name: 'clang' }, dialect);
  const linker = needProgram({ name: 'wasm-ld' }, dialect);
  const text = readFileSync(file, 'utf8');
  const model = readDeclarations({ file, text }, /\bLOCKSTEP\s*\(/);
  const cwd = dirname(resolve(file));
  const module = withFolder((folder) => {
    const [header, object, output] = ['glue.h', 'contract.o', 'contract.wasm'].map((name) =>
      join(folder, name),
    ) as [string, string, string];
    writeFileSync(header, writeHeader(model, dialect));
    const files = ['-I', LIBRARY, '-include', header, '-c', '-o', object, `./${basename(file)}`];
    const args = [...DIALECT_OPTIONS[dialect], ...COMPILER_OPTIONS, ...files];
    compileStep({ program: clang, args, cwd }, file, notes);
    const links = [...LINKER_OPTIONS, 'contract.o', '-o', output];
    const remedy = 'define every function that is declared, with the same types';
    compileStep({ program: linker, args: links, cwd: folder, remedy }, file, notes);
    return new Uint8Array(readFileSync(output));
  });
  return moduleContract(model, module, { file, format: dialect, compiler: clang.version });
}
