/**
 * Reads modules that our encoders wrote: their sections, and instructions one after another. For
 * people and tools; what arrives here is valid, so that a form that is not known is a bug.
 */
import { assert } from '../../base/assert.ts';
import { findOpcode, isPrefix } from './opcodes.ts';

const PREAMBLE_BYTES = 8;
const SECTION = { type: 1, import: 2, function: 3, export: 7, element: 9, code: 10 } as const;
const decoder = new TextDecoder();

export interface FunctionType {
  readonly params: readonly number[];
  readonly results: readonly number[];
}

export interface WasmImport {
  readonly module: string;
  readonly name: string;
  readonly kind: 'function' | 'table' | 'memory' | 'global';
  /** Index of the type of a function, type of a global; entries or pages at least of the others. */
  readonly value: number;
}

export interface WasmFunction {
  /** Among all functions, the imported ones first. */
  readonly index: number;
  readonly type: number;
  /** Runs of locals behind the parameters. */
  readonly locals: readonly { readonly count: number; readonly type: number }[];
  /** Instructions, the last one the `end` of the body. */
  readonly code: Uint8Array;
  /** Bytes in the section of code, locals and size included. */
  readonly bytes: number;
}

export interface WasmModule {
  readonly types: readonly FunctionType[];
  readonly imports: readonly WasmImport[];
  readonly functions: readonly WasmFunction[];
  /** Index of a function by the name under which it is exported. */
  readonly exports: ReadonlyMap<string, number>;
  readonly segments: readonly WasmSegment[];
}

/** Functions that an instance puts into the first table, from the place that a global tells. */
export interface WasmSegment {
  readonly global: number;
  readonly indices: readonly number[];
}

/** Goes through bytes with the number formats of WebAssembly. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isDone(): boolean {
    return this.at >= this.#bytes.length;
  }

  byte(): number {
    const byte = this.#bytes[this.at++];
    assert(byte !== undefined, 'a module ends in the middle of a number');
    return byte;
  }

  take(count: number): Uint8Array {
    const taken = this.#bytes.subarray(this.at, this.at + count);
    assert(taken.length === count, 'a module ends in the middle of its bytes');
    this.at += count;
    return taken;
  }

  /** Unsigned, 32 bits. */
  u32(): number {
    return Number(BigInt.asUintN(32, this.#leb(false)));
  }

  /** Signed, up to 64 bits. */
  signed(): bigint {
    return this.#leb(true);
  }

  #leb(isSigned: boolean): bigint {
    let value = 0n;
    for (let shift = 0n; ; ) {
      const byte = this.byte();
      value |= BigInt(byte & 0x7f) << shift;
      shift += 7n;
      if ((byte & 0x80) !== 0) continue;
      return isSigned ? BigInt.asIntN(Number(shift), value) : value;
    }
  }

  text(): string {
    return decoder.decode(this.take(this.u32()));
  }

  list<T>(read: () => T): T[] {
    return Array.from({ length: this.u32() }, read);
  }
}

/** The parts of a module. */
export function decodeModule(bytes: Uint8Array): WasmModule {
  const sections = readSections(bytes);
  const read = <T>(id: number, item: (reader: ByteReader) => T): T[] => {
    const reader = new ByteReader(sections.get(id) ?? Uint8Array.of(0));
    return reader.list(() => item(reader));
  };
  const types = read(SECTION.type, readType);
  const imports = read(SECTION.import, readImport);
  const typeIndices = read(SECTION.function, (reader) => reader.u32());
  const first = imports.filter(({ kind }) => kind === 'function').length;
  const bodies = read(SECTION.code, readBody);
  const functions = bodies.map((body, i) => ({
    ...body,
    index: first + i,
    type: typeIndices[i] as number,
  }));
  const exports = new Map(read(SECTION.export, readExport));
  return { types, imports, functions, exports, segments: read(SECTION.element, readSegment) };
}

function readSections(bytes: Uint8Array): Map<number, Uint8Array> {
  const reader = new ByteReader(bytes);
  reader.take(PREAMBLE_BYTES);
  const sections = new Map<number, Uint8Array>();
  while (!reader.isDone) {
    const id = reader.byte();
    sections.set(id, reader.take(reader.u32()));
  }
  return sections;
}

function readType(reader: ByteReader): FunctionType {
  reader.byte();
  const params = reader.list(() => reader.byte());
  return { params, results: reader.list(() => reader.byte()) };
}

function readImport(reader: ByteReader): WasmImport {
  const [module, name] = [reader.text(), reader.text()];
  const kind = (['function', 'table', 'memory', 'global'] as const)[reader.byte()];
  assert(kind !== undefined, 'an import is a function, a table, a memory or a global');
  if (kind === 'function') return { module, name, kind, value: reader.u32() };
  if (kind === 'global') {
    const value = reader.byte();
    assert(reader.byte() === 0, 'a global that is imported stays the same');
    return { module, name, kind, value };
  }
  // The type of a table's elements, then the limits of both.
  if (kind === 'table') reader.byte();
  const hasMax = reader.byte() === 1;
  const value = reader.u32();
  if (hasMax) reader.u32();
  return { module, name, kind, value };
}

function readExport(reader: ByteReader): [name: string, index: number] {
  const name = reader.text();
  reader.byte();
  return [name, reader.u32()];
}

function readSegment(reader: ByteReader): WasmSegment {
  // The kind of a segment, and `global.get`.
  reader.take(2);
  const global = reader.u32();
  // The end of the place.
  reader.byte();
  return { global, indices: reader.list(() => reader.u32()) };
}

function readBody(reader: ByteReader): Pick<WasmFunction, 'locals' | 'code' | 'bytes'> {
  const start = reader.at;
  const length = reader.u32();
  const body = new ByteReader(reader.take(length));
  const locals = body.list(() => ({ count: body.u32(), type: body.byte() }));
  const code = body.take(length - body.at);
  return { locals, code, bytes: reader.at - start };
}

/** One instruction. */
export interface WasmInst {
  readonly name: string;
  /** Letters of what follows the opcode, and a value for each. */
  readonly immediates: string;
  readonly values: readonly Immediate[];
}

export type Immediate = number | bigint | readonly number[];

/** The instructions of a body, in order. */
export function* readInstructions(code: Uint8Array): Generator<WasmInst> {
  const reader = new ByteReader(code);
  while (!reader.isDone) {
    const byte = reader.byte();
    const opcode = findOpcode(byte, isPrefix(byte) ? reader.u32() : 0);
    assert(opcode !== undefined, `no instruction has the opcode 0x${byte.toString(16)}`);
    const values = [...opcode.immediates].map((letter) => readImmediate(reader, letter));
    yield { ...opcode, values };
  }
}

function readImmediate(reader: ByteReader, letter: string): Immediate {
  switch (letter) {
    case 'b':
    case 'i':
    case 'I':
      return reader.signed();
    case 'd':
      return [...reader.take(4)];
    case 'D':
      return [...reader.take(8)];
    case 'v':
    case 's':
      return [...reader.take(16)];
    case 'n':
      return reader.byte();
    case 'm':
    case 't':
      return [reader.u32(), reader.u32()];
    case 'L':
      return [...reader.list(() => reader.u32()), reader.u32()];
    default:
      return reader.u32();
  }
}
