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
import { assert } from '../../base/assert.ts';
import { type Keccak256, type Keccak256Words, wordsOf } from '../../base/bytes.ts';
import { RLP_LIST, RLP_STRING, rlpHeaderSize, writeRlpHeader } from '../../base/rlp.ts';
import {
  type BranchNode,
  type NodeRef,
  type NodeValue,
  nibbleAt,
  type TrieKey,
  type TrieNode,
} from './nodes.ts';

export const HASH_BYTES = 32;

/** Of a branch with sixteen hashes and a short value. */
const BUFFER_BYTES = 1024;
/** Bytes of a hash as an item. */
const HASH_ITEM_BYTES = HASH_BYTES + 1;
/** Bytes in front of the items of a branch, at most; those of a kept one begin behind so many. */
const HEADER_BYTES_MAX = 3;
/** Of a branch with sixteen hashes. */
const KEPT_BYTES = HEADER_BYTES_MAX + 16 * HASH_ITEM_BYTES + 1;

/** Bytes that items are written to, and references word by word. */
interface Room {
  readonly bytes: Uint8Array;
  readonly view: DataView;
}

function createRoom(size: number): Room {
  const bytes = new Uint8Array(size);
  return { bytes, view: new DataView(bytes.buffer) };
}

export interface NodeHasherOptions {
  /** Encodings of branches that are kept. */
  readonly keptMax?: number;
  /** The same hash in words, where there is a faster way than by an array. */
  readonly keccak256Words?: Keccak256Words | undefined;
}

export class NodeHasher {
  readonly keccak256: Keccak256;
  readonly #keccak256Words: Keccak256Words;
  /** The root of a trie without keys: the hash of the empty string's encoding. */
  readonly emptyRoot: Uint8Array;
  #buffer = createRoom(BUFFER_BYTES);
  readonly #keptMax: number;
  /** Encodings that are kept, and by whom: places are given out in turn. */
  #kept: Room | undefined;
  readonly #stamps: number[] = [];
  #taken = 0;
  /** A reference on its way into its node. */
  readonly #words = new Int32Array(HASH_BYTES / 4);

  constructor(keccak256: Keccak256, options: NodeHasherOptions = {}) {
    const { keptMax = 0, keccak256Words = wordsOf(keccak256) } = options;
    this.keccak256 = keccak256;
    this.#keccak256Words = keccak256Words;
    this.emptyRoot = keccak256(Uint8Array.of(RLP_STRING));
    this.#keptMax = keptMax;
  }

  /** 32 bytes. */
  rootOf(root: TrieNode | undefined): Uint8Array {
    if (root === undefined) return this.emptyRoot;
    this.#refer(root, 0);
    const bytes = new Uint8Array(HASH_BYTES);
    writeWords(new DataView(bytes.buffer), 0, root);
    const { refBytes } = root;
    return refBytes === HASH_BYTES ? bytes : this.keccak256(bytes.subarray(0, refBytes));
  }

  /** Whether the parent of a node at a depth names it by its hash. */
  isHashed(node: TrieNode, depth: number): boolean {
    this.#refer(node, depth);
    return node.refBytes === HASH_BYTES;
  }

  /** Makes the reference of a node that has none yet. */
  #refer(node: TrieNode, depth: number): void {
    if (node.refBytes !== 0) return;
    const isKept = node.kind === 'branch' && this.#keptMax > 0;
    const encoded = isKept ? this.#renew(node, depth) : this.encode(node, depth);
    const words = this.#words;
    if (encoded.length < HASH_BYTES) {
      node.refBytes = encoded.length;
      new Uint8Array(words.buffer).set(encoded);
    } else {
      node.refBytes = HASH_BYTES;
      this.#keccak256Words(encoded, words);
    }
    node.ref0 = words[0] as number;
    node.ref1 = words[1] as number;
    node.ref2 = words[2] as number;
    node.ref3 = words[3] as number;
    node.ref4 = words[4] as number;
    node.ref5 = words[5] as number;
    node.ref6 = words[6] as number;
    node.ref7 = words[7] as number;
  }

  /** The encoding of a branch from the one that is kept, which is renewed, or made and kept. */
  #renew(node: BranchNode, depth: number): Uint8Array {
    const { children, kept } = node;
    if (kept === undefined) return this.#keep(node, this.encode(node, depth));
    let areHashes = true;
    for (let nibble = 0; kept.stale >> nibble !== 0; nibble++) {
      const child = children[nibble];
      if (((kept.stale >> nibble) & 1) === 0 || child === undefined) continue;
      this.#refer(child, depth + 1);
      areHashes &&= child.refBytes === HASH_BYTES;
    }
    // Hashing the children may have taken the place.
    if (!areHashes || this.#kept === undefined || this.#stamps[kept.place] !== kept.stamp) {
      return this.#keep(node, this.encode(node, depth));
    }
    const { bytes, view } = this.#kept;
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
        if (child !== undefined) writeWords(view, at + 1, child);
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
      if (child.refBytes !== HASH_BYTES) return encoded;
      present |= 1 << nibble;
    }
    if (node.value !== undefined) return encoded;
    this.#kept ??= createRoom(this.#keptMax * KEPT_BYTES);
    const stamp = this.#taken++;
    const place = stamp % this.#keptMax;
    this.#stamps[place] = stamp;
    const payload = payloadOf(present);
    const body = encoded.subarray(encoded.length - payload);
    this.#kept.bytes.set(body, place * KEPT_BYTES + HEADER_BYTES_MAX);
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
        this.#refer(child, end);
        const payload = pathItemSize(depth, end) + refSize(child);
        const at = this.#writePath(this.#beginList(payload), key, depth, end, false);
        return this.#endList(this.#writeRef(at, child));
      }
      case 'branch': {
        const { children, value } = node;
        let payload = value === undefined ? 1 : valueSize(value);
        for (let nibble = 0; nibble < 16; nibble++) {
          const child = children[nibble];
          if (child !== undefined) this.#refer(child, depth + 1);
          payload += child === undefined ? 1 : refSize(child);
        }
        let at = this.#beginList(payload);
        const { bytes } = this.#buffer;
        for (let nibble = 0; nibble < 16; nibble++) {
          const child = children[nibble];
          if (child === undefined) bytes[at++] = RLP_STRING;
          else at = this.#writeRef(at, child);
        }
        if (value === undefined) bytes[at++] = RLP_STRING;
        else at = this.#writeValue(at, value);
        return this.#endList(at);
      }
    }
  }

  /** Writes the header of a list, with room for its payload, and returns the offset after it. */
  #beginList(payload: number): number {
    // A reference is written in whole words.
    const size = rlpHeaderSize(payload) + payload + HASH_BYTES;
    if (size > this.#buffer.bytes.length) this.#buffer = createRoom(size * 2);
    return writeRlpHeader(this.#buffer.bytes, 0, RLP_LIST, payload);
  }

  #endList(end: number): Uint8Array {
    return this.#buffer.bytes.subarray(0, end);
  }

  /** The nibbles of a key in from..end, with the flags of their number and of a leaf in front. */
  #writePath(offset: number, key: TrieKey, from: number, end: number, isLeaf: boolean): number {
    const buffer = this.#buffer.bytes;
    const size = pathSize(from, end);
    let at = size === 1 ? offset : writeRlpHeader(buffer, offset, RLP_STRING, size);
    const flag = isLeaf ? 0x20 : 0;
    const isOdd = ((end - from) & 1) === 1;
    buffer[at++] = isOdd ? flag | 0x10 | nibbleAt(key, from) : flag;
    let nibble = isOdd ? from + 1 : from;
    if ((nibble & 1) === 0) {
      for (; nibble < end; nibble += 2) buffer[at++] = key.charCodeAt(nibble >> 1);
    } else {
      for (; nibble < end; nibble += 2) {
        buffer[at++] = (nibbleAt(key, nibble) << 4) | nibbleAt(key, nibble + 1);
      }
    }
    return at;
  }

  #writeValue(offset: number, value: NodeValue): number {
    const buffer = this.#buffer.bytes;
    if (!(value instanceof Uint8Array)) {
      const { size } = value;
      const at = size === 1 ? offset : writeRlpHeader(buffer, offset, RLP_STRING, size);
      value.write(buffer, at);
      return at + size;
    }
    const { length } = value;
    const isOwnHeader = length === 1 && (value[0] ?? 0) < RLP_STRING;
    const at = isOwnHeader ? offset : writeRlpHeader(buffer, offset, RLP_STRING, length);
    buffer.set(value, at);
    return at + length;
  }

  #writeRef(offset: number, node: NodeRef): number {
    const { bytes, view } = this.#buffer;
    const { refBytes } = node;
    assert(refBytes !== 0, 'a node is encoded before a child has its reference');
    let at = offset;
    if (refBytes === HASH_BYTES) bytes[at++] = RLP_STRING + HASH_BYTES;
    writeWords(view, at, node);
    return at + refBytes;
  }
}

function writeWords(target: DataView, at: number, node: NodeRef): void {
  target.setInt32(at, node.ref0, true);
  target.setInt32(at + 4, node.ref1, true);
  target.setInt32(at + 8, node.ref2, true);
  target.setInt32(at + 12, node.ref3, true);
  target.setInt32(at + 16, node.ref4, true);
  target.setInt32(at + 20, node.ref5, true);
  target.setInt32(at + 24, node.ref6, true);
  target.setInt32(at + 28, node.ref7, true);
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
  if (!(value instanceof Uint8Array)) {
    return value.size === 1 ? 1 : rlpHeaderSize(value.size) + value.size;
  }
  const { length } = value;
  const isOwnHeader = length === 1 && (value[0] ?? 0) < RLP_STRING;
  return isOwnHeader ? 1 : rlpHeaderSize(length) + length;
}

/** Size of a reference in its parent; a short encoding stands there as it is. */
function refSize({ refBytes }: NodeRef): number {
  return refBytes === HASH_BYTES ? HASH_ITEM_BYTES : refBytes;
}
