/** Chains that are built and imported: every rule of blocks broken once, forks of chains, state. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytesToHex, hexToBytes } from '../../../src/base/bytes.ts';
import { bytesToBigint } from '../../../src/base/u256.ts';
import type { Block } from '../../../src/chain/blocks/block.ts';
import { buildBlock } from '../../../src/chain/blocks/build.ts';
import { DAO_ACCOUNTS, DAO_REFUND_CONTRACT } from '../../../src/chain/blocks/dao-accounts.ts';
import type { Header } from '../../../src/chain/blocks/header.ts';
import { DAO_EXTRA_DATA } from '../../../src/chain/blocks/header-rules.ts';
import type { BlockRejectionCode } from '../../../src/chain/blocks/rejections.ts';
import { BLOCK_FORKS } from '../../../src/chain/blocks/rules.ts';
import { networkSchedule, rulesAt } from '../../../src/chain/blocks/schedule.ts';
import { END_CALLS, START_CALLS } from '../../../src/chain/blocks/system-contracts.ts';
import type { EvmWorld } from '../../../src/chain/world.ts';
import {
  account,
  address,
  createChain,
  ETHER,
  extend,
  importChanged,
  REVERT,
  SENDER,
  type SmallChain,
  STOP,
  STORE_INPUT,
  signed,
} from './chains.ts';

const SYSTEM = END_CALLS.map((call) => account(call.address, { code: STOP, nonce: 1n }));

function onHead<T>({ chain }: SmallChain, use: (world: EvmWorld) => T): T {
  const rules = chain.rulesAfter(chain.head, chain.head.block.header);
  return chain.withState(chain.head, rules, use);
}

test('under every fork a block with a transaction is built, imported, and pays', () => {
  for (const fork of BLOCK_FORKS) {
    const small = createChain(fork, SYSTEM);
    const coinbase = address(0xcb);
    const entry = extend(small, { coinbase, transactions: [signed()] });
    assert.equal(small.chain.head, entry, fork);
    assert.equal(entry.block.header.gasUsed, 21_000n);
    assert.deepEqual(entry.senders, [SENDER]);
    const { rules, reward } = small.chain.rulesAfter(entry, entry.block.header);
    const price = 10n ** 10n - (entry.block.header.baseFeePerGas ?? 0n);
    assert.equal(
      onHead(small, (world) => world.getBalance(coinbase)),
      reward + 21_000n * price,
    );
    const [receipt] = entry.receipts;
    assert.equal(receipt?.result === true, rules.eip658, fork);
  }
});

/** Fields of the header that make the block invalid, each with the rule it breaks. */
const BROKEN: readonly (readonly [BlockRejectionCode, (header: Header) => Partial<Header>])[] = [
  ['parent-unknown', () => ({ parentHash: new Uint8Array(32) })],
  ['number', ({ number }) => ({ number: number + 1n })],
  ['timestamp', () => ({ timestamp: 0n })],
  ['extra-data-too-long', () => ({ extraData: new Uint8Array(33) })],
  ['gas-limit-too-high', () => ({ gasLimit: 1n << 63n })],
  ['gas-limit-change', ({ gasLimit }) => ({ gasLimit: gasLimit + gasLimit / 1024n })],
  ['gas-limit-change', ({ gasLimit }) => ({ gasLimit: gasLimit - gasLimit / 1024n })],
  ['gas-used-above-limit', ({ gasLimit }) => ({ gasUsed: gasLimit + 1n })],
  ['difficulty', () => ({ difficulty: 131_072n })],
  ['nonce-not-zero', () => ({ nonce: new Uint8Array(8).fill(1) })],
  ['ommers-after-paris', () => ({ ommersHash: new Uint8Array(32) })],
  ['base-fee', () => ({ baseFeePerGas: 1n })],
  ['excess-blob-gas', () => ({ excessBlobGas: 1n })],
  ['gas-used', () => ({ gasUsed: 0n })],
  ['blob-gas-used', () => ({ blobGasUsed: 131_072n })],
  ['blob-gas-above-limit', () => ({ blobGasUsed: 131_072n * 7n })],
  ['logs-bloom', () => ({ logsBloom: new Uint8Array(256).fill(1) })],
  ['receipts-root', () => ({ receiptsRoot: new Uint8Array(32) })],
  ['transactions-root', () => ({ transactionsRoot: new Uint8Array(32) })],
  ['withdrawals-root', () => ({ withdrawalsRoot: new Uint8Array(32) })],
  ['state-root', () => ({ stateRoot: new Uint8Array(32) })],
];

test('a header that says something else is refused, and nothing is left of it', () => {
  const small = createChain('cancun');
  const { block, encoded } = buildBlock(small.chain, { transactions: [signed()] });
  for (const [code, change] of BROKEN) {
    assert.equal(importChanged(small, block, change(block.header)).code, code);
  }
  const { requestsHash: _none, parentBeaconBlockRoot: _root, ...without } = block.header;
  const broken: Block = { ...block, header: without as Header };
  assert.equal(importChanged(small, broken, {}).code, 'field-missing');
  const more = importChanged(small, block, { requestsHash: new Uint8Array(32) });
  assert.equal(more.code, 'field-unexpected');
  const none = importChanged(small, block, {}, { withdrawals: undefined });
  assert.equal(none.code, 'withdrawals-missing');
  assert.equal(small.chain.importBlock(Uint8Array.of(0xc0)).kind, 'rejected');
  assert.equal(small.chain.importBlock(encoded).kind, 'imported');
  assert.equal(small.chain.importBlock(encoded).kind, 'known');
  const other = importChanged(small, block, {}, { transactions: [] });
  assert.equal(other.code, 'gas-used', 'the header is known, the content is not');
});

test('a gas limit below 5000 is refused', () => {
  const small = createChain('frontier', [], { gasLimit: 5000n });
  const { block } = buildBlock(small.chain);
  assert.equal(importChanged(small, block, { gasLimit: 4999n }).code, 'gas-limit-too-low');
});

test('withdrawals before EIP-4895 are refused', () => {
  const small = createChain('paris', [], { difficulty: 0n });
  const { block } = buildBlock(small.chain);
  const rejection = importChanged(small, block, {}, { withdrawals: [] });
  assert.equal(rejection.code, 'withdrawals-unexpected');
});

test('a block with a transaction that is not valid is refused for it', () => {
  const small = createChain('shanghai');
  const { block } = buildBlock(small.chain, { transactions: [signed()] });
  const wrong = buildBlock(createChain('shanghai').chain, { transactions: [signed()] });
  const [first] = wrong.block.transactions;
  assert.ok(first !== undefined);
  const twice = { transactions: [first, first] };
  const rejection = importChanged(small, block, {}, twice);
  assert.equal(rejection.code, 'transaction');
  assert.equal(rejection.transaction?.code, 'nonce-too-low');
  const { rejected } = buildBlock(small.chain, { transactions: [signed(), signed()] });
  assert.deepEqual(
    rejected.map(({ index, rejection: { code } }) => [index, code]),
    [[1, 'nonce-too-low']],
  );
});

test('the heaviest chain is the head before Paris, and its state is the state', () => {
  const small = createChain('berlin');
  const { chain } = small;
  const { genesis } = chain;
  const send = (byte: number, nonce = 0n) => signed({ to: address(byte), nonce });
  const a1 = extend(small, { timestamp: 100n, transactions: [send(0xa1)] });
  const a2 = extend(small, { timestamp: 200n, transactions: [send(0xa2, 1n)] });
  assert.equal(chain.head, a2);
  const b1 = extend(small, { timestamp: 5n, transactions: [send(0xb1)] }, genesis);
  assert.equal(chain.head, a2, 'one block does not weigh more than two');
  const b2 = extend(small, { timestamp: 9n, transactions: [send(0xb2, 1n)] }, b1);
  assert.ok(b2.totalDifficulty > a2.totalDifficulty);
  assert.equal(chain.head, b2, 'quick blocks have a higher difficulty');
  const balances = () =>
    onHead(small, (world) =>
      [0xa1, 0xa2, 0xb1, 0xb2].map((byte) => world.getBalance(address(byte))),
    );
  assert.deepEqual(balances(), [0n, 0n, 1n, 1n]);
  const a3 = extend(small, { timestamp: 201n }, a2);
  const a4 = extend(small, { timestamp: 202n }, a3);
  assert.equal(chain.head, a4);
  assert.deepEqual(balances(), [1n, 1n, 0n, 0n]);
  assert.equal(chain.ancestor(1n), a1);
  assert.equal(chain.ancestor(1n, b2), b1);
  assert.equal(chain.ancestor(9n), undefined);
});

test('from Paris on the block imported last is the head', () => {
  const small = createChain('shanghai', [], { difficulty: 0n });
  const { genesis } = small.chain;
  const a1 = extend(small);
  extend(small, {}, a1);
  const b1 = extend(small, { timestamp: 50n }, genesis);
  assert.equal(small.chain.head, b1);
});

test('ommers are rewarded, and their rules hold', () => {
  const small = createChain('berlin');
  const { chain } = small;
  const { genesis } = chain;
  const first = extend(small, { timestamp: 10n });
  const brother = extend(small, { timestamp: 20n, coinbase: address(2) }, genesis).block.header;
  const cousin = extend(small, { timestamp: 30n, coinbase: address(3) }, genesis).block.header;
  const third = extend(small, { timestamp: 40n }, genesis).block.header;
  const build = (ommers: readonly Header[], parent = chain.head) =>
    buildBlock(chain, { timestamp: parent.block.header.timestamp + 10n, ommers }, parent).encoded;
  const refused = (code: BlockRejectionCode, ommers: readonly Header[], parent = chain.head) => {
    const result = chain.importBlock(build(ommers, parent));
    assert.equal(result.kind === 'rejected' ? result.code : result.kind, code);
    return result;
  };
  refused('ommers-too-many', [brother, cousin, third]);
  refused('ommer-twice', [brother, brother]);
  refused('ommer-is-ancestor', [first.block.header]);
  refused('ommer-parent', [{ ...brother, parentHash: first.hash }]);
  refused('ommer-parent', [{ ...brother, parentHash: new Uint8Array(32) }]);
  const bad = refused('ommer-header', [{ ...brother, extraData: new Uint8Array(33) }]);
  assert.equal(bad.kind === 'rejected' && bad.ommer?.code, 'extra-data-too-long');
  const coinbase = address(1);
  extend(small, { timestamp: 20n, coinbase, ommers: [brother, cousin] });
  const balances = onHead(small, (world) =>
    [1, 2, 3].map((byte) => world.getBalance(address(byte))),
  );
  const reward = 2n * ETHER;
  assert.deepEqual(balances, [reward + reward / 16n, (reward * 7n) / 8n, (reward * 7n) / 8n]);
  refused('ommer-included', [brother]);
  for (let i = 0; i < 4; i++) extend(small, { timestamp: chain.head.block.header.timestamp + 10n });
  assert.equal(chain.head.block.header.number, 6n);
  const seventh = chain.importBlock(build([third]));
  assert.equal(seventh.kind, 'imported', 'six generations are in reach');
  refused('ommer-parent', [{ ...third, extraData: Uint8Array.of(1) }]);
});

test('ommers after Paris are refused', () => {
  const small = createChain('shanghai', [], { difficulty: 0n });
  const { block } = buildBlock(small.chain);
  const rejection = importChanged(small, block, {}, { ommers: [block.header] });
  assert.equal(rejection.code, 'ommers-hash');
});

test('the DAO fork moves the balances once and asks for extra data in ten blocks', () => {
  const drained = DAO_ACCOUNTS.slice(0, 2).map((text) =>
    account(hexToBytes(text), { balance: ETHER }),
  );
  const small = createChain(networkSchedule('HomesteadToDaoAt5'), drained);
  const extraData = DAO_EXTRA_DATA;
  for (let number = 1; number <= 14; number++) {
    if (number >= 5) {
      const { block } = buildBlock(small.chain);
      assert.equal(importChanged(small, block, {}).code, 'extra-data-dao');
    }
    extend(small, number >= 5 ? { extraData } : {});
    const balance = onHead(small, (world) => world.getBalance(hexToBytes(DAO_REFUND_CONTRACT)));
    assert.equal(balance, number >= 5 ? 2n * ETHER : 0n);
  }
  extend(small);
  assert.equal(DAO_ACCOUNTS.length, 116);
});

test('withdrawals are credited in gwei', () => {
  const small = createChain('shanghai', [], { difficulty: 0n });
  const withdrawal = { index: 0n, validatorIndex: 1n, address: address(9), amount: 3n };
  extend(small, { withdrawals: [withdrawal, { ...withdrawal, index: 1n }] });
  assert.equal(
    onHead(small, (world) => world.getBalance(address(9))),
    6_000_000_000n,
  );
});

test('the system contracts are called at the start with the beacon root and the parent', () => {
  const contracts = START_CALLS.map((call) =>
    account(call.address, { code: STORE_INPUT, nonce: 1n }),
  );
  const small = createChain('prague', [...contracts, ...SYSTEM], { difficulty: 0n });
  const root = new Uint8Array(32).fill(0xbe);
  const parent = small.chain.head.hash;
  extend(small, { parentBeaconBlockRoot: root });
  const slots = onHead(small, (world) =>
    START_CALLS.map((call) => world.executor.readWord(0, call.address, 0n)),
  );
  assert.deepEqual(slots, [bytesToBigint(root), bytesToBigint(parent)]);
});

test('the outputs of the contracts at the end are the requests', () => {
  const contracts = END_CALLS.map((call) =>
    account(call.address, { code: STORE_INPUT, nonce: 1n }),
  );
  const small = createChain('prague', contracts, { difficulty: 0n });
  const { block } = buildBlock(small.chain);
  assert.equal(
    importChanged(small, block, { requestsHash: new Uint8Array(32) }).code,
    'requests-hash',
  );
  extend(small);
});

test('without code, or with a failure, of a contract at the end a block is invalid', () => {
  const other = createChain('prague', SYSTEM, { difficulty: 0n });
  const { block } = buildBlock(other.chain);
  const empty = createChain('prague', [], { difficulty: 0n });
  const parent = { parentHash: empty.chain.head.hash };
  assert.equal(importChanged(empty, block, parent).code, 'system-contract-empty');
  const reverting = END_CALLS.map((call) => account(call.address, { code: REVERT }));
  const failing = createChain('prague', reverting, { difficulty: 0n });
  const above = { parentHash: failing.chain.head.hash };
  assert.equal(importChanged(failing, block, above).code, 'system-call-failed');
  assert.throws(() => buildBlock(failing.chain), /the block cannot be made/);
});

test('a block above the size of EIP-7934 is refused', () => {
  const small = createChain('osaka', SYSTEM, { difficulty: 0n, gasLimit: 1_000_000_000n });
  const { block } = buildBlock(small.chain);
  const fits = importChanged(small, block, { extraData: new Uint8Array(8_380_000) });
  assert.equal(fits.code, 'extra-data-too-long');
  const above = importChanged(small, block, { extraData: new Uint8Array(8_388_608) });
  assert.equal(above.code, 'size-above-max');
});

test('a chain goes through its forks, and the journal follows', () => {
  const schedule = networkSchedule('BerlinToLondonAt5');
  const small = createChain(schedule);
  for (let number = 1n; number <= 8n; number++) {
    const transactions = [signed({ nonce: number - 1n, to: address(Number(number)) })];
    const { block } = extend(small, { transactions });
    assert.equal(block.header.baseFeePerGas !== undefined, number >= 5n);
    assert.equal(rulesAt(schedule, block.header).fork, number >= 5n ? 'london' : 'berlin');
  }
  const nonce = onHead(small, (world) => world.getNonce(SENDER));
  assert.equal(nonce, 8n);
  assert.equal(bytesToHex(small.state.root()), bytesToHex(small.chain.head.block.header.stateRoot));
});
