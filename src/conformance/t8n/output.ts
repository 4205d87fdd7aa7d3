/** What the transition tool writes: accounts, receipts and numbers as JSON. */
import { keccak_256 } from '@noble/hashes/sha3.js';
import { bytesToHex, type HexText } from '../../base/bytes.ts';
import { bigintToBytes32 } from '../../base/u256.ts';
import type { Receipt } from '../../chain/blocks/receipts.ts';
import { type Backend, isPending } from '../../state/backends/backend.ts';
import { SPACES } from '../../state/cells.ts';
import { ADDRESS_BYTES, createEvmView } from '../../state/views/evm.ts';

/** A number as `0x` and its digits. */
export const quantity = (value: bigint | number): HexText => `0x${value.toString(16)}`;

/** Accounts by address, in order; what is zero or empty is left out, but for the balance. */
export function dumpAccounts(
  backend: Backend,
  keccak256: (bytes: Uint8Array) => Uint8Array = keccak_256,
): Record<string, unknown> {
  const accounts = createEvmView({ backend, keccak256 }).dump();
  const existing = backend.scan({ space: SPACES.exists.number });
  if (isPending(accounts) || isPending(existing)) {
    throw new Error('BUG: a state in memory is not at hand');
  }
  const rows: [address: string, fields: Record<string, unknown>][] = accounts
    .filter((each) => each.balance > 0n || each.nonce > 0n || each.code.length > 0)
    .map(({ address, balance, nonce, code, storage }) => {
      const slots = storage.map(({ slot, value }) => [word(slot), word(value)]);
      const fields = {
        ...(code.length === 0 ? {} : { code: bytesToHex(code) }),
        ...(slots.length === 0 ? {} : { storage: Object.fromEntries(slots) }),
        balance: quantity(balance),
        ...(nonce === 0n ? {} : { nonce: quantity(nonce) }),
      };
      return [bytesToHex(address), fields];
    });
  const known = new Set(rows.map(([address]) => address));
  for (const { cell, value } of existing) {
    const address = bytesToHex(cell.owner.slice(-ADDRESS_BYTES));
    const isMarked = value.some((byte) => byte !== 0);
    if (isMarked && !known.has(address)) rows.push([address, { balance: '0x0' }]);
  }
  rows.sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(rows);
}

const word = (value: bigint): HexText => bytesToHex(bigintToBytes32(value, 'a word'));

/** A receipt with what is not part of its encoding. */
export interface ReceiptFacts {
  readonly receipt: Receipt;
  readonly isSuccess: boolean;
  /** Among the transactions that are part of the block. */
  readonly index: number;
  readonly transactionHash: Uint8Array;
  /** 20 bytes, where the transaction made a contract. */
  readonly created: Uint8Array | undefined;
  readonly gasUsed: bigint;
  readonly blobGasUsed: bigint;
  /** Wei for a unit of blob gas in this block. */
  readonly blobGasPrice: bigint;
  readonly blockNumber: bigint;
  /** Logs of the block before these. */
  readonly logsBefore: number;
}

/** The hash of a block that is not made: tools of this form have this one. */
const BLOCK_HASH = `0x1337${'0'.repeat(60)}`;
const NO_ADDRESS = `0x${'0'.repeat(40)}`;

/** The receipt in the JSON of the clients' interface. */
export function receiptToJson(facts: ReceiptFacts): Record<string, unknown> {
  const { receipt, index, created, blobGasUsed, blockNumber } = facts;
  const { type, result, cumulativeGasUsed, logsBloom, logs } = receipt;
  const transactionHash = bytesToHex(facts.transactionHash);
  const place = {
    blockNumber: quantity(blockNumber),
    transactionHash,
    transactionIndex: quantity(index),
    blockHash: BLOCK_HASH,
  };
  return {
    ...(type === 0 ? {} : { type: quantity(type) }),
    root: typeof result === 'boolean' ? '0x' : bytesToHex(result),
    status: facts.isSuccess ? '0x1' : '0x0',
    cumulativeGasUsed: quantity(cumulativeGasUsed),
    logsBloom: bytesToHex(logsBloom),
    logs: logs.map(({ address, topics, data }, at) => ({
      address: bytesToHex(address),
      topics: topics.map(bytesToHex),
      data: bytesToHex(data),
      ...place,
      logIndex: quantity(facts.logsBefore + at),
      removed: false,
    })),
    transactionHash,
    contractAddress: created === undefined ? NO_ADDRESS : bytesToHex(created),
    gasUsed: quantity(facts.gasUsed),
    effectiveGasPrice: null,
    ...(type === 3
      ? { blobGasUsed: quantity(blobGasUsed), blobGasPrice: quantity(facts.blobGasPrice) }
      : {}),
    blockHash: BLOCK_HASH,
    blockNumber: quantity(blockNumber),
    transactionIndex: quantity(index),
  };
}
