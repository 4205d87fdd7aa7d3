/**
 * One differential case of transactions: a fork, a block, accounts, and a chain of transactions
 * that run one after another. Equal cases run equally, and both sides get the signed bytes.
 *
 * The same shape is kept as JSON in `tests/regressions/`.
 */
import { Address, Secp256k1 } from 'ox';
import { encodeTransaction } from '../../src/chain/transactions/codec.ts';
import { signAuthorization, signTransaction } from '../../src/chain/transactions/sender.ts';
import type {
  Authorization,
  Transaction,
  TransactionType,
} from '../../src/chain/transactions/types.ts';
import type { Hex } from '../../src/chain/types.ts';
import { type Fork, parseFork } from '../../src/vms/evm/forks.ts';
import { bytesToHexText, type CaseAccount, hexTextToBytes } from './case.ts';

/** What a transaction can learn of its block; the hash of each ancestor follows from its number. */
export interface TransactionBlock {
  number: bigint;
  timestamp: bigint;
  gasLimit: bigint;
  coinbase: Hex;
  prevRandao: bigint;
  baseFee: bigint;
  blobBaseFee: bigint;
}

/** Ways to make a good signature of an authorization void, or another's. */
export type Spoil = 'high-s' | 'parity-2' | 'parity-flipped' | 'no-r' | 'big-r' | 'no-s';

export interface CaseAuthorization {
  /** Index of the key that signs. */
  signer: number;
  chainId: bigint;
  address: Hex;
  nonce: bigint;
  spoil?: Spoil;
}

export interface CaseTransaction {
  /** Index of the key that signs. */
  signer: number;
  type: TransactionType;
  chainId?: bigint;
  nonce: bigint;
  gasLimit: bigint;
  maxFeePerGas: bigint;
  maxPriorityFeePerGas: bigint;
  /** None: a creation. */
  to?: Hex;
  value: bigint;
  data: Uint8Array;
  accessList: readonly { address: Hex; slots: readonly bigint[] }[];
  maxFeePerBlobGas: bigint;
  blobHashes: readonly Hex[];
  authorizations: readonly CaseAuthorization[];
}

export interface TransactionCase {
  fork: Fork;
  block: TransactionBlock;
  /** Accounts before the first transaction; an empty one exists. */
  accounts: CaseAccount[];
  transactions: CaseTransaction[];
}

/** Private keys of whom signs. */
export const KEYS: readonly Uint8Array[] = [0x11, 0x22, 0x33, 0x44].map((byte) =>
  new Uint8Array(32).fill(byte),
);

/** Addresses of the keys, by another library than the one under test. */
export const SIGNERS: readonly Hex[] = KEYS.map((privateKey) =>
  Address.fromPublicKey(Secp256k1.getPublicKey({ privateKey })).toLowerCase(),
) as Hex[];

/** The hash of an ancestor, the same on both sides. */
export function ancestorHash(number: bigint): Uint8Array {
  const hash = new Uint8Array(32).fill(0xb1);
  hash[31] = Number(number & 0xffn);
  return hash;
}

const ORDER = 0xffffffff_ffffffff_ffffffff_fffffffe_baaedce6_af48a03b_bfd25e8c_d0364141n;

const SPOILS: Readonly<Record<Spoil, (auth: Authorization) => Authorization>> = {
  'high-s': (auth) => ({ ...auth, s: ORDER - auth.s, yParity: 1n - auth.yParity }),
  'parity-2': (auth) => ({ ...auth, yParity: 2n }),
  'parity-flipped': (auth) => ({ ...auth, yParity: 1n - auth.yParity }),
  'no-r': (auth) => ({ ...auth, r: 0n }),
  'big-r': (auth) => ({ ...auth, r: (1n << 256n) - 1n }),
  'no-s': (auth) => ({ ...auth, s: 0n }),
};

export const SPOIL_NAMES = Object.keys(SPOILS) as Spoil[];

function keyOf(signer: number): Uint8Array {
  const key = KEYS[signer];
  if (key === undefined) throw new Error(`BUG: no key ${signer}`);
  return key;
}

function toAuthorization({ signer, chainId, address, nonce, spoil }: CaseAuthorization) {
  const fields = { chainId, address: hexTextToBytes(address), nonce };
  const signed = signAuthorization(fields, keyOf(signer));
  return spoil === undefined ? signed : SPOILS[spoil](signed);
}

function toTransaction(tx: CaseTransaction): Transaction {
  const { signer: _signer, chainId, to, accessList, blobHashes, authorizations, ...rest } = tx;
  return {
    ...rest,
    chainId,
    to: to === undefined ? undefined : hexTextToBytes(to),
    accessList: accessList.map(({ address, slots }) => ({
      address: hexTextToBytes(address),
      slots,
    })),
    blobHashes: blobHashes.map(hexTextToBytes),
    authorizations: authorizations.map(toAuthorization),
  };
}

/** The signed bytes of a transaction, which is all that either side gets of it. */
export function transactionBytes(tx: CaseTransaction): Uint8Array {
  return encodeTransaction(signTransaction(toTransaction(tx), keyOf(tx.signer)));
}

/** A case as JSON: integers and bytes are `0x` texts, the signer and the type are numbers. */
export function transactionCaseToJson(value: TransactionCase): unknown {
  return JSON.parse(
    JSON.stringify(value, (_, field: unknown) => {
      if (typeof field === 'bigint') return `0x${field.toString(16)}`;
      return field instanceof Uint8Array ? bytesToHexText(field) : field;
    }),
  );
}

/** The same shape with texts for integers and bytes. */
type Json<T> = T extends bigint | Uint8Array
  ? string
  : T extends readonly (infer Item)[]
    ? Json<Item>[]
    : T extends object
      ? { [K in keyof T]: Json<T[K]> }
      : T;

export function jsonToTransactionCase(json: unknown): TransactionCase {
  const { fork: name, block, accounts, transactions } = json as Json<TransactionCase>;
  const fork = parseFork(name);
  if (fork === undefined) throw new Error(`the fork ${name} is not known`);
  return {
    fork,
    block: {
      number: BigInt(block.number),
      timestamp: BigInt(block.timestamp),
      gasLimit: BigInt(block.gasLimit),
      coinbase: block.coinbase as Hex,
      prevRandao: BigInt(block.prevRandao),
      baseFee: BigInt(block.baseFee),
      blobBaseFee: BigInt(block.blobBaseFee),
    },
    accounts: accounts.map(({ address, balance, nonce, code, storage }) => ({
      address: address as Hex,
      balance: BigInt(balance),
      nonce: BigInt(nonce),
      code: hexTextToBytes(code),
      storage: storage.map(([slot, word]) => [BigInt(slot ?? 0), BigInt(word ?? 0)] as const),
    })),
    transactions: transactions.map(readTransaction),
  };
}

function readTransaction(tx: Json<CaseTransaction>): CaseTransaction {
  return {
    signer: tx.signer,
    type: tx.type,
    ...(tx.chainId === undefined ? {} : { chainId: BigInt(tx.chainId) }),
    nonce: BigInt(tx.nonce),
    gasLimit: BigInt(tx.gasLimit),
    maxFeePerGas: BigInt(tx.maxFeePerGas),
    maxPriorityFeePerGas: BigInt(tx.maxPriorityFeePerGas),
    ...(tx.to === undefined ? {} : { to: tx.to as Hex }),
    value: BigInt(tx.value),
    data: hexTextToBytes(tx.data),
    accessList: tx.accessList.map(({ address, slots }) => ({
      address: address as Hex,
      slots: slots.map((slot) => BigInt(slot)),
    })),
    maxFeePerBlobGas: BigInt(tx.maxFeePerBlobGas),
    blobHashes: tx.blobHashes as Hex[],
    authorizations: tx.authorizations.map(({ signer, chainId, address, nonce, spoil }) => ({
      signer,
      chainId: BigInt(chainId),
      address: address as Hex,
      nonce: BigInt(nonce),
      ...(spoil === undefined ? {} : { spoil: spoil as Spoil }),
    })),
  };
}

/** Bytes of code and data, with accounts, slots, transactions and their lists counted too. */
export function transactionCaseSize({ accounts, transactions }: TransactionCase): number {
  const world = accounts.reduce(
    (size, { code, storage }) => size + 1 + code.length + storage.length,
    0,
  );
  return transactions.reduce((size, { data, accessList, authorizations, blobHashes }) => {
    const slots = accessList.reduce((sum, { slots: keys }) => sum + 1 + keys.length, 0);
    return size + 10 + data.length + slots + authorizations.length + blobHashes.length;
  }, world);
}
