/**
 * Test files from paths: single files, folders, bundles and archives, one document at a time.
 *
 * A document is the bytes of one original file; nothing is parsed here but the containers, so a
 * reader holds one document in memory, however large a bundle is. The order is that of the paths,
 * in a folder that of the names by code units, in a container that of its entries.
 */
import { createReadStream, readdirSync, readFileSync, type Stats, statSync } from 'node:fs';
import { join } from 'node:path';
import { createGunzip } from 'node:zlib';
import { LockstepError } from '../base/errors.ts';
import { isRecord } from './formats.ts';
import { readTar } from './tar.ts';

/** One original file. Plain data: it crosses threads. */
export interface Document {
  /** Where it is, for messages: `add.json`, `bundle.jsonl.gz:17`, `tests.tar.gz!a/add.json`. */
  readonly place: string;
  /** Path of the original file; undefined in a bundle, whose lines tell it. */
  readonly path: string | undefined;
  readonly bytes: Uint8Array;
}

/** The tests of a document. */
export interface TestFile {
  readonly path: string;
  readonly tests: readonly (readonly [name: string, test: unknown])[];
}

/** One document of a file's bytes, whatever it holds, or several. */
type Container = 'json' | 'lines' | 'tar';

interface Source {
  readonly file: string;
  readonly container: Container;
  readonly isCompressed: boolean;
}

const CONTAINERS: readonly (readonly [end: string, container: Container, isCompressed: boolean])[] =
  [
    ['.json', 'json', false],
    ['.json.gz', 'json', true],
    ['.jsonl', 'lines', false],
    ['.jsonl.gz', 'lines', true],
    ['.tar', 'tar', false],
    ['.tar.gz', 'tar', true],
    ['.tgz', 'tar', true],
  ];

/**
 * A file by its name; a file that was named itself, or has one of the `ends`, is one document
 * whatever it is called.
 */
function sourceOf(file: string, isNamed: boolean, ends: readonly string[]): Source | undefined {
  const row = CONTAINERS.find(([end]) => file.endsWith(end));
  if (row !== undefined) return { file, container: row[1], isCompressed: row[2] };
  const isDocument = isNamed || ends.some((end) => file.endsWith(end));
  return isDocument ? { file, container: 'json', isCompressed: false } : undefined;
}

function statOf(path: string): Stats {
  try {
    const stats = statSync(path, { throwIfNoEntry: false });
    if (stats !== undefined) return stats;
  } catch (error) {
    throw unreadable(path, error);
  }
  throw new LockstepError('L3001', { path });
}

function unreadable(path: string, error: unknown): LockstepError {
  if (error instanceof LockstepError) return error;
  return new LockstepError('L3007', { path, problem: (error as Error).message });
}

/** Files below a folder by name; what begins with a dot holds no tests. */
function listFolder(folder: string, ends: readonly string[]): Source[] {
  const entries = readdirSync(folder, { withFileTypes: true })
    .filter(({ name }) => !name.startsWith('.'))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  return entries.flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return listFolder(path, ends);
    return sourceOf(path, false, ends) ?? [];
  });
}

/**
 * The files behind the paths; nothing is opened yet, so that a mistyped path is told at once.
 *
 * @param ends - Ends of names besides those of JSON and its containers.
 * @throws LockstepError L3001 for a path that does not exist, L3002 for a folder without test
 *   files, L3007 for what the system refuses
 */
export function listSources(
  paths: readonly string[],
  ends: readonly string[] = [],
): readonly Source[] {
  return paths.flatMap((path) => {
    if (!statOf(path).isDirectory()) return sourceOf(path, true, ends) ?? [];
    try {
      const found = listFolder(path, ends);
      if (found.length > 0) return found;
    } catch (error) {
      throw unreadable(path, error);
    }
    throw new LockstepError('L3002', { path });
  });
}

/**
 * The documents of the files, in order.
 *
 * @throws LockstepError L3007 for a file that cannot be read to its end
 */
export async function* readDocuments(sources: readonly Source[]): AsyncGenerator<Document> {
  for (const source of sources) {
    const { file, container, isCompressed } = source;
    try {
      if (container === 'json' && !isCompressed) {
        yield { place: file, path: file, bytes: readFileSync(file) };
        continue;
      }
      const chunks = readChunks(file, isCompressed);
      if (container === 'json') yield { place: file, path: file, bytes: await gather(chunks) };
      else if (container === 'lines') yield* readLines(file, chunks);
      else yield* readArchive(file, chunks);
    } catch (error) {
      throw unreadable(file, error);
    }
  }
}

type Chunks = AsyncIterable<Uint8Array>;

function readChunks(file: string, isCompressed: boolean): Chunks {
  const input = createReadStream(file);
  if (!isCompressed) return input as Chunks;
  const unzipped = createGunzip();
  input.on('error', (error) => unzipped.destroy(error));
  return input.pipe(unzipped) as Chunks;
}

async function gather(chunks: Chunks): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return Buffer.concat(parts);
}

const LINE_FEED = 0x0a;

async function* readLines(file: string, chunks: Chunks): AsyncGenerator<Document> {
  let line = 1;
  let parts: Uint8Array[] = [];
  const take = (): Document => {
    const bytes = Buffer.concat(parts);
    parts = [];
    return { place: `${file}:${line}`, path: undefined, bytes };
  };
  for await (const chunk of chunks) {
    let from = 0;
    for (let end = chunk.indexOf(LINE_FEED); end >= 0; end = chunk.indexOf(LINE_FEED, from)) {
      parts.push(chunk.subarray(from, end));
      const document = take();
      if (!isBlank(document.bytes)) yield document;
      line++;
      from = end + 1;
    }
    parts.push(chunk.subarray(from));
  }
  const rest = take();
  if (!isBlank(rest.bytes)) yield rest;
}

/** Whether there is nothing but spaces and carriage returns. */
function isBlank(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0x20 || byte === 0x0d);
}

async function* readArchive(file: string, chunks: Chunks): AsyncGenerator<Document> {
  for await (const { path, bytes } of readTar(chunks)) {
    const isHidden = path.split('/').some((part) => part.startsWith('.') && part !== '.');
    if (!path.endsWith('.json') || isHidden) continue;
    yield { place: `${file}!${path}`, path: path.replace(/^\.\//, ''), bytes };
  }
}

/**
 * The tests of a document.
 *
 * @throws LockstepError L3003 for what is not JSON, L3005 for JSON that is no file of tests
 */
export function openDocument(document: Document): TestFile {
  const { place } = document;
  const json = parseJson(document);
  const wanted = 'official tests';
  if (!isRecord(json)) {
    const problem = 'the file is not an object of tests by name';
    throw new LockstepError('L3005', { path: place, wanted, problem });
  }
  if (document.path !== undefined) return { path: document.path, tests: Object.entries(json) };
  const { path, tests = json.json } = json;
  if (typeof path !== 'string' || !isRecord(tests)) {
    const problem = 'a line of a bundle is an object with path, and tests or json';
    throw new LockstepError('L3005', { path: place, wanted, problem });
  }
  return { path, tests: Object.entries(tests) };
}

/**
 * The content of a JSON document.
 *
 * @throws LockstepError L3003, with line and column
 */
export function parseJson({ place, path, bytes }: Document): unknown {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8');
  try {
    return JSON.parse(text);
  } catch (error) {
    const { message } = error as SyntaxError;
    const position = positionOf(message) ?? findBadToken(text);
    // A bundle's place has its line already, and holds no line feed.
    const at =
      path === undefined ? `${place}:${position + 1}` : lineAndColumn(place, text, position);
    const problem = message.replace(
      /, (?:\.{3})?".*is not valid JSON$| in JSON at position.*$/s,
      '',
    );
    throw new LockstepError('L3003', { path: at, problem });
  }
}

/** Where V8 says that a text stops being JSON; it is silent about a token that is out of place. */
function positionOf(message: string): number | undefined {
  const [, position] = / at position (\d+)/.exec(message) ?? [];
  return position === undefined ? undefined : Number(position);
}

/** The first position whose character is out of place, or the end: shorter texts are only cut. */
function findBadToken(text: string): number {
  const isBad = (length: number): boolean => {
    try {
      JSON.parse(text.slice(0, length));
      return false;
    } catch (error) {
      return (error as SyntaxError).message.startsWith('Unexpected token');
    }
  };
  let [good, bad] = [0, text.length + 1];
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    if (isBad(middle)) bad = middle;
    else good = middle;
  }
  return good;
}

function lineAndColumn(place: string, text: string, position: number): string {
  const lines = text.slice(0, position).split('\n');
  return `${place}:${lines.length}:${(lines.at(-1)?.length ?? 0) + 1}`;
}
