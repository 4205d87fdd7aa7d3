/** The machine and the oracle as the two sides of a life. */
import type { EvmMachine } from '../../src/chain/machine.ts';
import type { AccountDump, BlockEnv } from '../../src/chain/types.ts';
import { createMemoryBackend } from '../../src/state/backends/memory.ts';
import { createTestMachine } from '../oracle/machine.ts';
import { observe } from '../oracle/observe.ts';
import { createOracle } from '../support/ethereumjs.ts';
import type { LifeSide } from './life.ts';

export async function createOracleLife(block: BlockEnv): Promise<LifeSide> {
  const oracle = await createOracle(block);
  return {
    call: (options) => oracle.call(options),
    deploy: (options) => oracle.deploy(options),
    fund: (address, balance) => oracle.setAccount(address, { balance }),
  };
}

/** Our side, which tells its accounts. */
export interface MachineLife extends LifeSide {
  dump(): AccountDump[];
}

/** A machine has one block, so a new one is made over the same backend when the block moves on. */
export function createMachineLife(block: BlockEnv): MachineLife {
  const backend = createMemoryBackend();
  let machine = createTestMachine(block, backend);
  let { number } = block;
  const current = (): EvmMachine => {
    if (number !== block.number) {
      machine.executor.flush();
      machine = createTestMachine(block, backend);
      number = block.number;
    }
    return machine;
  };
  return {
    call: (options) => observe(current(), current().call(options)),
    deploy: (options) => observe(current(), current().deploy(options)),
    fund: (address, balance) => current().state.setBalance(address, balance),
    dump: () => current().state.dump(),
  };
}
