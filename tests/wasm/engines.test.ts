/**
 * Modules on every engine beside the interpreter, where random modules seldom get: every amount of
 * gas, calls up to the limit, hosts below compiled frames, frames too large for the native stack.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type WasmOutcome, WasmStore } from '../../src/chain/wasm/index.ts';
import { parseModule } from '../../src/dmir/parse.ts';
import { Kernel } from '../../src/engines/interpreter/kernel.ts';
import { ModuleRunner } from '../../src/engines/interpreter/module.ts';
import { ENGINE_NAMES, type EngineName } from '../../src/engines/names.ts';
import type { Extern, FuncEntity, Instance } from '../../src/vms/wasm/entities.ts';
import { assembleModule, readWasmModule } from '../../src/vms/wasm/index.ts';

const kernel = new Kernel();
const COMPILED = ENGINE_NAMES.filter((name) => name !== 'interpreter');

interface Side {
  readonly store: WasmStore;
  readonly instance: Instance;
  /** What the host was called with. */
  readonly asked: bigint[];
}

/** An instance whose imports are functions of the host that double a number. */
function createSide(text: string, engine: EngineName, seed = 1): Side {
  const store = new WasmStore({ kernel, engine, seed });
  const asked: bigint[] = [];
  const double = (args: readonly bigint[]): bigint[] => {
    asked.push(args[0] as bigint);
    return [BigInt.asUintN(32, 2n * (args[0] as bigint))];
  };
  const module = readWasmModule(assembleModule(text));
  const made = store.instantiate(module, () => {
    return store.linker.hostFunction({ params: [0x7f], results: [0x7f] }, double);
  });
  assert.equal(made.kind, 'instance');
  return { store, instance: (made as { instance: Instance }).instance, asked };
}

function call({ store, instance }: Side, args: readonly bigint[], gas?: bigint): WasmOutcome {
  const func = instance.exports.get('f') as FuncEntity;
  return store.call(func, args, gas === undefined ? {} : { gas });
}

function bytesOf({ instance }: Side): string {
  const externs: Extern[] = [...instance.exports.values()];
  return externs.map((each) => ('bytes' in each ? each.bytes.join() : '')).join(';');
}

/** Calls with each gas on the engine and on the interpreter; how they ended. */
function compare(
  text: string,
  engine: EngineName,
  calls: readonly (readonly [args: readonly bigint[], gas?: bigint | undefined])[],
): WasmOutcome[] {
  const theirs = createSide(text, 'interpreter');
  const expected = calls.map(([args, gas]) => [call(theirs, args, gas), bytesOf(theirs)]);
  const ours = createSide(text, engine);
  const actual = calls.map(([args, gas]) => [call(ours, args, gas), bytesOf(ours)]);
  assert.deepEqual(actual, expected);
  assert.deepEqual(ours.asked, theirs.asked);
  return actual.map(([outcome]) => outcome as WasmOutcome);
}

/** Runs what makes modules of the platform; how many of them were made. */
function countModules(run: () => void): number {
  const { Module } = WebAssembly;
  let count = 0;
  const counting = new Proxy(Module, {
    construct(target, args: [BufferSource]) {
      count++;
      return new target(...args);
    },
  });
  Object.assign(WebAssembly, { Module: counting });
  try {
    run();
  } finally {
    Object.assign(WebAssembly, { Module });
  }
  return count;
}

const MIXED = `(module (memory (export "m") 1 8) (table funcref (elem $leaf $f))
  (global $g (export "g") (mut i32) (i32.const 5))
  (func $leaf (param i32) (result i32)
    (i32.store8 (local.get 0) (i32.const 7))
    (global.set $g (i32.add (global.get $g) (local.get 0)))
    (i32.div_u (i32.const 1000) (local.get 0)))
  (func $f (export "f") (param $n i32) (result i32) (local $i i32) (local $x f32)
    (if (i32.eqz (local.get $n)) (then (return (i32.const 1))))
    (loop $l
      (local.set $x (f32.div (f32.convert_i32_u (local.get $i)) (f32.const 0)))
      (f32.store (i32.shl (local.get $i) (i32.const 14)) (local.get $x))
      (drop (call_indirect (param i32) (result i32)
        (i32.add (local.get $i) (i32.const 1)) (i32.eq (local.get $i) (i32.const 3))))
      (if (i32.eq (local.get $i) (i32.const 4)) (then (drop (memory.grow (i32.const 1)))))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $l (i32.lt_u (local.get $i) (local.get $n))))
    (i32.add (call $f (i32.sub (local.get $n) (i32.const 1))) (local.get $i))))`;

/** Which way goes on behind a call, and what it writes, depends on all that the call gave. */
const RESULTS = `(module (memory (export "m") 1)
  (func $both (param i32) (result i32 i64 f32)
    ${'(i32.store (i32.const 0) (local.get 0)) '.repeat(70)}
    (i32.add (local.get 0) (i32.const 7)) (i64.extend_i32_s (local.get 0))
    (f32.convert_i32_s (local.get 0)))
  (func (export "f") (param i32) (result i32) (local $a i32) (local $b i64) (local $c f32)
    (call $both (local.get 0)) (local.set $c) (local.set $b) (local.set $a)
    (if (i32.eq (local.get $a) (i32.add (local.get 0) (i32.const 7))) (then
      (i64.store (i32.const 8) (local.get $b))
      (f32.store (i32.const 16) (local.get $c))
      ${'(i32.store (i32.const 0) (local.get $a)) '.repeat(20)}))
    (i32.store (i32.const 4) (i32.const 9))
    (call $both (i32.const 1)) (drop) (drop) (drop)
    (i64.store (i32.const 8) (local.get $b))
    (f32.store (i32.const 16) (local.get $c))
    (local.get $a)))`;

/** Calls that are inlined: from loops, of each other and of themselves, several at once. */
const NESTED = `(module (import "env" "double" (func $double (param i32) (result i32)))
  (memory (export "m") 1) (global $g (export "g") (mut i64) (i64.const 1))
  (func $pair (param i32 f64) (result f64 i32)
    (i32.store16 (i32.shl (local.get 0) (i32.const 12)) (local.get 0))
    (f64.sqrt (f64.neg (local.get 1)))
    (i32.rem_u (i32.const 77) (i32.sub (local.get 0) (i32.const 9))))
  (func $even (param i32) (result i32)
    (if (result i32) (i32.eqz (local.get 0)) (then (i32.const 1))
      (else (i32.xor (i32.const 1) (call $odd (i32.sub (local.get 0) (i32.const 1)))))))
  (func $odd (param i32) (result i32) (local i32 f64)
    (call $pair (local.get 0) (f64.convert_i32_u (local.get 0)))
    (local.set 1) (local.set 2)
    (global.set $g (i64.add (global.get $g) (i64.reinterpret_f64 (local.get 2))))
    (if (i32.eq (local.get 0) (i32.const 5))
      (then (local.set 1 (call $double (local.get 1)))))
    (if (i32.eqz (local.get 0)) (then (return (local.get 1))))
    (i32.add (local.get 1) (call $even (i32.sub (local.get 0) (i32.const 1)))))
  (func $tree (param i32) (result i32)
    (if (i32.lt_s (local.get 0) (i32.const 2)) (then (return (local.get 0))))
    (i32.add (call $tree (i32.sub (local.get 0) (i32.const 1)))
      (call $tree (i32.sub (local.get 0) (i32.const 2)))))
  (func (export "f") (param $n i32) (result i32) (local $sum i32)
    (loop $l
      (local.set $sum (i32.add (local.get $sum)
        (i32.add (call $even (local.get $n)) (call $tree (local.get $n)))))
      (local.set $n (i32.sub (local.get $n) (i32.const 1)))
      (br_if $l (i32.gt_s (local.get $n) (i32.const 0))))
    (local.get $sum)))`;

for (const engine of COMPILED) {
  test(`${engine}: a call that is inlined is a frame wherever it is left`, () => {
    for (let gas = 0n; gas < 5000n; gas += 97n) compare(NESTED, engine, [[[6n], gas]]);
    const ends = compare(NESTED, engine, [[[6n]], [[8n]], [[10n]], [[17n]]]);
    assert.deepEqual(
      ends.map(({ trap }) => trap),
      [null, null, 'division-by-zero', 'out-of-bounds'],
    );
    const deep = `(module
      (func $leaf (param i32) (result i32) (i32.shl (local.get 0) (i32.const 1)))
      (func $f (export "f") (param i32) (result i32)
        (if (result i32) (local.get 0)
          (then (i32.add (call $f (i32.sub (local.get 0) (i32.const 1)))
            (call $leaf (local.get 0))))
          (else (call $leaf (call $leaf (i32.const 3)))))))`;
    const depths = Array.from({ length: 12 }, (_, i) => [[BigInt(1015 + i)]] as const);
    const traps = compare(deep, engine, depths).map(({ trap }) => trap);
    assert.equal(traps.indexOf('call-depth'), 1024 - 1015);
  });

  test(`${engine}: whatever the gas, calls end as on the interpreter`, () => {
    for (let gas = 0n; gas < 6000n; gas += 37n) compare(MIXED, engine, [[[6n], gas]]);
    const [whole] = compare(MIXED, engine, [[[6n]]]);
    assert.equal(whole?.kind, 'trap', 'past the end of the memory');
    assert.equal(compare(MIXED, engine, [[[3n]]])[0]?.kind, 'return');
  });

  test(`${engine}: what a call gave is there where the gas behind it does not suffice`, () => {
    const calls = Array.from({ length: 200 }, (_, i) => [[BigInt(i)], BigInt(5 * i)] as const);
    const ends = compare(RESULTS, engine, calls);
    assert.equal(ends.at(-1)?.kind, 'return');
  });

  test(`${engine}: 1,024 calls are open at most`, () => {
    const down = `(module (func $f (export "f") (param i32) (result i32)
      (if (result i32) (local.get 0)
        (then (i32.add (call $f (i32.sub (local.get 0) (i32.const 1))) (i32.const 1)))
        (else (i32.const 0)))))`;
    const ends = compare(down, engine, [[[1023n]], [[1024n]], [[1025n]], [[9999n]]]);
    assert.deepEqual(
      ends.map(({ trap }) => trap),
      [null, null, 'call-depth', 'call-depth'],
    );
  });

  test(`${engine}: frames may be larger than the native stack`, () => {
    const names = Array.from({ length: 400 }, (_, i) => i + 1);
    const sets = names.map((i) => `(local.set ${i} (i64.add (local.get 0) (i64.const ${i})))`);
    const sum = names.reduce((text, i) => `(i64.xor ${text} (local.get ${i}))`, '(i64.const 0)');
    const large = `(module (func $f (export "f") (param i64) (result i64) (local ${'i64 '.repeat(400)})
      ${sets.join(' ')}
      (if (i64.ne (local.get 0) (i64.const 0))
        (then (local.set 1 (call $f (i64.sub (local.get 0) (i64.const 1))))))
      ${sum}))`;
    assert.equal(compare(large, engine, [[[1000n]]])[0]?.kind, 'return');
  });

  test(`${engine}: the host is asked from below compiled frames`, () => {
    const text = `(module (import "env" "double" (func $double (param i32) (result i32)))
      (func $a (param i32) (result i32)
        (i32.add (call $double (local.get 0)) (call $double (i32.const 1))))
      (func $b (param i32) (result i32) (local i32)
        (local.set 1 (i32.mul (local.get 0) (i32.const 3)))
        (i32.sub (call $a (i32.add (local.get 0) (i32.const 1))) (local.get 1)))
      (func (export "f") (param i32) (result i32) (local i32)
        (loop $l
          (local.set 1 (i32.add (local.get 1) (call $b (local.get 0))))
          (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
          (br_if $l (local.get 0)))
        (local.get 1)))`;
    for (const gas of [30n, 100n, 500n, undefined]) {
      compare(text, engine, [
        [[4n], gas],
        [[9n], gas],
      ]);
    }
  });
}

test('what is only moved keeps the bits of its NaN where it meets a NaN of arithmetic', () => {
  const [nan, payload] = ['(f64.const nan:0x8000000000005)', 0x7ff8_0000_0000_0005n];
  const sum = '(f64.add (local.get $b) (f64.const 1))';
  const bodies = [
    `(local $a f64) (local.set $a ${nan})
     (if (local.get $p) (then (local.set $a ${sum}))) (local.get $a)`,
    `(local $a f64) (local.set $a ${nan})
     (block $end (loop $next
       (br_if $end (i32.eqz (local.get $p)))
       (local.set $p (i32.sub (local.get $p) (i32.const 1)))
       (local.set $a ${sum})
       (br $next)))
     (local.get $a)`,
    `(select ${sum} ${nan} (local.get $p))`,
  ];
  const calls = [0n, 1n].map((flag) => [[flag, payload | (1n << 63n)]] as const);
  for (const engine of COMPILED) {
    for (const body of bodies) {
      const text = `(module (func (export "f") (param $p i32) (param $b f64) (result f64) ${body}))`;
      const results = compare(text, engine, calls).map((outcome) => outcome.results[0]);
      assert.deepEqual(results, [payload, 0x7ff8n << 48n], engine);
    }
  }
});

/** Bodies of `f`, with two numbers as parameters, that would take all that there is. */
const BOMBS: Readonly<Record<string, string>> = {
  'a loop': '(loop (br 0))',
  'a loop of stores': '(loop (i32.store (i32.const 0) (local.get $a)) (br 0))',
  recursion: '(call $f (local.get $a) (local.get $b)) (i32.store (i32.const 0) (i32.const 1))',
  'recursion by the table': `(call_indirect (type $t) (local.get $a) (local.get $b) (i32.const 0))
    (i32.store (i32.const 0) (i32.const 1))`,
  'tail calls': '(return_call $f (i32.add (local.get $a) (i32.const 1)) (local.get $b))',
  'memory page by page': `(loop (br_if 0 (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))
    (i32.store (i32.sub (i32.mul (memory.size) (i32.const 65536)) (i32.const 4)) (i32.const 7))
    (unreachable)`,
  'memory at once':
    '(if (i32.eq (memory.grow (i32.const 65535)) (i32.const -1)) (then (unreachable)))',
  'a table': `(loop (br_if 0 (i32.ne (i32.const -1)
    (table.grow (ref.null func) (i32.const 100000))))) (unreachable)`,
  'a range of all memory': `(drop (memory.grow (i32.const 2047)))
    (loop (memory.fill (i32.const 0) (i32.const 1) (i32.const 134217728))
      (memory.copy (i32.const 0) (i32.const 8) (i32.const 134217720)) (br 0))`,
};

test('what would take everything ends by gas, depth or limit, alike on every engine', () => {
  for (const [name, body] of Object.entries(BOMBS)) {
    const text = `(module (type $t (func (param i32 i32))) (memory 1) (table 1 funcref)
      (elem (i32.const 0) $f) (global (export "g") (mut i32) (i32.const 0))
      (func $f (export "f") (type $t) (param $a i32) (param $b i32) ${body}))`;
    const calls = [1000n, 300_000n, 6_000_000n].map((gas) => [[1n, 2n], gas] as const);
    for (const engine of COMPILED) {
      for (const { kind, trap } of compare(text, engine, calls)) {
        assert.equal(kind, 'trap', `${name}, ${engine}`);
        assert.ok(['out-of-gas', 'call-depth', 'unreachable'].includes(trap ?? ''), name);
      }
    }
  }
});

test('what is to be compiled is compiled, and a run that counts steps is not', () => {
  for (const engine of ['singlepass', 'multipass'] as const) {
    const side = createSide(MIXED, engine);
    assert.equal(
      countModules(() =>
        side.store.call(side.instance.exports.get('f') as FuncEntity, [2n], {
          stepsMax: 1_000_000n,
        }),
      ),
      0,
    );
    // The functions, and stubs for those that are not compiled.
    assert.equal(
      countModules(() => call(side, [2n])),
      2,
    );
  }
});

test('auto has a loop go on in compiled code while it runs, and compiles what runs often', () => {
  const loop = `(module (func (export "f") (param i32) (result i32) (local i32)
    (loop $l
      (local.set 1 (i32.xor (local.get 1) (local.get 0)))
      (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
      (br_if $l (local.get 0)))
    (local.get 1)))`;
  const long = createSide(loop, 'auto');
  assert.ok(countModules(() => call(long, [100_000n])) > 0);
  const often = createSide(loop, 'auto');
  assert.equal(
    countModules(() => call(often, [3n])),
    0,
  );
  const run = (): void => {
    for (let i = 0; i < 40; i++) call(often, [3n]);
  };
  assert.ok(countModules(run) > 0);
});

test('the same module gives the same code, and chaos the same runs', () => {
  const codes = ['multipass', 'multipass', 'chaos', 'chaos'].map((engine) => {
    const { Module } = WebAssembly;
    const made: string[] = [];
    const keeping = new Proxy(Module, {
      construct(target, args: [Uint8Array<ArrayBuffer>]) {
        made.push(args[0].join());
        return new target(...args);
      },
    });
    const side = createSide(MIXED, engine as EngineName, 7);
    Object.assign(WebAssembly, { Module: keeping });
    call(side, [3n]);
    Object.assign(WebAssembly, { Module });
    return made;
  });
  assert.ok((codes[0]?.length ?? 0) > 0);
  assert.deepEqual(codes[0], codes[1]);
  assert.deepEqual(codes[2], codes[3]);
});

test('a function whose control flow is irreducible stays with the interpreter', () => {
  const { module, errors } = parseModule(`
func @both(i64, i1) -> i64 {
@0:
  br_if $1, @1($0), @2($0)
@1($2: i64):
  $3 = sub $2, 1
  $4 = iszero $3
  br_if $4, @3($3), @2($3)
@2($5: i64):
  $6 = sub $5, 1
  $7 = iszero $6
  br_if $7, @3($6), @1($6)
@3($8: i64):
  return $8
}
func @main(i64, i1) -> i64 {
@0:
  $2 = call @both($0, $1)
  $3 = add $2, $0
  return $3
}
`);
  assert.deepEqual(errors, []);
  for (const engine of ENGINE_NAMES) {
    const runner = new ModuleRunner(module, kernel, undefined, { engine });
    for (const flag of [0n, 1n]) assert.deepEqual(runner.run('main', [9n, flag]).results, [9n]);
  }
});
