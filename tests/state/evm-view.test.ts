/** The EVM's view: typed access, the rule of zero, code by hash, the dump. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { bytesToHex, padStart } from '../../src/base/bytes.ts';
import { U256_MAX } from '../../src/base/u256.ts';
import { createPending, isPending, resolvePending } from '../../src/state/backends/backend.ts';
import { createMemoryBackend } from '../../src/state/backends/memory.ts';
import { SPACES } from '../../src/state/cells.ts';
import { createEvmView, type EvmView } from '../../src/state/views/evm.ts';

function createView() {
  const backend = createMemoryBackend();
  return { backend, view: createEvmView({ backend, keccak256: keccak_256 }) };
}

const ALICE = new Uint8Array(20).fill(0xa1);
const BOB = new Uint8Array(20).fill(0xb0);
const CODE = Uint8Array.of(0x60, 0, 0x60, 0, 0xfd);

function cellCount(backend: ReturnType<typeof createMemoryBackend>): number {
  return Object.values(SPACES).flatMap(({ number }) => [...backend.scan({ space: number })]).length;
}

test('an account that was never written is empty', () => {
  const { view } = createView();
  assert.equal(view.getBalance(ALICE), 0n);
  assert.equal(view.getNonce(ALICE), 0n);
  assert.equal(view.getCodeHash(ALICE), undefined);
  assert.equal((view.getCode(ALICE) as Uint8Array).length, 0);
  assert.equal(view.getSlot(ALICE, U256_MAX), 0n);
  assert.equal(view.hasAccount(ALICE), false);
  assert.deepEqual(view.dump(), []);
});

test('what is set is read back, and zero leaves no cell', () => {
  const { backend, view } = createView();
  view.setBalance(ALICE, U256_MAX);
  view.setNonce(ALICE, 2n ** 64n - 1n);
  view.setCode(ALICE, CODE);
  view.setSlot(ALICE, U256_MAX, 1n << 255n);
  assert.equal(view.getBalance(ALICE), U256_MAX);
  assert.equal(view.getNonce(ALICE), 2n ** 64n - 1n);
  assert.deepEqual(view.getCode(ALICE), CODE);
  assert.deepEqual(view.getCodeHash(ALICE), keccak_256(CODE));
  assert.equal(view.getSlot(ALICE, U256_MAX), 1n << 255n);
  assert.equal(view.hasAccount(ALICE), true);
  assert.equal(view.getBalance(BOB), 0n);
  view.setBalance(ALICE, 0n);
  view.setNonce(ALICE, 0n);
  view.setSlot(ALICE, U256_MAX, 0n);
  view.setCode(ALICE, new Uint8Array(0));
  assert.equal(cellCount(backend), 1, 'the code blob alone');
});

test('equal code is stored once', () => {
  const { backend, view } = createView();
  view.setCode(ALICE, CODE);
  view.setCode(BOB, CODE.slice());
  assert.equal([...backend.scan({ space: SPACES.code.number })].length, 1);
});

test('numbers and addresses outside their range are rejected', () => {
  const { view } = createView();
  assert.throws(() => view.setBalance(ALICE, U256_MAX + 1n), { code: 'L1004' });
  assert.throws(() => view.setBalance(ALICE, -1n), { code: 'L1004' });
  assert.throws(() => view.setNonce(ALICE, 2n ** 64n), { code: 'L1004' });
  assert.throws(() => view.getSlot(ALICE, -1n), { code: 'L1004' });
  assert.throws(() => view.getBalance(new Uint8Array(32)), {
    message: 'an address has 32 bytes where 20 are expected',
  });
});

function fill(view: EvmView): void {
  view.setSlot(BOB, 256n, 1n);
  view.setSlot(BOB, 2n, 3n);
  view.setBalance(BOB, 5n);
  view.setCode(ALICE, CODE);
  view.setNonce(ALICE, 1n);
}

test('a dump lists accounts and slots in order, and no account of another machine', () => {
  const { backend, view } = createView();
  fill(view);
  const other = new Uint8Array(32).fill(1);
  backend.put({ space: SPACES.balance.number, owner: other, key: new Uint8Array(32) }, other);
  assert.deepEqual(view.dump(), [
    { address: ALICE, balance: 0n, nonce: 1n, code: CODE, storage: [] },
    {
      address: BOB,
      balance: 5n,
      nonce: 0n,
      code: new Uint8Array(0),
      storage: [
        { slot: 2n, value: 3n },
        { slot: 256n, value: 1n },
      ],
    },
  ]);
});

test('deleting an account takes its slots along and leaves the others', () => {
  const { view } = createView();
  fill(view);
  assert.equal(view.deleteAccount(BOB), undefined);
  const dump = view.dump();
  assert.ok(!isPending(dump));
  assert.deepEqual(
    dump.map(({ address }) => bytesToHex(address)),
    [bytesToHex(ALICE)],
  );
});

test('getters hand on a late answer', async () => {
  const { backend, view: inner } = createView();
  fill(inner);
  let isFetched = false;
  const fetch = async () => {
    isFetched = true;
  };
  const late = () => createPending(Promise.resolve().then(fetch));
  const view = createEvmView({
    backend: {
      ...backend,
      get: (cell) => (isFetched ? backend.get(cell) : late()),
      scan: (range) => (isFetched ? backend.scan(range) : late()),
    },
    keccak256: keccak_256,
  });
  assert.ok(isPending(view.getBalance(BOB)));
  assert.ok(isPending(view.getCode(ALICE)));
  assert.ok(isPending(view.getSlot(BOB, 2n)));
  assert.ok(isPending(view.hasAccount(BOB)));
  assert.ok(isPending(view.deleteAccount(BOB)));
  assert.ok(isPending(view.dump()));
  assert.deepEqual(await resolvePending(() => view.getCode(ALICE)), CODE);
  assert.equal(view.getSlot(BOB, 2n), 3n);
});

test('an address and its 32-byte id name the same cells', () => {
  const { backend, view } = createView();
  view.setBalance(ALICE, 9n);
  const owner = padStart(ALICE, 32);
  const cell = { space: SPACES.balance.number, owner, key: new Uint8Array(32) };
  assert.equal(backend.get(cell)?.at(-1), 9);
});
