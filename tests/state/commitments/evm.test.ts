/** The commitment of the EVM's state: against tries built anew, over marks, and its proofs. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { createMPT } from '@ethereumjs/mpt';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { bytesToHex, hexToBytes } from '../../../src/base/bytes.ts';
import { LockstepError } from '../../../src/base/errors.ts';
import { encodeRlp, rlpOfBigint } from '../../../src/base/rlp.ts';
import { bigintToBytes32, bytesToBigint } from '../../../src/base/u256.ts';
import {
  type Backend,
  createEvmCommitment,
  createEvmView,
  createMemoryBackend,
  createPending,
  createTrie,
  type EvmAccountProof,
  type EvmCommitment,
  isPending,
  resolvePending,
  type SnapshotBackend,
  SPACES,
  verifyAccountProof,
  withCommitment,
} from '../../../src/state/index.ts';
import { findCorpora, NO_CORPORA } from '../../support/corpora.ts';
import { createPrng, type Prng } from '../../support/prng.ts';

const EMPTY_ROOT = '0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421';
const NO_CODE = hexToBytes('c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470');
const ZERO_WORD = new Uint8Array(32);

const ADDRESSES = Array.from({ length: 12 }, (_, index) => keccak_256(Uint8Array.of(index, 1)))
  .map((hash) => hash.subarray(12))
  .concat(new Uint8Array(20), new Uint8Array(20).fill(255));

interface World {
  readonly commitment: EvmCommitment;
  readonly backend: SnapshotBackend;
}

function createWorld(): World {
  const commitment = createEvmCommitment({ keccak256: keccak_256 });
  return { commitment, backend: withCommitment(createMemoryBackend(), commitment) };
}

function rootOf({ commitment, backend }: World): string {
  const root = commitment.root(backend);
  assert.ok(!isPending(root));
  return bytesToHex(root);
}

type FieldSpace = 'balance' | 'nonce' | 'codeHash' | 'exists';

function setField(backend: Backend, space: FieldSpace, owner: Uint8Array, value: bigint): void {
  const cell = { space: SPACES[space].number, owner, key: ZERO_WORD };
  if (value === 0n) backend.delete(cell);
  else backend.put(cell, bigintToBytes32(value));
}

function setSlot(backend: Backend, owner: Uint8Array, slot: bigint, value: bigint): void {
  const cell = { space: SPACES.slot.number, owner, key: bigintToBytes32(slot) };
  if (value === 0n) backend.delete(cell);
  else backend.put(cell, bigintToBytes32(value));
}

/** Accounts with their slots, as the backend has them. */
function accountsOf(backend: Backend) {
  const field = (space: FieldSpace, owner: Uint8Array) => {
    const value = backend.get({ space: SPACES[space].number, owner, key: ZERO_WORD });
    assert.ok(!isPending(value));
    return value ?? ZERO_WORD;
  };
  return ADDRESSES.flatMap((address) => {
    const nonce = bytesToBigint(field('nonce', address));
    const balance = bytesToBigint(field('balance', address));
    const code = field('codeHash', address);
    const hasCode = bytesToBigint(code) !== 0n;
    const isThere = nonce > 0n || balance > 0n || hasCode;
    if (!isThere && bytesToBigint(field('exists', address)) === 0n) return [];
    const entries = backend.scan({ space: SPACES.slot.number, owner: address });
    assert.ok(!isPending(entries));
    const slots = [...entries].map(({ cell, value }) => ({ key: cell.key, value }));
    return [{ address, nonce, balance, codeHash: hasCode ? code : NO_CODE, slots }];
  });
}

interface PlainTrie {
  put(key: Uint8Array, value: Uint8Array): unknown;
  root(): Uint8Array;
}

/** The root of tries that are filled anew. */
async function rebuiltRoot(
  backend: Backend,
  createEmpty: () => PlainTrie | Promise<PlainTrie>,
): Promise<string> {
  const accounts = await createEmpty();
  for (const { address, nonce, balance, codeHash, slots } of accountsOf(backend)) {
    const storage = await createEmpty();
    for (const { key, value } of slots) {
      await storage.put(key, encodeRlp(rlpOfBigint(bytesToBigint(value))));
    }
    const fields = [rlpOfBigint(nonce), rlpOfBigint(balance), storage.root(), codeHash];
    await accounts.put(address, encodeRlp(fields));
  }
  return bytesToHex(accounts.root());
}

const ownTrie = () => createTrie({ keccak256: keccak_256, hashesKeys: true });
const oracleTrie = () => createMPT({ useKeyHashing: true });

function changeRandomly(backend: Backend, prng: Prng): void {
  const owner = prng.pick(ADDRESSES);
  const value = prng.pick([0n, 0n, 1n, 127n, 128n, prng.bigint(64), prng.bigint(256)]);
  const choice = prng.below(10);
  if (choice === 0) setField(backend, 'nonce', owner, BigInt.asUintN(64, value));
  else if (choice < 3) setField(backend, 'balance', owner, value);
  // A hash may begin with zeros.
  else if (choice === 3) setField(backend, 'codeHash', owner, prng.pick([0n, 0n, 77n, value]));
  else if (choice === 4) setField(backend, 'exists', owner, BigInt(prng.below(2)));
  else if (choice > 5) setSlot(backend, owner, BigInt(prng.below(6)), value);
  else if (prng.below(3) === 0) {
    createEvmView({ backend, keccak256: keccak_256 }).deleteAccount(owner);
  }
}

test('roots after random changes, marks and ways back are those of tries filled anew', async () => {
  for (let seed = 1; seed <= 25; seed++) {
    const prng = createPrng(seed);
    const world = createWorld();
    const kept = [world.backend.snapshot()];
    for (let i = 0; i < 200; i++) {
      const choice = prng.below(40);
      if (choice === 0) kept.push(world.backend.snapshot());
      else if (choice === 1) world.backend.restore(prng.pick(kept));
      else if (choice < 5) {
        const expected = await rebuiltRoot(world.backend, ownTrie);
        assert.equal(rootOf(world), expected, `seed ${seed}, ${i}`);
      } else changeRandomly(world.backend, prng);
    }
    const root = rootOf(world);
    assert.equal(root, await rebuiltRoot(world.backend, oracleTrie), `seed ${seed}`);
    const other = createEvmCommitment({ keccak256: keccak_256 });
    assert.equal(other.rebuild(world.backend), undefined);
    assert.equal(rootOf({ ...world, commitment: other }), root, `seed ${seed}`);
    for (const snapshot of kept) {
      world.backend.restore(snapshot);
      assert.equal(rootOf(world), await rebuiltRoot(world.backend, ownTrie), `seed ${seed}`);
    }
  }
});

test('a mark that is restored twice has its noted changes twice', async () => {
  const world = createWorld();
  const [first, second] = ADDRESSES as [Uint8Array, Uint8Array];
  setField(world.backend, 'balance', first, 1n);
  const mark = world.backend.snapshot();
  setField(world.backend, 'balance', first, 2n);
  const inner = world.backend.snapshot();
  setField(world.backend, 'balance', second, 3n);
  rootOf(world);
  for (const snapshot of [mark, inner, mark, inner]) {
    world.backend.restore(snapshot);
    assert.equal(rootOf(world), await rebuiltRoot(world.backend, ownTrie));
    world.backend.restore(snapshot);
    setField(world.backend, 'nonce', second, 9n);
    assert.equal(rootOf(world), await rebuiltRoot(world.backend, ownTrie));
  }
  assert.throws(() => createWorld().backend.restore(mark), /BUG: a snapshot was restored/);
});

test('an account is in the trie where it has something or is said to exist', () => {
  const world = createWorld();
  const { backend } = world;
  const [address] = ADDRESSES as [Uint8Array];
  assert.equal(rootOf(world), EMPTY_ROOT);
  setSlot(backend, address, 1n, 5n);
  assert.equal(rootOf(world), EMPTY_ROOT, 'slots of nobody');
  setField(backend, 'exists', address, 1n);
  const withSlot = rootOf(world);
  setSlot(backend, address, 1n, 0n);
  const bare = rootOf(world);
  const expected = ownTrie();
  const none = new Uint8Array(0);
  expected.put(address, encodeRlp([none, none, hexToBytes(EMPTY_ROOT), NO_CODE]));
  assert.equal(bare, bytesToHex(expected.root()));
  assert.notEqual(withSlot, bare);
  setField(backend, 'balance', address, 5n);
  assert.notEqual(rootOf(world), bare);
  setField(backend, 'balance', address, 0n);
  assert.equal(rootOf(world), bare, 'it exists still');
  setField(backend, 'exists', address, 0n);
  assert.equal(rootOf(world), EMPTY_ROOT);
});

test('an account that comes back has none of its old slots', async () => {
  const world = createWorld();
  const { backend } = world;
  const [address] = ADDRESSES as [Uint8Array];
  setField(backend, 'balance', address, 1n);
  const fresh = rootOf(world);
  for (let slot = 0n; slot < 20n; slot++) setSlot(backend, address, slot, slot + 1n);
  rootOf(world);
  createEvmView({ backend, keccak256: keccak_256 }).deleteAccount(address);
  setField(backend, 'balance', address, 1n);
  assert.equal(rootOf(world), fresh, 'within a block');
  setSlot(backend, address, 3n, 7n);
  rootOf(world);
  createEvmView({ backend, keccak256: keccak_256 }).deleteAccount(address);
  assert.equal(rootOf(world), EMPTY_ROOT);
  setField(backend, 'balance', address, 1n);
  assert.equal(rootOf(world), fresh, 'in a later block');
  // Slots that stay while their account is gone are its slots again.
  setSlot(backend, address, 3n, 7n);
  const stored = rootOf(world);
  setField(backend, 'balance', address, 0n);
  assert.equal(rootOf(world), EMPTY_ROOT);
  setSlot(backend, address, 4n, 8n);
  setField(backend, 'balance', address, 1n);
  assert.equal(rootOf(world), await rebuiltRoot(backend, ownTrie));
  setSlot(backend, address, 4n, 0n);
  assert.equal(rootOf(world), stored);
});

test('what is not of the EVM is in no root, and owners of every length are', () => {
  const world = createWorld();
  const { backend } = world;
  const word = bigintToBytes32(5n);
  const foreign = new Uint8Array(32).fill(1);
  for (const { number: space } of [SPACES.slot, SPACES.balance, SPACES.nonce, SPACES.exists]) {
    backend.put({ space, owner: foreign, key: ZERO_WORD }, word);
  }
  const [address] = ADDRESSES as [Uint8Array];
  backend.put({ space: SPACES.balance.number, owner: address, key: word }, word);
  backend.put({ space: SPACES.balance.number, owner: address, key: new Uint8Array(4) }, word);
  backend.put({ space: SPACES.code.number, owner: ZERO_WORD, key: word }, word);
  backend.put({ space: 4000, owner: address, key: ZERO_WORD }, word);
  assert.equal(rootOf(world), EMPTY_ROOT);
  const owner = Uint8Array.of(1);
  setField(backend, 'balance', owner, 9n);
  const root = rootOf(world);
  const padded = new Uint8Array(32);
  padded[31] = 1;
  setField(backend, 'balance', padded, 0n);
  assert.equal(rootOf(world), EMPTY_ROOT);
  setField(backend, 'balance', padded.subarray(12), 9n);
  assert.equal(rootOf(world), root);
});

test('arrays that are changed after they were handed over do no harm', () => {
  const world = createWorld();
  const owner = new Uint8Array(20).fill(7);
  const key = bigintToBytes32(1n);
  const value = bigintToBytes32(2n);
  world.backend.put({ space: SPACES.balance.number, owner, key: ZERO_WORD }, value);
  world.backend.put({ space: SPACES.slot.number, owner, key }, value);
  const other = createWorld();
  setField(other.backend, 'balance', owner.slice(), 2n);
  setSlot(other.backend, owner.slice(), 1n, 2n);
  const expected = rootOf(other);
  for (const bytes of [owner, key, value]) bytes.fill(9);
  assert.equal(rootOf(world), expected);
});

/** Answers each question late, once. */
function lateBackend(backend: Backend): Backend {
  const asked = new Set<string>();
  const isFirst = (question: string) => asked.size < asked.add(question).size;
  return {
    ...backend,
    get(cell) {
      const question = `${cell.space} ${bytesToHex(cell.owner)} ${bytesToHex(cell.key)}`;
      return isFirst(question) ? createPending(Promise.resolve()) : backend.get(cell);
    },
    scan(range) {
      const question = `${range.space} ${bytesToHex(range.owner ?? new Uint8Array(0))}`;
      return isFirst(question) ? createPending(Promise.resolve()) : backend.scan(range);
    },
  };
}

test('a backend that answers late gives the same roots', async () => {
  for (let seed = 1; seed <= 10; seed++) {
    const prng = createPrng(seed);
    const world = createWorld();
    for (let i = 0; i < 60; i++) changeRandomly(world.backend, prng);
    const late = createEvmCommitment({ keccak256: keccak_256 });
    const backend = lateBackend(world.backend);
    assert.ok(isPending(late.rebuild(backend)));
    await resolvePending(() => late.rebuild(backend));
    const root = await resolvePending(() => late.root(backend));
    assert.equal(bytesToHex(root), rootOf(world), `seed ${seed}`);
  }
});

function refusalOf(run: () => void): string {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof LockstepError, String(error));
    return error.code;
  }
  return 'none';
}

test('proofs of accounts and slots hold, and tampered ones do not', () => {
  const prng = createPrng(1);
  const world = createWorld();
  for (let i = 0; i < 300; i++) changeRandomly(world.backend, prng);
  const root = hexToBytes(rootOf(world));
  const check = (proof: EvmAccountProof) =>
    refusalOf(() => verifyAccountProof(root, proof, keccak_256));
  const slots = [0n, 1n, 2n, 3n, 4n, 5n, 99n];
  const found = new Map(accountsOf(world.backend).map((each) => [bytesToHex(each.address), each]));
  assert.ok(found.size > 3 && found.size < ADDRESSES.length);
  for (const address of ADDRESSES) {
    const proof = world.commitment.getProof(address, slots);
    const account = found.get(bytesToHex(address));
    assert.equal(check(proof), 'none');
    assert.equal(proof.balance, account?.balance ?? 0n);
    assert.equal(proof.nonce, account?.nonce ?? 0n);
    assert.deepEqual(proof.codeHash, account?.codeHash ?? ZERO_WORD);
    for (const { key, value } of proof.storageProof) {
      const slot = account?.slots.find((each) => bytesToBigint(each.key) === key);
      assert.equal(value, slot === undefined ? 0n : bytesToBigint(slot.value));
    }
    const [one] = proof.storageProof as [EvmAccountProof['storageProof'][number]];
    const lie = { ...one, value: one.value + 1n };
    const inventory: readonly [string, EvmAccountProof][] = [
      ['L1302', { ...proof, balance: proof.balance + 1n }],
      ['L1302', { ...proof, nonce: proof.nonce ^ 1n }],
      ['L1302', { ...proof, codeHash: keccak_256(address) }],
      ['L1302', { ...proof, storageHash: keccak_256(address) }],
      ['L1302', { ...proof, storageProof: [lie] }],
      ['L1301', { ...proof, accountProof: proof.accountProof.slice(1) }],
    ];
    for (const [code, each] of inventory) assert.equal(check(each), code);
  }
});

test('an absent account may have the hashes of nothing or zeros', () => {
  const world = createWorld();
  const [address, other] = ADDRESSES as [Uint8Array, Uint8Array];
  setField(world.backend, 'balance', other, 1n);
  const root = hexToBytes(rootOf(world));
  const proof = world.commitment.getProof(address, [1n]);
  assert.deepEqual(proof.codeHash, ZERO_WORD);
  assert.deepEqual(proof.storageProof, [{ key: 1n, value: 0n, proof: [] }]);
  const check = (each: EvmAccountProof) =>
    refusalOf(() => verifyAccountProof(root, each, keccak_256));
  const named = { ...proof, codeHash: NO_CODE, storageHash: hexToBytes(EMPTY_ROOT) };
  assert.equal(check(named), 'none');
  const slot = { key: 1n, value: 0n, proof: [root] };
  assert.equal(check({ ...named, storageProof: [slot] }), 'L1302');
});

const examples = join(findCorpora() ?? '', 'eth-rpc/cases/tests/eth_getProof');

/** The result of an `eth_getProof`. */
interface RpcProof {
  readonly address: string;
  readonly accountProof: readonly string[];
  readonly balance: string;
  readonly nonce: string;
  readonly codeHash: string;
  readonly storageHash: string;
  readonly storageProof: readonly { key: string; value: string; proof: readonly string[] }[];
}

test('proofs of a node hold', { skip: !existsSync(examples) && NO_CORPORA }, () => {
  const files = readdirSync(examples).filter((name) => name.endsWith('.io'));
  assert.ok(files.length >= 3);
  for (const file of files) {
    const text = readFileSync(join(examples, file), 'utf8');
    const answer = text.split('\n').find((line) => line.startsWith('<< ')) ?? '';
    const { result }: { result: RpcProof } = JSON.parse(answer.slice(3));
    const proof: EvmAccountProof = {
      address: hexToBytes(result.address),
      accountProof: result.accountProof.map((node) => hexToBytes(node)),
      balance: BigInt(result.balance),
      nonce: BigInt(result.nonce),
      codeHash: hexToBytes(result.codeHash),
      storageHash: hexToBytes(result.storageHash),
      storageProof: result.storageProof.map(({ key, value, proof: nodes }) => ({
        key: BigInt(key),
        value: BigInt(value),
        proof: nodes.map((node) => hexToBytes(node)),
      })),
    };
    const root = keccak_256(proof.accountProof[0] ?? new Uint8Array(0));
    const check = (each: EvmAccountProof) =>
      refusalOf(() => verifyAccountProof(root, each, keccak_256));
    assert.equal(check(proof), 'none', file);
    assert.equal(check({ ...proof, balance: proof.balance + 1n }), 'L1302', file);
  }
});
