/** What is no contract fails its creation; where there are no such contracts, a module is code. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LockstepError } from '../../../src/base/errors.ts';
import { createMachine } from '../../../src/chain/machine.ts';
import { runUntil } from '../../../src/chain/snapshot.ts';
import { HEAP_BASE, M_HEAP_USED, MACHINE_BASE } from '../../../src/kernel/layout.ts';
import { assemble } from '../../../src/vms/evm/index.ts';
import { readContract } from '../../../src/vms/wasm/contract.ts';
import { writeDeployment } from '../../../src/vms/wasm/deployment.ts';
import { assembleModule } from '../../../src/vms/wasm/index.ts';
import {
  bytesText,
  contract,
  createWorld,
  EVM_CONTRACT,
  SENDER,
  WASM_CONTRACT,
  wordOf,
} from './support.ts';

const ENTRIES = '(memory (export "memory") 1) (func (export "deploy")) (func (export "call"))';
const MEMORY = '(memory (export "memory") 1)';

const BAD: readonly (readonly [name: string, text: string, problem: RegExp])[] = [
  ['no call', `(module ${MEMORY} (func (export "deploy")))`, /exports no function call/],
  ['no deploy', `(module ${MEMORY} (func (export "call")))`, /exports no function deploy/],
  [
    'a call that is a memory',
    '(module (memory (export "call") 1) (func (export "deploy")))',
    /exports no function call/,
  ],
  [
    'no memory',
    '(module (func (export "deploy")) (func (export "call")))',
    /exports no memory of that name/,
  ],
  [
    'a result',
    `(module ${MEMORY} (func (export "deploy")) (func (export "call") (result i32) i32.const 1))`,
    /call has parameters or results/,
  ],
  [
    'an unknown import',
    `(module (import "env" "getRandom" (func)) ${ENTRIES})`,
    /imports env\.getRandom/,
  ],
  [
    'another module',
    `(module (import "wasi_unstable" "fd_write" (func)) ${ENTRIES})`,
    /imports wasi_unstable\.fd_write/,
  ],
  [
    'another type',
    `(module (import "env" "finish" (func (param i64))) ${ENTRIES})`,
    /env\.finish as another type than \(i32, i32\) to \(\)/,
  ],
  [
    'a memory from outside',
    '(module (import "env" "memory" (memory 1)) (func (export "call")) (func (export "deploy")))',
    /imports env\.memory/,
  ],
  [
    'too much memory',
    '(module (memory (export "memory") 257) (func (export "call")) (func (export "deploy")))',
    /has 257 pages of memory at the start, and the limit is 256/,
  ],
  [
    'three tables',
    `(module ${ENTRIES} (table 1 funcref) (table 1 funcref) (table 1 funcref))`,
    /3/,
  ],
];

for (const [name, text, problem] of BAD) {
  test(`${name}: refused with the reason, and the creation fails and takes its gas`, () => {
    const module = assembleModule(text);
    const isRefusal = (error: unknown): boolean =>
      error instanceof LockstepError && problem.test(error.message);
    assert.throws(() => readContract(module), isRefusal);
    const machine = createWorld();
    const outcome = machine.deploy({ code: module, from: SENDER, gas: 500_000n, value: 3n });
    assert.deepEqual([outcome.status, outcome.reason], ['halt', 'invalid-opcode']);
    assert.equal(outcome.gasUsed, 500_000n);
    assert.equal(machine.state.getCode(outcome.address).length, 0);
    assert.equal(machine.state.getBalance(outcome.address), 0n);
    assert.equal(machine.state.getNonce(SENDER), 1n);
  });
}

test('bytes that only begin as a module do, and a length past the end, are refused or the EVM’s', () => {
  const machine = createWorld();
  const good = contract('');
  for (const code of [good.subarray(0, 4), good.subarray(0, good.length - 1)]) {
    assert.equal(machine.deploy({ code }).status, 'halt');
  }
  const long = writeDeployment(good, new Uint8Array(0));
  long[3] = (long[3] as number) + 1;
  // Such data are no deployment, and their first byte is STOP.
  const outcome = machine.deploy({ code: long });
  assert.deepEqual([outcome.status, machine.state.getCode(outcome.address).length], ['success', 0]);
});

test('a segment outside the memory makes no contract', () => {
  const machine = createWorld();
  const code = assembleModule(`(module ${ENTRIES} (data (i32.const 65535) "ab"))`);
  assert.equal(machine.deploy({ code }).reason, 'invalid-opcode');
});

test('a module that cannot pay for being read fails without being decoded', () => {
  const machine = createWorld();
  const code = contract('');
  const gas = BigInt(code.length) * 4n;
  assert.equal(machine.deploy({ code, gas: gas - 1n }).reason, 'out-of-gas');
});

test('init code of the EVM cannot leave a module', () => {
  const module = contract('');
  const init = assemble(`PUSH ${module.length} PUSH @code PUSH0 CODECOPY
    PUSH ${module.length} PUSH0 RETURN code: DATA 0x${Buffer.from(module).toString('hex')}`);
  const outcome = createWorld().deploy({ code: init });
  assert.deepEqual([outcome.status, outcome.reason], ['halt', 'invalid-opcode']);
  const off = createMachine({ overrides: { costs: { moduleBytesMax: 0n } } });
  assert.equal(off.deploy({ code: init }).status, 'success');
});

test('without such contracts the bytes of a module are code that stops', () => {
  const machine = createWorld({ overrides: { costs: { moduleBytesMax: 0n } } });
  const module = contract('unreachable', '', 'unreachable');
  const { status, address } = machine.deploy({ code: module });
  assert.deepEqual([status, machine.state.getCode(address).length], ['success', 0]);
  machine.state.setCode(WASM_CONTRACT, module);
  assert.equal(machine.call({ to: WASM_CONTRACT }).status, 'success');
});

test('a module that was put in place and is no contract is code that stops', () => {
  const machine = createWorld();
  machine.state.setCode(WASM_CONTRACT, assembleModule('(module)'));
  const { status, gasUsed } = machine.call({ to: WASM_CONTRACT });
  assert.deepEqual([status, gasUsed], ['success', 0n]);
});

test('a limit of size holds for modules alone', () => {
  const options = { overrides: { costs: { moduleBytesMax: 60_000n } } };
  const data = bytesText(new Uint8Array(50_000).fill(7));
  const make = (size: number): Uint8Array =>
    assembleModule(`(module ${ENTRIES} (data (i32.const 0) "${data.slice(0, size * 3)}"))`);
  const gas = 50_000_000n;
  const machine = createWorld(options);
  assert.equal(machine.deploy({ code: make(50_000), gas }).status, 'success');
  const small = createWorld({ overrides: { costs: { moduleBytesMax: 20_000n } } });
  assert.equal(small.deploy({ code: make(20_001), gas }).reason, 'out-of-gas');
});

test('where modules may be larger they may have more functions and segments', () => {
  const segments = '(data (i32.const 0) "a")'.repeat(15_000);
  const data = bytesText(new Uint8Array(1_100_000).fill(7));
  const large = assembleModule(`(module (memory (export "memory") 20) (func (export "call"))
    (func (export "deploy")) (data (i32.const 0) "${data}") ${segments})`);
  const gas = 500_000_000n;
  const costs = { moduleBytesMax: 2n << 20n };
  const machine = createMachine({ overrides: { costs } });
  assert.equal(machine.deploy({ code: large, gas }).status, 'success');
  const wide = assembleModule(`(module ${ENTRIES} ${segments})`);
  assert.equal(machine.deploy({ code: wide, gas }).status, 'success');
  assert.equal(createMachine().deploy({ code: wide, gas }).status, 'halt');
});

test('a function that no frame can hold ends the frame, and not the machine', () => {
  const count = 1400;
  const each = (text: (local: number) => string): string =>
    Array.from({ length: count }, (_, i) => text(i + 1)).join(' ');
  const sets = each((i) => `(local.set ${i} (i32.add (local.get 0) (i32.const ${i})))`);
  const uses = each((i) => `(local.set 0 (i32.xor (local.get 0) (local.get ${i})))`);
  const again = `(if (local.get 0) (then ${sets}) (else ${uses}))`;
  const code = assembleModule(`(module ${MEMORY} (func (export "deploy"))
    (func $large (param i32) (result i32) (local ${'i32 '.repeat(count)})
      ${sets} (if (local.get 0) (then ${again}) (else ${uses})) ${uses} (local.get 0))
    (func (export "call") (drop (call $large (i32.const 1)))))`);
  for (const engine of ['interpreter', 'multipass'] as const) {
    const machine = createWorld({ engine, tier: { entriesMin: 0 } });
    machine.state.setCode(WASM_CONTRACT, code);
    const outcome = machine.call({ to: WASM_CONTRACT, gas: 1_000_000n });
    assert.deepEqual([outcome.status, outcome.reason], ['halt', 'memory-limit']);
  }
});

test('a growth that is not paid for takes no memory, and one past the limit costs nothing', () => {
  const machine = createWorld();
  const grown = (pages: number): Uint8Array =>
    contract(`(drop (memory.grow (i32.const ${pages})))`);
  machine.state.setCode(WASM_CONTRACT, grown(200));
  const unpaid = machine.call({ to: WASM_CONTRACT, gas: 2000n });
  assert.deepEqual([unpaid.status, unpaid.reason], ['halt', 'out-of-gas']);
  const { u32 } = machine.executor.machine.kernel;
  const used = u32[(MACHINE_BASE + M_HEAP_USED) / 4] as number;
  assert.ok(used - HEAP_BASE < 100_000, `${used - HEAP_BASE} bytes of the heap are used`);
  const price = (pages: number): bigint => {
    machine.state.setCode(WASM_CONTRACT, grown(pages));
    return machine.call({ to: WASM_CONTRACT, commit: false }).gasUsed;
  };
  assert.equal(price(255) - price(0), 255n * 2048n);
  assert.equal(price(256), price(0));
});

test('a run that stops in a frame of a module has no state as bytes', () => {
  const machine = createWorld();
  machine.state.setCode(WASM_CONTRACT, contract('(loop $again (br $again))'));
  assert.throws(
    () => runUntil(machine, { to: WASM_CONTRACT }, 100n),
    (error) => error instanceof LockstepError && error.code === 'L1103',
  );
});

test('recursion ends by count, and a frame of the EVM above has its whole stack', () => {
  const machine = createWorld();
  const recurse = '(func $down (call $down))';
  machine.state.setCode(WASM_CONTRACT, contract('(call $down)', recurse));
  const { reason } = machine.call({ to: WASM_CONTRACT, gas: 1_000_000n });
  assert.equal(reason, 'call-depth');
  // 1,020 calls deep, it calls code that fills its stack.
  const pushes = 'PUSH0 '.repeat(1020);
  machine.state.setCode(EVM_CONTRACT, assemble(`${pushes} PUSH0 MSTORE PUSH 32 PUSH0 RETURN`));
  const deep = contract(
    '(call $down (i32.const 1020)) (call $finish (i32.const 64) (i32.const 32))',
    `(func $down (param $left i32)
      (if (local.get $left) (then
        (call $down (i32.sub (local.get $left) (i32.const 1))))
      (else
        (i32.store8 (i32.const 19) (i32.const 0xc1))
        (i32.store8 (i32.const 95) (i32.eqz
          (call $callContract (i64.const -1) (i32.const 0) (i32.const 32) (i32.const 0)
            (i32.const 0)))))))`,
  );
  machine.state.setCode(WASM_CONTRACT, deep);
  const { status, output } = machine.call({ to: WASM_CONTRACT });
  assert.deepEqual([status, wordOf(output)], ['success', 1n]);
});
