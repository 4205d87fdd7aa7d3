/**
 * The commitment of the EVM's state: the trie of accounts, each with the root of a trie of its
 * slots (Yellow Paper, section 4.1), kept up to date from the cells that change.
 *
 * Invariants:
 * - Trie and noted changes together say what the backend holds: a cell that is not noted has the
 *   value that the trie has for it.
 * - An account is in the trie where nonce, balance or code hash is not zero, or its cell in the
 *   space `exists` is not. Slots of an account that is not in the trie are in no trie: when it
 *   appears, its slots are taken from the backend as they are then.
 * - A leaf of the trie of accounts holds the trie of the account's slots, so that a mark is two
 *   pointers.
 */
import { bytesToHex, equalBytes, type Keccak256 } from '../../base/bytes.ts';
import { WORD_BYTES } from '../../base/u256.ts';
import { type Backend, isPending, type Pending } from '../backends/backend.ts';
import { cellPath, SPACES, toChars, unpackValue, wordToDigits } from '../cells.ts';
import {
  type AccountFields,
  AccountRecord,
  equalAccounts,
  findAccount,
  SlotRecord,
} from './account.ts';
import {
  type AccountChanges,
  ADDRESS_BYTES,
  type ChangeLayer,
  mergeLayers,
  noteCell,
  writeId,
} from './changes.ts';
import type { Commitment, CommitmentMark } from './commitment.ts';
import { type EvmAccountProof, proveAccount } from './evm-proof.ts';
import { HashMemo } from './hash-memo.ts';
import { NodeHasher } from './node-hasher.ts';
import {
  type Edition,
  type LeafNode,
  leafNode,
  NO_EDITION,
  type TrieKey,
  type TrieNode,
} from './nodes.ts';
import { buildTrie, insertLeaf, removeKey } from './update.ts';
import { witnessKeys } from './witness.ts';

export interface EvmCommitmentOptions {
  /** Called for every node, account and slot that changed: a fast one pays. */
  readonly keccak256: Keccak256;
}

export interface EvmCommitment extends Commitment {
  /**
   * The proof of an account and some of its slots (EIP-1186), in the state of the last root that
   * was asked for.
   *
   * @param address 20 bytes
   */
  getProof(address: Uint8Array, slots: readonly bigint[]): EvmAccountProof;

  /**
   * The encoded nodes, in the state of the last root that was asked for, that are needed to read
   * and to change some accounts and slots and to find the root afterwards; each once.
   */
  witness(accounts: readonly WitnessAccount[]): Uint8Array[];
}

/** An account of which something is read or written. */
export interface WitnessAccount {
  /** 20 bytes. */
  readonly address: Uint8Array;
  /** Whether it may be gone afterwards. */
  readonly isRemoved: boolean;
  readonly slots: readonly {
    /** 32 bytes. */
    readonly key: Uint8Array;
    /** Whether it may be zero afterwards. */
    readonly isRemoved: boolean;
  }[];
}

interface EvmMark extends CommitmentMark {
  readonly root: TrieNode | undefined;
  readonly changes: ChangeLayer | undefined;
}

interface State {
  readonly hasher: NodeHasher;
  readonly memo: HashMemo<TrieKey>;
  /** The code hash of an account without code. */
  readonly noCode: Uint8Array;
  root: TrieNode | undefined;
  changes: ChangeLayer;
  /** Of the nodes that the commit at work makes: a number of its own for each. */
  edition: Edition;
}

/** Encodings of branches that are kept: 2 MiB. */
const KEPT_MAX = 4096;

const ZERO_WORD = new Uint8Array(WORD_BYTES);
const NO_BYTES = new Uint8Array(0);

/** The commitment of an empty state; `rebuild` takes in what a backend already holds. */
export function createEvmCommitment({ keccak256 }: EvmCommitmentOptions): EvmCommitment {
  const state: State = {
    hasher: new NodeHasher(keccak256, { keptMax: KEPT_MAX }),
    memo: new HashMemo((bytes) => toChars(keccak256(bytes))),
    noCode: keccak256(NO_BYTES),
    root: undefined,
    changes: layerOn(undefined),
    edition: NO_EDITION,
  };
  return {
    note: (path, value) => noteCell(state.changes.accounts, path, value),
    root: (backend) => commitChanges(state, backend),
    rebuild: (backend) => noteAccounts(state, backend),
    snapshot() {
      if (state.changes.accounts.size > 0) state.changes = layerOn(state.changes);
      const changes = state.changes.below;
      const mark: EvmMark = { kind: 'commitment-mark', root: state.root, changes };
      return mark;
    },
    restore(mark) {
      const { root, changes } = mark as EvmMark;
      state.root = root;
      state.changes = layerOn(changes);
    },
    getProof: (address, slots) => proveAccount(state, state.root, address, slots),
    witness: (accounts) => witnessAccounts(state, accounts),
  };
}

function witnessAccounts(
  { hasher, memo, root }: State,
  accounts: readonly WitnessAccount[],
): Uint8Array[] {
  const nodes = new Map<string, Uint8Array>();
  const take = (node: Uint8Array): void => {
    nodes.set(bytesToHex(node), node);
  };
  const paths = accounts.map(({ address, isRemoved }) => ({ path: memo.hash(address), isRemoved }));
  witnessKeys(hasher, root, paths, take);
  for (const [index, { slots }] of accounts.entries()) {
    const account = findAccount(root, paths[index]?.path as TrieKey);
    const keys = slots.map(({ key, isRemoved }) => ({ path: memo.hash(key), isRemoved }));
    witnessKeys(hasher, account?.storage, keys, take);
  }
  return [...nodes.values()];
}

function layerOn(below: ChangeLayer | undefined): ChangeLayer {
  return { accounts: new Map(), below };
}

/**
 * Begins with an empty trie and notes every account of the backend. Their slots need no note: they
 * are taken in with an account that appears.
 */
function noteAccounts(state: State, backend: Backend): undefined | Pending {
  const changes = layerOn(undefined);
  for (const { number: space } of [SPACES.nonce, SPACES.balance, SPACES.codeHash, SPACES.exists]) {
    const entries = backend.scan({ space });
    if (isPending(entries)) return entries;
    for (const { cell, value } of entries) noteCell(changes.accounts, cellPath(cell), value);
  }
  state.root = undefined;
  state.changes = changes;
  return undefined;
}

function commitChanges(state: State, backend: Backend): Uint8Array | Pending {
  let { root } = state;
  let late: Pending | undefined;
  state.edition++;
  for (const [id, changes] of mergeLayers(state.changes)) {
    writeId(id, address);
    const answer = commitAccount(state, backend, root, changes);
    if (isPending(answer)) late ??= answer;
    else root = answer;
  }
  if (late !== undefined) return late;
  const hash = state.hasher.rootOf(root);
  state.root = root;
  state.changes = layerOn(undefined);
  return hash;
}

type Answer = TrieNode | undefined | Pending;

/** Of the account whose changes are committed. */
const address = new Uint8Array(ADDRESS_BYTES);

/** The trie of accounts with the changes of the account whose address is at hand. */
function commitAccount(
  state: State,
  backend: Backend,
  root: TrieNode | undefined,
  changes: AccountChanges,
): Answer {
  const path = state.memo.hash(address);
  const old = findAccount(root, path);
  const account = changedFields(state, changes, old);
  if (isEmpty(state, account)) {
    const exists = doesExist(backend, changes, old);
    if (isPending(exists)) return exists;
    if (!exists) return removeKey(root, path, state.edition);
  }
  const storage =
    old === undefined
      ? readStorage(state, backend, address.slice())
      : commitSlots(state, changes, old.storage);
  if (isPending(storage)) return storage;
  const fields = { ...account, storageRoot: state.hasher.rootOf(storage) };
  if (old !== undefined && equalAccounts(old, fields)) return root;
  return insertLeaf(root, leafNode(path, new AccountRecord(fields, storage)), state.edition);
}

/** What the cells of an account say. */
type OwnFields = Omit<AccountFields, 'storageRoot'>;

function changedFields(
  { noCode }: State,
  { fields }: AccountChanges,
  old: AccountFields | undefined,
): OwnFields {
  const hash = fields.codeHash;
  const codeHash = hash === undefined ? old?.codeHash : hash === '' ? noCode : unpackValue(hash);
  return {
    nonce: fields.nonce ?? old?.nonce ?? '',
    balance: fields.balance ?? old?.balance ?? '',
    codeHash: codeHash ?? noCode,
  };
}

function isEmpty({ noCode }: State, { nonce, balance, codeHash }: OwnFields): boolean {
  return nonce.length === 0 && balance.length === 0 && equalBytes(codeHash, noCode);
}

/** Whether an empty account is in the state nevertheless. */
function doesExist(
  backend: Backend,
  { fields }: AccountChanges,
  old: AccountFields | undefined,
): boolean | Pending {
  if (fields.exists !== undefined) return fields.exists.length > 0;
  // The trie does not tell whether an account that had something would be there without.
  if (old === undefined) return false;
  const owner = address.slice();
  const exists = backend.get({ space: SPACES.exists.number, owner, key: ZERO_WORD });
  if (isPending(exists)) return exists;
  return exists !== undefined && wordToDigits(exists) !== '';
}

/** The trie of all slots of an account. */
function readStorage(state: State, backend: Backend, address: Uint8Array): Answer {
  const entries = backend.scan({ space: SPACES.slot.number, owner: address });
  if (isPending(entries)) return entries;
  const leaves: LeafNode[] = [];
  for (const { cell, value } of entries) {
    const word = wordToDigits(value);
    if (cell.key.length !== WORD_BYTES || word === '') continue;
    leaves.push(leafNode(state.memo.hash(cell.key), new SlotRecord(word)));
  }
  return buildTrie(leaves.sort((a, b) => (a.key < b.key ? -1 : 1)));
}

const slotBytes = new Uint8Array(WORD_BYTES);

/** The trie of an account's slots with those that changed. */
function commitSlots(
  state: State,
  { slots }: AccountChanges,
  storage: TrieNode | undefined,
): TrieNode | undefined {
  if (slots === undefined) return storage;
  const { memo, edition } = state;
  let root = storage;
  for (const [id, word] of slots) {
    writeId(id, slotBytes);
    const path = memo.hash(slotBytes);
    if (word === '') root = removeKey(root, path, edition);
    else root = insertLeaf(root, leafNode(path, new SlotRecord(word)), edition);
  }
  return root;
}
