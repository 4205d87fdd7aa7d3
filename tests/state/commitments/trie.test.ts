/** The trie: official vectors, @ethereumjs/mpt as an oracle, marks, and proofs that do not hold. */
import assert from 'node:assert/strict';
import test from 'node:test';
import {
  createMerkleProof,
  createMPT,
  type MerklePatriciaTrie,
  verifyMerkleProof,
} from '@ethereumjs/mpt';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { bytesToHex, equalBytes, hexToBytes } from '../../../src/base/bytes.ts';
import { LockstepError } from '../../../src/base/errors.ts';
import { encodeRlp, type RlpItem, rlpOfBigint } from '../../../src/base/rlp.ts';
import { createTrie, indexedRoot, type Trie, verifyProof } from '../../../src/state/index.ts';
import { NO_CORPORA, readBundle } from '../../support/corpora.ts';
import { createPrng, type Prng } from '../../support/prng.ts';

/** Known from the Yellow Paper: the hash of the encoding of the empty string. */
const EMPTY_ROOT = '0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421';

function isRefused(error: unknown): boolean {
  return error instanceof LockstepError && error.code === 'L1301';
}

interface TrieCase {
  readonly in: Record<string, string> | [string, string | null][];
  readonly root: string;
}

function textToBytes(text: string): Uint8Array {
  return text.startsWith('0x') ? hexToBytes(text) : new TextEncoder().encode(text);
}

const official = readBundle('evm-ethereum-tests/cases/TrieTests.jsonl.gz');

test('official vectors', { skip: official === undefined && NO_CORPORA }, (context) => {
  let count = 0;
  for (const { path, tests } of (official ?? []) as { path: string; tests?: object }[]) {
    const hashesKeys = /secure/i.test(path);
    for (const [name, { in: puts, root }] of Object.entries<TrieCase>({ ...tests })) {
      const trie = createTrie({ keccak256: keccak_256, hashesKeys });
      for (const [key, value] of Array.isArray(puts) ? puts : Object.entries(puts)) {
        if (value === null) trie.delete(textToBytes(key));
        else trie.put(textToBytes(key), textToBytes(value));
      }
      assert.equal(bytesToHex(trie.root()), root, `${path} ${name}`);
      count++;
    }
  }
  assert.ok(count >= 13, `only ${count} cases`);
  context.diagnostic(`${count} cases`);
});

/** Keys that meet often: some begin another, others share long beginnings. */
function randomKey(prng: Prng, kind: number): Uint8Array {
  if (kind === 0) return prng.bytes(prng.below(4)).map((byte) => byte & 0x11);
  if (kind === 1) return prng.bytes(2);
  const key = new Uint8Array(32);
  key[prng.pick([0, 1, 15, 30, 31])] = prng.pick([0, 1, 16, 17, 255]);
  key[31] = (key[31] ?? 0) ^ prng.below(4);
  return key;
}

function randomValue(prng: Prng): Uint8Array {
  const value = prng.bytes(prng.pick([1, 1, 2, 8, 20, 31, 32, 33, 60, 300]));
  value[0] = prng.pick([0, 1, 127, 128, 255]);
  return value;
}

/** Nodes that are nodes of their own; the oracle lists those inside another too. */
function ownNodes(proof: readonly Uint8Array[]): string[] {
  return proof.filter((node, index) => index === 0 || node.length >= 32).map(bytesToHex);
}

type Content = Map<string, Uint8Array>;

/** The oracle with a content, given in the order of first insertion. */
async function oracleOf(content: Content): Promise<MerklePatriciaTrie> {
  const oracle = await createMPT();
  for (const [key, value] of content) await oracle.put(hexToBytes(key), value);
  return oracle;
}

/** Random changes, their content, and a trie that went through them. */
function changeRandomly(prng: Prng, kind: number, trie: Trie, content: Content): void {
  const key = randomKey(prng, kind);
  if (prng.below(3) === 0) {
    trie.delete(key);
    content.delete(bytesToHex(key));
  } else {
    const value = randomValue(prng);
    trie.put(key, value);
    content.set(bytesToHex(key), value);
  }
}

// The oracle is filled anew each time: its own deletions go wrong where one key begins another.
for (const kind of [0, 1, 2]) {
  test(`random changes and proofs agree with the oracle, keys of kind ${kind}`, async () => {
    for (let seed = 1; seed <= 12; seed++) {
      const prng = createPrng(seed * 3 + kind);
      const trie = createTrie({ keccak256: keccak_256 });
      const content: Content = new Map();
      for (let i = 0; i < 120; i++) {
        changeRandomly(prng, kind, trie, content);
        if (i % 12 !== 0) continue;
        const oracle = await oracleOf(content);
        assert.equal(bytesToHex(trie.root()), bytesToHex(oracle.root()), `seed ${seed}, ${i}`);
      }
      const oracle = await oracleOf(content);
      const root = trie.root();
      assert.equal(bytesToHex(root), bytesToHex(oracle.root()), `seed ${seed}`);
      for (let i = 0; i < 20; i++) {
        const key = randomKey(prng, kind);
        const value = trie.get(key);
        assert.deepEqual(value, content.get(bytesToHex(key)), `seed ${seed}`);
        const proof = trie.prove(key);
        assert.deepEqual(verifyProof(root, key, proof, keccak_256), value);
        assert.deepEqual(proof.map(bytesToHex), ownNodes(await createMerkleProof(oracle, key)));
        assert.deepEqual((await verifyMerkleProof(key, proof, { root })) ?? undefined, value);
      }
    }
  });
}

test('deletions of hashed keys agree with those of the oracle', async () => {
  const prng = createPrng(5);
  const trie = createTrie({ keccak256: keccak_256, hashesKeys: true });
  const oracle = await createMPT({ useKeyHashing: true });
  const keys = Array.from({ length: 60 }, () => prng.bytes(20));
  for (let i = 0; i < 600; i++) {
    const key = prng.pick(keys);
    const value = prng.below(2) === 0 ? new Uint8Array(0) : randomValue(prng);
    trie.put(key, value);
    await oracle.put(key, value);
    assert.equal(bytesToHex(trie.root()), bytesToHex(oracle.root()), `${i}`);
  }
});

test('marks go back to earlier contents, whose roots are those of tries built anew', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const prng = createPrng(seed);
    const trie = createTrie({ keccak256: keccak_256 });
    let model: Content = new Map();
    const kept = [{ mark: trie.snapshot(), model: new Map(model) }];
    for (let i = 0; i < 200; i++) {
      const choice = prng.below(12);
      if (choice < 9) {
        changeRandomly(prng, prng.below(3), trie, model);
      } else if (choice < 10) {
        kept.push({ mark: trie.snapshot(), model: new Map(model) });
      } else if (choice < 11) {
        const back = prng.pick(kept);
        trie.restore(back.mark);
        model = new Map(back.model);
      } else {
        assert.deepEqual(trie.root(), trieOf(model).root(), `seed ${seed}, ${i}`);
      }
    }
    for (const { mark, model: content } of kept) {
      trie.restore(mark);
      assert.deepEqual(trie.root(), trieOf(content).root(), `seed ${seed}`);
    }
  }
});

function trieOf(content: ReadonlyMap<string, Uint8Array>): Trie {
  const trie = createTrie({ keccak256: keccak_256 });
  for (const [key, value] of [...content].reverse()) trie.put(hexToBytes(key), value);
  return trie;
}

test('what is emptied is an empty trie, and no bytes delete', () => {
  const trie = createTrie({ keccak256: keccak_256 });
  assert.equal(bytesToHex(trie.root()), EMPTY_ROOT);
  assert.deepEqual(trie.prove(Uint8Array.of(1)), []);
  assert.equal(verifyProof(trie.root(), Uint8Array.of(1), [], keccak_256), undefined);
  const emptyNode = [Uint8Array.of(0x80)];
  assert.equal(verifyProof(trie.root(), Uint8Array.of(1), emptyNode, keccak_256), undefined);
  trie.put(Uint8Array.of(1), Uint8Array.of(1));
  trie.put(Uint8Array.of(), Uint8Array.of(2));
  trie.put(Uint8Array.of(1, 2), Uint8Array.of(3));
  assert.notEqual(bytesToHex(trie.root()), EMPTY_ROOT);
  trie.put(Uint8Array.of(1), new Uint8Array(0));
  trie.put(Uint8Array.of(9), new Uint8Array(0));
  trie.delete(Uint8Array.of(1, 2));
  assert.deepEqual(trie.get(Uint8Array.of()), Uint8Array.of(2));
  trie.delete(Uint8Array.of());
  assert.equal(bytesToHex(trie.root()), EMPTY_ROOT);
});

test('hashing waits for the root, and is done once', () => {
  let hashes = 0;
  const keccak256 = (bytes: Uint8Array) => {
    hashes++;
    return keccak_256(bytes);
  };
  const trie = createTrie({ keccak256 });
  const prng = createPrng(7);
  const keys = Array.from({ length: 500 }, () => prng.bytes(32));
  for (const key of keys) trie.put(key, prng.bytes(40));
  hashes = 0;
  trie.root();
  assert.ok(hashes > 500 && hashes < 900, `${hashes} hashes of 500 keys`);
  hashes = 0;
  trie.root();
  assert.equal(hashes, 0);
  for (let i = 0; i < 100; i++) trie.put(keys[0] ?? new Uint8Array(0), prng.bytes(40));
  assert.equal(hashes, 0);
  trie.root();
  assert.ok(hashes > 2 && hashes < 8, `${hashes} hashes after changes of one key`);
  const value = trie.get(keys[1] ?? new Uint8Array(0)) ?? new Uint8Array(0);
  hashes = 0;
  trie.put(keys[1] ?? new Uint8Array(0), value.slice());
  trie.delete(prng.bytes(32));
  trie.root();
  assert.equal(hashes, 0, 'a change that changes nothing was hashed');
});

test('a proof that was tampered with is refused', () => {
  const prng = createPrng(3);
  const trie = createTrie({ keccak256: keccak_256, hashesKeys: true });
  const keys = Array.from({ length: 100 }, () => prng.bytes(20));
  for (const key of keys) trie.put(key, prng.bytes(30));
  const root = trie.root();
  const key = keys[0] ?? new Uint8Array(0);
  const path = keccak_256(key);
  const proof = trie.prove(key);
  const check = (nodes: readonly Uint8Array[], at = root) =>
    verifyProof(at, path, nodes, keccak_256);
  assert.deepEqual(check(proof), trie.get(key));
  for (let i = 0; i < 200; i++) {
    const index = prng.below(proof.length);
    const node = (proof[index] ?? root).slice();
    const at = prng.below(node.length);
    node[at] = (node[at] ?? 0) ^ (1 << prng.below(8));
    assert.throws(() => check(proof.with(index, node)), isRefused);
  }
  assert.throws(() => check([]), isRefused);
  assert.throws(() => check(proof.slice(1)), isRefused);
  assert.throws(() => check(proof.slice(0, -1)), isRefused);
  assert.throws(() => check([...proof, proof[0] ?? root]), isRefused);
  assert.throws(() => check(proof.toReversed()), isRefused);
  assert.throws(
    () =>
      check(
        proof,
        root.map((byte) => byte ^ 1),
      ),
    isRefused,
  );
  const other = keccak_256(keys[1] ?? root);
  assert.throws(() => verifyProof(root, other, proof, keccak_256), isRefused);
});

test('a node that is none is refused even under its hash', () => {
  const key = hexToBytes('1234');
  const long = new Uint8Array(40).fill(7);
  const bad: readonly (readonly [RlpItem | string, RegExp])[] = [
    [long, /a string/],
    [[long], /1 items/],
    [[long, long, long], /3 items/],
    [Array.from({ length: 18 }, () => long), /18 items/],
    [[[], long], /path is no string/],
    [[Uint8Array.of(), long], /path is no string/],
    [[hexToBytes('401234'), long], /begins with the byte 64/],
    [[hexToBytes('211234'), long], /begins with the byte 33/],
    [[hexToBytes('00'), new Uint8Array(32)], /path is empty/],
    [[hexToBytes('201234'), [long]], /value is a list/],
    [[hexToBytes('0012'), long], /named by 40 bytes/],
    [[hexToBytes('0012'), [long]], /1 items/],
    ['f83cff', /malformed/],
  ];
  for (const [item, problem] of bad) {
    const node = typeof item === 'string' ? hexToBytes(item) : encodeRlp(item);
    assert.throws(
      () => verifyProof(keccak_256(node), key, [node], keccak_256),
      (error) => isRefused(error) && problem.test(String(error)),
      bytesToHex(node),
    );
  }
  const leaf = encodeRlp([hexToBytes('201234'), long]);
  assert.deepEqual(verifyProof(keccak_256(leaf), key, [leaf], keccak_256), long);
});

test('the root of a list is that of a trie by index', async () => {
  assert.equal(bytesToHex(indexedRoot([], keccak_256)), EMPTY_ROOT);
  const prng = createPrng(11);
  for (const length of [1, 2, 3, 16, 17, 127, 128, 129, 130, 255, 256, 257, 400]) {
    const items = Array.from({ length }, () => prng.bytes(prng.pick([1, 5, 31, 120, 700])));
    const oracle = await createMPT();
    for (const [index, item] of items.entries()) {
      await oracle.put(encodeRlp(rlpOfBigint(BigInt(index))), item);
    }
    assert.ok(equalBytes(indexedRoot(items, keccak_256), oracle.root()), `${length} items`);
  }
});
