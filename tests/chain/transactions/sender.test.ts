/** Signatures: which a fork allows, who made them, and authorizations of EIP-7702. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytesToHex } from '../../../src/base/bytes.ts';
import { authorizationHash } from '../../../src/chain/transactions/hashing.ts';
import {
  checkSignature,
  recoverAuthority,
  recoverSender,
  signAuthorization,
  signTransaction,
} from '../../../src/chain/transactions/sender.ts';
import type { Signature, SignedTransaction } from '../../../src/chain/transactions/types.ts';
import { type Fork, forkRules } from '../../../src/vms/evm/forks.ts';
import { buildTransaction } from './build.ts';

const KEY = new Uint8Array(32).fill(0x46);
const ADDRESS = '0x9d8a62f656a8d1615c1294fd71e9cfb3e4855a4f';
const ORDER = 0xffffffff_ffffffff_ffffffff_fffffffe_baaedce6_af48a03b_bfd25e8c_d0364141n;

const signed = signTransaction(buildTransaction(), KEY);

function withSignature(signature: Partial<Signature>, chainId?: bigint): SignedTransaction {
  return { ...signed, chainId, signature: { ...signed.signature, ...signature } };
}

// biome-ignore format: one row for each border
const SIGNATURES: readonly [Fork, Partial<Signature>, problem: RegExp | undefined][] = [
  ['frontier',  {},                      undefined],
  ['homestead', { r: 0n },               /r is not between/],
  ['frontier',  { r: ORDER },            /r is not between/],
  ['frontier',  { r: ORDER - 1n },       undefined],
  ['frontier',  { s: 0n },               /s is not between/],
  ['frontier',  { s: ORDER },            /s is not between/],
  ['frontier',  { s: ORDER - 1n },       undefined],
  ['homestead', { s: ORDER - 1n },       /EIP-2/],
  ['homestead', { s: ORDER / 2n },       undefined],
  ['homestead', { s: ORDER / 2n + 1n },  /EIP-2/],
];

for (const [index, [fork, signature, problem]] of SIGNATURES.entries()) {
  test(`signature ${index} at ${fork}: ${problem?.source ?? 'allowed'}`, () => {
    const rejection = checkSignature(withSignature(signature), forkRules(fork));
    assert.equal(rejection?.code, problem === undefined ? undefined : 'signature-invalid');
    assert.match(rejection?.message ?? '', problem ?? /^$/);
  });
}

test('a chain id in a legacy signature is of EIP-155', () => {
  const tx = withSignature({}, 1n);
  const early = checkSignature(tx, forkRules('homestead'));
  assert.equal(early?.code, 'signature-invalid');
  assert.equal(checkSignature(tx, forkRules('spuriousDragon')), undefined);
});

test('the negated s with the other parity is of the same sender', () => {
  const { s, yParity } = signed.signature;
  const other = withSignature({ s: ORDER - s, yParity: yParity === 0 ? 1 : 0 }, 1n);
  assert.equal(bytesToHex(recoverSender(signed)!), ADDRESS);
  assert.equal(bytesToHex(recoverSender(other)!), ADDRESS);
});

test('numbers that no key made have no sender', () => {
  // 5 is the x of no point: 5^3 + 7 is no square.
  assert.equal(recoverSender(withSignature({ r: 5n })), undefined);
  assert.equal(recoverSender(withSignature({ r: 0n })), undefined);
  assert.equal(recoverSender(withSignature({ s: ORDER })), undefined);
});

const CONSENT = { chainId: 0n, address: new Uint8Array(20).fill(0x11), nonce: 2n };
const authorization = signAuthorization(CONSENT, KEY);

test('the authority of an authorization is whose key signed it', () => {
  assert.equal(bytesToHex(recoverAuthority(authorization)!), ADDRESS);
  const changed = recoverAuthority({ ...authorization, nonce: 3n });
  assert.notEqual(bytesToHex(changed ?? new Uint8Array(20)), ADDRESS);
});

test('what is signed begins with the magic byte', () => {
  const seen: string[] = [];
  authorizationHash(CONSENT, (bytes) => {
    seen.push(bytesToHex(bytes));
    return bytes;
  });
  assert.deepEqual(seen, [`0x05d78094${'11'.repeat(20)}02`]);
});

test('void signatures of an authorization have no authority', () => {
  const { s, yParity } = authorization;
  const high = { ...authorization, s: ORDER - s, yParity: 1n - yParity };
  assert.equal(recoverAuthority(high), undefined);
  assert.equal(recoverAuthority({ ...authorization, yParity: 2n }), undefined);
  assert.equal(recoverAuthority({ ...authorization, r: 0n }), undefined);
  assert.equal(recoverAuthority({ ...authorization, s: 0n }), undefined);
  assert.equal(recoverAuthority({ ...authorization, r: (1n << 256n) - 1n }), undefined);
});
