/**
 * Requests of the execution layer to the consensus layer: their hash (EIP-7685), and the deposits
 * that the logs of the deposit contract hold (EIP-6110).
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { concatBytes, equalBytes, hexToBytes } from '../../base/bytes.ts';
import { bytesToBigint } from '../../base/u256.ts';
import type { ReceiptLog } from './receipts.ts';
import { type BlockRejection, rejectBlock } from './rejections.ts';

/** First byte of a request: its type. */
export const REQUEST_TYPES = { deposit: 0, withdrawal: 1, consolidation: 2 } as const;

/** All requests of one type in one block. */
export interface Requests {
  readonly type: number;
  readonly data: Uint8Array;
}

/** SHA-256 over the SHA-256 of each type with its data; types without data are left out. */
export function requestsHash(requests: readonly Requests[]): Uint8Array {
  const hashes = requests
    .filter(({ data }) => data.length > 0)
    .map(({ type, data }) => sha256(concatBytes(Uint8Array.of(type), data)));
  return hashes.length === 0 ? NO_REQUESTS_HASH : sha256(concatBytes(...hashes));
}

/** SHA-256 of nothing. */
const NO_REQUESTS_HASH: Uint8Array = sha256(new Uint8Array(0));

/** The deposit contract of the main net. */
export const DEPOSIT_CONTRACT: Uint8Array = hexToBytes(
  '0x00000000219ab540356cbb839cbe05303d7705fa',
);

/** `DepositEvent(bytes,bytes,bytes,bytes,bytes)`. */
const DEPOSIT_TOPIC = hexToBytes(
  '0x649bbc62d0e31342afea4e5cd82d4049e7e1ee912fc0889aa790803be39038c5',
);

/** Size of the event's data, and where its parts lie in it, each with its length in front. */
const DEPOSIT_DATA_BYTES = 576;
const DEPOSIT_PARTS = [
  { name: 'public key', offset: 160, size: 48 },
  { name: 'withdrawal credentials', offset: 256, size: 32 },
  { name: 'amount', offset: 320, size: 8 },
  { name: 'signature', offset: 384, size: 96 },
  { name: 'index', offset: 512, size: 8 },
] as const;

/** The data of the deposit requests of a block's logs; other logs of the contract do not count. */
export function depositsOfLogs(
  logs: Iterable<ReceiptLog>,
  contract: Uint8Array = DEPOSIT_CONTRACT,
): Uint8Array | BlockRejection {
  const deposits: Uint8Array[] = [];
  for (const { address, topics, data } of logs) {
    const [topic] = topics;
    if (!equalBytes(address, contract)) continue;
    if (topic === undefined || !equalBytes(topic, DEPOSIT_TOPIC)) continue;
    const problem = checkDeposit(data);
    if (problem !== undefined) return rejectBlock('deposit-layout', { problem });
    for (const { offset, size } of DEPOSIT_PARTS) {
      deposits.push(data.subarray(offset + 32, offset + 32 + size));
    }
  }
  return concatBytes(...deposits);
}

/** What is wrong with the data of a deposit event, or undefined. */
function checkDeposit(data: Uint8Array): string | undefined {
  if (data.length !== DEPOSIT_DATA_BYTES) {
    return `it has ${data.length} bytes where ${DEPOSIT_DATA_BYTES} are expected`;
  }
  for (const [index, { name, offset, size }] of DEPOSIT_PARTS.entries()) {
    const at = bytesToBigint(data.subarray(index * 32, index * 32 + 32));
    if (at !== BigInt(offset)) return `the ${name} is at ${at} and not at ${offset}`;
    const length = bytesToBigint(data.subarray(offset, offset + 32));
    if (length !== BigInt(size)) return `the ${name} has ${length} bytes and not ${size}`;
  }
  return undefined;
}
