/** A heap that is full of garbage becomes smaller while nothing happens. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';

const MODULE = new URL('../../src/cli/idle-memory.ts', import.meta.url).href;

/** Prints the megabytes of a heap after much was made and dropped, and a second later. */
const program = (isCollected: boolean): string => `
  import v8 from 'node:v8';
  import { collectWhenIdle } from '${MODULE}';
  const size = () => v8.getHeapStatistics().total_heap_size >> 20;
  let much = Array.from({ length: 500_000 }, (_, index) => ({ index }));
  const stop = ${isCollected} ? collectWhenIdle() : () => {};
  much = undefined;
  const full = size();
  setTimeout(() => {
    console.log(full - size());
    stop();
  }, 3500);
`;

function freed(isCollected: boolean): number {
  const flags = ['--input-type=module', '--eval', program(isCollected)];
  const { stdout, stderr } = spawnSync(process.execPath, flags, { encoding: 'utf8' });
  assert.equal(stderr, '');
  return Number(stdout);
}

test('garbage is given back, which it is not by itself', () => {
  const own = freed(false);
  const collected = freed(true);
  assert.ok(collected >= own + 10, `${collected} MB instead of ${own}`);
});
