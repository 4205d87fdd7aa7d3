/** The memory of a frame is new, whatever the frame before wrote to it, on every engine. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assemble } from '../../../src/vms/evm/index.ts';
import { createPrng } from '../../support/prng.ts';
import { contract, createWorld, EVM_CONTRACT, WASM_CONTRACT } from './support.ts';

const PAGE = 0x1_0000;
const CALLS = 150;
const WRITES_MAX = 6;

/**
 * Reads the input behind all that it hashes, as commands of 12 bytes: kind, address, value. Then
 * hashes its memory, up to the input, which the next frame has to find as the first one did.
 */
const WRITER = contract(
  `(local $at i32) (local $end i32) (local $to i32) (local $value i32)
  (call $callDataCopy (i32.const ${PAGE}) (i32.const 0) (call $getCallDataSize))
  (call $keccak256 (i32.const 0) (i32.const ${PAGE - 32}) (i32.const ${2 * PAGE - 64}))
  (local.set $at (i32.const ${PAGE}))
  (local.set $end (i32.add (local.get $at) (call $getCallDataSize)))
  (block $done (loop $next
    (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
    (local.set $to (i32.load offset=4 (local.get $at)))
    (local.set $value (i32.load offset=8 (local.get $at)))
    (call $write (i32.load (local.get $at)) (local.get $to) (local.get $value))
    (local.set $at (i32.add (local.get $at) (i32.const 12)))
    (br $next)))
  (call $keccak256 (i32.const 0) (i32.const ${PAGE - 32}) (i32.const ${2 * PAGE - 32}))
  (call $finish (i32.const ${2 * PAGE - 64}) (i32.const 64))`,
  `(data (i32.const 1000) "some data over the end of a granule: .........................")
  (data (i32.const 40000) "and more")
  (func $write (param $kind i32) (param $to i32) (param $value i32)
    (block $grow (block $fill (block $copy (block $word (block $far (block $wide (block $byte
      (br_table $byte $wide $far $word $copy $fill $grow (local.get $kind)))
      (i32.store8 (local.get $to) (local.get $value)) (return))
      (i64.store (local.get $to) (i64.extend_i32_u (local.get $value))) (return))
      (i32.store offset=5000 (local.get $to) (local.get $value))
      (i32.store16 offset=1023 (local.get $to) (local.get $value)) (return))
      (call $getCaller (local.get $to)) (i32.store (i32.const 1022) (local.get $value)) (return))
      (memory.copy (local.get $to) (i32.const 990) (i32.const 3000)) (return))
      (memory.fill (local.get $to) (local.get $value) (i32.const 2100)) (return))
    (drop (memory.grow (i32.const 1)))
    (i32.store (i32.const ${2 * PAGE + 77}) (local.get $value)))`,
);

/** The same module with two pages at the start. */
function withPages(module: Uint8Array): Uint8Array {
  const copy = module.slice();
  const at = copy.findIndex((byte, i) => byte === 5 && copy[i + 1] === 3 && copy[i + 2] === 1);
  assert.equal(copy[at + 4], 1);
  copy[at + 4] = 2;
  return copy;
}

test('what a frame wrote is not there in the next one', () => {
  const machine = createWorld();
  machine.state.setCode(WASM_CONTRACT, withPages(WRITER));
  machine.state.setCode(EVM_CONTRACT, assemble('PUSH 1 PUSH 9000 MSTORE PUSH 5 PUSH0 MSTORE STOP'));
  const prng = createPrng(11);
  const starts = new Set<string>();
  for (let i = 0; i < CALLS; i++) {
    const count = prng.below(WRITES_MAX);
    const data = new Uint8Array(12 * count);
    const view = new DataView(data.buffer);
    for (let at = 0; at < data.length; at += 12) {
      view.setUint32(at, prng.below(7), true);
      view.setUint32(at + 4, prng.below(PAGE - 6000), true);
      view.setUint32(at + 8, prng.below(2 ** 31), true);
    }
    // A frame of another kind lies there now and then, and one that is left half way.
    if (prng.below(9) === 0) machine.call({ to: EVM_CONTRACT });
    if (prng.below(9) === 0) machine.call({ to: WASM_CONTRACT, data, gas: 60_000n });
    const { status, output } = machine.call({ to: WASM_CONTRACT, data });
    assert.equal(status, 'success');
    starts.add(Buffer.from(output.subarray(0, 32)).toString('hex'));
  }
  assert.equal(starts.size, 1);
});
