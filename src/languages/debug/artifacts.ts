/**
 * Debug information from a folder of artifacts, of whatever made them:
 *
 * | what                     | where                                                        |
 * | ------------------------ | ------------------------------------------------------------ |
 * | Hardhat 2, forge         | `build-info/*.json` with `input` and `output`                |
 * | Hardhat 3                | `build-info/ID.json` and `build-info/ID.output.json`         |
 * | Foundry                  | `out/FILE.sol/NAME.json`: code, maps, index of the source    |
 * | solc                     | a standard output with `contracts` and `sources`             |
 *
 * Sources that no file holds are read from the folders around.
 */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { InputError } from '../errors.ts';
import { type CompiledContract, DebugInfo, SourceFile } from './info.ts';
import {
  contractOf,
  hasMap,
  isObject,
  type Json,
  objectOf,
  type ReadSource,
  readOutput,
  textOf,
} from './output.ts';

/** Folders that hold no artifacts. */
const SKIPPED: ReadonlySet<string> = new Set(['node_modules', '.git']);
const FILES_MAX = 20_000;

/**
 * Reads all artifacts of a folder and those below it.
 *
 * @throws InputError `file-missing`, and `artifact-no-code` where nothing has a source map
 */
export function readArtifacts(folder: string): DebugInfo {
  if (!existsSync(folder)) {
    throw new InputError('file-missing', `${folder} does not exist`, 'compile the contracts first');
  }
  const contracts = readContracts(folder);
  if (contracts.length === 0) {
    throw new InputError(
      'artifact-no-code',
      `${folder} has no contract with a source map`,
      'name the folder that Hardhat (artifacts), Foundry (out) or solc wrote, with build-info',
    );
  }
  return new DebugInfo(contracts);
}

/** The contracts of a folder or of one file that have source maps. */
export function readContracts(folder: string): CompiledContract[] {
  const readSource = sourceReader(folder);
  const files = listFiles(folder);
  const whole = files.flatMap((path) => readCompilation(path, readSource));
  const contracts = whole.length > 0 ? whole : readSingles(files, readSource);
  return contracts.filter(hasMap);
}

function listFiles(folder: string): string[] {
  if (!statSync(folder).isDirectory()) return [folder];
  const found: string[] = [];
  const visit = (path: string): void => {
    const entries = readdirSync(path, { withFileTypes: true });
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const own = join(path, entry.name);
      if (entry.isDirectory()) {
        if (!SKIPPED.has(entry.name)) visit(own);
      } else if (entry.name.endsWith('.json') && found.length < FILES_MAX) found.push(own);
    }
  };
  visit(folder);
  return found;
}

/** A source by its text in the artifact, or from the disk; the same object for the same one. */
function sourceReader(folder: string): ReadSource {
  const known = new Map<string, SourceFile>();
  const roots = [folder, dirname(folder), dirname(dirname(folder))];
  const textAt = (path: string): string | undefined => {
    const place = [path, ...roots.map((root) => join(root, path))].find((each) => existsSync(each));
    return place === undefined ? undefined : readFileSync(place, 'utf8');
  };
  return (path, given) => {
    // Hardhat 3 calls the sources of the project so.
    const shown = path.replace(/^project\//, '');
    const content = typeof given === 'string' ? given : textAt(shown);
    if (content === undefined) return undefined;
    const key = `${shown}\n${content}`;
    const source = known.get(key) ?? new SourceFile(shown, content);
    known.set(key, source);
    return source;
  };
}

function readJson(path: string): Json {
  try {
    return objectOf(JSON.parse(readFileSync(path, 'utf8')));
  } catch {
    // A file that is being written, or none of ours.
    return {};
  }
}

/** The contracts of a file that holds a standard output. */
function readCompilation(path: string, readSource: ReadSource): CompiledContract[] {
  if (path.endsWith('.output.json')) return [];
  const json = readJson(path);
  const beside = path.replace(/\.json$/, '.output.json');
  const isSplit = isObject(json.input) && !isObject(json.output) && existsSync(beside);
  const holder = isSplit ? readJson(beside) : json;
  const output = objectOf(isObject(holder.output) ? holder.output : holder);
  if (!isObject(output.contracts) || !isObject(output.sources)) return [];
  return readOutput(output, objectOf(json.input), readSource);
}

/** Foundry's artifacts of single contracts. */
function readSingles(files: readonly string[], readSource: ReadSource): CompiledContract[] {
  const sources = new Map<number, SourceFile>();
  const drafts = files.flatMap((path) => {
    const json = readJson(path);
    const settings = objectOf(objectOf(json.metadata).settings);
    const [target] = Object.entries(objectOf(settings.compilationTarget));
    if (target === undefined || !isObject(json.bytecode)) return [];
    const [file, name] = target;
    const source = readSource(file, undefined);
    if (typeof json.id === 'number' && source !== undefined) sources.set(json.id, source);
    return [{ json, settings, name: textOf(name) }];
  });
  return drafts.map(({ json, settings, name }) => {
    const { abi, bytecode, deployedBytecode } = json;
    return contractOf(name, { abi, bytecode, deployedBytecode, settings, sources });
  });
}
