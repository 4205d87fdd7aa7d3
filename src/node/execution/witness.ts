/**
 * The witness of a block: what somebody needs who has nothing but the block, to run it and to find
 * the root of the state after it (`debug_executionWitness` of reth).
 *
 * The block runs again in a world of its own, over a backend that keeps what it is asked for and
 * what would be written.
 */
import { bytesToHex, hexToBytes } from '../../base/bytes.ts';
import type { ChainEntry } from '../../chain/blocks/chain.ts';
import { BlockExecution } from '../../chain/blocks/execution.ts';
import { encodeHeader } from '../../chain/blocks/header.ts';
import { EvmWorld } from '../../chain/world.ts';
import type { Backend } from '../../state/backends/backend.ts';
import { type Cell, SPACES } from '../../state/cells.ts';
import type { WitnessAccount } from '../../state/commitments/evm.ts';
import type { Json } from '../format/transaction.ts';
import type { Node } from '../node.ts';
import { serverError } from '../rpc/errors.ts';
import { callLimits } from './call.ts';

const ADDRESS_BYTES = 20;
const { slot: SLOT, code: CODE, codeHash: CODE_HASH } = SPACES;

/** An account of which something was asked for, or is to be written. */
interface Touched {
  isRemoved: boolean;
  /** Whether its code is gone, and so all that it stored. */
  isDestroyed: boolean;
  /** Whether each slot is zero afterwards, by its text. */
  readonly slots: Map<string, { readonly key: Uint8Array; isRemoved: boolean }>;
}

/** A backend that notes what it is asked for, and to which nothing is written. */
class WitnessBackend implements Backend {
  readonly codes = new Map<string, Uint8Array>();
  readonly #accounts = new Map<string, Touched>();
  readonly #below: Backend;

  constructor(below: Backend) {
    this.#below = below;
  }

  get(cell: Cell): ReturnType<Backend['get']> {
    const value = this.#below.get(cell);
    if (cell.space !== CODE.number) this.#touch(cell);
    else if (value instanceof Uint8Array) this.codes.set(bytesToHex(cell.key), value);
    return value;
  }

  put(cell: Cell): void {
    if (cell.space !== CODE.number) this.#touch(cell);
  }

  delete(cell: Cell): void {
    const { space, key } = cell;
    const account = this.#touch(cell);
    if (space === CODE_HASH.number) account.isDestroyed = true;
    const slot = space === SLOT.number ? account.slots.get(bytesToHex(key)) : undefined;
    if (slot === undefined) account.isRemoved = true;
    else slot.isRemoved = true;
  }

  scan(range: Parameters<Backend['scan']>[0]): ReturnType<Backend['scan']> {
    return this.#below.scan(range);
  }

  #touch({ space, owner, key }: Cell): Touched {
    const name = bytesToHex(owner.subarray(-ADDRESS_BYTES));
    let account = this.#accounts.get(name);
    if (account === undefined) {
      account = { isRemoved: false, isDestroyed: false, slots: new Map() };
      this.#accounts.set(name, account);
    }
    if (space === SLOT.number) {
      const text = bytesToHex(key);
      if (!account.slots.has(text)) account.slots.set(text, { key, isRemoved: false });
    }
    return account;
  }

  /** In the order of addresses and slots. */
  accounts(): WitnessAccount[] {
    const sorted = [...this.#accounts].sort(([a], [b]) => (a < b ? -1 : 1));
    return sorted.map(([name, { isRemoved, isDestroyed, slots }]) => ({
      address: hexToBytes(name),
      isRemoved,
      slots: [...slots]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([, slot]) => ({ key: slot.key, isRemoved: slot.isRemoved && !isDestroyed })),
    }));
  }
}

/**
 * The witness of a block, against the state that it began with. The first of the headers is the
 * oldest block whose hash the run asked for, the last is the parent.
 */
export function witnessOf(node: Node, entry: ChainEntry): Json {
  const { parent, block, senders } = entry;
  if (parent === undefined) throw serverError('the genesis is no block that runs');
  if (node.fork !== undefined) {
    throw serverError('a fork holds a part of the state alone: there is no witness of its blocks');
  }
  const rules = node.rulesOf(entry);
  let oldest = parent.block.header.number;
  const recorded = node.chain.withState(parent, rules, (below) => {
    const backend = new WitnessBackend(below.backend);
    const { engine: _engine, tier: _tier, ...options } = node.dev.state.worldOptions(rules);
    const world = new EvmWorld({ ...options, backend });
    const context = node.chain.contextAfter(parent, rules);
    const ancestorHash = (number: bigint): Uint8Array | undefined => {
      if (number < oldest) oldest = number;
      return context.ancestorHash(number);
    };
    const execution = new BlockExecution(world, block.header, { ...context, ancestorHash });
    execution.start();
    for (const [index, { transaction }] of block.transactions.entries()) {
      execution.run(transaction, senders[index] as Uint8Array, callLimits(transaction, rules));
    }
    execution.end(block.ommers, block.withdrawals);
    return backend;
  });
  const accounts = recorded.accounts();
  const headers: string[] = [];
  for (let number = oldest; number <= parent.block.header.number; number++) {
    const ancestor = node.chain.ancestor(number, parent);
    if (ancestor !== undefined) headers.push(bytesToHex(encodeHeader(ancestor.block.header)));
  }
  return {
    state: node.chain.witness(parent, accounts).map(bytesToHex),
    codes: [...recorded.codes]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, code]) => bytesToHex(code)),
    keys: accounts.flatMap(({ address, slots }) => [
      bytesToHex(address),
      ...slots.map(({ key }) => bytesToHex(key)),
    ]),
    headers,
  };
}
