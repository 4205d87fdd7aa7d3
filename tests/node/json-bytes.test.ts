/** JSON as bytes against the texts of the platform. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytesToHex } from '../../src/base/bytes.ts';
import { StructRecord } from '../../src/node/execution/struct-record.ts';
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

test('a struct trace is written as its value is, whatever its instructions cost', () => {
  const record = new StructRecord();
  // Costs of more than 2^44 with a depth are beyond what one number tells apart.
  for (const cost of [3, 2 ** 44, 2 ** 53 - 1]) {
    for (const depth of [1, 2, 1024]) {
      record.add({ pc: 0, opName: 'CALL', gas: 5n, depth, refund: 0n }, [1n], 0);
      record.cost = cost;
    }
  }
  const out = new JsonBytes();
  for (const _ of record.write(out));
  assert.deepEqual(JSON.parse(new TextDecoder().decode(out.take())), record.toValue());
});
