/**
 * The `vmTrace` of Parity: every instruction with its cost and what it left on the stack, in memory
 * and in the storage, and below it those of the frame that it entered. Fields are those of
 * OpenEthereum, with `op` and `idx` as Erigon adds them.
 */
import { bytesToHex } from '../../base/bytes.ts';
import { FrameRecorder } from '../../chain/tracers/observer.ts';
import type { StepWatcher, StepWorld } from '../../chain/tracers/steps.ts';
import type { Hex, TraceStep } from '../../chain/types.ts';
import type { FrameEnd, MachineAccess } from '../../dmir/host.ts';
import type { FailureCause, FrameEntry } from '../../vms/evm/host/observer.ts';
import { OPCODES } from '../../vms/evm/opcodes.ts';
import { serverError } from '../rpc/errors.ts';
import { toQuantity } from '../rpc/types.ts';
import type { TraceTask } from './trace.ts';

interface Executed {
  mem: { readonly data: Hex; readonly off: number } | null;
  push: readonly Hex[];
  readonly store: { readonly key: Hex; readonly val: Hex } | null;
  /** Gas that is left, whatever the name says. */
  used: number;
}

interface VmOperation {
  cost: number;
  /** Null for an instruction that failed. */
  ex: Executed | null;
  readonly pc: number;
  sub: VmTrace | null;
  readonly op: string;
  /** The places of the instruction in its frame and in those around it. */
  readonly idx: string;
}

/** What the code of a frame did. */
export interface VmTrace {
  code: Hex;
  readonly ops: VmOperation[];
}

/** A frame that runs. */
interface Open {
  readonly trace: VmTrace;
  readonly prefix: string;
  readonly isCreation: boolean;
  /** The instruction whose effect is not there yet. */
  last?: { readonly step: TraceStep; readonly operation: VmOperation; isPaid: boolean } | undefined;
}

/** Where offset and size of what an instruction writes stand on the stack, or its size in bytes. */
const WRITES: Readonly<Record<string, readonly [offset: number, place: number, bytes?: number]>> = {
  MLOAD: [0, 0, 32],
  MSTORE: [0, 0, 32],
  MSTORE8: [0, 0, 1],
  CALLDATACOPY: [0, 2],
  CODECOPY: [0, 2],
  RETURNDATACOPY: [0, 2],
  MCOPY: [0, 2],
  EXTCODECOPY: [1, 3],
  CALL: [5, 6],
  CALLCODE: [5, 6],
  DELEGATECALL: [4, 5],
  STATICCALL: [4, 5],
};

/** Words of stacks and of memory in a trace at most. */
const VALUES_MAX = 1 << 24;
const OPERATION_VALUES = 8;
const WORD = 32;

class VmTracer extends FrameRecorder implements StepWatcher {
  root: VmTrace = { code: '0x', ops: [] };
  readonly #stepped: StepWorld;
  readonly #frames: Open[] = [];
  #values = 0;
  #isRejected = false;

  constructor(stepped: StepWorld) {
    super(stepped.world.executor.host, stepped.world.executor.machine);
    this.#stepped = stepped;
  }

  override enter(machine: MachineAccess, entry: FrameEntry): void {
    super.enter(machine, entry);
    const above = this.#frames.at(-1);
    const trace: VmTrace = { code: '0x', ops: [] };
    const last = above?.last;
    if (last === undefined) this.root = trace;
    else {
      last.operation.cost = Number(last.step.gas - machine.gas);
      last.isPaid = true;
      last.operation.sub = entry.isPrecompile ? null : trace;
    }
    const isCreation = entry.type.startsWith('CREATE');
    this.#frames.push({ trace, prefix: last?.operation.idx ?? '', isCreation });
  }

  before(step: TraceStep): void {
    const frame = this.#frames.at(-1) as Open;
    this.#complete(frame, step);
    const { ops } = frame.trace;
    if (ops.length === 0) {
      frame.trace.code = bytesToHex(this.#stepped.world.executor.machine.code);
    }
    const { pc, opName, stack, gas } = step;
    const place = `${ops.length}`;
    const idx = frame.prefix === '' ? place : `${frame.prefix}-${place}`;
    const [key, val] = opName === 'SSTORE' ? [stack.at(-1), stack.at(-2)] : [];
    const isStored = key !== undefined && val !== undefined;
    const store = isStored ? { key: toQuantity(key), val: toQuantity(val) } : null;
    const ex: Executed = { mem: null, push: [], store, used: Number(gas) };
    const operation: VmOperation = { cost: 0, ex, pc, sub: null, op: opName, idx };
    ops.push(operation);
    frame.last = { step, operation, isPaid: false };
    this.#count(OPERATION_VALUES);
  }

  /** Adds what the last instruction of a frame did, which goes on with the next one. */
  #complete({ last }: Open, { stack, gas }: TraceStep): void {
    if (last === undefined) return;
    const { step, operation, isPaid } = last;
    if (!isPaid) operation.cost = Number(step.gas - gas);
    const { ex } = operation;
    if (ex === null) return;
    const pushed = OPCODES[step.op]?.pushes ?? 0;
    ex.used = Number(gas);
    ex.push = pushed === 0 ? [] : stack.slice(-pushed).map(toQuantity);
    ex.mem = this.#written(step);
    this.#count(pushed);
  }

  #written({ opName, stack }: TraceStep): Executed['mem'] {
    const [offsetAt, sizeAt, bytes] = WRITES[opName] ?? [];
    if (offsetAt === undefined || sizeAt === undefined) return null;
    const offset = stack.at(-1 - offsetAt) as bigint;
    const size = bytes === undefined ? (stack.at(-1 - sizeAt) as bigint) : BigInt(bytes);
    if (size === 0n) return null;
    this.#count(Number(size) / WORD);
    const data = this.#stepped.readMemory(offset, size);
    return data === undefined ? null : { data: bytesToHex(data), off: Number(offset) };
  }

  override reject(cause: FailureCause, code?: Uint8Array | bigint): void {
    this.#isRejected = true;
    super.reject(cause, code);
  }

  override exit(machine: MachineAccess, end: FrameEnd, output?: Uint8Array): void {
    super.exit(machine, end, output);
    const { last, trace, isCreation } = this.#frames.pop() as Open;
    const isRejected = this.#isRejected;
    this.#isRejected = false;
    const caller = this.#frames.at(-1)?.last;
    if (isRejected && trace.ops.length === 0 && caller !== undefined) caller.operation.sub = null;
    if (last === undefined || last.isPaid) return;
    const { step, operation } = last;
    if (end.status === 'halt' && !isRejected) {
      operation.cost = Number(step.gas);
      operation.ex = null;
      return;
    }
    // The end of a creation pays for the code too, which is no cost of the instruction.
    const left = isCreation && end.status !== 'revert' ? step.gas : end.gas;
    operation.cost = Number(step.gas - left);
    if (operation.ex !== null) operation.ex.used = Number(left);
  }

  #count(values: number): void {
    this.#values += values;
    if (this.#values > VALUES_MAX) {
      throw serverError(`the trace has more than ${VALUES_MAX} values: ask for trace or stateDiff`);
    }
  }
}

/** Runs a transaction and tells of its instructions; undefined for one that is refused. */
export function traceVm({ stepped, tx, sender, limits }: TraceTask): VmTrace | undefined {
  const { host } = stepped.world.executor;
  const tracer = new VmTracer(stepped);
  host.observer = tracer;
  try {
    const result = stepped.apply(tx, sender, limits, tracer);
    return result.kind === 'rejected' ? undefined : tracer.root;
  } finally {
    host.observer = undefined;
  }
}
