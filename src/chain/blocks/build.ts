/** Makes a valid block on top of a chain: runs what goes into it and fills the header in. */
import type { Keccak256 } from '../../base/bytes.ts';
import { LockstepError } from '../../base/errors.ts';
import { firstOfList } from '../../base/rlp.ts';
import type { Rejection } from '../transactions/rejections.ts';
import type { SignedTransaction } from '../transactions/types.ts';
import type { BlockEnv } from '../types.ts';
import type { EvmWorld, ExecutedTransaction } from '../world.ts';
import {
  type Block,
  type BlockTransaction,
  blockTransaction,
  decodeBlock,
  encodeBlock,
  hashOmmers,
  type Withdrawal,
} from './block.ts';
import type { BlockChain, ChainEntry, RunBlock } from './chain.ts';
import { BlockExecution, type BlockInput, blockEnvOf, senderOf } from './execution.ts';
import { nextBaseFee, nextExcessBlobGas, parentGasLimit } from './fees.ts';
import type { Header } from './header.ts';
import { expectedDifficulty } from './header-rules.ts';
import { receiptsRoot, transactionsRoot, withdrawalsRoot } from './process.ts';
import { isBlockRejection } from './rejections.ts';
import { type Requests, requestsHash } from './requests.ts';
import type { BlockRules } from './rules.ts';

/** What the maker of a block decides; zeros and nothing unless told. */
export interface BlockTemplate {
  /** Seconds; one after the parent's unless told. */
  readonly timestamp?: bigint;
  /** 20 bytes. */
  readonly coinbase?: Uint8Array;
  /** That of the parent unless told. */
  readonly gasLimit?: bigint;
  readonly extraData?: Uint8Array;
  /** 32 bytes: the value of PREVRANDAO. */
  readonly mixHash?: Uint8Array;
  /** 32 bytes (EIP-4788). */
  readonly parentBeaconBlockRoot?: Uint8Array;
  readonly ommers?: readonly Header[];
  readonly withdrawals?: readonly Withdrawal[];
  readonly transactions?: readonly SignedTransaction[];
  /**
   * Wei for a unit of gas, against EIP-1559 unless it is what follows from the parent: for a chain
   * that nobody checks.
   */
  readonly baseFeePerGas?: bigint;
}

export interface BuiltBlock {
  readonly block: Block;
  readonly encoded: Uint8Array;
  /** Transactions that are left out, and why. */
  readonly rejected: readonly { readonly index: number; readonly rejection: Rejection }[];
}

/** A transaction that may go into a block. */
export interface Candidate extends BlockTransaction {
  /** 20 bytes. */
  readonly sender: Uint8Array;
  /** Of the encoding, where it is known. */
  readonly hash?: Uint8Array;
}

/** Where the transactions of a block come from, each asked for when the one before has run. */
export interface CandidateSource {
  /** @param gas - What the block has left. */
  next(gas: bigint): Candidate | undefined;
  /** Told of a candidate that is not in the block. */
  reject(candidate: Candidate, rejection: Rejection): void;
  /** Told of one that is; its output and logs can be read until the next one runs. */
  include?(candidate: Candidate, result: ExecutedTransaction): void;
}

/** A block that was made, with what came of its run. */
export interface MadeBlock extends RunBlock {
  readonly hash: Uint8Array;
  readonly encoded: Uint8Array;
  readonly requests: readonly Requests[];
}

/**
 * A block after an entry of the chain, the head unless told. The chain is not changed.
 *
 * @throws LockstepError L1404 where the block's end fails, as without the system contracts
 */
export function buildBlock(
  chain: BlockChain,
  template: BlockTemplate = {},
  parent: ChainEntry = chain.head,
): BuiltBlock {
  const job = prepareBlock(chain, template, parent);
  const { rules } = job;
  const rejected: { index: number; rejection: Rejection }[] = [];
  let index = -1;
  const source: CandidateSource = {
    next() {
      for (;;) {
        const transaction = template.transactions?.[++index];
        if (transaction === undefined) return undefined;
        const sender = senderOf(transaction, rules, chain.keccak256);
        if (!('code' in sender)) return { ...blockTransaction(transaction), sender };
        rejected.push({ index, rejection: sender });
      }
    },
    reject: (_candidate, rejection) => rejected.push({ index, rejection }),
  };
  const { encoded } = chain.withState(parent, rules, (world) => makeBlock(world, job, source));
  return { block: decodeBlock(encoded), encoded, rejected };
}

/** A block that is to be made, apart from its transactions. */
export interface BlockJob {
  readonly chain: BlockChain;
  readonly parent: ChainEntry;
  readonly template: BlockTemplate;
  readonly rules: BlockRules;
  readonly input: BlockInput;
  readonly env: BlockEnv;
}

export function prepareBlock(
  chain: BlockChain,
  template: BlockTemplate,
  parent: ChainEntry = chain.head,
): BlockJob {
  const before = parent.block.header;
  const number = before.number + 1n;
  const timestamp = template.timestamp ?? before.timestamp + 1n;
  const rules = chain.rulesAfter(parent, { number, timestamp });
  const input = inputOf(template, parent, rules, { number, timestamp });
  const env = blockEnvOf(input, rules, (at) => chain.ancestor(at, parent)?.hash);
  return { chain, parent, template, rules, input, env };
}

/**
 * Runs a block on a world that has the parent's state, and leaves it there.
 *
 * @throws LockstepError L1404 where the block's end fails
 */
export function makeBlock(
  world: EvmWorld,
  { chain, parent, template, rules, input, env }: BlockJob,
  source: CandidateSource,
): MadeBlock {
  const { keccak256 } = chain;
  const context = { ...chain.contextAfter(parent, rules), env };
  const execution = new BlockExecution(world, input, context);
  const transactions: BlockTransaction[] = [];
  const senders: Uint8Array[] = [];
  const hashes: Uint8Array[] = [];
  execution.start();
  for (;;) {
    const candidate = source.next(input.gasLimit - execution.gasUsed);
    if (candidate === undefined) break;
    const result = execution.run(candidate.transaction, candidate.sender);
    if (result.kind === 'rejected') {
      source.reject(candidate, result.rejection);
      continue;
    }
    source.include?.(candidate, result);
    transactions.push({ transaction: candidate.transaction, encoded: candidate.encoded });
    senders.push(candidate.sender);
    hashes.push(candidate.hash ?? keccak256(candidate.encoded));
  }
  const content = { transactions, senders, template, rules, input, keccak256 };
  return { ...sealBlock(execution, content), hashes };
}

/** What a block is made of besides its run. */
export interface BlockContent extends Pick<BlockJob, 'template' | 'rules' | 'input'> {
  readonly transactions: readonly BlockTransaction[];
  readonly senders: readonly Uint8Array[];
  readonly keccak256: Keccak256;
}

/**
 * Ends the run of a block and fills its header in.
 *
 * @throws LockstepError L1404 where the block's end fails
 */
export function sealBlock(
  execution: BlockExecution,
  { transactions, senders, template, rules, input, keccak256 }: BlockContent,
): MadeBlock {
  const { ommers = [] } = template;
  const withdrawals = rules.rules.eip4895 ? (template.withdrawals ?? []) : undefined;
  const requests = execution.end(ommers, withdrawals);
  if (isBlockRejection(requests)) throw new LockstepError('L1404', { problem: requests.message });
  const { receipts } = execution;
  const header: Header = {
    ...input,
    ommersHash: hashOmmers(ommers, keccak256),
    stateRoot: execution.stateRoot(),
    transactionsRoot: transactionsRoot(transactions, keccak256),
    receiptsRoot: receiptsRoot(receipts, keccak256),
    logsBloom: execution.bloom,
    gasUsed: execution.gasUsed,
    extraData: template.extraData ?? new Uint8Array(0),
    nonce: new Uint8Array(8),
    ...(withdrawals ? { withdrawalsRoot: withdrawalsRoot(withdrawals, keccak256) } : {}),
    ...(rules.rules.eip4844 ? { blobGasUsed: execution.blobGasUsed } : {}),
    ...(rules.rules.eip7685 ? { requestsHash: requestsHash(requests) } : {}),
  };
  const content = { header, transactions, ommers, withdrawals };
  const encoded = encodeBlock(content);
  const block: Block = { ...content, size: encoded.length };
  const hash = keccak256(firstOfList(encoded));
  return { block, hash, encoded, receipts, senders, requests };
}

function inputOf(
  template: BlockTemplate,
  parent: ChainEntry,
  rules: BlockRules,
  { number, timestamp }: Pick<Header, 'number' | 'timestamp'>,
): BlockInput {
  const before = parent.block.header;
  const { eip1559, eip4844, eip4788 } = rules.rules;
  const beaconRoot = template.parentBeaconBlockRoot ?? new Uint8Array(32);
  const baseFeePerGas = template.baseFeePerGas ?? nextBaseFee(before);
  return {
    parentHash: parent.hash,
    coinbase: template.coinbase ?? new Uint8Array(20),
    difficulty: expectedDifficulty({ number, timestamp }, before, rules),
    number,
    gasLimit: template.gasLimit ?? parentGasLimit(before, rules),
    timestamp,
    mixHash: template.mixHash ?? new Uint8Array(32),
    ...(eip1559 ? { baseFeePerGas } : {}),
    ...(eip4844 ? { excessBlobGas: nextExcessBlobGas(before, rules) } : {}),
    ...(eip4788 ? { parentBeaconBlockRoot: beaconRoot } : {}),
  };
}
