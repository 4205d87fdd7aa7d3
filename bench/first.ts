/**
 * The `first` suite: the first call of a WebAssembly contract of 100 KB that was just deployed, in
 * a warm process. Every sample is a contract of its own, the same code with another custom section;
 * the CPU time of the deployment is told apart, and what a call gives is compared between engines.
 */
import assert from 'node:assert/strict';
import { concatBytes } from '../src/base/bytes.ts';
import { format, quantile } from '../src/cli/bench/measure.ts';
import { createMachine, type EvmMachine, type Hex } from '../src/index.ts';
import { assembleModule } from '../src/vms/wasm/index.ts';
import { type BenchOptions, printTable } from './options.ts';
import { LARGE_REACHES, largeContractText } from './wasm/large.ts';

const SENDER: Hex = '0x00000000000000000000000000000000000000a1';
const GAS = 30_000_000n;
const WARM_UP_COUNT = 40;
/** A custom section with the name `n`, but for the four bytes that it holds. */
const SECTION = Uint8Array.of(0, 6, 1, 0x6e);

interface Row {
  readonly reach: number;
  readonly engine: string;
  readonly codeBytes: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly deployMs: number;
}

interface Sample {
  readonly deployMs: number;
  readonly callMs: number;
  readonly gas: bigint;
}

function cpuMs(run: () => void): number {
  const before = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

/** Deploys a contract that is new to the machine, and calls it. */
function takeSample(machine: EvmMachine, code: Uint8Array, reach: number): Sample {
  let address: Hex = SENDER;
  const deployMs = cpuMs(() => {
    const made = machine.deploy({ code, from: SENDER, gas: GAS });
    assert.equal(made.status, 'success');
    address = made.address as Hex;
  });
  const data: Hex = `0x${reach.toString(16).padStart(64, '0')}`;
  let gas = 0n;
  const callMs = cpuMs(() => {
    const { status, gasUsed } = machine.call({ to: address, from: SENDER, data, gas: GAS });
    assert.equal(status, 'success');
    gas = gasUsed;
  });
  return { deployMs, callMs, gas };
}

export async function benchFirst({ engines, rounds }: BenchOptions): Promise<object> {
  const base = assembleModule(largeContractText());
  let number = 0;
  const nextCode = (): Uint8Array => {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setUint32(0, number++);
    return concatBytes(base, SECTION, bytes);
  };
  const courses = LARGE_REACHES.flatMap((reach) => {
    return engines.map((engine) => ({ reach, engine, samples: [] as Sample[] }));
  });
  const machines = new Map(engines.map((engine) => [engine, createMachine({ engine })]));
  const used = new Map<number, bigint>();
  for (let round = -WARM_UP_COUNT; round < rounds; round++) {
    for (const { executor } of machines.values()) {
      // As between transactions when there are many contracts; else the heap fills with old ones.
      executor.codes.clear();
      executor.machine.clearPrograms();
    }
    for (const { reach, engine, samples } of courses) {
      const sample = takeSample(machines.get(engine) as EvmMachine, nextCode(), reach);
      assert.equal(sample.gas, used.get(reach) ?? sample.gas);
      used.set(reach, sample.gas);
      if (round >= 0) samples.push(sample);
    }
  }
  const rows = courses.map(({ reach, engine, samples }): Row => {
    const calls = samples.map(({ callMs }) => callMs);
    const deploys = samples.map(({ deployMs }) => deployMs);
    return {
      ...{ reach, engine, codeBytes: base.length + SECTION.length + 4 },
      ...{ p50Ms: quantile(calls, 0.5), p95Ms: quantile(calls, 0.95) },
      deployMs: quantile(deploys, 0.5),
    };
  });
  printTable(
    ['functions', 'engine', 'bytes', 'p50 CPU ms', 'p95 CPU ms', 'deploy CPU ms'],
    rows.map(({ reach, engine, codeBytes, p50Ms, p95Ms, deployMs }) => {
      const times = [p50Ms, p95Ms, deployMs].map(format);
      return [String(reach), engine, String(codeBytes), ...times];
    }),
  );
  return { suite: 'first', rows };
}
