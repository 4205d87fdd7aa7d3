/**
 * The struct logger of go-ethereum: every instruction of a transaction, by running it again
 * (`debug_traceTransaction` without a tracer).
 */
import { bytesToHex } from '../../base/bytes.ts';
import type { StepView } from '../../chain/trace.ts';
import { FrameRecorder } from '../../chain/tracers/observer.ts';
import type { StepWatcher, StepWorld } from '../../chain/tracers/steps.ts';
import type { Transaction } from '../../chain/transactions/types.ts';
import type { Hex, TraceStep } from '../../chain/types.ts';
import type { BlockLimits, ExecutedTransaction } from '../../chain/world.ts';
import type { FrameEnd, MachineAccess } from '../../dmir/host.ts';
import { SPACE } from '../../vms/evm/host/accounts.ts';
import type { FrameEntry } from '../../vms/evm/host/observer.ts';
import { OP } from '../../vms/evm/opcodes.ts';
import { serverError } from '../rpc/errors.ts';
import { Rendered } from '../rpc/rendered.ts';
import { toWord } from '../rpc/types.ts';
import { StructRecord, type StructStack, type StructStep } from './struct-record.ts';

export interface StructLogConfig {
  readonly disableStack?: boolean;
  readonly disableStorage?: boolean;
  readonly enableMemory?: boolean;
  readonly enableReturnData?: boolean;
  /** Instructions at most; 0 for all. */
  readonly limit?: bigint;
}

const WORD = 32;
/** Values of a trace at most: words of stacks and memories, and a log's own. */
const VALUES_MAX = 1 << 24;
const LOG_VALUES = 8;
const TOO_MUCH = `the trace has more than ${VALUES_MAX} values: give a limit, or leave the stack out`;
/** What go-ethereum finds before it logs an instruction, so that the log has it. */
const EARLY_ERROR = /^(out of gas|stack |gas uint64)/;

const NO_WORDS: Hex[] = [];
const HIGH = 2 ** 32;
const WORD_LIMBS = 8;

/** What the logger reads of an instruction. */
interface LoggedStep extends StructStep, StructStack {
  readonly memorySize: number;
  /** A word of the stack, counted from the top; undefined below the bottom. */
  top(index: number): bigint | undefined;
}

/** A function of the host. Its operands are those of the opcode alone: none was there before. */
class HostCallView implements LoggedStep {
  readonly pc: number;
  readonly op: number;
  readonly gasLow: number;
  readonly gasHigh: number;
  readonly depth: number;
  readonly refund: number;
  readonly memorySize: number;
  readonly height: number;
  readonly kept = 0;
  readonly limbs: Uint32Array;
  readonly #stack: readonly bigint[];

  constructor({ pc, op, gas, depth, refund, memorySize, stack }: TraceStep) {
    this.pc = pc;
    this.op = op;
    this.gasLow = Number(BigInt.asUintN(32, gas));
    this.gasHigh = Number(gas >> 32n);
    this.depth = depth;
    this.refund = Number(refund);
    this.memorySize = memorySize;
    this.height = stack.length;
    this.limbs = Uint32Array.from({ length: WORD_LIMBS * stack.length }, (_, at) =>
      Number(BigInt.asUintN(32, (stack[at >> 3] as bigint) >> BigInt(32 * (at & 7)))),
    );
    this.#stack = stack;
  }

  limbsAt(item: number): number {
    return WORD_LIMBS * item;
  }

  top(index: number): bigint | undefined {
    return this.#stack.at(-1 - index);
  }
}

class StructLogger implements StepWatcher {
  readonly record = new StructRecord();
  readonly #stepped: StepWorld;
  readonly #config: StructLogConfig;
  #values = 0;
  readonly #slots = new Map<string, Map<string, Hex>>();
  /** Depth of the last instruction, 0 before there is one, and the gas that it found, by halves. */
  #depth = 0;
  #gasLow = 0;
  #gasHigh = 0;
  /** Whether the last instruction is the latest of the record. */
  #isLogged = false;
  /** Whether the cost of the last instruction is known: that of one which enters a frame. */
  #isPaid = false;
  /** Whether the last step is a function of the host: the module may fail later than there. */
  #isHostCall = false;

  constructor(stepped: StepWorld, config: StructLogConfig) {
    this.#stepped = stepped;
    this.#config = config;
  }

  sees(view: StepView): void {
    this.#isHostCall = false;
    this.#take(view);
  }

  hostCall(step: TraceStep): void {
    this.#isHostCall = true;
    this.#take(new HostCallView(step));
    if (this.#isLogged) this.record.opName = step.opName;
  }

  #take(step: LoggedStep): void {
    const { depth, gasLow, gasHigh } = step;
    if (this.#isLogged && !this.#isPaid && depth === this.#depth) {
      this.record.cost = (this.#gasHigh - gasHigh) * HIGH + (this.#gasLow - gasLow);
    }
    this.#isPaid = false;
    this.#depth = depth;
    this.#gasLow = gasLow;
    this.#gasHigh = gasHigh;
    this.#isLogged = !this.#isFull();
    if (this.#isLogged) this.#log(step);
  }

  /** The last instruction enters a frame, and this is left to its own. */
  enters(gasLeft: bigint): void {
    if (!this.#isLogged) return;
    this.record.cost = this.#paid(gasLeft);
    this.#isPaid = true;
  }

  /** The frame of the last instruction ends. */
  ends(gasLeft: bigint | undefined, error: string | undefined): void {
    if (!this.#isLogged || this.#isPaid) return;
    this.#isPaid = true;
    if (error === undefined || error === 'execution reverted') {
      this.record.cost = gasLeft === undefined ? 0 : this.#paid(gasLeft);
      return;
    }
    // A failure takes what is left.
    this.record.cost = this.#paid(0n);
    if (EARLY_ERROR.test(error) && !this.#isHostCall) this.record.extend({ error });
  }

  /** What of the gas that the last instruction found is gone. */
  #paid(gasLeft: bigint): number {
    return Number(((BigInt(this.#gasHigh) << 32n) | BigInt(this.#gasLow)) - gasLeft);
  }

  #isFull(): boolean {
    const { limit = 0n } = this.#config;
    return limit > 0n && BigInt(this.record.count) >= limit;
  }

  #log(step: LoggedStep): void {
    const { disableStack, enableMemory, enableReturnData } = this.#config;
    this.record.add(step, disableStack === true ? undefined : step);
    const memory = enableMemory === true ? this.#memory(step) : NO_WORDS;
    if (memory.length > 0) this.record.extend({ memory });
    const storage = this.#storage(step);
    if (storage !== undefined) this.record.extend({ storage });
    const returnData = enableReturnData === true ? bytesToHex(this.#stepped.returnData) : '0x';
    if (returnData !== '0x') this.record.extend({ returnData });
    this.#values += LOG_VALUES + step.height + memory.length;
    if (this.#values > VALUES_MAX) throw serverError(TOO_MUCH);
  }

  #memory({ memorySize }: LoggedStep): Hex[] {
    const words: Hex[] = [];
    const bytes = this.#stepped.readMemory(0n, BigInt(memorySize));
    if (bytes === undefined) return words;
    for (let at = 0; at < memorySize; at += WORD) {
      const part = new Uint8Array(WORD);
      part.set(bytes.subarray(at, at + WORD));
      words.push(bytesToHex(part));
    }
    return words;
  }

  /** Slots of the contract that were met so far, where this instruction meets one. */
  #storage(step: LoggedStep): Readonly<Record<string, Hex>> | undefined {
    const isStore = step.op === OP.SSTORE;
    if (!isStore && step.op !== OP.SLOAD) return undefined;
    const slot = step.top(0);
    if (this.#config.disableStorage === true || slot === undefined) return undefined;
    const { world, address } = this.#stepped;
    const value = isStore ? step.top(1) : world.executor.readWord(SPACE.slot, address, slot);
    if (value === undefined) return undefined;
    const owner = bytesToHex(address);
    const slots = this.#slots.get(owner) ?? new Map<string, Hex>();
    slots.set(toWord(slot), toWord(value));
    this.#slots.set(owner, slots);
    return Object.fromEntries([...slots].sort(([a], [b]) => (a < b ? -1 : 1)));
  }
}

/** Tells the logger of frames, whose gas the steps alone do not tell. */
class FrameTeller extends FrameRecorder {
  readonly #logger: StructLogger;
  /** Whether each frame that runs creates an account: its end pays for the code. */
  readonly #creations: boolean[] = [];

  constructor(stepped: StepWorld, logger: StructLogger) {
    super(stepped.world.executor.host, stepped.world.executor.machine);
    this.#logger = logger;
  }

  override enter(machine: MachineAccess, entry: FrameEntry): void {
    if (this.#creations.length > 0) this.#logger.enters(machine.gas);
    this.#creations.push(entry.type.startsWith('CREATE'));
    super.enter(machine, entry);
  }

  override exit(machine: MachineAccess, end: FrameEnd, output?: Uint8Array): void {
    const { running } = this;
    super.exit(machine, end, output);
    const isCreation = this.#creations.pop() === true;
    this.#logger.ends(isCreation ? undefined : end.gas, running?.error);
  }
}

export interface StructTrace {
  readonly result: ExecutedTransaction;
  readonly trace: Rendered;
}

/** Runs a transaction and logs its instructions; undefined for one that is rejected. */
export function traceStructLogs(
  stepped: StepWorld,
  tx: Transaction,
  sender: Uint8Array,
  limits: BlockLimits,
  config: StructLogConfig,
): StructTrace | undefined {
  const { host } = stepped.world.executor;
  const logger = new StructLogger(stepped, config);
  host.observer = new FrameTeller(stepped, logger);
  try {
    const result = stepped.apply(tx, sender, limits, logger);
    if (result.kind === 'rejected') return undefined;
    const whole = {
      gas: Number(result.gasUsed),
      failed: result.status !== 'success',
      returnValue: bytesToHex(result.output),
    };
    const { record } = logger;
    const trace = new Rendered(
      () => ({ ...whole, structLogs: record.toValue() }),
      function* (out) {
        out.text(`${JSON.stringify(whole).slice(0, -1)},"structLogs":`);
        yield* record.write(out);
        out.text('}');
      },
    );
    return { result, trace };
  } finally {
    host.observer = undefined;
  }
}
