/**
 * A node: a development chain with accounts that it signs for, and what methods need of both.
 *
 * Nothing here touches the outside: servers, timers and clocks are with whoever made the node.
 */
import { bytesToHex } from '../base/bytes.ts';
import { LockstepError } from '../base/errors.ts';
import { splitRlp } from '../base/rlp.ts';
import { maxOf } from '../base/u256.ts';
import { blockTransaction } from '../chain/blocks/block.ts';
import type { BlockChain, ChainEntry } from '../chain/blocks/chain.ts';
import type { BlockRules } from '../chain/blocks/rules.ts';
import { type ForkSchedule, rulesAt } from '../chain/blocks/schedule.ts';
import { DevChain } from '../chain/dev/dev-chain.ts';
import type { DevChainOptions } from '../chain/dev/options.ts';
import type { PooledTransaction } from '../chain/dev/pool.ts';
import { StepWorld } from '../chain/tracers/steps.ts';
import type { SignedTransaction } from '../chain/transactions/types.ts';
import type { BlockEnv } from '../chain/types.ts';
import type { EvmWorld } from '../chain/world.ts';
import type { EvmView } from '../state/views/evm.ts';
import { blockEnv } from './execution/call.ts';
import { applyOverridesFor } from './execution/overrides.ts';
import { PatientCalls } from './execution/patient.ts';
import { Filters } from './filters.ts';
import type { Fork, ForkOptions } from './fork/fork.ts';
import type { Replay } from './fork/replay.ts';
import {
  DEFAULT_BASE_FEE,
  type NodeOptions,
  type NodeSetup,
  setUp,
  withDefaults,
} from './options.ts';
import { readPrecompiles } from './plugins.ts';
import { serverError } from './rpc/errors.ts';
import type { StateOverride } from './rpc/requests.ts';
import type { BlockId, BlockTag } from './rpc/types.ts';
import type { Sandboxes } from './scripts/sandbox.ts';
import type { StackTraces } from './stack/traces.ts';
import { Wallets } from './wallets.ts';

/** Settings that methods change, and that nothing of a block depends on. */
export interface NodeSettings {
  gasPrice: bigint | undefined;
  isLogging: boolean;
  /** Seconds between blocks that come by themselves; 0 for none. */
  blockTime: number;
}

/** Worlds for single steps that are kept, each with a kernel of its own. */
const STEP_WORLDS_MAX = 2;

export class Node {
  /** Another one after a reset to a fork, or from it. */
  dev: DevChain;
  /** The chain that this one goes on from. */
  fork: Fork | undefined;
  /** Resolves once there is a chain; undefined where it is there. */
  ready: Promise<void> | undefined;
  readonly wallets: Wallets;
  readonly filters: Filters;
  readonly calls: PatientCalls;
  readonly settings: NodeSettings;
  /** The latest blobs of transactions of type 3, by versioned hash. */
  readonly blobs: ReadonlyMap<string, Uint8Array>;
  readonly #blobs = new Map<string, Uint8Array>();
  options: NodeSetup;
  readonly #asked: NodeOptions;
  #chainId: bigint;
  readonly #envs = new WeakMap<ChainEntry, BlockEnv>();
  /** Of the block that was asked for last: calls go to the same one again and again. */
  #lastRules:
    | { readonly entry: ChainEntry; readonly schedule: ForkSchedule; readonly rules: BlockRules }
    | undefined;
  readonly #stepWorlds = new Map<BlockRules, StepWorld>();

  constructor(given: NodeOptions = {}) {
    const options = withDefaults(given);
    this.#asked = options;
    if (options.fork !== undefined) this.#requireNoDatabase();
    this.options = setUp(options);
    this.dev = createChain(options, this.options, (error) => this.onProblem?.(error));
    if (!this.dev.isTakenUp) this.#startFees();
    this.#chainId = this.chain.schedule.chainId;
    this.wallets = new Wallets(this.options.wallets);
    this.wallets.isImpersonatingAll = options.isImpersonatingAll ?? false;
    this.filters = new Filters(this);
    this.calls = new PatientCalls(this);
    this.blobs = this.#blobs;
    this.settings = {
      gasPrice: this.options.gasPrice,
      isLogging: true,
      blockTime: options.blockTime ?? 0,
    };
    if (options.fork === undefined) return;
    this.ready = this.forkFrom(options.fork);
    // Each request tells of a failure.
    this.ready.catch(() => {});
  }

  // ---- forks

  /**
   * Goes on from a block of another chain, with nothing of this one.
   *
   * @throws LockstepError L2101 to L2107
   */
  async forkFrom(options: ForkOptions): Promise<void> {
    this.#requireNoDatabase();
    // Who forks nothing loads nothing of it.
    const { prepareFork } = await import('./fork/begin.ts');
    const { wallets } = this.options;
    const { fork, genesis, amend, replay } = await prepareFork(options, this.#asked, wallets);
    this.#replaceChain({ base: fork.base(), genesis }, fork);
    const { baseFee, gasLimit } = this.#asked;
    if (baseFee !== undefined) this.dev.setNext({ baseFeePerGas: baseFee });
    if (gasLimit !== undefined) this.dev.gasLimit = gasLimit;
    this.dev.amend(amend);
    if (replay !== undefined) await this.attempt(() => this.#repeat(replay));
  }

  /** A database is one chain's, whose whole state it has. */
  #requireNoDatabase(): void {
    if (this.#asked.database === undefined) return;
    const problem = 'this node keeps its chain in a database; fork with a node that has none';
    throw new LockstepError('L2106', { problem });
  }

  /** Makes a block of some transactions of one of another chain, with its fields. */
  #repeat({ header, transactions }: Replay): void {
    const { dev } = this;
    const { coinbase, gasLimit } = dev;
    const { baseFeePerGas } = header;
    dev.coinbase = header.coinbase;
    dev.gasLimit = header.gasLimit;
    dev.adjustClock((clock) => clock.setNext(header.timestamp));
    dev.setNext({
      mixHash: header.mixHash,
      ...(baseFeePerGas === undefined ? {} : { baseFeePerGas }),
    });
    dev.mineOne(transactions);
    dev.coinbase = coinbase;
    if (this.#asked.gasLimit !== undefined) dev.gasLimit = gasLimit;
  }

  /** Begins anew: from a fork's block, or with the chain of the options. */
  async reset(fork: ForkOptions | undefined): Promise<void> {
    if (fork !== undefined) {
      await this.forkFrom(fork);
      return;
    }
    if (this.fork === undefined) this.dev.reset();
    else this.#replaceChain({ genesis: this.options.genesis }, undefined);
    this.#startFees();
  }

  #replaceChain(own: Pick<DevChainOptions, 'base' | 'genesis'>, fork: Fork | undefined): void {
    const { listeners, isAutomining } = this.dev;
    const setup = { ...this.options, ...own, isAutomining, listeners };
    this.dev = createChain(this.#asked, setup, (error) => this.onProblem?.(error));
    this.fork = fork;
    this.finality = undefined;
    this.#chainId = own.genesis.schedule.chainId;
    this.#forgetWorlds();
  }

  /** Worlds are of one chain and of its id. */
  #forgetWorlds(): void {
    this.#stepWorlds.clear();
    this.calls.forget();
  }

  /** Runs something on the chain; on a fork until nothing of the state is missing. */
  attempt<T>(run: () => T): T | Promise<T> {
    const { fork } = this;
    if (fork === undefined) return run();
    return fork.attempt((isKept) => {
      if (this.fork === fork) return this.dev.attempt(run, isKept);
      throw serverError('the chain was reset while the request waited; send it again');
    });
  }

  /** Whether Hardhat's ways hold where it differs from anvil. */
  get isHardhat(): boolean {
    return this.#asked.compat === 'hardhat';
  }

  /** The first block has the base fee that was asked for, as with anvil; then EIP-1559 goes on. */
  #startFees(): void {
    const { genesis, baseFee = DEFAULT_BASE_FEE } = this.#asked;
    if (genesis === undefined && !this.isHardhat) this.dev.setNext({ baseFeePerGas: baseFee });
  }

  get chain(): BlockChain {
    return this.dev.chain;
  }

  get head(): ChainEntry {
    return this.dev.head;
  }

  get chainId(): bigint {
    return this.#chainId;
  }

  set chainId(chainId: bigint) {
    this.#chainId = chainId;
    this.dev.setChainId(chainId);
    this.#forgetWorlds();
  }

  /** What the node was told of the sources of contracts by requests, where it had nothing. */
  #toldTraces: NodeOptions['stackTraces'];

  /** What the node knows of the sources of contracts. */
  get stackTraces(): NodeOptions['stackTraces'] {
    return this.#asked.stackTraces ?? this.#toldTraces;
  }

  /** The same, to be added to. */
  async openStackTraces(): Promise<StackTraces> {
    const { createStackTraces } = await import('./stack/traces.ts');
    const { DebugInfo } = await import('../languages/debug/info.ts');
    if (this.stackTraces === undefined) this.#toldTraces = createStackTraces(new DebugInfo([]));
    return this.stackTraces as StackTraces;
  }

  /** Where scripts run; whoever needs it first makes it. */
  sandboxes: Sandboxes | undefined;

  get quickJs(): NodeOptions['quickJs'] {
    return this.#asked.quickJs;
  }

  // ---- blocks

  /** The number that a tag or a number means. */
  numberOf(id: BlockTag | bigint): bigint {
    if (typeof id === 'bigint') return id;
    const { number } = this.head.block.header;
    const first = this.chain.genesis.block.header.number;
    const epochs = id === 'finalized' ? 2n : 1n;
    const depth = epochs * this.options.slotsInEpoch;
    switch (id) {
      case 'earliest':
        return first;
      case 'pending':
        return number + 1n;
      case 'safe':
      case 'finalized': {
        const set = this.finality?.[id];
        if (set !== undefined && this.chain.isCanonical(set)) {
          return set.block.header.number;
        }
        return maxOf(number - depth, first);
      }
      default:
        return number;
    }
  }

  /** The block that a request names; undefined if there is none. */
  find(id: BlockId): ChainEntry | undefined {
    if (typeof id === 'object') return this.chain.entry(id.hash);
    if (id === 'latest') return this.head;
    return id === 'pending' ? this.dev.pending : this.chain.at(this.numberOf(id));
  }

  /** The same; without it the request cannot be met. */
  require(id: BlockId): ChainEntry {
    const entry = this.find(id);
    if (entry === undefined) throw serverError('header not found');
    return entry;
  }

  /** The rules that a block was run by. */
  rulesOf(entry: ChainEntry): BlockRules {
    const { schedule } = this.chain;
    const last = this.#lastRules;
    if (last !== undefined && last.entry === entry && last.schedule === schedule) return last.rules;
    const { block, parent } = entry;
    const rules =
      parent === undefined
        ? rulesAt(schedule, block.header)
        : this.chain.rulesAfter(parent, block.header);
    this.#lastRules = { entry, schedule, rules };
    return rules;
  }

  /** What contracts learn of a block; the same object each time. */
  envOf(entry: ChainEntry): BlockEnv {
    const known = this.#envs.get(entry);
    if (known !== undefined) return known;
    const env = blockEnv(this, entry);
    this.#envs.set(entry, env);
    return env;
  }

  /** Reads the state after a block. */
  read<T>(id: BlockId, use: (view: EvmView) => T): T {
    return this.dev.read(this.require(id), use);
  }

  /** A world for single steps; its journal is empty. */
  #stepWorld(rules: BlockRules): StepWorld {
    let stepped = this.#stepWorlds.get(rules);
    if (stepped === undefined) {
      const [oldest] = this.#stepWorlds.keys();
      if (oldest && this.#stepWorlds.size >= STEP_WORLDS_MAX) this.#stepWorlds.delete(oldest);
      stepped = new StepWorld(this.dev.state.worldOptions(rules));
      this.#stepWorlds.set(rules, stepped);
    }
    stepped.world.reset();
    stepped.world.executor.host.movedPrecompiles = undefined;
    return stepped;
  }

  /**
   * Does something with a world for single steps on the state after a block.
   *
   * @param overrides - Accounts that it finds other than they are.
   */
  withSteps<T>(
    entry: ChainEntry,
    rules: BlockRules,
    use: (stepped: StepWorld) => T,
    overrides?: StateOverride,
  ): T {
    return this.chain.withState(entry, rules, (world: EvmWorld) => {
      const stepped = this.#stepWorld(rules);
      applyOverridesFor(stepped.world, this, world, overrides);
      return use(stepped);
    });
  }

  /** The mined transaction of a hash with its place. */
  findMined(hash: Uint8Array): { readonly entry: ChainEntry; readonly index: number } | undefined {
    return this.chain.place(hash);
  }

  requireMined(hash: Uint8Array): { readonly entry: ChainEntry; readonly index: number } {
    const place = this.findMined(hash);
    if (place === undefined) throw serverError('transaction not found');
    return place;
  }

  /** A transaction for the pool, with its bytes and its hash. */
  pooled(transaction: SignedTransaction, sender: Uint8Array): PooledTransaction {
    const item = blockTransaction(transaction);
    return { ...item, sender, hash: this.chain.keccak256(item.encoded) };
  }

  keepBlob(hash: string, blob: Uint8Array): void {
    const [oldest] = this.#blobs.keys();
    if (oldest !== undefined && this.#blobs.size >= BLOB_COUNT_MAX) this.#blobs.delete(oldest);
    this.#blobs.set(hash, blob);
  }

  // ---- mining

  /** Whether transactions are mined as they come; then no blocks come by themselves. */
  setAutomine(isOn: boolean): void {
    this.dev.isAutomining = isOn;
    if (!isOn) return;
    this.#setBlockTime(0);
    this.dev.minePending();
  }

  /** Mines a block every so many seconds, and no more as transactions come; 0 for never. */
  setIntervalMining(seconds: number): void {
    this.dev.isAutomining = false;
    this.#setBlockTime(seconds);
  }

  #setBlockTime(seconds: number): void {
    this.settings.blockTime = seconds;
    this.onBlockTime?.(seconds);
  }

  /** What somebody said to be final; else it is what is deep enough. */
  finality: Readonly<Record<'safe' | 'finalized', ChainEntry>> | undefined;

  /**
   * Adds blocks in order, each after a known one, and makes the last one the head, which is final.
   *
   * @throws LockstepError L1401 for bytes that are no blocks, L1404 for the first that is refused
   */
  importBlocks(bytes: Uint8Array): void {
    for (const encoded of splitRlp(bytes)) {
      const result = this.chain.importBlock(encoded);
      if (result.kind === 'rejected') throw new LockstepError('L1404', { problem: result.message });
    }
    this.dev.changed();
    this.finality = { safe: this.head, finalized: this.head };
  }

  /** Told of what goes wrong in parts of a user's own. */
  onProblem: ((error: LockstepError) => void) | undefined;

  /** Told when blocks are to come by themselves: whoever owns the node has the timer. */
  onBlockTime: ((seconds: number) => void) | undefined;

  // ---- fees

  /** Wei for a unit of gas that a transaction offers unless told. */
  get gasPrice(): bigint {
    return this.settings.gasPrice ?? this.dev.nextBaseFee + this.priorityFee;
  }

  /** Wei for a unit of gas to the coinbase, unless told. */
  get priorityFee(): bigint {
    return this.options.priorityFee;
  }

  /** The nonce of the next transaction of an account, after those that wait. */
  pendingNonce(address: Uint8Array): bigint {
    return this.dev.pool.nextNonce(address, this.dev.nonceOf(address));
  }

  /** A text for an id of this chain: equal chains have equal ones. */
  get instanceId(): string {
    return bytesToHex(this.chain.genesis.hash);
  }
}

/** Blobs that are kept, of 128 KiB each. */
const BLOB_COUNT_MAX = 512;

type ChainSetup = Pick<DevChainOptions, 'genesis' | 'base' | 'isAutomining' | 'listeners'> &
  Pick<NodeSetup, 'coinbase'>;

function createChain(
  options: NodeOptions,
  setup: ChainSetup,
  tell: (error: LockstepError) => void,
): DevChain {
  const { genesis, coinbase, base, listeners } = setup;
  const { order, blockCountMax, hostClock, precompiles, engine = 'auto' } = options;
  const { codeCache, database, statesKept } = options;
  const isAutomining = setup.isAutomining ?? options.isAutomining;
  return new DevChain({
    genesis,
    engine: { engine, ...(codeCache === undefined ? {} : { tier: { codeCache } }) },
    coinbase,
    ...(base === undefined ? {} : { base }),
    ...(listeners === undefined ? {} : { listeners }),
    ...(isAutomining === undefined ? {} : { isAutomining }),
    ...(order === undefined ? {} : { order }),
    ...(blockCountMax === undefined ? {} : { blockCountMax }),
    ...(hostClock === undefined ? {} : { hostClock }),
    ...(database === undefined ? {} : { database }),
    ...(statesKept === undefined ? {} : { statesKept }),
    ...(precompiles && { ownPrecompiles: readPrecompiles(precompiles, tell) }),
  });
}
