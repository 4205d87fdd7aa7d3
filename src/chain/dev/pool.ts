/**
 * The pool: transactions that wait for a block, by sender and nonce.
 *
 * What a block can take of a sender is the run of nonces from that of the account on (pending);
 * behind a gap they wait (queued). Blocks take transactions by fee or by arrival, and those of a
 * sender in the order of their nonces. Equal states of pool and chain give equal blocks.
 */
import { bytesToHex } from '../../base/bytes.ts';
import type { Candidate, CandidateSource } from '../blocks/build.ts';
import type { Rejection, RejectionCode } from '../transactions/rejections.ts';
import { effectiveGasPrice } from '../world.ts';

export interface PooledTransaction extends Candidate {
  /** 32 bytes. */
  readonly hash: Uint8Array;
}

/** Why the pool does not take a transaction. */
export type PoolProblem = 'already-known' | 'underpriced-replacement' | 'full';

export type PoolOrder = 'fees' | 'fifo';

export interface PoolOptions {
  readonly order: PoolOrder;
  /** Transactions at most. */
  readonly countMax: number;
}

/** Transactions in their order of nonces, by whether a block can take them. */
export interface PoolContent {
  readonly pending: readonly PooledTransaction[];
  readonly queued: readonly PooledTransaction[];
}

export type NonceOf = (sender: Uint8Array) => bigint;

/** A transaction in the pool. */
export interface PoolArrival extends PooledTransaction {
  /** Counts arrivals. */
  readonly order: number;
}

interface Waiting extends PoolArrival {
  /** Hash and sender as text. */
  readonly id: string;
  readonly senderId: string;
}

/** A replacement pays so many percent more, as go-ethereum wants it. */
const REPLACEMENT_PERCENT = 110n;

/** After these a later block may take the transaction; after others none ever will. */
const PASSING: ReadonlySet<RejectionCode> = new Set([
  'gas-above-block',
  'blob-gas-above-block',
  'fee-below-base-fee',
  'blob-fee-below-base-fee',
  'nonce-too-high',
]);

export class TransactionPool {
  order: PoolOrder;
  readonly #countMax: number;
  #bySender = new Map<string, Map<bigint, Waiting>>();
  #byHash = new Map<string, Waiting>();
  #arrivals = 0;
  /** Transactions that came, and undefined for those that left, by hash; if anybody asks. */
  #changes: Map<string, PoolArrival | undefined> | undefined;

  constructor({ order, countMax }: PoolOptions) {
    this.order = order;
    this.#countMax = countMax;
  }

  get size(): number {
    return this.#byHash.size;
  }

  get(hash: Uint8Array): PooledTransaction | undefined {
    return this.#byHash.get(bytesToHex(hash));
  }

  /** From now on `takeChanges` has something to tell. */
  watch(): void {
    this.#changes = new Map();
  }

  /** What came and left since the last time, by hash; what did both is not in it. */
  takeChanges(): ReadonlyMap<string, PoolArrival | undefined> {
    const changes = this.#changes;
    if (changes === undefined) return new Map();
    if (changes.size > 0) this.#changes = new Map();
    return changes;
  }

  #left(id: string): void {
    if (this.#changes?.get(id) !== undefined) this.#changes.delete(id);
    else this.#changes?.set(id, undefined);
  }

  /** Takes a transaction in, or says why not. One with the same sender and nonce is replaced. */
  add(transaction: PooledTransaction): PoolProblem | undefined {
    const id = bytesToHex(transaction.hash);
    if (this.#byHash.has(id)) return 'already-known';
    const sender = bytesToHex(transaction.sender);
    const own = this.#bySender.get(sender) ?? new Map<bigint, Waiting>();
    const old = own.get(transaction.transaction.nonce);
    if (old !== undefined && !outbids(transaction, old)) return 'underpriced-replacement';
    if (old === undefined && this.size >= this.#countMax) return 'full';
    if (old !== undefined) {
      this.#byHash.delete(old.id);
      this.#left(old.id);
    }
    const { transaction: tx, encoded, sender: from, hash } = transaction;
    const order = this.#arrivals++;
    const waiting = { transaction: tx, encoded, sender: from, hash, order, id, senderId: sender };
    own.set(transaction.transaction.nonce, waiting);
    this.#bySender.set(sender, own);
    this.#byHash.set(id, waiting);
    this.#changes?.set(id, waiting);
    return undefined;
  }

  /** @returns whether the transaction was there */
  remove(hash: Uint8Array): boolean {
    const waiting = this.#byHash.get(bytesToHex(hash));
    if (waiting === undefined) return false;
    this.#remove(waiting);
    return true;
  }

  /** A listener may have removed it already. */
  #removeKnown(waiting: Waiting): void {
    if (this.#byHash.get(waiting.id) === waiting) this.#remove(waiting);
  }

  #remove({ id, senderId, transaction }: Waiting): void {
    this.#byHash.delete(id);
    this.#left(id);
    const own = this.#bySender.get(senderId);
    own?.delete(transaction.nonce);
    if (own?.size === 0) this.#bySender.delete(senderId);
    if (this.size === 0) this.#forget();
  }

  clear(): void {
    for (const id of this.#byHash.keys()) this.#left(id);
    this.#forget();
  }

  /**
   * With new maps. Each table that a map leaves behind refers to the next one, so that a dead one
   * which is old keeps all later ones, and what was in them, from a collection of what is young.
   */
  #forget(): void {
    this.#bySender = new Map();
    this.#byHash = new Map();
  }

  /** All transactions in order of arrival, for a copy of the pool. */
  list(): readonly PooledTransaction[] {
    return [...this.#byHash.values()].sort((a, b) => a.order - b.order);
  }

  /** Of one sender, or of all in the order of their first arrival. */
  content(nonceOf: NonceOf, sender?: Uint8Array): PoolContent {
    const pending: PooledTransaction[] = [];
    const queued: PooledTransaction[] = [];
    const only = sender === undefined ? undefined : this.#bySender.get(bytesToHex(sender));
    const groups = sender === undefined ? this.#bySender.values() : only ? [only] : [];
    for (const own of groups) {
      const rows = [...own.values()].sort((a, b) =>
        a.transaction.nonce < b.transaction.nonce ? -1 : 1,
      );
      let next = nonceOf((rows[0] as Waiting).sender);
      for (const row of rows) {
        const isPending = row.transaction.nonce === next;
        if (isPending) next++;
        (isPending ? pending : queued).push(row);
      }
    }
    return { pending, queued };
  }

  /** The first nonce from the account's on that no waiting transaction of the sender has. */
  nextNonce(sender: Uint8Array, nonce: bigint): bigint {
    const own = this.#bySender.get(bytesToHex(sender));
    let next = nonce;
    while (own?.has(next)) next++;
    return next;
  }

  /** Whether a block could take a transaction. */
  hasPending(nonceOf: NonceOf): boolean {
    for (const own of this.#bySender.values()) {
      const [first] = own.values();
      if (first !== undefined && own.has(nonceOf(first.sender))) return true;
    }
    return false;
  }

  /** Transactions for one block. What it takes, and what no block will take, `settle` removes. */
  select(baseFee: bigint, nonceOf: NonceOf, countMax = Number.POSITIVE_INFINITY): PoolSelection {
    const heads: Waiting[] = [];
    const stale: Waiting[] = [];
    for (const own of this.#bySender.values()) {
      const [first] = own.values();
      if (first === undefined) continue;
      const nonce = nonceOf(first.sender);
      for (const each of own.values()) if (each.transaction.nonce < nonce) stale.push(each);
      const head = own.get(nonce);
      if (head !== undefined) heads.push(head);
    }
    for (const each of stale) this.#remove(each);
    const following = ({ senderId, transaction }: Waiting) =>
      this.#bySender.get(senderId)?.get(transaction.nonce + 1n);
    const isByFee = this.order === 'fees';
    const rank = ({ transaction }: Waiting) =>
      isByFee ? effectiveGasPrice(transaction, baseFee) : 0n;
    return new PoolSelection(heads, following, rank, countMax);
  }

  /** Removes what a finished block took or found to be invalid for good. */
  settle({ included, dropped }: PoolSelection): void {
    for (const each of included) this.#removeKnown(each);
    for (const { transaction } of dropped) this.#removeKnown(transaction);
  }
}

/** Both fees are higher by a tenth. */
function outbids({ transaction: bid }: Candidate, { transaction: old }: Candidate): boolean {
  const isMore = (next: bigint, last: bigint) => next * 100n >= last * REPLACEMENT_PERCENT;
  return (
    isMore(bid.maxFeePerGas, old.maxFeePerGas) &&
    isMore(bid.maxPriorityFeePerGas, old.maxPriorityFeePerGas)
  );
}

/** A transaction with what it pays for a unit of gas, where that counts. */
interface Ranked {
  readonly waiting: Waiting;
  readonly rank: bigint;
}

/** Who pays more comes first, then who came first. */
function compareRanks(a: Ranked, b: Ranked): number {
  return a.rank === b.rank ? a.waiting.order - b.waiting.order : a.rank > b.rank ? -1 : 1;
}

/** What of the pool goes into one block: a heap with one transaction of each sender. */
export class PoolSelection implements CandidateSource {
  readonly included: Waiting[] = [];
  readonly dropped: { readonly transaction: Waiting; readonly rejection: Rejection }[] = [];
  readonly #heap: Ranked[] = [];
  readonly #following: (waiting: Waiting) => Waiting | undefined;
  readonly #rank: (waiting: Waiting) => bigint;
  readonly #countMax: number;
  #last: Waiting | undefined;

  constructor(
    heads: readonly Waiting[],
    following: (waiting: Waiting) => Waiting | undefined,
    rank: (waiting: Waiting) => bigint,
    countMax: number,
  ) {
    this.#following = following;
    this.#rank = rank;
    this.#countMax = countMax;
    for (const head of heads) this.#push(head);
  }

  /** Whether a block cannot take any, before the first one is asked for. */
  get isEmpty(): boolean {
    return this.#heap.length === 0;
  }

  next(): PooledTransaction | undefined {
    this.#takeLast();
    if (this.included.length >= this.#countMax) return undefined;
    this.#last = this.#pop();
    return this.#last;
  }

  /** The sender's transactions that come after it wait as well. */
  reject(_candidate: Candidate, rejection: Rejection): void {
    const rejected = this.#last;
    this.#last = undefined;
    if (rejected === undefined || PASSING.has(rejection.code)) return;
    this.dropped.push({ transaction: rejected, rejection });
  }

  #takeLast(): void {
    const last = this.#last;
    if (last === undefined) return;
    this.#last = undefined;
    this.included.push(last);
    const following = this.#following(last);
    if (following !== undefined) this.#push(following);
  }

  #push(waiting: Waiting): void {
    const item = { waiting, rank: this.#rank(waiting) };
    const heap = this.#heap;
    let at = heap.push(item) - 1;
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (compareRanks(heap[above] as Ranked, item) <= 0) break;
      heap[at] = heap[above] as Ranked;
      at = above;
    }
    heap[at] = item;
  }

  #pop(): Waiting | undefined {
    const heap = this.#heap;
    const top = heap[0]?.waiting;
    const item = heap.pop();
    if (item === undefined || heap.length === 0) return top;
    let at = 0;
    for (;;) {
      let below = at * 2 + 1;
      if (below >= heap.length) break;
      const right = heap[below + 1];
      if (right !== undefined && compareRanks(right, heap[below] as Ranked) < 0) below++;
      if (compareRanks(item, heap[below] as Ranked) <= 0) break;
      heap[at] = heap[below] as Ranked;
      at = below;
    }
    heap[at] = item;
    return top;
  }
}
