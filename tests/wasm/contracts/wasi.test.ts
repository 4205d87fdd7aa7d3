/** WASI preview 1 in contracts: a small, deterministic world. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keccak256 } from 'ox/Hash';
import type { Outcome } from '../../../src/chain/types.ts';
import { WASI_FUNCTIONS, WASI_MODULE } from '../../../src/vms/wasm/env/wasi.ts';
import { assembleModule } from '../../../src/vms/wasm/index.ts';
import { createWorld, importOf, runAt, WASM_CONTRACT, words } from './support.ts';

/** The function with its type in the text format. */
function wasi(name: string): string {
  const { params, hasResult } = WASI_FUNCTIONS.get(name) as { params: string; hasResult: boolean };
  const types = [...params].map((each) => (each === 'i' ? 'i32' : 'i64')).join(' ');
  const takes = types === '' ? '' : `(param ${types})`;
  return `(import "${WASI_MODULE}" "${name}" (func $${name} ${takes}
    ${hasResult ? '(result i32)' : ''}))`;
}

/** Runs code over functions of WASI; the answer is 64 bytes at 256. */
function run(
  code: string,
  {
    more = '',
    machine = createWorld(),
    onPrint = () => {},
  }: {
    more?: string;
    machine?: ReturnType<typeof createWorld>;
    onPrint?: (stream: number, bytes: Uint8Array) => void;
  } = {},
): Outcome {
  const names = [...WASI_FUNCTIONS.keys()].filter((name) => {
    return new RegExp(`\\$${name}\\b`).test(code + more);
  });
  const module = assembleModule(`(module ${names.map(wasi).join('\n')} ${importOf('finish')}
    (memory (export "memory") 1) ${more} (func (export "deploy"))
    (func (export "call") ${code} (call $finish (i32.const 256) (i32.const 64))))`);
  return runAt(machine, WASM_CONTRACT, module, { onPrint });
}

const i32 = ({ output }: Outcome, at = 0): number =>
  new DataView(output.buffer, output.byteOffset).getUint32(at, true);
const keep = (at: number, code: string): string => `(i32.store (i32.const ${256 + at}) ${code})`;

test('every function can be imported, and gives a number without a trap', () => {
  const machine = createWorld();
  for (const [name, { params, hasResult }] of WASI_FUNCTIONS) {
    const args = [...params].map((each) => `(${each === 'i' ? 'i32' : 'i64'}.const 64)`).join(' ');
    const outcome = run(hasResult ? keep(0, `(call $${name} ${args})`) : '', { machine });
    assert.equal(outcome.status, 'success', name);
    assert.ok([0, 8, 52, 70].includes(i32(outcome)), name);
  }
});

test('there are no arguments, no environment, no files and no randomness', () => {
  const outcome = run(`
    (i32.store (i32.const 300) (i32.const -1)) (i32.store (i32.const 304) (i32.const -1))
    ${keep(0, '(call $args_sizes_get (i32.const 300) (i32.const 304))')}
    ${keep(4, '(i32.or (i32.load (i32.const 300)) (i32.load (i32.const 304)))')}
    ${keep(8, '(call $fd_prestat_get (i32.const 3) (i32.const 400))')}
    ${keep(12, '(call $random_get (i32.const 400) (i32.const 8))')}
    ${keep(16, '(call $fd_close (i32.const 3))')}
    ${keep(20, '(call $fd_seek (i32.const 1) (i64.const 0) (i32.const 0) (i32.const 400))')}`);
  assert.deepEqual(
    [0, 4, 8, 12, 16, 20].map((at) => i32(outcome, at)),
    [0, 0, 8, 52, 8, 70],
  );
});

test('a seed of the schedule gives bytes that are the same for all', () => {
  const machine = createWorld({ overrides: { costs: { moduleSeed: 77n } } });
  const code = `(global.set $g (i32.add (global.get $g) (i32.const 1)))
    ${keep(0, '(call $random_get (i32.const 260) (i32.const 5))')}
    ${keep(12, '(call $random_get (i32.const 272) (i32.const 0))')}
    ${keep(12, '(call $random_get (i32.const 272) (i32.const 48))')}
    ${keep(12, '(global.get $g)')}`;
  const more = '(global $g (mut i32) (i32.const 41))';
  const { output } = run(code, { machine, more });
  const block = (n: number): Buffer => Buffer.from(keccak256(words(77n, BigInt(n))));
  const expected = Buffer.concat([
    ...[Buffer.alloc(4), block(0).subarray(0, 5), Buffer.alloc(3), Buffer.from([42, 0, 0, 0])],
    ...[block(1), block(2).subarray(0, 16)],
  ]);
  assert.deepEqual(Buffer.from(output), expected);
  // A frame begins anew, and what leaves the memory traps.
  assert.deepEqual(run(code, { machine, more }).output, output);
  const past = run('(drop (call $random_get (i32.const 65530) (i32.const 7)))', { machine });
  assert.equal(past.reason, 'out-of-bounds');
});

test('the clock is the time of the block', () => {
  const outcome = run(`
    ${keep(32, '(call $clock_time_get (i32.const 0) (i64.const 1) (i32.const 256))')}`);
  const view = new DataView(outcome.output.buffer, outcome.output.byteOffset);
  assert.equal(view.getBigUint64(0, true), 1_700_000_000n * 10n ** 9n);
});

test('what is printed goes to whoever runs the machine, and its length back', () => {
  const printed: [number, string][] = [];
  const onPrint = (stream: number, bytes: Uint8Array): void => {
    printed.push([stream, Buffer.from(bytes).toString()]);
  };
  const more = '(data (i32.const 0) "hello, world")';
  const outcome = run(
    `(i32.store (i32.const 64) (i32.const 0)) (i32.store (i32.const 68) (i32.const 7))
    (i32.store (i32.const 72) (i32.const 7)) (i32.store (i32.const 76) (i32.const 5))
    ${keep(0, '(call $fd_write (i32.const 1) (i32.const 64) (i32.const 2) (i32.const 260))')}
    ${keep(8, '(call $fd_write (i32.const 2) (i32.const 72) (i32.const 1) (i32.const 268))')}
    ${keep(16, '(call $fd_write (i32.const 0) (i32.const 72) (i32.const 1) (i32.const 320))')}`,
    { more, onPrint },
  );
  assert.deepEqual(
    [0, 4, 8, 12, 16].map((at) => i32(outcome, at)),
    [0, 12, 0, 5, 8],
  );
  assert.deepEqual(printed, [
    [1, 'hello, '],
    [1, 'world'],
    [2, 'world'],
  ]);
  const past = run(`(i32.store (i32.const 64) (i32.const 65530))
    (i32.store (i32.const 68) (i32.const 7))
    (drop (call $fd_write (i32.const 1) (i32.const 64) (i32.const 1) (i32.const 260)))`);
  assert.equal(past.reason, 'out-of-bounds');
});

test('an exit is a success or a revert, and initialization runs in every frame', () => {
  const good = run('(call $proc_exit (i32.const 0))');
  assert.deepEqual([good.status, good.output.length], ['success', 0]);
  assert.equal(run('(call $proc_exit (i32.const 3))').status, 'revert');
  const more = '(func (export "_initialize") (i32.store (i32.const 256) (i32.const 9)))';
  assert.equal(i32(run('', { more })), 9);
});
