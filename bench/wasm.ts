/**
 * The `wasm` suite: programs as WebAssembly, metered, beside the same modules in the platform's own
 * compiler. CPU time of a run after a warm-up of both; results must be equal.
 */
import assert from 'node:assert/strict';
import { WasmStore } from '../src/chain/wasm/index.ts';
import { format, geometricMean, measureCpuMs, median } from '../src/cli/bench/measure.ts';
import { ENGINE_NAMES, type EngineName } from '../src/engines/names.ts';
import { assembleModule, readWasmModule } from '../src/vms/wasm/index.ts';
import { type BenchOptions, printTable } from './options.ts';
import { WASM_PROGRAMS, type WasmProgram } from './wasm/programs.ts';

const WARM_UP_COUNT = 3;

interface Row {
  readonly name: string;
  readonly engine: EngineName;
  readonly theirsMs: number;
  readonly oursMs: number;
  readonly ratio: number;
  readonly gas: number;
}

interface Side {
  readonly run: () => bigint;
  readonly gas: number;
}

function ourSide(bytes: Uint8Array, size: number, engine: EngineName): Side {
  const store = new WasmStore({ engine });
  const made = store.instantiate(readWasmModule(bytes), () => undefined);
  assert.equal(made.kind, 'instance');
  const func = made.kind === 'instance' ? made.instance.exports.get('run') : undefined;
  if (func?.kind !== 'func') throw new Error('BUG: a program exports no run');
  const run = (): bigint => store.call(func, [BigInt(size)]).results[0] as bigint;
  return { run, gas: Number(store.call(func, [BigInt(size)]).gasUsed) };
}

function theirSide(bytes: Uint8Array<ArrayBuffer>, size: number): Side {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes));
  const run = exports.run as (size: number) => number;
  return { run: () => BigInt(run(size) >>> 0), gas: 0 };
}

/** Runs take turns, so that what else the machine does falls on all of them. */
async function measure(
  { name, size, text }: WasmProgram,
  engines: readonly EngineName[],
  rounds: number,
): Promise<Row[]> {
  const bytes = Uint8Array.from(assembleModule(text));
  const sides = [theirSide(bytes, size), ...engines.map((engine) => ourSide(bytes, size, engine))];
  const expected = (sides[0] as Side).run();
  const samples = sides.map((): number[] => []);
  for (let round = -WARM_UP_COUNT; round < rounds; round++) {
    for (const [i, { run }] of sides.entries()) {
      const took = await measureCpuMs(() => assert.equal(run(), expected, name));
      if (round >= 0) samples[i]?.push(took);
    }
  }
  const [theirsMs, ...ours] = samples.map(median) as [number, ...number[]];
  return engines.map((engine, i) => {
    const [oursMs, { gas }] = [ours[i] as number, sides[i + 1] as Side];
    return { name, engine, theirsMs, oursMs, ratio: oursMs / theirsMs, gas };
  });
}

export async function benchWasm(options: BenchOptions): Promise<object> {
  const programs = WASM_PROGRAMS.filter(({ name }) => options.filter?.test(name) ?? true);
  const engines = ENGINE_NAMES.filter((name) => name !== 'chaos');
  const rows: Row[][] = [];
  for (const program of programs) rows.push(await measure(program, engines, options.rounds));
  printTable(
    ['program', 'platform ms', ...engines, 'gas'],
    rows.map((each) => {
      const { name, theirsMs, gas } = each[0] as Row;
      const ratios = each.map(({ ratio }) => `${format(ratio)}×`);
      return [name, format(theirsMs), ...ratios, String(gas)];
    }),
  );
  const means = engines.map((engine, i) => {
    return [engine, geometricMean(rows.map((each) => (each[i] as Row).ratio))] as const;
  });
  const texts = means.map(([engine, mean]) => `${engine} ${format(mean)}×`);
  console.log(`geometric mean of the platform's own compiler: ${texts.join(', ')}`);
  return { suite: 'wasm', rows: rows.flat(), geometricMeans: Object.fromEntries(means) };
}
