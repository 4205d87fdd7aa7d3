/** Accounts and slots as the tries of the state hold them (Yellow Paper, section 4.1). */
import { assert } from '../../base/assert.ts';
import { equalBytes } from '../../base/bytes.ts';
import { bytesToBigint } from '../../base/u256.ts';
import { unpackValue } from '../cells.ts';
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

/** Numbers are characters, big-endian without zeros in front. */
export interface AccountFields {
  readonly nonce: string;
  readonly balance: string;
  readonly storageRoot: Uint8Array;
  readonly codeHash: Uint8Array;
}

/** An account in the trie of accounts, with the trie of its slots. */
export class AccountRecord implements ValueRecord, AccountFields {
  readonly nonce: string;
  readonly balance: string;
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
    return numberSize(this.word);
  }

  write(target: Uint8Array, offset: number): void {
    writeNumber(target, offset, this.word);
  }

  isSame(other: NodeValue): boolean {
    return other instanceof SlotRecord && this.word === other.word;
  }
}

/** The value of the slot at a path in a trie of slots. */
export function findSlot(root: TrieNode | undefined, path: TrieKey): bigint {
  const value = findValue(root, path);
  if (value === undefined) return 0n;
  assert(value instanceof SlotRecord, 'the storage holds no slot there');
  return numberOfDigits(value.word);
}

export function numberOfDigits(digits: string): bigint {
  return bytesToBigint(unpackValue(digits));
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
    a.balance === b.balance &&
    a.nonce === b.nonce &&
    equalBytes(a.codeHash, b.codeHash)
  );
}

function accountSize({ nonce, balance }: AccountFields): number {
  return 2 + numberSize(nonce) + numberSize(balance) + 2 * (1 + HASH_BYTES);
}

/** The list of nonce, balance, storage root and code hash: longer than 55 bytes by the hashes. */
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

/** Size of a number of at most 32 bytes, as an item. */
function numberSize(digits: string): number {
  return digits.length === 1 && digits.charCodeAt(0) < STRING ? 1 : 1 + digits.length;
}

function writeNumber(target: Uint8Array, offset: number, digits: string): number {
  const { length } = digits;
  let at = offset;
  if (numberSize(digits) > 1 || length === 0) target[at++] = STRING + length;
  for (let i = 0; i < length; i++) target[at++] = digits.charCodeAt(i);
  return at;
}
