/** Our machine for differential runs: the one place that knows how it is made. */
import { createMachine, type EvmMachine } from '../../src/chain/machine.ts';
import type { BlockEnv } from '../../src/chain/types.ts';
import type { EngineName } from '../../src/engines/tiering.ts';
import type { Backend } from '../../src/state/backends/backend.ts';
import type { Fork } from '../../src/vms/evm/forks.ts';
import { CASE_BLOCK } from './case.ts';
import { MachineSide } from './side.ts';

/** A machine over an empty state, or over a backend. */
export function createTestMachine(
  block: BlockEnv,
  backend?: Backend,
  fork: Fork = 'osaka',
): EvmMachine {
  return createMachine({ fork, block, ...(backend === undefined ? {} : { backend }) });
}

/** The machine as a side of a differential run; a compiler compiles all code before it runs. */
export function createMachineSide(
  block: BlockEnv = CASE_BLOCK,
  fork: Fork = 'osaka',
  engine: EngineName = 'interpreter',
): MachineSide {
  return new MachineSide(createMachine({ fork, block, engine, tier: { entriesMin: 0 } }));
}
