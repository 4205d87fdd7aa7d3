/** Methods for the pool and for the node itself: `txpool_*`, and what anvil and Hardhat have. */
import { bytesToHex } from '../../base/bytes.ts';
import type { PooledTransaction } from '../../chain/dev/pool.ts';
import { pooledTransaction } from '../format/transaction.ts';
import type { Node } from '../node.ts';
import { type Method, method, param } from '../rpc/method.ts';
import * as t from '../rpc/types.ts';
import { CLIENT_VERSION, VERSION } from '../version.ts';
import { names } from './names.ts';

const address = param('address', t.address);
const amount = param('amount', t.number);
const hash = param('hash', t.hash);
const flag = param('isEnabled', t.boolean);
const NULL = { type: 'null' } as const;

const POOL: Method[][] = [
  method(
    names('anvil hardhat', 'dropTransaction'),
    'Takes a transaction out of the pool.',
    [hash],
    { type: ['string', 'null'] },
    (node, [id]) => (node.dev.drop(id) ? bytesToHex(id) : null),
  ),
  method(names('anvil hardhat', 'dropAllTransactions'), 'Empties the pool.', [], NULL, (node) => {
    node.dev.dropAll();
    return null;
  }),
  method(
    'anvil_removePoolTransactions',
    'Takes the transactions of an account out of the pool.',
    [address],
    NULL,
    (node, [owner]) => {
      const { pending, queued } = node.dev.pool.content(node.dev.nonceOf, owner);
      for (const each of [...pending, ...queued]) node.dev.drop(each.hash);
      return null;
    },
  ),
  method('txpool_status', 'How many transactions wait.', [], { type: 'object' }, (node) => {
    const { pending, queued } = node.dev.pool.content(node.dev.nonceOf);
    return { pending: t.toQuantity(pending.length), queued: t.toQuantity(queued.length) };
  }),
  method(
    'txpool_content',
    'All transactions that wait, by sender and nonce.',
    [],
    { type: 'object' },
    (node) => {
      const { pending, queued } = node.dev.pool.content(node.dev.nonceOf);
      return {
        pending: bySender(pending, pooledTransaction),
        queued: bySender(queued, pooledTransaction),
      };
    },
  ),
  method(
    'txpool_contentFrom',
    'Transactions of one sender that wait, by nonce.',
    [address],
    { type: 'object' },
    (node, [owner]) => {
      const { pending, queued } = node.dev.pool.content(node.dev.nonceOf, owner);
      const own = (list: readonly PooledTransaction[]) =>
        Object.fromEntries(
          list.map((each) => [each.transaction.nonce.toString(), pooledTransaction(each)]),
        );
      return { pending: own(pending), queued: own(queued) };
    },
  ),
  method(
    'txpool_inspect',
    'All transactions that wait, as one line for each.',
    [],
    { type: 'object' },
    (node) => {
      const { pending, queued } = node.dev.pool.content(node.dev.nonceOf);
      return { pending: bySender(pending, inspect), queued: bySender(queued, inspect) };
    },
  ),
];

function bySender<T>(list: readonly PooledTransaction[], show: (each: PooledTransaction) => T) {
  const senders: Record<string, Record<string, T>> = {};
  for (const each of list) {
    const sender = bytesToHex(each.sender);
    const own = senders[sender] ?? {};
    senders[sender] = own;
    own[each.transaction.nonce.toString()] = show(each);
  }
  return senders;
}

function inspect({ transaction: tx }: PooledTransaction): string {
  const to = tx.to === undefined ? 'contract creation' : bytesToHex(tx.to);
  return `${to}: ${tx.value} wei + ${tx.gasLimit} gas × ${tx.maxFeePerGas} wei`;
}

function blobOf(node: Node, id: Uint8Array): string | null {
  const blob = node.blobs.get(bytesToHex(id));
  return blob === undefined ? null : bytesToHex(blob);
}

const NODE: Method[][] = [
  method(
    'anvil_nodeInfo',
    'The head, the fork and the settings.',
    [],
    { type: 'object' },
    (node) => {
      const { header } = node.head.block;
      return {
        currentBlockNumber: t.toQuantity(header.number),
        currentBlockTimestamp: Number(header.timestamp),
        currentBlockHash: bytesToHex(node.head.hash),
        hardFork: node.rulesOf(node.head).fork,
        transactionOrder: node.dev.pool.order,
        environment: {
          baseFee: t.toQuantity(node.dev.nextBaseFee),
          chainId: Number(node.chainId),
          gasLimit: t.toQuantity(node.dev.gasLimit),
          gasPrice: t.toQuantity(node.gasPrice),
        },
        forkConfig: {
          forkUrl: node.fork?.client.host ?? null,
          forkBlockNumber: node.fork === undefined ? null : Number(node.fork.number),
          forkRetryBackoff: node.fork?.options.backoffMs ?? null,
        },
      };
    },
  ),
  method(
    names('anvil hardhat', 'metadata'),
    'The version, the chain and the marks.',
    [],
    { type: 'object' },
    (node) => ({
      clientVersion: CLIENT_VERSION,
      clientSemver: VERSION,
      chainId: Number(node.chainId),
      instanceId: node.instanceId,
      latestBlockNumber: Number(node.head.block.header.number),
      latestBlockHash: bytesToHex(node.head.hash),
      forkedNetwork:
        node.fork === undefined
          ? null
          : {
              chainId: Number(node.fork.chainId),
              forkBlockNumber: Number(node.fork.number),
              forkBlockHash: bytesToHex(node.fork.hash),
            },
      snapshots: Object.fromEntries(
        node.dev.snapshots.map(({ id, entry }) => [
          t.toQuantity(id),
          [Number(entry.block.header.number), bytesToHex(entry.hash)],
        ]),
      ),
    }),
  ),
  method(
    'anvil_setChainId',
    'Makes it another chain for transactions to come.',
    [amount],
    NULL,
    (node, [chainId]) => {
      node.chainId = chainId;
      return null;
    },
  ),
  method(
    'hardhat_addCompilationResult',
    'Takes the standard input and output of solc, for stack traces; whether a source map is there.',
    [param('solcVersion', t.text), param('input', t.json), param('output', t.json)],
    { type: 'boolean' },
    async (node, [, input, output]) => (await node.openStackTraces()).add(input, output) > 0,
  ),
  method(
    'hardhat_getStackTraceFailuresCount',
    'Zero: a failure whose stack is not known is told without one.',
    [],
    { type: 'integer' },
    () => 0,
  ),
  method(
    names('anvil hardhat', 'setLoggingEnabled'),
    'Whether requests and transactions are printed.',
    [flag],
    NULL,
    (node, [isOn]) => {
      node.settings.isLogging = isOn;
      return null;
    },
  ),
  method(
    'anvil_getBlobByHash',
    'A blob by its versioned hash.',
    [hash],
    t.data.schema,
    (node, [id]) => blobOf(node, id),
  ),
  method(
    ['anvil_getBlobsByTransactionHash', 'anvil_getBlobByTransactionHash'],
    'The blobs of a transaction.',
    [hash],
    { type: ['array', 'null'] },
    (node, [id]) => {
      const place = node.findMined(id);
      const item = place?.entry.block.transactions[place.index] ?? node.dev.pool.get(id);
      return item === undefined
        ? null
        : item.transaction.blobHashes.map((each) => blobOf(node, each));
    },
  ),
];

export const POOL_METHODS: readonly Method[] = [POOL, NODE].flat(2);
