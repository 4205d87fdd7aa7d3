/** JSON as bytes against the texts of the platform. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytesToHex } from '../../src/base/bytes.ts';
import { StructRecord, type StructStack } from '../../src/node/execution/struct-record.ts';
import { JsonBytes } from '../../src/node/rpc/json-bytes.ts';
import { toQuantity } from '../../src/node/rpc/types.ts';
import { createPrng } from '../support/prng.ts';
import { createTestNode } from './support.ts';

const toText = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

test('numbers, quantities and bytes are written as JSON has them', () => {
  const prng = createPrng(8);
  const out = new JsonBytes();
  const expected: string[] = [];
  const pieces: Uint8Array[] = [];
  const edges = [0, 1, 9, 10, 15, 16, 99, 100, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 53, 2 ** 64];
  for (let round = 0; round < 40_000; round++) {
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
    if (out.isFull) pieces.push(out.take().slice());
  }
  pieces.push(out.take());
  assert.ok(pieces.length > 10);
  assert.equal(pieces.map(toText).join(''), expected.join(''));
});

test('what was written is copied from its place, in a piece and after it was taken', () => {
  const out = new JsonBytes();
  out.text('abc');
  const { bytes, length } = out;
  out.copy(bytes, 1, length);
  assert.equal(toText(out.bytes.subarray(0, out.length)), 'abcbc');
  // There is no room for this.
  out.copy(new Uint8Array(300_000));
  out.copy(bytes, 0, 2);
  assert.equal(toText(out.bytes.subarray(300_005, out.length)), 'ab');
  const piece = out.take();
  out.copy(bytes, 1, 3);
  out.text('xyz');
  assert.equal(toText(piece.subarray(0, 5)), 'abcbc');
  const second = out.take();
  assert.equal(toText(second), 'bcxyz');
  // The memory of the first piece is that of the third.
  out.text('third');
  assert.equal(toText(second), 'bcxyz');
  assert.equal(toText(piece.subarray(0, 5)), 'third');
  assert.equal(toText(out.take()), 'third');
});

/** A stack as the machine has it. */
function stackOf(words: readonly bigint[], kept: number): StructStack {
  const limbs = Uint32Array.from({ length: 8 * words.length }, (_, at) =>
    Number(BigInt.asUintN(32, (words[at >> 3] as bigint) >> BigInt(32 * (at & 7)))),
  );
  return { height: words.length, kept, limbs, limbsAt: (item) => 8 * item };
}

test('a struct trace is written as its value is, whatever its instructions cost', () => {
  const record = new StructRecord();
  // Costs of more than 2^44 with a depth are beyond what one number tells apart.
  for (const cost of [3, 2 ** 44, 2 ** 53 - 1]) {
    for (const depth of [1, 2, 1024]) {
      record.add({ pc: 0, op: 0xf1, gasLow: 5, gasHigh: 0, depth, refund: 0 }, stackOf([1n], 0));
      record.cost = cost;
    }
  }
  const out = new JsonBytes();
  for (const _ of record.write(out));
  assert.deepEqual(JSON.parse(new TextDecoder().decode(out.take())), record.toValue());
});

test('the stacks of a struct trace are those that it was given', () => {
  const prng = createPrng(9);
  const record = new StructRecord();
  const expected: (readonly string[])[] = [];
  let stack: bigint[] = [];
  // Enough for several blocks of limbs, and for pieces that end within the trace.
  for (let index = 0; index < 20_000; index++) {
    const kept = prng.below(stack.length + 1);
    const added = Array.from({ length: prng.below(6) }, () => prng.bigint(prng.below(257)));
    stack = [...stack.slice(0, kept), ...added].slice(0, 40);
    const step = { pc: index, op: prng.below(256), gasLow: 7, gasHigh: 1, depth: 1, refund: -4 };
    record.add(step, stackOf(stack, Math.min(kept, stack.length)));
    record.cost = 3;
    expected.push(stack.map(toQuantity));
  }
  record.opName = 'CALL_OF_HOST';
  const out = new JsonBytes();
  const pieces: Uint8Array[] = [];
  for (const _ of record.write(out)) pieces.push(out.take().slice());
  pieces.push(out.take());
  assert.ok(pieces.length > 10);
  const written = JSON.parse(pieces.map(toText).join('')) as Record<string, unknown>[];
  const value = record.toValue();
  assert.deepEqual(written, value);
  assert.deepEqual(
    value.map((each) => each.stack),
    expected,
  );
  const { pc, op, gas, refund } = value.at(-1) ?? {};
  assert.deepEqual([pc, op, gas, refund], [19_999, 'CALL_OF_HOST', 2 ** 32 + 7, -4]);
});

test('costs in a struct trace are exact where the gas has more than 53 bits', async () => {
  const { rpc } = createTestNode({ gasLimit: 1n << 62n, callGasMax: 1n << 62n });
  const to = `0x${'c0'.repeat(20)}`;
  await rpc('anvil_setCode', to, '0x60016001556001545f5f5f5f5f305af1');
  const call = { to, gas: `0x${(1n << 61n).toString(16)}` };
  const { structLogs } = await rpc('debug_traceCall', call, 'latest', { limit: '0x5' });
  assert.deepEqual(
    structLogs.map(({ op, gasCost }: { op: string; gasCost: number }) => [op, gasCost]),
    [
      ['PUSH1', 3],
      ['PUSH1', 3],
      ['SSTORE', 22_100],
      ['PUSH1', 3],
      ['SLOAD', 100],
    ],
  );
  assert.ok(structLogs[0].gas > 2 ** 60);
  assert.deepEqual(structLogs[2].storage, { [word(1)]: word(1) });
});

const word = (value: number): string => `0x${value.toString(16).padStart(64, '0')}`;
