/** The access list that a transaction would need (`eth_createAccessList`). */
import { bytesToHex } from '../../base/bytes.ts';
import type { StepWatcher, StepWorld } from '../../chain/tracers/steps.ts';
import type { AccessListEntry } from '../../chain/transactions/types.ts';
import type { TraceStep } from '../../chain/types.ts';
import type { ExecutedTransaction } from '../../chain/world.ts';
import { ADDRESS_MASK, bigintToAddress } from '../../vms/evm/host/accounts.ts';
import { createAddress } from '../../vms/evm/host/creates.ts';
import { OP } from '../../vms/evm/opcodes.ts';
import { callRejection } from '../format/rejection.ts';
import type { Node } from '../node.ts';
import { serverError } from '../rpc/errors.ts';
import { type CallRequest, NOBODY } from '../rpc/requests.ts';
import { type CallContext, callEnv, callLimits, toMessage } from './call.ts';

export interface AccessListResult {
  readonly list: readonly AccessListEntry[];
  readonly result: ExecutedTransaction;
}

/** Runs until the list does not grow: gas that a list saves may lead further. */
const ROUNDS_MAX = 16;

const SLOT_OPS: ReadonlySet<number> = new Set([OP.SLOAD, OP.SSTORE]);
/** Where the address of an account stands on the stack, below the top. */
const ADDRESS_OPS: ReadonlyMap<number, number> = new Map([
  [OP.BALANCE, 0],
  [OP.EXTCODESIZE, 0],
  [OP.EXTCODECOPY, 0],
  [OP.EXTCODEHASH, 0],
  [OP.SELFDESTRUCT, 0],
  [OP.CALL, 1],
  [OP.CALLCODE, 1],
  [OP.DELEGATECALL, 1],
  [OP.STATICCALL, 1],
]);

class AccessWatcher implements StepWatcher {
  readonly #stepped: StepWorld;
  readonly #excluded: ReadonlySet<string>;
  readonly #found = new Map<
    string,
    { readonly address: Uint8Array; readonly slots: Set<bigint> }
  >();

  constructor(
    stepped: StepWorld,
    excluded: ReadonlySet<string>,
    known: readonly AccessListEntry[],
  ) {
    this.#stepped = stepped;
    this.#excluded = excluded;
    for (const { address, slots } of known) {
      this.#add(address, true);
      for (const slot of slots) this.#add(address, true)?.add(slot);
    }
  }

  before({ op, stack }: TraceStep): void {
    const top = stack.at(-1);
    if (SLOT_OPS.has(op) && top !== undefined) {
      this.#add(this.#stepped.address, true)?.add(top);
      return;
    }
    const place = ADDRESS_OPS.get(op);
    const operand = place === undefined ? undefined : stack.at(-1 - place);
    if (operand !== undefined) this.#add(bigintToAddress(operand & ADDRESS_MASK), false);
  }

  hostCall(step: TraceStep): void {
    this.before(step);
  }

  /** An account that is warm anyway is in the list for its slots alone. */
  #add(address: Uint8Array, hasSlots: boolean): Set<bigint> | undefined {
    const text = bytesToHex(address);
    if (!hasSlots && this.#excluded.has(text)) return undefined;
    const found = this.#found.get(text) ?? { address: address.slice(), slots: new Set() };
    this.#found.set(text, found);
    return found.slots;
  }

  list(): AccessListEntry[] {
    const rows = [...this.#found].sort(([a], [b]) => (a < b ? -1 : 1));
    return rows.map(([, { address, slots }]) => ({
      address,
      slots: [...slots].sort((a, b) => (a < b ? -1 : 1)),
    }));
  }
}

export function createAccessList(
  node: Node,
  request: CallRequest,
  { entry, state }: CallContext,
): AccessListResult {
  const rules = node.rulesOf(entry);
  const sender = request.from ?? NOBODY;
  const find = (stepped: StepWorld): AccessListResult => {
    let list: readonly AccessListEntry[] = (request.accessList ?? []).map((each) => ({
      address: each.address,
      slots: each.storageKeys ?? [],
    }));
    const nonce = stepped.world.getNonce(sender);
    const to = request.to ?? createAddress(sender, nonce);
    const excluded = new Set([bytesToHex(sender), bytesToHex(to), ...precompiles(stepped)]);
    const { tx } = toMessage(node, request, nonce);
    stepped.world.setBlock(callEnv(node.envOf(entry), tx));
    for (let round = 0; round < ROUNDS_MAX; round++) {
      const watcher = new AccessWatcher(stepped, excluded, list);
      const type = tx.type === 0 ? 1 : tx.type;
      const own = { ...tx, type, accessList: list } as const;
      const result = stepped.apply(own, sender, callLimits(own, rules), watcher);
      if (result.kind === 'rejected') throw callRejection(result.rejection, sender, tx.gasLimit);
      void result.output;
      stepped.world.executor.undo();
      const next = watcher.list();
      if (sizeOf(next) === sizeOf(list)) return { list: next, result };
      list = next;
    }
    throw serverError('the access list grows with every run');
  };
  return node.withSteps(entry, rules, find, state);
}

function precompiles({ world }: StepWorld): string[] {
  const table = world.executor.host.allPrecompiles();
  return [...table.keys()].map((at) => bytesToHex(bigintToAddress(at)));
}

function sizeOf(list: readonly AccessListEntry[]): number {
  return list.reduce((size, { slots }) => size + 1 + slots.length, 0);
}
