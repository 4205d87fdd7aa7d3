/**
 * The binary form of a module: dMIR that is shipped and deployed as bytes. A module has one
 * encoding, so its bytes can be hashed.
 *
 *   file      "dMIR", version (1 byte), sections in the order of their numbers, each once at most
 *   section   number (1 byte), size in bytes, contents; an empty one is left out, but the last is
 *             always there, so that bytes that were cut are refused
 *     1 name      text
 *     2 regions   list of: name, bounds rule (1 byte), writable (1 byte), least bytes, most bytes
 *     3 spaces    list of: name
 *     4 hosts     list of: name, parameter types, result types, gas, spaces read, spaces written,
 *                 deterministic (1 byte)
 *     5 functions list of: name, open (1 byte), parameter types, result types, register types,
 *                 constants, blocks
 *   constant  list of bytes, least significant first, without zeros at the end
 *   block     id, grow, parameters, list of instructions
 *   inst      operation (1 byte), type (1 byte), immediate, operands, results, targets, source
 *             program counter + 1
 *   target    block + 1, operands
 *   operand   twice the register, or twice the place of the constant plus 1
 *   number    base 128, least significant digits first, high bit set on all bytes but the last
 *   list      count, elements
 *   text      list of bytes: UTF-8
 *
 * Types and operations are numbered by their tables, which a version fixes. Decoding checks the
 * form alone: a decoded module has to be verified like a parsed one.
 */
import type {
  Block,
  BoundsRule,
  Func,
  HostDecl,
  Inst,
  Module,
  Operand,
  Region,
  Target,
} from '../ir.ts';
import { OP_NAMES } from '../ops.ts';
import { TYPES, type Type } from '../types.ts';

export const CONTAINER_VERSION = 1;
const MAGIC = [0x64, 0x4d, 0x49, 0x52] as const;
/** Number of the last section. */
const FUNCTIONS = 5;
const BOUNDS: readonly BoundsRule[] = ['trap', 'zero', 'charge'];

/** Bytes that are no module; the message names the place. */
export class ContainerError extends Error {
  /** Offset of the byte at which the form is broken. */
  readonly offset: number;

  constructor(offset: number, problem: string) {
    super(`dMIR bytecode, byte ${offset}: ${problem}`);
    this.name = 'ContainerError';
    this.offset = offset;
  }
}

/** Whether the bytes begin as dMIR bytecode does. */
export function isContainer(bytes: Uint8Array): boolean {
  return MAGIC.every((byte, i) => bytes[i] === byte);
}

// ---- encoding

class Writer {
  readonly #bytes: number[] = [];

  byte(value: number): void {
    this.#bytes.push(value);
  }

  /** A whole number from 0 to 2^53 - 1. */
  number(value: number): void {
    if (!Number.isSafeInteger(value) || value < 0) throw new Error(`BUG: ${value} is no number`);
    let rest = value;
    for (; rest >= 128; rest = Math.floor(rest / 128)) this.#bytes.push((rest % 128) | 128);
    this.#bytes.push(rest);
  }

  flag(value: boolean): void {
    this.byte(value ? 1 : 0);
  }

  text(value: string): void {
    this.list([...new TextEncoder().encode(value)], (byte) => this.byte(byte));
  }

  list<T>(items: readonly T[], write: (item: T) => void): void {
    this.number(items.length);
    for (const item of items) write(item);
  }

  types(types: readonly Type[]): void {
    this.list(types, (type) => this.byte(TYPES.indexOf(type)));
  }

  operands(operands: readonly Operand[]): void {
    this.list(operands, (operand) => this.number(operand < 0 ? ~operand * 2 + 1 : operand * 2));
  }

  constant(value: bigint): void {
    const bytes: number[] = [];
    for (let rest = value; rest > 0n; rest >>= 8n) bytes.push(Number(rest & 255n));
    this.list(bytes, (byte) => this.byte(byte));
  }

  section(number: number, isEmpty: boolean, write: (section: Writer) => void): void {
    if (isEmpty) return;
    const section = new Writer();
    write(section);
    this.byte(number);
    this.number(section.#bytes.length);
    for (const byte of section.#bytes) this.#bytes.push(byte);
  }

  finish(): Uint8Array {
    return Uint8Array.from(this.#bytes);
  }
}

function writeRegion(to: Writer, { name, bounds, writable, min, max }: Region): void {
  to.text(name);
  to.byte(BOUNDS.indexOf(bounds));
  to.flag(writable);
  to.number(min);
  to.number(max);
}

function writeHost(to: Writer, host: HostDecl): void {
  to.text(host.name);
  to.types(host.params);
  to.types(host.results);
  to.number(host.gas);
  to.list(host.reads, (name) => to.text(name));
  to.list(host.writes, (name) => to.text(name));
  to.flag(host.deterministic);
}

function writeFunc(to: Writer, func: Func): void {
  to.text(func.name);
  to.flag(func.open);
  to.types(func.params);
  to.types(func.results);
  to.types(func.types);
  to.list(func.consts, (value) => to.constant(value));
  to.list([...func.blocks.values()], (block) => writeBlock(to, block));
}

function writeBlock(to: Writer, { id, grow, params, insts }: Block): void {
  to.number(id);
  to.number(grow);
  to.list(params, (register) => to.number(register));
  to.list(insts, (inst) => writeInst(to, inst));
}

function writeInst(to: Writer, { op, type, imm, args, results, targets, pc }: Inst): void {
  to.byte(OP_NAMES.indexOf(op));
  to.byte(TYPES.indexOf(type));
  to.number(imm);
  to.operands(args);
  to.list(results, (register) => to.number(register));
  to.list(targets, ({ block, args: operands }) => {
    to.number(block + 1);
    to.operands(operands);
  });
  to.number(pc + 1);
}

/** The bytes of a module that verifies. */
export function encodeModule(module: Module): Uint8Array {
  const to = new Writer();
  for (const byte of MAGIC) to.byte(byte);
  to.byte(CONTAINER_VERSION);
  const { name, regions, spaces, hosts, funcs } = module;
  to.section(1, name === '', (section) => section.text(name));
  to.section(2, regions.length === 0, (section) => {
    section.list(regions, (region) => writeRegion(section, region));
  });
  to.section(3, spaces.length === 0, (section) => {
    section.list(spaces, (space) => section.text(space));
  });
  to.section(4, hosts.length === 0, (section) => {
    section.list(hosts, (host) => writeHost(section, host));
  });
  to.section(FUNCTIONS, false, (section) => {
    section.list(funcs, (func) => writeFunc(section, func));
  });
  return to.finish();
}

// ---- decoding

class Reader {
  readonly #bytes: Uint8Array;
  readonly #end: number;
  offset: number;

  constructor(bytes: Uint8Array, offset: number, end: number) {
    this.#bytes = bytes;
    this.offset = offset;
    this.#end = end;
  }

  get isAtEnd(): boolean {
    return this.offset === this.#end;
  }

  fail(problem: string, offset = this.offset): never {
    throw new ContainerError(offset, problem);
  }

  byte(what: string): number {
    if (this.offset >= this.#end) this.fail(`${what} is missing: the bytes end`);
    return this.#bytes[this.offset++] as number;
  }

  number(what: string): number {
    const start = this.offset;
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = this.byte(what);
      value += (byte & 127) * scale;
      if (value > Number.MAX_SAFE_INTEGER) this.fail(`${what} passes 2^53`, start);
      if (byte < 128) {
        if (byte === 0 && this.offset > start + 1) this.fail(`${what} ends in a zero digit`, start);
        return value;
      }
      scale *= 128;
      if (scale > 2 ** 56) this.fail(`${what} passes 2^53`, start);
    }
  }

  /** A number of one byte below a limit. */
  choice(what: string, count: number): number {
    const start = this.offset;
    const value = this.byte(what);
    if (value >= count) this.fail(`${what} is ${value}, there are ${count}`, start);
    return value;
  }

  flag(what: string): boolean {
    return this.choice(what, 2) === 1;
  }

  list<T>(what: string, read: (index: number) => T): T[] {
    const start = this.offset;
    const count = this.number(`the number of ${what}`);
    // Every element takes a byte at least, so a false count ends here and not in memory.
    if (count > this.#end - this.offset) {
      this.fail(`${count} ${what} do not fit the ${this.#end - this.offset} bytes left`, start);
    }
    const items: T[] = [];
    for (let index = 0; index < count; index++) items.push(read(index));
    return items;
  }

  text(what: string): string {
    const start = this.offset;
    const bytes = Uint8Array.from(this.list(`bytes of ${what}`, () => this.byte(what)));
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch {
      return this.fail(`${what} is no UTF-8`, start);
    }
  }

  types(what: string): Type[] {
    return this.list(what, () => TYPES[this.choice('a type', TYPES.length)] as Type);
  }

  operands(what: string): Operand[] {
    return this.list(what, () => {
      const value = this.number('an operand');
      const place = Math.floor(value / 2);
      return value % 2 === 1 ? -1 - place : place;
    });
  }

  constant(): bigint {
    const start = this.offset;
    const bytes = this.list('bytes of a constant', () => this.byte('a constant'));
    if (bytes[bytes.length - 1] === 0) this.fail('a constant ends in a zero byte', start);
    return bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
  }

  /** The contents of the next section, as a reader of their own. */
  section(number: number): Reader {
    const start = this.offset;
    const size = this.number(`the size of section ${number}`);
    if (size > this.#end - this.offset) {
      this.fail(`section ${number} of ${size} bytes passes the end`, start);
    }
    const section = new Reader(this.#bytes, this.offset, this.offset + size);
    this.offset += size;
    return section;
  }
}

function readRegion(from: Reader): Region {
  return {
    name: from.text('the name of a region'),
    bounds: BOUNDS[from.choice('a bounds rule', BOUNDS.length)] as BoundsRule,
    writable: from.flag('the permission of a region'),
    min: from.number('the least bytes of a region'),
    max: from.number('the most bytes of a region'),
  };
}

function readHost(from: Reader): HostDecl {
  const space = (): string => from.text('the name of a space');
  return {
    name: from.text('the name of a host function'),
    params: from.types('parameter types'),
    results: from.types('result types'),
    gas: from.number('the gas of a host function'),
    reads: from.list('spaces', space),
    writes: from.list('spaces', space),
    deterministic: from.flag('whether a host function is deterministic'),
  };
}

function readFunc(from: Reader): Func {
  const func: Func = {
    name: from.text('the name of a function'),
    open: from.flag('whether a function is open'),
    params: from.types('parameter types'),
    results: from.types('result types'),
    types: from.types('register types'),
    consts: from.list('constants', () => from.constant()),
    blocks: new Map(),
  };
  from.list('blocks', () => {
    const start = from.offset;
    const block = readBlock(from);
    if (func.blocks.has(block.id)) from.fail(`block @${block.id} is there twice`, start);
    func.blocks.set(block.id, block);
  });
  return func;
}

function readBlock(from: Reader): Block {
  return {
    id: from.number('the id of a block'),
    grow: from.number('the growth of a block'),
    params: from.list('parameters', () => from.number('a parameter')),
    insts: from.list('instructions', () => readInst(from)),
  };
}

function readInst(from: Reader): Inst {
  return {
    op: OP_NAMES[from.choice('an operation', OP_NAMES.length)] as Inst['op'],
    type: TYPES[from.choice('a type', TYPES.length)] as Type,
    imm: from.number('an immediate'),
    args: from.operands('operands'),
    results: from.list('results', () => from.number('a result')),
    targets: from.list('targets', () => readTarget(from)),
    pc: from.number('a source program counter') - 1,
  };
}

function readTarget(from: Reader): Target {
  return { block: from.number('a target') - 1, args: from.operands('arguments') };
}

/** Readers of the sections; each gives the number of elements that it read. */
const SECTIONS: readonly ((from: Reader, module: Module) => number)[] = [
  (from, module) => {
    module.name = from.text('the name of the module');
    return module.name.length;
  },
  (from, module) => {
    module.regions = from.list('regions', () => readRegion(from));
    return module.regions.length;
  },
  (from, module) => {
    module.spaces = from.list('spaces', () => from.text('the name of a space'));
    return module.spaces.length;
  },
  (from, module) => {
    module.hosts = from.list('host functions', () => readHost(from));
    return module.hosts.length;
  },
  (from, module) => {
    module.funcs = from.list('functions', () => readFunc(from));
    return module.funcs.length;
  },
];

/**
 * The module of the bytes; it is not yet verified.
 *
 * @throws ContainerError where the bytes do not have the form
 */
export function decodeModule(bytes: Uint8Array): Module {
  if (!isContainer(bytes)) throw new ContainerError(0, 'it does not begin with "dMIR"');
  const from = new Reader(bytes, MAGIC.length, bytes.length);
  const version = from.byte('the version');
  if (version !== CONTAINER_VERSION) {
    from.fail(`version ${version} is unknown; this reads version ${CONTAINER_VERSION}`, 4);
  }
  const module: Module = { name: '', regions: [], spaces: [], hosts: [], funcs: [] };
  let last = 0;
  while (last !== FUNCTIONS) {
    const start = from.offset;
    const number = from.byte('a section');
    const read = SECTIONS[number - 1];
    if (read === undefined) return from.fail(`there is no section ${number}`, start);
    if (number <= last) from.fail(`section ${number} comes after section ${last}`, start);
    last = number;
    const section = from.section(number);
    const count = read(section, module);
    if (!section.isAtEnd) section.fail(`section ${number} has bytes left`);
    if (count === 0 && number !== FUNCTIONS) from.fail(`section ${number} is empty`, start);
  }
  if (!from.isAtEnd) from.fail('there are bytes behind the last section');
  return module;
}
