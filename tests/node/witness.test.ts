/**
 * Witnesses of blocks: each block runs again from its witness alone, and `@ethereumjs/mpt`, which
 * has no other nodes, finds the root of the state after it.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMPT, type MerklePatriciaTrie } from '@ethereumjs/mpt';
import { MapDB } from '@ethereumjs/util';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { bytesToHex, hexToBytes } from '../../src/base/bytes.ts';
import { decodeRlp, encodeRlp, type RlpItem, rlpOfBigint } from '../../src/base/rlp.ts';
import { bytesToBigint } from '../../src/base/u256.ts';
import { BlockExecution } from '../../src/chain/blocks/index.ts';
import { EvmWorld } from '../../src/chain/index.ts';
import type { Node } from '../../src/node/node.ts';
import type { Backend } from '../../src/state/backends/backend.ts';
import { type Cell, SPACES } from '../../src/state/cells.ts';
import { verifyProof } from '../../src/state/index.ts';
import { createPrng } from '../support/prng.ts';
import { createTestNode, hexOf, initCode, type TestNode } from './support.ts';

interface Witness {
  readonly state: readonly string[];
  readonly codes: readonly string[];
  readonly keys: readonly string[];
  readonly headers: readonly string[];
}

const text = (bytes: Uint8Array): string => bytesToHex(bytes).slice(2);
const EMPTY_ROOT = keccak_256(Uint8Array.of(0x80));
const NO_CODE = keccak_256(new Uint8Array(0));

/** The state that a witness tells of; what it does not tell of is an error. */
class WitnessState implements Backend {
  readonly changes = new Map<string, { readonly cell: Cell; readonly value: Uint8Array }>();
  readonly nodes: ReadonlyMap<string, Uint8Array>;
  readonly #codes: ReadonlyMap<string, Uint8Array>;
  readonly root: Uint8Array;

  constructor({ state, codes }: Witness, root: Uint8Array) {
    const byHash = (items: readonly string[]) =>
      new Map(items.map((each) => hexToBytes(each)).map((item) => [text(keccak_256(item)), item]));
    this.nodes = byHash(state);
    this.#codes = byHash(codes);
    this.root = root;
  }

  /** Follows the nodes by their hashes, as a proof. */
  lookUp(root: Uint8Array, key: Uint8Array): Uint8Array | undefined {
    const path = keccak_256(key);
    const proof: Uint8Array[] = [];
    let depth = 0;
    let wanted: RlpItem = root;
    if (text(root) === text(EMPTY_ROOT)) return undefined;
    while (wanted instanceof Uint8Array && wanted.length === 32) {
      const node = this.nodes.get(text(wanted));
      if (node === undefined) throw new Error(`the witness has no node ${text(wanted)}`);
      proof.push(node);
      wanted = decodeRlp(node);
      while (!(wanted instanceof Uint8Array)) {
        const items = wanted as readonly RlpItem[];
        if (items.length === 17) {
          const nibble = Number.parseInt(text(path)[depth++] as string, 16);
          wanted = items[nibble] as RlpItem;
          continue;
        }
        const part = text(items[0] as Uint8Array);
        const isLeaf = part[0] === '2' || part[0] === '3';
        const nibbles = part.slice(part[0] === '1' || part[0] === '3' ? 1 : 2);
        const isOn = text(path).slice(depth).startsWith(nibbles);
        depth += nibbles.length;
        wanted = isLeaf || !isOn ? new Uint8Array(0) : (items[1] as RlpItem);
      }
    }
    return verifyProof(root, path, proof, keccak_256);
  }

  account(address: Uint8Array): Uint8Array[] | undefined {
    const found = this.lookUp(this.root, address);
    return found === undefined ? undefined : (decodeRlp(found) as Uint8Array[]);
  }

  get({ space, owner, key }: Cell): Uint8Array | undefined {
    // A creation asks whether its code is stored already; a run without its code would differ.
    if (space === SPACES.code.number) return this.#codes.get(text(key));
    if (space === SPACES.exists.number) return undefined;
    const [nonce, balance, root, hash] = this.account(owner.slice(-20)) ?? [];
    if (nonce === undefined || balance === undefined || root === undefined) return undefined;
    if (space === SPACES.nonce.number) return word(nonce);
    if (space === SPACES.balance.number) return word(balance);
    if (space === SPACES.codeHash.number) return text(hash!) === text(NO_CODE) ? undefined : hash;
    const value = this.lookUp(root, key);
    return value === undefined ? undefined : word(decodeRlp(value) as Uint8Array);
  }

  put(cell: Cell, value: Uint8Array): void {
    this.changes.set(`${cell.space} ${text(cell.owner)} ${text(cell.key)}`, { cell, value });
  }

  delete(cell: Cell): void {
    this.put(cell, new Uint8Array(0));
  }

  /** Slots of what is destroyed go with the root of their trie. */
  scan(): ReturnType<Backend['scan']> {
    return [];
  }
}

function word(bytes: Uint8Array): Uint8Array {
  const result = new Uint8Array(32);
  result.set(bytes, 32 - bytes.length);
  return result;
}

/** The root after the changes, by nothing but the nodes of the witness. */
async function rootAfter(state: WitnessState): Promise<string> {
  const entries = [...state.nodes].map(([hash, node]) => [hash, text(node)] as const);
  const open = (root: Uint8Array): Promise<MerklePatriciaTrie> =>
    createMPT({ db: new MapDB(new Map(entries)), root, useKeyHashing: true });
  const trie = await open(state.root);
  const byOwner = new Map<string, { readonly cell: Cell; readonly value: Uint8Array }[]>();
  for (const change of state.changes.values()) {
    if (change.cell.space === SPACES.code.number) continue;
    const owner = text(change.cell.owner.slice(-20));
    byOwner.set(owner, [...(byOwner.get(owner) ?? []), change]);
  }
  for (const [owner, changes] of byOwner) {
    const address = hexToBytes(owner);
    const [nonce, balance, root = EMPTY_ROOT, hash = NO_CODE] = state.account(address) ?? [];
    const fields = { nonce: bytesToBigint(nonce ?? new Uint8Array(0)), balance: 0n, hash };
    fields.balance = bytesToBigint(balance ?? new Uint8Array(0));
    const isDestroyed = changes.some(
      ({ cell, value }) => cell.space === SPACES.codeHash.number && value.length === 0,
    );
    const storage = await open(isDestroyed ? EMPTY_ROOT : root);
    for (const { cell, value } of changes) {
      if (cell.space === SPACES.nonce.number) fields.nonce = bytesToBigint(value);
      if (cell.space === SPACES.balance.number) fields.balance = bytesToBigint(value);
      if (cell.space === SPACES.codeHash.number) fields.hash = value.length === 0 ? NO_CODE : value;
      if (cell.space !== SPACES.slot.number) continue;
      if (value.length > 0)
        await storage.put(cell.key, encodeRlp(rlpOfBigint(bytesToBigint(value))));
      else if (!isDestroyed) await storage.del(cell.key);
    }
    const isEmpty =
      fields.nonce === 0n && fields.balance === 0n && text(fields.hash) === text(NO_CODE);
    if (isEmpty) await trie.del(address);
    else {
      const numbers = [fields.nonce, fields.balance].map(rlpOfBigint);
      await trie.put(address, encodeRlp([...numbers, storage.root(), fields.hash]));
    }
  }
  return bytesToHex(trie.root());
}

/** Runs a block of a node from what its witness says and nothing else of the state. */
async function replay({ rpc, provider }: TestNode, number: number): Promise<Witness> {
  const node: Node = provider.node;
  const witness: Witness = await rpc('debug_executionWitness', `0x${number.toString(16)}`);
  const entry = node.require(BigInt(number));
  const parent = (decodeRlp(hexToBytes(witness.headers.at(-1) as string)) as Uint8Array[])[3];
  const state = new WitnessState(witness, parent as Uint8Array);
  const rules = node.rulesOf(entry);
  const { engine: _, ...options } = node.dev.state.worldOptions(rules);
  const world = new EvmWorld({ ...options, backend: state });
  const hashes = new Map(
    witness.headers
      .map((each) => hexToBytes(each))
      .map((header) => {
        const fields = decodeRlp(header) as Uint8Array[];
        return [bytesToBigint(fields[8] as Uint8Array), keccak_256(header)];
      }),
  );
  const execution = new BlockExecution(world, entry.block.header, {
    rules,
    ancestorHash: (wanted) => {
      const hash = hashes.get(wanted);
      if (hash === undefined) throw new Error(`the witness has no header ${wanted}`);
      return hash;
    },
    stateRoot: () => new Uint8Array(32),
  });
  execution.start();
  for (const [index, { transaction }] of entry.block.transactions.entries()) {
    execution.run(transaction, entry.senders[index] as Uint8Array);
  }
  execution.end([], entry.block.withdrawals);
  assert.equal(execution.gasUsed, entry.block.header.gasUsed);
  assert.equal(await rootAfter(state), bytesToHex(entry.block.header.stateRoot));
  return witness;
}

/** Stores the second word of its data in the slot of the first. */
const STORE = hexOf('PUSH 32 CALLDATALOAD PUSH0 CALLDATALOAD SSTORE STOP');

const pad = (value: number | bigint): string => value.toString(16).padStart(64, '0');

async function deploy({ rpc, accounts }: TestNode, runtime: string): Promise<string> {
  const hash = await rpc('eth_sendTransaction', { from: accounts[0], data: initCode(runtime) });
  return (await rpc('eth_getTransactionReceipt', hash)).contractAddress;
}

test('blocks of transfers, creations and calls run from their witnesses', async () => {
  const node = createTestNode();
  const { rpc, accounts } = node;
  const [from, to] = accounts;
  await rpc('eth_sendTransaction', { from, to, value: '0x5' });
  const store = await deploy(node, STORE);
  await rpc('eth_sendTransaction', { from, to: store, data: `0x${pad(1)}${pad(7)}` });
  await rpc('evm_mine');
  for (let number = 1; number <= 4; number++) await replay(node, number);
  const { codes, keys, headers, state } = await replay(node, 3);
  assert.ok(codes.includes(STORE));
  assert.ok(keys.includes(store) && keys.includes(`0x${pad(1)}`));
  assert.equal(headers.length, 1);
  assert.equal(new Set(state).size, state.length);
});

test('slots that come and go, many to a block, in an order that is drawn', async () => {
  for (const seed of [1, 2]) {
    const prng = createPrng(seed);
    const node = createTestNode();
    const { rpc, accounts } = node;
    const store = await deploy(node, STORE);
    for (let block = 0; block < 8; block++) {
      await rpc('evm_setAutomine', false);
      for (let count = prng.below(8); count >= 0; count--) {
        const data = `0x${pad(prng.below(12))}${pad(prng.below(2) * prng.below(1000))}`;
        await rpc('eth_sendTransaction', { from: accounts[0], to: store, data, gas: '0x30d40' });
      }
      await rpc('evm_setAutomine', true);
    }
    const last = Number(await rpc('eth_blockNumber'));
    assert.ok(last >= 9);
    for (let number = 1; number <= last; number++) await replay(node, number);
  }
});

test('accounts that are destroyed, with what they stored', async () => {
  const node = createTestNode({ hardfork: 'shanghai' });
  const { rpc, accounts } = node;
  const [from] = accounts;
  const code = hexOf(`CALLDATASIZE PUSH @gone JUMPI PUSH 3 PUSH 3 SSTORE PUSH 4 PUSH 4 SSTORE STOP
    gone: JUMPDEST PUSH 0xdead SELFDESTRUCT`);
  for (let count = 0; count < 3; count++) {
    const to = await deploy(node, code);
    await rpc('eth_sendTransaction', { from, to, value: '0x1' });
    await rpc('eth_sendTransaction', { from, to, data: '0x00' });
  }
  const last = Number(await rpc('eth_blockNumber'));
  assert.equal(last, 9);
  for (let number = 1; number <= last; number++) await replay(node, number);
});

test('headers go back to the oldest hash that was asked for', async () => {
  const node = createTestNode();
  const { rpc, accounts } = node;
  const to = await deploy(node, hexOf('PUSH 3 NUMBER SUB BLOCKHASH PUSH0 SSTORE STOP'));
  for (let count = 0; count < 4; count++) await rpc('evm_mine');
  await rpc('eth_sendTransaction', { from: accounts[0], to });
  const { headers } = await replay(node, 6);
  const numbers = headers.map((header) => {
    const fields = decodeRlp(hexToBytes(header)) as Uint8Array[];
    return Number(bytesToBigint(fields[8] as Uint8Array));
  });
  assert.deepEqual(numbers, [3, 4, 5]);
});

test('by hash it is the same; the genesis has none', async () => {
  const { rpc, fail } = createTestNode();
  await rpc('evm_mine');
  const { hash } = await rpc('eth_getBlockByNumber', '0x1', false);
  const one = await rpc('debug_executionWitness', '0x1');
  assert.deepEqual(await rpc('debug_executionWitnessByHash', hash), one);
  assert.equal((await fail('debug_executionWitness', '0x0')).code, -32000);
});

test('keys of the state and codes are found by their hashes', async () => {
  const node = createTestNode();
  const { rpc, accounts } = node;
  const store = await deploy(node, STORE);
  const data = `0x${pad(77)}${pad(1)}`;
  await rpc('eth_sendTransaction', { from: accounts[0], to: store, data });
  const hashOf = (bytes: string) => bytesToHex(keccak_256(hexToBytes(bytes)));
  for (const found of [accounts[3] as string, store, `0x${pad(77)}`, STORE]) {
    assert.equal(await rpc('debug_preimage', hashOf(found)), found);
  }
  assert.equal((await node.fail('debug_preimage', `0x${pad(1)}`)).message, 'unknown preimage');
});

test('a search among many keys lets others have their turn', async () => {
  const { rpc, fail, accounts } = createTestNode();
  const owners = Array.from({ length: 5000 }, (_, at) => `0x${pad(at + 1).slice(24)}`);
  await rpc('anvil_setBalance', owners, '0x1');
  const order: string[] = [];
  const search = fail('debug_preimage', `0x${pad(1)}`).then(() => order.push('search'));
  const send = { from: accounts[0], to: accounts[1], value: '0x1' };
  await Promise.all([search, rpc('eth_sendTransaction', send).then(() => order.push('block'))]);
  assert.deepEqual(order, ['block', 'search']);
});
