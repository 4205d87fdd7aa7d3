/** Receipts with their blooms, and requests with the layout of deposit events. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { bytesToHex, concatBytes, hexToBytes } from '../../../src/base/bytes.ts';
import { encodeRlp } from '../../../src/base/rlp.ts';
import { bigintToBytes32 } from '../../../src/base/u256.ts';
import {
  EncodedReceipt,
  encodeReceipt,
  isInBloom,
  logsBloom,
  logsHash,
  logToBytes,
  mergeBloom,
  type ReceiptLog,
} from '../../../src/chain/blocks/receipts.ts';
import { isBlockRejection } from '../../../src/chain/blocks/rejections.ts';
import {
  DEPOSIT_CONTRACT,
  depositsOfLogs,
  requestsHash,
} from '../../../src/chain/blocks/requests.ts';
import type { Transaction } from '../../../src/chain/transactions/types.ts';
import { addressOf, CONTRACT, openWorld, SENDER, transaction } from '../tracers/call-worlds.ts';

test('the bloom of a log has three bits for its address and each topic', () => {
  const address = hexToBytes('095e7baea6a6c7c4c2dfeb977efac326af552d87');
  const bloom = logsBloom([{ address, topics: [], data: new Uint8Array(3) }]);
  const bits = [...bloom].reduce(
    (sum, byte) => sum + byte.toString(2).replaceAll('0', '').length,
    0,
  );
  assert.equal(bits, 3);
  const topic = new Uint8Array(32);
  const both = logsBloom([{ address, topics: [topic], data: new Uint8Array(0) }]);
  const merged = logsBloom([{ address: topic, topics: [], data: new Uint8Array(0) }]);
  mergeBloom(merged, bloom);
  assert.deepEqual(both, merged, 'what is hashed counts, not whether it is address or topic');
  assert.deepEqual(logsBloom([]), new Uint8Array(256));
});

test('a known bloom: the bits of an address stand where the Yellow Paper counts them', () => {
  // keccak-256 of no bytes begins with c5d2 4601 86f7: bits 5d2, 601 and 6f7.
  const bloom = logsBloom([{ address: new Uint8Array(0), topics: [], data: new Uint8Array(0) }]);
  const expected = new Uint8Array(256);
  for (const bit of [0x5d2, 0x601, 0x6f7]) {
    const at = 255 - Math.floor(bit / 8);
    expected[at] = (expected[at] ?? 0) | (1 << (bit % 8));
  }
  assert.deepEqual(bloom, expected);
});

test('receipts have a status or a root, and their type in front', () => {
  const logs = [
    logToBytes({ address: `0x${'11'.repeat(20)}`, topics: [], data: Uint8Array.of(7) }),
  ];
  const bloom = logsBloom(logs);
  const receipt = {
    type: 0,
    result: true,
    cumulativeGasUsed: 21_000n,
    logsBloom: bloom,
    logs,
  } as const;
  const rlpLogs = [[new Uint8Array(20).fill(0x11), [], Uint8Array.of(7)]];
  const gas = hexToBytes('5208');
  assert.deepEqual(encodeReceipt(receipt), encodeRlp([Uint8Array.of(1), gas, bloom, rlpLogs]));
  const failed = { ...receipt, result: false, type: 2 } as const;
  const body = encodeRlp([new Uint8Array(0), gas, bloom, rlpLogs]);
  assert.deepEqual(encodeReceipt(failed), concatBytes(Uint8Array.of(2), body));
  const root = new Uint8Array(32).fill(9);
  assert.deepEqual(
    encodeReceipt({ ...receipt, result: root }),
    encodeRlp([root, gas, bloom, rlpLogs]),
  );
});

/** Logs the call data but for its first word, with that word as none to four topics. */
const LOGGER = [0, 1, 2, 3, 4]
  .map((count) => {
    const size = 'PUSH 32 CALLDATASIZE SUB';
    const topics = 'PUSH0 CALLDATALOAD '.repeat(count);
    return `${size} PUSH 32 PUSH0 CALLDATACOPY ${topics} ${size} PUSH0 LOG${count}`;
  })
  .join('\n');

test('a receipt that the kernel writes is the encoded one', () => {
  const world = openWorld({ [CONTRACT]: LOGGER, 254: 'INVALID' }, {});
  const root = new Uint8Array(32).fill(9);
  let nonce = 0n;
  const check = (fields: Partial<Transaction>): readonly ReceiptLog[] => {
    const tx = transaction({ ...fields, nonce: nonce++, gasLimit: 5_000_000n });
    const result = world.apply(tx, SENDER, { gas: 30_000_000n, blobGas: 0n });
    assert(result.kind === 'executed');
    const logs = result.logs.map(logToBytes);
    for (const what of [true, false, root]) {
      for (const gas of [0n, 1n, 127n, 128n, 255n, 256n, 30_000_000n, (1n << 63n) + 1n]) {
        const type = Number(gas % 5n) as Transaction['type'];
        const content = { type, result: what, cumulativeGasUsed: gas };
        const receipt = { ...content, logsBloom: logsBloom(logs), logs };
        const own = new EncodedReceipt(content, world.executor.receiptOf(type, what, gas));
        assert.deepEqual(own.encoded, encodeReceipt(receipt));
        assert.deepEqual(own.logsBloom, receipt.logsBloom);
        assert.deepEqual(own.logs, logs);
        for (const { address, topics } of logs) {
          for (const each of [address, ...topics]) {
            assert(isInBloom(own.logsBloom, keccak_256(each)));
          }
        }
      }
    }
    return logs;
  };
  for (const size of [0, 1, 2, 8, 33, 55, 56, 255, 256, 257, 5000, 70_000]) {
    for (const first of [0, 0x7f, 0x80]) {
      const data = new Uint8Array(32 + size).fill(first, 32);
      data[31] = size;
      assert.equal(check({ data }).length, 5);
    }
  }
  assert.deepEqual(check({ to: addressOf(0xfe) }), []);
  assert.deepEqual(check({ to: addressOf(0xaa) }), []);
  assert(!isInBloom(new Uint8Array(256), keccak_256(SENDER)));
});

test('the hash of no logs is that of the empty list', () => {
  assert.equal(
    bytesToHex(logsHash([])),
    '0x1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347',
  );
});

const sha256 = (...parts: readonly Uint8Array[]): Uint8Array =>
  new Uint8Array(
    createHash('sha256')
      .update(concatBytes(...parts))
      .digest(),
  );

test('the hash of requests leaves types without data out (EIP-7685)', () => {
  assert.deepEqual(requestsHash([]), sha256());
  const data = Uint8Array.of(1, 2, 3);
  const requests = [
    { type: 0, data: new Uint8Array(0) },
    { type: 1, data },
    { type: 2, data },
  ];
  const expected = sha256(sha256(Uint8Array.of(1), data), sha256(Uint8Array.of(2), data));
  assert.deepEqual(requestsHash(requests), expected);
});

const DEPOSIT_TOPIC = hexToBytes(
  '649bbc62d0e31342afea4e5cd82d4049e7e1ee912fc0889aa790803be39038c5',
);

/** The data of a deposit event: five byte strings of their sizes. */
function depositData(): Uint8Array {
  const sizes = [48, 32, 8, 96, 8];
  const heads: Uint8Array[] = [];
  const tails: Uint8Array[] = [];
  let offset = 160;
  for (const [index, size] of sizes.entries()) {
    heads.push(bigintToBytes32(BigInt(offset)));
    const padded = new Uint8Array(Math.ceil(size / 32) * 32);
    padded.fill(index + 1, 0, size);
    tails.push(bigintToBytes32(BigInt(size)), padded);
    offset += 32 + padded.length;
  }
  return concatBytes(...heads, ...tails);
}

test('deposits are the parts of the events of the deposit contract (EIP-6110)', () => {
  const data = depositData();
  const log = { address: DEPOSIT_CONTRACT, topics: [DEPOSIT_TOPIC], data };
  const part = (size: number, byte: number) => new Uint8Array(size).fill(byte);
  const one = concatBytes(part(48, 1), part(32, 2), part(8, 3), part(96, 4), part(8, 5));
  assert.deepEqual(depositsOfLogs([log, log]), concatBytes(one, one));
  const others = [
    { ...log, address: new Uint8Array(20) },
    { ...log, topics: [] },
    { ...log, topics: [new Uint8Array(32)] },
  ];
  assert.deepEqual(depositsOfLogs(others), new Uint8Array(0));
});

test('a deposit event of another layout makes the block invalid', () => {
  const data = depositData();
  const bad = [data.slice(0, -1), concatBytes(data, new Uint8Array(32)), new Uint8Array(0)];
  for (const at of [31, 63, 159, 191, 543]) {
    const changed = data.slice();
    changed[at] = (changed[at] ?? 0) + 1;
    bad.push(changed);
  }
  for (const each of bad) {
    const log = { address: DEPOSIT_CONTRACT, topics: [DEPOSIT_TOPIC], data: each };
    const result = depositsOfLogs([log]);
    assert.ok(isBlockRejection(result));
    assert.equal(result.code, 'deposit-layout');
  }
});
