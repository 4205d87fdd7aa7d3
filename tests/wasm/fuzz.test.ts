/**
 * Random modules on this machine and on the platform's own WebAssembly, briefly; the fuzzer goes on
 * for longer.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fuzzWasm } from '../oracle/fuzz-wasm.ts';

const MODULE_COUNT = 100;

test('random modules end alike here and on the platform', () => {
  const { difference, ends } = fuzzWasm(1, MODULE_COUNT);
  assert.equal(difference?.text, undefined);
  const wanted = ['return', 'unreachable', 'out-of-bounds', 'bad-function', 'division-by-zero'];
  for (const end of [...wanted, 'bad-conversion']) {
    assert.ok((ends.get(end) ?? 0) > 0, `no run ended by ${end}`);
  }
});
