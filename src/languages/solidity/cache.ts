/**
 * Compilations kept on disk, because loading the compiler costs more than everything else.
 *
 * An entry is found by what is known before compiling (compiler, settings, file) and holds the hash
 * of every source that took part; it counts only while each import leads to the same file with the
 * same content. A damaged or unwritable cache is as good as an empty one.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeFolder, userCacheFolder } from '../cache-folder.ts';
import type { CompilerOutput } from './compiler.ts';
import { findUnit, type Project } from './project.ts';

/** Grows when the form of an entry or the wanted outputs change. */
const CACHE_FORMAT = 2;

export interface SourceUnit {
  readonly unit: string;
  readonly path: string;
  readonly text: string;
}

interface Entry {
  readonly sources: readonly { unit: string; path: string; hash: string }[];
  readonly output: CompilerOutput;
}

const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex');

function cacheFolder(project: Project): string {
  const modules = join(project.root, 'node_modules');
  if (existsSync(modules)) return join(modules, '.cache', 'lockstep', 'solc');
  return join(userCacheFolder(), 'solc');
}

function entryPath(project: Project, version: string, settings: object): string {
  const key = JSON.stringify([CACHE_FORMAT, version, settings, project.root, project.unit]);
  return join(cacheFolder(project), `${hashOf(key)}.json`);
}

/** The kept output, or undefined where there is none or a source has changed. */
export function readCache(
  project: Project,
  version: string,
  settings: object,
): CompilerOutput | undefined {
  try {
    const entry: Entry = JSON.parse(readFileSync(entryPath(project, version, settings), 'utf8'));
    const fresh = entry.sources.every(
      ({ unit, path, hash }) =>
        findUnit(project, unit) === path && hashOf(readFileSync(path, 'utf8')) === hash,
    );
    return fresh ? entry.output : undefined;
  } catch {
    return undefined;
  }
}

/** Keeps an output; another process never reads half an entry. */
export function writeCache(
  project: Project,
  version: string,
  settings: object,
  units: readonly SourceUnit[],
  output: CompilerOutput,
): void {
  const sources = units.map(({ unit, path, text }) => ({ unit, path, hash: hashOf(text) }));
  const entry: Entry = { sources, output };
  try {
    const path = entryPath(project, version, settings);
    makeFolder(cacheFolder(project));
    const temporary = `${path}.${process.pid}`;
    writeFileSync(temporary, JSON.stringify(entry));
    renameSync(temporary, path);
  } catch {
    // Without a cache the next compilation is slow, and nothing else.
  }
}
