/** RLP: known encodings, what is refused, random items, and the vectors of the corpora. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { gunzipSync } from 'node:zlib';
import { bytesToHex, hexToBytes } from '../../src/base/bytes.ts';
import { type ErrorCode, LockstepError } from '../../src/base/errors.ts';
import {
  bigintOfRlp,
  decodeRlp,
  encodeRlp,
  firstOfList,
  RLP_LIST,
  RLP_STRING,
  type RlpItem,
  RlpWriter,
  rlpOfBigint,
} from '../../src/base/rlp.ts';
import { U256_MAX } from '../../src/base/u256.ts';
import { findCorpora, NO_CORPORA, readBundle } from '../support/corpora.ts';
import { createPrng, type Prng } from '../support/prng.ts';

/** Hexadecimal text for byte strings, arrays for lists. */
type HexItem = string | HexItem[];

function itemOf(hex: HexItem): RlpItem {
  return typeof hex === 'string' ? hexToBytes(hex) : hex.map(itemOf);
}

function hexOf(item: RlpItem): HexItem {
  return item instanceof Uint8Array ? bytesToHex(item) : item.map(hexOf);
}

function check(item: RlpItem, encoded: string, name = encoded): void {
  assert.equal(bytesToHex(encodeRlp(item)), encoded, name);
  assert.deepEqual(hexOf(decodeRlp(hexToBytes(encoded))), hexOf(item), name);
}

function isError(code: ErrorCode): (error: unknown) => boolean {
  return (error) => error instanceof LockstepError && error.code === code;
}

test('lengths around every border of the form', () => {
  check(Uint8Array.of(), '0x80');
  check([], '0xc0');
  check(Uint8Array.of(0), '0x00');
  check(Uint8Array.of(127), '0x7f');
  check(Uint8Array.of(128), '0x8180');
  for (const [length, header] of [
    [55, 'b7'],
    [56, 'b838'],
    [255, 'b8ff'],
    [256, 'b90100'],
    [65535, 'b9ffff'],
    [65536, 'ba010000'],
  ] as const) {
    const bytes = new Uint8Array(length).fill(9);
    check(bytes, `0x${header}${'09'.repeat(length)}`);
    const list = Array.from({ length }, () => Uint8Array.of(9));
    const listHeader = (Number.parseInt(header.slice(0, 2), 16) + 64).toString(16);
    check(list, `0x${listHeader}${header.slice(2)}${'09'.repeat(length)}`);
  }
});

test('what is not canonical is refused, with its place', () => {
  const bad: readonly (readonly [string, number, RegExp])[] = [
    ['', 0, /no bytes/],
    ['0000', 1, /follow/],
    ['8000', 1, /follow/],
    [`b838${'00'.repeat(57)}`, 58, /follow/],
    ['8100', 0, /single byte/],
    ['c2817f', 1, /single byte/],
    ['83aabb', 0, /longer/],
    ['c3aabb', 0, /longer/],
    ['c483aabb', 0, /longer/],
    ['c382aabb00', 4, /follow/],
    ['c283aa', 1, /longer/],
    ['b8', 0, /cut short/],
    ['c1b8', 1, /cut short/],
    ['b90001aa', 0, /begins with a zero/],
    ['b800', 0, /begins with a zero/],
    [`b837${'00'.repeat(55)}`, 0, /long form/],
    [`f837${'00'.repeat(55)}`, 0, /long form/],
    ['bfffffffffffffffff', 0, /longer/],
    ['ffffffffffffffffff', 0, /longer/],
  ];
  for (const [hex, offset, problem] of bad) {
    assert.throws(
      () => decodeRlp(hexToBytes(hex)),
      (error) =>
        isError('L1201')(error) &&
        problem.test(String(error)) &&
        (error as LockstepError).context.offset === offset,
      hex,
    );
  }
});

test('a deep nest of lists is refused before the stack ends', () => {
  const nest = (depth: number) => {
    let item: RlpItem = [];
    for (let i = 1; i < depth; i++) item = [item];
    return encodeRlp(item);
  };
  assert.deepEqual(encodeRlp(decodeRlp(nest(1024))), nest(1024));
  assert.throws(() => decodeRlp(nest(1025)), isError('L1201'));
  const hostile = new Uint8Array(4 << 20).fill(0xff);
  assert.throws(() => decodeRlp(hostile), isError('L1201'));
});

test('a writer has raw bytes, characters and headers, and grows', () => {
  const writer = new RlpWriter();
  writer.addRaw(new Uint8Array(100_000).fill(7));
  writer.addHeader(RLP_STRING, 0);
  writer.addChars('ab\u0001\u00ff', 2, 3);
  writer.addChars('ab\u0001\u00ff', 1, 4);
  writer.addBytes(Uint8Array.of(0, 0, 200), 2);
  writer.addHeader(RLP_LIST, 0);
  const expected = ['0xc8', '0x6201ff', '0x01', bytesToHex(new Uint8Array(100_000).fill(7))];
  assert.deepEqual(hexOf(decodeRlp(writer.take())), expected);
  assert.equal(writer.size, 0);
});

test('the first item of a list', () => {
  for (const first of [[[]], ['0x'], ['0x05'], ['0xaabb'], [['0x01', ['0x02']]]] as HexItem[][]) {
    for (const rest of [[], ['0x80'], [bytesToHex(new Uint8Array(300))]]) {
      const list = itemOf([...first, ...rest]) as readonly RlpItem[];
      const found = firstOfList(encodeRlp(list));
      assert.equal(bytesToHex(found), bytesToHex(encodeRlp(list[0] as RlpItem)));
    }
  }
});

test('decoded strings are views of the input', () => {
  const encoded = hexToBytes('c483aabbcc');
  const [item] = decodeRlp(encoded) as readonly Uint8Array[];
  assert.equal(item?.buffer, encoded.buffer);
  const inner = decodeRlp(hexToBytes('ffff83aabbccffff').subarray(2, 6));
  assert.equal(bytesToHex(inner as Uint8Array), '0xaabbcc');
});

test('numbers are minimal and bounded', () => {
  assert.equal(bytesToHex(rlpOfBigint(0n)), '0x');
  assert.equal(bytesToHex(rlpOfBigint(1n)), '0x01');
  assert.equal(bytesToHex(rlpOfBigint(256n)), '0x0100');
  for (const value of [0n, 1n, 255n, 256n, (1n << 64n) - 1n, 1n << 64n, U256_MAX]) {
    assert.equal(bigintOfRlp(rlpOfBigint(value), 'the value'), value);
  }
  for (const value of [0n, 1n, 127n, 128n, 255n, 256n, 1n << 47n, 1n << 48n, U256_MAX]) {
    assert.equal(bytesToHex(encodeRlp([value])), bytesToHex(encodeRlp([rlpOfBigint(value)])));
  }
  assert.throws(() => encodeRlp([hexToBytes('0102'), -1n, 5n]), isError('L1004'));
  assert.equal(bytesToHex(encodeRlp([1n])), '0xc101', 'nothing is left of what was refused');
  assert.throws(() => rlpOfBigint(-1n), isError('L1004'));
  assert.throws(() => rlpOfBigint(U256_MAX + 1n), isError('L1004'));
  assert.throws(() => bigintOfRlp([], 'the nonce'), isError('L1202'));
  assert.throws(() => bigintOfRlp(Uint8Array.of(0), 'the nonce'), isError('L1203'));
  assert.throws(() => bigintOfRlp(Uint8Array.of(0, 1), 'the nonce'), isError('L1203'));
  assert.throws(() => bigintOfRlp(new Uint8Array(33).fill(1), 'the nonce'), isError('L1004'));
  assert.equal(bigintOfRlp(new Uint8Array(8).fill(255), 'the nonce', 64), (1n << 64n) - 1n);
  assert.throws(
    () => bigintOfRlp(rlpOfBigint(1n << 64n), 'the nonce', 64),
    /the nonce is 18446744073709551616, which does not fit 64 unsigned bits/,
  );
});

function randomItem(prng: Prng, depth: number): RlpItem {
  if (depth === 0 || prng.below(3) === 0) {
    return prng.bytes(prng.pick([0, 1, 1, 2, 20, 32, 33, 54, 55, 56, 57, 300]));
  }
  return Array.from({ length: prng.below(6) }, () => randomItem(prng, depth - 1));
}

test('random items go back and forth, and no changed byte gives the same item', () => {
  for (let seed = 1; seed <= 300; seed++) {
    const prng = createPrng(seed);
    const item = randomItem(prng, 5);
    const encoded = encodeRlp(item);
    assert.deepEqual(hexOf(decodeRlp(encoded)), hexOf(item), `seed ${seed}`);
    const other = encoded.slice();
    const at = prng.below(other.length);
    other[at] = (other[at] ?? 0) ^ (1 + prng.below(255));
    let decoded: RlpItem | undefined;
    try {
      decoded = decodeRlp(other);
    } catch (error) {
      assert.ok(isError('L1201')(error), `seed ${seed}: ${error}`);
    }
    if (decoded !== undefined) assert.deepEqual(encodeRlp(decoded), other, `seed ${seed}`);
  }
});

interface OfficialCase {
  readonly in: unknown;
  readonly out: string;
}

/** An item as the official tests write it: numbers, `#` and decimal digits, text, lists. */
function officialItem(value: unknown): RlpItem {
  if (Array.isArray(value)) return value.map(officialItem);
  if (typeof value === 'number') return rlpOfBigint(BigInt(value));
  const text = String(value);
  if (!text.startsWith('#')) return new TextEncoder().encode(text);
  const digits = BigInt(text.slice(1)).toString(16);
  return hexToBytes(digits.length % 2 === 0 ? digits : `0${digits}`);
}

const official = readBundle('evm-ethereum-tests/cases/RLPTests.jsonl.gz');

test('official vectors', { skip: official === undefined && NO_CORPORA }, (context) => {
  let count = 0;
  for (const { path, tests } of (official ?? []) as { path: string; tests?: object }[]) {
    for (const [name, { in: value, out }] of Object.entries<OfficialCase>({ ...tests })) {
      const label = `${path} ${name}`;
      const encoded = hexToBytes(out);
      if (value === 'INVALID') {
        assert.throws(() => decodeRlp(encoded), isError('L1201'), label);
      } else if (value === 'VALID') {
        assert.deepEqual(encodeRlp(decodeRlp(encoded)), encoded, label);
      } else {
        check(officialItem(value), bytesToHex(encoded), label);
      }
      count++;
    }
  }
  assert.ok(count > 50, `only ${count} cases`);
  context.diagnostic(`${count} cases`);
});

interface EthersCase {
  readonly name: string;
  readonly decoded: HexItem;
  readonly encoded: string;
}

const ethers = join(findCorpora() ?? '', 'evm-vectors/ethers/rlp.json.gz');

test('vectors of ethers', { skip: !existsSync(ethers) && NO_CORPORA }, (context) => {
  const cases: EthersCase[] = JSON.parse(gunzipSync(readFileSync(ethers)).toString());
  assert.ok(cases.length > 50);
  for (const { name, decoded, encoded } of cases) check(itemOf(decoded), encoded, name);
  context.diagnostic(`${cases.length} cases`);
});
