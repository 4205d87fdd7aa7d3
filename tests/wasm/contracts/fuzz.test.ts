/** Random contracts on every engine beside the interpreter, briefly; the fuzzer runs longer. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ENGINE_NAMES } from '../../../src/engines/names.ts';
import { fuzzContracts } from '../../oracle/fuzz-contracts.ts';

const COUNT = 12;

for (const engine of ENGINE_NAMES) {
  if (engine === 'interpreter') continue;
  test(`${engine}: random contracts end as on the interpreter`, () => {
    const { difference, ends } = fuzzContracts(1, COUNT, engine);
    assert.equal(difference?.text, undefined);
    for (const end of ['success', 'out-of-gas', 'static-violation', 'invalid-opcode']) {
      assert.ok((ends.get(end) ?? 0) > 0, `no call ended by ${end}`);
    }
  });
}
