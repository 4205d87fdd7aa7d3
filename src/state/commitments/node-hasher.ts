/**
 * Encodings and hashes of trie nodes (Yellow Paper, appendix D).
 *
 * A node is hashed when somebody asks for a root, once, and keeps the result; so of many changes
 * only what they leave behind is hashed. Encodings are written where they are hashed, over the one
 * before.
 *
 * A hasher of a trie that changes keeps the latest encodings of branches, in places that are taken
 * in turn: the next version of a branch is that with some of its hashes replaced, and the other
 * children, all over the memory, are not looked at.
 */
import { assert } from '../../base/assert.ts';
import { type HashRoom, type Keccak256, roomOf } from '../../base/bytes.ts';
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

/** Bytes of a hash as an item. */
const HASH_ITEM_BYTES = HASH_BYTES + 1;
/** Bytes in front of the items of a branch, at most; those of a kept one begin behind so many. */
const HEADER_BYTES_MAX = 3;
/** Of a branch with sixteen hashes. */
const KEPT_BYTES = HEADER_BYTES_MAX + 16 * HASH_ITEM_BYTES + 1;

/** Encodings of branches in one piece of memory, too large to be made where none is kept. */
interface Kept {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** The part of each encoding that was kept so far. */
  readonly places: Uint8Array[];
}

function createKept(count: number): Kept {
  const bytes = new Uint8Array(count * KEPT_BYTES);
  return { bytes, view: new DataView(bytes.buffer), places: [] };
}

export interface NodeHasherOptions {
  /** Encodings of branches that are kept. */
  readonly keptMax?: number;
}

export class NodeHasher {
  readonly keccak256: Keccak256;
  /** The root of a trie without keys: the hash of the empty string's encoding. */
  readonly emptyRoot: Uint8Array;
  readonly #openRoom: () => HashRoom;
  /** Where encodings are written, its bytes, and where the latest one begins and ends. */
  #room: HashRoom;
  #bytes: Uint8Array;
  #view: DataView;
  #from = 0;
  #to = 0;
  readonly #keptMax: number;
  /** Encodings that are kept, and by whom: places are given out in turn. */
  #kept: Kept | undefined;
  readonly #stamps: number[] = [];
  #taken = 0;
  /** A reference on its way into its node. */
  readonly #words = new Int32Array(HASH_BYTES / 4);
  readonly #wordBytes = new Uint8Array(this.#words.buffer);
  readonly #wordView = new DataView(this.#words.buffer);

  constructor(keccak256: Keccak256, { keptMax = 0 }: NodeHasherOptions = {}) {
    this.keccak256 = keccak256;
    this.emptyRoot = keccak256(Uint8Array.of(RLP_STRING));
    this.#keptMax = keptMax;
    this.#openRoom = roomOf(keccak256);
    this.#room = this.#openRoom();
    this.#bytes = this.#room.bytes;
    this.#view = this.#room.view;
  }

  /** Finds where to write, which is the same until somebody else hashes something. */
  #open(): void {
    this.#room = this.#openRoom();
    this.#bytes = this.#room.bytes;
    this.#view = this.#room.view;
  }

  /** 32 bytes. */
  rootOf(root: TrieNode | undefined): Uint8Array {
    if (root === undefined) return this.emptyRoot;
    if (root.refBytes === 0) {
      this.#open();
      this.#refer(root, 0);
    }
    const { refBytes } = root;
    writeWords(this.#wordView, 0, root);
    const bytes = this.#wordBytes.slice(0, refBytes);
    return refBytes === HASH_BYTES ? bytes : this.keccak256(bytes);
  }

  /** Whether the parent of a node at a depth names it by its hash. */
  isHashed(node: TrieNode, depth: number): boolean {
    this.#open();
    this.#refer(node, depth);
    return node.refBytes === HASH_BYTES;
  }

  /** Makes the reference of a node that has none yet. */
  #refer(node: TrieNode, depth: number): void {
    if (node.refBytes !== 0) return;
    if (node.kind === 'branch' && this.#keptMax > 0) this.#renew(node, depth);
    else this.#encode(node, depth);
    const words = this.#words;
    const from = this.#from;
    const size = this.#to - from;
    if (size < HASH_BYTES) {
      node.refBytes = size;
      for (let i = 0; i < size; i++) this.#wordBytes[i] = this.#bytes[from + i] as number;
    } else {
      node.refBytes = HASH_BYTES;
      this.#room.hash(from, this.#to, words);
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

  /** Writes the encoding of a branch from the one that is kept, or makes one and keeps it. */
  #renew(node: BranchNode, depth: number): void {
    const { children, kept } = node;
    if (kept === undefined) {
      this.#encode(node, depth);
      this.#keep(node);
      return;
    }
    let areHashes = true;
    for (let nibble = 0; kept.stale >> nibble !== 0; nibble++) {
      const child = children[nibble];
      if (((kept.stale >> nibble) & 1) === 0 || child === undefined) continue;
      this.#refer(child, depth + 1);
      areHashes &&= child.refBytes === HASH_BYTES;
    }
    // Hashing the children may have taken the place.
    if (!areHashes || this.#kept === undefined || this.#stamps[kept.place] !== kept.stamp) {
      this.#encode(node, depth);
      this.#keep(node);
      return;
    }
    const { bytes, view, places } = this.#kept;
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
    const header = rlpHeaderSize(payload);
    writeRlpHeader(bytes, start - header, RLP_LIST, payload);
    const to = this.#room.start;
    this.#bytes.set(places[kept.place] as Uint8Array, to);
    this.#from = to + HEADER_BYTES_MAX - header;
    this.#to = to + HEADER_BYTES_MAX + payload;
  }

  /** Keeps the encoding that was just written, if hashes are all that is in it. */
  #keep(node: BranchNode): void {
    node.kept = undefined;
    let present = 0;
    for (let nibble = 0; nibble < 16; nibble++) {
      const child = node.children[nibble];
      if (child === undefined) continue;
      if (child.refBytes !== HASH_BYTES) return;
      present |= 1 << nibble;
    }
    if (node.value !== undefined) return;
    this.#kept ??= createKept(this.#keptMax);
    const { bytes, places } = this.#kept;
    const stamp = this.#taken++;
    const place = stamp % this.#keptMax;
    this.#stamps[place] = stamp;
    const body = this.#bytes.subarray(this.#to - payloadOf(present), this.#to);
    const start = place * KEPT_BYTES;
    bytes.set(body, start + HEADER_BYTES_MAX);
    places[place] ??= bytes.subarray(start, start + KEPT_BYTES);
    node.kept = { place, stamp, present, stale: 0 };
  }

  /** The encoding of a node, void after the next call of a method. */
  encode(node: TrieNode, depth: number): Uint8Array {
    this.#open();
    this.#encode(node, depth);
    return this.#bytes.subarray(this.#from, this.#to);
  }

  /** Writes the encoding of a node. */
  #encode(node: TrieNode, depth: number): void {
    switch (node.kind) {
      case 'leaf': {
        const { key, value } = node;
        const end = key.length * 2;
        const payload = pathItemSize(depth, end) + valueSize(value);
        const at = this.#writePath(this.#beginList(payload), key, depth, end, true);
        this.#to = this.#writeValue(at, value);
        return;
      }
      case 'extension': {
        const { key, end, child } = node;
        this.#refer(child, end);
        const payload = pathItemSize(depth, end) + refSize(child);
        const at = this.#writePath(this.#beginList(payload), key, depth, end, false);
        this.#to = this.#writeRef(at, child);
        return;
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
        const bytes = this.#bytes;
        for (let nibble = 0; nibble < 16; nibble++) {
          const child = children[nibble];
          if (child === undefined) bytes[at++] = RLP_STRING;
          else at = this.#writeRef(at, child);
        }
        if (value === undefined) bytes[at++] = RLP_STRING;
        else at = this.#writeValue(at, value);
        this.#to = at;
      }
    }
  }

  /** Writes the header of a list, with room for its payload, and returns the offset after it. */
  #beginList(payload: number): number {
    // A reference is written in whole words.
    const size = rlpHeaderSize(payload) + payload + HASH_BYTES;
    this.#room.reserve(size);
    this.#bytes = this.#room.bytes;
    this.#view = this.#room.view;
    this.#from = this.#room.start;
    return writeRlpHeader(this.#bytes, this.#from, RLP_LIST, payload);
  }

  /** The nibbles of a key in from..end, with the flags of their number and of a leaf in front. */
  #writePath(offset: number, key: TrieKey, from: number, end: number, isLeaf: boolean): number {
    const buffer = this.#bytes;
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
    const buffer = this.#bytes;
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
    const { refBytes } = node;
    assert(refBytes !== 0, 'a node is encoded before a child has its reference');
    let at = offset;
    if (refBytes === HASH_BYTES) this.#bytes[at++] = RLP_STRING + HASH_BYTES;
    writeWords(this.#view, at, node);
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
