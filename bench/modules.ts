/**
 * Of the `latency` suite: the first call of a WebAssembly contract of 100 KB that was just
 * deployed, in a warm process. Every sample is a contract of its own, the same code with another
 * custom section; its deployment is told apart, and what a call gives is compared between engines.
 */
import assert from 'node:assert/strict';
import { concatBytes } from '../src/base/bytes.ts';
import { type LatencySample, latencyRow, timeCall } from '../src/cli/bench/latency.ts';
import { latencyTable } from '../src/cli/bench/suites.ts';
import type { EngineName } from '../src/engines/tiering.ts';
import { createMachine, type EvmMachine, type Hex } from '../src/index.ts';
import { assembleModule } from '../src/vms/wasm/index.ts';
import { type BenchOptions, isWanted } from './options.ts';
import { LARGE_REACHES, largeContractText } from './wasm/large.ts';

const SENDER: Hex = '0x00000000000000000000000000000000000000a1';
const GAS = 30_000_000n;
const WARM_UP_COUNT = 40;
/** A deployment takes as long as several first calls: there are as many times fewer of them. */
const ROUNDS_PER_SAMPLE = 5;
/** A custom section with the name `n`, but for the four bytes that it holds. */
const SECTION = Uint8Array.of(0, 6, 1, 0x6e);

interface Course {
  readonly name: string;
  readonly reach: number;
  readonly engine: EngineName;
  readonly samples: LatencySample[];
}

/** Deploys a contract that is new to the machine, and calls it. */
function takeSample(machine: EvmMachine, code: Uint8Array, reach: number) {
  const start = performance.now();
  const made = machine.deploy({ code, from: SENDER, gas: GAS });
  const depositMs = performance.now() - start;
  assert.equal(made.status, 'success');
  const data: Hex = `0x${reach.toString(16).padStart(64, '0')}`;
  const call = { to: made.address as Hex, from: SENDER, data, gas: GAS };
  const { of, callMs, cpuMs } = timeCall(() => machine.call(call));
  assert.equal(of.status, 'success');
  return { depositMs, callMs, cpuMs, gas: of.gasUsed };
}

/** Measures and prints; gives a row for each number of functions that a call reaches and engine. */
export function benchModules(options: BenchOptions): readonly object[] {
  const { engines, rounds } = options;
  const base = assembleModule(largeContractText());
  let number = 0;
  const nextCode = (): Uint8Array => {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setUint32(0, number++);
    return concatBytes(base, SECTION, bytes);
  };
  const courses = LARGE_REACHES.map((reach) => ({ name: `${reach} functions`, reach }))
    .filter(({ name }) => isWanted(options, name))
    .flatMap((each) => engines.map((engine): Course => ({ ...each, engine, samples: [] })));
  const machines = new Map(engines.map((engine) => [engine, createMachine({ engine })]));
  const used = new Map<number, bigint>();
  for (let round = -WARM_UP_COUNT; round < rounds / ROUNDS_PER_SAMPLE; round++) {
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
  const codeBytes = nextCode().length;
  const { rows, text } = latencyTable(
    courses.map(({ name, engine, samples }) => latencyRow({ name, engine, codeBytes }, samples)),
  );
  process.stdout.write(text);
  return rows;
}
