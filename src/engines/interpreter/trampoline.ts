/**
 * The trampoline: drives the frames of one machine through the interpreter.
 *
 * A run leaves the loop with a status; the table below says what each does. Contract-to-contract
 * calls are frames of the same loop, so their depth needs no native stack, and between two runs the
 * whole machine is data in the kernel's memory plus a note for each frame.
 *
 * The kernel counts gas below 2^63, which keeps its comparisons signed; `enterFrame` sees to that.
 */
import { assert } from '../../base/assert.ts';
import type {
  FrameEnd,
  FrameStart,
  HostCall,
  MachineAccess,
  Owner,
  ProgramHandle,
  Range,
  VmHost,
} from '../../dmir/host.ts';
import type { LazySource, ModuleSource } from '../../dmir/lazy.ts';
import { TRAP_KINDS, type TrapKind } from '../../dmir/ops.ts';
import * as L from '../../kernel/layout.ts';
import type { CellLoader } from './cell-loader.ts';
import { ClosedProgram } from './closed-program.ts';
import type { Kernel } from './kernel.ts';
import { MachineStore } from './machine-store.ts';
import { CodeArea, Program } from './program.ts';
import { type AnyProgram, ProgramSet } from './program-set.ts';
import type { Tier } from './tier.ts';

const BUDGET = 250_000;
/** What a host function takes of the patience, in runs of the loop: some work for milliseconds. */
const SUSPENSION_COST = 1 / 512;
const DEPTH_RECORDS = 1026;
const SLOT = 32;
/** Frames of which no tier is told. */
const UNTOLD_MAX = 0xffff_ffff;
const M_CALLS = (L.MACHINE_BASE + L.M_CALLS) / 4;
const M_CURRENT = (L.MACHINE_BASE + L.M_CURRENT) / 4;

export interface FrameNote {
  program: AnyProgram | undefined;
  note: unknown;
}

export class InterpreterMachine extends MachineStore implements MachineAccess {
  readonly host: VmHost;
  readonly area = new CodeArea();
  /** Gas with which the outermost frame began. */
  gasStart = 0n;
  /** Undefined: everything runs in the interpreter. */
  tier: Tier | undefined;
  /** Operations of one run of the loop, which must return now and then to be optimised. */
  budget = BUDGET;
  /** Runs of the loop, of compiled code too, after which `advance` pauses; counted down. */
  patience: number = Number.POSITIVE_INFINITY;
  readonly #notes: FrameNote[] = [];
  readonly #programs = new ProgramSet(this.kernel, () => this.tier);
  /** Depth of the current frame, and the address of its record. */
  #depth = -1;
  #frame = L.FRAMES_BASE;
  /** Whether the current frame runs closed functions, whose operands lie above the pointer. */
  #isClosed = false;
  /** Whether any did: a machine without modules looks no further. */
  #hasClosed = false;
  /** Whose memory the outermost frame had last, if all that was written there is noted. */
  #kept: ClosedProgram | undefined;
  /** Set by `enter`, `stop` and `trap`: what the host decided for the frame that stopped. */
  #decided: FrameEnd['status'] | undefined;
  #decidedReason: TrapKind | undefined;
  /**
   * How the latest frame ended, and its output: one record for all of them, because objects that
   * live as short as a frame would push its cells out of the processor's caches.
   */
  readonly #end: OwnEnd;
  readonly #output = { base: 0, length: 0 };
  readonly #input = { base: L.INPUT_BASE, length: 0 };

  constructor(host: VmHost, loader: CellLoader) {
    super(loader);
    this.host = host;
    this.#end = new OwnEnd(this.kernel);
    this.area.onFull = () => {
      const frames = Array.from({ length: this.#depth + 1 }, (_, depth) => this.frameAt(depth));
      return this.#programs.evict(frames);
    };
  }

  /** Has the kernel answer a host function by itself where it can. */
  setHostCall(host: number, call: HostCall): void {
    assert(host < L.HOST_CALL_COUNT, 'the kernel knows fewer host functions');
    this.kernel.u32[L.HOST_CALLS_BASE / 4 + host] = encodeHostCall(call);
  }

  /** What it charges for an access to an account that is warm. */
  setAccountCost(warm: bigint): void {
    this.kernel.u64[(L.MACHINE_BASE + L.M_ACCOUNT_WARM) / 8] = warm;
  }

  learnCallee(owner: Owner, program: ProgramHandle): void {
    const called = program as AnyProgram;
    if (!called.isClosed && !called.isTransient) this.#programs.learn(owner, called);
  }

  /** Brings code into the machine; transient code is given up when its frame ends. */
  load(source: LazySource, isTransient = false): Program {
    return this.#programs.keep(new Program(this.kernel, this.area, source, isTransient));
  }

  /** The same for a module of closed functions. */
  loadModule(source: ModuleSource, isTransient = false): ClosedProgram {
    return this.#programs.keep(new ClosedProgram(this.kernel, this.area, source, isTransient));
  }

  /** Gives up every program. Only between transactions. */
  clearPrograms(): void {
    this.#programs.clear();
    this.area.clear();
  }

  // ---- transactions and frames

  /** Begins a transaction: cells are cold again, their values original, logs and refund empty. */
  begin(): void {
    this.kernel.exports.txBegin();
    this.#depth = -1;
    this.#frame = L.FRAMES_BASE;
    this.#isWaiting = false;
    this.tape.clear();
  }

  /** Writes a transaction's input to the kernel; the range is good until the next. */
  input(data: Uint8Array): Range {
    const { kernel } = this;
    if (data.length > L.INPUT_END - L.INPUT_BASE) {
      throw new RangeError(`The input has ${data.length} bytes; the machine takes 15 MiB at most.`);
    }
    kernel.u8.set(data, L.INPUT_BASE);
    this.#input.length = data.length;
    return this.#input;
  }

  setEnvWord(index: number, value: bigint): void {
    this.kernel.writeWord(L.ENV_BASE + index * SLOT, value);
  }

  /** The same with the number that at most 32 bytes are. */
  setEnvBytes(index: number, bytes: Uint8Array): void {
    this.kernel.writeBytesAsWord(L.ENV_BASE + index * SLOT, bytes);
  }

  /** The same with the owner's id. */
  setEnvOwner(index: number, owner: Owner): void {
    this.kernel.copyWord(L.ENV_BASE + index * SLOT, this.ownerAddress(owner));
  }

  setSchedule(entry: number, value: bigint): void {
    this.kernel.u64[L.SCHEDULE_BASE / 8 + entry] = value;
  }

  /** Has `advance` pause at the first block entry once this many more operations are done. */
  pauseAfter(steps: bigint): void {
    // Compiled code asks for the time at the heads of its loops alone.
    this.tier?.retire();
    this.tier = undefined;
    const { u64 } = this.kernel;
    const machine = L.MACHINE_BASE / 8;
    u64[machine + L.M_STEP_LIMIT / 8] = (u64[machine + L.M_STEPS / 8] as bigint) + steps;
  }

  /** Whether the machine stands at a block entry: no host function is half done. */
  get isAtEntry(): boolean {
    return !this.#isWaiting;
  }

  /** Program and note of a frame by its depth. */
  frameAt(depth: number): Readonly<FrameNote> {
    const { u32 } = this.kernel;
    const frame = (L.FRAMES_BASE + depth * L.FRAME_BYTES) / 4;
    if (((u32[frame + L.F_FLAGS / 4] as number) & L.FLAG_CALLED) === 0) {
      return this.#notes[depth] as FrameNote;
    }
    const program = this.#programs.called(u32[frame + L.F_PROGRAM / 4] as number);
    return { program, note: this.#noteOfCall(frame - L.FRAME_BYTES / 4) };
  }

  /** What the host would have noted of the call at which the frame stands. */
  #noteOfCall(frame: number): unknown {
    const { kernel } = this;
    const { u32 } = kernel;
    const sp = u32[frame + L.F_SP / 4] as number;
    const host = u32[frame + L.F_DETAIL / 4] as number;
    const form = u32[L.HOST_CALLS_BASE / 4 + host] as number;
    const output = ((form >> L.CALL_INPUT_SHIFT) & L.CALL_INPUT_BITS) + 2;
    const [offset, size] = [0, 1].map((i) => kernel.readWord(sp - SLOT * (output + i + 1)));
    return this.host.noteCall(form & L.CALL_OPERANDS, offset as bigint, size as bigint);
  }

  /** Address of the current frame's record. */
  get frameAddress(): number {
    return this.#frame;
  }

  /** Id of the block that the current frame is about to enter; undefined inside a block. */
  blockId(): number | undefined {
    const pc = this.kernel.u32[(this.#frame + L.F_PC) / 4] as number;
    return this.currentProgram()?.idAt(pc);
  }

  /** Program of the current frame; undefined where that runs closed functions. */
  currentProgram(): Program | undefined {
    return this.#isClosed ? undefined : (this.#top?.program as Program | undefined);
  }

  /** Code of the current frame. */
  get code(): Uint8Array {
    return this.#top?.program?.source.code ?? EMPTY;
  }

  get #top(): Readonly<FrameNote> | undefined {
    return this.#depth < 0 ? undefined : this.frameAt(this.#depth);
  }

  enter(start: FrameStart): void {
    const { kernel } = this;
    this.#depth++;
    if (this.#depth === 0) this.gasStart = start.gas;
    if (this.#depth >= DEPTH_RECORDS) throw new Error('BUG: the host enters frames without limit');
    const frame = L.FRAMES_BASE + this.#depth * L.FRAME_BYTES;
    this.#frame = frame;
    const program = start.program as AnyProgram;
    // Code that makes room for itself, as an entry may, gives up no program that has a frame.
    this.#notes[this.#depth] ??= { program, note: undefined };
    const note = this.#notes[this.#depth] as FrameNote;
    note.program = program;
    note.note = start.note;
    kernel.u32[(frame + L.F_FLAGS) / 4] = 0;
    if (program.isClosed) this.tier?.modules.entered(program);
    else this.#tell(program);
    program.prepare();
    const { input } = start;
    kernel.exports.enterFrame(
      frame,
      program.record,
      input.base,
      input.length,
      start.owner,
      (start.isStatic ? L.FLAG_STATIC : 0) | (program.isClosed ? L.FLAG_CLOSED : 0),
      start.self,
      start.caller,
      start.value,
      start.gas,
    );
    if (program.isClosed || this.#hasClosed) this.#setKind(program);
  }

  /** Tells the tier of the frame, and of those that the kernel began since. */
  #tell(program: Program): void {
    const { tier } = this;
    const untold = program.allowCalls(tier === undefined ? UNTOLD_MAX : tier.untoldMax);
    tier?.entered(program, untold + 1);
  }

  /** A frame of the one kind may stand where one of the other stood. */
  #setKind(program: AnyProgram): void {
    this.#hasClosed = true;
    this.#isClosed = program.isClosed;
    const kept = this.#kept;
    this.#kept = undefined;
    if (!program.isClosed) return;
    const isOutermost = this.#depth === 0;
    program.begin(this.#frame, this.#depth, isOutermost && program === kept);
    if (isOutermost && program.isCompiled) this.#kept = program;
  }

  /**
   * Runs until the outermost frame ends or the step limit pauses it.
   *
   * @returns how the frame ended, good until the machine runs again; undefined: it is paused
   */
  advance(): FrameEnd | undefined {
    const { kernel } = this;
    for (;;) {
      const status = this.#isWaiting ? L.STATUS_SUSPEND : this.#run();
      // What did not run through in compiled code has written without a note.
      if (status !== L.STATUS_FINISH && status !== L.STATUS_REVERT) this.#kept = undefined;
      kernel.checkLimits();
      const end = this.#react(status);
      if (end === 'paused') return undefined;
      if (end === undefined) continue;
      const outermost = this.#finish(end);
      if (outermost !== undefined) return outermost;
    }
  }

  /** Runs the current frame, and those that the kernel begins; one of them is current then. */
  #run(): number {
    const { kernel } = this;
    kernel.u32[M_CALLS] = this.host.isPlain ? 1 : 0;
    const status = kernel.exports.run(this.#frame, this.budget);
    if (kernel.u8.length === 0) kernel.refresh();
    const frame = kernel.u32[M_CURRENT] as number;
    if (frame !== this.#frame) {
      this.#frame = frame;
      this.#depth = (frame - L.FRAMES_BASE) / L.FRAME_BYTES;
    }
    return status;
  }

  /** The host has not yet answered the suspension: what it needs is being fetched. */
  #isWaiting = false;

  /** Has the host answer. What it did before it found that it must wait is undone. */
  #suspend(host: number): void {
    const { kernel, gas } = this;
    const before = kernel.undoTop;
    try {
      this.host.suspend(this, host);
    } catch (error) {
      this.gas = gas;
      kernel.undoTo(before);
      throw error;
    }
  }

  /** What a status asks for: undefined to run on, or how the frame ended. */
  #react(status: number): FrameEnd | 'paused' | undefined {
    const f = this.#frame / 4;
    const { u32, u64 } = this.kernel;
    switch (status) {
      case L.STATUS_YIELD: {
        const machine = L.MACHINE_BASE / 8;
        const steps = u64[machine + L.M_STEPS / 8] as bigint;
        const { program } = this.frameAt(this.#depth);
        if (program?.isClosed) this.tier?.modules.yielded(program, this.#frame);
        else this.tier?.yielded(program as Program);
        const isLong = steps >= (u64[machine + L.M_STEP_LIMIT / 8] as bigint);
        return --this.patience <= 0 || isLong ? 'paused' : undefined;
      }
      case L.STATUS_LOWER: {
        const { program } = this.frameAt(this.#depth);
        const id = u32[f + L.F_DETAIL / 4] as number;
        if (program?.isClosed) this.tier?.modules.lowered(program, id);
        const address = (program as AnyProgram).block(id);
        if (address === undefined) return TOO_LARGE;
        u32[f + L.F_PC / 4] = address;
        return undefined;
      }
      case L.STATUS_UNWIND: {
        const runs = (this.frameAt(this.#depth).program as ClosedProgram).unwind(this.#frame);
        if (runs === undefined) return TOO_LARGE;
        this.patience -= runs;
        return this.patience <= 0 ? 'paused' : undefined;
      }
      case L.STATUS_ARRIVE: {
        const address = (this.currentProgram() as Program).arrive(this.#frame);
        if (address === undefined) return BAD_JUMP;
        u32[f + L.F_PC / 4] = address;
        return undefined;
      }
      case L.STATUS_MISSING:
        this.fetchCell(u32[f + L.F_DETAIL / 4] as number, u32[f + L.F_DETAIL2 / 4] as number);
        return undefined;
      case L.STATUS_SUSPEND:
        this.#decided = undefined;
        this.#isWaiting = true;
        this.#suspend(u32[f + L.F_DETAIL / 4] as number);
        this.#isWaiting = false;
        this.patience -= SUSPENSION_COST;
        if (this.#decided === undefined) return this.patience <= 0 ? 'paused' : undefined;
        return this.#ended(this.#decided, NOTHING);
      case L.STATUS_RETURN:
        return this.#ended('success', NOTHING);
      case L.STATUS_FINISH:
      case L.STATUS_REVERT:
        this.#output.base = u32[f + L.F_OUT_BASE / 4] as number;
        this.#output.length = u32[f + L.F_OUT_LENGTH / 4] as number;
        return this.#ended(status === L.STATUS_FINISH ? 'success' : 'revert', this.#output);
      case L.STATUS_TRAP:
        this.#decidedReason = TRAP_KINDS[u32[f + L.F_DETAIL / 4] as number] ?? 'memory-limit';
        return this.#ended('halt', NOTHING);
      default:
        throw new Error(`BUG: the interpreter returned status ${status}`);
    }
  }

  #ended(status: FrameEnd['status'], output: Range): FrameEnd {
    const end = this.#end;
    const isHalt = status === 'halt';
    end.status = status;
    end.reason = isHalt ? this.#decidedReason : undefined;
    end.frame = this.#frame;
    end.output = output;
    return end;
  }

  /** Whether it is how a frame of this machine ended, with the gas that its record has. */
  isOwnEnd(end: FrameEnd): boolean {
    return end === this.#end && end.status !== 'halt';
  }

  /** Takes the ended frame away; gives its end if it was the outermost. */
  #finish(ended: FrameEnd): FrameEnd | undefined {
    const { kernel } = this;
    const note = this.frameAt(this.#depth);
    const end = ended.status === 'success' ? this.host.settle(this, ended, note.note) : ended;
    if (end.status !== 'success') kernel.exports.rollback(this.#frame + L.F_CHECKPOINT);
    if (note.program?.isTransient) this.#programs.release(note.program);
    if (this.#depth === 0) {
      this.tier?.ended();
      return end;
    }
    this.#depth--;
    this.#frame -= L.FRAME_BYTES;
    if (this.#hasClosed) this.#isClosed = this.frameAt(this.#depth).program?.isClosed === true;
    this.host.leave(this, end, note.note);
    return undefined;
  }

  // ---- MachineAccess

  get depth(): number {
    return this.#depth;
  }

  get isStatic(): boolean {
    return ((this.kernel.u32[(this.#frame + L.F_FLAGS) / 4] as number) & L.FLAG_STATIC) !== 0;
  }

  get owner(): Owner {
    return this.kernel.u32[(this.#frame + L.F_OWNER) / 4] as number;
  }

  get note(): unknown {
    return this.#top?.note;
  }

  get gas(): bigint {
    return this.kernel.u64[(this.#frame + L.F_GAS) / 8] as bigint;
  }

  set gas(amount: bigint) {
    this.kernel.u64[(this.#frame + L.F_GAS) / 8] = amount;
  }

  operandAddress(index: number): number {
    const sp = this.kernel.u32[(this.#frame + L.F_SP) / 4] as number;
    return this.#isClosed ? sp + SLOT * index : sp - SLOT * (index + 1);
  }

  operand(index: number): bigint {
    return this.kernel.readWord(this.operandAddress(index));
  }

  resume(operands: number, result?: bigint): void {
    const { kernel } = this;
    const at = (this.#frame + L.F_SP) / 4;
    if (this.#isClosed) {
      if (result !== undefined) kernel.writeWord(kernel.u32[at] as number, result);
      return;
    }
    const sp = (kernel.u32[at] as number) - SLOT * operands;
    if (result !== undefined) kernel.writeWord(sp, result);
    kernel.u32[at] = result === undefined ? sp : sp + SLOT;
  }

  stop(): void {
    this.#decided = 'success';
  }

  trap(kind: TrapKind): void {
    this.#decided = 'halt';
    this.#decidedReason = kind;
  }

  charge(amount: bigint): boolean {
    const gas = this.gas;
    if (gas < amount) return false;
    this.gas = gas - amount;
    return true;
  }

  chargeMemory(offset: bigint, size: bigint): boolean {
    if (size === 0n) return true;
    if (offset > 0xffff_ffffn || size > 0xffff_ffffn) return false;
    const left = this.kernel.exports.growMemory(this.#frame, offset, size, this.gas);
    this.kernel.refresh();
    if (left < 0n) return false;
    this.gas = left;
    return true;
  }

  chargeOperands(index: number): boolean {
    const at = this.operandAddress(index);
    const size = this.operandAddress(index + 1);
    const isPaid = this.kernel.exports.chargeRange(this.#frame, at, size) !== 0;
    this.kernel.refresh();
    return isPaid;
  }

  operandRange(index: number): Range {
    const { u32 } = this.kernel;
    const at = this.operandAddress(index);
    const length = u32[this.operandAddress(index + 1) / 4] as number;
    if (length === 0) return NOTHING;
    const base = u32[(this.#frame + L.F_REGIONS + L.R_BASE) / 4] as number;
    return { base: base + (u32[at / 4] as number), length };
  }

  memory(offset: bigint, size: bigint): Range {
    if (size === 0n) return NOTHING;
    const base = this.kernel.u32[(this.#frame + L.F_REGIONS + L.R_BASE) / 4] as number;
    return { base: base + Number(offset), length: Number(size) };
  }

  setFrameWord(index: number, value: bigint): void {
    this.kernel.writeWord(this.frameWordAddress(index), value);
  }

  frameWordAddress(index: number): number {
    return this.#frame + L.F_WORDS + index * SLOT;
  }

  outputCode(): Range | undefined {
    return (this.frameAt(this.#depth).program as ClosedProgram).outputCode(this.#frame);
  }

  setReturnData({ base, length }: Range, offset = 0n, size = 0n): boolean {
    if (length > L.RETURN_END - L.RETURN_BASE) return false;
    this.kernel.exports.setReturn(this.#frame, base, length, offset, size);
    return true;
  }

  setReturnBytes(data: Uint8Array, offset = 0n, size = 0n): boolean {
    if (data.length > L.RETURN_END - L.RETURN_BASE) return false;
    this.kernel.u8.set(data, L.RETURN_BASE);
    return this.setReturnData({ base: L.RETURN_BASE, length: data.length }, offset, size);
  }

  /**
   * Brings a cell of the current frame's owner, which the journal does not hold, into it. Compiled
   * code may call this in the middle of a run, when the memory may have grown.
   *
   * @throws PendingError where the backend has to wait for the value
   */
  fetchCell(space: number, keyAddress: number): void {
    const { kernel } = this;
    kernel.refresh();
    const frame = kernel.u32[M_CURRENT] as number;
    this.fetch(space, kernel.u32[(frame + L.F_OWNER) / 4] as number, keyAddress);
  }
}

/** How a frame ended whose record has the gas that is left, until another frame takes the place. */
class OwnEnd implements FrameEnd {
  status: FrameEnd['status'] = 'success';
  reason: TrapKind | undefined;
  output = NOTHING;
  /** Address of the frame's record. */
  frame = L.FRAMES_BASE;
  readonly #kernel: Kernel;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  get gas(): bigint {
    if (this.status === 'halt') return 0n;
    return this.#kernel.u64[(this.frame + L.F_GAS) / 8] as bigint;
  }
}

function encodeHostCall(call: HostCall): number {
  if (call.kind === 'codeSize') return L.CALL_CODE_SIZE;
  const { operands, input, isOnSelf, isAsCaller, isStatic } = call;
  let form = operands | (input << L.CALL_INPUT_SHIFT);
  if (isOnSelf) form |= L.CALL_ON_SELF;
  if (isAsCaller) form |= L.CALL_AS_CALLER;
  if (isStatic) form |= L.CALL_STATIC;
  return form;
}

const NOTHING: Range = { base: L.HEAP_BASE, length: 0 };
const BAD_JUMP: FrameEnd = { status: 'halt', reason: 'bad-jump', gas: 0n, output: NOTHING };
/** A function that cannot be encoded: the limit is one of the code, the same on every engine. */
const TOO_LARGE: FrameEnd = { status: 'halt', reason: 'memory-limit', gas: 0n, output: NOTHING };
const EMPTY = new Uint8Array(0);
