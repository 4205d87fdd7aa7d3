/** Applies a transaction and records its frames. */
import type { Rejection } from '../transactions/rejections.ts';
import type { Transaction } from '../transactions/types.ts';
import type { BlockLimits, EvmWorld, ExecutedTransaction } from '../world.ts';
import { FrameRecorder, type TracedFrame } from './observer.ts';

/** A transaction that was applied, for the tracers to look at. */
export interface TransactionTrace {
  readonly kind: 'traced';
  readonly result: ExecutedTransaction;
  /** The outermost frame, with the gas limit and the gas used of the transaction. */
  readonly frame: TracedFrame;
}

/**
 * Applies a transaction as `EvmWorld.apply` does, and records its frames.
 *
 * Any world will do; one with `lengthMax: 1` is slower and knows at which instruction a frame
 * failed, so that errors name the opcode and the height of the stack.
 *
 * @param limits what the block has left; as much as the transaction asks for unless told
 * @throws what `EvmWorld.apply` throws
 */
export function traceTransaction(
  world: EvmWorld,
  tx: Transaction,
  sender: Uint8Array,
  limits: BlockLimits = unlimited(world, tx),
): TransactionTrace | { readonly kind: 'rejected'; readonly rejection: Rejection } {
  const { host, machine } = world.executor;
  const recorder = new FrameRecorder(host, machine);
  host.observer = recorder;
  try {
    const result = world.apply(tx, sender, limits);
    if (result.kind === 'rejected') return result;
    const { outermost } = recorder;
    if (outermost === undefined) throw new Error('BUG: a transaction ran no frame to its end');
    const frame = { ...outermost, gas: tx.gasLimit, gasUsed: result.gasUsed };
    return { kind: 'traced', result, frame };
  } finally {
    host.observer = undefined;
  }
}

function unlimited({ costs }: EvmWorld, tx: Transaction): BlockLimits {
  return { gas: tx.gasLimit, blobGas: BigInt(tx.blobHashes.length) * costs.blobGas };
}
