/** The whole state after a block, by pages, ordered by the hashes of the trie. */
import { bytesToHex, compareBytes } from '../base/bytes.ts';
import { bigintToBytes32 } from '../base/u256.ts';
import type { ChainEntry } from '../chain/blocks/chain.ts';
import { BlockExecution } from '../chain/blocks/execution.ts';
import { createEvmView, type EvmAccount } from '../state/views/evm.ts';
import { callLimits } from './execution/call.ts';
import type { Json } from './format/transaction.ts';
import type { Node } from './node.ts';
import { toWord } from './rpc/types.ts';

const COUNT_MAX = 4096;

/** Items from a hash on, and the hash of the next one. */
function page<T>(
  rows: readonly { readonly key: Uint8Array; readonly item: T }[],
  first: Uint8Array,
  count: number,
): { readonly items: readonly { key: Uint8Array; item: T }[]; readonly next: string | null } {
  const sorted = [...rows].sort((a, b) => compareBytes(a.key, b.key));
  const rest = sorted.filter(({ key }) => compareBytes(key, first) >= 0);
  const taken = rest.slice(0, Math.min(count, COUNT_MAX));
  const following = rest[taken.length];
  return { items: taken, next: following === undefined ? null : bytesToHex(following.key) };
}

export interface SlotPage {
  /** 20 bytes. */
  readonly address: Uint8Array;
  readonly first: Uint8Array;
  readonly count: number;
}

/**
 * `debug_storageRangeAt`.
 *
 * @param index - How many transactions of the block have run.
 */
export function pageOfSlots(
  node: Node,
  entry: ChainEntry,
  index: number,
  { address, first, count }: SlotPage,
): Json {
  const { keccak256 } = node.chain;
  const accounts = accountsWithin(node, entry, index);
  const account = accounts.find((each) => compareBytes(each.address, address) === 0);
  const rows = (account?.storage ?? []).map((item) => ({
    key: keccak256(bigintToBytes32(item.slot, 'the slot')),
    item,
  }));
  const { items, next } = page(rows, first, count);
  const storage = items.map(({ key, item }) => [
    bytesToHex(key),
    { key: toWord(item.slot), value: toWord(item.value) },
  ]);
  return { storage: Object.fromEntries(storage), nextKey: next };
}

/** The state within a block, after some of its transactions. */
function accountsWithin(node: Node, entry: ChainEntry, index: number): readonly EvmAccount[] {
  const { parent, block, senders } = entry;
  if (parent === undefined || index >= senders.length) return accountsOf(node, entry);
  const rules = node.rulesOf(entry);
  return node.chain.withState(parent, rules, (world) => {
    const context = node.chain.contextAfter(parent, rules);
    const execution = new BlockExecution(world, block.header, context);
    execution.start();
    for (const [place, { transaction }] of block.transactions.slice(0, index).entries()) {
      execution.run(transaction, senders[place] as Uint8Array, callLimits(transaction, rules));
    }
    world.flush();
    const view = createEvmView({ backend: world.backend, keccak256: node.chain.keccak256 });
    return view.dump() as readonly EvmAccount[];
  });
}

export interface AccountPage {
  readonly first: Uint8Array;
  readonly count: number;
  readonly hasCode: boolean;
  readonly hasStorage: boolean;
}

/** `debug_accountRange`. */
export function pageOfAccounts(node: Node, entry: ChainEntry, asked: AccountPage): Json {
  const { keccak256 } = node.chain;
  const rows = accountsOf(node, entry).map((item) => ({ key: keccak256(item.address), item }));
  const { items, next } = page(rows, asked.first, asked.count);
  const accounts = items.map(({ item }) => [
    bytesToHex(item.address),
    accountToJson(node, entry, item, asked),
  ]);
  return {
    root: bytesToHex(entry.block.header.stateRoot).slice(2),
    accounts: Object.fromEntries(accounts),
    ...(next === null ? {} : { next }),
  };
}

/** `debug_dumpBlock`. */
export function dumpBlock(node: Node, entry: ChainEntry): Json {
  const parts = { hasCode: true, hasStorage: true };
  const accounts = accountsOf(node, entry).map((each) => [
    bytesToHex(each.address),
    accountToJson(node, entry, each, parts),
  ]);
  const root = bytesToHex(entry.block.header.stateRoot).slice(2);
  return { root, accounts: Object.fromEntries(accounts) };
}

function accountsOf(node: Node, entry: ChainEntry): readonly EvmAccount[] {
  return node.dev.read(entry, (view) => view.dump() as readonly EvmAccount[]);
}

function accountToJson(
  node: Node,
  entry: ChainEntry,
  account: EvmAccount,
  { hasCode, hasStorage }: Pick<AccountPage, 'hasCode' | 'hasStorage'>,
): Json {
  const proof = node.chain.prove(entry, account.address, []);
  const storage = account.storage.map(({ slot, value }) => [toWord(slot), value.toString(16)]);
  return {
    balance: account.balance.toString(),
    nonce: Number(account.nonce),
    root: bytesToHex(proof.storageHash),
    codeHash: bytesToHex(proof.codeHash),
    ...(hasCode && account.code.length > 0 ? { code: bytesToHex(account.code) } : {}),
    ...(hasStorage && storage.length > 0 ? { storage: Object.fromEntries(storage) } : {}),
    address: bytesToHex(account.address),
    key: bytesToHex(node.chain.keccak256(account.address)),
  };
}
