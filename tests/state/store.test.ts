/** The generic store: frames, access records, counted cells, scans, late answers. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { bytesToHex } from '../../src/base/bytes.ts';
import { bigintToBytes32, bytesToBigint, U256_MAX } from '../../src/base/u256.ts';
import {
  type Backend,
  createPending,
  isPending,
  resolvePending,
} from '../../src/state/backends/backend.ts';
import { createMemoryBackend } from '../../src/state/backends/memory.ts';
import { type AccessRecord, type Cell, cellPath, SPACES } from '../../src/state/cells.ts';
import { createStore, type Store } from '../../src/state/store.ts';
import { createPrng, type Prng } from '../support/prng.ts';

const OWNER = new Uint8Array(32).fill(1);

function cellOf(key: number, space: number = SPACES.slot.number): Cell {
  return { space, owner: OWNER, key: Uint8Array.of(key) };
}

const bytes = (...values: number[]) => Uint8Array.from(values);

/** A record as short text: key, value read, change. */
function describeRecord(record: AccessRecord): string[] {
  return record.cells.map(({ cell, read, write }) => {
    const parts: string[] = [bytesToHex(cell.key)];
    if (read) parts.push(`read ${read.value === undefined ? 'nothing' : bytesToHex(read.value)}`);
    if (write?.kind === 'add') parts.push(`add ${write.delta}`);
    else if (write?.kind === 'put') parts.push(`put ${bytesToHex(write.value)}`);
    else if (write) parts.push('delete');
    return parts.join(' ');
  });
}

test('the outermost commit hands the changes to the backend', () => {
  const backend = createMemoryBackend();
  backend.put(cellOf(1), bytes(1));
  const store = createStore(backend);
  store.begin();
  store.put(cellOf(2), bytes(2));
  store.delete(cellOf(1));
  store.begin();
  store.put(cellOf(3), bytes(3));
  store.commit();
  assert.deepEqual(backend.get(cellOf(1)), bytes(1), 'untouched so far');
  assert.equal(store.get(cellOf(1)), undefined);
  store.commit();
  assert.equal(backend.get(cellOf(1)), undefined);
  assert.deepEqual(backend.get(cellOf(2)), bytes(2));
  assert.deepEqual(backend.get(cellOf(3)), bytes(3));
  assert.equal(store.depth, 0);
});

test('a rollback undoes the changes of its frame and of the frames committed into it', () => {
  const store = createStore(createMemoryBackend());
  store.begin();
  store.put(cellOf(1), bytes(1));
  store.begin();
  store.put(cellOf(1), bytes(2));
  store.begin();
  store.delete(cellOf(1));
  store.put(cellOf(2), bytes(9));
  store.commit();
  assert.equal(store.get(cellOf(1)), undefined);
  store.rollback();
  assert.deepEqual(store.get(cellOf(1)), bytes(1));
  assert.equal(store.get(cellOf(2)), undefined);
});

test('cells of a per-transaction space end with the outermost frame', () => {
  const backend = createMemoryBackend();
  const cell = cellOf(1, SPACES.transient.number);
  backend.put(cell, bytes(9));
  const store = createStore(backend);
  store.begin();
  assert.equal(store.get(cell), undefined);
  store.put(cell, bytes(1));
  assert.equal((store.scan({ space: SPACES.transient.number }) as unknown[]).length, 1);
  store.commit();
  store.begin();
  assert.equal(store.get(cell), undefined);
  assert.deepEqual(backend.get(cell), bytes(9), 'the backend was not asked to change it');
});

test('a record holds what came from outside and what changed', () => {
  const backend = createMemoryBackend();
  backend.put(cellOf(1), bytes(1));
  backend.put(cellOf(4), bigintToBytes32(10n));
  const store = createStore(backend);
  store.begin();
  store.get(cellOf(1));
  store.put(cellOf(1), bytes(2));
  store.put(cellOf(2), bytes(3));
  store.get(cellOf(2));
  store.get(cellOf(3));
  store.delete(cellOf(5));
  store.add(cellOf(4), 5n);
  store.add(cellOf(4), -7n);
  assert.deepEqual(describeRecord(store.commit()), [
    '0x01 read 0x01 put 0x02',
    '0x02 put 0x03',
    '0x03 read nothing',
    '0x04 add -2',
    '0x05 delete',
  ]);
  assert.equal(bytesToBigint(backend.get(cellOf(4))!), 8n);
});

test('a read after additions is recorded with the value before them', () => {
  const backend = createMemoryBackend();
  backend.put(cellOf(1), bytes(10));
  const store = createStore(backend);
  store.begin();
  store.add(cellOf(1), 5n);
  store.begin();
  assert.equal(bytesToBigint(store.get(cellOf(1)) as Uint8Array), 15n);
  store.add(cellOf(1), 1n);
  const word = (value: bigint) => bytesToHex(bigintToBytes32(value));
  assert.deepEqual(describeRecord(store.commit()), [`0x01 read ${word(15n)} add 1`]);
  assert.deepEqual(describeRecord(store.commit()), ['0x01 read 0x0a add 6']);
});

test('reads of a rolled-back frame reach the outer record, its own cells do not', () => {
  const backend = createMemoryBackend();
  backend.put(cellOf(1), bytes(1));
  const store = createStore(backend);
  store.begin();
  store.put(cellOf(2), bytes(2));
  store.begin();
  store.get(cellOf(1));
  store.get(cellOf(2));
  store.put(cellOf(3), bytes(3));
  store.get(cellOf(3));
  assert.deepEqual(describeRecord(store.rollback()), ['0x01 read 0x01', '0x02 read 0x02']);
  assert.deepEqual(describeRecord(store.commit()), ['0x01 read 0x01', '0x02 put 0x02']);
});

test('an addition stays within its bounds, and a refusal is a read', () => {
  const store = createStore(createMemoryBackend());
  store.begin();
  const cell = cellOf(1);
  assert.equal(store.add(cell, -1n), true);
  assert.equal(store.add(cell, U256_MAX), false);
  assert.equal(store.add(cell, 1n), true);
  assert.equal(store.add(cell, -U256_MAX), false);
  assert.equal(store.add(cell, 101n, 100n), true);
  assert.equal(store.add(cell, 100n, 100n), false);
  assert.deepEqual(describeRecord(store.commit()), ['0x01 read nothing add 100']);
});

test('an addition to a cell that the frame wrote is a write', () => {
  const store = createStore(createMemoryBackend());
  store.begin();
  store.put(cellOf(1), bytes(1));
  store.begin();
  store.add(cellOf(1), 1n);
  store.commit();
  const put = `0x01 put ${bytesToHex(bigintToBytes32(2n))}`;
  assert.deepEqual(describeRecord(store.commit()), [put]);
});

test('insertOnce refuses a cell that has a value, consume one that has none', () => {
  const store = createStore(createMemoryBackend());
  store.begin();
  assert.equal(store.consume(cellOf(1)), undefined);
  assert.equal(store.insertOnce(cellOf(1), bytes(1)), false);
  assert.equal(store.insertOnce(cellOf(1), bytes(2)), true);
  assert.deepEqual(store.consume(cellOf(1)), bytes(1));
  assert.equal(store.consume(cellOf(1)), undefined);
  assert.equal(store.insertOnce(cellOf(1), bytes(3)), false);
});

test('a scan sees the frames over the backend, in order', () => {
  const backend = createMemoryBackend();
  for (const key of [1, 3, 5, 7]) backend.put(cellOf(key), bytes(key));
  const store = createStore(backend);
  store.begin();
  store.put(cellOf(4), bytes(4));
  store.delete(cellOf(5));
  const range = { space: 0, owner: OWNER, from: bytes(3), to: bytes(7) };
  const found = store.scan(range);
  assert.ok(!isPending(found));
  assert.deepEqual(
    found.map(({ cell }) => cell.key[0]),
    [3, 4],
  );
  const record = store.commit();
  assert.deepEqual(record.scans, [range]);
  assert.deepEqual(describeRecord(record), ['0x03 read 0x03', '0x04 put 0x04', '0x05 delete']);
});

test('a change outside a frame is a defect', () => {
  const store = createStore(createMemoryBackend());
  assert.throws(() => store.put(cellOf(1), bytes(1)), /^Error: BUG: /);
  assert.throws(() => store.add(cellOf(1), 1n), /^Error: BUG: /);
  assert.throws(() => store.commit(), /^Error: BUG: /);
  assert.throws(() => store.rollback(), /^Error: BUG: /);
});

/** A backend that answers each cell late the first time. */
function createLateBackend(inner: Backend): Backend {
  const fetched = new Set<string>();
  const isLate = (id: string) => !fetched.has(id);
  const fetch = (id: string) => createPending(Promise.resolve().then(() => void fetched.add(id)));
  return {
    ...inner,
    get: (cell) => (isLate(cellPath(cell)) ? fetch(cellPath(cell)) : inner.get(cell)),
    scan: (range) => (isLate('scan') ? fetch('scan') : inner.scan(range)),
  };
}

test('an operation over a late backend does nothing until it is asked again', async () => {
  const inner = createMemoryBackend();
  inner.put(cellOf(1), bytes(7));
  const store = createStore(createLateBackend(inner));
  store.begin();
  assert.ok(isPending(store.add(cellOf(1), 1n)));
  assert.ok(isPending(store.insertOnce(cellOf(2), bytes(2))));
  assert.ok(isPending(store.consume(cellOf(3))));
  assert.ok(isPending(store.scan({ space: 0 })));
  assert.deepEqual(store.rollback(), { cells: [], scans: [] });
  store.begin();
  assert.equal(await resolvePending(() => store.add(cellOf(1), 1n)), false);
  assert.equal(await resolvePending(() => store.insertOnce(cellOf(2), bytes(2))), false);
  assert.equal((await resolvePending(() => store.scan({ space: 0 }))).length, 2);
  store.commit();
  assert.equal(bytesToBigint(inner.get(cellOf(1))!), 8n);
});

/** One random operation on the store and on plain copies of a map, one copy for each frame. */
function randomOperation(store: Store, frames: Map<number, number>[], prng: Prng): void {
  const key = prng.below(12);
  const top = frames.at(-1)!;
  const value = 1 + prng.below(200);
  const read = (answer: ReturnType<Store['get']>) =>
    answer === undefined ? undefined : Number(bytesToBigint(answer as Uint8Array));
  const kinds = ['put', 'delete', 'get', 'add', 'consume', 'once', 'begin', 'commit', 'rollback'];
  const kind = prng.pick(kinds);
  if (kind === 'put') {
    store.put(cellOf(key), bytes(value));
    top.set(key, value);
  } else if (kind === 'delete') {
    store.delete(cellOf(key));
    top.delete(key);
  } else if (kind === 'get') {
    assert.equal(read(store.get(cellOf(key))), top.get(key));
  } else if (kind === 'add') {
    const sum = (top.get(key) ?? 0) + value - 100;
    assert.equal(store.add(cellOf(key), BigInt(value - 100), 255n), sum < 0 || sum > 255);
    if (sum >= 0 && sum <= 255) top.set(key, sum);
  } else if (kind === 'consume') {
    assert.equal(read(store.consume(cellOf(key))), top.get(key));
    top.delete(key);
  } else if (kind === 'once') {
    assert.equal(store.insertOnce(cellOf(key), bytes(value)), top.has(key));
    if (!top.has(key)) top.set(key, value);
  } else if (kind === 'begin') {
    store.begin();
    frames.push(new Map(top));
  } else if (frames.length > 2) {
    frames.pop();
    if (kind === 'commit') frames[frames.length - 1] = top;
    store[kind as 'commit' | 'rollback']();
  }
}

test('random operations in nested frames agree with copied maps', () => {
  for (let seed = 1; seed <= 500; seed++) {
    const prng = createPrng(seed);
    const backend = createMemoryBackend();
    const store = createStore(backend);
    const frames = [new Map<number, number>(), new Map<number, number>()];
    store.begin();
    for (let i = 0; i < 100; i++) randomOperation(store, frames, prng);
    while (frames.length > 1) {
      const top = frames.pop()!;
      frames[frames.length - 1] = top;
      store.commit();
    }
    const left = [...backend.scan({ space: 0 })].map(({ cell, value }) => [
      cell.key[0],
      Number(bytesToBigint(value)),
    ]);
    const expected = [...frames[0]!].sort(([a], [b]) => a - b);
    assert.deepEqual(left, expected, `seed ${seed}`);
  }
});
