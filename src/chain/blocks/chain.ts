/**
 * A chain of blocks in memory: imports blocks in any order after their parents, keeps side chains
 * and the state after every block, and chooses the head.
 *
 * Before Paris the heaviest chain is the head, the first one seen among equals; from Paris on the
 * consensus layer decides, and as there is none, the block imported last. A rejected block leaves
 * nothing behind.
 */
import { keccak_256 } from '@noble/hashes/sha3.js';
import { assert } from '../../base/assert.ts';
import { bytesToHex, equalBytes, type Keccak256 } from '../../base/bytes.ts';
import { LockstepError } from '../../base/errors.ts';
import { bytesToBigint } from '../../base/u256.ts';
import type { Backend, Snapshot } from '../../state/backends/backend.ts';
import type { EvmAccountProof } from '../../state/commitments/evm-proof.ts';
import type { EvmWorld } from '../world.ts';
import { type Block, decodeBlock, encodeBlock } from './block.ts';
import { CanonicalIndex, type HeadChange, type TransactionPlace } from './canon.ts';
import { BlockExecution } from './execution.ts';
import { type Header, headerHash } from './header.ts';
import { type Ancestor, OMMER_DEPTH, type OmmerContext } from './ommers.ts';
import { type BlockContext, processBlock } from './process.ts';
import { EmptyRange, type RangeTemplate } from './ranges.ts';
import type { Receipt } from './receipts.ts';
import { type BlockRejection, isBlockRejection, rejectBlock } from './rejections.ts';
import type { BlockRules } from './rules.ts';
import { type ForkSchedule, rulesAt } from './schedule.ts';
import type { ChainState } from './state.ts';

export interface ChainOptions {
  readonly schedule: ForkSchedule;
  /** Its state is that of `state` now. */
  readonly genesis: Block;
  readonly state: ChainState;
  readonly keccak256?: Keccak256;
  /** Hash of the genesis, where it is another chain's block: headers may have more than ours. */
  readonly hash?: Uint8Array;
  /** Hashes of blocks before the genesis, where it is another chain's block. */
  readonly olderHash?: OlderHash;
}

/** The hash of a block before the first one that a chain has. */
export type OlderHash = (number: bigint) => Uint8Array | undefined;

/** A block that the chain has accepted. */
export interface ChainEntry {
  readonly hash: Uint8Array;
  readonly block: Block;
  /** Undefined for the genesis. Of a range of empty blocks the block before the range. */
  readonly parent: ChainEntry | undefined;
  /** With that of the block itself. */
  readonly totalDifficulty: bigint;
  /** Of the chain when the block was added. */
  readonly chainId: bigint;
  readonly receipts: readonly Receipt[];
  /** Who sent each transaction, 20 bytes. */
  readonly senders: readonly Uint8Array[];
  /** Hash of each transaction. */
  readonly hashes: readonly Uint8Array[];
  /** Hashes of the ommers. */
  readonly ommerHashes: readonly Uint8Array[];
  /** The state after the block; undefined where it was given up, and follows from running it. */
  readonly mark: Snapshot | undefined;
  /** Where the entry stands for a range of empty blocks, of which it is the last. */
  readonly range?: EmptyRange;
}

/** A block that was made or checked, and what came of its run. */
export interface RunBlock {
  readonly block: Block;
  readonly receipts: readonly Receipt[];
  readonly senders: readonly Uint8Array[];
}

export type ImportResult =
  | { readonly kind: 'imported'; readonly entry: ChainEntry; readonly isHead: boolean }
  | { readonly kind: 'known'; readonly entry: ChainEntry }
  | BlockRejection;

export class BlockChain {
  readonly genesis: ChainEntry;
  schedule: ForkSchedule;
  readonly keccak256: Keccak256;
  readonly #state: ChainState;
  readonly #entries = new Map<string, ChainEntry>();
  readonly #ranges = new Map<string, ChainEntry>();
  readonly #canon: CanonicalIndex;
  /** The entry whose state the state has, and the world that brought it there. */
  #current: ChainEntry;
  #world: EvmWorld | undefined;
  /** Entries whose state does not follow from their block. */
  readonly #amended = new WeakSet<ChainEntry>();
  /** States that were given up and asked for again, by the hash of their block. */
  readonly #rebuilt = new Map<string, Snapshot>();
  readonly #olderHash: OlderHash | undefined;

  constructor(options: ChainOptions) {
    const { schedule, genesis, state, keccak256 = keccak_256 } = options;
    this.schedule = schedule;
    this.#state = state;
    this.keccak256 = keccak256;
    this.#olderHash = options.olderHash;
    this.genesis = {
      hash: options.hash ?? headerHash(genesis.header, keccak256),
      block: genesis,
      parent: undefined,
      totalDifficulty: genesis.header.difficulty,
      chainId: schedule.chainId,
      receipts: [],
      senders: [],
      hashes: [],
      ommerHashes: [],
      mark: state.snapshot(),
    };
    this.#canon = new CanonicalIndex(this.genesis);
    this.#current = this.genesis;
    this.#entries.set(bytesToHex(this.genesis.hash), this.genesis);
  }

  get head(): ChainEntry {
    return this.#canon.head;
  }

  /** An accepted block by its hash, on whichever chain it is. */
  entry(hash: Uint8Array): ChainEntry | undefined {
    const text = bytesToHex(hash);
    const known = this.#entries.get(text);
    if (known !== undefined) return known;
    const range = this.#ranges.get(text.slice(0, RANGE_ID_CHARS));
    return range && this.#within(range, bytesToBigint(hash.subarray(-8)));
  }

  /** The block of a number on the chain that ends at the head. */
  at(number: bigint): ChainEntry | undefined {
    if (number < 0n) return undefined;
    const entry = this.#canon.find(number);
    return entry && this.#within(entry, number);
  }

  /** The block of a number on the chain that ends at an entry, the head unless told. */
  ancestor(number: bigint, from: ChainEntry = this.head): ChainEntry | undefined {
    let entry: ChainEntry | undefined = from;
    while (entry !== undefined && !this.#canon.has(entry)) {
      if (entry.block.header.number <= number) return this.#within(entry, number);
      const above: ChainEntry | undefined = entry.parent;
      if (entry.range !== undefined && (above?.block.header.number ?? -1n) < number) {
        return this.#within(entry, number);
      }
      entry = above;
    }
    return entry && entry.block.header.number >= number ? this.at(number) : undefined;
  }

  /** The hash of a block below an entry or of the entry itself, as BLOCKHASH has it. */
  ancestorHash(number: bigint, from: ChainEntry): Uint8Array | undefined {
    if (number < this.genesis.block.header.number) return this.#olderHash?.(number);
    return this.ancestor(number, from)?.hash;
  }

  /** The block of a number that an entry is or stands for. */
  #within(entry: ChainEntry, number: bigint): ChainEntry | undefined {
    if (entry.block.header.number === number) return entry;
    const { range } = entry;
    if (range === undefined || number < range.first || number > range.last) return undefined;
    const block = range.block(number);
    return { ...entry, hash: range.hash(number), block, range: range.until(number) };
  }

  /** Where a transaction stands on the chain that ends at the head. */
  place(hash: Uint8Array): TransactionPlace | undefined {
    return this.#canon.place(hash);
  }

  /** Entries of the chain that ends at the head, from one number to another, both included. */
  between(first: bigint, last: bigint): Iterable<ChainEntry> {
    return this.#canon.between(first, last);
  }

  /** Makes the chain end at an entry; blocks that it leaves behind stay known. */
  setHead(entry: ChainEntry): HeadChange {
    // The state after the head is always there.
    if (entry.mark === undefined) Object.assign(entry, this.#withMark(entry));
    const change = this.#canon.moveTo(entry);
    for (const each of change.added) {
      this.#keep(each);
      this.#giveUp(each.block.header.number - STATES_KEPT);
    }
    return change;
  }

  /** Gives the state after an old block up, unless it is one that others are found from. */
  #giveUp(number: bigint): void {
    if (number <= 0n || number % STATE_STRIDE === 0n) return;
    const entry = this.#canon.find(number);
    // A range stands at its last number, above those of the other blocks in it.
    if (entry?.parent === undefined || entry.block.header.number !== number) return;
    if (this.#amended.has(entry)) return;
    (entry as { mark: Snapshot | undefined }).mark = undefined;
  }

  #keep(entry: ChainEntry): void {
    this.#entries.set(bytesToHex(entry.hash), entry);
    if (entry.range !== undefined) this.#ranges.set(entry.range.id, entry);
  }

  /** Forgets blocks that are not on the chain that ends at the head, nor under one that stays. */
  forget(entries: Iterable<ChainEntry>): void {
    for (const entry of entries) {
      assert(!this.#canon.has(entry), 'a block below the head was to be forgotten');
      this.#entries.delete(bytesToHex(entry.hash));
      const id = entry.range?.id;
      if (id !== undefined && this.#ranges.get(id) === entry) this.#ranges.delete(id);
      if (this.#current === entry) this.#goTo(this.head);
    }
  }

  /** Makes it another chain for transactions to come. */
  setChainId(chainId: bigint): void {
    this.schedule = { ...this.schedule, chainId };
    this.#state.setChainId(chainId);
    this.#goTo(this.#current);
  }

  /** The rules for a block after an entry. */
  rulesAfter(parent: ChainEntry, block: Pick<Header, 'number' | 'timestamp'>): BlockRules {
    return rulesAt(this.schedule, {
      number: block.number,
      timestamp: block.timestamp,
      parentTotalDifficulty: parent.totalDifficulty,
    });
  }

  /** Decodes, checks and runs a block, and makes it the head if it is to be. */
  importBlock(encoded: Uint8Array): ImportResult {
    const block = decodeOrReject(encoded);
    if ('kind' in block) return block;
    const hash = headerHash(block.header, this.keccak256);
    const known = this.entry(hash);
    // The hash is that of the header alone: other content under it is another block.
    if (known !== undefined && equalBytes(encodeBlock(known.block), encoded)) {
      return { kind: 'known', entry: known };
    }
    const parent = this.entry(block.header.parentHash);
    if (parent === undefined) {
      return rejectBlock('parent-unknown', { parent: bytesToHex(block.header.parentHash) });
    }
    return this.#append(block, hash, parent);
  }

  #append(block: Block, hash: Uint8Array, parent: ChainEntry): ImportResult {
    const rules = this.rulesAfter(parent, block.header);
    const entry = this.extend(parent, rules, (world) => {
      const context = this.contextAfter(parent, rules);
      const result = processBlock(world, parent.block.header, block, context);
      return result.kind === 'rejected' ? result : { ...result, block, hash };
    });
    if (isBlockRejection(entry)) return entry;
    const isHead = rules.rules.eip3675 || entry.totalDifficulty > this.head.totalDifficulty;
    if (isHead) this.setHead(entry);
    return { kind: 'imported', entry, isHead };
  }

  /**
   * Adds the block that a run on the state after a parent gives; where it gives a rejection, or
   * throws, nothing is left of it. The head stays where it is.
   */
  extend(
    parent: ChainEntry,
    rules: BlockRules,
    run: (world: EvmWorld) => (RunBlock & { readonly hash?: Uint8Array }) | BlockRejection,
  ): ChainEntry | BlockRejection {
    const world = this.#worldAt(parent, rules);
    let isKept = false;
    try {
      const result = run(world);
      if (isBlockRejection(result)) return result;
      const { block, receipts, senders } = result;
      const hash = result.hash ?? headerHash(block.header, this.keccak256);
      const entry: ChainEntry = {
        hash,
        block,
        parent,
        totalDifficulty: parent.totalDifficulty + block.header.difficulty,
        chainId: this.schedule.chainId,
        receipts,
        senders,
        hashes: block.transactions.map(({ encoded }) => this.keccak256(encoded)),
        ommerHashes: block.ommers.map((ommer) => headerHash(ommer, this.keccak256)),
        mark: this.#state.snapshot(),
      };
      this.#keep(entry);
      this.#current = entry;
      isKept = true;
      return entry;
    } finally {
      if (!isKept) this.#goTo(parent);
    }
  }

  /** Adds a range of empty blocks after an entry as one; the head stays where it is. */
  extendEmpty(parent: ChainEntry, template: RangeTemplate): ChainEntry {
    const { number, timestamp } = parent.block.header;
    const rules = this.rulesAfter(parent, {
      number: number + 1n,
      timestamp: timestamp + template.firstDelay,
    });
    const range = new EmptyRange(parent, template, rules, this.keccak256);
    const entry: ChainEntry = {
      hash: range.hash(range.last),
      block: range.block(range.last),
      parent,
      totalDifficulty: parent.totalDifficulty,
      chainId: this.schedule.chainId,
      receipts: [],
      senders: [],
      hashes: [],
      ommerHashes: [],
      mark: parent.mark,
      range,
    };
    this.#keep(entry);
    return entry;
  }

  /**
   * Does something on the state after an entry, under some rules, and puts the state back: calls
   * that build on each other, a trace.
   */
  withState<T>(entry: ChainEntry, rules: BlockRules, use: (world: EvmWorld) => T): T {
    try {
      return use(this.#worldAt(entry, rules));
    } finally {
      this.#goTo(entry);
    }
  }

  /**
   * The same for one transaction that leaves nothing: it is undone, and the world keeps what it
   * knows of the state.
   */
  tryOn<T>(entry: ChainEntry, rules: BlockRules, use: (world: EvmWorld) => T): T {
    const world = this.#worldAt(entry, rules);
    // What an earlier transaction left is not to be undone.
    world.executor.isOpen = false;
    try {
      return use(world);
    } finally {
      if (world.executor.isOpen) world.executor.undo();
    }
  }

  /** Reads cells of the state after an entry. */
  read<T>(entry: ChainEntry, use: (backend: Backend) => T): T {
    const { backend } = this.#state;
    if (this.#isAt(entry)) return use(backend);
    const { mark } = this.#withMark(entry);
    const here = this.#state.snapshot();
    this.#state.restore(mark);
    try {
      return use(backend);
    } finally {
      this.#state.restore(here);
    }
  }

  /** The proof of an account and some of its slots in the state after an entry (EIP-1186). */
  prove(entry: ChainEntry, address: Uint8Array, slots: readonly bigint[]): EvmAccountProof {
    return this.read(entry, () => {
      this.#state.root();
      return this.#state.commitment.getProof(address, slots);
    });
  }

  /** Changes the state after the head from outside; blocks that come later find it so. */
  amend(change: (backend: Backend) => void): void {
    const { head } = this;
    this.#goTo(head);
    change(this.#state.backend);
    this.setMark(head, this.#state.snapshot());
  }

  /** Gives an entry another state than its block left. */
  setMark(entry: ChainEntry, mark: Snapshot): void {
    (entry as { mark: Snapshot }).mark = mark;
    this.#amended.add(entry);
    if (this.#current.hash === entry.hash) this.#goTo(entry);
  }

  /** Gives an entry the state back that it had, and forgets what was run on it since. */
  putBack(entry: ChainEntry, mark: Snapshot): void {
    (entry as { mark: Snapshot }).mark = mark;
    this.#goTo(entry);
  }

  #isAt(entry: ChainEntry): boolean {
    if (this.#current === entry) return true;
    return entry.mark !== undefined && this.#current.mark === entry.mark;
  }

  /** The state after an entry, found again where it was given up; the chain stays where it is. */
  #withMark(entry: ChainEntry): { readonly mark: Snapshot } {
    if (entry.mark !== undefined) return { mark: entry.mark };
    const back = this.#current;
    const mark = this.#markOf(entry);
    if (this.#current !== back) this.#goTo(back);
    return { mark };
  }

  /** The same; the chain may be at another entry afterwards. */
  #markOf(entry: ChainEntry): Snapshot {
    const id = bytesToHex(entry.hash);
    const known = entry.mark ?? this.#rebuilt.get(id);
    if (known !== undefined) return known;
    const mark = this.#runAgain(entry);
    const [oldest] = this.#rebuilt.keys();
    if (oldest !== undefined && this.#rebuilt.size >= REBUILT_MAX) this.#rebuilt.delete(oldest);
    this.#rebuilt.set(id, mark);
    return mark;
  }

  /** Runs blocks from the nearest one whose state is there. */
  #runAgain(entry: ChainEntry): Snapshot {
    const missing: ChainEntry[] = [];
    let base = entry;
    while (base.mark === undefined) {
      missing.push(base);
      assert(base.parent !== undefined, 'the state after the genesis was given up');
      base = base.parent;
    }
    this.#goTo(base);
    for (const each of missing.reverse()) {
      if (each.range === undefined) this.#rerunBlock(each);
      this.#current = each;
    }
    return this.#state.snapshot();
  }

  #rerunBlock(entry: ChainEntry): void {
    const { chainId } = this.schedule;
    if (entry.chainId === chainId) {
      this.#rerunOnChain(entry);
      return;
    }
    this.#state.setChainId(entry.chainId);
    try {
      this.#rerunOnChain(entry);
    } finally {
      this.#state.setChainId(chainId);
    }
  }

  #rerunOnChain({ block, parent, senders }: ChainEntry): void {
    const { header, transactions, ommers, withdrawals } = block;
    assert(parent !== undefined, 'the genesis is no block that runs');
    const rules = this.rulesAfter(parent, header);
    const world = this.#worldAt(this.#current, rules);
    const execution = new BlockExecution(world, header, this.contextAfter(parent, rules));
    execution.start();
    for (const [index, { transaction }] of transactions.entries()) {
      execution.run(transaction, senders[index] as Uint8Array);
    }
    execution.end(ommers, withdrawals);
    const isSame = equalBytes(execution.stateRoot(), header.stateRoot);
    assert(isSame, 'a block that ran again left another state');
  }

  /** The world of some rules over the state after an entry. */
  #worldAt(entry: ChainEntry, rules: BlockRules): EvmWorld {
    if (this.#isAt(entry)) this.#current = entry;
    else this.#goTo(entry);
    const world = this.#state.world(rules);
    if (world !== this.#world) {
      // Another world's journal does not know what was written meanwhile.
      world.reset();
      this.#world = world;
    }
    return world;
  }

  #goTo(entry: ChainEntry): void {
    this.#state.restore(this.#markOf(entry));
    this.#current = entry;
    this.#world = undefined;
  }

  /** What the run of a block after an entry needs. */
  contextAfter(parent: ChainEntry, rules: BlockRules): BlockContext {
    const { daoBlock, depositContract } = this.schedule;
    return {
      rules,
      daoBlock,
      depositContract,
      keccak256: this.keccak256,
      stateRoot: () => this.#state.root(),
      ancestorHash: (number) => this.ancestorHash(number, parent),
      ommerContext: () => this.#ommerContext(parent),
    };
  }

  #ommerContext(parent: ChainEntry): OmmerContext {
    const ancestors: Ancestor[] = [];
    let entry: ChainEntry | undefined = parent;
    while (entry !== undefined && ancestors.length < OMMER_DEPTH) {
      const { hash, block, ommerHashes } = entry;
      ancestors.push({ hash, header: block.header, ommers: ommerHashes });
      entry = entry.parent;
    }
    return {
      ancestors,
      daoBlock: this.schedule.daoBlock,
      hash: (header) => headerHash(header, this.keccak256),
      rulesFor: (header, ancestor) => {
        const above = this.entry(ancestor.hash);
        assert(above !== undefined, 'an ancestor of an ommer is not in the chain');
        return this.rulesAfter(above, header);
      },
    };
  }
}

/** States of so many blocks below the head are kept, and of every so manyth block below those. */
const STATES_KEPT = 256n;
const STATE_STRIDE = 128n;
const REBUILT_MAX = 16;
/** Characters of a range's id in the text of a hash. */
const RANGE_ID_CHARS = 50;

function decodeOrReject(encoded: Uint8Array): Block | BlockRejection {
  try {
    return decodeBlock(encoded);
  } catch (error) {
    if (error instanceof LockstepError && error.plane === 'rejection') {
      return rejectBlock('malformed', { problem: error.message });
    }
    throw error;
  }
}
