/**
 * Golden vectors: the hash of the state of fixed programs at fixed steps, and of their ends.
 *
 * A difference means that the format, the meaning of a program, or the lowering (which decides what
 * a step is and where blocks begin) has changed. Where that is meant, run this file itself, then
 * `npm run fix`, and commit what it wrote: `node tests/state-hash/golden.test.ts --bless`. It is
 * refused where CI is set.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { runUntil } from '../../src/chain/snapshot.ts';
import type { Hex } from '../../src/chain/types.ts';
import { jsonToCase } from '../oracle/case.ts';
import { createWorld, runWhole } from './worlds.ts';

interface Vector {
  name: string;
  /** The run stops at the first block entry at or after it. */
  step: number;
  /** Hash of the state there; null where the run ends before. */
  hash: Hex | null;
  /** Hash of the state at the end. */
  end: Hex;
  case: unknown;
}

const FILE = new URL('golden.json', import.meta.url);
const isBless = process.argv.includes('--bless');

function measure(vector: Vector): Vector {
  const { machine, options } = createWorld(jsonToCase(vector.case));
  const progress = runUntil(machine, options, BigInt(vector.step));
  const hash = progress.kind === 'paused' ? progress.snapshot.hash : null;
  const whole = createWorld(jsonToCase(vector.case));
  const { hash: end } = runWhole(whole.machine, whole.options);
  return { ...vector, hash, end };
}

function bless(vectors: readonly Vector[]): void {
  assert.ok(!process.env.CI, '--bless is refused where CI is set: commit what you bless');
  writeFileSync(FILE, `${JSON.stringify(vectors.map(measure), null, 2)}\n`);
}

const vectors = JSON.parse(readFileSync(FILE, 'utf8')) as Vector[];
if (isBless) bless(vectors);
else {
  for (const vector of vectors) {
    test(`golden state: ${vector.name}`, () => {
      const { hash, end } = measure(vector);
      const hint = 'if this is meant: node tests/state-hash/golden.test.ts --bless';
      assert.deepEqual({ hash, end }, { hash: vector.hash, end: vector.end }, hint);
    });
  }
}
