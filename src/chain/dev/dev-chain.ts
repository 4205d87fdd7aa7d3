/**
 * A development chain: a chain with a pool, which makes its own blocks when it is told to.
 *
 * Everything is reproducible: the same calls give the same blocks, for time is the chain's own and
 * the value of PREVRANDAO follows from the parent. What comes from outside (timers, clocks) is with
 * whoever owns the chain.
 */
import { assert } from '../../base/assert.ts';
import type { Snapshot } from '../../state/backends/backend.ts';
import { createEvmView, type EvmView } from '../../state/views/evm.ts';
import {
  type BlockJob,
  type BlockTemplate,
  type CandidateSource,
  makeBlock,
  prepareBlock,
} from '../blocks/build.ts';
import type { HeadChange } from '../blocks/canon.ts';
import { BlockChain, type ChainEntry } from '../blocks/chain.ts';
import { createGenesisBlock } from '../blocks/genesis-file.ts';
import { isBlockRejection } from '../blocks/rejections.ts';
import type { BlockRules } from '../blocks/rules.ts';
import { ChainState } from '../blocks/state.ts';
import { LongRunError } from '../executor.ts';
import { putAccounts } from '../genesis.ts';
import type { BlockEnv } from '../types.ts';
import type { EvmWorld } from '../world.ts';
import { type ClockState, INITIAL_CLOCK, LogicalClock } from './clock.ts';
import type { ChainDatabase } from './database.ts';
import type { DevChainListener, DevChainOptions } from './options.ts';
import {
  fillPool,
  type NextBlock,
  type SavedSettings,
  savePool,
  settingsOfText,
  settingsToText,
  takeUp,
} from './persistence.ts';
import { type NonceOf, type PooledTransaction, type PoolProblem, TransactionPool } from './pool.ts';

interface MineOptions {
  /** In place of what the pool has. */
  readonly only?: readonly PooledTransaction[] | undefined;
  readonly isEmptyKept: boolean;
}

/** All that a chain is at a moment. */
interface Moment {
  readonly entry: ChainEntry;
  readonly mark: Snapshot;
  readonly clock: ClockState;
  readonly coinbase: Uint8Array;
  readonly gasLimit: bigint | undefined;
  readonly next: NextBlock;
  readonly pool: readonly PooledTransaction[];
}

interface ChainSnapshot extends Moment {
  readonly id: number;
}

/** So many empty blocks and more are one range. */
const RANGE_COUNT_MIN = 1024n;
const POOL_COUNT_MAX = 200_000;
const NO_ADDRESS = new Uint8Array(20);

export class DevChain {
  readonly chain: BlockChain;
  readonly state: ChainState;
  readonly pool: TransactionPool;
  readonly clock: LogicalClock;
  isAutomining: boolean;
  blockCountMax: number;
  #coinbase: Uint8Array;
  #gasLimit: bigint | undefined;
  #next: NextBlock = {};
  readonly listeners: Set<DevChainListener>;
  /** What listeners are told later, or never; undefined where they are told at once. */
  #held: Telling[] | undefined;
  readonly #snapshots: ChainSnapshot[] = [];
  #snapshotCount = 0;
  #pending: ChainEntry | undefined;
  #prepared: BlockJob | undefined;
  readonly #isTimed: boolean;
  /** Of whichever state the backend is at. */
  readonly #view: EvmView;
  readonly #genesisMark: Snapshot;
  readonly #firstCoinbase: Uint8Array;
  readonly #database: ChainDatabase | undefined;
  /** Whether the chain was in the database already. */
  readonly isTakenUp: boolean;

  /** @throws LockstepError L1406, L1408 where the database cannot be read or is of another chain */
  constructor(options: DevChainOptions) {
    const { genesis, engine, hostClock, database, statesKept, ownPrecompiles, base } = options;
    const { schedule } = genesis;
    const { chainId } = schedule;
    this.listeners = options.listeners ?? new Set();
    this.state = new ChainState({
      chainId,
      contractSenders: true,
      ownPrecompiles,
      ...(engine ? { engine } : {}),
      ...(base ? { backend: base.backend } : {}),
    });
    const { state } = this;
    this.#view = createEvmView(state);
    const empty = state.snapshot();
    if (base === undefined) putAccounts(state.backend, genesis.accounts, state.keccak256);
    const block = base?.block ?? createGenesisBlock(genesis, state.root());
    this.#genesisMark = state.snapshot();
    this.#database = database;
    this.isTakenUp = database?.identity !== undefined;
    if (database) takeUp({ database, schedule, genesis: block, state, empty });
    this.chain = new BlockChain({
      schedule,
      genesis: block,
      state,
      keccak256: state.keccak256,
      ...(base === undefined ? {} : { hash: base.hash, olderHash: base.olderHash }),
      ...(database === undefined ? {} : { store: database }),
      ...(statesKept === undefined ? {} : { statesKept }),
    });
    this.pool = new TransactionPool({
      order: options.order ?? 'fees',
      countMax: options.poolCountMax ?? POOL_COUNT_MAX,
    });
    this.clock = new LogicalClock(hostClock);
    this.#isTimed = hostClock !== undefined;
    this.isAutomining = options.isAutomining ?? true;
    this.blockCountMax = options.blockCountMax ?? Number.POSITIVE_INFINITY;
    this.#firstCoinbase = options.coinbase ?? NO_ADDRESS;
    this.#coinbase = this.#firstCoinbase;
    if (database !== undefined) this.#takeUpSettings(database);
  }

  #takeUpSettings(database: ChainDatabase): void {
    if (database.settings !== undefined) {
      const { chainId, clock, coinbase, gasLimit, next } = settingsOfText(database.settings);
      if (chainId !== this.chain.schedule.chainId) this.chain.setChainId(chainId);
      this.clock.state = clock;
      this.#coinbase = coinbase;
      this.#gasLimit = gasLimit;
      this.#next = next;
    }
    fillPool(this.pool, database);
    database.onCommit = () => {
      savePool(this.pool, database);
      database.saveSettings(settingsToText(this.#settings));
    };
  }

  get #settings(): SavedSettings {
    return {
      chainId: this.chain.schedule.chainId,
      clock: this.clock.state,
      coinbase: this.#coinbase,
      gasLimit: this.#gasLimit,
      next: this.#next,
    };
  }

  /**
   * Resolves when everything so far outlives the process; undefined where it does, or nothing is
   * to. Rejects with a `LockstepError` where it cannot.
   */
  settled(): Promise<void> | undefined {
    return this.#database?.settled();
  }

  /** Ends the database, where there is one. */
  close(): void {
    this.#database?.close();
  }

  get head(): ChainEntry {
    return this.chain.head;
  }

  get coinbase(): Uint8Array {
    return this.#coinbase;
  }

  /** @param coinbase - 20 bytes. */
  set coinbase(coinbase: Uint8Array) {
    this.#coinbase = coinbase;
    this.changed();
  }

  /** Of blocks to come. */
  get gasLimit(): bigint {
    return this.#gasLimit ?? this.head.block.header.gasLimit;
  }

  set gasLimit(gasLimit: bigint) {
    this.#gasLimit = gasLimit;
    this.changed();
  }

  /** Makes it another chain, whose blocks so far stay as they are. */
  setChainId(chainId: bigint): void {
    this.#dropPending();
    this.chain.setChainId(chainId);
  }

  /** Asks something of the next block alone. */
  setNext(next: NextBlock): void {
    this.#next = { ...this.#next, ...next };
    this.changed();
  }

  /** @returns how to stop listening */
  listen(listener: DevChainListener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  #tell(telling: Telling): void {
    if (this.#held !== undefined) this.#held.push(telling);
    else for (const listener of this.listeners) telling(listener);
  }

  /**
   * Does something as a whole or not at all: where it is not to be kept everything is put back and
   * nobody hears of it.
   *
   * @param isKept - Asked when it is done, or has thrown; an error is thrown on where it is kept.
   */
  attempt<T>(run: () => T, isKept: () => boolean): { readonly result: T } | undefined {
    const before = { ...this.#moment(), snapshots: [...this.#snapshots] };
    const held: Telling[] = [];
    this.#held = held;
    try {
      const result = run();
      return isKept() ? { result } : undefined;
    } catch (error) {
      if (isKept()) throw error;
      return undefined;
    } finally {
      if (!isKept()) {
        this.#goBack(before);
        this.#snapshots.splice(0, this.#snapshots.length, ...before.snapshots);
        held.length = 0;
      }
      this.#held = undefined;
      for (const telling of held) this.#tell(telling);
    }
  }

  /** Sets the time, whose consequences are for the next block. */
  adjustClock(adjust: (clock: LogicalClock) => void): void {
    adjust(this.clock);
    this.changed();
  }

  /** @returns whether the transaction was waiting */
  drop(hash: Uint8Array): boolean {
    this.#dropPending();
    return this.pool.remove(hash);
  }

  dropAll(): void {
    this.#dropPending();
    this.pool.clear();
  }

  // ---- the state after the head

  /** The account's nonce in the state after the head. */
  readonly nonceOf: NonceOf = (address) =>
    this.readHead((view) => view.getNonce(address) as bigint);

  readHead<T>(use: (view: EvmView) => T): T {
    return this.read(this.head, use);
  }

  read<T>(entry: ChainEntry, use: (view: EvmView) => T): T {
    return this.chain.read(entry, () => use(this.#view));
  }

  /** Changes the state after the head without a block. */
  amend(change: (view: EvmView) => void): void {
    this.chain.amend(() => change(this.#view));
    this.changed();
  }

  // ---- blocks

  /** Takes a transaction into the pool and mines it where that is the mode. */
  submit(transaction: PooledTransaction): PoolProblem | undefined {
    const problem = this.pool.add(transaction);
    if (problem !== undefined) return problem;
    this.#dropPending();
    this.#tell((listener) => listener.pending?.(transaction));
    if (this.isAutomining) this.minePending();
    return undefined;
  }

  /** Mines until no block takes another transaction. */
  minePending(): void {
    while (this.pool.size > 0) {
      if (this.#mineNext({ isEmptyKept: false }) === undefined) return;
    }
  }

  /**
   * Mines blocks; many empty ones cost what one costs.
   *
   * @param interval - Seconds between them; that of the clock unless told.
   */
  mine(count: bigint, interval?: bigint): void {
    for (let left = count; left > 0n; left--) {
      if (left >= RANGE_COUNT_MIN && this.#mineRange(left, interval)) return;
      const isFirst = left === count;
      if (!isFirst && interval !== undefined) {
        const next = this.head.block.header.timestamp + interval;
        this.adjustClock((clock) => clock.setNext(next));
      }
      this.mineOne();
    }
  }

  /** Mines one block: with these transactions, or with what the pool has for it. */
  mineOne(only?: readonly PooledTransaction[]): ChainEntry {
    const entry = this.#mineNext({ only, isEmptyKept: true });
    assert(entry !== undefined, 'a block was not kept');
    return entry;
  }

  /** A block without transactions is undone where it is not to be kept. */
  #mineNext({ only, isEmptyKept }: MineOptions): ChainEntry | undefined {
    this.#dropPending();
    const job = this.#upcoming;
    const selection = this.pool.select(job.env.baseFee, this.nonceOf, this.blockCountMax);
    if (selection.isEmpty && !isEmptyKept) return undefined;
    const entry = this.#make(job, only === undefined ? selection : listSource(only), true);
    this.pool.settle(selection);
    for (const { transaction, rejection } of selection.dropped) {
      this.#tell((listener) => listener.dropped?.(transaction, rejection));
    }
    if (entry.hashes.length === 0 && !isEmptyKept) {
      this.chain.forget([entry]);
      return undefined;
    }
    this.clock.blockMade(entry.block.header.timestamp);
    this.#next = {};
    this.#moveHead(entry);
    return entry;
  }

  #make(job: BlockJob, source: CandidateSource, isWatched = false): ChainEntry {
    const made = this.chain.extend(job.parent, job.rules, (world) => {
      const make = () => makeBlock(world, job, source);
      return isWatched ? this.watchCalls(world, make) : make();
    });
    assert(!isBlockRejection(made), 'a block was rejected while it was made');
    return made;
  }

  /** Tells listeners of what contracts say, but for a run that will begin anew. */
  watchCalls<T>({ executor }: EvmWorld, run: () => T): T {
    const isWatched = [...this.listeners].some((each) => each.codelessCall ?? each.printed);
    if (!isWatched) return run();
    const { host } = executor;
    const calls: Telling[] = [];
    host.onCodelessCall = (address, input) =>
      calls.push((listener) => listener.codelessCall?.(address, input));
    host.onPrint = (stream, bytes) => {
      calls.push((listener) => listener.printed?.(stream, bytes));
    };
    try {
      return run();
    } catch (error) {
      if (error instanceof LongRunError) calls.length = 0;
      throw error;
    } finally {
      host.onCodelessCall = undefined;
      host.onPrint = undefined;
      for (const each of calls) this.#tell(each);
    }
  }

  /** A block on the head as the settings have it. */
  #job(): BlockJob {
    const { head } = this;
    const template: BlockTemplate = {
      timestamp: this.clock.nextBlockTime(head.block.header.timestamp),
      coinbase: this.#coinbase,
      gasLimit: this.gasLimit,
      mixHash: this.#next.mixHash ?? this.chain.keccak256(head.hash),
      ...(this.#next.baseFeePerGas === undefined
        ? {}
        : { baseFeePerGas: this.#next.baseFeePerGas }),
    };
    return prepareBlock(this.chain, template, head);
  }

  /** @returns whether the blocks could be made as a range */
  #mineRange(count: bigint, interval = this.clock.interval ?? 1n): boolean {
    if (this.pool.hasPending(this.nonceOf) || Object.keys(this.#next).length > 0) return false;
    const { head, chain } = this;
    const { number, timestamp } = head.block.header;
    const first = this.clock.nextBlockTime(timestamp);
    const rules = chain.rulesAfter(head, { number: number + 1n, timestamp: first });
    const last = first + (count - 1n) * interval;
    const rulesAtEnd = chain.rulesAfter(head, { number: number + count, timestamp: last });
    if (!rules.rules.eip3675 || rules !== rulesAtEnd || interval < 1n) return false;
    this.#dropPending();
    const entry = chain.extendEmpty(head, {
      count,
      firstDelay: first - timestamp,
      interval,
      coinbase: this.#coinbase,
      gasLimit: this.gasLimit,
    });
    this.clock.blockMade(last);
    this.#moveHead(entry);
    return true;
  }

  #moveHead(entry: ChainEntry, mark?: Snapshot): HeadChange {
    const change = this.chain.setHead(entry, mark);
    this.changed();
    this.#tell((listener) => listener.head?.(change));
    return change;
  }

  /** The block that would be mined now; it is made anew after every change. */
  get pending(): ChainEntry {
    if (this.#pending !== undefined) return this.#pending;
    const job = this.#upcoming;
    const selection = this.pool.select(job.env.baseFee, this.nonceOf, this.blockCountMax);
    this.#pending = this.#make(job, selection);
    return this.#pending;
  }

  /** The next block as it is now known, apart from its transactions; the same until a change. */
  get #upcoming(): BlockJob {
    // A clock outside moves on by itself.
    if (this.#prepared === undefined || this.#isTimed) this.#prepared = this.#job();
    return this.#prepared;
  }

  /** Rules of the next block. */
  get nextRules(): BlockRules {
    return this.#upcoming.rules;
  }

  /** What contracts will learn of the next block. */
  get nextEnv(): BlockEnv {
    return this.#upcoming.env;
  }

  get nextBaseFee(): bigint {
    return this.nextEnv.baseFee;
  }

  /** The pending block is out of date. */
  changed(): void {
    this.#prepared = undefined;
    this.#dropPending();
  }

  /** Called before whatever changes the chain, its pool or its settings. */
  #dropPending(): void {
    this.#database?.touch();
    const pending = this.#pending;
    if (pending === undefined) return;
    this.#pending = undefined;
    this.chain.forget([pending]);
  }

  // ---- going back

  /** Makes a known block the head, on whichever chain it is; those left behind stay known. */
  setHead(entry: ChainEntry): void {
    this.#dropPending();
    this.#moveHead(entry);
  }

  /** A mark of the whole chain, its settings and its pool. */
  snapshot(): number {
    const id = this.#snapshotCount++;
    this.#snapshots.push({ id, ...this.#moment() });
    return id;
  }

  #moment(): Moment {
    const { mark } = this.head;
    assert(mark !== undefined, 'the state after the head was given up');
    return {
      entry: this.head,
      mark,
      clock: this.clock.state,
      coinbase: this.#coinbase,
      gasLimit: this.#gasLimit,
      next: this.#next,
      pool: this.pool.list(),
    };
  }

  /** Ids of the snapshots that can be gone back to, with the block of each. */
  get snapshots(): readonly { readonly id: number; readonly entry: ChainEntry }[] {
    return this.#snapshots;
  }

  /** Goes back to a snapshot, which is spent as are all later ones; false if there is none. */
  revert(id: number): boolean {
    const at = this.#snapshots.findIndex((each) => each.id === id);
    const snapshot = this.#snapshots[at];
    if (snapshot === undefined) return false;
    this.#snapshots.length = at;
    this.#dropPending();
    this.#goBack(snapshot);
    return true;
  }

  #goBack(moment: Moment): void {
    this.#dropPending();
    const change = this.#moveHead(moment.entry, moment.mark);
    this.chain.forget(change.removed);
    this.chain.forgetRuns();
    this.clock.state = moment.clock;
    this.#coinbase = moment.coinbase;
    this.#gasLimit = moment.gasLimit;
    this.#next = moment.next;
    this.pool.clear();
    for (const transaction of moment.pool) this.pool.add(transaction);
    this.changed();
  }

  /** Takes the last blocks off the chain; their transactions are gone. */
  rollback(depth: bigint): void {
    const target = this.chain.at(this.head.block.header.number - depth);
    assert(target !== undefined, 'a rollback goes below the genesis');
    this.rollbackTo(target);
  }

  /** Makes the chain end at an entry below its head. */
  rollbackTo(target: ChainEntry, mark?: Snapshot): void {
    this.#dropPending();
    const change = this.#moveHead(target, mark);
    this.chain.forget(change.removed);
    const kept = this.#snapshots.filter(({ entry }) => this.chain.entry(entry.hash) !== undefined);
    this.#snapshots.splice(0, this.#snapshots.length, ...kept);
    this.adjustClock((clock) => {
      clock.state = { ...clock.state, next: undefined };
    });
  }

  /** Goes back to the genesis as it was at first, with an empty pool and no snapshots. */
  reset(): void {
    const { genesis } = this.chain;
    this.#snapshots.length = 0;
    this.rollbackTo(genesis, this.#genesisMark);
    this.pool.clear();
    this.clock.state = INITIAL_CLOCK;
    this.#next = {};
    this.#coinbase = this.#firstCoinbase;
    this.#gasLimit = undefined;
    this.changed();
  }

  /**
   * Replaces the last blocks by as many others.
   *
   * @param blocks - Transactions of the new blocks by place, the first one's being 0.
   */
  reorg(depth: bigint, blocks: ReadonlyMap<number, readonly PooledTransaction[]>): void {
    this.rollback(depth);
    for (let place = 0; place < Number(depth); place++) {
      this.mineOne(blocks.get(place) ?? []);
    }
  }
}

type Telling = (listener: DevChainListener) => void;

function listSource(list: readonly PooledTransaction[]): CandidateSource {
  let index = 0;
  return { next: () => list[index++], reject() {} };
}
