/**
 * Random modules on the interpreter and on the reference, briefly; the fuzzer goes on for longer.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeDifference, fuzzDmir } from '../oracle/fuzz-dmir.ts';

const MODULE_COUNT = 2000;

test('random modules end alike on the interpreter and on the reference', () => {
  const { difference, ends } = fuzzDmir(1, MODULE_COUNT);
  assert.equal(difference === null ? '' : describeDifference(difference), '');
  for (const end of ['return', 'stop', 'finish', 'revert', 'out-of-gas', 'bad-jump', 'user']) {
    assert.ok((ends.get(end) ?? 0) > 0, `no run ended by ${end}`);
  }
});
