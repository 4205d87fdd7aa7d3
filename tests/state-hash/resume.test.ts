/** Random programs: a run that is stopped and taken on in a fresh machine ends as a whole one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytesToHex } from '../../src/base/bytes.ts';
import { createMachine, type EvmMachine } from '../../src/chain/machine.ts';
import {
  continueUntil,
  decodeSnapshot,
  resumeSnapshot,
  runUntil,
} from '../../src/chain/snapshot.ts';
import { decodeState } from '../../src/dmir/state/decode.ts';
import { encodeState } from '../../src/dmir/state/encode.ts';
import { hashState } from '../../src/dmir/state/hash.ts';
import type { MachineState } from '../../src/dmir/state/machine-state.ts';
import type { SnapshotBackend } from '../../src/state/backends/backend.ts';
import { createMemoryBackend } from '../../src/state/backends/memory.ts';
import { CASE_BLOCK, type Case } from '../oracle/case.ts';
import { drawGas, generateCase, type ModeName } from '../oracle/generate.ts';
import type { Prng } from '../support/prng.ts';
import {
  describe,
  dump,
  type Ended,
  FORK,
  fillWorld,
  finish,
  runWhole,
  toOptions,
} from './worlds.ts';

const MODES: readonly ModeName[] = [
  'calls',
  'straight',
  'calls',
  'flow',
  'single',
  'calls',
  'soup',
];
const PROGRAMS = 310;
/** A recursion takes tens of frames: a few are enough. */
const RECURSIONS = 4;

/** What the snapshots of all programs showed, so that the test cannot pass by showing nothing. */
interface Seen {
  snapshots: number;
  frames: number;
  creations: number;
  logs: number;
  undo: number;
  transient: number;
  destroyed: number;
  tape: number;
  returnData: number;
  memory: number;
  statuses: Set<string>;
}

function look(seen: Seen, state: MachineState): void {
  const some = (condition: boolean): number => (condition ? 1 : 0);
  seen.snapshots++;
  seen.frames += some(state.frames.length > 1);
  seen.creations += some(state.frames.some(({ note }) => note[0] === 1));
  seen.logs += some(state.logs.length > 0);
  seen.undo += some(state.undo.length > 0);
  seen.transient += some(state.cells.some(({ space }) => space === 1));
  seen.destroyed += some(state.cells.some(({ space, value }) => space === 7 && value !== 0n));
  seen.tape += some(state.tape.length > 0);
  seen.returnData += some(state.returnData.length > 0);
  seen.memory += some(state.frames.some(({ memories }) => memories.some((m) => m.length > 0)));
}

function checkBytes(state: MachineState, hash: string): void {
  const bytes = encodeState(state);
  const again = decodeState(bytes);
  assert.deepEqual(again, state);
  assert.deepEqual(encodeState(again), bytes);
  assert.equal(bytesToHex(hashState(again)), hash);
}

/** Runs the case with stops at random steps, each time in another machine. */
function runStopped(
  { machine, backend }: Reused,
  value: Case,
  prng: Prng,
  steps: bigint,
  seen: Seen,
): { ended: Ended; accounts: unknown } {
  machine.restore(0);
  fillWorld(machine, value);
  machine.executor.flush();
  let next = prng.below(Number(steps) + 1);
  let progress = runUntil(machine, toOptions(value), BigInt(next));
  let { executor } = machine;
  for (let stops = prng.below(2); progress.kind === 'paused'; stops--) {
    const { bytes, hash, state } = progress.snapshot;
    look(seen, state);
    checkBytes(state, hash);
    assert.deepEqual(decodeSnapshot(bytes).state, state);
    executor = resumeSnapshot(bytes, {
      fork: FORK,
      backend,
      hash,
      blockHash: CASE_BLOCK.blockHash,
    });
    next += prng.below(Number(steps) - next + 1);
    progress = stops > 0 ? continueUntil(executor, BigInt(next)) : finish(executor);
  }
  executor.flush();
  return { ended: progress, accounts: dump(backend) };
}

interface Reused {
  machine: EvmMachine;
  backend: SnapshotBackend;
}

function checkProgram(reused: Reused, value: Case, prng: Prng, seen: Seen): void {
  const { machine, backend } = reused;
  machine.restore(0);
  fillWorld(machine, value);
  const whole = runWhole(machine, toOptions(value));
  machine.executor.flush();
  const accounts = dump(backend);
  seen.statuses.add(whole.outcome.status);
  const stopped = runStopped(reused, value, prng, whole.outcome.steps, seen);
  assert.deepEqual(stopped.ended.state, whole.state);
  assert.equal(stopped.ended.hash, whole.hash);
  assert.deepEqual(describe(stopped.ended.outcome), describe(whole.outcome));
  assert.deepEqual(stopped.accounts, accounts);
}

test('a run stopped at random steps and taken on in fresh machines ends in the same state', () => {
  const seen: Seen = {
    snapshots: 0,
    frames: 0,
    creations: 0,
    logs: 0,
    undo: 0,
    transient: 0,
    destroyed: 0,
    tape: 0,
    returnData: 0,
    memory: 0,
    statuses: new Set(),
  };
  // Whole and stopped runs share one machine: what ran before must not show in a hash. Each goes on
  // in a machine of its own.
  const backend = createMemoryBackend();
  const machine = createMachine({ fork: FORK, block: CASE_BLOCK, backend });
  machine.snapshot();
  for (let seed = 0; seed < PROGRAMS; seed++) {
    const mode = seed < RECURSIONS ? 'recursion' : MODES[seed % MODES.length];
    const { value, prng } = generateCase({ seed, mode, specimens: [] });
    // Every third with too little gas, so that frames fail in the middle.
    if (seed % 3 === 2) value.message.gas = drawGas(prng, value.message.gas / 8n);
    try {
      checkProgram({ machine, backend }, value, prng, seen);
    } catch (error) {
      throw new Error(`seed ${seed}, mode ${mode}`, { cause: error });
    }
  }
  const { statuses, ...counts } = seen;
  assert.deepEqual([...statuses].sort(), ['halt', 'revert', 'success']);
  for (const [what, count] of Object.entries(counts)) {
    assert.ok(count > 0, `no snapshot showed ${what}: ${JSON.stringify(counts)}`);
  }
});
