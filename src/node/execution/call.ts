/**
 * Calls: transactions that nobody signed, on the state after a block, which they leave as it is.
 *
 * As in go-ethereum a call that names no fee runs at a base fee of zero, and neither the nonce nor
 * the limit of a transaction's gas is asked for.
 */
import { minOf } from '../../base/u256.ts';
import type { ChainEntry } from '../../chain/blocks/chain.ts';
import { blockEnvOf } from '../../chain/blocks/execution.ts';
import type { BlockRules } from '../../chain/blocks/rules.ts';
import type { Transaction } from '../../chain/transactions/types.ts';
import type { BlockEnv } from '../../chain/types.ts';
import type { BlockLimits, EvmWorld, ExecutedTransaction } from '../../chain/world.ts';
import { callRejection } from '../format/rejection.ts';
import type { Node } from '../node.ts';
import {
  type BlockOverride,
  type CallRequest,
  NOBODY,
  type StateOverride,
  toTransaction,
} from '../rpc/requests.ts';
import { CALL_GAS_MAX } from './limits.ts';
import { applyOverrides } from './overrides.ts';

export interface CallContext {
  readonly entry: ChainEntry;
  readonly state?: StateOverride | undefined;
  readonly block?: BlockOverride | undefined;
}

/** A message that is ready to be run. */
export interface Message {
  readonly tx: Transaction;
  readonly sender: Uint8Array;
}

/** What contracts learn of a block. */
export function blockEnv(node: Node, entry: ChainEntry, override: BlockOverride = {}): BlockEnv {
  const { header } = entry.block;
  const { baseFeePerGas = header.baseFeePerGas } = override;
  const input = {
    ...header,
    number: override.number ?? header.number,
    timestamp: override.time ?? header.timestamp,
    gasLimit: override.gasLimit ?? header.gasLimit,
    coinbase: override.feeRecipient ?? header.coinbase,
    mixHash: override.prevRandao ?? header.mixHash,
    difficulty: override.difficulty ?? header.difficulty,
    ...(baseFeePerGas === undefined ? {} : { baseFeePerGas }),
  };
  const env = blockEnvOf(input, node.rulesOf(entry), (at) => node.chain.ancestorHash(at, entry));
  const { blobBaseFee = env.blobBaseFee } = override;
  return { ...env, blobBaseFee };
}

/** What a call may use: nothing of it is taken from a block. */
export function callLimits(tx: Transaction, { costs }: BlockRules): BlockLimits {
  return {
    gas: tx.gasLimit,
    blobGas: BigInt(tx.blobHashes.length) * costs.blobGas,
    txGasMax: tx.gasLimit,
  };
}

/** Blocks in which nothing has a price, by the block that they are made of. */
const FREE = new WeakMap<BlockEnv, BlockEnv>();

/** The block of a call: what it does not pay for has no price. */
export function callEnv(env: BlockEnv, tx: Transaction): BlockEnv {
  const isFree = tx.maxFeePerGas === 0n && tx.maxPriorityFeePerGas === 0n;
  const isBlobFree = tx.maxFeePerBlobGas === 0n;
  if (!isFree) return isBlobFree ? { ...env, blobBaseFee: 0n } : env;
  if (!isBlobFree) return { ...env, baseFee: 0n };
  const known = FREE.get(env) ?? { ...env, baseFee: 0n, blobBaseFee: 0n };
  FREE.set(env, known);
  return known;
}

/**
 * The message of a request in a world.
 *
 * @param nonce - Of the sender's account: what a request has for one is not asked for.
 */
export function toMessage(node: Node, request: CallRequest, nonce: bigint): Message {
  const gas = request.gas === undefined || request.gas === 0n ? CALL_GAS_MAX : request.gas;
  const tx = toTransaction(
    { ...request, nonce, gas: minOf(gas, node.options.callGasMax) },
    {
      chainId: node.chainId,
      nonce,
      gas,
      maxFeePerGas: 0n,
      maxPriorityFeePerGas: 0n,
      type: 2,
    },
  );
  return { tx, sender: request.from ?? NOBODY };
}

/** Who runs a message in a world: plainly, or watched by a tracer. */
export type Runner<T> = (world: EvmWorld, message: Message, limits: BlockLimits) => T;

/**
 * Prepares a world for a call and lets `run` have it; what it changes is undone.
 *
 * @param find - Makes the message; it may look at the state.
 */
export function withCall<T>(
  node: Node,
  { entry, state, block }: CallContext,
  find: (world: EvmWorld) => Message,
  run: Runner<T>,
): T {
  const rules = node.rulesOf(entry);
  const use = (world: EvmWorld): T => {
    const message = find(world);
    const env = state || block ? blockEnv(node, entry, block) : node.envOf(entry);
    const own = callEnv(env, message.tx);
    world.setBlock(own);
    return run(world, message, callLimits(message.tx, rules));
  };
  if (state === undefined) return node.chain.tryOn(entry, rules, use);
  return node.chain.withState(entry, rules, (world) => {
    applyOverrides(node, world, state);
    try {
      return use(world);
    } finally {
      world.executor.host.movedPrecompiles = undefined;
    }
  });
}

/** Runs a message; one that cannot begin is an error of the request. */
export const execute: Runner<ExecutedTransaction> = (world, { tx, sender }, limits) => {
  const result = world.apply(tx, sender, limits);
  if (result.kind === 'rejected') throw callRejection(result.rejection, sender, tx.gasLimit);
  return result;
};

/** Runs the call of a request. */
export function runCall(
  node: Node,
  request: CallRequest,
  context: CallContext,
): ExecutedTransaction {
  const sender = request.from ?? NOBODY;
  const find = (world: EvmWorld) => toMessage(node, request, world.getNonce(sender));
  return withCall(node, context, find, (world, message, limits) =>
    node.dev.watchCalls(world, () => execute(world, message, limits)),
  );
}
