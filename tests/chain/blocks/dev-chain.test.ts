/** A development chain: its pool, its time, its ranges of empty blocks, and the ways back. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { bytesToHex, equalBytes } from '../../../src/base/bytes.ts';
import { blockTransaction } from '../../../src/chain/blocks/block.ts';
import type { ChainEntry } from '../../../src/chain/blocks/chain.ts';
import { headerHash } from '../../../src/chain/blocks/header.ts';
import { fixedSchedule } from '../../../src/chain/blocks/schedule.ts';
import { DevChain } from '../../../src/chain/dev/dev-chain.ts';
import type { DevChainOptions } from '../../../src/chain/dev/options.ts';
import type { PooledTransaction } from '../../../src/chain/dev/pool.ts';
import { signTransaction } from '../../../src/chain/transactions/sender.ts';

const ETHER = 10n ** 18n;
const GWEI = 10n ** 9n;
const TO = new Uint8Array(20).fill(0x22);
const KEYS = [1, 2, 3].map((each) => new Uint8Array(32).fill(each));
const addressOf = (key: Uint8Array): Uint8Array =>
  keccak_256(secp256k1.getPublicKey(key, false).subarray(1)).slice(12);

function create(options: Partial<DevChainOptions> = {}): DevChain {
  return new DevChain({
    genesis: {
      schedule: fixedSchedule('cancun', 7n),
      accounts: KEYS.map((key) => ({
        address: addressOf(key),
        balance: 10n * ETHER,
        nonce: 0n,
        code: new Uint8Array(0),
        storage: [],
      })),
      header: {
        parentHash: new Uint8Array(32),
        coinbase: new Uint8Array(20),
        difficulty: 0n,
        number: 0n,
        gasLimit: 30_000_000n,
        gasUsed: 0n,
        timestamp: 1000n,
        extraData: new Uint8Array(0),
        mixHash: new Uint8Array(32),
        nonce: new Uint8Array(8),
      },
    },
    ...options,
  });
}

function transfer(who: number, nonce: bigint, tip = GWEI, value = 1n): PooledTransaction {
  const key = KEYS[who] as Uint8Array;
  const signed = signTransaction(
    {
      type: 2,
      chainId: 7n,
      nonce,
      gasLimit: 21_000n,
      maxFeePerGas: 10n * GWEI,
      maxPriorityFeePerGas: tip,
      to: TO,
      value,
      data: new Uint8Array(0),
      accessList: [],
      maxFeePerBlobGas: 0n,
      blobHashes: [],
      authorizations: [],
    },
    key,
  );
  const item = blockTransaction(signed);
  return { ...item, sender: addressOf(key), hash: keccak_256(item.encoded) };
}

const balanceOf = (chain: DevChain, address: Uint8Array): bigint =>
  chain.readHead((view) => view.getBalance(address) as bigint);

test('equal transactions in two chains give equal blocks', () => {
  const run = (): string => {
    const chain = create();
    for (let nonce = 0n; nonce < 5n; nonce++) chain.submit(transfer(0, nonce));
    return bytesToHex(chain.head.hash);
  };
  assert.equal(run(), run());
});

test('a gap in the nonces waits, and goes with what fills it', () => {
  const chain = create();
  chain.submit(transfer(0, 1n));
  assert.equal(chain.head.block.header.number, 0n);
  const { pending, queued } = chain.pool.content(chain.nonceOf);
  assert.deepEqual([pending.length, queued.length], [0, 1]);
  chain.submit(transfer(0, 0n));
  assert.equal(chain.head.block.header.number, 1n);
  assert.equal(chain.head.hashes.length, 2);
  assert.equal(chain.pool.size, 0);
});

test('a replacement pays a tenth more', () => {
  const chain = create({ isAutomining: false });
  assert.equal(chain.submit(transfer(0, 0n, GWEI)), undefined);
  assert.equal(chain.submit(transfer(0, 0n, GWEI)), 'already-known');
  assert.equal(chain.submit(transfer(0, 0n, GWEI, 2n)), 'underpriced-replacement');
  assert.equal(chain.pool.size, 1);
});

test('a block takes transactions by tip, or as they came', () => {
  const orders = (['fees', 'fifo'] as const).map((order) => {
    const chain = create({ isAutomining: false, order });
    for (const each of [
      transfer(0, 0n, GWEI),
      transfer(1, 0n, 3n * GWEI),
      transfer(2, 0n, 2n * GWEI),
    ]) {
      chain.submit(each);
    }
    chain.submit(transfer(1, 1n, 4n * GWEI));
    return chain
      .mineOne()
      .senders.map((sender) => KEYS.findIndex((key) => equalBytes(addressOf(key), sender)));
  });
  assert.deepEqual(orders, [
    [1, 1, 2, 0],
    [0, 1, 2, 1],
  ]);
});

test('a transaction that no block will take leaves the pool, and is told of', () => {
  const chain = create({ isAutomining: false });
  const dropped: string[] = [];
  chain.listen({ dropped: (_transaction, { code }) => dropped.push(code) });
  chain.submit(transfer(0, 0n, GWEI, 9n * ETHER));
  chain.submit(transfer(0, 1n, GWEI, 9n * ETHER));
  chain.mineOne();
  assert.deepEqual(dropped, ['insufficient-funds']);
  assert.equal(chain.pool.size, 0);
});

test('a transaction that no block takes now makes no empty ones', () => {
  const chain = create();
  chain.isAutomining = false;
  chain.submit(transfer(2, 0n));
  chain.setNext({ baseFeePerGas: 20n * GWEI });
  chain.minePending();
  assert.equal(chain.head.block.header.number, 0n);
  assert.equal(chain.pool.size, 1);
  chain.setNext({ baseFeePerGas: GWEI });
  chain.minePending();
  assert.deepEqual([chain.head.block.header.number, chain.pool.size], [1n, 0]);
});

test('blocks leave in the pool what they have no room for', () => {
  const chain = create({ isAutomining: false });
  chain.gasLimit = 50_000n;
  for (let nonce = 0n; nonce < 5n; nonce++) chain.submit(transfer(0, nonce));
  const counts = [1, 2, 3].map(() => chain.mineOne().hashes.length);
  assert.deepEqual(counts, [2, 2, 1]);
});

test('the pending block is on no chain, and mining makes the same', () => {
  const chain = create({ isAutomining: false });
  chain.submit(transfer(0, 0n));
  const { pending } = chain;
  assert.equal(chain.head.block.header.number, 0n);
  assert.equal(pending.hashes.length, 1);
  assert.equal(bytesToHex(chain.mineOne().hash), bytesToHex(pending.hash));
});

test('time moves by blocks, and by what is asked', () => {
  const chain = create();
  const next = (): bigint => chain.mineOne().block.header.timestamp;
  assert.equal(next(), 1001n);
  chain.adjustClock((clock) => clock.advance(60n));
  assert.equal(next(), 1061n);
  assert.equal(next(), 1062n);
  chain.adjustClock((clock) => clock.setNext(2000n));
  assert.deepEqual([next(), next()], [2000n, 2001n]);
  chain.adjustClock((clock) => {
    clock.interval = 12n;
  });
  assert.deepEqual([next(), next()], [2013n, 2025n]);
});

test('a clock of the host drives the time, and blocks stay in order', () => {
  let now = 5000n;
  const chain = create({ hostClock: () => now });
  assert.equal(chain.mineOne().block.header.timestamp, 5000n);
  assert.equal(chain.mineOne().block.header.timestamp, 5001n);
  now = 5100n;
  chain.adjustClock((clock) => clock.advance(10n));
  assert.equal(chain.mineOne().block.header.timestamp, 5110n);
});

test('a million empty blocks are one range, whose hashes link', () => {
  const chain = create();
  chain.mineOne();
  chain.mine(1_000_000n, 3n);
  assert.equal(chain.head.block.header.number, 1_000_001n);
  const numbers = [2n, 3n, 500_000n, 1_000_001n];
  for (const number of numbers) {
    const entry = chain.chain.at(number);
    const parent = chain.chain.at(number - 1n);
    assert.ok(entry !== undefined && parent !== undefined);
    assert.equal(bytesToHex(entry.block.header.parentHash), bytesToHex(parent.hash));
    assert.equal(chain.chain.entry(entry.hash)?.block.header.number, number);
    assert.equal(chain.chain.ancestor(number)?.block.header.number, number);
  }
  assert.equal(chain.chain.at(3n)?.block.header.timestamp, 1001n + 1n + 3n);
  assert.equal(chain.chain.at(500_000n)?.block.header.baseFeePerGas, 7n);
  chain.submit(transfer(0, 0n));
  assert.equal(chain.head.block.header.number, 1_000_002n);
  assert.equal(balanceOf(chain, TO), 1n);
});

test('a rollback ends within a range, whose blocks stay as they were', () => {
  const chain = create();
  chain.mine(5000n);
  const before = chain.chain.at(1000n)?.hash as Uint8Array;
  chain.rollback(2000n);
  assert.equal(chain.head.block.header.number, 3000n);
  assert.equal(bytesToHex(chain.chain.at(1000n)?.hash as Uint8Array), bytesToHex(before));
  assert.equal(chain.chain.at(3001n), undefined);
  assert.equal(chain.mineOne().block.header.number, 3001n);
});

test('a block of its own has the hash of its header', () => {
  const chain = create();
  chain.submit(transfer(0, 0n));
  const { block, hash } = chain.head;
  assert.equal(bytesToHex(headerHash(block.header)), bytesToHex(hash));
  assert.equal(chain.chain.place(chain.head.hashes[0] as Uint8Array)?.index, 0);
});

test('a snapshot brings back blocks, amended state, pool and time', () => {
  const chain = create();
  chain.submit(transfer(0, 0n));
  chain.amend((view) => view.setBalance(TO, 77n));
  chain.submit(transfer(1, 5n));
  const id = chain.snapshot();
  const head = chain.head.hash;
  chain.amend((view) => view.setBalance(TO, 5n));
  chain.submit(transfer(0, 1n));
  chain.adjustClock((clock) => clock.advance(1000n));
  chain.dropAll();
  assert.equal(balanceOf(chain, TO), 6n);
  assert.ok(chain.revert(id));
  assert.equal(bytesToHex(chain.head.hash), bytesToHex(head));
  assert.equal(balanceOf(chain, TO), 77n);
  assert.equal(chain.pool.size, 1);
  assert.equal(chain.mineOne().block.header.timestamp, 1002n);
  assert.ok(!chain.revert(id), 'a snapshot is spent');
});

test('a reorganisation tells what it removed and added', () => {
  const chain = create();
  for (let nonce = 0n; nonce < 3n; nonce++) chain.submit(transfer(0, nonce));
  const changes: string[] = [];
  chain.listen({
    head: ({ removed, added }) => changes.push(`-${removed.length} +${added.length}`),
  });
  chain.reorg(2n, new Map([[1, [transfer(1, 0n)]]]));
  assert.deepEqual(changes, ['-2 +0', '-0 +1', '-0 +1']);
  assert.equal(chain.head.block.header.number, 3n);
  assert.deepEqual(chain.head.senders.map(bytesToHex), [
    bytesToHex(addressOf(KEYS[1] as Uint8Array)),
  ]);
  assert.equal(chain.nonceOf(addressOf(KEYS[0] as Uint8Array)), 1n);
});

test('states of old blocks can be read, and the head goes on', () => {
  const chain = create();
  const { genesis } = chain.chain;
  for (let nonce = 0n; nonce < 10n; nonce++) chain.submit(transfer(0, nonce));
  const read = (number: bigint): bigint => {
    const entry = chain.chain.at(number) ?? genesis;
    return chain.read(entry, (view) => view.getBalance(TO) as bigint);
  };
  assert.deepEqual([0n, 4n, 10n, 7n].map(read), [0n, 4n, 10n, 7n]);
  chain.submit(transfer(0, 10n));
  assert.equal(balanceOf(chain, TO), 11n);
});

test('a reset leaves the genesis alone', () => {
  const chain = create();
  const { hash } = chain.head;
  chain.amend((view) => view.setBalance(TO, 5n));
  chain.submit(transfer(0, 0n));
  chain.reset();
  assert.equal(bytesToHex(chain.head.hash), bytesToHex(hash));
  assert.equal(balanceOf(chain, TO), 0n);
  chain.submit(transfer(0, 0n));
  assert.equal(chain.head.block.header.number, 1n);
});

test('states that were given up are found again, those that were amended too', () => {
  const chain = create();
  const AMENDED = 100n;
  for (let nonce = 0n; nonce < 700n; nonce++) {
    chain.submit(transfer(0, nonce));
    if (nonce === AMENDED - 1n) chain.amend((view) => view.setBalance(TO, 5000n));
  }
  const expected = (number: bigint): bigint =>
    number < AMENDED ? number : number - AMENDED + 5000n;
  for (const number of [1n, 99n, 100n, 101n, 130n, 300n, 443n, 700n, 2n, 257n]) {
    const entry = chain.chain.at(number);
    assert.ok(entry !== undefined);
    const found = chain.read(entry, (view) => view.getBalance(TO) as bigint);
    assert.equal(found, expected(number), `block ${number}`);
  }
  const given = [3n, 200n, 350n].map((number) => chain.chain.at(number)?.mark);
  assert.deepEqual(given, [undefined, undefined, undefined]);
  chain.submit(transfer(0, 700n));
  assert.equal(balanceOf(chain, TO), expected(701n));
  chain.rollback(650n);
  const id = chain.snapshot();
  chain.submit(transfer(0, 51n));
  assert.ok(chain.revert(id));
  chain.submit(transfer(0, 51n));
  assert.equal(balanceOf(chain, TO), 52n);
});

test('states of blocks from before a change of the chain id are found again', () => {
  const chain = create();
  for (let nonce = 0n; nonce < 10n; nonce++) chain.submit(transfer(0, nonce));
  chain.setChainId(8n);
  for (let count = 0; count < 400; count++) chain.mineOne();
  const entry = chain.chain.at(5n);
  assert.ok(entry !== undefined);
  assert.equal(entry.mark, undefined);
  assert.equal(
    chain.read(entry, (view) => view.getBalance(TO) as bigint),
    5n,
  );
  assert.equal(balanceOf(chain, TO), 10n);
});

test('old blocks, read from their bytes, are what they were', () => {
  const chain = create();
  const made = [];
  for (let nonce = 0n; nonce < 5n; nonce++) {
    chain.submit(transfer(0, nonce));
    made.push(chain.head);
    chain.mine(2000n);
    made.push(chain.head);
  }
  const look = (entry: ChainEntry | undefined) =>
    entry && {
      ...{ hash: entry.hash, encoded: entry.encoded, header: entry.block.header },
      ...{ parent: entry.parent?.hash, total: entry.totalDifficulty, chainId: entry.chainId },
      ...{ senders: entry.senders, hashes: entry.hashes, range: entry.range?.first },
      receipts: entry.receipts.map(({ type, result, cumulativeGasUsed, logsBloom, logs }) => {
        return { type, result, cumulativeGasUsed, logsBloom, logs };
      }),
    };
  const before = made.map(look);
  for (let count = 0; count < 400; count++) chain.mineOne();
  for (const [index, entry] of made.entries()) {
    const { number } = entry.block.header;
    const found = chain.chain.entry(entry.hash);
    assert.notEqual(found, entry);
    assert.deepEqual(look(found), before[index]);
    assert.deepEqual(look(chain.chain.at(number)), before[index]);
    const [hash] = entry.hashes;
    if (hash !== undefined) assert.deepEqual(look(chain.chain.place(hash)?.entry), before[index]);
  }
  const within = chain.chain.at(700n);
  assert.ok(within !== undefined && within.block.header.number === 700n);
  assert.equal(
    chain.chain.entry(within.hash)?.block.header.timestamp,
    within.block.header.timestamp,
  );
});

test('blocks are left out by their blooms, old ones and ranges too', () => {
  const dev = create();
  const { chain } = dev;
  for (let nonce = 0n; nonce < 50n; nonce++) dev.submit(transfer(0, nonce));
  dev.mine(2000n);
  for (let nonce = 50n; nonce < 100n; nonce++) dev.submit(transfer(0, nonce));
  const last = chain.head.block.header.number;
  const every = [...chain.between(0n, last)];
  assert.equal(every.length, 102);
  assert.deepEqual([...chain.between(0n, last, () => false)], []);
  // Transfers have no logs: all blooms are empty.
  const isEmpty = (bloom: Uint8Array): boolean => bloom.every((byte) => byte === 0);
  assert.deepEqual([...chain.between(0n, last, (bloom) => !isEmpty(bloom))], []);
  assert.equal([...chain.between(20n, last - 20n, isEmpty)].length, 62);
});

test('blocks that were left behind have their states, and can be the head again', () => {
  const chain = create();
  for (let nonce = 0n; nonce < 400n; nonce++) chain.submit(transfer(0, nonce));
  const { head } = chain;
  const target = chain.chain.at(3n);
  assert.ok(target !== undefined);
  chain.setHead(target);
  assert.equal(balanceOf(chain, TO), 3n);
  const left = chain.chain.entry(head.hash);
  assert.ok(left !== undefined);
  assert.equal(
    chain.read(left, (view) => view.getBalance(TO) as bigint),
    400n,
  );
  chain.setHead(left);
  assert.equal(balanceOf(chain, TO), 400n);
  const early = chain.chain.at(5n);
  assert.ok(early !== undefined);
  assert.equal(
    chain.read(early, (view) => view.getBalance(TO) as bigint),
    5n,
  );
});
