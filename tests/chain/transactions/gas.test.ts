/** Intrinsic gas and floor by fork, and what is paid in the end. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { intrinsicGas, settleGas } from '../../../src/chain/transactions/gas.ts';
import type { Transaction } from '../../../src/chain/transactions/types.ts';
import { type Fork, forkRules } from '../../../src/vms/evm/forks.ts';
import { costsOf } from '../../../src/vms/evm/gas.ts';
import { AUTHORIZATION, buildTransaction } from './build.ts';

const CREATION = { to: undefined, data: new Uint8Array(33).fill(1) };
const CONSENTS = { authorizations: [AUTHORIZATION, AUTHORIZATION] };
const LIST = [
  { address: new Uint8Array(20), slots: [1n, 2n] },
  { address: new Uint8Array(20), slots: [1n] },
];

const AMOUNTS: readonly [Fork, Partial<Transaction>, intrinsic: bigint, floor: bigint][] = [
  ['frontier', { data: new Uint8Array(0) }, 21000n, 0n],
  ['frontier', {}, 21000n + 2n * 68n + 4n, 0n],
  ['istanbul', {}, 21000n + 2n * 16n + 4n, 0n],
  ['frontier', CREATION, 21000n + 33n * 68n, 0n],
  ['homestead', CREATION, 53000n + 33n * 68n, 0n],
  ['shanghai', CREATION, 53000n + 33n * 16n + 2n * 2n, 0n],
  ['berlin', { accessList: LIST }, 21036n + 2n * 2400n + 3n * 1900n, 0n],
  ['prague', CONSENTS, 21036n + 50000n, 21090n],
  ['prague', CREATION, 53000n + 33n * 16n + 4n, 21000n + 33n * 40n],
  ['osaka', { data: new Uint8Array(0) }, 21000n, 21000n],
];

for (const [fork, fields, intrinsic, floor] of AMOUNTS) {
  test(`${Object.keys(fields).join(', ') || 'three bytes'} at ${fork}: ${intrinsic}`, () => {
    const gas = intrinsicGas(buildTransaction(fields), costsOf(fork), forkRules(fork));
    assert.deepEqual(gas, { intrinsic, floor });
  });
}

test('refunds are capped: at the half, and from London at the fifth', () => {
  const settled = (fork: Fork, refund: bigint) => settleGas(100n, refund, 0n, costsOf(fork));
  assert.deepEqual(settled('berlin', 50n), { used: 50n, refund: 50n });
  assert.deepEqual(settled('berlin', 51n), { used: 50n, refund: 50n });
  assert.deepEqual(settled('london', 20n), { used: 80n, refund: 20n });
  assert.deepEqual(settled('london', 21n), { used: 80n, refund: 20n });
});

test('the floor holds after the refund', () => {
  assert.deepEqual(settleGas(100n, 20n, 90n, costsOf('prague')), { used: 90n, refund: 20n });
  assert.deepEqual(settleGas(100n, 20n, 80n, costsOf('prague')), { used: 80n, refund: 20n });
});
