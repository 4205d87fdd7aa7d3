/**
 * Random histories: transactions, blocks, snapshots, ways back and changes from outside, in any
 * order. Afterwards every block links to its parent, and its state is what it was when it was made.
 * Then two chains that part far below the head.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytesToHex } from '../../src/base/bytes.ts';
import { headerHash } from '../../src/chain/blocks/header.ts';
import { RpcError } from '../../src/node/rpc/errors.ts';
import { createPrng, type Prng } from '../support/prng.ts';
import { createTestNode, initCode, STORE_CODE, type TestNode } from './support.ts';

const OPERATIONS = 300;

/** What a state is recognised by: a nonce, a balance, a slot. */
type Print = readonly unknown[];

class History {
  readonly node: TestNode;
  readonly #prng: Prng;
  /** What the state after each block was when it was the head for the last time. */
  readonly #prints = new Map<string, Print>();
  readonly #snapshots: string[] = [];
  #contract = '0x0000000000000000000000000000000000000001';

  constructor(seed: number) {
    this.node = createTestNode();
    this.#prng = createPrng(seed);
  }

  async print(block: string): Promise<Print> {
    const { rpc, accounts } = this.node;
    return [
      await rpc('eth_getTransactionCount', accounts[0], block),
      await rpc('eth_getBalance', accounts[1], block),
      await rpc('eth_getStorageAt', this.#contract, '0x0', block),
    ];
  }

  async step(): Promise<void> {
    const { rpc, accounts } = this.node;
    const number = this.#prng.below(1000);
    const word = `0x${number.toString(16)}`;
    const data = `0x${number.toString(16).padStart(64, '0')}`;
    const steps: readonly (() => Promise<unknown>)[] = [
      () => rpc('eth_sendTransaction', { from: accounts[0], to: accounts[1], value: word }),
      () => rpc('eth_sendTransaction', { from: accounts[0], to: this.#contract, data }),
      () =>
        rpc('eth_sendTransaction', { from: accounts[2], to: this.#contract, data, gas: '0x5300' }),
      () => rpc('anvil_mine', `0x${this.#prng.below(40).toString(16)}`),
      () => rpc('anvil_mine', '0x1000'),
      () => rpc('evm_setAutomine', number % 3 !== 0),
      async () => this.#snapshots.push(await rpc('evm_snapshot')),
      () => rpc('evm_revert', this.#snapshots.pop() ?? '0x0'),
      () => rpc('anvil_rollback', this.#prng.below(5)),
      async () => {
        await rpc('anvil_reorg', this.#prng.below(4), []);
        // A block may be made again, without what was changed after the first one.
        this.#prints.clear();
      },
      () => rpc('anvil_setBalance', accounts[1], word),
      () => rpc('anvil_setStorageAt', this.#contract, '0x0', data),
      () => rpc('evm_increaseTime', number),
      () => rpc('eth_call', { from: accounts[3], to: this.#contract, data }, 'pending'),
      () => rpc('eth_estimateGas', { from: accounts[0], to: this.#contract, data }),
      () => rpc('eth_getBlockByNumber', 'pending', true),
      () => rpc('debug_traceBlockByNumber', 'latest', { tracer: 'callTracer' }),
      async () => {
        const data = initCode(STORE_CODE);
        const hash = await rpc('eth_sendTransaction', { from: accounts[0], data, gas: '0x20000' });
        const receipt = await rpc('eth_getTransactionReceipt', hash);
        if (receipt !== null) this.#forget(receipt.contractAddress);
      },
    ];
    try {
      await this.#prng.pick(steps)();
    } catch (error) {
      // Some steps cannot be done now; a defect is another thing.
      assert.ok(error instanceof RpcError && error.code !== -32603, String(error));
    }
    const { hash } = await rpc('eth_getBlockByNumber', 'latest', false);
    this.#prints.set(hash, await this.print('latest'));
  }

  /** Another contract is looked at from now on, of which earlier prints know nothing. */
  #forget(contract: string): void {
    this.#contract = contract;
    this.#prints.clear();
  }

  async check(): Promise<number> {
    const { chain } = this.node.provider.node;
    let parent = chain.genesis;
    let count = 0;
    for (const entry of chain.between(1n, chain.head.block.header.number)) {
      const first = entry.range === undefined ? entry : chain.at(entry.range.first);
      assert.ok(first !== undefined);
      assert.equal(bytesToHex(first.block.header.parentHash), bytesToHex(parent.hash));
      if (entry.range === undefined) {
        assert.equal(bytesToHex(headerHash(entry.block.header)), bytesToHex(entry.hash));
      }
      const known = this.#prints.get(bytesToHex(entry.hash));
      if (known !== undefined) {
        count++;
        assert.deepEqual(await this.print(bytesToHex(entry.hash)), known);
      }
      parent = entry;
    }
    return count;
  }
}

for (const seed of [1, 2, 3, 4]) {
  test(`a random history keeps its states and its links: seed ${seed}`, async () => {
    const history = new History(seed);
    for (let step = 0; step < OPERATIONS; step++) await history.step();
    assert.ok((await history.check()) > 0);
    const again = new History(seed);
    for (let step = 0; step < OPERATIONS; step++) await again.step();
    const head = (each: History) => bytesToHex(each.node.provider.node.head.hash);
    assert.equal(head(again), head(history));
  });
}

/** What a block is recognised by: its state, and what its transactions left. */
async function printOf({ rpc, accounts }: TestNode, to: string, hash: string): Promise<Print> {
  return [
    await rpc('eth_getProof', to, ['0x0'], hash),
    await rpc('eth_getBalance', accounts[0], hash),
    await rpc('eth_getBlockReceipts', hash),
  ];
}

test('a chain goes over to another from below the blocks that are objects, and back', async () => {
  const nodes = [createTestNode(), createTestNode()] as const;
  const prints: Map<string, Print>[] = [];
  for (const [at, node] of nodes.entries()) {
    const { rpc, accounts } = node;
    const from = accounts[0];
    const hash = await rpc('eth_sendTransaction', { from, data: initCode(STORE_CODE) });
    const to = (await rpc('eth_getTransactionReceipt', hash)).contractAddress;
    for (let block = 1; block < 120; block++) {
      const word = block < 20 ? block : block * (at + 2);
      const data = `0x${word.toString(16).padStart(64, '0')}`;
      await rpc('eth_sendTransaction', { from, to, data });
    }
    const found = new Map<string, Print>();
    for (const { hash } of node.provider.node.chain.between(1n, 120n)) {
      const text = bytesToHex(hash);
      found.set(text, await printOf(node, to, text));
    }
    prints.push(found);
  }
  const [own, other] = nodes;
  const to = (await own.rpc('eth_getBlockReceipts', '0x1'))[0].contractAddress;
  const { chain } = own.provider.node;
  for (const { encoded } of other.provider.node.chain.between(1n, 120n)) {
    assert.ok(['known', 'imported'].includes(chain.importBlock(encoded, false).kind));
  }
  for (const at of [1, 0, 1]) {
    const known = prints[at] as Map<string, Print>;
    const headBlockHash = [...known.keys()].at(-1);
    const none = `0x${'0'.repeat(64)}`;
    const state = { headBlockHash, safeBlockHash: none, finalizedBlockHash: none };
    await own.rpc('engine_forkchoiceUpdatedV1', state);
    assert.equal((await own.rpc('eth_getBlockByNumber', 'latest', false)).hash, headBlockHash);
    for (const [hash, print] of known) assert.deepEqual(await printOf(own, to, hash), print);
  }
});
