/** Steps through frames whose blocks are single EVM instructions. */
import type { FrameEnd } from '../dmir/host.ts';
import * as L from '../kernel/layout.ts';
import { OP, OPCODES } from '../vms/evm/opcodes.ts';
import type { Executor } from './executor.ts';
import type { TraceStep } from './types.ts';

const SLOT = 32;

/** Runs the started message; `onStep` sees each instruction once its cost is known. */
export function traceFrames(executor: Executor, onStep: (step: TraceStep) => void): FrameEnd {
  const { machine } = executor;
  let last: TraceStep | undefined;
  const report = (gasAfter: bigint | undefined, depth: number): void => {
    if (last === undefined) return;
    if (gasAfter !== undefined && depth <= last.depth) last.gasCost = last.gas - gasAfter;
    onStep(last);
    last = undefined;
  };
  for (;;) {
    const step = readStep(executor);
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

/** The instruction that the current frame is about to run; undefined for a synthetic block. */
export function readStep(executor: Executor): TraceStep | undefined {
  const { machine } = executor;
  const { kernel } = machine;
  const pc = machine.blockId();
  const code = machine.currentCode();
  if (pc === undefined || pc > code.length) return undefined;
  const op = code[pc] ?? 0;
  const frame = machine.frameAddress / 4;
  const base = kernel.u32[frame + L.F_WINDOW_BASE / 4] as number;
  const top = kernel.u32[frame + L.F_SP / 4] as number;
  const stack: bigint[] = [];
  for (let at = base; at < top; at += SLOT) stack.push(kernel.readWord(at));
  return {
    pc,
    op,
    opName: OPCODES[op]?.name ?? `INVALID(0x${op.toString(16).padStart(2, '0')})`,
    gas: machine.gas,
    gasCost: 0n,
    depth: machine.depth + 1,
    memorySize: kernel.u32[frame + (L.F_REGIONS + L.R_LENGTH) / 4] as number,
    stack,
    refund: BigInt.asIntN(64, kernel.u64[(L.MACHINE_BASE + L.M_REFUND) / 8] as bigint),
  };
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
}

/** What ends a frame without a fault. */
const PLAIN_ENDS: ReadonlySet<number> = new Set([OP.STOP, OP.RETURN, OP.REVERT]);

/** Runs the started frame to its end, for who looks at its instructions. */
export function runSteps(executor: Executor, watcher: StepWatcher): FrameEnd {
  const { machine } = executor;
  let last: TraceStep | undefined;
  for (;;) {
    const step = readStep(executor);
    if (step !== undefined) {
      if (last !== undefined) watcher.after?.(last, isFault(last, step.depth, step.stack.at(-1)));
      watcher.before(step);
      last = step;
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
