/** A part of a block of another chain, up to one of its transactions, to be run once more. */
import { bytesToHex, equalBytes, hexToBytes, type Keccak256 } from '../../base/bytes.ts';
import { LockstepError } from '../../base/errors.ts';
import { blockTransaction } from '../../chain/blocks/block.ts';
import type { Header } from '../../chain/blocks/header.ts';
import type { PooledTransaction } from '../../chain/dev/pool.ts';
import type { SignedTransaction } from '../../chain/transactions/types.ts';
import { callRequest, toTransaction } from '../rpc/requests.ts';
import { quantity, toQuantity } from '../rpc/types.ts';
import type { Fork } from './fork.ts';
import { readBlock } from './header.ts';

export interface Replay {
  readonly header: Header;
  readonly transactions: readonly PooledTransaction[];
}

/**
 * The block after a fork's up to a transaction, which is the last one.
 *
 * @throws LockstepError L2106 where it holds what is no transaction of Ethereum
 */
export async function readReplay(
  { client, number }: Fork,
  last: Uint8Array,
  keccak256: Keccak256,
): Promise<Replay> {
  const params = [toQuantity(number + 1n), true];
  const json = await client.get({ method: 'eth_getBlockByNumber', params });
  const { block } = readBlock(json);
  const listed = (json as { readonly transactions?: unknown }).transactions;
  const all = Array.isArray(listed) ? listed : [];
  const end = all.findIndex((each) => (each as { hash?: unknown })?.hash === bytesToHex(last));
  const transactions = all.slice(0, end + 1).map((each) => readTransaction(each, keccak256));
  return { header: block.header, transactions };
}

/** A signed transaction as JSON-RPC has it; its hash tells whether it was read rightly. */
function readTransaction(value: unknown, keccak256: Keccak256): PooledTransaction {
  const json = value as Readonly<Record<string, unknown>>;
  const text = String(json.hash);
  try {
    const transaction = signedTransaction(json);
    const item = blockTransaction(transaction);
    const hash = keccak256(item.encoded);
    if (equalBytes(hash, hexToBytes(text))) {
      return { ...item, hash, sender: hexToBytes(String(json.from)) };
    }
  } catch {
    // Said below: a chain may have types of transactions that Ethereum has not.
  }
  const problem = `${text} is no transaction of Ethereum, and cannot be run again`;
  throw new LockstepError('L2106', { problem });
}

const NOTHING_OPEN = {
  chainId: 0n,
  nonce: 0n,
  gas: 0n,
  maxFeePerGas: 0n,
  maxPriorityFeePerGas: 0n,
  type: 0,
} as const;

function signedTransaction(json: Readonly<Record<string, unknown>>): SignedTransaction {
  const { gasPrice, ...fields } = json;
  const hasTip = 'maxFeePerGas' in json;
  const request = callRequest.read(hasTip ? fields : json, '');
  const [v, r, s] = [json.v, json.r, json.s].map((each) => quantity.read(each, '')) as [
    bigint,
    bigint,
    bigint,
  ];
  const tx = toTransaction(request, NOTHING_OPEN);
  if (tx.type !== 0) {
    const parity = json.yParity === undefined ? v : quantity.read(json.yParity, '');
    return { ...tx, signature: { r, s, yParity: parity === 0n ? 0 : 1 } };
  }
  // A legacy signature holds the chain id, or nothing of it (EIP-155).
  const isPlain = v === 27n || v === 28n;
  const yParity = (isPlain ? v - 27n : (v - 35n) % 2n) === 0n ? 0 : 1;
  const chainId = isPlain ? undefined : (v - 35n) / 2n;
  return { ...tx, chainId, signature: { r, s, yParity } };
}
