/**
 * What changed in the EVM's accounts since a root, in layers: a mark closes the layer on top, which
 * from then on is shared, and a new one opens.
 */
import { WORD_BYTES } from '../../base/u256.ts';
import { type Cell, SPACES } from '../cells.ts';
import { encodeSlot, isZero, trimWord } from './account.ts';

const ADDRESS_BYTES = 20;

const NO_BYTES = new Uint8Array(0);

/** The fields of an account that are cells of their own. */
export type FieldName = 'nonce' | 'balance' | 'codeHash' | 'exists';

/** New values, without zeros in front but for the code hash; no bytes for zero. */
export interface AccountChanges {
  /** 20 bytes. */
  readonly address: Uint8Array;
  readonly fields: { [Name in FieldName]: Uint8Array | undefined };
  /** Values as their trie has them, by the slot's 32 bytes as characters. */
  slots: Map<string, Uint8Array> | undefined;
}

/** Changed accounts by the address as characters. */
export type ChangedAccounts = Map<string, AccountChanges>;

export interface ChangeLayer {
  readonly accounts: ChangedAccounts;
  /** The layer below, closed. */
  readonly below: ChangeLayer | undefined;
}

/** The field that a space holds under the key zero. */
const FIELD_OF_SPACE: readonly (FieldName | undefined)[] = (() => {
  const fields: (FieldName | undefined)[] = [];
  for (const name of ['nonce', 'balance', 'codeHash', 'exists'] as const) {
    fields[SPACES[name].number] = name;
  }
  return fields;
})();

/**
 * The address of an owner, as a view or padded with zeros in front; undefined for an id above 20
 * bytes, which is an account of another virtual machine.
 */
function addressOf(owner: Uint8Array): Uint8Array | undefined {
  const { length } = owner;
  if (length === ADDRESS_BYTES) return owner;
  if (length < ADDRESS_BYTES) {
    const address = new Uint8Array(ADDRESS_BYTES);
    address.set(owner, ADDRESS_BYTES - length);
    return address;
  }
  for (let i = 0; i < length - ADDRESS_BYTES; i++) if (owner[i] !== 0) return undefined;
  return owner.subarray(length - ADDRESS_BYTES);
}

/** Bytes as characters; for short ones faster than joining a character at a time. */
function idOf(bytes: Uint8Array): string {
  return String.fromCharCode.apply(null, bytes as unknown as number[]);
}

/** Writes the bytes of an id. */
export function writeId(id: string, target: Uint8Array): void {
  for (let i = 0; i < id.length; i++) target[i] = id.charCodeAt(i);
}

/** Notes the new value of a cell, undefined where it was deleted, and keeps no array of the two. */
export function noteCell(
  accounts: ChangedAccounts,
  { space, owner, key }: Cell,
  value: Uint8Array | undefined,
): void {
  const field = FIELD_OF_SPACE[space];
  if (key.length !== WORD_BYTES) return;
  if (field === undefined ? space !== SPACES.slot.number : !isZero(key)) return;
  const address = addressOf(owner);
  if (address === undefined) return;
  const changes = changesOf(accounts, address);
  if (field === 'codeHash') {
    changes.fields[field] = value === undefined || isZero(value) ? NO_BYTES : value.slice();
    return;
  }
  if (field !== undefined) {
    changes.fields[field] = value === undefined ? NO_BYTES : trimWord(value);
    return;
  }
  changes.slots ??= new Map();
  changes.slots.set(idOf(key), value === undefined ? NO_BYTES : encodeSlot(value));
}

function changesOf(accounts: ChangedAccounts, address: Uint8Array): AccountChanges {
  const id = idOf(address);
  let changes = accounts.get(id);
  if (changes === undefined) {
    const fields = {
      nonce: undefined,
      balance: undefined,
      codeHash: undefined,
      exists: undefined,
    };
    changes = { address: address.slice(), fields, slots: undefined };
    accounts.set(id, changes);
  }
  return changes;
}

/** The changes of all layers together, the upper ones last. */
export function mergeLayers(top: ChangeLayer): ChangedAccounts {
  if (top.below === undefined) return top.accounts;
  const layers: ChangedAccounts[] = [];
  for (let layer: ChangeLayer | undefined = top; layer !== undefined; layer = layer.below) {
    layers.push(layer.accounts);
  }
  const merged: ChangedAccounts = new Map();
  for (const accounts of layers.reverse()) {
    for (const { address, fields, slots } of accounts.values()) {
      const known = changesOf(merged, address);
      for (const name of Object.keys(fields) as FieldName[]) {
        known.fields[name] = fields[name] ?? known.fields[name];
      }
      if (slots === undefined) continue;
      known.slots ??= new Map();
      for (const [id, value] of slots) known.slots.set(id, value);
    }
  }
  return merged;
}
