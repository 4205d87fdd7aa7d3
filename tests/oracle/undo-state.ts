/**
 * A state manager for `@ethereumjs/evm` with an undo log.
 *
 * The package's own SimpleStateManager copies every account at each checkpoint and keeps code and
 * storage of deleted accounts. This one costs what changes, deletes whole accounts, and gives out
 * copies, so that an account object changed by a failed frame is not the state's. Invariant: `log`
 * undone from its end gives back exactly the state of the mark it is undone to.
 */
import type { AccountFields, StateManagerInterface } from '@ethereumjs/common';
import { Account, type Address, bytesToHex } from '@ethereumjs/util';
import { keccak_256 } from '@noble/hashes/sha3.js';

export interface StoredAccount {
  balance: bigint;
  nonce: bigint;
  code: Uint8Array;
  codeHash: Uint8Array;
}

type Undo = () => void;

const EMPTY = new Uint8Array(0);
/** Stands for the root of storage that is not empty, which EIP-7610 asks for. */
const SOME_ROOT = new Uint8Array(32).fill(1);
const EMPTY_CODE_HASH = keccak_256(EMPTY);
const CODE_HASHES_MAX = 512;

export class UndoState implements StateManagerInterface {
  readonly accounts = new Map<string, StoredAccount>();
  readonly slots = new Map<string, Map<string, Uint8Array>>();
  readonly #log: Undo[] = [];
  readonly #marks: number[] = [];
  readonly #originals = new Map<string, Uint8Array>();
  readonly #hashes = new Map<string, Uint8Array>();

  readonly originalStorageCache = {
    get: async (address: Address, key: Uint8Array): Promise<Uint8Array> =>
      this.#originals.get(address.toString() + bytesToHex(key)) ?? this.readSlot(address, key),
    clear: (): void => this.#originals.clear(),
  };

  /** Puts everything back to nothing. */
  reset(): void {
    this.accounts.clear();
    this.slots.clear();
    this.#log.length = 0;
    this.#marks.length = 0;
    this.#originals.clear();
  }

  readSlot(address: Address, key: Uint8Array): Uint8Array {
    return this.slots.get(address.toString())?.get(bytesToHex(key)) ?? EMPTY;
  }

  setAccount(address: string, account: StoredAccount | undefined): void {
    const before = this.accounts.get(address);
    if (account === undefined) this.accounts.delete(address);
    else this.accounts.set(address, account);
    this.#log.push(() => {
      if (before === undefined) this.accounts.delete(address);
      else this.accounts.set(address, before);
    });
  }

  setSlot(address: string, key: string, value: Uint8Array): void {
    let slots = this.slots.get(address);
    if (slots === undefined) {
      slots = new Map();
      this.slots.set(address, slots);
    }
    const before = slots.get(key);
    const original = address + key;
    if (!this.#originals.has(original)) this.#originals.set(original, before ?? EMPTY);
    if (value.length === 0) slots.delete(key);
    else slots.set(key, value);
    const owner = slots;
    this.#log.push(() => {
      if (before === undefined) owner.delete(key);
      else owner.set(key, before);
    });
  }

  hashCode(code: Uint8Array): Uint8Array {
    if (code.length === 0) return EMPTY_CODE_HASH;
    const key = Buffer.from(code.buffer, code.byteOffset, code.length).toString('latin1');
    const known = this.#hashes.get(key);
    if (known !== undefined) return known;
    if (this.#hashes.size >= CODE_HASHES_MAX) this.#hashes.clear();
    const hash = keccak_256(code);
    this.#hashes.set(key, hash);
    return hash;
  }

  async getAccount(address: Address): Promise<Account | undefined> {
    const stored = this.accounts.get(address.toString());
    if (stored === undefined) return undefined;
    const hasSlots = (this.slots.get(address.toString())?.size ?? 0) > 0;
    return new Account(
      stored.nonce,
      stored.balance,
      hasSlots ? SOME_ROOT : undefined,
      stored.codeHash,
    );
  }

  async putAccount(address: Address, account?: Account): Promise<void> {
    const name = address.toString();
    if (account === undefined) {
      this.setAccount(name, undefined);
      return;
    }
    const code = this.accounts.get(name)?.code ?? EMPTY;
    const { balance, nonce, codeHash } = account;
    this.setAccount(name, { balance, nonce, code, codeHash });
  }

  async deleteAccount(address: Address): Promise<void> {
    await this.clearStorage(address);
    this.setAccount(address.toString(), undefined);
  }

  async modifyAccountFields(address: Address, fields: AccountFields): Promise<void> {
    const account = (await this.getAccount(address)) ?? new Account();
    account.nonce = fields.nonce ?? account.nonce;
    account.balance = fields.balance ?? account.balance;
    account.codeHash = fields.codeHash ?? account.codeHash;
    await this.putAccount(address, account);
  }

  async putCode(address: Address, code: Uint8Array): Promise<void> {
    const name = address.toString();
    const stored = this.accounts.get(name);
    this.setAccount(name, {
      balance: stored?.balance ?? 0n,
      nonce: stored?.nonce ?? 0n,
      code,
      codeHash: this.hashCode(code),
    });
  }

  async getCode(address: Address): Promise<Uint8Array> {
    return this.accounts.get(address.toString())?.code ?? EMPTY;
  }

  async getCodeSize(address: Address): Promise<number> {
    return this.accounts.get(address.toString())?.code.length ?? 0;
  }

  async getStorage(address: Address, key: Uint8Array): Promise<Uint8Array> {
    return this.readSlot(address, key);
  }

  async putStorage(address: Address, key: Uint8Array, value: Uint8Array): Promise<void> {
    this.setSlot(address.toString(), bytesToHex(key), value);
  }

  async clearStorage(address: Address): Promise<void> {
    const name = address.toString();
    for (const key of [...(this.slots.get(name)?.keys() ?? [])]) this.setSlot(name, key, EMPTY);
  }

  async checkpoint(): Promise<void> {
    this.#marks.push(this.#log.length);
  }

  async commit(): Promise<void> {
    this.#marks.pop();
  }

  async revert(): Promise<void> {
    this.undoTo(this.#marks.pop() ?? 0);
  }

  /** A mark of the whole state; `undoTo` goes back to it. */
  mark(): number {
    return this.#log.length;
  }

  undoTo(mark: number): void {
    while (this.#log.length > mark) this.#log.pop()?.();
  }

  clearCaches(): void {}

  shallowCopy(): StateManagerInterface {
    throw new Error('BUG: the oracle does not copy its state');
  }

  async getStateRoot(): Promise<Uint8Array> {
    throw new Error('BUG: the oracle has no state root');
  }

  async setStateRoot(): Promise<void> {
    throw new Error('BUG: the oracle has no state root');
  }

  async hasStateRoot(): Promise<boolean> {
    return false;
  }
}
