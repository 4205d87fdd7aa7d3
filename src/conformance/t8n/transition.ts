/**
 * The transition tool: applies transactions to a state as one block of a fork would, and gives the
 * state after it and all that a header says of it. Test fillers make blocks with it, so a
 * transaction that is not valid is left out and reported, and nothing is checked against a header.
 */
import { bytesToHex } from '../../base/bytes.ts';
import { LockstepError } from '../../base/errors.ts';
import { encodeRlp } from '../../base/rlp.ts';
import { bigintToBytes32 } from '../../base/u256.ts';
import { blockTransaction } from '../../chain/blocks/block.ts';
import { blockDifficulty } from '../../chain/blocks/difficulty.ts';
import { BlockExecution, type BlockInput, senderOf } from '../../chain/blocks/execution.ts';
import { blobBaseFee, nextBaseFee, nextExcessBlobGas } from '../../chain/blocks/fees.ts';
import { receiptsRoot, transactionsRoot, withdrawalsRoot } from '../../chain/blocks/process.ts';
import { logsHash } from '../../chain/blocks/receipts.ts';
import { isBlockRejection } from '../../chain/blocks/rejections.ts';
import { type Requests, requestsHash } from '../../chain/blocks/requests.ts';
import type { BlockRules } from '../../chain/blocks/rules.ts';
import { type ForkSchedule, networkSchedule, rulesAt } from '../../chain/blocks/schedule.ts';
import { ChainState } from '../../chain/blocks/state.ts';
import { putAccounts } from '../../chain/genesis.ts';
import { transactionToRlp } from '../../chain/transactions/codec.ts';
import { transactionHash } from '../../chain/transactions/hashing.ts';
import type { SignedTransaction } from '../../chain/transactions/types.ts';
import { readAccounts } from '../fixture.ts';
import { rejectionText, TransitionError } from './failures.ts';
import {
  type Environment,
  type ReadTransaction,
  readBlobParams,
  readEncoded,
  readEnvironment,
  readTransactions,
} from './input.ts';
import { dumpAccounts, quantity, receiptToJson } from './output.ts';

/** JSON as it was read. */
export interface TransitionInput {
  /** Accounts by address. */
  readonly alloc: unknown;
  readonly env: unknown;
  readonly txs?: unknown;
  /** Hexadecimal: an RLP list, in the place of `txs`. */
  readonly txsRlp?: string | undefined;
  /** Counts of blobs that are not those of the fork. */
  readonly blobParams?: unknown;
}

export interface TransitionOptions {
  /** A fork, or a network of the official tests. */
  readonly fork: string;
  readonly chainId: bigint;
  /** Wei for the block's maker; below 0 nobody is rewarded, nor touched. */
  readonly reward: bigint;
}

export interface TransitionOutput {
  readonly alloc: Readonly<Record<string, unknown>>;
  readonly result: Readonly<Record<string, unknown>>;
  /** Hexadecimal: the RLP list of the transactions that are part of the block. */
  readonly body: string;
}

/**
 * @throws TransitionError where the block cannot be run; FormatError for malformed input
 */
export function transition(input: TransitionInput, options: TransitionOptions): TransitionOutput {
  const env = readEnvironment(input.env);
  const schedule = scheduleOf(input, options);
  const rules = rulesAt(schedule, env);
  const block = blockInput(env, rules);
  const { chainId } = options;
  const transactions =
    input.txsRlp === undefined
      ? readTransactions(input.txs, { chainId, eip155: rules.rules.eip155 })
      : readEncoded(input.txsRlp);
  const state = new ChainState({ chainId });
  const world = state.world(rules);
  putAccounts(state.backend, readAccounts(input.alloc, 'alloc'), state.keccak256);
  world.reset();
  const reward = options.reward < 0n ? 0n : options.reward;
  const execution = new BlockExecution(world, block, {
    rules: { ...rules, reward },
    ancestorHash: (number) => hashOf(env, number),
    stateRoot: () => state.root(),
    daoBlock: schedule.daoBlock,
    keccak256: state.keccak256,
  });
  execution.start();
  const ran = runTransactions(execution, transactions, rules, block);
  if (options.reward === 0n) world.credit(env.coinbase, 0n);
  const ommers = env.ommers.map(({ delta, address }) => ({
    coinbase: address,
    number: env.number - delta,
  }));
  const requests = execution.end(ommers, rules.rules.eip4895 ? env.withdrawals : []);
  if (isBlockRejection(requests)) throw new TransitionError('evm', requests.message);
  return {
    alloc: dumpAccounts(state.backend, state.keccak256),
    result: resultOf(execution, ran, { env, block, rules, requests }),
    body: bytesToHex(encodeRlp(ran.included.map(transactionToRlp))),
  };
}

function scheduleOf(input: TransitionInput, { fork, chainId }: TransitionOptions): ForkSchedule {
  const blobs = readBlobParams(input.blobParams);
  try {
    return networkSchedule(fork, chainId, () => blobs);
  } catch (error) {
    if (!(error instanceof LockstepError)) throw error;
    throw new TransitionError('config', error.message);
  }
}

function hashOf({ blockHashes }: Environment, number: bigint): Uint8Array {
  const hash = blockHashes.get(number);
  if (hash !== undefined) return hash;
  const message = `the hash of block ${number} was asked for, and env.blockHashes does not have it`;
  throw new TransitionError('block-hash', message);
}

// ---- the environment under the rules

const ZERO_HASH = new Uint8Array(32);

/** What the environment lacks for the fork. */
function lacks(fork: string, name: string): TransitionError {
  return new TransitionError('config', `${fork} needs env.${name}`);
}

function blockInput(env: Environment, rules: BlockRules): BlockInput {
  const { eip1559, eip4788, eip4844, eip4895 } = rules.rules;
  if (eip4895 && env.withdrawals === undefined) throw lacks(rules.fork, 'withdrawals');
  const root = env.parentBeaconBlockRoot;
  if (eip4788 && root === undefined) throw lacks(rules.fork, 'parentBeaconBlockRoot');
  return {
    parentHash: env.blockHashes.get(env.number - 1n) ?? ZERO_HASH,
    coinbase: env.coinbase,
    difficulty: difficultyOf(env, rules),
    number: env.number,
    gasLimit: env.gasLimit,
    timestamp: env.timestamp,
    mixHash: bigintToBytes32(env.random ?? 0n, 'env.currentRandom'),
    ...(eip1559 ? { baseFeePerGas: baseFeeOf(env, rules) } : {}),
    ...(eip4844 ? { excessBlobGas: knownExcess(env, rules) ?? 0n } : {}),
    ...(eip4788 && root !== undefined ? { parentBeaconBlockRoot: root } : {}),
  };
}

function difficultyOf(env: Environment, rules: BlockRules): bigint {
  const { difficulty, parentDifficulty, parentTimestamp = 0n, number, timestamp } = env;
  if (rules.rules.eip3675) {
    if (env.random === undefined) throw lacks(rules.fork, 'currentRandom');
    if (difficulty === undefined || difficulty === 0n) return 0n;
    throw new TransitionError('config', `in ${rules.fork} env.currentDifficulty is 0 or missing`);
  }
  if (difficulty !== undefined) return difficulty;
  if (parentDifficulty === undefined) {
    throw lacks(rules.fork, 'currentDifficulty, or env.parentDifficulty to compute it');
  }
  if (number === 0n) throw lacks(rules.fork, 'currentDifficulty, as block 0 has no parent');
  if (timestamp <= parentTimestamp) {
    const message = `env.currentTimestamp ${timestamp} is not after the parent's ${parentTimestamp}`;
    throw new TransitionError('config', message);
  }
  const { parentHasOmmers } = env;
  return blockDifficulty(
    { number, timestamp, parentDifficulty, parentTimestamp, parentHasOmmers },
    rules,
  );
}

function baseFeeOf(env: Environment, rules: BlockRules): bigint {
  if (env.baseFee !== undefined) return env.baseFee;
  const { parentBaseFee, parentGasUsed = 0n, parentGasLimit = 0n } = env;
  if (parentBaseFee === undefined || env.number === 0n) {
    throw lacks(rules.fork, 'currentBaseFee, or env.parentBaseFee to compute it');
  }
  return nextBaseFee({
    baseFeePerGas: parentBaseFee,
    gasUsed: parentGasUsed,
    gasLimit: parentGasLimit,
  });
}

/** Excess of blob gas as given, or of the parent's; undefined where neither is, or no blobs are. */
function knownExcess(env: Environment, rules: BlockRules): bigint | undefined {
  if (!rules.rules.eip4844) return undefined;
  const { excessBlobGas, parentExcessBlobGas, parentBlobGasUsed, parentBaseFee = 0n } = env;
  if (excessBlobGas !== undefined) return excessBlobGas;
  if (parentExcessBlobGas === undefined || parentBlobGasUsed === undefined) return undefined;
  const parent = {
    excessBlobGas: parentExcessBlobGas,
    blobGasUsed: parentBlobGasUsed,
    baseFeePerGas: parentBaseFee,
  };
  return nextExcessBlobGas(parent, rules);
}

// ---- transactions

interface Ran {
  readonly included: SignedTransaction[];
  readonly receipts: Record<string, unknown>[];
  readonly rejected: { readonly index: number; readonly error: string }[];
}

function runTransactions(
  execution: BlockExecution,
  transactions: readonly ReadTransaction[],
  rules: BlockRules,
  block: BlockInput,
): Ran {
  const ran: Ran = { included: [], receipts: [], rejected: [] };
  const { excessBlobGas, number } = block;
  const blobGasPrice = excessBlobGas === undefined ? 0n : blobBaseFee(excessBlobGas, rules.costs);
  let logsBefore = 0;
  for (const [index, transaction] of transactions.entries()) {
    if ('problem' in transaction) {
      ran.rejected.push({ index, error: transaction.problem });
      continue;
    }
    const sender = senderOf(transaction, rules);
    const result =
      'code' in sender
        ? ({ kind: 'rejected', rejection: sender } as const)
        : execution.run(transaction, sender);
    if (result.kind === 'rejected') {
      ran.rejected.push({ index, error: rejectionText(result.rejection) });
      continue;
    }
    const receipt = execution.receipts.at(-1);
    if (receipt === undefined) throw new Error('BUG: a transaction without a receipt');
    ran.receipts.push(
      receiptToJson({
        receipt,
        isSuccess: result.status === 'success',
        index: ran.included.length,
        transactionHash: transactionHash(transaction),
        created: result.created,
        gasUsed: result.gasUsed,
        blobGasUsed: result.blobGasUsed,
        blobGasPrice,
        blockNumber: number,
        logsBefore,
      }),
    );
    logsBefore += receipt.logs.length;
    ran.included.push(transaction);
  }
  return ran;
}

// ---- the result

interface ResultFacts {
  readonly env: Environment;
  readonly block: BlockInput;
  readonly rules: BlockRules;
  readonly requests: readonly Requests[];
}

function resultOf(
  execution: BlockExecution,
  { included, receipts, rejected }: Ran,
  { env, block, rules, requests }: ResultFacts,
): Record<string, unknown> {
  const { eip3675, eip4895, eip7685 } = rules.rules;
  const { difficulty } = block;
  // What was given comes back, also where the fork does not have it.
  const baseFee = env.baseFee ?? block.baseFeePerGas;
  const excess = knownExcess(env, rules);
  const logs = execution.receipts.flatMap((receipt) => receipt.logs);
  return {
    stateRoot: bytesToHex(execution.stateRoot()),
    txRoot: bytesToHex(transactionsRoot(included.map(blockTransaction))),
    receiptsRoot: bytesToHex(receiptsRoot(execution.receipts)),
    logsHash: bytesToHex(logsHash(logs)),
    logsBloom: bytesToHex(execution.bloom),
    receipts,
    ...(rejected.length === 0 ? {} : { rejected }),
    currentDifficulty: eip3675 ? null : quantity(difficulty),
    gasUsed: quantity(execution.gasUsed),
    ...(baseFee === undefined ? {} : { currentBaseFee: quantity(baseFee) }),
    ...(eip4895 ? { withdrawalsRoot: bytesToHex(withdrawalsRoot(env.withdrawals ?? [])) } : {}),
    ...(excess === undefined
      ? {}
      : {
          currentExcessBlobGas: quantity(excess),
          blobGasUsed: quantity(execution.blobGasUsed),
        }),
    ...(eip7685 ? { requestsHash: bytesToHex(requestsHash(requests)) } : {}),
    requests: eip7685
      ? requests
          .filter(({ data }) => data.length > 0)
          .map(({ type, data }) => bytesToHex(Uint8Array.of(type, ...data)))
      : null,
  };
}
