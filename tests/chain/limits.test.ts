/** What a machine keeps is bounded: code, cells and accounts are given up and come back. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMachine } from '../../src/chain/machine.ts';
import * as L from '../../src/kernel/layout.ts';
import { assemble } from '../../src/vms/evm/assemble.ts';
import { createPrng } from '../support/prng.ts';

const CONTRACT = '0x00000000000000000000000000000000000000c0';

function addressOf(index: number): Uint8Array {
  const address = new Uint8Array(20);
  new DataView(address.buffer).setUint32(4, index + 1);
  return address;
}

test('more code than the area holds runs, within and across transactions', () => {
  const machine = createMachine();
  const prng = createPrng(1);
  const count = 800;
  // Code of 24 KB with a jump table takes 128 KiB of the area each.
  const body = assemble('PUSH0 SLOAD PUSH 1 ADD PUSH0 SSTORE STOP');
  for (let i = 0; i < count; i++) {
    const code = new Uint8Array(24_000);
    code.set(body);
    code.set(prng.bytes(8), 23_000);
    machine.state.setCode(addressOf(i), code);
  }
  // Calls the contracts whose addresses lie in the call data, one after another.
  const caller = assemble(`
    PUSH0
    loop: JUMPDEST
      DUP1 CALLDATASIZE EQ PUSH @end JUMPI
      PUSH0 PUSH0 PUSH0 PUSH0 PUSH0
      DUP6 CALLDATALOAD PUSH 96 SHR
      GAS CALL POP
      PUSH 20 ADD
      PUSH @loop JUMP
    end: JUMPDEST STOP
  `);
  machine.state.setCode(CONTRACT, caller);
  const data = new Uint8Array(count * 20);
  for (let i = 0; i < count; i++) data.set(addressOf(i), i * 20);
  for (let round = 1n; round <= 2n; round++) {
    const outcome = machine.call({ to: CONTRACT, data, gas: 100_000_000n });
    assert.equal(outcome.status, 'success');
    assert.equal(outcome.writes.length, count);
    assert.ok(machine.executor.machine.area.used <= L.CODE_END - L.CODE_BASE);
  }
  for (let i = 0; i < count; i++) assert.equal(machine.state.getStorage(addressOf(i), 0n), 2n);
});

test('initcode gives its memory back', () => {
  const machine = createMachine();
  // Creates 2,000 times from initcode of 20,000 bytes, different each time.
  const code = assemble(`
    PUSH 2000
    loop: JUMPDEST
      DUP1 PUSH 64 MSTORE
      PUSH 20000 PUSH0 PUSH0 CREATE POP
      PUSH 1 SWAP1 SUB DUP1 PUSH @loop JUMPI
    STOP
  `);
  machine.state.setCode(CONTRACT, code);
  const outcome = machine.call({ to: CONTRACT, gas: 1_000_000_000n });
  assert.equal(outcome.status, 'success');
  assert.equal(machine.state.getNonce(CONTRACT), 2000n);
});

test('accounts beyond the journal come back from the backend', () => {
  const machine = createMachine();
  const count = 140_000;
  for (let i = 0; i < count; i++) machine.state.setBalance(addressOf(i), BigInt(i));
  for (const i of [0, 1, 77_777, count - 1]) {
    assert.equal(machine.state.getBalance(addressOf(i)), BigInt(i));
  }
  assert.equal(machine.state.dump().length, count - 1);
});
