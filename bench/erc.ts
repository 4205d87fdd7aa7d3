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
import type { CallOptions } from '../src/chain/types.ts';
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
async function prepare(): Promise<ProvenTransfers> {
  const { machine, mintings, calls, code } = await prepareTransfers();
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
function measureApart(rounds: number): number[] {
  const file = fileURLToPath(new URL('./erc-transfers.ts', import.meta.url));
  const { status, stdout, stderr } = spawnSync(process.execPath, [file, String(rounds)], {
    encoding: 'utf8',
  });
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout) as number[];
}

export async function benchErc(options: BenchOptions): Promise<object> {
  await prove(await prepare());
  const samples = measureApart(options.rounds);
  const us = quantile(samples, 0.5);
  const snailtracerMs = await measureSnailtracerMs();
  const scale = snailtracerMs === undefined ? undefined : SNAILTRACER_REFERENCE_MS / snailtracerMs;
  const scaledUs = scale === undefined ? undefined : us * scale;
  printTable(
    ['call', 'µs p50', 'µs best', 'µs scaled'],
    [
      [
        'ERC-20 transfer',
        format(us),
        format(Math.min(...samples)),
        scaledUs === undefined ? 'no corpora' : format(scaledUs),
      ],
    ],
  );
  if (snailtracerMs !== undefined) {
    console.log(
      `snailtracer on @ethereumjs/evm: ${format(snailtracerMs / 1000)} s here, 3.6 s there`,
    );
  }
  const row = { name: 'transfer', engine: options.engine, us, scaledUs: scaledUs ?? null };
  return { suite: 'erc', rows: [row] };
}
