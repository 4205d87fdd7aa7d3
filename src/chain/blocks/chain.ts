/**
 * A chain of blocks: imports blocks in any order after their parents, keeps side chains and the
 * state after every block, and chooses the head.
 *
 * Before Paris the heaviest chain is the head, the first one seen among equals; from Paris on the
 * consensus layer decides, and as there is none, the block imported last. A rejected block leaves
 * nothing behind.
 */
import { keccak_256 } from '@noble/hashes/sha3.js';
import { assert } from '../../base/assert.ts';
import { bytesToHex, equalBytes, type Keccak256 } from '../../base/bytes.ts';
import { LockstepError } from '../../base/errors.ts';
import { bytesToBigint, maxOf } from '../../base/u256.ts';
import type { Backend, CellChange, Snapshot } from '../../state/backends/backend.ts';
import type { WitnessAccount } from '../../state/commitments/evm.ts';
import type { EvmAccountProof } from '../../state/commitments/evm-proof.ts';
import { HashMemo } from '../../state/commitments/hash-memo.ts';
import type { EvmWorld } from '../world.ts';
import { type Block, decodeBlock, encodeBlock } from './block.ts';
import { CanonicalIndex, type HeadChange, type TransactionPlace } from './canon.ts';
import { type Header, headerHash } from './header.ts';
import { StateHistory } from './history.ts';
import { MemoryStore } from './memory-store.ts';
import { type Ancestor, OMMER_DEPTH, type OmmerContext } from './ommers.ts';
import { type BlockContext, processBlock } from './process.ts';
import { EmptyRange, type RangeTemplate } from './ranges.ts';
import type { Receipt } from './receipts.ts';
import { type BlockRejection, isBlockRejection, rejectBlock } from './rejections.ts';
import type { BlockRules } from './rules.ts';
import { type ParentOf, RunEntry } from './run-entry.ts';
import { type ForkSchedule, rulesAt } from './schedule.ts';
import type { ChainState } from './state.ts';
import type { BloomTest, ChainStore } from './store.ts';

export interface ChainOptions {
  readonly schedule: ForkSchedule;
  /** Its state is that of `state` now. */
  readonly genesis: Block;
  readonly state: ChainState;
  readonly keccak256?: Keccak256;
  /** What keeps the chain; memory unless told. Where it holds one, `state` is that of its head. */
  readonly store?: ChainStore;
  /** States of so many blocks below the head can be read, of 256 at least; of all unless told. */
  readonly statesKept?: bigint;
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
  /** Of the block; none of a range. */
  readonly encoded: Uint8Array;
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
  /** The state after the block; undefined where it is found from that of another block. */
  mark: Snapshot | undefined;
  /** What the block changed of its parent's state, where that is all there is. */
  changes?: readonly CellChange[] | undefined;
  /** Where the entry stands for a range of empty blocks, of which it is the last. */
  readonly range?: EmptyRange | undefined;
}

/** A block that was made or checked, and what came of its run. */
export interface RunBlock {
  readonly block: Block;
  readonly encoded: Uint8Array;
  readonly receipts: readonly Receipt[];
  readonly senders: readonly Uint8Array[];
  /** Of the block, where it is known. */
  readonly hash?: Uint8Array;
  /** Of the transactions, where they are known. */
  readonly hashes?: readonly Uint8Array[];
}

export type ImportResult =
  | { readonly kind: 'imported'; readonly entry: ChainEntry; readonly isHead: boolean }
  | { readonly kind: 'known'; readonly entry: ChainEntry }
  | BlockRejection;

export class BlockChain {
  readonly genesis: ChainEntry;
  schedule: ForkSchedule;
  readonly keccak256: Keccak256;
  readonly #bloomHashes: HashMemo<Uint8Array>;
  readonly #state: ChainState;
  /** Those that are not in the store alone, by hash. */
  #entries = new Map<string, ChainEntry>();
  readonly #ranges = new Map<string, ChainEntry>();
  readonly #canon: CanonicalIndex;
  readonly #history: StateHistory;
  /** The entry whose state the state has, and the world that brought it there. */
  #current: ChainEntry;
  #world: EvmWorld | undefined;
  readonly #statesKept: bigint | undefined;
  readonly #olderHash: OlderHash | undefined;

  constructor(options: ChainOptions) {
    const { schedule, genesis, state, keccak256 = keccak_256, store = new MemoryStore() } = options;
    this.schedule = schedule;
    this.#state = state;
    const { statesKept } = options;
    this.#statesKept = statesKept === undefined ? undefined : maxOf(statesKept, STATES_KEPT_MIN);
    this.keccak256 = keccak256;
    this.#bloomHashes = new HashMemo(keccak256);
    this.#olderHash = options.olderHash;
    this.genesis = {
      hash: options.hash ?? headerHash(genesis.header, keccak256),
      block: genesis,
      encoded: encodeBlock(genesis),
      parent: undefined,
      totalDifficulty: genesis.header.difficulty,
      chainId: schedule.chainId,
      receipts: [],
      senders: [],
      hashes: [],
      ommerHashes: [],
      mark: undefined,
    };
    const context = {
      keccak256,
      entry: (hash: Uint8Array) => this.entry(hash),
      rulesAfter: this.rulesAfter.bind(this),
      parentOf: this.#parentOf,
    };
    this.#canon = new CanonicalIndex(this.genesis, store, context, (entries) =>
      this.#leave(entries),
    );
    this.#history = new StateHistory(state, this.#canon);
    const { head } = this;
    head.mark = state.snapshot();
    this.#current = head;
    this.#entries.set(bytesToHex(this.genesis.hash), this.genesis);
    this.#keep(head);
  }

  readonly #parentOf: ParentOf = ({ range, block }) =>
    range?.parent ?? this.entry(block.header.parentHash);

  /** From now on the store alone has the entries, and their states are found from later ones. */
  #leave(entries: readonly ChainEntry[]): void {
    for (const entry of entries) {
      entry.mark = undefined;
      if (entry !== this.genesis) this.#drop(entry);
    }
    // A new map for the reason that `TransactionPool` has.
    this.#entries = new Map(this.#entries);
  }

  get head(): ChainEntry {
    return this.#canon.head;
  }

  /** An accepted block by its hash, on whichever chain it is. */
  entry(hash: Uint8Array): ChainEntry | undefined {
    const text = bytesToHex(hash);
    const known = this.#entries.get(text);
    if (known !== undefined) return known;
    const number = bytesToBigint(hash.subarray(-8));
    const id = text.slice(0, RANGE_ID_CHARS);
    const range = this.#ranges.get(id) ?? this.#canon.find(number);
    return range?.range?.id === id ? this.#within(range, number) : this.#canon.entry(hash);
  }

  /** The block of a number on the chain that ends at the head. */
  at(number: bigint): ChainEntry | undefined {
    if (number < 0n) return undefined;
    const entry = this.#canon.find(number);
    return entry && this.#within(entry, number);
  }

  /** Whether an entry is on the chain that ends at the head. */
  isCanonical(entry: ChainEntry): boolean {
    const found = this.at(entry.block.header.number);
    return found !== undefined && equalBytes(found.hash, entry.hash);
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
    const { totalDifficulty, chainId } = entry;
    const until = range.until(number);
    // The state after the whole range may have been changed from outside.
    return { ...NO_CONTENT, ...rangeFields(until), totalDifficulty, chainId, mark: undefined };
  }

  /** Where a transaction stands on the chain that ends at the head. */
  place(hash: Uint8Array): TransactionPlace | undefined {
    return this.#canon.place(hash);
  }

  /**
   * Entries of the chain that ends at the head, from one number to another, both included; a range
   * that overlaps is one of them.
   *
   * @param takes - Leaves blocks out by the bloom of their logs.
   */
  between(first: bigint, last: bigint, takes: BloomTest = () => true): Iterable<ChainEntry> {
    return this.#canon.between(first, last, takes);
  }

  /**
   * Makes the chain end at an entry; blocks that it leaves behind stay known.
   *
   * @param mark - The state that the entry has from then on, in place of its own.
   */
  setHead(entry: ChainEntry, mark?: Snapshot): HeadChange {
    const { store } = this.#canon;
    const before = this.#markOf(this.head);
    const own = mark !== undefined && store.isPruned(entry.block.header.number) ? mark : undefined;
    // The state after the head is always there.
    entry.mark = own ?? this.#markOf(entry);
    const added = this.#canon.above(entry).map((each) => ({
      entry: each,
      changes: each.changes ?? this.#changesOf(each),
    }));
    this.#keep(entry);
    const change = this.#canon.moveTo(entry, added);
    for (const each of change.added) each.changes = undefined;
    for (const each of change.removed) this.#keep(each);
    const isLonger = change.removed.length === 0 && added.length > 0;
    store.putCells(
      isLonger ? added.flatMap(({ changes }) => changes) : this.#state.changes(before, entry.mark),
    );
    if (mark !== undefined) this.#setMark(entry, mark);
    if (this.#statesKept !== undefined) store.prune(entry.block.header.number - this.#statesKept);
    return change;
  }

  #changesOf(entry: ChainEntry): readonly CellChange[] {
    assert(entry.parent !== undefined, 'the genesis was to be added to a chain');
    return this.#state.changes(this.#markOf(entry.parent), this.#markOf(entry));
  }

  #keep(entry: ChainEntry): void {
    this.#entries.set(bytesToHex(entry.hash), entry);
    if (entry.range !== undefined) this.#ranges.set(entry.range.id, entry);
  }

  /** Forgets blocks that are not on the chain that ends at the head, nor under one that stays. */
  forget(entries: Iterable<ChainEntry>): void {
    for (const entry of entries) {
      assert(!this.#canon.has(entry), 'a block below the head was to be forgotten');
      this.#drop(entry);
      if (this.#current === entry) this.#goTo(this.head);
    }
  }

  #drop(entry: ChainEntry): void {
    this.#entries.delete(bytesToHex(entry.hash));
    const id = entry.range?.id;
    if (id !== undefined && this.#ranges.get(id) === entry) this.#ranges.delete(id);
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

  /**
   * Decodes, checks and runs a block, and makes it the head if it is to be.
   *
   * @param mayLead - Whether it may become the head.
   */
  importBlock(encoded: Uint8Array, mayLead = true): ImportResult {
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
    return this.#append({ block, encoded, hash }, parent, mayLead);
  }

  #append(
    imported: Pick<ChainEntry, 'block' | 'encoded' | 'hash'>,
    parent: ChainEntry,
    mayLead: boolean,
  ): ImportResult {
    const { block } = imported;
    const rules = this.rulesAfter(parent, block.header);
    const entry = this.extend(parent, rules, (world) => {
      const context = this.contextAfter(parent, rules);
      const result = processBlock(world, parent.block.header, block, context);
      return result.kind === 'rejected' ? result : { ...result, ...imported };
    });
    if (isBlockRejection(entry)) return entry;
    const isHeaviest = rules.rules.eip3675 || entry.totalDifficulty > this.head.totalDifficulty;
    const isHead = mayLead && isHeaviest;
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
    run: (world: EvmWorld) => RunBlock | BlockRejection,
  ): ChainEntry | BlockRejection {
    const world = this.#worldAt(parent, rules);
    let isKept = false;
    try {
      const result = run(world);
      if (isBlockRejection(result)) return result;
      const { keccak256 } = this;
      const { block } = result;
      const entry = new RunEntry(
        {
          ...result,
          hash: result.hash ?? headerHash(block.header, keccak256),
          hashes: result.hashes ?? block.transactions.map((each) => keccak256(each.encoded)),
          totalDifficulty: parent.totalDifficulty + block.header.difficulty,
          chainId: this.schedule.chainId,
          ommerHashes: block.ommers.map((ommer) => headerHash(ommer, keccak256)),
          mark: this.#state.snapshot(),
        },
        this.#parentOf,
      );
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
    const { totalDifficulty } = parent;
    const { chainId } = this.schedule;
    const mark = this.#markOf(parent);
    const entry = { ...NO_CONTENT, ...rangeFields(range), totalDifficulty, chainId, mark };
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

  /** The first block whose state can be read, as those of all later ones. */
  get firstState(): bigint {
    let first = this.genesis.block.header.number;
    let last = this.head.block.header.number;
    while (first < last) {
      const middle = (first + last) / 2n;
      if (this.#canon.store.isPruned(middle)) first = middle + 1n;
      else last = middle;
    }
    return first;
  }

  /** Reads cells of the state after an entry. */
  read<T>(entry: ChainEntry, use: (backend: Backend) => T): T {
    const { backend } = this.#state;
    if (this.#isAt(entry)) return use(backend);
    const mark = this.#markOf(entry);
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

  /** Nodes for accounts and slots in the state after an entry (`EvmCommitment.witness`). */
  witness(entry: ChainEntry, accounts: readonly WitnessAccount[]): Uint8Array[] {
    return this.read(entry, () => {
      this.#state.root();
      return this.#state.commitment.witness(accounts);
    });
  }

  /** Changes the state after the head from outside; blocks that come later find it so. */
  amend(change: (backend: Backend) => void): void {
    const { head } = this;
    this.#goTo(head);
    change(this.#state.backend);
    this.#setMark(head, this.#state.snapshot());
  }

  /** Gives the head another state than its block left. */
  #setMark(head: ChainEntry, mark: Snapshot): void {
    const changes = this.#state.changes(this.#markOf(head), mark);
    if (changes.length > 0) {
      this.#canon.store.amend(head.block.header.number, changes);
      this.#canon.store.putCells(changes);
    }
    head.mark = mark;
    this.#history.forget(head);
    if (equalBytes(this.#current.hash, head.hash)) this.#goTo(head);
  }

  /** Forgets what was run on any state since the head has its own. */
  forgetRuns(): void {
    this.#goTo(this.head);
  }

  #isAt(entry: ChainEntry): boolean {
    if (this.#current === entry) return true;
    return entry.mark !== undefined && this.#current.mark === entry.mark;
  }

  /** The state after an entry; the chain stays where it is. */
  #markOf(entry: ChainEntry): Snapshot {
    return entry.mark ?? this.#history.markOf(entry);
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
      bloomHash: (bytes) => this.#bloomHashes.hash(bytes),
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

/** States below the head that are there in any case, for a store that was opened again too. */
const STATES_KEPT_MIN = 256n;

/** Characters of a range's id in the text of a hash. */
const RANGE_ID_CHARS = 50;

/** What a block without transactions has. */
const NO_CONTENT = {
  encoded: new Uint8Array(0),
  receipts: [],
  senders: [],
  hashes: [],
  ommerHashes: [],
} as const;

/** What an entry has of the range that it stands for. */
function rangeFields(range: EmptyRange): Pick<ChainEntry, 'hash' | 'block' | 'parent' | 'range'> {
  const { last, parent } = range;
  return { hash: range.hash(last), block: range.block(last), parent, range };
}

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
