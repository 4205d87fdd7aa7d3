/** The accounts of the head as a JSON text, in order, and back. Equal states have equal texts. */
import { bytesToHex } from '../base/bytes.ts';
import { bytesToBigint } from '../base/u256.ts';
import type { EvmAccount, EvmView } from '../state/views/evm.ts';
import type { Node } from './node.ts';
import { invalidParams, ParamError } from './rpc/errors.ts';
import * as t from './rpc/types.ts';

const dump = t.object({
  accounts: t.record(
    t.address,
    t.object({
      balance: t.number,
      nonce: t.optional(t.number),
      code: t.optional(t.data),
      storage: t.optional(t.record(t.storageKey, t.word)),
    }),
  ),
});

export function dumpState(node: Node): string {
  const accounts = node.dev.readHead((view) =>
    (view.dump() as readonly EvmAccount[]).map((each) => whole(view, each)),
  );
  const { header } = node.head.block;
  const content = {
    block: { number: t.toQuantity(header.number), timestamp: t.toQuantity(header.timestamp) },
    accounts: Object.fromEntries(
      accounts.map(({ address, balance, nonce, code, storage }) => [
        bytesToHex(address),
        {
          balance: t.toQuantity(balance),
          nonce: t.toQuantity(nonce),
          code: bytesToHex(code),
          storage: Object.fromEntries(
            storage.map(({ slot, value }) => [t.toWord(slot), t.toWord(value)]),
          ),
        },
      ]),
    ),
  };
  return JSON.stringify(content);
}

/** Of an account that a fork changed some of, the rest is that of the other chain. */
function whole(view: EvmView, account: EvmAccount): EvmAccount {
  const { address } = account;
  return {
    ...account,
    balance: view.getBalance(address) as bigint,
    nonce: view.getNonce(address) as bigint,
    code: view.getCode(address) as Uint8Array,
  };
}

/** Accounts that the text does not name stay as they are. */
export function loadState(node: Node, content: string): void {
  const accounts = readDump(content);
  node.dev.amend((view) => {
    for (const [address, { balance, nonce = 0n, code, storage = [] }] of accounts) {
      view.setBalance(address, balance);
      view.setNonce(address, nonce);
      if (code !== undefined) view.setCode(address, code);
      for (const [slot, value] of storage) view.setSlot(address, slot, bytesToBigint(value));
    }
  });
}

function readDump(content: string): t.TypeOf<typeof dump>['accounts'] {
  try {
    return dump.read(JSON.parse(content), '').accounts;
  } catch (error) {
    if (error instanceof ParamError)
      throw invalidParams(`the state${error.path}: ${error.message}`);
    if (error instanceof SyntaxError) throw invalidParams(`the state is no JSON: ${error.message}`);
    throw error;
  }
}
