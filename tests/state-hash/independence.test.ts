/** What a machine did before, and how it numbers and places things, does not show in its state. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EvmMachine } from '../../src/chain/machine.ts';
import { abandonRun, runUntil } from '../../src/chain/snapshot.ts';
import * as L from '../../src/kernel/layout.ts';
import { type Case, TARGET } from '../oracle/case.ts';
import { generateCase, type ModeName } from '../oracle/generate.ts';
import { createWorld, fillWorld, runWhole, toOptions, type World } from './worlds.ts';

const PROGRAMS = 25;
const MODES: readonly ModeName[] = ['calls', 'straight', 'flow'];

function drawCase(seed: number): { value: Case; half: bigint } {
  const mode = MODES[seed % MODES.length];
  const { value } = generateCase({ seed: seed + 5000, mode, specimens: [] });
  const { machine, options } = createWorld(value);
  return { value, half: runWhole(machine, options).outcome.steps / 2n };
}

/** The bytes of the snapshot at a step, or the hash at the end if the run does not reach it. */
function observe({ machine, options }: World, steps: bigint): unknown {
  const progress = runUntil(machine, options, steps);
  if (progress.kind === 'ended') return progress.hash;
  const { bytes, hash } = progress.snapshot;
  abandonRun(machine.executor);
  return { bytes, hash };
}

/** Other programs with other accounts run first; their accounts, cells and code leave traces. */
function runOthers(machine: EvmMachine): void {
  const empty = machine.snapshot();
  for (let seed = 9000; seed < 9006; seed++) {
    const { value } = generateCase({ seed, mode: 'calls', specimens: [] });
    fillWorld(machine, value);
    runWhole(machine, toOptions(value));
    machine.restore(empty);
  }
}

test('a machine that ran other transactions has the states of a fresh one', () => {
  for (let seed = 0; seed < PROGRAMS; seed++) {
    const { value, half } = drawCase(seed);
    const fresh = observe(createWorld(value), half);
    assert.deepEqual(observe(createWorld(value, runOthers), half), fresh, `seed ${seed}`);
  }
});

test('cells that earlier transactions left in the journal do not show', () => {
  for (let seed = 0; seed < PROGRAMS; seed++) {
    const { value, half } = drawCase(seed);
    if (value.message.kind === 'create') continue;
    const fresh = observe(createWorld(value), half);
    const world = createWorld(value);
    // The same message stopped half-way, and given up: it changes nothing, but warms everything.
    observe(world, half);
    assert.deepEqual(observe(world, half), fresh, `seed ${seed}`);
  }
});

test('a zero that an earlier transaction wrote is the same as no cell', () => {
  const { value, half } = drawCase(0);
  const fresh = observe(createWorld(value), half);
  const world = createWorld(value, (machine) => {
    for (let slot = 0n; slot < 8n; slot++) {
      machine.state.setStorage(TARGET, slot, 7n);
      machine.state.setStorage(TARGET, slot, 0n);
    }
  });
  assert.deepEqual(observe(world, half), fresh);
});

test('the seed of the hash tables and the place of code do not show', () => {
  const { value, half } = drawCase(3);
  const fresh = observe(createWorld(value), half);
  const world = createWorld(value, ({ executor: { machine } }) => {
    machine.kernel.u64[(L.MACHINE_BASE + L.M_HASH_SEED) / 8] = 0x0123_4567_89ab_cdefn;
    machine.kernel.exports.initJournal();
    machine.area.takeChunk(123_456);
  });
  assert.deepEqual(observe(world, half), fresh);
});
