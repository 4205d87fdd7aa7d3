/** What compiled functions of a frame share with the interpreter's: gas, room, pauses, depth. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ENGINE_NAMES } from '../../../src/engines/names.ts';
import { assemble } from '../../../src/vms/evm/index.ts';
import { contract, createWorld, EVM_CONTRACT, WASM_CONTRACT, wordOf, words } from './support.ts';

const COMPILED = ENGINE_NAMES.filter((name) => name === 'singlepass' || name === 'multipass');
const input = '(call $callDataCopy (i32.const 0) (i32.const 0) (i32.const 32))';

test('a loop without end runs out of gas, and is paused before', () => {
  const loop = contract('(local $i i32) (loop $again (br $again))');
  const machine = createWorld();
  machine.state.setCode(WASM_CONTRACT, loop);
  const { status, reason } = machine.call({ to: WASM_CONTRACT, gas: 9_000_000n });
  assert.deepEqual([status, reason], ['halt', 'out-of-gas']);
  for (const engine of COMPILED) {
    const side = createWorld({ engine, tier: { entriesMin: 0 } });
    side.state.setCode(WASM_CONTRACT, loop);
    const { machine: inner } = side.executor;
    assert.equal(side.start({ to: WASM_CONTRACT, gas: 1n << 61n }), undefined);
    let before = inner.gas;
    for (let i = 0; i < 10; i++) {
      inner.patience = 4;
      assert.equal(inner.advance(), undefined);
      assert.ok(before - inner.gas < 50_000_000n, `${engine}: ${before - inner.gas} in a part`);
      before = inner.gas;
    }
  }
});

test('gas that is left is told as the interpreter tells it, in whatever part', () => {
  const machine = createWorld();
  const count = `(local $i i32) (local $sum i64) ${input}
    (local.set $i (i32.load8_u (i32.const 31)))
    (loop $again
      (local.set $sum (i64.xor (i64.mul (local.get $sum) (i64.const 31)) (call $getGasLeft)))
      (call $spend (i32.const 300000))
      (local.set $i (i32.sub (local.get $i) (i32.const 1)))
      (br_if $again (local.get $i)))
    (i64.store (i32.const 24) (local.get $sum))
    (call $finish (i32.const 0) (i32.const 32))`;
  const spend = `(func $spend (param $n i32)
    (loop $again (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))`;
  machine.state.setCode(WASM_CONTRACT, contract(count, spend));
  for (const gas of [30_000_000n, 12_345_678n, 1n << 50n]) {
    assert.equal(machine.call({ to: WASM_CONTRACT, gas, data: words(8n) }).status, 'success');
  }
});

test('registers of open calls have the same room on every engine', () => {
  const count = 390;
  const locals = Array.from({ length: count }, (_, i) => i + 1);
  const sets = locals.map((i) => {
    return `(local.set ${i} (i64.mul (local.get ${i - 1}) (i64.const ${2 * i + 1})))`;
  });
  const uses = locals.map((i) => {
    return `(local.set 0 (i64.rotl (i64.xor (local.get 0) (local.get ${i})) (i64.const 5)))`;
  });
  const deep = `(func $deep (param i64) (result i64) (local ${'i64 '.repeat(count)})
    (if (i64.eqz (local.get 0)) (then (return (i64.const 1)))) ${sets.join(' ')}
    (local.set 0 (call $deep (i64.sub (local.get 0) (i64.const 1)))) ${uses.join(' ')}
    (local.get 0))`;
  const call = `${input}
    (i64.store (i32.const 0) (call $deep (i64.load16_u (i32.const 0))))
    (call $finish (i32.const 0) (i32.const 8))`;
  // In the outermost frame and in one above it, which has more.
  const forward = assemble(`PUSH0 CALLDATALOAD PUSH0 MSTORE
    PUSH 32 PUSH0 PUSH 32 PUSH0 PUSH0 PUSH ${BigInt(WASM_CONTRACT)} GAS CALL
    PUSH 32 MSTORE PUSH 64 PUSH0 RETURN`);
  const machine = createWorld();
  machine.state.setCode(WASM_CONTRACT, contract(call, deep));
  machine.state.setCode(EVM_CONTRACT, forward);
  const ends = new Set<string>();
  for (const depth of [1, 500, 960, 970, 980, 990, 993, 996, 999, 1002, 1005, 1010, 1020]) {
    const data = Uint8Array.of(depth & 255, depth >> 8, ...new Uint8Array(30));
    const own = machine.call({ to: WASM_CONTRACT, data, gas: 1n << 40n });
    ends.add(`${own.status} ${own.reason}`);
    const other = machine.call({ to: EVM_CONTRACT, data, gas: 1n << 40n });
    ends.add(`${other.status} ${wordOf(other.output, 1)}`);
  }
  assert.deepEqual([...ends].sort(), [
    'halt stack-overflow',
    'success 0',
    'success 1',
    'success undefined',
  ]);
});

test('code goes with its program, and its places of the table come back', () => {
  const machine = createWorld({ engine: 'multipass', tier: { entriesMin: 0 } });
  const inner = machine.executor.machine;
  const { table } = inner.kernel;
  const taken = (): number => {
    return Array.from({ length: table.length }, (_, i) => table.get(i)).filter(Boolean).length;
  };
  machine.state.setCode(WASM_CONTRACT, contract('(call $finish (i32.const 0) (i32.const 32))'));
  let most = 0;
  for (let i = 0; i < 5; i++) {
    assert.equal(machine.call({ to: WASM_CONTRACT }).status, 'success');
    assert.ok(taken() > 0);
    if (i === 0) most = taken();
    assert.equal(taken(), most);
    inner.clearPrograms();
    assert.equal(taken(), 0);
  }
});
