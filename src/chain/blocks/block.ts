/**
 * A block: its header, transactions, ommer headers and withdrawals, and its encoding
 * (Yellow Paper, section 4.4; EIP-2718 for typed transactions, EIP-4895 for withdrawals).
 */
import { keccak_256 } from '@noble/hashes/sha3.js';
import { ByteArena } from '../../base/arena.ts';
import type { Keccak256 } from '../../base/bytes.ts';
import {
  bigintOfRlp,
  decodeRlp,
  encodeRlp,
  firstOfList,
  RLP_LIST,
  type RlpItem,
  type RlpSource,
  RlpWriter,
} from '../../base/rlp.ts';
import { encodeTransaction, transactionOfRlp, transactionToRlp } from '../transactions/codec.ts';
import type { SignedTransaction } from '../transactions/types.ts';
import { addHeader, bytesOfRlp, type Header, headerOfRlp, malformed } from './header.ts';

/** A withdrawal from the beacon chain (EIP-4895). */
export interface Withdrawal {
  readonly index: bigint;
  readonly validatorIndex: bigint;
  /** 20 bytes. */
  readonly address: Uint8Array;
  /** Gwei. */
  readonly amount: bigint;
}

/** A transaction of a block with its encoding, which the transactions root is made of. */
export interface BlockTransaction {
  readonly transaction: SignedTransaction;
  /** The EIP-2718 envelope; for a legacy transaction its list. */
  readonly encoded: Uint8Array;
}

export interface Block {
  readonly header: Header;
  readonly transactions: readonly BlockTransaction[];
  readonly ommers: readonly Header[];
  /** Undefined before EIP-4895. */
  readonly withdrawals: readonly Withdrawal[] | undefined;
  /** Bytes of the encoding. */
  readonly size: number;
}

/** A block's transaction from the transaction alone. */
export function blockTransaction(transaction: SignedTransaction): BlockTransaction {
  return { transaction, encoded: encodeTransaction(transaction) };
}

/** Highest size of an encoded block with EIP-7934: 10 MiB less 2 MiB for the consensus block. */
export const BLOCK_BYTES_MAX = 10_485_760 - 2_097_152;

export function encodeBlock(block: Omit<Block, 'size'>): Uint8Array {
  const { header, transactions, ommers, withdrawals } = block;
  writer.clear();
  if (withdrawals !== undefined) writer.add(withdrawals.map(withdrawalToRlp));
  addHeaders(ommers);
  const { size } = writer;
  for (let at = transactions.length - 1; at >= 0; at--) {
    writer.add(itemOf(transactions[at] as BlockTransaction));
  }
  writer.addHeader(RLP_LIST, size);
  addHeader(writer, header);
  writer.addHeader(RLP_LIST, 0);
  const encoded = kept.keep(writer.view());
  writer.clear();
  return encoded;
}

const writer = new RlpWriter();
/** Those of a chain's last blocks live about as long as each other. */
const kept = new ByteArena();

/** Writes a list of headers in front of what was written. */
function addHeaders(headers: readonly Header[]): void {
  const { size } = writer;
  for (const header of headers.toReversed()) addHeader(writer, header);
  writer.addHeader(RLP_LIST, size);
}

/** The item of a transaction in a block's body: a legacy one is a list. */
function itemOf({ transaction, encoded }: BlockTransaction): RlpSource {
  return transaction.type === 0 ? transactionToRlp(transaction) : encoded;
}

/**
 * A block of its encoding; byte strings are views of the input. Whether the header's fields and
 * the list of withdrawals belong to the block's fork is for `processBlock` to say.
 *
 * @throws LockstepError L1401 for a block that has not its three or four lists, and what the
 *   decoders of RLP, headers and transactions throw
 */
export function decodeBlock(bytes: Uint8Array): Block {
  const items = decodeRlp(bytes);
  if (items instanceof Uint8Array) throw malformed('it is no list');
  const [header, transactions, ommers, withdrawals] = items;
  if (header === undefined || transactions === undefined || ommers === undefined) {
    throw malformed(`it has ${items.length} parts where 3 or 4 are expected`);
  }
  if (items.length > 4) throw malformed(`it has ${items.length} parts where 3 or 4 are expected`);
  return {
    header: headerOfRlp(header),
    transactions: listOf(transactions, 'the transactions').map(readTransaction),
    ommers: listOf(ommers, 'the ommers').map(headerOfRlp),
    withdrawals:
      withdrawals === undefined
        ? undefined
        : listOf(withdrawals, 'the withdrawals').map(withdrawalOfRlp),
    size: bytes.length,
  };
}

/** A block of bytes that were one already: all but its header is decoded when it is asked for. */
export function openBlock(bytes: Uint8Array): Block {
  let whole: Block | undefined;
  const content = (): Block => {
    whole ??= decodeBlock(bytes);
    return whole;
  };
  return {
    header: headerOfRlp(decodeRlp(firstOfList(bytes))),
    get transactions() {
      return content().transactions;
    },
    get ommers() {
      return content().ommers;
    },
    get withdrawals() {
      return content().withdrawals;
    },
    size: bytes.length,
  };
}

function listOf(item: RlpItem, what: string): readonly RlpItem[] {
  if (item instanceof Uint8Array) throw malformed(`${what} are no list`);
  return item;
}

function readTransaction(item: RlpItem): BlockTransaction {
  const transaction = transactionOfRlp(item);
  return { transaction, encoded: item instanceof Uint8Array ? item : encodeRlp(item) };
}

/** The items of a withdrawal. */
export function withdrawalToRlp(withdrawal: Withdrawal): RlpSource[] {
  const { index, validatorIndex, address, amount } = withdrawal;
  return [index, validatorIndex, address, amount];
}

function withdrawalOfRlp(item: RlpItem): Withdrawal {
  const [index, validatorIndex, address, amount, ...rest] = listOf(
    item,
    'the parts of a withdrawal',
  );
  if (
    index === undefined ||
    validatorIndex === undefined ||
    address === undefined ||
    amount === undefined ||
    rest.length > 0
  ) {
    throw malformed('a withdrawal has not 4 parts');
  }
  return {
    index: bigintOfRlp(index, 'the index of a withdrawal', 64),
    validatorIndex: bigintOfRlp(validatorIndex, 'the validator of a withdrawal', 64),
    address: bytesOfRlp(address, 'the address of a withdrawal', 20),
    amount: bigintOfRlp(amount, 'the amount of a withdrawal', 64),
  };
}

/** What `ommersHash` of a header must be. */
export function hashOmmers(
  ommers: readonly Header[],
  keccak256: Keccak256 = keccak_256,
): Uint8Array {
  if (ommers.length === 0) return NO_OMMERS_HASH;
  writer.clear();
  addHeaders(ommers);
  return keccak256(writer.view());
}

/** Hash of the empty list: of a block without ommers. */
export const NO_OMMERS_HASH: Uint8Array = keccak_256(encodeRlp([]));
