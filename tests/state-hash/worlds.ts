/** Worlds of cases for tests of machine states: a machine over its own backend, and a message. */
import { keccak_256 } from '@noble/hashes/sha3.js';
import { createMachine, type EvmMachine } from '../../src/chain/machine.ts';
import { continueUntil, type RunProgress, runUntil } from '../../src/chain/snapshot.ts';
import type { CallOptions, DeployOptions, Outcome } from '../../src/chain/types.ts';
import type { SnapshotBackend } from '../../src/state/backends/backend.ts';
import { createMemoryBackend } from '../../src/state/backends/memory.ts';
import { createEvmView } from '../../src/state/views/evm.ts';
import { CASE_BLOB_HASHES, CASE_BLOCK, CASE_GAS_PRICE, type Case } from '../oracle/case.ts';

export const FORK = 'osaka';

/** The accounts of a case at rest in a backend, and the message as a machine takes it. */
export interface World {
  machine: EvmMachine;
  backend: SnapshotBackend;
  options: CallOptions | DeployOptions;
}

/** A world of a case; `before` runs on the machine first, and must leave no change. */
export function createWorld(value: Case, before?: (machine: EvmMachine) => void): World {
  const backend = createMemoryBackend();
  const machine = createMachine({ fork: FORK, block: CASE_BLOCK, backend });
  before?.(machine);
  fillWorld(machine, value);
  machine.executor.flush();
  return { machine, backend, options: toOptions(value) };
}

/** Gives the machine the accounts of a case. */
export function fillWorld({ state }: EvmMachine, { accounts }: Case): void {
  for (const { address, balance, nonce, code, storage } of accounts) {
    state.setBalance(address, balance);
    state.setNonce(address, nonce);
    if (code.length > 0) state.setCode(address, code);
    for (const [slot, word] of storage) state.setStorage(address, slot, word);
  }
}

/** The message of a case. */
export function toOptions({ message }: Case): CallOptions | DeployOptions {
  const { kind, to, from, data, value, gas, origin, accessList } = message;
  const common = {
    from,
    value,
    gas,
    gasPrice: CASE_GAS_PRICE,
    blobHashes: CASE_BLOB_HASHES,
    ...(origin === undefined ? {} : { origin }),
    ...(accessList === undefined ? {} : { accessList }),
  };
  return kind === 'create'
    ? { ...common, code: data }
    : { ...common, to, data, static: message.static };
}

export type Ended = RunProgress & { readonly kind: 'ended' };

/** Runs a message to its end, with a stop at its first block. */
export function runWhole(machine: EvmMachine, options: World['options']): Ended {
  const progress = runUntil(machine, options, 0n);
  return progress.kind === 'ended' ? progress : finish(machine.executor);
}

/** Takes a stopped run to its end. */
export function finish(executor: EvmMachine['executor']): Ended {
  const progress = continueUntil(executor);
  if (progress.kind !== 'ended') throw new Error('a run without a limit paused');
  return progress;
}

/** Everything that an outcome tells, for comparisons. */
export function describe(outcome: Outcome): object {
  const { status, reason, gasUsed, gasRefund, output, logs, writes, steps } = outcome;
  return { status, reason, gasUsed, gasRefund, output, logs, writes, steps };
}

/** The accounts of a backend. */
export function dump(backend: SnapshotBackend): unknown {
  return createEvmView({ backend, keccak256: keccak_256 }).dump();
}
