/**
 * The `erc` suite: OpenZeppelin's ERC-20 `transfer`, one call each from 1,000 random accounts to
 * 1,000 others, every call a transaction of its own with all of its set-up, on each engine.
 *
 * The scaled figure is the time on a machine where the oracle runs snailtracer in 3.6 s.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { EvmMachine } from '../src/chain/machine.ts';
import type { CallOptions } from '../src/chain/types.ts';
import type { EngineName } from '../src/engines/tiering.ts';
import { CASE_BLOCK } from '../tests/oracle/case.ts';
import { observe } from '../tests/oracle/observe.ts';
import { compareOutcome, createOracle, type Oracle } from '../tests/support/ethereumjs.ts';
import { OWNER, prepareTransfers } from './erc-transfers.ts';
import { measureSnailtracerMs } from './evm.ts';
import { type BenchOptions, format, printTable, quantile } from './measure.ts';

const SNAILTRACER_REFERENCE_MS = 3600;

interface ProvenTransfers {
  machine: EvmMachine;
  oracle: Oracle;
  calls: CallOptions[];
}

/** Deploys the token on both sides and gives every sender a balance. */
async function prepare(engine: EngineName): Promise<ProvenTransfers> {
  const { machine, mintings, calls, code } = await prepareTransfers(engine);
  const oracle = await createOracle(CASE_BLOCK);
  await oracle.deploy({ code, from: OWNER });
  for (const minting of mintings) await oracle.executeCall(minting);
  return { machine, oracle, calls };
}

/** Every transfer equals the oracle's, in order, on the state that the earlier ones left. */
async function prove({ machine, oracle, calls }: ProvenTransfers): Promise<void> {
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
  const { status, stdout, stderr } = spawnSync(process.execPath, [file, String(rounds), engine], {
    encoding: 'utf8',
  });
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout) as number[];
}

export async function benchErc({ engines, rounds }: BenchOptions): Promise<object> {
  const runs = [];
  for (const engine of engines) {
    await prove(await prepare(engine));
    runs.push({ engine, samples: measureApart(rounds, engine) });
  }
  const snailtracerMs = await measureSnailtracerMs();
  const scale = snailtracerMs === undefined ? undefined : SNAILTRACER_REFERENCE_MS / snailtracerMs;
  const rows = runs.map(({ engine, samples }) => {
    const us = quantile(samples, 0.5);
    const scaledUs = scale === undefined ? null : us * scale;
    return { name: 'transfer', engine, us, bestUs: Math.min(...samples), scaledUs };
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
