/** Lowered functions verify as dMIR, print and parse, and are what is expected for a small one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Module } from '../../src/dmir/ir.ts';
import { parseModule } from '../../src/dmir/parse.ts';
import { printFunc, printModule } from '../../src/dmir/print.ts';
import { verifyModule } from '../../src/dmir/verify.ts';
import { type Instance, reachOf } from '../../src/vms/wasm/entities.ts';
import {
  assembleModule,
  DEFAULT_GAS,
  type Imports,
  Linker,
  readWasmModule,
  WasmProgram,
} from '../../src/vms/wasm/index.ts';
import { createPrng } from '../support/prng.ts';
import { randomWasm } from '../support/random-wasm.ts';
import { RandomHost } from '../support/random-wasm-host.ts';

/** The linked module with the blocks of all its functions; place 0 and its like left out. */
function lowerAll(bytes: Uint8Array): { module: Module; instance: Instance } {
  const linker = new Linker();
  const lowered = lowerWith(linker, bytes, () => undefined);
  if (lowered === undefined) throw new Error('a segment does not fit');
  return lowered;
}

/** Undefined where a segment does not fit. */
function lowerWith(
  linker: Linker,
  bytes: Uint8Array,
  imports: Imports,
): { module: Module; instance: Instance } | undefined {
  const linked = linker.instantiate(readWasmModule(bytes), imports);
  if (linked.kind !== 'instance') return undefined;
  const { funcs, limits } = linker;
  const program = new WasmProgram(reachOf(linked.instance), {
    ...{ funcs, limits, gas: DEFAULT_GAS },
    signature: (type) => linker.signature(type),
    vector: (name) => linker.vector(name),
  });
  const { module } = program;
  const lowered = module.funcs.map((func, place) => (func.open ? func : program.lower(place)));
  return { module: { ...module, funcs: lowered }, instance: linked.instance };
}

/** A function that a call may name but not reach has no blocks; the text form wants one. */
function closeGaps(module: Module): Module {
  const funcs = module.funcs.map((func, place) => {
    if (!func.open) return func;
    const stop = { op: 'stop', type: 'i64', args: [], results: [], imm: 0, targets: [], pc: -1 };
    const block = { id: 0, params: [], insts: [stop], grow: 0 };
    return { ...func, name: `none${place}`, blocks: new Map([[0, block]]) };
  });
  return { ...module, funcs } as Module;
}

test('random modules verify, and their text is read again', () => {
  for (let seed = 1; seed <= 40; seed++) {
    const linker = new Linker();
    const { bytes } = randomWasm(createPrng(seed));
    const lowered = lowerWith(linker, bytes, new RandomHost().here(linker));
    if (lowered === undefined) continue;
    const module = closeGaps(lowered.module);
    assert.deepEqual(verifyModule(module), [], `seed ${seed}`);
    const text = printModule(module);
    const { module: parsed, errors } = parseModule(text);
    assert.deepEqual(errors, [], `seed ${seed}`);
    assert.equal(printModule(parsed), text, `seed ${seed}`);
  }
});

test('a loop is a block that goes back to itself, its locals are parameters', () => {
  const { module, instance } = lowerAll(
    assembleModule(`(module (memory 1)
      (func (param $at i32) (param $count i32) (result i32) (local $sum i32)
        (block $done
          (loop $next
            (br_if $done (i32.eqz (local.get $count)))
            (local.set $sum (i32.add (local.get $sum) (i32.load8_u offset=4 (local.get $at))))
            (local.set $at (i32.add (local.get $at) (i32.const 1)))
            (local.set $count (i32.sub (local.get $count) (i32.const 1)))
            (br $next)))
        (local.get $sum)))`),
  );
  const [entity] = instance.funcs;
  const func = module.funcs[entity?.place ?? -1];
  assert.ok(func !== undefined);
  const text = printFunc(module, func).replace(/ !0x[0-9a-f]+| pc 0x[0-9a-f]+/g, '');
  const expected = `func @f2(i32, i32) -> i32 {
@0:
  charge 1
  br @2($0, $1, 0)
@2($2: i32, $3: i32, $4: i32):
  charge 3
  $5 = iszero.i32 $3
  br_if $5, @1(), @3()
@3:
  charge 15
  $6 = zext.i64 $2
  $7 = add.i64 $6, 4
  $8 = load.i8 memory1, $7
  $9 = zext.i32 $8
  $10 = add.i32 $4, $9
  $11 = add.i32 $2, 1
  $12 = sub.i32 $3, 1
  br @2($11, $12, $10)
@1:
  charge 1
  return $4
}`;
  assert.equal(text.trim(), expected);
});
