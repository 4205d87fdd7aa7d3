/** What a server writes, in one turn of the event loop. */
import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { holdForTurn } from '../../src/node/server/turn.ts';

/** So many streams that were held, and written to twice; and how much of it went out. */
function writeHeld(count: number): () => number {
  let written = 0;
  for (let index = 0; index < count; index++) {
    const stream = new Writable({
      write(_chunk, _encoding, done) {
        written++;
        done();
      },
    });
    holdForTurn(stream);
    stream.write('a');
    holdForTurn(stream);
    stream.write('b');
  }
  return () => written;
}

test('what is written goes out at the end of the turn', async () => {
  for (let turn = 0; turn < 3; turn++) {
    const written = writeHeld(10);
    assert.equal(written(), 0);
    await setImmediate();
    assert.equal(written(), 20);
  }
});

test('of many that are held the first ones do not wait for all', async () => {
  const written = writeHeld(100);
  const before = written();
  assert.ok(before > 0 && before < 200, `${before} of 200`);
  await setImmediate();
  assert.equal(written(), 200);
});
