/** Debug information of what a compiler wrote: the standard output of solc, and parts of it. */
import type { AbiItem } from '../contract.ts';
import type { CompiledCode, CompiledContract, SourceFile } from './info.ts';

export type Json = Readonly<Record<string, unknown>>;

export const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
export const objectOf = (value: unknown): Json => (isObject(value) ? value : {});
export const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

/** The source at a path, with the text that the artifact has of it. */
export type ReadSource = (path: string, given: unknown) => SourceFile | undefined;

/**
 * The contracts of a standard output of solc.
 *
 * @param input - The standard input that it came of, as far as it is known.
 */
export function readOutput(output: Json, input: Json, readSource: ReadSource): CompiledContract[] {
  const given = objectOf(input.sources);
  const sources = new Map<number, SourceFile>();
  for (const [path, source] of Object.entries(objectOf(output.sources))) {
    const file = readSource(path, objectOf(given[path]).content);
    const { id } = objectOf(source);
    if (file !== undefined && typeof id === 'number') sources.set(id, file);
  }
  const settings = objectOf(input.settings);
  return Object.values(objectOf(output.contracts)).flatMap((contracts) =>
    Object.entries(objectOf(contracts)).map(([name, contract]) => {
      const { abi, evm } = objectOf(contract);
      const { bytecode, deployedBytecode } = objectOf(evm);
      return contractOf(name, { abi, bytecode, deployedBytecode, settings, sources });
    }),
  );
}

/** Whether there is a source map of any of its code. */
export function hasMap({ init, runtime }: CompiledContract): boolean {
  return init !== undefined || runtime !== undefined;
}

interface Parts {
  readonly abi: unknown;
  readonly bytecode: unknown;
  readonly deployedBytecode: unknown;
  readonly settings: Json;
  readonly sources: ReadonlyMap<number, SourceFile>;
}

export function contractOf(name: string, parts: Parts): CompiledContract {
  const { abi, bytecode, deployedBytecode, settings, sources } = parts;
  return {
    name,
    abi: Array.isArray(abi) ? abi.filter(isAbiItem) : [],
    init: codeOf(bytecode),
    runtime: codeOf(deployedBytecode),
    sources,
    isOptimized: objectOf(settings.optimizer).enabled === true,
    isViaIr: settings.viaIR === true,
  };
}

/** Whether it has the form of an entry: a selector is made of it, and a text of values. */
function isAbiItem(value: unknown): value is AbiItem {
  const { type, name = '', inputs = [] } = objectOf(value);
  return isWord(type) && isWord(name) && areParams(inputs);
}

function areParams(value: unknown): boolean {
  const isParam = (param: unknown): boolean => {
    const { type, components = [] } = objectOf(param);
    return isWord(type) && areParams(components);
  };
  return Array.isArray(value) && value.every(isParam);
}

/** Whether it is a name, or a type with the lengths of arrays. */
function isWord(value: unknown): boolean {
  return typeof value === 'string' && /^[\w$[\]]*$/.test(value);
}

function codeOf(value: unknown): CompiledCode | undefined {
  const { object, sourceMap, linkReferences, immutableReferences } = objectOf(value);
  // The place of a library's address is a name in underscores until it is linked.
  const digits = textOf(object)
    .replace(/^0x/, '')
    .replace(/__.{36}__/g, '0'.repeat(40));
  if (digits === '' || textOf(sourceMap) === '' || !/^([\da-fA-F]{2})+$/.test(digits)) {
    return undefined;
  }
  const links = Object.values(objectOf(linkReferences)).flatMap((each) =>
    Object.values(objectOf(each)),
  );
  const ranges = [...links, ...Object.values(objectOf(immutableReferences))].flat();
  return {
    bytes: Uint8Array.from({ length: digits.length / 2 }, (_, at) =>
      Number.parseInt(digits.slice(at * 2, at * 2 + 2), 16),
    ),
    holes: ranges.flatMap((range) => {
      const { start, length } = objectOf(range);
      return typeof start === 'number' && typeof length === 'number' ? [{ start, length }] : [];
    }),
    sourceMap: textOf(sourceMap),
  };
}
