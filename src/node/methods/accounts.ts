/** Accounts of the node: what it signs and sends. */

import * as PersonalMessage from 'ox/PersonalMessage';
import * as TypedData from 'ox/TypedData';
import { bytesToHex, concatBytes, hexToBytes } from '../../base/bytes.ts';
import { bigintToBytes32 } from '../../base/u256.ts';
import { encodeTransaction } from '../../chain/transactions/codec.ts';
import { signDigest } from '../../vms/evm/precompiles/secp256k1.ts';
import { pooledTransaction } from '../format/transaction.ts';
import type { Node } from '../node.ts';
import { invalidParams, RPC_CODE, RpcError, revertError } from '../rpc/errors.ts';
import { type Method, method, param } from '../rpc/method.ts';
import { callRequest } from '../rpc/requests.ts';
import * as t from '../rpc/types.ts';
import { fillTransaction, noKey, readRaw, sendAs, sendRaw, sendRequest, sign } from '../sending.ts';
import { receiptOf } from './chain.ts';

const transaction = param('transaction', callRequest);
const raw = param('raw', t.data);
const address = param('address', t.address);
const OBJECT = { type: ['object', 'null'] } as const;

/** A signature over a digest: r, s and v with 27 added. */
function signHash(node: Node, owner: Uint8Array, digest: Uint8Array): string {
  const wallet = node.wallets.get(owner);
  if (wallet === undefined) throw noKey(owner);
  const { r, s, yParity } = signDigest(digest, wallet.privateKey);
  const v = Uint8Array.of(27 + yParity);
  return bytesToHex(concatBytes(bigintToBytes32(r, 'r'), bigintToBytes32(s, 's'), v));
}

function signMessage(node: Node, owner: Uint8Array, message: Uint8Array): string {
  const payload = PersonalMessage.getSignPayload(bytesToHex(message));
  return signHash(node, owner, hexToBytes(payload));
}

function signTypedData(node: Node, owner: Uint8Array, value: unknown): string {
  let definition: unknown = value;
  let payload: `0x${string}`;
  try {
    if (typeof value === 'string') definition = JSON.parse(value);
    payload = TypedData.getSignPayload(definition as TypedData.Definition);
  } catch (error) {
    const problem = error instanceof Error ? error.message.split('\n')[0] : String(error);
    throw invalidParams(`invalid argument 1 (typedData): ${problem}`);
  }
  return signHash(node, owner, hexToBytes(payload));
}

/** A message of a request: bytes, or else a text. */
const message: t.Type<Uint8Array> = {
  schema: { type: 'string' },
  read(value, path) {
    const words = t.text.read(value, path);
    return /^0x([0-9a-fA-F]{2})*$/.test(words)
      ? hexToBytes(words)
      : new TextEncoder().encode(words);
  },
};

/** The receipt of a transaction that was just sent; it is there where it was mined at once. */
function receiptNow(node: Node, hash: Uint8Array): unknown {
  const receipt = receiptOf(node, hash);
  if (receipt !== null) return receipt;
  const text = 'the transaction is not mined yet: mining is not automatic';
  throw new RpcError(4, text, bytesToHex(hash));
}

export const ACCOUNT_METHODS: readonly Method[] = [
  method(
    ['eth_accounts', 'eth_requestAccounts', 'personal_listAccounts'],
    'Accounts that the node signs or acts for.',
    [],
    { type: 'array' },
    (node) => node.wallets.addresses(),
  ),
  method(
    'eth_sign',
    'Signs a message, with the prefix of EIP-191.',
    [address, param('message', message)],
    t.data.schema,
    (node, [owner, text]) => signMessage(node, owner, text),
  ),
  method(
    'personal_sign',
    'Signs a message as `eth_sign` does, with the parameters the other way round.',
    [param('message', message), address, param('password', t.optional(t.text))],
    t.data.schema,
    (node, [text, owner]) => signMessage(node, owner, text),
  ),
  method(
    ['eth_signTypedData', 'eth_signTypedData_v3', 'eth_signTypedData_v4'],
    'Signs typed data (EIP-712).',
    [address, param('typedData', t.json)],
    t.data.schema,
    (node, [owner, value]) => signTypedData(node, owner, value),
  ),
  method(
    'eth_signTransaction',
    'Signs a transaction, which is not sent.',
    [transaction],
    t.data.schema,
    (node, [request]) => {
      const sender = request.from;
      if (sender === undefined) throw invalidParams('missing value for required field from');
      const signed = sign(node, fillTransaction(node, request, sender), sender);
      return bytesToHex(encodeTransaction(signed));
    },
  ),
  method(
    'eth_fillTransaction',
    'Fills in what a transaction leaves open.',
    [transaction],
    OBJECT,
    (node, [request]) => {
      const sender = request.from ?? node.wallets.list()[0]?.address;
      if (sender === undefined) throw invalidParams('missing value for required field from');
      const filled = fillTransaction(node, { ...request, from: sender }, sender);
      const signed = { ...filled, signature: { r: 0n, s: 0n, yParity: 0 } } as const;
      const encoded = encodeTransaction(signed);
      const hash = node.chain.keccak256(encoded);
      const tx = pooledTransaction({ transaction: signed, encoded, sender, hash });
      return { raw: bytesToHex(encoded), tx };
    },
  ),
  method(
    'eth_sendTransaction',
    'Sends a transaction of an account that the node signs or acts for.',
    [transaction],
    t.hash.schema,
    (node, [request]) => bytesToHex(sendRequest(node, request)),
  ),
  method(
    ['eth_sendUnsignedTransaction'],
    'Sends a transaction of any account, unsigned.',
    [transaction],
    t.hash.schema,
    (node, [request]) => {
      const sender = request.from;
      if (sender === undefined) throw invalidParams('missing value for required field from');
      return bytesToHex(sendAs(node, request, sender, false));
    },
  ),
  method(
    'eth_sendRawTransaction',
    'Sends a signed transaction; one of type 3 with or without its blobs.',
    [raw],
    t.hash.schema,
    (node, [bytes]) => bytesToHex(sendRaw(node, bytes)),
  ),
  method(
    'eth_sendRawTransactionConditional',
    'Sends a signed transaction under conditions on the block (ERC-7796).',
    [
      raw,
      param(
        'conditions',
        t.object({
          blockNumberMin: t.optional(t.quantity64),
          blockNumberMax: t.optional(t.quantity64),
          timestampMin: t.optional(t.number),
          timestampMax: t.optional(t.number),
        }),
      ),
    ],
    t.hash.schema,
    (node, [bytes, conditions]) => {
      const { number, timestamp } = node.dev.nextEnv;
      const { blockNumberMin = 0n, blockNumberMax = number } = conditions;
      const { timestampMin = 0n, timestampMax = timestamp } = conditions;
      const isMet =
        number >= blockNumberMin &&
        number <= blockNumberMax &&
        timestamp >= timestampMin &&
        timestamp <= timestampMax;
      if (!isMet) throw new RpcError(RPC_CODE.transactionRejected, 'a condition is not met');
      return bytesToHex(sendRaw(node, bytes));
    },
  ),
  method(
    'eth_sendRawTransactionSync',
    'Sends a signed transaction and answers its receipt (EIP-7966).',
    [raw, param('timeoutMs', t.optional(t.number))],
    OBJECT,
    (node, [bytes]) => receiptNow(node, sendRaw(node, bytes)),
  ),
  method(
    'eth_sendTransactionSync',
    'Sends a transaction and answers its receipt.',
    [transaction],
    OBJECT,
    (node, [request]) => receiptNow(node, sendRequest(node, request)),
  ),
  method(
    'eth_pendingTransactions',
    'Transactions that wait, of accounts of the node.',
    [],
    { type: 'array' },
    (node) =>
      node.dev.pool
        .list()
        .filter(({ sender }) => node.wallets.get(sender) !== undefined)
        .map(pooledTransaction),
  ),
  method(
    'eth_callBundle',
    'Runs signed transactions on a block, which they leave as it is.',
    [
      param(
        'bundle',
        t.object({ txs: t.array(t.data, 1000), stateBlockNumber: t.optional(t.blockNumber) }),
      ),
    ],
    { type: 'object' },
    (node, [bundle]) => callBundle(node, bundle.txs, bundle.stateBlockNumber),
  ),
].flat();

function callBundle(node: Node, txs: readonly Uint8Array[], id: t.BlockId = 'latest'): unknown {
  const entry = node.require(id);
  const rules = node.rulesOf(entry);
  const pooled = txs.map((bytes) => readRaw(node, bytes));
  const results = node.chain.withState(entry, rules, (world) => {
    world.setBlock(node.envOf(entry));
    return pooled.map(({ transaction: tx, sender, hash }) => {
      const limits = {
        gas: tx.gasLimit,
        blobGas: BigInt(tx.blobHashes.length) * rules.costs.blobGas,
      };
      const result = world.apply(tx, sender, limits);
      const own = { txHash: bytesToHex(hash), fromAddress: bytesToHex(sender) };
      if (result.kind === 'rejected') return { ...own, error: result.rejection.message };
      const gasUsed = Number(result.gasUsed);
      if (result.status === 'success') return { ...own, gasUsed, value: bytesToHex(result.output) };
      return { ...own, gasUsed, error: revertError(result.output).message };
    });
  });
  return { results, stateBlockNumber: Number(entry.block.header.number) };
}
