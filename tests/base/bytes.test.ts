/** Bytes, words and the errors that they throw. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { assert as check, unreachable } from '../../src/base/assert.ts';
import {
  bytesToHex,
  compareBytes,
  concatBytes,
  equalBytes,
  hexToBytes,
  padStart,
} from '../../src/base/bytes.ts';
import { ERRORS, LockstepError } from '../../src/base/errors.ts';
import {
  bigintToBytes32,
  bytesToBigint,
  isZeroWord,
  U256_MAX,
  wrapU256,
} from '../../src/base/u256.ts';
import { createPrng } from '../support/prng.ts';

test('hexadecimal text and bytes go back and forth', () => {
  const every = Uint8Array.from({ length: 256 }, (_, byte) => byte);
  assert.deepEqual(hexToBytes(bytesToHex(every)), every);
  assert.deepEqual(hexToBytes(bytesToHex(every).toUpperCase()), every);
  assert.deepEqual(hexToBytes('00fF'), Uint8Array.of(0, 255));
  assert.equal(bytesToHex(hexToBytes('')), '0x');
  assert.equal(bytesToHex(hexToBytes('0x')), '0x');
});

test('bad hexadecimal text is rejected with its place', () => {
  const rows = [
    ['0x123', 'the code has an odd number of hexadecimal digits (3)'],
    ['0x12g4', 'the code has "g" at position 4, which is not a hexadecimal digit'],
    ['1 2', 'the code has " " at position 1, which is not a hexadecimal digit'],
    ['0x0x', 'the code has "x" at position 3, which is not a hexadecimal digit'],
    ['ab\u{1f600}', 'the code has "\u{1f600}" at position 2, which is not a hexadecimal digit'],
  ] as const;
  for (const [text, message] of rows) {
    assert.throws(() => hexToBytes(text, 'the code'), { name: 'LockstepError', message });
  }
});

test('bytes are ordered from the front, a prefix first', () => {
  const ordered = ['0x', '0x00', '0x0000', '0x01', '0x0100', '0x7f', '0x80', '0xff00'];
  for (const [i, a] of ordered.entries()) {
    for (const [j, b] of ordered.entries()) {
      assert.equal(Math.sign(compareBytes(hexToBytes(a), hexToBytes(b))), Math.sign(i - j));
      assert.equal(equalBytes(hexToBytes(a), hexToBytes(b)), i === j);
    }
  }
});

test('bytes are joined and padded', () => {
  assert.equal(
    bytesToHex(concatBytes(Uint8Array.of(1), Uint8Array.of(), Uint8Array.of(2))),
    '0x0102',
  );
  assert.equal(bytesToHex(padStart(Uint8Array.of(1, 2), 4)), '0x00000102');
  assert.throws(() => padStart(new Uint8Array(21), 20, 'the address'), {
    code: 'L1003',
    message: 'the address has 21 bytes where at most 20 are expected',
  });
});

test('words and numbers go back and forth', () => {
  const prng = createPrng(1);
  for (let i = 0; i < 500; i++) {
    const value = prng.bigint(prng.below(257));
    const bytes = bigintToBytes32(value);
    assert.equal(bytesToBigint(bytes), value);
    assert.equal(BigInt(bytesToHex(bytes)), value);
    const some = prng.bytes(1 + prng.below(32));
    assert.equal(bytesToBigint(concatBytes(some).subarray(0)), BigInt(bytesToHex(some)));
    assert.equal(isZeroWord(bytes), value === 0n);
  }
  assert.equal(bytesToBigint(new Uint8Array(0)), 0n);
  assert.equal(wrapU256(-1n), U256_MAX);
  assert.throws(() => bigintToBytes32(-1n), { code: 'L1004' });
  assert.throws(() => bigintToBytes32(U256_MAX + 1n), { code: 'L1004' });
  assert.throws(() => bytesToBigint(new Uint8Array(33)), { code: 'L1003' });
});

test('an error carries its code, plane, context and remedy', () => {
  const error = new LockstepError('L1004', { what: 'the nonce', value: 1n << 64n, bits: 64 });
  assert.equal(error.plane, 'rejection');
  assert.equal(
    error.message,
    'the nonce is 18446744073709551616, which does not fit 64 unsigned bits',
  );
  assert.equal(error.remedy, 'Use a number from 0 to 2^64 - 1.');
  assert.deepEqual(error.context.bits, 64);
  for (const [code, row] of Object.entries(ERRORS)) {
    assert.match(code, /^L\d{4}$/);
    assert.match(row.remedy, /\.$/);
  }
});

test('a failed assertion is a defect', () => {
  check(true, 'never seen');
  assert.throws(() => check(0, 'the depth differs'), { message: 'BUG: the depth differs' });
  assert.throws(() => unreachable('x' as never, 'the table'), {
    message: 'BUG: the table has no case for x',
  });
});

test('equalBytes sees a difference at every place of long bytes, whatever their offset', () => {
  for (const offset of [0, 1, 4]) {
    const bytes = new Uint8Array(1100 + offset).subarray(offset).map((_, i) => i);
    const other = new Uint8Array(1100 + offset).subarray(offset);
    other.set(bytes);
    assert.ok(equalBytes(bytes, other));
    for (const at of [0, 3, 4, 511, 1098, 1099]) {
      other[at] = (other[at] as number) ^ 1;
      assert.ok(!equalBytes(bytes, other), `offset ${offset}, place ${at}`);
      other[at] = (other[at] as number) ^ 1;
    }
  }
});
