/** The text of a module assembles to a module with the same text, and runs alike. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assembleModule, printWasmModule, readWasmModule } from '../../src/vms/wasm/index.ts';
import { createPrng } from '../support/prng.ts';
import { randomWasm } from '../support/random-wasm.ts';

const print = (bytes: Uint8Array): string => printWasmModule(readWasmModule(bytes));

test('random modules print, assemble and print alike, with the same code', () => {
  for (let seed = 1; seed <= 60; seed++) {
    const { bytes } = randomWasm(createPrng(seed));
    const text = print(bytes);
    const again = assembleModule(text);
    assert.equal(print(again), text, `seed ${seed}`);
    const [before, after] = [readWasmModule(bytes), readWasmModule(again)];
    before.bodies.forEach(({ start, end }, i) => {
      const body = after.bodies[i];
      const code = Buffer.from(bytes.subarray(start, end)).toString('hex');
      const assembled = Buffer.from(again.subarray(body?.start, body?.end)).toString('hex');
      assert.equal(assembled, code, `seed ${seed}, function ${i}`);
    });
  }
});

test('every kind of field and immediate has its text', () => {
  const text = `(module
  (type (func (param i32) (result i64)))
  (type (func))
  (import "a b" "\\22\\c3\\a9" (func (param i32) (result i64)))
  (import "m" "g" (global (mut f32)))
  (table 1 2 funcref)
  (memory 1 65536)
  (global f64 f64.const -nan:0x8000000000001)
  (global (mut f32) f32.const 1.401298464324817e-45)
  (global i32 i32.const 2 i32.const -3 i32.mul)
  (global externref ref.null extern)
  (export "f" (func 1))
  (start 1)
  (elem (table 0) (offset i32.const 0) funcref (item ref.func 1))
  (elem declare funcref (item ref.func 0))
  (data (offset i32.const 1) "\\00a\\ff")
  (data "passive")
  (func (type 1) (local i32 v128)
    block (result i32)
      i32.const 1
      if
        br 0
      else
        local.get 0
        br_table 0 0 0
      end
      i32.const -1
    end
    i64.load16_s offset=4 align=1
    drop
    v128.const i32x4 1 2 3 4294967295
    i8x16.extract_lane_s 15
    i32.const 0
    i32.const 0
    memory.init 0 1
    i32.const 0
    v128.const i32x4 0 0 0 0
    v128.store8_lane offset=1 3
    i32.const 7
    i32.const 0
    call_indirect 0 (type 0)
    ref.null func
    ref.null func
    i32.const 0
    select (result funcref)
    drop
    f32.const inf
    f64.const -0
    drop
    drop
    drop)
)
`;
  assert.equal(print(assembleModule(text)), text);
});

test('a segment may name its table or memory by the bare index, as in version 1.0', () => {
  const whole = '(module (table 1 funcref) (memory 1) (func $f) (elem (table 0) (i32.const 0) $f)';
  const bare = '(module (table 1 funcref) (memory 1) (func $f) (elem 0 (i32.const 0) $f)';
  assert.deepEqual(
    assembleModule(`${bare} (data 0 (i32.const 0) "a"))`),
    assembleModule(`${whole} (data (memory 0) (i32.const 0) "a"))`),
  );
});
