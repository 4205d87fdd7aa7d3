/** `ots_*`: what the explorer Otterscan asks for. */
import { bytesToHex, equalBytes } from '../../base/bytes.ts';
import type { ChainEntry } from '../../chain/blocks/chain.ts';
import type { TracedFrame } from '../../chain/tracers/observer.ts';
import { traceBlock, traceFrames, traceMined } from '../execution/trace.ts';
import { blockToJson } from '../format/block.ts';
import { type Json, minedTransaction, receiptToJson } from '../format/transaction.ts';
import type { Node } from '../node.ts';
import { type Method, method, param } from '../rpc/method.ts';
import * as t from '../rpc/types.ts';
import { firstWith, placeOfNonce } from '../search.ts';

const hash = param('hash', t.hash);
const address = param('address', t.address);
/** The explorer writes numbers of blocks as JSON numbers. */
const block = param('block', t.either(t.number, t.blockNumber));
const LIST = { type: ['array', 'null'] } as const;
const OBJECT = { type: ['object', 'null'] } as const;
const PAGE_MAX = 1000n;

/** Kinds of transfers that `ots_getInternalOperations` tells. */
const OPERATION = { transfer: 0, selfDestruct: 1, create: 2, create2: 3 } as const;

function internalOperations(outermost: TracedFrame): Json[] {
  const found: Json[] = [];
  const visit = (frame: TracedFrame): void => {
    for (const call of frame.calls) {
      const type = operationOf(call);
      if (type !== undefined && call.error === undefined) {
        found.push({
          type,
          from: bytesToHex(call.from),
          to: bytesToHex(call.to),
          value: t.toQuantity(call.value ?? 0n),
        });
      }
      visit(call);
    }
  };
  visit(outermost);
  return found;
}

function operationOf({ type, value = 0n }: TracedFrame): number | undefined {
  if (type === 'CREATE') return OPERATION.create;
  if (type === 'CREATE2') return OPERATION.create2;
  if (type === 'SELFDESTRUCT') return OPERATION.selfDestruct;
  return type === 'CALL' && value > 0n ? OPERATION.transfer : undefined;
}

/** Frames in order with their depth, as the explorer shows them. */
function flatFrames(outermost: TracedFrame): Json[] {
  const rows: Json[] = [];
  const visit = (frame: TracedFrame, depth: number): void => {
    rows.push({
      type: frame.type,
      depth,
      from: bytesToHex(frame.from),
      to: bytesToHex(frame.to),
      value: frame.value === undefined ? null : t.toQuantity(frame.value),
      input: bytesToHex(frame.input),
      output: bytesToHex(frame.output),
    });
    for (const call of frame.calls) visit(call, depth + 1);
  };
  visit(outermost, 0);
  return rows;
}

function detailsOf(node: Node, entry: ChainEntry): Json {
  const { transactions, logsBloom, ...rest } = blockToJson(entry, false) as Record<string, unknown>;
  const rules = node.rulesOf(entry);
  const receipts = entry.hashes.map((_, index) => receiptToJson(entry, index, rules));
  const fees = receipts.reduce(
    (sum, receipt) =>
      sum + BigInt(String(receipt?.gasUsed)) * BigInt(String(receipt?.effectiveGasPrice)),
    0n,
  );
  return {
    block: { ...rest, transactionCount: entry.hashes.length, logsBloom: null },
    issuance: {
      blockReward: t.toQuantity(rules.reward),
      uncleReward: '0x0',
      issuance: t.toQuantity(rules.reward),
    },
    totalFees: t.toQuantity(fees),
  };
}

/** Transactions of a block that touch an account: as sender, receiver, or within. */
function transactionsWith(node: Node, entry: ChainEntry, owner: Uint8Array): number[] {
  if (entry.hashes.length === 0) return [];
  const touched = traceBlock(node, entry, (task) => {
    const visit = (frame: TracedFrame): boolean =>
      equalBytes(frame.from, owner) || equalBytes(frame.to, owner) || frame.calls.some(visit);
    return visit(traceFrames(task).frame);
  });
  return touched.flatMap((isTouched, index) => (isTouched ? [index] : []));
}

/** A page of an account's transactions, newest first; whole blocks at a time. */
function searchTransactions(
  node: Node,
  owner: Uint8Array,
  entries: readonly ChainEntry[],
  size: bigint,
): { readonly found: [ChainEntry, number][]; readonly isWhole: boolean } {
  const found: [ChainEntry, number][] = [];
  const most = size < PAGE_MAX ? size : PAGE_MAX;
  for (const [at, entry] of entries.entries()) {
    for (const index of transactionsWith(node, entry, owner)) found.push([entry, index]);
    if (BigInt(found.length) >= most) return { found, isWhole: at === entries.length - 1 };
  }
  return { found, isWhole: true };
}

function searchResult(node: Node, found: readonly [ChainEntry, number][], edges: Json): Json {
  return {
    txs: found.map(([entry, index]) => minedTransaction(entry, index)),
    receipts: found.map(([entry, index]) => ({
      ...receiptToJson(entry, index, node.rulesOf(entry)),
      timestamp: t.toQuantity(entry.block.header.timestamp),
    })),
    ...edges,
  };
}

function searchBefore(node: Node, owner: Uint8Array, before: bigint, size: bigint): Json {
  const head = node.head.block.header.number;
  const last = before === 0n || before > head ? head : before - 1n;
  const entries = [...node.chain.between(1n, last)]
    .filter((each) => each.hashes.length > 0)
    .reverse();
  const { found, isWhole } = searchTransactions(node, owner, entries, size);
  return searchResult(node, found, {
    firstPage: before === 0n || before > head,
    lastPage: isWhole,
  });
}

function searchAfter(node: Node, owner: Uint8Array, after: bigint, size: bigint): Json {
  const head = node.head.block.header.number;
  const entries =
    after >= head
      ? []
      : [...node.chain.between(after + 1n, head)].filter((each) => each.hashes.length > 0);
  const { found, isWhole } = searchTransactions(node, owner, entries, size);
  return searchResult(node, found.reverse(), { firstPage: isWhole, lastPage: after === 0n });
}

function creatorOf(node: Node, contract: Uint8Array): Json | null {
  const entry = firstWith(node, (view) => (view.getCode(contract) as Uint8Array).length > 0);
  if (entry === undefined || entry.hashes.length === 0) return null;
  const creators = traceBlock(node, entry, (task) => {
    const visit = (frame: TracedFrame): Uint8Array | undefined => {
      const isCreation = frame.type.startsWith('CREATE') && frame.error === undefined;
      if (isCreation && equalBytes(frame.to, contract)) return frame.from;
      for (const call of frame.calls) {
        const found = visit(call);
        if (found !== undefined) return found;
      }
      return undefined;
    };
    return visit(traceFrames(task).frame);
  });
  const index = creators.findIndex((each) => each !== undefined);
  const creator = creators[index];
  if (creator === undefined) return null;
  return { hash: bytesToHex(entry.hashes[index] as Uint8Array), creator: bytesToHex(creator) };
}

function senderWithNonce(node: Node, sender: Uint8Array, nonce: bigint): string | null {
  const place = placeOfNonce(node, sender, nonce);
  return place === undefined ? null : bytesToHex(place.entry.hashes[place.index] as Uint8Array);
}

const pageSize = param('size', t.number);

export const OTTERSCAN_METHODS: readonly Method[] = [
  method('ots_getApiLevel', 'The version of these methods.', [], { type: 'integer' }, () => 8),
  method(
    'ots_hasCode',
    'Whether an account has code.',
    [address, param('block', t.optional(t.either(t.number, t.blockId)))],
    t.boolean.schema,
    (node, [owner, id = 'latest']) =>
      node.read(id, (view) => (view.getCode(owner) as Uint8Array).length > 0),
  ),
  method(
    'ots_getTransactionError',
    'What a failed transaction returned.',
    [hash],
    t.data.schema,
    (node, [id]) =>
      traceMined(node, id, (task) => {
        const { frame } = traceFrames(task);
        return frame.error === undefined ? '0x' : bytesToHex(frame.output);
      }),
  ),
  method(
    'ots_traceTransaction',
    'The frames of a transaction with their depth.',
    [hash],
    LIST,
    (node, [id]) => traceMined(node, id, (task) => flatFrames(traceFrames(task).frame)),
  ),
  method(
    'ots_getInternalOperations',
    'Transfers, creations and destructions within a transaction.',
    [hash],
    LIST,
    (node, [id]) => traceMined(node, id, (task) => internalOperations(traceFrames(task).frame)),
  ),
  method(
    'ots_getBlockDetails',
    'A block without its transactions, with its fees.',
    [block],
    OBJECT,
    (node, [id]) => {
      const entry = node.find(id);
      return entry === undefined ? null : detailsOf(node, entry);
    },
  ),
  method(
    'ots_getBlockDetailsByHash',
    'A block without its transactions, with its fees, by hash.',
    [hash],
    OBJECT,
    (node, [id]) => {
      const entry = node.find({ hash: id });
      return entry === undefined ? null : detailsOf(node, entry);
    },
  ),
  method(
    'ots_getBlockTransactions',
    'A page of the transactions of a block.',
    [block, param('page', t.number), pageSize],
    OBJECT,
    (node, [id, page, size]) => {
      const entry = node.find(id);
      if (entry === undefined) return null;
      const most = size < PAGE_MAX ? size : PAGE_MAX;
      const places = entry.hashes.map((_, index) => index);
      const start = Math.max(0, places.length - Number((page + 1n) * most));
      const end = Math.max(0, places.length - Number(page * most));
      const rules = node.rulesOf(entry);
      const own = places.slice(start, end);
      return {
        fullblock: {
          ...blockToJson(entry, false),
          transactionCount: entry.hashes.length,
          transactions: own.map((index) => minedTransaction(entry, index)),
        },
        receipts: own.map((index) => ({
          ...receiptToJson(entry, index, rules),
          logs: null,
          logsBloom: null,
        })),
      };
    },
  ),
  method(
    'ots_searchTransactionsBefore',
    'Transactions of an account below a block, newest first.',
    [address, param('block', t.number), pageSize],
    OBJECT,
    (node, [owner, before, size]) => searchBefore(node, owner, before, size),
  ),
  method(
    'ots_searchTransactionsAfter',
    'Transactions of an account above a block, newest first.',
    [address, param('block', t.number), pageSize],
    OBJECT,
    (node, [owner, after, size]) => searchAfter(node, owner, after, size),
  ),
  method(
    'ots_getTransactionBySenderAndNonce',
    'The hash of a transaction of an account.',
    [address, param('nonce', t.number)],
    t.hash.schema,
    (node, [sender, nonce]) => senderWithNonce(node, sender, nonce),
  ),
  method(
    'ots_getContractCreator',
    'Who created a contract, and in which transaction.',
    [address],
    OBJECT,
    (node, [contract]) => creatorOf(node, contract),
  ),
].flat();
