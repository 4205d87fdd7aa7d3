/**
 * A machine's state as bytes: a magic with the version, then every section as number, length and
 * content. A state has one encoding, and `decode.ts` accepts no other.
 *
 * The writers of items serve the hash too, whose leaves are the same bytes.
 */
import { ByteWriter } from './byte-stream.ts';
import {
  type CallState,
  type CellState,
  type EndState,
  type FrameState,
  type LogState,
  type MachineState,
  PAGE_BYTES,
  type TapeEntry,
  type UndoState,
} from './machine-state.ts';

/** `LKSTATE` and the version of the format. */
export const STATE_MAGIC = Uint8Array.from([0x4c, 0x4b, 0x53, 0x54, 0x41, 0x54, 0x45, 1]);

/** Sections in order; a section's number is its place, counted from 1. */
export const SECTIONS = [
  'counters',
  'schedule',
  'env',
  'context',
  'input',
  'frames',
  'returnData',
  'cells',
  'undo',
  'logs',
  'tape',
  'end',
] as const;

export type SectionName = (typeof SECTIONS)[number];

export const END_STATUSES = ['success', 'revert', 'halt'] as const;
export const INPUT_SOURCES = ['transaction', 'below'] as const;

const I64 = (value: bigint): bigint => BigInt.asUintN(64, value);

type Write = (out: ByteWriter, state: MachineState) => void;

const WRITERS: Readonly<Record<SectionName, Write>> = {
  counters: writeCounters,
  schedule: (out, { schedule }) => writeSchedule(out, schedule),
  env: (out, { env }) => writeList(out, env, (to, word) => to.word(word)),
  context: (out, { context }) => out.raw(context),
  input: (out, { input }) => out.raw(input),
  frames: (out, { frames }) => writeList(out, frames, writeFrame),
  returnData: (out, { returnData }) => out.raw(returnData),
  cells: (out, { cells }) => writeList(out, cells, writeCell),
  undo: (out, { undo }) => writeList(out, undo, writeUndo),
  logs: (out, { logs }) => writeList(out, logs, writeLog),
  tape: (out, { tape }) => writeList(out, tape, writeTapeEntry),
  end: (out, { end }) => writeEnd(out, end),
};

/** The bytes of a state. */
export function encodeState(state: MachineState): Uint8Array {
  const out = new ByteWriter().raw(STATE_MAGIC);
  SECTIONS.forEach((name, index) => {
    out.u8(index + 1).blob(encodeSection(name, state));
  });
  return out.bytes();
}

/** The content of one section. */
export function encodeSection(name: SectionName, state: MachineState): Uint8Array {
  const out = new ByteWriter();
  WRITERS[name](out, state);
  return out.bytes();
}

function writeList<T>(
  out: ByteWriter,
  items: readonly T[],
  write: (out: ByteWriter, item: T) => void,
): void {
  out.u32(items.length);
  for (const item of items) write(out, item);
}

function writeCounters(out: ByteWriter, { steps, refund, gasStart }: MachineState): void {
  out.u64(steps).u64(I64(refund)).word(gasStart);
}

function writeSchedule(out: ByteWriter, schedule: readonly bigint[]): void {
  for (const entry of schedule) out.u64(entry);
}

/** Everything of a frame but its calls, memories and note. */
export function writeFrameHead(out: ByteWriter, frame: FrameState): void {
  out.blob(new TextEncoder().encode(frame.vm));
  out
    .raw(frame.codeHash)
    .u64(frame.gas)
    .u8(frame.isStatic ? 1 : 0)
    .raw(frame.owner);
  out.u8(INPUT_SOURCES.indexOf(frame.input.source));
  out.u32(frame.input.offset).u32(frame.input.length);
  out.u32(frame.undoMark).u32(frame.logMark);
  writeList(out, frame.words, (to, word) => to.word(word));
}

function writeFrame(out: ByteWriter, frame: FrameState): void {
  writeFrameHead(out, frame);
  out.blob(frame.note);
  writeList(out, frame.calls, writeCall);
  writeList(out, frame.memories, (to, memory) => {
    to.u8(memory.region).u32(memory.length);
    writeList(to, memory.pages, (page, { index, bytes }) => page.u32(index).raw(bytes));
  });
}

function writeCall(out: ByteWriter, call: CallState): void {
  out.u32(call.function).u32(call.block).u32(call.instruction);
  writeList(out, call.values, (to, value) => to.word(value));
}

export function writeCell(out: ByteWriter, cell: CellState): void {
  out.u32(cell.space).raw(cell.owner).word(cell.key);
  out.word(cell.value).word(cell.original).u8(cell.flags);
}

/** The place of the cell is counted from 1, so that 0 stands for none. */
export function writeUndo(out: ByteWriter, undo: UndoState): void {
  out
    .u32(undo.cell + 1)
    .word(undo.value)
    .u8(undo.flags)
    .u64(I64(undo.refund));
}

export function writeLog(out: ByteWriter, { owner, topics, data }: LogState): void {
  out.raw(owner).u8(topics.length);
  for (const topic of topics) out.raw(topic);
  out.blob(data);
}

export function writeTapeEntry(out: ByteWriter, entry: TapeEntry): void {
  out.u8(entry.kind).word(entry.question).word(entry.answer);
}

/** 0 while the machine runs, else the place of the status, counted from 1. */
function writeEnd(out: ByteWriter, end: EndState | undefined): void {
  out.u8(end === undefined ? 0 : END_STATUSES.indexOf(end.status) + 1);
  if (end !== undefined) out.u64(end.gas).blob(end.output);
}

/** Pages of the bytes that are not all zeros. */
export function pagesOf(bytes: Uint8Array): { index: number; bytes: Uint8Array }[] {
  const pages = [];
  for (let at = 0; at < bytes.length; at += PAGE_BYTES) {
    const part = bytes.subarray(at, at + PAGE_BYTES);
    if (part.every((byte) => byte === 0)) continue;
    const page = new Uint8Array(PAGE_BYTES);
    page.set(part);
    pages.push({ index: at / PAGE_BYTES, bytes: page });
  }
  return pages;
}
