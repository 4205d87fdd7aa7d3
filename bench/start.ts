/**
 * The `start` suite: wall time of `lockstep run FILE.hex`, the start of the process included.
 *
 * The first sample finds the launcher's compile cache empty, as after a fresh clone.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { format, quantile } from '../src/cli/bench/measure.ts';
import { type BenchOptions, printTable } from './options.ts';

const LAUNCHER = fileURLToPath(new URL('../bin/lockstep.js', import.meta.url));
/** Stores the sum of two numbers in memory and returns it. */
const CODE = '600160020160005260206000f3';

/** Milliseconds of one run, which has to succeed. */
function measureStart(file: string, cache: string): number {
  const env = { ...process.env, NODE_COMPILE_CACHE: cache };
  const before = performance.now();
  const { status, stderr } = spawnSync('node', [LAUNCHER, 'run', file], { encoding: 'utf8', env });
  const ms = performance.now() - before;
  assert.equal(status, 0, stderr);
  return ms;
}

export async function benchStart(options: BenchOptions): Promise<object> {
  const folder = mkdtempSync(join(tmpdir(), 'lockstep-start-'));
  try {
    const file = join(folder, 'sum.hex');
    writeFileSync(file, CODE);
    const firstMs = measureStart(file, folder);
    const samples = Array.from({ length: options.rounds }, () => measureStart(file, folder));
    const [p50Ms, p95Ms] = [quantile(samples, 0.5), quantile(samples, 0.95)];
    printTable(
      ['command', 'first ms', 'p50', 'p95'],
      [['run FILE.hex', format(firstMs), format(p50Ms), format(p95Ms)]],
    );
    const row = { name: 'run FILE.hex', engine: 'auto', firstMs, p50Ms, p95Ms };
    return { suite: 'start', rows: [row] };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
