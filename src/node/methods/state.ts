/** `eth_*` that read the state and try things on it. */
import { keccak_256 } from '@noble/hashes/sha3.js';
import { bytesToHex } from '../../base/bytes.ts';
import { blobBaseFee, nextExcessBlobGas } from '../../chain/blocks/fees.ts';
import type { ExecutedTransaction } from '../../chain/world.ts';
import { createAccessList } from '../execution/access-list.ts';
import { estimateGas } from '../execution/estimate.ts';
import { explained } from '../execution/explain.ts';
import { simulate } from '../execution/simulate.ts';
import { traceBundles, traceFrames } from '../execution/trace.ts';
import { haltText } from '../format/halt.ts';
import { accessListToJson } from '../format/transaction.ts';
import { executionError } from '../rpc/errors.ts';
import { type Method, method, param } from '../rpc/method.ts';
import {
  blockOverride,
  bundleContext,
  callBundles,
  callRequest,
  simulation,
  stateOverride,
} from '../rpc/requests.ts';
import * as t from '../rpc/types.ts';

/** Hashes of an account without code and without slots. */
const EMPTY_CODE_HASH: Uint8Array = keccak_256(new Uint8Array(0));
const EMPTY_ROOT: Uint8Array = keccak_256(Uint8Array.of(0x80));

/** An account that is not there has zeros for hashes. */
function orElse(hash: Uint8Array, otherwise: Uint8Array): Uint8Array {
  return hash.some((byte) => byte !== 0) ? hash : otherwise;
}

/** What a call returned, in hexadecimal; one that failed is an error. */
function outputOf(result: ExecutedTransaction): string {
  if (result.status === 'success') return bytesToHex(result.output);
  throw executionError(result, haltText(result.outcome.reason));
}

const block = param('block', t.latestBlock);
const overrides = [
  param('stateOverride', t.optional(stateOverride)),
  param('blockOverride', t.optional(blockOverride)),
] as const;

export const STATE_METHODS: readonly Method[] = [
  method(
    'eth_getBalance',
    'The balance of an account, in wei.',
    [param('address', t.address), block],
    t.quantity.schema,
    (node, [address, id]) =>
      t.toQuantity(node.read(id, (view) => view.getBalance(address) as bigint)),
  ),
  method(
    'eth_getTransactionCount',
    'The nonce of an account; for `pending` after the transactions that wait.',
    [param('address', t.address), block],
    t.quantity.schema,
    (node, [address, id]) =>
      t.toQuantity(
        id === 'pending'
          ? node.pendingNonce(address)
          : node.read(id, (view) => view.getNonce(address) as bigint),
      ),
  ),
  method(
    'eth_getCode',
    'The code of an account.',
    [param('address', t.address), block],
    t.data.schema,
    (node, [address, id]) =>
      bytesToHex(node.read(id, (view) => view.getCode(address) as Uint8Array)),
  ),
  method(
    'eth_getStorageAt',
    'A slot of an account.',
    [param('address', t.address), param('slot', t.storageKey), block],
    t.word.schema,
    (node, [address, slot, id]) =>
      t.toWord(node.read(id, (view) => view.getSlot(address, slot) as bigint)),
  ),
  method(
    'eth_getStorageValues',
    'Slots of several accounts.',
    [param('slots', t.record(t.address, t.array(t.storageKey, 1024))), block],
    { type: 'object' },
    (node, [requests, id]) =>
      node.read(id, (view) =>
        Object.fromEntries(
          requests.map(([address, slots, name]) => [
            name,
            slots.map((slot) => t.toWord(view.getSlot(address, slot) as bigint)),
          ]),
        ),
      ),
  ),
  method(
    'eth_getAccount',
    'Balance, nonce, code hash and storage root of an account.',
    [param('address', t.address), block],
    { type: 'object' },
    (node, [address, id]) => {
      const proof = node.chain.prove(node.require(id), address, []);
      return {
        balance: t.toQuantity(proof.balance),
        nonce: t.toQuantity(proof.nonce),
        codeHash: bytesToHex(orElse(proof.codeHash, EMPTY_CODE_HASH)),
        storageRoot: bytesToHex(orElse(proof.storageHash, EMPTY_ROOT)),
      };
    },
  ),
  method(
    'eth_getAccountInfo',
    'Balance, nonce and code of an account.',
    [param('address', t.address), block],
    { type: 'object' },
    (node, [address, id]) =>
      node.read(id, (view) => ({
        balance: t.toQuantity(view.getBalance(address) as bigint),
        nonce: t.toQuantity(view.getNonce(address) as bigint),
        code: bytesToHex(view.getCode(address) as Uint8Array),
      })),
  ),
  method(
    'eth_getProof',
    'The Merkle proof of an account and some of its slots (EIP-1186).',
    [param('address', t.address), param('slots', t.array(t.storageKey, 1024)), block],
    { type: 'object' },
    (node, [address, slots, id]) => {
      const proof = node.chain.prove(node.require(id), address, slots);
      return {
        address: bytesToHex(address),
        accountProof: proof.accountProof.map(bytesToHex),
        balance: t.toQuantity(proof.balance),
        codeHash: bytesToHex(orElse(proof.codeHash, EMPTY_CODE_HASH)),
        nonce: t.toQuantity(proof.nonce),
        storageHash: bytesToHex(orElse(proof.storageHash, EMPTY_ROOT)),
        storageProof: proof.storageProof.map((each) => ({
          key: t.toQuantity(each.key),
          value: t.toQuantity(each.value),
          proof: each.proof.map(bytesToHex),
        })),
      };
    },
  ),
  method(
    'eth_call',
    'What a call returns; nothing is changed.',
    [param('call', callRequest), block, ...overrides],
    t.data.schema,
    (node, [request, id, state, override]) => {
      const context = { entry: node.require(id), state, block: override };
      return explained(node, request, context, () => {
        const result = node.calls.run(request, context);
        return result instanceof Promise ? result.then(outputOf) : outputOf(result);
      });
    },
  ),
  method(
    'eth_estimateGas',
    'The least gas limit that a transaction succeeds with, or a little more.',
    [param('call', callRequest), block, ...overrides],
    t.quantity.schema,
    (node, [request, id, state, override]) => {
      const context = { entry: node.require(id), state, block: override };
      const estimate = () => t.toQuantity(estimateGas(node, request, context));
      return explained(node, request, context, estimate);
    },
  ),
  method(
    'eth_createAccessList',
    'The access list that a transaction would need, and its gas with the list.',
    [param('call', callRequest), block, param('stateOverride', t.optional(stateOverride))],
    { type: 'object' },
    (node, [request, id, state]) => {
      const { list, result } = createAccessList(node, request, { entry: node.require(id), state });
      const error =
        result.status === 'revert' ? 'execution reverted' : haltText(result.outcome.reason);
      return {
        accessList: accessListToJson(list),
        gasUsed: t.toQuantity(result.gasUsed),
        ...(result.status === 'success' ? {} : { error }),
      };
    },
  ),
  method(
    'eth_simulateV1',
    'Runs calls in blocks that are not, on top of one that is.',
    [param('simulation', simulation), block],
    { type: 'array', items: { type: 'object' } },
    (node, [request, id]) => simulate(node, request, node.require(id)),
  ),
  method(
    'eth_callMany',
    'Runs bundles of calls one after the other on the same state.',
    [
      param('bundles', callBundles),
      param('context', t.optional(bundleContext)),
      param('stateOverride', t.optional(stateOverride)),
    ],
    { type: 'array' },
    (node, [bundles, context, state]) => {
      const entry = node.require(context?.blockNumber ?? 'latest');
      return traceBundles(node, bundles, { entry, state }, (task) => {
        const { frame } = traceFrames(task);
        const value = bytesToHex(frame.output);
        return frame.error === undefined ? { value } : { error: frame.error, value };
      });
    },
  ),
  method(
    'eth_blobBaseFee',
    'Wei for a unit of blob gas in the next block.',
    [],
    t.quantity.schema,
    (node) => {
      const { costs, rules } = node.dev.nextRules;
      const excess = nextExcessBlobGas(node.head.block.header, { costs, rules });
      return t.toQuantity(rules.eip4844 ? blobBaseFee(excess, costs) : 0n);
    },
  ),
].flat();
