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
