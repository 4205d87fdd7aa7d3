/** Contracts of WebAssembly on a node, under tracers, over a late backend, and by the command. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { bytesToHex } from '../../../src/base/bytes.ts';
import { createMachine } from '../../../src/chain/machine.ts';
import { PendingError } from '../../../src/dmir/host.ts';
import { type Backend, createPending } from '../../../src/state/backends/backend.ts';
import { createMemoryBackend } from '../../../src/state/backends/memory.ts';
import { cellPath } from '../../../src/state/cells.ts';
import { assemble } from '../../../src/vms/evm/index.ts';
import { writeDeployment } from '../../../src/vms/wasm/deployment.ts';
import { lockstep } from '../../cli/support/run.ts';
import { createTestNode } from '../../node/support.ts';
import { contract, EVM_CONTRACT, runAt, WASM_CONTRACT, wordOf, words } from './support.ts';

const at = (...places: number[]): string => places.map((each) => `(i32.const ${each})`).join(' ');

/** Begins at what it is deployed with; each call adds the word it is given, and gives the sum. */
const COUNTER = contract(
  `(call $storageLoad ${at(0, 32)})
  (call $callDataCopy ${at(64, 4, 32)})
  (i32.store8 (i32.const 127) (i32.const 0xff)) (i32.store8 (i32.const 126) (i32.const 0xff))
  (call $addmod ${at(32, 64, 96, 32)})
  (call $storageStore ${at(0, 32)})
  (call $finish ${at(32, 32)})`,
  '',
  `(call $callDataCopy ${at(32, 0, 32)}) (call $storageStore ${at(0, 32)})`,
);

test('a node deploys a module by a transaction, calls it, and traces both kinds', async () => {
  const { rpc, accounts } = createTestNode();
  const [from] = accounts;
  const send = async (tx: object) => {
    const hash = await rpc('eth_sendTransaction', tx);
    return { ...(await rpc('eth_getTransactionReceipt', hash)), hash };
  };
  const data = bytesToHex(writeDeployment(COUNTER, words(40n)));
  const made = await send({ from, data });
  const to = made.contractAddress;
  assert.equal(made.status, '0x1');
  assert.equal(await rpc('eth_getCode', to, 'latest'), bytesToHex(COUNTER));
  const input = `0x00000000${bytesToHex(words(2n)).slice(2)}`;
  assert.equal(BigInt(await rpc('eth_call', { to, data: input }, 'latest')), 42n);
  const gas = await rpc('eth_estimateGas', { from, to, data: input });
  const added = await send({ from, to, data: input, gas });
  assert.equal(added.status, '0x1');
  assert.equal(BigInt(await rpc('eth_getStorageAt', to, '0x0', 'latest')), 42n);
  // A contract of the EVM that calls the module.
  const caller = assemble(`PUSH 36 PUSH0 PUSH0 CALLDATACOPY
    PUSH 32 PUSH0 PUSH 36 PUSH0 PUSH0 PUSH ${BigInt(to)} GAS CALL
    PUSH 32 PUSH0 RETURN`);
  await rpc('anvil_setCode', EVM_CONTRACT, bytesToHex(caller));
  const outer = await send({ from, to: EVM_CONTRACT, data: input });
  const trace = await rpc('debug_traceTransaction', outer.hash, { tracer: 'callTracer' });
  const [call] = trace.calls;
  assert.deepEqual([trace.type, call.type, call.to], ['CALL', 'CALL', to]);
  assert.equal(BigInt(trace.output), 44n);
  assert.equal(BigInt(call.output), 44n);
  assert.ok(BigInt(call.gasUsed) > 2900n);
  const creation = await rpc('debug_traceTransaction', made.hash, { tracer: 'callTracer' });
  assert.deepEqual([creation.type, creation.output], ['CREATE', bytesToHex(COUNTER)]);
  const prestate = await rpc('debug_traceTransaction', outer.hash, { tracer: 'prestateTracer' });
  assert.deepEqual(prestate[to].storage, { [bytesToHex(words(0n))]: bytesToHex(words(42n)) });
  const config = { tracer: 'prestateTracer', tracerConfig: { diffMode: true } };
  const { post } = await rpc('debug_traceTransaction', outer.hash, config);
  assert.deepEqual(post[to], { storage: { [bytesToHex(words(0n))]: bytesToHex(words(44n)) } });
  // The steps of the EVM's frame, and those of the module: what it calls of the host.
  const { structLogs, failed } = await rpc('debug_traceTransaction', outer.hash, {});
  assert.equal(failed, false);
  const inner = structLogs.filter(({ depth }: { depth: number }) => depth === 2);
  const names = inner.map(({ op }: { op: string }) => op);
  assert.deepEqual(names, ['SLOAD', 'CALLDATACOPY', 'ADDMOD', 'SSTORE', 'RETURN']);
});

test('a module larger than init code may be is a transaction of the node', async () => {
  const { rpc, accounts } = createTestNode();
  const filler = `(data (i32.const 0) "${'a'.repeat(60_000)}")`;
  const data = bytesToHex(contract('', filler));
  const tx = { from: accounts[0], data, gas: '0x1c9c380' };
  const hash = await rpc('eth_sendTransaction', tx);
  assert.equal((await rpc('eth_getTransactionReceipt', hash)).status, '0x1');
});

/** The memory backend, whose cells are there only from the second question on. */
function createLateBackend(): Backend {
  const memory = createMemoryBackend();
  const asked = new Set<string>();
  return {
    get(cell) {
      const path = cellPath(cell);
      if (asked.has(path)) return memory.get(cell);
      asked.add(path);
      return createPending(Promise.resolve());
    },
    put: (cell, value) => memory.put(cell, value),
    delete: (cell) => memory.delete(cell),
    scan: (range) => memory.scan(range),
  };
}

test('a late backend gives the outcome of a prompt one, inside functions too', async () => {
  const inner = `(func $add ${'(call $storageLoad (i32.const 0) (i32.const 32))'}
    (i32.store8 (i32.const 63) (i32.add (i32.load8_u (i32.const 63)) (i32.const 3)))
    (call $storageStore (i32.const 0) (i32.const 32))
    (call $getExternalBalance (i32.const 100) (i32.const 64)))`;
  const code = contract(`(call $add) (call $finish ${at(32, 32)})`, inner);
  const prompt = createMachine();
  const late = createMachine({ backend: createLateBackend() });
  for (;;) {
    try {
      late.state.setCode(WASM_CONTRACT, code);
      break;
    } catch (error) {
      if (!(error instanceof PendingError)) throw error;
      await error.ready;
    }
  }
  prompt.state.setCode(WASM_CONTRACT, code);
  for (let round = 1n; round <= 2n; round++) {
    const outcome = await late.callAsync({ to: WASM_CONTRACT });
    const expected = prompt.call({ to: WASM_CONTRACT });
    assert.equal(wordOf(outcome.output), 3n * round);
    assert.deepEqual(outcome.writes, expected.writes);
    assert.equal(outcome.gasUsed, expected.gasUsed);
  }
});

test('an access list makes slots of a module warm', () => {
  const machine = createMachine();
  const code = contract(`(call $storageLoad ${at(0, 32)})`);
  const cold = runAt(machine, WASM_CONTRACT, code).gasUsed;
  const accessList = [{ address: WASM_CONTRACT, slots: [0n] }];
  const warm = runAt(machine, WASM_CONTRACT, code, { accessList }).gasUsed;
  assert.equal(cold - warm, 2000n);
});

test('programs are given up and loaded again', () => {
  const machine = createMachine();
  machine.state.setCode(WASM_CONTRACT, COUNTER);
  const data = new Uint8Array(36).fill(1, 35);
  machine.call({ to: WASM_CONTRACT, data });
  machine.executor.machine.clearPrograms();
  assert.equal(wordOf(machine.call({ to: WASM_CONTRACT, data }).output), 2n);
});

test('run deploys a module and calls it by a signature', async (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'lockstep-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'counter.wasm');
  writeFileSync(file, COUNTER);
  const args = ['run', file, '--call', 'add(uint256)', '7', '--json'];
  const { code, out, err } = await lockstep(args, { machine: createMachine() });
  assert.deepEqual([code, err], [0, '']);
  const { call } = JSON.parse(out);
  assert.equal(BigInt(call.output), 7n);
  const bad = join(folder, 'bad.wasm');
  writeFileSync(bad, COUNTER.subarray(0, COUNTER.length - 3));
  const refused = await lockstep(['run', bad]);
  assert.equal(refused.code, 2);
  assert.match(refused.err, /malformed at byte \d+/);
});
