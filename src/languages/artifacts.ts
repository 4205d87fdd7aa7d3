/**
 * Contracts from the JSON that compilers and frameworks write. The shape tells the format, never
 * the name of the file:
 *
 * | format        | shape                                                    |
 * | ------------- | -------------------------------------------------------- |
 * | solc-standard | `contracts[source][name].evm.bytecode.object`            |
 * | solc-combined | `contracts['source:name'].bin`                           |
 * | hardhat       | `abi`, `bytecode` as text (Truffle writes the same)      |
 * | foundry       | `abi`, `bytecode.object`                                 |
 *
 * A Hardhat build-info file holds a standard output under `output`.
 */
import type { Abi, ContractFormat, EvmContract, Note, StorageLayout } from './contract.ts';
import { InputError } from './errors.ts';
import { parseHexText } from './hex-text.ts';
import { type Candidate, selectContract } from './select.ts';

type Json = Readonly<Record<string, unknown>>;

/** One contract of an artifact before it is chosen; code is still text. */
export interface RawContract extends Candidate {
  readonly format: ContractFormat;
  readonly abi: Abi | undefined;
  readonly initCode: string;
  readonly runtimeCode: string;
  /** Libraries whose addresses are missing, `source:Name`. */
  readonly libraries: readonly string[];
  readonly storageLayout: StorageLayout | undefined;
}

export const ACCEPTED_FORMATS =
  'Lockstep reads Solidity (.sol), AssemblyScript (.ts), C (.c), C++ (.cpp), Rust (.rs), the JSON ' +
  'output of solc (standard or combined), Hardhat and Foundry artifacts, hexadecimal EVM code ' +
  '(.hex, .bin, .evm), WebAssembly (.wasm, or as text .wat) and dMIR (.dmirb, or as text .dmir)';

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

/** `{object: '60…'}` of solc and Foundry, or the text itself. */
function codeOf(value: unknown): string {
  const text = isObject(value) ? textOf(value.object) : textOf(value);
  return text.startsWith('0x') ? text.slice(2) : text;
}

function abiOf(value: unknown): Abi | undefined {
  if (typeof value === 'string') return abiOf(JSON.parse(value));
  return Array.isArray(value) ? (value as Abi) : undefined;
}

function librariesOf(...codes: readonly unknown[]): string[] {
  const names = new Set<string>();
  for (const code of codes) {
    const references = isObject(code) ? code.linkReferences : undefined;
    if (!isObject(references)) continue;
    for (const [source, libraries] of Object.entries(references)) {
      for (const name of Object.keys(isObject(libraries) ? libraries : {})) {
        names.add(`${source}:${name}`);
      }
    }
  }
  return [...names];
}

/** The contracts of solc's standard output, in the order of the output. */
export function readStandardOutput(output: Json, format: ContractFormat): RawContract[] {
  const sources = isObject(output.contracts) ? output.contracts : {};
  return Object.entries(sources).flatMap(([source, contracts]) =>
    Object.entries(isObject(contracts) ? contracts : {}).map(([name, contract]) => {
      const fields = isObject(contract) ? contract : {};
      const evm = isObject(fields.evm) ? fields.evm : {};
      const initCode = codeOf(evm.bytecode);
      return {
        name,
        source,
        format,
        deployable: initCode !== '',
        abi: abiOf(fields.abi),
        initCode,
        runtimeCode: codeOf(evm.deployedBytecode),
        libraries: librariesOf(evm.bytecode),
        storageLayout: fields.storageLayout as StorageLayout | undefined,
      };
    }),
  );
}

function readCombined(contracts: Json): RawContract[] {
  return Object.entries(contracts).map(([path, contract]) => {
    const fields = isObject(contract) ? contract : {};
    const separator = path.lastIndexOf(':');
    const initCode = codeOf(fields.bin);
    return {
      name: path.slice(separator + 1),
      source: path.slice(0, Math.max(separator, 0)),
      format: 'solc-combined',
      deployable: initCode !== '' || textOf(fields['bin-runtime']) !== '',
      abi: abiOf(fields.abi),
      initCode,
      runtimeCode: codeOf(fields['bin-runtime']),
      libraries: [],
      storageLayout: fields['storage-layout'] as StorageLayout | undefined,
    };
  });
}

function readSingle(json: Json, file: string): RawContract {
  const { bytecode, deployedBytecode } = json;
  const target = isObject(json.metadata) ? json.metadata.settings : undefined;
  const named = isObject(target) ? target.compilationTarget : undefined;
  const name =
    textOf(json.contractName) ||
    textOf(Object.values(isObject(named) ? named : {})[0]) ||
    baseName(file);
  const initCode = codeOf(bytecode);
  return {
    name,
    source: textOf(json.sourceName),
    format: isObject(bytecode) ? 'foundry' : 'hardhat',
    deployable: initCode !== '',
    abi: abiOf(json.abi),
    initCode,
    runtimeCode: codeOf(deployedBytecode),
    libraries: librariesOf(bytecode, json),
    storageLayout: json.storageLayout as StorageLayout | undefined,
  };
}

function baseName(file: string): string {
  return (file.split(/[\\/]/).pop() ?? file).replace(/\.[^.]*$/, '');
}

/** @throws InputError `file-format`, `artifact-no-code`, `compiler-failed` */
function readContracts(json: unknown, file: string): RawContract[] {
  if (Array.isArray(json)) throw wrongFormat(file, 'it is a list, perhaps an ABI without code');
  if (!isObject(json)) throw wrongFormat(file, 'it is JSON, but no object');
  const output = isObject(json.output) ? json.output : json;
  if (isObject(output.contracts)) {
    const contracts = Object.values(output.contracts);
    const combined = contracts.some(
      (each) => isObject(each) && ('bin' in each || 'bin-runtime' in each),
    );
    if (combined) return readCombined(output.contracts);
    return readStandardOutput(output, 'solc-standard');
  }
  if (Array.isArray(output.errors)) {
    const messages = output.errors.map((each) => textOf(isObject(each) && each.message));
    throw new InputError(
      'compiler-failed',
      `${file} is the output of a compilation that failed: ${messages.join('; ')}`,
    );
  }
  if ('bytecode' in json) return [readSingle(json, file)];
  if ('sources' in json && 'language' in json) {
    throw wrongFormat(file, 'it is the input of solc, not its output');
  }
  if (Array.isArray(json.abi)) {
    throw new InputError(
      'artifact-no-code',
      `${file} has an ABI and no bytecode`,
      'ask the compiler for the bytecode too (output selection evm.bytecode)',
    );
  }
  const keys = Object.keys(json).slice(0, 5).join(', ');
  throw wrongFormat(file, `it is JSON without contracts or bytecode (keys: ${keys || 'none'})`);
}

function wrongFormat(file: string, why: string): InputError {
  return new InputError('file-format', `${file} is no contract: ${why}`, ACCEPTED_FORMATS);
}

/** The bytes of code whose libraries are all linked. */
function linkedCode(code: string, raw: RawContract, file: string): Uint8Array | undefined {
  if (code === '') return undefined;
  const hole = /__.{36}__/.exec(code);
  if (hole === null) return parseHexText(code, `${file}:${raw.name}`);
  const names = raw.libraries.length > 0 ? raw.libraries.join(', ') : hole[0];
  throw new InputError(
    'contract-unlinked',
    `${raw.name} in ${file} calls libraries whose addresses are missing: ${names}`,
    'make the functions of the library internal, or link it before (solc --link, Hardhat, Foundry)',
  );
}

/** A chosen contract with its code as bytes. */
export function finishContract(
  raw: RawContract,
  file: string,
  compiler: string | undefined,
): EvmContract {
  return {
    kind: 'evm',
    name: raw.name,
    file,
    format: raw.format,
    abi: raw.abi,
    initCode: linkedCode(raw.initCode, raw, file),
    runtimeCode: linkedCode(raw.runtimeCode, raw, file),
    storageLayout: raw.storageLayout,
    compiler,
  };
}

/**
 * Reads a JSON artifact of any known format.
 *
 * @throws InputError `json-invalid`, `file-format`, `artifact-no-code` and those of the choice
 */
export function readArtifact(
  text: string,
  file: string,
  wanted: string | undefined,
  notes: Note[],
): EvmContract {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new InputError(
      'json-invalid',
      `${file} begins as JSON and is not: ${(error as Error).message}`,
      'the file may be cut off; write it again with the compiler',
    );
  }
  const candidates = readContracts(json, file);
  const chosen = selectContract(candidates, wanted, file, notes);
  return finishContract(chosen, file, compilerOf(json));
}

function compilerOf(json: unknown): string | undefined {
  if (!isObject(json)) return undefined;
  const metadata = isObject(json.metadata) ? json.metadata : undefined;
  const compiler = metadata && isObject(metadata.compiler) ? metadata.compiler : undefined;
  const version = textOf(json.version) || textOf(json.solcVersion) || textOf(compiler?.version);
  return version === '' ? undefined : `solc ${version}`;
}
