/** Compilers that are packages of npm: first the project's own, then the one beside Lockstep. */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { InputError } from './errors.ts';
import { LANGUAGES, type LanguageName } from './languages.ts';

export interface FoundPackage {
  readonly version: string;
  /** Finds and loads modules as a file does that has the package beside it. */
  readonly require: NodeJS.Require;
}

/**
 * The package of a language's compiler; nothing of it but its description is loaded.
 *
 * @param folder - Folder of the project.
 * @throws InputError `compiler-missing`
 */
export function needPackage(language: LanguageName, folder: string): FoundPackage {
  const { title, npm } = LANGUAGES[language];
  for (const base of [join(folder, 'package.json'), import.meta.url]) {
    const require = createRequire(base);
    try {
      const { version } = require(`${npm}/package.json`) as { version: string };
      return { version, require };
    } catch {}
  }
  throw new InputError(
    'compiler-missing',
    `compiling ${title} needs the package ${npm}, which is not installed`,
    `run: npm install ${npm}`,
  );
}
