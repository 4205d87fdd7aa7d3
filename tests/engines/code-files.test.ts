/** Compiled code in a folder: what comes back, what does not, and what a machine makes of it. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { CodeFiles } from '../../src/chain/code-files.ts';
import { runJob } from '../../src/chain/compile-worker.ts';
import { createMachine } from '../../src/chain/machine.ts';
import type { CompileJob } from '../../src/engines/tiers/background.ts';
import { COMPILERS, reachable } from '../../src/engines/tiers/compilers.ts';
import { assemble } from '../../src/vms/evm/assemble.ts';
import { Lowerer } from '../../src/vms/evm/lower.ts';
import { createEvmSource } from '../../src/vms/evm/source.ts';

const LOOP = assemble(`
  PUSH0 loop: JUMPDEST PUSH1 1 ADD DUP1 PUSH2 1000 GT PUSH1 @loop JUMPI
  PUSH0 MSTORE PUSH1 0x20 PUSH0 RETURN`);
const source = createEvmSource(new Lowerer(LOOP, { fork: 'osaka' }));
const JOB: CompileJob = {
  engine: 'multipass',
  recipe: source.recipe,
  code: LOOP,
  blocks: [0, 1],
};
const made = COMPILERS.multipass({ source, blocks: JOB.blocks });
assert.ok(made !== undefined);
const KEPT = { ...made, blocks: JOB.blocks };

const folders: string[] = [];
after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'lockstep-code-'));
  folders.push(folder);
  return folder;
}

const pathsIn = (folder: string): string[] => readdirSync(folder).map((name) => join(folder, name));

describe('compiled code in a folder', () => {
  it('comes back whole, for the same code, recipe, engine and compilers alone', () => {
    const folder = makeFolder();
    const files = new CodeFiles(folder, { version: 'a' });
    files.write(JOB, KEPT);
    assert.deepEqual(files.read(JOB, 'multipass'), KEPT);
    assert.equal(files.read(JOB, 'singlepass'), undefined);
    assert.equal(files.read({ ...JOB, code: LOOP.slice(1) }, 'multipass'), undefined);
    const recipe = { vm: 'evm', options: { fork: 'cancun' } };
    assert.equal(files.read({ ...JOB, recipe }, 'multipass'), undefined);
    const overrides = { costs: { callValue: 9001n } };
    const ours = { ...JOB, recipe: { vm: 'evm', options: { fork: 'osaka', overrides } } };
    assert.equal(files.read(ours, 'multipass'), undefined);
    files.write(ours, KEPT);
    assert.deepEqual(files.read(ours, 'multipass'), KEPT);
    assert.equal(new CodeFiles(folder, { version: 'b' }).read(JOB, 'multipass'), undefined);
    assert.equal(new CodeFiles(folder).read(JOB, 'multipass'), undefined);
  });

  it('is not there if one bit of it changed, or its end is missing', () => {
    const folder = makeFolder();
    const files = new CodeFiles(folder, { version: 'a' });
    files.write(JOB, KEPT);
    const [path = ''] = pathsIn(folder);
    const whole = readFileSync(path);
    for (const at of [0, 31, 33, 40, whole.length - 1]) {
      const changed = Buffer.from(whole);
      changed[at] = (changed[at] as number) ^ 1;
      writeFileSync(path, changed);
      assert.equal(files.read(JOB, 'multipass'), undefined, `byte ${at}`);
    }
    for (const length of [0, 10, 36, whole.length - 1]) {
      writeFileSync(path, whole.subarray(0, length));
      assert.equal(files.read(JOB, 'multipass'), undefined, `${length} bytes`);
    }
    files.write(JOB, KEPT);
    assert.deepEqual(files.read(JOB, 'multipass'), KEPT);
  });

  it('is given up within a budget, what was written first at first', () => {
    const folder = makeFolder();
    const jobs = [1, 2, 3].map((byte) => ({ ...JOB, code: Uint8Array.of(...LOOP, byte) }));
    const [first, second, third] = jobs as [CompileJob, CompileJob, CompileJob];
    const files = new CodeFiles(folder, { version: 'a' });
    files.write(first, KEPT);
    const [path = ''] = pathsIn(folder);
    // The clock of the file system may be too coarse for the order.
    utimesSync(path, 1, 1);
    files.write(second, KEPT);
    const bytesMax = readFileSync(path).length * 2;
    new CodeFiles(folder, { version: 'a', bytesMax }).write(third, KEPT);
    const isThere = (job: CompileJob): boolean => files.read(job, 'multipass') !== undefined;
    assert.deepEqual(jobs.map(isThere), [false, true, true]);
    assert.equal(pathsIn(folder).length, 2);
  });

  it('that cannot be written is not kept, and nothing else happens', () => {
    const folder = makeFolder();
    const files = new CodeFiles(folder, { version: 'a' });
    rmSync(folder, { recursive: true });
    folders.pop();
    files.write(JOB, KEPT);
    assert.equal(files.read(JOB, 'multipass'), undefined);
  });
});

describe('the thread that compiles', () => {
  it('takes code of the best engine that was kept with all blocks', async () => {
    const files = new CodeFiles(makeFolder(), { version: 'a' });
    const asked: CompileJob = { ...JOB, engine: 'singlepass', blocks: [0] };
    const first = await runJob(JOB, files);
    assert.deepEqual([first?.engine, first?.blocks], ['multipass', [0, 1]]);
    const again = await runJob(asked, files);
    assert.deepEqual([again?.engine, again?.blocks], ['multipass', [0, 1]]);
    assert.deepEqual(again?.entries, first?.entries);
  });

  it('takes code of a better engine that is hardly more than what was asked for', async () => {
    const source = createEvmSource(new Lowerer(LOOP, { fork: 'osaka' }));
    const asked: CompileJob = { ...JOB, engine: 'singlepass', blocks: reachable(source) };
    assert.equal((await runJob(asked))?.engine, 'multipass');
    const joins = Array.from({ length: 8 }, (_, i) => {
      return `DUP1 PUSH1 ${i + 2} MOD PUSH2 @join${i} JUMPI DUP1 PUSH0 MSTORE join${i}: JUMPDEST`;
    });
    const code = assemble(`PUSH0 CALLDATALOAD ${joins.join(' ')} STOP`);
    const blocks = reachable(createEvmSource(new Lowerer(code, { fork: 'osaka' })));
    const files = new CodeFiles(makeFolder(), { version: 'a' });
    const job: CompileJob = { ...asked, code, blocks };
    assert.equal((await runJob(job, files))?.engine, 'singlepass');
    assert.deepEqual(files.read(job, 'singlepass')?.blocks, blocks);
    assert.equal(files.read(job, 'multipass'), undefined);
  });

  it('compiles blocks that are new together with those that were kept', async () => {
    const files = new CodeFiles(makeFolder(), { version: 'a' });
    await runJob({ ...JOB, blocks: [0] }, files);
    const both = await runJob({ ...JOB, blocks: [1] }, files);
    assert.deepEqual(both?.blocks, [1, 0]);
    assert.deepEqual(files.read(JOB, 'multipass')?.blocks, [1, 0]);
  });
});

describe('a machine', () => {
  it('says which folder cannot keep code', () => {
    const file = join(makeFolder(), 'file');
    writeFileSync(file, '');
    assert.throws(() => createMachine({ tier: { codeCache: file } }), {
      code: 'L2003',
      message: new RegExp(`compiled code cannot be kept in ${file}: `),
    });
  });

  it('leaves its compiled code in the folder', async () => {
    const folder = makeFolder();
    const to = '0x00000000000000000000000000000000000000c0';
    const machine = createMachine({ tier: { codeCache: folder, heatScale: 0.001 } });
    const plain = createMachine({ engine: 'interpreter' });
    for (const { state } of [machine, plain]) state.setCode(to, LOOP);
    const { output, gasUsed, steps } = plain.call({ to });
    for (let i = 0; i < 1000 && readdirSync(folder).length < 1; i++) {
      const outcome = machine.call({ to });
      assert.deepEqual([outcome.output, outcome.gasUsed, outcome.steps], [output, gasUsed, steps]);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    assert.equal(readdirSync(folder).filter((name) => name.endsWith('-code')).length, 1);
  });
});
