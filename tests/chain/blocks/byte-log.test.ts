/** Pieces that are kept as differences come back as they were. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ByteLog } from '../../../src/chain/blocks/byte-log.ts';
import { createPrng, type Prng } from '../../support/prng.ts';

/** Pieces of which each is like the one before it, more or less. */
function makePieces(prng: Prng, count: number): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  let piece = new Uint8Array(0);
  for (let index = 0; index < count; index++) {
    const length = prng.pick([
      piece.length,
      piece.length,
      prng.below(1500),
      0,
      1,
      4096,
      4097,
      9000,
    ]);
    const next = new Uint8Array(length);
    next.set(piece.subarray(0, length));
    for (let i = prng.below(40); i > 0 && length > 0; i--) {
      const from = prng.below(length);
      const to = Math.min(length, from + 1 + prng.below(40));
      for (let at = from; at < to; at++) next[at] = prng.below(256);
    }
    pieces.push(next);
    piece = next;
  }
  return pieces;
}

describe('a log of pieces', () => {
  for (const seed of [1, 2, 3, 4]) {
    it(`gives back what was added, in any order: seed ${seed}`, () => {
      const prng = createPrng(seed);
      const log = new ByteLog();
      const pieces: Uint8Array[] = [];
      for (let round = 0; round < 8; round++) {
        for (const piece of makePieces(prng, 100)) {
          const lent = piece.slice();
          log.push(lent);
          lent.fill(0xee);
          pieces.push(piece);
        }
        assert.equal(log.count, pieces.length);
        for (let i = 0; i < 50; i++) {
          const index = prng.below(pieces.length);
          assert.deepEqual(log.get(index), pieces[index], `piece ${index}`);
        }
        for (const [index, piece] of pieces.entries()) assert.deepEqual(log.get(index), piece);
        const first = prng.below(pieces.length);
        const end = first + prng.below(pieces.length - first + 1);
        assert.deepEqual([...log.backwards(first, end)], pieces.slice(first, end).reverse());
        const left = prng.below(pieces.length);
        const seen = log.get(left);
        log.truncate(left);
        assert.deepEqual(seen, pieces[left], 'who looks at a piece keeps it');
        pieces.length = left;
        assert.equal(log.get(left), undefined);
      }
    });
  }

  it('drops what is before a piece, in whole buffers', () => {
    const log = new ByteLog();
    const pieces = makePieces(createPrng(5), 2000);
    for (const piece of pieces) log.push(piece);
    log.drop(1500);
    assert.equal(log.get(0), undefined);
    for (let at = 1500; at < 2000; at++) assert.deepEqual(log.get(at), pieces[at]);
    assert.equal([...log.backwards(0, 2000)].length, 2000);
  });

  it('keeps of alike pieces what is not alike', () => {
    const log = new ByteLog();
    for (let index = 0; index < 4000; index++) {
      const piece = new Uint8Array(1000).fill(7);
      new DataView(piece.buffer).setUint32(500, index);
      log.push(piece);
    }
    assert.deepEqual(log.get(3999)?.subarray(500, 504), Uint8Array.of(0, 0, 0x0f, 0x9f));
    assert.ok(log.size < 4000 * 100, `${log.size} bytes`);
  });
});
