/** Contracts with bytes changed: each deployment and each call of them has an outcome. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ENV_FUNCTIONS } from '../../../src/vms/wasm/env/functions.ts';
import { createPrng } from '../../support/prng.ts';
import { CODED, contract, createWorld, deploy, SENDER, wordOf, words } from './support.ts';

const COUNT = 1200;
/** One in so many runs on every engine. */
const EVERY = 12;

/** Calls each function once, with numbers for arguments that lie in the memory. */
const ALL = contract(
  `${[...ENV_FUNCTIONS]
    .filter(([name]) => !['finish', 'revert', 'invalid', 'selfDestruct'].includes(name))
    .map(([name, { params, result }], i) => {
      const args = params.map((param, at) => {
        const value = 64 + ((i * 31 + at * 17) % 200);
        return param === 'i64' ? `(i64.const ${value * 100})` : `(i32.const ${value})`;
      });
      const call = `(call $${name} ${args.join(' ')})`;
      if (name === 'emitLogEvent') return call.replace(/i32\.const \d+\)/g, 'i32.const 3)');
      if (name === 'returnDataCopy') return call.replace(/i32\.const \d+\)/g, 'i32.const 0)');
      return result === undefined ? call : `(drop ${call})`;
    })
    .join('\n')}(call $finish (i32.const 0) (i32.const 64))`,
);

test('a contract that calls every function succeeds, and a changed one has an outcome', () => {
  const machine = createWorld({ engine: 'interpreter' });
  const every = createWorld();
  const good = deploy(machine, ALL);
  assert.equal(good.status, 'success');
  const options = { from: SENDER, data: words(1n, 2n), gas: 400_000n, commit: false };
  assert.equal(machine.call({ ...options, to: good.address }).status, 'success');
  const prng = createPrng(7);
  const seen = { refused: 0, success: 0, revert: 0, halt: 0 };
  for (let i = 0; i < COUNT; i++) {
    const changed = ALL.slice();
    for (let count = 1 + prng.below(3); count > 0; count--) {
      const at = 8 + prng.below(changed.length - 8);
      changed[at] = (changed[at] as number) ^ (1 << prng.below(8));
    }
    try {
      const side = i % EVERY === 0 ? every : machine;
      const { status, address } = side.deploy({ code: changed, from: SENDER });
      if (status !== 'success') seen.refused++;
      else seen[side.call({ ...options, to: address }).status]++;
    } catch (error) {
      throw new Error(`seed 7, module ${i}: ${Buffer.from(changed).toString('hex')}`, {
        cause: error,
      });
    }
  }
  for (const [kind, count] of Object.entries(seen)) {
    if (kind !== 'revert') assert.ok(count > 3, `${kind}: ${count}`);
  }
  // The machine is as good as new.
  assert.equal(machine.call({ ...options, to: good.address }).status, 'success');
  assert.equal(wordOf(machine.call({ to: CODED, commit: false }).output), 0n);
});
