/** Worlds for the tracers: those of the vectors, and small ones of our own. */
import { hexToBytes } from '../../../src/base/bytes.ts';
import { blobBaseFee } from '../../../src/chain/blocks/fees.ts';
import { readGenesis } from '../../../src/chain/blocks/genesis-file.ts';
import { rulesAt } from '../../../src/chain/blocks/schedule.ts';
import { putAccounts } from '../../../src/chain/genesis.ts';
import { StepWorld } from '../../../src/chain/tracers/steps.ts';
import { decodeTransaction } from '../../../src/chain/transactions/codec.ts';
import { recoverSender } from '../../../src/chain/transactions/sender.ts';
import type { SignedTransaction, Transaction } from '../../../src/chain/transactions/types.ts';
import type { Hex } from '../../../src/chain/types.ts';
import type { BlockLimits } from '../../../src/chain/world.ts';
import { createMemoryBackend } from '../../../src/state/backends/memory.ts';
import { readBundle } from '../../support/corpora.ts';
import { transaction } from './call-worlds.ts';

/** A transaction of another client's test net, and what a tracer says of it. */
export interface TracerVector {
  readonly name: string;
  readonly genesis: Readonly<Record<string, unknown>>;
  readonly context: Readonly<Record<string, string>>;
  /** A signed transaction. */
  readonly input: string;
  readonly tracerConfig?: Readonly<Record<string, unknown>>;
  readonly result: unknown;
}

/** The vectors of a folder of the bundle; undefined where there are no corpora. */
export function readVectors(folder: string): TracerVector[] | undefined {
  const entries = readBundle('evm-vectors/geth-tracers.jsonl.gz');
  return entries
    ?.filter(({ path }) => path.includes(`/${folder}/`))
    .map(({ path, json }) => ({
      ...(json as Omit<TracerVector, 'name'>),
      name: path.slice(path.lastIndexOf(folder)),
    }));
}

export interface Traced {
  readonly stepped: StepWorld;
  readonly tx: SignedTransaction;
  readonly sender: Uint8Array;
  readonly limits: BlockLimits;
}

/** The world of a vector, before its transaction. */
export function openVector({ genesis, context, input }: TracerVector): Traced {
  const { schedule, accounts, header } = readGenesis(genesis);
  const number = BigInt(context.number ?? 0);
  const timestamp = BigInt(context.timestamp ?? 0);
  const { rules, costs, overrides } = rulesAt(schedule, { number, timestamp });
  const backend = createMemoryBackend();
  putAccounts(backend, accounts);
  const stepped = new StepWorld({
    fork: rules.fork,
    backend,
    chainId: schedule.chainId,
    ...(overrides === undefined ? {} : { overrides }),
  });
  const gas = BigInt(context.gasLimit ?? 0);
  stepped.world.setBlock({
    number,
    timestamp,
    gasLimit: gas,
    coinbase: hexToBytes(context.miner ?? '', 'the miner'),
    prevRandao: BigInt(context.difficulty ?? 0),
    baseFee: BigInt(context.baseFeePerGas ?? 0),
    blobBaseFee: rules.eip4844 ? blobBaseFee(header.excessBlobGas ?? 0n, costs) : 0n,
    blockHash: () => undefined,
  });
  const tx = decodeTransaction(hexToBytes(input));
  const sender = recoverSender(tx);
  if (sender === undefined) throw new Error('the transaction of a vector has no sender');
  return { stepped, tx, sender, limits: { gas, blobGas: 1n << 30n } };
}

/** An account of a small world. */
export interface GivenAccount {
  readonly address: Hex;
  readonly code: string;
  readonly storage?: readonly (readonly [slot: bigint, value: bigint])[];
}

export const SENDER: Hex = `0x${'a0'.repeat(20)}`;

/** A world of the latest fork with some contracts and a sender of means. */
export function openStepped(accounts: readonly GivenAccount[]): StepWorld {
  const backend = createMemoryBackend();
  const fields = { balance: 0n, nonce: 0n, code: new Uint8Array(0), storage: [] };
  putAccounts(backend, [
    { ...fields, address: hexToBytes(SENDER), balance: 10n ** 18n },
    ...accounts.map(({ address, code, storage = [] }) => ({
      ...fields,
      address: hexToBytes(address),
      code: hexToBytes(code),
      storage: storage.map(([slot, value]) => ({ slot, value })),
    })),
  ]);
  const stepped = new StepWorld({ backend });
  stepped.world.setBlock({
    number: 1n,
    timestamp: 1n,
    gasLimit: 30_000_000n,
    coinbase: `0x${'00'.repeat(20)}`,
    prevRandao: 0n,
    baseFee: 0n,
    blobBaseFee: 1n,
    blockHash: () => undefined,
  });
  return stepped;
}

/** A free call of a million gas by the sender. */
export function transactionTo(to: Hex): Transaction {
  return transaction({ to: hexToBytes(to) });
}
