/** Every rule of validity at its border, and the order of the rules. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  isExpectedEncodingError,
  isExpectedRejection,
  REJECTIONS,
  type RejectionCode,
} from '../../../src/chain/transactions/rejections.ts';
import { checkSignature } from '../../../src/chain/transactions/sender.ts';
import type { Transaction } from '../../../src/chain/transactions/types.ts';
import {
  checkSender,
  checkTransaction,
  highestCost,
  type SenderAccount,
  type ValidityContext,
} from '../../../src/chain/transactions/validate.ts';
import { type Fork, forkRules } from '../../../src/vms/evm/forks.ts';
import { costsOf } from '../../../src/vms/evm/gas.ts';
import { AUTHORIZATION, BLOB_HASH, buildTransaction } from './build.ts';

function contextOf(fork: Fork): ValidityContext {
  const costs = costsOf(fork);
  return {
    rules: forkRules(fork),
    costs,
    chainId: 1n,
    baseFee: 7n,
    blobBaseFee: 3n,
    gas: 30_000_000n,
    blobGas: costs.blobsMax * costs.blobGas,
  };
}

const BLOBS = { type: 3, maxFeePerBlobGas: 3n, maxPriorityFeePerGas: 1n } as const;
const blobs = (count: number): Partial<Transaction> => ({
  ...BLOBS,
  blobHashes: Array.from({ length: count }, () => BLOB_HASH),
});
const CREATION = { to: undefined, gasLimit: 10_000_000n } as const;
const code = (length: number): Partial<Transaction> => ({
  ...CREATION,
  data: new Uint8Array(length).fill(1),
});

/** A transaction that keeps the rule, and the change that breaks it. */
type Row = readonly [
  code: RejectionCode,
  fork: Fork,
  good: Partial<Transaction>,
  bad: Partial<Transaction>,
  message: RegExp,
];

/** Base cost of a transaction with the data of `buildTransaction`: two non-zero bytes, one zero. */
const BASE = 21000n + 2n * 16n + 4n;

const SET_CODE = { type: 4, authorizations: [AUTHORIZATION] } as const;
const OTHER_VERSION = { ...BLOBS, blobHashes: [BLOB_HASH, new Uint8Array(32)] };
const fee = (wei: bigint) => ({ maxFeePerGas: wei, maxPriorityFeePerGas: wei });

const tip = (wei: bigint) => ({ type: 2, maxPriorityFeePerGas: wei }) as const;

const ROWS: readonly Row[] = [
  ['type-not-supported', 'berlin', { type: 1 }, { type: 2 }, /type 2 .* EIP-1559/],
  ['type-not-supported', 'shanghai', { type: 2 }, blobs(1), /type 3 .* EIP-4844/],
  ['type-not-supported', 'istanbul', {}, { type: 1 }, /type 1 .* EIP-2930/],
  ['type-not-supported', 'cancun', blobs(1), SET_CODE, /type 4 .* EIP-7702/],
  [
    'chain-id-mismatch',
    'osaka',
    { chainId: 1n },
    { chainId: 2n },
    /for chain 2, and this is chain 1/,
  ],
  ['chain-id-mismatch', 'osaka', { chainId: undefined }, { chainId: 0n }, /for chain 0/],
  ['intrinsic-gas', 'cancun', { gasLimit: BASE }, { gasLimit: BASE - 1n }, /21035 .* 21036/],
  ['floor-gas', 'prague', { gasLimit: 21090n }, { gasLimit: 21089n }, /21089 .* floor of 21090/],
  [
    'gas-limit-above-cap',
    'osaka',
    { gasLimit: 1n << 24n },
    { gasLimit: (1n << 24n) + 1n },
    /16777217 .* 16777216/,
  ],
  [
    'gas-above-block',
    'prague',
    { gasLimit: 30_000_000n },
    { gasLimit: 30_000_001n },
    /30000000 gas left/,
  ],
  ['nonce-max', 'frontier', { nonce: (1n << 64n) - 2n }, { nonce: (1n << 64n) - 1n }, /2\^64 - 1/],
  ['initcode-too-large', 'shanghai', code(49152), code(49153), /49153 bytes, more than 49152/],
  ['priority-above-max-fee', 'london', tip(50n), tip(51n), /51 wei .* 50 wei/],
  ['fee-below-base-fee', 'london', fee(7n), fee(6n), /6 wei .* 7 wei/],
  [
    'creation-not-allowed',
    'cancun',
    blobs(1),
    { ...blobs(1), ...CREATION },
    /type 3 cannot create/,
  ],
  [
    'creation-not-allowed',
    'prague',
    SET_CODE,
    { ...SET_CODE, ...CREATION },
    /type 4 cannot create/,
  ],
  ['blob-list-empty', 'cancun', blobs(1), blobs(0), /at least one blob/],
  ['blob-version', 'cancun', blobs(1), OTHER_VERSION, /blob hash 1 has version 0/],
  ['blob-gas-above-block', 'cancun', blobs(6), blobs(7), /917504 blob gas, and 786432/],
  ['blob-gas-above-block', 'prague', blobs(9), blobs(10), /1310720 blob gas/],
  ['blob-count-above-max', 'osaka', blobs(6), blobs(7), /7 blobs, more than 6/],
  [
    'blob-fee-below-base-fee',
    'cancun',
    blobs(1),
    { ...blobs(1), maxFeePerBlobGas: 2n },
    /2 wei .* 3 wei/,
  ],
  ['authorization-list-empty', 'prague', SET_CODE, { type: 4 }, /at least one authorization/],
];

for (const [code, fork, good, bad, message] of ROWS) {
  test(`${code} at ${fork}: ${message.source}`, () => {
    const settings = contextOf(fork);
    assert.equal(checkTransaction(buildTransaction(good), settings), undefined);
    const rejection = checkTransaction(buildTransaction(bad), settings);
    assert.equal(rejection?.code, code);
    assert.match(rejection.message, message);
    assert.doesNotMatch(rejection.message, /[{}]/);
  });
}

test('rules of later forks do not bind earlier ones', () => {
  assert.equal(checkTransaction(buildTransaction(fee(0n)), contextOf('berlin')), undefined);
  assert.equal(checkTransaction(buildTransaction(code(60_000)), contextOf('paris')), undefined);
  const large = buildTransaction({ gasLimit: 20_000_000n });
  assert.equal(checkTransaction(large, contextOf('prague')), undefined);
});

const OWNER: SenderAccount = { nonce: 7n, balance: 10n ** 18n, hasCode: false, isDelegated: false };
const COST = 100_000n * 50n + 1000n;

// biome-ignore format: one row for each border
const SENDERS: readonly [code: RejectionCode | undefined, fork: Fork, Partial<SenderAccount>][] = [
  [undefined,            'osaka',    {}],
  ['nonce-too-low',      'osaka',    { nonce: 8n }],
  ['nonce-too-high',     'osaka',    { nonce: 6n }],
  ['sender-has-code',    'frontier', { hasCode: true }],
  ['sender-has-code',    'cancun',   { hasCode: true, isDelegated: true }],
  [undefined,            'prague',   { hasCode: true, isDelegated: true }],
  [undefined,            'osaka',    { balance: COST }],
  ['insufficient-funds', 'osaka',    { balance: COST - 1n }],
  ['nonce-too-low',      'osaka',    { nonce: 8n, hasCode: true, balance: 0n }],
  ['sender-has-code',    'osaka',    { hasCode: true, balance: 0n }],
];

for (const [code, fork, account] of SENDERS) {
  const fields = Object.entries(account).map(([name, value]) => `${name} ${value}`);
  test(`sender at ${fork} with ${fields.join(', ') || 'all it needs'}: ${code ?? 'valid'}`, () => {
    const sender = { ...OWNER, ...account };
    const rejection = checkSender(buildTransaction(), sender, costsOf(fork), forkRules(fork));
    assert.equal(rejection?.code, code);
    assert.doesNotMatch(rejection?.message ?? '', /[{}]/);
  });
}

test('the highest cost counts gas, blobs and value at their highest fees', () => {
  const costs = costsOf('cancun');
  assert.equal(highestCost(buildTransaction(), costs), COST);
  assert.equal(highestCost(buildTransaction(blobs(2)), costs), COST + 2n * 131072n * 3n);
});

test('a cost above 256 bits is more than anyone has', () => {
  const tx = buildTransaction({ maxFeePerGas: (1n << 256n) - 1n });
  const rich = { ...OWNER, balance: (1n << 256n) - 1n };
  const rejection = checkSender(tx, rich, costsOf('osaka'), forkRules('osaka'));
  assert.equal(rejection?.code, 'insufficient-funds');
});

test('every rejection of the table is made by a rule', () => {
  const order = 0xffffffff_ffffffff_ffffffff_fffffffe_baaedce6_af48a03b_bfd25e8c_d0364141n;
  const signed = { ...buildTransaction(), signature: { r: order, s: 1n, yParity: 0 as const } };
  const made = new Set<string | undefined>([
    ...ROWS.map(([code]) => code),
    ...SENDERS.map(([code]) => code),
    checkSignature(signed, forkRules('osaka'))?.code,
  ]);
  const missing = Object.keys(REJECTIONS).filter((code) => !made.has(code));
  assert.deepEqual(missing, []);
});

test('names of official tests, alone and as alternatives', () => {
  const either =
    'TransactionException.INSUFFICIENT_ACCOUNT_FUNDS|TransactionException.INTRINSIC_GAS_TOO_LOW';
  assert.ok(isExpectedRejection('insufficient-funds', either));
  assert.ok(isExpectedRejection('intrinsic-gas', either));
  assert.ok(!isExpectedRejection('nonce-max', either));
  assert.ok(isExpectedRejection('nonce-max', 'TR_NonceHasMaxValue'));
  assert.ok(isExpectedEncodingError('TransactionException.RLP_LEADING_ZEROS_NONCE'));
  assert.ok(isExpectedEncodingError('TR_RLP_WRONGVALUE'));
  assert.ok(!isExpectedEncodingError('TransactionException.NONCE_IS_MAX'));
});
