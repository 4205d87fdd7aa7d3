/** The transactions of ethers: what is signed, signed bytes, and the one sender of all forms. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { bytesToHex, hexToBytes } from '../../../src/base/bytes.ts';
import {
  decodeTransaction,
  encodeForSigning,
  encodeTransaction,
} from '../../../src/chain/transactions/codec.ts';
import { recoverSender, signTransaction } from '../../../src/chain/transactions/sender.ts';
import type {
  SignedTransaction,
  Transaction,
  TransactionType,
} from '../../../src/chain/transactions/types.ts';
import { findCorpora, NO_CORPORA } from '../../support/corpora.ts';
import { buildTransaction } from './build.ts';

interface Fields {
  to?: string | null;
  nonce?: number;
  gasLimit?: string;
  gasPrice?: string;
  maxFeePerGas?: string;
  maxPriorityFeePerGas?: string;
  data?: string;
  value?: string;
  accessList?: { address: string; storageKeys: string[] }[];
  chainId?: string;
  maxFeePerBlobGas?: string;
  blobVersionedHashes?: string[];
}

type FormName = 'Legacy' | 'Eip155' | 'Berlin' | 'London' | 'Cancun';

type Vector = {
  readonly [K in `${'unsigned' | 'signed'}${FormName}`]?: string;
} & { readonly name: string; readonly transaction: Fields; readonly privateKey: string };

interface Form {
  readonly name: FormName;
  readonly type: TransactionType;
  readonly hasChainId: boolean;
}

const FORMS: readonly Form[] = [
  { name: 'Legacy', type: 0, hasChainId: false },
  { name: 'Eip155', type: 0, hasChainId: true },
  { name: 'Berlin', type: 1, hasChainId: true },
  { name: 'London', type: 2, hasChainId: true },
  { name: 'Cancun', type: 3, hasChainId: true },
];

/** Signing takes most of the time, so only some are signed; every one is decoded. */
const SIGN_EVERY = 40;

function readVectors(file: string): Vector[] | undefined {
  const path = join(findCorpora() ?? '', 'evm-vectors/ethers', file);
  if (findCorpora() === undefined || !existsSync(path)) return undefined;
  return JSON.parse(gunzipSync(readFileSync(path)).toString('utf8')) as Vector[];
}

/** The vectors write zero as nothing, as `0x` and as `0x0`. */
function numberOf(text: string | number | undefined): bigint {
  return text === undefined || text === '' || text === '0x' ? 0n : BigInt(text);
}

function transactionOf(
  fields: Fields,
  { type, hasChainId }: Form,
  chainIdDefault: bigint,
): Transaction {
  const chainId = fields.chainId === undefined ? chainIdDefault : numberOf(fields.chainId);
  const price = numberOf(fields.gasPrice);
  const hasList = type >= 1;
  const isBlob = type === 3;
  return buildTransaction({
    type,
    chainId: hasChainId ? chainId : undefined,
    nonce: numberOf(fields.nonce),
    gasLimit: numberOf(fields.gasLimit),
    maxFeePerGas: type >= 2 ? numberOf(fields.maxFeePerGas) : price,
    maxPriorityFeePerGas: type >= 2 ? numberOf(fields.maxPriorityFeePerGas) : price,
    to: fields.to ? hexToBytes(fields.to) : undefined,
    value: numberOf(fields.value),
    data: hexToBytes(fields.data ?? '0x'),
    accessList: hasList ? (fields.accessList ?? []).map(accessOf) : [],
    maxFeePerBlobGas: isBlob ? numberOf(fields.maxFeePerBlobGas) : 0n,
    blobHashes: isBlob ? (fields.blobVersionedHashes ?? []).map((hash) => hexToBytes(hash)) : [],
  });
}

function accessOf(entry: { address: string; storageKeys: string[] }) {
  return { address: hexToBytes(entry.address), slots: entry.storageKeys.map(BigInt) };
}

/** The forms that the vector has: one that cannot hold the transaction is empty. */
function formsOf(vector: Vector): Form[] {
  // For chain 0 the older file has a zero byte, which is not the canonical form of a number.
  const isOnChain = numberOf(vector.transaction.chainId) !== 0n;
  return FORMS.filter(({ name }) => vector[`signed${name}`] && (isOnChain || name !== 'Eip155'));
}

function withoutSignature({ signature: _signature, ...tx }: SignedTransaction): Transaction {
  return tx;
}

function checkVector(vector: Vector, form: Form, chainIdDefault: bigint, isSigned: boolean): void {
  const unsigned = vector[`unsigned${form.name}`];
  const signed = vector[`signed${form.name}`];
  assert.ok(unsigned !== undefined && signed !== undefined);
  const tx = transactionOf(vector.transaction, form, chainIdDefault);
  assert.equal(bytesToHex(encodeForSigning(tx)), unsigned);
  const decoded = decodeTransaction(hexToBytes(signed));
  assert.deepEqual(withoutSignature(decoded), tx);
  assert.equal(bytesToHex(encodeTransaction(decoded)), signed);
  if (!isSigned) return;
  const own = signTransaction(tx, hexToBytes(vector.privateKey));
  assert.equal(bytesToHex(encodeTransaction(own)), signed);
}

/** Each file with the chain id of typed transactions that have none. */
const FILES = [
  ['transactions.json.gz', 0n],
  ['transaction.json.gz', 1n],
] as const;

for (const [file, chainIdDefault] of FILES) {
  const vectors = readVectors(file);
  test(`ethers ${file}`, { skip: vectors === undefined && NO_CORPORA }, () => {
    assert.ok(vectors !== undefined && vectors.length > 0);
    for (const [index, vector] of vectors.entries()) {
      const isSigned = index % SIGN_EVERY === 0;
      const forms = formsOf(vector);
      for (const form of forms) checkVector(vector, form, chainIdDefault, isSigned);
      if (isSigned) assert.equal(new Set(forms.map((form) => senderOf(vector, form))).size, 1);
    }
  });
}

function senderOf(vector: Vector, { name }: Form): string {
  const sender = recoverSender(decodeTransaction(hexToBytes(vector[`signed${name}`] ?? '')));
  assert.ok(sender !== undefined, vector.name);
  return bytesToHex(sender);
}
