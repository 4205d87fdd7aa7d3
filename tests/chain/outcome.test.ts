/** What a person sees of an outcome. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { inspect } from 'node:util';
import { createMachine } from '../../src/chain/machine.ts';
import { assemble } from '../../src/vms/evm/index.ts';

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

test('words of an outcome are whole, whatever zeros they begin with', () => {
  const machine = createMachine();
  const to = '0x00000000000000000000000000000000000000c0';
  // Logs what follows the first word under that word and its complement, and returns it.
  const size = 'PUSH 32 CALLDATASIZE SUB';
  const code = `
    ${size} PUSH 32 PUSH 128 CALLDATACOPY
    PUSH0 CALLDATALOAD NOT PUSH0 CALLDATALOAD ${size} PUSH 128 LOG2
    ${size} PUSH 128 RETURN`;
  machine.state.setCode(to, assemble(code));
  const word = (value: bigint): string => value.toString(16).padStart(64, '0');
  const max = (1n << 256n) - 1n;
  for (const topic of [0n, 1n, 1n << 63n, 1n << 64n, 1n << 128n, 1n << 191n, 1n << 192n, max]) {
    for (const zeros of [0, 7, 8, 31, 32, 33, 64]) {
      for (const rest of ['', '01', '00ff'.repeat(9), `${'00'.repeat(40)}07`]) {
        const payload = `${'00'.repeat(zeros)}${rest}`;
        const { status, output, logs, gasUsed } = machine.call({
          to,
          data: `0x${word(topic)}${payload}`,
        });
        assert.equal(status, 'success');
        assert.ok(gasUsed > 1000n && gasUsed < 10_000n);
        assert.equal(Buffer.from(output).toString('hex'), payload);
        const [{ topics, data }] = logs as [(typeof logs)[number]];
        assert.deepEqual(topics, [`0x${word(topic)}`, `0x${word(topic ^ max)}`]);
        assert.equal(Buffer.from(data).toString('hex'), payload);
      }
    }
  }
});
