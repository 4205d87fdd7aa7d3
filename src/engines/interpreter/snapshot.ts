/**
 * Between the interpreter's memory and the machine's state as data: taken from a machine that has
 * paused or ended, and put into another, which then goes on as the first would have.
 *
 * What another run would see differently is left out: addresses of code, numbers of accounts, the
 * hash tables, cells that only earlier transactions reached, and which cells the backend lacks.
 */
import { assert } from '../../base/assert.ts';
import { compareBytes } from '../../base/bytes.ts';
import { LockstepError } from '../../base/errors.ts';
import type { FrameEnd, Range } from '../../dmir/host.ts';
import { pagesOf } from '../../dmir/state/encode.ts';
import {
  type CellState,
  compareCells,
  type FrameState,
  type LogState,
  type MachineState,
  type MemoryState,
  PAGE_BYTES,
  SCHEDULE_LENGTH,
  STATE_EXISTS,
  STATE_READ,
  STATE_WARM,
  STATE_WRITTEN,
  type UndoState,
} from '../../dmir/state/machine-state.ts';
import * as L from '../../kernel/layout.ts';
import type { Kernel } from './kernel.ts';
import type { Program } from './program.ts';
import type { InterpreterMachine } from './trampoline.ts';

const WORD = 32;
const NO_BYTES = new Uint8Array(0);
const GAS_MAX = (1n << 63n) - 1n;
const WINDOW_WORDS_MAX = 1024;
const FRAMES_MAX = 1025;
const SCRATCH = L.SCRATCH_BASE;

/** Flags of the kernel and of the state; the others say how the journal stands to the backend. */
const FLAGS: readonly (readonly [kernel: number, state: number])[] = [
  [L.CELL_WARM, STATE_WARM],
  [L.CELL_READ, STATE_READ],
  [L.CELL_WRITTEN, STATE_WRITTEN],
  [L.CELL_EXISTS, STATE_EXISTS],
];

function m32(kernel: Kernel, field: number): number {
  return kernel.u32[(L.MACHINE_BASE + field) / 4] as number;
}

function m64(kernel: Kernel, field: number): bigint {
  return kernel.u64[(L.MACHINE_BASE + field) / 8] as bigint;
}

function signed(value: bigint): bigint {
  return BigInt.asIntN(64, value);
}

function words(kernel: Kernel, from: number, count: number): bigint[] {
  return Array.from({ length: count }, (_, i) => kernel.readWord(from + i * WORD));
}

// ---- taking

/**
 * The state of a machine that `advance` left.
 *
 * @param end how the outermost frame ended; without it the machine must have paused
 */
export function captureState(machine: InterpreterMachine, end?: FrameEnd): MachineState {
  const { kernel, host } = machine;
  assert(machine.isAtEntry, 'a state is taken while a host function waits');
  const { cells, places } = captureCells(kernel);
  const frames = end === undefined ? captureFrames(machine) : [];
  const top = regionOf(kernel, machine.frameAddress, 3);
  return {
    steps: m64(kernel, L.M_STEPS),
    refund: signed(m64(kernel, L.M_REFUND)),
    gasStart: machine.gasStart,
    schedule: scheduleOf(kernel),
    env: words(kernel, L.ENV_BASE, host.envWords),
    context: host.encodeContext(),
    input: end === undefined ? machine.bytes(regionOf(kernel, L.FRAMES_BASE, 1)) : NO_BYTES,
    frames,
    returnData: end === undefined ? machine.bytes(top) : NO_BYTES,
    cells,
    undo: captureUndo(kernel, places),
    logs: captureLogs(kernel),
    tape: machine.tape.taken(),
    end:
      end === undefined
        ? undefined
        : { status: end.status, gas: end.gas, output: machine.bytes(end.output) },
  };
}

function scheduleOf(kernel: Kernel): bigint[] {
  const at = L.SCHEDULE_BASE / 8;
  return [...kernel.u64.subarray(at, at + SCHEDULE_LENGTH)];
}

function regionOf(kernel: Kernel, frame: number, region: number): Range {
  const at = (frame + L.F_REGIONS + region * L.REGION_BYTES) / 4;
  const base = kernel.u32[at + L.R_BASE / 4] as number;
  return { base, length: kernel.u32[at + L.R_LENGTH / 4] as number };
}

function idOf(kernel: Kernel, owner: number): Uint8Array {
  return kernel.readWordAsBytes(L.OWNERS_BASE + owner * L.OWNER_BYTES, WORD);
}

/**
 * Flags as the state has them. A cell that the transaction has not written exists if it is not
 * zero: a zero that an earlier transaction left is the same as no cell.
 */
function stateFlags(flags: number, value: bigint): number {
  let result = 0;
  for (const [kernel, state] of FLAGS) if (flags & kernel) result |= state;
  if (value === 0n && (flags & L.CELL_WRITTEN) === 0) result &= ~STATE_EXISTS;
  return result;
}

/** The cells that the transaction reached, in order, and the place of each by its address. */
function captureCells(kernel: Kernel): { cells: CellState[]; places: Map<number, number> } {
  const end = m32(kernel, L.M_TOUCHED_TOP);
  const found: { address: number; cell: CellState }[] = [];
  for (let at = L.TOUCHED_BASE; at < end; at += 4) {
    const address = kernel.u32[at / 4] as number;
    const value = kernel.readWord(address + L.C_VALUE);
    const cell = {
      space: kernel.u32[(address + L.C_SPACE) / 4] as number,
      owner: idOf(kernel, kernel.u32[(address + L.C_OWNER) / 4] as number),
      key: kernel.readWord(address + L.C_KEY),
      value,
      original: kernel.readWord(address + L.C_ORIGINAL),
      flags: stateFlags(kernel.u32[(address + L.C_FLAGS) / 4] as number, value),
    };
    found.push({ address, cell });
  }
  found.sort((a, b) => compareCells(a.cell, b.cell));
  return {
    cells: found.map(({ cell }) => cell),
    places: new Map(found.map(({ address }, place) => [address, place])),
  };
}

function captureUndo(kernel: Kernel, places: ReadonlyMap<number, number>): UndoState[] {
  const end = m32(kernel, L.M_UNDO_TOP);
  const records: UndoState[] = [];
  for (let at = L.UNDO_BASE; at < end; at += L.UNDO_BYTES) {
    const cell = kernel.u32[(at + L.U_CELL) / 4] as number;
    const place = cell === 0 ? -1 : places.get(cell);
    assert(place !== undefined, 'a change is of a cell that was not reached');
    const value = kernel.readWord(at + L.U_VALUE);
    const flags = stateFlags(kernel.u32[(at + L.U_FLAGS) / 4] as number, value);
    const refund = signed(kernel.u64[(at + L.U_REFUND) / 8] as bigint);
    records.push({ cell: place, value, flags, refund });
  }
  return records;
}

function captureLogs(kernel: Kernel): LogState[] {
  const end = m32(kernel, L.M_LOG_TOP);
  const logs: LogState[] = [];
  let at = L.LOGS_BASE;
  while (at < end) {
    const field = (offset: number): number => kernel.u32[(at + offset) / 4] as number;
    const count = field(L.L_TOPIC_COUNT);
    const length = field(L.L_DATA_LENGTH);
    const first = at + L.LOG_HEADER_BYTES;
    const data = first + count * WORD;
    logs.push({
      owner: idOf(kernel, field(L.L_OWNER)),
      topics: Array.from({ length: count }, (_, i) =>
        kernel.u8.slice(first + i * WORD, first + (i + 1) * WORD),
      ),
      data: kernel.u8.slice(data, data + length),
    });
    at = (data + length + 7) & -8;
  }
  return logs;
}

function captureFrames(machine: InterpreterMachine): FrameState[] {
  const frames: FrameState[] = [];
  for (let depth = 0; depth <= machine.depth; depth++) frames.push(captureFrame(machine, depth));
  return frames;
}

function captureFrame(machine: InterpreterMachine, depth: number): FrameState {
  const { kernel, host } = machine;
  const { u32 } = kernel;
  const frame = L.FRAMES_BASE + depth * L.FRAME_BYTES;
  const field = (offset: number): number => u32[(frame + offset) / 4] as number;
  const { program, note } = machine.frameAt(depth);
  if (program?.isClosed) throw new LockstepError('L1103', {});
  const block = program?.idAt(field(L.F_PC));
  assert(program !== undefined && block !== undefined, `frame ${depth} is not at a block entry`);
  const bottom = field(L.F_WINDOW_BASE);
  const window = words(kernel, bottom, (field(L.F_SP) - bottom) / WORD);
  const memory = regionOf(kernel, frame, 0);
  return {
    vm: host.name,
    codeHash: program.codeHash,
    gas: kernel.u64[(frame + L.F_GAS) / 8] as bigint,
    isStatic: (field(L.F_FLAGS) & L.FLAG_STATIC) !== 0,
    owner: idOf(kernel, field(L.F_OWNER)),
    calls: [{ function: 0, block, instruction: 0, values: window }],
    words: words(kernel, frame + L.F_WORDS, host.frameWords),
    memories: [{ region: 0, length: memory.length, pages: pagesOf(machine.bytes(memory)) }],
    input: inputOf(kernel, frame, depth),
    undoMark: (field(L.F_CHECKPOINT + L.K_UNDO_TOP) - L.UNDO_BASE) / L.UNDO_BYTES,
    logMark: field(L.F_CHECKPOINT + L.K_LOG_COUNT),
    note: host.encodeNote(machine, note),
  };
}

function inputOf(kernel: Kernel, frame: number, depth: number): FrameState['input'] {
  const { base, length } = regionOf(kernel, frame, 1);
  if (depth === 0) return { source: 'transaction', offset: 0, length };
  if (length === 0) return { source: 'below', offset: 0, length: 0 };
  const below = regionOf(kernel, frame - L.FRAME_BYTES, 0);
  const offset = base - below.base;
  assert(offset >= 0 && offset + length <= below.length, 'an input is not in the memory below');
  return { source: 'below', offset, length };
}

// ---- putting back

function refuse(problem: string): never {
  throw new LockstepError('L1102', { problem });
}

/**
 * Puts a state that has not ended into a machine, so that `advance` goes on from there. What the
 * machine held of its last transaction is gone.
 *
 * @param programOf the program of a frame, by its code hash
 * @throws LockstepError L1101 or L1102 where the state is not one of this machine; the machine then
 *   has to begin another transaction
 */
export function restoreState(
  machine: InterpreterMachine,
  state: MachineState,
  programOf: (frame: FrameState) => Program,
): void {
  const { kernel, host } = machine;
  if (state.end !== undefined) refuse('it has ended');
  if (state.frames.length > FRAMES_MAX) refuse(`it has ${state.frames.length} frames`);
  if (state.env.length !== host.envWords) refuse(`it has ${state.env.length} words of environment`);
  const schedule = scheduleOf(kernel);
  if (state.schedule.some((entry, i) => entry !== schedule[i]))
    refuse('its gas schedule is another');
  machine.begin();
  host.decodeContext(state.context);
  state.env.forEach((word, index) => {
    machine.setEnvWord(index, word);
  });
  const addresses = state.cells.map((cell) => restoreCell(machine, cell));
  restoreUndo(kernel, state.undo, addresses);
  const logTops = restoreLogs(machine, state.logs);
  const input = machine.input(state.input);
  for (const frame of state.frames) restoreFrame(machine, frame, programOf, input, logTops);
  if (!machine.setReturnBytes(state.returnData)) refuse('its return data is too long');
  kernel.u64[(L.MACHINE_BASE + L.M_STEPS) / 8] = state.steps;
  kernel.u64[(L.MACHINE_BASE + L.M_REFUND) / 8] = state.refund;
  machine.gasStart = state.gasStart;
  machine.tape.load(state.tape, state.tape.length);
}

/** Flags of the kernel; the cell is dirty in any case, since the backend may be of another time. */
function kernelFlags(flags: number): number {
  let result = L.CELL_DIRTY;
  for (const [kernel, state] of FLAGS) if (flags & state) result |= kernel;
  return result;
}

/** Enters the cell, has it reached by the transaction, and gives its address. */
function restoreCell(machine: InterpreterMachine, state: CellState): number {
  const { kernel } = machine;
  const owner = machine.ownerOf(state.owner);
  kernel.writeWord(SCRATCH, state.key);
  kernel.writeWord(SCRATCH + WORD, state.original);
  const { exports } = kernel;
  if (exports.insertCell(state.space, owner, SCRATCH, SCRATCH + WORD, 0) === 0) {
    refuse('it has more cells than the journal holds');
  }
  const cell = exports.reachCell(state.space, owner, SCRATCH);
  kernel.writeWord(cell + L.C_VALUE, state.value);
  kernel.writeWord(cell + L.C_ORIGINAL, state.original);
  kernel.u32[(cell + L.C_FLAGS) / 4] = kernelFlags(state.flags);
  return cell;
}

function restoreUndo(
  kernel: Kernel,
  undo: readonly UndoState[],
  addresses: readonly number[],
): void {
  const end = L.UNDO_BASE + undo.length * L.UNDO_BYTES;
  if (end > L.LOGS_BASE) refuse('it has more changes than the journal holds');
  undo.forEach(({ cell, value, flags, refund }, index) => {
    const at = L.UNDO_BASE + index * L.UNDO_BYTES;
    kernel.u32[(at + L.U_CELL) / 4] = cell < 0 ? 0 : (addresses[cell] as number);
    kernel.u32[(at + L.U_FLAGS) / 4] = cell < 0 ? 0 : kernelFlags(flags);
    kernel.u64[(at + L.U_REFUND) / 8] = refund;
    kernel.writeWord(at + L.U_VALUE, value);
  });
  kernel.u32[(L.MACHINE_BASE + L.M_UNDO_TOP) / 4] = end;
}

/** Writes the logs; gives the end of the logs before each, and of all. */
function restoreLogs(machine: InterpreterMachine, logs: readonly LogState[]): number[] {
  const { kernel } = machine;
  const tops = [L.LOGS_BASE];
  let at = L.LOGS_BASE;
  for (const { owner, topics, data } of logs) {
    const first = at + L.LOG_HEADER_BYTES;
    const start = first + topics.length * WORD;
    const end = (start + data.length + 7) & -8;
    if (end > L.JOURNAL_END) refuse('it has more logs than the journal holds');
    kernel.u8.fill(0, at, end);
    kernel.u32[(at + L.L_OWNER) / 4] = machine.ownerOf(owner);
    kernel.u32[(at + L.L_TOPIC_COUNT) / 4] = topics.length;
    kernel.u32[(at + L.L_DATA_LENGTH) / 4] = data.length;
    topics.forEach((topic, index) => {
      kernel.u8.set(topic, first + index * WORD);
    });
    kernel.u8.set(data, start);
    at = end;
    tops.push(at);
  }
  kernel.u32[(L.MACHINE_BASE + L.M_LOG_TOP) / 4] = at;
  kernel.u32[(L.MACHINE_BASE + L.M_LOG_COUNT) / 4] = logs.length;
  return tops;
}

function restoreFrame(
  machine: InterpreterMachine,
  state: FrameState,
  programOf: (frame: FrameState) => Program,
  input: Range,
  logTops: readonly number[],
): void {
  const { kernel, host } = machine;
  const outermost = machine.depth < 0;
  const below = outermost ? undefined : shapeOf(kernel, machine.frameAddress);
  const base = outermost ? input.base : regionOf(kernel, machine.frameAddress, 0).base;
  const call = checkFrame(machine, state);
  const program = programOf(state);
  assert(compareBytes(program.codeHash, state.codeHash) === 0, 'a frame was given other code');
  if (!program.source.isBlock(call.block)) refuse(`its code has no block ${call.block}`);
  machine.enter({
    program,
    gas: state.gas,
    isStatic: state.isStatic,
    owner: machine.ownerOf(state.owner),
    input: { base: base + state.input.offset, length: state.input.length },
    self: L.ZERO_WORD,
    caller: L.ZERO_WORD,
    value: L.ZERO_WORD,
    note: host.decodeNote(machine, state.note, below),
  });
  const frame = machine.frameAddress;
  const set = (offset: number, value: number): void => {
    kernel.u32[(frame + offset) / 4] = value;
  };
  set(L.F_PC, program.block(call.block));
  const window = kernel.u32[(frame + L.F_WINDOW_BASE) / 4] as number;
  call.values.forEach((word, index) => {
    kernel.writeWord(window + index * WORD, word);
  });
  set(L.F_SP, window + call.values.length * WORD);
  state.words.forEach((word, index) => {
    machine.setFrameWord(index, word);
  });
  restoreMemory(kernel, frame, state.memories[0] as MemoryState);
  set(L.F_CHECKPOINT + L.K_UNDO_TOP, L.UNDO_BASE + state.undoMark * L.UNDO_BYTES);
  set(L.F_CHECKPOINT + L.K_LOG_TOP, logTops[state.logMark] as number);
  set(L.F_CHECKPOINT + L.K_LOG_COUNT, state.logMark);
}

function shapeOf(kernel: Kernel, frame: number): { window: number; memory: number } {
  const field = (offset: number): number => kernel.u32[(frame + offset) / 4] as number;
  const window = (field(L.F_SP) - field(L.F_WINDOW_BASE)) / WORD;
  return { window, memory: regionOf(kernel, frame, 0).length };
}

/** What open code asks of a frame; gives its one call. */
function checkFrame(machine: InterpreterMachine, state: FrameState): FrameState['calls'][number] {
  const { name, frameWords } = machine.host;
  const [call] = state.calls;
  if (state.vm !== name) refuse(`it has a frame of the VM "${state.vm}"`);
  if (call === undefined || state.calls.length !== 1 || call.function !== 0) {
    refuse('it has a frame of closed functions');
  }
  if (call.instruction !== 0) refuse('a frame stands inside a block');
  if (call.values.length > WINDOW_WORDS_MAX) refuse('a window is too high');
  if (state.words.length !== frameWords) refuse(`a frame has ${state.words.length} words`);
  if (state.gas > GAS_MAX) refuse('a frame has too much gas');
  const [memory] = state.memories;
  if (memory === undefined || state.memories.length !== 1 || memory.region !== 0) {
    refuse('a frame has other memories than this VM gives');
  }
  if (memory.length % WORD !== 0) refuse('a memory does not end with a word');
  return call;
}

function restoreMemory(kernel: Kernel, frame: number, { length, pages }: MemoryState): void {
  const { base } = regionOf(kernel, frame, 0);
  const end = base + length;
  if (kernel.exports.reserve(BigInt(end)) === 0) refuse('its memories are too large');
  kernel.refresh();
  const { u8, u32 } = kernel;
  u8.fill(0, base, end);
  for (const { index, bytes } of pages) {
    const at = index * PAGE_BYTES;
    u8.set(bytes.subarray(0, length - at), base + at);
  }
  u32[(frame + L.F_REGIONS + L.R_LENGTH) / 4] = length;
  const used = (L.MACHINE_BASE + L.M_HEAP_USED) / 4;
  if (end > (u32[used] as number)) u32[used] = end;
}
