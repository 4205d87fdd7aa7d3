/**
 * A contract from a file. The content tells the format; the name of the file only decides whether
 * text that looks like nothing is damaged hexadecimal code or another kind of file.
 */
import { readFileSync, statSync } from 'node:fs';
import { basename, extname } from 'node:path';
import type { Contract, EvmContract, Note } from './contract.ts';
import type { ReadDebug } from './debug/info.ts';
import { InputError } from './errors.ts';
import { parseHexText } from './hex-text.ts';
import { LANGUAGES, type LanguageName, languageOf } from './languages.ts';

export interface LoadOptions {
  /** `Name`, or `source.sol:Name`. */
  readonly contract?: string | undefined;
  /** Fork that a source is compiled for; the compiler's newest unless told. */
  readonly fork?: string | undefined;
}

export interface Loaded {
  readonly contract: Contract;
  readonly notes: readonly Note[];
  /** What the compiler told of the places of code in the sources; undefined for other files. */
  readonly readDebug?: ReadDebug;
}

/** `Token.sol:Name` to the file and the contract; a file of that whole name wins. */
function splitFileName(name: string): { file: string; contract: string | undefined } {
  const match = /^(.+):([A-Za-z_$][\w$]*)$/.exec(name);
  if (match === null || statSync(name, { throwIfNoEntry: false }) !== undefined) {
    return { file: name, contract: undefined };
  }
  return { file: match[1]!, contract: match[2] };
}

/** @throws InputError `file-missing`, `file-directory`, `file-unreadable` */
export function readInput(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') {
      throw new InputError('file-missing', `${file} does not exist`, 'check the path');
    }
    if (code === 'EISDIR') {
      throw new InputError('file-directory', `${file} is a directory`, 'name a file in it');
    }
    throw new InputError('file-unreadable', `${file} cannot be read: ${message}`);
  }
}

type Kind =
  | LanguageName
  | 'json'
  | 'hex'
  | 'wasm'
  | 'dmir'
  | 'dmir-binary'
  | { readonly unknown: string };

const HEX_EXTENSIONS = new Set(['.hex', '.bin', '.evm']);

const WASM_MAGIC = '\0asm';
/** How the binary form of a dMIR module begins. */
const DMIR_MAGIC = 'dMIR';

/** Formats that are no contract, of which a few first bytes are enough. */
const BINARY: readonly (readonly [magic: string, name: string])[] = [
  ['\x7fELF', 'ELF'],
  ['PK\x03\x04', 'a ZIP archive'],
  ['\x89PNG', 'a PNG image'],
];

const isLanguage = (kind: Kind): kind is LanguageName =>
  typeof kind === 'string' && Object.hasOwn(LANGUAGES, kind);

function detect(bytes: Buffer, file: string): Kind {
  const extension = extname(file).toLowerCase();
  const start = bytes.subarray(0, 4).toString('latin1');
  // Text may begin with these letters too, but not go on with a version number.
  if (start === DMIR_MAGIC && (bytes[DMIR_MAGIC.length] ?? 0) < 0x20) return 'dmir-binary';
  if (start === WASM_MAGIC) return 'wasm';
  const binary = BINARY.find(([magic]) => start === magic);
  if (binary !== undefined) return { unknown: `it is ${binary[1]}` };
  if (bytes.includes(0)) return { unknown: 'it is binary; code is read as hexadecimal text' };
  const text = bytes.toString('utf8').trim();
  if (text === '') return { unknown: 'it is empty' };
  const language = languageOf(file);
  if (language !== undefined) return language;
  if (extension === '.dmir') return 'dmir';
  if (HEX_EXTENSIONS.has(extension)) return 'hex';
  if (text.startsWith('{') || text.startsWith('[')) return 'json';
  if (/^(?:0x)?[\da-fA-F\s]+$/.test(text)) return 'hex';
  if (/^0x[\da-fA-F]{8}/.test(text)) return 'hex';
  if (/^\s*pragma\s+solidity\b/m.test(text)) return 'solidity';
  if (/^\s*func\s+@\w+\s*\(/m.test(text)) return 'dmir';
  return { unknown: 'its content is none of the formats' };
}

/**
 * Reads, and for a source compiles, the contract of a file.
 *
 * @throws InputError for everything that is wrong with the file
 */
export async function loadContract(name: string, options: LoadOptions = {}): Promise<Loaded> {
  const split = splitFileName(name);
  const { file } = split;
  const wanted = options.contract ?? split.contract;
  const bytes = readInput(file);
  const kind = detect(bytes, file);
  const notes: Note[] = [];
  if (isLanguage(kind)) {
    const { compile } = LANGUAGES[kind];
    const compiled = await compile(file, { contract: wanted, fork: options.fork }, notes);
    return { ...compiled, notes };
  }
  if (kind === 'json') {
    const { readArtifact } = await import('./artifacts.ts');
    const { readContracts } = await import('./debug/artifacts.ts');
    const contract = readArtifact(bytes.toString('utf8'), file, wanted, notes);
    return { contract, notes, readDebug: () => readContracts(file) };
  }
  if (kind === 'dmir' || kind === 'dmir-binary') {
    const content = kind === 'dmir' ? bytes.toString('utf8') : new Uint8Array(bytes);
    return { contract: { kind: 'dmir', name: baseOf(file), file, content }, notes };
  }
  if (kind === 'wasm') return { contract: wasmContract(new Uint8Array(bytes), file), notes };
  if (kind === 'hex') return { contract: hexContract(bytes.toString('utf8'), file), notes };
  const { ACCEPTED_FORMATS } = await import('./artifacts.ts');
  throw new InputError('file-format', `${file} is no contract: ${kind.unknown}`, ACCEPTED_FORMATS);
}

const baseOf = (file: string): string => basename(file, extname(file));

/** A module, which is both what is deployed and what is left; nothing tells its interface. */
export function wasmContract(module: Uint8Array, file: string): EvmContract {
  return {
    kind: 'evm',
    name: baseOf(file),
    file,
    format: 'wasm',
    abi: undefined,
    initCode: module,
    runtimeCode: module,
    storageLayout: undefined,
    compiler: undefined,
  };
}

/** Code alone: whether it is init code or runtime code is for the caller to say. */
export function hexContract(text: string, file: string): EvmContract {
  const code = parseHexText(text, file);
  if (code.length === 0) {
    throw new InputError('file-format', `${file} holds no code`, 'write the bytes of a contract');
  }
  return {
    kind: 'evm',
    name: baseOf(file),
    file,
    format: 'hex',
    abi: undefined,
    initCode: undefined,
    runtimeCode: code,
    storageLayout: undefined,
    compiler: undefined,
  };
}
