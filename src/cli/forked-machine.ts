/** A machine over the state of another chain, for a command that runs one contract. */
import { keccak_256 } from '@noble/hashes/sha3.js';
import { createMachine } from '../chain/machine.ts';
import type { Machine } from '../chain/types.ts';
import { createForkBackend } from '../node/fork/cells.ts';
import { openFork } from '../node/fork/fork.ts';
import type { Args } from './args.ts';
import { readForkOptions } from './fork-options.ts';
import type { MachineOptions } from './io.ts';

/** Runs something on a machine, again and again where state is missing. */
export type Insist = <T>(run: () => T) => T | Promise<T>;

export interface ForkedMachine {
  readonly machine: Machine;
  readonly insist: Insist;
}

/**
 * The machine that the options of a fork ask for; undefined where they name none. Its block is the
 * one after that of the fork, without a base fee.
 */
export async function openForkedMachine(
  args: Args,
  options: MachineOptions,
): Promise<ForkedMachine | undefined> {
  const asked = readForkOptions(args, 'run');
  if (asked === undefined) return undefined;
  const fork = await openFork(asked, keccak_256);
  const { header } = fork.block;
  const { olderHash } = fork.base();
  const machine = createMachine({
    ...options,
    backend: createForkBackend(fork.cells),
    chainId: fork.chainId,
    block: {
      number: header.number + 1n,
      timestamp: header.timestamp + 1n,
      gasLimit: header.gasLimit,
      coinbase: header.coinbase,
      blockHash: (number) => (number === fork.number ? fork.hash : olderHash(number)),
    },
  });
  const insist: Insist = (run) =>
    fork.attempt((isKept) => {
      const before = machine.snapshot();
      try {
        const result = run();
        if (isKept()) return { result };
      } catch (error) {
        if (isKept()) throw error;
      }
      machine.restore(before);
      return undefined;
    });
  return { machine, insist };
}
