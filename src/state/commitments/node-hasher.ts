/**
 * Encodings and hashes of trie nodes (Yellow Paper, appendix D).
 *
 * A node is hashed when somebody asks for a root, once, and keeps the result; so of many changes
 * only what they leave behind is hashed. Encodings are written to one buffer, which the next one
 * overwrites.
 */
import type { Keccak256 } from '../../base/bytes.ts';
import { RLP_LIST, RLP_STRING, rlpHeaderSize, writeRlpHeader } from '../../base/rlp.ts';
import { type NodeRef, type NodeValue, nibbleAt, type TrieNode } from './nodes.ts';

export const HASH_BYTES = 32;

/** Of a branch with sixteen hashes and a short value. */
const BUFFER_BYTES = 1024;

export class NodeHasher {
  readonly keccak256: Keccak256;
  /** The root of a trie without keys: the hash of the empty string's encoding. */
  readonly emptyRoot: Uint8Array;
  #buffer = new Uint8Array(BUFFER_BYTES);

  constructor(keccak256: Keccak256) {
    this.keccak256 = keccak256;
    this.emptyRoot = keccak256(Uint8Array.of(RLP_STRING));
  }

  /** 32 bytes. */
  rootOf(root: TrieNode | undefined): Uint8Array {
    if (root === undefined) return this.emptyRoot;
    const ref = this.refOf(root, 0);
    return ref.length === HASH_BYTES ? ref : this.keccak256(ref);
  }

  refOf(node: TrieNode, depth: number): NodeRef {
    if (node.ref !== undefined) return node.ref;
    const encoded = this.encode(node, depth);
    node.ref = encoded.length < HASH_BYTES ? encoded.slice() : this.keccak256(encoded);
    return node.ref;
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
        for (const child of children) {
          payload += child === undefined ? 1 : refSize(this.refOf(child, depth + 1));
        }
        let at = this.#beginList(payload);
        for (const child of children) {
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
