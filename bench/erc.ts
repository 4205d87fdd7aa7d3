/**
 * The `erc` suite: OpenZeppelin's ERC-20 `transfer`, one call each from 1,000 random accounts to
 * 1,000 others, every call a transaction of its own with all of its set-up.
 *
 * The scaled figure is the time on a machine where the oracle runs snailtracer in 3.6 s.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { EvmMachine } from '../src/chain/machine.ts';
import { format, quantile } from '../src/cli/bench/measure.ts';
import type { EngineName } from '../src/engines/tiering.ts';
import { CASE_BLOCK } from '../tests/oracle/case.ts';
import { observe } from '../tests/oracle/observe.ts';
import { compareOutcome, createOracle } from '../tests/support/ethereumjs.ts';
import { OWNER, prepareTransfers } from './erc-transfers.ts';
import { measureSnailtracerMs } from './evm.ts';
import { type BenchOptions, printTable } from './options.ts';

const SNAILTRACER_REFERENCE_MS = 3600;

/** Every transfer equals the oracle's, in order, on the state that the earlier ones left. */
async function prove(engine: EngineName): Promise<void> {
  const { machine, mintings, calls, code } = await prepareTransfers(engine);
  const oracle = await createOracle(CASE_BLOCK);
  await oracle.deploy({ code, from: OWNER });
  for (const minting of mintings) await oracle.executeCall(minting);
  for (const [index, call] of calls.entries()) {
    const theirs = await oracle.call(call);
    const outcome = machine.call(call);
    const ours = index % 100 === 0 ? observe(machine, outcome) : { ...theirs, ...plain(outcome) };
    assert.equal(theirs.status, 'success');
    assert.deepEqual(compareOutcome(ours, theirs), []);
  }
}

function plain(outcome: ReturnType<EvmMachine['call']>) {
  const { status, gasUsed, gasRefund, output, logs, writes } = outcome;
  return { status, gasUsed, gasRefund, output, logs, writes };
}

/** Microseconds of a transfer by round, in a process that holds the machine alone. */
function measureApart(rounds: number, engine: EngineName): number[] {
  const file = fileURLToPath(new URL('./erc-transfers.ts', import.meta.url));
  const args = [file, String(rounds), engine];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout) as number[];
}

export async function benchErc({ engines, rounds }: BenchOptions): Promise<object> {
  for (const engine of engines) await prove(engine);
  const samples = engines.map((engine) => measureApart(rounds, engine));
  const snailtracerMs = await measureSnailtracerMs();
  const scale = snailtracerMs === undefined ? undefined : SNAILTRACER_REFERENCE_MS / snailtracerMs;
  const rows = engines.map((engine, i) => {
    const own = samples[i] as number[];
    const us = quantile(own, 0.5);
    const scaledUs = scale === undefined ? null : us * scale;
    return { name: 'transfer', engine, us, bestUs: Math.min(...own), scaledUs };
  });
  printTable(
    ['ERC-20 transfer', 'µs p50', 'µs best', 'µs scaled'],
    rows.map(({ engine, us, bestUs, scaledUs }) => [
      engine,
      format(us),
      format(bestUs),
      scaledUs === null ? 'no corpora' : format(scaledUs),
    ]),
  );
  if (snailtracerMs !== undefined) {
    console.log(
      `snailtracer on @ethereumjs/evm: ${format(snailtracerMs / 1000)} s here, 3.6 s there`,
    );
  }
  return { suite: 'erc', rows };
}
