/** The tracer of ERC-7562: the vectors of another client, and cases of our own. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hexToBytes } from '../../../src/base/bytes.ts';
import {
  type Erc7562Config,
  type Erc7562Frame,
  traceErc7562,
} from '../../../src/chain/tracers/erc7562.ts';
import type { Transaction } from '../../../src/chain/transactions/types.ts';
import { NO_CORPORA } from '../../support/corpora.ts';
import { openStepped, openVector, readVectors, SENDER, transactionTo } from './vectors.ts';

const vectors = readVectors('erc7562_tracer');
const skip = vectors === undefined ? `skipped: ${NO_CORPORA}` : false;

test('all vectors of erc7562_tracer', { skip }, async (context) => {
  assert.ok(vectors !== undefined && vectors.length > 0);
  for (const vector of vectors) {
    await context.test(vector.name, () => {
      const { stepped, tx, sender, limits } = openVector(vector);
      const { result, trace } = traceErc7562(stepped, tx, sender, limits, vector.tracerConfig);
      assert.equal(result.kind, 'executed');
      assert.deepEqual(trace, vector.result);
    });
  }
});

const CONTRACT = `0x${'c0'.repeat(20)}` as const;
const OTHER = `0x${'d0'.repeat(20)}` as const;
const PUSH_OTHER = `73${OTHER.slice(2)}`;
const word = (value: number): string => `0x${value.toString(16).padStart(64, '0')}`;

interface Case {
  readonly code: string;
  readonly other?: string;
  readonly tx?: Partial<Transaction>;
  readonly config?: Erc7562Config;
}

/** A call of a contract at CONTRACT, whose slot 1 holds 5. */
function trace({ code, other = '00', tx, config }: Case): Erc7562Frame {
  const stepped = openStepped([
    { address: CONTRACT, code: `0x${code}`, storage: [[1n, 5n]] },
    { address: OTHER, code: `0x${other}` },
  ]);
  const whole = { ...transactionTo(CONTRACT), ...tx };
  const limits = { gas: 30_000_000n, blobGas: 0n };
  const found = traceErc7562(stepped, whole, hexToBytes(SENDER), limits, config).trace;
  assert.ok(found !== undefined);
  return found;
}

test('a load counts with the value that it finds, unless a store came first', () => {
  // SLOAD(1) twice, SSTORE(2, 9), SLOAD(2).
  const { reads, writes } = trace({ code: '600154600154600960025560025400' }).accessedSlots;
  assert.deepEqual(reads, { [word(1)]: [word(5)] });
  assert.deepEqual(writes, { [word(2)]: 1 });
});

test('transient loads and stores are counted apart', () => {
  // TSTORE(3, 1) twice, TLOAD(3).
  const { accessedSlots } = trace({ code: '600160035d600160035d60035c00' });
  assert.deepEqual(accessedSlots.transientWrites, { [word(3)]: 2 });
  assert.deepEqual(accessedSlots.transientReads, { [word(3)]: 1 });
  assert.deepEqual(accessedSlots.reads, {});
});

test('GAS counts unless a call follows', () => {
  // GAS POP; then STATICCALL(GAS, OTHER, 0, 0, 0, 0).
  const { usedOpcodes } = trace({ code: `5a506000808080${PUSH_OTHER}5afa00` });
  assert.equal(usedOpcodes['0x5a'], 1);
  assert.equal(usedOpcodes['0xfa'], 1);
});

test('a look at code counts unless it asks whether there is any', () => {
  const asked = trace({ code: `${PUSH_OTHER}3b1500` });
  assert.deepEqual(asked.extCodeAccessInfo, []);
  assert.deepEqual(asked.contractSize, { [OTHER]: { contractSize: 1, opcode: 0x3b } });
  const read = trace({ code: `${PUSH_OTHER}3b5000` });
  assert.deepEqual(read.extCodeAccessInfo, [OTHER]);
});

test('an inner frame that runs out of gas is marked, and the outermost is not', () => {
  // CALL(100, OTHER, 0 …); OTHER needs more for SLOAD(0).
  const frame = trace({ code: `600080808080${PUSH_OTHER}6064f1`, other: '600054' });
  assert.equal(frame.outOfGas, false);
  assert.equal(frame.calls?.[0]?.outOfGas, true);
  assert.equal(frame.calls?.[0]?.error, 'out of gas');
  const outermost = trace({ code: '600054', tx: { gasLimit: 21_100n } });
  assert.deepEqual([outermost.error, outermost.outOfGas], ['out of gas', false]);
});

test('each frame has its own uses, those without code none', () => {
  // CALL(gas, SHA-256), CALL(gas, OTHER); OTHER destroys itself in favour of address 1.
  const call = (callee: string): string => `600080808080${callee}5af1`;
  const frame = trace({ code: `${call('6002')}${call(PUSH_OTHER)}`, other: '6001ff' });
  assert.deepEqual(
    frame.calls?.map(({ type, to, usedOpcodes }) => ({ type, to, usedOpcodes })),
    [
      { type: 'CALL', to: `0x${'00'.repeat(19)}02`, usedOpcodes: {} },
      { type: 'CALL', to: OTHER, usedOpcodes: { '0xff': 1 } },
    ],
  );
  assert.equal(frame.calls?.[1]?.calls?.[0]?.type, 'SELFDESTRUCT');
  assert.deepEqual(frame.calls?.[1]?.calls?.[0]?.usedOpcodes, {});
});

test('what is hashed is listed once, in order, with zeros beyond the memory', () => {
  // KECCAK256(0, 2), KECCAK256(0, 2), KECCAK256(0, 0).
  const frame = trace({ code: '6002600020600260002060006000205000' });
  assert.deepEqual(frame.keccak, ['0x', '0x0000']);
  assert.equal(trace({ code: '00' }).keccak, undefined);
});

test('the opcodes to ignore can be chosen', () => {
  // PUSH1 PUSH1 ADD STOP.
  const code = '600160020100';
  assert.deepEqual(trace({ code }).usedOpcodes, { '0x0': 1 });
  const config = { ignoredOpcodes: [0x00] };
  assert.deepEqual(trace({ code, config }).usedOpcodes, { '0x1': 1, '0x60': 2 });
});

test('a transaction that is rejected has no trace', () => {
  const tx = { ...transactionTo(CONTRACT), nonce: 9n };
  const limits = { gas: 30_000_000n, blobGas: 0n };
  const { result, trace: found } = traceErc7562(openStepped([]), tx, hexToBytes(SENDER), limits);
  assert.equal(result.kind, 'rejected');
  assert.equal(found, undefined);
});
