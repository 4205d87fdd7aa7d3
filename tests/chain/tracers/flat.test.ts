/** `flatCallTracer` beside the vectors of go-ethereum, and cases of its own. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { flatCallTracer } from '../../../src/chain/tracers/flat.ts';
import { readTracerVectors, traceVector } from './call-vectors.ts';
import { CONTRACT, openWorld, traceIn } from './call-worlds.ts';

const PLACE = /^(block|transaction)(Hash|Number|Position)$|^time$/;
const ZERO = /^0x0*$/;

/** What go-ethereum compares: no place in the chain, and values that are zero count as missing. */
function normalize(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(normalize);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value)
    .map(([key, item]) => [key, normalize(item)] as const)
    .filter(([key, item]) => !PLACE.test(key) && !isZero(item));
  return Object.fromEntries(entries);
}

function isZero(item: unknown): boolean {
  if (item === null || item === undefined) return true;
  if (typeof item === 'string') return ZERO.test(item);
  return typeof item === 'object' && !Array.isArray(item) && Object.keys(item).length === 0;
}

const vectors = readTracerVectors('call_tracer_flat');
test('flatCallTracer: call_tracer_flat', {
  skip: vectors === undefined && 'no corpora',
}, async (t) => {
  assert.ok(vectors !== undefined && vectors.length > 0);
  for (const [name, vector] of vectors) {
    await t.test(name, () => {
      const items = flatCallTracer(traceVector(vector), vector.tracerConfig);
      assert.deepEqual(normalize(items), normalize(vector.result));
    });
  }
});

test('precompiles are left out unless asked for, and places count what is shown', () => {
  const pay = (to: number): string => `PUSH0 PUSH0 PUSH0 PUSH0 PUSH0 PUSH ${to} GAS CALL POP`;
  const code = `${pay(4)} ${pay(30)} PUSH 0x77 SELFDESTRUCT`;
  const trace = traceIn(openWorld({ [CONTRACT]: code, 30: `${pay(2)} INVALID` }));
  const places = (config: Parameters<typeof flatCallTracer>[1]): unknown =>
    flatCallTracer(trace, config).map(({ type, traceAddress, subtraces }) => [
      type,
      traceAddress,
      subtraces,
    ]);
  assert.deepEqual(places({}), [
    ['call', [], 2],
    ['call', [0], 0],
    ['suicide', [1], 0],
  ]);
  assert.deepEqual(places({ includePrecompiles: true }), [
    ['call', [], 3],
    ['call', [0], 0],
    ['call', [1], 1],
    ['call', [1, 0], 0],
    ['suicide', [2], 0],
  ]);
});

test('each item has the place of the transaction', () => {
  const trace = traceIn(openWorld({ [CONTRACT]: 'PUSH0 ADD' }));
  const hash = '0xaa';
  const context = { blockHash: hash, blockNumber: 12n, transactionPosition: 3 } as const;
  const [item] = flatCallTracer(trace, { convertParityErrors: true }, context);
  assert.equal(item?.blockHash, hash);
  assert.equal(item?.blockNumber, 12);
  assert.equal(item?.transactionHash, null);
  assert.equal(item?.transactionPosition, 3);
  assert.equal(item?.error, 'Stack underflow');
  assert.equal(item?.result, undefined);
});
