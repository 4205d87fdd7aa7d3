/**
 * The `erc` suite: OpenZeppelin's ERC-20 `transfer`, one call each from 1,000 random accounts to
 * 1,000 others, every call a transaction of its own with all of its set-up.
 *
 * The scaled figure is the time on a machine where the oracle runs snailtracer in 3.6 s.
 */
import assert from 'node:assert/strict';
import type { EvmMachine } from '../src/chain/machine.ts';
import type { CallOptions, Hex } from '../src/chain/types.ts';
import { findArtifact } from '../tests/lives/compile.ts';
import { CASE_BLOCK } from '../tests/oracle/case.ts';
import { createTestMachine } from '../tests/oracle/machine.ts';
import { observe } from '../tests/oracle/observe.ts';
import { compareOutcome, createOracle, type Oracle } from '../tests/support/ethereumjs.ts';
import { createPrng } from '../tests/support/prng.ts';
import { measureSnailtracerMs } from './evm.ts';
import { type BenchOptions, format, measureCpuMsSync, printTable, quantile } from './measure.ts';

const ACCOUNTS = 1000;
const OWNER: Hex = '0x00000000000000000000000000000000000000a0';
const SNAILTRACER_REFERENCE_MS = 3600;
const SUPPLY = 1_000_000n;
const WARM_UP_ROUNDS = 10;
/** Passes over all senders in one sample: far more work than a restore leaves behind. */
const PASSES = 10;

const word = (value: bigint): string => value.toString(16).padStart(64, '0');
const hexToBytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'));

interface Transfers {
  machine: EvmMachine;
  oracle: Oracle;
  calls: CallOptions[];
}

/** Deploys the token on both sides and gives every sender a balance. */
async function prepare(): Promise<Transfers> {
  const machine = createTestMachine(CASE_BLOCK);
  const oracle = await createOracle(CASE_BLOCK);
  const { init } = await findArtifact('LifeToken');
  const code = new Uint8Array([...init, ...hexToBytes(word(BigInt(OWNER)))]);
  const created = machine.deploy({ code, from: OWNER });
  await oracle.deploy({ code, from: OWNER });
  const prng = createPrng(20);
  const calls: CallOptions[] = [];
  const token = hexToBytes(created.address.slice(2));
  for (let i = 0; i < ACCOUNTS; i++) {
    const sender = prng.bytes(20);
    const mint = hexToBytes(
      `40c10f19${word(BigInt(`0x${Buffer.from(sender).toString('hex')}`))}${word(SUPPLY)}`,
    );
    const minting = { to: token, from: OWNER, data: mint };
    assert.equal(machine.call(minting).status, 'success');
    await oracle.executeCall(minting);
    const value = BigInt(1 + prng.below(1000));
    const data = hexToBytes(`a9059cbb${word(prng.bigint(160))}${word(value)}`);
    calls.push({ to: token, from: sender, data, gas: 100_000n });
  }
  return { machine, oracle, calls };
}

/** Every transfer equals the oracle's, in order, on the state that the earlier ones left. */
async function prove({ machine, oracle, calls }: Transfers): Promise<void> {
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

export async function benchErc(options: BenchOptions): Promise<object> {
  const transfers = await prepare();
  const { machine, calls } = transfers;
  const snapshot = machine.snapshot();
  await prove(transfers);
  const samples: number[] = [];
  for (let round = 0; round < WARM_UP_ROUNDS + options.rounds; round++) {
    machine.restore(snapshot);
    // The first transfer after a restore loads the state again; it is not the steady state.
    for (const call of calls) machine.call({ ...call, commit: true });
    const ms = measureCpuMsSync(() => {
      for (let pass = 0; pass < PASSES; pass++) for (const call of calls) machine.call(call);
    });
    if (round >= WARM_UP_ROUNDS) samples.push((ms * 1000) / (ACCOUNTS * PASSES));
  }
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
