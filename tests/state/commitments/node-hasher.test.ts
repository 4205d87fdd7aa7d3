/** Encodings of branches that are kept: roots are those of a hasher that keeps none. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { hexToBytes } from '../../../src/base/bytes.ts';
import { toChars } from '../../../src/state/cells.ts';
import { NodeHasher } from '../../../src/state/commitments/node-hasher.ts';
import { leafNode, NO_EDITION, type TrieNode } from '../../../src/state/commitments/nodes.ts';
import { buildTrie, insertLeaf, removeKey } from '../../../src/state/commitments/update.ts';
import { createPrng } from '../../support/prng.ts';

/** A trie with what it holds, by the key as text. */
interface Version {
  readonly root: TrieNode | undefined;
  readonly values: ReadonlyMap<string, Uint8Array>;
}

const charsOf = (hex: string) => toChars(hexToBytes(hex));

/** The root of a trie that is made of the values at once, by a hasher of its own. */
function rootOfValues(values: Version['values']): Uint8Array {
  const leaves = [...values]
    .map(([key, value]) => leafNode(charsOf(key), value))
    .sort((a, b) => (a.key < b.key ? -1 : 1));
  return new NodeHasher(keccak_256).rootOf(buildTrie(leaves));
}

for (const [keptMax, edits] of [
  [1, false],
  [3, true],
  [16, false],
  [4096, true],
] as const) {
  const how = edits ? 'in place' : 'by copies';
  test(`roots with ${keptMax} kept encodings, over changes ${how} and ways back`, () => {
    const prng = createPrng(keptMax);
    const hasher = new NodeHasher(keccak_256, { keptMax });
    let version: Version = { root: undefined, values: new Map() };
    const versions = [version];
    for (let round = 0; round < 200; round++) {
      // An earlier version goes on, whose branches may have given their encodings away.
      if (prng.below(8) === 0) version = versions[prng.below(versions.length)] ?? version;
      const values = new Map(version.values);
      let { root } = version;
      const edition = edits ? round + 1 : NO_EDITION;
      for (let change = prng.below(12); change >= 0; change--) {
        const key = prng.bytes(2);
        const text = Buffer.from(key).toString('hex');
        const known = [...values.keys()];
        if (prng.below(3) === 0 && known.length > 0) {
          const gone = known[prng.below(known.length)] ?? text;
          values.delete(gone);
          root = removeKey(root, charsOf(gone), edition);
          continue;
        }
        // Short values stand in their parents as they are, long ones by their hash.
        const value = prng.bytes(prng.below(3) === 0 ? 1 : 40);
        values.set(text, value);
        root = insertLeaf(root, leafNode(charsOf(text), value), edition);
      }
      version = { root, values };
      versions.push(version);
      if (prng.below(2) === 0) continue;
      assert.deepEqual(hasher.rootOf(root), rootOfValues(values), `round ${round}`);
    }
    for (const { root, values } of versions) {
      assert.deepEqual(hasher.rootOf(root), rootOfValues(values));
    }
  });
}
