/**
 * State variables. Each has a slot, and a mapping's entries lie where Solidity puts them: at the
 * hash of key and slot. A value takes a slot of its own; nothing is packed.
 */
import { readWord, writeWord } from './abi';
import { storageLoad, storageStore } from './env';
import { Bytes32 } from './words';

const WORD_BUFFER = memory.data(32, 8);

/** @param slot - Where the slot's 32 bytes stand. */
export function loadSlot<T>(slot: usize): T {
  storageLoad(slot, WORD_BUFFER);
  return readWord<T>(WORD_BUFFER);
}

export function storeSlot<T>(slot: usize, value: T): void {
  writeWord<T>(WORD_BUFFER, value);
  storageStore(slot, WORD_BUFFER);
}

/** `keccak256(key . slot)`: Solidity, Layout of State Variables in Storage. */
function entrySlot<K>(slot: usize, key: K): usize {
  if (isString<K>()) {
    // @ts-ignore: K is string
    const text = String.UTF8.encode(key);
    return hashKey(changetype<usize>(text), text.byteLength, slot);
  }
  // @ts-ignore: classes of one word have it, and arrays of bytes have not
  if (isInteger<K>() || isDefined(key.read)) {
    const data = memory.data(64, 8);
    writeWord<K>(data, key);
    memory.copy(data + 32, slot, 32);
    return changetype<usize>(Bytes32.hash(data, 64));
  } else {
    // @ts-ignore: K is Uint8Array
    return hashKey(key.dataStart, key.byteLength, slot);
  }
}

function hashKey(key: usize, length: i32, slot: usize): usize {
  const data = heap.alloc(<usize>(length + 32));
  memory.copy(data, key, length);
  memory.copy(data + <usize>length, slot, 32);
  return changetype<usize>(Bytes32.hash(data, length + 32));
}

/**
 * One value of a type that takes a word. A handle is no object of its own: its address is that of
 * the 32 bytes of its slot.
 */
export class Value<T> {
  get slot(): usize {
    return changetype<usize>(this);
  }

  get(): T {
    return loadSlot<T>(this.slot);
  }

  set(value: T): void {
    storeSlot<T>(this.slot, value);
  }
}

/** Values by key, or mappings: a handle as above. An entry that was never set is zero. */
export class Mapping<K, V> {
  get slot(): usize {
    return changetype<usize>(this);
  }

  @operator('[]')
  get(key: K): V {
    const slot = entrySlot<K>(this.slot, key);
    if (isReference<V>()) {
      // @ts-ignore: mappings have a slot, words do not
      if (isDefined(changetype<V>(0).slot)) return changetype<V>(slot);
    }
    return loadSlot<V>(slot);
  }

  @operator('[]=')
  set(key: K, value: V): void {
    storeSlot<V>(entrySlot<K>(this.slot, key), value);
  }
}
