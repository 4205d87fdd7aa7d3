/** Accounts and slots as the tries of the state hold them (Yellow Paper, section 4.1). */
import { assert } from '../../base/assert.ts';
import { equalBytes } from '../../base/bytes.ts';
import { encodeRlp } from '../../base/rlp.ts';
import { toChars } from '../cells.ts';
import {
  findValue,
  type NodeValue,
  type TrieKey,
  type TrieNode,
  type ValueRecord,
} from './nodes.ts';

/** A list of at most 255 bytes, whose length follows. */
const LIST = 0xf8;
/** A string of 32 bytes. */
const HASH = 0xa0;
const HASH_BYTES = 32;
/** First byte of a short string without its length. */
const STRING = 0x80;

const NO_BYTES = new Uint8Array(0);

/** Numbers are big-endian without zeros in front. */
export interface AccountFields {
  readonly nonce: Uint8Array;
  readonly balance: Uint8Array;
  readonly storageRoot: Uint8Array;
  readonly codeHash: Uint8Array;
}

/** An account in the trie of accounts, with the trie of its slots. */
export class AccountRecord implements ValueRecord, AccountFields {
  readonly nonce: Uint8Array;
  readonly balance: Uint8Array;
  readonly storageRoot: Uint8Array;
  readonly codeHash: Uint8Array;
  readonly storage: TrieNode | undefined;

  constructor(fields: AccountFields, storage: TrieNode | undefined) {
    this.nonce = fields.nonce;
    this.balance = fields.balance;
    this.storageRoot = fields.storageRoot;
    this.codeHash = fields.codeHash;
    this.storage = storage;
  }

  get size(): number {
    return accountSize(this);
  }

  write(target: Uint8Array, offset: number): void {
    writeAccount(target, offset, this);
  }

  isSame(other: NodeValue): boolean {
    return this === other;
  }
}

/** The value of a slot in its trie: a word that is not zero. */
export class SlotRecord implements ValueRecord {
  /** Its bytes as characters, without the zeros in front. */
  readonly word: string;

  constructor(word: string) {
    this.word = word;
  }

  get size(): number {
    const { word } = this;
    return word.length === 1 && word.charCodeAt(0) < STRING ? 1 : 1 + word.length;
  }

  write(target: Uint8Array, offset: number): void {
    const { word, size } = this;
    let at = offset;
    if (size > 1) target[at++] = STRING + word.length;
    for (let i = 0; i < word.length; i++) target[at++] = word.charCodeAt(i);
  }

  isSame(other: NodeValue): boolean {
    return other instanceof SlotRecord && this.word === other.word;
  }
}

/** The value of the slot at a path in a trie of slots, without zeros in front. */
export function findSlot(root: TrieNode | undefined, path: TrieKey): Uint8Array {
  const value = findValue(root, path);
  if (value === undefined) return NO_BYTES;
  assert(value instanceof SlotRecord, 'the storage holds no slot there');
  return Uint8Array.from(value.word, (char) => char.charCodeAt(0));
}

/** The account at a path in a trie of accounts. */
export function findAccount(root: TrieNode | undefined, path: TrieKey): AccountRecord | undefined {
  const value = findValue(root, path);
  assert(value === undefined || value instanceof AccountRecord, 'the state holds no account there');
  return value;
}

export function equalAccounts(a: AccountFields, b: AccountFields): boolean {
  return (
    equalBytes(a.storageRoot, b.storageRoot) &&
    equalBytes(a.balance, b.balance) &&
    equalBytes(a.nonce, b.nonce) &&
    equalBytes(a.codeHash, b.codeHash)
  );
}

/** The list of nonce, balance, storage root and code hash. */
export function encodeAccount(account: AccountFields): Uint8Array {
  const { nonce, balance, storageRoot, codeHash } = account;
  return encodeRlp([nonce, balance, storageRoot, codeHash]);
}

function accountSize({ nonce, balance }: AccountFields): number {
  return 2 + numberSize(nonce) + numberSize(balance) + 2 * (1 + HASH_BYTES);
}

/** As `encodeAccount` does, to a buffer. Two hashes make the list longer than 55 bytes. */
function writeAccount(target: Uint8Array, offset: number, account: AccountFields): void {
  target[offset] = LIST;
  target[offset + 1] = accountSize(account) - 2;
  let at = writeNumber(target, offset + 2, account.nonce);
  at = writeNumber(target, at, account.balance);
  target[at] = HASH;
  target.set(account.storageRoot, at + 1);
  at += 1 + HASH_BYTES;
  target[at] = HASH;
  target.set(account.codeHash, at + 1);
}

/** Size of a number of at most 32 bytes, without zeros in front, as an item. */
function numberSize(bytes: Uint8Array): number {
  return bytes.length === 1 && (bytes[0] ?? 0) < STRING ? 1 : 1 + bytes.length;
}

function writeNumber(target: Uint8Array, offset: number, bytes: Uint8Array): number {
  const { length } = bytes;
  let at = offset;
  if (length !== 1 || (bytes[0] ?? 0) >= STRING) target[at++] = STRING + length;
  for (let i = 0; i < length; i++) target[at++] = bytes[i] as number;
  return at;
}

/** The bytes of a word from the first that is not zero, as a copy. */
export function trimWord(word: Uint8Array): Uint8Array {
  const zeros = countZeros(word);
  return zeros === word.length ? NO_BYTES : word.slice(zeros);
}

/** The same as characters; none for a word of zero. */
export function charsOfWord(word: Uint8Array): string {
  return toChars(word.subarray(countZeros(word)));
}

export function isZero(bytes: Uint8Array): boolean {
  return countZeros(bytes) === bytes.length;
}

/** Zeros in front. */
function countZeros(bytes: Uint8Array): number {
  let zeros = 0;
  while (zeros < bytes.length && bytes[zeros] === 0) zeros++;
  return zeros;
}
