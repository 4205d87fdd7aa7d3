/** The kernel's keccak-256 and its memo against an independent implementation. */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { FRAMES_BASE, MEMO_BASE, PAGE_BYTES } from '../../src/kernel/layout.ts';
import { createPrng, type Prng } from '../support/prng.ts';
import { type Arith, loadArith } from './arith-entry.ts';

const DST = 0x23000;
const SRC = 0x23100;
const SEED = 0x4ecc;
/** Where a key below 2^192 and a number below 2^64 may have bits. */
const SHORT_PAIR = `${'0'.repeat(16)}${'f'.repeat(48)}${'0'.repeat(48)}${'f'.repeat(16)}`;

let arith: Arith;
let bytes: Uint8Array;

before(async () => {
  arith = await loadArith();
  bytes = new Uint8Array(arith.memory.buffer);
});

function hex(data: Uint8Array): string {
  return Buffer.from(data).toString('hex');
}

/** The word at DST as big-endian digits. */
function wordHex(): string {
  return hex(bytes.slice(DST, DST + 32).reverse());
}

function callOn(name: string, message: Uint8Array, address = SRC): void {
  bytes.set(message, address);
  arith.call[name]!(DST, address, message.length);
}

describe('keccak-256', () => {
  test('the empty message and "abc" have their known digests', () => {
    callOn('keccak256', new Uint8Array());
    assert.equal(
      hex(bytes.slice(DST, DST + 32)),
      'c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470',
    );
    callOn('keccak256', Buffer.from('abc'));
    assert.equal(
      hex(bytes.slice(DST, DST + 32)),
      '4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45',
    );
  });

  test('agrees with an independent implementation on every length up to 600', () => {
    const prng = createPrng(SEED);
    for (let length = 0; length <= 600; length++) {
      const message = prng.bytes(length);
      const expected = hex(keccak_256(message));
      const address = SRC + (length % 9);
      callOn('keccak256', message, address);
      assert.equal(hex(bytes.slice(DST, DST + 32)), expected, `length ${length}`);
      callOn('keccak256ToWord', message, address);
      assert.equal(wordHex(), expected, `length ${length}, as a word`);
      assert.equal(hex(bytes.slice(address, address + length)), hex(message), 'message changed');
    }
  });

  test('reads nothing past the end of the memory', () => {
    const message = createPrng(SEED).bytes(77);
    const end = arith.memory.buffer.byteLength;
    assert.equal(end % PAGE_BYTES, 0);
    callOn('keccak256ToWord', message, end - message.length);
    assert.equal(wordHex(), hex(keccak_256(message)));
  });
});

describe('keccak memo', () => {
  for (const [what, name, length, entries, mask] of [
    ['keccakMemo64 of pairs', 'keccakMemo64', 64, 2 ** 13, 'f'.repeat(128)],
    ['keccakMemo64 of short pairs', 'keccakMemo64', 64, 2 ** 14, SHORT_PAIR],
    ['keccakMemo32', 'keccakMemo32', 32, 2 ** 12, 'f'.repeat(64)],
  ] as const) {
    const kept = Buffer.from(mask, 'hex');
    const random = (prng: Prng) => prng.bytes(length).map((byte, i) => byte & kept[i]!);
    const check = (message: Uint8Array, address: number) => {
      bytes.set(message, address);
      arith.call[name]!(DST, address);
      assert.equal(wordHex(), hex(keccak_256(message)), `${name} of ${hex(message)}`);
    };

    test(`${what}: gives the digest on misses, on hits and after replacement`, () => {
      const prng = createPrng(SEED);
      const messages = Array.from({ length: entries * 1.5 }, () => random(prng));
      for (const message of messages) check(message, SRC + prng.below(8));
      for (const message of messages.slice(-entries / 4)) check(message, SRC + prng.below(8));
    });

    test(`${what}: tells preimages apart that differ in one bit or are all zero`, () => {
      const message = new Uint8Array(length);
      check(message, SRC);
      check(message, SRC);
      for (let bit = 0; bit < length * 8; bit++) {
        message[bit >> 3]! ^= 1 << (bit & 7);
        check(message, SRC);
        message[bit >> 3]! ^= 1 << (bit & 7);
        check(message, SRC);
      }
    });

    test(`${what}: may write its result over the preimage`, () => {
      const message = random(createPrng(SEED + 1));
      for (let round = 0; round < 2; round++) {
        bytes.set(message, DST);
        arith.call[name]!(DST, DST);
        assert.equal(wordHex(), hex(keccak_256(message)));
      }
    });

    test(`${what}: does not believe an entry whose preimage differs`, () => {
      const message = random(createPrng(SEED + 2));
      check(message, SRC);
      for (let at = MEMO_BASE; at < FRAMES_BASE; at++) bytes[at]! ^= 0x55;
      check(message, SRC);
      bytes.fill(0, MEMO_BASE, FRAMES_BASE);
    });
  }

  test('stays in its area', () => {
    const prng = createPrng(SEED);
    bytes.fill(0, SRC, SRC + 64);
    bytes.fill(0xee, FRAMES_BASE, FRAMES_BASE + 128);
    bytes.fill(0xee, MEMO_BASE - 128, MEMO_BASE);
    for (let i = 0; i < 60_000; i++) {
      bytes.set(prng.bytes(8), SRC + 24);
      // Above 2^192 it is no short pair.
      bytes.fill(i & 1, SRC, SRC + 1);
      arith.call.keccakMemo32!(DST, SRC);
      arith.call.keccakMemo64!(DST, SRC);
    }
    for (const guard of [FRAMES_BASE, MEMO_BASE - 128]) {
      assert.ok(bytes.subarray(guard, guard + 128).every((byte) => byte === 0xee));
    }
  });
});
