/**
 * Reads instructions of the binary format one at a time: the opcode's row and its immediates. The
 * validator, the lowering, the printer and constant expressions all read through this.
 */
import { malformed, unsupported } from './errors.ts';
import { BY_BYTE, BY_PREFIXED, featureOf, type ImmKind, type Opcode } from './opcodes.ts';
import type { Reader } from './reader.ts';
import { EXTERNREF, FUNCREF, VAL_TYPE_NAMES, type ValType } from './types.ts';

/** An instruction as it was read last; the object is used again. */
export interface Instruction {
  op: Opcode;
  /** Byte offset of the opcode in the module. */
  offset: number;
  /** First index, alignment, depth, i32, or block type (below 0: none or a value type). */
  a: number;
  /** Second index, or the offset of a memory access. */
  b: number;
  /** Bits of a constant that is no i32: `constantBits` gives those of any. */
  bits: bigint;
  /** Lanes of a vector, by their number. */
  lanes: number[];
  /** Depths of `br_table`, the default last. */
  labels: number[];
  /** Types of `select`. */
  types: ValType[];
}

export const NO_BLOCK_TYPE = -64;

const FEATURES_OF_TYPES: readonly (readonly [
  first: number,
  last: number,
  Parameters<typeof unsupported>[1],
])[] = [
  [0x63, 0x64, 'function-references'],
  [0x68, 0x69, 'exceptions'],
  [0x6a, 0x6e, 'gc'],
  [0x71, 0x73, 'gc'],
  [0x74, 0x74, 'exceptions'],
];

/** The value type of a byte. */
export function valTypeOf(byte: number, offset: number, what = 'value type'): ValType {
  if (VAL_TYPE_NAMES.has(byte)) return byte as ValType;
  const row = FEATURES_OF_TYPES.find(([first, last]) => first <= byte && byte <= last);
  if (row !== undefined) throw unsupported(offset, row[2]);
  throw malformed(offset, `malformed ${what}`);
}

export function refTypeOf(byte: number, offset: number): ValType {
  const type = valTypeOf(byte, offset, 'reference type');
  if (type === FUNCREF || type === EXTERNREF) return type;
  throw malformed(offset, 'malformed reference type');
}

/** Bit of a memory argument's first number that says that a memory index follows. */
const HAS_MEMORY_INDEX = 0x40;

type ReadImm = (reader: Reader, into: Instruction) => void;

const one: ReadImm = (reader, into) => {
  into.a = reader.u32();
};

const two: ReadImm = (reader, into) => {
  into.a = reader.u32();
  into.b = reader.u32();
};

function readMemarg(reader: Reader, into: Instruction): void {
  const at = reader.offset;
  into.a = reader.u32();
  if (into.a >= HAS_MEMORY_INDEX && into.a < 2 * HAS_MEMORY_INDEX) {
    throw unsupported(at, 'multi-memory');
  }
  if (into.a >= HAS_MEMORY_INDEX) throw malformed(at, 'malformed memop flags');
  into.b = reader.size();
}

const IMMEDIATES: Readonly<Record<Exclude<ImmKind, ''>, ReadImm>> = {
  block: (reader, into) => {
    const at = reader.offset;
    into.a = reader.s33();
    if (into.a >= 0 || into.a === NO_BLOCK_TYPE) return;
    const isByte = reader.offset === at + 1;
    if (!isByte) throw malformed(at, 'malformed block type');
    valTypeOf(into.a & 0x7f, at, 'block type');
  },
  label: one,
  labels: (reader, into) => {
    const count = reader.u32();
    // Each depth takes a byte at least.
    if (count > reader.end - reader.offset) throw malformed(reader.offset, 'unexpected end');
    into.labels = Array.from({ length: count + 1 }, () => reader.u32());
  },
  func: one,
  'type table': two,
  local: one,
  global: one,
  table: one,
  'table table': two,
  'elem table': two,
  elem: one,
  'data memory': two,
  data: one,
  memory: one,
  'memory memory': two,
  memarg: readMemarg,
  'memarg lane': (reader, into) => {
    readMemarg(reader, into);
    into.lanes = [reader.byte()];
  },
  v128: (reader, into) => {
    const low = reader.f64();
    into.bits = low | (reader.f64() << 64n);
  },
  lane: (reader, into) => {
    into.lanes = [reader.byte()];
  },
  lanes: (reader, into) => {
    into.lanes = Array.from({ length: 16 }, () => reader.byte());
  },
  i32: (reader, into) => {
    into.a = reader.s32() >>> 0;
  },
  i64: (reader, into) => {
    into.bits = reader.s64();
  },
  f32: (reader, into) => {
    into.bits = reader.f32();
  },
  f64: (reader, into) => {
    into.bits = reader.f64();
  },
  heap: (reader, into) => {
    const at = reader.offset;
    const heap = reader.s33();
    if (heap >= 0) throw unsupported(at, 'function-references');
    into.a = refTypeOf(heap & 0x7f, at);
  },
  types: (reader, into) => {
    const count = reader.u32();
    if (count > reader.end - reader.offset) throw malformed(reader.offset, 'unexpected end');
    into.types = Array.from({ length: count }, () => {
      const at = reader.offset;
      return valTypeOf(reader.byte(), at);
    });
  },
};

export function createInstruction(): Instruction {
  return {
    op: BY_BYTE[0] as Opcode,
    offset: 0,
    a: 0,
    b: 0,
    bits: 0n,
    labels: [],
    lanes: [],
    types: [],
  };
}

/** Bits of the constant; of an i32, as most are, no bigint is made before somebody asks. */
export function constantBits({ op, a, bits }: Instruction): bigint {
  return op.imm === 'i32' ? BigInt(a) : bits;
}

/** Reads the instruction at the reader. */
export function readInstruction(reader: Reader, into: Instruction): void {
  const offset = reader.offset;
  into.offset = offset;
  const first = reader.byte();
  const prefixed = first < 0xfc ? undefined : BY_PREFIXED.get(first);
  const op = prefixed === undefined ? BY_BYTE[first] : readPrefixed(reader, first, prefixed);
  if (op === undefined) throw illegal(first, offset);
  into.op = op;
  if (op.imm !== '') IMMEDIATES[op.imm](reader, into);
}

function readPrefixed(
  reader: Reader,
  prefix: number,
  rows: readonly (Opcode | undefined)[],
): Opcode {
  const offset = reader.offset - 1;
  const second = reader.u32();
  const op = rows[second];
  if (op !== undefined) return op;
  // Codes of the vectors' relaxed instructions begin where a byte ends.
  if (prefix === 0xfd && second >= 256) throw unsupported(offset, 'relaxed-simd');
  throw illegal(prefix * 256 + Math.min(second, 255), offset);
}

function illegal(code: number, offset: number): Error {
  const feature = featureOf(code);
  if (feature !== undefined) return unsupported(offset, feature);
  return malformed(offset, `illegal opcode ${code.toString(16).padStart(2, '0')}`);
}
