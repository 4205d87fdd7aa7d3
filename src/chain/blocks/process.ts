/**
 * Checks a whole block against its parent and runs it: the header, the content that the header
 * names by its roots, the ommers, the transactions, and what came of them.
 *
 * A rejected block leaves the world in the middle of it: whoever asked puts the state back.
 */
import { keccak_256 } from '@noble/hashes/sha3.js';
import { bytesToHex, equalBytes, type Keccak256 } from '../../base/bytes.ts';
import { encodeRlp } from '../../base/rlp.ts';
import { indexedRoot } from '../../state/commitments/indexed.ts';
import type { EvmWorld } from '../world.ts';
import {
  BLOCK_BYTES_MAX,
  type Block,
  type BlockTransaction,
  hashOmmers,
  type Withdrawal,
  withdrawalToRlp,
} from './block.ts';
import { BlockExecution, type ExecutionContext, senderOf } from './execution.ts';
import { blobGasLimit } from './fees.ts';
import type { Header } from './header.ts';
import { checkHeader } from './header-rules.ts';
import { checkOmmers, type OmmerContext } from './ommers.ts';
import { encodeReceipt, type Receipt } from './receipts.ts';
import {
  type BlockRejection,
  type BlockRejectionCode,
  isBlockRejection,
  rejectBlock,
  rejectForTransaction,
} from './rejections.ts';
import { type Requests, requestsHash } from './requests.ts';

export interface BlockContext extends ExecutionContext {
  /** What the rules of ommers need; asked for only where there are ommers. */
  readonly ommerContext: () => OmmerContext;
}

/** What came of a valid block. */
export interface BlockResult {
  readonly kind: 'accepted';
  readonly receipts: readonly Receipt[];
  /** Who sent each transaction, 20 bytes. */
  readonly senders: readonly Uint8Array[];
  readonly requests: readonly Requests[];
}

/**
 * Runs a block after its parent, whose state the world has.
 *
 * @returns what came of it, or the first rule that the block breaks
 */
export function processBlock(
  world: EvmWorld,
  parent: Header,
  block: Block,
  context: BlockContext,
): BlockResult | BlockRejection {
  const rejection =
    checkSize(block, context) ??
    checkHeader(block.header, parent, context) ??
    checkParts(block, context) ??
    checkBlockOmmers(block, context);
  return rejection ?? executeBlock(world, block, context);
}

function checkSize({ size }: Block, { rules }: BlockContext): BlockRejection | undefined {
  if (!rules.rules.eip7934 || size <= BLOCK_BYTES_MAX) return undefined;
  return rejectBlock('size-above-max', { size, limit: BLOCK_BYTES_MAX });
}

function checkParts(block: Block, context: BlockContext): BlockRejection | undefined {
  const { header, withdrawals, ommers } = block;
  const { fork, rules } = context.rules;
  if (rules.eip4895 !== (withdrawals !== undefined)) {
    const code = rules.eip4895 ? 'withdrawals-missing' : 'withdrawals-unexpected';
    return rejectBlock(code, { fork });
  }
  return compare('ommers-hash', header.ommersHash, hashOmmers(ommers, context.keccak256));
}

/** Root of the trie of transactions. */
export function transactionsRoot(
  transactions: readonly Pick<BlockTransaction, 'encoded'>[],
  keccak256: Keccak256 = keccak_256,
): Uint8Array {
  return indexedRoot(
    transactions.map(({ encoded }) => encoded),
    keccak256,
  );
}

/** Root of the trie of withdrawals (EIP-4895). */
export function withdrawalsRoot(
  withdrawals: readonly Withdrawal[],
  keccak256: Keccak256 = keccak_256,
): Uint8Array {
  return indexedRoot(
    withdrawals.map((withdrawal) => encodeRlp(withdrawalToRlp(withdrawal))),
    keccak256,
  );
}

/** Root of the trie of receipts. */
export function receiptsRoot(
  receipts: readonly Receipt[],
  keccak256: Keccak256 = keccak_256,
): Uint8Array {
  return indexedRoot(receipts.map(encodeReceipt), keccak256);
}

function compare(
  code: BlockRejectionCode,
  found: Uint8Array | undefined,
  expected: Uint8Array,
): BlockRejection | undefined {
  if (found !== undefined && equalBytes(found, expected)) return undefined;
  const text = found === undefined ? 'none' : bytesToHex(found);
  return rejectBlock(code, { found: text, expected: bytesToHex(expected) });
}

function checkBlockOmmers(
  { ommers }: Block,
  { rules, ommerContext }: BlockContext,
): BlockRejection | undefined {
  if (ommers.length === 0) return undefined;
  if (rules.rules.eip3675) return rejectBlock('ommers-after-paris');
  return checkOmmers(ommers, ommerContext());
}

function executeBlock(
  world: EvmWorld,
  block: Block,
  context: BlockContext,
): BlockResult | BlockRejection {
  const execution = new BlockExecution(world, block.header, context);
  const senders: Uint8Array[] = [];
  execution.start();
  for (const [index, { transaction, encoded }] of block.transactions.entries()) {
    const sender = senderOf(transaction, context.rules, context.keccak256, encoded);
    if ('code' in sender) return rejectForTransaction(index, sender);
    const result = execution.run(transaction, sender);
    if (result.kind === 'rejected') return rejectForTransaction(index, result.rejection);
    senders.push(sender);
  }
  const requests = execution.end(block.ommers, block.withdrawals);
  if (isBlockRejection(requests)) return requests;
  const rejection =
    checkResults(block.header, execution, requests, context) ?? checkRoots(block, context);
  if (rejection !== undefined) return rejection;
  return { kind: 'accepted', receipts: execution.receipts, senders, requests };
}

/**
 * Compares the roots of what the block contains; after the run, so that a transaction that is not
 * valid is reported as such.
 */
function checkRoots(
  { header, transactions, withdrawals }: Block,
  { keccak256 }: BlockContext,
): BlockRejection | undefined {
  const root = transactionsRoot(transactions, keccak256);
  const rejection = compare('transactions-root', header.transactionsRoot, root);
  if (rejection !== undefined || withdrawals === undefined) return rejection;
  const expected = withdrawalsRoot(withdrawals, keccak256);
  return compare('withdrawals-root', header.withdrawalsRoot, expected);
}

/** Compares what the header says of the run with the run. */
function checkResults(
  header: Header,
  execution: BlockExecution,
  requests: readonly Requests[],
  { rules, keccak256 }: BlockContext,
): BlockRejection | undefined {
  const { gasUsed, blobGasUsed, receipts, bloom } = execution;
  if (header.gasUsed !== gasUsed) {
    return rejectBlock('gas-used', { found: header.gasUsed, expected: gasUsed });
  }
  if (rules.rules.eip4844) {
    const found = header.blobGasUsed ?? 0n;
    const limit = blobGasLimit(rules.costs);
    if (found > limit) return rejectBlock('blob-gas-above-limit', { found, limit });
    if (found !== blobGasUsed) {
      return rejectBlock('blob-gas-used', { found, expected: blobGasUsed });
    }
  }
  if (!equalBytes(header.logsBloom, bloom)) return rejectBlock('logs-bloom');
  return (
    compare('receipts-root', header.receiptsRoot, receiptsRoot(receipts, keccak256)) ??
    (rules.rules.eip7685
      ? compare('requests-hash', header.requestsHash, requestsHash(requests))
      : undefined) ??
    compare('state-root', header.stateRoot, execution.stateRoot())
  );
}
