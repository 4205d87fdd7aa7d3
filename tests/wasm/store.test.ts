/** What stores do besides the official scripts: gas, limits, links between instances, hosts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LockstepError } from '../../src/base/errors.ts';
import { type WasmOutcome, WasmStore } from '../../src/chain/wasm/index.ts';
import { Kernel } from '../../src/engines/interpreter/kernel.ts';
import type { Extern, FuncEntity, Instance } from '../../src/vms/wasm/entities.ts';
import {
  assembleModule,
  DEFAULT_GAS,
  DEFAULT_LIMITS,
  readWasmModule,
  VAL_TYPES,
  type WasmLimits,
} from '../../src/vms/wasm/index.ts';

const kernel = new Kernel();
const MINUS_ONE = 0xffff_ffffn;

type Exports = Readonly<Record<string, ReadonlyMap<string, Extern>>>;

function instantiate(store: WasmStore, text: string, imports: Exports = {}): Instance {
  const module = readWasmModule(assembleModule(text), store.linker.limits);
  const made = store.instantiate(module, (from, name) => imports[from]?.get(name));
  assert.equal(made.kind, 'instance');
  return (made as { instance: Instance }).instance;
}

function call(
  store: WasmStore,
  { exports }: Instance,
  name: string,
  args: readonly bigint[] = [],
  gas?: bigint,
): WasmOutcome {
  const func = exports.get(name) as FuncEntity;
  return store.call(func, args, gas === undefined ? {} : { gas });
}

const LOOP = `(module (func (export "f") (param i32) (result i32) (local i32)
  (loop $l
    (local.set 1 (i32.add (local.get 1) (local.get 0)))
    (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
    (br_if $l (local.get 0)))
  (local.get 1)))`;

test('gas counts every instruction that ran, each time', () => {
  const store = new WasmStore({ kernel });
  const instance = instantiate(store, LOOP);
  const { value, alu, branch } = DEFAULT_GAS.classes;
  // Of a round: four reads, a constant, two writes, two operations, the branch.
  const round = BigInt(7 * value + 2 * alu + branch);
  for (const count of [1n, 2n, 10n]) {
    const outcome = call(store, instance, 'f', [count]);
    assert.deepEqual(outcome.results, [(count * (count + 1n)) / 2n]);
    assert.equal(outcome.gasUsed, BigInt(branch) + count * round + BigInt(value));
  }
});

test('a run needs exactly the gas that it uses', () => {
  const store = new WasmStore({ kernel });
  const instance = instantiate(store, LOOP);
  const { gasUsed } = call(store, instance, 'f', [50n]);
  assert.equal(call(store, instance, 'f', [50n], gasUsed).kind, 'return');
  const short = call(store, instance, 'f', [50n], gasUsed - 1n);
  assert.equal(short.trap, 'out-of-gas');
});

test('after a trap only what ran is paid', () => {
  const store = new WasmStore({ kernel });
  const instance = instantiate(
    store,
    `(module (memory 1) (func (export "f") (param i32) (result i32)
      (i32.add (i32.load (local.get 0)) (i32.mul (i32.const 3) (i32.const 4)))))`,
  );
  const { value, alu, mul, memory } = DEFAULT_GAS.classes;
  const whole = value + memory + 2 * value + mul + alu;
  assert.equal(call(store, instance, 'f', [0n]).gasUsed, BigInt(whole));
  const trapped = call(store, instance, 'f', [65_533n]);
  assert.equal(trapped.trap, 'out-of-bounds');
  assert.equal(trapped.gasUsed, BigInt(value + memory));
});

test('what runs without an end ends by gas, calls by their depth', () => {
  const store = new WasmStore({ kernel });
  const instance = instantiate(
    store,
    `(module
      (func (export "spin") (loop $l (br $l)))
      (func $down (export "down") (param i64 i64 i64) (call $down (local.get 0) (local.get 1)
        (i64.add (local.get 2) (i64.const 1))))
      (func (export "grow") (loop $l (drop (memory.grow (i32.const 1))) (br $l)))
      (func $deep (export "deep") (param i32) (result i32)
        (if (result i32) (local.get 0)
          (then (call $deep (i32.sub (local.get 0) (i32.const 1)))) (else (i32.const 7))))
      (memory 0))`,
  );
  const gas = 1_000_000n;
  assert.equal(call(store, instance, 'spin', [], gas).trap, 'out-of-gas');
  assert.equal(call(store, instance, 'down', [1n, 2n, 3n], gas).trap, 'call-depth');
  assert.equal(call(store, instance, 'grow', [], 10n * gas).trap, 'out-of-gas');
  // 1,024 calls may be open above the first function.
  assert.deepEqual(call(store, instance, 'deep', [1024n]).results, [7n]);
  assert.equal(call(store, instance, 'deep', [1025n]).trap, 'call-depth');
});

test('memories and tables stop growing at the limit', () => {
  const limits: WasmLimits = { ...DEFAULT_LIMITS, memoryPages: 3, tableEntries: 5 };
  const store = new WasmStore({ kernel, limits });
  const instance = instantiate(
    store,
    `(module (memory 1) (table 2 funcref)
      (func (export "memory") (param i32) (result i32) (memory.grow (local.get 0)))
      (func (export "table") (param i32) (result i32)
        (table.grow (ref.null func) (local.get 0))))`,
  );
  assert.deepEqual(call(store, instance, 'memory', [2n]).results, [1n]);
  assert.deepEqual(call(store, instance, 'memory', [1n]).results, [MINUS_ONE]);
  assert.deepEqual(call(store, instance, 'memory', [MINUS_ONE]).results, [MINUS_ONE]);
  assert.deepEqual(call(store, instance, 'memory', [0n]).results, [3n]);
  assert.deepEqual(call(store, instance, 'table', [3n]).results, [2n]);
  assert.deepEqual(call(store, instance, 'table', [1n]).results, [MINUS_ONE]);
});

function rejection(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof LockstepError, String(error));
    return `${error.code} ${error.message}`;
  }
  return 'accepted';
}

test('a module past a limit is rejected with the count and the limit', () => {
  const store = new WasmStore({ kernel });
  const cases: readonly (readonly [text: string, pattern: RegExp])[] = [
    ['(module (memory 2049))', /^L1605 .*2049 pages of memory at the start, and the limit is 2048/],
    ['(module (table 1000001 funcref))', /^L1605 .*1000001 table entries/],
    [
      `(module (func ${'(local i64)'.repeat(1501)}))`,
      /^L1604 .*1501 slots of locals at byte \d+, and the limit is 1500/,
    ],
    [
      `(module (func ${'(block '.repeat(501)}${')'.repeat(501)}))`,
      /^L1604 .*nested blocks at byte \d+, and the limit is 500/,
    ],
    [
      `(module (func ${'(i32.const 0) '.repeat(501)} unreachable))`,
      /^L1604 .*501 values on a stack .*500/,
    ],
    [`(module ${'(table 0 funcref)'.repeat(33)})`, /^L1604 .*33 tables .*32/],
    ['(module (func i8x16.relaxed_swizzle))', /^L1603 .*feature relaxed-simd/],
    ['(module (import "a" "b" (func)))', /^L1605 .*unknown import "a" "b"/],
    ['(module (func (result i32) (i64.const 0)))', /^L1602 .*i64 where i32 is expected/],
    ['(module (func (i32.cons 0)))', /^L1606 .*1:16: unknown operator i32\.cons/],
  ];
  for (const [text, pattern] of cases) {
    assert.match(
      rejection(() => instantiate(store, text)),
      pattern,
    );
  }
});

test('a function that is larger than the machine can hold is an error, and others still run', () => {
  const store = new WasmStore({ kernel });
  const locals = Array.from(
    { length: 1400 },
    (_, i) => `(local.set ${i + 1} (i32.add
    (local.get 0) (i32.const ${i})))`,
  ).join('');
  const uses = Array.from(
    { length: 1400 },
    (_, i) => `(local.set 0 (i32.xor (local.get 0)
    (local.get ${i + 1})))`,
  ).join('');
  const again = `(if (local.get 0) (then ${locals}) (else ${uses}))`;
  const instance = instantiate(
    store,
    `(module (memory 1)
      (func (export "large") (param i32) (result i32) (local ${'i32 '.repeat(1400)})
        ${locals} (if (local.get 0) (then ${again}) (else ${uses})) ${uses} (local.get 0))
      (func (export "small") (result i32) (i32.const 3)))`,
  );
  const text = rejection(() => call(store, instance, 'large', [1n]));
  assert.match(text, /^L1607 .*registers at once/);
  assert.deepEqual(call(store, instance, 'small').results, [3n]);
});

test('a call of the host gets its arguments and gives its results', () => {
  const store = new WasmStore({ kernel });
  const { i32, i64, externref } = VAL_TYPES;
  const seen: bigint[][] = [];
  const type = { params: [i32, externref], results: [i64, externref] };
  const swap = store.linker.hostFunction(type, (args) => {
    seen.push([...args]);
    return [args[0] as bigint, args[1] as bigint];
  });
  const instance = instantiate(
    store,
    `(module (import "host" "swap" (func $swap (param i32 externref) (result i64 externref)))
      (func (export "f") (param externref) (result i64 externref)
        (call $swap (i32.const -2) (local.get 0))))`,
    { host: new Map([['swap', swap]]) },
  );
  assert.deepEqual(call(store, instance, 'f', [99n]).results, [0xffff_fffen, 99n]);
  assert.deepEqual(seen, [[0xffff_fffen, 99n]]);
});

test('a reference that one instance hands another is called there', () => {
  const store = new WasmStore({ kernel });
  const keeper = instantiate(
    store,
    `(module (table 1 funcref) (type $t (func (result i32)))
      (func (export "keep") (param funcref) (table.set (i32.const 0) (local.get 0)))
      (func (export "run") (result i32) (call_indirect (type $t) (i32.const 0))))`,
  );
  const giver = instantiate(
    store,
    `(module (import "keeper" "keep" (func $keep (param funcref)))
      (global $count (mut i32) (i32.const 40))
      (func $next (result i32)
        (global.set $count (i32.add (global.get $count) (i32.const 1))) (global.get $count))
      (elem declare func $next)
      (func (export "give") (call $keep (ref.func $next))))`,
    { keeper: keeper.exports },
  );
  assert.equal(call(store, keeper, 'run').trap, 'bad-function');
  assert.equal(call(store, giver, 'give').kind, 'return');
  assert.deepEqual(call(store, keeper, 'run').results, [41n]);
  assert.deepEqual(call(store, keeper, 'run').results, [42n]);
});

test('a signature with a reference is none with a vector or a number', () => {
  const store = new WasmStore({ kernel });
  const types = ['i64', 'v128', 'funcref', 'externref', 'i32', 'f64'];
  const instance = instantiate(
    store,
    `(module (table funcref (elem ${types.map((type) => `$${type}`).join(' ')}))
      ${types.map((type) => `(func $${type} (param ${type}) (result ${type}) (local.get 0))`).join('')}
      ${types
        .map((type) => {
          return `(func (export "${type}") (param i32 ${type}) (result ${type})
            (call_indirect (param ${type}) (result ${type}) (local.get 1) (local.get 0)))`;
        })
        .join('')})`,
  );
  for (const type of types) {
    const ends = types.map((_, i) => call(store, instance, type, [BigInt(i), 1n]));
    const trap = ends.map((end) => end.trap ?? end.results.join());
    assert.deepEqual(
      trap,
      types.map((each) => (each === type ? '1' : 'bad-function')),
    );
  }
});

test('what a run wrote before it trapped is there, and a start function may trap', () => {
  const store = new WasmStore({ kernel });
  const instance = instantiate(
    store,
    `(module (memory 1) (global $g (mut i64) (i64.const 1))
      (func (export "f") (i32.store (i32.const 8) (i32.const 5)) (global.set $g (i64.const 6))
        (unreachable))
      (func (export "g") (result i32 i64) (i32.load (i32.const 8)) (global.get $g)))`,
  );
  assert.equal(call(store, instance, 'f').trap, 'unreachable');
  assert.deepEqual(call(store, instance, 'g').results, [5n, 6n]);
  const module = readWasmModule(assembleModule('(module (func $s (unreachable)) (start $s))'));
  const made = store.instantiate(module, () => undefined);
  assert.deepEqual({ ...made, gasUsed: 0n }, { kind: 'trap', trap: 'unreachable', gasUsed: 0n });
});
