/**
 * Names for storage slots, from solc's storage layout.
 *
 * The slot of a mapping's entry is a hash and cannot be read backwards, but the keys of a call are
 * mostly values that it was given or that its events name: each such value is tried.
 */
import * as OxAddress from 'ox/Address';
import * as OxHash from 'ox/Hash';
import type { StorageLayout, StorageType } from './contract.ts';

/** Mappings in mappings that are looked into: `allowance[owner][spender]`. */
const DEPTH_MAX = 2;

const word = (value: bigint): string => value.toString(16).padStart(64, '0');

/** Slot of a mapping's entry: `keccak256(key . slot)` (Solidity, Layout in Storage). */
export function mappingSlot(slot: bigint, key: bigint): bigint {
  return BigInt(OxHash.keccak256(`0x${word(key)}${word(slot)}`));
}

/** A key as the language writes it, by the type of the mapping's keys. */
function keyText(key: bigint, type: StorageType | undefined): string {
  const label = type?.label ?? '';
  if (label.startsWith('address') || label.startsWith('contract')) {
    return OxAddress.checksum(`0x${key.toString(16).padStart(40, '0')}`);
  }
  return label.startsWith('bytes') || key >= 1n << 64n ? `0x${key.toString(16)}` : String(key);
}

/**
 * The names of the slots that the layout and the keys lead to.
 *
 * @param keys - Words that a mapping may have been asked for.
 */
export function nameSlots(
  layout: StorageLayout,
  keys: readonly bigint[],
): ReadonlyMap<bigint, string> {
  const names = new Map<bigint, string>();
  const types = layout.types ?? {};
  const add = (slot: bigint, name: string): void => {
    const known = names.get(slot);
    names.set(slot, known === undefined ? name : `${known}, ${name}`);
  };
  const visit = (
    slot: bigint,
    name: string,
    type: StorageType | undefined,
    depth: number,
  ): void => {
    if (type?.members !== undefined) {
      for (const member of type.members) {
        visit(slot + BigInt(member.slot), `${name}.${member.label}`, types[member.type], depth);
      }
      return;
    }
    if (type?.encoding !== 'mapping') {
      add(slot, type?.encoding === 'dynamic_array' ? `${name}.length` : name);
      return;
    }
    const keyType = types[type.key ?? ''];
    if (depth === DEPTH_MAX || !isWordKey(keyType)) return;
    for (const key of keys) {
      if (key >= 1n << (8n * BigInt(keyType?.numberOfBytes ?? '32'))) continue;
      const entry = `${name}[${keyText(key, keyType)}]`;
      visit(mappingSlot(slot, key), entry, types[type.value ?? ''], depth + 1);
    }
  };
  for (const { label, slot, type } of layout.storage) {
    visit(BigInt(slot), label, types[type], 0);
  }
  return names;
}

/** Strings and byte arrays are hashed otherwise as keys. */
function isWordKey(type: StorageType | undefined): boolean {
  return type?.encoding === 'inplace';
}
