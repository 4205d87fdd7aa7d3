/**
 * Rewrites a module so that it ends: each function that is entered, each round of a loop and each
 * 16 bytes or items of a bulk operation count one, and the module traps when the count is used up.
 * The platform runs the module as it runs any; the end depends on the count alone, not on time.
 *
 * Added are a type, a function that counts bulk operations, and a global with what is left. Nothing
 * that was there is numbered anew. Custom sections are left out.
 */

import { joinBytes } from '../../base/bytes.ts';
import { decodeModule } from './decode.ts';
import { invalid } from './errors.ts';
import { createInstruction, readInstruction } from './instructions.ts';
import type { WasmLimits } from './limits.ts';
import { OPCODE, type OpcodeName } from './opcodes.ts';
import { Reader } from './reader.ts';
import { signed, sized, unsigned } from './text/bytes.ts';

const HEADER_BYTES = 8;
const SECTION = { type: 1, function: 3, global: 6, code: 10 } as const;
/** In which order sections stand (core specification, section 5.5.2). */
const ORDER = [1, 2, 3, 4, 5, 13, 6, 7, 8, 9, 12, 10, 11];
const I32 = 0x7f;
const I64 = 0x7e;
const FUNC = 0x60;
const MUTABLE = 1;
const NO_TYPE = 0x40;
/** Bytes or items of a bulk operation that count one, as a shift. */
const BULK_SHIFT = 4n;
/** What counts by the number on top of the stack. */
const BULK: ReadonlySet<OpcodeName> = new Set([
  'memory.fill',
  'memory.copy',
  'memory.init',
  'table.fill',
  'table.copy',
  'table.init',
  'table.grow',
]);
/** What could reach the count, if the module named a global that it has not. */
const GLOBAL_ACCESS: ReadonlySet<OpcodeName> = new Set(['global.get', 'global.set']);

function op(name: OpcodeName): number {
  return OPCODE[name].code;
}

/** Takes what the given code leaves off the count, and traps below zero. */
function count(global: readonly number[], amount: readonly number[]): number[] {
  return [
    ...[op('global.get'), ...global],
    ...amount,
    ...[op('i64.sub'), op('global.set'), ...global],
    ...[op('global.get'), ...global],
    ...[op('i64.const'), 0, op('i64.lt_s'), op('if'), NO_TYPE, op('unreachable'), op('end')],
  ];
}

const ONE = [op('i64.const'), 1];

/** What bodies get. */
interface Counting {
  /** Counts one. */
  readonly ticks: readonly number[];
  /** Counts by the number on top of the stack, which stays. */
  readonly bulk: readonly number[];
  /** Globals that the module has of its own. */
  readonly globals: number;
  /** Where the code section stands in the module. */
  readonly offset: number;
}

/**
 * The module with a count of its own.
 *
 * @param countMax - What an instance may use up; below 2^63.
 * @throws LockstepError L1601 to L1604 for a module that is malformed, names a global that it has
 *   not, or has what is not supported; whatever else is invalid the platform refuses
 */
export function boundModule(
  bytes: Uint8Array,
  countMax: bigint,
  limits?: WasmLimits,
): Uint8Array<ArrayBuffer> {
  const { types, funcs, globals } = decodeModule(bytes, limits);
  const sections = readSections(bytes);
  const global = unsigned(globals.length);
  const ticks = count(global, ONE);
  const bulkBody = [
    ...count(global, [op('local.get'), 0, op('i64.extend_i32_u'), ...shiftRight(BULK_SHIFT)]),
    ...[op('local.get'), 0, op('end')],
  ];
  const { code } = SECTION;
  const bodies = sections.get(code) ?? new Uint8Array(1);
  const counting: Counting = {
    ticks,
    bulk: [op('call'), ...unsigned(funcs.length)],
    globals: globals.length,
    offset: bodies.byteOffset - bytes.byteOffset,
  };
  sections.set(code, rewriteBodies(bodies, counting));
  const added: readonly (readonly [id: number, item: readonly number[]])[] = [
    [SECTION.type, [FUNC, 1, I32, 1, I32]],
    [SECTION.function, unsigned(types.length)],
    [SECTION.global, [I64, MUTABLE, op('i64.const'), ...signed(countMax), op('end')]],
    [code, sized([0, ...bulkBody])],
  ];
  for (const [id, item] of added) sections.set(id, append(sections.get(id), item));
  const parts = ORDER.flatMap((id) => {
    const content = sections.get(id);
    if (content === undefined) return [];
    return [Uint8Array.from([id, ...unsigned(content.length)]), content];
  });
  return joinBytes([bytes.subarray(0, HEADER_BYTES), ...parts]);
}

function shiftRight(bits: bigint): number[] {
  return [op('i64.const'), ...signed(bits), op('i64.shr_u')];
}

function readSections(bytes: Uint8Array): Map<number, Uint8Array> {
  const reader = new Reader(bytes, HEADER_BYTES);
  const sections = new Map<number, Uint8Array>();
  while (!reader.isAtEnd) {
    const id = reader.byte();
    const size = reader.u32();
    const start = reader.skip(size);
    if (id !== 0) sections.set(id, bytes.subarray(start, start + size));
  }
  return sections;
}

/** A list with an item more. */
function append(content: Uint8Array | undefined, item: readonly number[]): Uint8Array {
  const reader = new Reader(content ?? new Uint8Array(1));
  const length = unsigned(reader.u32() + 1);
  return joinBytes([
    Uint8Array.from(length),
    reader.bytes.subarray(reader.offset),
    Uint8Array.from(item),
  ]);
}

/** All bodies with what counts in them. */
function rewriteBodies(content: Uint8Array, counting: Counting): Uint8Array {
  const reader = new Reader(content);
  const length = reader.u32();
  const parts: Uint8Array[] = [Uint8Array.from(unsigned(length))];
  for (let index = 0; index < length; index++) {
    const size = reader.u32();
    const body = rewriteBody(reader, reader.offset + size, counting);
    parts.push(Uint8Array.from(unsigned(body.length)), body);
  }
  return joinBytes(parts);
}

function rewriteBody(reader: Reader, end: number, counting: Counting): Uint8Array {
  const { ticks, bulk, globals, offset } = counting;
  const parts: Uint8Array[] = [];
  let from = reader.offset;
  const insert = (at: number, code: readonly number[]): void => {
    parts.push(reader.bytes.subarray(from, at), Uint8Array.from(code));
    from = at;
  };
  const groups = reader.u32();
  for (let group = 0; group < groups; group++) {
    reader.u32();
    reader.byte();
  }
  insert(reader.offset, ticks);
  const instruction = createInstruction();
  while (reader.offset < end) {
    readInstruction(reader, instruction);
    const { name } = instruction.op;
    if (name === 'loop') insert(reader.offset, ticks);
    else if (BULK.has(name)) insert(instruction.offset, bulk);
    else if (GLOBAL_ACCESS.has(name) && instruction.a >= globals) {
      throw invalid(offset + instruction.offset, `unknown global ${instruction.a}`);
    }
  }
  parts.push(reader.bytes.subarray(from, end));
  return joinBytes(parts);
}
