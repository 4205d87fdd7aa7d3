/**
 * The state of a block of a remote node, as cells, and a backend that goes on from it.
 *
 * A cell that is not there yet is wanted. Whoever runs contracts has two ways to go on: wait for it
 * and run again (`Pending`), or guess that it is zero, run to the end, throw everything away, and
 * fetch all that was wanted at once (`guess`). The second needs a round trip for each time that
 * what is read decides what is read next, and not for each cell. Code is never guessed: what runs
 * without it has nothing to do with what would run.
 */
import { assert } from '../../base/assert.ts';
import { bytesToHex, hexToBytes, type Keccak256 } from '../../base/bytes.ts';
import { bigintToBytes32, bytesToBigint, isZeroWord } from '../../base/u256.ts';
import { PendingError } from '../../dmir/host.ts';
import {
  createPending,
  isPending,
  type Pending,
  type SnapshotBackend,
} from '../../state/backends/backend.ts';
import { createMemoryBackend } from '../../state/backends/memory.ts';
import { type Cell, type CellEntry, type CellPath, cellPath, SPACES } from '../../state/cells.ts';
import { toQuantity, toWord } from '../rpc/types.ts';
import type { Client } from './client.ts';
import type { Call } from './transport.ts';

const ADDRESS_BYTES = 20;
const ZERO_WORD = new Uint8Array(32);
/** So much is guessed at most in one run: where guesses lead nowhere they are to end. */
const WANTED_MAX = 500;

/** The parts of an account that are fetched together, and the space of each. */
const ACCOUNT_PARTS = [
  ['eth_getBalance', SPACES.balance.number],
  ['eth_getTransactionCount', SPACES.nonce.number],
  ['eth_getCode', SPACES.codeHash.number],
] as const;
const ACCOUNT_SPACES: ReadonlySet<number> = new Set(ACCOUNT_PARTS.map(([, space]) => space));

export interface RemoteCellsOptions {
  readonly client: Client;
  /** The block after which the state is read. */
  readonly number: bigint;
  readonly keccak256: Keccak256;
}

export class RemoteCells {
  readonly #client: Client;
  readonly #block: string;
  readonly #keccak256: Keccak256;
  readonly #cells = new Map<CellPath, Uint8Array | undefined>();
  /** Requests that the run needed. */
  readonly #wanted = new Map<string, readonly Call[]>();
  #isGuessing = false;

  constructor({ client, number, keccak256 }: RemoteCellsOptions) {
    this.#client = client;
    this.#block = toQuantity(number);
    this.#keccak256 = keccak256;
  }

  /** The value of a cell; undefined where it has none, or where that is a guess. */
  get(cell: Cell): Uint8Array | undefined | Pending {
    const path = cellPath(cell);
    if (this.#cells.has(path)) return this.#cells.get(path);
    const calls = this.#callsFor(cell);
    if (calls === undefined) return undefined;
    if (this.#take(cell, calls)) return this.#cells.get(path);
    if (!this.#isGuessing) return createPending(this.#client.bring(calls));
    this.#wanted.set(calls.map(({ params }) => params.join()).join(), calls);
    const isGuess = cell.space !== SPACES.codeHash.number && this.#wanted.size < WANTED_MAX;
    return isGuess ? undefined : createPending(NEVER);
  }

  /** Begins a run that guesses. */
  guess(): void {
    this.#wanted.clear();
    this.#isGuessing = true;
  }

  /** Ends the run; what comes after it guesses no more. */
  endGuess(): { readonly hasWanted: boolean } {
    this.#isGuessing = false;
    return { hasWanted: this.#wanted.size > 0 };
  }

  /** Fetches what the run wanted. */
  async fetchWanted(): Promise<void> {
    const calls = [...this.#wanted.values()].flat();
    this.#wanted.clear();
    await this.#client.bring(calls);
  }

  /** Fetches accounts ahead of the run that needs them. */
  async fetchAccounts(addresses: readonly Uint8Array[]): Promise<void> {
    await this.#client.bring(addresses.flatMap((each) => this.#accountCalls(each)));
  }

  /** Requests that tell a cell; undefined where the remote has nothing to do with it. */
  #callsFor({ space, owner, key }: Cell): readonly Call[] | undefined {
    const address = addressOf(owner);
    if (address === undefined) return undefined;
    if (ACCOUNT_SPACES.has(space)) return this.#accountCalls(address);
    if (space !== SPACES.slot.number) return undefined;
    const slot = toWord(bytesToBigint(key));
    return [{ method: 'eth_getStorageAt', params: [bytesToHex(address), slot, this.#block] }];
  }

  #accountCalls(address: Uint8Array): Call[] {
    const params = [bytesToHex(address), this.#block];
    return ACCOUNT_PARTS.map(([method]) => ({ method, params }));
  }

  /** Takes the answers in, where they are all there. */
  #take(cell: Cell, calls: readonly Call[]): boolean {
    const answers = calls.map((call) => this.#client.peek(call));
    if (answers.includes(undefined)) return false;
    const set = (at: Cell, value: Uint8Array): void => {
      this.#cells.set(cellPath(at), isZeroWord(value) ? undefined : value);
    };
    if (cell.space === SPACES.slot.number) {
      set(cell, this.#word(answers[0], calls[0] as Call));
      return true;
    }
    const { owner } = cell;
    const [balance, nonce, code] = answers;
    const [first, second, third] = calls as readonly [Call, Call, Call];
    const at = (space: number): Cell => ({ space, owner, key: ZERO_WORD });
    set(at(SPACES.balance.number), this.#word(balance, first));
    set(at(SPACES.nonce.number), this.#word(nonce, second));
    const bytes = this.#bytes(code, third);
    set(at(SPACES.codeHash.number), bytes.length === 0 ? ZERO_WORD : this.#putCode(bytes));
    return true;
  }

  #putCode(code: Uint8Array): Uint8Array {
    const hash = this.#keccak256(code).slice();
    this.#cells.set(cellPath({ space: SPACES.code.number, owner: ZERO_WORD, key: hash }), code);
    return hash;
  }

  #word(value: unknown, call: Call): Uint8Array {
    if (typeof value === 'string' && /^0x[0-9a-fA-F]{0,64}$/.test(value)) {
      return bigintToBytes32(value === '0x' ? 0n : BigInt(value));
    }
    throw this.#client.misfit(call, value, 'a number of 256 bits');
  }

  #bytes(value: unknown, call: Call): Uint8Array {
    if (typeof value === 'string' && /^0x([0-9a-fA-F]{2})*$/.test(value)) return hexToBytes(value);
    throw this.#client.misfit(call, value, 'bytes in hexadecimal digits');
  }
}

/** Nobody waits for one cell where a whole run is repeated. */
const NEVER: Promise<void> = Promise.resolve();

function addressOf(owner: Uint8Array): Uint8Array | undefined {
  const extra = owner.length - ADDRESS_BYTES;
  if (extra <= 0) return extra === 0 ? owner : undefined;
  return owner.subarray(0, extra).some((byte) => byte !== 0) ? undefined : owner.subarray(extra);
}

/** Space of the backend's own: accounts whose storage at the remote does not count any more. */
const GONE_SPACE = 0xffff;
const DELETED = new Uint8Array(0);
const YES = Uint8Array.of(1);

/**
 * A backend over remote cells. What is put and deleted here is here; scans find that alone, since
 * nobody can ask a node for all of a storage.
 *
 * An account without nonce and code was removed, and its storage with it (SELFDESTRUCT before
 * EIP-6780), though the remote goes on having it.
 */
export function createForkBackend(remote: Pick<RemoteCells, 'get'>): SnapshotBackend {
  const own = createMemoryBackend();
  const isDeleted = (cell: Cell): boolean => own.get(cell)?.length === 0;
  const gone = (owner: Uint8Array): Cell => ({ space: GONE_SPACE, owner, key: ZERO_WORD });
  const field = (space: number, owner: Uint8Array): Cell => ({ space, owner, key: ZERO_WORD });
  return {
    get(cell) {
      const value = own.get(cell);
      if (value !== undefined) return value.length === 0 ? undefined : value;
      const isSlot = cell.space === SPACES.slot.number;
      if (isSlot && own.get(gone(cell.owner)) !== undefined) return undefined;
      return remote.get(cell);
    },
    put: (cell, value) => own.put(cell, value),
    delete(cell) {
      own.put(cell, DELETED);
      const { space, owner } = cell;
      if (space !== SPACES.nonce.number && space !== SPACES.codeHash.number) return;
      const fields = [field(SPACES.nonce.number, owner), field(SPACES.codeHash.number, owner)];
      if (fields.every(isDeleted)) own.put(gone(owner), YES);
    },
    scan: (range) => withoutDeleted(own.scan(range)),
    snapshot: () => own.snapshot(),
    restore: (snapshot) => own.restore(snapshot),
    changes: (from, to) => own.changes(from, to),
    assign: (path, value) => own.assign(path, value),
  };
}

function* withoutDeleted(entries: Iterable<CellEntry>): Generator<CellEntry> {
  for (const entry of entries) if (entry.value.length > 0) yield entry;
}

/** The same backend for who cannot wait: what is not there yet is thrown (`PendingError`). */
export function throwPending(backend: SnapshotBackend): SnapshotBackend {
  return {
    ...backend,
    get(cell) {
      const found = backend.get(cell);
      if (isPending(found)) throw new PendingError(found.ready);
      return found;
    },
    scan(range) {
      const found = backend.scan(range);
      assert(!isPending(found), 'a fork was asked for a scan that it cannot make');
      return found;
    },
  };
}
