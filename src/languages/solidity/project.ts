/**
 * Where a Solidity source lives and where its imports come from.
 *
 * A source unit is named by its path below the project's root, so that the same project gives the
 * same bytecode (whose metadata hashes those names) wherever it stands.
 */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';

export interface Project {
  readonly root: string;
  /** Name of the source unit of the compiled file. */
  readonly unit: string;
  /** `context:prefix=target`, as solc takes them. */
  readonly remappings: readonly string[];
}

/** A folder with one of these is the root of a project. */
const ROOT_MARKS = [
  'remappings.txt',
  'foundry.toml',
  'hardhat.config.ts',
  'hardhat.config.js',
  'hardhat.config.cjs',
  'hardhat.config.mjs',
  'package.json',
  'node_modules',
];

function* ancestors(folder: string): Generator<string> {
  let at = folder;
  for (;;) {
    yield at;
    const parent = dirname(at);
    if (parent === at) return;
    at = parent;
  }
}

function findRoot(folder: string): string {
  for (const each of ancestors(folder)) {
    if (ROOT_MARKS.some((mark) => existsSync(join(each, mark)))) return each;
  }
  return folder;
}

function readIfThere(path: string): string {
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
}

/** The list in `remappings = […]` of foundry.toml, which needs no parser of the whole language. */
function foundryRemappings(root: string): string[] {
  const list = /^\s*remappings\s*=\s*\[([^\]]*)\]/m.exec(readIfThere(join(root, 'foundry.toml')));
  return [...(list?.[1] ?? '').matchAll(/["']([^"']+)["']/g)].map((match) => match[1]!);
}

/** Foundry remaps every library below `lib` to its sources without being told. */
function libraryRemappings(root: string): string[] {
  const folder = join(root, 'lib');
  if (!existsSync(join(root, 'foundry.toml')) || !existsSync(folder)) return [];
  return readdirSync(folder)
    .sort()
    .map((name) => {
      const inner = ['src', 'contracts'].find((each) => existsSync(join(folder, name, each)));
      return `${name}/=lib/${name}/${inner === undefined ? '' : `${inner}/`}`;
    });
}

function readRemappings(root: string): string[] {
  const told = readIfThere(join(root, 'remappings.txt'))
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line.includes('=') && !line.startsWith('#'));
  const remappings = [...told, ...foundryRemappings(root)];
  const prefixes = new Set(remappings.map((each) => each.split('=')[0]));
  const inferred = libraryRemappings(root).filter((each) => !prefixes.has(each.split('=')[0]));
  return [...remappings, ...inferred];
}

/** The project of a source file. */
export function openProject(file: string): Project {
  const path = resolve(file);
  const root = findRoot(dirname(path));
  const unit = relative(root, path).split(sep).join('/');
  return { root, unit, remappings: readRemappings(root) };
}

const isFile = (path: string): boolean =>
  statSync(path, { throwIfNoEntry: false })?.isFile() === true;

/** Where a source unit may be, in the order in which it is looked for. */
function unitCandidates(project: Project, unit: string): string[] {
  const above = [...ancestors(project.root)].map((folder) => join(folder, 'node_modules', unit));
  return [resolve(project.root, unit), ...above];
}

/** The file of a source unit, or undefined. */
export function findUnit(project: Project, unit: string): string | undefined {
  return unitCandidates(project, unit).find(isFile);
}

/** What to do about an import that is nowhere: most are packages that are not installed. */
export function missingImportHelp(project: Project, unit: string): string {
  const scope = /^(@[^/]+\/[^/]+|[^@./][^/]*)\//.exec(unit)?.[1];
  const looked = `looked below ${project.root} and in its node_modules`;
  if (scope === undefined || unit.startsWith('lib/')) return looked;
  if (existsSync(join(project.root, scope)) && !scope.startsWith('@')) return looked;
  return `${looked}; if it is a package: npm install ${scope}`;
}
