/** Finds blocks by what their state has, by halving: what is asked for stays once it is there. */
import { equalBytes } from '../base/bytes.ts';
import type { TransactionPlace } from '../chain/blocks/canon.ts';
import type { ChainEntry } from '../chain/blocks/chain.ts';
import type { EvmView } from '../state/views/evm.ts';
import type { Node } from './node.ts';

/** The first block of the chain after which the state has what is asked for. */
export function firstWith(node: Node, has: (view: EvmView) => boolean): ChainEntry | undefined {
  let low = node.numberOf('earliest');
  let high = node.numberOf('latest');
  if (!node.read(high, has)) return undefined;
  while (low < high) {
    const middle = (low + high) / 2n;
    if (node.read(middle, has)) high = middle;
    else low = middle + 1n;
  }
  return node.find(low);
}

/** Where the transaction of an account with a nonce stands. */
export function placeOfNonce(
  node: Node,
  sender: Uint8Array,
  nonce: bigint,
): TransactionPlace | undefined {
  const entry = firstWith(node, (view) => (view.getNonce(sender) as bigint) > nonce);
  if (entry === undefined) return undefined;
  const index = entry.senders.findIndex((each, at) => {
    const { transaction } = entry.block.transactions[at] as ChainEntry['block']['transactions'][0];
    return equalBytes(each, sender) && transaction.nonce === nonce;
  });
  return index < 0 ? undefined : { entry, index };
}
