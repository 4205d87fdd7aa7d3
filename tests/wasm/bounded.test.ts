/** Modules that end: what counts, and that nothing else of them changes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { boundModule } from '../../src/vms/wasm/bounded.ts';
import { assembleModule } from '../../src/vms/wasm/index.ts';

const MODULE = `(module
  (memory 1)
  (global $sum (mut i32) (i32.const 0))
  (func $add (param i32) (result i32) (local.get 0) (i32.const 1) (i32.add))
  (func (export "rounds") (param i32) (result i32)
    (loop $next
      (global.set $sum (call $add (global.get $sum)))
      (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
      (br_if $next (local.get 0)))
    (global.get $sum))
  (func (export "fill") (param i32)
    (memory.fill (i32.const 0) (i32.const 7) (local.get 0)))
  (func (export "copy") (param i32) (result i32)
    (memory.fill (i32.const 0) (i32.const 7) (i32.const 4))
    (memory.copy (i32.const 100) (i32.const 0) (local.get 0))
    (i32.load (i32.const 100)))
  (func (export "forever") (loop $next (br $next))))`;

type Run = (count: number) => number | undefined;

function instantiate(countMax: bigint): Readonly<Record<string, Run>> {
  const bytes = boundModule(assembleModule(MODULE), countMax);
  return new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports as Record<string, Run>;
}

/** The least count with which a call of a fresh instance does not trap. */
function countOf(name: string, argument: number): bigint {
  for (let count = 0n; ; count++) {
    try {
      instantiate(count)[name]?.(argument);
      return count;
    } catch (error) {
      assert.ok(error instanceof WebAssembly.RuntimeError);
    }
  }
}

test('rounds and entered functions count one each', () => {
  // The function, and of each round the loop and the call within it.
  assert.equal(countOf('rounds', 1), 3n);
  assert.equal(countOf('rounds', 10), 21n);
});

test('bulk operations count by their bytes', () => {
  assert.equal(countOf('fill', 15), 1n);
  assert.equal(countOf('fill', 160), 11n);
  assert.equal(countOf('copy', 160), 11n);
});

test('what a module computes is the same', () => {
  const bounded = instantiate(1_000_000n);
  assert.equal(bounded.rounds?.(1000), 1000);
  assert.equal(bounded.copy?.(4), 0x07070707);
});

test('an endless loop ends, and what is left stays used up', () => {
  const bounded = instantiate(1000n);
  assert.throws(() => bounded.forever?.(0), WebAssembly.RuntimeError);
  assert.throws(() => bounded.copy?.(4), WebAssembly.RuntimeError);
});

test('a module without globals is bounded too', () => {
  const bytes = boundModule(assembleModule('(module (func (export "f") (loop (br 0))))'), 5n);
  const { f } = new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports;
  assert.throws(f as () => void, WebAssembly.RuntimeError);
});

test('a module that names the global with its count is refused', () => {
  for (const body of ['(global.set 0 (i64.const 9))', '(drop (global.get 0))']) {
    const bytes = assembleModule(`(module (func ${body}))`);
    assert.throws(() => boundModule(bytes, 5n), /unknown global 0/);
  }
});

test('operations on tables count by their items', () => {
  const bytes = assembleModule(`(module (table 200 externref)
    (func (export "fill") (param externref)
      (table.fill (i32.const 0) (local.get 0) (i32.const 160)))
    (func (export "copy") (table.copy (i32.const 0) (i32.const 5) (i32.const 160)))
    (func (export "grow") (drop (table.grow (ref.null extern) (i32.const 160)))))`);
  for (const name of ['fill', 'copy', 'grow']) {
    for (const [count, isEnough] of [
      [11n, true],
      [10n, false],
    ] as const) {
      const module = new WebAssembly.Module(boundModule(bytes, count));
      const run = new WebAssembly.Instance(module).exports[name] as () => void;
      if (isEnough) run();
      else assert.throws(run, WebAssembly.RuntimeError);
    }
  }
});
