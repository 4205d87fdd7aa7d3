/** JSON as bytes against the texts of the platform. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytesToHex } from '../../src/base/bytes.ts';
import { JsonBytes } from '../../src/node/rpc/json-bytes.ts';
import { toQuantity } from '../../src/node/rpc/types.ts';
import { createPrng } from '../support/prng.ts';

const toText = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

test('numbers, quantities and bytes are written as JSON has them', () => {
  const prng = createPrng(8);
  const out = new JsonBytes();
  const expected: string[] = [];
  const pieces: Uint8Array[] = [];
  const edges = [0, 1, 9, 10, 15, 16, 99, 100, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 53, 2 ** 64];
  for (let round = 0; round < 20_000; round++) {
    const bits = prng.below(257);
    const word = round < edges.length ? BigInt(edges[round] as number) : prng.bigint(bits);
    const number = Number(BigInt.asUintN(64, word));
    const bytes = prng.bytes(prng.below(70));
    expected.push(JSON.stringify([number, toQuantity(word), bytesToHex(bytes)]));
    out.text('[');
    out.number(number);
    out.text(',');
    out.quantity(word);
    out.text(',');
    out.data(bytes);
    out.text(']');
    if (out.isFull) pieces.push(out.take());
  }
  pieces.push(out.take());
  assert.ok(pieces.length > 10);
  assert.equal(pieces.map(toText).join(''), expected.join(''));
});

test('what is cut off is written over, and a piece is not changed by what follows', () => {
  const out = new JsonBytes();
  out.text('abc');
  const { length } = out;
  out.copy(new Uint8Array(300_000));
  out.cut(length);
  out.text('d');
  assert.equal(toText(out.written), 'abcd');
  const piece = out.take();
  out.text('xyz');
  assert.equal(toText(piece), 'abcd');
  assert.equal(out.length, 3);
});
