/** Makes a valid block on top of a chain: runs what goes into it and fills the header in. */
import { LockstepError } from '../../base/errors.ts';
import type { Rejection } from '../transactions/rejections.ts';
import type { SignedTransaction } from '../transactions/types.ts';
import {
  type Block,
  blockTransaction,
  decodeBlock,
  encodeBlock,
  hashOmmers,
  type Withdrawal,
} from './block.ts';
import type { BlockChain, ChainEntry } from './chain.ts';
import { BlockExecution, type BlockInput, senderOf } from './execution.ts';
import { nextBaseFee, nextExcessBlobGas, parentGasLimit } from './fees.ts';
import type { Header } from './header.ts';
import { expectedDifficulty } from './header-rules.ts';
import { type BlockContext, receiptsRoot, transactionsRoot, withdrawalsRoot } from './process.ts';
import { isBlockRejection } from './rejections.ts';
import { requestsHash } from './requests.ts';
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
}

export interface BuiltBlock {
  readonly block: Block;
  readonly encoded: Uint8Array;
  /** Transactions that are left out, and why. */
  readonly rejected: readonly { readonly index: number; readonly rejection: Rejection }[];
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
  const before = parent.block.header;
  const number = before.number + 1n;
  const timestamp = template.timestamp ?? before.timestamp + 1n;
  const rules = chain.rulesAfter(parent, { number, timestamp });
  const input = inputOf(template, parent, rules, { number, timestamp });
  const context = chain.contextAfter(parent, rules);
  const { keccak256 } = chain;
  return chain.withState(parent, rules, (world) => {
    const execution = new BlockExecution(world, input, context);
    const included: SignedTransaction[] = [];
    const rejected: { index: number; rejection: Rejection }[] = [];
    execution.start();
    for (const [index, transaction] of (template.transactions ?? []).entries()) {
      const rejection = runOne(execution, transaction, context);
      if (rejection === undefined) included.push(transaction);
      else rejected.push({ index, rejection });
    }
    const { ommers = [], withdrawals = [] } = template;
    const requests = execution.end(ommers, rules.rules.eip4895 ? withdrawals : []);
    if (isBlockRejection(requests)) throw new LockstepError('L1404', { problem: requests.message });
    const transactions = included.map(blockTransaction);
    const header: Header = {
      ...input,
      ommersHash: hashOmmers(ommers, keccak256),
      stateRoot: execution.stateRoot(),
      transactionsRoot: transactionsRoot(transactions, keccak256),
      receiptsRoot: receiptsRoot(execution.receipts, keccak256),
      logsBloom: execution.bloom,
      gasUsed: execution.gasUsed,
      extraData: template.extraData ?? new Uint8Array(0),
      nonce: new Uint8Array(8),
      ...(rules.rules.eip4895 ? { withdrawalsRoot: withdrawalsRoot(withdrawals, keccak256) } : {}),
      ...(rules.rules.eip4844 ? { blobGasUsed: execution.blobGasUsed } : {}),
      ...(rules.rules.eip7685 ? { requestsHash: requestsHash(requests) } : {}),
    };
    const own = rules.rules.eip4895 ? withdrawals : undefined;
    const encoded = encodeBlock({ header, transactions, ommers, withdrawals: own });
    return { block: decodeBlock(encoded), encoded, rejected };
  });
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
  return {
    parentHash: parent.hash,
    coinbase: template.coinbase ?? new Uint8Array(20),
    difficulty: expectedDifficulty({ number, timestamp }, before, rules),
    number,
    gasLimit: template.gasLimit ?? parentGasLimit(before, rules),
    timestamp,
    mixHash: template.mixHash ?? new Uint8Array(32),
    ...(eip1559 ? { baseFeePerGas: nextBaseFee(before) } : {}),
    ...(eip4844 ? { excessBlobGas: nextExcessBlobGas(before, rules) } : {}),
    ...(eip4788 ? { parentBeaconBlockRoot: beaconRoot } : {}),
  };
}

function runOne(
  execution: BlockExecution,
  transaction: SignedTransaction,
  { rules, keccak256 }: BlockContext,
): Rejection | undefined {
  const sender = senderOf(transaction, rules, keccak256);
  if ('code' in sender) return sender;
  const result = execution.run(transaction, sender);
  return result.kind === 'rejected' ? result.rejection : undefined;
}
