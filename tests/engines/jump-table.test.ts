/** Jumps whose destination is known at run time: their table, and frames that share one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMachine } from '../../src/chain/machine.ts';
import { JumpTable } from '../../src/engines/interpreter/jump-table.ts';
import { ENGINES } from '../../src/engines/tiering.ts';
import { assemble } from '../../src/vms/evm/assemble.ts';

const SELF = '0x00000000000000000000000000000000000000c0';
const DESTINATIONS = 200;
const ENTRY_BYTES = 5;

test('a table holds what was entered, also where numbers ask for the same place', () => {
  const numbers = [0, 7, 8, 15, 16, 23, 24, 31, 1, 2 ** 24, 2 ** 32 - 2];
  const u32 = new Uint32Array(1024).fill(1);
  let top = 256;
  const take = (bytes: number): number => {
    top += bytes;
    return top - bytes;
  };
  for (const expected of [1, 4, numbers.length]) {
    const table = new JumpTable({ u32 }, take, expected);
    for (const number of numbers) {
      assert.equal(table.find(number), 0);
      table.enter(number, 5);
    }
    for (const number of numbers) table.enter(number, number >>> 1);
    for (const number of numbers) assert.equal(table.find(number), number >>> 1);
    for (const other of [3, 9, 32, 2 ** 20]) assert.equal(table.find(other), 0);
    assert.equal(table.mask, 31, `a table for ${expected} numbers`);
  }
  assert.ok(u32.subarray(0, 64).every((word) => word === 1));
  assert.ok(u32.subarray(top / 4).every((word) => word === 1));
});

/**
 * Jumps to each of many destinations in turn. Half way, a call without input calls the contract
 * with input, so that its table grows while the outer frame waits.
 */
const CODE = assemble(`
  PUSH0
  loop: JUMPDEST
  DUP1 PUSH ${DESTINATIONS / 2} EQ CALLDATASIZE ISZERO AND PUSH @inner JUMPI
  go: JUMPDEST
  DUP1 PUSH ${ENTRY_BYTES} MUL PUSH2 @table ADD JUMP
  next: JUMPDEST
  PUSH 1 ADD DUP1 PUSH ${DESTINATIONS} GT PUSH @loop JUMPI
  PUSH0 MSTORE PUSH 32 PUSH0 RETURN
  inner: JUMPDEST
  PUSH0 PUSH0 PUSH 1 PUSH0 PUSH0 ADDRESS GAS CALL PUSH @go JUMPI INVALID
  table: ${'JUMPDEST PUSH2 @next JUMP '.repeat(DESTINATIONS)}
`);

for (const engine of ENGINES) {
  test(`${engine}: a frame whose table is an old one finds every destination`, () => {
    const machine = createMachine({ engine });
    machine.state.setCode(SELF, CODE);
    const first = machine.call({ to: SELF });
    assert.equal(first.status, 'success');
    assert.equal(BigInt(`0x${Buffer.from(first.output).toString('hex')}`), BigInt(DESTINATIONS));
    for (let i = 0; i < 70; i++) {
      const { status, gasUsed } = machine.call({ to: SELF });
      assert.deepEqual([status, gasUsed], ['success', first.gasUsed]);
    }
  });

  test(`${engine}: data, the middle of a PUSH and the end of code are no destinations`, () => {
    const machine = createMachine({ engine });
    machine.state.setCode(SELF, assemble('PUSH0 CALLDATALOAD JUMP PUSH1 0x5b JUMPDEST STOP'));
    for (const [destination, status] of [
      [5, 'success'],
      [4, 'halt'],
      [3, 'halt'],
      [7, 'halt'],
    ] as const) {
      for (let i = 0; i < 3; i++) {
        const data = new Uint8Array(32).fill(destination, 31);
        assert.equal(machine.call({ to: SELF, data }).status, status, `${destination}`);
      }
    }
  });
}
