/**
 * What changed in the EVM's accounts since a root, in layers: a mark closes the layer on top, which
 * from then on is shared, and a new one opens.
 */
import { WORD_BYTES } from '../../base/u256.ts';
import { type CellPath, type CellValue, KEY_AT, OWNER_AT, SPACES, wordToDigits } from '../cells.ts';

export const ADDRESS_BYTES = 20;

const ADDRESS_AT = KEY_AT - ADDRESS_BYTES;
const NO_UPPER = '\0'.repeat(ADDRESS_AT - OWNER_AT);
const ZERO_KEY = '\0'.repeat(WORD_BYTES);

/** The fields of an account that are cells of their own. */
export type FieldName = 'nonce' | 'balance' | 'codeHash' | 'exists';

/** New values, as digits without zeros in front; undefined where nothing changed. */
export interface AccountChanges {
  readonly fields: { [Name in FieldName]: string | undefined };
  /** Words without zeros in front, by the slot's 32 bytes, both as characters. */
  slots: Map<string, string> | undefined;
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

/** Writes the bytes of an id. */
export function writeId(id: string, target: Uint8Array): void {
  for (let i = 0; i < id.length; i++) target[i] = id.charCodeAt(i);
}

/** Notes the new value of a cell, undefined where it was deleted, and does not keep the array. */
export function noteCell(
  accounts: ChangedAccounts,
  path: CellPath,
  value: CellValue | undefined,
): void {
  if (path.length !== KEY_AT + WORD_BYTES) return;
  const space = (path.charCodeAt(0) << 8) | path.charCodeAt(1);
  const field = FIELD_OF_SPACE[space];
  if (field === undefined && space !== SPACES.slot.number) return;
  // An id above 20 bytes is an account of another virtual machine.
  if (!path.startsWith(NO_UPPER, OWNER_AT)) return;
  const key = path.slice(KEY_AT);
  if (field !== undefined && key !== ZERO_KEY) return;
  const changes = changesOf(accounts, path.slice(ADDRESS_AT, KEY_AT));
  const digits = value instanceof Uint8Array ? wordToDigits(value) : (value ?? '');
  if (field !== undefined) {
    changes.fields[field] = digits;
    return;
  }
  changes.slots ??= new Map();
  changes.slots.set(key, digits);
}

/** @param id - The address as characters. */
function changesOf(accounts: ChangedAccounts, id: string): AccountChanges {
  let changes = accounts.get(id);
  if (changes === undefined) {
    const fields = {
      nonce: undefined,
      balance: undefined,
      codeHash: undefined,
      exists: undefined,
    };
    changes = { fields, slots: undefined };
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
    for (const [id, { fields, slots }] of accounts) {
      const known = changesOf(merged, id);
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
