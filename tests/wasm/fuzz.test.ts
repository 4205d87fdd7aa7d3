/**
 * Random modules on this machine and on the platform's own WebAssembly, briefly; the fuzzer goes on
 * for longer.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { printWasmModule, readWasmModule } from '../../src/vms/wasm/index.ts';
import { OPCODES } from '../../src/vms/wasm/opcodes.ts';
import { fuzzWasm } from '../oracle/fuzz-wasm.ts';
import { createPrng } from '../support/prng.ts';
import { randomWasm } from '../support/random-wasm.ts';

const MODULE_COUNT = 100;

test('random modules end alike here and on the platform', () => {
  const { difference, ends } = fuzzWasm(1, MODULE_COUNT);
  assert.equal(difference?.text, undefined);
  const wanted = ['return', 'unreachable', 'out-of-bounds', 'bad-function', 'division-by-zero'];
  for (const end of [...wanted, 'bad-conversion']) {
    assert.ok((ends.get(end) ?? 0) > 0, `no run ended by ${end}`);
  }
});

test('random modules have every instruction', () => {
  // The text has one word for both kinds of `select`.
  const missing = new Set<string>(OPCODES.map(({ name }) => name));
  missing.delete('select_t');
  for (let seed = 1; seed <= 400 && missing.size > 0; seed++) {
    const text = printWasmModule(readWasmModule(randomWasm(createPrng(seed)).bytes));
    for (const word of text.split(/[\s()]+/)) missing.delete(word);
  }
  assert.deepEqual([...missing], []);
});
