/**
 * Compiles `tests/lives/contracts/*.sol` with the npm solc and keeps the result on disk.
 *
 * The key of the cache is the hash of every source that was read, imports included, and of the
 * compiler's settings and version, so that a stale file is never used.
 */
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { hexTextToBytes } from '../oracle/case.ts';

/** A compiled contract. */
export interface LifeArtifact {
  name: string;
  abi: readonly Record<string, unknown>[];
  /** Init code without constructor arguments. */
  init: Uint8Array;
  /** Code as deployed; empty for an abstract contract. */
  runtime: Uint8Array;
}

interface Solc {
  version(): string;
  compile(input: string, callbacks: { import: (path: string) => { contents: string } }): string;
}

interface SolcOutput {
  errors?: { severity: string; formattedMessage: string }[];
  sources: Record<string, unknown>;
  contracts: Record<
    string,
    Record<
      string,
      {
        abi: Record<string, unknown>[];
        evm: { bytecode: { object: string }; deployedBytecode: { object: string } };
      }
    >
  >;
}

interface CacheFile {
  /** Every source that the compilation read, with the hash of its text. */
  sources: Record<string, string>;
  artifacts: { name: string; abi: Record<string, unknown>[]; init: string; runtime: string }[];
}

const HERE = dirname(fileURLToPath(import.meta.url));
const MODULES = join(HERE, '../../node_modules');
const CACHE = join(MODULES, '.cache/lockstep');
const SETTINGS = {
  optimizer: { enabled: true, runs: 200 },
  evmVersion: 'osaka',
  outputSelection: { '*': { '*': ['abi', 'evm.bytecode.object', 'evm.deployedBytecode.object'] } },
};

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

function sourcePath(name: string): string {
  return name.startsWith('@') ? join(MODULES, name) : join(HERE, 'contracts', name);
}

function readSource(name: string): string {
  return readFileSync(sourcePath(name), 'utf8');
}

function listOwnSources(): string[] {
  return readdirSync(join(HERE, 'contracts'))
    .filter((name) => name.endsWith('.sol'))
    .sort();
}

function readCache(file: string): CacheFile | undefined {
  if (!existsSync(file)) return undefined;
  const cache = JSON.parse(readFileSync(file, 'utf8')) as CacheFile;
  const fresh = Object.entries(cache.sources).every(
    ([name, hash]) => existsSync(sourcePath(name)) && sha256(readSource(name)) === hash,
  );
  return fresh ? cache : undefined;
}

function compile(own: readonly string[]): CacheFile {
  const solc = createRequire(import.meta.url)('solc') as Solc;
  const sources: Record<string, string> = {};
  const read = (name: string): string => {
    const text = readSource(name);
    sources[name] = sha256(text);
    return text;
  };
  const input = {
    language: 'Solidity',
    sources: Object.fromEntries(own.map((name) => [name, { content: read(name) }])),
    settings: SETTINGS,
  };
  const callbacks = { import: (name: string) => ({ contents: read(name) }) };
  const output = JSON.parse(solc.compile(JSON.stringify(input), callbacks)) as SolcOutput;
  const errors = (output.errors ?? []).filter(({ severity }) => severity === 'error');
  if (errors.length > 0) {
    throw new Error(errors.map(({ formattedMessage }) => formattedMessage).join('\n'));
  }
  const artifacts = own.flatMap((source) =>
    Object.entries(output.contracts[source] ?? {}).map(([name, { abi, evm }]) => ({
      name,
      abi,
      init: evm.bytecode.object,
      runtime: evm.deployedBytecode.object,
    })),
  );
  return { sources, artifacts };
}

let compiled: LifeArtifact[] | undefined;

/** The contracts of the lives, ordered by source and name. The first call may take 20 seconds. */
export async function compileLives(): Promise<LifeArtifact[]> {
  if (compiled !== undefined) return compiled;
  const own = listOwnSources();
  const { version } = JSON.parse(readFileSync(join(MODULES, 'solc/package.json'), 'utf8')) as {
    version: string;
  };
  const key = sha256(JSON.stringify([own, own.map(readSource), SETTINGS, version])).slice(0, 32);
  const file = join(CACHE, `lives-${key}.json`);
  let cache = readCache(file);
  if (cache === undefined) {
    cache = compile(own);
    mkdirSync(CACHE, { recursive: true });
    const temporary = `${file}.${process.pid}`;
    writeFileSync(temporary, JSON.stringify(cache));
    renameSync(temporary, file);
  }
  compiled = cache.artifacts.map(({ name, abi, init, runtime }) => ({
    name,
    abi,
    init: hexTextToBytes(init),
    runtime: hexTextToBytes(runtime),
  }));
  return compiled;
}

/** One compiled contract by name. */
export async function findArtifact(name: string): Promise<LifeArtifact> {
  const artifact = (await compileLives()).find((candidate) => candidate.name === name);
  if (artifact === undefined) throw new Error(`BUG: no contract is called ${name}`);
  return artifact;
}
