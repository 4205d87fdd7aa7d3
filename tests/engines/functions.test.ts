/**
 * Functions on the interpreter, held against the reference where random modules seldom get: deep
 * calls, loops of tail calls, wrong indirect calls, suspensions of closed functions, circles of
 * moves, more constants than a piece holds, blocks that no window satisfies.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFuncBuilder, createModule } from '../../src/dmir/builder.ts';
import { CodeLimitError } from '../../src/dmir/bytecode/encode-function.ts';
import type { Module } from '../../src/dmir/ir.ts';
import { parseModule } from '../../src/dmir/parse.ts';
import { verifyModule } from '../../src/dmir/verify.ts';
import { Kernel } from '../../src/engines/interpreter/kernel.ts';
import { ModuleRunner, runModule } from '../../src/engines/interpreter/module.ts';
import { ENGINE_NAMES } from '../../src/engines/names.ts';
import { compareRuns } from '../oracle/fuzz-dmir.ts';

const kernel = new Kernel();

function parse(text: string): Module {
  const { module, errors, locations } = parseModule(text);
  assert.deepEqual(errors, []);
  assert.deepEqual(verifyModule(module, locations), []);
  return module;
}

/** Runs the calls on both sides; how each ended. */
function ends(
  module: Module,
  calls: readonly (readonly [string, ...bigint[]])[],
  gas?: bigint,
): string[] {
  assert.deepEqual(verifyModule(module), []);
  const runner = new ModuleRunner(module, kernel);
  return calls.map(([name, ...args]) => {
    const { lines, end } = compareRuns(
      module,
      runner,
      name,
      args,
      gas === undefined ? {} : { gas },
    );
    assert.deepEqual(lines, [], `@${name}(${args.join(', ')})`);
    return end;
  });
}

test('calls end at the depth limit, with exact gas and steps', () => {
  const module = parse(`
func @down(i64, i256) -> i64, i256 {
@0:
  charge 3
  $2 = iszero $0
  br_if $2, @2(), @1()
@1:
  $3 = sub $0, 1
  $4, $5 = call @down($3, $1)
  charge 5
  $6 = add $4, 1
  $7 = add $5, $1
  return $6, $7
@2:
  return 0, 0
}
`);
  assert.deepEqual(
    ends(module, [
      ['down', 0n, 7n],
      ['down', 1024n, 7n],
      ['down', 1025n, 7n],
      ['down', 5000n, 1n],
    ]),
    ['return', 'return', 'call-depth', 'call-depth'],
  );
  for (const gas of [0n, 3n, 10n, 3071n, 3072n, 3100n, 8191n])
    ends(module, [['down', 1000n, 2n]], gas);
});

test('tail calls take no depth, and arguments of mixed sizes change places', () => {
  const module = parse(`
func @even(i64, i256, i8, i128) -> i256, i128 {
@0:
  $4 = iszero $0
  br_if $4, @1(), @2()
@1:
  return $1, $3
@2:
  $5 = sub $0, 1
  $6 = zext.i256 $3
  $7 = trunc.i128 $1
  tail_call @odd($7, $2, $6, $5)
}
func @odd(i128, i8, i256, i64) -> i256, i128 {
@0:
  $4 = add $1, 1
  $5 = zext.i128 $4
  $6 = add $5, $0
  tail_call @even($3, $2, $4, $6)
}
`);
  assert.deepEqual(
    ends(module, [
      ['even', 20_000n, 5n, 250n, 9n],
      ['even', 0n, 1n, 2n, 3n],
    ]),
    ['return', 'return'],
  );
});

test('an indirect tail call takes no depth, and checks as an indirect call does', () => {
  const module = parse(`
func @down(i64, i64, i256) -> i256 {
@0:
  $3 = iszero $1
  br_if $3, @1(), @2()
@1:
  return $2
@2:
  $4 = sub $1, 1
  $5 = add $2, 2
  tail_call_indirect @down $0($0, $4, $5)
}
func @other(i64) -> i256 {
@0:
  return 0
}
`);
  assert.deepEqual(
    ends(module, [
      ['down', 0n, 20_000n, 5n],
      ['down', 1n, 20_000n, 5n],
      ['down', 2n, 1n, 5n],
    ]),
    ['return', 'bad-function', 'bad-function'],
  );
});

test('an indirect call checks place, signature and kind', () => {
  const module = parse(`
func @pick(i64) -> i64 {
@0:
  $1 = call_indirect @one $0(5)
  return $1
}
func @one(i64) -> i64 {
@0:
  $1 = add $0, 1
  return $1
}
func @other(i64) -> i64 {
@0:
  $1 = mul $0, 10
  return $1
}
func @wrong(i32) -> i64 {
@0:
  return 0
}
open func @main {
@0:
  stop
}
`);
  const places = [0n, 1n, 2n, 3n, 4n, 5n, 2n ** 32n + 1n, 2n ** 64n - 1n];
  const wrong = new Array<string>(5).fill('bad-function');
  assert.deepEqual(
    ends(
      module,
      places.map((place) => ['pick', place] as const),
    ),
    ['bad-function', 'return', 'return', ...wrong],
  );
});

test('a closed function suspends with operands and results of every size', () => {
  const module = parse(`
host @mix(i8, i256, f64, i128) -> i128, i1, i256 gas 9
func @ask(i8, i256, i128) -> i256, i1, i128 {
@0:
  charge 2
  $3 = add $1, $1
  suspend @mix($0, $3, 1.5, $2) -> @1($3, $2)
@1($4: i256, $5: i128, $6: i128, $7: i1, $8: i256):
  charge 4
  $9 = add $4, $8
  $10 = add $5, $6
  return $9, $7, $10
}
func @outer(i8) -> i256 {
@0:
  $1, $2, $3 = call @ask($0, 3, 4)
  $4 = add $1, 1
  return $4
}
`);
  const runner = new ModuleRunner(module, kernel);
  const asked: (readonly bigint[])[] = [];
  const host = (_: unknown, args: readonly bigint[]): bigint[] => {
    asked.push(args);
    return [70n, 1n, 1000n];
  };
  const found = runner.run('outer', [200n], { gas: 100n, host });
  assert.deepEqual(asked, [[200n, 6n, 0x3ff8000000000000n, 4n]]);
  assert.deepEqual(found.results, [1007n]);
  assert.equal(found.gasUsed, 15n);
  assert.equal(found.steps, 10n);
  assert.equal(runner.run('outer', [200n], { gas: 10n, host }).trap, 'out-of-gas');
  assert.equal(runner.run('outer', [200n], { gas: 10n, host }).gasLeft, 8n);
  const stopped = runner.run('ask', [1n, 2n, 3n]);
  assert.equal(stopped.end, 'suspend');
  assert.deepEqual(stopped.suspended, { host: 'mix', args: [1n, 4n, 0x3ff8000000000000n, 3n] });
  assert.throws(() => runner.run('ask', [1n, 2n, 3n], { host: () => [1n] }), /takes 3 values/);
});

test('loops rotate values of mixed sizes, and go on past a yield inside a call', () => {
  const module = parse(`
func @spin(i64) -> i64, i256, i8, i64, i256 {
@0:
  br @1($0, 1, 2, 3, 4, 5)
@1($1: i64, $2: i64, $3: i256, $4: i8, $5: i64, $6: i256):
  $7 = iszero $1
  br_if $7, @3(), @2()
@2:
  $8 = sub $1, 1
  $9 = zext.i64 $4
  $10 = trunc.i8 $5
  br @1($8, $5, $6, $10, $2, $3)
@3:
  return $2, $3, $4, $5, $6
}
func @nested(i64) -> i256 {
@0:
  $1, $2, $3, $4, $5 = call @spin($0)
  $6 = shl $2, 8
  $7 = or $6, $5
  return $7
}
open func @main {
@0:
  $0 = call @nested(100001)
  br @1($0, 1)
@1($1: i256, $2: i256) grow 2:
  $3 = add $1, $2
  br @2($3, $3, $1)
@2($4: i256, $5: i256, $6: i256):
  stop
}
`);
  ends(module, [
    ['spin', 0n],
    ['spin', 1n],
    ['spin', 101n],
    ['nested', 7n],
  ]);
  ends(module, [['nested', 100_001n]]);
  assert.equal(new ModuleRunner(module, kernel).run('main', []).end, 'stop');
});

/** A function of as many additions of different constants. */
function manyConstants(count: number, open: boolean): Module {
  const module = createModule('many');
  if (open) {
    module.regions.push({ name: 'mem', bounds: 'trap', writable: true, min: 32, max: 32 });
    const builder = createFuncBuilder(module, 'main', { open: true });
    builder.block(0);
    builder.br(1, 1n);
    let [sum] = builder.block(1, ['i256']);
    builder.inst('charge', { imm: 7 });
    for (let i = 0; i < count; i++) sum = builder.op('mul', 'i256', sum!, (1n << 200n) + BigInt(i));
    builder.inst('store_be', { type: 'i256', imm: 'mem', args: [0n, sum!] });
    builder.end('finish', { type: 'i64', imm: 'mem', args: [0n, 32n] });
    return module;
  }
  const builder = createFuncBuilder(module, 'main', { params: ['i256'], results: ['i256'] });
  let [sum] = builder.block(0, ['i256']);
  for (let i = 0; i < count; i++) {
    builder.inst('charge', { imm: 1 });
    sum = builder.op(i % 7 === 0 ? 'udiv' : 'add', 'i256', sum!, (1n << 200n) + BigInt(i));
  }
  builder.end('return', { args: [sum!] });
  return module;
}

test('a block of more constants than a piece holds is split', () => {
  assert.deepEqual(ends(manyConstants(5000, false), [['main', 2n ** 255n]]), ['return']);
  for (const gas of [0n, 1n, 1000n, 1900n, 2000n, 4999n]) {
    assert.deepEqual(ends(manyConstants(5000, false), [['main', 3n]], gas), ['out-of-gas']);
  }
  assert.deepEqual(ends(manyConstants(5000, true), [['main']]), ['finish']);
});

test('a function of too many registers is refused with its name', () => {
  const module = createModule();
  const builder = createFuncBuilder(module, 'huge', { params: ['i256'], results: ['i256'] });
  const [x] = builder.block(0, ['i256']);
  const values = Array.from({ length: 1100 }, (_, i) => builder.op('add', 'i256', x!, BigInt(i)));
  builder.end('return', { args: [values.reduce((a, b) => builder.op('xor', 'i256', a, b))] });
  assert.throws(() => runModule(module, 'huge', [1n]), {
    constructor: CodeLimitError,
    message: /^@huge needs more than 32767 bytes of registers at once/,
  });
});

test('tables branch on words and on 64 bits, with and without arguments', () => {
  const targets = Array.from({ length: 300 }, (_, i) => `@${i % 2 === 0 ? 1 : 2}(${i})`);
  const module = parse(`
func @narrow(i64) -> i64 {
@0:
  br_table $0, ${targets.join(', ')}
@1($1: i64):
  return $1
@2($2: i64):
  $3 = mul $2, 1000
  return $3
}
func @wide(i256) -> i64 {
@0:
  br_table.i256 $0, @1, @2, @3
@1:
  return 1
@2:
  return 2
@3:
  return 3
}
`);
  const indexes = [0n, 1n, 2n, 3n, 298n, 299n, 300n, 2n ** 32n, 2n ** 63n];
  ends(
    module,
    indexes.map((index) => ['narrow', index] as const),
  );
  ends(
    module,
    [...indexes, 2n ** 64n, 2n ** 255n + 1n].map((index) => ['wide', index] as const),
  );
});

test('open functions branch with different arguments and dispatch on 64 bits', () => {
  const module = parse(`
region mem trap rw 64 64
open func @main {
@0:
  br @1(1, 2, 3)
@1($0: i256, $1: i256, $2: i256):
  $3 = trunc.i64 $2
  $4 = ugt.i64 $3, 2
  br_if $4, @2($2, $1), @3($0, $0, $0, $1)
@2($5: i256, $6: i256):
  store.i256 mem, 0, $5
  store.i256 mem, 32, $6
  $7 = load8_u.i64 mem, 0
  dispatch.i64 $7($6, $5)
@3($8: i256, $9: i256, $10: i256, $11: i256):
  finish.i64 mem, 0, 64
}
open func @under {
@0:
  br @1(1)
@1($0: i256, $1: i256):
  stop
}
open func @over {
@0:
  br @0(1)
}
`);
  assert.deepEqual(ends(module, [['main'], ['under'], ['over']]), [
    'stack-underflow',
    'stack-underflow',
    'stack-overflow',
  ]);
});

test('blocks that no window satisfies trap at their entry', () => {
  const module = createModule();
  const params = new Array<'i256'>(1100).fill('i256');
  const builder = createFuncBuilder(module, 'main', { open: true });
  builder.block(0);
  builder.br(1, 1n);
  builder.block(1, params);
  builder.end('stop');
  const other = createFuncBuilder(module, 'grown', { open: true });
  other.block(0);
  other.br(1, ...params.map(() => 1n));
  other.block(1);
  other.end('stop');
  assert.deepEqual(ends(module, [['main'], ['grown']]), ['stack-underflow', 'stack-overflow']);
});

test('wrong calls of a runner are errors that say what is wrong', () => {
  const module = parse('region big charge rw 0 4294967295\nfunc @f(i8) {\n@0:\n  return\n}\n');
  const runner = new ModuleRunner(module, kernel);
  assert.throws(() => runner.run('g', []), /The module has no function @g/);
  assert.throws(() => runner.run('f', []), /@f takes 1 values, not 0/);
  assert.throws(() => runner.run('f', [256n]), /256, is no bit pattern of i8/);
  assert.throws(() => runner.run('f', [1n], { gas: 2n ** 63n }), /is not below 2\^63/);
  assert.throws(() => runner.run('f', [1n]), /The regions take 4294967296 bytes at most/);
});

test('logs that the machine cannot hold are no outcome', () => {
  const module = parse(`
region memory trap rw 1048576 1048576
func @log() {
@0:
  br @1(0)
@1($0: i64):
  log.i64 memory, 0, 1048576
  $1 = add $0, 1
  $2 = ult $1, 64
  br_if $2, @1($1), @2()
@2:
  return
}
`);
  for (const engine of ['interpreter', 'multipass'] as const) {
    const runner = new ModuleRunner(module, new Kernel(), undefined, { engine });
    assert.throws(() => runner.run('log', []), /more logs than it can hold/);
  }
});

test('a function of many wide results that traps does so on every engine', () => {
  const count = 300;
  const module = parse(`
func @other() -> i64 {
@0:
  return 7
}
func @wide(i128, i64) -> ${new Array(count).fill('i128').join(', ')} {
@0:
  $2 = iszero $1
  br_if $2, @1(), @2()
@1:
  trap unreachable
@2:
  return ${new Array(count).fill('$0').join(', ')}
}
`);
  for (const engine of ENGINE_NAMES) {
    const runner = new ModuleRunner(module, kernel, undefined, { engine });
    assert.deepEqual(runner.run('wide', [5n, 1n]).results, new Array(count).fill(5n));
    assert.equal(runner.run('wide', [5n, 0n]).trap, 'unreachable');
  }
});

test('a copy far up in a large memory changes no digest', () => {
  const module = parse(`
region memory trap rw 67174400 67174400
region input zero ro 0 0
func @f() -> i256, i256 {
@0:
  $0 = keccak256.i64 memory, 0, 64
  mem_copy.i64 memory, input, 67108864, 0, 32768
  $1 = keccak256.i64 memory, 0, 64
  return $0, $1
}
`);
  for (const engine of ['interpreter', 'multipass'] as const) {
    const runner = new ModuleRunner(module, new Kernel(), undefined, { engine });
    const [before, after] = runner.run('f', []).results as [bigint, bigint];
    assert.equal(after, before, engine);
  }
});
