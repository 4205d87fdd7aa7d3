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
 * Reads the steps of an executor. From one to the next most of the stack stays as it is: a word
 * that is the same in the same place is not made again, nor is it another object.
 */
class StepReader {
  readonly #executor: Executor;
  readonly #parts = new Uint32Array(STACK_MAX * SLOT_PARTS);
  readonly #words: bigint[] = [];
  #last: TraceStep | undefined;

  constructor(executor: Executor) {
    this.#executor = executor;
  }

  /** The instruction that the current frame is about to run; undefined for a synthetic block. */
  read(): TraceStep | undefined {
    const { machine } = this.#executor;
    const { kernel } = machine;
    const pc = machine.blockId();
    const code = machine.code;
    if (pc === undefined || pc > code.length) {
      this.#last = undefined;
      return undefined;
    }
    const op = code[pc] ?? 0;
    const frame = machine.frameAddress / 4;
    const base = kernel.u32[frame + L.F_WINDOW_BASE / 4] as number;
    const top = kernel.u32[frame + L.F_SP / 4] as number;
    const depth = machine.depth + 1;
    const step: TraceStep = {
      pc,
      op,
      opName: OPCODES[op]?.name ?? `INVALID(0x${op.toString(16).padStart(2, '0')})`,
      gas: machine.gas,
      gasCost: 0n,
      depth,
      memorySize: kernel.u32[frame + (L.F_REGIONS + L.R_LENGTH) / 4] as number,
      stack: this.#stack(base, (top - base) / SLOT, keptWords(this.#last, depth)),
      refund: BigInt.asIntN(64, kernel.u64[(L.MACHINE_BASE + L.M_REFUND) / 8] as bigint),
    };
    this.#last = step;
    return step;
  }

  /** @param kept - Words from the bottom on that are those of the last step. */
  #stack(base: number, count: number, kept: number): bigint[] {
    const { kernel } = this.#executor.machine;
    const { u32 } = kernel;
    const parts = this.#parts;
    const words = this.#words;
    for (let item = kept; item < count; item++) {
      const from = base / 4 + item * SLOT_PARTS;
      const to = item * SLOT_PARTS;
      let isSame = item < words.length;
      for (let i = 0; i < SLOT_PARTS; i++) {
        const part = u32[from + i] as number;
        isSame &&= parts[to + i] === part;
        parts[to + i] = part;
      }
      if (!isSame) words[item] = kernel.readWord(base + item * SLOT);
    }
    return words.slice(0, count);
  }
}

/**
 * Words of the stack that an instruction leaves as they are, from the bottom on, where the next
 * step is at a depth; between two at the same depth there is no other of their frame.
 */
export function keptWords(last: TraceStep | undefined, depth: number): number {
  if (last === undefined || last.depth !== depth) return 0;
  return Math.max(0, last.stack.length - (OPCODES[last.op]?.pops ?? STACK_MAX));
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
  const reader = new StepReader(executor);
  let last: TraceStep | undefined;
  const report = (gasAfter: bigint | undefined, depth: number): void => {
    if (last === undefined) return;
    if (gasAfter !== undefined && depth <= last.depth) last.gasCost = last.gas - gasAfter;
    onStep(last);
    last = undefined;
  };
  for (;;) {
    const step = reader.read() ?? readHostCall(executor);
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
  before(step: TraceStep): void;
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
  const reader = new StepReader(executor);
  let last: TraceStep | undefined;
  for (;;) {
    const step = reader.read();
    if (step !== undefined) {
      if (last !== undefined) watcher.after?.(last, isFault(last, step.depth, step.stack.at(-1)));
      watcher.before(step);
      last = step;
    } else if (watcher.hostCall !== undefined) {
      const call = readHostCall(executor);
      if (call !== undefined) watcher.hostCall(call);
    }
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
