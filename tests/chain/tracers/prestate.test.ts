/** The prestate tracer: the vectors of another client, and cases of our own. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hexToBytes } from '../../../src/base/bytes.ts';
import {
  type Prestate,
  type PrestateConfig,
  type PrestateDiff,
  tracePrestate,
} from '../../../src/chain/tracers/prestate.ts';
import type { Transaction } from '../../../src/chain/transactions/types.ts';
import { NO_CORPORA } from '../../support/corpora.ts';
import { openStepped, openVector, readVectors, SENDER, transactionTo } from './vectors.ts';

const FOLDERS = ['prestate_tracer', 'prestate_tracer_legacy', 'prestate_tracer_with_diff_mode'];

for (const folder of FOLDERS) {
  const vectors = readVectors(folder);
  const skip = vectors === undefined ? `skipped: ${NO_CORPORA}` : false;
  test(`all vectors of ${folder}`, { skip }, async (context) => {
    assert.ok(vectors !== undefined && vectors.length > 0);
    for (const vector of vectors) {
      await context.test(vector.name, () => {
        const { stepped, tx, sender, limits } = openVector(vector);
        const legacy = folder.endsWith('legacy');
        const config: PrestateConfig = { ...vector.tracerConfig, ...(legacy ? { legacy } : {}) };
        const { result, trace } = tracePrestate(stepped, tx, sender, limits, config);
        assert.equal(result.kind, 'executed');
        assert.deepEqual(trace, vector.result);
      });
    }
  });
}

const CONTRACT = `0x${'c0'.repeat(20)}` as const;
const OTHER = `0x${'d0'.repeat(20)}` as const;
const LIMITS = { gas: 30_000_000n, blobGas: 0n };
const word = (value: number): string => `0x${value.toString(16).padStart(64, '0')}`;

interface Case {
  readonly code?: string;
  readonly storage?: readonly (readonly [slot: bigint, value: bigint])[];
  readonly other?: string;
  readonly tx?: Partial<Transaction>;
  readonly config?: PrestateConfig;
}

/** A call of a contract at CONTRACT; OTHER has code where that is given. */
function trace({ code = '0x00', storage = [], other = '', tx, config }: Case): unknown {
  const stepped = openStepped([
    { address: CONTRACT, code, storage },
    ...(other === '' ? [] : [{ address: OTHER, code: other }]),
  ]);
  const whole = { ...transactionTo(CONTRACT), ...tx };
  return tracePrestate(stepped, whole, hexToBytes(SENDER), LIMITS, config).trace;
}

test('a slot is reported as it was, however often it is written', () => {
  // SSTORE(1, 7), SSTORE(1, 8), SLOAD(2).
  const code = '0x60076001556008600155600254';
  const found = trace({ code, storage: [[1n, 5n]] }) as Prestate;
  assert.deepEqual(found[CONTRACT]?.storage, { [word(1)]: word(5), [word(2)]: word(0) });
  assert.deepEqual(Object.keys(found), [SENDER, CONTRACT].sort());
});

test('an access list reports nothing', () => {
  const accessList = [{ address: hexToBytes(OTHER), slots: [1n] }];
  const found = trace({ other: '0x00', tx: { type: 1, accessList } }) as Prestate;
  assert.equal(found[OTHER], undefined);
});

test('an instruction that fails reports nothing', () => {
  // BALANCE(OTHER), with too little gas for it at the second run.
  const code = `0x73${OTHER.slice(2)}31`;
  const paid = trace({ code, other: '0x00' }) as Prestate;
  assert.equal(paid[OTHER]?.code, '0x00');
  const unpaid = trace({ code, other: '0x00', tx: { gasLimit: 21_100n } }) as Prestate;
  assert.equal(unpaid[OTHER], undefined);
});

test('what a call reports stays when the caller reverts', () => {
  // CALL(gas, OTHER, 0 …), REVERT(0, 0); OTHER loads slot 3.
  const code = `0x600080808080${'73'}${OTHER.slice(2)}5af1600080fd`;
  const found = trace({ code, other: '0x600354' }) as Prestate;
  assert.deepEqual(found[OTHER]?.storage, { [word(3)]: word(0) });
});

test('the difference has changed slots alone, and no zeros', () => {
  // SSTORE(1, 0), SSTORE(2, 9), SSTORE(3, 3) and SLOAD(4).
  const code = '0x60006001556009600255600360035560045450';
  const storage = [
    [1n, 5n],
    [3n, 3n],
    [4n, 4n],
  ] as const;
  const { pre, post } = trace({ code, storage, config: { diffMode: true } }) as PrestateDiff;
  assert.deepEqual(pre[CONTRACT]?.storage, { [word(1)]: word(5) });
  assert.deepEqual(post[CONTRACT], { storage: { [word(2)]: word(9) } });
});

test('an account that nothing changes is not in the difference', () => {
  const code = `0x73${OTHER.slice(2)}31`;
  const config = { diffMode: true };
  const { pre, post } = trace({ code, other: '0x00', config }) as PrestateDiff;
  assert.deepEqual([pre[OTHER], post[OTHER], pre[CONTRACT]], [undefined, undefined, undefined]);
  assert.equal(post[SENDER]?.nonce, 1);
});

test('a contract is created, and destroyed where it was created', () => {
  const config = { diffMode: true };
  // Init code that returns one byte of zero.
  const creation = { to: undefined, data: hexToBytes('0x60016000f3') };
  const created = trace({ config, tx: creation }) as PrestateDiff;
  const [address] = Object.keys(created.post).filter(
    (each) => created.pre[each as '0x'] === undefined,
  );
  assert.equal(created.post[address as '0x']?.code, '0x00');
  // Init code that ends by SELFDESTRUCT to OTHER.
  const destroyed = trace({
    config,
    tx: { ...creation, value: 5n, data: hexToBytes(`0x73${OTHER.slice(2)}ff`) },
  }) as PrestateDiff;
  assert.equal(destroyed.post[address as '0x'], undefined);
  assert.equal(destroyed.post[OTHER]?.balance, '0x5');
});

test('a recipient that delegates reports whose code it runs', () => {
  const code = `0xef0100${OTHER.slice(2)}`;
  const found = trace({ code, other: '0x600354' }) as Prestate;
  assert.equal(found[OTHER]?.code, '0x600354');
  assert.deepEqual(found[CONTRACT]?.storage, { [word(3)]: word(0) });
});

test('code and slots are left out where they are not wanted', () => {
  const config = { disableCode: true, disableStorage: true };
  const { [CONTRACT]: account } = trace({ code: '0x600354', config }) as Prestate;
  assert.deepEqual(Object.keys(account ?? {}), ['balance', 'codeHash']);
});

test('a transaction that is rejected has no trace', () => {
  assert.equal(trace({ tx: { nonce: 9n } }), undefined);
});

test('options that exclude each other are told', () => {
  const config = { diffMode: true, includeEmpty: true };
  assert.throws(() => trace({ config }), /includeEmpty/);
});
