/** The contract languages: one row each. What knows a language by name or by file reads it here. */
import { extname } from 'node:path';
import type { Compiled, CompileOptions } from './compiled.ts';
import type { EvmContract, Note } from './contract.ts';
import { InputError } from './errors.ts';
import { selectContract } from './select.ts';

export interface Language {
  /** As people write it. */
  readonly title: string;
  readonly extensions: readonly string[];
  /** Packages of npm, or of Debian, that bring the compiler. */
  readonly npm?: string;
  readonly debian?: string;
  /** Its compiler is loaded on use. */
  readonly compile: Compile;
}

type Compile = (file: string, options: CompileOptions, notes: Note[]) => Promise<Compiled>;

export type LanguageName = 'solidity' | 'assemblyscript' | 'c' | 'c++' | 'rust';

export const LANGUAGES: Readonly<Record<LanguageName, Language>> = {
  solidity: {
    title: 'Solidity',
    extensions: ['.sol'],
    npm: 'solc',
    compile: async (...args) => (await import('./solidity/compile.ts')).compileFile(...args),
  },
  assemblyscript: {
    title: 'AssemblyScript',
    extensions: ['.ts'],
    npm: 'assemblyscript',
    compile: async (file, options, notes) => {
      const { compileAssemblyScript } = await import('./assemblyscript/compile.ts');
      return only(await compileAssemblyScript(file, notes), options, notes);
    },
  },
  c: {
    title: 'C',
    extensions: ['.c'],
    debian: 'clang lld',
    compile: (...args) => compileC('c', ...args),
  },
  'c++': {
    title: 'C++',
    extensions: ['.cpp', '.cc', '.cxx'],
    debian: 'clang lld',
    compile: (...args) => compileC('c++', ...args),
  },
  rust: {
    title: 'Rust',
    extensions: ['.rs'],
    debian: 'rustc libstd-rust-dev-wasm32 lld',
    compile: async (file, options, notes) => {
      const { compileRust } = await import('./rust/compile.ts');
      return only(compileRust(file, notes), options, notes);
    },
  },
};

async function compileC(
  dialect: 'c' | 'c++',
  ...[file, options, notes]: Parameters<Compile>
): Promise<Compiled> {
  const { compileC: compile } = await import('./c/compile.ts');
  return only(compile(file, dialect, notes), options, notes);
}

/**
 * The one contract of a file, if it is the one that was asked for.
 *
 * @throws InputError `contract-unknown`
 */
function only(contract: EvmContract, options: CompileOptions, notes: Note[]): Compiled {
  const { name, file } = contract;
  const candidate = { name, source: file, deployable: true };
  selectContract([candidate], options.contract, file, notes);
  return { contract };
}

export const LANGUAGE_NAMES = Object.keys(LANGUAGES) as LanguageName[];

/**
 * Says what there is for Go.
 *
 * @param what - What is Go.
 * @throws InputError `file-format`
 */
export function refuseGo(what: string): never {
  throw new InputError(
    'file-format',
    `${what} is Go, which Lockstep does not compile`,
    "Go's own compiler (https://go.dev/dl, 1.24 or later) makes modules of 1.8 MB, for machines with a " +
      'higher moduleBytesMax, and TinyGo (https://tinygo.org) was not tried: see docs/languages.md; ' +
      `the languages are: ${LANGUAGE_NAMES.map((name) => LANGUAGES[name].title).join(', ')}`,
  );
}

/**
 * The language of a file by its name.
 *
 * @throws InputError `file-format` for a language that is known and not compiled
 */
export function languageOf(file: string): LanguageName | undefined {
  const extension = extname(file).toLowerCase();
  if (extension === '.go') refuseGo(file);
  return LANGUAGE_NAMES.find((name) => LANGUAGES[name].extensions.includes(extension));
}
