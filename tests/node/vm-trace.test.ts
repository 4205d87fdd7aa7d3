/** Parity's `vmTrace`: what each instruction costs and leaves, frame within frame. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTestNode, hexOf, initCode, LOOP_CODE, REVERT_CODE, STORE_CODE } from './support.ts';

const TO = '0x00000000000000000000000000000000000000c0';
const OTHER = '0x00000000000000000000000000000000000000c1';

interface Operation {
  readonly op: string;
  readonly pc: number;
  readonly cost: number;
  readonly idx: string;
  readonly ex: {
    readonly mem: { readonly off: number; readonly data: string } | null;
    readonly push: readonly string[];
    readonly store: unknown;
    readonly used: number;
  } | null;
  readonly sub: { readonly code: string; readonly ops: readonly Operation[] } | null;
}

async function trace(codes: Readonly<Record<string, string>>, call: object = {}) {
  const { rpc } = createTestNode();
  for (const [address, code] of Object.entries(codes)) await rpc('anvil_setCode', address, code);
  const { vmTrace } = await rpc('trace_call', { to: TO, gas: '0xf4240', ...call }, ['vmTrace']);
  return vmTrace as { readonly code: string; readonly ops: readonly Operation[] };
}

test('an instruction has its cost, what it pushed, wrote and stored, and the gas left', async () => {
  const code = hexOf('PUSH 5 PUSH0 MSTORE PUSH 7 PUSH 1 SSTORE STOP');
  const { ops, code: shown } = await trace({ [TO]: code });
  assert.equal(shown, code);
  const gas = 1_000_000 - 21_000;
  const used = [3, 5, 11, 14, 17, 22_117, 22_117].map((paid) => gas - paid);
  const word = `0x${'5'.padStart(64, '0')}`;
  const expected: readonly Operation[] = [
    { op: 'PUSH1', pc: 0, cost: 3, push: ['0x5'] },
    { op: 'PUSH0', pc: 2, cost: 2, push: ['0x0'] },
    { op: 'MSTORE', pc: 3, cost: 6, mem: { off: 0, data: word } },
    { op: 'PUSH1', pc: 4, cost: 3, push: ['0x7'] },
    { op: 'PUSH1', pc: 6, cost: 3, push: ['0x1'] },
    { op: 'SSTORE', pc: 8, cost: 22_100, store: { key: '0x1', val: '0x7' } },
    { op: 'STOP', pc: 9, cost: 0 },
  ].map(({ op, pc, cost, mem = null, push = [], store = null }, index) => {
    const ex = { mem, push, store, used: used[index] as number };
    return { cost, ex, pc, sub: null, op, idx: `${index}` };
  });
  assert.deepEqual(ops, expected);
});

test('copies and exchanges push all that they touch', async () => {
  const { ops } = await trace({ [TO]: hexOf('PUSH 1 PUSH 2 DUP2 SWAP2 STOP') });
  assert.deepEqual(ops[2]?.ex?.push, ['0x1', '0x2', '0x1']);
  assert.deepEqual(ops[3]?.ex?.push, ['0x1', '0x2', '0x1']);
  const swapped = await trace({ [TO]: hexOf('PUSH 1 PUSH 2 PUSH 3 SWAP2 STOP') });
  assert.deepEqual(swapped.ops[3]?.ex?.push, ['0x3', '0x2', '0x1']);
});

test('a call has its frame below it, what came back, and what is left', async () => {
  const caller = hexOf('PUSH 32 PUSH 64 PUSH0 PUSH0 PUSH0 PUSH 0xc1 PUSH 0xffff CALL STOP');
  const callee = hexOf('PUSH 9 PUSH0 MSTORE PUSH 32 PUSH0 RETURN');
  const { ops } = await trace({ [TO]: caller, [OTHER]: callee });
  const call = ops[7];
  assert.equal(call?.op, 'CALL');
  // A cold account, the memory up to 96 bytes, and what the frame may use.
  assert.equal(call?.cost, 2600 + 9 + 0xffff);
  assert.deepEqual(call?.ex?.push, ['0x1']);
  assert.deepEqual(call?.ex?.mem, { off: 64, data: `0x${'9'.padStart(64, '0')}` });
  assert.equal(call?.sub?.code, callee);
  assert.deepEqual(
    call?.sub?.ops.map(({ op, idx }) => [op, idx]),
    ['PUSH1', 'PUSH0', 'MSTORE', 'PUSH1', 'PUSH0', 'RETURN'].map((op, at) => [op, `7-${at}`]),
  );
  const last = call?.sub?.ops.at(-1)?.ex?.used ?? 0;
  const before = ops[6]?.ex?.used ?? 0;
  assert.equal(call?.ex?.used, before - (call?.cost ?? 0) + last);
});

test('calls without code, of precompiles and that cannot be made', async () => {
  const call = (address: string, value = 'PUSH0') =>
    `PUSH0 PUSH0 PUSH0 PUSH0 ${value} PUSH ${address} GAS CALL POP `;
  const code = hexOf(`${call('0xb0b')}${call('4')}${call('0xb0b', 'PUSH 1')}STOP`);
  const { ops } = await trace({ [TO]: code });
  const calls = ops.filter(({ op }) => op === 'CALL');
  assert.deepEqual(calls[0]?.sub, { code: '0x', ops: [] });
  assert.deepEqual(calls[1]?.sub, null);
  assert.deepEqual(calls[2]?.sub, null);
  assert.deepEqual(
    calls.map(({ ex }) => ex?.push),
    [['0x1'], ['0x1'], ['0x0']],
  );
});

test('what fails has no effect; a revert is no failure', async () => {
  const looping = await trace({ [TO]: LOOP_CODE }, { gas: '0x5300' });
  assert.equal(looping.ops.at(-1)?.ex, null);
  assert.ok(looping.ops.slice(0, -1).every(({ ex }) => ex !== null));
  const reverted = await trace({ [TO]: REVERT_CODE });
  assert.equal(reverted.ops.at(-1)?.op, 'REVERT');
  assert.notEqual(reverted.ops.at(-1)?.ex, null);
});

test('mined transactions, creations and transfers; the other parts are as without', async () => {
  const { rpc, accounts } = createTestNode();
  const [from, to] = accounts;
  const data = initCode(STORE_CODE);
  const hash = await rpc('eth_sendTransaction', { from, data });
  const { gasUsed, contractAddress } = await rpc('eth_getTransactionReceipt', hash);
  const all = await rpc('trace_replayTransaction', hash, ['vmTrace', 'trace', 'stateDiff']);
  const two = await rpc('trace_replayTransaction', hash, ['trace', 'stateDiff']);
  assert.equal(all.vmTrace.code, data);
  assert.deepEqual({ ...all, vmTrace: null }, two);
  assert.equal(two.trace[0].result.address, contractAddress);
  assert.ok(Number(gasUsed) > 0);
  // The price of the stored code is not the instruction's.
  assert.equal(all.vmTrace.ops.at(-1).op, 'RETURN');
  assert.equal(all.vmTrace.ops.at(-1).cost, 0);
  const plain = await rpc('eth_sendTransaction', { from, to });
  const { vmTrace } = await rpc('trace_replayTransaction', plain, ['vmTrace']);
  assert.deepEqual(vmTrace, { code: '0x', ops: [] });
  const [first] = await rpc('trace_replayBlockTransactions', '0x1', ['vmTrace']);
  assert.deepEqual(first.vmTrace, all.vmTrace);
});

test('costs are those of the struct logger', async () => {
  const { rpc, accounts } = createTestNode();
  await rpc('anvil_setCode', OTHER, STORE_CODE);
  await rpc(
    'anvil_setCode',
    TO,
    hexOf('PUSH0 PUSH0 PUSH0 PUSH0 PUSH0 PUSH 0xc1 GAS CALL POP STOP'),
  );
  const hash = await rpc('eth_sendTransaction', { from: accounts[0], to: TO });
  const { vmTrace } = await rpc('trace_replayTransaction', hash, ['vmTrace']);
  const { structLogs } = await rpc('debug_traceTransaction', hash, {});
  const flat = (ops: readonly Operation[]): unknown[] =>
    ops.flatMap(({ op, pc, cost, sub }) => [[op, pc, cost], ...flat(sub?.ops ?? [])]);
  assert.deepEqual(
    flat(vmTrace.ops),
    structLogs.map(({ op, pc, gasCost }: { op: string; pc: number; gasCost: number }) => [
      op,
      pc,
      gasCost,
    ]),
  );
});
