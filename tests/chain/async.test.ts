/** A backend that answers later changes no outcome, only when it is known. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMachine } from '../../src/chain/machine.ts';
import { continueUntil, type RunProgress, runUntil } from '../../src/chain/snapshot.ts';
import { PendingError } from '../../src/dmir/host.ts';
import { type Backend, createPending } from '../../src/state/backends/backend.ts';
import { createMemoryBackend } from '../../src/state/backends/memory.ts';
import { cellPath } from '../../src/state/cells.ts';
import { assemble } from '../../src/vms/evm/assemble.ts';

const CONTRACT = '0x00000000000000000000000000000000000000c0';
const CALLEE = '0x00000000000000000000000000000000000000c1';

/** The memory backend, whose cells are there only from the second question on. */
function createLateBackend(): { backend: Backend; questions: () => number } {
  const memory = createMemoryBackend();
  const asked = new Set<string>();
  let count = 0;
  const backend: Backend = {
    get(cell) {
      const path = cellPath(cell);
      if (asked.has(path)) return memory.get(cell);
      asked.add(path);
      count++;
      return createPending(Promise.resolve());
    },
    put: (cell, value) => memory.put(cell, value),
    delete: (cell) => memory.delete(cell),
    scan: (range) => memory.scan(range),
  };
  return { backend, questions: () => count };
}

/** Adds one to slots 0 and 7, and calls a contract that adds one to its slot 0. */
const COUNTER = assemble(`
  PUSH0 SLOAD PUSH 1 ADD PUSH0 SSTORE
  PUSH0 PUSH0 PUSH0 PUSH0 PUSH0 PUSH ${CALLEE} GAS CALL POP
  PUSH 7 SLOAD PUSH 1 ADD DUP1 PUSH 7 SSTORE
  PUSH0 MSTORE PUSH 32 PUSH0 RETURN
`);
const INCREMENT = assemble('PUSH0 SLOAD PUSH 1 ADD PUSH0 SSTORE');

async function setUp(machine: ReturnType<typeof createMachine>): Promise<void> {
  for (const [address, code] of [
    [CONTRACT, COUNTER],
    [CALLEE, INCREMENT],
  ] as const) {
    for (;;) {
      try {
        machine.state.setCode(address, code);
        break;
      } catch (error) {
        if (!(error instanceof PendingError)) throw error;
        await error.ready;
      }
    }
  }
}

test('a late backend gives the outcome of a prompt one', async () => {
  const prompt = createMachine();
  await setUp(prompt);
  const { backend, questions } = createLateBackend();
  const late = createMachine({ backend });
  await setUp(late);
  for (let round = 1n; round <= 3n; round++) {
    const expected = prompt.call({ to: CONTRACT });
    const outcome = await late.callAsync({ to: CONTRACT });
    assert.equal(outcome.status, 'success');
    assert.equal(outcome.gasUsed, expected.gasUsed);
    assert.deepEqual(outcome.output, expected.output);
    assert.deepEqual(outcome.writes, expected.writes);
    assert.equal(outcome.steps, expected.steps);
    assert.equal(late.state.getStorage(CALLEE, 0n), round);
  }
  assert.ok(questions() >= 4, `${questions()} cells were late`);
});

test('a call that cannot wait leaves nothing behind', async () => {
  const { backend } = createLateBackend();
  const machine = createMachine({ backend });
  await setUp(machine);
  assert.throws(() => machine.call({ to: CONTRACT }), PendingError);
  const outcome = await machine.callAsync({ to: CONTRACT });
  assert.deepEqual(
    outcome.writes.map(({ slot, before, after }) => [slot, before, after]),
    [
      [0n, 0n, 1n],
      [7n, 0n, 1n],
      [0n, 0n, 1n],
    ],
  );
});

test('a run that waits in the middle goes on as if it had not begun the host function', async () => {
  const code = assemble(`
    PUSH ${CALLEE} EXTCODESIZE PUSH ${CALLEE} EXTCODEHASH PUSH0 PUSH0 PUSH0 CREATE
    PUSH0 MSTORE PUSH 32 PUSH0 RETURN`);
  const memory = createMemoryBackend();
  const prompt = createMachine({ backend: memory });
  prompt.state.setCode(CONTRACT, code);
  prompt.state.setCode(CALLEE, INCREMENT);
  prompt.executor.flush();
  const expected = prompt.call({ to: CONTRACT, commit: false });
  const asked = new Set<string>();
  const late = <Q, A>(name: string, ask: (question: Q) => A) => {
    return (question: Q): A => {
      const key = JSON.stringify([name, question]);
      if (asked.has(key)) return ask(question);
      asked.add(key);
      return createPending(Promise.resolve()) as A;
    };
  };
  const backend: Backend = {
    get: late('get', (cell) => memory.get(cell)),
    scan: late('scan', (range) => memory.scan(range)),
    put: (cell, value) => memory.put(cell, value),
    delete: (cell) => memory.delete(cell),
  };
  const machine = createMachine({ backend });
  const proceed = async (run: () => RunProgress): Promise<RunProgress> => {
    for (let tries = 0; tries < 50; tries++) {
      try {
        return run();
      } catch (error) {
        if (!(error instanceof PendingError)) throw error;
        await error.ready;
      }
    }
    return assert.fail('the run asks for ever more');
  };
  await proceed(() => runUntil(machine, { to: CONTRACT }, 0n));
  const end = await proceed(() => continueUntil(machine.executor));
  assert.ok(end.kind === 'ended');
  assert.equal(end.outcome.gasUsed, expected.gasUsed);
  assert.deepEqual(end.outcome.output, expected.output);
});
