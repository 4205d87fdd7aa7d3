/** Transactions to bytes and back, what is signed, and what the decoder refuses. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { bytesToHex, concatBytes, hexToBytes } from '../../../src/base/bytes.ts';
import { LockstepError } from '../../../src/base/errors.ts';
import { decodeRlp, encodeRlp, type RlpItem, rlpOfBigint } from '../../../src/base/rlp.ts';
import {
  decodeTransaction,
  encodeForSigning,
  encodeTransaction,
  signedPart,
  transactionOfRlp,
  transactionToRlp,
} from '../../../src/chain/transactions/codec.ts';
import { signingHash, transactionHash } from '../../../src/chain/transactions/hashing.ts';
import { recoverSender, signTransaction } from '../../../src/chain/transactions/sender.ts';
import type { SignedTransaction } from '../../../src/chain/transactions/types.ts';
import { AUTHORIZATION, BLOB_HASH, buildTransaction, EXAMPLES } from './build.ts';

const KEY = new Uint8Array(32).fill(0x46);
const EMPTY = new Uint8Array(0);

for (const [name, tx] of Object.entries(EXAMPLES)) {
  test(`${name}: decodes to what was encoded, alone and in a block's body`, () => {
    const signed = signTransaction(tx, KEY);
    const bytes = encodeTransaction(signed);
    assert.deepEqual(decodeTransaction(bytes), signed);
    const item = transactionToRlp(signed);
    assert.equal(item instanceof Uint8Array, tx.type !== 0);
    assert.deepEqual(transactionOfRlp(decodeRlp(encodeRlp(item))), signed);
    assert.equal(bytesToHex(recoverSender(signed) ?? EMPTY), SENDER);
    const isBehind = tx.type !== 0;
    assert.deepEqual(signedPart(bytes), isBehind ? encodeForSigning(tx) : undefined);
    assert.equal(bytesToHex(recoverSender(signed, keccak_256, bytes) ?? EMPTY), SENDER);
  });
}

const SENDER = '0x9d8a62f656a8d1615c1294fd71e9cfb3e4855a4f';

test('the example of EIP-155', () => {
  const tx = buildTransaction({
    nonce: 9n,
    maxFeePerGas: 20_000_000_000n,
    maxPriorityFeePerGas: 20_000_000_000n,
    gasLimit: 21000n,
    value: 10n ** 18n,
    data: EMPTY,
  });
  assert.equal(
    bytesToHex(encodeForSigning(tx)),
    '0xec098504a817c800825208943535353535353535353535353535353535353535880de0b6b3a764000080018080',
  );
  assert.equal(
    bytesToHex(signingHash(tx)),
    '0xdaf5a779ae972f972197303d7b574746c7ef83eadac0f2791ad23db92e4c8e53',
  );
  const signed = signTransaction(tx, KEY);
  assert.equal(
    bytesToHex(encodeTransaction(signed)),
    '0xf86c098504a817c800825208943535353535353535353535353535353535353535880de0b6b3a76400008025' +
      'a028ef61340bd939bc2195fe537567866003e1a15d3c71ff63e1590620aa636276' +
      'a067cbe9d8997f761aecb703304b3800ccf555c9f3dc64214b297fb1966a3b6d83',
  );
});

test('a given hash function is used for every hash', () => {
  const tx = signTransaction(buildTransaction(), KEY);
  const seen: number[] = [];
  const hash = transactionHash(tx, (bytes) => {
    seen.push(bytes.length);
    return new Uint8Array(32);
  });
  assert.deepEqual(hash, new Uint8Array(32));
  assert.deepEqual(seen, [encodeTransaction(tx).length]);
});

test('values that have no encoding are refused before they are hashed', () => {
  const cases: readonly [Parameters<typeof buildTransaction>[0], string][] = [
    [
      { nonce: 1n << 64n },
      'the nonce is 18446744073709551616, which does not fit 64 unsigned bits',
    ],
    [{ to: new Uint8Array(19) }, 'the recipient has 19 bytes where 20 are expected'],
    [{ type: 1, chainId: undefined }, 'the chain id is missing'],
    [
      { type: 3, blobHashes: [new Uint8Array(31)] },
      'a blob hash has 31 bytes where 32 are expected',
    ],
  ];
  for (const [fields, message] of cases) {
    assert.throws(() => signingHash(buildTransaction(fields)), { name: 'LockstepError', message });
  }
});

/** Fields of a legacy transaction, signed without a chain id. */
const LEGACY: readonly RlpItem[] = [
  [7n, 50n, 100_000n],
  [EMPTY, 1000n, Uint8Array.of(1)],
  [27n, 5n, 6n],
].flatMap((group) => group.map((each) => (typeof each === 'bigint' ? rlpOfBigint(each) : each)));

function legacyWith(index: number, item: RlpItem): Uint8Array {
  return encodeRlp(LEGACY.with(index, item));
}

/** A valid transaction whose item at the index is another. */
function typedWith(type: 1 | 2 | 3 | 4, index: number, item: RlpItem): Uint8Array {
  const example = Object.values(EXAMPLES).find((each) => each.type === type);
  const signed: SignedTransaction = {
    ...buildTransaction(example),
    signature: { r: 5n, s: 6n, yParity: 1 },
  };
  const items = signedItems(signed);
  return concatBytes(Uint8Array.of(type), encodeRlp(items.with(index, item)));
}

function signedItems(tx: SignedTransaction): RlpItem[] {
  const fees = tx.type === 1 ? [50n] : [2n, 50n];
  const access: RlpItem = tx.accessList.map(({ address, slots }) => [
    address,
    slots.map((slot) => hexToBytes(slot.toString(16).padStart(64, '0'))),
  ]);
  const authorization = [
    rlpOfBigint(AUTHORIZATION.chainId),
    AUTHORIZATION.address,
    ...[3n, 1n, 12n, 34n].map(rlpOfBigint),
  ];
  const extra = tx.type === 3 ? [rlpOfBigint(9n), [BLOB_HASH, BLOB_HASH]] : [[authorization]];
  return [
    ...[1n, 7n, ...fees, 100_000n].map(rlpOfBigint),
    ...[tx.to ?? EMPTY, rlpOfBigint(1000n), tx.data, access],
    ...(tx.type >= 3 ? extra : []),
    ...[1n, 5n, 6n].map(rlpOfBigint),
  ];
}

test('items written by hand decode as the codec encodes them', () => {
  for (const type of [1, 2, 3, 4] as const) {
    const bytes = typedWith(type, 0, Uint8Array.of(1));
    assert.equal(bytesToHex(encodeTransaction(decodeTransaction(bytes))), bytesToHex(bytes));
  }
});

const LONG = new Uint8Array(33).fill(1);
const REFUSED: readonly [name: string, bytes: Uint8Array, code: string, message: RegExp][] = [
  ['no bytes', EMPTY, 'L1311', /no transaction: there are none/],
  ['type 0', Uint8Array.of(0, 0xc0), 'L1311', /begin with 0x00/],
  ['type 5', Uint8Array.of(5, 0xc0), 'L1311', /begin with 0x05/],
  ['a string', Uint8Array.of(0x81, 0x80), 'L1311', /begin with 0x81/],
  ['a string after the type', Uint8Array.of(2, 0x80), 'L1311', /holds a string/],
  ['bytes behind', concatBytes(encodeRlp(LEGACY), EMPTY, Uint8Array.of(0)), 'L1201', /follow/],
  ['a field too few', encodeRlp(LEGACY.slice(1)), 'L1312', /legacy transaction has 8 fields .* 9/],
  ['a field too many', encodeRlp([...LEGACY, EMPTY]), 'L1312', /has 10 fields/],
  ['an unsigned transaction', encodeForSigning(EXAMPLES['EIP-1559']!), 'L1312', /type 2 has 9 /],
  ['a zero in front', legacyWith(0, Uint8Array.of(0, 7)), 'L1203', /the nonce/],
  ['a zero byte for zero', legacyWith(0, Uint8Array.of(0)), 'L1203', /the nonce/],
  ['a long nonce', legacyWith(0, new Uint8Array(9).fill(1)), 'L1004', /the nonce/],
  ['a long gas price', legacyWith(1, LONG), 'L1004', /the gas price/],
  ['a long gas limit', legacyWith(2, new Uint8Array(9).fill(1)), 'L1004', /the gas limit/],
  ['a short recipient', legacyWith(3, new Uint8Array(19)), 'L1003', /the recipient has 19 bytes/],
  ['a list as recipient', legacyWith(3, []), 'L1202', /the recipient is a list/],
  ['a long value', legacyWith(4, LONG), 'L1004', /the value/],
  ['a list as data', legacyWith(5, [EMPTY]), 'L1202', /the data is a list/],
  ['v of 26', legacyWith(6, Uint8Array.of(26)), 'L1313', /v of the signature is 26, .* 27, 28/],
  ['v of 34', legacyWith(6, Uint8Array.of(34)), 'L1313', /v of the signature is 34/],
  ['a long r', legacyWith(7, LONG), 'L1004', /r of the signature/],
  ['a long s', legacyWith(8, LONG), 'L1004', /s of the signature/],
  ['a long chain id', typedWith(2, 0, LONG), 'L1004', /the chain id/],
  ['an access list that is none', typedWith(1, 7, EMPTY), 'L1313', /the access list is a string/],
  ['an entry that is none', typedWith(1, 7, [EMPTY]), 'L1313', /an entry of the access list/],
  ['an entry of one field', typedWith(1, 7, [[EMPTY]]), 'L1312', /an entry .* has 1 fields .* 2/],
  ['a short access address', typedWith(1, 7, [[LONG, []]]), 'L1003', /an address of the access/],
  [
    'a short slot',
    typedWith(1, 7, [[new Uint8Array(20), [Uint8Array.of(1)]]]),
    'L1003',
    /a slot of the access list has 1 bytes/,
  ],
  ['a parity of 2', typedWith(1, 8, Uint8Array.of(2)), 'L1313', /parity .* is 2, .* 0 nor 1/],
  ['a parity of 27', typedWith(2, 9, Uint8Array.of(27)), 'L1313', /the parity of the signature/],
  ['a long blob hash', typedWith(3, 10, [LONG]), 'L1003', /a blob hash has 33 bytes/],
  ['a blob list that is none', typedWith(3, 10, EMPTY), 'L1313', /the list of blob hashes/],
  ['an authorization of no fields', typedWith(4, 9, [[]]), 'L1312', /an authorization has 0/],
  ['an authorization that is none', typedWith(4, 9, [EMPTY]), 'L1313', /an authorization is a/],
];

for (const [name, bytes, code, message] of REFUSED) {
  test(`refused: ${name}`, () => {
    assert.throws(
      () => decodeTransaction(bytes),
      (error: unknown) => {
        assert.ok(error instanceof LockstepError, String(error));
        assert.match(error.message, message);
        assert.equal(error.code, code);
        return true;
      },
    );
  });
}

const AUTHORIZATION_FIELDS: readonly [index: number, item: Uint8Array, message: RegExp][] = [
  [0, LONG, /an authorization's chain id/],
  [1, EMPTY, /an authorization's address has 0 bytes/],
  [2, new Uint8Array(9).fill(1), /an authorization's nonce/],
  [3, Uint8Array.of(1, 0), /an authorization's parity/],
  [4, LONG, /an authorization's r/],
  [5, LONG, /an authorization's s/],
];

test("refused: an authorization's field out of range", () => {
  const good: RlpItem[] = [1n, 0n, 3n, 1n, 12n, 34n].map(rlpOfBigint);
  const tuple = good.with(1, AUTHORIZATION.address);
  assert.equal(decodeTransaction(typedWith(4, 9, [tuple])).authorizations.length, 1);
  for (const [index, item, message] of AUTHORIZATION_FIELDS) {
    const bytes = typedWith(4, 9, [tuple.with(index, item)]);
    assert.throws(() => decodeTransaction(bytes), { name: 'LockstepError', message });
  }
});

test('a void parity of an authorization is a matter of its execution', () => {
  const tuple: RlpItem[] = [1n, 0n, 3n, 255n, 12n, 34n].map(rlpOfBigint);
  const tx = decodeTransaction(typedWith(4, 9, [tuple.with(1, AUTHORIZATION.address)]));
  assert.equal(tx.authorizations[0]?.yParity, 255n);
});

test('a blob transaction in the form of the network is told from one of a block', () => {
  const inner = signedItems(signTransaction(EXAMPLES['EIP-4844']!, KEY));
  const old = [inner, [EMPTY], [EMPTY], [EMPTY]];
  const withCells = [inner, Uint8Array.of(1), [EMPTY], [EMPTY], [EMPTY]];
  for (const items of [old, withCells]) {
    const bytes = concatBytes(Uint8Array.of(3), encodeRlp(items));
    assert.throws(() => decodeTransaction(bytes), { code: 'L1314', message: /with its blobs/ });
  }
});

test('a legacy transaction in a body is a list, not a string', () => {
  assert.throws(() => transactionOfRlp(encodeRlp(LEGACY)), { code: 'L1311' });
  assert.throws(() => transactionOfRlp(EMPTY), { code: 'L1311' });
});

test('the chain id of a legacy signature is as wide as v allows', () => {
  const chainId = (1n << 200n) + 5n;
  const signed = signTransaction(buildTransaction({ chainId }), KEY);
  assert.equal(decodeTransaction(encodeTransaction(signed)).chainId, chainId);
});
