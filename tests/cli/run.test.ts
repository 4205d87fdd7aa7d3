/** `lockstep run` and the prompt: what they print, hand to the machine, and end with. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { createMachine } from '../../src/chain/machine.ts';
import { createFakeMachine, FAKE_ADDRESS } from './support/fake-machine.ts';
import { folderOf, lockstep } from './support/run.ts';

const TOKEN = 'examples/erc20/Token.sol';
const RECEIVER = '0x00000000000000000000000000000000000000b0';
const SENDER = '0x00000000000000000000000000000000000a11ce';
const TRANSFER = '0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef';
const pad = (hex: string): `0x${string}` => `0x${hex.replace('0x', '').padStart(64, '0')}`;
const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex.slice(2), 'hex'));

const transferred = createFakeMachine({
  call: () => ({
    output: bytes(pad('0x01')),
    gasUsed: 30_000n,
    gasRefund: 4_800n,
    logs: [
      {
        address: FAKE_ADDRESS,
        topics: [TRANSFER, pad(SENDER), pad(RECEIVER)],
        data: bytes(pad('0x3e8')),
      },
    ],
    writes: [{ address: FAKE_ADDRESS, slot: 0n, before: 1n, after: 2n }],
  }),
});
const CALL = ['run', TOKEN, '--call', 'transfer(address,uint256)', RECEIVER, '1_000'];

test('run shows result, gas, events, writes and times', async () => {
  const { code, out, err } = await lockstep(CALL, { machine: transferred });
  assert.equal(err, '');
  assert.equal(code, 0);
  assert.match(out, /call transfer\(address,uint256\) {2}success/);
  assert.match(out, /result +true {2}bool/);
  assert.match(out, /30,000 execution/);
  assert.match(out, /Transfer\n +from +0x0{35}A11Ce\n +to +0x0{38}b0\n +value +1000/i);
  assert.match(out, /slot 0x0 {2}totalSupply\n +1 → 2/);
  assert.match(out, /auto +[\d.]+ ms +[\d.]+ ms +of \d+/);
});

test('run --json prints one object with every figure', async () => {
  const { code, out } = await lockstep([...CALL, '--json'], { machine: transferred });
  assert.equal(code, 0);
  assert.equal(out.trim().split('\n').length, 1);
  const { ok, call } = JSON.parse(out);
  assert.equal(ok, true);
  assert.deepEqual(call.result, [{ name: '', type: 'bool', value: true }]);
  assert.deepEqual(call.arguments[1], { name: 'value', type: 'uint256', value: '1000' });
  const data = Buffer.from(call.data.slice(2), 'hex');
  const zeros = data.filter((byte) => byte === 0).length;
  const intrinsic = 21_000 + 4 * zeros + 16 * (data.length - zeros);
  assert.deepEqual(call.gas, {
    execution: 30_000,
    refund: 4_800,
    intrinsic,
    floor: 21_000 + 10 * (zeros + 4 * (data.length - zeros)),
    transaction: intrinsic + 30_000 - 4_800,
  });
  assert.equal(call.events[0].name, 'Transfer');
  assert.deepEqual(call.events[0].fields[2], { name: 'value', type: 'uint256', value: '1000' });
  assert.equal(call.writes[0].variable, 'totalSupply');
  assert.equal(call.time[0].engine, 'auto');
});

test('a refund counts up to a fifth of the gas, and data has a floor price', async () => {
  const machine = createFakeMachine({ call: () => ({ gasUsed: 100n, gasRefund: 90_000n }) });
  const data = `0x${'ff'.repeat(1000)}`;
  const { out } = await lockstep(['run', '0x00', '--data', data, '--json'], { machine });
  const { gas } = JSON.parse(out).call;
  assert.equal(gas.intrinsic, 21_000 + 16_000);
  assert.equal(gas.refund, Math.floor((37_000 + 100) / 5));
  assert.equal(gas.floor, 21_000 + 40_000);
  assert.equal(gas.transaction, 61_000);
});

test('names, value, sender and gas reach the machine', async () => {
  const machine = createFakeMachine();
  const words = [
    'run',
    '0x5f',
    '--value',
    '1.5gwei',
    '--gas',
    '1e6',
    '--from',
    `0x${'1'.repeat(40)}`,
  ];
  const { code } = await lockstep(words, { machine });
  assert.equal(code, 0);
  assert.equal(machine.calls[0]?.value, 1_500_000_000n);
  assert.equal(machine.calls[0]?.gas, 1_000_000n);
  assert.equal(machine.calls[0]?.from, `0x${'1'.repeat(40)}`);
});

test('a revert is decoded and ends with exit code 1', async () => {
  const words = [SENDER, '0x05', '0x3e8'].map((each) => pad(each).slice(2));
  const insufficient = `0xdb42144d${words.join('')}`;
  const machine = createFakeMachine({
    call: () => ({ status: 'revert', output: bytes(insufficient) }),
  });
  const { code, out } = await lockstep(CALL, { machine });
  assert.equal(code, 1);
  assert.match(out, /revert: InsufficientBalance\(account: 0x0+A11Ce, balance: 5, needed: 1000\)/i);
});

test('a halt says why', async () => {
  const machine = createFakeMachine({ call: () => ({ status: 'halt', reason: 'out-of-gas' }) });
  const { code, out } = await lockstep(['run', '0x5b'], { machine });
  assert.equal(code, 1);
  assert.match(out, /halt: out of gas: .*--gas/);
});

test('--trace prints the lines of EIP-3155 before the summary', async () => {
  const machine = createFakeMachine({
    steps: [
      {
        pc: 0,
        op: 0x60,
        opName: 'PUSH1',
        gas: 100n,
        gasCost: 3n,
        depth: 1,
        memorySize: 0,
        stack: [255n],
        refund: 0n,
      },
    ],
  });
  const { out } = await lockstep(['run', '0x6001', '--trace', '--json'], { machine });
  const [step, end, summary] = out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.deepEqual(step, {
    pc: 0,
    op: 96,
    gas: '0x64',
    gasCost: '0x3',
    memSize: 0,
    stack: ['0xff'],
    depth: 1,
    refund: 0,
    opName: 'PUSH1',
  });
  assert.deepEqual(end, { output: '0x', gasUsed: '0x3e8', pass: true, fork: 'osaka' });
  assert.equal(summary.ok, true);
});

test('without a call the functions are listed', async () => {
  const { code, out } = await lockstep(['run', TOKEN]);
  assert.equal(code, 0);
  assert.match(out, /deploy {2}success/);
  assert.match(out, /transferFrom\(address from, address to, uint256 value\) returns \(bool\)/);
});

test('colours only where they are wanted', async () => {
  assert.ok(!(await lockstep(CALL)).out.includes('\u001b'));
  assert.ok((await lockstep(CALL, { color: true })).out.includes('\u001b'));
});

test('the prompt keeps one machine', async () => {
  const machine = createFakeMachine({ call: () => ({ output: bytes(pad('0x01')) }) });
  const input = [
    `deploy ${TOKEN}`,
    'token.transfer(me, 1e3)',
    `call token approve(address,uint256) ${RECEIVER} 5`,
    'token',
    'storage token 4',
    'balance me',
    'tokn.transfer(1)',
    'nonsense',
    'exit',
    'token.never()',
  ].join('\n');
  const { code, out, err } = await lockstep(['repl'], { machine, input });
  assert.equal(code, 1);
  assert.equal(machine.calls.length, 2);
  assert.match(out, /in scope as token/);
  assert.match(out, /call transfer\(address,uint256\) {2}success/);
  assert.match(out, /call approve\(address,uint256\) {2}success/);
  assert.match(out, /^8$/m);
  assert.match(out, /1,000,000,000,000,000,000,000,000 wei/);
  assert.match(err, /nothing in scope is named tokn; did you mean token\?/);
  assert.match(err, /the prompt knows no nonsense/);
});

test('a failure is told with the functions and lines that it went through', async (context) => {
  const source = [
    'pragma solidity ^0.8.0;',
    'contract Door {',
    '  error Closed(uint256 hour);',
    '  constructor(uint256 x) { require(x > 2, "small"); }',
    '  function open(uint256 hour) external pure { check(hour); }',
    '  function check(uint256 hour) internal pure {',
    '    if (hour < 8) revert Closed(hour);',
    '  }',
    '}',
  ].join('\n');
  const file = join(folderOf(context, { 'Door.sol': source }), 'Door.sol');
  const run = (...words: string[]) =>
    lockstep(['run', file, ...words], { machine: createMachine() });
  const called = await run('--deploy-args', '5', '--call', 'open', '7');
  assert.equal(called.code, 1);
  assert.match(
    called.out,
    /stack\n {2}at Door\.check \(near .*Door\.sol:7:26\)\n {2}at Door\.open \(near .*Door\.sol:5:/,
  );
  const deployed = await run('--deploy-args', '1', '--json');
  const { trace } = JSON.parse(deployed.out).deploy;
  assert.equal(trace.reason, "reverted with reason string 'small'");
  assert.deepEqual(
    trace.entries.map((each: { function: string; line: number }) => [each.function, each.line]),
    [['constructor', 4]],
  );
});
