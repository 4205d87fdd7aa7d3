/** Worlds of a few contracts for the tests of tracers, and transactions in them. */
import { putAccounts } from '../../../src/chain/genesis.ts';
import { type TransactionTrace, traceTransaction } from '../../../src/chain/tracers/trace.ts';
import type { Transaction } from '../../../src/chain/transactions/types.ts';
import { EvmWorld } from '../../../src/chain/world.ts';
import { createMemoryBackend } from '../../../src/state/backends/memory.ts';
import { assemble } from '../../../src/vms/evm/assemble.ts';
import type { Fork } from '../../../src/vms/evm/forks.ts';

/** The account whose last byte is the number. */
export function addressOf(number: number): Uint8Array {
  const address = new Uint8Array(20);
  address[19] = number;
  return address;
}

export const SENDER = addressOf(0xee);
/** The contract that transactions call unless told. */
export const CONTRACT = 0xc0;

/** A world whose accounts have the codes, in assembly, by the last byte of their address. */
export function openWorld(
  codes: Readonly<Record<number, string>>,
  options: { readonly fork?: Fork; readonly lengthMax?: number } = { lengthMax: 1 },
): EvmWorld {
  const backend = createMemoryBackend();
  const account = { nonce: 1n, storage: [] };
  putAccounts(backend, [
    { ...account, address: SENDER, nonce: 0n, balance: 10n ** 20n, code: new Uint8Array(0) },
    ...Object.entries(codes).map(([number, code]) => ({
      ...account,
      address: addressOf(Number(number)),
      balance: 0n,
      code: assemble(code),
    })),
  ]);
  const world = new EvmWorld({ backend, ...options });
  world.setBlock({
    number: 1n,
    timestamp: 1n,
    gasLimit: 30_000_000n,
    coinbase: addressOf(0xcb),
    prevRandao: 0n,
    baseFee: 0n,
    blobBaseFee: 1n,
    blockHash: () => undefined,
  });
  return world;
}

/** A transaction of the sender, to the contract unless told. */
export function transaction(fields: Partial<Transaction> = {}): Transaction {
  return {
    type: 0,
    chainId: 1n,
    nonce: 0n,
    gasLimit: 1_000_000n,
    maxFeePerGas: 0n,
    maxPriorityFeePerGas: 0n,
    to: addressOf(CONTRACT),
    value: 0n,
    data: new Uint8Array(0),
    accessList: [],
    maxFeePerBlobGas: 0n,
    blobHashes: [],
    authorizations: [],
    ...fields,
  } as Transaction;
}

/** The trace of a transaction, which must be valid. */
export function traceIn(world: EvmWorld, tx: Transaction = transaction()): TransactionTrace {
  const trace = traceTransaction(world, tx, SENDER);
  if (trace.kind === 'rejected') throw new Error(trace.rejection.message);
  return trace;
}
