/** `debug_*`: traces, raw bytes, and looks at the state. */
import { bytesToHex } from '../../base/bytes.ts';
import { decodeBlock, encodeBlock } from '../../chain/blocks/block.ts';
import type { ChainEntry } from '../../chain/blocks/chain.ts';
import { BlockExecution } from '../../chain/blocks/execution.ts';
import { encodeHeader, headerHash } from '../../chain/blocks/header.ts';
import { encodeReceipt } from '../../chain/blocks/receipts.ts';
import { SPACES } from '../../state/cells.ts';
import { callLimits } from '../execution/call.ts';
import {
  renderTrace,
  runTrace,
  TRACE_FIELDS,
  type TraceOptions,
  traceBlock,
  traceBundles,
  traceCall,
  traceMined,
  traceOptions,
  withScripts,
} from '../execution/trace.ts';
import { witnessOf } from '../execution/witness.ts';
import type { Node } from '../node.ts';
import { preimageOf } from '../preimage.ts';
import { serverError } from '../rpc/errors.ts';
import { type Method, method, param } from '../rpc/method.ts';
import {
  blockOverride,
  bundleContext,
  callBundles,
  callRequest,
  stateOverride,
} from '../rpc/requests.ts';
import * as t from '../rpc/types.ts';
import { dumpBlock, pageOfAccounts, pageOfSlots } from '../state-pages.ts';
import { rawTransaction } from './chain.ts';

const hash = param('hash', t.hash);
const block = param('block', t.blockId);
const options = param('options', t.optional(traceOptions));
const LIST = { type: 'array' } as const;

function requireBlock(node: Node, id: t.BlockId): ChainEntry {
  const entry = node.find(id);
  if (entry !== undefined) return entry;
  const name = typeof id === 'object' ? bytesToHex(id.hash) : `#${node.numberOf(id)}`;
  throw serverError(`block ${name} not found`);
}

function traceWhole(node: Node, entry: ChainEntry, config: TraceOptions = {}): unknown[] {
  const results = traceBlock(node, entry, (task) => runTrace(task, config));
  return results.map((result, index) => ({
    txHash: bytesToHex(entry.hashes[index] as Uint8Array),
    result,
  }));
}

const callOptions = t.object({
  ...TRACE_FIELDS,
  stateOverrides: t.optional(stateOverride),
  blockOverrides: t.optional(blockOverride),
});

/** Roots of the state after each transaction of a block. */
function intermediateRoots(node: Node, entry: ChainEntry): string[] {
  const { parent, block: own, senders } = entry;
  if (parent === undefined) throw serverError('genesis is not traceable');
  const rules = node.rulesOf(entry);
  return node.chain.withState(parent, rules, (world) => {
    const context = node.chain.contextAfter(parent, rules);
    const execution = new BlockExecution(world, own.header, context);
    execution.start();
    return own.transactions.map(({ transaction }, index) => {
      execution.run(transaction, senders[index] as Uint8Array, callLimits(transaction, rules));
      world.flush();
      return bytesToHex(execution.stateRoot());
    });
  });
}

/** Accounts whose balance, nonce, code or slots differ between two blocks. */
function modifiedAccounts(node: Node, first: ChainEntry, last: ChainEntry): string[] {
  const read = (entry: ChainEntry) =>
    node.chain.read(entry, (backend) => {
      const cells = new Map<string, string>();
      for (const space of [SPACES.balance, SPACES.nonce, SPACES.codeHash, SPACES.slot]) {
        const found = backend.scan({ space: space.number });
        if (!(Symbol.iterator in found)) continue;
        for (const { cell, value } of found) {
          const owner = bytesToHex(cell.owner.slice(-20));
          cells.set(`${owner} ${space.number} ${bytesToHex(cell.key)}`, bytesToHex(value));
        }
      }
      return cells;
    });
  const before = read(first);
  const after = read(last);
  const changed = new Set<string>();
  for (const [key, value] of after) if (before.get(key) !== value) changed.add(key.slice(0, 42));
  for (const key of before.keys()) if (!after.has(key)) changed.add(key.slice(0, 42));
  return [...changed].sort();
}

/** The block before another one, or a whole range by numbers. */
function modifiedBetween(node: Node, first: t.BlockId, last: t.BlockId | undefined): string[] {
  const end = requireBlock(node, last ?? first);
  const start = last === undefined ? end.parent : requireBlock(node, first);
  if (start === undefined) throw serverError('the genesis has no block before it');
  return modifiedAccounts(node, start, end);
}

export const DEBUG_METHODS: readonly Method[] = [
  method(
    'debug_traceTransaction',
    'Runs a mined transaction again and tells what it did.',
    [hash, options],
    { type: 'object' },
    (node, [id, config = {}]) => traceMined(node, id, (task) => renderTrace(task, config)),
  ),
  method(
    'debug_traceCall',
    'Tells what a call would do.',
    [
      param('call', callRequest),
      param('block', t.latestBlock),
      param('options', t.optional(callOptions)),
    ],
    { type: 'object' },
    (node, [request, id, config = {}]) => {
      const { stateOverrides: state, blockOverrides, ...rest } = config;
      const context = { entry: node.require(id), state, block: blockOverrides };
      return traceCall(node, request, context, (task) => renderTrace(task, rest));
    },
  ),
  method(
    'debug_traceCallMany',
    'Tells what calls that follow each other would do.',
    [param('bundles', callBundles), param('context', t.optional(bundleContext)), options],
    LIST,
    (node, [bundles, context, config = {}]) => {
      const entry = node.require(context?.blockNumber ?? 'latest');
      return traceBundles(node, bundles, { entry }, (task) => runTrace(task, config));
    },
  ),
  method(
    'debug_traceBlockByNumber',
    'Traces all transactions of a block.',
    [param('block', t.blockNumber), options],
    LIST,
    (node, [id, config]) => traceWhole(node, requireBlock(node, id), config),
  ),
  method(
    'debug_traceBlockByHash',
    'Traces all transactions of a block, by hash.',
    [hash, options],
    LIST,
    (node, [id, config]) => traceWhole(node, requireBlock(node, { hash: id }), config),
  ),
  method(
    'debug_traceBlock',
    'Traces all transactions of a block of the chain, by its bytes.',
    [param('raw', t.data), options],
    LIST,
    (node, [raw, config]) => {
      const own = headerHash(decodeBlock(raw).header, node.chain.keccak256);
      return traceWhole(node, requireBlock(node, { hash: own }), config);
    },
  ),
  method(
    'debug_traceChain',
    'Traces all transactions of a range of blocks, the first left out.',
    [block, param('last', t.blockId), options],
    LIST,
    (node, [first, last, config]) => {
      const from = requireBlock(node, first).block.header.number;
      const to = requireBlock(node, last).block.header.number;
      if (to - from > TRACED_BLOCKS_MAX) throw serverError(`${TRACED_BLOCKS_MAX} blocks at most`);
      const entries = from >= to ? [] : [...node.chain.between(from + 1n, to)];
      return entries.map((entry) => ({
        block: t.toQuantity(entry.block.header.number),
        hash: bytesToHex(entry.hash),
        traces: traceWhole(node, entry, config),
      }));
    },
  ),
  method(
    'debug_intermediateRoots',
    'Roots of the state after each transaction of a block.',
    [hash, options],
    LIST,
    (node, [id]) => intermediateRoots(node, requireBlock(node, { hash: id })),
  ),
  method('debug_getRawBlock', 'The bytes of a block.', [block], t.data.schema, (node, [id]) =>
    bytesToHex(encodeBlock(requireBlock(node, id).block)),
  ),
  method('debug_getRawHeader', 'The bytes of a header.', [block], t.data.schema, (node, [id]) =>
    bytesToHex(encodeHeader(requireBlock(node, id).block.header)),
  ),
  method(
    'debug_getRawReceipts',
    'The bytes of the receipts of a block.',
    [block],
    LIST,
    (node, [id]) =>
      requireBlock(node, id).receipts.map((receipt) => bytesToHex(encodeReceipt(receipt))),
  ),
  method(
    'debug_getRawTransaction',
    'The bytes of a transaction.',
    [hash],
    t.data.schema,
    (node, [id]) => rawTransaction(node, id) ?? '0x',
  ),
  method(
    'debug_executionWitness',
    'What is needed to run a block without the state: trie nodes, codes, keys and headers.',
    [block],
    { type: 'object' },
    (node, [id]) => witnessOf(node, requireBlock(node, id)),
  ),
  method(
    'debug_executionWitnessByHash',
    'What is needed to run a block without the state, by its hash.',
    [hash],
    { type: 'object' },
    (node, [id]) => witnessOf(node, requireBlock(node, { hash: id })),
  ),
  method('debug_getBadBlocks', 'Blocks that were refused: none are kept.', [], LIST, () => []),
  method(
    'debug_codeByHash',
    'Code by its hash.',
    [hash, param('block', t.latestBlock)],
    t.data.schema,
    (node, [id, at]) =>
      node.chain.read(node.require(at), (backend) => {
        const code = backend.get({ space: SPACES.code.number, owner: new Uint8Array(32), key: id });
        return code instanceof Uint8Array ? bytesToHex(code) : null;
      }),
  ),
  method(
    'debug_preimage',
    'What was hashed to a key of the state or of its codes: an address, a slot or a code.',
    [hash],
    t.data.schema,
    async (node, [id]) => {
      const found = await preimageOf(node, id);
      if (found === undefined) throw serverError('unknown preimage');
      return bytesToHex(found);
    },
  ),
  method(
    'debug_storageRangeAt',
    'Slots of a contract after some transactions of a block.',
    [
      hash,
      param('index', t.number),
      param('address', t.address),
      param('first', t.data),
      param('count', t.number),
    ],
    { type: 'object' },
    (node, [id, index, address, first, count]) => {
      const entry = requireBlock(node, { hash: id });
      return pageOfSlots(node, entry, Number(index), { address, first, count: Number(count) });
    },
  ),
  method(
    'debug_accountRange',
    'Accounts of the state after a block, by pages.',
    [
      block,
      param('first', t.data),
      param('count', t.number),
      param('hasNoCode', t.optional(t.boolean)),
      param('hasNoStorage', t.optional(t.boolean)),
      param('isIncomplete', t.optional(t.boolean)),
    ],
    { type: 'object' },
    (node, [id, first, count, hasNoCode, hasNoStorage]) =>
      pageOfAccounts(node, requireBlock(node, id), {
        first,
        count: Number(count),
        hasCode: !hasNoCode,
        hasStorage: !hasNoStorage,
      }),
  ),
  method(
    'debug_dumpBlock',
    'All accounts of the state after a block.',
    [block],
    { type: 'object' },
    (node, [id]) => dumpBlock(node, requireBlock(node, id)),
  ),
  method(
    'debug_getModifiedAccountsByNumber',
    'Accounts that changed in a block or a range.',
    [block, param('last', t.optional(t.blockId))],
    LIST,
    (node, [first, last]) => modifiedBetween(node, first, last),
  ),
  method(
    'debug_getModifiedAccountsByHash',
    'Accounts that changed in a block or a range, by hash.',
    [hash, param('last', t.optional(t.hash))],
    LIST,
    (node, [first, last]) => modifiedBetween(node, { hash: first }, last && { hash: last }),
  ),
  method(
    'debug_setHead',
    'Takes the blocks after a number off the chain.',
    [param('block', t.quantity64)],
    { type: 'null' },
    (node, [id]) => {
      const entry = requireBlock(node, id);
      node.dev.rollbackTo(entry);
      return null;
    },
  ),
]
  .flat()
  .map(withScripts);

const TRACED_BLOCKS_MAX = 10_000n;
