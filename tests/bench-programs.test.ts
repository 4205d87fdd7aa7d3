/** The speed programs and the arithmetic vectors: equal to the oracle, and to the vectors. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Machine } from '../src/chain/types.ts';
import { Assembler } from './oracle/assembly.ts';
import { CASE_BLOCK, SENDER, TARGET } from './oracle/case.ts';
import { createTestMachine } from './oracle/machine.ts';
import { observe } from './oracle/observe.ts';
import { listSpeedCases, type SpeedCase } from './oracle/speed-programs.ts';
import { NO_CORPORA, readArithmeticVectors } from './support/corpora.ts';
import { compareOutcome, createOracle, type Observed } from './support/ethereumjs.ts';

function loadAccounts(machine: Machine, { accounts }: SpeedCase): void {
  for (const { address, balance, nonce, code, storage } of accounts) {
    machine.state.setBalance(address, balance);
    machine.state.setNonce(address, nonce);
    if (code.length > 0) machine.state.setCode(address, code);
    for (const [slot, value] of storage) machine.state.setStorage(address, slot, value);
  }
}

async function runOracle(speed: SpeedCase): Promise<Observed> {
  const oracle = await createOracle(speed.block);
  for (const account of speed.accounts) {
    oracle.setAccount(account.address, account);
    for (const [slot, value] of account.storage) oracle.setStorage(account.address, slot, value);
  }
  return oracle.call(speed.options);
}

const cases = listSpeedCases();
// Before the first test: the test runner's promise hooks make the oracle ten times slower.
const expected: Observed[] = [];
for (const speed of cases ?? []) expected.push(await runOracle(speed));

test('the speed programs equal the oracle', async (context) => {
  if (cases === undefined) return context.skip(NO_CORPORA);
  assert.equal(new Set(cases.map(({ name }) => name.split('/')[0])).size, 14);
  for (const [index, speed] of cases.entries()) {
    await context.test(speed.name, () => {
      const machine = createTestMachine(speed.block);
      loadAccounts(machine, speed);
      const ours = observe(machine, machine.call(speed.options));
      assert.equal(ours.status, 'success');
      assert.deepEqual(compareOutcome(ours, expected[index]!), []);
    });
  }
});

const NAMES: Readonly<Record<string, string>> = { SIGNEXT: 'SIGNEXTEND' };

test('the arithmetic vectors hold', async (context) => {
  const vectors = readArithmeticVectors();
  if (vectors === undefined) return context.skip(NO_CORPORA);
  assert.equal(vectors.length, 1701);
  const machine = createTestMachine(CASE_BLOCK);
  const codes = new Map<string, Uint8Array>();
  for (const { opcode } of vectors) {
    if (codes.has(opcode)) continue;
    const code = new Assembler().push(0).op('CALLDATALOAD').push(32).op('CALLDATALOAD');
    code
      .op(NAMES[opcode] ?? opcode, 'PUSH0', 'MSTORE')
      .push(32)
      .op('PUSH0', 'RETURN');
    codes.set(opcode, code.finish());
  }
  const word = (value: bigint) => value.toString(16).padStart(64, '0');
  for (const { opcode, x, y, expected } of vectors) {
    machine.state.setCode(TARGET, codes.get(opcode)!);
    const outcome = machine.call({ to: TARGET, from: SENDER, data: `0x${word(x)}${word(y)}` });
    assert.equal(outcome.status, 'success');
    const result = Buffer.from(outcome.output).toString('hex');
    assert.equal(result, word(expected), `${opcode} of ${word(y)} and ${word(x)}`);
    const constant = new Assembler()
      .push(x)
      .push(y)
      .op(NAMES[opcode] ?? opcode, 'PUSH0', 'MSTORE');
    machine.state.setCode(TARGET, constant.push(32).op('PUSH0', 'RETURN').finish());
    const folded = machine.call({ to: TARGET, from: SENDER });
    assert.equal(Buffer.from(folded.output).toString('hex'), word(expected), `${opcode} constant`);
  }
});
