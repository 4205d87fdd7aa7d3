/** When code is compiled and by whom: beside the run, within a budget, and moved to and fro. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { SharedCompiler, sharedCompiler } from '../../src/chain/background.ts';
import type { JobMessage, JobResult } from '../../src/chain/compile-worker.ts';
import { createMachine, type EvmMachine } from '../../src/chain/machine.ts';
import type { CompileJob, FinishedCode } from '../../src/engines/tiers/background.ts';
import { assemble } from '../../src/vms/evm/assemble.ts';

const TO = '0x00000000000000000000000000000000000000c0';
const LOOP = assemble(`
  PUSH0
  loop: JUMPDEST
  PUSH1 1 ADD
  DUP1 DUP1 MUL PUSH1 0x40 MSTORE
  DUP1 PUSH2 1000 GT PUSH1 @loop JUMPI
  PUSH0 MSTORE PUSH1 0x20 PUSH0 RETURN`);
/** Its trees share blocks: the best engine's code is more than twice as much. */
const JOINS = assemble(`
  PUSH0 CALLDATALOAD
  ${Array.from({ length: 8 }, (_, i) => joinAt(i)).join('')}
  STOP`);

function joinAt(i: number): string {
  return `DUP1 PUSH1 ${i + 2} MOD PUSH2 @join${i} JUMPI DUP1 PUSH0 MSTORE join${i}: JUMPDEST `;
}

function installedOf(machine: EvmMachine): number {
  const hash = machine.executor.keccak256(LOOP);
  const program = machine.executor.codes.programOf(
    BigInt(`0x${Buffer.from(hash).toString('hex')}`),
  );
  return (program as unknown as { installed: ReadonlyMap<number, number> }).installed.size;
}

/** A thread that answers when it is told to. */
class TestThread {
  readonly posted: JobMessage[] = [];
  readonly results: JobResult[] = [];
  answers = 0;
  isEnded = false;

  end(): void {
    this.isEnded = true;
  }

  post(message: JobMessage): void {
    this.posted.push(message);
  }

  receive(): JobResult | undefined {
    return this.results.shift();
  }

  /** Answers the job that was posted last with code of so many bytes. */
  answer(bytes: number | null): void {
    const { key, job } = this.posted[this.posted.length - 1] as JobMessage;
    const { engine, blocks } = job;
    const module = new WebAssembly.Module(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0));
    const made = { engine, module, entries: [], places: 0, targets: [], readsCode: false, blocks };
    const code = bytes === null ? null : { ...made, bytes };
    this.results.push({ key, code });
    this.answers++;
  }
}

const jobOf =
  (...blocks: readonly number[]) =>
  (): CompileJob => {
    const recipe = { vm: 'evm', options: {} };
    return { engine: 'multipass', recipe, code: LOOP, blocks };
  };

describe('the compiler beside the run', () => {
  const start = (bytesMax?: number) => {
    const thread = new TestThread();
    return { thread, compiler: new SharedCompiler(() => thread, bytesMax) };
  };

  it('is asked once, and answers all who ask', () => {
    const { thread, compiler } = start();
    for (let i = 0; i < 3; i++) assert.equal(compiler.obtain('a', jobOf(0, 5)), undefined);
    assert.equal(thread.posted.length, 1);
    assert.equal(compiler.finished, 0);
    thread.answer(10);
    assert.equal(compiler.finished, 1);
    for (let i = 0; i < 3; i++) assert.equal(compiler.obtain('a', jobOf(5))?.bytes, 10);
    assert.equal(thread.posted.length, 1);
  });

  it('compiles what was known and what is new together', () => {
    const { thread, compiler } = start();
    compiler.obtain('a', jobOf(0, 5));
    thread.answer(10);
    assert.equal(compiler.obtain('a', jobOf(7, 5)), undefined);
    assert.deepEqual(thread.posted[1]?.job.blocks, [0, 5, 7]);
    thread.answer(12);
    assert.equal(compiler.obtain('a', jobOf(7, 5))?.bytes, 12);
  });

  it('says where nothing can be compiled', () => {
    const { thread, compiler } = start();
    compiler.obtain('a', jobOf(0));
    thread.answer(null);
    assert.equal(compiler.obtain('a', jobOf(0)), null);
    assert.equal(new SharedCompiler(() => undefined).obtain('a', jobOf(0)), null);
  });

  it('keeps what was used last within its bytes', () => {
    const { thread, compiler } = start(25);
    for (const key of ['a', 'b']) {
      compiler.obtain(key, jobOf(0));
      thread.answer(10);
    }
    assert.equal(compiler.obtain('a', jobOf(0))?.bytes, 10);
    compiler.obtain('c', jobOf(0));
    thread.answer(10);
    const there = (key: string) => compiler.obtain(key, jobOf(0)) as FinishedCode | undefined;
    assert.deepEqual([there('c')?.bytes, there('a')?.bytes, there('b')], [10, 10, undefined]);
  });
});

describe('a thread without work', () => {
  it('ends, what it made stays, and another one begins with the next job', async () => {
    const threads: TestThread[] = [];
    const begin = () => {
      threads.push(new TestThread());
      return threads.at(-1);
    };
    const compiler = new SharedCompiler(begin, undefined, 5);
    compiler.obtain('a', jobOf(0));
    const [first] = threads as [TestThread];
    await sleep(30);
    assert.equal(first.isEnded, false, 'it ended before it had answered');
    first.answer(10);
    for (let i = 0; i < 200 && !first.isEnded; i++) await sleep(5);
    assert.equal(first.isEnded, true);
    assert.equal(compiler.finished, 1);
    assert.equal(compiler.obtain('a', jobOf(0))?.bytes, 10);
    assert.equal(threads.length, 1);
    assert.equal(compiler.obtain('b', jobOf(0)), undefined);
    assert.equal(threads.length, 2);
    threads[1]?.answer(12);
    assert.equal(compiler.finished, 2);
    assert.equal(compiler.obtain('b', jobOf(0))?.bytes, 12);
  });
});

describe('auto', () => {
  it('moves a contract to compiled code that another thread made', async () => {
    const machine = createMachine({ engine: 'auto', tier: { heatScale: 0.001 } });
    const plain = createMachine({ engine: 'interpreter' });
    for (const each of [machine, plain]) each.state.setCode(TO, LOOP);
    const wanted = plain.call({ to: TO });
    for (let i = 0; i < 1000 && installedOf(machine) === 0; i++) {
      const { output, gasUsed, steps } = machine.call({ to: TO });
      assert.deepEqual([output, gasUsed, steps], [wanted.output, wanted.gasUsed, wanted.steps]);
      await sleep(10);
    }
    assert.ok(installedOf(machine) > 0, `nothing was compiled: ${sharedCompiler().faults}`);
    const { output, gasUsed, steps } = machine.call({ to: TO });
    assert.deepEqual([output, gasUsed, steps], [wanted.output, wanted.gasUsed, wanted.steps]);
    assert.deepEqual(sharedCompiler().faults, []);
  });

  it('goes on to the best engine', async () => {
    const machine = createMachine({ engine: 'auto', tier: { heatScale: 0.001 } });
    machine.state.setCode(TO, JOINS);
    const before = sharedCompiler().finished;
    for (let i = 0; i < 1000 && sharedCompiler().finished < before + 2; i++) {
      for (let number = 0; number < 1000; number++) {
        const data = Uint8Array.of(...new Uint8Array(30), number >> 8, number);
        assert.equal(machine.call({ to: TO, data }).status, 'success');
      }
      await sleep(10);
    }
    assert.equal(sharedCompiler().finished, before + 2);
  });

  it('takes code over while a run goes on', () => {
    const machine = createMachine({ engine: 'auto', tier: { heatScale: 0.001 } });
    const code = assemble(`
      PUSH0 loop: JUMPDEST PUSH1 1 ADD PUSH1 @loop JUMP`);
    machine.state.setCode(TO, code);
    // One call without end but for its gas; only a running frame can move over.
    let before = 0;
    const { machine: inner } = machine.executor;
    const { tier } = inner;
    assert.ok(tier !== undefined);
    const yielded = tier.yielded.bind(tier);
    tier.yielded = (program) => {
      yielded(program);
      before = Math.max(before, program.installed.size);
    };
    assert.equal(machine.call({ to: TO, gas: 30_000_000_000n }).reason, 'out-of-gas');
    assert.ok(before > 0, 'the loop stayed where it was');
  });

  it('leaves alone what is run once', () => {
    const machine = createMachine({ engine: 'auto' });
    machine.state.setCode(TO, LOOP);
    const before = sharedCompiler().finished;
    machine.call({ to: TO });
    assert.equal(installedOf(machine), 0);
    assert.equal(sharedCompiler().finished, before);
  });
});
