/** Headers and blocks as bytes: the main net's genesis, the fields of each fork, malformed ones. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytesToHex, hexToBytes } from '../../../src/base/bytes.ts';
import { LockstepError } from '../../../src/base/errors.ts';
import { decodeRlp, encodeRlp, type RlpItem } from '../../../src/base/rlp.ts';
import {
  type Block,
  decodeBlock,
  encodeBlock,
  hashOmmers,
  NO_OMMERS_HASH,
} from '../../../src/chain/blocks/block.ts';
import {
  checkHeaderFields,
  encodeHeader,
  HEADER_FIELDS,
  type Header,
  headerHash,
  headerOfRlp,
} from '../../../src/chain/blocks/header.ts';
import { blockRules } from '../../../src/chain/blocks/rules.ts';
import { createHeader } from './headers.ts';

const EMPTY_ROOT = hexToBytes('56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421');

const MAIN_NET_GENESIS: Header = createHeader({
  stateRoot: hexToBytes('d7f8974fb5ac78d9ac099b9ad5018bedc2ce0a72dad1827a1709da30580f0544'),
  transactionsRoot: EMPTY_ROOT,
  receiptsRoot: EMPTY_ROOT,
  difficulty: 0x4_0000_0000n,
  number: 0n,
  gasLimit: 5000n,
  timestamp: 0n,
  extraData: hexToBytes('11bbe8db4e347b4e8c937c1c8370e4b5ed33adb3db69cbdb7a38e1e50b1b82fa'),
  nonce: hexToBytes('0000000000000042'),
});

/** A header with every field that there is. */
const FULL: Header = createHeader({
  number: 7n,
  timestamp: 12n,
  gasLimit: 30_000_000n,
  gasUsed: 21_000n,
  baseFeePerGas: 7n,
  withdrawalsRoot: EMPTY_ROOT,
  blobGasUsed: 131_072n,
  excessBlobGas: 0n,
  parentBeaconBlockRoot: new Uint8Array(32).fill(4),
  requestsHash: new Uint8Array(32).fill(5),
});

function throwsCode(run: () => unknown, code: string): void {
  assert.throws(run, (error) => error instanceof LockstepError && error.code === code);
}

test('the hash of the genesis of the main net', () => {
  assert.equal(
    bytesToHex(headerHash(MAIN_NET_GENESIS)),
    '0xd4e56740f876aef8c010b86a40d5f56745a118d0906a34e69aec8c0db1cb8fa3',
  );
  assert.equal(
    bytesToHex(NO_OMMERS_HASH),
    '0x1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347',
  );
});

test('headers come back from their encoding, with every count of fields', () => {
  const items = decodeRlp(encodeHeader(FULL)) as readonly RlpItem[];
  assert.equal(items.length, HEADER_FIELDS.length);
  for (let count = 15; count <= items.length; count++) {
    const header = headerOfRlp(items.slice(0, count));
    assert.equal(Object.values(header).length, count);
    assert.deepEqual(decodeRlp(encodeHeader(header)), items.slice(0, count));
  }
  assert.deepEqual(headerOfRlp(items), FULL);
});

test('headers of a wrong count, size, kind or number are refused', () => {
  const items = [...(decodeRlp(encodeHeader(FULL)) as readonly RlpItem[])];
  throwsCode(() => headerOfRlp(items.slice(0, 14)), 'L1401');
  throwsCode(() => headerOfRlp([...items, new Uint8Array(32)]), 'L1401');
  throwsCode(() => headerOfRlp(new Uint8Array(3)), 'L1401');
  const changed = (index: number, item: RlpItem) => items.with(index, item);
  throwsCode(() => headerOfRlp(changed(0, new Uint8Array(31))), 'L1003');
  throwsCode(() => headerOfRlp(changed(0, [])), 'L1202');
  throwsCode(() => headerOfRlp(changed(8, Uint8Array.of(0, 1))), 'L1203');
  throwsCode(() => headerOfRlp(changed(11, new Uint8Array(9).fill(1))), 'L1004');
});

test('each fork has its fields', () => {
  const added: readonly (readonly [string, number])[] = [
    ['berlin', 15],
    ['london', 16],
    ['paris', 16],
    ['shanghai', 17],
    ['cancun', 20],
    ['prague', 21],
    ['osaka', 21],
  ];
  const items = decodeRlp(encodeHeader(FULL)) as readonly RlpItem[];
  for (const [fork, count] of added) {
    const { rules } = blockRules(fork as 'london');
    assert.equal(checkHeaderFields(headerOfRlp(items.slice(0, count)), rules), undefined);
    if (count > 15) {
      const less = checkHeaderFields(headerOfRlp(items.slice(0, count - 1)), rules);
      assert.deepEqual(less, { field: HEADER_FIELDS[count - 1]?.[0], isMissing: true });
    }
    if (count < items.length) {
      const more = checkHeaderFields(headerOfRlp(items.slice(0, count + 1)), rules);
      assert.deepEqual(more, { field: HEADER_FIELDS[count]?.[0], isMissing: false });
    }
  }
});

test('blocks come back from their encoding', () => {
  const ommer = createHeader({ number: 6n, coinbase: new Uint8Array(20).fill(9) });
  const withdrawal = {
    index: 1n,
    validatorIndex: 2n,
    address: new Uint8Array(20).fill(3),
    amount: 0n,
  };
  const block = { header: FULL, transactions: [], ommers: [ommer], withdrawals: [withdrawal] };
  const encoded = encodeBlock(block);
  const decoded: Block = { ...block, size: encoded.length };
  assert.deepEqual(decodeBlock(encoded), decoded);
  const before = encodeBlock({ ...block, withdrawals: undefined });
  assert.equal(decodeBlock(before).withdrawals, undefined);
  assert.notDeepEqual(hashOmmers([ommer]), NO_OMMERS_HASH);
});

test('malformed blocks are refused', () => {
  const block = { header: FULL, transactions: [], ommers: [], withdrawals: [] };
  const items = decodeRlp(encodeBlock(block)) as readonly RlpItem[];
  const refused = (item: RlpItem, code: string) =>
    throwsCode(() => decodeBlock(encodeRlp(item)), code);
  refused(new Uint8Array(2), 'L1401');
  refused(items.slice(0, 2), 'L1401');
  refused([...items, []], 'L1401');
  refused(items.with(1, new Uint8Array(0)), 'L1401');
  const part = new Uint8Array(0);
  refused(items.with(3, [[part, part, new Uint8Array(19)]]), 'L1401');
  refused(items.with(3, [[part, part, new Uint8Array(19), part]]), 'L1003');
  refused(items.with(3, [[new Uint8Array(9).fill(1), part, new Uint8Array(20), part]]), 'L1004');
  throwsCode(() => decodeBlock(Uint8Array.of(0xc1)), 'L1201');
});
