/**
 * What compilers tell of code: which contract it is of, and where in the sources each instruction
 * comes from. Code is recognised by its bytes, but for those that no compiler knows: addresses of
 * libraries, immutable values, and the metadata at the end.
 */
import type { Abi } from '../contract.ts';
import { findFunctions, type SourceFunction } from './functions.ts';
import { instructionIndexes, parseSourceMap, type SourceMap } from './source-map.ts';

/** Code as a compiler wrote it. */
export interface CompiledCode {
  /** Holes are zeros. */
  readonly bytes: Uint8Array;
  readonly holes: readonly { readonly start: number; readonly length: number }[];
  readonly sourceMap: string;
}

export interface CompiledContract {
  readonly name: string;
  readonly abi: Abi;
  readonly init: CompiledCode | undefined;
  readonly runtime: CompiledCode | undefined;
  /** By the index that source maps have for them; shared by the contracts of a compilation. */
  readonly sources: ReadonlyMap<number, SourceFile>;
  /** Whether the optimizer may have joined equal pieces of code, or moved some. */
  readonly isOptimized: boolean;
  /** Whether it was compiled through Yul, whose source maps tell nothing of inner calls. */
  readonly isViaIr: boolean;
}

/** Reads debug information when somebody asks for it. */
export type ReadDebug = () => readonly CompiledContract[];

/** A range of a source. */
export interface Location {
  readonly source: SourceFile;
  readonly start: number;
  readonly length: number;
}

/** A source, with what is found in it when somebody asks. */
export class SourceFile {
  readonly path: string;
  readonly #text: string;
  #functions: readonly SourceFunction[] | undefined;

  constructor(path: string, content: string) {
    this.path = path;
    let text = '';
    for (const byte of new TextEncoder().encode(content)) text += String.fromCharCode(byte);
    this.#text = text;
  }

  /** The innermost function around a range; undefined outside of all. */
  functionAt({ start, length }: Pick<Location, 'start' | 'length'>): SourceFunction | undefined {
    this.#functions ??= findFunctions(this.#text);
    return this.#functions.findLast((each) => each.start <= start && start + length <= each.end);
  }

  /** The definition of a function of a contract, by its name. */
  definition(contract: string, name: string): SourceFunction | undefined {
    this.#functions ??= findFunctions(this.#text);
    return this.#functions.find((each) => each.contract === contract && each.name === name);
  }

  /** Line and column of an offset, both from 1. */
  position(offset: number): { readonly line: number; readonly column: number } {
    const before = this.#text.slice(0, offset);
    const lineStart = before.lastIndexOf('\n') + 1;
    return { line: before.split('\n').length, column: offset - lineStart + 1 };
  }
}

/** Code of a known contract. */
export class DebugCode {
  readonly contract: CompiledContract;
  readonly isInit: boolean;
  readonly #code: CompiledCode;
  #map: SourceMap | undefined;
  #indexes: Int32Array | undefined;

  constructor(contract: CompiledContract, code: CompiledCode) {
    this.contract = contract;
    this.isInit = code === contract.init;
    this.#code = code;
  }

  #indexOf(pc: number): number {
    this.#indexes ??= instructionIndexes(this.#code.bytes);
    return this.#indexes[pc] ?? -1;
  }

  get #sourceMap(): SourceMap {
    this.#map ??= parseSourceMap(this.#code.sourceMap);
    return this.#map;
  }

  /** Where an instruction comes from; undefined for what the compiler added. */
  at(pc: number): Location | undefined {
    const { starts, lengths, files } = this.#sourceMap;
    const index = this.#indexOf(pc);
    const source = this.contract.sources.get(files[index] ?? -1);
    if (source === undefined) return undefined;
    return { source, start: starts[index] as number, length: lengths[index] as number };
  }

  /** Whether the jump at a place goes into a function, out of one, or neither. */
  jumpAt(pc: number): 'i' | 'o' | '-' {
    const jump = this.#sourceMap.jumps[this.#indexOf(pc)];
    return jump === 'i' || jump === 'o' ? jump : '-';
  }
}

export class DebugInfo {
  readonly #contracts: CompiledContract[] = [];
  readonly #runtimes = new Map<number, DebugCode[]>();
  readonly #inits: DebugCode[] = [];
  #errors: Abi = [];

  constructor(contracts: readonly CompiledContract[]) {
    this.add(contracts);
  }

  get contracts(): readonly CompiledContract[] {
    return this.#contracts;
  }

  /** Adds contracts, which are found before those that are there. */
  add(contracts: readonly CompiledContract[]): void {
    this.#contracts.unshift(...contracts);
    for (const contract of contracts.toReversed()) {
      const { init, runtime } = contract;
      if (init !== undefined) this.#inits.unshift(new DebugCode(contract, init));
      if (runtime === undefined) continue;
      const same = this.#runtimes.get(runtime.bytes.length) ?? [];
      same.unshift(new DebugCode(contract, runtime));
      this.#runtimes.set(runtime.bytes.length, same);
    }
    this.#errors = this.#contracts.flatMap(({ abi }) => abi.filter(({ type }) => type === 'error'));
  }

  /** Errors of all contracts: one may come from a contract that was called. */
  get errors(): Abi {
    return this.#errors;
  }

  /** The contract that runtime code is of. */
  findRuntime(code: Uint8Array): DebugCode | undefined {
    const candidates = this.#runtimes.get(code.length) ?? [];
    return candidates.find(({ contract }) => isSame(contract.runtime, code));
  }

  /** The contract that init code creates; arguments may follow the code. */
  findInit(code: Uint8Array): DebugCode | undefined {
    const fitting = this.#inits.filter(({ contract }) => isSame(contract.init, code));
    return fitting.sort((a, b) => sizeOf(b) - sizeOf(a))[0];
  }
}

function sizeOf({ contract }: DebugCode): number {
  return contract.init?.bytes.length ?? 0;
}

/** Whether code begins as a compiler wrote it, holes and metadata left out. */
function isSame(compiled: CompiledCode | undefined, code: Uint8Array): boolean {
  if (compiled === undefined || code.length < compiled.bytes.length) return false;
  const { bytes, holes } = compiled;
  const end = bytes.length - metadataLength(bytes);
  if (end <= 0) return false;
  const sorted = [...holes, ...selfAddress(bytes)].sort((a, b) => a.start - b.start);
  let at = 0;
  for (const { start, length } of [...sorted, { start: end, length: 0 }]) {
    for (; at < Math.min(start, end); at++) if (bytes[at] !== code[at]) return false;
    at = Math.max(at, start + length);
  }
  return true;
}

/** CBOR with two bytes of its length behind it (Solidity documentation, "Contract Metadata"). */
function metadataLength(bytes: Uint8Array): number {
  const length = ((bytes.at(-2) ?? 0) << 8) | (bytes.at(-1) ?? 0);
  const start = bytes.length - length - 2;
  // A map of one to three entries begins it.
  const first = bytes[start] ?? 0;
  return length > 0 && start > 0 && first >= 0xa1 && first <= 0xa3 ? length + 2 : 0;
}

const PUSH20 = 0x73;
const ADDRESS_BYTES = 20;

/** A library begins with its own address, which stands there once it is deployed. */
function selfAddress(bytes: Uint8Array): { start: number; length: number }[] {
  const own = bytes.subarray(1, 1 + ADDRESS_BYTES);
  const isLibrary = bytes[0] === PUSH20 && own.every((byte) => byte === 0);
  return isLibrary ? [{ start: 1, length: ADDRESS_BYTES }] : [];
}
