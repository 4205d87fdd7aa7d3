/** Tracer vectors of go-ethereum: a transaction over a genesis, and what a tracer says of it. */
import { hexToBytes } from '../../../src/base/bytes.ts';
import { blobBaseFee, nextExcessBlobGas } from '../../../src/chain/blocks/fees.ts';
import { type Genesis, readGenesis } from '../../../src/chain/blocks/genesis-file.ts';
import { machineFork } from '../../../src/chain/blocks/rules.ts';
import { stepAt } from '../../../src/chain/blocks/schedule.ts';
import { putAccounts } from '../../../src/chain/genesis.ts';
import { type TransactionTrace, traceTransaction } from '../../../src/chain/tracers/trace.ts';
import { decodeTransaction } from '../../../src/chain/transactions/codec.ts';
import { recoverSender } from '../../../src/chain/transactions/sender.ts';
import { EvmWorld } from '../../../src/chain/world.ts';
import { createMemoryBackend } from '../../../src/state/backends/memory.ts';
import { readBundle } from '../../support/corpora.ts';

export interface TracerVector {
  readonly genesis: unknown;
  readonly context: Readonly<Record<string, string>>;
  readonly input: string;
  readonly tracerConfig?: Readonly<Record<string, boolean>>;
  readonly result: unknown;
}

/** The vectors of a folder by file name; undefined without the corpora. */
export function readTracerVectors(folder: string): [name: string, TracerVector][] | undefined {
  const entries = readBundle('evm-vectors/geth-tracers.jsonl.gz');
  return entries?.flatMap(({ path, json }): [string, TracerVector][] => {
    const [file = '', parent] = path.split('/').reverse();
    return parent === folder && json !== undefined ? [[file, json as TracerVector]] : [];
  });
}

function setBlock(world: EvmWorld, { header }: Genesis, context: TracerVector['context']): void {
  const { rules, costs } = world;
  const excess = rules.eip4844 ? nextExcessBlobGas(header, { rules, costs }) : 0n;
  world.setBlock({
    number: BigInt(context.number as string),
    timestamp: BigInt(context.timestamp as string),
    gasLimit: BigInt(context.gasLimit as string),
    coinbase: hexToBytes(context.miner as string),
    prevRandao: BigInt(context.difficulty as string),
    baseFee: rules.eip1559 ? BigInt(context.baseFeePerGas as string) : 0n,
    blobBaseFee: rules.eip4844 ? blobBaseFee(excess, costs) : 0n,
    blockHash: () => undefined,
  });
}

/** The genesis file with the keys of its config as others write them: a vector has a capital. */
function withUsualKeys(file: unknown): unknown {
  const { config, ...rest } = file as { readonly config: object };
  const usual = (key: string): string => key.charAt(0).toLowerCase() + key.slice(1);
  const entries = Object.entries(config).map(([key, value]) => [usual(key), value] as const);
  return { ...rest, config: Object.fromEntries(entries) };
}

/** Applies the vector's transaction over its genesis, in blocks of one instruction. */
export function traceVector({ genesis: file, context, input }: TracerVector): TransactionTrace {
  const genesis = readGenesis(withUsualKeys(file));
  const { schedule, accounts } = genesis;
  const number = BigInt(context.number as string);
  const step = stepAt(schedule, { number, timestamp: BigInt(context.timestamp as string) });
  const backend = createMemoryBackend();
  putAccounts(backend, accounts);
  const { chainId } = schedule;
  const fork = machineFork(step.fork);
  const { overrides } = step;
  const options = { fork, backend, chainId, lengthMax: 1 };
  const world = new EvmWorld(overrides === undefined ? options : { ...options, overrides });
  setBlock(world, genesis, context);
  const tx = decodeTransaction(hexToBytes(input));
  const sender = recoverSender(tx);
  if (sender === undefined) throw new Error('no key signed the transaction');
  const trace = traceTransaction(world, tx, sender);
  if (trace.kind === 'rejected') throw new Error(`rejected: ${trace.rejection.message}`);
  return trace;
}
