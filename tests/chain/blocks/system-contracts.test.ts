/** What the table of system contracts says of their code, against the code itself. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytesToHex } from '../../../src/base/bytes.ts';
import { bytesToBigint } from '../../../src/base/u256.ts';
import { blockRules } from '../../../src/chain/blocks/rules.ts';
import { ChainState } from '../../../src/chain/blocks/state.ts';
import { END_CALLS, QUEUE_SLOTS, START_CALLS } from '../../../src/chain/blocks/system-contracts.ts';
import { putAccounts } from '../../../src/chain/genesis.ts';
import type { EvmWorld } from '../../../src/chain/world.ts';
import { predeployedAccounts } from '../../../src/node/predeploys.ts';

const SLOT = 0;

/** The root of the state after something was done with the contracts as their EIPs give them. */
function rootAfter(number: bigint, timestamp: bigint, use: (world: EvmWorld) => void): string {
  const state = new ChainState({ chainId: 1n });
  putAccounts(state.backend, predeployedAccounts(false), state.keccak256);
  const world = state.world(blockRules('osaka'));
  world.setBlock({
    number,
    timestamp,
    gasLimit: 30_000_000n,
    coinbase: new Uint8Array(20),
    prevRandao: 0n,
    baseFee: 7n,
    blobBaseFee: 1n,
    blockHash: () => undefined,
  });
  use(world);
  world.flush();
  return bytesToHex(state.root());
}

test('the hashes are those of the code that every development chain has', () => {
  const state = new ChainState({ chainId: 1n });
  const hashes = new Map(
    predeployedAccounts(false).map(({ address, code }) => [
      bytesToHex(address),
      bytesToBigint(state.keccak256(code)),
    ]),
  );
  for (const { address, codeHash } of [...START_CALLS, ...END_CALLS]) {
    assert.equal(hashes.get(bytesToHex(address)), codeHash);
  }
});

test('rules under which the code could do something else are told from others', () => {
  assert.equal(blockRules('osaka').runsAsFork, true);
  assert.equal(blockRules('osaka', { costs: { txGasMax: 1n } }).runsAsFork, true);
  assert.equal(blockRules('osaka', { costs: { storeSet: 1n } }).runsAsFork, false);
  assert.equal(blockRules('osaka', { opcodes: { SSTORE: 1 } }).runsAsFork, false);
  assert.equal(blockRules('osaka', { eip3855: false }).runsAsFork, false);
});

test('the writes at the start are those of the code', () => {
  const parentHash = new Uint8Array(32).fill(0xa1);
  const parentBeaconBlockRoot = new Uint8Array(32).fill(0xb2);
  for (const [number, timestamp] of [
    [0n, 0n],
    [1n, 1n],
    [8190n, 8191n],
    [8192n, 16_381n],
    [20_000_000n, 1_750_000_000n],
  ] as const) {
    const header = { number, timestamp, parentHash, parentBeaconBlockRoot };
    for (const { address, input, writes } of START_CALLS) {
      const called = rootAfter(number, timestamp, (world) => {
        assert.equal(world.systemCall(address, input(header)).status, 'success');
      });
      const written = rootAfter(number, timestamp, (world) =>
        world.setSlots(address, writes(header)),
      );
      assert.equal(written, called);
      assert.notEqual(
        written,
        rootAfter(number, timestamp, () => {}),
      );
    }
  }
});

test('a call of an empty queue at the end does nothing, and of another one something', () => {
  for (const { address } of END_CALLS) {
    const idle = rootAfter(1n, 1n, (world) => {
      assert.equal(world.areSlotsZero(address, QUEUE_SLOTS), true);
      const { status, output } = world.systemCall(address, new Uint8Array(0));
      assert.deepEqual([status, output.length], ['success', 0]);
    });
    assert.equal(
      idle,
      rootAfter(1n, 1n, () => {}),
    );
    for (const slot of QUEUE_SLOTS) {
      rootAfter(1n, 1n, (world) => {
        world.executor.writeWord(SLOT, address, slot, 1n);
        assert.equal(world.areSlotsZero(address, QUEUE_SLOTS), false);
      });
    }
  }
});
