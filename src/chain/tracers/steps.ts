/**
 * A world whose transactions stop at every instruction, for tracers that need the operands.
 *
 * Blocks of code are single instructions here, so that this is for looking and not for speed. What
 * a transaction does, and what it costs, is the same as in any other world.
 */
import * as L from '../../kernel/layout.ts';
import { runSteps, type StepWatcher } from '../trace.ts';
import type { Transaction } from '../transactions/types.ts';
import { type BlockLimits, EvmWorld, type TransactionResult, type WorldOptions } from '../world.ts';

export type { StepWatcher } from '../trace.ts';

/** Bytes beyond the memory that are read as zeros; a range that goes further is not read. */
const PADDING_MAX = 1 << 20;
/** Place of the return data among a frame's regions. */
const RETURN_REGION = 3;

/**
 * Over the backend of another world it finds that world's state, once that one is flushed. What a
 * transaction changes stays in the journal: `world.flush` keeps it, `world.reset` forgets it.
 */
export class StepWorld {
  readonly world: EvmWorld;
  #watcher: StepWatcher | undefined;

  /** The engine is the interpreter, whatever the options say. */
  constructor({ engine: _engine, tier: _tier, ...rest }: WorldOptions) {
    this.world = new EvmWorld({ ...rest, lengthMax: 1 });
    const { executor } = this.world;
    const run = executor.run.bind(executor);
    executor.run = (ended) => run(ended ?? (this.#watcher && runSteps(executor, this.#watcher)));
  }

  /** Applies a transaction as `EvmWorld.apply` does, and shows its instructions. */
  apply(
    tx: Transaction,
    sender: Uint8Array,
    limits: BlockLimits,
    watcher: StepWatcher,
  ): TransactionResult {
    this.#watcher = watcher;
    try {
      return this.world.apply(tx, sender, limits);
    } finally {
      this.#watcher = undefined;
    }
  }

  /** The account whose storage the current frame addresses, 20 bytes. */
  get address(): Uint8Array {
    const { machine } = this.world.executor;
    return machine.ownerId(machine.owner);
  }

  /** What the last call of the current frame returned. */
  get returnData(): Uint8Array {
    const { kernel, frameAddress } = this.world.executor.machine;
    const region = (frameAddress + L.F_REGIONS + RETURN_REGION * L.REGION_BYTES) / 4;
    const base = kernel.u32[region + L.R_BASE / 4] as number;
    return kernel.u8.slice(base, base + (kernel.u32[region + L.R_LENGTH / 4] as number));
  }

  /** A range of the current frame's memory; undefined where it reaches far beyond its end. */
  readMemory(offset: bigint, size: bigint): Uint8Array | undefined {
    const { kernel, frameAddress } = this.world.executor.machine;
    const region = (frameAddress + L.F_REGIONS) / 4;
    const length = kernel.u32[region + L.R_LENGTH / 4] as number;
    if (offset + size > BigInt(length + PADDING_MAX)) return undefined;
    const bytes = new Uint8Array(Number(size));
    if (offset >= BigInt(length)) return bytes;
    const start = Number(offset);
    const base = kernel.u32[region + L.R_BASE / 4] as number;
    const end = Math.min(start + bytes.length, length);
    bytes.set(kernel.u8.subarray(base + start, base + end));
    return bytes;
  }
}
