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
import type { Snapshot } from '../../state/backends/backend.ts';
import type { EvmWorld } from '../world.ts';
import { type Block, decodeBlock, encodeBlock } from './block.ts';
import { type Header, headerHash } from './header.ts';
import { type Ancestor, OMMER_DEPTH, type OmmerContext } from './ommers.ts';
import { type BlockContext, processBlock } from './process.ts';
import type { Receipt } from './receipts.ts';
import { type BlockRejection, rejectBlock } from './rejections.ts';
import type { BlockRules } from './rules.ts';
import { type ForkSchedule, rulesAt } from './schedule.ts';
import type { ChainState } from './state.ts';

export interface ChainOptions {
  readonly schedule: ForkSchedule;
  /** Its state is that of `state` now. */
  readonly genesis: Block;
  readonly state: ChainState;
  readonly keccak256?: Keccak256;
}

/** A block that the chain has accepted. */
export interface ChainEntry {
  readonly hash: Uint8Array;
  readonly block: Block;
  /** Undefined for the genesis. */
  readonly parent: ChainEntry | undefined;
  /** With that of the block itself. */
  readonly totalDifficulty: bigint;
  readonly receipts: readonly Receipt[];
  /** Who sent each transaction, 20 bytes. */
  readonly senders: readonly Uint8Array[];
  /** Hashes of the ommers. */
  readonly ommerHashes: readonly Uint8Array[];
  /** The state after the block. */
  readonly mark: Snapshot;
}

export type ImportResult =
  | { readonly kind: 'imported'; readonly entry: ChainEntry; readonly isHead: boolean }
  | { readonly kind: 'known'; readonly entry: ChainEntry }
  | BlockRejection;

export class BlockChain {
  readonly genesis: ChainEntry;
  readonly schedule: ForkSchedule;
  readonly keccak256: Keccak256;
  readonly #state: ChainState;
  readonly #entries = new Map<string, ChainEntry>();
  #head: ChainEntry;
  /** The entry whose state the state has, and the world that brought it there. */
  #current: ChainEntry;
  #world: EvmWorld | undefined;

  constructor({ schedule, genesis, state, keccak256 = keccak_256 }: ChainOptions) {
    this.schedule = schedule;
    this.#state = state;
    this.keccak256 = keccak256;
    this.genesis = {
      hash: headerHash(genesis.header, keccak256),
      block: genesis,
      parent: undefined,
      totalDifficulty: genesis.header.difficulty,
      receipts: [],
      senders: [],
      ommerHashes: [],
      mark: state.snapshot(),
    };
    this.#head = this.genesis;
    this.#current = this.genesis;
    this.#entries.set(bytesToHex(this.genesis.hash), this.genesis);
  }

  get head(): ChainEntry {
    return this.#head;
  }

  /** An accepted block by its hash, on whichever chain it is. */
  entry(hash: Uint8Array): ChainEntry | undefined {
    return this.#entries.get(bytesToHex(hash));
  }

  /** The block of a number on the chain that ends at an entry, the head unless told. */
  ancestor(number: bigint, from: ChainEntry = this.#head): ChainEntry | undefined {
    let entry: ChainEntry | undefined = from;
    while (entry !== undefined && entry.block.header.number > number) entry = entry.parent;
    return entry?.block.header.number === number ? entry : undefined;
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
    const { header } = block;
    const rules = this.rulesAfter(parent, header);
    const world = this.#worldAt(parent, rules);
    let isKept = false;
    try {
      const context = this.contextAfter(parent, rules);
      const result = processBlock(world, parent.block.header, block, context);
      if (result.kind === 'rejected') return result;
      const entry: ChainEntry = {
        hash,
        block,
        parent,
        totalDifficulty: parent.totalDifficulty + header.difficulty,
        receipts: result.receipts,
        senders: result.senders,
        ommerHashes: block.ommers.map((ommer) => headerHash(ommer, this.keccak256)),
        mark: this.#state.snapshot(),
      };
      this.#entries.set(bytesToHex(hash), entry);
      this.#current = entry;
      isKept = true;
      const isHead = rules.rules.eip3675 || entry.totalDifficulty > this.#head.totalDifficulty;
      if (isHead) this.#head = entry;
      return { kind: 'imported', entry, isHead };
    } finally {
      if (!isKept) this.#goTo(parent);
    }
  }

  /**
   * Does something on the state after an entry, under some rules, and puts the state back: a call,
   * a trace, the making of a block.
   */
  withState<T>(entry: ChainEntry, rules: BlockRules, use: (world: EvmWorld) => T): T {
    try {
      return use(this.#worldAt(entry, rules));
    } finally {
      this.#goTo(entry);
    }
  }

  /** The world of some rules over the state after an entry. */
  #worldAt(entry: ChainEntry, rules: BlockRules): EvmWorld {
    if (this.#current !== entry) this.#goTo(entry);
    const world = this.#state.world(rules);
    if (world !== this.#world) {
      // Another world's journal does not know what was written meanwhile.
      world.reset();
      this.#world = world;
    }
    return world;
  }

  #goTo(entry: ChainEntry): void {
    this.#state.restore(entry.mark);
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
      ancestorHash: (number) => this.ancestor(number, parent)?.hash,
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
