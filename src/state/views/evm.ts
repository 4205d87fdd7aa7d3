/**
 * The EVM's view of the cells: accounts with balance, nonce and code, and their slots.
 *
 * Every cell of the view but a code blob holds a 32-byte big-endian word under a 32-byte key, the
 * key of a balance, nonce or code hash being zero. A word of zero and an absent cell are the same
 * thing, and the view keeps the second; the code hash of an account without code is absent too.
 * Code is stored once, under its hash, by the owner 0.
 */
import { assert } from '../../base/assert.ts';
import { compareBytes, type Keccak256 } from '../../base/bytes.ts';
import { LockstepError } from '../../base/errors.ts';
import { bigintToBytes32, bytesToBigint, isZeroWord, U64_MAX } from '../../base/u256.ts';
import { type Backend, isPending, type Pending } from '../backends/backend.ts';
import { type Cell, type CellEntry, SPACES, toChars } from '../cells.ts';

export const ADDRESS_BYTES = 20;

const ZERO_WORD = new Uint8Array(32);
const NO_CODE = new Uint8Array(0);
const ACCOUNT_SPACES = [SPACES.balance.number, SPACES.nonce.number, SPACES.codeHash.number];

export interface EvmAccount {
  /** 20 bytes. */
  readonly address: Uint8Array;
  readonly balance: bigint;
  readonly nonce: bigint;
  readonly code: Uint8Array;
  /** Slots that are not zero, in order. */
  readonly storage: readonly { readonly slot: bigint; readonly value: bigint }[];
}

/**
 * Typed access to the accounts of a backend. Addresses have 20 bytes; getters answer `Pending`
 * where the backend does, and then have done nothing.
 */
export interface EvmView {
  getBalance(address: Uint8Array): bigint | Pending;
  /** @throws LockstepError L1004 unless the balance fits 256 bits */
  setBalance(address: Uint8Array, balance: bigint): void;
  getNonce(address: Uint8Array): bigint | Pending;
  /** @throws LockstepError L1004 unless the nonce fits 64 bits (EIP-2681) */
  setNonce(address: Uint8Array, nonce: bigint): void;
  /** 32 bytes, or undefined for an account without code. */
  getCodeHash(address: Uint8Array): Uint8Array | undefined | Pending;
  getCode(address: Uint8Array): Uint8Array | Pending;
  /** Stores the code under its hash and points the account to it; no bytes remove the code. */
  setCode(address: Uint8Array, code: Uint8Array): void;
  getSlot(address: Uint8Array, slot: bigint): bigint | Pending;
  setSlot(address: Uint8Array, slot: bigint, value: bigint): void;
  /** Whether balance, nonce or code make the account more than empty (EIP-161). */
  hasAccount(address: Uint8Array): boolean | Pending;
  /** Removes the account and all its slots; undefined once done. */
  deleteAccount(address: Uint8Array): undefined | Pending;
  /** Every account with a balance, nonce, code or slot, in the order of addresses. */
  dump(): readonly EvmAccount[] | Pending;
}

export interface EvmViewOptions {
  readonly backend: Backend;
  /** The hash of code: keccak-256. */
  readonly keccak256: Keccak256;
}

export function createEvmView({ backend, keccak256 }: EvmViewOptions): EvmView {
  const getNumber = (space: number, address: Uint8Array, key: Uint8Array) => {
    const value = backend.get(wordCell(space, address, key));
    return isPending(value) ? value : bytesToBigint(value ?? ZERO_WORD);
  };
  const setNumber = (space: number, address: Uint8Array, value: bigint, what: string) =>
    putWord(backend, wordCell(space, address, ZERO_WORD), bigintToBytes32(value, what));
  const getCodeHash = (address: Uint8Array) =>
    backend.get(wordCell(SPACES.codeHash.number, address, ZERO_WORD));
  return {
    getBalance: (address) => getNumber(SPACES.balance.number, address, ZERO_WORD),
    setBalance: (address, balance) =>
      setNumber(SPACES.balance.number, address, balance, 'the balance'),
    getNonce: (address) => getNumber(SPACES.nonce.number, address, ZERO_WORD),
    setNonce(address, nonce) {
      if (nonce > U64_MAX) {
        throw new LockstepError('L1004', { what: 'the nonce', value: nonce, bits: 64 });
      }
      setNumber(SPACES.nonce.number, address, nonce, 'the nonce');
    },
    getCodeHash,
    getCode(address) {
      const hash = getCodeHash(address);
      return hash === undefined || isPending(hash) ? (hash ?? NO_CODE) : getCodeBlob(backend, hash);
    },
    setCode(address, code) {
      const cell = wordCell(SPACES.codeHash.number, address, ZERO_WORD);
      if (code.length === 0) backend.delete(cell);
      else backend.put(cell, putCodeBlob(backend, code, keccak256));
    },
    getSlot: (address, slot) =>
      getNumber(SPACES.slot.number, address, bigintToBytes32(slot, 'the slot')),
    setSlot(address, slot, value) {
      const cell = wordCell(SPACES.slot.number, address, bigintToBytes32(slot, 'the slot'));
      putWord(backend, cell, bigintToBytes32(value, 'the value of the slot'));
    },
    hasAccount: (address) => hasAccount(backend, address),
    deleteAccount: (address) => deleteAccount(backend, address),
    dump: () => dumpAccounts(backend),
  };
}

/** The cell of a word of the view; the key has 32 bytes. */
function wordCell(space: number, address: Uint8Array, key: Uint8Array): Cell {
  if (address.length !== ADDRESS_BYTES) {
    const context = { what: 'an address', length: address.length, expected: ADDRESS_BYTES };
    throw new LockstepError('L1003', context);
  }
  return { space, owner: address, key };
}

/** Puts a word of the view, whose zero is an absent cell. */
export function putWord(backend: Backend, cell: Cell, word: Uint8Array): void {
  assert(word.length === 32, `a word of the EVM has ${word.length} bytes`);
  if (isZeroWord(word)) backend.delete(cell);
  else backend.put(cell, word);
}

/** Stores code under its hash, once, and returns the hash. */
export function putCodeBlob(backend: Backend, code: Uint8Array, keccak256: Keccak256): Uint8Array {
  const hash = keccak256(code);
  const cell = codeCell(hash);
  // Equal bytes have an equal hash, so that writing again where the answer is late changes nothing.
  const found = backend.get(cell);
  if (found === undefined || isPending(found)) backend.put(cell, code);
  return hash;
}

/** The code with a hash; undefined where the backend has none. */
export function findCodeBlob(backend: Backend, hash: Uint8Array): Uint8Array | Pending | undefined {
  return backend.get(codeCell(hash));
}

/** The code with a hash that an account names. */
export function getCodeBlob(backend: Backend, hash: Uint8Array): Uint8Array | Pending {
  const code = findCodeBlob(backend, hash);
  assert(code !== undefined, 'an account names code that the state does not hold');
  return code;
}

function codeCell(hash: Uint8Array): Cell {
  return { space: SPACES.code.number, owner: ZERO_WORD, key: hash };
}

function hasAccount(backend: Backend, address: Uint8Array): boolean | Pending {
  let late: Pending | undefined;
  for (const space of ACCOUNT_SPACES) {
    const value = backend.get(wordCell(space, address, ZERO_WORD));
    if (isPending(value)) late ??= value;
    else if (value !== undefined) return true;
  }
  return late ?? false;
}

function deleteAccount(backend: Backend, address: Uint8Array): undefined | Pending {
  const slots = backend.scan({ space: SPACES.slot.number, owner: address });
  if (isPending(slots)) return slots;
  for (const { cell } of slots) backend.delete(cell);
  for (const space of [...ACCOUNT_SPACES, SPACES.exists.number]) {
    backend.delete(wordCell(space, address, ZERO_WORD));
  }
  return undefined;
}

interface Draft {
  readonly owner: Uint8Array;
  balance: bigint;
  nonce: bigint;
  code: Uint8Array;
  readonly storage: { slot: bigint; value: bigint }[];
}

/** What an entry of a space tells of its account. */
type Fill = (draft: Draft, entry: CellEntry, backend: Backend) => Pending | undefined;

const FILLS: readonly (readonly [space: number, fill: Fill])[] = [
  [SPACES.balance.number, fillBalance],
  [SPACES.nonce.number, fillNonce],
  [SPACES.codeHash.number, fillCode],
  [SPACES.slot.number, fillSlot],
];

function fillBalance(draft: Draft, { value }: CellEntry): undefined {
  draft.balance = bytesToBigint(value);
}

function fillNonce(draft: Draft, { value }: CellEntry): undefined {
  draft.nonce = bytesToBigint(value);
}

function fillCode(draft: Draft, { value }: CellEntry, backend: Backend): Pending | undefined {
  const code = getCodeBlob(backend, value);
  if (isPending(code)) return code;
  draft.code = code;
  return undefined;
}

function fillSlot(draft: Draft, { cell, value }: CellEntry): undefined {
  draft.storage.push({ slot: bytesToBigint(cell.key), value: bytesToBigint(value) });
}

function dumpAccounts(backend: Backend): readonly EvmAccount[] | Pending {
  // By text: maps of bigints degrade to lists where keys share their low 64 bits.
  const drafts = new Map<string, Draft>();
  for (const [space, fill] of FILLS) {
    const entries = backend.scan({ space });
    if (isPending(entries)) return entries;
    for (const entry of entries) {
      const { owner } = entry.cell;
      const id = toChars(owner);
      // Ids above 20 bytes are accounts of other virtual machines.
      if (owner.subarray(0, -ADDRESS_BYTES).some((byte) => byte !== 0)) continue;
      const draft = drafts.get(id) ?? { owner, balance: 0n, nonce: 0n, code: NO_CODE, storage: [] };
      drafts.set(id, draft);
      const late = fill(draft, entry, backend);
      if (late !== undefined) return late;
    }
  }
  return [...drafts.values()]
    .sort((a, b) => compareBytes(a.owner, b.owner))
    .map(({ owner, ...account }) => ({ address: owner.slice(-ADDRESS_BYTES), ...account }));
}
