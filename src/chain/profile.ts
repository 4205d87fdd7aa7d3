/** How much work the interpreter does for a message: dispatches beside EVM instructions. */
import { assert } from '../base/assert.ts';
import { DEFAULT_GAS, type EvmMachine } from './machine.ts';
import type { CallOptions, Outcome } from './types.ts';

export interface Profile {
  readonly outcome: Outcome;
  /** EVM instructions of the blocks that ran. */
  readonly instructions: number;
  /** Bytecode words dispatched for them. */
  readonly dispatches: number;
  readonly blocks: number;
}

/**
 * Runs a message block by block, counts, and undoes it.
 *
 * A block that traps in its middle counts whole.
 */
export function profileCall(machine: EvmMachine, options: CallOptions): Profile {
  const { executor } = machine;
  const interpreter = executor.machine;
  let instructions = 0;
  let dispatches = 0;
  let blocks = 0;
  try {
    let end = machine.start(options);
    while (end === undefined) {
      const before = interpreter.currentProgram();
      const id = interpreter.blockId();
      interpreter.pauseAfter(1n);
      end = interpreter.advance();
      // A frame of a module has no such blocks.
      if (before === undefined) continue;
      const block = id === undefined ? undefined : before.blocks.get(id);
      assert(block !== undefined, 'a run stopped where no block begins');
      instructions += block.instructions;
      dispatches += block.dispatches;
      blocks++;
    }
    const outcome = executor.outcome(options.gas ?? DEFAULT_GAS, end, 'insufficient-balance');
    return { outcome, instructions, dispatches, blocks };
  } finally {
    executor.undo();
  }
}
