/**
 * Proofs of blobs: polynomials whose commitments and proofs are known without the setup's secret,
 * the official vectors, and blob transactions of the node.
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { constants, zstdDecompressSync } from 'node:zlib';
import { bls12_381 } from '@noble/curves/bls12-381.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, concatBytes, hexToBytes } from '../../src/base/bytes.ts';
import { encodeRlp, type RlpItem } from '../../src/base/rlp.ts';
import { bigintToBytes32 } from '../../src/base/u256.ts';
import { verifyBlobProof, verifyCellProofs } from '../../src/chain/transactions/blob-proofs.ts';
import { createTestNode } from '../node/support.ts';
import { findCorpora, NO_CORPORA } from '../support/corpora.ts';

const INFINITY = Uint8Array.of(0xc0, ...new Uint8Array(47));
const CELLS = 128;

const repeat = (proof: Uint8Array, count = CELLS): Uint8Array[] => Array(count).fill(proof);

/** The blob of a constant, whose quotients are all zero, and its commitment. */
function constant(value: bigint): { blob: Uint8Array; commitment: Uint8Array } {
  const word = bigintToBytes32(value, 'a value');
  const commitment = bls12_381.G1.Point.BASE.multiply(value).toBytes(true);
  return { blob: concatBytes(...Array(4096).fill(word)), commitment };
}

test('a constant has the proof at infinity, and no other', () => {
  const { blob, commitment } = constant(5n);
  const other = constant(6n).commitment;
  const generator = bls12_381.G1.Point.BASE.toBytes(true);
  assert.equal(verifyBlobProof(blob, commitment, INFINITY), true);
  assert.equal(verifyBlobProof(blob, other, INFINITY), false);
  assert.equal(verifyBlobProof(blob, commitment, generator), false);
  assert.equal(verifyCellProofs([blob], [commitment], repeat(INFINITY)), true);
  assert.equal(verifyCellProofs([blob], [other], repeat(INFINITY)), false);
  const oneWrong = repeat(INFINITY).with(77, generator);
  assert.equal(verifyCellProofs([blob], [commitment], oneWrong), false);
});

test('several blobs are told apart; what is no point or no value holds nothing', () => {
  const [a, b] = [constant(3n), constant(1n << 200n)];
  const blobs = [a.blob, b.blob];
  const proofs = repeat(INFINITY, 2 * CELLS);
  assert.equal(verifyCellProofs(blobs, [a.commitment, b.commitment], proofs), true);
  assert.equal(verifyCellProofs(blobs, [b.commitment, a.commitment], proofs), false);
  assert.equal(verifyCellProofs(blobs, [a.commitment, b.commitment], proofs.slice(1)), false);
  const nothing = new Uint8Array(48).fill(0xff);
  assert.equal(verifyCellProofs([a.blob], [a.commitment], repeat(nothing)), false);
  const large = a.blob.slice().fill(0xff, 0, 32);
  assert.equal(verifyCellProofs([large], [a.commitment], repeat(INFINITY)), false);
  assert.equal(verifyBlobProof(large, a.commitment, INFINITY), false);
});

/** Files of the official cases whose paths begin so. */
function* officialCases(folders: readonly string[]): Generator<[path: string, text: string]> {
  const file = join(findCorpora() ?? '', 'evm-vectors/kzg/c-kzg-4844-tests.tar.zst');
  const params = { [constants.ZSTD_d_windowLogMax]: 27 };
  const tar = zstdDecompressSync(readFileSync(file), { params });
  for (let at = 0; at < tar.length; ) {
    const field = (from: number, size: number) =>
      tar.toString('latin1', at + from, at + from + size).replace(/\0.*$/s, '');
    const size = Number.parseInt(field(124, 12) || '0', 8);
    const path = `${field(345, 155)}${field(345, 155) === '' ? '' : '/'}${field(0, 100)}`;
    const start = at + 512;
    at = start + Math.ceil(size / 512) * 512;
    if (!folders.some((each) => path.includes(`/${each}/`))) continue;
    // Folders are empty, and long names are entries of their own.
    const text = tar.toString('utf8', start, start + size);
    if (text.startsWith('input:')) yield [path, text];
  }
}

const vectors = findCorpora() === undefined ? NO_CORPORA : false;

test('the official cases', { skip: vectors }, () => {
  const counts = { blobs: 0, cells: 0 };
  const commitments = new Map<string, string>();
  const cells: { blob: string; proofs: string[] }[] = [];
  const folders = [
    'blob_to_kzg_commitment',
    'verify_blob_kzg_proof',
    'compute_cells_and_kzg_proofs',
  ];
  for (const [path, text] of officialCases(folders)) {
    const field = (key: string) => new RegExp(`${key}: '?(0x[0-9a-f]*)`).exec(text)?.[1] ?? '';
    const output = text.slice(text.indexOf('output:'));
    if (path.includes('/verify_blob_kzg_proof/')) {
      const parts = ['blob', 'commitment', 'proof'].map((key) => hexToBytes(field(key)));
      const [blob, commitment, proof] = parts as [Uint8Array, Uint8Array, Uint8Array];
      const expected = output.includes('true');
      assert.equal(verifyBlobProof(blob, commitment, proof), expected, path);
      counts.blobs++;
    } else if (path.includes('/blob_to_kzg_commitment/')) {
      commitments.set(field('blob'), field('output'));
    } else if (!output.includes('null')) {
      const proofs = (output.match(/0x[0-9a-f]+/g) ?? []).filter((each) => each.length === 98);
      cells.push({ blob: field('blob'), proofs });
    }
  }
  for (const { blob, proofs } of cells.slice(0, 4)) {
    const commitment = hexToBytes(commitments.get(blob) as string);
    const points = proofs.map((each) => hexToBytes(each));
    assert.equal(points.length, CELLS);
    assert.equal(verifyCellProofs([hexToBytes(blob)], [commitment], points), true);
    const isConstant = new Set(proofs).size === 1;
    const swapped = [points[1] as Uint8Array, points[0] as Uint8Array, ...points.slice(2)];
    assert.equal(verifyCellProofs([hexToBytes(blob)], [commitment], swapped), isConstant);
    counts.cells++;
  }
  assert.deepEqual(counts, { blobs: 29, cells: 4 });
});

test('the node takes a blob transaction with proofs that hold, of either form', async () => {
  const { blob, commitment } = constant(9n);
  const hash = sha256(commitment);
  hash[0] = 1;
  for (const [version, proofs, wrong] of [
    [[], [INFINITY], [commitment]],
    [[Uint8Array.of(1)], repeat(INFINITY), repeat(INFINITY).with(3, commitment)],
  ] as [Uint8Array[], Uint8Array[], Uint8Array[]][]) {
    const { rpc, fail, accounts } = createTestNode();
    const request = {
      from: accounts[0],
      to: accounts[1],
      gas: '0x5208',
      maxFeePerGas: '0x77359400',
      maxPriorityFeePerGas: '0x1',
      maxFeePerBlobGas: '0x77359400',
      blobVersionedHashes: [bytesToHex(hash)],
    };
    const signed = await rpc('eth_signTransaction', request);
    const encoded = hexToBytes(signed.raw ?? signed);
    const { decodeRlp } = await import('../../src/base/rlp.ts');
    const body: RlpItem = decodeRlp(encoded.subarray(1));
    const wrap = (list: readonly Uint8Array[]) =>
      bytesToHex(
        concatBytes(
          Uint8Array.of(3),
          encodeRlp([body, ...version, [blob], [commitment], [...list]]),
        ),
      );
    assert.match((await fail('eth_sendRawTransaction', wrap(wrong))).message, /does not hold$/);
    const few = (await fail('eth_sendRawTransaction', wrap(proofs.slice(1)))).message;
    assert.match(few, /^invalid number of blob proofs: expected \d+$/);
    const sent = await rpc('eth_sendRawTransaction', wrap(proofs));
    assert.equal((await rpc('eth_getTransactionReceipt', sent)).status, '0x1');
    assert.equal(await rpc('anvil_getBlobByHash', bytesToHex(hash)), bytesToHex(blob));
  }
});

test('the setup is the one of the ceremony', { skip: vectors }, async () => {
  const { gunzipSync } = await import('node:zlib');
  const file = join(findCorpora() ?? '', 'evm-vectors/kzg/trusted_setup.txt.gz');
  assert.ok(existsSync(file));
  const lines = gunzipSync(readFileSync(file)).toString().split('\n');
  const setup = await import('../../src/chain/transactions/kzg-setup.ts');
  // Two counts, 4096 points of G1 by values, 65 powers in G2, then the powers in G1.
  const powers = Buffer.from(setup.G1_POWERS, 'base64').toString('hex');
  assert.equal(powers, lines.slice(4163, 4227).join(''));
  const { x, y } = bls12_381.G2.Point.fromHex(lines[4162] as string).toAffine();
  const numbers = [x.c0, x.c1, y.c0, y.c1].map((each) => each.toString(16).padStart(128, '0'));
  assert.equal(Buffer.from(setup.G2_POWER_64, 'base64').toString('hex'), numbers.join(''));
});
