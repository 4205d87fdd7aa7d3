/**
 * Whole closed functions, expanded to core programs, end as the reference interpreter ends them.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Module } from '../../src/dmir/ir.ts';
import { parseModule } from '../../src/dmir/parse.ts';
import { printModule } from '../../src/dmir/print.ts';
import { createPrng } from '../support/prng.ts';
import { RANDOM_REGIONS, randomModule } from '../support/random-module.ts';
import { randomValue } from '../support/random-values.ts';
import { type HostHandler, type ReferenceResult, runReference } from '../support/reference.ts';
import type { Cell } from '../support/reference-machine.ts';
import { type CoreRunResult, runCore } from './run-core.ts';

const RANDOM_MODULES = Number(process.env.LOCKSTEP_CORE_MODULES ?? 400);

/**
 * What both sides must agree on. Growth past 2^37 bytes is out of gas on the core and may be past
 * the memory limit in the reference, so the two kinds count as one. A trap leaves the memory as it
 * was when it happened, and nothing of it is ever read.
 */
function summarise(result: ReferenceResult | CoreRunResult): unknown {
  const { status, results, refund, output, memory, cells, logs, gasLeft } = result;
  const trap = result.trap === 'memory-limit' ? 'out-of-gas' : result.trap;
  if (trap === 'out-of-gas') return { status, trap };
  return { status, trap, results, refund, output, memory, cells, logs, gasLeft };
}

interface Setting {
  readonly gas: bigint;
  readonly isStatic: boolean;
  readonly memory: ReadonlyMap<string, Uint8Array>;
  readonly host?: HostHandler;
  readonly callDepthMax?: number;
}

function assertSame(module: Module, name: string, args: bigint[], setting: Setting): CoreRunResult {
  const cells = (): Map<string, Cell> => new Map();
  const expected = runReference(module, name, args, { ...setting, cells: cells() });
  const actual = runCore(module, name, args, { ...setting, cells: cells() });
  const call = `@${name}(${args.map((arg) => `0x${arg.toString(16)}`).join(', ')})`;
  const message = () => `${call} with gas ${setting.gas}\n${printModule(module)}`;
  try {
    assert.deepEqual(summarise(actual), summarise(expected));
  } catch (error) {
    throw new Error(`${(error as Error).message}\n${message()}`);
  }
  return actual;
}

const PLAIN: Setting = { gas: 1n << 40n, isStatic: false, memory: new Map() };

function parse(text: string): Module {
  const { module, errors } = parseModule(text);
  assert.deepEqual(errors, []);
  return module;
}

describe('closed functions on the core', () => {
  test('random modules', () => {
    const kinds = new Map<string, number>();
    for (let seed = 1; seed <= RANDOM_MODULES; seed++) {
      const random = createPrng(seed);
      const module = randomModule(random, { openCount: 0, opsMax: 12 });
      const input = random.bytes(RANDOM_REGIONS[2].min);
      const mem = random.bytes(RANDOM_REGIONS[0].min);
      const setting: Setting = {
        gas: random.below(4) === 0 ? BigInt(random.below(20000)) : 1n << 40n,
        isStatic: random.below(16) === 0,
        memory: new Map([
          ['input', input],
          ['mem', mem],
        ]),
      };
      const func = module.funcs[0]!;
      const args = func.params.map((type) => randomValue(random, type));
      try {
        const { status, trap } = assertSame(module, func.name, args, setting);
        const kind = trap ?? status;
        kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
      } catch (error) {
        throw new Error(`seed ${seed}: ${(error as Error).message}`);
      }
    }
    assert.ok((kinds.get('return') ?? 0) > RANDOM_MODULES / 8, 'many runs return');
  });

  test('calls, tables and tail calls', () => {
    const module = parse(`
      func @main(i64, i64) -> i64, i64 {
      @0($0: i64, $1: i64):
        $2 = call_indirect @twice $0($1)
        br_table.i64 $0, @1($2, 1), @1($2, 2), @2()
      @1($3: i64, $4: i64):
        return $3, $4
      @2:
        $5 = call @count($1, 0)
        return $5, $1
      }
      func @twice(i64) -> i64 {
      @0($0: i64):
        $1 = add.i64 $0, $0
        return $1
      }
      func @count(i64, i64) -> i64 {
      @0($0: i64, $1: i64):
        $2 = iszero.i64 $0
        br_if $2, @1(), @2()
      @1:
        return $1
      @2:
        $3 = sub.i64 $0, 1
        $4 = add.i64 $1, $0
        tail_call @count($3, $4)
      }
      func @swap(i64) -> i64 {
      @0($0: i64):
        br @1($0, 5, 7)
      @1($1: i64, $2: i64, $3: i64):
        $4 = iszero.i64 $1
        $5 = sub.i64 $1, 1
        br_if $4, @2(), @1($5, $3, $2)
      @2:
        $6 = shl.i64 $2, 8
        $7 = or.i64 $6, $3
        return $7
      }
      func @deep(i64) -> i64 {
      @0($0: i64):
        $1 = iszero.i64 $0
        $2 = sub.i64 $0, 1
        br_if $1, @1(), @2()
      @1:
        return 0
      @2:
        $3 = call @deep($2)
        $4 = add.i64 $3, $0
        return $4
      }`);
    for (const index of [0n, 1n, 2n, 3n, 4n, 5n, 1n << 63n]) {
      assertSame(module, 'main', [index, 9n], PLAIN);
    }
    for (const turns of [0n, 1n, 2n, 7n]) assertSame(module, 'swap', [turns], PLAIN);
    for (const depth of [7n, 8n]) {
      assertSame(module, 'deep', [depth], { ...PLAIN, callDepthMax: 7 });
    }
    assert.deepEqual(assertSame(module, 'deep', [1000n], PLAIN).results, [500500n]);
  });

  test('a host function answers through the tape', () => {
    const module = parse(`
      host @ask(i256, i64) -> i256, i32 gas 30
      func @main(i256) -> i256, i32, i64 {
      @0($0: i256):
        suspend @ask($0, 3) -> @1(11)
      @1($1: i64, $2: i256, $3: i32):
        $4 = mul.i256 $2, $0
        return $4, $3, $1
      }`);
    const host: HostHandler = (_, [x, y]) => [x! ^ (1n << 200n), y! + 1n];
    const { results } = assertSame(module, 'main', [77n], { ...PLAIN, host });
    assert.deepEqual(results.slice(1), [4n, 11n]);
  });

  test('hashes of messages around the block size', () => {
    const module = parse(`
      region mem charge rw 0 65536
      func @main(i64, i64) -> i256 {
      @0($0: i64, $1: i64):
        mem_fill.i64 mem, $0, 171, $1
        store.i64 mem, $0, 0x0123456789abcdef
        $2 = keccak256.i64 mem, $0, $1
        return $2
      }`);
    for (const length of [0n, 1n, 31n, 32n, 64n, 135n, 136n, 137n, 271n, 272n, 273n]) {
      for (const at of [0n, 3n]) assertSame(module, 'main', [at, length], PLAIN);
    }
  });

  test('copies that overlap', () => {
    const module = parse(`
      region mem trap rw 256 256
      func @main(i64, i64, i64) -> i64, i64 {
      @0($0: i64, $1: i64, $2: i64):
        mem_copy.i64 mem, mem, $0, $1, $2
        $3 = mem_compare.i64 mem, $0, $1, $2
        $4 = load.i64 mem, $1
        return $3, $4
      }`);
    const random = createPrng(5);
    const memory = new Map([['mem', random.bytes(256)]]);
    for (let i = 0; i < 200; i++) {
      const args = [100, 100, 70].map((bound) => BigInt(random.below(bound)));
      assertSame(module, 'main', args, { ...PLAIN, memory });
    }
  });

  test('outputs, their growth, and ends', () => {
    const module = parse(`
      region mem charge rw 0 4096
      region input zero ro 0 64
      func @main(i64, i64, i64) {
      @0($0: i64, $1: i64, $2: i64):
        store.i256 mem, 5, 0x0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
        br_table.i64 $0, @1(), @2(), @3(), @4()
      @1:
        finish.i64 mem, $1, $2
      @2:
        revert.i64 mem, $1, $2
      @3:
        finish.i64 input, $1, $2
      @4:
        stop
      }`);
    const memory = new Map([['input', Uint8Array.of(1, 2, 3, 4, 5)]]);
    for (const choice of [0n, 1n, 2n, 3n]) {
      for (const [address, size] of [
        [0n, 0n],
        [1n << 60n, 0n],
        [3n, 40n],
        [2n, 9n],
        [4090n, 6n],
        [4090n, 7n],
        [1n << 50n, 1n],
      ] as const) {
        assertSame(module, 'main', [choice, address, size], { ...PLAIN, memory });
      }
    }
  });

  test('a frame that may not write state', () => {
    const module = parse(`
      region mem trap rw 64 64
      space slot
      func @main(i64) -> i256 {
      @0($0: i64):
        $1 = cell_load.i256 slot, 7
        br_table.i64 $0, @1(), @2(), @3()
      @1:
        cell_store.i256 slot, 7, 1
        return 1
      @2:
        log.i64 mem, 0, 8, 1, 2
        return 2
      @3:
        return $1
      }`);
    for (const choice of [0n, 1n, 2n]) {
      assertSame(module, 'main', [choice], { ...PLAIN, isStatic: true });
      assertSame(module, 'main', [choice], PLAIN);
    }
  });

  test('dispatch goes to the block of the key', () => {
    const module = parse(`
      func @main(i256, i64) -> i64 {
      @0($0: i256, $1: i64):
        dispatch.i256 $0($1)
      @16($2: i64):
        return $2
      @33($3: i64):
        $4 = add.i64 $3, 1
        return $4
      @48($5: i64, $6: i64):
        return $6
      }`);
    const outcomes = [16n, 33n, 48n, 17n, (1n << 64n) + 16n].map((key) => {
      const { results, trap } = runCore(module, 'main', [key, 5n], { ...PLAIN, cells: new Map() });
      return trap ?? results[0];
    });
    assert.deepEqual(outcomes, [5n, 6n, 'bad-jump', 'bad-jump', 'bad-jump']);
  });
});
