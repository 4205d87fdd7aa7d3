/** Schedules of a user's own: what they change, and what is refused. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LockstepError } from '../../src/base/errors.ts';
import { createMachine } from '../../src/chain/machine.ts';
import { assemble } from '../../src/vms/evm/assemble.ts';
import type { ScheduleOverrides } from '../../src/vms/evm/overrides.ts';

const CONTRACT = '0x00000000000000000000000000000000000000c0';

/** Gas of a program that runs to its end under a schedule. */
function gasOf(source: string, overrides: ScheduleOverrides, fork = 'osaka'): bigint {
  const machine = createMachine({ fork, overrides });
  machine.state.setCode(CONTRACT, assemble(source));
  const outcome = machine.call({ to: CONTRACT });
  assert.equal(outcome.status, 'success');
  return outcome.gasUsed;
}

test('a cost of the kernel, of the host, of a precompile and of an opcode can be changed', () => {
  const store = 'PUSH1 1 PUSH1 0 SSTORE STOP';
  const plain = gasOf(store, {});
  assert.equal(gasOf(store, { costs: { storeSet: 1n } }), plain - 19_999n);
  const balance = 'PUSH1 0x77 BALANCE STOP';
  assert.equal(gasOf(balance, { costs: { accountCold: 7n } }), gasOf(balance, {}) - 2_593n);
  const identity = 'PUSH0 PUSH0 PUSH0 PUSH0 PUSH1 4 GAS STATICCALL STOP';
  assert.equal(gasOf(identity, { costs: { identityBase: 1015n } }), gasOf(identity, {}) + 1_000n);
  const hash = 'PUSH0 PUSH0 KECCAK256 STOP';
  assert.equal(gasOf(hash, { opcodes: { KECCAK256: 31 } }), gasOf(hash, {}) + 1n);
});

test('a rule can be turned off alone', () => {
  const machine = createMachine({ overrides: { eip3855: false } });
  machine.state.setCode(CONTRACT, assemble('PUSH0 STOP'));
  assert.equal(machine.call({ to: CONTRACT }).status, 'halt');
});

test('names that do not exist and amounts out of range are refused', () => {
  const refused: readonly [unknown, string, RegExp][] = [
    [{ eip99999: true }, 'L1501', /no switch "eip99999"/],
    [{ costs: { storeSett: 1n } }, 'L1501', /no cost "storeSett"/],
    [{ opcodes: { PUSH33: 1 } }, 'L1501', /no opcode "PUSH33"/],
    [{ costs: { storeSet: -1n } }, 'L1502', /-1 for storeSet/],
    [{ costs: { storeSet: 1n << 63n } }, 'L1502', /for storeSet/],
    [{ opcodes: { ADD: 1.5 } }, 'L1502', /1\.5 for ADD/],
    [{ eip1153: 1 }, 'L1502', /1 for eip1153/],
  ];
  for (const [overrides, code, message] of refused) {
    assert.throws(
      () => createMachine({ overrides: overrides as ScheduleOverrides }),
      (error) =>
        error instanceof LockstepError && error.code === code && message.test(error.message),
    );
  }
});
