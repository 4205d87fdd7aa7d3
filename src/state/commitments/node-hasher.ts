/**
 * Encodings and hashes of trie nodes (Yellow Paper, appendix D).
 *
 * A node is hashed when somebody asks for a root, once, and keeps the result; so of many changes
 * only what they leave behind is hashed. Encodings are written to one buffer, which the next one
 * overwrites.
 *
 * A hasher of a trie that changes keeps the latest encodings of branches, in places that are taken
 * in turn: the next version of a branch is that with some of its hashes replaced, and the other
 * children, all over the memory, are not looked at.
 */
import type { Keccak256 } from '../../base/bytes.ts';
import { RLP_LIST, RLP_STRING, rlpHeaderSize, writeRlpHeader } from '../../base/rlp.ts';
import { type BranchNode, type NodeRef, type NodeValue, nibbleAt, type TrieNode } from './nodes.ts';

export const HASH_BYTES = 32;

/** Of a branch with sixteen hashes and a short value. */
const BUFFER_BYTES = 1024;
/** Bytes of a hash as an item. */
const HASH_ITEM_BYTES = HASH_BYTES + 1;
/** Bytes in front of the items of a branch, at most; those of a kept one begin behind so many. */
const HEADER_BYTES_MAX = 3;
/** Of a branch with sixteen hashes. */
const KEPT_BYTES = HEADER_BYTES_MAX + 16 * HASH_ITEM_BYTES + 1;

export class NodeHasher {
  readonly keccak256: Keccak256;
  /** The root of a trie without keys: the hash of the empty string's encoding. */
  readonly emptyRoot: Uint8Array;
  #buffer = new Uint8Array(BUFFER_BYTES);
  readonly #keptMax: number;
  /** Encodings that are kept, and by whom: places are given out in turn. */
  #kept: Uint8Array | undefined;
  readonly #stamps: number[] = [];
  #taken = 0;

  /** @param keptMax Encodings of branches that are kept. */
  constructor(keccak256: Keccak256, keptMax = 0) {
    this.keccak256 = keccak256;
    this.emptyRoot = keccak256(Uint8Array.of(RLP_STRING));
    this.#keptMax = keptMax;
  }

  /** 32 bytes. */
  rootOf(root: TrieNode | undefined): Uint8Array {
    if (root === undefined) return this.emptyRoot;
    const ref = this.refOf(root, 0);
    return ref.length === HASH_BYTES ? ref : this.keccak256(ref);
  }

  refOf(node: TrieNode, depth: number): NodeRef {
    if (node.ref !== undefined) return node.ref;
    const isKept = node.kind === 'branch' && this.#keptMax > 0;
    const encoded = isKept ? this.#renew(node, depth) : this.encode(node, depth);
    node.ref = encoded.length < HASH_BYTES ? encoded.slice() : this.keccak256(encoded);
    return node.ref;
  }

  /** The encoding of a branch from the one that is kept, which is renewed, or made and kept. */
  #renew(node: BranchNode, depth: number): Uint8Array {
    const { children, kept } = node;
    if (kept === undefined) return this.#keep(node, this.encode(node, depth));
    let areHashes = true;
    for (let nibble = 0; kept.stale >> nibble !== 0; nibble++) {
      const child = children[nibble];
      if (((kept.stale >> nibble) & 1) === 0 || child === undefined) continue;
      areHashes &&= this.refOf(child, depth + 1).length === HASH_BYTES;
    }
    // Hashing the children may have taken the place.
    const bytes = this.#kept;
    if (!areHashes || bytes === undefined || this.#stamps[kept.place] !== kept.stamp) {
      return this.#keep(node, this.encode(node, depth));
    }
    const start = kept.place * KEPT_BYTES + HEADER_BYTES_MAX;
    let end = start + payloadOf(kept.present);
    let at = start;
    for (let nibble = 0; kept.stale >> nibble !== 0; nibble++) {
      const child = children[nibble];
      const bit = 1 << nibble;
      if ((kept.stale & bit) !== 0) {
        const before = (kept.present & bit) === 0 ? 1 : HASH_ITEM_BYTES;
        const size = child === undefined ? 1 : HASH_ITEM_BYTES;
        if (size !== before) {
          bytes.copyWithin(at + size, at + before, end);
          bytes[at] = child === undefined ? RLP_STRING : RLP_STRING + HASH_BYTES;
          end += size - before;
          kept.present ^= bit;
        }
        if (child?.ref !== undefined) bytes.set(child.ref, at + 1);
      }
      at += child === undefined ? 1 : HASH_ITEM_BYTES;
    }
    kept.stale = 0;
    const payload = end - start;
    const head = start - rlpHeaderSize(payload);
    writeRlpHeader(bytes, head, RLP_LIST, payload);
    return bytes.subarray(head, end);
  }

  /** Keeps an encoding, if hashes are all that is in it. */
  #keep(node: BranchNode, encoded: Uint8Array): Uint8Array {
    node.kept = undefined;
    let present = 0;
    for (let nibble = 0; nibble < 16; nibble++) {
      const child = node.children[nibble];
      if (child === undefined) continue;
      if (child.ref?.length !== HASH_BYTES) return encoded;
      present |= 1 << nibble;
    }
    if (node.value !== undefined) return encoded;
    this.#kept ??= new Uint8Array(this.#keptMax * KEPT_BYTES);
    const stamp = this.#taken++;
    const place = stamp % this.#keptMax;
    this.#stamps[place] = stamp;
    const payload = payloadOf(present);
    const body = encoded.subarray(encoded.length - payload);
    this.#kept.set(body, place * KEPT_BYTES + HEADER_BYTES_MAX);
    node.kept = { place, stamp, present, stale: 0 };
    return encoded;
  }

  /** The encoding of a node, void after the next call of a method. */
  encode(node: TrieNode, depth: number): Uint8Array {
    switch (node.kind) {
      case 'leaf': {
        const { key, value } = node;
        const end = key.length * 2;
        const payload = pathItemSize(depth, end) + valueSize(value);
        const at = this.#writePath(this.#beginList(payload), key, depth, end, true);
        return this.#endList(this.#writeValue(at, value));
      }
      case 'extension': {
        const { key, end, child } = node;
        const ref = this.refOf(child, end);
        const payload = pathItemSize(depth, end) + refSize(ref);
        const at = this.#writePath(this.#beginList(payload), key, depth, end, false);
        return this.#endList(this.#writeRef(at, ref));
      }
      case 'branch': {
        const { children, value } = node;
        let payload = value === undefined ? 1 : valueSize(value);
        for (let nibble = 0; nibble < 16; nibble++) {
          const child = children[nibble];
          payload += child === undefined ? 1 : refSize(this.refOf(child, depth + 1));
        }
        let at = this.#beginList(payload);
        for (let nibble = 0; nibble < 16; nibble++) {
          const child = children[nibble];
          if (child === undefined) this.#buffer[at++] = RLP_STRING;
          else at = this.#writeRef(at, this.refOf(child, depth + 1));
        }
        if (value === undefined) this.#buffer[at++] = RLP_STRING;
        else at = this.#writeValue(at, value);
        return this.#endList(at);
      }
    }
  }

  /** Writes the header of a list, with room for its payload, and returns the offset after it. */
  #beginList(payload: number): number {
    const size = rlpHeaderSize(payload) + payload;
    if (size > this.#buffer.length) this.#buffer = new Uint8Array(size * 2);
    return writeRlpHeader(this.#buffer, 0, RLP_LIST, payload);
  }

  #endList(end: number): Uint8Array {
    return this.#buffer.subarray(0, end);
  }

  /** The nibbles of a key in from..end, with the flags of their number and of a leaf in front. */
  #writePath(offset: number, key: Uint8Array, from: number, end: number, isLeaf: boolean): number {
    const buffer = this.#buffer;
    const size = pathSize(from, end);
    let at = size === 1 ? offset : writeRlpHeader(buffer, offset, RLP_STRING, size);
    const flag = isLeaf ? 0x20 : 0;
    const isOdd = ((end - from) & 1) === 1;
    buffer[at++] = isOdd ? flag | 0x10 | nibbleAt(key, from) : flag;
    let nibble = isOdd ? from + 1 : from;
    if ((nibble & 1) === 0) {
      for (; nibble < end; nibble += 2) buffer[at++] = key[nibble >> 1] ?? 0;
    } else {
      for (; nibble < end; nibble += 2) {
        buffer[at++] = (nibbleAt(key, nibble) << 4) | nibbleAt(key, nibble + 1);
      }
    }
    return at;
  }

  #writeValue(offset: number, value: NodeValue): number {
    const buffer = this.#buffer;
    if (!(value instanceof Uint8Array)) {
      const at = writeRlpHeader(buffer, offset, RLP_STRING, value.size);
      value.write(buffer, at);
      return at + value.size;
    }
    const { length } = value;
    const isOwnHeader = length === 1 && (value[0] ?? 0) < RLP_STRING;
    const at = isOwnHeader ? offset : writeRlpHeader(buffer, offset, RLP_STRING, length);
    buffer.set(value, at);
    return at + length;
  }

  #writeRef(offset: number, ref: NodeRef): number {
    const buffer = this.#buffer;
    let at = offset;
    if (ref.length === HASH_BYTES) buffer[at++] = RLP_STRING + HASH_BYTES;
    buffer.set(ref, at);
    return at + ref.length;
  }
}

/** Bytes of a branch's items, where hashes are all that is in it. */
function payloadOf(present: number): number {
  let payload = 17;
  for (let bits = present; bits !== 0; bits &= bits - 1) payload += HASH_BYTES;
  return payload;
}

/** Bytes of a path: the flags stand in front, in a byte of their own where the number is even. */
function pathSize(from: number, end: number): number {
  return 1 + ((end - from) >> 1);
}

/** Size of a path as an item; a path of one byte, whose flags are below 128, has no header. */
function pathItemSize(from: number, end: number): number {
  const size = pathSize(from, end);
  return size === 1 ? 1 : rlpHeaderSize(size) + size;
}

/** Size of a value as an item. */
function valueSize(value: NodeValue): number {
  if (!(value instanceof Uint8Array)) return rlpHeaderSize(value.size) + value.size;
  const { length } = value;
  const isOwnHeader = length === 1 && (value[0] ?? 0) < RLP_STRING;
  return isOwnHeader ? 1 : rlpHeaderSize(length) + length;
}

/** Size of a reference in its parent; a short encoding stands there as it is. */
function refSize(ref: NodeRef): number {
  return ref.length === HASH_BYTES ? HASH_BYTES + 1 : ref.length;
}
