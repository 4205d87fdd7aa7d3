/** Which compilers this machine has, for tests that need one. */
import type { LanguageName } from '../../src/languages/languages.ts';
import { findProgram } from '../../src/languages/programs.ts';
import { hasTarget } from '../../src/languages/rust/compile.ts';

const hasClang = ['clang', 'wasm-ld'].every((name) => findProgram({ name }) !== undefined);
const hasRust = findProgram({ name: 'rustc', accepts: hasTarget }) !== undefined;

const MISSING: Readonly<Record<LanguageName, string | false>> = {
  solidity: false,
  assemblyscript: false,
  c: !hasClang && 'no clang',
  'c++': !hasClang && 'no clang',
  rust: !hasRust && 'no rustc for wasm32-unknown-unknown',
};

/** What a test of the language says when it is skipped; false where nothing is missing. */
export function missingCompiler(language: LanguageName): string | false {
  return MISSING[language];
}
