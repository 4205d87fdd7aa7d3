/**
 * State variables. Each has a slot, and a mapping's entries lie where Solidity puts them: at the
 * hash of key and slot. A value takes a slot of its own; nothing is packed.
 */
import { readWord, writeWord } from './abi';
import { storageLoad, storageStore } from './env';
import { Bytes32 } from './words';

const WORD_BUFFER = memory.data(32, 8);

/** The slot of a variable, by its place in the contract. */
export function slotAt(index: u64): Bytes32 {
  return Bytes32.of(0, 0, 0, index);
}

function loadSlot<T>(slot: Bytes32): T {
  storageLoad(changetype<usize>(slot), WORD_BUFFER);
  return readWord<T>(WORD_BUFFER);
}

function storeSlot<T>(slot: Bytes32, value: T): void {
  writeWord<T>(WORD_BUFFER, value);
  storageStore(changetype<usize>(slot), WORD_BUFFER);
}

/** `keccak256(key . slot)`: Solidity, Layout of State Variables in Storage. */
function entrySlot<K>(slot: Bytes32, key: K): Bytes32 {
  if (isString<K>()) {
    // @ts-ignore: K is string
    const text = String.UTF8.encode(key);
    const length = text.byteLength;
    const data = heap.alloc(<usize>(length + 32));
    memory.copy(data, changetype<usize>(text), length);
    slot.write(data + <usize>length);
    return Bytes32.hash(data, length + 32);
  }
  const data = memory.data(64, 8);
  writeWord<K>(data, key);
  slot.write(data + 32);
  return Bytes32.hash(data, 64);
}

/** One value of a type that takes a word. */
export class Value<T> {
  constructor(readonly slot: Bytes32) {}

  get(): T {
    return loadSlot<T>(this.slot);
  }

  set(value: T): void {
    storeSlot<T>(this.slot, value);
  }
}

/** Values by key, or mappings. An entry that was never set is zero. */
export class Mapping<K, V> {
  constructor(readonly slot: Bytes32) {}

  get(key: K): V {
    const slot = entrySlot<K>(this.slot, key);
    if (isReference<V>()) {
      // @ts-ignore: mappings have a slot, words do not
      if (isDefined(changetype<V>(0).slot)) return instantiate<V>(slot);
    }
    return loadSlot<V>(slot);
  }

  set(key: K, value: V): void {
    storeSlot<V>(entrySlot<K>(this.slot, key), value);
  }
}
