/** What a person sees of an outcome. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { inspect } from 'node:util';
import { createMachine } from '../../src/chain/machine.ts';

test('printing an outcome shows all of it', () => {
  const machine = createMachine();
  const to = '0x00000000000000000000000000000000000000c0';
  machine.state.setCode(to, '0x600160005560016000f3');
  const text = inspect(machine.call({ to }));
  for (const part of [/status: 'success'/, /gasUsed: 22115n/, /output: Uint8Array/, /after: 1n/]) {
    assert.match(text, part);
  }
  assert.doesNotMatch(text, /reason/);
  machine.state.setCode(to, '0xfe');
  assert.match(inspect(machine.call({ to })), /status: 'halt'.*reason: 'invalid-opcode'/s);
});

test('an outcome keeps its effects whatever runs after it, in any order of reading', () => {
  const machine = createMachine();
  const to = '0x00000000000000000000000000000000000000c0';
  // Stores the first word at slot 0, logs under it, and returns as many bytes as the second says.
  machine.state.setCode(to, '0x5f35805f5560205fa16020355ff3');
  const word = (value: number): string => value.toString(16).padStart(64, '0');
  const sizes = [0, 7, 32, 1000, 32_000, 40_000, 100_000, 16];
  const outcomes = sizes.map((size, i) =>
    machine.call({ to, data: `0x${word(i + 1)}${word(size)}` }),
  );
  for (const i of [5, 0, 7, 3, 4, 1, 6, 2, 0]) {
    const { status, output, logs, writes, gasRefund } = outcomes[i] as (typeof outcomes)[0];
    assert.equal(status, 'success');
    assert.equal(output.length, sizes[i]);
    assert.deepEqual(
      logs.map(({ topics }) => topics),
      [[`0x${word(i + 1)}`]],
    );
    assert.deepEqual(
      writes.map(({ before, after }) => [before, after]),
      [[BigInt(i), BigInt(i + 1)]],
    );
    assert.equal(gasRefund, 0n);
  }
});
