/**
 * The `start` suite: wall time of `lockstep run FILE.hex`, the start of the process included, and
 * of `lockstep node` until it listens.
 *
 * The first sample finds the launcher's compile cache empty, as after a fresh clone.
 */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
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
function measureRun(file: string, cache: string): number {
  const env = { ...process.env, NODE_COMPILE_CACHE: cache };
  const before = performance.now();
  const { status, stderr } = spawnSync('node', [LAUNCHER, 'run', file], { encoding: 'utf8', env });
  const ms = performance.now() - before;
  assert.equal(status, 0, stderr);
  return ms;
}

/** Milliseconds until a node says that it listens. */
async function measureNode(cache: string): Promise<number> {
  const env = { ...process.env, NODE_COMPILE_CACHE: cache };
  const before = performance.now();
  const child = spawn('node', [LAUNCHER, 'node', '--port', '0'], { env });
  const ended = once(child, 'exit');
  let output = '';
  for await (const chunk of child.stdout) {
    output += chunk;
    if (/^Listening on /m.test(output)) break;
  }
  const ms = performance.now() - before;
  child.kill();
  await ended;
  assert.match(output, /^Listening on /m);
  return ms;
}

interface Row {
  readonly name: string;
  readonly engine: string;
  readonly firstMs: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
}

async function sample(
  name: string,
  count: number,
  measure: () => number | Promise<number>,
): Promise<Row> {
  const firstMs = await measure();
  const samples: number[] = [];
  while (samples.length < count) samples.push(await measure());
  const [p50Ms, p95Ms] = [quantile(samples, 0.5), quantile(samples, 0.95)];
  return { name, engine: 'auto', firstMs, p50Ms, p95Ms };
}

export async function benchStart({ rounds }: BenchOptions): Promise<object> {
  const folder = mkdtempSync(join(tmpdir(), 'lockstep-start-'));
  const [cacheOfRuns, cacheOfNodes] = [join(folder, 'runs'), join(folder, 'nodes')];
  try {
    const file = join(folder, 'sum.hex');
    writeFileSync(file, CODE);
    const rows = [
      await sample('run FILE.hex', rounds, () => measureRun(file, cacheOfRuns)),
      await sample('node', rounds, () => measureNode(cacheOfNodes)),
    ];
    printTable(
      ['command', 'first ms', 'p50', 'p95'],
      rows.map(({ name, firstMs, p50Ms, p95Ms }) => [
        name,
        ...[firstMs, p50Ms, p95Ms].map((each) => format(each)),
      ]),
    );
    return { suite: 'start', rows };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
