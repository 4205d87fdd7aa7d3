/** Bytes that are no state, or another one, give a clear error or a hash that is not expected. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytesToHex } from '../../src/base/bytes.ts';
import { LockstepError } from '../../src/base/errors.ts';
import { Executor } from '../../src/chain/executor.ts';
import {
  decodeSnapshot,
  resumeSnapshot,
  runUntil,
  type StateSnapshot,
} from '../../src/chain/snapshot.ts';
import { hashState } from '../../src/dmir/state/hash.ts';
import type { Program } from '../../src/engines/interpreter/program.ts';
import { restoreState } from '../../src/engines/interpreter/snapshot.ts';
import { createMemoryBackend } from '../../src/state/backends/memory.ts';
import { MODULE_BYTES_MAX } from '../../src/vms/evm/gas.ts';
import { generateCase } from '../oracle/generate.ts';
import { createPrng } from '../support/prng.ts';
import { createWorld, FORK, finish, runWhole } from './worlds.ts';

const FLIPS = 1500;
const RUNS = 60;

/** A snapshot with two frames, logs and a tape, and as many sections filled as there are. */
function takeRich(): { snapshot: StateSnapshot; world: ReturnType<typeof createWorld> } {
  for (let seed = 0; ; seed++) {
    const { value } = generateCase({ seed, mode: 'calls', specimens: [] });
    const probe = createWorld(value);
    const total = runWhole(probe.machine, probe.options).outcome.steps;
    for (let part = 1n; part < 8n; part++) {
      const world = createWorld(value);
      const progress = runUntil(world.machine, world.options, (total * part) / 8n);
      if (progress.kind === 'ended') break;
      const { state } = progress.snapshot;
      if (state.frames.length > 1 && state.logs.length > 0 && state.undo.length > 3) {
        return { snapshot: progress.snapshot, world };
      }
    }
  }
}

const { snapshot, world } = takeRich();
const { bytes, hash } = snapshot;

/** Runs what may fail with an error for users; any other error is a defect. */
function attempt<T>(what: string, run: () => T): T | undefined {
  try {
    return run();
  } catch (error) {
    assert.ok(error instanceof LockstepError, `${what}: ${(error as Error).stack}`);
    assert.ok(error.code === 'L1101' || error.code === 'L1102', `${what}: ${error.message}`);
    return undefined;
  }
}

test('every cut is an error that names an offset', () => {
  for (let length = 0; length < bytes.length; length += length < 600 ? 1 : 7) {
    assert.throws(
      () => decodeSnapshot(bytes.subarray(0, length)),
      (error) => error instanceof LockstepError && /at byte \d+/.test(error.message),
      `cut to ${length} bytes`,
    );
  }
  assert.throws(() => decodeSnapshot(Uint8Array.of(...bytes, 0)), /1 bytes too many/);
});

test('a changed byte is an error or another hash, and restores to an error or a machine', () => {
  const prng = createPrng(11);
  const executor = new Executor({
    ...{ fork: FORK, backend: createMemoryBackend(), moduleBytesMax: MODULE_BYTES_MAX },
  });
  let decoded = 0;
  let refused = 0;
  for (let i = 0; i < FLIPS; i++) {
    const changed = bytes.slice();
    const at = i < 400 ? i : prng.below(bytes.length);
    changed[at] = (changed[at] as number) ^ (1 + prng.below(255));
    const found = attempt(`byte ${at}`, () => decodeSnapshot(changed));
    if (found === undefined) continue;
    decoded++;
    assert.notEqual(bytesToHex(hashState(found.state)), hash, `byte ${at}`);
    const restored = attempt(`byte ${at}`, () => {
      restoreState(executor.machine, found.state, ({ codeHash }) => {
        const code = found.codes.get(bytesToHex(codeHash));
        if (code === undefined)
          throw new LockstepError('L1102', { problem: 'the code is missing' });
        return executor.host.options.loader.load(code) as Program;
      });
      return true;
    });
    executor.machine.clearPrograms();
    if (restored === undefined) refused++;
  }
  assert.ok(decoded > 100 && refused > 10, `${decoded} decoded, ${refused} refused`);
});

test('a resumed state must have the expected hash, rules and code', () => {
  const { backend } = world;
  const refuses = (run: () => unknown, problem: RegExp): void =>
    assert.throws(run, (error) => error instanceof LockstepError && problem.test(error.message));
  const other = `0x${'00'.repeat(32)}` as const;
  refuses(() => resumeSnapshot(bytes, { fork: FORK, backend, hash: other }), /hash is not/);
  refuses(() => resumeSnapshot(bytes, { fork: 'cancun', backend }), /rules/);
  refuses(() => resumeSnapshot(bytes, { fork: FORK, backend, lengthMax: 1 }), /rules/);
  const prices = [
    { costs: { callValue: 1n } },
    { costs: { copyWord: 1n } },
    { costs: { ecrecoverGas: 1n } },
    { opcodes: { ADD: 1 } },
  ];
  for (const overrides of prices) {
    refuses(() => resumeSnapshot(bytes, { fork: FORK, backend, overrides }), /rules|gas schedule/);
  }
});

test('a state that was not checked still runs in its own machine without a crash', () => {
  const prng = createPrng(12);
  const { backend } = world;
  let runs = 0;
  for (let i = 0; runs < RUNS && i < 4000; i++) {
    const changed = bytes.slice();
    const at = prng.below(bytes.length);
    changed[at] = (changed[at] as number) ^ (1 << prng.below(8));
    const executor = attempt(`byte ${at}`, () => resumeSnapshot(changed, { fork: FORK, backend }));
    if (executor === undefined) continue;
    runs++;
    try {
      finish(executor);
    } catch (error) {
      // Code that no account of this world has, or a block hash that is not at hand.
      assert.ok(!(error instanceof WebAssembly.RuntimeError), `byte ${at}: ${error}`);
      assert.match(String(error), /code that the state does not hold/, `byte ${at}`);
    }
  }
  assert.equal(runs, RUNS);
});
