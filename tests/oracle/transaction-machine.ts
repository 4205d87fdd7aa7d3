/** Our side of a differential run of transactions: a world for each fork, emptied for each case. */
import { keccak_256 } from '@noble/hashes/sha3.js';
import { bytesToHex, hexToBytes } from '../../src/base/bytes.ts';
import { LockstepError } from '../../src/base/errors.ts';
import { logsBloom, logToBytes } from '../../src/chain/blocks/receipts.ts';
import { putAccounts } from '../../src/chain/genesis.ts';
import { decodeTransaction } from '../../src/chain/transactions/codec.ts';
import type { Rejection } from '../../src/chain/transactions/rejections.ts';
import { checkSignature, recoverSender } from '../../src/chain/transactions/sender.ts';
import type { AccountDump, Hex } from '../../src/chain/types.ts';
import { EvmWorld } from '../../src/chain/world.ts';
import {
  isPending,
  type Snapshot,
  type SnapshotBackend,
} from '../../src/state/backends/backend.ts';
import { createMemoryBackend } from '../../src/state/backends/memory.ts';
import { SPACES } from '../../src/state/cells.ts';
import { type Commitment, withCommitment } from '../../src/state/commitments/commitment.ts';
import { createEvmCommitment } from '../../src/state/commitments/evm.ts';
import { createEvmView } from '../../src/state/views/evm.ts';
import type { Fork, Overrides } from '../../src/vms/evm/forks.ts';
import { ancestorHash, type TransactionCase } from './transaction-case.ts';
import type {
  ObservedTransaction,
  TransactionEnding,
  TransactionSide,
} from './transaction-side.ts';

interface World {
  readonly world: EvmWorld;
  readonly backend: SnapshotBackend;
  readonly commitment: Commitment;
  readonly empty: Snapshot;
}

function needed<T>(answer: T): Exclude<T, { kind: 'pending' }> {
  if (isPending(answer)) throw new Error('BUG: a memory backend answers later');
  return answer as Exclude<T, { kind: 'pending' }>;
}

function createWorld(fork: Fork, overrides: Overrides | undefined): World {
  let hash: (bytes: Uint8Array) => Uint8Array = keccak_256;
  const commitment = createEvmCommitment({ keccak256: (bytes) => hash(bytes) });
  const backend = withCommitment(createMemoryBackend(), commitment);
  const world = new EvmWorld({ fork, backend, ...(overrides === undefined ? {} : { overrides }) });
  hash = world.executor.keccak256;
  return { world, backend, commitment, empty: backend.snapshot() };
}

export class MachineTransactions implements TransactionSide {
  readonly #worlds = new Map<Fork, World>();
  readonly #overrides: Overrides | undefined;

  /** @param overrides - Makes a side that is wrong on purpose. */
  constructor(overrides?: Overrides) {
    this.#overrides = overrides;
  }

  run(value: TransactionCase, transactions: readonly Uint8Array[]): ObservedTransaction[] {
    const { fork, block, accounts } = value;
    const entry = this.#worlds.get(fork) ?? createWorld(fork, this.#overrides);
    this.#worlds.set(fork, entry);
    const { world, backend, empty } = entry;
    backend.restore(empty);
    const given = accounts.map(({ address, storage, ...fields }) => ({
      address: hexToBytes(address),
      storage: storage.map(([slot, word]) => ({ slot, value: word })),
      ...fields,
    }));
    putAccounts(backend, given, world.executor.keccak256);
    world.reset();
    world.setBlock({ ...block, blockHash: ancestorHash });
    return transactions.map((bytes) => {
      const ending = apply(world, bytes);
      world.flush();
      const root = bytesToHex(needed(entry.commitment.root(backend)));
      return { ending, root, accounts: dump(backend, world) };
    });
  }
}

function reject({ code, message }: Rejection): TransactionEnding {
  return { kind: 'rejected', codes: [code], detail: message };
}

function apply(world: EvmWorld, bytes: Uint8Array): TransactionEnding {
  try {
    const tx = decodeTransaction(bytes);
    const bad = checkSignature(tx, world.rules);
    if (bad !== undefined) return reject(bad);
    const sender = recoverSender(tx);
    if (sender === undefined) {
      return { kind: 'rejected', codes: ['signature-invalid'], detail: 'no key signed it' };
    }
    const blobGas = world.costs.blobsMax * world.costs.blobGas;
    const result = world.apply(tx, sender, { gas: world.block.gasLimit, blobGas });
    if (result.kind === 'rejected') return reject(result.rejection);
    const { status, gasUsed, effectiveGasPrice, blobGasUsed, output, logs, created } = result;
    const isCreated = created !== undefined && status === 'success';
    return {
      kind: 'executed',
      status,
      gasUsed,
      fee: gasUsed * effectiveGasPrice,
      blobGasUsed,
      output,
      logs,
      bloom: logsBloom(logs.map(logToBytes)),
      ...(isCreated ? { created: bytesToHex(created) } : {}),
      ...(result.outcome.reason === undefined ? {} : { detail: result.outcome.reason }),
    };
  } catch (error) {
    if (!(error instanceof LockstepError) || error.plane !== 'rejection') throw error;
    return { kind: 'rejected', codes: ['malformed'], detail: error.message };
  }
}

function dump(backend: SnapshotBackend, world: EvmWorld): AccountDump[] {
  const view = createEvmView({ backend, keccak256: world.executor.keccak256 });
  const found = new Map<Hex, AccountDump>();
  for (const { address, code, storage, ...fields } of needed(view.dump())) {
    const name = bytesToHex(address);
    found.set(name, { ...fields, address: name, code: bytesToHex(code), storage: [...storage] });
  }
  for (const { cell } of needed(backend.scan({ space: SPACES.exists.number }))) {
    const address = bytesToHex(cell.owner.subarray(-20));
    if (found.has(address)) continue;
    found.set(address, { address, balance: 0n, nonce: 0n, code: '0x', storage: [] });
  }
  return [...found.values()].sort((a, b) => (a.address < b.address ? -1 : 1));
}
