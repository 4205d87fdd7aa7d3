/**
 * A new project: a small contract in a language, a test of it, and what `npm install` and
 * `npm test` need. Files that are there are never written over.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { InputError } from './errors.ts';
import { LANGUAGES, type LanguageName } from './languages.ts';

export interface ProjectOptions {
  /** Folder of the project, which may not be there yet. */
  readonly folder: string;
  readonly language: LanguageName;
  /** Versions of packages by name: of this one, and of compilers. */
  readonly versions: Readonly<Record<string, string>>;
}

const readTemplate = (name: string): string =>
  readFileSync(new URL(`./templates/${name}`, import.meta.url), 'utf8');

/** Editors read AssemblyScript as TypeScript with other types of numbers. */
const EDITOR_SETTINGS = {
  extends: 'assemblyscript/std/assembly.json',
  compilerOptions: {
    module: 'esnext',
    moduleResolution: 'bundler',
    noEmit: true,
    skipLibCheck: true,
  },
  include: ['./*.ts'],
};

const json = (value: object): string => `${JSON.stringify(value, null, 2)}\n`;

/** The nearest name that npm takes: of lower case, and of letters that an address may have. */
function packageName(folder: string): string {
  const name = folder
    .toLowerCase()
    .replace(/[^a-z\d._-]+/g, '-')
    .replace(/^[._-]+|-+$/g, '');
  return name || 'contract';
}

/** Contents by path in the project. */
function filesOf({ folder, language, versions }: ProjectOptions): Readonly<Record<string, string>> {
  const { extensions, npm } = LANGUAGES[language];
  const contract = `counter${extensions[0]}`;
  const packages = ['lockstep', ...(npm === undefined ? [] : [npm])].sort();
  const description = {
    name: packageName(basename(resolve(folder))),
    version: '0.1.0',
    private: true,
    type: 'module',
    scripts: { test: 'node --test' },
    devDependencies: Object.fromEntries(packages.map((name) => [name, versions[name] ?? '*'])),
  };
  return {
    'package.json': json(description),
    '.gitignore': 'node_modules\n',
    [`contracts/${contract}`]: readTemplate(contract),
    'test/counter.test.js': readTemplate('counter.test.js').replace('counter.sol', contract),
    ...(language === 'assemblyscript' ? { 'contracts/tsconfig.json': json(EDITOR_SETTINGS) } : {}),
  };
}

/**
 * Writes the files of a project.
 *
 * @returns Their paths.
 * @throws InputError `file-exists` where one is there, and then writes none
 */
export function createProject(options: ProjectOptions): string[] {
  const files = Object.entries(filesOf(options)).map(
    ([name, content]) => [join(options.folder, name), content] as const,
  );
  const taken = files.find(([path]) => existsSync(path));
  if (taken !== undefined) {
    throw new InputError(
      'file-exists',
      `${taken[0]} is there already, and nothing is written over`,
      'choose another name for the project',
    );
  }
  for (const [path, content] of files) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content, { flag: 'wx' });
  }
  return files.map(([path]) => path);
}
