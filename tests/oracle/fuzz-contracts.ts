/**
 * The `contracts` target of the fuzzer: random contracts that are modules, and one of the EVM that
 * calls them, on an engine and on the interpreter beside it. Calls with little gas and with enough
 * of it are made of each in turn; what they say, and all accounts in the end, must be equal.
 */
import { createMachine, type EvmMachine } from '../../src/chain/machine.ts';
import type { Hex, Outcome } from '../../src/chain/types.ts';
import type { EngineName } from '../../src/engines/names.ts';
import { assemble } from '../../src/vms/evm/index.ts';
import { createPrng } from '../support/prng.ts';
import { randomContract } from '../support/random-contract.ts';
import type { WasmDifference, WasmReport } from './fuzz-wasm.ts';

const CALLS = 14;
const GAS = 3_000_000n;
const LITTLE_GAS = 60_000;
const ADDRESSES: readonly Hex[] = [
  '0x00000000000000000000000000000000000000f1',
  '0x00000000000000000000000000000000000000f2',
  '0x00000000000000000000000000000000000000f3',
];
/** Hands its input and most of its gas on to the first contract, and gives what comes back. */
const FORWARD = assemble(`CALLDATASIZE PUSH0 PUSH0 CALLDATACOPY
  PUSH0 PUSH0 CALLDATASIZE PUSH0 PUSH0 PUSH ${BigInt(ADDRESSES[0] as Hex)} GAS CALL
  RETURNDATASIZE PUSH0 PUSH0 RETURNDATACOPY RETURNDATASIZE MSTORE
  RETURNDATASIZE PUSH 32 ADD PUSH0 RETURN`);

function toBytes(address: Hex): Uint8Array {
  return Uint8Array.from(Buffer.from(address.slice(2), 'hex'));
}

function told({ status, reason, output, logs, writes, gasUsed, gasRefund }: Outcome): string {
  const all = { status, reason, output: [...output], logs, writes, gasUsed, gasRefund };
  return JSON.stringify(all, (_, value) => (typeof value === 'bigint' ? `${value}` : value));
}

/** Machines are slow to make: two serve all seeds of an engine. */
const machines = new Map<string, EvmMachine>();

function machineOf(engine: EngineName, tier: object): EvmMachine {
  const key = `${engine} ${JSON.stringify(tier)}`;
  const machine = machines.get(key) ?? createMachine({ engine, tier });
  machines.set(key, machine);
  return machine;
}

/** Runs contracts with the seeds from `seed` on until a call differs. */
export function fuzzContracts(
  seed: number,
  count: number,
  engine: EngineName = 'chaos',
): WasmReport {
  const ends = new Map<string, number>();
  let runs = 0;
  for (let i = 0; i < count; i++) {
    for (const { end, difference } of runSeed(seed + i, engine)) {
      runs++;
      ends.set(end, (ends.get(end) ?? 0) + 1);
      if (difference !== null) return { modules: i + 1, runs, ends, difference };
    }
  }
  return { modules: count, runs, ends, difference: null };
}

interface Step {
  readonly end: string;
  readonly difference: WasmDifference | null;
}

function* runSeed(seed: number, engine: EngineName): Generator<Step> {
  const random = createPrng(seed);
  const accounts = ADDRESSES.map(toBytes);
  const tier = { entriesMin: random.below(3), heatScale: 1e-5, seed: 1 };
  const sides = [machineOf(engine, tier), machineOf('interpreter', {})] as const;
  const marks = sides.map((side) => side.snapshot());
  const [one, two, forward] = ADDRESSES as [Hex, Hex, Hex];
  for (const [address, code] of [
    [one, randomContract(random, accounts)],
    [two, randomContract(random, accounts)],
    [forward, FORWARD],
  ] as const) {
    for (const { state } of sides) state.setCode(address, code);
  }
  for (let i = 0; i < CALLS; i++) {
    const gas = random.below(3) === 0 ? BigInt(random.below(LITTLE_GAS)) : GAS;
    const to = ADDRESSES[random.below(ADDRESSES.length)] as Hex;
    const data = Uint8Array.from({ length: random.below(90) }, () => random.below(256));
    const options = { to, gas, data, static: random.below(8) === 0 };
    const outcomes = sides.map((side) => side.call(options));
    const [ours, theirs] = outcomes.map(told) as [string, string];
    const end = (outcomes[1] as Outcome).reason ?? (outcomes[1] as Outcome).status;
    if (ours === theirs) yield { end, difference: null };
    else yield { end, difference: { seed, text: `call ${i}:\n${ours}\n${theirs}` } };
  }
  for (const [i, side] of sides.entries()) side.restore(marks[i] as number);
}
