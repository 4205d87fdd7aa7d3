/**
 * Ranges of empty blocks that nobody looked at yet: a million of them cost what one costs.
 *
 * Nothing happens in such a block: the state is that of the block before the range, and no system
 * contract is called. Its header follows from the range and its number, and so does its hash: 24
 * bytes that are the range's own and the number. So hashes link and a block is found by its hash,
 * but they are not the hashes of the encoded headers.
 */
import { bytesToHex, concatBytes, type Keccak256 } from '../../base/bytes.ts';
import { bigintOfRlp, type RlpItem, rlpOfBigint } from '../../base/rlp.ts';
import { bigintToBytes32 } from '../../base/u256.ts';
import { type Block, encodeBlock, NO_OMMERS_HASH } from './block.ts';
import type { ChainEntry } from './chain.ts';
import { nextBaseFee, nextExcessBlobGas } from './fees.ts';
import { bytesOfRlp, type Header, malformed } from './header.ts';
import { receiptsRoot, transactionsRoot, withdrawalsRoot } from './process.ts';
import { BLOOM_BYTES } from './receipts.ts';
import { requestsHash } from './requests.ts';
import type { BlockRules } from './rules.ts';

/** What all blocks of a range have in common. */
export interface RangeTemplate {
  /** Blocks, at least 1. */
  readonly count: bigint;
  /** Seconds from the parent to the first block, and from each to the next, at least 1. */
  readonly firstDelay: bigint;
  readonly interval: bigint;
  /** 20 bytes. */
  readonly coinbase: Uint8Array;
  readonly gasLimit: bigint;
}

/** Fees of a block that follow from those of the block before. */
interface Fees {
  readonly baseFeePerGas: bigint;
  readonly excessBlobGas: bigint;
}

/** What a range is read with from its bytes. */
export interface RangeContext {
  readonly keccak256: Keccak256;
  /** The entry that a range stands on. */
  entry(hash: Uint8Array): ChainEntry | undefined;
  rulesAfter(parent: ChainEntry, block: Pick<Header, 'number' | 'timestamp'>): BlockRules;
}

const TAG = new TextEncoder().encode('lockstep empty range');
const ID_BYTES = 24;

export class EmptyRange {
  readonly first: bigint;
  readonly last: bigint;
  /** The first 24 bytes of the hashes of its blocks, as text. */
  readonly id: string;
  readonly #parent: ChainEntry;
  readonly #template: RangeTemplate;
  readonly #rules: BlockRules;
  readonly #keccak256: Keccak256;
  /** Of the blocks from the first on, until they stay as they are. */
  readonly #fees: Fees[];
  readonly #idBytes: Uint8Array;

  constructor(
    parent: ChainEntry,
    template: RangeTemplate,
    rules: BlockRules,
    keccak256: Keccak256,
    known?: { readonly id: Uint8Array; readonly fees: Fees[] },
  ) {
    this.#parent = parent;
    this.#template = template;
    this.#rules = rules;
    this.#keccak256 = keccak256;
    this.first = parent.block.header.number + 1n;
    this.last = parent.block.header.number + template.count;
    const size = bigintToBytes32(template.count, 'the count');
    this.#fees = known?.fees ?? [];
    this.#idBytes = known?.id ?? keccak256(concatBytes(TAG, parent.hash, size)).slice(0, ID_BYTES);
    this.id = bytesToHex(this.#idBytes);
  }

  /** The entry before its first block. */
  get parent(): ChainEntry {
    return this.#parent;
  }

  /** What it is made of, as items of RLP. */
  toRlp(): RlpItem[] {
    const { count, firstDelay, interval, coinbase, gasLimit } = this.#template;
    const numbers = [count, firstDelay, interval, gasLimit].map(rlpOfBigint);
    return [this.#parent.hash, this.#idBytes, coinbase, ...numbers];
  }

  /** @throws LockstepError L1401 where the entry that it stands on is not there */
  static ofRlp(items: readonly RlpItem[], { keccak256, ...context }: RangeContext): EmptyRange {
    // What is missing is no bytes, which is an error.
    const [parentHash = [], id = [], coinbase = [], ...rest] = items;
    const parent = context.entry(bytesOfRlp(parentHash, 'the parent of a range', 32));
    if (parent === undefined) throw malformed('the block before a range is not there');
    const numbers = rest.map((item) => bigintOfRlp(item, 'a part of a range', 64));
    const [count = 0n, firstDelay = 0n, interval = 0n, gasLimit = 0n] = numbers;
    const { number, timestamp } = parent.block.header;
    const next = { number: number + 1n, timestamp: timestamp + firstDelay };
    const template = {
      count,
      firstDelay,
      interval,
      coinbase: bytesOfRlp(coinbase, 'the coinbase of a range', 20),
      gasLimit,
    };
    const rules = context.rulesAfter(parent, next);
    const known = { id: bytesOfRlp(id, 'the id of a range', ID_BYTES), fees: [] };
    return new EmptyRange(parent, template, rules, keccak256, known);
  }

  /** The same blocks up to one of them. */
  until(last: bigint): EmptyRange {
    const template = { ...this.#template, count: last - this.first + 1n };
    return new EmptyRange(this.#parent, template, this.#rules, this.#keccak256, {
      id: this.#idBytes,
      fees: this.#fees,
    });
  }

  /** Hash of one of its blocks, 32 bytes. */
  hash(number: bigint): Uint8Array {
    return concatBytes(this.#idBytes, bigintToBytes32(number, 'the number').subarray(ID_BYTES));
  }

  /** One of its blocks. */
  block(number: bigint): Block {
    const header = this.#header(number);
    const withdrawals = header.withdrawalsRoot === undefined ? undefined : [];
    const block = { header, transactions: [], ommers: [], withdrawals };
    return { ...block, size: encodeBlock(block).length };
  }

  #header(number: bigint): Header {
    const { coinbase, gasLimit, firstDelay, interval } = this.#template;
    const { rules } = this.#rules;
    const before = this.#parent.block.header;
    const index = number - this.first;
    const parentHash = index === 0n ? this.#parent.hash : this.hash(number - 1n);
    const { baseFeePerGas, excessBlobGas } = this.#feesAt(index);
    return {
      parentHash,
      ommersHash: NO_OMMERS_HASH,
      coinbase,
      stateRoot: before.stateRoot,
      transactionsRoot: transactionsRoot([]),
      receiptsRoot: receiptsRoot([]),
      logsBloom: new Uint8Array(BLOOM_BYTES),
      difficulty: 0n,
      number,
      gasLimit,
      gasUsed: 0n,
      timestamp: before.timestamp + firstDelay + index * interval,
      extraData: new Uint8Array(0),
      mixHash: this.#keccak256(parentHash),
      nonce: new Uint8Array(8),
      ...(rules.eip1559 ? { baseFeePerGas } : {}),
      ...(rules.eip4895 ? { withdrawalsRoot: withdrawalsRoot([]) } : {}),
      ...(rules.eip4844 ? { blobGasUsed: 0n, excessBlobGas } : {}),
      ...(rules.eip4788 ? { parentBeaconBlockRoot: new Uint8Array(32) } : {}),
      ...(rules.eip7685 ? { requestsHash: requestsHash([]) } : {}),
    };
  }

  /** Without transactions both fees fall from block to block, and soon no more. */
  #feesAt(index: bigint): Fees {
    const { gasLimit } = this.#template;
    const fees = this.#fees;
    if (fees.length === 0) {
      const { header } = this.#parent.block;
      fees.push({
        baseFeePerGas: nextBaseFee(header),
        excessBlobGas: nextExcessBlobGas(header, this.#rules),
      });
    }
    for (;;) {
      const last = fees.at(-1) as Fees;
      if (index < BigInt(fees.length)) return fees[Number(index)] as Fees;
      const next: Fees = {
        baseFeePerGas: nextBaseFee({ ...last, gasLimit, gasUsed: 0n }),
        excessBlobGas: nextExcessBlobGas({ ...last, blobGasUsed: 0n }, this.#rules),
      };
      const isSteady = next.baseFeePerGas === last.baseFeePerGas;
      if (isSteady && next.excessBlobGas === last.excessBlobGas) return last;
      fees.push(next);
    }
  }
}

/** How many blocks a range has, by what `toRlp` gives. */
export function countOfRange([, , , count = []]: readonly RlpItem[]): bigint {
  return bigintOfRlp(count, 'the count of a range', 64);
}
