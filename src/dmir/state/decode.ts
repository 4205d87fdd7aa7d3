/**
 * Reads the bytes of a state. Accepts exactly what `encodeState` makes of a state whose parts
 * agree: marks lie inside their logs, inputs inside their source, cells are in order. Any other
 * bytes give an error that names the offset. Whether it is the right state only its hash tells.
 */
import { compareBytes } from '../../base/bytes.ts';
import { ByteReader } from './byte-stream.ts';
import { END_STATUSES, INPUT_SOURCES, SECTIONS, type SectionName, STATE_MAGIC } from './encode.ts';
import {
  type CallState,
  type CellState,
  compareCells,
  type EndState,
  type FrameState,
  LEAF_BYTES,
  type LogState,
  type MachineState,
  type MemoryPage,
  type MemoryState,
  PAGE_BYTES,
  SCHEDULE_LENGTH,
  type TapeEntry,
  type UndoState,
} from './machine-state.ts';

const FLAGS_BOUND = 16;
const TOPICS_MAX = 4;
const SPACE_MAX = 0xffff;

const WORD_MIN = 32;
const CELL_BYTES = 133;
const UNDO_BYTES = 45;
const LOG_BYTES_MIN = 37;
const TAPE_BYTES = 65;
const FRAME_BYTES_MIN = 100;
const CALL_BYTES_MIN = 16;
const MEMORY_BYTES_MIN = 9;

/**
 * The state that the bytes tell.
 *
 * @throws LockstepError L1101 with the offset of what is wrong
 */
export function decodeState(bytes: Uint8Array): MachineState {
  const reader = new ByteReader(bytes);
  const magic = reader.raw(STATE_MAGIC.length, 'the magic');
  if (compareBytes(magic, STATE_MAGIC) !== 0) {
    reader.fail('this is no machine state of version 1', 0);
  }
  const sections = new Map<SectionName, ByteReader>();
  SECTIONS.forEach((name, index) => {
    const at = reader.offset;
    const number = reader.u8(`the number of section ${name}`);
    if (number !== index + 1) reader.fail(`section ${index + 1} (${name}) should be here`, at);
    const length = reader.u32(`the length of section ${name}`);
    sections.set(name, reader.part(length, `section ${name}`));
  });
  reader.finish('the state');
  const state = readSections(sections);
  for (const [name, section] of sections) section.finish(`section ${name}`);
  checkEnd(state, bytes.length, reader);
  return state;
}

/** A machine runs frames or has ended; a machine without frames has no input and no return data. */
function checkEnd(state: MachineState, length: number, reader: ByteReader): void {
  const hasEnded = state.end !== undefined;
  if (hasEnded !== (state.frames.length === 0)) {
    reader.fail(hasEnded ? 'a machine that has ended has frames' : 'there are no frames', length);
  }
  if (hasEnded && state.input.length + state.returnData.length > 0) {
    reader.fail('a machine that has ended has an input or return data', length);
  }
}

function readSections(sections: ReadonlyMap<SectionName, ByteReader>): MachineState {
  const open = (name: SectionName): ByteReader => sections.get(name) as ByteReader;
  const whole = (name: SectionName): Uint8Array => open(name).raw(open(name).left, name);
  const counters = open('counters');
  const steps = counters.u64('the steps');
  const refund = BigInt.asIntN(64, counters.u64('the refund'));
  const gasStart = counters.word('the gas at start');
  const input = whole('input');
  const cells = readCells(open('cells'));
  const undo = open('undo').list('undo records', UNDO_BYTES, () =>
    readUndo(open('undo'), cells.length),
  );
  const logs = open('logs').list('logs', LOG_BYTES_MIN, () => readLog(open('logs')));
  const limits = { undo: undo.length, logs: logs.length, input: input.length };
  return {
    steps,
    refund,
    gasStart,
    schedule: Array.from({ length: SCHEDULE_LENGTH }, () => open('schedule').u64('the schedule')),
    env: open('env').list('words', WORD_MIN, () => open('env').word('a word')),
    context: whole('context'),
    input,
    frames: readFrames(open('frames'), limits),
    returnData: whole('returnData'),
    cells,
    undo,
    logs,
    tape: open('tape').list('entries', TAPE_BYTES, () => readTapeEntry(open('tape'))),
    end: readEnd(open('end')),
  };
}

function readCells(from: ByteReader): CellState[] {
  let last: CellState | undefined;
  return from.list('cells', CELL_BYTES, () => {
    const at = from.offset;
    const cell = {
      space: from.u32('a cell space'),
      owner: from.raw(LEAF_BYTES, 'an owner'),
      key: from.word('a key'),
      value: from.word('a value'),
      original: from.word('an original value'),
      flags: from.choice(FLAGS_BOUND, 'the flags of a cell'),
    };
    if (cell.space > SPACE_MAX) from.fail(`there is no cell space ${cell.space}`, at);
    if (last !== undefined && compareCells(last, cell) >= 0)
      from.fail('cells are out of order', at);
    last = cell;
    return cell;
  });
}

function readUndo(from: ByteReader, cells: number): UndoState {
  const at = from.offset;
  const place = from.u32('the cell of an undo record');
  if (place > cells) from.fail(`there is no cell ${place - 1}`, at);
  const value = from.word('the value of an undo record');
  const flags = from.choice(FLAGS_BOUND, 'the flags of an undo record');
  if (place === 0 && (value !== 0n || flags !== 0)) {
    from.fail('an undo record without a cell has a value', at);
  }
  const refund = BigInt.asIntN(64, from.u64('the refund of an undo record'));
  return { cell: place - 1, value, flags, refund };
}

function readLog(from: ByteReader): LogState {
  const owner = from.raw(LEAF_BYTES, 'the owner of a log');
  const count = from.choice(TOPICS_MAX + 1, 'the number of topics');
  const topics = Array.from({ length: count }, () => from.raw(LEAF_BYTES, 'a topic'));
  return { owner, topics, data: from.blob('the data of a log') };
}

function readTapeEntry(from: ByteReader): TapeEntry {
  const kind = from.u8('the kind of a tape entry');
  return { kind, question: from.word('a question'), answer: from.word('an answer') };
}

function readEnd(from: ByteReader): EndState | undefined {
  const place = from.choice(END_STATUSES.length + 1, 'the status');
  if (place === 0) return undefined;
  const status = END_STATUSES[place - 1] as EndState['status'];
  return { status, gas: from.u64('the gas left'), output: from.blob('the output') };
}

/** How far the marks and inputs of frames may reach. */
interface Limits {
  readonly undo: number;
  readonly logs: number;
  readonly input: number;
}

function readFrames(from: ByteReader, limits: Limits): FrameState[] {
  let below: FrameState | undefined;
  return from.list('frames', FRAME_BYTES_MIN, () => {
    const at = from.offset;
    const frame = readFrame(from);
    checkFrame(from, at, frame, below, limits);
    below = frame;
    return frame;
  });
}

function readFrame(from: ByteReader): FrameState {
  const at = from.offset;
  const name = from.blob('the name of a VM');
  const vm = new TextDecoder().decode(name);
  if (compareBytes(new TextEncoder().encode(vm), name) !== 0) from.fail('a name is no UTF-8', at);
  const codeHash = from.raw(LEAF_BYTES, 'a code hash');
  const gas = from.u64('the gas of a frame');
  const isStatic = from.flag('the static flag');
  const owner = from.raw(LEAF_BYTES, 'the owner of a frame');
  const source = INPUT_SOURCES[from.choice(INPUT_SOURCES.length, 'the source of an input')];
  const input = {
    source: source as FrameState['input']['source'],
    offset: from.u32('the offset of an input'),
    length: from.u32('the length of an input'),
  };
  const undoMark = from.u32('an undo mark');
  const logMark = from.u32('a log mark');
  const words = from.list('words', WORD_MIN, () => from.word('a word of a frame'));
  const note = from.blob('the note of a frame');
  const calls = from.list('calls', CALL_BYTES_MIN, () => readCall(from));
  const memories = readMemories(from);
  const position = { input, undoMark, logMark };
  return { vm, codeHash, gas, isStatic, owner, calls, words, memories, ...position, note };
}

function readCall(from: ByteReader): CallState {
  return {
    function: from.u32('a function'),
    block: from.u32('a block'),
    instruction: from.u32('an instruction'),
    values: from.list('values', WORD_MIN, () => from.word('a value')),
  };
}

function readMemories(from: ByteReader): MemoryState[] {
  let last = -1;
  return from.list('memories', MEMORY_BYTES_MIN, () => {
    const at = from.offset;
    const region = from.u8('the region of a memory');
    if (region <= last) from.fail('memories are out of order', at);
    last = region;
    const length = from.u32('the length of a memory');
    let next = 0;
    const pages = from.list('pages', PAGE_BYTES + 4, () => {
      const page = readPage(from, length, next);
      next = page.index + 1;
      return page;
    });
    return { region, length, pages };
  });
}

function readPage(from: ByteReader, length: number, next: number): MemoryPage {
  const at = from.offset;
  const index = from.u32('the index of a page');
  if (index < next || index * PAGE_BYTES >= length) from.fail(`page ${index} is out of place`, at);
  const bytes = from.raw(PAGE_BYTES, 'a page');
  if (bytes.every((byte) => byte === 0)) from.fail(`page ${index} is empty and should not be`, at);
  const used = length - index * PAGE_BYTES;
  if (bytes.subarray(used).some((byte) => byte !== 0)) {
    from.fail(`page ${index} goes on after the memory's end`, at);
  }
  return { index, bytes };
}

function checkFrame(
  from: ByteReader,
  at: number,
  frame: FrameState,
  below: FrameState | undefined,
  limits: Limits,
): void {
  const { undoMark, logMark, input } = frame;
  if (undoMark > limits.undo || undoMark < (below?.undoMark ?? 0)) {
    from.fail(`the undo mark ${undoMark} is out of range`, at);
  }
  if (logMark > limits.logs || logMark < (below?.logMark ?? 0)) {
    from.fail(`the log mark ${logMark} is out of range`, at);
  }
  if (frame.calls.length === 0) from.fail('a frame runs no function', at);
  if ((input.source === 'transaction') !== (below === undefined)) {
    from.fail('only the outermost frame has the input of the transaction', at);
  }
  const end = input.offset + input.length;
  if (below === undefined) {
    if (input.offset !== 0 || input.length !== limits.input) {
      from.fail('the outermost frame has all of the input of the transaction', at);
    }
  } else if (end > (below.memories[0]?.length ?? 0)) {
    from.fail('the input of a frame leaves the memory below', at);
  } else if (input.length === 0 && input.offset !== 0) {
    from.fail('an empty input has an offset', at);
  }
}
