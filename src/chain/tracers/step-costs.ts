/**
 * What each instruction of a transaction costs, and which of them fail and why. An instruction
 * tells its cost only when it is over: who has to know it before runs the transaction twice.
 */
import type { FrameEnd, MachineAccess } from '../../dmir/host.ts';
import type { FailureCause, FrameEntry } from '../../vms/evm/host/observer.ts';
import type { TraceStep } from '../types.ts';
import { FrameRecorder } from './observer.ts';
import type { StepWatcher, StepWorld } from './steps.ts';

/** Costs of the instructions in their order. */
export interface StepCosts {
  /** Gas, that of a frame that is entered included. */
  readonly costs: readonly number[];
  /** Why instructions failed, by their place. */
  readonly errors: ReadonlyMap<number, string>;
}

/** Instructions of a transaction at most. */
const STEPS_MAX = 1 << 24;

/** Watches a transaction; afterwards it has the costs. */
export class CostRecorder extends FrameRecorder implements StepWatcher, StepCosts {
  readonly costs: number[] = [];
  readonly errors = new Map<number, string>();
  #last: TraceStep | undefined;
  /** Whether the cost of the last instruction is known: it entered or ended a frame. */
  #isPaid = true;
  #isRejected = false;
  /** Whether each frame that runs creates an account: its end pays for the code. */
  readonly #creations: boolean[] = [];

  constructor({ world: { executor } }: StepWorld) {
    super(executor.host, executor.machine);
  }

  before(step: TraceStep): void {
    if (this.#last !== undefined && !this.#isPaid) this.#pay(this.#last.gas - step.gas);
    if (this.costs.length >= STEPS_MAX) throw new RangeError(`above ${STEPS_MAX} instructions`);
    this.#last = step;
    this.#isPaid = false;
    this.costs.push(0);
  }

  #pay(cost: bigint): void {
    this.costs[this.costs.length - 1] = Number(cost);
    this.#isPaid = true;
  }

  override enter(machine: MachineAccess, entry: FrameEntry): void {
    if (this.#last !== undefined && !this.#isPaid) this.#pay(this.#last.gas - machine.gas);
    this.#creations.push(entry.type.startsWith('CREATE'));
    super.enter(machine, entry);
  }

  override reject(cause: FailureCause, code?: Uint8Array | bigint): void {
    this.#isRejected = true;
    super.reject(cause, code);
  }

  override exit(machine: MachineAccess, end: FrameEnd, output?: Uint8Array): void {
    const { running } = this;
    super.exit(machine, end, output);
    const isCreation = this.#creations.pop() === true;
    const isRejected = this.#isRejected;
    this.#isRejected = false;
    if (this.#last === undefined || this.#isPaid) return;
    const error = running?.error;
    const isHalt = end.status === 'halt';
    if (isHalt) this.#pay(isRejected ? 0n : this.#last.gas);
    else this.#pay(isCreation && end.status === 'success' ? 0n : this.#last.gas - end.gas);
    if (error !== undefined && !isRejected) this.errors.set(this.costs.length - 1, error);
  }
}
