/**
 * Solidity source to a contract, in this order: find the project, look in the cache, else load the
 * compiler and hand it the sources as it asks for them, then choose the contract.
 */
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { finishContract, readStandardOutput } from '../artifacts.ts';
import type { Compiled, CompileOptions } from '../compiled.ts';
import type { Note } from '../contract.ts';
import { SourceFile } from '../debug/info.ts';
import { readOutput } from '../debug/output.ts';
import { InputError } from '../errors.ts';
import { selectContract } from '../select.ts';
import { readCache, type SourceUnit, writeCache } from './cache.ts';
import { type Compiler, type CompilerOutput, findCompiler } from './compiler.ts';
import { formatMessage, type SourceReader } from './diagnostics.ts';
import { findUnit, missingImportHelp, openProject, type Project } from './project.ts';

const OUTPUTS = [
  'abi',
  'storageLayout',
  'evm.bytecode.object',
  'evm.bytecode.linkReferences',
  'evm.bytecode.sourceMap',
  'evm.deployedBytecode.object',
  'evm.deployedBytecode.linkReferences',
  'evm.deployedBytecode.immutableReferences',
  'evm.deployedBytecode.sourceMap',
];

function settingsOf(project: Project, fork: string | undefined): object {
  return {
    optimizer: { enabled: true, runs: 200 },
    remappings: project.remappings,
    ...(fork === undefined ? {} : { evmVersion: fork }),
    outputSelection: { [project.unit]: { '*': OUTPUTS } },
  };
}

/** A path as the person typed the others: below the working directory where that is shorter. */
function shownPath(path: string): string {
  const short = relative(process.cwd(), path);
  return short.startsWith('..') ? path : short;
}

/**
 * Compiles a file and chooses its contract.
 *
 * @param notes - Receives warnings of the compiler and a note where there was a choice.
 * @throws InputError `compiler-missing`, `compiler-failed`, and those of the choice
 */
export async function compileFile(
  file: string,
  options: CompileOptions,
  notes: Note[],
): Promise<Compiled> {
  const project = openProject(file);
  const compiler = findCompiler(project.root);
  const settings = settingsOf(project, options.fork);
  const output =
    readCache(project, compiler.version, settings) ??
    compileProject(project, compiler, settings, file);
  const read = sourceReader(project);
  for (const message of output.errors ?? []) {
    notes.push({ level: 'warning', text: formatMessage(message, read) });
  }
  const candidates = readStandardOutput({ contracts: output.contracts }, 'solidity');
  const own = candidates.filter((each) => each.source === project.unit);
  const wanted = options.contract?.split(':').pop();
  const chosen = selectContract(own, wanted, file, notes);
  const contract = finishContract(chosen, file, `solc ${compiler.version}`);
  return {
    contract,
    readDebug: () => readOutput({ ...output }, { settings }, debugSource(read)),
  };
}

/** Sources for stack traces, each read once. */
function debugSource(read: SourceReader): (unit: string) => SourceFile | undefined {
  const known = new Map<string, SourceFile>();
  return (unit) => {
    const found = known.get(unit) ?? readDebugSource(read, unit);
    if (found !== undefined) known.set(unit, found);
    return found;
  };
}

function readDebugSource(read: SourceReader, unit: string): SourceFile | undefined {
  const source = read(unit);
  return source === undefined ? undefined : new SourceFile(source.path, source.text);
}

function sourceReader(project: Project): SourceReader {
  return (unit) => {
    const path = findUnit(project, unit);
    if (path === undefined) return undefined;
    return { path: shownPath(path), text: readFileSync(path, 'utf8') };
  };
}

/** @throws InputError `compiler-failed` with every error of the compiler */
function compileProject(
  project: Project,
  compiler: Compiler,
  settings: object,
  file: string,
): CompilerOutput {
  const units: SourceUnit[] = [];
  const readUnit = (unit: string): string | undefined => {
    const path = findUnit(project, unit);
    if (path === undefined) return undefined;
    const text = readFileSync(path, 'utf8');
    units.push({ unit, path, text });
    return text;
  };
  const input = {
    language: 'Solidity',
    sources: { [project.unit]: { content: readUnit(project.unit) } },
    settings,
  };
  const output = compiler.compile(input, (unit) => {
    const contents = readUnit(unit);
    return contents === undefined ? { error: missingImportHelp(project, unit) } : { contents };
  });
  const errors = (output.errors ?? []).filter((each) => each.severity === 'error');
  if (errors.length === 0) {
    const kept: CompilerOutput = {
      errors: output.errors ?? [],
      contracts: { [project.unit]: output.contracts?.[project.unit] ?? {} },
      sources: output.sources ?? {},
    };
    writeCache(project, compiler.version, settings, units, kept);
    return kept;
  }
  const read = sourceReader(project);
  const count = errors.length === 1 ? '1 error' : `${errors.length} errors`;
  const list = errors.map((each) => formatMessage(each, read)).join('\n\n');
  throw new InputError(
    'compiler-failed',
    `${file} does not compile (solc ${compiler.version}): ${count}\n\n${list}`,
  );
}
