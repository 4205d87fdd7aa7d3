/** Finds the slot behind a token's getter, and sets it. */
import { bytesToHex, concatBytes } from '../../base/bytes.ts';
import { bigintToBytes32, bytesToBigint } from '../../base/u256.ts';
import type { Node } from '../node.ts';
import { serverError } from '../rpc/errors.ts';
import { createAccessList } from './access-list.ts';
import { runCall } from './call.ts';

export interface TokenValue {
  /** Of a getter whose parameters are addresses, such as `balanceOf(address)`. */
  readonly signature: string;
  readonly owners: readonly Uint8Array[];
  readonly value: bigint;
}

/** Sets what a getter of a token answers; errors if no single slot decides it. */
export function setTokenSlot(node: Node, token: Uint8Array, wanted: TokenValue): void {
  const { signature, owners, value } = wanted;
  const selector = node.chain.keccak256(new TextEncoder().encode(signature)).subarray(0, 4);
  const words = owners.map((each) => bigintToBytes32(bytesToBigint(each), 'an address'));
  const request = { to: token, data: concatBytes(selector, ...words) };
  const entry = node.head;
  const word = bigintToBytes32(value, 'the value');
  const { list } = createAccessList(node, request, { entry });
  for (const { address, slots } of list) {
    for (const slot of slots) {
      const diff = [[slot, word, bytesToHex(word)] as const];
      const state = [[address, { stateDiff: diff }, bytesToHex(address)]] as const;
      const { status, output } = runCall(node, request, { entry, state: [...state] as never });
      if (status !== 'success' || bytesToBigint(output) !== value) continue;
      node.dev.amend((view) => view.setSlot(address, slot, value));
      return;
    }
  }
  throw serverError(`no slot of ${bytesToHex(token)} decides ${signature}`);
}
