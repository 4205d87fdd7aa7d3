/**
 * Receipts of transactions: the bloom of their logs, their encoding, and the hash of logs
 * (Yellow Paper, sections 4.4.1 and 4.4.3; EIP-658 for the status, EIP-2718 for types).
 */
import { keccak_256 } from '@noble/hashes/sha3.js';
import { hexToBytes, type Keccak256 } from '../../base/bytes.ts';
import {
  decodeRlp,
  encodeRlp,
  itemEnd,
  payloadStart,
  type RlpSource,
  RlpWriter,
} from '../../base/rlp.ts';
import type { TransactionType } from '../transactions/types.ts';
import type { Log } from '../types.ts';

/** A log in bytes. */
export interface ReceiptLog {
  /** 20 bytes. */
  readonly address: Uint8Array;
  /** 32 bytes each, at most four. */
  readonly topics: readonly Uint8Array[];
  readonly data: Uint8Array;
}

export interface Receipt {
  readonly type: TransactionType;
  /** Whether the transaction succeeded (EIP-658), or before that the state root after it. */
  readonly result: boolean | Uint8Array;
  /** Gas of the block up to and with this transaction. */
  readonly cumulativeGasUsed: bigint;
  /** 256 bytes. */
  readonly logsBloom: Uint8Array;
  readonly logs: readonly ReceiptLog[];
}

/** A receipt of its bytes, of which the logs are read when somebody asks for them. */
export class EncodedReceipt implements Receipt {
  readonly type: TransactionType;
  readonly result: Receipt['result'];
  readonly cumulativeGasUsed: bigint;
  /** As the receipts trie has it. */
  readonly encoded: Uint8Array;
  #logs: readonly ReceiptLog[] | undefined;

  constructor(
    { type, result, cumulativeGasUsed }: Omit<Receipt, 'logs' | 'logsBloom'>,
    encoded: Uint8Array,
  ) {
    this.type = type;
    this.result = result;
    this.cumulativeGasUsed = cumulativeGasUsed;
    this.encoded = encoded;
  }

  /** Place of the bloom: behind the result and the gas. */
  get #bloomAt(): number {
    const { encoded, type } = this;
    const result = payloadStart(encoded, type === 0 ? 0 : 1);
    const gas = itemEnd(encoded, result);
    return payloadStart(encoded, itemEnd(encoded, gas));
  }

  get logsBloom(): Uint8Array {
    const at = this.#bloomAt;
    return this.encoded.subarray(at, at + BLOOM_BYTES);
  }

  /** The encoded list of the logs. */
  get logBytes(): Uint8Array {
    return this.encoded.subarray(this.#bloomAt + BLOOM_BYTES);
  }

  get logs(): readonly ReceiptLog[] {
    this.#logs ??= (decodeRlp(this.logBytes) as readonly LogItem[]).map(logOfItem);
    return this.#logs;
  }
}

type LogItem = readonly [Uint8Array, readonly Uint8Array[], Uint8Array];

function logOfItem([address, topics, data]: LogItem): ReceiptLog {
  return { address, topics, data };
}

/** Gas that the transaction of a receipt paid for, by the one before it. */
export function gasOfReceipt(receipts: readonly Receipt[], index: number): bigint {
  const before = receipts[index - 1]?.cumulativeGasUsed ?? 0n;
  return (receipts[index]?.cumulativeGasUsed ?? before) - before;
}

/** The bytes of a log of the machine. */
export function logToBytes({ address, topics, data }: Log): ReceiptLog {
  return { address: hexToBytes(address), topics: topics.map((topic) => hexToBytes(topic)), data };
}

export const BLOOM_BYTES = 256;

/** The bloom of logs: three of 2048 bits for each address and topic. */
export function logsBloom(
  logs: readonly ReceiptLog[],
  keccak256: Keccak256 = keccak_256,
): Uint8Array {
  const bloom = new Uint8Array(BLOOM_BYTES);
  for (const { address, topics } of logs) {
    setBits(bloom, keccak256(address));
    for (const topic of topics) setBits(bloom, keccak256(topic));
  }
  return bloom;
}

function setBits(bloom: Uint8Array, hash: Uint8Array): void {
  for (let pair = 0; pair < 6; pair += 2) {
    const bit = bitOf(hash, pair);
    const at = BLOOM_BYTES - 1 - (bit >> 3);
    bloom[at] = (bloom[at] ?? 0) | (1 << (bit & 7));
  }
}

/** The low eleven bits of the first three pairs of bytes say which bits, counted from the end. */
function bitOf(hash: Uint8Array, pair: number): number {
  return (((hash[pair] ?? 0) & 7) << 8) | (hash[pair + 1] ?? 0);
}

/** Whether the address or the topic of a hash may be in a bloom. */
export function isInBloom(bloom: Uint8Array, hash: Uint8Array): boolean {
  for (let pair = 0; pair < 6; pair += 2) {
    const bit = bitOf(hash, pair);
    if (((bloom[BLOOM_BYTES - 1 - (bit >> 3)] ?? 0) & (1 << (bit & 7))) === 0) return false;
  }
  return true;
}

/** Adds the bits of one bloom to another. */
export function mergeBloom(into: Uint8Array, bloom: Uint8Array): void {
  for (let i = 0; i < BLOOM_BYTES; i++) into[i] = (into[i] ?? 0) | (bloom[i] ?? 0);
}

function logsToRlp(logs: readonly ReceiptLog[]): RlpSource[] {
  return logs.map(({ address, topics, data }) => [address, topics, data]);
}

/** A receipt as the receipts trie has it: with its type in front, unless that is 0. */
export function encodeReceipt(receipt: Receipt): Uint8Array {
  if (receipt instanceof EncodedReceipt) return receipt.encoded;
  const { type, result } = receipt;
  writer.clear();
  writer.add([
    typeof result === 'boolean' ? (result ? 1n : 0n) : result,
    receipt.cumulativeGasUsed,
    receipt.logsBloom,
    logsToRlp(receipt.logs),
  ]);
  if (type !== 0) writer.add(BigInt(type));
  return writer.take();
}

const writer = new RlpWriter();

/** Hash of the encoded list of logs, which state tests name. */
export function logsHash(
  logs: readonly ReceiptLog[],
  keccak256: Keccak256 = keccak_256,
): Uint8Array {
  return keccak256(encodeRlp(logsToRlp(logs)));
}
