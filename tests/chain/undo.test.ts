/** What a call that is not committed, or not accepted, leaves: nothing. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMachine } from '../../src/chain/machine.ts';
import { assemble } from '../../src/vms/evm/assemble.ts';

const CONTRACT = '0x00000000000000000000000000000000000000c0';
const CODE = assemble('PUSH0 SLOAD PUSH 1 ADD PUSH0 SSTORE');

test('a rejected call does not undo the call before', () => {
  const machine = createMachine();
  machine.state.setCode(CONTRACT, CODE);
  machine.call({ to: CONTRACT });
  assert.throws(() => machine.call({ to: '0x1234' }), /20/);
  assert.throws(() => machine.call({ to: CONTRACT, data: '0x123' }), /odd/);
  assert.throws(() => machine.deploy({ code: '0xzz' }), /hexadecimal/);
  assert.throws(() => machine.call({ to: CONTRACT, origin: '0x12' }), /20/);
  assert.equal(machine.state.getStorage(CONTRACT, 0n), 1n);
});

test('numbers that do not fit are rejected by name', () => {
  const machine = createMachine();
  const { state } = machine;
  assert.throws(() => machine.call({ to: CONTRACT, gas: 1n << 63n }), /the gas .* 63/);
  assert.throws(() => machine.call({ to: CONTRACT, gas: -1n }), /the gas/);
  assert.throws(() => machine.call({ to: CONTRACT, value: -1n }), /the value/);
  assert.throws(() => state.setNonce(CONTRACT, 1n << 64n), /the nonce/);
  assert.throws(() => state.setBalance(CONTRACT, 1n << 256n), /the balance/);
  assert.throws(() => state.setStorage(CONTRACT, -1n, 1n), /the slot/);
  assert.throws(() => state.setStorage(CONTRACT, 0n, -1n), /the value of the slot/);
  assert.throws(() => createMachine({ chainId: -1n }), /CHAINID/);
});

test('a call without commit has an outcome and no effect', () => {
  const machine = createMachine();
  machine.state.setCode(CONTRACT, CODE);
  for (let i = 0; i < 3; i++) {
    const { writes, gasUsed } = machine.call({ to: CONTRACT, commit: false });
    assert.deepEqual(writes, [{ address: CONTRACT, slot: 0n, before: 0n, after: 1n }]);
    assert.equal(gasUsed, 22_110n);
  }
  assert.equal(machine.state.getStorage(CONTRACT, 0n), 0n);
  const { address } = machine.deploy({ code: '0x', commit: false });
  assert.equal(machine.state.getNonce(address), 0n);
});

test('outcomes stay readable however many follow, whatever their size', () => {
  const machine = createMachine();
  // Returns as many bytes as the call data say, all of them the first byte of the data.
  const echo = assemble(`
    PUSH0 CALLDATALOAD DUP1 PUSH0 MSTORE
    PUSH 32 CALLDATALOAD PUSH0 RETURN
  `);
  machine.state.setCode(CONTRACT, echo);
  const outcomes = [];
  for (let i = 0; i < 600; i++) {
    const data = new Uint8Array(64);
    data[0] = i & 255;
    const size = i % 50 === 0 ? 100_000 : 32 + (i % 400);
    new DataView(data.buffer).setUint32(60, size);
    outcomes.push({ size, first: i & 255, outcome: machine.call({ to: CONTRACT, data }) });
  }
  for (const { size, first, outcome } of outcomes) {
    assert.equal(outcome.output.length, size);
    assert.equal(outcome.output[0], first);
    assert.ok(outcome.output.subarray(32).every((byte) => byte === 0));
  }
});
