/** The backend in memory: order, ranges, snapshots, and the balance of its tree. */
import assert from 'node:assert/strict';
import test from 'node:test';
import v8 from 'node:v8';
import vm from 'node:vm';
import { bytesToHex } from '../../src/base/bytes.ts';
import { isPending, type Snapshot } from '../../src/state/backends/backend.ts';
import { createMemoryBackend, type MemoryBackend } from '../../src/state/backends/memory.ts';
import {
  type Cell,
  cellOfPath,
  cellPath,
  rangePaths,
  type ScanRange,
  unpackValue,
} from '../../src/state/cells.ts';
import { createPrng, type Prng } from '../support/prng.ts';

const OWNERS = [new Uint8Array(20).fill(1), new Uint8Array(32).fill(0xff), new Uint8Array(0)];

function randomCell(prng: Prng): Cell {
  return {
    space: prng.pick([0, 2, 255, 256]),
    owner: prng.pick(OWNERS),
    key: prng.bytes(prng.below(3)).map((byte) => (byte < 128 ? byte & 7 : 255)),
  };
}

function contentOf(backend: MemoryBackend, range: ScanRange): string[] {
  return [...backend.scan(range)].map(
    ({ cell, value }) => `${cellPath(cell)}=${bytesToHex(value)}`,
  );
}

const ALL = [0, 2, 255, 256];

function wholeOf(backend: MemoryBackend): string[] {
  return ALL.flatMap((space) => contentOf(backend, { space }));
}

function modelOf(model: ReadonlyMap<string, string>, range?: ScanRange): string[] {
  const { from, to } = range === undefined ? { from: '', to: undefined } : rangePaths(range);
  return [...model]
    .filter(([path]) => path >= from && (to === undefined || path < to))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([path, value]) => `${path}=${value}`);
}

test('random changes, scans and snapshots agree with a sorted map', () => {
  for (let seed = 1; seed <= 60; seed++) {
    const prng = createPrng(seed);
    const backend = createMemoryBackend();
    let model = new Map<string, string>();
    const kept = [{ snapshot: backend.snapshot(), model: new Map(model) }];
    for (let i = 0; i < 300; i++) {
      const cell = randomCell(prng);
      const kind = prng.below(20);
      if (kind < 11) {
        const value = prng.bytes(prng.below(3));
        backend.put(cell, value);
        model.set(cellPath(cell), bytesToHex(value));
      } else if (kind < 17) {
        backend.delete(cell);
        model.delete(cellPath(cell));
      } else if (kind === 17) {
        kept.push({ snapshot: backend.snapshot(), model: new Map(model) });
      } else if (kind === 18) {
        const { snapshot, model: old } = prng.pick(kept);
        backend.restore(snapshot);
        model = new Map(old);
      } else {
        const range = { space: cell.space, owner: cell.owner, from: cell.key };
        assert.deepEqual(contentOf(backend, range), modelOf(model, range), `seed ${seed}`);
      }
      const value = backend.get(cell);
      assert.equal(value && bytesToHex(value), model.get(cellPath(cell)));
    }
    assert.deepEqual(wholeOf(backend), modelOf(model), `seed ${seed}`);
    for (const { snapshot, model: old } of kept) {
      backend.restore(snapshot);
      assert.deepEqual(wholeOf(backend), modelOf(old), `seed ${seed}`);
    }
  }
});

test('states that are never asked in order are gone back to, near and far', () => {
  const keys = Array.from({ length: 40 }, (_, key) => Uint8Array.of(key));
  for (let seed = 1; seed <= 20; seed++) {
    const prng = createPrng(seed);
    const backend = createMemoryBackend();
    const cellAt = (key: Uint8Array) => ({ space: 0, owner: OWNERS[0]!, key });
    const contents = () => keys.map((key) => bytesToHex(backend.get(cellAt(key)) ?? keys[0]!));
    const kept = [{ snapshot: backend.snapshot(), whole: contents() }];
    // More writes than are held without a tree.
    for (let i = 0; i < 9000; i++) {
      const key = prng.pick(keys);
      if (prng.below(3) > 0) backend.put(cellAt(key), prng.bytes(prng.below(40)));
      else backend.delete(cellAt(key));
      if (prng.below(100) > 0) continue;
      if (prng.below(2) > 0) kept.push({ snapshot: backend.snapshot(), whole: contents() });
      if (prng.below(4) > 0) continue;
      const { snapshot, whole } = prng.pick(prng.below(2) > 0 ? kept.slice(-4) : kept);
      backend.restore(snapshot);
      assert.deepEqual(contents(), whole, `seed ${seed}`);
    }
    for (const { snapshot, whole } of kept) {
      backend.restore(snapshot);
      assert.deepEqual(contents(), whole, `seed ${seed}`);
    }
  }
});

test('a state of which no snapshot is asked for holds its cells alone', () => {
  v8.setFlagsFromString('--expose-gc');
  const collect: () => void = vm.runInNewContext('gc');
  const backend = createMemoryBackend();
  const cells = [1, 2, 3].map((key) => ({
    space: 0,
    owner: OWNERS[0]!,
    key: Uint8Array.of(key),
  }));
  const fill = (count: number): number => {
    // Values in the heap: when what is outside of it is given back is left to another thread.
    for (let i = 0; i < count; i++) backend.put(cells[i % 3]!, new Uint8Array(32).fill(i));
    collect();
    return process.memoryUsage().heapUsed;
  };
  const before = fill(30_000);
  assert.ok(fill(60_000) - before < 2_000_000);
  assert.deepEqual(backend.get(cells[2]!), new Uint8Array(32).fill(59_999));
});

test('a scan shows the cells as they were when it began', () => {
  const backend = createMemoryBackend();
  const cellAt = (key: number) => ({ space: 0, owner: OWNERS[0]!, key: Uint8Array.of(key) });
  for (let key = 0; key < 100; key++) backend.put(cellAt(key), Uint8Array.of(key));
  const seen: (number | undefined)[] = [];
  for (const { cell } of backend.scan({ space: 0 })) {
    seen.push(cell.key[0]);
    backend.delete(cell);
    backend.put(cellAt(99 - cell.key[0]! + 100), Uint8Array.of(0));
  }
  assert.deepEqual(
    seen,
    Array.from({ length: 100 }, (_, key) => key),
  );
  assert.equal([...backend.scan({ space: 0 })].length, 100);
});

test('ascending cells do not make a deep tree', () => {
  const backend = createMemoryBackend();
  const key = new Uint8Array(32);
  const view = new DataView(key.buffer);
  for (let i = 0; i < 20_000; i++) {
    view.setUint32(28, i);
    backend.put({ space: 0, owner: OWNERS[0]!, key }, key);
  }
  assert.equal([...backend.scan({ space: 0 })].length, 20_000);
  view.setUint32(28, 12_345);
  assert.deepEqual(backend.get({ space: 0, owner: OWNERS[0]!, key }), key);
});

test('a value that was put does not follow its array', () => {
  const backend = createMemoryBackend();
  const cell = { space: 0, owner: OWNERS[0]!, key: Uint8Array.of(1) };
  const value = Uint8Array.of(1);
  backend.put(cell, value);
  value[0] = 2;
  assert.deepEqual(backend.get(cell), Uint8Array.of(1));
});

test('a path keeps the cell, with the owner filled to 32 bytes', () => {
  const cell = { space: 258, owner: Uint8Array.of(7, 8), key: Uint8Array.of(0, 255) };
  const whole = new Uint8Array(32);
  whole.set([7, 8], 30);
  assert.deepEqual(cellOfPath(cellPath(cell)), { ...cell, owner: whole });
  assert.equal(cellPath({ ...cell, owner: whole }), cellPath(cell));
  const long = { ...cell, owner: new Uint8Array(33) };
  assert.throws(() => cellPath(long), { code: 'L1003', plane: 'rejection' });
  assert.throws(() => cellPath({ ...cell, space: -1 }), /BUG: -1 is no cell space/);
});

test('a snapshot belongs to its backend', () => {
  const snapshot = createMemoryBackend().snapshot();
  assert.throws(() => createMemoryBackend().restore(snapshot), /BUG: a snapshot/);
  assert.equal(isPending(snapshot), false);
});

test('two snapshots differ where their contents do, whichever way the trees have turned', () => {
  for (let seed = 1; seed <= 60; seed++) {
    const prng = createPrng(seed);
    const backend = createMemoryBackend();
    const kept = [{ snapshot: backend.snapshot(), whole: wholeOf(backend) }];
    for (let i = 0; i < 300; i++) {
      const cell = randomCell(prng);
      if (prng.below(5) < 3) backend.put(cell, prng.bytes(prng.below(3)));
      else backend.delete(cell);
      if (prng.below(10) > 0) continue;
      kept.push({ snapshot: backend.snapshot(), whole: wholeOf(backend) });
      if (prng.below(3) === 0) backend.restore(prng.pick(kept).snapshot);
    }
    const [from, to] = [prng.pick(kept), prng.pick(kept)];
    checkChanges(backend, from, to);
    // Those of a snapshot since the one before it, whatever was gone back to in between.
    for (let at = 1; at < kept.length; at++) {
      checkChanges(backend, kept[at - 1] as Kept, kept[at] as Kept);
    }
  }
});

interface Kept {
  readonly snapshot: Snapshot;
  readonly whole: unknown;
}

function checkChanges(backend: MemoryBackend, from: Kept, to: Kept): void {
  const changes = backend.changes(from.snapshot, to.snapshot);
  const paths = changes.map(({ path }) => path);
  assert.deepEqual(paths, [...paths].sort());
  backend.restore(from.snapshot);
  for (const { path, before, after } of changes) {
    const cell = cellOfPath(path);
    assert.deepEqual(backend.get(cell), before === undefined ? undefined : unpackValue(before));
    assert.notDeepEqual(before, after);
    if (after === undefined) backend.delete(cell);
    else backend.put(cell, unpackValue(after));
  }
  assert.deepEqual(wholeOf(backend), to.whole);
}
