/**
 * Steps through frames whose blocks are single EVM instructions. Of frames of modules they show the
 * calls of functions of the host, as the opcodes that do the same.
 */
import type { FrameEnd } from '../dmir/host.ts';
import type { Func } from '../dmir/ir.ts';
import * as L from '../kernel/layout.ts';
import { OP, OPCODES, type OpName } from '../vms/evm/opcodes.ts';
import { hostCallOf } from '../vms/wasm/env/operands.ts';
import type { Executor } from './executor.ts';
import type { TraceStep } from './types.ts';

const SLOT = 32;
const SLOT_PARTS = SLOT / 4;
/** The most words that an EVM stack holds (Yellow Paper, section 9.1). */
const STACK_MAX = 1024;

/**
 * The instruction that the current frame is about to run, where the kernel has it: good until the
 * machine runs on. Nothing is made of it but what is asked for.
 */
export class StepView {
  pc = 0;
  op = 0;
  depth = 0;
  /** Words on the stack. */
  height = 0;
  /**
   * Words, from the bottom on, that are those of the instruction seen before this one; between two
   * at the same depth there is no other of their frame.
   */
  kept = 0;
  memorySize = 0;
  readonly #executor: Executor;
  /** Address of the lowest word. */
  #base = 0;
  /** The stack as `toStep` had it last. */
  readonly #parts = new Uint32Array(STACK_MAX * SLOT_PARTS);
  readonly #words: bigint[] = [];

  constructor(executor: Executor) {
    this.#executor = executor;
  }

  /** Whether there is one: not so at a synthetic block, and in frames of modules. */
  look(): boolean {
    const { machine } = this.#executor;
    const { u32 } = machine.kernel;
    const program = machine.currentProgram();
    const frame = machine.frameAddress / 4;
    const pc = program?.idAt(u32[frame + L.F_PC / 4] as number);
    const code = program?.source.code;
    if (pc === undefined || code === undefined || pc > code.length) {
      this.depth = 0;
      return false;
    }
    const depth = machine.depth + 1;
    const below = this.height - (OPCODES[this.op]?.pops ?? STACK_MAX);
    this.kept = depth === this.depth && below > 0 ? below : 0;
    this.pc = pc;
    this.op = code[pc] ?? 0;
    this.depth = depth;
    this.#base = u32[frame + L.F_WINDOW_BASE / 4] as number;
    this.height = ((u32[frame + L.F_SP / 4] as number) - this.#base) / SLOT;
    this.memorySize = u32[frame + (L.F_REGIONS + L.R_LENGTH) / 4] as number;
    return true;
  }

  /** The lower half of the gas that is left. */
  get gasLow(): number {
    const { kernel, frameAddress } = this.#executor.machine;
    return kernel.u32[(frameAddress + L.F_GAS) / 4] as number;
  }

  get gasHigh(): number {
    const { kernel, frameAddress } = this.#executor.machine;
    return kernel.u32[(frameAddress + L.F_GAS) / 4 + 1] as number;
  }

  get refund(): number {
    const { u32 } = this.#executor.machine.kernel;
    const at = (L.MACHINE_BASE + L.M_REFUND) / 4;
    return ((u32[at + 1] as number) | 0) * 2 ** 32 + (u32[at] as number);
  }

  /** The memory of 32-bit limbs, the lowest first, that has the stack. */
  get limbs(): Uint32Array {
    return this.#executor.machine.kernel.u32;
  }

  /** Where the eight limbs of a word are, counted from the bottom. */
  limbsAt(item: number): number {
    return this.#base / 4 + item * SLOT_PARTS;
  }

  /** A word, counted from the top; undefined below the bottom. */
  top(index: number): bigint | undefined {
    const item = this.height - 1 - index;
    if (item < 0) return undefined;
    return this.#executor.machine.kernel.readWord(this.#base + item * SLOT);
  }

  /** The instruction as an object, which stays as it is. */
  toStep(): TraceStep {
    const { machine } = this.#executor;
    const { pc, op, depth, memorySize } = this;
    return {
      pc,
      op,
      opName: opNameOf(op),
      gas: machine.gas,
      gasCost: 0n,
      depth,
      memorySize,
      stack: this.#stack(),
      refund: BigInt.asIntN(64, machine.kernel.u64[(L.MACHINE_BASE + L.M_REFUND) / 8] as bigint),
    };
  }

  /** A word that is the same in the same place is not made again, nor is it another object. */
  #stack(): bigint[] {
    const { kernel } = this.#executor.machine;
    const { u32 } = kernel;
    const parts = this.#parts;
    const words = this.#words;
    for (let item = this.kept; item < this.height; item++) {
      const from = this.limbsAt(item);
      const to = item * SLOT_PARTS;
      let isSame = item < words.length;
      for (let i = 0; i < SLOT_PARTS; i++) {
        const part = u32[from + i] as number;
        isSame &&= parts[to + i] === part;
        parts[to + i] = part;
      }
      if (!isSame) words[item] = kernel.readWord(from * 4);
    }
    return words.slice(0, this.height);
  }
}

/** The name of an instruction by its byte. */
export function opNameOf(op: number): string {
  return OPCODES[op]?.name ?? `INVALID(0x${op.toString(16).padStart(2, '0')})`;
}

/** Bytes that a scalar takes in the window of a closed function. */
const SCALAR = 8;

/**
 * The function of the host that the current frame, of a module, is about to enter. Its `pc` is the
 * number of the function in the module, and its cost will have the instructions up to the next.
 */
function readHostCall({ machine }: Executor): TraceStep | undefined {
  const { program } = machine.frameAt(machine.depth) ?? {};
  if (program?.isClosed !== true) return undefined;
  const place = program.entering(machine.frameAddress);
  const called = place === undefined ? undefined : program.source.imports?.get(place);
  if (called === undefined) return undefined;
  const { params } = program.source.module.funcs[place as number] as Func;
  const { kernel } = machine;
  const frame = machine.frameAddress / 4;
  const window = kernel.u32[frame + L.F_SP / 4] as number;
  const args = params.map((type, at) => {
    const value = kernel.u64[(window + at * SCALAR) / 8] as bigint;
    return type === 'i32' ? BigInt.asUintN(32, value) : value;
  });
  const memory = kernel.u32[frame + (L.F_REGIONS + L.R_BASE) / 4] as number;
  const memorySize = kernel.u32[frame + (L.F_REGIONS + L.R_LENGTH) / 4] as number;
  const { name, stack } = hostCallOf(called.name, args, (at, size) => {
    return at + size > memorySize ? undefined : kernel.u8.slice(memory + at, memory + at + size);
  });
  return {
    pc: called.index,
    op: OP[name as OpName] ?? 0,
    opName: name,
    gas: machine.gas,
    gasCost: 0n,
    depth: machine.depth + 1,
    memorySize,
    stack,
    refund: BigInt.asIntN(64, kernel.u64[(L.MACHINE_BASE + L.M_REFUND) / 8] as bigint),
  };
}

/** Runs the started message; `onStep` sees each instruction once its cost is known. */
export function traceFrames(executor: Executor, onStep: (step: TraceStep) => void): FrameEnd {
  const { machine } = executor;
  const view = new StepView(executor);
  let last: TraceStep | undefined;
  const report = (gasAfter: bigint | undefined, depth: number): void => {
    if (last === undefined) return;
    if (gasAfter !== undefined && depth <= last.depth) last.gasCost = last.gas - gasAfter;
    onStep(last);
    last = undefined;
  };
  for (;;) {
    const step = view.look() ? view.toStep() : readHostCall(executor);
    if (step !== undefined) {
      report(step.gas, step.depth);
      last = step;
    }
    machine.pauseAfter(1n);
    const end = machine.advance();
    if (end !== undefined) {
      report(machine.depth === 0 ? end.gas : undefined, 1);
      return end;
    }
  }
}

/** Who looks at a transaction's instructions. */
export interface StepWatcher {
  /** The instruction is about to run; its operands and the memory are as it finds them. */
  before?(step: TraceStep): void;
  /** The same, for who reads the operands where the machine has them. */
  sees?(view: StepView): void;
  /**
   * The machine has left the instruction: for the next one, into a callee, or out of the frame.
   *
   * @param isFault whether the instruction ended its frame by a trap, without an effect
   */
  after?(step: TraceStep, isFault: boolean): void;
  /** A frame of a module is about to enter a function of the host, which the step stands for. */
  hostCall?(step: TraceStep): void;
}

/** What ends a frame without a fault. */
const PLAIN_ENDS: ReadonlySet<number> = new Set([OP.STOP, OP.RETURN, OP.REVERT]);

/** Runs the started frame to its end, for who looks at its instructions. */
export function runSteps(executor: Executor, watcher: StepWatcher): FrameEnd {
  const { machine } = executor;
  const view = new StepView(executor);
  let last: TraceStep | undefined;
  for (;;) {
    if (!view.look()) {
      const call = watcher.hostCall === undefined ? undefined : readHostCall(executor);
      if (call !== undefined) watcher.hostCall?.(call);
    } else if (watcher.sees === undefined) {
      const step = view.toStep();
      if (last !== undefined) watcher.after?.(last, isFault(last, step.depth, step.stack.at(-1)));
      watcher.before?.(step);
      last = step;
    } else watcher.sees(view);
    machine.pauseAfter(1n);
    const end = machine.advance();
    if (end === undefined) continue;
    const flag = end.status === 'success' ? 1n : 0n;
    if (last !== undefined) watcher.after?.(last, isFault(last, 0, flag));
    return end;
  }
}

/** Whether a frame ended by a trap of the instruction; `flag` is what its caller got. */
function isFault({ op, depth }: TraceStep, depthAfter: number, flag: bigint | undefined): boolean {
  if (depthAfter >= depth || PLAIN_ENDS.has(op)) return false;
  return op !== OP.SELFDESTRUCT || flag === 0n;
}
