/**
 * The transfers of the `erc` suite: a token with a balance for 1,000 random senders, and one call
 * from each. Run as a program, with a number of rounds and the name of an engine, it times them,
 * alone in its process, and prints microseconds by round.
 */
import assert from 'node:assert/strict';
import { hexToBytes } from '../src/base/bytes.ts';
import { bytesToBigint } from '../src/base/u256.ts';
import { createMachine, type EvmMachine } from '../src/chain/machine.ts';
import type { CallOptions, Hex } from '../src/chain/types.ts';
import type { EngineName } from '../src/engines/tiering.ts';
import { findArtifact } from '../tests/lives/compile.ts';
import { CASE_BLOCK } from '../tests/oracle/case.ts';
import { createPrng } from '../tests/support/prng.ts';
import { measureCpuMsSync } from './measure.ts';

export const OWNER: Hex = '0x00000000000000000000000000000000000000a0';

const ACCOUNTS = 1000;
const SUPPLY = 1_000_000n;
const WARM_UP_ROUNDS = 10;
/** Passes over all senders in one sample: far more work than a restore leaves behind. */
const PASSES = 10;

const word = (value: bigint): string => value.toString(16).padStart(64, '0');

export interface Transfers {
  /** The token is deployed on it, and every sender has a balance. */
  machine: EvmMachine;
  /** Init code of the token, and the calls that gave the balances, for another machine. */
  code: Uint8Array;
  mintings: CallOptions[];
  calls: CallOptions[];
}

export async function prepareTransfers(engine: EngineName): Promise<Transfers> {
  const machine = createMachine({ fork: 'osaka', block: CASE_BLOCK, engine });
  const { init } = await findArtifact('LifeToken');
  const code = new Uint8Array([...init, ...hexToBytes(word(BigInt(OWNER)))]);
  const token = hexToBytes(machine.deploy({ code, from: OWNER }).address.slice(2));
  const prng = createPrng(20);
  const mintings: CallOptions[] = [];
  const calls: CallOptions[] = [];
  for (let i = 0; i < ACCOUNTS; i++) {
    const sender = prng.bytes(20);
    const holder = word(bytesToBigint(sender));
    const minting = {
      to: token,
      from: OWNER,
      data: hexToBytes(`40c10f19${holder}${word(SUPPLY)}`),
    };
    assert.equal(machine.call(minting).status, 'success');
    mintings.push(minting);
    const value = BigInt(1 + prng.below(1000));
    const data = hexToBytes(`a9059cbb${word(prng.bigint(160))}${word(value)}`);
    calls.push({ to: token, from: sender, data, gas: 100_000n });
  }
  return { machine, code, mintings, calls };
}

/** Microseconds of CPU time for a transfer, by round. */
function measureTransfers({ machine, calls }: Transfers, rounds: number): number[] {
  const snapshot = machine.snapshot();
  const samples: number[] = [];
  for (let round = 0; round < WARM_UP_ROUNDS + rounds; round++) {
    machine.restore(snapshot);
    // The first transfer after a restore loads the state again; it is not the steady state.
    for (const call of calls) assert.equal(machine.call(call).status, 'success');
    const ms = measureCpuMsSync(() => {
      for (let pass = 0; pass < PASSES; pass++) for (const call of calls) machine.call(call);
    });
    if (round >= WARM_UP_ROUNDS) samples.push((ms * 1000) / (ACCOUNTS * PASSES));
  }
  return samples;
}

if (import.meta.main) {
  const [rounds, engine] = process.argv.slice(2);
  const transfers = await prepareTransfers(engine as EngineName);
  const samples = measureTransfers(transfers, Number(rounds));
  process.stdout.write(JSON.stringify(samples));
}
