/**
 * The kernel's journal against a plain model, and its layout, limits and flags.
 *
 * Entries of the gas schedule for Osaka, unchanged since London: a load costs 2100 cold and 100
 * warm (EIP-2929); a store costs 20000 to set a slot from an original zero, 2900 to change another
 * one (5000 less the 2100 that are charged apart), 100 where it changes nothing or changes a dirty
 * slot, and 2100 more where the slot was cold; clearing refunds 4800 (EIP-3529); putting the
 * original back refunds 19900 = 20000 - 100 or 2800 = 2900 - 100; a store needs more than 2300 gas
 * (EIP-2200); transient storage costs 100 (EIP-1153).
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import { bytesToHex } from '../../src/base/bytes.ts';
import { U256_MAX } from '../../src/base/u256.ts';
import { FRAME_WORDS } from '../../src/dmir/host.ts';
import * as layout from '../../src/kernel/layout.ts';
import { isPerTransaction, SPACES, type WordCell } from '../../src/state/cells.ts';
import { ReferenceJournal } from '../state/reference-journal.ts';
import { createPrng, type Prng } from '../support/prng.ts';
import { type JournalExports, KernelJournal, KernelMemory, loadJournal } from './journal-entry.ts';

const OSAKA: Readonly<Record<number, bigint>> = {
  [layout.S_CELL_COLD]: 2100n,
  [layout.S_CELL_WARM]: 100n,
  [layout.S_STORE_SET]: 20_000n,
  [layout.S_STORE_RESET]: 2900n,
  [layout.S_STORE_CLEAR_REFUND]: 4800n,
  [layout.S_STORE_SENTRY]: 2300n,
  [layout.S_STORE_COLD]: 2100n,
  [layout.S_STORE_RULE]: 1n,
  [layout.S_TRANSIENT]: 100n,
};

const OWNERS = [1, 2, 255].map((byte) => new Uint8Array(32).fill(byte, 12));
const PERSISTENT = 0;
const KEY = layout.SCRATCH_BASE;
const VALUE = KEY + 32;
const HEAP = layout.HEAP_BASE;

async function createKernel(): Promise<{ kernel: JournalExports; memory: KernelMemory }> {
  const kernel = await loadJournal();
  const memory = new KernelMemory(kernel);
  memory.setSchedule(OSAKA);
  return { kernel, memory };
}

/** Inserts a cell of owner index 1 and returns its address. */
function insertCell(kernel: JournalExports, memory: KernelMemory, key: bigint, value = 0n): number {
  memory.setWord(KEY, key);
  memory.setWord(VALUE, value);
  return kernel.insertCell(PERSISTENT, 1, KEY, VALUE, Number(value !== 0n));
}

function flagsOf(memory: KernelMemory, cell: number): number {
  return memory.u32(cell + layout.C_FLAGS);
}

// The random comparison

interface Pair {
  readonly real: KernelJournal;
  readonly model: ReferenceJournal;
  readonly prng: Prng;
  readonly pool: readonly WordCell[];
  readonly marks: number[];
}

const EDGES = [0n, 0n, 1n, 2n, U256_MAX, U256_MAX - 1n, 1n << 255n, (1n << 64n) - 1n];

function randomWord(prng: Prng): bigint {
  return prng.below(3) > 0 ? prng.pick(EDGES) : prng.bigint(256);
}

/** Cells of few owners and spaces, with keys that differ in one limb or in all. */
function randomPool(prng: Prng): WordCell[] {
  return Array.from({ length: 4 + prng.below(12) }, () => ({
    space: prng.pick([0, 0, 0, 1, 2, 6, 7]),
    owner: prng.pick(OWNERS),
    key:
      prng.below(2) === 0 ? BigInt(prng.below(4)) << BigInt(64 * prng.below(4)) : prng.bigint(256),
  }));
}

type Step = (pair: Pair, cell: WordCell) => readonly [real: unknown, model: unknown];

/** One operation each, done to both sides with the same operands. */
const STEPS: Readonly<Record<string, Step>> = {
  touch: ({ real, model }, cell) => [real.touch(cell), model.touch(cell)],
  write({ real, model, prng }, cell) {
    const value = randomWord(prng);
    return [real.write(cell, value), model.write(cell, value)];
  },
  delete: ({ real, model }, cell) => [real.delete(cell), model.delete(cell)],
  add({ real, model, prng }, cell) {
    const delta = BigInt.asIntN(256, randomWord(prng));
    return [real.add(cell, delta), model.add(cell, delta)];
  },
  insertOnce({ real, model, prng }, cell) {
    const value = randomWord(prng);
    return [real.insertOnce(cell, value), model.insertOnce(cell, value)];
  },
  consume: ({ real, model }, cell) => [real.consume(cell), model.consume(cell)],
  loadCost: ({ real, model }, cell) => [real.loadCost(cell), model.loadCost(cell)],
  store({ real, model, prng }, cell) {
    const value = prng.below(2) === 0 ? model.original(cell) : randomWord(prng);
    const costs = [real.storeCost(cell, value), model.storeCost(cell, value)] as const;
    real.write(cell, value);
    model.write(cell, value);
    return costs;
  },
  addRefund({ real, model, prng }) {
    const delta = BigInt(prng.below(30_000)) - 15_000n;
    return [real.addRefund(delta), model.addRefund(delta)];
  },
  log({ real, model, prng }, { owner }) {
    const topics = Array.from({ length: prng.below(5) }, () => randomWord(prng));
    const log = { owner, topics, data: prng.bytes(prng.below(80)) };
    return [real.log(log), model.log(log)];
  },
  checkpoint({ real, model, marks }) {
    real.checkpoint();
    marks.push(model.checkpoint());
    return [real.refund(), model.refund()];
  },
  rollback({ real, model, prng, marks }) {
    if (marks.length === 0) return [0, 0];
    const mark = prng.below(2) === 0 ? marks.length - 1 : prng.below(marks.length);
    marks.length = mark + 1;
    real.rollback(layout.HEAP_BASE + mark * layout.CHECKPOINT_BYTES);
    model.rollback(mark);
    return [real.refund(), model.refund()];
  },
};

const STEP_NAMES = Object.keys(STEPS);

function assertEqual({ real, model, pool }: Pair, where: string): void {
  for (const cell of pool) {
    const name = `${where}: cell ${cell.space} ${bytesToHex(cell.owner)} ${cell.key}`;
    assert.equal(real.isKnown(cell), model.isKnown(cell), name);
    if (!model.isKnown(cell)) continue;
    assert.equal(real.value(cell), model.value(cell), `${name} value`);
    assert.equal(real.original(cell), model.original(cell), `${name} original`);
    assert.equal(real.exists(cell), model.exists(cell), `${name} exists`);
  }
  assert.equal(real.refund(), model.refund(), `${where}: refund`);
  assert.deepEqual(real.logs(), model.logs(), `${where}: logs`);
  assert.deepEqual(real.touched(), model.touched(), `${where}: touched`);
}

function runSequence(real: KernelJournal, seed: number): number {
  const prng = createPrng(seed);
  const pair: Pair = {
    real,
    model: new ReferenceJournal(),
    prng,
    pool: randomPool(prng),
    marks: [],
  };
  let operations = 0;
  for (let tx = 0; tx < 4; tx++) {
    real.begin();
    pair.model.begin();
    pair.marks.length = 0;
    const count = prng.below(50);
    for (let i = 0; i < count; i++, operations++) {
      const cell = prng.pick(pair.pool);
      if (!pair.model.isKnown(cell)) {
        const value = prng.below(2) === 0 ? undefined : randomWord(prng);
        real.insert(cell, value);
        pair.model.insert(cell, value);
      }
      const name = prng.pick(STEP_NAMES);
      const [got, expected] = STEPS[name]!(pair, cell);
      const where = `seed ${seed}, transaction ${tx}, operation ${i} (${name})`;
      assert.equal(got, expected, where);
      if (name === 'rollback') assertEqual(pair, where);
    }
    assertEqual(pair, `seed ${seed}, end of transaction ${tx}`);
  }
  return operations;
}

test('random operations with nested rollbacks agree with the model', async () => {
  const { kernel } = await createKernel();
  const real = new KernelJournal(kernel);
  let operations = 0;
  for (let seed = 1; seed <= 2000; seed++) {
    kernel.evictAll();
    operations += runSequence(real, seed);
  }
  assert.ok(operations > 150_000, `${operations} operations`);
});

// Layout

test('the room state and the kernel name the same spaces', () => {
  const kernelSpaces = {
    slot: layout.SPACE_SLOT,
    transient: layout.SPACE_TRANSIENT,
    balance: layout.SPACE_BALANCE,
    nonce: layout.SPACE_NONCE,
    codeHash: layout.SPACE_CODE_HASH,
    code: layout.SPACE_CODE,
    created: layout.SPACE_CREATED,
    destroyed: layout.SPACE_DESTROYED,
    exists: layout.SPACE_EXISTS,
  };
  const stateSpaces = Object.entries(SPACES).map(([name, { number }]) => [name, number]);
  assert.deepEqual(Object.fromEntries(stateSpaces), kernelSpaces);
  assert.deepEqual([0, 1, 2, 3, 4, 5, 6, 7, 8].filter(isPerTransaction), [1, 6, 7]);
});

test('the Host interface and the kernel name the same words of a frame', () => {
  assert.deepEqual(FRAME_WORDS, {
    self: layout.W_SELF,
    caller: layout.W_CALLER,
    value: layout.W_VALUE,
    inputLength: layout.W_INPUT_LENGTH,
    codeLength: layout.W_CODE_LENGTH,
    returnLength: layout.W_RETURN_LENGTH,
  });
});

test('the ranges of the journal follow each other and end in its area', () => {
  const { OWNERS_BASE, OWNER_COUNT_MAX, CELL_COUNT_MAX } = layout;
  assert.equal(OWNERS_BASE, layout.JOURNAL_BASE);
  assert.equal(OWNERS_BASE + OWNER_COUNT_MAX * layout.OWNER_BYTES, layout.OWNER_INDEX_BASE);
  assert.equal(layout.OWNER_INDEX_BASE + OWNER_COUNT_MAX * 8, layout.CELL_INDEX_BASE);
  assert.equal(layout.CELL_INDEX_BASE + CELL_COUNT_MAX * 8, layout.TOUCHED_BASE);
  assert.equal(layout.TOUCHED_BASE + CELL_COUNT_MAX * 4, layout.CELLS_BASE);
  assert.equal(layout.CELLS_BASE + CELL_COUNT_MAX * layout.CELL_BYTES, layout.UNDO_BASE);
  assert.ok(layout.UNDO_BASE < layout.LOGS_BASE && layout.LOGS_BASE < layout.JOURNAL_END);
});

test('the fields of the machine block do not overlap', () => {
  const wide = new Set(['M_STEPS', 'M_REFUND', 'M_STEP_LIMIT', 'M_ENTRY', 'M_HASH_SEED']);
  const fields = Object.entries(layout)
    .filter(([name]) => name.startsWith('M_'))
    .map(([name, at]) => ({ name, at, end: at + (wide.has(name) ? 8 : 4) }))
    .sort((a, b) => a.at - b.at);
  for (const [i, field] of fields.entries()) {
    const next = fields[i + 1];
    assert.ok(next === undefined || field.end <= next.at, `${field.name} overlaps ${next?.name}`);
  }
});

// Owners and the index

test('owners have one index each, from 1', async () => {
  const { kernel, memory } = await createKernel();
  const prng = createPrng(7);
  const ids = Array.from({ length: 5000 }, () => prng.bytes(32));
  const indexes = ids.map((id) => {
    memory.bytes.set(id, KEY);
    return kernel.internOwner(KEY);
  });
  assert.deepEqual(
    indexes,
    ids.map((_, i) => i + 1),
  );
  for (const [i, id] of ids.entries()) {
    memory.bytes.set(id, KEY);
    assert.equal(kernel.internOwner(KEY), i + 1);
    const at = kernel.ownerPtr(i + 1);
    assert.deepEqual(memory.bytes.slice(at, at + 32), id);
  }
  kernel.initJournal();
  assert.equal(kernel.internOwner(KEY), 1);
});

test('an id of 20 bytes has one index, as a word and in parts', async () => {
  const { kernel, memory } = await createKernel();
  const prng = createPrng(8);
  for (let i = 0; i < 3000; i++) {
    const id = memory.setWord(KEY, prng.bigint(160));
    const parts = [0, 4, 8, 12, 16].map((at) => memory.u32(id + at));
    const inParts = () =>
      kernel.internAddress(...(parts as [number, number, number, number, number]));
    const asWord = () => kernel.internOwner(id);
    const [first, second] = i % 2 === 0 ? [inParts, asWord] : [asWord, inParts];
    assert.equal(first(), i + 1);
    assert.equal(second(), i + 1);
  }
});

test('cells are found again after the index grew, and forgotten by evictAll', async () => {
  const { kernel, memory } = await createKernel();
  memory.view.setBigUint64(layout.MACHINE_BASE + layout.M_HASH_SEED, 0x1234_5678_9abc_def0n, true);
  const prng = createPrng(11);
  const keys = Array.from({ length: 30_000 }, (_, i) =>
    i % 2 === 0 ? BigInt(i) : prng.bigint(256),
  );
  const cells = keys.map((key) => insertCell(kernel, memory, key, key));
  const size = layout.CELL_BYTES;
  assert.deepEqual(
    cells,
    keys.map((_, i) => layout.CELLS_BASE + i * size),
  );
  for (const [i, key] of keys.entries()) {
    assert.equal(kernel.findCell(PERSISTENT, 1, memory.setWord(KEY, key)), cells[i]);
    assert.equal(kernel.findCell(PERSISTENT, 2, KEY), 0);
    assert.equal(kernel.findCell(layout.SPACE_BALANCE, 1, KEY), 0);
  }
  kernel.evictAll();
  assert.equal(kernel.findCell(PERSISTENT, 1, KEY), 0);
  assert.equal(memory.machine(layout.M_CELL_COUNT), 0);
  // The index grows again over what it held before.
  for (let i = 0; i < 5000; i++) insertCell(kernel, memory, BigInt(i) << 64n);
  for (const key of keys.slice(6000)) {
    assert.equal(kernel.findCell(PERSISTENT, 1, memory.setWord(KEY, key)), 0, `key ${key}`);
  }
});

test('keys, owners and spaces that differ in one place are different cells', async () => {
  const { kernel, memory } = await createKernel();
  const find = (space: number, owner: number, key: bigint) =>
    kernel.findCell(space, owner, memory.setWord(KEY, key));
  for (let shift = 0n; shift < 256n; shift += 64n) {
    for (let i = 1n; i <= 2000n; i++) insertCell(kernel, memory, i << shift);
  }
  // Enough lookups that each meets, in a half-full index, cells which share all but one limb.
  for (let shift = 0n; shift < 256n; shift += 64n) {
    for (let i = 2001n; i <= 6000n; i++) assert.equal(find(PERSISTENT, 1, i << shift), 0);
    for (let i = 1n; i <= 2000n; i++) {
      assert.equal(find(PERSISTENT, 2, i << shift), 0);
      assert.equal(find(layout.SPACE_TRANSIENT, 1, i << shift), 0);
      assert.equal(memory.word(find(PERSISTENT, 1, i << shift)), i << shift);
    }
  }
});

test('a cell that is known keeps its value when the backend answers again', async () => {
  const { kernel, memory } = await createKernel();
  const cell = insertCell(kernel, memory, 5n, 1n);
  kernel.writeCell(cell, memory.setWord(VALUE, 2n));
  assert.equal(insertCell(kernel, memory, 5n, 1n), cell);
  assert.equal(memory.word(cell + layout.C_VALUE), 2n);
});

// Flags

test('a rollback undoes flags except that a read stays', async () => {
  const { kernel, memory } = await createKernel();
  const cell = insertCell(kernel, memory, 5n, 1n);
  kernel.checkpoint(HEAP);
  assert.equal(kernel.touchCell(cell), 0);
  assert.equal(kernel.touchCell(cell), 1);
  kernel.writeCell(cell, memory.setWord(VALUE, 2n));
  const { CELL_WARM, CELL_READ, CELL_WRITTEN, CELL_DIRTY, CELL_EXISTS } = layout;
  const all = CELL_WARM | CELL_READ | CELL_WRITTEN | CELL_DIRTY | CELL_EXISTS;
  assert.equal(flagsOf(memory, cell), all);
  kernel.rollback(HEAP);
  assert.equal(flagsOf(memory, cell), CELL_READ | CELL_EXISTS);
  assert.equal(kernel.touchCell(cell), 0, 'cold again');
});

test('dirty cells of several transactions are found for a flush', async () => {
  const { kernel, memory } = await createKernel();
  const cells = [1n, 2n, 3n, 4n].map((key) => insertCell(kernel, memory, key, 9n));
  kernel.writeCell(cells[1]!, memory.setWord(VALUE, 2n));
  kernel.txBegin();
  kernel.deleteCell(cells[3]!);
  kernel.touchCell(cells[2]!);
  assert.equal(kernel.nextDirty(layout.CELLS_BASE), cells[1]);
  assert.equal(kernel.nextDirty(cells[1]! + layout.CELL_BYTES), cells[3]);
  assert.equal(kernel.nextDirty(cells[3]! + layout.CELL_BYTES), 0);
});

test('a per-transaction cell is zero and clean in the next transaction', async () => {
  const { kernel, memory } = await createKernel();
  for (const space of [1, 6, 7]) {
    const cell = kernel.insertCell(space, 1, memory.setWord(KEY, 0n), memory.setWord(VALUE, 0n), 0);
    kernel.writeCell(cell, memory.setWord(VALUE, 8n));
    kernel.txBegin();
    kernel.touchCell(cell);
    assert.equal(memory.word(cell + layout.C_VALUE), 0n);
    assert.equal(memory.word(cell + layout.C_ORIGINAL), 0n);
    assert.equal(flagsOf(memory, cell), layout.CELL_WARM | layout.CELL_READ);
  }
});

test('warmth ends when the count of transactions wraps', async () => {
  const { kernel, memory } = await createKernel();
  const cell = insertCell(kernel, memory, 5n, 1n);
  kernel.touchCell(cell);
  assert.equal(memory.machine(layout.M_TX), 1);
  memory.setMachine(layout.M_TX, 0xffff_ffff);
  kernel.txBegin();
  assert.equal(memory.machine(layout.M_TX), 1);
  assert.equal(kernel.touchCell(cell), 0);
});

// Gas by the current value alone

test('rule 0 of the schedule goes by the current value', async () => {
  const { kernel, memory } = await createKernel();
  memory.setSchedule({
    [layout.S_STORE_RULE]: 0n,
    [layout.S_STORE_RESET]: 5000n,
    [layout.S_STORE_CLEAR_REFUND]: 15_000n,
    [layout.S_STORE_COLD]: 0n,
  });
  const cell = insertCell(kernel, memory, 5n);
  const refund = () => memory.view.getBigInt64(layout.MACHINE_BASE + layout.M_REFUND, true);
  const rows = [
    { from: 0n, to: 0n, cost: 5000n, refund: 0n },
    { from: 0n, to: 1n, cost: 20_000n, refund: 0n },
    { from: 1n, to: 2n, cost: 5000n, refund: 0n },
    { from: 2n, to: 0n, cost: 5000n, refund: 15_000n },
  ];
  for (const row of rows) {
    assert.equal(memory.word(cell + layout.C_VALUE), row.from);
    assert.equal(kernel.cellStoreCost(cell, memory.setWord(VALUE, row.to)), row.cost);
    kernel.writeCell(cell, VALUE);
    assert.equal(refund(), row.refund);
  }
});

// Logs

test('the data of a log is padded with zeros over what stood there before', async () => {
  const { kernel, memory } = await createKernel();
  memory.bytes.fill(0xff, HEAP, HEAP + 64);
  memory.setWord(KEY, 0x0102n);
  kernel.checkpoint(VALUE);
  kernel.appendLog(3, 0, 0, 0, 0, 0, HEAP, 64);
  kernel.rollback(VALUE);
  kernel.appendLog(3, 1, KEY, 0, 0, 0, HEAP, 5);
  const end = memory.machine(layout.M_LOG_TOP);
  const topic = `${'00'.repeat(30)}0102`;
  assert.equal(
    bytesToHex(memory.bytes.subarray(layout.LOGS_BASE, end)),
    `0x03000000010000000500000000000000${topic}ffffffffff000000`,
  );
});

// Limits

test('a full range changes nothing and is named until the next transaction', async () => {
  const { kernel, memory } = await createKernel();
  const status = () => memory.machine(layout.M_JOURNAL_STATUS);
  const cell = insertCell(kernel, memory, 5n, 1n);
  kernel.checkpoint(HEAP);
  kernel.writeCell(cell, memory.setWord(VALUE, 2n));
  const top = memory.machine(layout.M_UNDO_TOP);
  const { UNDO_BYTES, LOGS_BASE } = layout;
  memory.setMachine(layout.M_UNDO_TOP, LOGS_BASE - UNDO_BYTES + 1);
  kernel.writeCell(cell, memory.setWord(VALUE, 3n));
  assert.equal(status(), layout.JOURNAL_UNDO_FULL);
  assert.equal(memory.word(cell + layout.C_VALUE), 2n);
  assert.equal(kernel.touchCell(cell), 0);
  assert.equal(kernel.touchCell(cell), 0, 'still cold');
  memory.setMachine(layout.M_UNDO_TOP, top);
  kernel.rollback(HEAP);
  assert.equal(memory.word(cell + layout.C_VALUE), 1n);
  kernel.txBegin();
  assert.equal(status(), layout.JOURNAL_OK);
  assert.equal(kernel.appendLog(1, 0, 0, 0, 0, 0, HEAP, 0xffff_fff0), 0);
  assert.equal(status(), layout.JOURNAL_LOGS_FULL);
  assert.equal(memory.machine(layout.M_LOG_COUNT), 0);
  memory.setMachine(layout.M_CELL_COUNT, layout.CELL_COUNT_MAX);
  assert.equal(insertCell(kernel, memory, 6n), 0);
  assert.equal(status(), layout.JOURNAL_CELLS_FULL);
  memory.setMachine(layout.M_OWNER_COUNT, layout.OWNER_COUNT_MAX);
  assert.equal(kernel.internOwner(memory.setWord(KEY, 77n)), 0);
  assert.equal(status(), layout.JOURNAL_OWNERS_FULL);
});

test('as many cells as the limit allows fit their ranges', async () => {
  const { kernel, memory } = await createKernel();
  memory.setWord(VALUE, 0n);
  memory.setWord(KEY, 0n);
  for (let i = 0; i < layout.CELL_COUNT_MAX; i++) {
    memory.setU32(KEY, i);
    kernel.touchCell(kernel.insertCell(PERSISTENT, 1, KEY, VALUE, 0));
  }
  assert.equal(memory.machine(layout.M_CELL_TOP), layout.UNDO_BASE);
  assert.equal(memory.machine(layout.M_TOUCHED_TOP), layout.CELLS_BASE);
  assert.equal(memory.machine(layout.M_JOURNAL_STATUS), layout.JOURNAL_OK);
  memory.setU32(KEY, 123_456);
  assert.equal(kernel.findCell(PERSISTENT, 1, KEY), layout.CELLS_BASE + 123_456 * 128);
});
