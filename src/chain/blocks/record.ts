/**
 * Blocks of a chain as bytes and back, with what came of their runs. Fields are read when they are
 * asked for: who looks at the hash of an old block does not decode its transactions.
 */
import { assert } from '../../base/assert.ts';
import type { Keccak256 } from '../../base/bytes.ts';
import { bigintOfRlp, decodeRlp, encodeRlp, type RlpItem, rlpOfBigint } from '../../base/rlp.ts';
import type { CellChange, Snapshot } from '../../state/backends/backend.ts';
import { cellOfPath, cellPath } from '../../state/cells.ts';
import type { TransactionType } from '../transactions/types.ts';
import { type Block, decodeBlock, encodeBlock } from './block.ts';
import type { ChainEntry } from './chain.ts';
import { headerHash, headerOfRlp, headerToRlp } from './header.ts';
import { countOfRange, EmptyRange, emptyBlock, type RangeContext } from './ranges.ts';
import { logsBloom, type Receipt, type ReceiptLog } from './receipts.ts';

/** What a block's bytes are read with. */
export interface RecordContext extends RangeContext {
  readonly keccak256: Keccak256;
  parentOf(entry: ChainEntry): ChainEntry | undefined;
}

const NO_BYTES = new Uint8Array(0);
const WORD_BYTES = 32;

/** The bytes of an entry, which is not the genesis. */
export function writeRecord(entry: ChainEntry): Uint8Array {
  const { hash, totalDifficulty, chainId, receipts, senders, range } = entry;
  return encodeRlp([
    hash,
    rlpOfBigint(totalDifficulty),
    rlpOfBigint(chainId),
    // With its last header a range can be looked at without those that it stands on.
    range === undefined ? entry.encoded : [headerToRlp(entry.block.header), range.toRlp()],
    receipts.map(receiptToRlp),
    senders,
  ]);
}

function receiptToRlp({ type, result, cumulativeGasUsed, logs }: Receipt): RlpItem {
  return [
    rlpOfBigint(BigInt(type)),
    typeof result === 'boolean' ? rlpOfBigint(result ? 1n : 0n) : result,
    rlpOfBigint(cumulativeGasUsed),
    logs.map(({ address, topics, data }) => [address, topics, data]),
  ];
}

/** An entry of its bytes. */
export class StoredEntry implements ChainEntry {
  readonly hash: Uint8Array;
  readonly totalDifficulty: bigint;
  readonly chainId: bigint;
  readonly senders: readonly Uint8Array[];
  readonly encoded: Uint8Array;
  mark: Snapshot | undefined;
  changes: readonly CellChange[] | undefined;
  readonly #context: RecordContext;
  readonly #receiptItems: readonly RlpItem[];
  readonly #rangeItems: readonly RlpItem[] | undefined;
  #range: EmptyRange | undefined;
  #block: Block | undefined;
  #receipts: readonly Receipt[] | undefined;
  #hashes: readonly Uint8Array[] | undefined;
  #ommerHashes: readonly Uint8Array[] | undefined;

  constructor(record: Uint8Array, context: RecordContext) {
    const [hash, totalDifficulty, chainId, content, receipts, senders] = listOf(decodeRlp(record));
    this.hash = bytesOf(hash);
    this.totalDifficulty = bigintOfRlp(bytesOf(totalDifficulty), 'a total difficulty', 256);
    this.chainId = bigintOfRlp(bytesOf(chainId), 'a chain id', 256);
    this.senders = listOf(senders).map(bytesOf);
    this.#receiptItems = listOf(receipts);
    this.#context = context;
    this.encoded = content instanceof Uint8Array ? content : NO_BYTES;
    if (content instanceof Uint8Array) return;
    const [header, range] = listOf(content);
    this.#block = emptyBlock(headerOfRlp(listOf(header)));
    this.#rangeItems = listOf(range);
  }

  get range(): EmptyRange | undefined {
    if (this.#rangeItems === undefined) return undefined;
    this.#range ??= EmptyRange.ofRlp(this.#rangeItems, this.#context);
    return this.#range;
  }

  get parent(): ChainEntry | undefined {
    return this.#context.parentOf(this);
  }

  /** The first number that it stands for. */
  get first(): bigint {
    const { number } = this.block.header;
    return this.#rangeItems === undefined ? number : number - countOfRange(this.#rangeItems) + 1n;
  }

  get block(): Block {
    this.#block ??= decodeBlock(this.encoded);
    return this.#block;
  }

  get receipts(): readonly Receipt[] {
    const { keccak256 } = this.#context;
    this.#receipts ??= this.#receiptItems.map((item) => receiptOfRlp(item, keccak256));
    return this.#receipts;
  }

  get hashes(): readonly Uint8Array[] {
    const { keccak256 } = this.#context;
    this.#hashes ??= this.block.transactions.map(({ encoded }) => keccak256(encoded));
    return this.#hashes;
  }

  get ommerHashes(): readonly Uint8Array[] {
    const { keccak256 } = this.#context;
    this.#ommerHashes ??= this.block.ommers.map((ommer) => headerHash(ommer, keccak256));
    return this.#ommerHashes;
  }
}

function receiptOfRlp(item: RlpItem, keccak256: Keccak256): Receipt {
  const [type, result, gas, logItems] = listOf(item);
  const outcome = bytesOf(result);
  const logs = listOf(logItems).map((log): ReceiptLog => {
    const [address, topics, data] = listOf(log);
    return {
      address: bytesOf(address),
      topics: listOf(topics).map(bytesOf),
      data: bytesOf(data),
    };
  });
  let bloom: Uint8Array | undefined;
  return {
    type: Number(bigintOfRlp(bytesOf(type), 'a type', 8)) as TransactionType,
    result: outcome.length === WORD_BYTES ? outcome : outcome.length > 0,
    cumulativeGasUsed: bigintOfRlp(bytesOf(gas), 'an amount of gas', 64),
    logs,
    // Many read the logs, few their bloom.
    get logsBloom() {
      bloom ??= logsBloom(logs, keccak256);
      return bloom;
    },
  };
}

function listOf(item: RlpItem | undefined): readonly RlpItem[] {
  assert(item !== undefined && !(item instanceof Uint8Array), 'a record has no list there');
  return item;
}

function bytesOf(item: RlpItem | undefined): Uint8Array {
  assert(item instanceof Uint8Array, 'a record has no bytes there');
  return item;
}

/** The encoding of a block where the one it was read from is not at hand. */
export function encodingOf(block: Block, encoded?: Uint8Array): Uint8Array {
  return encoded ?? encodeBlock(block);
}

// ---- changes of the state

/** Changes as bytes. Words lose their zeros in front: most are small numbers. */
export function writeChanges(changes: readonly CellChange[]): Uint8Array {
  return encodeRlp(
    changes.map(({ path, before, after }) => {
      const { space, owner, key } = cellOfPath(path);
      const place = [rlpOfBigint(BigInt(space)), shorten(owner), shorten(key)];
      return [...place, shorten(before), shorten(after)];
    }),
  );
}

export function readChanges(bytes: Uint8Array): CellChange[] {
  return listOf(decodeRlp(bytes)).map((item) => {
    const [space, owner, key, before, after] = listOf(item);
    const cell = {
      space: Number(bigintOfRlp(bytesOf(space), 'a space', 16)),
      owner: lengthen(owner) ?? NO_BYTES,
      key: lengthen(key) ?? NO_BYTES,
    };
    return { path: cellPath(cell), before: lengthen(before), after: lengthen(after) };
  });
}

/** A word without zeros in front; other bytes as a list of one, and nothing as an empty list. */
function shorten(bytes: Uint8Array | undefined): RlpItem {
  if (bytes === undefined) return [];
  if (bytes.length !== WORD_BYTES) return [bytes];
  let zeros = 0;
  while (zeros < WORD_BYTES && bytes[zeros] === 0) zeros++;
  return bytes.subarray(zeros);
}

function lengthen(item: RlpItem | undefined): Uint8Array | undefined {
  if (!(item instanceof Uint8Array)) return listOf(item).map(bytesOf)[0];
  const word = new Uint8Array(WORD_BYTES);
  word.set(item, WORD_BYTES - item.length);
  return word;
}
