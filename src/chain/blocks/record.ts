/**
 * Blocks of a chain as bytes and back, with what came of their runs. Fields are read when they are
 * asked for: who looks at the hash of an old block does not decode its transactions.
 */
import { assert } from '../../base/assert.ts';
import type { Keccak256 } from '../../base/bytes.ts';
import {
  bigintOfRlp,
  decodeRlp,
  itemEnd,
  payloadStart,
  RLP_LIST,
  RLP_STRING,
  type RlpItem,
  RlpWriter,
} from '../../base/rlp.ts';
import type { CellChange, Snapshot } from '../../state/backends/backend.ts';
import { type CellValue, cellPath, KEY_AT, OWNER_AT, toChars } from '../../state/cells.ts';
import { ADDRESS_BYTES } from '../../state/views/evm.ts';
import type { TransactionType } from '../transactions/types.ts';
import { type Block, encodeBlock, openBlock } from './block.ts';
import type { ChainEntry } from './chain.ts';
import { headerHash } from './header.ts';
import { countOfRange, EmptyRange, type RangeContext } from './ranges.ts';
import {
  BLOOM_BYTES,
  EncodedReceipt,
  logsBloom,
  type Receipt,
  type ReceiptLog,
} from './receipts.ts';
import type { StoredBlock } from './store.ts';

/** What a block's bytes are read with. */
export interface RecordContext extends RangeContext {
  readonly keccak256: Keccak256;
  parentOf(entry: ChainEntry): ChainEntry | undefined;
}

const NO_BYTES = new Uint8Array(0);
const WORD_BYTES = 32;
/** Places of the block and of the hashes of transactions in a record. */
const BLOCK_PART = 3;
const HASHES_PART = 6;
/** In an encoded header: behind that of the list, five hashes, an address, and its own length. */
const BLOOM_OFFSET = 3 + 5 * 33 + 21 + 3;

const writer = new RlpWriter();
const changesWriter = new RlpWriter();

/**
 * The bytes of an entry, which is not the genesis; they are there until those of the next one are
 * written. Each part is bytes, to be read by itself.
 */
export function writeRecord(entry: ChainEntry): Uint8Array {
  const { hash, totalDifficulty, chainId, receipts, senders, hashes, range } = entry;
  writer.clear();
  if (range !== undefined) addPart(() => writer.add(range.toRlp()));
  addPart(() => addAll(hashes));
  addPart(() => addAll(senders));
  addPart(() => addReceipts(receipts));
  // With its last header a range can be looked at without those that it stands on.
  writer.add(range === undefined ? entry.encoded : encodeBlock(entry.block));
  writer.add(chainId);
  writer.add(totalDifficulty);
  writer.add(hash);
  writer.addHeader(RLP_LIST, 0);
  return writer.view();
}

/** Whatever is written becomes one string: none or many bytes, or an empty list. */
function addPart(write: () => void): void {
  const { size } = writer;
  write();
  writer.addHeader(RLP_STRING, size);
}

function addAll(parts: readonly Uint8Array[]): void {
  for (let at = parts.length - 1; at >= 0; at--) writer.addRaw(parts[at] as Uint8Array);
}

/** Receipts without their blooms, which follow from the logs. */
function addReceipts(receipts: readonly Receipt[]): void {
  const start = writer.size;
  for (let at = receipts.length - 1; at >= 0; at--) {
    const receipt = receipts[at] as Receipt;
    const { type, result, cumulativeGasUsed } = receipt;
    const { size } = writer;
    if (receipt instanceof EncodedReceipt) writer.addRaw(receipt.logBytes);
    else writer.add(receipt.logs.map(({ address, topics, data }) => [address, topics, data]));
    writer.add(cumulativeGasUsed);
    writer.add(typeof result === 'boolean' ? (result ? 1n : 0n) : result);
    writer.add(BigInt(type));
    writer.addHeader(RLP_LIST, size);
  }
  writer.addHeader(RLP_LIST, start);
}

/** An entry of its bytes. */
export class StoredEntry implements ChainEntry {
  readonly number: bigint;
  readonly hash: Uint8Array;
  readonly totalDifficulty: bigint;
  readonly chainId: bigint;
  readonly encoded: Uint8Array;
  mark: Snapshot | undefined;
  changes: readonly CellChange[] | undefined;
  readonly #context: RecordContext;
  readonly #receiptBytes: Uint8Array;
  readonly #senderBytes: Uint8Array;
  readonly #hashBytes: Uint8Array;
  readonly #rangeItems: readonly RlpItem[] | undefined;
  readonly #blockBytes: Uint8Array;
  #range: EmptyRange | undefined;
  #block: Block | undefined;
  #receipts: readonly Receipt[] | undefined;
  #senders: readonly Uint8Array[] | undefined;
  #hashes: readonly Uint8Array[] | undefined;
  #ommerHashes: readonly Uint8Array[] | undefined;

  constructor({ number, record }: StoredBlock, context: RecordContext) {
    const [hash, totalDifficulty, chainId, block, ...parts] = listOf(decodeRlp(record));
    const [receipts, senders, hashes, range] = parts;
    this.number = number;
    this.hash = bytesOf(hash);
    this.totalDifficulty = bigintOfRlp(bytesOf(totalDifficulty), 'a total difficulty', 256);
    this.chainId = bigintOfRlp(bytesOf(chainId), 'a chain id', 256);
    this.#blockBytes = bytesOf(block);
    this.encoded = range === undefined ? this.#blockBytes : NO_BYTES;
    this.#receiptBytes = bytesOf(receipts);
    this.#senderBytes = bytesOf(senders);
    this.#hashBytes = bytesOf(hashes);
    this.#rangeItems = range && listOf(decodeRlp(bytesOf(range)));
    this.#context = context;
  }

  get parent(): ChainEntry | undefined {
    return this.#context.parentOf(this);
  }

  get range(): EmptyRange | undefined {
    if (this.#rangeItems === undefined) return undefined;
    this.#range ??= EmptyRange.ofRlp(this.#rangeItems, this.#context);
    return this.#range;
  }

  /** The first number that it stands for. */
  get first(): bigint {
    if (this.#rangeItems === undefined) return this.number;
    return this.number - countOfRange(this.#rangeItems) + 1n;
  }

  get block(): Block {
    this.#block ??= openBlock(this.#blockBytes);
    return this.#block;
  }

  get senders(): readonly Uint8Array[] {
    this.#senders ??= splitEvery(this.#senderBytes, ADDRESS_BYTES);
    return this.#senders;
  }

  get receipts(): readonly Receipt[] {
    const { keccak256 } = this.#context;
    this.#receipts ??= listOf(decodeRlp(this.#receiptBytes)).map((item) =>
      receiptOfRlp(item, keccak256),
    );
    return this.#receipts;
  }

  get hashes(): readonly Uint8Array[] {
    this.#hashes ??= splitEvery(this.#hashBytes, WORD_BYTES);
    return this.#hashes;
  }

  get ommerHashes(): readonly Uint8Array[] {
    const { keccak256 } = this.#context;
    this.#ommerHashes ??= this.block.ommers.map((ommer) => headerHash(ommer, keccak256));
    return this.#ommerHashes;
  }
}

/** The bloom of the logs of a record's block; nothing else is decoded. */
export function bloomOfRecord(record: Uint8Array): Uint8Array {
  let at = payloadStart(record, 0);
  for (let part = 0; part < BLOCK_PART; part++) at = itemEnd(record, at);
  // The bytes of the block, which is a list that begins with the header.
  const header = payloadStart(record, payloadStart(record, at));
  return record.subarray(header + BLOOM_OFFSET, header + BLOOM_OFFSET + BLOOM_BYTES);
}

/** The hash of the block of a record, and those of its transactions. */
export function hashesOfRecord(record: Uint8Array): readonly Uint8Array[] {
  const parts = listOf(decodeRlp(record));
  return [bytesOf(parts[0]), ...splitEvery(bytesOf(parts[HASHES_PART]), WORD_BYTES)];
}

function splitEvery(bytes: Uint8Array, size: number): Uint8Array[] {
  const count = bytes.length / size;
  return Array.from({ length: count }, (_, at) => bytes.subarray(at * size, (at + 1) * size));
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

// ---- changes of the state

/**
 * Changes as bytes, which are there until the next ones are written. Words lose their zeros in
 * front: most are small numbers.
 */
export function writeChanges(changes: readonly CellChange[]): Uint8Array {
  changesWriter.clear();
  for (let at = changes.length - 1; at >= 0; at--) {
    const { size } = changesWriter;
    const { path, before, after } = changes[at] as CellChange;
    addValue(after);
    addValue(before);
    addChars(path, KEY_AT, path.length);
    addChars(path, OWNER_AT, KEY_AT);
    changesWriter.add(BigInt(path.charCodeAt(0) * 256 + path.charCodeAt(1)));
    changesWriter.addHeader(RLP_LIST, size);
  }
  changesWriter.addHeader(RLP_LIST, 0);
  return changesWriter.view();
}

/** A word without zeros in front; other bytes as a list of one, and nothing as an empty list. */
function addValue(value: CellValue | undefined): void {
  if (typeof value === 'string') changesWriter.addChars(value, 0, value.length);
  else changesWriter.add(value === undefined ? [] : [value]);
}

/** The same of a part of a path. */
function addChars(path: string, from: number, to: number): void {
  const { size } = changesWriter;
  let start = from;
  if (to - from === WORD_BYTES) while (start < to && path.charCodeAt(start) === 0) start++;
  changesWriter.addChars(path, start, to);
  if (to - from !== WORD_BYTES) changesWriter.addHeader(RLP_LIST, size);
}

export function readChanges(bytes: Uint8Array): CellChange[] {
  return listOf(decodeRlp(bytes)).map((item) => {
    const [space, owner, key, before, after] = listOf(item);
    const cell = {
      space: Number(bigintOfRlp(bytesOf(space), 'a space', 16)),
      owner: lengthen(owner) ?? NO_BYTES,
      key: lengthen(key) ?? NO_BYTES,
    };
    return { path: cellPath(cell), before: readValue(before), after: readValue(after) };
  });
}

function readValue(item: RlpItem | undefined): CellValue | undefined {
  return item instanceof Uint8Array ? toChars(item) : listOf(item).map(bytesOf)[0];
}

function lengthen(item: RlpItem | undefined): Uint8Array | undefined {
  if (!(item instanceof Uint8Array)) return listOf(item).map(bytesOf)[0];
  const word = new Uint8Array(WORD_BYTES);
  word.set(item, WORD_BYTES - item.length);
  return word;
}
